//! A run one can move through: play, seek both ways, act, undo.
use super::asker::Asker;
use super::checkpoints::{Checkpoints, Moment};
use super::flights::Flights;
use super::follower::Follower;
use super::future::Future;
use super::just_changed::JustChanged;
use crate::kernel::SimTime;
use crate::log::TypedRecord;
use crate::metadata::{BrokerId, TopicPartition};
use crate::observe::chain::Chain;
use crate::observe::follow::{RecordId, Wanted};
use crate::observe::life::{Life, Pick, RecordRow};
use crate::observe::metrics_table::MetricsTable;
use crate::observe::question::Question;
use crate::observe::report::{
    AuditReport, Description, Inspection, Names, StoryLine, Subject, Summary, Timeline,
};
use crate::observe::view::{Frame, FrameOptions};
use crate::observe::{Journal, NameBook, Observers, describe, frame, inspect, orders, records};
use crate::scenario::{Command, CommandError, Scenario, TimedCommand};
use crate::trace::Fact;
use crate::wire::CONTROLLER;
use crate::world::World;

/// Logs of one run may hold this much, bytes: beyond it the run pauses.
const LOG_MEMORY_LIMIT_BYTES: u64 = 256 << 20;
/// How often, in events, the memory of the logs is looked at.
const MEMORY_LOOK_EVENTS: u64 = 4_096;
/// Messages are collected for the stage from this long before the moment a jump goes to, microseconds.
const TRACED_LEAD_US: u64 = 200_000;
/// A step is looked for among so many events.
const STEP_EVENTS: u32 = 2_000;
/// An event is looked for so far ahead, microseconds.
const EVENT_AHEAD_US: u64 = 30_000_000;
/// How far it runs on between two looks for an event, microseconds.
const LOOK_EVERY_US: u64 = 500_000;
/// Lines of the story from this weight on are events that a person steps to: those that the page's caption tells.
const EVENT_WEIGHT: u8 = 2;
/// Records of a partition offered to be followed.
const NEWEST_RECORDS: u32 = 8;

/// A run: `run(scenario, seed, commands)`, known up to some moment, standing at some moment.
#[derive(Clone, Debug)]
pub struct Session {
    seed: u64,
    pub(super) commands: Vec<TimedCommand>,
    /// Commands taken back, the last one last.
    pub(super) undone: Vec<TimedCommand>,
    pub(super) other_future: Option<Future>,
    at: Moment,
    checkpoints: Checkpoints,
    /// Story, markers, series: written once, when a moment is simulated for the first time.
    journal: Journal,
    /// Up to when the journal is written, and for how many commands.
    journaled_until: SimTime,
    commands_journaled: usize,
    known_until: SimTime,
    flights: Flights,
    names: NameBook,
    just_changed: JustChanged,
    follower: Option<Box<Follower>>,
    asker: Option<Box<Asker>>,
    log_memory_limit_bytes: u64,
    /// Whether the stage wants messages in flight.
    watched: bool,
}

/// How far a move came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It stands where it was to go.
    Arrived,
    /// The events allowed were handled before it arrived.
    OnTheWay,
    /// The logs hold all the memory a run may have: it goes no further.
    MemoryFull,
}

impl Session {
    /// A run at its beginning. The scenario's own timeline is part of the scenario, not of `commands`.
    pub fn open(scenario: Scenario, seed: u64, mut commands: Vec<TimedCommand>) -> Self {
        commands.sort_by_key(|command| command.at);
        let world = World::new(&scenario, seed);
        let at = Moment { observers: Observers::new(&world), world, commands_done: 0 };
        Session {
            seed,
            commands,
            undone: Vec::new(),
            other_future: None,
            journal: Journal::default(),
            journaled_until: SimTime::ZERO,
            commands_journaled: 0,
            known_until: SimTime::ZERO,
            checkpoints: Checkpoints::new(&at),
            flights: Flights::default(),
            names: NameBook::new(),
            just_changed: JustChanged::default(),
            follower: None,
            asker: None,
            log_memory_limit_bytes: LOG_MEMORY_LIMIT_BYTES,
            watched: false,
            at,
        }
    }

