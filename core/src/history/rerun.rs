//! A second run beside the session's, traced, from a checkpoint on: it does what the first did, and tells all of it.
use super::checkpoints::{Checkpoints, Moment};
use crate::kernel::SimTime;
use crate::observe::Observers;
use crate::scenario::TimedCommand;
use crate::trace::Fact;
use crate::wire::NodeId;
use crate::world::{Sent, World};

/// The second run at one moment.
#[derive(Clone, Debug)]
pub(super) struct Rerun {
    at: Moment,
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// There is no more of the run for now.
    CaughtUp,
    /// The events allowed were handled before that.
    OnTheWay,
    /// The watcher has seen enough.
    Enough,
}

impl Rerun {
    /// Begins at the latest checkpoint that is not after `at_most`.
    pub fn new(checkpoints: &Checkpoints, at_most: SimTime) -> Self {
        let mut at = checkpoints.latest(at_most).clone();
        at.world.set_tracing(true);
        at.world.flights.clear();
        Rerun { at }
    }

    /// The world it stands at.
    pub fn world(&self) -> &World {
        &self.at.world
    }

    /// Whether it went beyond what is still true: `time`, and the first `commands`.
    pub fn is_beyond(&self, time: SimTime, commands: usize) -> bool {
        self.at.world.now() > time || self.at.commands_done > commands
    }

    /// Goes on up to `until`, at most `left` events, and shows `see` what each did; `see` says whether to go on.
    pub fn go_on(
        &mut self,
        commands: &[TimedCommand],
        until: SimTime,
        left: &mut u64,
        mut see: impl FnMut(&World, &Observers, &[(NodeId, Fact)], &[Sent]) -> bool,
    ) -> Went {
        loop {
            let command = commands.get(self.at.commands_done).filter(|command| command.at <= until);
            let stop = command.map_or(until, |command| command.at);
            while self.at.world.next_event_time().is_some_and(|next| next <= stop) {
                if *left == 0 {
                    return Went::OnTheWay;
                }
                *left -= 1;
                self.at.world.step();
                if !self.show(&mut see) {
                    return Went::Enough;
                }
            }
            // What it was told to look through may end before where it stands.
            if stop > self.at.world.now() {
                self.at.world.settle_at(stop);
            }
            let Some(command) = command else { return Went::CaughtUp };
            // One that cannot be done changes nothing, as in the session itself.
            let _ = self.at.world.apply(&command.command);
            self.at.commands_done += 1;
            if !self.show(&mut see) {
                return Went::Enough;
            }
        }
    }

    fn show(&mut self, see: &mut impl FnMut(&World, &Observers, &[(NodeId, Fact)], &[Sent]) -> bool) -> bool {
        let Moment { world, observers, .. } = &mut self.at;
        let mut facts = std::mem::take(&mut world.facts);
        observers.after_event(world, &facts, None);
        let goes_on = see(world, observers, &facts, &world.flights);
        facts.clear();
        world.facts = facts;
        world.flights.clear();
        goes_on
    }
}
