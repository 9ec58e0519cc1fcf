//! The log itself: fixed-size sealed chunks of batches behind `Arc`, and a tail.
//!
//! A checkpoint of the world clones logs, so a clone must cost the tail and no more.
use super::{Batch, EpochEnd, LeaderEpochCache, Segments};
use crate::config::TopicConfig;
use crate::kernel::{Digest, SimTime};
use std::collections::VecDeque;
use std::sync::Arc;

/// Batches a sealed chunk.
const CHUNK: usize = 32;

/// A place between two batches of one replica's log (Kafka's `LogOffsetMetadata`).
///
/// The difference of two positions' `position` is the bytes between them, without looking at the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPosition {
    /// The offset of the next record here.
    pub offset: u64,
    /// How many batches were ever before it in this replica.
    pub index: u64,
    /// How many bytes were ever before it in this replica.
    pub position: u64,
}

#[derive(Clone, Debug)]
struct Stored {
    batch: Batch,
    position: u64,
}

/// One replica's log.
#[derive(Clone, Debug)]
pub struct Log {
    chunks: VecDeque<Arc<Vec<Stored>>>,
    tail: Vec<Stored>,
    /// Batch index of the first batch held (in a chunk or the tail).
    first_index: u64,
    start: LogPosition,
    end: LogPosition,
    /// Where each leader began.
    pub epochs: LeaderEpochCache,
    segments: Segments,
}

impl Log {
    /// An empty log starting at offset 0.
    pub fn new(now: SimTime) -> Self {
        let zero = LogPosition::default();
        Log {
            chunks: VecDeque::new(),
            tail: Vec::new(),
            first_index: 0,
            start: zero,
            end: zero,
            epochs: LeaderEpochCache::default(),
            segments: Segments::new(zero, now),
        }
    }

    /// `logStartOffset`, as a position.
    #[inline]
    pub fn start(&self) -> LogPosition {
        self.start
    }

    /// `logEndOffset`, as a position.
    #[inline]
    pub fn end(&self) -> LogPosition {
        self.end
    }

    /// Appends a batch whose offset and leader epoch are set; rolls a segment where Kafka would.
    #[inline]
    pub fn append(&mut self, batch: Batch, config: &TopicConfig) {
        debug_assert_eq!(batch.base_offset, self.end.offset);
        debug_assert!(batch.count > 0);
        self.segments.append(&batch, self.end, config);
        if self.epochs.latest() != Some(batch.leader_epoch) {
            self.epochs.assign(batch.leader_epoch, batch.base_offset);
        }
        let position = self.end.position;
        self.end = LogPosition {
            offset: batch.end_offset(),
            index: self.end.index + 1,
            position: position + u64::from(batch.bytes),
        };
        self.tail.push(Stored { batch, position });
        if self.tail.len() == CHUNK {
            let sealed = std::mem::replace(&mut self.tail, Vec::with_capacity(CHUNK));
            self.chunks.push_back(Arc::new(sealed));
        }
    }

    #[inline]
    fn get(&self, index: u64) -> Option<&Stored> {
        let at = index.checked_sub(self.first_index)? as usize;
        match self.chunks.get(at / CHUNK) {
            Some(chunk) => chunk.get(at % CHUNK),
            None => self.tail.get(at - self.chunks.len() * CHUNK),
        }
    }