    /// Moves towards `to`, forward or back, handling at most `max_events` events.
    pub fn advance(&mut self, to: SimTime, max_events: u64) -> Progress {
        if to < self.now() {
            self.go_back(to);
        } else {
            self.jump_ahead(to);
        }
        let mut left = max_events;
        loop {
            let command = self.commands.get(self.at.commands_done);
            let stop = command.map_or(to, |command| command.at.min(to));
            match self.run(stop, to, &mut left) {
                Progress::Arrived => {}
                other => return other,
            }
            if self.commands.get(self.at.commands_done).is_none_or(|command| command.at > to) {
                return Progress::Arrived;
            }
            self.do_next_command();
        }
    }

    /// Handles the events up to `stop`; `to` is where the move ends.
    fn run(&mut self, stop: SimTime, to: SimTime, left: &mut u64) -> Progress {
        let trace_from = SimTime(to.0.saturating_sub(TRACED_LEAD_US));
        while let Some(next) = self.at.world.next_event_time().filter(|&next| next <= stop) {
            // A pause stands between two moments, never inside one.
            if next > self.now() && *left == 0 {
                self.mark_known(self.now());
                return Progress::OnTheWay;
            }
            if self.at.world.events().is_multiple_of(MEMORY_LOOK_EVENTS) && self.is_memory_full() {
                self.mark_known(self.now());
                return Progress::MemoryFull;
            }
            *left = left.saturating_sub(1);
            if self.watched && next >= trace_from {
                self.flights.begin(&mut self.at.world);
            }
            self.at.world.step();
            self.observe(self.now() > self.journaled_until);
            self.checkpoints.offer(&self.at);
        }
        self.at.world.settle_at(stop);
        self.mark_known(stop);
        Progress::Arrived
    }

    fn mark_known(&mut self, time: SimTime) {
        self.known_until = self.known_until.max(time);
        self.journaled_until = self.journaled_until.max(time);
    }

    /// Lets observers see what the last event did, and the journal, if it happened for the first time.
    fn observe(&mut self, first_time: bool) {
        let Moment { world, observers, .. } = &mut self.at;
        let mut facts = std::mem::take(&mut world.facts);
        observers.after_event(world, &facts, first_time.then_some(&mut self.journal));
        facts.clear();
        world.facts = facts;
        self.flights.collect(world);
    }

    /// Carries out the next of the commands it was opened with, or did before.
    fn do_next_command(&mut self) {
        let command = self.commands[self.at.commands_done].command.clone();
        if let Err(error) = self.at.world.apply(&command) {
            // As with one of the timeline: it changes nothing, and the story says why.
            let fact = Fact::CommandDone { text: orders::not_done(&command, &error) };
            self.at.world.facts.push((CONTROLLER, fact));
        }
        self.command_done();
    }

    fn command_done(&mut self) {
        let first_time = self.at.commands_done >= self.commands_journaled;
        self.at.commands_done += 1;
        self.commands_journaled = self.commands_journaled.max(self.at.commands_done);
        self.observe(first_time);
    }

    fn is_memory_full(&self) -> bool {
        self.at.world.log_memory_bytes() > self.log_memory_limit_bytes
    }

    fn go_back(&mut self, to: SimTime) {
        self.restore(SimTime(to.0.saturating_sub(TRACED_LEAD_US)));
    }

    /// Skips what is known, if a checkpoint lies further on the way.
    fn jump_ahead(&mut self, to: SimTime) {
        let traced_from = SimTime(to.0.saturating_sub(TRACED_LEAD_US));
        if self.checkpoints.latest(traced_from).world.now() > self.now() {
            self.restore(traced_from);
        }
    }

    fn restore(&mut self, at_most: SimTime) {
        self.at = self.checkpoints.latest(at_most).clone();
        self.flights.forget();
    }

    /// Where it stands.
    pub fn now(&self) -> SimTime {
        self.at.world.now()
    }

    /// How far the run was ever simulated under the present commands.
    pub fn known_until(&self) -> SimTime {
        self.known_until
    }

    /// Why a run that is [`Progress::MemoryFull`] goes no further, and what to do: one sentence.
    pub fn memory_sentence(&self) -> String {
        format!(
            "The logs hold {} MiB, all this page may use: shorten retention.ms or lower the rate, or go back in time.",
            self.at.world.log_memory_bytes() >> 20
        )
    }

