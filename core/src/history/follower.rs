//! One record followed through a run: a second run beside the session's, from before the record was sent.
use super::checkpoints::Checkpoints;
use super::rerun::{Rerun, Went};
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
    rerun: Rerun,
    follow: Follow,
    events_left: u64,
    /// It stands where there is no more to look through for now.
    caught_up: bool,
}

impl Follower {
    pub fn new(wanted: Wanted, created: SimTime, checkpoints: &Checkpoints) -> Self {
        let rerun = Rerun::new(checkpoints, SimTime(created.0.saturating_sub(1)));
        let follow = Follow::new(wanted.clone());
        Follower { wanted, created, rerun, follow, events_left: EVENTS_MOST, caught_up: false }
    }

    /// Begins again if it went beyond what is still true: `time`, and the first `commands`.
    pub fn forget_after(&mut self, time: SimTime, commands: usize, checkpoints: &Checkpoints) {
        if self.rerun.is_beyond(time, commands) {
            *self = Follower::new(self.wanted.clone(), self.created, checkpoints);
        }
        self.caught_up = false;
    }

    /// Looks through what is known of the run, at most `max_events` events; true if there is more to do.
    pub fn go_on(&mut self, commands: &[TimedCommand], until: SimTime, max_events: u64) -> bool {
        let Follower { rerun, follow, events_left, .. } = self;
        if *events_left == 0 {
            self.caught_up = true;
            return false;
        }
        let mut left = max_events;
        let went = rerun.go_on(commands, until, &mut left, |world, observers, facts, _| {
            follow.see(world, observers, facts);
            let most = if follow.is_settled() { EVENTS_AFTER } else { EVENTS_MOST };
            *events_left = (*events_left).min(most).saturating_sub(1);
            *events_left > 0
        });
        self.caught_up = went != Went::OnTheWay;
        !self.caught_up
    }

    /// What is known of the record.
    pub fn life(&self) -> Life {
        let mut life = self.follow.life().clone();
        life.known_until_us = self.rerun.world().now().0;
        life.looking = !self.caught_up;
        life
    }
}
