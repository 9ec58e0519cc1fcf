//! What is asked why: the panels ask, the worker looks for the chain of causes.
use super::App;
use super::opening::Wish;
use crate::bridge::protocol::{Answer, ToWorker};
use leptos::prelude::*;

impl App {
    /// Asks why, in the words that a line carries; with none, nothing any more.
    pub fn ask_why(&self, ask: String) {
        let after = "<p>Looking…</p>".to_owned();
        self.why.set((ask.clone(), Answer { after, ..Answer::default() }));
        self.with_engine(|engine| {
            engine.wish(Wish::new("tell why", move |engine| engine.say(&ToWorker::Why(ask))));
        });
    }
}
