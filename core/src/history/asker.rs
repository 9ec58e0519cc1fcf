//! A "why" asked of a run: a second run beside the session's, from before the causes. Where they begin is known only when
//! the event is reached, so it may begin again from further back.
use super::checkpoints::Checkpoints;
use super::rerun::{Rerun, Went};
use crate::kernel::SimTime;
use crate::observe::chain::Chain;
use crate::observe::question::Question;
use crate::observe::why::{Wants, Why};
use crate::scenario::TimedCommand;

/// It begins at least this long before the event, microseconds: longer than a broker's or a member's session lasts.
const BEFORE_US: u64 = 15_000_000;
/// How often it begins again from further back.
const AGAIN_MOST: u32 = 8;
/// Events looked through at most.
const EVENTS_MOST: u64 = 20_000_000;

/// A question, and how far the answer is.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    question: Question,
    /// The scenario's commands and the person's, in order.
    commands: Vec<TimedCommand>,
    rerun: Rerun,
    why: Why,
    again: u32,
    events_left: u64,
    caught_up: bool,
}

impl Asker {
    pub fn new(question: Question, commands: Vec<TimedCommand>, checkpoints: &Checkpoints) -> Self {
        let rerun = Rerun::new(checkpoints, SimTime(question.at.0.saturating_sub(BEFORE_US)));
        let why = Why::new(question, None, commands.clone(), rerun.world());
        Asker { question, commands, rerun, why, again: 0, events_left: EVENTS_MOST, caught_up: false }
    }

    /// Whether it is about something that is still true when all after `time` is forgotten.
    pub fn is_true_until(&self, time: SimTime) -> bool {
        self.question.at <= time
    }

    /// Begins again if it went beyond what is still true: `time`, and the first `done` commands, all of which are `commands`.
    pub fn forget_after(
        &mut self,
        time: SimTime,
        done: usize,
        commands: Vec<TimedCommand>,
        checkpoints: &Checkpoints,
    ) {
        if self.rerun.is_beyond(time, done) {
            *self = Asker::new(self.question, commands, checkpoints);
        }
        self.caught_up = false;
    }

    /// Looks through what is known of the run, at most `max_events` events; true if there is more to do.
    pub fn go_on(
        &mut self,
        commands: &[TimedCommand],
        until: SimTime,
        max_events: u64,
        checkpoints: &Checkpoints,
    ) -> bool {
        let mut left = max_events.min(self.events_left);
        loop {
            if self.why.is_done() && self.why.wants().is_none() || self.events_left == 0 {
                self.caught_up = true;
                return false;
            }
            let before = left;
            let why = &mut self.why;
            let went = self.rerun.go_on(commands, until, &mut left, |world, observers, facts, sent| {
                why.see(world, observers, facts, sent);
                why.wants().is_none() && !why.is_done()
            });
            self.events_left = self.events_left.saturating_sub(before - left);
            match (went, self.why.wants()) {
                (Went::Enough, Some(wants)) => self.begin_again(wants, checkpoints),
                (Went::OnTheWay, _) => {
                    self.caught_up = self.events_left == 0;
                    return !self.caught_up;
                }
                _ => {
                    self.caught_up = true;
                    return false;
                }
            }
        }
    }

    /// Looks again from further back, if that is possible; else what is known has to do.
    fn begin_again(&mut self, wants: Wants, checkpoints: &Checkpoints) {
        self.again += 1;
        let rerun = Rerun::new(checkpoints, wants.from);
        let earlier = rerun.world().now() < self.why.from();
        if self.again > AGAIN_MOST || !earlier && wants.record == self.why.record() {
            self.why.has_to_do();
            return;
        }
        let from_here = if earlier { wants.from } else { self.why.from() };
        self.rerun = Rerun::new(checkpoints, from_here);
        let record = wants.record.or(self.why.record());
        self.why = Why::new(self.question, record, self.commands.clone(), self.rerun.world());
    }

    /// The answer so far.
    pub fn chain(&self) -> Chain {
        let mut chain = self.why.chain();
        let now = self.rerun.world().now();
        if !self.caught_up {
            let to = self.question.at.max(now);
            chain.looking = format!("Running it again from {} s: {now} s of {to} s.", self.why.from());
        }
        chain
    }
}
