//! How many bytes records and batches take (message format v2), and how many records a batch holds.
//!
//! Source: `DefaultRecord.sizeInBytes`, `DefaultRecordBatch.estimateBatchSizeUpperBound`,
//! `MemoryRecordsBuilder.hasRoomFor`. Equal records are summed by runs of equal size, of which there are at most
//! some fifteen, so a batch of any length costs the same.
use super::compression::BatchEstimate;

/// Bytes of a batch before its first record.
pub const BATCH_OVERHEAD: u64 = 61;
/// Most bytes a record has beside key, value and headers: length 5, timestamp 10, offset 5, attributes 1.
const MAX_RECORD_OVERHEAD: u64 = 21;

/// The sizes that make a record heavy, already summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordShape {
    payload: u64,
}

impl RecordShape {
    /// A record without headers; `None` is null, which is not the same as empty.
    pub fn new(key: Option<u32>, value: Option<u32>) -> Self {
        Self::with_headers(key, value, &[])
    }

    /// A record with headers given as (key length, value length).
    pub fn with_headers(key: Option<u32>, value: Option<u32>, headers: &[(u32, Option<u32>)]) -> Self {
        let headers_bytes: u64 =
            headers.iter().map(|&(key, value)| nullable_bytes(Some(key)) + nullable_bytes(value)).sum();
        let count = u64::from(varint_size(headers.len() as i32));
        Self { payload: nullable_bytes(key) + nullable_bytes(value) + count + headers_bytes }
    }

    /// The record's bytes at its place in a batch: deltas against the batch's first record.
    pub fn record_bytes(self, offset_delta: u32, timestamp_delta: i64) -> u64 {
        let deltas = varint_size(offset_delta as i32) + varlong_size(timestamp_delta);
        let body = 1 + u64::from(deltas) + self.payload;
        body + u64::from(varint_size(body as i32))
    }

    /// What the producer reserves for the record as the first of a batch; also what `max.request.size` limits.
    pub fn upper_bound(self) -> u64 {
        BATCH_OVERHEAD + MAX_RECORD_OVERHEAD + self.payload
    }

    /// The bytes a batch opened for this record may grow to.
    pub fn batch_limit(self, batch_size: u32) -> u64 {
        self.upper_bound().max(u64::from(batch_size))
    }
}

/// The size of an uncompressed batch of records, each with its timestamp.
pub fn batch_bytes(records: &[(RecordShape, i64)]) -> u64 {
    let base = records.first().map_or(0, |first| first.1);
    let sizes =
        (0u32..).zip(records).map(|(i, (shape, time))| shape.record_bytes(i, time.wrapping_sub(base)));
    BATCH_OVERHEAD + sizes.sum::<u64>()
}

/// How far the timestamps of a batch's records lie from the first one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampDeltas {
    /// All but the first are taken to be this far, the longest the batch may wait: never an underestimate.
    AtMost(u32),
    /// Record i is i times this far.
    Step(u32),
}

/// A batch of records of one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EqualRecords {
    /// The shape they share.
    pub shape: RecordShape,
    /// Their timestamps, in milliseconds.
    pub timestamps: TimestampDeltas,
}

impl EqualRecords {
    /// How many fit into a batch opened for the first of them, by the producer's room test: what is expected to
    /// be written so far, and the next record uncompressed, together within the limit. The first always fits.
    pub fn capacity(self, batch_size: u32, estimate: BatchEstimate) -> u32 {
        let limit = self.shape.batch_limit(batch_size);
        let (mut count, mut used) = (0u64, 0u64);
        loop {
            let size = self.size_at(count);
            let room = limit.checked_sub(size).and_then(|bytes| estimate.max_uncompressed(bytes));
            let Some(free) = room.and_then(|room| room.checked_sub(used)) else { break };
            let (more, run) = (free / size + 1, self.run_end(count) - count);
            count += more.min(run);
            used += more.min(run) * size;
            if more < run {
                break;
            }
        }
        count.clamp(1, u64::from(u32::MAX)) as u32
    }

    /// The uncompressed bytes of the first `count` records, without the batch's header.
    pub fn bytes(self, count: u32) -> u64 {
        let (mut at, mut bytes) = (0, 0);
        while at < u64::from(count) {
            let end = self.run_end(at).min(u64::from(count));
            bytes += (end - at) * self.size_at(at);
            at = end;
        }
        bytes
    }

    fn size_at(self, index: u64) -> u64 {
        let delta = match self.timestamps {
            TimestampDeltas::AtMost(_) if index == 0 => 0,
            TimestampDeltas::AtMost(delta) => u64::from(delta),
            TimestampDeltas::Step(step) => index * u64::from(step),
        };
        self.shape.record_bytes(index as u32, delta as i64)
    }

    /// Where the run of equally sized records that holds `index` ends (exclusive).
    fn run_end(self, index: u64) -> u64 {
        let by_timestamp = match self.timestamps {
            TimestampDeltas::AtMost(_) if index == 0 => 1,
            TimestampDeltas::AtMost(_) | TimestampDeltas::Step(0) => u64::MAX,
            TimestampDeltas::Step(step) => next_longer(index * u64::from(step)).div_ceil(u64::from(step)),
        };
        next_longer(index).min(by_timestamp)
    }
}

/// Bytes of a zig-zag varint.
pub fn varint_size(value: i32) -> u32 {
    unsigned_varint_size((value << 1 ^ value >> 31) as u32)
}

/// Bytes of a zig-zag varlong.
pub fn varlong_size(value: i64) -> u32 {
    (64 - ((value << 1 ^ value >> 63) as u64).leading_zeros()).div_ceil(7).max(1)
}

/// Bytes of an unsigned varint.
pub fn unsigned_varint_size(value: u32) -> u32 {
    (32 - value.leading_zeros()).div_ceil(7).max(1)
}

/// Length and bytes of a field that may be null.
fn nullable_bytes(length: Option<u32>) -> u64 {
    length.map_or(1, |length| u64::from(varint_size(length as i32)) + u64::from(length))
}

/// The least value above `value` whose zig-zag form is longer: 64, 8192, 1048576, ...
fn next_longer(value: u64) -> u64 {
    (0..9).map(|sevens| 64u64 << (7 * sevens)).find(|&bound| bound > value).unwrap_or(u64::MAX)
}