    /// The position of the batch that holds `offset`; the end for the end offset; `None` outside the log.
    pub fn position_of(&self, offset: u64) -> Option<LogPosition> {
        if offset == self.end.offset {
            return Some(self.end);
        }
        if offset < self.start.offset || offset > self.end.offset {
            return None;
        }
        let (mut low, mut high) = (self.start.index, self.end.index);
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.get(middle)?.batch.base_offset <= offset { low = middle } else { high = middle }
        }
        let stored = self.get(low)?;
        Some(LogPosition { offset: stored.batch.base_offset, index: low, position: stored.position })
    }

    /// Copies batches from `from` up to `limit` into `out`, at most `max_bytes` (one whole batch more than
    /// that if `at_least_one`); returns the position after the last one copied.
    #[inline]
    pub fn read(
        &self,
        from: LogPosition,
        limit: LogPosition,
        max_bytes: u64,
        at_least_one: bool,
        out: &mut Vec<Batch>,
    ) -> LogPosition {
        let mut at = from;
        while at.index < limit.index {
            let Some(stored) = self.get(at.index) else { break };
            let bytes = u64::from(stored.batch.bytes);
            let read = at.position - from.position;
            if read + bytes > max_bytes && !(at_least_one && read == 0) {
                break;
            }
            at = LogPosition {
                offset: stored.batch.end_offset(),
                index: at.index + 1,
                position: at.position + bytes,
            };
            out.push(stored.batch.clone());
        }
        at
    }

    /// The batches from the one holding `offset` on.
    pub fn batches_from(&self, offset: u64) -> impl Iterator<Item = &Batch> {
        let offset = offset.max(self.start.offset);
        let first = self.position_of(offset).unwrap_or(self.end).index;
        (first..self.end.index).filter_map(|index| self.get(index)).map(|stored| &stored.batch)
    }

    /// The last `n` batches, oldest first.
    pub fn last_batches(&self, n: u64) -> impl Iterator<Item = &Batch> {
        let first = self.end.index.saturating_sub(n).max(self.start.index);
        (first..self.end.index).filter_map(|index| self.get(index)).map(|stored| &stored.batch)
    }

    /// The batch that holds `offset`.
    pub fn batch_at(&self, offset: u64) -> Option<&Batch> {
        let position = self.position_of(offset)?;
        self.get(position.index).map(|stored| &stored.batch)
    }

    /// Cuts the log at `offset` (a batch boundary); returns what was cut, oldest first. An epoch without a record
    /// goes from its end in any case: a leader may have ended before it wrote any.
    pub fn truncate_to(&mut self, offset: u64) -> Vec<Batch> {
        if offset >= self.end.offset {
            self.epochs.truncate_to(self.end.offset);
            return Vec::new();
        }
        let Some(end) = self.position_of(offset.max(self.start.offset)) else { return Vec::new() };
        let keep = (end.index - self.first_index) as usize;
        let mut cut = Vec::new();
        while self.chunks.len() * CHUNK > keep {
            let chunk = self.chunks.pop_back().expect("counted");
            let mut stored = Arc::unwrap_or_clone(chunk);
            stored.append(&mut self.tail);
            self.tail = stored;
        }
        let keep_in_tail = keep - self.chunks.len() * CHUNK;
        cut.extend(self.tail.drain(keep_in_tail..).map(|stored| stored.batch));
        self.end = end;
        self.epochs.truncate_to(end.offset);
        self.segments.truncate_to(end);
        cut
    }

    /// Drops everything and starts at `offset` (R-E5: the leader's log begins after this one ends).
    pub fn restart_at(&mut self, offset: u64, now: SimTime) {
        let at = LogPosition { offset, ..self.end };
        self.chunks.clear();
        self.tail.clear();
        self.first_index = at.index;
        self.start = at;
        self.end = at;
        self.epochs = LeaderEpochCache::default();
        self.segments = Segments::new(at, now);
    }

    /// One run of retention; true if the log start moved.
    pub fn retain(&mut self, now: SimTime, high_watermark: u64, config: &TopicConfig) -> bool {
        match self.segments.retain(now, self.start, self.end, high_watermark, config) {
            Some(start) => {
                self.set_start(start);
                true
            }
            None => false,
        }
    }

    /// Moves the log start up to `offset` (R-HW6: a follower takes its leader's), if it is above.
    pub fn advance_start_to(&mut self, offset: u64) {
        if offset > self.start.offset
            && let Some(start) = self.position_of(offset)
        {
            self.set_start(start);
        }
    }

    fn set_start(&mut self, start: LogPosition) {
        self.start = start;
        self.epochs.advance_start(start.offset);
        while self.chunks.len() > 1 && self.first_index + CHUNK as u64 <= start.index {
            self.chunks.pop_front();
            self.first_index += CHUNK as u64;
        }
    }

    /// Where `epoch` ended in this log.
    pub fn end_of_epoch(&self, epoch: u32) -> Option<EpochEnd> {
        self.epochs.end_offset_for(epoch, self.end.offset)
    }

    /// The epoch of the last record, if there is one.
    pub fn last_epoch(&self) -> Option<u32> {
        self.epochs.latest()
    }

    /// Kafka's segments.
    pub fn segments(&self) -> &Segments {
        &self.segments
    }

    /// Memory held by batches, in bytes; what several logs share is counted in each.
    pub fn memory_bytes(&self) -> u64 {
        ((self.chunks.len() * CHUNK + self.tail.len()) * size_of::<Stored>()) as u64
    }

    /// Adds the state of the log.
    pub fn digest(&self, digest: &mut Digest) {
        digest.u64(self.start.offset);
        digest.u64(self.end.offset);
        digest.u64(self.end.position);
        for &(epoch, start) in self.epochs.entries() {
            digest.u32(epoch);
            digest.u64(start);
        }
        for batch in self.last_batches(8) {
            digest.u64(batch.base_offset);
            digest.u64(batch.first_ordinal);
            digest.u32(batch.source.0);
            digest.u32(batch.leader_epoch);
        }
    }
}
