//! Kafka's segments: where a log was rolled, and what retention may delete (R-S1, R-R0 to R-R5).
use super::{Batch, LogPosition};
use crate::config::TopicConfig;
use crate::kernel::SimTime;
use std::collections::VecDeque;

/// A segment of a log; it ends where the next begins, the last ("active") at the log's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins.
    pub base: LogPosition,
    /// `maxTimestamp` of its first batch, once it has one.
    pub first_time: Option<SimTime>,
    /// The largest `maxTimestamp` in it; its creation time while empty.
    pub largest_time: SimTime,
}

/// The segments of one log, oldest first; there is always an active one.
#[derive(Clone, Debug)]
#[repr(C)]
pub struct Segments {
    active: Segment,
    sealed: VecDeque<Segment>,
}

impl Segments {
    /// One empty segment.
    pub fn new(base: LogPosition, now: SimTime) -> Self {
        let active = Segment { base, first_time: None, largest_time: now };
        Segments { sealed: VecDeque::new(), active }
    }

    /// Rolls a new segment if `batch` does not belong in the active one (R-S1), then counts `batch` in.
    #[inline]
    pub fn append(&mut self, batch: &Batch, end: LogPosition, config: &TopicConfig) {
        let time = batch.max_time();
        let active = &mut self.active;
        let Some(first_time) = active.first_time else {
            (active.first_time, active.largest_time) = (Some(time), time);
            return;
        };
        let size = end.position - active.base.position;
        let full = size + u64::from(batch.bytes) > config.segment_bytes;
        let aged = time.since_us(first_time) > config.segment_ms.saturating_mul(1_000);
        if size > 0 && (full || aged) {
            self.sealed.push_back(self.active);
            self.active = Segment { base: end, first_time: Some(time), largest_time: time };
        } else {
            active.largest_time = active.largest_time.max(time);
        }
    }

    /// One run of retention over a prefix of the segments (R-R0 to R-R5). Returns the new log start if it
    /// moved beyond `start`. `high_watermark` bounds what may go.
    pub fn retain(
        &mut self,
        now: SimTime,
        start: LogPosition,
        end: LogPosition,
        high_watermark: u64,
        config: &TopicConfig,
    ) -> Option<LogPosition> {
        while self.iter().nth(1).is_some_and(|next| next.base.offset <= start.offset) {
            self.sealed.pop_front();
        }
        if config.retention_bytes >= 0 {
            let total = end.position - self.first().base.position;
            let mut excess = total.saturating_sub(config.retention_bytes.cast_unsigned());
            self.delete_while(now, end, high_watermark, |_, size| {
                let goes = excess > 0 && excess >= size;
                excess = excess.saturating_sub(size);
                goes
            });
        }
        if config.retention_ms >= 0 {
            let retention_ms = config.retention_ms.cast_unsigned();
            let expired = |segment: &Segment, _| now.since_ms(segment.largest_time) > retention_ms;
            self.delete_while(now, end, high_watermark, expired);
        }
        let first = self.first().base;
        (first.offset > start.offset).then_some(first)
    }

    fn delete_while(
        &mut self,
        now: SimTime,
        end: LogPosition,
        high_watermark: u64,
        mut goes: impl FnMut(&Segment, u64) -> bool,
    ) {
        loop {
            let segment = *self.first();
            let next = self.iter().nth(1).map_or(end, |next| next.base);
            let empty_active = self.sealed.is_empty() && segment.base.offset == end.offset;
            let size = next.position - segment.base.position;
            if empty_active || high_watermark < next.offset || !goes(&segment, size) {
                return;
            }
            if self.sealed.pop_front().is_none() {
                self.active = Segment { base: end, first_time: None, largest_time: now };
            }
        }
    }

    /// The log was cut at `end`.
    pub fn truncate_to(&mut self, end: LogPosition) {
        while self.active.base.offset >= end.offset
            && let Some(last) = self.sealed.pop_back()
        {
            self.active = last;
        }
        if self.active.base.offset >= end.offset {
            self.active.base = end;
            self.active.first_time = None;
        }
    }

    /// The active segment.
    pub fn active(&self) -> &Segment {
        &self.active
    }

    fn first(&self) -> &Segment {
        self.sealed.front().unwrap_or(&self.active)
    }

    /// All segments, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Segment> {
        self.sealed.iter().chain([&self.active])
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sealed.len() + 1
    }
}
