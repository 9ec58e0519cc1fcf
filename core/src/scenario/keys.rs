//! Kafka's keys in a scenario: the configuration room's answers in the reader's words.
use crate::config::{
    Acks, AutoOffsetReset, BrokerConfig, ConsumerConfig, Partitioner, ProducerConfig, TopicConfig,
};

/// Whose key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Broker,
    Topic,
    Producer,
    Consumer,
}

/// What is wrong with one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyProblem {
    /// Which of the pairs.
    pub(super) index: usize,
    pub(super) what: String,
    pub(super) expected: String,
    pub(super) nearest: Option<String>,
}

impl KeyProblem {
    pub(super) fn sentence(&self) -> String {
        let mut sentence = self.what.clone();
        if !self.expected.is_empty() {
            sentence.push_str("; expected is ");
            sentence.push_str(&self.expected);
        }
        if let Some(nearest) = &self.nearest {
            sentence.push_str("; the nearest is `");
            sentence.push_str(nearest);
            sentence.push('`');
        }
        sentence
    }
}

/// What the configuration room made of a section: the configuration, notes for the author, what is wrong.
pub(super) type Answer<C> = (C, Vec<String>, Vec<KeyProblem>);

/// Reads the keys of all brokers.
pub(super) fn broker(pairs: &[(String, String)]) -> Answer<BrokerConfig> {
    read(pairs, "broker", BrokerConfig::default(), set_broker)
}

/// Reads the keys of a topic, over the brokers' defaults.
pub(super) fn topic(pairs: &[(String, String)], brokers: &BrokerConfig) -> Answer<TopicConfig> {
    read(pairs, "topic", brokers.topic_defaults.clone(), set_topic)
}

/// Reads the keys of a producer.
pub(super) fn producer(pairs: &[(String, String)]) -> Answer<ProducerConfig> {
    read(pairs, "producer", ProducerConfig::default(), set_producer)
}

/// Reads the keys of a group's members.
pub(super) fn consumer(pairs: &[(String, String)]) -> Answer<ConsumerConfig> {
    read(pairs, "consumer", ConsumerConfig::default(), set_consumer)
}

/// Checks one key and its value.
pub(super) fn check_pair(scope: Scope, key: &str, value: &str) -> Option<KeyProblem> {
    let pairs = [(key.to_string(), value.to_string())];
    let problems = match scope {
        Scope::Broker => broker(&pairs).2,
        Scope::Topic => topic(&pairs, &BrokerConfig::default()).2,
        Scope::Producer => producer(&pairs).2,
        Scope::Consumer => consumer(&pairs).2,
    };
    problems.into_iter().next()
}

/// Whether a key was set; if not, the keys there are, or `None` for a wrong value.
type Set = Result<(), Option<Vec<&'static str>>>;

// ---- Stopgap until the configuration room lands: the keys it will know, without their ranges. ----

fn read<C>(
    pairs: &[(String, String)],
    scope: &str,
    mut config: C,
    set: fn(&mut C, &str, &str) -> Set,
) -> Answer<C> {
    let mut problems = Vec::new();
    for (index, (key, value)) in pairs.iter().enumerate() {
        match set(&mut config, key, value) {
            Ok(()) => {}
            Err(None) => problems.push(KeyProblem {
                index,
                what: format!("`{key}` is `{value}`"),
                expected: "a value that Kafka allows".into(),
                nearest: None,
            }),
            Err(Some(known)) => problems.push(KeyProblem {
                index,
                what: format!("`{key}` is not a {scope} key of Kafka 4.3"),
                expected: String::new(),
                nearest: super::words::nearest(key, known).map(Into::into),
            }),
        }
    }
    (config, Vec::new(), problems)
}

trait Value: Sized {
    fn value(text: &str) -> Option<Self>;
}
macro_rules! parsed { ($($t:ty)*) => { $(impl Value for $t { fn value(text: &str) -> Option<Self> { text.parse().ok() } })* } }
parsed!(u32 u64 i64 bool);
impl Value for Acks {
    fn value(text: &str) -> Option<Self> {
        Some(match text {
            "0" => Acks::None,
            "1" => Acks::Leader,
            "all" | "-1" => Acks::All,
            _ => return None,
        })
    }
}
impl Value for Partitioner {
    fn value(text: &str) -> Option<Self> {
        text.ends_with("RoundRobinPartitioner").then_some(Partitioner::RoundRobin)
    }
}
impl Value for AutoOffsetReset {
    fn value(text: &str) -> Option<Self> {
        Some(match text {
            "earliest" => AutoOffsetReset::Earliest,
            "latest" => AutoOffsetReset::Latest,
            "none" => AutoOffsetReset::None,
            _ => return None,
        })
    }
}
macro_rules! setter {
    ($name:ident, $config:ty, $($key:literal $($field:ident).+,)*) => {
        fn $name(config: &mut $config, key: &str, value: &str) -> Set {
            match key {
                $($key => config.$($field).+ = Value::value(value).ok_or(None)?,)*
                _ => return Err(Some(vec![$($key),*])),
            }
            Ok(())
        }
    };
}
setter!(
    set_producer,
    ProducerConfig,
    "acks" acks,
    "linger.ms" linger_ms,
    "batch.size" batch_size_bytes,
    "buffer.memory" buffer_memory_bytes,
    "max.block.ms" max_block_ms,
    "max.request.size" max_request_size_bytes,
    "max.in.flight.requests.per.connection" max_in_flight,
    "retries" retries,
    "retry.backoff.ms" retry_backoff_ms,
    "retry.backoff.max.ms" retry_backoff_max_ms,
    "delivery.timeout.ms" delivery_timeout_ms,
    "request.timeout.ms" request_timeout_ms,
    "enable.idempotence" enable_idempotence,
    "metadata.max.age.ms" metadata_max_age_ms,
    "metadata.max.idle.ms" metadata_max_idle_ms,
    "partitioner.class" partitioner,
    "partitioner.ignore.keys" partitioner_ignore_keys,
    "partitioner.adaptive.partitioning.enable" partitioner_adaptive,
    "partitioner.availability.timeout.ms" partitioner_availability_timeout_ms,
    "reconnect.backoff.ms" reconnect_backoff_ms,
    "reconnect.backoff.max.ms" reconnect_backoff_max_ms,
);
setter!(
    set_consumer,
    ConsumerConfig,
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
setter!(
    set_topic,
    TopicConfig,
    "min.insync.replicas" min_insync_replicas,
    "retention.ms" retention_ms,
    "retention.bytes" retention_bytes,
    "segment.bytes" segment_bytes,
    "segment.ms" segment_ms,
    "segment.jitter.ms" segment_jitter_ms,
    "max.message.bytes" max_message_bytes,
    "unclean.leader.election.enable" unclean_leader_election,
);
setter!(
    set_broker,
    BrokerConfig,
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
    "num.partitions" num_partitions,
    "default.replication.factor" default_replication_factor,
    "controlled.shutdown.enable" controlled_shutdown_enable,
    "replica.high.watermark.checkpoint.interval.ms" replica_high_watermark_checkpoint_interval_ms,
    "auto.create.topics.enable" auto_create_topics_enable,
    "min.insync.replicas" topic_defaults.min_insync_replicas,
    "log.retention.ms" topic_defaults.retention_ms,
    "log.retention.bytes" topic_defaults.retention_bytes,
    "log.segment.bytes" topic_defaults.segment_bytes,
    "unclean.leader.election.enable" topic_defaults.unclean_leader_election,
);
