//! What a partition remembers of idempotent producers (`ProducerStateManager`).
use super::{Batch, NO_PRODUCER};

/// How many batches are remembered a producer (R-I2).
const REMEMBERED: usize = 5;

/// The producers known in one partition, by producer id.
#[derive(Clone, Debug, Default)]
pub struct ProducerStates {
    states: Vec<ProducerState>,
}

#[derive(Clone, Debug)]
struct ProducerState {
    producer_id: u32,
    epoch: u16,
    /// (first sequence, last sequence, base offset), oldest first.
    batches: [(i32, i32, u64); REMEMBERED],
    len: u8,
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
    pub fn from_batches<'a>(batches: impl Iterator<Item = &'a Batch>) -> Self {
        let mut states = ProducerStates::default();
        for batch in batches {
            states.update(batch);
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
        if state.epoch == batch.producer_epoch {
            let (first, last) = (batch.base_sequence, batch.last_sequence());
            if let Some(&(_, _, base_offset)) = known.iter().find(|b| (b.0, b.1) == (first, last)) {
                return SequenceCheck::Duplicate { base_offset };
            }
        } else if batch.producer_epoch < state.epoch {
            return SequenceCheck::InvalidEpoch;
        } else {
            let restarts = batch.base_sequence == 0;
            return if restarts { SequenceCheck::Append } else { SequenceCheck::OutOfOrder };
        }
        let expected = match known.last() {
            Some(&(_, i32::MAX, _)) => 0,
            Some(&(_, last, _)) => last + 1,
            None => 0,
        };
        if batch.base_sequence == expected { SequenceCheck::Append } else { SequenceCheck::OutOfOrder }
    }

    /// Remembers an appended or replicated batch.
    pub fn update(&mut self, batch: &Batch) {
        if batch.producer_id == NO_PRODUCER {
            return;
        }
        let at = match self.find(batch.producer_id) {
            Ok(at) => at,
            Err(at) => {
                let state = ProducerState {
                    producer_id: batch.producer_id,
                    epoch: batch.producer_epoch,
                    batches: Default::default(),
                    len: 0,
                };
                self.states.insert(at, state);
                at
            }
        };
        let state = &mut self.states[at];
        if state.epoch != batch.producer_epoch {
            state.epoch = batch.producer_epoch;
            state.len = 0;
        }
        if state.len as usize == REMEMBERED {
            state.batches.rotate_left(1);
            state.len -= 1;
        }
        state.batches[state.len as usize] = (batch.base_sequence, batch.last_sequence(), batch.base_offset);
        state.len += 1;
    }

    /// Forgets everything: this replica no longer leads.
    pub fn clear(&mut self) {
        self.states = Vec::new();
    }

    fn find(&self, producer_id: u32) -> Result<usize, usize> {
        self.states.binary_search_by_key(&producer_id, |state| state.producer_id)
    }
}
