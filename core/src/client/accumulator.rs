//! What a producer holds for one partition: batches that wait, and one that records still join.
//!
//! The open batch is virtual. Which records it holds is computed from the arrivals when somebody must know:
//! when it is drained, when it is full, when a person looks.
use super::arrivals::{Load, Stream, fits};
use super::idempotence::Sequences;
use super::workload::Records;
use crate::assign::record_size::BATCH_OVERHEAD;
use crate::kernel::{Digest, SimTime};
use crate::log::{Batch, NO_PRODUCER, NO_SEQUENCE, SourceId};
use std::collections::VecDeque;

/// The producer's own clock, on which records arrive: it stands still while `send` blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    behind_us: u64,
    stopped: Option<SimTime>,
}

impl Clock {
    /// A clock that starts when it is resumed.
    pub(super) fn stopped_at(now: SimTime) -> Self {
        Clock { behind_us: now.0, stopped: Some(now) }
    }

    pub(super) fn is_stopped(self) -> bool {
        self.stopped.is_some()
    }

    pub(super) fn stop(&mut self, now: SimTime) {
        self.stopped = Some(now);
    }

    pub(super) fn resume(&mut self, now: SimTime) {
        if let Some(since) = self.stopped.take() {
            self.behind_us += now.since_us(since);
        }
    }

    /// What this clock shows at `now`.
    pub(super) fn at(self, now: SimTime) -> u64 {
        self.stopped.unwrap_or(now).0.saturating_sub(self.behind_us)
    }

    /// When it shows `at`.
    pub(super) fn when(self, at: u64) -> SimTime {
        SimTime(at.saturating_add(self.behind_us))
    }

    pub(super) fn digest(self, digest: &mut Digest) {
        digest.u64(self.behind_us);
        digest.u64(self.stopped.unwrap_or(SimTime::NEVER).0);
    }
}

/// A closed batch on its way to its leader (Kafka's `ProducerBatch`).
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// The partition's index.
    pub partition: u32,
    /// What is sent.
    pub batch: Batch,
    /// When the batch was opened: `delivery.timeout.ms` counts from here.
    pub created: SimTime,
    /// What it holds of `buffer.memory`.
    pub memory: u64,
    /// How often it was put back to be sent again.
    pub attempts: u32,
    /// Not before this moment, unless the leader changed.
    pub retry_at: SimTime,
    /// Lingers until then if it is alone.
    pub linger_until: SimTime,
    /// The leader epoch it was last sent under.
    pub leader_epoch: Option<u32>,
    /// Part of a batch that was too large.
    pub split: bool,
    /// Failed already while it was in flight; the answer does not matter any more.
    pub done: bool,
    /// Its sequence was given anew after it was sent.
    pub renumbered: bool,
}

impl Parcel {
    pub(super) fn has_sequence(&self) -> bool {
        self.batch.base_sequence != NO_SEQUENCE
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(self.partition);
        digest.u64(self.batch.first_ordinal);
        digest.u64(self.batch.base_time.0);
        digest.u32(self.batch.span_us);
        digest.u32(self.batch.count);
        digest.u32(self.batch.bytes);
        digest.i64(i64::from(self.batch.base_sequence));
        digest.u32(self.batch.producer_id);
        digest.u32(u32::from(self.batch.producer_epoch));
        digest.u64(self.created.0);
        digest.u64(self.memory);
        digest.u32(self.attempts);
        digest.u64(self.retry_at.0);
        digest.u64(self.linger_until.0);
        digest.u32(self.leader_epoch.unwrap_or(u32::MAX));
        digest.u32(u32::from(self.split) | u32::from(self.done) << 1 | u32::from(self.renumbered) << 2);
    }
}

/// A batch that records still join.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// Ordinal of its first record in the partition.
    pub first_ordinal: u64,
    /// Records counted so far; 0 if the first is still to come.
    pub count: u32,
    /// Their bytes, with the header.
    pub bytes: u64,
    /// What it may grow to.
    pub limit: u64,
    /// Creation of the first record.
    pub base: SimTime,
    /// Creation of the last.
    pub last: SimTime,
    /// When it was opened: linger and delivery timeout count from here.
    pub created: SimTime,
    /// What it holds of `buffer.memory`.
    pub memory: u64,
}

