//! What the page and web/offline.js say to each other: that the page lives, and that its moment be kept for a reload.
use super::app::App;
use super::door::{listen, say};
use super::engine::Engine;
use super::opening::Wish;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// From the page, once: what moves is on the stage, and whatever that does not need may be fetched.
const LIVES: &str = "page-lives";
/// To the page: bring the address to this moment.
const KEEP: &str = "keep-moment";
/// From the page: the address is there (true), or cannot be.
const KEPT: &str = "moment-kept";

/// Hears, for as long as the page lives, that its moment is to be kept: time stops there.
pub fn hear(app: App) {
    listen(KEEP, move |_| {
        app.playing.set(false);
        app.with_engine(Engine::keep_moment);
    });
}

impl Engine {
    /// Says once that the page lives: with its worker, at the first window in which time passes.
    pub(super) fn tell_that_it_lives(&mut self) {
        let moves = self.newest().is_some_and(|(from_us, to_us)| to_us > from_us);
        if !self.lives && moves && self.is_worker_there() {
            self.lives = true;
            say(LIVES, &JsValue::NULL);
        }
    }

    fn keep_moment(&mut self) {
        self.wish(Wish::new("put the link into the address bar", |engine| {
            engine.keeping = true;
            engine.ask_link();
        }));
    }

    /// The address was brought to the moment shown, or could not be.
    pub(super) fn tell_kept(&mut self, is_kept: bool) {
        if std::mem::take(&mut self.keeping) {
            say(KEPT, &is_kept.into());
        }
    }
}
