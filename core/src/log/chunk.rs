//! Batches as a log stores them, a fixed number at a time.
use super::{Batch, Payload, SourceId};
use crate::kernel::SimTime;
use std::sync::Arc;

/// Batches a sealed chunk.
pub(super) const CHUNK: usize = 32;

/// A stretch of a log.
///
/// A log is written and forgotten far more often than it is read, and always somewhere else in memory. So a batch is
/// one cache line, and a chunk without payloads is freed without being looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    batches: Vec<Stored>,
    /// Records stored as they are, by the place of their batch, ascending.
    payloads: Vec<(u32, Arc<Payload>)>,
}

/// A [`Batch`] but for its payload, and how many bytes were ever before it in its replica.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Stored {
    pub base_offset: u64,
    pub position: u64,
    base_time: SimTime,
    first_ordinal: u64,
    span_us: u32,
    count: u32,
    pub bytes: u32,
    source: SourceId,
    producer_id: u32,
    base_sequence: i32,
    leader_epoch: u32,
    producer_epoch: u16,
    retries: u16,
}

const _: () = assert!(size_of::<Stored>() == 64);

impl Stored {
    #[inline]
    pub fn end_offset(&self) -> u64 {
        self.base_offset + u64::from(self.count)
    }
}

impl Chunk {
    /// An empty one with room for all it may hold.
    pub fn with_room() -> Self {
        Chunk { batches: Vec::with_capacity(CHUNK), payloads: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.batches.len()
    }

    #[inline]
    pub fn push(&mut self, batch: Batch, position: u64) {
        if let Some(payload) = batch.payload {
            self.payloads.push((self.batches.len() as u32, payload));
        }
        self.batches.push(Stored {
            base_offset: batch.base_offset,
            position,
            base_time: batch.base_time,
            first_ordinal: batch.first_ordinal,
            span_us: batch.span_us,
            count: batch.count,
            bytes: batch.bytes,
            source: batch.source,
            producer_id: batch.producer_id,
            base_sequence: batch.base_sequence,
            leader_epoch: batch.leader_epoch,
            producer_epoch: batch.producer_epoch,
            retries: batch.retries,
        });
    }

    #[inline]
    pub fn stored(&self, at: usize) -> Option<&Stored> {
        self.batches.get(at)
    }

    /// The batch at a place.
    #[inline]
    pub fn batch(&self, at: usize) -> Option<Batch> {
        let stored = self.stored(at)?;
        Some(Batch {
            base_offset: stored.base_offset,
            base_time: stored.base_time,
            first_ordinal: stored.first_ordinal,
            payload: self.payload(at),
            span_us: stored.span_us,
            count: stored.count,
            bytes: stored.bytes,
            source: stored.source,
            producer_id: stored.producer_id,
            base_sequence: stored.base_sequence,
            leader_epoch: stored.leader_epoch,
            producer_epoch: stored.producer_epoch,
            retries: stored.retries,
        })
    }

    #[inline]
    fn payload(&self, at: usize) -> Option<Arc<Payload>> {
        if self.payloads.is_empty() {
            return None;
        }
        let found = self.payloads.binary_search_by_key(&(at as u32), |&(place, _)| place).ok()?;
        Some(self.payloads[found].1.clone())
    }

    /// Keeps the first `keep` batches.
    pub fn truncate(&mut self, keep: usize) {
        self.batches.truncate(keep);
        self.payloads.retain(|&(place, _)| (place as usize) < keep);
    }
}
