//! What a producer reads from its configuration.
use super::build::{Built, Field, Overrides, build, typed};
use super::error::{ConfigError, Note};
use super::spec::Scope;

/// What a producer reads; its other keys have no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerConfig {
    /// `acks`.
    pub acks: Acks,
    /// `linger.ms`.
    pub linger_ms: u64,
    /// `batch.size`.
    pub batch_size_bytes: u32,
    /// `buffer.memory`.
    pub buffer_memory_bytes: u64,
    /// `max.block.ms`.
    pub max_block_ms: u64,
    /// `max.request.size`.
    pub max_request_size_bytes: u32,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: u32,
    /// `retries`.
    pub retries: u32,
    /// `retry.backoff.ms`.
    pub retry_backoff_ms: u64,
    /// `retry.backoff.max.ms`.
    pub retry_backoff_max_ms: u64,
    /// `delivery.timeout.ms`.
    pub delivery_timeout_ms: u64,
    /// `request.timeout.ms`.
    pub request_timeout_ms: u64,
    /// `enable.idempotence`.
    pub enable_idempotence: bool,
    /// `metadata.max.age.ms`.
    pub metadata_max_age_ms: u64,
    /// `partitioner.class`.
    pub partitioner: Partitioner,
    /// `partitioner.ignore.keys`.
    pub partitioner_ignore_keys: bool,
    /// `partitioner.adaptive.partitioning.enable`.
    pub partitioner_adaptive: bool,
    /// `partitioner.availability.timeout.ms`.
    pub partitioner_availability_timeout_ms: u64,
    /// `reconnect.backoff.ms`.
    pub reconnect_backoff_ms: u64,
    /// `reconnect.backoff.max.ms`.
    pub reconnect_backoff_max_ms: u64,
    /// The keys that were said.
    pub overrides: Overrides,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        ProducerConfig {
            acks: Acks::All,
            linger_ms: 5,
            batch_size_bytes: 16_384,
            buffer_memory_bytes: 33_554_432,
            max_block_ms: 60_000,
            max_request_size_bytes: 1_048_576,
            max_in_flight: 5,
            retries: i32::MAX as u32,
            retry_backoff_ms: 100,
            retry_backoff_max_ms: 1000,
            delivery_timeout_ms: 120_000,
            request_timeout_ms: 30_000,
            enable_idempotence: true,
            metadata_max_age_ms: 300_000,
            partitioner: Partitioner::BuiltIn,
            partitioner_ignore_keys: false,
            partitioner_adaptive: true,
            partitioner_availability_timeout_ms: 0,
            reconnect_backoff_ms: 50,
            reconnect_backoff_max_ms: 1000,
            overrides: Overrides::default(),
        }
    }
}

/// `acks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acks {
    /// `0`: no answer is waited for.
    None,
    /// `1`: the leader has appended.
    Leader,
    /// `all` or `-1`: all replicas in sync have appended.
    All,
}

/// `partitioner.class`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// None said: by key, or sticky without one (KIP-794).
    BuiltIn,
    /// `RoundRobinPartitioner`.
    RoundRobin,
}

typed!(
    ProducerConfig,
    Scope::Producer,
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
    "partitioner.class" partitioner,
    "partitioner.ignore.keys" partitioner_ignore_keys,
    "partitioner.adaptive.partitioning.enable" partitioner_adaptive,
    "partitioner.availability.timeout.ms" partitioner_availability_timeout_ms,
    "reconnect.backoff.ms" reconnect_backoff_ms,
    "reconnect.backoff.max.ms" reconnect_backoff_max_ms,
);

impl ProducerConfig {
    /// Builds it from keys and values: with notes, or with everything that is wrong and the index of its pair.
    ///
    /// # Errors
    /// Unknown keys, values out of their range, and contradictions between keys.
    pub fn from_pairs(pairs: &[(String, String)]) -> Built<Self> {
        build(ProducerConfig::default(), pairs)
    }

    fn resolve(&mut self, notes: &mut Vec<Note>) -> Vec<ConfigError> {
        let mut errors = Vec::new();
        errors.extend(self.resolve_idempotence(notes).err());
        errors.extend(self.resolve_delivery_timeout(notes).err());
        if self.overrides.contains("reconnect.backoff.ms")
            && !self.overrides.contains("reconnect.backoff.max.ms")
        {
            self.reconnect_backoff_max_ms = self.reconnect_backoff_ms;
        }
        errors
    }

