//! The worker's side: holds the session, does what the page asks, a slice at a time so that it always listens.
use super::answer;
use super::protocol::{Details, FromWorker, Opened, ShippedScenario, Source, ToWorker, VERSION};
use kafkarium_core::history::{Progress, Session};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::chain::Chain;
use kafkarium_core::observe::life::{Life, Pick};
use kafkarium_core::observe::report::Subject;
use kafkarium_core::observe::view::FrameOptions;
use kafkarium_core::observe::{frame_codec, in_trouble, prose, selection};
use kafkarium_core::scenario::{self, Command, TimedCommand};
use kafkarium_core::share::{self, Link, LinkScenario};

/// Events between two looks at the clock: about a millisecond.
const SLICE_EVENTS: u64 = 1_000;
/// Milliseconds the worker works before it listens again.
const LISTEN_MS: f64 = 12.0;
/// A move longer than this is told about, milliseconds.
const PROGRESS_MS: f64 = 400.0;

/// Milliseconds it looks on for a record that is followed before it listens again.
const FOLLOW_MS: f64 = 6.0;
/// How often it tells how far it has looked, milliseconds.
const FOLLOW_TOLD_MS: f64 = 250.0;

/// How the desk speaks: the worker's own doing, so that all of this also runs without a browser.
pub trait Voice {
    /// Sends a message.
    fn say(&mut self, message: FromWorker);
    /// Sends a frame.
    fn frame(&mut self, bytes: Vec<u8>);
    /// Milliseconds on a clock that only runs forward.
    fn clock_ms(&self) -> f64;
}

/// The session and what of it the page has seen.
#[derive(Default)]
pub struct Desk {
    open: Option<Open>,
    under_way: Option<Move>,
}

struct Open {
    session: Session,
    source: LinkScenario,
    names_sent: u32,
    story_sent: u32,
    /// What the page knows of the record followed, and since when.
    life_sent: Option<(Life, f64)>,
    /// What the page knows of the chain of causes asked for, and since when.
    chain_sent: Option<(Chain, f64)>,
    metrics_sent: Option<MetricsSent>,
}

/// What the page has of the metrics.
#[derive(Clone, Copy, PartialEq)]
struct MetricsSent {
    subject: Subject,
    /// It is worth nothing once this changes.
    rewritten: u32,
    rows: u32,
}

struct Move {
    from: SimTime,
    to: SimTime,
    options: FrameOptions,
    began_ms: f64,
    told_ms: f64,
}

impl Desk {
    /// Says hello.
    pub fn ready(voice: &mut impl Voice) {
        let shipped = scenario::shipped().iter().filter_map(|shipped| {
            let read = scenario::read(shipped.text).ok()?;
            Some(ShippedScenario {
                name: shipped.name.to_owned(),
                title: read.title,
                about: read.about,
                try_this: read.try_this,
            })
        });
        voice.say(FromWorker::Ready { version: VERSION, shipped: shipped.collect() });
    }

    /// Does what the page asks.
    pub fn hear(&mut self, message: ToWorker, voice: &mut impl Voice) {
        if let ToWorker::Open { what, at_us } = message {
            return self.open(&what, at_us, voice);
        }
        let Some(open) = &mut self.open else { return };
        if matches!(
            message,
            ToWorker::Act { .. } | ToWorker::Undo | ToWorker::Redo | ToWorker::SwitchFuture { .. }
        ) {
            self.under_way = None;
        }
        match message {
            ToWorker::Open { .. } => {}
            ToWorker::Advance { from_us, to_us, options } => {
                let began_ms = voice.clock_ms();
                let (from, to) = (SimTime(from_us), SimTime(to_us));
                self.under_way = Some(Move { from, to, options, began_ms, told_ms: began_ms });
                self.go(voice);
            }
            ToWorker::Act { at_us, command, seen_us } => {
                open.act(SimTime(at_us), &command, SimTime(seen_us), voice);
            }
            ToWorker::Undo => {
                let taken = open.session.undo();
                open.acted(taken.map(|taken| format!("Taken back: {}.", taken.command)), voice);
            }
            ToWorker::Redo => {
                let again = open.session.redo();
                open.acted(again.map(|again| format!("Done again: {}.", again.command)), voice);
            }
            ToWorker::SwitchFuture { at_us } => open.switch_future(SimTime(at_us), voice),
            ToWorker::Step { back, event } => {
                let session = &mut open.session;
                let time = if event { session.event_time(back) } else { session.step_time(back) };
                voice.say(FromWorker::Stepped(time.map(|time| time.0)));
            }
            ToWorker::Details { subject } => {
                voice.say(FromWorker::Details(Box::new(open.details(subject))));
                open.tell_metrics(subject, voice);
            }
            ToWorker::Follow { at_us, pick } => open.follow(SimTime(at_us), pick, voice),
            ToWorker::FollowFound(words) => {
                open.life_sent = None;
                let found = open.session.follow_found(&words);
                open.found(found, voice);
            }
            ToWorker::Why(ask) => open.why(&ask, voice),
            ToWorker::Describe { at_us } => {
                if let Some(at_us) = at_us {
                    open.session.advance(SimTime(at_us), u64::MAX);
                }
                voice.say(FromWorker::Described(open.session.describe()));
            }
            ToWorker::Link { at_us, subject } => {
                let link = open.link(SimTime(at_us), subject);
                voice.say(FromWorker::Link(share::encode(&link).map_err(|error| error.to_string())));
            }
            ToWorker::WriteStory => {
                let mut story = open.session.story(0);
                prose::retain_told(&mut story, open.session.scenario().0.warm_up);
                voice.say(FromWorker::Written(open.titled(prose::story(&story, |_| String::new()))));
            }
            ToWorker::WriteLife => {
                let life = open.session.life().map_or_else(String::new, |life| prose::life(&life));
                voice.say(FromWorker::Written(open.titled(life)));
            }
        }
    }

