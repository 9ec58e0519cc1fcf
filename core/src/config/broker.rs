//! What brokers and the controller read from the cluster's configuration.
use super::build::{Built, Overrides, build, check_pair, typed};
use super::error::{ConfigError, Note};
use super::spec::Scope;
use super::topic::TopicConfig;

/// What brokers and the controller read; other keys have no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerConfig {
    /// What topics have that do not say otherwise.
    pub topic_defaults: TopicConfig,
    /// `replica.lag.time.max.ms`.
    pub replica_lag_time_max_ms: u64,
    /// `replica.fetch.wait.max.ms`.
    pub replica_fetch_wait_max_ms: u64,
    /// `replica.fetch.min.bytes`.
    pub replica_fetch_min_bytes: u32,
    /// `replica.fetch.max.bytes`.
    pub replica_fetch_max_bytes: u32,
    /// `replica.fetch.response.max.bytes`.
    pub replica_fetch_response_max_bytes: u32,
    /// `replica.fetch.backoff.ms`.
    pub replica_fetch_backoff_ms: u64,
    /// `replica.socket.timeout.ms`.
    pub replica_socket_timeout_ms: u64,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: u32,
    /// `log.retention.check.interval.ms`.
    pub log_retention_check_interval_ms: u64,
    /// `log.initial.task.delay.ms`.
    pub log_initial_task_delay_ms: u64,
    /// `broker.heartbeat.interval.ms`.
    pub broker_heartbeat_interval_ms: u64,
    /// `broker.session.timeout.ms`.
    pub broker_session_timeout_ms: u64,
    /// `unclean.leader.election.interval.ms`.
    pub unclean_leader_election_interval_ms: u64,
    /// `auto.leader.rebalance.enable`.
    pub auto_leader_rebalance_enable: bool,
    /// `leader.imbalance.check.interval.seconds`.
    pub leader_imbalance_check_interval_seconds: u64,
    /// `group.initial.rebalance.delay.ms`.
    pub group_initial_rebalance_delay_ms: u64,
    /// `group.min.session.timeout.ms`.
    pub group_min_session_timeout_ms: u64,
    /// `group.max.session.timeout.ms`.
    pub group_max_session_timeout_ms: u64,
    /// `group.max.size`.
    pub group_max_size: u32,
    /// `offsets.topic.num.partitions`.
    pub offsets_topic_num_partitions: u32,
    /// `offsets.topic.replication.factor`.
    pub offsets_topic_replication_factor: u32,
    /// `offsets.topic.segment.bytes`.
    pub offsets_topic_segment_bytes: u64,
    /// `offsets.commit.timeout.ms`.
    pub offsets_commit_timeout_ms: u64,
    /// `replica.high.watermark.checkpoint.interval.ms`.
    pub replica_high_watermark_checkpoint_interval_ms: u64,
    /// The keys that were said.
    pub overrides: Overrides,
}

impl Default for BrokerConfig {
    fn default() -> Self {
        BrokerConfig {
            topic_defaults: TopicConfig::default(),
            replica_lag_time_max_ms: 30_000,
            replica_fetch_wait_max_ms: 500,
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1_048_576,
            replica_fetch_response_max_bytes: 10_485_760,
            replica_fetch_backoff_ms: 1000,
            replica_socket_timeout_ms: 30_000,
            fetch_max_bytes: 57_671_680,
            log_retention_check_interval_ms: 300_000,
            log_initial_task_delay_ms: 30_000,
            broker_heartbeat_interval_ms: 2000,
            broker_session_timeout_ms: 9000,
            unclean_leader_election_interval_ms: 300_000,
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval_seconds: 300,
            group_initial_rebalance_delay_ms: 3000,
            group_min_session_timeout_ms: 6000,
            group_max_session_timeout_ms: 1_800_000,
            group_max_size: i32::MAX as u32,
            offsets_topic_num_partitions: 50,
            offsets_topic_replication_factor: 3,
            offsets_topic_segment_bytes: 104_857_600,
            offsets_commit_timeout_ms: 5000,
            replica_high_watermark_checkpoint_interval_ms: 5000,
            overrides: Overrides::default(),
        }
    }
}

typed!(
    BrokerConfig,
    Scope::Broker,
    "replica.lag.time.max.ms" replica_lag_time_max_ms,
    "replica.fetch.wait.max.ms" replica_fetch_wait_max_ms,
    "replica.fetch.min.bytes" replica_fetch_min_bytes,
    "replica.fetch.max.bytes" replica_fetch_max_bytes,
    "replica.fetch.response.max.bytes" replica_fetch_response_max_bytes,
    "replica.fetch.backoff.ms" replica_fetch_backoff_ms,
    "replica.socket.timeout.ms" replica_socket_timeout_ms,
    "fetch.max.bytes" fetch_max_bytes,
    "log.retention.check.interval.ms" log_retention_check_interval_ms,
    "broker.heartbeat.interval.ms" broker_heartbeat_interval_ms,
    "broker.session.timeout.ms" broker_session_timeout_ms,
    "auto.leader.rebalance.enable" auto_leader_rebalance_enable,
    "leader.imbalance.check.interval.seconds" leader_imbalance_check_interval_seconds,
    "group.initial.rebalance.delay.ms" group_initial_rebalance_delay_ms,
    "group.min.session.timeout.ms" group_min_session_timeout_ms,
    "group.max.session.timeout.ms" group_max_session_timeout_ms,
    "group.max.size" group_max_size,
    "offsets.topic.num.partitions" offsets_topic_num_partitions,
    "offsets.topic.replication.factor" offsets_topic_replication_factor,
    "offsets.topic.segment.bytes" offsets_topic_segment_bytes,
    "offsets.commit.timeout.ms" offsets_commit_timeout_ms,
    "replica.high.watermark.checkpoint.interval.ms" replica_high_watermark_checkpoint_interval_ms,
    "min.insync.replicas" topic_defaults.min_insync_replicas,
    "log.retention.bytes" topic_defaults.retention_bytes,
    "log.segment.bytes" topic_defaults.segment_bytes,
    "unclean.leader.election.enable" topic_defaults.unclean_leader_election,
    "log.initial.task.delay.ms" log_initial_task_delay_ms,
    "unclean.leader.election.interval.ms" unclean_leader_election_interval_ms,
    "message.max.bytes" topic_defaults.max_message_bytes,
);

