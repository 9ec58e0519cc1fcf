//! Before the worker is there: a scenario that ships plays from its opening. What a person asks for meanwhile waits,
//! and time with it. Then the worker takes over where the page stands.
use super::app::App;
use super::browser;
use super::engine::Engine;
use super::pace::{WINDOW_MS, WINDOWS_AHEAD};
use crate::bridge::opening::{FRAME, Reader};
use crate::bridge::protocol::{Details, FromWorker, Opened, from_bytes};
use kafkarium_core::observe::frame_codec;
use kafkarium_core::observe::report::{Inspection, Subject, Timeline};
use kafkarium_core::observe::view::Frame;
use leptos::prelude::*;

/// A recorded window that would last longer for the viewer, milliseconds, shows too early what ends it.
const WINDOW_MS_MAX: f64 = 4.0 * WINDOW_MS;

const LOADING: &str = "The simulation is still loading.";
const NEVER: &str = "The simulation could not be started. Reload the page to try again.";

/// Who answers what the page asks.
#[derive(Debug, Default)]
pub(super) enum Answering {
    /// Nobody yet: no run is open.
    #[default]
    Nobody,
    /// An opening; the worker is fetched once something moves.
    Opening(Reader),
    /// The worker, as soon as it has sent the last window that came out of the opening once more.
    WorkerSoon,
    /// The worker.
    Worker,
    /// Nobody any more: there will be no worker.
    NobodyEver,
}

impl Answering {
    /// Whoever answers first.
    pub fn first() -> Answering {
        browser::opening().and_then(Reader::new).map_or(Answering::Nobody, Answering::Opening)
    }
}

/// Something that a person asked for.
pub(super) struct Wish {
    /// In words.
    what: String,
    /// Where it goes, if it goes to a moment.
    to_us: Option<u64>,
    carry_out: Box<dyn FnOnce(&mut Engine)>,
}

impl Wish {
    /// A wish that has only to be carried out.
    pub fn new(what: impl Into<String>, carry_out: impl FnOnce(&mut Engine) + 'static) -> Wish {
        Wish { what: what.into(), to_us: None, carry_out: Box::new(carry_out) }
    }

    /// A wish to go to a moment.
    pub fn to(to_us: u64, carry_out: impl FnOnce(&mut Engine) + 'static) -> Wish {
        let what = format!("go to {}.{} s", to_us / 1_000_000, to_us / 100_000 % 10);
        Wish { what, to_us: Some(to_us), carry_out: Box::new(carry_out) }
    }
}

impl Engine {
    /// Whether the worker answers.
    pub(super) fn is_worker_there(&self) -> bool {
        matches!(self.answering, Answering::Worker)
    }

    /// Carries a wish out, if need be as soon as there is a worker; until then time waits, and the page says so.
    pub(super) fn wish(&mut self, wish: Wish) {
        let Some(app) = self.app() else { return };
        match self.answering {
            Answering::Worker => (wish.carry_out)(self),
            Answering::NobodyEver => app.notice.set(Some(NEVER.to_owned())),
            _ => {
                // Who drags along the line wants to go to one moment.
                if wish.to_us.is_some() && self.wishes.last().is_some_and(|last| last.to_us.is_some()) {
                    self.wishes.pop();
                }
                self.wishes.push(wish);
                let wishes: Vec<&str> = self.wishes.iter().map(|wish| wish.what.as_str()).collect();
                let sentence = format!("{LOADING} Then: {}.", wishes.join("; "));
                app.notice.set(Some(sentence.clone()));
                app.progress.set(Some(sentence));
            }
        }
    }

    /// The moment shown or, while that waits, the one gone to.
    pub fn aim_us(&self) -> u64 {
        self.wishes.iter().rev().find_map(|wish| wish.to_us).unwrap_or(self.playhead_us())
    }

    /// Does what waited for the worker.
    pub(super) fn carry_out_wishes(&mut self, app: App) {
        if self.wishes.is_empty() {
            return;
        }
        app.progress.set(None);
        app.notice.set(None);
        for wish in std::mem::take(&mut self.wishes) {
            (wish.carry_out)(self);
        }
    }

    /// What waited will not be done: what to say of it, with a space before it.
    pub(super) fn forget_wishes(&mut self, app: App) -> String {
        app.progress.set(None);
        let wishes: Vec<String> = self.wishes.drain(..).map(|wish| wish.what).collect();
        if wishes.is_empty() {
            return String::new();
        }
        app.notice.set(None);
        format!(" This was not done: {}.", wishes.join("; "))
    }

    /// Opens what the opening opens, once there is a stage; true if something is open then.
    pub(super) fn begin_opening(&mut self, app: App) -> bool {
        if self.stage.is_none() || !matches!(self.answering, Answering::Opening(_)) {
            return false;
        }
        let begun = self.read_on(app) && app.opened.get_untracked().is_some();
        if !begun {
            // It is of no use: as if there were none.
            self.answering = Answering::Nobody;
            self.launch();
        }
        begun
    }