    /// Goes on with the move under way, then with the record followed, then with what was asked; true if there is more to
    /// do.
    pub fn work(&mut self, voice: &mut impl Voice) -> bool {
        self.go(voice) || self.open.as_mut().is_some_and(|open| open.follow_on(voice) || open.why_on(voice))
    }

    fn go(&mut self, voice: &mut impl Voice) -> bool {
        let (Some(open), Some(going)) = (&mut self.open, &mut self.under_way) else { return false };
        let listen_at = voice.clock_ms() + LISTEN_MS;
        loop {
            match open.session.advance(going.to, SLICE_EVENTS) {
                Progress::Arrived => break,
                Progress::MemoryFull => {
                    voice.say(FromWorker::MemoryFull(open.session.memory_sentence()));
                    break;
                }
                Progress::OnTheWay if voice.clock_ms() < listen_at => {}
                Progress::OnTheWay => {
                    going.tell(open.session.now(), voice);
                    return true;
                }
            }
        }
        let Some(going) = self.under_way.take() else { return false };
        open.show(&going, voice);
        false
    }

    fn open(&mut self, what: &Source, at_us: Option<u64>, voice: &mut impl Voice) {
        match read(what) {
            Ok(link) => {
                self.under_way = None;
                let mut open = match Open::new(&link) {
                    Ok(open) => open,
                    Err(sentences) => return voice.say(FromWorker::Refused(sentences)),
                };
                let opened = open.opened(&link, at_us.map(SimTime));
                self.open = Some(open);
                voice.say(FromWorker::Opened(Box::new(opened)));
            }
            Err(sentences) => voice.say(FromWorker::Refused(sentences)),
        }
    }
}

impl Move {
    fn tell(&mut self, now: SimTime, voice: &mut impl Voice) {
        let clock = voice.clock_ms();
        if clock - self.began_ms > PROGRESS_MS && clock - self.told_ms > PROGRESS_MS / 2.0 {
            self.told_ms = clock;
            voice.say(FromWorker::Progress { now_us: now.0, to_us: self.to.0 });
        }
    }
}

/// Another future in a sentence.
fn told(parts_at: SimTime, commands: &[TimedCommand]) -> String {
    const TOLD: usize = 3;
    let seconds = |time: SimTime| format!("{}.{:03} s", time.as_ms() / 1_000, time.as_ms() % 1_000);
    let mut parts: Vec<String> =
        commands.iter().take(TOLD).map(|done| format!("{} at {}", done.command, seconds(done.at))).collect();
    if parts.is_empty() {
        parts.push(format!("nothing done from {} on", seconds(parts_at)));
    }
    if commands.len() > TOLD {
        parts.push(format!("{} more", commands.len() - TOLD));
    }
    format!("The other future: {}.", parts.join(", "))
}