/// Checks that all brokers can take the key over while they run, and that it may have this value.
///
/// # Errors
/// As [`check_pair`]; and keys that brokers read only when they start, or that belong to one broker.
pub fn check_at_run_time(key: &str, value: &str) -> Result<(), ConfigError> {
    let spec = check_pair(Scope::Broker, key, value)?;
    if spec.is_changed_cluster_wide() { Ok(()) } else { Err(ConfigError::not_while_running(&spec)) }
}

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

impl BrokerConfig {
    /// Builds it from keys and values: with notes, or with everything that is wrong and the index of its pair.
    ///
    /// # Errors
    /// Unknown keys, values out of their range, and contradictions between keys.
    pub fn from_pairs(pairs: &[(String, String)]) -> Built<Self> {
        build(BrokerConfig::default(), pairs)
    }

    /// The configuration with one key changed for all brokers while they run, as
    /// `kafka-configs --entity-type brokers --entity-default` does.
    ///
    /// # Errors
    /// As [`BrokerConfig::with`]; and keys that brokers read only when they start, or that belong to one broker.
    pub fn with_at_run_time(&self, key: &str, value: &str) -> Result<Self, ConfigError> {
        check_at_run_time(key, value)?;
        self.with(key, value)
    }

    fn resolve(&mut self, _notes: &mut Vec<Note>) -> Vec<ConfigError> {
        let mut errors = self.resolve_retention().err().into_iter().collect::<Vec<_>>();
        errors.extend(self.resolve_roll().err());
        errors.extend(self.check_replica_wait().err());
        errors
    }

    /// The finest unit that was said counts (`AbstractKafkaConfig.logRetentionTimeMillis`); negative is no limit.
    fn resolve_retention(&mut self) -> Result<(), ConfigError> {
        let keys =
            [("log.retention.ms", 1), ("log.retention.minutes", MINUTE_MS), ("log.retention.hours", HOUR_MS)];
        let Some((key, ms)) = self.first_said(&keys) else { return Ok(()) };
        if ms == 0 {
            let expected = "1 at least, or -1 for no limit".into();
            return Err(ConfigError::Value { key, value: "0".into(), expected });
        }
        self.topic_defaults.retention_ms = ms.max(-1);
        Ok(())
    }

    /// `AbstractKafkaConfig.logRollTimeMillis`.
    fn resolve_roll(&mut self) -> Result<(), ConfigError> {
        let Some((key, ms)) = self.first_said(&[("log.roll.ms", 1), ("log.roll.hours", HOUR_MS)]) else {
            return Ok(());
        };
        if ms < 1 {
            let expected = "1 at least".into();
            return Err(ConfigError::Value { key, value: ms.to_string(), expected });
        }
        self.topic_defaults.segment_ms = ms.unsigned_abs();
        Ok(())
    }

    /// The first of the keys that was said, with its value in milliseconds.
    fn first_said(&self, keys: &[(&'static str, i64)]) -> Option<(&'static str, i64)> {
        keys.iter().find_map(|&(key, unit_ms)| {
            let said = self.overrides.get(key)?.trim().parse::<i64>().ok()?;
            Some((key, said.saturating_mul(unit_ms)))
        })
    }

    /// A follower's fetch may wait neither beyond its socket's timeout nor beyond the lag that costs it its place
    /// in the ISR (`KafkaConfig.validateValues`).
    fn check_replica_wait(&self) -> Result<(), ConfigError> {
        let key = "replica.fetch.wait.max.ms";
        let wait_ms = self.replica_fetch_wait_max_ms;
        let limits = [
            ("replica.socket.timeout.ms", self.replica_socket_timeout_ms),
            ("replica.lag.time.max.ms", self.replica_lag_time_max_ms),
        ];
        let Some((limit, limit_ms)) = limits.into_iter().find(|(_, limit_ms)| wait_ms > *limit_ms) else {
            return Ok(());
        };
        let said = if self.overrides.contains(key) { key } else { limit };
        let what = format!("`{key}` is {wait_ms}, and `{limit}` {limit_ms}");
        Err(ConfigError::Conflict { key: said, what, expected: format!("a wait of at most `{limit}`") })
    }
}
