//! Plays: owns the playhead, pulls windows from the worker one ahead, draws the stage once an animation frame.
use super::app::{App, Mode};
use super::browser;
use super::pace::{self, Around};
use crate::bridge::client::{Client, Heard};
use crate::bridge::protocol::{FromWorker, Opened, Source, ToWorker};
use crate::stage::Stage;
use kafkarium_core::observe::report::{StoryLine, Subject};
use kafkarium_core::observe::view::{Frame, FrameOptions, NONE, Process};
use leptos::prelude::*;
use std::collections::VecDeque;
use wasm_bindgen::prelude::*;

/// A window is this long for the viewer, milliseconds.
const WINDOW_MS: f64 = 34.0;
/// Windows kept ahead of the playhead.
const WINDOWS_AHEAD: usize = 2;
/// Above this speed no single message can be seen.
const FLIGHTS_UP_TO: f64 = 30.0;
/// How often the panels are brought up to date, milliseconds.
const PANELS_MS: f64 = 250.0;
/// How often texts that run along change, milliseconds.
const TEXTS_MS: f64 = 60.0;
/// How often the URL is brought up to date, milliseconds.
const URL_MS: f64 = 4_000.0;
/// A caption stays for this long after its moment, microseconds of virtual time, unless another follows.
const CAPTION_US: f64 = 12_000_000.0;

/// Everything that moves.
#[derive(Default)]
pub struct Engine {
    app: Option<App>,
    client: Option<Client>,
    stage: Option<Stage>,
    /// Windows still to be shown, in order.
    ahead: VecDeque<Frame>,
    shown: Option<FrameShown>,
    /// The end of the window asked for.
    asked: Option<u64>,
    playhead_us: f64,
    speed: f64,
    last_frame_ms: f64,
    panels_at_ms: f64,
    texts_at_ms: f64,
    url_at_ms: f64,
    calm_since_ms: f64,
    follow_key: Option<String>,
    story: Vec<StoryLine>,
    copying: bool,
    /// The record that the command under way sends is to be followed.
    pub(super) follow_next_send: bool,
    /// The steps of the record followed, in microseconds: worth watching too.
    pub(super) steps: Vec<u64>,
    /// The run as a link, as far as it is known: what a new worker begins with.
    fragment: String,
    deaths: u32,
    opening: Option<Source>,
}

/// What of the last window is needed beside the stage.
#[derive(Clone, Copy, Default)]
struct FrameShown {
    to_us: u64,
    trouble: bool,
}

impl Engine {
    /// Starts the worker and the clock.
    pub fn start(&mut self, app: App) {
        self.app = Some(app);
        self.speed = 1.0 / 40.0;
        self.launch();
        let fragment = browser::fragment();
        self.opening = Some(if fragment.is_empty() { Source::Default } else { Source::Link(fragment) });
        tick(app);
    }

    fn launch(&mut self) {
        let Some(app) = self.app else { return };
        self.client = Client::start(move |heard| app.with_engine(|engine| engine.hear(heard)));
        if self.client.is_none() {
            app.problem.set(Some(
                "This browser cannot run workers, which the simulation needs: try a newer one.".to_owned(),
            ));
        }
    }

    pub(super) fn say(&self, message: &ToWorker) {
        if let Some(client) = &self.client {
            client.say(message);
        }
    }

    /// Gives the engine its canvas.
    pub fn set_canvas(&mut self, canvas: web_sys::HtmlCanvasElement) {
        self.stage = Stage::new(canvas);
        if let (None, Some(app)) = (&self.stage, self.app) {
            app.problem.set(Some("This browser cannot draw on a canvas, which the stage needs.".to_owned()));
        }
        if let Some(stage) = &mut self.stage {
            stage.set_reduced_motion(browser::reduced_motion());
        }
        let Some(app) = self.app else { return };
        browser::on_preference("(prefers-reduced-motion: reduce)", move || {
            app.with_engine(|engine| {
                engine
                    .stage()
                    .into_iter()
                    .for_each(|stage| stage.set_reduced_motion(browser::reduced_motion()));
            });
        });
        browser::on_preference("(prefers-color-scheme: dark)", move || {
            app.with_engine(Engine::theme_changed);
            app.theme.notify();
        });
    }