    /// When the next (or, for `back`, the last) thing a person would step to happens: a message leaving or arriving.
    pub fn step_time(&mut self, back: bool) -> Option<SimTime> {
        let now = self.now();
        if back {
            let seen = self.flights.last_change_before(now);
            return seen.or_else(|| (now > SimTime::ZERO).then(|| SimTime(now.0.saturating_sub(1_000))));
        }
        let mut ahead = self.at.world.clone();
        ahead.set_tracing(true);
        ahead.flights.clear();
        let arrival = self.flights.next_arrival_after(now);
        for _ in 0..STEP_EVENTS {
            let next = ahead.next_event_time()?;
            if arrival.is_some_and(|arrival| arrival <= next) {
                return arrival;
            }
            ahead.step();
            if !ahead.flights.is_empty() {
                return Some(ahead.now());
            }
        }
        Some(ahead.now())
    }

    /// When the next (or, for `back`, the last) event of the story happens. What is not known yet is run, up to 30 s;
    /// it then stands elsewhere.
    pub fn event_time(&mut self, back: bool) -> Option<SimTime> {
        let now = self.now();
        let times = |journal: &Journal| {
            let lines = journal.story(0).into_iter().filter(|line| line.weight >= EVENT_WEIGHT);
            lines.map(|line| SimTime(line.time_us)).collect::<Vec<_>>()
        };
        if back {
            return times(&self.journal).into_iter().rev().find(|&time| time < now);
        }
        let last = now.plus_us(EVENT_AHEAD_US);
        loop {
            if let Some(time) = times(&self.journal).into_iter().find(|&time| time > now) {
                return Some(time);
            }
            let to = self.now().plus_us(LOOK_EVERY_US);
            if to > last || self.advance(to, u64::MAX) != Progress::Arrived {
                return None;
            }
        }
    }

    /// The window from `from` to the moment it stands at.
    pub fn frame(&mut self, from: SimTime, options: &FrameOptions) -> Frame {
        self.watched = options.flights;
        if options.flights {
            self.flights.begin(&mut self.at.world);
        } else {
            self.at.world.set_tracing(false);
            self.flights.forget();
        }
        self.flights.forget_before(from);
        let Moment { world, observers, .. } = &self.at;
        let flights = self.flights.all();
        let story_len = self.journal.story_len();
        frame::build(world, observers, flights, from, self.known_until, story_len, &mut self.names, options)
    }

    /// Acts at the moment it stands at: what was known beyond is forgotten. What had been done beyond it, or was taken
    /// back, is kept as the other future ([`Session::switch_future`]).
    ///
    /// # Errors
    /// The command cannot be done now; nothing changed.
    pub fn act(&mut self, command: Command) -> Result<(), CommandError> {
        self.act_before(SimTime::ZERO, command)
    }

    /// As [`Session::act`]; and if somebody has seen this future up to a later moment, it is kept even if nothing was
    /// done in it.
    ///
    /// # Errors
    /// The command cannot be done now; nothing changed.
    pub fn act_before(&mut self, seen_until: SimTime, command: Command) -> Result<(), CommandError> {
        let future = self.whole_future();
        let is_past = seen_until > self.now() || future.commands.len() > self.at.commands_done;
        self.act_again(command)?;
        self.undone.clear();
        if is_past {
            self.keep_future(future);
        }
        Ok(())
    }

    fn act_again(&mut self, command: Command) -> Result<(), CommandError> {
        let now = self.now();
        self.at.world.apply(&command)?;
        self.commands.truncate(self.at.commands_done);
        self.forget_after(now, self.commands.len());
        self.commands.push(TimedCommand { at: now, command });
        self.command_done();
        Ok(())
    }

    /// What is known beyond `time` and the first `commands` is not true any more.
    fn forget_after(&mut self, time: SimTime, commands: usize) {
        self.journal.forget_after(time);
        self.checkpoints.forget_after(time, commands);
        self.known_until = self.known_until.min(time);
        self.journaled_until = self.journaled_until.min(time);
        self.commands_journaled = self.commands_journaled.min(commands);
        if let Some(follower) = &mut self.follower {
            follower.forget_after(time, commands, &self.checkpoints);
        }
        self.asker = self.asker.take().filter(|asker| asker.is_true_until(time));
        let all = self.all_commands(commands);
        if let Some(asker) = &mut self.asker {
            asker.forget_after(time, commands, all, &self.checkpoints);
        }
    }

