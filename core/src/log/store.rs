//! The log itself: fixed-size sealed chunks of batches behind `Arc`, and a tail.
//!
//! A checkpoint of the world clones logs, so a clone must cost the tail and no more.
use super::chunk::{CHUNK, Chunk, Stored};
use super::{Batch, EpochEnd, LeaderEpochCache, Segments};
use crate::config::TopicConfig;
use crate::kernel::{Digest, SimTime};
use std::collections::VecDeque;
use std::sync::Arc;

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

/// One replica's log. What an append looks at stands together.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Log {
    /// Where each leader began.
    pub epochs: LeaderEpochCache,
    end: LogPosition,
    start: LogPosition,
    /// Batch index of the tail's first batch.
    tail_index: u64,
    tail: Chunk,
    segments: Segments,
    /// What lies before the tail, each chunk full.
    chunks: VecDeque<Arc<Chunk>>,
}

impl Log {
    /// An empty log starting at offset 0.
    pub fn new(now: SimTime) -> Self {
        let zero = LogPosition::default();
        Log {
            epochs: LeaderEpochCache::default(),
            end: zero,
            start: zero,
            tail_index: 0,
            tail: Chunk::default(),
            segments: Segments::new(zero, now),
            chunks: VecDeque::new(),
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
        self.tail.push(batch, position);
        if self.tail.len() == CHUNK {
            let sealed = std::mem::replace(&mut self.tail, Chunk::with_room());
            self.chunks.push_back(Arc::new(sealed));
            self.tail_index += CHUNK as u64;
        }
    }

    /// The chunk that holds a batch, by its index, and where in it.
    #[inline]
    fn place(&self, index: u64) -> Option<(&Chunk, usize)> {
        if let Some(at) = index.checked_sub(self.tail_index) {
            return Some((&self.tail, at as usize));
        }
        // Counted from the tail back: the last chunk is the first.
        let back = (self.tail_index - 1 - index) as usize / CHUNK;
        let chunk = self.chunks.get(self.chunks.len().checked_sub(back + 1)?)?;
        Some((chunk, CHUNK - 1 - (self.tail_index - 1 - index) as usize % CHUNK))
    }

    #[inline]
    fn stored(&self, index: u64) -> Option<&Stored> {
        let (chunk, at) = self.place(index)?;
        chunk.stored(at)
    }

    #[inline]
    fn batch(&self, index: u64) -> Option<Batch> {
        let (chunk, at) = self.place(index)?;
        chunk.batch(at)
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
            if self.stored(middle)?.base_offset <= offset { low = middle } else { high = middle }
        }
        let stored = self.stored(low)?;
        Some(LogPosition { offset: stored.base_offset, index: low, position: stored.position })
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
            let Some((chunk, place)) = self.place(at.index) else { break };
            let Some(stored) = chunk.stored(place) else { break };
            let bytes = u64::from(stored.bytes);
            let read = at.position - from.position;
            if read + bytes > max_bytes && !(at_least_one && read == 0) {
                break;
            }
            at = LogPosition {
                offset: stored.end_offset(),
                index: at.index + 1,
                position: at.position + bytes,
            };
            out.extend(chunk.batch(place));
        }
        at
    }

    /// The batches from the one holding `offset` on.
    pub fn batches_from(&self, offset: u64) -> impl Iterator<Item = Batch> {
        let offset = offset.max(self.start.offset);
        let first = self.position_of(offset).unwrap_or(self.end).index;
        (first..self.end.index).filter_map(|index| self.batch(index))
    }

    /// The last `n` batches, oldest first.
    pub fn last_batches(&self, n: u64) -> impl DoubleEndedIterator<Item = Batch> {
        let first = self.end.index.saturating_sub(n).max(self.start.index);
        (first..self.end.index).filter_map(|index| self.batch(index))
    }

    /// The batch that holds `offset`.
    pub fn batch_at(&self, offset: u64) -> Option<Batch> {
        let position = self.position_of(offset)?;
        self.batch(position.index)
    }

    /// Cuts the log at `offset` (a batch boundary); returns what was cut, oldest first. An epoch without a record
    /// goes from its end in any case: a leader may have ended before it wrote any.
    pub fn truncate_to(&mut self, offset: u64) -> Vec<Batch> {
        if offset >= self.end.offset {
            self.epochs.truncate_to(self.end.offset);
            return Vec::new();
        }
        let Some(end) = self.position_of(offset.max(self.start.offset)) else { return Vec::new() };
        let cut = (end.index..self.end.index).filter_map(|index| self.batch(index)).collect();
        while end.index < self.tail_index
            && let Some(chunk) = self.chunks.pop_back()
        {
            self.tail = Arc::unwrap_or_clone(chunk);
            self.tail_index -= CHUNK as u64;
        }
        self.tail.truncate((end.index - self.tail_index) as usize);
        self.end = end;
        self.epochs.truncate_to(end.offset);
        self.segments.truncate_to(end);
        cut
    }

    /// Drops everything and starts at `offset` (R-E5: the leader's log begins after this one ends).
    pub fn restart_at(&mut self, offset: u64, now: SimTime) {
        let at = LogPosition { offset, ..self.end };
        self.chunks.clear();
        self.tail = Chunk::default();
        self.tail_index = at.index;
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

    /// Batch index of the first batch held.
    fn first_index(&self) -> u64 {
        self.tail_index - (self.chunks.len() * CHUNK) as u64
    }

    fn set_start(&mut self, start: LogPosition) {
        self.start = start;
        self.epochs.advance_start(start.offset);
        while self.chunks.len() > 1 && self.first_index() + CHUNK as u64 <= start.index {
            self.chunks.pop_front();
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