    /// The stage, once it is there.
    pub fn stage(&mut self) -> Option<&mut Stage> {
        self.stage.as_mut()
    }

    /// Light and dark changed.
    pub fn theme_changed(&mut self) {
        if let Some(stage) = &mut self.stage {
            stage.set_theme();
        }
    }

    /// Opens a run.
    pub fn open(&mut self, what: Source) {
        self.opening = Some(what.clone());
        self.say(&ToWorker::Open { what, at_us: None });
    }

    /// Carries a command out at the playhead.
    pub fn act(&mut self, command: &str) {
        let at_us = self.playhead_us as u64;
        self.say(&ToWorker::Act { at_us, command: command.to_owned() });
    }

    /// Takes the last command back.
    pub fn undo(&self) {
        self.say(&ToWorker::Undo);
    }

    /// Does the command last taken back again.
    pub fn redo(&self) {
        self.say(&ToWorker::Redo);
    }

    /// Selects something.
    pub fn select(&mut self, subject: Subject) {
        if let Some(stage) = &mut self.stage {
            stage.set_selection(Some(subject).filter(|subject| *subject != Subject::Cluster));
        }
        self.panels_at_ms = 0.0;
    }

    /// The moment shown, microseconds.
    pub fn playhead_us(&self) -> u64 {
        self.playhead_us as u64
    }

    /// Goes to a moment.
    pub fn seek(&mut self, to_us: f64) {
        self.playhead_us = to_us.max(0.0);
        self.jump();
    }

    /// What was fetched is of another moment: fetch anew.
    fn jump(&mut self) {
        self.ahead.clear();
        self.shown = None;
        self.calm_since_ms = browser::now_ms();
        (self.panels_at_ms, self.texts_at_ms) = (0.0, 0.0);
        self.ask(self.playhead_us, self.playhead_us);
    }

    /// Playing began or ended.
    pub fn rested(&mut self) {
        self.last_frame_ms = browser::now_ms();
        self.calm_since_ms = self.last_frame_ms;
        self.url_at_ms = 0.0;
    }

    /// One step on or back.
    pub fn step(&mut self, back: bool) {
        // The worker must stand exactly at the playhead.
        self.jump();
        self.say(&ToWorker::Step { back });
    }

    /// Copies a link to this moment.
    pub fn copy_link(&mut self) {
        self.copying = true;
        self.ask_link();
    }

    fn ask_link(&mut self) {
        let Some(app) = self.app else { return };
        let subject = app.selection.get_untracked();
        self.say(&ToWorker::Link { at_us: self.playhead_us as u64, subject });
    }

    /// The key that is followed; empty for none.
    pub fn follow_key(&self) -> String {
        self.follow_key.clone().unwrap_or_default()
    }

    /// Follows another key, or none.
    pub fn set_follow_key(&mut self, key: &str) {
        self.follow_key = Some(key.to_owned()).filter(|key| !key.is_empty());
        self.jump();
    }

    /// Asks for the words of Kafka's tools.
    pub fn describe(&self) {
        self.say(&ToWorker::Describe);
    }

    fn ask(&mut self, from: f64, to: f64) {
        let options = FrameOptions {
            cells_per_lane: self.stage.as_ref().map_or(24, Stage::cells_per_lane),
            follow_key: self.follow_key.clone(),
            internal_topics: false,
            flights: self.speed <= FLIGHTS_UP_TO,
        };
        self.asked = Some(to as u64);
        self.say(&ToWorker::Advance { from_us: from as u64, to_us: to as u64, options });
    }

    fn hear(&mut self, heard: Heard) {
        let Some(app) = self.app else { return };
        match heard {
            Heard::Message(message) => self.hear_message(app, message),
            Heard::Frame(frame) => self.hear_frame(app, *frame),
            Heard::Died(why) => self.mourn(app, &why),
        }
    }

