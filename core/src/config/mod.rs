//! Placeholder until the real room lands: the typed configurations with Kafka's defaults.
#![allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    None,
    Leader,
    All,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    BuiltIn,
    RoundRobin,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoOffsetReset {
    Earliest,
    Latest,
    None,
    ByDuration(u64),
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerConfig {
    pub acks: Acks,
    pub linger_ms: u64,
    pub batch_size_bytes: u32,
    pub buffer_memory_bytes: u64,
    pub max_block_ms: u64,
    pub max_request_size_bytes: u32,
    pub max_in_flight: u32,
    pub retries: u32,
    pub retry_backoff_ms: u64,
    pub retry_backoff_max_ms: u64,
    pub delivery_timeout_ms: u64,
    pub request_timeout_ms: u64,
    pub enable_idempotence: bool,
    pub metadata_max_age_ms: u64,
    pub metadata_max_idle_ms: u64,
    pub partitioner: Partitioner,
    pub partitioner_ignore_keys: bool,
    pub partitioner_adaptive: bool,
    pub partitioner_availability_timeout_ms: u64,
    pub reconnect_backoff_ms: u64,
    pub reconnect_backoff_max_ms: u64,
}
impl Default for ProducerConfig {
    fn default() -> Self {
        ProducerConfig {
            acks: Acks::All,
            linger_ms: 5,
            batch_size_bytes: 16384,
            buffer_memory_bytes: 33554432,
            max_block_ms: 60000,
            max_request_size_bytes: 1048576,
            max_in_flight: 5,
            retries: i32::MAX as u32,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1000,
            delivery_timeout_ms: 120000,
            request_timeout_ms: 30000,
            enable_idempotence: true,
            metadata_max_age_ms: 300000,
            metadata_max_idle_ms: 300000,
            partitioner: Partitioner::BuiltIn,
            partitioner_ignore_keys: false,
            partitioner_adaptive: true,
            partitioner_availability_timeout_ms: 0,
            reconnect_backoff_ms: 50,
            reconnect_backoff_max_ms: 1000,
        }
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerConfig {
    pub fetch_min_bytes: u32,
    pub fetch_max_wait_ms: u64,
    pub fetch_max_bytes: u32,
    pub max_partition_fetch_bytes: u32,
    pub max_poll_records: u32,
    pub max_poll_interval_ms: u64,
    pub session_timeout_ms: u64,
    pub heartbeat_interval_ms: u64,
    pub enable_auto_commit: bool,
    pub auto_commit_interval_ms: u64,
    pub auto_offset_reset: AutoOffsetReset,
    pub request_timeout_ms: u64,
    pub default_api_timeout_ms: u64,
    pub retry_backoff_ms: u64,
    pub retry_backoff_max_ms: u64,
    pub metadata_max_age_ms: u64,
    pub reconnect_backoff_ms: u64,
    pub reconnect_backoff_max_ms: u64,
}
impl Default for ConsumerConfig {
    fn default() -> Self {
        ConsumerConfig {
            fetch_min_bytes: 1,
            fetch_max_wait_ms: 500,
            fetch_max_bytes: 52428800,
            max_partition_fetch_bytes: 1048576,
            max_poll_records: 500,
            max_poll_interval_ms: 300000,
            session_timeout_ms: 45000,
            heartbeat_interval_ms: 3000,
            enable_auto_commit: true,
            auto_commit_interval_ms: 5000,
            auto_offset_reset: AutoOffsetReset::Latest,
            request_timeout_ms: 30000,
            default_api_timeout_ms: 60000,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1000,
            metadata_max_age_ms: 300000,
            reconnect_backoff_ms: 50,
            reconnect_backoff_max_ms: 1000,
        }
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicConfig {
    pub min_insync_replicas: u32,
    pub retention_ms: i64,
    pub retention_bytes: i64,
    pub segment_bytes: u64,
    pub segment_ms: u64,
    pub segment_jitter_ms: u64,
    pub max_message_bytes: u32,
    pub unclean_leader_election: bool,
}
impl Default for TopicConfig {
    fn default() -> Self {
        TopicConfig {
            min_insync_replicas: 1,
            retention_ms: 604800000,
            retention_bytes: -1,
            segment_bytes: 1073741824,
            segment_ms: 604800000,
            segment_jitter_ms: 0,
            max_message_bytes: 1048588,
            unclean_leader_election: false,
        }
    }
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerConfig {
    pub topic_defaults: TopicConfig,
    pub replica_lag_time_max_ms: u64,
    pub replica_fetch_wait_max_ms: u64,
    pub replica_fetch_min_bytes: u32,
    pub replica_fetch_max_bytes: u32,
    pub replica_fetch_response_max_bytes: u32,
    pub replica_fetch_backoff_ms: u64,
    pub replica_socket_timeout_ms: u64,
    pub fetch_max_bytes: u32,
    pub log_retention_check_interval_ms: u64,
    pub log_initial_task_delay_ms: u64,
    pub broker_heartbeat_interval_ms: u64,
    pub broker_session_timeout_ms: u64,
    pub unclean_leader_election_interval_ms: u64,
    pub auto_leader_rebalance_enable: bool,
    pub leader_imbalance_check_interval_seconds: u64,
    pub group_initial_rebalance_delay_ms: u64,
    pub group_min_session_timeout_ms: u64,
    pub group_max_session_timeout_ms: u64,
    pub group_max_size: u32,
    pub offsets_topic_num_partitions: u32,
    pub offsets_topic_replication_factor: u32,
    pub offsets_topic_segment_bytes: u64,
    pub offsets_commit_timeout_ms: u64,
    pub num_partitions: u32,
    pub default_replication_factor: u32,
    pub controlled_shutdown_enable: bool,
    pub replica_high_watermark_checkpoint_interval_ms: u64,
    pub auto_create_topics_enable: bool,
}
impl Default for BrokerConfig {
    fn default() -> Self {
        BrokerConfig {
            topic_defaults: TopicConfig::default(),
            replica_lag_time_max_ms: 30000,
            replica_fetch_wait_max_ms: 500,
            replica_fetch_min_bytes: 1,
            replica_fetch_max_bytes: 1048576,
            replica_fetch_response_max_bytes: 10485760,
            replica_fetch_backoff_ms: 1000,
            replica_socket_timeout_ms: 30000,
            fetch_max_bytes: 57671680,
            log_retention_check_interval_ms: 300000,
            log_initial_task_delay_ms: 30000,
            broker_heartbeat_interval_ms: 2000,
            broker_session_timeout_ms: 9000,
            unclean_leader_election_interval_ms: 300000,
            auto_leader_rebalance_enable: true,
            leader_imbalance_check_interval_seconds: 300,
            group_initial_rebalance_delay_ms: 3000,
            group_min_session_timeout_ms: 6000,
            group_max_session_timeout_ms: 1800000,
            group_max_size: i32::MAX as u32,
            offsets_topic_num_partitions: 50,
            offsets_topic_replication_factor: 3,
            offsets_topic_segment_bytes: 104857600,
            offsets_commit_timeout_ms: 5000,
            num_partitions: 1,
            default_replication_factor: 1,
            controlled_shutdown_enable: true,
            replica_high_watermark_checkpoint_interval_ms: 5000,
            auto_create_topics_enable: true,
        }
    }
}
impl BrokerConfig {
    pub fn with(&self, _k: &str, _v: &str) -> Result<Self, String> {
        Ok(self.clone())
    }
}
impl TopicConfig {
    pub fn with(&self, _k: &str, _v: &str) -> Result<Self, String> {
        Ok(self.clone())
    }
}
impl ProducerConfig {
    pub fn with(&self, _k: &str, _v: &str) -> Result<Self, String> {
        Ok(self.clone())
    }
}
impl ConsumerConfig {
    pub fn with(&self, _k: &str, _v: &str) -> Result<Self, String> {
        Ok(self.clone())
    }
}
