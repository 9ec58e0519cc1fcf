//! What replicas and the controller read from a topic's configuration.
use super::broker::BrokerConfig;
use super::build::{Built, Overrides, Typed, build, read_into, typed};
use super::error::{ConfigError, Note};
use super::spec::Scope;

/// What is read of a topic's configuration, with the brokers' defaults resolved; other keys have no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `retention.ms`.
    pub retention_ms: i64,
    /// `retention.bytes`.
    pub retention_bytes: i64,
    /// `segment.bytes`.
    pub segment_bytes: u64,
    /// `segment.ms`.
    pub segment_ms: u64,
    /// `max.message.bytes`.
    pub max_message_bytes: u32,
    /// `unclean.leader.election.enable`.
    pub unclean_leader_election: bool,
    /// The keys that were said.
    pub overrides: Overrides,
}

impl Default for TopicConfig {
    fn default() -> Self {
        TopicConfig {
            min_insync_replicas: 1,
            retention_ms: 604_800_000,
            retention_bytes: -1,
            segment_bytes: 1_073_741_824,
            segment_ms: 604_800_000,
            max_message_bytes: 1_048_588,
            unclean_leader_election: false,
            overrides: Overrides::default(),
        }
    }
}

typed!(
    TopicConfig,
    Scope::Topic,
    "min.insync.replicas" min_insync_replicas,
    "retention.ms" retention_ms,
    "retention.bytes" retention_bytes,
    "segment.bytes" segment_bytes,
    "segment.ms" segment_ms,
    "max.message.bytes" max_message_bytes,
    "unclean.leader.election.enable" unclean_leader_election,
);

impl TopicConfig {
    /// Builds it from keys and values over the brokers' defaults: with notes, or with everything that is wrong
    /// and the index of its pair.
    ///
    /// # Errors
    /// Unknown keys and values out of their range.
    pub fn from_pairs(pairs: &[(String, String)], brokers: &BrokerConfig) -> Built<Self> {
        build(brokers.topic_defaults.clone(), pairs)
    }

    /// The same topic under other brokers' defaults: what it says itself stays.
    #[must_use]
    pub fn under(&self, brokers: &BrokerConfig) -> TopicConfig {
        let mut config = brokers.topic_defaults.clone();
        config.overrides = self.overrides.clone();
        for (key, value) in self.overrides.iter() {
            let fits = config.set_field(key, value);
            debug_assert!(fits.is_ok(), "it was checked when it was said");
        }
        config.resolve(&mut Vec::new());
        config
    }

    /// `internal.segment.bytes` stands before `segment.bytes` (`LogConfig`).
    fn resolve(&mut self, _notes: &mut Vec<Note>) -> Vec<ConfigError> {
        let key = "internal.segment.bytes";
        let Some(said) = self.overrides.get(key) else { return Vec::new() };
        match read_into(&mut self.segment_bytes, said) {
            Ok(()) => Vec::new(),
            Err(expected) => vec![ConfigError::Value { key, value: said.into(), expected: expected.into() }],
        }
    }
}