    fn hear_frame(&mut self, app: App, frame: Frame) {
        app.progress.set(None);
        // A window of a moment the person has left meanwhile.
        if self.asked != Some(frame.to_us) {
            return;
        }
        self.asked = None;
        app.known_us.set(frame.known_until_us);
        self.ahead.push_back(frame);
    }

    fn hear_message(&mut self, app: App, message: FromWorker) {
        match message {
            FromWorker::Ready { shipped, .. } => {
                app.shipped.set(shipped);
                let what = self.opening.clone().unwrap_or(Source::Default);
                let at_us = (self.deaths > 0).then_some(self.playhead_us as u64);
                self.say(&ToWorker::Open { what, at_us });
            }
            FromWorker::Opened(opened) => self.opened(app, *opened),
            FromWorker::Refused(sentences) => self.refused(app, sentences),
            FromWorker::Names(names) => {
                app.producers.set(names.producers.iter().map(|(name, ..)| name.clone()).collect());
                if let Some(stage) = &mut self.stage {
                    stage.set_names(names);
                }
            }
            FromWorker::Story { from, lines } => {
                self.story.truncate(from as usize);
                self.story.extend(lines);
                app.story.set(self.story.clone());
            }
            FromWorker::Progress { now_us, to_us } => {
                let text = format!("Simulating: {} of {} s", now_us / 1_000_000, to_us / 1_000_000);
                app.progress.set(Some(text));
            }
            FromWorker::MemoryFull(sentence) => {
                app.playing.set(false);
                app.problem.set(Some(sentence));
            }
            FromWorker::Acted { at_us, sentence, undoable, redoable } => {
                app.undoable.set(undoable);
                app.redoable.set(redoable);
                app.notice.set(Some(sentence));
                app.command_ended(self, true);
                self.playhead_us = at_us as f64;
                self.jump();
                self.url_at_ms = 0.0;
            }
            FromWorker::NotDone(sentence) => {
                app.command_ended(self, false);
                app.notice.set(Some(sentence));
            }
            FromWorker::Life(life) => app.hear_life(self, *life),
            FromWorker::Stepped(time) => {
                if let Some(time) = time {
                    self.playhead_us = time as f64;
                    self.jump();
                }
            }
            FromWorker::Details(details) => app.details.set(Some(*details)),
            FromWorker::Metrics { from_row, table } => {
                app.metrics.update(|known| known.follow(from_row, table))
            }
            FromWorker::Described(description) => app.description.set(Some(description)),
            FromWorker::Link(link) => self.linked(app, link),
        }
    }

    fn opened(&mut self, app: App, opened: Opened) {
        self.playhead_us = opened.at_us as f64;
        self.follow_key = opened.follow_key.clone();
        self.story.clear();
        app.story.set(Vec::new());
        app.life.set(None);
        self.show_life(None);
        app.dialog.set(None);
        app.undoable.set(opened.undoable);
        app.redoable.set(false);
        app.playing.set(self.deaths == 0 && app.playing.get_untracked());
        app.selection.set(opened.select);
        app.alive.set(false);
        app.hint_closed.set(false);
        if opened.differs {
            let text = "This link was made by another version of Kafkarium, which plays this run differently: what it showed may not be here.";
            app.problem.set(Some(text.to_owned()));
        }
        app.opened.set(Some(opened));
        if matches!(self.opening, Some(Source::Text(_))) {
            // What a person wrote is in the link from the first moment.
            self.ask_link();
        }
        if let Some(stage) = &mut self.stage {
            stage.set_selection(
                Some(app.selection.get_untracked()).filter(|subject| *subject != Subject::Cluster),
            );
        }
        self.jump();
    }

    fn refused(&mut self, app: App, sentences: Vec<String>) {
        let nothing_open = app.opened.get_untracked().is_none();
        if matches!(self.opening, Some(Source::Link(_))) || nothing_open {
            let why = sentences.first().cloned().unwrap_or_default();
            app.problem
                .set(Some(format!("This link cannot be opened: {why}. Here is the first scenario instead.")));
            self.open(Source::Default);
        } else {
            app.problem.set(Some(format!("This scenario cannot be opened: {}.", sentences.join("; "))));
        }
    }

