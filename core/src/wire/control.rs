//! What brokers and the controller say to each other.
use super::ErrorCode;
use crate::metadata::{BrokerId, TopicPartition};

/// A broker process introduces itself.
#[derive(Clone, Debug)]
pub struct BrokerRegistrationRequest {
    /// Who.
    pub broker: BrokerId,
    /// Which process start this is (the incarnation id).
    pub incarnation: u32,
    /// `broker.rack`; empty for none.
    pub rack: String,
    /// The broker epoch stored by a clean shutdown, if the last one was clean.
    pub previous_epoch: Option<u64>,
}

/// "I am alive", every `broker.heartbeat.interval.ms`.
#[derive(Clone, Copy, Debug)]
pub struct BrokerHeartbeatRequest {
    /// Who.
    pub broker: BrokerId,
    /// The broker epoch.
    pub epoch: u64,
    /// The end offset of the metadata applied.
    pub metadata_offset: u64,
    /// Not ready to be unfenced.
    pub want_fence: bool,
    /// Asks for a controlled shutdown.
    pub want_shutdown: bool,
}

/// The controller's answer.
#[derive(Clone, Copy, Debug)]
pub struct BrokerHeartbeatResponse {
    /// The broker has applied its own registration.
    pub is_caught_up: bool,
    /// The broker is fenced.
    pub is_fenced: bool,
    /// The broker may stop now.
    pub should_shutdown: bool,
}

/// A leader proposes new in-sync replicas for partitions it leads.
#[derive(Clone, Debug)]
pub struct AlterPartitionRequest {
    /// The sender.
    pub broker: BrokerId,
    /// Its broker epoch.
    pub broker_epoch: u64,
    /// The proposals.
    pub partitions: Vec<IsrProposal>,
}

/// One partition of an AlterPartition request.
#[derive(Clone, Debug)]
pub struct IsrProposal {
    /// Which partition.
    pub partition: TopicPartition,
    /// The sender's leader epoch.
    pub leader_epoch: u32,
    /// The partition epoch the sender knows.
    pub partition_epoch: u32,
    /// The new ISR with each member's broker epoch.
    pub isr: Vec<(BrokerId, u64)>,
    /// The leader is still recovering from an unclean election.
    pub recovering: bool,
}

/// The verdict on one proposal.
#[derive(Clone, Debug)]
pub struct AlterPartitionResult {
    /// Which partition.
    pub partition: TopicPartition,
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The ISR from now on.
    pub isr: Vec<BrokerId>,
    /// The leader epoch from now on.
    pub leader_epoch: u32,
    /// The partition epoch from now on.
    pub partition_epoch: u32,
}
