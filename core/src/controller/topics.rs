//! Topics are created, and configurations change.
use super::Controller;
use super::convert::{brokers, numbers, to_plain, to_registration};
use super::decision::Decision;
use super::elections::is_active;
use super::partition_change::{Partition, PartitionChange};
use super::placement::{PlacementError, UsableBroker, place};
use crate::config::{BrokerConfig, TopicConfig};
use crate::kernel::{Purpose, SimTime, name_hash};
use crate::metadata::{BrokerId, MetadataRecord, PartitionRegistration, TopicId, TopicImage, TopicPartition};
use crate::node::Effects;
use crate::trace::{ChangeCause, Fact};
use std::fmt;
use std::sync::Arc;

const PLACEMENT: Purpose = Purpose::new("replica placement");
/// Kafka's longest topic name.
const MAX_NAME_LENGTH: u32 = 249;
/// What one request may write: a record for the topic and one a partition.
const MAX_RECORDS: u32 = 10_000;

/// Why a topic was not created; displayed in Kafka's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateTopicError {
    /// There is a topic of that name.
    Exists(String),
    /// The name is empty.
    EmptyName,
    /// The name is `.` or `..`.
    DotName(String),
    /// The name is too long.
    LongName(String),
    /// The name has characters it may not have.
    NameCharacters(String),
    /// Metrics would take the name for that of another topic, as `.` and `_` are one to them.
    Collides {
        /// The name.
        name: String,
        /// The other topic.
        with: String,
    },
    /// No partitions.
    NoPartitions,
    /// No replicas.
    NoReplicas,
    /// More partitions than one request may create.
    TooManyPartitions,
    /// The replicas could not be placed.
    Placement {
        /// The replication factor.
        replication_factor: u32,
        /// Why.
        error: PlacementError,
    },
    /// A list of replicas is empty.
    EmptyReplicas,
    /// A list names a broker that is not registered.
    UnknownBroker(BrokerId),
    /// A list names a broker twice.
    RepeatedBroker(BrokerId),
    /// Lists of different lengths.
    UnevenReplicas {
        /// The length of this list.
        here: u32,
        /// The length of those before.
        before: u32,
    },
    /// Nobody on the list may lead.
    NoneActive {
        /// The index of the partition.
        partition: u32,
    },
}

impl fmt::Display for CreateTopicError {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        const NAME: &str = "Topic name is invalid:";
        const MANUAL: &str = "The manual partition assignment includes";
        match self {
            Self::Exists(name) => write!(out, "Topic '{name}' already exists."),
            Self::EmptyName => write!(out, "{NAME} the empty string is not allowed"),
            Self::DotName(name) => write!(out, "{NAME} '{name}' is not allowed"),
            Self::LongName(name) => write!(
                out,
                "{NAME} the length of '{name}' is longer than the max allowed length {MAX_NAME_LENGTH}"
            ),
            Self::NameCharacters(name) => write!(
                out,
                "{NAME} '{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"
            ),
            Self::Collides { name, with } => {
                write!(out, "Topic '{name}' collides with existing topic: {with}")
            }
            Self::NoPartitions => {
                out.write_str("Number of partitions was set to an invalid non-positive value.")
            }
            Self::NoReplicas => {
                out.write_str("Replication factor must be larger than 0, or -1 to use the default value.")
            }
            Self::TooManyPartitions => out.write_str("Excessively large number of partitions per request."),
            Self::Placement { replication_factor, error } => {
                write!(out, "Unable to replicate the partition {replication_factor} time(s): {error}")
            }
            Self::EmptyReplicas => write!(out, "{MANUAL} an empty replica list."),
            Self::UnknownBroker(broker) => {
                write!(out, "{MANUAL} broker {}, but no such broker is registered.", broker.0)
            }
            Self::RepeatedBroker(broker) => {
                write!(out, "{MANUAL} the broker {} more than once.", broker.0)
            }
            Self::UnevenReplicas { here, before } => write!(
                out,
                "{MANUAL} a partition with {here} replica(s), but this is not consistent with previous \
                 partitions, which have {before} replica(s)."
            ),
            Self::NoneActive { partition } => write!(
                out,
                "All brokers specified in the manual partition assignment for partition {partition} are fenced \
                 or in controlled shutdown."
            ),
        }
    }
}