impl Open {
    /// An empty batch whose first record comes at `base`.
    pub(super) fn new(first_ordinal: u64, base: SimTime, created: SimTime, limit: u64) -> Self {
        Open {
            first_ordinal,
            count: 0,
            bytes: BATCH_OVERHEAD,
            limit,
            base,
            last: base,
            created,
            memory: limit,
        }
    }

    /// The batch as it is sent.
    pub(super) fn close(self, partition: u32, source: SourceId) -> Parcel {
        let batch = Batch {
            base_offset: 0,
            base_time: self.base,
            first_ordinal: self.first_ordinal,
            payload: None,
            span_us: u32::try_from(self.last.since_us(self.base)).unwrap_or(u32::MAX),
            count: self.count,
            bytes: self.bytes as u32,
            source,
            producer_id: NO_PRODUCER,
            base_sequence: NO_SEQUENCE,
            leader_epoch: 0,
            producer_epoch: 0,
            retries: 0,
        };
        Parcel::new(partition, batch, self.created, self.memory)
    }
}

impl Parcel {
    /// A batch that was never sent.
    pub(super) fn new(partition: u32, batch: Batch, created: SimTime, memory: u64) -> Self {
        Parcel {
            partition,
            batch,
            created,
            memory,
            attempts: 0,
            retry_at: SimTime::ZERO,
            linger_until: SimTime::ZERO,
            leader_epoch: None,
            split: false,
            done: false,
            renumbered: false,
        }
    }
}

/// What joins an open batch up to some moment, and why no more does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    pub records: u32,
    pub bytes: u64,
    pub last: SimTime,
    pub stop: Stop,
}

/// Why no more records join a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// No more came by then.
    Time,
    /// The record that came then has no room.
    NoRoom(SimTime),
    /// With the record that came then it is full.
    Full(SimTime),
    /// With the record that came then the partitioner turns to another partition.
    Turn(SimTime),
    /// The record that came then may not be sent at all.
    TooLarge(SimTime),
}

impl Stop {
    /// When it happens.
    pub(super) fn at(self) -> Option<SimTime> {
        match self {
            Stop::Time => None,
            Stop::NoRoom(at) | Stop::Full(at) | Stop::Turn(at) | Stop::TooLarge(at) => Some(at),
        }
    }
}

/// All that a fill up to some moment depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    partition: u32,
    /// The stream, the open batch, the partitioner.
    stands: [u64; 4],
    /// Of the load.
    load: u32,
    /// Of the clock.
    behind_us: u64,
}

/// No record is smaller: its length, attributes, deltas, null key, null value, no headers.
const LEAST_RECORD: u64 = 7;

/// Where records come from, to fill batches with.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub records: &'a Records,
    pub load: &'a Load,
    pub clock: Clock,
    pub stream: &'a Stream,
    /// Largest record (by its upper bound) that may be sent.
    pub max_record: u64,
}