    /// Takes the last live command back and returns to its moment.
    pub fn undo(&mut self) -> Option<TimedCommand> {
        let taken = self.commands.last()?.clone();
        self.return_to(taken.at, self.commands.len() - 1);
        self.undone.push(taken.clone());
        self.advance(taken.at, u64::MAX);
        Some(taken)
    }

    /// Forgets all but the first `commands` of the commands, and what is known from `time` on, when the next was done.
    pub(super) fn return_to(&mut self, time: SimTime, commands: usize) {
        self.commands.truncate(commands);
        self.checkpoints.forget_after(time, commands);
        self.restore(time);
        // That moment is written again, without the command.
        let earlier_commands = self.commands.partition_point(|command| command.at < time);
        self.forget_after(SimTime(time.0.saturating_sub(1)), earlier_commands);
    }

    /// Does the command last taken back again.
    pub fn redo(&mut self) -> Option<TimedCommand> {
        let again = self.undone.pop()?;
        self.advance(again.at, u64::MAX);
        self.act_again(again.command.clone()).ok()?;
        Some(again)
    }

    /// The live commands.
    pub fn commands(&self) -> &[TimedCommand] {
        &self.commands
    }

    /// Whether [`Session::redo`] has something to do.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }

    /// What it was opened with.
    pub fn scenario(&self) -> (&Scenario, u64) {
        (self.at.world.scenario(), self.seed)
    }

    /// Events handled from the beginning to the moment it stands at.
    pub fn events(&self) -> u64 {
        self.at.world.events()
    }

    /// The digest at the moment it stands at.
    pub fn digest(&self) -> u64 {
        self.at.world.digest()
    }

    /// The world at the moment it stands at.
    pub fn world(&self) -> &World {
        &self.at.world
    }

    /// The names behind the numbers.
    pub fn names(&mut self) -> Names {
        self.names.names(&self.at.world)
    }

    /// The story up to what is known, from its `from`-th line on.
    pub fn story(&self, from: u32) -> Vec<StoryLine> {
        self.journal.story(from)
    }

    /// Everything about one subject at the moment it stands at.
    pub fn inspect(&mut self, subject: Subject) -> Inspection {
        let mut found = inspect::inspect(&self.at.world, &self.at.observers, subject);
        self.just_changed.mark(self.at.world.now(), &mut found);
        found
    }

    /// The audit up to the moment it stands at.
    pub fn audit(&self) -> AuditReport {
        self.at.observers.audit(&self.at.world)
    }

    /// Markers of the whole run, and the bands of one subject, over all time known.
    pub fn timeline(&self, of: Subject) -> Timeline {
        self.journal.timeline(&self.at.world, of, self.known_until)
    }

    /// The metrics over all time known, and the lag of each partition that concerns a subject.
    pub fn metrics(&self, of: Subject) -> MetricsTable {
        self.journal.metrics(&self.at.world, of)
    }

    /// Tells one table of metrics from another: how often more was changed than rows added, and how many there are.
    pub fn metrics_state(&self) -> (u32, u32) {
        self.journal.metrics_state()
    }

    /// The run in figures, from the end of the warm-up to the moment it stands at.
    pub fn summary(&self) -> Summary {
        self.at.observers.summary(&self.at.world, self.seed)
    }

    /// Topics and groups as Kafka's own tools describe them, at the moment it stands at.
    pub fn describe(&self) -> Description {
        describe::describe(&self.at.world)
    }

    /// Begins to follow a record through the run: [`Session::follow_on`] then looks for what happens to it.
    ///
    /// # Errors
    /// There is no such record: a sentence. What was followed before still is.
    pub fn follow(&mut self, pick: Pick) -> Result<(), String> {
        let (wanted, created) = match pick {
            Pick::Offset { partition, broker, offset } => self
                .record_at(partition, broker, offset)
                .ok_or_else(|| format!("No record stands at offset {offset} any more: nothing to follow."))?,
            Pick::LastTyped => {
                self.last_typed().ok_or("No record was typed: send one, then follow it.".to_owned())?
            }
        };
        self.follower = Some(Box::new(Follower::new(wanted, created, &self.checkpoints)));
        Ok(())
    }