    fn linked(&mut self, app: App, link: Result<String, String>) {
        match link {
            Ok(fragment) => {
                browser::set_fragment(&fragment);
                if std::mem::take(&mut self.copying) {
                    browser::copy(&browser::url_with(&fragment));
                    app.notice.set(Some("The link to this moment is in the clipboard.".to_owned()));
                }
                self.fragment = fragment;
            }
            Err(why) => {
                if std::mem::take(&mut self.copying) {
                    app.notice.set(Some(format!("No link can be made: {why}.")));
                }
            }
        }
    }

    /// The worker is dead: another is started once, and stands just before what killed it.
    fn mourn(&mut self, app: App, why: &str) {
        self.deaths += 1;
        self.client = None;
        if app.opened.get_untracked().is_none() {
            // It never spoke: its file did not come, or is of no use to this browser.
            app.problem.set(Some(format!(
                "The simulation could not be started ({why}). Reload the page to try again."
            )));
            return;
        }
        app.playing.set(false);
        let report = browser::url_with(&self.fragment);
        if self.deaths > 1 {
            app.problem.set(Some(format!(
                "The simulation failed again ({why}). Reload the page; this link shows us the bug: {report}"
            )));
            return;
        }
        app.problem.set(Some(format!(
            "The simulation failed ({why}) and was started again, paused just before that moment. This is a bug of ours; this link shows it: {report}"
        )));
        self.opening = Some(if self.fragment.is_empty() {
            Source::Default
        } else {
            Source::Link(self.fragment.clone())
        });
        self.asked = None;
        self.ahead.clear();
        self.launch();
    }

    /// One animation frame.
    fn frame(&mut self, now_ms: f64) {
        let Some(app) = self.app else { return };
        let passed_ms = (now_ms - self.last_frame_ms).clamp(0.0, 100.0);
        self.last_frame_ms = now_ms;
        if app.opened.get_untracked().is_none() {
            return;
        }
        self.set_speed(app, now_ms);
        let limit = self.ahead.back().map(|frame| frame.to_us).or(self.shown.map(|shown| shown.to_us));
        if let (true, Some(limit)) = (app.playing.get_untracked(), limit) {
            self.playhead_us = (self.playhead_us + passed_ms * 1_000.0 * self.speed).min(limit as f64);
        }
        self.show_due();
        self.fetch(app);
        if let Some(stage) = &mut self.stage {
            stage.draw(self.playhead_us);
        }
        self.texts(app, now_ms);
    }

    fn set_speed(&mut self, app: App, now_ms: f64) {
        self.speed = match app.mode.get_untracked() {
            Mode::Fixed(speed) => speed,
            Mode::Story => pace::ease(self.speed.clamp(pace::SLOWEST, 4.0), pace::story(self.around(now_ms))),
        };
    }

    fn around(&mut self, now_ms: f64) -> Around {
        let now = self.playhead_us;
        let worth = self.story.iter().filter(|line| line.weight >= 2);
        let (mut after_us, mut before_us) = (None, None);
        for line in worth {
            let time = line.time_us as f64;
            if time <= now {
                after_us = Some(now - time);
            } else {
                before_us = Some(time - now);
                break;
            }
        }
        let (after_step_us, before_step_us) = self.nearest_steps();
        after_us = after_us.into_iter().chain(after_step_us).reduce(f64::min);
        before_us = before_us.into_iter().chain(before_step_us).reduce(f64::min);
        let trouble = self.shown.is_some_and(|shown| shown.trouble);
        let eventful = after_us.is_some_and(|us| us < 3e6) || before_us.is_some_and(|us| us < 1e5);
        if trouble || eventful {
            self.calm_since_ms = now_ms;
        }
        Around { after_us, before_us, trouble, calm_s: (now_ms - self.calm_since_ms) / 1_000.0 }
    }

