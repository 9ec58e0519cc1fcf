//! The facts that nodes report: plain data, for observers only.
//!
//! A fact never changes what happens; a run that collects all of them has the digest of one that collects few.
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::{BrokerId, GroupId, PartitionRegistration, TopicPartition};
use crate::wire::{ErrorCode, MemberId, NodeId};
use std::sync::Arc;

/// Something a node did or learned. Facts marked *traced* are reported in traced runs only.
#[derive(Clone, Debug)]
pub enum Fact {
    // --- world ---
    /// A person's command, or the scenario's, was carried out.
    CommandDone {
        /// As a person would write it.
        text: String,
    },
    /// A process started, stopped, crashed, froze or thawed.
    ProcessChanged {
        /// Whose.
        node: NodeId,
        /// What it does now.
        process: Process,
    },
    // --- producer ---
    /// A record typed by a person became a batch of its own. *Traced.*
    Typed {
        /// The producer.
        producer: u16,
        /// The partition.
        partition: TopicPartition,
        /// The batch.
        batch: Box<Batch>,
    },
    /// A batch left in a Produce request. *Traced.*
    Sent {
        /// The producer.
        producer: u16,
        /// The partition.
        partition: TopicPartition,
        /// The broker it went to.
        broker: BrokerId,
        /// The batch.
        batch: Box<Batch>,
    },
    /// A batch's `send` completed without an error.
    Acknowledged {
        /// The producer.
        producer: u16,
        /// The partition.
        partition: TopicPartition,
        /// The batch, with its base offset unless `acks=0`.
        batch: Box<Batch>,
        /// Whether a broker confirmed it: false with `acks=0`.
        confirmed: bool,
    },
    /// A batch's `send` failed for good.
    SendFailed {
        /// The producer.
        producer: u16,
        /// The partition.
        partition: TopicPartition,
        /// Ordinal of the first record; `None` for a record that was in no batch.
        first_ordinal: Option<u64>,
        /// How many records.
        count: u32,
        /// Why.
        error: ErrorCode,
    },
    /// A batch will be sent again.
    Retrying {
        /// The producer.
        producer: u16,
        /// The partition.
        partition: TopicPartition,
        /// Ordinal of its first record.
        first_ordinal: u64,
        /// How many records.
        count: u32,
        /// Why.
        error: ErrorCode,
        /// How often it was sent so far.
        attempts: u32,
    },
    /// `send` blocks: `buffer.memory` is exhausted (true), or waits no longer (false).
    Blocked {
        /// The producer.
        producer: u16,
        /// Whether it blocks from now on.
        blocked: bool,
        /// How long it has waited, microseconds.
        waited_us: u64,
        /// Whether there is room now; else it blocks, or gave up after `max.block.ms`.
        has_room: bool,
    },
    /// A client learned newer metadata. *Traced.*
    MetadataLearned {
        /// The image offset.
        offset: u64,
    },
    // --- broker ---
    /// A leader appended a batch. Reported always if `batch.retries > 0` or it was typed by hand, else *traced*.
    Appended {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The batch, offset set.
        batch: Box<Batch>,
    },
    /// A follower appended up to an offset. *Traced.*
    Replicated {
        /// The follower.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Its log end offset.
        log_end_offset: u64,
    },
    /// A leader's high watermark advanced. *Traced.*
    HighWatermark {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The high watermark.
        offset: u64,
    },
    /// A duplicate of an idempotent producer was recognised and not appended again.
    DuplicateRefused {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Where the batch already stands.
        base_offset: u64,
    },
    /// A leader refused a batch.
    ProduceRefused {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// Why.
        error: ErrorCode,
    },
    /// A replica cut its log.
    Truncated {
        /// The broker.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The new log end offset.
        to: u64,
        /// What was cut.
        removed: Vec<Batch>,
    },
    /// Retention moved a replica's log start.
    LogStart {
        /// The broker.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The new log start offset.
        offset: u64,
    },
    /// A broker began to lead, having learned it from metadata.
    BecameLeader {
        /// The broker.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The leader epoch.
        epoch: u32,
    },
    /// A broker began to follow, having learned it from metadata.
    BecameFollower {
        /// The broker.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The leader it follows, if there is one.
        leader: Option<BrokerId>,
    },
    /// A leader asks to shrink or grow the ISR.
    IsrProposed {
        /// The leader.
        broker: BrokerId,
        /// The partition.
        partition: TopicPartition,
        /// The follower concerned.
        replica: BrokerId,
        /// Into the ISR, or out of it.
        joins: bool,
    },
    // --- controller ---
    /// A broker registered.
    BrokerRegistered {
        /// The broker.
        broker: BrokerId,
    },
    /// A broker was fenced.
    BrokerFenced {
        /// The broker.
        broker: BrokerId,
        /// Its last heartbeat arrived then; `None` if it stopped cleanly.
        last_contact: Option<SimTime>,
    },
    /// A broker was unfenced.
    BrokerUnfenced {
        /// The broker.
        broker: BrokerId,
    },
    /// A controlled shutdown began.
    ControlledShutdown {
        /// The broker.
        broker: BrokerId,
    },
    /// A partition's leader, ISR or ELR changed.
    PartitionChanged {
        /// The partition.
        partition: TopicPartition,
        /// As it was.
        before: Arc<PartitionRegistration>,
        /// As it is.
        after: Arc<PartitionRegistration>,
        /// Why.
        cause: ChangeCause,
    },
    /// A topic was created.
    TopicCreated {
        /// Its number.
        topic: crate::metadata::TopicId,
    },
    // --- consumer and group ---
    /// `poll` returned records: they are *delivered*.
    Polled {
        /// The consumer.
        consumer: u16,
        /// The partition.
        partition: TopicPartition,
        /// Offset of the first record.
        from: u64,
        /// The offset after the last.
        to: u64,
        /// When the first was created.
        first_created: SimTime,
        /// When the last was created.
        last_created: SimTime,
    },
    /// The handler ended for records below this offset: they are *processed*.
    Processed {
        /// The consumer.
        consumer: u16,
        /// The partition.
        partition: TopicPartition,
        /// Offset of the first record.
        from: u64,
        /// The offset after the last.
        to: u64,
    },
    /// The coordinator took a commit.
    Committed {
        /// The group.
        group: GroupId,
        /// The partition.
        partition: TopicPartition,
        /// The committed offset.
        offset: u64,
    },
    /// A consumer's position was set by `auto.offset.reset`.
    OffsetReset {
        /// The consumer.
        consumer: u16,
        /// The partition.
        partition: TopicPartition,
        /// The position it could not use; `None` if there was no committed offset.
        from: Option<u64>,
        /// The new position.
        to: u64,
    },
    /// A consumer found that a new leader's log lacks what it has read, and went back to where the logs part
    /// (KIP-320).
    WentBack {
        /// The consumer.
        consumer: u16,
        /// The partition.
        partition: TopicPartition,
        /// Its position before.
        from: u64,
        /// Its position now.
        to: u64,
    },
    /// `poll` threw an exception that ends the application: it closes its consumer.
    ConsumerFailed {
        /// The consumer.
        consumer: u16,
        /// The partition concerned, if one is: it has no usable offset and `auto.offset.reset` is `none`.
        partition: Option<TopicPartition>,
        /// Why.
        error: ErrorCode,
    },
    /// A consumer's partitions changed (also to none, on revocation).
    Assigned {
        /// The consumer.
        consumer: u16,
        /// The generation.
        generation: u32,
        /// Its partitions now.
        partitions: Vec<TopicPartition>,
    },
    /// A group changed state.
    GroupChanged {
        /// The group.
        group: GroupId,
        /// Its state now.
        state: GroupState,
        /// Its generation now.
        generation: u32,
        /// Why.
        cause: GroupCause,
    },
    /// Metadata or offsets of a group were loaded by a new coordinator.
    CoordinatorLoaded {
        /// The group.
        group: GroupId,
        /// The broker.
        broker: BrokerId,
    },
}

