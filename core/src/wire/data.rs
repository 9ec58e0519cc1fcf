//! Produce, Fetch and ListOffsets.
use super::ErrorCode;
use crate::config::Acks;
use crate::kernel::SimTime;
use crate::log::{Batch, EpochEnd};
use crate::metadata::{BrokerId, TopicPartition};

/// "No leader epoch" (Kafka's -1).
pub const NO_EPOCH: u32 = u32::MAX;

/// A batch for each of several partitions, all led by the receiver.
#[derive(Clone, Debug)]
pub struct ProduceRequest {
    /// How many acknowledgements the sender waits for.
    pub acks: Acks,
    /// How long the leader may wait for them: the producer's `request.timeout.ms`.
    pub timeout_ms: u32,
    /// One batch a partition at most.
    pub batches: Vec<(TopicPartition, Batch)>,
}

/// The outcome for one partition of a Produce request.
#[derive(Clone, Debug)]
pub struct ProduceResult {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// Where the batch stands; unset on errors.
    pub base_offset: u64,
    /// The leader the broker knows instead (KIP-951), on `NOT_LEADER_OR_FOLLOWER`.
    pub leader: LeaderHint,
}

/// Who leads a partition, and since which epoch, if the sender of a response knows better.
pub type LeaderHint = Option<(BrokerId, u32)>;

/// A Fetch within a fetch session (KIP-227): the broker keeps the list of partitions of a client; a request
/// names only what changed.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// The follower's broker epoch; `None` for consumers.
    pub broker_epoch: Option<u64>,
    /// `fetch.max.wait.ms` or `replica.fetch.wait.max.ms`.
    pub max_wait_ms: u32,
    /// `fetch.min.bytes` or `replica.fetch.min.bytes`.
    pub min_bytes: u32,
    /// `fetch.max.bytes` or `replica.fetch.response.max.bytes`.
    pub max_bytes: u32,
    /// Starts the session anew: `partitions` is all there is.
    pub full: bool,
    /// Partitions added, or whose fetch offset or epochs changed since the last request.
    pub partitions: Vec<FetchPartition>,
    /// Partitions no longer fetched (here, or at the moment).
    pub forgotten: Vec<TopicPartition>,
}

/// One partition of a Fetch request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which partition.
    pub partition: TopicPartition,
    /// The leader epoch the sender knows.
    pub current_leader_epoch: u32,
    /// The next offset wanted; from a follower, its log end offset.
    pub fetch_offset: u64,
    /// A follower's log start offset.
    pub log_start_offset: u64,
    /// Epoch of a follower's last record, [`NO_EPOCH`] from consumers and for an empty log.
    pub last_fetched_epoch: u32,
    /// `max.partition.fetch.bytes` or `replica.fetch.max.bytes`.
    pub max_bytes: u32,
}

/// The answer to a Fetch: only partitions with something new (data, HW, log start, an error).
#[derive(Clone, Debug)]
pub struct FetchResponse {
    /// `FETCH_SESSION_ID_NOT_FOUND`: send a full request.
    pub error: ErrorCode,
    /// What is new.
    pub partitions: Vec<FetchedPartition>,
    /// The batches of all partitions, in their order.
    pub batches: Vec<Batch>,
}

/// One partition of a Fetch response.
#[derive(Clone, Copy, Debug)]
pub struct FetchedPartition {
    /// Which partition.
    pub partition: TopicPartition,
    /// How many of the response's batches are this partition's.
    pub batches: u32,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The leader's high watermark.
    pub high_watermark: u64,
    /// The leader's log start offset.
    pub log_start_offset: u64,
    /// Where the follower's last epoch ends at the leader, if their logs diverge (KIP-595).
    pub diverging: Option<EpochEnd>,
    /// The leader the broker knows instead (KIP-951).
    pub leader: LeaderHint,
}

/// Which offset is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListOffsetsAt {
    /// The log start.
    Earliest,
    /// The high watermark.
    Latest,
    /// The leader's log end, for a follower.
    LogEnd,
    /// The first record created at this time or later.
    Time(SimTime),
}

/// Where a consumer's position is to be checked against the leader's log (KIP-320).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochAsked {
    /// Which partition.
    pub partition: TopicPartition,
    /// The leader epoch the sender knows.
    pub current_leader_epoch: u32,
    /// The epoch of the last record the sender was given, or its commit names.
    pub leader_epoch: u32,
}

/// One answer of OffsetForLeaderEpoch.
#[derive(Clone, Copy, Debug)]
pub struct EpochAnswered {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The largest epoch not above the one asked for, and where it ends; `None` if the log begins later.
    pub end: Option<EpochEnd>,
}

/// One answer of ListOffsets.
#[derive(Clone, Copy, Debug)]
pub struct ListedOffset {
    /// Which partition.
    pub partition: TopicPartition,
    /// What was asked.
    pub at: ListOffsetsAt,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The offset; `None` if no record is that young.
    pub offset: Option<u64>,
    /// The leader's epoch.
    pub leader_epoch: u32,
}