fn read(what: &Source) -> Result<Link, Vec<String>> {
    let first = scenario::shipped()[0].name;
    let of = |scenario| {
        Link::to(scenario).map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    match what {
        Source::Default => of(LinkScenario::Shipped(first.to_owned())),
        Source::Shipped(name) => of(LinkScenario::Shipped(name.clone())),
        Source::Text(text) => of(LinkScenario::Text(text.clone())),
        Source::Link(fragment) => share::decode(fragment).map_err(|error| vec![error.to_string()]),
    }
}

impl Open {
    fn new(link: &Link) -> Result<Self, Vec<String>> {
        let sentences =
            |errors: Vec<scenario::ScenarioError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        let read = link.read().map_err(sentences)?;
        let wrong = read.check_commands(&link.commands);
        if !wrong.is_empty() {
            return Err(wrong.iter().map(|(at, error)| format!("command {}: {error}", at + 1)).collect());
        }
        let session = Session::open(read, link.seed, link.commands.clone());
        Ok(Open {
            session,
            source: link.scenario.clone(),
            names_sent: 0,
            story_sent: 0,
            life_sent: None,
            chain_sent: None,
            metrics_sent: None,
        })
    }

    /// Moves to where the page begins.
    fn opened(&mut self, link: &Link, at: Option<SimTime>) -> Opened {
        let moment = at.unwrap_or(link.moment);
        self.session.advance(moment, u64::MAX);
        let differs = at.is_none() && link.digest.is_some_and(|digest| digest != self.session.digest());
        let (scenario, seed) = self.session.scenario();
        let hint = scenario.view.select.clone().unwrap_or_default();
        let text = if link.selection.is_empty() { &hint } else { &link.selection };
        let select = selection::read(self.session.world(), text).unwrap_or(Subject::Cluster);
        Opened {
            title: scenario.title.clone(),
            about: scenario.about.clone(),
            try_this: scenario.try_this.clone(),
            text: link.text().to_owned(),
            seed,
            at_us: moment.0,
            duration_us: scenario.duration.0,
            follow_key: scenario.view.follow_key.clone(),
            select,
            undoable: self.session.commands().len() as u32,
            differs,
            notes: scenario.notes.iter().map(ToString::to_string).collect(),
        }
    }

    fn act(&mut self, at: SimTime, text: &str, seen_until: SimTime, voice: &mut impl Voice) {
        let command: Command = match text.parse() {
            Ok(command) => command,
            Err(error) => return voice.say(FromWorker::NotDone(format!("{error}"))),
        };
        self.session.advance(at, u64::MAX);
        let mut sentence = format!("Done: {command}.");
        match self.session.act_before(seen_until, command) {
            Ok(()) => {
                if self.session.other_future().is_some_and(|(parts_at, _)| parts_at == self.session.now()) {
                    sentence.push_str(" The old future is kept.");
                }
                self.acted(Some(sentence), voice);
            }
            Err(error) => voice.say(FromWorker::NotDone(error.to_string())),
        }
    }

    fn switch_future(&mut self, at: SimTime, voice: &mut impl Voice) {
        self.session.advance(at, u64::MAX);
        if !self.session.switch_future() {
            let why = "There is no other future: a command in the past makes one, and keeps the old one.";
            return voice.say(FromWorker::NotDone(why.to_owned()));
        }
        self.acted(Some("This is the other future; the one you came from is kept.".to_owned()), voice);
    }

    fn acted(&mut self, sentence: Option<String>, voice: &mut impl Voice) {
        let Some(sentence) = sentence else {
            return voice.say(FromWorker::NotDone("There is nothing to take back or do again.".to_owned()));
        };
        self.story_sent = 0;
        voice.say(FromWorker::Acted {
            at_us: self.session.now().0,
            sentence,
            undoable: self.session.commands().len() as u32,
            redoable: self.session.can_redo(),
            other_future: self.session.other_future().map(|(parts_at, commands)| told(parts_at, commands)),
        });
    }

    /// Sends the frame of a finished move, and before it whatever it refers to.
    fn show(&mut self, going: &Move, voice: &mut impl Voice) {
        let frame = self.session.frame(going.from.min(self.session.now()), &going.options);
        if frame.names_version != self.names_sent {
            self.names_sent = frame.names_version;
            voice.say(FromWorker::Names(self.session.names()));
        }
        if frame.story_len != self.story_sent {
            let from = self.story_sent.min(frame.story_len);
            voice.say(FromWorker::Story { from, lines: self.session.story(from) });
            self.story_sent = frame.story_len;
        }
        voice.frame(frame_codec::encode(&frame));
    }

    fn details(&mut self, subject: Subject) -> Details {
        Details {
            inspection: self.session.inspect(subject),
            audit: self.session.audit(),
            timeline: self.session.timeline(subject),
            records: self.session.newest_records(subject),
            in_trouble: in_trouble(self.session.world()),
        }
    }

    fn follow(&mut self, at: SimTime, pick: Option<Pick>, voice: &mut impl Voice) {
        self.life_sent = None;
        let Some(pick) = pick else { return self.session.unfollow() };
        let mut found = self.session.follow(pick);
        if found.is_err() && at != self.session.now() {
            // It ran ahead of what the page shows.
            self.session.advance(at, u64::MAX);
            found = self.session.follow(pick);
        }
        self.found(found, voice);
    }

    /// Says so if there is no such record.
    fn found(&mut self, found: Result<(), String>, voice: &mut impl Voice) {
        if let Err(why) = found {
            self.session.unfollow();
            voice.say(FromWorker::Life(Box::new(Err(why))));
        }
    }

    /// Looks on for the record followed, and tells what is new; true if there is more to do.
    fn follow_on(&mut self, voice: &mut impl Voice) -> bool {
        let listen_at = voice.clock_ms() + FOLLOW_MS;
        while self.session.follow_on(SLICE_EVENTS) {
            if voice.clock_ms() >= listen_at {
                self.tell_life(voice);
                return true;
            }
        }
        self.tell_life(voice);
        false
    }

    fn tell_life(&mut self, voice: &mut impl Voice) {
        let Some(life) = self.session.life() else { return };
        let now = voice.clock_ms();
        let known = self.life_sent.as_ref().is_some_and(|(sent, told_ms)| {
            let same =
                sent.steps == life.steps && sent.sentence == life.sentence && sent.looking == life.looking;
            let same = same && sent.known_until_us <= life.known_until_us;
            sent == &life || same && now - told_ms < FOLLOW_TOLD_MS
        });
        if !known {
            self.life_sent = Some((life.clone(), now));
            voice.say(FromWorker::Life(Box::new(Ok(life))));
        }
    }

    fn why(&mut self, ask: &str, voice: &mut impl Voice) {
        self.chain_sent = None;
        self.session.why_no_more();
        if !ask.is_empty()
            && let Err(gap) = self.session.why(ask)
        {
            voice.say(FromWorker::Why(answer::written(&Chain { gap, ..Chain::default() })));
        }
    }

    /// Looks on for the causes asked for, and tells what is new; true if there is more to do.
    fn why_on(&mut self, voice: &mut impl Voice) -> bool {
        let listen_at = voice.clock_ms() + FOLLOW_MS;
        let mut more = true;
        while more && voice.clock_ms() < listen_at {
            more = self.session.why_on(SLICE_EVENTS);
        }
        self.tell_chain(more, voice);
        more
    }

    fn tell_chain(&mut self, more: bool, voice: &mut impl Voice) {
        let Some(chain) = self.session.chain() else { return };
        let now = voice.clock_ms();
        let known = self.chain_sent.as_ref().is_some_and(|(sent, told_ms)| {
            let same = (&sent.causes, &sent.after) == (&chain.causes, &chain.after);
            sent == &chain || same && more && now - told_ms < FOLLOW_TOLD_MS
        });
        if !known {
            voice.say(FromWorker::Why(answer::written(&chain)));
            self.chain_sent = Some((chain, now));
        }
    }

    /// Sends the metrics that the page does not have yet.
    fn tell_metrics(&mut self, subject: Subject, voice: &mut impl Voice) {
        let (rewritten, rows) = self.session.metrics_state();
        let now = MetricsSent { subject, rewritten, rows };
        if self.metrics_sent == Some(now) {
            return;
        }
        let known = self.metrics_sent.filter(|sent| MetricsSent { rows, ..*sent } == now);
        let from_row = known.map_or(0, |sent| sent.rows);
        self.metrics_sent = Some(now);
        voice.say(FromWorker::Metrics { from_row, table: self.session.metrics(subject).from_row(from_row) });
    }

    /// A text with the run's title above it; nothing of nothing.
    fn titled(&self, text: String) -> String {
        let (scenario, seed) = self.session.scenario();
        if text.is_empty() { text } else { format!("{} (seed {seed})\n\n{text}", scenario.title) }
    }

    fn link(&mut self, at: SimTime, subject: Subject) -> Link {
        self.session.advance(at, u64::MAX);
        Link {
            scenario: self.source.clone(),
            seed: self.session.scenario().1,
            commands: self.session.commands().iter().filter(|command| command.at <= at).cloned().collect(),
            moment: at,
            selection: selection::show(self.session.world(), subject),
            digest: Some(self.session.digest()),
        }
    }
}
