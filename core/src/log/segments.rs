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
pub struct Segments {
    list: VecDeque<Segment>,
}

impl Segments {
    /// One empty segment.
    pub fn new(base: LogPosition, now: SimTime) -> Self {
        Segments { list: VecDeque::from([Segment { base, first_time: None, largest_time: now }]) }
    }

    /// Rolls a new segment if `batch` does not belong in the active one (R-S1), then counts `batch` in.
    pub fn append(&mut self, batch: &Batch, end: LogPosition, config: &TopicConfig) {
        let time = batch.max_time();
        let active = self.list.back_mut().expect("always one segment");
        let Some(first_time) = active.first_time else {
            (active.first_time, active.largest_time) = (Some(time), time);
            return;
        };
        let size = end.position - active.base.position;
        let full = size + u64::from(batch.bytes) > config.segment_bytes;
        let aged = time.since_us(first_time) > config.segment_ms.saturating_mul(1_000);
        if size > 0 && (full || aged) {
            self.list.push_back(Segment { base: end, first_time: Some(time), largest_time: time });
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
        while self.list.get(1).is_some_and(|next| next.base.offset <= start.offset) {
            self.list.pop_front();
        }
        if config.retention_bytes >= 0 {
            let total = end.position - self.list[0].base.position;
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
        let first = self.list[0].base;
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
            let segment = self.list[0];
            let next = self.list.get(1).map_or(end, |next| next.base);
            let empty_active = self.list.len() == 1 && segment.base.offset == end.offset;
            let size = next.position - segment.base.position;
            if empty_active || high_watermark < next.offset || !goes(&segment, size) {
                return;
            }
            if self.list.len() == 1 {
                self.list.push_back(Segment { base: end, first_time: None, largest_time: now });
            }
            self.list.pop_front();
        }
    }

    /// The log was cut at `end`.
    pub fn truncate_to(&mut self, end: LogPosition) {
        while self.list.len() > 1 && self.active().base.offset >= end.offset {
            self.list.pop_back();
        }
        let active = self.list.back_mut().expect("always one segment");
        if active.base.offset >= end.offset {
            active.base = end;
            active.first_time = None;
        }
    }

    /// The active segment.
    pub fn active(&self) -> &Segment {
        self.list.back().expect("always one segment")
    }

    /// All segments, oldest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Segment> {
        self.list.iter()
    }
}