    /// Begins to follow a record that the audit named, in the words of its finding (`picks`): no log need have it any more.
    ///
    /// # Errors
    /// The words name no record: a sentence. What was followed before still is.
    pub fn follow_found(&mut self, words: &str) -> Result<(), String> {
        let (id, created) =
            RecordId::read(words).ok_or("No producer sent this record: nothing to follow.".to_owned())?;
        self.follower = Some(Box::new(Follower::new(Wanted::Known(id), created, &self.checkpoints)));
        Ok(())
    }

    fn record_at(&self, partition: u32, broker: u32, offset: u64) -> Option<(Wanted, SimTime)> {
        let partition = TopicPartition(partition);
        let (id, created) = RecordId::at(&self.at.world, BrokerId(broker), partition, offset)?;
        Some((Wanted::Known(id), created))
    }

    /// The record of the last `send` among the commands.
    fn last_typed(&self) -> Option<(Wanted, SimTime)> {
        let is_send = |timed: &&TimedCommand| matches!(timed.command, Command::SendRecord { .. });
        let last = self.commands.iter().rev().find(is_send)?;
        let Command::SendRecord { producer, key, value } = &last.command else { return None };
        let world = &self.at.world;
        let at = (0..world.producer_count()).find(|&at| *world.producer_spec(at).client_id == **producer)?;
        let equal = self.commands.iter().filter(|other| **other == *last).count();
        let record = TypedRecord { key: key.clone(), value: value.clone() };
        let skip = equal.saturating_sub(1) as u32;
        Some((Wanted::Typed { producer: at, record, from: last.at, skip }, last.at))
    }

    /// Looks on for the record that is followed, at most `max_events` events; true if there is more to do.
    pub fn follow_on(&mut self, max_events: u64) -> bool {
        let (commands, until) = (&self.commands, self.known_until);
        self.follower.as_mut().is_some_and(|follower| follower.go_on(commands, until, max_events))
    }

    /// The life of the record that is followed, as far as it was looked for.
    pub fn life(&self) -> Option<Life> {
        self.follower.as_ref().map(|follower| follower.life())
    }

    /// Follows no record any more.
    pub fn unfollow(&mut self) {
        self.follower = None;
    }

    /// Asks why something happened, in the words that a line of the story or a finding carries (`ask`): [`Session::why_on`]
    /// then looks for the chain of causes.
    ///
    /// # Errors
    /// It asks of nothing in this run: a sentence. What was asked before still is.
    pub fn why(&mut self, ask: &str) -> Result<(), String> {
        let question = Question::read(ask, &self.at.world)?;
        let commands = self.all_commands(self.commands.len());
        self.asker = Some(Box::new(Asker::new(question, commands, &self.checkpoints)));
        Ok(())
    }

    /// The scenario's commands and the first `count` of the person's, in order.
    fn all_commands(&self, count: usize) -> Vec<TimedCommand> {
        let own = self.commands.iter().take(count);
        let mut all: Vec<TimedCommand> =
            self.at.world.scenario().timeline.iter().chain(own).cloned().collect();
        all.sort_by_key(|timed| timed.at);
        all
    }

    /// Looks on for what was asked, at most `max_events` events; true if there is more to do.
    pub fn why_on(&mut self, max_events: u64) -> bool {
        let (commands, until) = (&self.commands, self.known_until);
        let asker = self.asker.as_mut();
        asker.is_some_and(|asker| asker.go_on(commands, until, max_events, &self.checkpoints))
    }

    /// The chain of causes of what was asked, as far as it was looked for.
    pub fn chain(&self) -> Option<Chain> {
        self.asker.as_ref().map(|asker| asker.chain())
    }

    /// Asks nothing any more.
    pub fn why_no_more(&mut self) {
        self.asker = None;
    }

    /// The newest records of a partition or a replica at the moment it stands at.
    pub fn newest_records(&self, of: Subject) -> Vec<RecordRow> {
        records::newest(&self.at.world, of, NEWEST_RECORDS)
    }
}