impl std::error::Error for CreateTopicError {}

impl Controller {
    /// Creates a topic. With `manual`, each partition's replicas as listed; `partitions` and
    /// `replication_factor` are then not looked at.
    #[allow(clippy::too_many_arguments)] // An administrator's request, field by field.
    pub fn create_topic(
        &mut self,
        _now: SimTime,
        name: &str,
        partitions: u32,
        replication_factor: u32,
        config: Arc<TopicConfig>,
        internal: bool,
        manual: Option<Vec<Vec<BrokerId>>>,
        fx: &mut Effects,
    ) -> Result<TopicId, CreateTopicError> {
        self.check_name(name)?;
        let replicas = match manual {
            Some(replicas) => self.check_manual(replicas)?,
            None => self.place(name, partitions, replication_factor)?,
        };
        if replicas.len() as u64 >= u64::from(MAX_RECORDS) {
            return Err(CreateTopicError::TooManyPartitions);
        }
        let active = |replica| is_active(&self.image, BrokerId(replica));
        let mut created = Vec::new();
        for (index, list) in replicas.iter().enumerate() {
            let partition = Partition::create(numbers(list), &active);
            let partition = partition.ok_or(CreateTopicError::NoneActive { partition: index as u32 })?;
            created.push(to_registration(&partition));
        }
        let id = TopicId(self.image.topics.len() as u16);
        let first = self.image.partitions.len() as u32;
        let topic = TopicImage {
            name: name.to_owned(),
            partitions: (first..).map(TopicPartition).take(created.len()).collect(),
            config,
            internal,
        };
        let mut decision = Decision::default();
        decision.records.push(MetadataRecord::Topic { topic, partitions: created });
        decision.facts.push(Fact::TopicCreated { topic: id });
        self.commit(decision, fx);
        Ok(id)
    }

    /// Changes a topic's configuration. Another `min.insync.replicas` makes the ELR meaningless and clears it;
    /// allowing unclean elections elects nobody before the periodic task does.
    pub fn alter_topic_config(
        &mut self,
        _now: SimTime,
        topic: TopicId,
        config: Arc<TopicConfig>,
        fx: &mut Effects,
    ) {
        let known = self.image.topics[topic.0 as usize].clone();
        if *known.config == *config {
            return;
        }
        let clears_elr = known.config.min_insync_replicas != config.min_insync_replicas;
        let mut decision = Decision::default();
        decision.records.push(MetadataRecord::TopicConfig { topic, config });
        if clears_elr {
            self.clear_elr(&known, &mut decision);
        }
        self.commit(decision, fx);
    }

    /// What the ELR promised under another `min.insync.replicas` holds no longer.
    fn clear_elr(&self, topic: &TopicImage, decision: &mut Decision) {
        for &partition in &topic.partitions {
            let before = self.image.partitions[partition.index()].clone();
            if let Some(after) = without_elr(&before) {
                decision.change_partition(partition, before, after, ChangeCause::MinInsyncReplicas);
            }
        }
    }

    /// Changes the cluster-wide configuration of brokers. What topics do not say themselves changes with it.
    pub fn alter_broker_config(&mut self, _now: SimTime, config: Arc<BrokerConfig>, fx: &mut Effects) {
        if *self.image.broker_config == *config {
            return;
        }
        let changes_min_isr = |topic: &TopicImage| {
            topic.config.min_insync_replicas != topic.config.under(&config).min_insync_replicas
        };
        let changes_defaults = self.image.broker_config.topic_defaults != config.topic_defaults;
        let mut decision = Decision::default();
        decision.records.push(MetadataRecord::BrokerConfig { config: config.clone() });
        for topic in self.image.topics.iter().filter(|topic| changes_defaults && changes_min_isr(topic)) {
            self.clear_elr(topic, &mut decision);
        }
        self.commit(decision, fx);
    }

