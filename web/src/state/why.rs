//! What is asked why: the panels ask, the worker looks for the chain of causes.
use super::App;
use super::opening::Wish;
use crate::bridge::protocol::ToWorker;
use kafkarium_core::observe::chain::Chain;
use leptos::prelude::*;

impl App {
    /// Asks why, in the words that a line carries; with none, nothing any more.
    pub fn ask_why(&self, ask: String) {
        let looking = "Looking…".to_owned();
        self.why.set((ask.clone(), Chain { looking, ..Chain::default() }));
        self.with_engine(|engine| {
            engine.wish(Wish::new("tell why", move |engine| engine.say(&ToWorker::Why(ask))));
        });
    }
}
