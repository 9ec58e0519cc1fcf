//! Room: client. Producers, consumers, and what both need to talk to a cluster.
//!
//! A client knows the cluster only by what brokers told it: its image of the metadata may be old, its requests
//! may stay unanswered. How a message travels is `world`'s affair.
mod network;
mod workload;
mod arrivals;
mod idempotence;
mod accumulator;
mod producer;
mod append;
mod sequences;
mod outcome;
mod sender;
#[cfg(test)]
mod producer_tests;
mod consumer;
mod consumer_fetch;
mod consumer_group;
mod consumer_poll;
#[cfg(test)]
mod consumer_tests;

pub use consumer::{CommitMode, Consumer, ConsumerSpec, ConsumerState, OwnedPartition};
pub use network::{Failed, Network, NetworkSettings};
pub use producer::{PartitionBacklog, Producer, ProducerSpec, Totals};
pub use workload::{Keys, Rate, RecordView, Records, Workload};