    /// Takes the next recorded window, and what was said before it; false at the end.
    fn read_on(&mut self, app: App) -> bool {
        loop {
            let Answering::Opening(reader) = &mut self.answering else { return false };
            let Some(item) = reader.next() else { return false };
            if item.kind == FRAME {
                let Ok(mut frame) = frame_codec::decode(&item.bytes) else { return false };
                if let Some(stage) = &self.stage {
                    keep_newest_cells(&mut frame, stage.cells_per_lane());
                }
                self.push(app, frame);
                return true;
            }
            match from_bytes(&item.bytes) {
                Some(FromWorker::Ready { shipped, .. }) => app.shipped.set(shipped),
                Some(FromWorker::Opened(opened)) => self.opened(app, *opened),
                Some(FromWorker::Details(details))
                    if details.inspection.subject != app.selection.get_untracked() => {}
                Some(message) => self.hear_message(app, message),
                None => return false,
            }
        }
    }

    /// Whether it is to be played so much slower than it was recorded that windows would show too early what ends them.
    pub(super) fn is_too_slow(&self) -> bool {
        let (from_us, to_us) = self.newest().unwrap_or_default();
        let recorded = matches!(self.answering, Answering::Opening(_));
        recorded && (to_us - from_us) as f64 > WINDOW_MS_MAX * 1_000.0 * self.speed
    }

    /// Reads on as far as the speed wants, as long as nobody waits.
    pub(super) fn fetch_recorded(&mut self, app: App) {
        if !self.wishes.is_empty() {
            return;
        }
        let end_us = |engine: &Engine| engine.newest().map_or(0.0, |(_, to_us)| to_us as f64);
        let wanted_us = self.playhead_us + WINDOWS_AHEAD as f64 * WINDOW_MS * 1_000.0 * self.speed;
        let too_slow = self.is_too_slow();
        while !too_slow && end_us(self) < wanted_us && self.read_on(app) {}
        let waits = too_slow || self.playhead_us >= end_us(self);
        if waits != app.progress.with_untracked(Option::is_some) {
            app.progress.set(waits.then(|| LOADING.to_owned()));
        }
    }

    /// Fetches the worker: once something was seen to move, or when nothing will move without it.
    pub(super) fn call_worker(&mut self, app: App) {
        if self.client.is_some() || !matches!(self.answering, Answering::Opening(_)) {
            return;
        }
        let rests = !app.playing.get_untracked() || !self.wishes.is_empty();
        if self.moved || rests || app.progress.with_untracked(Option::is_some) {
            return self.launch();
        }
        let now_us = self.playhead_us;
        self.moved = self.flew_us.is_some_and(|us| us < now_us);
        if self.stage.as_ref().is_some_and(|stage| stage.flies(now_us)) {
            self.flew_us = Some(now_us);
        }
    }

    /// Lets the worker take over, if what it has opened is what the page plays; false if not.
    pub(super) fn takes_over(&mut self, app: App, opened: &Opened) -> bool {
        let same = matches!(self.answering, Answering::Opening(_))
            && app.opened.with_untracked(|recorded| recorded.as_ref() == Some(opened));
        let Some((from_us, to_us)) = self.newest().filter(|_| same) else { return false };
        self.answering = Answering::WorkerSoon;
        // Its own last window in the place of the recorded one: nothing is to be seen of that.
        self.ask(from_us, to_us);
        true
    }

    /// The worker has caught up.
    pub(super) fn worker_is_there(&mut self, app: App) {
        self.answering = Answering::Worker;
        self.panels_at_ms = 0.0;
        self.carry_out_wishes(app);
    }

    /// While there is no worker, all that is known of what the opening does not inspect is what the stage shows.
    pub(super) fn show_stage_alone(&mut self, app: App, subject: Subject) {
        let shown = |details: &Details| details.inspection.subject == subject;
        let known = app.details.with_untracked(|details| details.as_ref().is_none_or(shown));
        let Some(words) = self.stage.as_ref().map(|stage| stage.words_of(subject)).filter(|_| !known) else {
            return;
        };
        let title = words.split(',').next().unwrap_or_default().to_owned();
        let sentence = format!("{words}. {LOADING} More is known in a moment.");
        app.details.update(|details| {
            let Some(details) = details else { return };
            details.inspection = Inspection {
                subject,
                title,
                sentence,
                state: Vec::new(),
                config: Vec::new(),
                commands: Vec::new(),
            };
            details.timeline = Timeline { bands: Vec::new(), ..std::mem::take(&mut details.timeline) };
            details.records = Vec::new();
        });
    }
}

/// The newest cells of each lane, as if no more had been asked for.
fn keep_newest_cells(frame: &mut Frame, cells_per_lane: u32) {
    for replica in &mut frame.replicas {
        let dropped = replica.cells.saturating_sub(cells_per_lane);
        replica.first_cell += dropped;
        replica.cells -= dropped;
    }
}
