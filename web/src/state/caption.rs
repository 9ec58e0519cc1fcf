//! What the caption says, and for how long: what just happened and why, in two sentences at most.
use super::app::App;
use super::engine::Engine;
use leptos::prelude::*;

/// A caption stays for this long at least while playing, milliseconds.
const CAPTION_HELD_MS: f64 = 1_800.0;
/// A caption stays for this long after its moment, microseconds of virtual time, unless another follows.
const CAPTION_US: f64 = 12_000_000.0;

impl Engine {
    /// Brings the caption up to date. However fast time goes, what is said of an event can be read.
    pub(super) fn say_caption(&mut self, app: App, now_ms: f64) {
        let (all_is_well, caption) = self.caption();
        let read = app.all_is_well.get_untracked() || now_ms - self.caption_at_ms >= CAPTION_HELD_MS;
        if read && app.caption.get_untracked() != caption {
            self.caption_at_ms = now_ms;
            app.caption.set(caption);
            app.all_is_well.set(all_is_well);
        }
    }

    /// The caption; whether it says that all is well.
    fn caption(&self) -> (bool, (String, String)) {
        let now = self.playhead_us;
        let last = self.story.iter().rev().find(|line| line.weight >= 2 && line.time_us as f64 <= now);
        match last {
            Some(line) if now - line.time_us as f64 <= CAPTION_US || self.shown.is_some_and(|shown| shown.trouble) => {
                let more = if line.why.is_empty() { &line.next } else { &line.why };
                (false, (line.what.clone(), first_sentence(more).to_owned()))
            }
            _ if self.shown.is_some_and(|shown| shown.is_empty) => (true, (
                "There is no topic yet.".to_owned(),
                "Build adds one, with who writes to it and who reads from it.".to_owned(),
            )),
            _ => (true, (
                "All is well.".to_owned(),
                "Every partition has a leader and all its copies in sync; records go from producers to consumers.".to_owned(),
            )),
        }
    }
}

/// The first sentence of a text.
pub fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or_default().trim()
}
