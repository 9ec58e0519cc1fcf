//! A scenario, checked and resolved.
use super::{Note, TimedCommand};
use crate::client::{CommitMode, Workload};
use crate::config::{BrokerConfig, ConsumerConfig, ProducerConfig, TopicConfig};
use crate::kernel::SimTime;
use crate::metadata::BrokerId;
use crate::net::LinkSpec;
use std::sync::Arc;

/// Everything a run starts from, except the seed and the commands given live.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// A short title.
    pub title: String,
    /// Two sentences on what is seen.
    pub about: String,
    /// One thing to try.
    pub try_this: String,
    /// The seed a run takes if nobody names one.
    pub seed: u64,
    /// The page opens at this moment: mid-life, groups stable.
    pub warm_up: SimTime,
    /// How long `kafkarium run` runs it; expectations are judged then.
    pub duration: SimTime,
    /// The brokers; ids are 1, 2, 3 and so on.
    pub brokers: Vec<BrokerSpec>,
    /// The cluster-wide broker configuration.
    pub broker_config: Arc<BrokerConfig>,
    /// The topics.
    pub topics: Vec<TopicSpec>,
    /// The producers.
    pub producers: Vec<ProducerSpec>,
    /// The consumer groups.
    pub groups: Vec<GroupSpec>,
    /// Latencies.
    pub links: LinkSpec,
    /// Commands that are part of the scenario, in time order.
    pub timeline: Vec<TimedCommand>,
    /// What must have come true at the end.
    pub expectations: Vec<Expectation>,
    /// What the page shows first.
    pub view: ViewHints,
    /// For the author: keys known without effect here, what real Kafka would warn of.
    pub notes: Vec<Note>,
}

/// One broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerSpec {
    /// `broker.rack`; empty for none.
    pub rack: String,
    /// The data centre its rack stands in; empty for the only one.
    pub data_center: String,
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: u32,
    /// Replicas a partition.
    pub replication_factor: u32,
    /// Its configuration, with the brokers' defaults resolved.
    pub config: Arc<TopicConfig>,
    /// The replicas of each partition, if the author places them.
    pub placement: Option<Vec<Vec<BrokerId>>>,
}

/// One producer.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerSpec {
    /// `client.id`.
    pub name: String,
    /// The topic it sends to.
    pub topic: String,
    /// Its configuration.
    pub config: Arc<ProducerConfig>,
    /// What it sends.
    pub workload: Arc<Workload>,
    /// The rack it stands in; empty for none (then as far from every broker as the next rack).
    pub rack: String,
}

/// One consumer group.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupSpec {
    /// `group.id`.
    pub name: String,
    /// The topics its members subscribe to.
    pub topics: Vec<String>,
    /// How many members start with it: `<name>-1`, `<name>-2` and so on.
    pub members: u32,
    /// The configuration of its members.
    pub config: Arc<ConsumerConfig>,
    /// Processing time a record, in microseconds.
    pub processing_us_per_record: u64,
    /// When offsets are committed.
    pub commit: CommitMode,
    /// The rack its members stand in; empty for none.
    pub rack: String,
}

/// A fact that must hold when the scenario ends: `lost = 0`, `lost >= 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// What is measured.
    pub fact: Fact,
    /// Of what.
    pub of: Whole,
    /// How it compares.
    pub comparison: Comparison,
    /// With what.
    pub value: u64,
}

/// What a fact is measured over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// Everything there is.
    Cluster,
    /// A topic.
    Topic(String),
    /// A consumer group.
    Group(String),
}

/// What an expectation can measure, in the words of the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Acknowledged records gone from their partition's log.
    Lost,
    /// Records twice in a log.
    Duplicated,
    /// Records delivered twice to a group.
    DeliveredTwice,
    /// Records never delivered although below a committed offset.
    NeverDelivered,
    /// Records never processed although below a committed offset: their consumer's process ended before.
    NeverProcessed,
    /// Records skipped by `auto.offset.reset`.
    Skipped,
    /// Records that retention has deleted.
    DeletedByRetention,
    /// Records acknowledged.
    Acknowledged,
    /// Records whose send failed.
    Failed,
    /// Records delivered.
    Delivered,
    /// The longest time from a `send` to its acknowledgement, ms.
    SlowestAcknowledgementMs,
    /// The longest time one partition was unavailable for writing, ms.
    UnavailableForWritingMs,
    /// The longest time one partition was unavailable for reading, ms.
    UnavailableForReadingMs,
    /// Leader changes after the warm-up.
    LeaderChanges,
    /// Times a partition's ISR became smaller after the warm-up.
    IsrShrinks,
    /// Times a partition's ISR became larger after the warm-up.
    IsrExpands,
    /// Generations begun after the warm-up, over all groups.
    Rebalances,
    /// Members without a partition at the end.
    IdleMembersAtEnd,
    /// The lag of all groups at the end, records.
    LagAtEnd,
    /// The largest lag of all groups after the warm-up, records.
    LagMax,
    /// Partitions with an ISR below their replication factor at the end.
    UnderReplicatedAtEnd,
}

/// How a measured value compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// At least.
    AtLeast,
    /// At most.
    AtMost,
}

/// What the page shows first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ViewHints {
    /// The key whose records are followed in colour.
    pub follow_key: Option<String>,
    /// What is selected: `orders-1`, `broker 2`, `group billing`.
    pub select: Option<String>,
    /// The speed to start with: virtual microseconds a second of the viewer; `None` for real time.
    pub speed_us_per_s: Option<u64>,
}
