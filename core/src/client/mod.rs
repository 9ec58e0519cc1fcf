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
mod sender;
#[cfg(test)]
mod producer_tests;

pub use network::{Failed, Network, NetworkSettings};
pub use producer::{PartitionBacklog, Producer, ProducerSpec, Totals};
pub use workload::{Keys, Rate, RecordView, Records, Workload};
