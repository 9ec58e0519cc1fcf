//! One record followed through a run: a second, traced run beside the session's, from before the record was sent.
use super::checkpoints::{Checkpoints, Moment};
use crate::kernel::SimTime;
use crate::observe::follow::{Follow, Wanted};
use crate::observe::life::Life;
use crate::scenario::TimedCommand;

/// Events looked through after nothing is awaited any more: what comes then seldom concerns the record.
const EVENTS_AFTER: u64 = 1_000_000;
/// Events looked through at most.
const EVENTS_MOST: u64 = 20_000_000;

/// A record being followed, and how far that came.
#[derive(Clone, Debug)]
pub(super) struct Follower {
    wanted: Wanted,
    /// When the record was created, or asked for.
    created: SimTime,
    at: Moment,
    follow: Follow,
    events_left: u64,
    /// It stands where there is no more to look through for now.
    caught_up: bool,
}

impl Follower {
    pub fn new(wanted: Wanted, created: SimTime, checkpoints: &Checkpoints) -> Self {
        let before = SimTime(created.0.saturating_sub(1));
        let mut at = checkpoints.latest(before).clone();
        at.world.set_tracing(true);
        let follow = Follow::new(wanted.clone());
        Follower { wanted, created, at, follow, events_left: EVENTS_MOST, caught_up: false }
    }

    /// Begins again if it went beyond what is still true: `time`, and the first `commands`.
    pub fn forget_after(&mut self, time: SimTime, commands: usize, checkpoints: &Checkpoints) {
        if self.at.world.now() > time || self.at.commands_done > commands {
            *self = Follower::new(self.wanted.clone(), self.created, checkpoints);
        }
        self.caught_up = false;
    }

    /// Looks through what is known of the run, at most `max_events` events; true if there is more to do.
    pub fn go_on(&mut self, commands: &[TimedCommand], until: SimTime, max_events: u64) -> bool {
        let mut left = max_events;
        self.caught_up = false;
        loop {
            let command = commands.get(self.at.commands_done).filter(|command| command.at <= until);
            let stop = command.map_or(until, |command| command.at);
            while self.at.world.next_event_time().is_some_and(|next| next <= stop) {
                if self.events_left == 0 {
                    self.caught_up = true;
                    return false;
                }
                if left == 0 {
                    return true;
                }
                left -= 1;
                self.at.world.step();
                self.see();
            }
            // What it was told to look through may end before where it stands.
            if stop > self.at.world.now() {
                self.at.world.settle_at(stop);
            }
            let Some(command) = command else {
                self.caught_up = true;
                return false;
            };
            // One that cannot be done changes nothing, as in the session itself.
            let _ = self.at.world.apply(&command.command);
            self.at.commands_done += 1;
            self.see();
        }
    }

    fn see(&mut self) {
        let Moment { world, observers, .. } = &mut self.at;
        let mut facts = std::mem::take(&mut world.facts);
        observers.after_event(world, &facts, None);
        self.follow.see(world, observers, &facts);
        facts.clear();
        world.facts = facts;
        world.flights.clear();
        let most = if self.follow.is_settled() { EVENTS_AFTER } else { EVENTS_MOST };
        self.events_left = self.events_left.min(most).saturating_sub(1);
    }

    /// What is known of the record.
    pub fn life(&self) -> Life {
        let mut life = self.follow.life().clone();
        life.known_until_us = self.at.world.now().0;
        life.looking = !self.caught_up;
        life
    }
}
