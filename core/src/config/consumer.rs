//! What a consumer reads from its configuration.
use super::build::{Built, Overrides, build, typed};
use super::error::{ConfigError, Note};
use super::offset_reset::AutoOffsetReset;
use super::spec::Scope;

/// What a consumer reads; its other keys have no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// `fetch.min.bytes`.
    pub fetch_min_bytes: u32,
    /// `fetch.max.wait.ms`.
    pub fetch_max_wait_ms: u64,
    /// `fetch.max.bytes`.
    pub fetch_max_bytes: u32,
    /// `max.partition.fetch.bytes`.
    pub max_partition_fetch_bytes: u32,
    /// `max.poll.records`.
    pub max_poll_records: u32,
    /// `max.poll.interval.ms`.
    pub max_poll_interval_ms: u64,
    /// `session.timeout.ms`.
    pub session_timeout_ms: u64,
    /// `heartbeat.interval.ms`.
    pub heartbeat_interval_ms: u64,
    /// `enable.auto.commit`.
    pub enable_auto_commit: bool,
    /// `auto.commit.interval.ms`.
    pub auto_commit_interval_ms: u64,
    /// `auto.offset.reset`.
    pub auto_offset_reset: AutoOffsetReset,
    /// `request.timeout.ms`.
    pub request_timeout_ms: u64,
    /// `default.api.timeout.ms`.
    pub default_api_timeout_ms: u64,
    /// `retry.backoff.ms`.
    pub retry_backoff_ms: u64,
    /// `retry.backoff.max.ms`.
    pub retry_backoff_max_ms: u64,
    /// `metadata.max.age.ms`.
    pub metadata_max_age_ms: u64,
    /// `reconnect.backoff.ms`.
    pub reconnect_backoff_ms: u64,
    /// `reconnect.backoff.max.ms`.
    pub reconnect_backoff_max_ms: u64,
    /// The keys that were said.
    pub overrides: Overrides,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        ConsumerConfig {
            fetch_min_bytes: 1,
            fetch_max_wait_ms: 500,
            fetch_max_bytes: 52_428_800,
            max_partition_fetch_bytes: 1_048_576,
            max_poll_records: 500,
            max_poll_interval_ms: 300_000,
            session_timeout_ms: 45_000,
            heartbeat_interval_ms: 3000,
            enable_auto_commit: true,
            auto_commit_interval_ms: 5000,
            auto_offset_reset: AutoOffsetReset::Latest,
            request_timeout_ms: 30_000,
            default_api_timeout_ms: 60_000,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1000,
            metadata_max_age_ms: 300_000,
            reconnect_backoff_ms: 50,
            reconnect_backoff_max_ms: 1000,
            overrides: Overrides::default(),
        }
    }
}

typed!(
    ConsumerConfig,
    Scope::Consumer,
    "fetch.min.bytes" fetch_min_bytes,
    "fetch.max.wait.ms" fetch_max_wait_ms,
    "fetch.max.bytes" fetch_max_bytes,
    "max.partition.fetch.bytes" max_partition_fetch_bytes,
    "max.poll.records" max_poll_records,
    "max.poll.interval.ms" max_poll_interval_ms,
    "session.timeout.ms" session_timeout_ms,
    "heartbeat.interval.ms" heartbeat_interval_ms,
    "enable.auto.commit" enable_auto_commit,
    "auto.commit.interval.ms" auto_commit_interval_ms,
    "auto.offset.reset" auto_offset_reset,
    "request.timeout.ms" request_timeout_ms,
    "default.api.timeout.ms" default_api_timeout_ms,
    "retry.backoff.ms" retry_backoff_ms,
    "retry.backoff.max.ms" retry_backoff_max_ms,
    "metadata.max.age.ms" metadata_max_age_ms,
    "reconnect.backoff.ms" reconnect_backoff_ms,
    "reconnect.backoff.max.ms" reconnect_backoff_max_ms,
);

/// Keys of the classic protocol, which members of the consumer protocol leave to the coordinator (KIP-848).
const CLASSIC_ONLY: [&str; 3] =
    ["partition.assignment.strategy", "heartbeat.interval.ms", "session.timeout.ms"];

impl ConsumerConfig {
    /// Builds it from keys and values: with notes, or with everything that is wrong and the index of its pair.
    ///
    /// # Errors
    /// Unknown keys, values out of their range, and contradictions between keys.
    pub fn from_pairs(pairs: &[(String, String)]) -> Built<Self> {
        build(ConsumerConfig::default(), pairs)
    }

    fn resolve(&mut self, _notes: &mut Vec<Note>) -> Vec<ConfigError> {
        if self.overrides.contains("reconnect.backoff.ms")
            && !self.overrides.contains("reconnect.backoff.max.ms")
        {
            self.reconnect_backoff_max_ms = self.reconnect_backoff_ms;
        }
        let mut errors = self.check_protocol();
        errors.extend(self.check_heartbeat().err());
        errors
    }

    /// `ConsumerConfig.checkUnsupportedConfigsPostProcess`.
    fn check_protocol(&self) -> Vec<ConfigError> {
        let is_consumer =
            self.overrides.get("group.protocol").is_some_and(|name| name.eq_ignore_ascii_case("consumer"));
        let (wrong, protocol): (&[&'static str], &str) =
            if is_consumer { (&CLASSIC_ONLY, "consumer") } else { (&["group.remote.assignor"], "classic") };
        let said = wrong.iter().filter(|key| self.overrides.contains(key));
        let conflict = |key: &&'static str| ConfigError::Conflict {
            key,
            what: format!("`{key}` is set with group.protocol = {protocol}"),
            expected: format!("no `{key}` with that protocol"),
        };
        said.map(conflict).collect()
    }

    /// A heartbeat must come within the session (`AbstractCoordinator`'s `Heartbeat`).
    fn check_heartbeat(&self) -> Result<(), ConfigError> {
        if self.heartbeat_interval_ms < self.session_timeout_ms {
            return Ok(());
        }
        let [heartbeat, session] = ["heartbeat.interval.ms", "session.timeout.ms"];
        let key = if self.overrides.contains(heartbeat) { heartbeat } else { session };
        let what = format!(
            "`{heartbeat}` is {}, and `{session}` {}",
            self.heartbeat_interval_ms, self.session_timeout_ms
        );
        Err(ConfigError::Conflict { key, what, expected: "a heartbeat shorter than the session".into() })
    }
}
