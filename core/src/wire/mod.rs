//! The requests and responses that travel, under Kafka's API names.
//!
//! This room knows what a message says, never how it travels or what its receiver does.
mod control;
mod data;
mod errors;
mod group;

pub use control::{
    AlterPartitionRequest, AlterPartitionResult, BrokerHeartbeatRequest, BrokerHeartbeatResponse,
    BrokerRegistrationRequest, IsrProposal,
};
pub use data::{
    EpochAnswered, EpochAsked, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, LeaderHint,
    ListOffsetsAt, ListedOffset, NO_EPOCH, ProduceRequest, ProduceResult,
};
pub use errors::ErrorCode;
pub use group::{JoinGroupRequest, JoinGroupResponse, JoinedMember, MemberId};

use crate::log::{Batch, CommitRecord};
use crate::metadata::{BrokerId, GroupId, MetadataDelta, MetadataImage, TopicPartition};
use std::sync::Arc;

/// The address of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeId {
    /// A controller, from 0.
    Controller(u16),
    /// A broker, by its `node.id`.
    Broker(u16),
    /// A producer, in the order they were added.
    Producer(u16),
    /// A consumer, in the order they were added over all groups.
    Consumer(u16),
}

impl From<BrokerId> for NodeId {
    fn from(broker: BrokerId) -> Self {
        NodeId::Broker(broker.0 as u16)
    }
}

/// The controller, while there is one only.
pub const CONTROLLER: NodeId = NodeId::Controller(0);

/// A request or a response. Each response carries the correlation id of its request in the envelope.
#[derive(Clone, Debug)]
pub enum Message {
    /// Producer to leader.
    Produce(ProduceRequest),
    /// Leader to producer, when every partition of the request is done.
    ProduceResponse(Vec<ProduceResult>),
    /// Follower or consumer to leader.
    Fetch(FetchRequest),
    /// Leader to follower or consumer.
    FetchResponse(FetchResponse),
    /// Client to any broker.
    Metadata,
    /// The broker's own image, which may be behind the controller's.
    MetadataResponse(Arc<MetadataImage>),
    /// Producer to any broker.
    InitProducerId,
    /// A fresh `producerId`, epoch 0.
    InitProducerIdResponse {
        /// The id.
        producer_id: u32,
    },
    /// Consumer to leader.
    ListOffsets(Vec<(TopicPartition, ListOffsetsAt)>),
    /// Leader to consumer.
    ListOffsetsResponse(Vec<ListedOffset>),
    /// Consumer to leader.
    OffsetForLeaderEpoch(Vec<EpochAsked>),
    /// Leader to consumer.
    OffsetForLeaderEpochResponse(Vec<EpochAnswered>),
    /// Consumer to any broker.
    FindCoordinator {
        /// Whose coordinator.
        group: GroupId,
    },
    /// The leader of the group's `__consumer_offsets` partition.
    FindCoordinatorResponse {
        /// `COORDINATOR_NOT_AVAILABLE` while there is none.
        coordinator: Result<BrokerId, ErrorCode>,
    },
    /// Consumer to coordinator.
    JoinGroup(Box<JoinGroupRequest>),
    /// Coordinator to consumer, at the end of the join phase.
    JoinGroupResponse(Box<JoinGroupResponse>),
    /// Consumer to coordinator; only the leader brings assignments.
    SyncGroup {
        /// The group.
        group: GroupId,
        /// The generation joined.
        generation: u32,
        /// The sender.
        member: MemberId,
        /// What each member gets; empty from members that do not lead.
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
    },
    /// Coordinator to consumer.
    SyncGroupResponse {
        /// The partitions of the receiver.
        assignment: Result<Vec<TopicPartition>, ErrorCode>,
    },
    /// Consumer to coordinator.
    Heartbeat {
        /// The group.
        group: GroupId,
        /// The sender's generation.
        generation: u32,
        /// The sender.
        member: MemberId,
    },
    /// Coordinator to consumer.
    HeartbeatResponse(ErrorCode),
    /// Consumer to coordinator.
    LeaveGroup {
        /// The group.
        group: GroupId,
        /// Who leaves.
        member: MemberId,
    },
    /// Coordinator to consumer.
    LeaveGroupResponse(ErrorCode),
    /// Consumer to coordinator.
    OffsetCommit {
        /// The group.
        group: GroupId,
        /// The sender's generation.
        generation: u32,
        /// The sender.
        member: MemberId,
        /// What it commits.
        offsets: Vec<CommitRecord>,
    },
    /// Coordinator to consumer: one error for all partitions.
    OffsetCommitResponse(ErrorCode),
    /// Consumer to coordinator.
    OffsetFetch {
        /// The group.
        group: GroupId,
        /// Of which partitions.
        partitions: Vec<TopicPartition>,
    },
    /// Coordinator to consumer; partitions without a committed offset are left out.
    OffsetFetchResponse {
        /// The committed offsets.
        offsets: Result<Vec<CommitRecord>, ErrorCode>,
    },
    /// Broker to controller.
    BrokerRegistration(Box<BrokerRegistrationRequest>),
    /// Controller to broker: the broker epoch.
    BrokerRegistrationResponse {
        /// The broker epoch, or why not.
        epoch: Result<u64, ErrorCode>,
    },
    /// Broker to controller.
    BrokerHeartbeat(BrokerHeartbeatRequest),
    /// Controller to broker.
    BrokerHeartbeatResponse(Result<BrokerHeartbeatResponse, ErrorCode>),
    /// Leader to controller.
    AlterPartition(Box<AlterPartitionRequest>),
    /// Controller to leader.
    AlterPartitionResponse(Result<Vec<AlterPartitionResult>, ErrorCode>),
    /// Broker to controller: a Fetch of `__cluster_metadata`, parked until there is news or 500 ms passed.
    MetadataFetch {
        /// The end offset of the sender's image.
        offset: u64,
    },
    /// Controller to broker: what came after that offset, possibly nothing.
    MetadataFetchResponse {
        /// In order; each applies to the image the one before led to.
        deltas: Vec<MetadataDelta>,
    },
}