impl Source<'_> {
    /// When the next record comes.
    pub(super) fn next_at(&self) -> SimTime {
        self.clock.when(self.stream.next_at(self.load))
    }

    /// Whether a record may not be sent at all.
    pub(super) fn too_large(&self, partition: u32, ordinal: u64) -> bool {
        self.records.largest_shape().upper_bound() > self.max_record
            && self.records.shape(partition, ordinal).upper_bound() > self.max_record
    }

    /// What a batch opened for a record may grow to.
    pub(super) fn batch_limit(&self, partition: u32, ordinal: u64, batch_size: u32) -> u64 {
        match self.records.largest_shape().batch_limit(batch_size) {
            limit if limit == u64::from(batch_size) => limit,
            _ => self.records.shape(partition, ordinal).batch_limit(batch_size),
        }
    }

    /// When something ends `open` by the moment `until`, if anything does.
    pub(super) fn ends_at(&self, partition: u32, open: &Open, until: SimTime, turn: u64) -> Option<SimTime> {
        self.foresee(partition, open, until, turn)?.0.stop.at()
    }

    /// What joins `open` up to the moment `until`, and the cursor behind it; `None` if nothing ends it by then, as far
    /// as can be told without counting.
    pub(super) fn foresee(
        &self,
        partition: u32,
        open: &Open,
        until: SimTime,
        turn: u64,
    ) -> Option<(Fill, Stream)> {
        let most = self.records.largest_shape().upper_bound();
        let each = most - BATCH_OVERHEAD;
        let goes_on = |come: u64| {
            let bytes = if fits(come, each) { come * each } else { u64::MAX };
            open.bytes.saturating_add(bytes) < open.limit && bytes < turn
        };
        let (next, at) = (self.stream.next(), self.clock.at(until));
        let come = || {
            let fit = open.limit.saturating_sub(open.bytes) / each;
            self.stream.count_up_to(next + fit, at, self.load) - next
        };
        let at_most = self.stream.at_most_by(at, self.load).saturating_sub(next);
        if most <= self.max_record && (goes_on(at_most) || goes_on(come())) {
            return None;
        }
        Some(self.fill(partition, open, until, turn))
    }

    /// Tells whether a fill foreseen here is still what comes.
    pub(super) fn place(&self, partition: u32, open: &Open, turn: u64) -> Place {
        let stands = [self.stream.next(), open.first_ordinal, u64::from(open.count), turn];
        Place { partition, stands, load: self.load.version(), behind_us: self.clock.behind_us }
    }

    /// What joins `open` up to and including the moment `until`, and the cursor behind it; with `turn` bytes the
    /// partitioner turns.
    pub(super) fn fill(&self, partition: u32, open: &Open, until: SimTime, turn: u64) -> (Fill, Stream) {
        let mut cursor = self.stream.clone();
        let end = self.clock.at(until);
        let base_ms = open.base.as_ms();
        let fixed = self.records.fixed_shape();
        let mut fill = Fill { records: 0, bytes: 0, last: open.last, stop: Stop::Time };
        loop {
            let next = cursor.next();
            let at = cursor.next_at(self.load);
            if at > end {
                return (fill, cursor);
            }
            let when = self.clock.when(at);
            // Records whose deltas take as many bytes as this one's make a run.
            let count = u64::from(open.count + fill.records);
            let delta_ms = when.as_ms().saturating_sub(base_ms);
            let longer_at =
                self.clock.at(SimTime::from_ms(base_ms + next_longer(delta_ms))).saturating_sub(1);
            let least = fixed.map_or(LEAST_RECORD, |shape| shape.record_bytes(count as u32, delta_ms as i64));
            let fit = open.limit.saturating_sub(open.bytes + fill.bytes) / least;
            let same_size = next_longer(count) - count;
            let most = next + fit.min(same_size);
            let come = cursor.count_up_to(most, end.min(longer_at), self.load).saturating_sub(next).max(1);
            let run = come.min(same_size);
            let mut taken = 0;
            let mut stop = Stop::Time;
            while taken < run && stop == Stop::Time {
                let record = count + taken;
                let shape =
                    fixed.unwrap_or_else(|| self.records.shape(partition, open.first_ordinal + record));
                let size = shape.record_bytes(record as u32, delta_ms as i64);
                let room = open.limit.saturating_sub(open.bytes + fill.bytes) / size;
                let to_turn = turn.saturating_sub(fill.bytes).div_ceil(size).max(1);
                // Equal records join together, others one by one.
                let some = if fixed.is_some() { (run - taken).min(room).min(to_turn) } else { room.min(1) };
                if shape.upper_bound() > self.max_record {
                    stop = Stop::TooLarge(when);
                } else if some == 0 {
                    stop = Stop::NoRoom(when);
                } else {
                    taken += some;
                    fill.bytes += some * size;
                    if open.bytes + fill.bytes >= open.limit {
                        stop = Stop::Full(when);
                    } else if fill.bytes >= turn {
                        stop = Stop::Turn(when);
                    }
                }
            }
            if taken > 0 {
                cursor.take(taken - 1, self.load);
                fill.last = match taken {
                    1 => when,
                    _ => self.clock.when(cursor.when(next + taken - 1, self.load)),
                };
                cursor.take(1, self.load);
                fill.records += taken as u32;
            }
            let after = || match taken {
                0 => when,
                _ => self.clock.when(cursor.next_at(self.load)),
            };
            fill.stop = match stop {
                Stop::Time => Stop::Time,
                Stop::Full(_) => Stop::Full(fill.last),
                Stop::Turn(_) => Stop::Turn(fill.last),
                Stop::NoRoom(_) => Stop::NoRoom(after()),
                Stop::TooLarge(_) => Stop::TooLarge(after()),
            };
            if fill.stop != Stop::Time || (taken == come && end <= longer_at) {
                return (fill, cursor);
            }
        }
    }
}

