//! The signals that panels read and write.
use super::browser;
use super::caption::Speaks;
use super::door::Door;
use super::engine::Engine;
use crate::bridge::protocol::{Answer, Details, Opened, ShippedScenario, Source};
use kafkarium_core::observe::life::Life;
use kafkarium_core::observe::metrics_table::MetricsTable;
use kafkarium_core::observe::report::{Description, StoryLine, Subject};
use kafkarium_core::share::split_embed;
use leptos::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// How time goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// As the story wants.
    Story,
    /// At a fixed speed: virtual time for real time.
    Fixed(f64),
}

/// What lies over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    /// The scenarios that ship.
    Scenarios,
    /// The workshop, where the scenario is changed.
    Build,
    /// The metrics, under Kafka's names.
    Metrics,
    /// The keys.
    Help,
    /// What this is, and how true.
    About,
    /// Everything that can be sent or kept.
    Share,
}

/// The tabs of the side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The subject selected.
    Inspect,
    /// What happened.
    Story,
    /// The guarantees.
    Audit,
    /// The words of Kafka's tools.
    Tools,
    /// The life of one record.
    Record,
}

/// A menu at a thing on the stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Menu {
    /// Whose.
    pub subject: Subject,
    /// Where, in CSS pixels of the stage.
    pub x: f64,
    /// Where, in CSS pixels of the stage.
    pub y: f64,
    /// It was opened by the keyboard: its first button takes the focus.
    pub by_keyboard: bool,
}

/// Everything the page knows.
#[derive(Clone, Copy)]
pub struct App {
    /// The stage stands alone, in somebody's page.
    pub embedded: bool,
    /// The scenarios that ship.
    pub shipped: RwSignal<Vec<ShippedScenario>>,
    /// The run that is open.
    pub opened: RwSignal<Option<Opened>>,
    /// The story so far.
    pub story: RwSignal<Vec<StoryLine>>,
    /// What the panels show of the subject.
    pub details: RwSignal<Option<Details>>,
    /// The metrics over all time known.
    pub metrics: RwSignal<MetricsTable>,
    /// The words of Kafka's tools.
    pub description: RwSignal<Option<Description>>,
    /// The life of the record followed, or why there is none; `None` while none is asked for.
    pub life: RwSignal<Option<Result<Life, String>>>,
    /// What is asked why, in the words of its line, and the answer as far as it is known.
    pub why: RwSignal<(String, Answer)>,
    /// `client.id`s of the producers.
    pub producers: RwSignal<Vec<String>>,
    /// The subject.
    pub selection: RwSignal<Subject>,
    /// Whether time goes.
    pub playing: RwSignal<bool>,
    /// How time goes.
    pub mode: RwSignal<Mode>,
    /// The speed now: virtual time for real time.
    pub speed: RwSignal<f64>,
    /// The playhead, microseconds.
    pub now_us: RwSignal<u64>,
    /// The moment that somebody points at on the line or in a chart, microseconds.
    pub reading_us: RwSignal<Option<u64>>,
    /// How far the run is known, microseconds.
    pub known_us: RwSignal<u64>,
    /// What just happened, and why.
    pub caption: RwSignal<(String, String)>,
    /// Which lines of the story are shown: a place in the panel's list.
    pub story_shows: RwSignal<usize>,
    /// What the caption speaks of.
    pub speaks: RwSignal<Speaks>,
    /// The hint of the first opening was closed.
    pub hint_closed: RwSignal<bool>,
    /// The run that is open can be seen: its first window is on the stage.
    pub alive: RwSignal<bool>,
    /// How often somebody changed what of the brokers is looked at.
    pub looked: RwSignal<u32>,
    /// Where the keyboard has come to on the stage, in words.
    pub reached: RwSignal<String>,
    /// A short notice.
    pub notice: RwSignal<Option<String>>,
    /// A problem, until it is closed.
    pub problem: RwSignal<Option<String>>,
    /// How far a long move is.
    pub progress: RwSignal<Option<String>>,
    /// How many commands can be taken back.
    pub undoable: RwSignal<u32>,
    /// Whether one can be done again.
    pub redoable: RwSignal<bool>,
    /// What is done in the future kept beside this one: a sentence.
    pub other_future: RwSignal<Option<String>>,
    /// The menu at a thing, if one is open.
    pub menu: RwSignal<Option<Menu>>,
    /// What lies over the page.
    pub dialog: RwSignal<Option<Dialog>>,
    /// The tab of the side.
    pub tab: RwSignal<Tab>,
    /// `light`, `dark`, or empty for the system's.
    pub theme: RwSignal<String>,
    /// The way into the workshop.
    pub door: Door,
    engine: StoredValue<Rc<RefCell<Engine>>, LocalStorage>,
}

