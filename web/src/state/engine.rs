//! Plays: owns the playhead, pulls windows from the worker one ahead, draws the stage once an animation frame.
use super::app::{App, Mode};
use super::browser;
use super::caption::Words;
use super::film::Film;
use super::opening::{Answering, Wish};
use super::pace::{self, Around, PANELS_MS, WINDOWS_AHEAD};
use super::worth::Nearest;
use crate::bridge::client::{Client, Heard};
use crate::bridge::protocol::{FromWorker, Opened, Source, ToWorker};
use crate::stage::Stage;
use js_sys::Function;
use kafkarium_core::observe::report::{Names, StoryLine, Subject};
use kafkarium_core::observe::view::{Frame, FrameOptions};
use leptos::prelude::*;
use std::collections::VecDeque;
use wasm_bindgen::prelude::*;

/// Above this speed no single message can be seen.
const FLIGHTS_UP_TO: f64 = 30.0;
/// How often texts that run along change, milliseconds.
const TEXTS_MS: f64 = 60.0;
/// How often the URL is brought up to date, milliseconds.
const URL_MS: f64 = 4_000.0;
/// So long after somebody went to a moment, milliseconds.
const URL_AFTER_JUMP_MS: f64 = 500.0;
/// Everything that moves.
#[derive(Default)]
pub struct Engine {
    app: Option<App>,
    pub(super) answering: Answering,
    pub(super) client: Option<Client>,
    /// What a person asked for before there was a worker to do it.
    pub(super) wishes: Vec<Wish>,
    pub(super) stage: Option<Stage>,
    /// Windows still to be shown, in order.
    pub(super) ahead: VecDeque<Frame>,
    pub(super) shown: Option<FrameShown>,
    /// Names that take effect with the window that ends there.
    names_due: Option<(u64, Names)>,
    /// The end of the window asked for.
    pub(super) asked: Option<u64>,
    pub(super) playhead_us: f64,
    /// How far this future was shown.
    seen_us: f64,
    pub(super) speed: f64,
    /// When a message was last seen under way, while there is no worker; and whether it was then seen to have moved.
    pub(super) flew_us: Option<f64>,
    pub(super) moved: bool,
    pub(super) last_frame_ms: f64,
    /// The film that is made, if one is.
    pub(super) film: Option<Film>,
    pub(super) panels_at_ms: f64,
    texts_at_ms: f64,
    /// When the caption last became another.
    pub(super) caption_at_ms: f64,
    /// Up to which moment the story was taken up for captions, and the captions that wait.
    pub(super) told_us: f64,
    pub(super) to_say: VecDeque<Words>,
    url_at_ms: f64,
    calm_since_ms: f64,
    follow_key: Option<String>,
    pub(super) story: Vec<StoryLine>,
    pub(super) copying: bool,
    /// Who waits for a link, and who for something written down.
    pub(super) link_for: Option<Function>,
    pub(super) writing_for: Option<Function>,
    /// The page is about to be reloaded, and the address is to bring it back here.
    pub(super) keeping: bool,
    /// It was said that the page lives.
    pub(super) lives: bool,
    /// The record that the command under way sends is to be followed.
    pub(super) follow_next_send: bool,
    /// The steps of the record followed, in microseconds: worth watching too.
    pub(super) steps: Vec<u64>,
    /// The run as a link, as far as it is known: what a new worker begins with.
    pub(super) fragment: String,
    /// A worker was heard.
    spoke: bool,
    deaths: u32,
    /// Time goes on once nothing lies over the page that it waits for.
    pub(super) plays_on: bool,
    /// The run that is open, or is to be.
    what: Option<Source>,
}

/// What of the last window is needed beside the stage.
#[derive(Clone, Copy, Default)]
pub(super) struct FrameShown {
    pub from_us: u64,
    pub to_us: u64,
    pub trouble: bool,
    /// There is no topic.
    pub is_empty: bool,
}

