//! Copies of a run at moments of its past, few enough to stay within their memory.
use crate::kernel::SimTime;
use crate::observe::Observers;
use crate::world::World;
use std::collections::VecDeque;

/// Events between two checkpoints, as long as memory allows: a few milliseconds of work.
const EVENTS_APART: u64 = 20_000;
/// What all checkpoints of a run may hold together, bytes.
const MEMORY_LIMIT_BYTES: u64 = 96 << 20;

/// A run at one moment: the world, what observers know, and how many of the person's commands were done.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub world: World,
    pub observers: Observers,
    pub commands_done: usize,
}

/// The checkpoints of one run, oldest first; the first is its beginning.
#[derive(Clone, Debug)]
pub(super) struct Checkpoints {
    kept: VecDeque<(Moment, u64)>,
    events_apart: u64,
    memory_bytes: u64,
}

impl Checkpoints {
    pub fn new(beginning: &Moment) -> Self {
        let mut kept = VecDeque::new();
        kept.push_back((beginning.clone(), 0));
        Checkpoints { kept, events_apart: EVENTS_APART, memory_bytes: 0 }
    }

    /// Keeps a copy, if the last one is long enough ago and this moment lies beyond it.
    #[inline]
    pub fn offer(&mut self, at: &Moment) {
        let last = &self.kept.back().expect("the beginning is kept").0.world;
        if at.world.events() >= last.events() + self.events_apart && at.world.now() > last.now() {
            self.keep(at);
        }
    }

    fn keep(&mut self, at: &Moment) {
        // Events of the same microsecond may follow: a checkpoint stands between two moments, never inside one.
        if at.world.next_event_time().is_some_and(|next| next <= at.world.now()) {
            return;
        }
        let mut copy = at.clone();
        copy.world.set_tracing(false);
        let bytes = copy.world.own_bytes();
        self.memory_bytes += bytes;
        self.kept.push_back((copy, bytes));
        while self.memory_bytes > MEMORY_LIMIT_BYTES && self.kept.len() > 2 {
            self.thin_out();
        }
    }

    /// Drops every other one, and keeps them half as often from now on.
    fn thin_out(&mut self) {
        let mut at = 0;
        self.kept.retain(|_| {
            at += 1;
            at % 2 == 1
        });
        self.memory_bytes = self.kept.iter().map(|(_, bytes)| bytes).sum();
        self.events_apart *= 2;
    }

    /// The latest that is not after `at_most`.
    pub fn latest(&self, at_most: SimTime) -> &Moment {
        let fits = |moment: &&Moment| moment.world.now() <= at_most;
        let latest = self.kept.iter().rev().map(|(moment, _)| moment).find(fits);
        latest.unwrap_or(&self.kept[0].0)
    }

    /// Another future begins at `time`, after `commands_done` commands.
    pub fn forget_after(&mut self, time: SimTime, commands_done: usize) {
        while let Some((last, bytes)) = self.kept.back()
            && self.kept.len() > 1
            && (last.world.now() > time || last.commands_done > commands_done)
        {
            self.memory_bytes -= bytes;
            self.kept.pop_back();
        }
    }
}