/// What a process does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Process {
    /// It works.
    #[default]
    Running,
    /// It starts.
    Starting,
    /// Controlled shutdown, or closing.
    Stopping,
    /// It ended cleanly.
    Stopped,
    /// Killed.
    Crashed,
    /// Its machine is off.
    MachineDown,
    /// Stopped in its tracks.
    Frozen,
}

/// Why a partition changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeCause {
    /// That broker was fenced.
    Fenced(BrokerId),
    /// That broker entered controlled shutdown.
    ControlledShutdown(BrokerId),
    /// That broker registered anew.
    Registered(BrokerId),
    /// That broker was unfenced: a leaderless partition found a leader.
    Unfenced(BrokerId),
    /// The leader asked for it (AlterPartition).
    LeaderAsked(BrokerId),
    /// The preferred leader took over (`auto.leader.rebalance.enable`).
    PreferredElection,
    /// `unclean.leader.election.enable`.
    UncleanElection,
    /// `min.insync.replicas` of the topic changed, which clears the ELR.
    MinInsyncReplicas,
}

/// States of a classic group (`ClassicGroupState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum GroupState {
    /// No members.
    #[default]
    Empty,
    /// Members are to join again.
    PreparingRebalance,
    /// Members joined; the leader's assignment is awaited.
    CompletingRebalance,
    /// Every member has its partitions.
    Stable,
    /// Gone, or moved to another coordinator.
    Dead,
}

/// Why a group changed state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupCause {
    /// A member joined.
    MemberJoined(MemberId),
    /// A member left.
    MemberLeft(MemberId),
    /// `session.timeout.ms` passed without a heartbeat of this member.
    SessionExpired(MemberId),
    /// A member joined again, with another subscription or as the leader.
    MemberRejoined(MemberId),
    /// A member did not join or sync in time.
    MemberTimedOut(MemberId),
    /// All members joined, or the time for it passed.
    JoinPhaseEnded,
    /// The leader's assignment arrived.
    AssignmentReceived,
    /// A new coordinator took over.
    CoordinatorMoved,
}
