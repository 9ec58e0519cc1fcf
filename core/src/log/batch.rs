//! The batch: what a producer sends to a partition at once, and what a log is made of.
use crate::kernel::SimTime;
use std::sync::Arc;

/// "No producer id": a batch written without idempotence (Kafka's -1).
pub const NO_PRODUCER: u32 = u32::MAX;
/// "No sequence" (Kafka's -1).
pub const NO_SEQUENCE: i32 = -1;

/// Who wrote a batch: the index of a producer, or [`SourceId::COORDINATOR`].
///
/// With the partition it names a substream: the records this producer sends to this partition, counted by
/// ordinals. A record's key and size are functions of (substream, ordinal); only hand-typed records and the
/// coordinator's are stored as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceId(pub u32);

impl SourceId {
    /// The group coordinator, writing to `__consumer_offsets`.
    pub const COORDINATOR: SourceId = SourceId(u32::MAX);
}

/// A record batch (format v2), without the bytes of its records. 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Offset of the first record; the leader sets it.
    pub base_offset: u64,
    /// Creation time of the first record (`baseTimestamp`).
    pub base_time: SimTime,
    /// Ordinal of the first record within its substream.
    pub first_ordinal: u64,
    /// Records stored as they are.
    pub payload: Option<Arc<Payload>>,
    /// From the creation of the first record to that of the last, in microseconds.
    pub span_us: u32,
    /// How many records; never 0.
    pub count: u32,
    /// Size on the wire and on disk, header included.
    pub bytes: u32,
    /// Who wrote it.
    pub source: SourceId,
    /// `producerId`, or [`NO_PRODUCER`].
    pub producer_id: u32,
    /// `baseSequence`, or [`NO_SEQUENCE`].
    pub base_sequence: i32,
    /// Epoch of the leader that appended it (`partitionLeaderEpoch`).
    pub leader_epoch: u32,
    /// `producerEpoch`.
    pub producer_epoch: u16,
    /// How often it was sent before this time; no field of Kafka's, kept to tell the story.
    pub retries: u16,
}

/// Records stored as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// One record typed by a person.
    Typed(TypedRecord),
    /// A record of the group coordinator.
    Group(GroupRecord),
}

/// A record typed by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedRecord {
    /// Its key; `None` is Kafka's null key.
    pub key: Option<String>,
    /// Its value.
    pub value: String,
}

/// What the group coordinator writes to `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRecord {
    /// Committed offsets (`OffsetCommitValue`), one batch for one request.
    Commit {
        /// The group.
        group: u16,
        /// What it committed.
        offsets: Vec<CommitRecord>,
    },
    /// A generation of a group (`GroupMetadataValue`): written when it becomes Stable or Empty.
    Generation {
        /// The group.
        group: u16,
        /// Its generation.
        generation: u32,
        /// The member that leads it, if any.
        leader: Option<Arc<str>>,
        /// Its members.
        members: Vec<MemberRecord>,
    },
}

/// A member of a persisted generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    /// `member.id`.
    pub id: Arc<str>,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// `session.timeout.ms`.
    pub session_timeout_ms: u32,
    /// The rebalance timeout it sent, its `max.poll.interval.ms`.
    pub rebalance_timeout_ms: u32,
    /// The topics it subscribed to, by number.
    pub topics: Vec<u16>,
    /// The partitions assigned to it, by number.
    pub assigned: Vec<u32>,
}

/// One committed offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitRecord {
    /// The partition's number ([`crate::metadata::TopicPartition`]).
    pub partition: u32,
    /// The next offset to read.
    pub offset: u64,
    /// The leader epoch of the last record consumed.
    pub leader_epoch: u32,
}

impl Batch {
    /// The offset after the last record.
    #[inline]
    pub const fn end_offset(&self) -> u64 {
        self.base_offset + self.count as u64
    }

    /// Sequence number of the last record, wrapping after `i32::MAX` to 0.
    #[inline]
    pub const fn last_sequence(&self) -> i32 {
        let last = self.base_sequence as i64 + self.count as i64 - 1;
        (last % (i32::MAX as i64 + 1)) as i32
    }

    /// Creation time of the last record (`maxTimestamp`).
    #[inline]
    pub const fn max_time(&self) -> SimTime {
        self.base_time.plus_us(self.span_us as u64)
    }

    /// Creation time of the `n`-th record of the batch: evenly spread over the batch's span.
    pub const fn record_time(&self, n: u32) -> SimTime {
        if self.count <= 1 {
            return self.base_time;
        }
        self.base_time.plus_us(self.span_us as u64 * n as u64 / (self.count as u64 - 1))
    }
}
