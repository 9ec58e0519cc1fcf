//! Messages under way around the moment a session stands at, for the stage.
use crate::kernel::SimTime;
use crate::world::{Sent, World};

/// Never more than this many: beyond it the oldest are dropped, and nobody could tell them apart.
const MOST: usize = 20_000;

/// The messages sent since collecting began, and those under way when it did.
#[derive(Clone, Debug, Default)]
pub(super) struct Flights {
    seen: Vec<Sent>,
    collecting: bool,
}

impl Flights {
    /// Begins to collect, if it does not yet: what is under way is taken from the world.
    #[inline]
    pub fn begin(&mut self, world: &mut World) {
        if !self.collecting {
            self.collecting = true;
            world.set_tracing(true);
            self.seen = world.under_way();
        }
    }

    /// Takes what the last event sent.
    #[inline]
    pub fn collect(&mut self, world: &mut World) {
        if world.flights.is_empty() {
            return;
        }
        for sent in world.flights.drain(..) {
            // A message that a cut held goes on its way: the same message again, with its arrival.
            let held =
                self.seen.iter_mut().rev().find(|other| other.end == SimTime::NEVER && other.id == sent.id);
            match held {
                Some(held) => *held = sent,
                None => self.seen.push(sent),
            }
        }
        if self.seen.len() > MOST {
            self.seen.drain(..MOST / 2);
        }
    }

    pub fn forget(&mut self) {
        *self = Flights::default();
    }

    /// Forgets what arrived before `time`.
    pub fn forget_before(&mut self, time: SimTime) {
        self.seen.retain(|sent| sent.end >= time);
    }

    pub fn all(&self) -> &[Sent] {
        &self.seen
    }

    pub fn next_arrival_after(&self, time: SimTime) -> Option<SimTime> {
        let ends = self.seen.iter().map(|sent| sent.end);
        ends.filter(|&end| end > time && end != SimTime::NEVER).min()
    }

    pub fn last_change_before(&self, time: SimTime) -> Option<SimTime> {
        let moments = self.seen.iter().flat_map(|sent| [sent.start, sent.end]);
        moments.filter(|&moment| moment < time).max()
    }
}