impl App {
    /// The page's state before anything is heard, with its engine started.
    pub fn start() -> App {
        let fragment = browser::fragment();
        let (embedded, link) = split_embed(&fragment);
        // In somebody's page it looks as that page does.
        let theme = browser::remembered("theme").filter(|_| !embedded).unwrap_or_default();
        browser::set_theme(&theme);
        let app = App {
            embedded,
            shipped: RwSignal::new(Vec::new()),
            opened: RwSignal::new(None),
            story: RwSignal::new(Vec::new()),
            details: RwSignal::new(None),
            metrics: RwSignal::new(MetricsTable::default()),
            description: RwSignal::new(None),
            life: RwSignal::new(None),
            why: RwSignal::default(),
            producers: RwSignal::new(Vec::new()),
            selection: RwSignal::new(Subject::Cluster),
            // Several may stand in a page: each waits to be asked.
            playing: RwSignal::new(!embedded && !browser::was_paused()),
            mode: RwSignal::new(Mode::Story),
            speed: RwSignal::new(1.0),
            now_us: RwSignal::new(0),
            reading_us: RwSignal::new(None),
            known_us: RwSignal::new(0),
            caption: RwSignal::new((String::new(), String::new())),
            story_shows: RwSignal::new(0),
            speaks: RwSignal::new(Speaks::OfTheBeginning),
            hint_closed: RwSignal::new(false),
            alive: RwSignal::new(false),
            looked: RwSignal::new(0),
            reached: RwSignal::new(String::new()),
            notice: RwSignal::new(None),
            problem: RwSignal::new(None),
            progress: RwSignal::new(None),
            undoable: RwSignal::new(0),
            redoable: RwSignal::new(false),
            other_future: RwSignal::new(None),
            menu: RwSignal::new(None),
            dialog: RwSignal::new(None),
            tab: RwSignal::new(Tab::Inspect),
            theme: RwSignal::new(theme),
            door: Door::new(),
            engine: StoredValue::new_local(Rc::new(RefCell::new(Engine::default()))),
        };
        app.with_engine(|engine| engine.start(app, link));
        app
    }

    /// Asks the engine for something.
    pub fn with_engine<R>(&self, ask: impl FnOnce(&mut Engine) -> R) -> R {
        let engine = self.engine.get_value();
        let mut engine = engine.borrow_mut();
        ask(&mut engine)
    }

    /// Opens a run.
    pub fn open(&self, what: Source) {
        self.with_engine(|engine| engine.open(what));
    }

    /// Carries a command out now.
    pub fn act(&self, command: &str) {
        self.menu.set(None);
        self.with_engine(|engine| engine.act(command, false));
    }

    /// Selects something.
    pub fn select(&self, subject: Subject) {
        self.selection.set(subject);
        self.with_engine(|engine| engine.select(subject));
    }

    /// Goes to a moment.
    pub fn seek(&self, to_us: u64) {
        self.with_engine(|engine| engine.seek(to_us));
    }

    /// Plays or pauses; a reload finds it so.
    pub fn set_playing(&self, playing: bool) {
        browser::remember_paused(!playing);
        self.let_play(playing);
    }

    fn let_play(&self, playing: bool) {
        self.playing.set(playing);
        self.with_engine(Engine::rested);
    }

    /// Time waits while something lies over the page that it would pass behind.
    pub fn hold(&self) {
        let plays = self.playing.get_untracked();
        self.with_engine(|engine| engine.plays_on = plays);
        self.let_play(false);
    }

    /// It goes on, if it went before.
    pub fn release(&self) {
        self.let_play(self.with_engine(|engine| engine.plays_on));
    }

    /// Pauses and goes one step on or back: to the next message, or the next event of the story.
    pub fn step(&self, back: bool, event: bool) {
        self.set_playing(false);
        self.with_engine(|engine| engine.step(back, event));
    }

    /// The next fixed speed, up or down; from story pace the nearest.
    pub fn change_speed(&self, up: bool) {
        let now = match self.mode.get_untracked() {
            Mode::Fixed(speed) => speed,
            Mode::Story => self.speed.get_untracked(),
        };
        let next = if up {
            super::pace::SPEEDS.into_iter().find(|speed| *speed > now * 1.05)
        } else {
            super::pace::SPEEDS.into_iter().rev().find(|speed| *speed < now * 0.95)
        };
        if let Some(next) = next {
            self.mode.set(Mode::Fixed(next));
        }
    }

    /// The next theme: the system's, light, dark.
    pub fn change_theme(&self) {
        let next = match self.theme.get_untracked().as_str() {
            "" => "light",
            "light" => "dark",
            _ => "",
        };
        browser::remember("theme", next);
        browser::set_theme(next);
        self.theme.set(next.to_owned());
        self.with_engine(Engine::theme_changed);
    }
}
