//! Writes the opening of each scenario that ships: what the worker's own desk answers while a page that nobody touches
//! lives its first seconds. Run by `cargo xtask build`, so that no opening is older than its worker.
use kafkarium_core::observe::frame_codec;
use kafkarium_core::observe::report::{StoryLine, Subject};
use kafkarium_core::observe::view::{Frame, FrameOptions};
use kafkarium_core::scenario;
use kafkarium_web::bridge::desk::{Desk, Voice};
use kafkarium_web::bridge::opening::{self, FRAME, Item};
use kafkarium_web::bridge::protocol::{FromWorker, Opened, Source, ToWorker, to_bytes};
use kafkarium_web::state::pace::{self, Around};
use kafkarium_web::state::worth::Nearest;
use std::collections::VecDeque;
use std::path::Path;
use std::process::ExitCode;

/// So much of the page's life is recorded, milliseconds: time for the worker to arrive.
const LENGTH_MS: f64 = 6_000.0;
/// An animation frame, milliseconds.
const ANIMATION_MS: f64 = 1_000.0 / 60.0;
/// The most that a lane shows; the page takes as many as it has room for.
const CELLS_PER_LANE: u32 = 60;
/// How hard to deflate: the most miniz does.
const LEVEL: u8 = 10;

fn main() -> ExitCode {
    let folders: Vec<String> = std::env::args().skip(1).collect();
    let [site, asked] = folders.as_slice() else {
        eprintln!("openings: say the folder of the site, and one for what was asked");
        return ExitCode::FAILURE;
    };
    match write_all(Path::new(site), Path::new(asked)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("openings: they could not be written to {site} and {asked}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write_all(site: &Path, asked: &Path) -> std::io::Result<()> {
    let named = scenario::shipped()
        .iter()
        .map(|shipped| (format!("opening-{}", shipped.name), Source::Link(format!("s={}", shipped.name))));
    std::fs::create_dir_all(asked)?;
    for (name, what) in std::iter::once(("opening".to_owned(), Source::Default)).chain(named) {
        let mut viewer = Viewer::open(what);
        while viewer.now_ms < LENGTH_MS {
            viewer.animation_frame();
        }
        let file = miniz_oxide::deflate::compress_to_vec(&opening::write(&viewer.heard.items), LEVEL);
        std::fs::write(site.join(name.clone() + ".bin"), file)?;
        std::fs::write(asked.join(name + ".json"), serde_json::to_vec(&viewer.asked)?)?;
    }
    Ok(())
}

/// What the desk says, as items and as far as the viewer needs it.
#[derive(Default)]
struct Heard {
    items: Vec<Item>,
    kinds: Vec<std::mem::Discriminant<FromWorker>>,
    opened: Option<Opened>,
    story: Vec<StoryLine>,
    newest: Frame,
}

impl Voice for Heard {
    fn say(&mut self, message: FromWorker) {
        let discriminant = std::mem::discriminant(&message);
        let known = self.kinds.iter().position(|kind| *kind == discriminant);
        let kind = known.unwrap_or_else(|| {
            self.kinds.push(discriminant);
            self.kinds.len() - 1
        });
        let bytes = to_bytes(&message);
        self.items.push(Item { kind: FRAME + 1 + kind as u8, bytes });
        match message {
            FromWorker::Opened(opened) => self.opened = Some(*opened),
            FromWorker::Story { from, lines } => {
                self.story.truncate(from as usize);
                self.story.extend(lines);
            }
            _ => {}
        }
    }

    fn frame(&mut self, bytes: Vec<u8>) {
        self.newest = frame_codec::decode(&bytes).expect("what was encoded can be decoded");
        self.items.push(Item { kind: FRAME, bytes });
    }

    fn clock_ms(&self) -> f64 {
        // Nothing takes time here, so that each answer is given whole.
        0.0
    }
}

/// A page that does nothing but play at story pace, as `state/engine.rs` does.
struct Viewer {
    desk: Desk,
    heard: Heard,
    /// All that was asked.
    asked: Vec<ToWorker>,
    subject: Subject,
    follow_key: Option<String>,
    /// Ends of the windows still to be shown, and whether there is trouble in them.
    ahead: VecDeque<(u64, bool)>,
    shown: (u64, bool),
    playhead_us: f64,
    speed: f64,
    now_ms: f64,
    panels_at_ms: f64,
    calm_since_ms: f64,
}

impl Viewer {
    fn open(what: Source) -> Self {
        let mut viewer = Viewer {
            desk: Desk::default(),
            heard: Heard::default(),
            asked: Vec::new(),
            subject: Subject::Cluster,
            follow_key: None,
            ahead: VecDeque::new(),
            shown: (0, false),
            playhead_us: 0.0,
            speed: pace::CALM,
            now_ms: 0.0,
            panels_at_ms: f64::NEG_INFINITY,
            calm_since_ms: 0.0,
        };
        Desk::ready(&mut viewer.heard);
        viewer.say(ToWorker::Open { what, at_us: None });
        let opened = viewer.heard.opened.clone().expect("what ships can be opened");
        (viewer.subject, viewer.follow_key) = (opened.select, opened.follow_key);
        (viewer.shown, viewer.playhead_us) = ((opened.at_us, false), opened.at_us as f64);
        viewer.ask(opened.at_us, opened.at_us);
        viewer
    }

    fn say(&mut self, message: ToWorker) {
        self.asked.push(message.clone());
        self.desk.hear(message, &mut self.heard);
    }

    fn ask(&mut self, from_us: u64, to_us: u64) {
        let options = FrameOptions {
            cells_per_lane: CELLS_PER_LANE,
            follow_key: self.follow_key.clone(),
            internal_topics: false,
            flights: true,
        };
        self.say(ToWorker::Advance { from_us, to_us, options });
        self.ahead.push_back((to_us, pace::is_trouble(&self.heard.newest)));
    }

    fn animation_frame(&mut self) {
        self.now_ms += ANIMATION_MS;
        self.speed = pace::ease(self.speed, pace::story(self.around()));
        let newest_us = self.ahead.back().unwrap_or(&self.shown).0;
        self.playhead_us = (self.playhead_us + ANIMATION_MS * 1_000.0 * self.speed).min(newest_us as f64);
        while let Some(&next) = self.ahead.front().filter(|_| self.shown.0 as f64 <= self.playhead_us) {
            self.shown = next;
            self.ahead.pop_front();
        }
        if self.ahead.len() < pace::WINDOWS_AHEAD {
            self.ask(newest_us, pace::window_end(newest_us, self.speed));
        }
        if self.now_ms - self.panels_at_ms > pace::PANELS_MS {
            self.panels_at_ms = self.now_ms;
            self.say(ToWorker::Details { subject: self.subject });
        }
    }

    fn around(&mut self) -> Around {
        let nearest = Nearest::of(&self.heard.story, &[], self.subject, self.playhead_us);
        let mut around = Around { nearest, trouble: self.shown.1, ..Around::default() };
        if around.is_eventful() {
            self.calm_since_ms = self.now_ms;
        }
        around.calm_s = (self.now_ms - self.calm_since_ms) / 1_000.0;
        around
    }
}
