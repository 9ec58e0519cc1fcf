//! What a partition remembers of idempotent producers (`ProducerStateManager`).
use super::{Batch, NO_PRODUCER};
use std::cmp::Ordering;

/// How many batches are remembered a producer (R-I2).
const REMEMBERED: usize = 5;

/// The producers known in one partition.
#[derive(Clone, Debug, Default)]
pub struct ProducerStates {
    /// Their ids, ascending.
    ids: Vec<u32>,
    /// What is remembered of each.
    states: Vec<ProducerState>,
}

#[derive(Clone, Debug)]
#[repr(align(64))]
struct ProducerState {
    epoch: u16,
    /// How many batches are remembered.
    len: u8,
    /// Which of them is the newest; the one after it is the oldest.
    newest: u8,
    /// (first sequence, last sequence, base offset), in a ring.
    batches: [(i32, i32, u64); REMEMBERED],
}

impl ProducerState {
    fn new(epoch: u16) -> Self {
        ProducerState { epoch, len: 0, newest: REMEMBERED as u8 - 1, batches: Default::default() }
    }
}

/// The verdict on a client's batch (R-I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SequenceCheck {
    /// Append it.
    Append,
    /// One of the last five of its producer: answer with its offset, append nothing.
    Duplicate {
        /// Where it stands in the log.
        base_offset: u64,
    },
    /// `OUT_OF_ORDER_SEQUENCE_NUMBER`.
    OutOfOrder,
    /// `INVALID_PRODUCER_EPOCH`.
    InvalidEpoch,
}

impl ProducerStates {
    /// Rebuilds the memory by replaying a log's batches.
    pub fn from_batches(batches: impl Iterator<Item = Batch>) -> Self {
        let mut states = ProducerStates::default();
        for batch in batches {
            states.update(&batch);
        }
        states
    }

    /// Judges a client's batch; nothing is remembered yet.
    pub fn check(&self, batch: &Batch) -> SequenceCheck {
        if batch.producer_id == NO_PRODUCER {
            return SequenceCheck::Append;
        }
        let Ok(at) = self.find(batch.producer_id) else { return SequenceCheck::Append };
        let state = &self.states[at];
        let known = &state.batches[..state.len as usize];
        let expected =
            known.get(state.newest as usize).map_or(0, |&(_, last, _)| last.checked_add(1).unwrap_or(0));
        match batch.producer_epoch.cmp(&state.epoch) {
            Ordering::Less => SequenceCheck::InvalidEpoch,
            Ordering::Greater if batch.base_sequence == 0 => SequenceCheck::Append,
            Ordering::Greater => SequenceCheck::OutOfOrder,
            // What comes next is none of those that came: they need no look.
            Ordering::Equal if batch.base_sequence == expected => SequenceCheck::Append,
            Ordering::Equal => {
                let (first, last) = (batch.base_sequence, batch.last_sequence());
                let same = known.iter().find(|known| (known.0, known.1) == (first, last));
                same.map_or(SequenceCheck::OutOfOrder, |&(_, _, base_offset)| SequenceCheck::Duplicate {
                    base_offset,
                })
            }
        }
    }

    /// Remembers an appended or replicated batch.
    pub fn update(&mut self, batch: &Batch) {
        if batch.producer_id == NO_PRODUCER {
            return;
        }
        let at = match self.find(batch.producer_id) {
            Ok(at) => at,
            Err(at) => {
                self.ids.insert(at, batch.producer_id);
                self.states.insert(at, ProducerState::new(batch.producer_epoch));
                at
            }
        };
        let state = &mut self.states[at];
        if state.epoch != batch.producer_epoch {
            *state = ProducerState::new(batch.producer_epoch);
        }
        state.newest = (state.newest + 1) % REMEMBERED as u8;
        state.len = (state.len + 1).min(REMEMBERED as u8);
        state.batches[state.newest as usize] =
            (batch.base_sequence, batch.last_sequence(), batch.base_offset);
    }

    /// Forgets everything: this replica no longer leads.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn find(&self, producer_id: u32) -> Result<usize, usize> {
        self.ids.binary_search(&producer_id)
    }
}
