//! The metadata image, the records that change it, and how they change it.
use super::{BrokerId, TopicId, TopicPartition};
use crate::config::{BrokerConfig, TopicConfig};
use std::sync::Arc;

/// One state of the cluster's metadata, as of one offset of `__cluster_metadata`.
///
/// Replaying the same records gives every broker the same image, so the controller's is shared by
/// reference: a [`MetadataDelta`] carries both the records and the image they lead to.
#[derive(Clone, Debug, Default)]
pub struct MetadataImage {
    /// The end offset of the records applied: the image is as of here.
    pub offset: u64,
    /// One entry a broker ever added, by [`BrokerId::index`].
    pub brokers: Vec<BrokerRegistration>,
    /// The topics, by [`TopicId`].
    pub topics: Vec<Arc<TopicImage>>,
    /// The partitions of all topics, by [`TopicPartition::index`].
    pub partitions: Vec<Arc<PartitionRegistration>>,
    /// The topic and index of each partition, by [`TopicPartition::index`].
    pub partition_names: Vec<(TopicId, u32)>,
    /// The cluster-wide broker configuration.
    pub broker_config: Arc<BrokerConfig>,
}

/// What the controller knows of a broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// `broker.rack`; empty for none.
    pub rack: String,
    /// The offset of the registration record (broker epoch); 0 before the first registration.
    pub epoch: u64,
    /// Which process start registered (stands for the incarnation id).
    pub incarnation: u32,
    /// Registered at least once and not unregistered.
    pub registered: bool,
    /// Fenced: takes no leadership, joins no ISR, unseen by clients.
    pub fenced: bool,
    /// In controlled shutdown.
    pub in_controlled_shutdown: bool,
}

impl BrokerRegistration {
    /// Registered, unfenced and not shutting down: may lead and be in an ISR.
    pub fn is_active(&self) -> bool {
        self.registered && !self.fenced && !self.in_controlled_shutdown
    }
}

/// A topic in the image.
#[derive(Clone, Debug)]
pub struct TopicImage {
    /// Its name.
    pub name: String,
    /// Its partitions by index; new ones are added at the end only.
    pub partitions: Vec<TopicPartition>,
    /// Its configuration, with the brokers' defaults resolved.
    pub config: Arc<TopicConfig>,
    /// Hidden by default (`__consumer_offsets`).
    pub internal: bool,
}

/// A partition in the image (`PartitionRegistration` in Kafka).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionRegistration {
    /// The assigned replicas; the first is the preferred leader.
    pub replicas: Vec<BrokerId>,
    /// The in-sync replicas.
    pub isr: Vec<BrokerId>,
    /// Eligible leader replicas (KIP-966).
    pub elr: Vec<BrokerId>,
    /// The last known leader, kept while there is none (KIP-966).
    pub last_known_elr: Vec<BrokerId>,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// Grows with every election.
    pub leader_epoch: u32,
    /// Grows with every change.
    pub partition_epoch: u32,
    /// Elected uncleanly and not yet confirmed by the leader (`LeaderRecoveryState.RECOVERING`).
    pub recovering: bool,
}

/// A record of `__cluster_metadata`.
#[derive(Clone, Debug)]
pub enum MetadataRecord {
    /// A broker registered (`RegisterBrokerRecord`).
    RegisterBroker {
        /// Which broker.
        broker: BrokerId,
        /// Everything registered.
        registration: BrokerRegistration,
    },
    /// Fencing or controlled shutdown changed (`BrokerRegistrationChangeRecord`).
    BrokerRegistrationChange {
        /// Which broker.
        broker: BrokerId,
        /// Fenced from now on.
        fenced: bool,
        /// In controlled shutdown from now on.
        in_controlled_shutdown: bool,
    },
    /// A topic was created, with all its partitions (`TopicRecord` and its `PartitionRecord`s).
    Topic {
        /// The topic; its partitions are the next free ones.
        topic: TopicImage,
        /// Its partitions' first registrations.
        partitions: Vec<PartitionRegistration>,
    },
    /// A partition changed (`PartitionChangeRecord`), here with its whole new state.
    PartitionChange {
        /// Which partition.
        partition: TopicPartition,
        /// Its state from now on.
        registration: Arc<PartitionRegistration>,
    },
    /// A topic's configuration changed (`ConfigRecord`).
    TopicConfig {
        /// Which topic.
        topic: TopicId,
        /// Its configuration from now on.
        config: Arc<TopicConfig>,
    },
    /// The cluster-wide broker configuration changed (`ConfigRecord`).
    BrokerConfig {
        /// The configuration from now on.
        config: Arc<BrokerConfig>,
    },
}