impl Engine {
    /// Starts the clock with what a link shows, empty for the first scenario; and the worker unless there is an opening to begin with.
    pub fn start(&mut self, app: App, link: &str) {
        self.app = Some(app);
        self.speed = pace::CALM;
        self.what = Some(if link.is_empty() { Source::Default } else { Source::Link(link.to_owned()) });
        self.answering = Answering::first();
        if matches!(self.answering, Answering::Nobody) {
            self.launch();
        }
        tick(app);
    }

    pub(super) fn launch(&mut self) {
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

    pub(super) fn app(&self) -> Option<App> {
        self.app
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
        let waits = !self.is_worker_there();
        self.wish(Wish::new("open another run", |engine| engine.begin(what)));
        // What lies over the page would lie over the notice that this waits.
        if let Some(app) = self.app.filter(|_| waits) {
            app.dialog.set(None);
        }
    }

    fn begin(&mut self, what: Source) {
        self.what = Some(what.clone());
        self.say(&ToWorker::Open { what, at_us: None });
        // Whatever is asked before it is open would be asked of it, at a moment of the run that was open.
        self.answering = Answering::Nobody;
    }

    /// Carries a command out at the playhead; if it sends a record, that may be `followed`.
    pub fn act(&mut self, command: &str, followed: bool) {
        let command = command.to_owned();
        self.wish(Wish::new(command.clone(), move |engine| {
            engine.follow_next_send |= followed;
            let seen_us = engine.seen_us as u64;
            engine.say(&ToWorker::Act { at_us: engine.playhead_us(), command, seen_us });
        }));
    }

    /// Takes the last command back.
    pub fn undo(&mut self) {
        self.wish(Wish::new("undo", |engine| engine.say(&ToWorker::Undo)));
    }

    /// Does the command last taken back again.
    pub fn redo(&mut self) {
        self.wish(Wish::new("do it again", |engine| engine.say(&ToWorker::Redo)));
    }

    /// Goes into the future that a command in the past has put aside; again, and back.
    pub fn switch_future(&mut self) {
        self.wish(Wish::new("go to the other future", |engine| {
            engine.say(&ToWorker::SwitchFuture { at_us: engine.playhead_us() });
        }));
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
    pub fn seek(&mut self, to_us: u64) {
        self.wish(Wish::to(to_us, move |engine| {
            engine.playhead_us = to_us as f64;
            engine.jump();
        }));
    }

    /// What was fetched is of another moment: fetch anew.
    pub(super) fn jump(&mut self) {
        self.ahead.clear();
        self.shown = None;
        if let (Some((_, names)), Some(stage)) = (self.names_due.take(), &mut self.stage) {
            stage.set_names(names);
        }
        self.calm_since_ms = browser::now_ms();
        (self.panels_at_ms, self.texts_at_ms, self.caption_at_ms) = (0.0, 0.0, 0.0);
        self.url_at_ms = self.calm_since_ms - URL_MS + URL_AFTER_JUMP_MS;
        self.ask(self.playhead_us(), self.playhead_us());
    }

    /// Playing began or ended.
    pub fn rested(&mut self) {
        self.last_frame_ms = browser::now_ms();
        self.calm_since_ms = self.last_frame_ms;
        self.url_at_ms = f64::NEG_INFINITY;
        // The clock says where time stands, not where it stood when it was last told.
        if let Some(app) = self.app.filter(|app| app.alive.get_untracked()) {
            app.now_us.set(self.playhead_us as u64);
        }
    }

    /// One step on or back.
    pub fn step(&mut self, back: bool, event: bool) {
        self.wish(Wish::new(if back { "a step back" } else { "a step on" }, move |engine| {
            // The worker must stand exactly at the playhead.
            engine.jump();
            engine.say(&ToWorker::Step { back, event });
        }));
    }

    /// The key that is followed; empty for none.
    pub fn follow_key(&self) -> String {
        self.follow_key.clone().unwrap_or_default()
    }

    /// Follows another key, or none.
    pub fn set_follow_key(&mut self, key: &str) {
        let key = Some(key.to_owned()).filter(|key| !key.is_empty());
        self.wish(Wish::new("follow that key", |engine| {
            engine.follow_key = key;
            engine.jump();
        }));
    }

    /// Asks for the words of Kafka's tools: while time stands, of exactly what is on the stage.
    pub fn describe(&self) {
        if let Some(app) = self.app.filter(|_| self.is_worker_there()) {
            let stands = !app.playing.get_untracked();
            let shown_us = self.shown.map_or(self.playhead_us(), |shown| shown.to_us);
            self.say(&ToWorker::Describe { at_us: stands.then_some(shown_us) });
        }
    }

    pub(super) fn ask(&mut self, from_us: u64, to_us: u64) {
        if !matches!(self.answering, Answering::Worker | Answering::WorkerSoon) {
            return;
        }
        let options = FrameOptions {
            cells_per_lane: self.stage.as_ref().map_or(24, Stage::cells_per_lane),
            follow_key: self.follow_key.clone(),
            internal_topics: false,
            flights: self.speed <= FLIGHTS_UP_TO,
        };
        self.asked = Some(to_us);
        self.say(&ToWorker::Advance { from_us, to_us, options });
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
        self.push(app, frame);
        if matches!(self.answering, Answering::WorkerSoon) {
            self.worker_is_there(app);
        }
    }

    /// Takes a window, also in the place of one that ends at the same moment.
    pub(super) fn push(&mut self, app: App, frame: Frame) {
        app.known_us.set(frame.known_until_us);
        if self.ahead.back().is_some_and(|last| last.to_us == frame.to_us) {
            self.ahead.pop_back();
        }
        self.ahead.push_back(frame);
    }

    pub(super) fn hear_message(&mut self, app: App, message: FromWorker) {
        match message {
            FromWorker::Ready { shipped, .. } => {
                self.spoke = true;
                app.shipped.set(shipped);
                let what = self.what.clone().unwrap_or(Source::Default);
                let at_us = (self.deaths > 0).then_some(self.playhead_us());
                self.say(&ToWorker::Open { what, at_us });
            }
            FromWorker::Opened(opened) => {
                if !self.takes_over(app, &opened) {
                    self.answering = Answering::Worker;
                    self.opened(app, *opened);
                    self.carry_out_wishes(app);
                }
            }
            FromWorker::Refused(sentences) => self.refused(app, sentences),
            FromWorker::Names(names) => self.named(app, names),
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
            FromWorker::Acted { at_us, sentence, undoable, redoable, other_future } => {
                app.undoable.set(undoable);
                app.redoable.set(redoable);
                app.other_future.set(other_future);
                app.notice.set(Some(sentence));
                app.command_ended(self, true);
                self.playhead_us = at_us as f64;
                self.seen_us = self.playhead_us;
                self.jump();
                self.url_at_ms = 0.0;
            }
            FromWorker::NotDone(sentence) => {
                app.command_ended(self, false);
                app.notice.set(Some(sentence));
            }
            FromWorker::Life(life) => app.hear_life(self, *life),
            FromWorker::Why(answer) => app.why.update(|(_, known)| *known = answer),
            FromWorker::Stepped(time) => {
                // With no time there is nothing to step to near here.
                self.playhead_us = time.map_or(self.playhead_us, |time| time as f64);
                if time.is_none() {
                    app.notice.set(Some("Nothing else happens near this moment.".to_owned()));
                }
                self.jump();
            }
            FromWorker::Details(details) => app.details.set(Some(*details)),
            FromWorker::Metrics { from_row, table } => {
                app.metrics.update(|known| known.follow(from_row, table))
            }
            FromWorker::Described(description) => app.description.set(Some(description)),
            FromWorker::Link(link) => self.linked(app, link),
            FromWorker::Written(text) => self.written(text),
        }
    }

    /// Names count on from window to window; but another worker may have counted in another order.
    fn named(&mut self, app: App, names: Names) {
        app.producers.set(names.producers.iter().map(|(name, ..)| name.clone()).collect());
        match (&self.answering, &mut self.names_due, &mut self.stage) {
            (Answering::WorkerSoon, due, _) => *due = self.asked.map(|to_us| (to_us, names)),
            (_, Some((_, due)), _) => *due = names,
            (_, None, Some(stage)) => stage.set_names(names),
            _ => {}
        }
    }

    pub(super) fn opened(&mut self, app: App, opened: Opened) {
        self.playhead_us = opened.at_us as f64;
        self.seen_us = self.playhead_us;
        self.follow_key = opened.follow_key.clone();
        self.story.clear();
        app.story.set(Vec::new());
        app.life.set(None);
        app.why.set(Default::default());
        self.show_life(None);
        app.dialog.set(None);
        app.undoable.set(opened.undoable);
        app.redoable.set(false);
        app.other_future.set(None);
        app.playing.set(self.deaths == 0 && app.playing.get_untracked());
        app.selection.set(opened.select);
        app.alive.set(false);
        app.hint_closed.set(false);
        if opened.differs {
            let text = "This link was made by another version of Kafkarium, which plays this run differently: what it showed may not be here.";
            app.problem.set(Some(text.to_owned()));
        }
        app.opened.set(Some(opened));
        if matches!(self.what, Some(Source::Text(_))) {
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
        if matches!(self.what, Some(Source::Link(_))) || nothing_open {
            let why = sentences.first().map_or("", String::as_str);
            let why = why.strip_prefix("this link ").map_or(why.to_owned(), |rest| format!("it {rest}"));
            app.problem
                .set(Some(format!("This link cannot be opened: {why}. Here is the first scenario instead.")));
            self.begin(Source::Default);
        } else {
            self.answering = Answering::Worker;
            self.carry_out_wishes(app);
            app.problem.set(Some(format!("This scenario cannot be opened: {}.", sentences.join("; "))));
        }
    }

    /// The worker is dead: another is started once, and stands just before what killed it.
    fn mourn(&mut self, app: App, why: &str) {
        self.deaths += 1;
        self.client = None;
        self.asked = None;
        app.playing.set(false);
        self.plays_on = false;
        let undone = self.forget_wishes(app);
        if !self.spoke {
            // Its file did not come, or is of no use to this browser.
            self.answering = Answering::NobodyEver;
            app.problem.set(Some(format!(
                "The simulation could not be started ({why}). Reload the page to try again.{undone}"
            )));
            return;
        }
        self.answering = Answering::Nobody;
        let report = browser::url_with(&self.fragment);
        if self.deaths > 1 {
            self.answering = Answering::NobodyEver;
            app.problem.set(Some(format!(
                "The simulation failed again ({why}). Reload the page; this link shows us the bug: {report}"
            )));
            return;
        }
        app.problem.set(Some(format!(
            "The simulation failed ({why}) and was started again, paused just before that moment.{undone} This is a bug of ours; this link shows it: {report}"
        )));
        if !self.fragment.is_empty() {
            self.what = Some(Source::Link(self.fragment.clone()));
        }
        self.ahead.clear();
        self.launch();
    }

    /// One animation frame, or one picture of a film.
    pub(super) fn frame(&mut self, now_ms: f64) {
        let Some(app) = self.app else { return };
        let passed_ms = (now_ms - self.last_frame_ms).clamp(0.0, 100.0);
        self.last_frame_ms = now_ms;
        if app.opened.get_untracked().is_none() && !self.begin_opening(app) {
            return;
        }
        self.set_speed(app, now_ms);
        let goes = app.playing.get_untracked() && self.wishes.is_empty() && !self.is_too_slow();
        if let (true, Some((_, limit))) = (goes, self.newest()) {
            self.playhead_us = (self.playhead_us + passed_ms * 1_000.0 * self.speed).min(limit as f64);
        }
        self.seen_us = self.seen_us.max(self.playhead_us);
        self.show_due();
        self.fetch(app);
        if let Some(stage) = &mut self.stage {
            stage.draw(self.playhead_us);
        }
        self.texts(app, now_ms);
        self.call_worker(app);
        self.tell_that_it_lives();
    }

    /// The last window there is: where it begins and ends.
    pub(super) fn newest(&self) -> Option<(u64, u64)> {
        let shown = self.shown.map(|shown| (shown.from_us, shown.to_us));
        self.ahead.back().map(|frame| (frame.from_us, frame.to_us)).or(shown)
    }

    fn set_speed(&mut self, app: App, now_ms: f64) {
        self.speed = match app.mode.get_untracked() {
            Mode::Fixed(speed) => speed,
            Mode::Story => pace::ease(self.speed.clamp(pace::SLOWEST, 4.0), pace::story(self.around(now_ms))),
        };
    }

    fn around(&mut self, now_ms: f64) -> Around {
        let selection = self.app.map_or(Subject::Cluster, |app| app.selection.get_untracked());
        let nearest = Nearest::of(&self.story, &self.steps, selection, self.playhead_us);
        let trouble = self.shown.is_some_and(|shown| shown.trouble);
        let mut around = Around { nearest, trouble, calm_s: 0.0, unsaid: !self.to_say.is_empty() };
        if around.is_eventful() {
            self.calm_since_ms = now_ms;
        }
        around.calm_s = (now_ms - self.calm_since_ms) / 1_000.0;
        around
    }

    /// Gives the stage the window the playhead is in.
    fn show_due(&mut self) {
        while let Some(first) = self.ahead.front() {
            let due = self.shown.is_none() || (first.from_us as f64) <= self.playhead_us;
            if !due {
                break;
            }
            let Some(frame) = self.ahead.pop_front() else { break };
            if self.shown.is_none() {
                // Only now the story of this moment is known.
                self.caption_at_ms = 0.0;
            }
            let trouble = pace::is_trouble(&frame);
            let (from_us, to_us, is_empty) = (frame.from_us, frame.to_us, frame.partitions.is_empty());
            self.shown = Some(FrameShown { from_us, to_us, trouble, is_empty });
            let names = self.names_due.take_if(|(to_us, _)| *to_us <= frame.to_us);
            if let Some(stage) = &mut self.stage {
                names.into_iter().for_each(|(_, names)| stage.set_names(names));
                stage.set_frame(frame);
            }
            if let Some(app) = self.app.filter(|app| !app.alive.get_untracked()) {
                app.alive.set(true);
            }
        }
    }

    pub(super) fn fetch(&mut self, app: App) {
        if self.asked.is_some() || !app.playing.get_untracked() {
            return;
        }
        if matches!(self.answering, Answering::Opening(_)) {
            return self.fetch_recorded(app);
        }
        let Some((_, newest_us)) = self.newest().filter(|_| self.ahead.len() < WINDOWS_AHEAD) else { return };
        self.ask(newest_us, pace::window_end(newest_us, self.speed));
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
            self.say_caption(app, now_ms);
        }
        if now_ms - self.panels_at_ms > PANELS_MS && self.shown.is_some() {
            self.panels_at_ms = now_ms;
            let subject = app.selection.get_untracked();
            if self.is_worker_there() {
                self.say(&ToWorker::Details { subject });
            } else {
                self.show_stage_alone(app, subject);
            }
        }
        let still = !app.playing.get_untracked() && self.is_worker_there();
        if now_ms - self.url_at_ms > URL_MS && still && self.shown.is_some() {
            self.url_at_ms = f64::INFINITY;
            self.ask_link();
        }
    }
}

/// Runs the engine once every animation frame, for as long as the page lives.
fn tick(app: App) {
    let again = std::rc::Rc::new(std::cell::RefCell::new(None::<Closure<dyn FnMut(f64)>>));
    let own = again.clone();
    *again.borrow_mut() = Some(Closure::new(move |now_ms: f64| {
        app.with_engine(|engine| {
            if engine.film.is_none() {
                engine.frame(now_ms);
            }
        });
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