    fn check_name(&self, name: &str) -> Result<(), CreateTopicError> {
        let given = name.to_owned();
        if self.image.topic(name).is_some() {
            return Err(CreateTopicError::Exists(given));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() {
            return Err(CreateTopicError::EmptyName);
        }
        if name == "." || name == ".." {
            return Err(CreateTopicError::DotName(given));
        }
        if name.len() as u64 > u64::from(MAX_NAME_LENGTH) {
            return Err(CreateTopicError::LongName(given));
        }
        if !name.chars().all(allowed) {
            return Err(CreateTopicError::NameCharacters(given));
        }
        let unified = |name: &str| name.replace('.', "_");
        match self.image.topics.iter().find(|topic| unified(&topic.name) == unified(name)) {
            Some(topic) => Err(CreateTopicError::Collides { name: given, with: topic.name.clone() }),
            None => Ok(()),
        }
    }

    fn check_manual(&self, lists: Vec<Vec<BrokerId>>) -> Result<Vec<Vec<BrokerId>>, CreateTopicError> {
        if lists.is_empty() {
            return Err(CreateTopicError::NoPartitions);
        }
        let before = lists[0].len() as u32;
        for list in &lists {
            if list.is_empty() {
                return Err(CreateTopicError::EmptyReplicas);
            }
            let mut sorted = list.clone();
            sorted.sort_unstable();
            for (at, &broker) in sorted.iter().enumerate() {
                // There is no broker 0, which the image could not even be asked about.
                if broker.0 == 0 || self.image.broker(broker).is_none() {
                    return Err(CreateTopicError::UnknownBroker(broker));
                }
                if at > 0 && sorted[at - 1] == broker {
                    return Err(CreateTopicError::RepeatedBroker(broker));
                }
            }
            let here = list.len() as u32;
            if here != before {
                return Err(CreateTopicError::UnevenReplicas { here, before });
            }
        }
        Ok(lists)
    }

    /// Places replicas as Kafka does. The draws are the topic's own, so another topic changes nobody's luck.
    fn place(
        &self,
        name: &str,
        partitions: u32,
        factor: u32,
    ) -> Result<Vec<Vec<BrokerId>>, CreateTopicError> {
        if factor == 0 {
            return Err(CreateTopicError::NoReplicas);
        }
        if partitions == 0 {
            return Err(CreateTopicError::NoPartitions);
        }
        if partitions >= MAX_RECORDS {
            return Err(CreateTopicError::TooManyPartitions);
        }
        let draws = self.draws.part(name_hash(name));
        let mut drawn = 0;
        let mut uniform = |n| {
            drawn += 1;
            draws.at(PLACEMENT, drawn - 1).below(n)
        };
        let placed =
            place(&self.usable_brokers(), partitions, factor.try_into().unwrap_or(i32::MAX), &mut uniform);
        let placed =
            placed.map_err(|error| CreateTopicError::Placement { replication_factor: factor, error })?;
        Ok(placed.iter().map(|list| brokers(list)).collect())
    }

    /// Brokers that may be given replicas: those not in the middle of a controlled shutdown.
    fn usable_brokers(&self) -> Vec<UsableBroker<'_>> {
        let known = self.image.brokers.iter().zip(&self.brokers).enumerate();
        let usable = known.filter(|(_, (known, state))| known.registered && state.shutdown_offset.is_none());
        let listed = usable.map(|(at, (known, _))| UsableBroker {
            id: at as u32 + 1,
            rack: Some(known.rack.as_str()).filter(|rack| !rack.is_empty()),
            fenced: known.fenced,
        });
        listed.collect()
    }
}

/// The partition with its ELR cleared, if there is anything to clear.
fn without_elr(before: &PartitionRegistration) -> Option<PartitionRegistration> {
    if before.elr.is_empty() && before.last_known_elr.is_empty() {
        return None;
    }
    let mut partition = to_plain(before);
    let nothing = || Some(Vec::new());
    let change = PartitionChange { elr: nothing(), last_known_elr: nothing(), ..PartitionChange::default() };
    partition.apply(&change);
    Some(to_registration(&partition))
}