/// Records written in one batch, and the image they lead to.
#[derive(Clone, Debug)]
pub struct MetadataDelta {
    /// The image offset these records apply to.
    pub base_offset: u64,
    /// The records.
    pub records: Arc<[MetadataRecord]>,
    /// The image after them; its `offset` is the end of this batch.
    pub image: Arc<MetadataImage>,
}

impl MetadataImage {
    /// Replays one record, the same way live and on replay. Its offset is `self.offset`, which grows by 1.
    pub fn replay(&mut self, record: &MetadataRecord) {
        match record {
            MetadataRecord::RegisterBroker { broker, registration } => {
                if self.brokers.len() <= broker.index() {
                    self.brokers.resize_with(broker.index() + 1, BrokerRegistration::default);
                }
                self.brokers[broker.index()] = registration.clone();
            }
            MetadataRecord::BrokerRegistrationChange { broker, fenced, in_controlled_shutdown } => {
                let registration = &mut self.brokers[broker.index()];
                registration.fenced = *fenced;
                registration.in_controlled_shutdown = *in_controlled_shutdown;
            }
            MetadataRecord::Topic { topic, partitions } => {
                let id = TopicId(self.topics.len() as u16);
                for (index, registration) in partitions.iter().enumerate() {
                    self.partitions.push(Arc::new(registration.clone()));
                    self.partition_names.push((id, index as u32));
                }
                self.topics.push(Arc::new(topic.clone()));
            }
            MetadataRecord::PartitionChange { partition, registration } => {
                self.partitions[partition.index()] = registration.clone();
            }
            MetadataRecord::TopicConfig { topic, config } => {
                Arc::make_mut(&mut self.topics[topic.0 as usize]).config = config.clone();
            }
            MetadataRecord::BrokerConfig { config } => self.apply_broker_config(config),
        }
        self.offset += 1;
    }

    /// Topics take over the brokers' new defaults, except for the keys they say themselves.
    fn apply_broker_config(&mut self, config: &Arc<BrokerConfig>) {
        let before = std::mem::replace(&mut self.broker_config, config.clone());
        if before.topic_defaults == config.topic_defaults {
            return;
        }
        for topic in &mut self.topics {
            let resolved = topic.config.under(config);
            if *topic.config != resolved {
                Arc::make_mut(topic).config = Arc::new(resolved);
            }
        }
    }

    /// The partition's registration.
    #[inline]
    pub fn partition(&self, partition: TopicPartition) -> &PartitionRegistration {
        &self.partitions[partition.index()]
    }

    /// The topic a partition belongs to.
    #[inline]
    pub fn topic_of(&self, partition: TopicPartition) -> &TopicImage {
        &self.topics[self.partition_names[partition.index()].0.0 as usize]
    }

    /// The topic called `name`.
    pub fn topic(&self, name: &str) -> Option<(TopicId, &TopicImage)> {
        let at = self.topics.iter().position(|topic| topic.name == name)?;
        Some((TopicId(at as u16), &self.topics[at]))
    }

    /// A partition's name in Kafka's tools: `orders-1`.
    pub fn partition_name(&self, partition: TopicPartition) -> String {
        let (topic, index) = self.partition_names[partition.index()];
        format!("{}-{index}", self.topics[topic.0 as usize].name)
    }

    /// The broker's registration, if it ever registered.
    pub fn broker(&self, broker: BrokerId) -> Option<&BrokerRegistration> {
        self.brokers.get(broker.index()).filter(|registration| registration.registered)
    }

    /// The effective `min.insync.replicas` of a partition: never above its replication factor.
    pub fn min_insync_replicas(&self, partition: TopicPartition) -> u32 {
        let factor = self.partition(partition).replicas.len() as u32;
        self.topic_of(partition).config.min_insync_replicas.min(factor)
    }
}
