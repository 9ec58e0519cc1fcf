//! Sequence numbers of one partition, and the producer's identity (Kafka's `TransactionManager`, as far as a
//! producer without a transactional id needs it).
use crate::assign::sequence::increment;
use crate::kernel::{Digest, SimTime};
use crate::log::NO_PRODUCER;

/// The last epoch of a producer id; after it a new id is asked for.
const LAST_EPOCH: u16 = i16::MAX as u16;

/// Who a producer is to the brokers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity {
    /// `producerId`, or [`NO_PRODUCER`] while none was given.
    pub id: u32,
    /// `producerEpoch`.
    pub epoch: u16,
    /// InitProducerId is in flight.
    pub asked: bool,
    /// When to ask again.
    pub ask_at: SimTime,
    /// The epoch is to be bumped before anything else is sent.
    pub bump: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Identity { id: NO_PRODUCER, epoch: 0, asked: false, ask_at: SimTime::ZERO, bump: false }
    }
}

impl Identity {
    /// The next epoch, or no identity at all after the last one.
    pub(super) fn next_epoch(&mut self) {
        if self.id == NO_PRODUCER {
            self.bump = false;
        } else if self.epoch == LAST_EPOCH {
            *self = Identity::default();
        } else {
            self.epoch += 1;
            self.bump = false;
        }
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(self.id);
        digest.u32(u32::from(self.epoch));
        digest.u32(u32::from(self.asked) | u32::from(self.bump) << 1);
        digest.u64(self.ask_at.0);
    }
}

/// The sequences of one partition.
#[derive(Clone, Debug)]
pub(super) struct Sequences {
    /// The identity they were given under.
    id: u32,
    epoch: u16,
    /// Of the next record.
    next: i32,
    /// Of the last record a broker confirmed; -1 for none.
    last_acked: i32,
    /// First sequences of the batches sent and not done, retried ones included, in order.
    in_flight: Vec<i32>,
    /// A batch with this sequence after its last expired, and nobody knows whether it was appended.
    unresolved: Option<i32>,
    /// To start again from 0 when the epoch is bumped.
    pub restart: bool,
}

impl Default for Sequences {
    fn default() -> Self {
        Sequences {
            id: NO_PRODUCER,
            epoch: 0,
            next: 0,
            last_acked: -1,
            in_flight: Vec::new(),
            unresolved: None,
            restart: false,
        }
    }
}

impl Sequences {
    fn is_stale(&self, identity: &Identity) -> bool {
        (self.id, self.epoch) != (identity.id, identity.epoch)
    }

    /// Whether a batch may be sent now: a new one, or one that has its sequence already (R-I5).
    pub(super) fn may_send(&self, identity: &Identity, sequence: Option<i32>) -> bool {
        match (sequence, self.in_flight.first()) {
            (Some(sequence), Some(&first)) => sequence == first,
            (Some(_), None) => true,
            (None, Some(_)) if self.is_stale(identity) => false,
            (None, _) => self.unresolved.is_none(),
        }
    }

    /// The first sequence of a new batch of `count` records.
    pub(super) fn give(&mut self, identity: &Identity, count: u32) -> i32 {
        if self.in_flight.is_empty() && self.is_stale(identity) {
            self.begin(identity);
        }
        let sequence = self.next;
        self.next = increment(sequence, count as i32);
        self.in_flight.push(sequence);
        sequence
    }

    /// Starts again from 0 under an identity.
    fn begin(&mut self, identity: &Identity) {
        (self.id, self.epoch) = (identity.id, identity.epoch);
        self.next = 0;
        self.last_acked = -1;
    }

    /// Starts again from 0 and renumbers the batches in flight, whose old first sequences and counts are
    /// given in order. Returns their new first sequences.
    pub(super) fn restart(&mut self, identity: &Identity, in_flight: &[(i32, u32)]) -> Vec<i32> {
        self.begin(identity);
        self.restart = false;
        self.unresolved = None;
        self.in_flight.clear();
        in_flight.iter().map(|&(_, count)| self.give(identity, count)).collect()
    }

    /// First sequences of the batches in flight, in order.
    pub(super) fn in_flight(&self) -> &[i32] {
        &self.in_flight
    }

    /// A broker confirmed the batch.
    pub(super) fn completed(&mut self, first: i32, last: i32) {
        self.last_acked = self.last_acked.max(last);
        self.forget(first);
    }

    /// The batch is done, or will be numbered anew.
    pub(super) fn forget(&mut self, first: i32) {
        self.in_flight.retain(|&sequence| sequence != first);
    }

    /// A batch was split: its parts take its place.
    pub(super) fn split(&mut self, first: i32, parts: &[i32]) {
        if let Some(at) = self.in_flight.iter().position(|&sequence| sequence == first) {
            self.in_flight.splice(at..=at, parts.iter().copied());
        }
    }

    /// Whether `sequence` directly follows what was confirmed.
    pub(super) fn is_next(&self, sequence: i32) -> bool {
        sequence.wrapping_sub(self.last_acked) == 1
    }

    /// A sent batch expired, the last record of which has this sequence.
    pub(super) fn leave_unresolved(&mut self, last: i32) {
        let next = increment(last, 1);
        self.unresolved = Some(self.unresolved.map_or(next, |known| known.max(next)));
    }

    /// Where an unresolved gap ends.
    pub(super) fn unresolved(&self) -> Option<i32> {
        self.unresolved
    }

    /// Once nothing is in flight, a gap is closed if all that follows was confirmed; else it asks for a new
    /// epoch. True if it is no longer unresolved.
    pub(super) fn resolve(&mut self) -> bool {
        if self.unresolved.is_some() && self.in_flight.is_empty() {
            self.unresolved = None;
            self.restart |= !self.is_next(self.next);
        }
        self.unresolved.is_none()
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(self.id);
        digest.u32(u32::from(self.epoch));
        digest.i64(i64::from(self.next));
        digest.i64(i64::from(self.last_acked));
        digest.u64(self.in_flight.len() as u64);
        for &sequence in &self.in_flight {
            digest.i64(i64::from(sequence));
        }
        digest.i64(self.unresolved.map_or(-1, i64::from));
        digest.bool(self.restart);
    }
}