/// The first value above `value` whose zig-zag varint is longer: 64, 8192, 1048576, ...
fn next_longer(value: u64) -> u64 {
    let sevens = (64 - (value >> 6).leading_zeros()).div_ceil(7);
    64 << (7 * sevens)
}

/// What a producer holds for one partition.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// Closed batches, the next to be sent first.
    pub waiting: VecDeque<Parcel>,
    /// The batch records join; the last of the queue.
    pub open: Option<Open>,
    /// The records of this partition, unless all partitions share one stream.
    pub stream: Option<Box<Stream>>,
    /// When the next record of `stream` comes; known while no batch is open.
    pub arrives: SimTime,
    /// Ordinal of the next record.
    pub next_ordinal: u64,
    /// The leader, by its index; `None` if unknown.
    pub lane: Option<u32>,
    /// Something may be sent now.
    pub due: bool,
    /// Nothing is sent while a batch is in flight (`max.in.flight.requests.per.connection=1`).
    pub muted: bool,
    /// Records were ever sent here.
    pub used: bool,
    /// When the sender looks here next.
    pub alarm: SimTime,
    /// Batches in flight.
    pub in_flight: u32,
    /// Sequence numbers.
    pub sequences: Sequences,
}

impl Queue {
    pub(super) fn new(stream: Option<Stream>) -> Self {
        Queue {
            waiting: VecDeque::new(),
            open: None,
            stream: stream.map(Box::new),
            arrives: SimTime::NEVER,
            next_ordinal: 0,
            lane: None,
            due: false,
            muted: false,
            used: false,
            alarm: SimTime::NEVER,
            in_flight: 0,
            sequences: Sequences::default(),
        }
    }

    /// How many batches are queued, as Kafka counts them.
    pub(super) fn batches(&self) -> u32 {
        self.waiting.len() as u32 + u32::from(self.open.as_ref().is_some_and(|open| open.count > 0))
    }

    /// Adds to the open batch what came.
    pub(super) fn join(&mut self, fill: &Fill) {
        if let Some(open) = &mut self.open {
            open.count += fill.records;
            open.bytes += fill.bytes;
            open.last = fill.last;
            self.next_ordinal += u64::from(fill.records);
        }
    }

    /// Puts a batch that failed back: first, or in the order of the sequences.
    pub(super) fn put_back(&mut self, parcel: Parcel) {
        let mut at = 0;
        if parcel.has_sequence() {
            let before = |other: &Parcel| {
                other.has_sequence() && other.batch.base_sequence < parcel.batch.base_sequence
            };
            at = self.waiting.iter().take_while(|other| before(other)).count();
        }
        self.waiting.insert(at, parcel);
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u64(self.waiting.len() as u64);
        for parcel in &self.waiting {
            parcel.digest(digest);
        }
        digest.bool(self.open.is_some());
        if let Some(open) = &self.open {
            for part in [
                open.first_ordinal,
                u64::from(open.count),
                open.bytes,
                open.limit,
                open.base.0,
                open.last.0,
                open.created.0,
                open.memory,
            ] {
                digest.u64(part);
            }
        }
        if let Some(stream) = &self.stream {
            stream.digest(digest);
        }
        digest.u64(self.arrives.0);
        digest.u64(self.next_ordinal);
        digest.u32(self.lane.map_or(u32::MAX, |lane| lane));
        digest.u32(u32::from(self.due) | u32::from(self.muted) << 1 | u32::from(self.used) << 2);
        digest.u64(self.alarm.0);
        digest.u32(self.in_flight);
        self.sequences.digest(digest);
    }
}