    /// Idempotence by default gives way to `acks` and `retries`; idempotence that was asked for does not. More
    /// requests in flight than brokers remember are refused either way (`ProducerConfig`).
    fn resolve_idempotence(&mut self, notes: &mut Vec<Note>) -> Result<(), ConfigError> {
        let key = "enable.idempotence";
        let is_said = self.overrides.contains(key);
        if !is_said {
            self.enable_idempotence = true;
        }
        if !self.enable_idempotence {
            return self.transactional_without_idempotence();
        }
        let hindrance = match () {
            () if self.retries == 0 => Some("retries = 0"),
            () if self.acks == Acks::None => Some("acks = 0"),
            () if self.acks == Acks::Leader => Some("acks = 1"),
            () => None,
        };
        match hindrance {
            Some(hindrance) if is_said => {
                let what = format!("`{key}` is `true` beside {hindrance}");
                let expected = "acks = all and retries above 0 with an idempotent producer".into();
                return Err(ConfigError::Conflict { key, what, expected });
            }
            Some(hindrance) => {
                self.enable_idempotence = false;
                notes.push(Note {
                    key,
                    text: format!("{hindrance} switches `{key}` off, which is on by default"),
                });
                return self.transactional_without_idempotence();
            }
            None => {}
        }
        if self.max_in_flight > 5 {
            let key = "max.in.flight.requests.per.connection";
            let what = format!("`{key}` is {} with an idempotent producer", self.max_in_flight);
            return Err(ConfigError::Conflict {
                key,
                what,
                expected: "at most 5, or enable.idempotence = false".into(),
            });
        }
        Ok(())
    }

    fn transactional_without_idempotence(&self) -> Result<(), ConfigError> {
        if !self.overrides.contains("transactional.id") {
            return Ok(());
        }
        let what = "`transactional.id` is set, and the producer is not idempotent".into();
        Err(ConfigError::Conflict {
            key: "transactional.id",
            what,
            expected: "an idempotent producer".into(),
        })
    }

    /// A delivery takes at least a linger and a request; the default is raised to that, another is refused
    /// (`KafkaProducer.configureDeliveryTimeout`).
    fn resolve_delivery_timeout(&mut self, notes: &mut Vec<Note>) -> Result<(), ConfigError> {
        let key = "delivery.timeout.ms";
        let int_max = u64::from(i32::MAX.unsigned_abs());
        let least_ms = self.linger_ms.min(int_max).saturating_add(self.request_timeout_ms).min(int_max);
        if self.overrides.contains(key) {
            if self.delivery_timeout_ms >= least_ms {
                return Ok(());
            }
            let what = format!(
                "`{key}` is {}, shorter than linger.ms and request.timeout.ms together",
                self.delivery_timeout_ms
            );
            return Err(ConfigError::Conflict { key, what, expected: format!("{least_ms} at least") });
        }
        self.delivery_timeout_ms = ProducerConfig::default().delivery_timeout_ms;
        if self.delivery_timeout_ms < least_ms {
            self.delivery_timeout_ms = least_ms;
            let text = format!("`{key}` is raised to {least_ms}: linger.ms and request.timeout.ms together");
            notes.push(Note { key, text });
        }
        Ok(())
    }
}

impl Field for Acks {
    const EXPECTED: &'static str = "`all`, `-1`, `0` or `1`";

    fn read(text: &str) -> Option<Self> {
        match text {
            "0" => Some(Acks::None),
            "1" => Some(Acks::Leader),
            "all" | "-1" => Some(Acks::All),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Acks::None => "0",
            Acks::Leader => "1",
            Acks::All => "all",
        }
        .into()
    }
}

const ROUND_ROBIN: &str = "org.apache.kafka.clients.producer.RoundRobinPartitioner";

impl Field for Partitioner {
    const EXPECTED: &'static str =
        "`null` for the built-in one, or `org.apache.kafka.clients.producer.RoundRobinPartitioner`";

    fn read(text: &str) -> Option<Self> {
        match text.trim() {
            "" | "null" => Some(Partitioner::BuiltIn),
            ROUND_ROBIN | "RoundRobinPartitioner" => Some(Partitioner::RoundRobin),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Partitioner::BuiltIn => "null",
            Partitioner::RoundRobin => ROUND_ROBIN,
        }
        .into()
    }
}