impl Message {
    /// Kafka's name of the request this is, or answers.
    pub const fn api_name(&self) -> &'static str {
        match self {
            Message::Produce(_) | Message::ProduceResponse(_) => "Produce",
            Message::Fetch(_) | Message::FetchResponse(_) => "Fetch",
            Message::Metadata | Message::MetadataResponse(_) => "Metadata",
            Message::InitProducerId | Message::InitProducerIdResponse { .. } => "InitProducerId",
            Message::ListOffsets(_) | Message::ListOffsetsResponse(_) => "ListOffsets",
            Message::OffsetForLeaderEpoch(_) | Message::OffsetForLeaderEpochResponse(_) => {
                "OffsetForLeaderEpoch"
            }
            Message::FindCoordinator { .. } | Message::FindCoordinatorResponse { .. } => "FindCoordinator",
            Message::JoinGroup(_) | Message::JoinGroupResponse(_) => "JoinGroup",
            Message::SyncGroup { .. } | Message::SyncGroupResponse { .. } => "SyncGroup",
            Message::Heartbeat { .. } | Message::HeartbeatResponse(_) => "Heartbeat",
            Message::LeaveGroup { .. } | Message::LeaveGroupResponse(_) => "LeaveGroup",
            Message::OffsetCommit { .. } | Message::OffsetCommitResponse(_) => "OffsetCommit",
            Message::OffsetFetch { .. } | Message::OffsetFetchResponse { .. } => "OffsetFetch",
            Message::BrokerRegistration(_) | Message::BrokerRegistrationResponse { .. } => {
                "BrokerRegistration"
            }
            Message::BrokerHeartbeat(_) | Message::BrokerHeartbeatResponse(_) => "BrokerHeartbeat",
            Message::AlterPartition(_) | Message::AlterPartitionResponse(_) => "AlterPartition",
            Message::MetadataFetch { .. } | Message::MetadataFetchResponse { .. } => "Fetch metadata",
        }
    }

    /// Whether this answers a request.
    pub const fn is_response(&self) -> bool {
        matches!(
            self,
            Message::ProduceResponse(_)
                | Message::FetchResponse(_)
                | Message::MetadataResponse(_)
                | Message::InitProducerIdResponse { .. }
                | Message::ListOffsetsResponse(_)
                | Message::OffsetForLeaderEpochResponse(_)
                | Message::FindCoordinatorResponse { .. }
                | Message::JoinGroupResponse(_)
                | Message::SyncGroupResponse { .. }
                | Message::HeartbeatResponse(_)
                | Message::LeaveGroupResponse(_)
                | Message::OffsetCommitResponse(_)
                | Message::OffsetFetchResponse { .. }
                | Message::BrokerRegistrationResponse { .. }
                | Message::BrokerHeartbeatResponse(_)
                | Message::AlterPartitionResponse(_)
                | Message::MetadataFetchResponse { .. }
        )
    }

    /// Roughly how many bytes travel: exact for batches, a round figure for the rest.
    pub fn bytes(&self) -> u64 {
        let of = |batches: &mut dyn Iterator<Item = &Batch>| batches.map(|b| u64::from(b.bytes)).sum::<u64>();
        match self {
            Message::Produce(request) => 60 + of(&mut request.batches.iter().map(|(_, batch)| batch)),
            Message::FetchResponse(response) => {
                60 + 40 * response.partitions.len() as u64 + of(&mut response.batches.iter())
            }
            Message::Fetch(request) => 60 + 40 * request.partitions.len() as u64,
            _ => 100,
        }
    }
}
