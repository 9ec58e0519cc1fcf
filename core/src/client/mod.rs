//! Room: client. Producers, consumers, and what both need to talk to a cluster.
//!
//! A client knows the cluster only by what brokers told it: its image of the metadata may be old, its requests
//! may stay unanswered. How a message travels is `world`'s affair.
mod network;

pub use network::{Failed, Network, NetworkSettings};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    pub rate: Rate,
    pub keys: Keys,
    pub key_prefix: String,
    pub value_bytes_min: u32,
    pub value_bytes_max: u32,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    Constant { milli_per_s: u64 },
    Poisson { milli_per_s: u64 },
    Bursts { base_milli_per_s: u64, burst_milli_per_s: u64, period_ms: u64, burst_ms: u64 },
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    None,
    Uniform { count: u32 },
    Zipf { count: u32, exponent_milli: u32 },
    Hot { count: u32, hot_percent: u32 },
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitMode {
    Auto,
    BeforeProcessing,
    AfterProcessing,
}
