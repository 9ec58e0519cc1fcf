//! What a scenario may ask for at most; the reader holds every one to it.

/// Bytes of a scenario's text.
pub const TEXT_BYTES: usize = 64 * 1024;
/// Errors listed of one text; more are counted.
pub const ERRORS: usize = 100;
/// Brokers.
pub const BROKERS: u64 = 100;
/// Topics.
pub const TOPICS: u64 = 200;
/// Partitions of all topics.
pub const PARTITIONS: u64 = 10_000;
/// Partitions of `__consumer_offsets` at most.
pub const OFFSETS_PARTITIONS: u64 = 1_000;
/// Producers.
pub const PRODUCERS: u64 = 200;
/// Consumer groups.
pub const GROUPS: u64 = 50;
/// Members of all groups.
pub const MEMBERS: u64 = 500;
/// Commands in the timeline.
pub const TIMELINE: u64 = 1_000;
/// Expectations.
pub const EXPECTATIONS: u64 = 100;
/// Keys one producer chooses from.
pub const KEYS: u64 = 100_000;
/// Records a second of all producers.
pub const RECORDS_PER_S: u64 = super::words::RATE_PER_S_MAX;
/// Bytes of a record's value.
pub const VALUE_BYTES: u64 = 10_000_000;
/// The length of a run, in microseconds: a day.
pub const DURATION_US: u64 = 24 * 3_600_000_000;
/// One-way latency of a link, in microseconds: a minute.
pub const LATENCY_US: u64 = 60_000_000;
/// Processing time of a record, in microseconds: ten minutes.
pub const PROCESSING_US: u64 = 600_000_000;
/// Characters of a title, of the two sentences, of the thing to try.
pub const PROSE_CHARS: [u64; 3] = [100, 1_000, 500];
