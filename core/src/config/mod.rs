//! Configuration: every key of Kafka 4.3, and the typed configurations that nodes read.
//!
//! The tables in `keys/` know each key's type, default, range, how it may change at run time, and whether it does
//! something here. A typed configuration is built from keys and values, checked by Kafka's own rules, and
//! remembers which keys were said. This room knows no node: what a value does is decided where it is read.
mod broker;
mod build;
mod check;
mod consumer;
mod error;
mod nearest;
mod offset_reset;
mod producer;
mod spec;
#[cfg(test)]
mod tests;
mod topic;

pub use broker::{BrokerConfig, check_at_run_time};
pub use build::{Built, Overrides, check_pair};
pub use consumer::ConsumerConfig;
pub use error::{ConfigError, Note};
pub use nearest::nearest_word;
pub use offset_reset::AutoOffsetReset;
pub use producer::{Acks, Partitioner, ProducerConfig};
pub use spec::{Change, Effect, KeySpec, Kind, Scope, find, keys, nearest};
pub use topic::TopicConfig;