    /// Gives the stage the window the playhead is in.
    fn show_due(&mut self) {
        while let Some(first) = self.ahead.front() {
            let due = self.shown.is_none() || (first.from_us as f64) <= self.playhead_us;
            if !due {
                break;
            }
            let Some(frame) = self.ahead.pop_front() else { break };
            self.shown = Some(FrameShown { to_us: frame.to_us, trouble: is_trouble(&frame) });
            if let Some(stage) = &mut self.stage {
                stage.set_frame(frame);
            }
            if let Some(app) = self.app.filter(|app| !app.alive.get_untracked()) {
                app.alive.set(true);
            }
        }
    }

    fn fetch(&mut self, app: App) {
        if self.asked.is_some() || !app.playing.get_untracked() || self.ahead.len() >= WINDOWS_AHEAD {
            return;
        }
        let newest = self.ahead.back().map(|frame| frame.to_us).or(self.shown.map(|shown| shown.to_us));
        let Some(from) = newest else { return };
        let to = from as f64 + (WINDOW_MS * 1_000.0 * self.speed).max(1.0);
        self.ask(from as f64, to.ceil());
    }

    fn texts(&mut self, app: App, now_ms: f64) {
        // Before anything can be seen there is no moment to tell.
        if !app.alive.get_untracked() {
            return;
        }
        if now_ms - self.texts_at_ms > TEXTS_MS {
            self.texts_at_ms = now_ms;
            app.now_us.set(self.playhead_us as u64);
            app.speed.set(self.speed);
            let (all_is_well, caption) = self.caption();
            if app.caption.get_untracked() != caption {
                app.caption.set(caption);
                app.all_is_well.set(all_is_well);
            }
        }
        if now_ms - self.panels_at_ms > PANELS_MS && self.shown.is_some() {
            self.panels_at_ms = now_ms;
            self.say(&ToWorker::Details { subject: app.selection.get_untracked() });
        }
        let still = !app.playing.get_untracked();
        if now_ms - self.url_at_ms > URL_MS && still && self.shown.is_some() {
            self.url_at_ms = if still { f64::INFINITY } else { now_ms };
            self.ask_link();
        }
    }

    /// The caption; whether it says that all is well.
    fn caption(&self) -> (bool, (String, String)) {
        let now = self.playhead_us;
        let last = self.story.iter().rev().find(|line| line.weight >= 2 && line.time_us as f64 <= now);
        match last {
            Some(line) if now - line.time_us as f64 <= CAPTION_US || self.shown.is_some_and(|shown| shown.trouble) => {
                let more = if line.why.is_empty() { &line.next } else { &line.why };
                (false, (line.what.clone(), more.clone()))
            }
            _ => (true, (
                "All is well.".to_owned(),
                "Every partition has a leader and all its copies in sync; records go from producers to consumers.".to_owned(),
            )),
        }
    }
}

/// Something is wrong, and somebody waits for it to be noticed or repaired.
fn is_trouble(frame: &Frame) -> bool {
    frame.brokers.iter().any(|broker| broker.process != Process::Running || broker.fenced)
        || frame
            .partitions
            .iter()
            .any(|partition| partition.leader == NONE || partition.in_sync < partition.replicas)
        || frame
            .consumers
            .iter()
            .any(|consumer| matches!(consumer.process, Process::Crashed | Process::Frozen) && consumer.joined)
}

/// Runs the engine once every animation frame, for as long as the page lives.
fn tick(app: App) {
    let again = std::rc::Rc::new(std::cell::RefCell::new(None::<Closure<dyn FnMut(f64)>>));
    let own = again.clone();
    *again.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
        app.with_engine(|engine| engine.frame(now_ms));
        request(&own);
    }));
    request(&again);
}

type Task = std::rc::Rc<std::cell::RefCell<Option<Closure<dyn FnMut(f64)>>>>;

fn request(task: &Task) {
    if let Some(task) = &*task.borrow() {
        let _ = browser::window().request_animation_frame(task.as_ref().unchecked_ref());
    }
}
