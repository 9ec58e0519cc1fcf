//! Films: the engine plays a stretch picture by picture, as it would for a viewer, and waits wherever the simulation is not
//! there yet. Afterwards the page is back at its moment.
use super::app::{App, Mode};
use super::browser;
use super::engine::Engine;
use super::pace::{self, WINDOWS_AHEAD};
use leptos::prelude::*;

/// What the page comes back to.
pub struct Film {
    playhead_us: f64,
    speed: f64,
    playing: bool,
    mode: Mode,
}

impl Engine {
    /// Begins a film at a moment; false if there is no simulation to make it with.
    pub fn begin_film(&mut self, app: App, from_us: f64, mode: Mode) -> bool {
        if !self.is_worker_there() || self.film.is_some() {
            return false;
        }
        self.film = Some(Film {
            playhead_us: self.playhead_us,
            speed: self.speed,
            playing: app.playing.get_untracked(),
            mode: app.mode.get_untracked(),
        });
        app.playing.set(true);
        app.mode.set(mode);
        (self.playhead_us, self.speed) = (from_us, pace::CALM);
        self.jump();
        true
    }

    /// Goes on by so many milliseconds of the viewer: whether the stage shows the next picture, or the simulation is not that
    /// far yet and is to be asked again; `None` when there will be no further picture.
    pub fn turn_film(&mut self, app: App, by_ms: f64) -> Option<bool> {
        // Who ran out of memory plays no more.
        if self.film.is_none() || !app.playing.get_untracked() {
            return None;
        }
        let wanted_us = self.playhead_us + by_ms * 1_000.0 * self.speed;
        let ready = self.newest().is_some_and(|(_, to_us)| to_us as f64 >= wanted_us);
        if !ready && self.ahead.len() < WINDOWS_AHEAD {
            self.fetch(app);
            return Some(false);
        }
        self.frame(self.last_frame_ms + by_ms);
        Some(true)
    }

    /// Ends the film, if one is made, and goes back to where it was begun.
    pub fn end_film(&mut self, app: App) {
        let Some(film) = self.film.take() else { return };
        app.playing.set(film.playing);
        app.mode.set(film.mode);
        (self.playhead_us, self.speed) = (film.playhead_us, film.speed);
        self.last_frame_ms = browser::now_ms();
        self.jump();
    }
}
