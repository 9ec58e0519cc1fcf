//! The record that is followed: what the panels ask for, and what the engine hears of it.
use super::App;
use super::app::Tab;
use super::engine::Engine;
use super::opening::Wish;
use crate::bridge::protocol::ToWorker;
use kafkarium_core::observe::life::{Life, Pick};
use kafkarium_core::scenario::Command;
use leptos::prelude::*;

impl App {
    /// Follows a record, and shows its life.
    pub fn follow(&self, pick: Pick) {
        self.menu.set(None);
        self.tab.set(Tab::Record);
        self.with_engine(|engine| engine.follow(Some(pick)));
    }

    /// Follows a record that the audit named, in the words of its finding.
    pub fn follow_found(&self, words: &str) {
        let words = words.to_owned();
        self.tab.set(Tab::Record);
        self.with_engine(|engine| {
            engine.wish(Wish::new("follow that record", |engine| engine.say(&ToWorker::FollowFound(words))));
        });
    }

    /// Follows no record any more.
    pub fn unfollow(&self) {
        self.life.set(None);
        self.with_engine(|engine| {
            engine.follow(None);
            engine.show_life(None);
        });
    }

    /// Sends a record of one's own now, and follows it once it is sent.
    pub fn send_and_follow(&self, producer: String, key: Option<String>, value: String) {
        let command = Command::SendRecord { producer, key, value }.to_string();
        self.menu.set(None);
        self.with_engine(|engine| engine.act(&command, true));
    }

    /// Takes what the worker tells of the record followed.
    pub(super) fn hear_life(&self, engine: &mut Engine, life: Result<Life, String>) {
        engine.show_life(life.as_ref().ok().cloned());
        self.life.set(Some(life));
    }

    /// A command was done or not: the record just sent is followed, if that was asked for.
    pub(super) fn command_ended(&self, engine: &mut Engine, done: bool) {
        if std::mem::take(&mut engine.follow_next_send) && done {
            self.tab.set(Tab::Record);
            engine.follow(Some(Pick::LastTyped));
        }
    }
}

impl Engine {
    fn follow(&mut self, pick: Option<Pick>) {
        self.wish(Wish::new("follow that record", move |engine| {
            engine.say(&ToWorker::Follow { at_us: engine.playhead_us(), pick });
        }));
    }

    /// Gives the stage the life to draw.
    pub(super) fn show_life(&mut self, life: Option<Life>) {
        self.steps = life.iter().flat_map(|life| life.steps.iter().map(|step| step.time_us)).collect();
        if let Some(stage) = self.stage() {
            stage.set_life(life);
        }
    }
}
