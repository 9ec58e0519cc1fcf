//! What a run is made from: cluster, workload, timeline of commands, expectations; reading and writing the file.
//!
//! This room describes; it never runs anything.
mod command;
mod model;

pub use command::{Command, CommandError, ConfigTarget, Place, TimedCommand};
pub use model::{
    BrokerSpec, Comparison, Expectation, Fact, GroupSpec, ProducerSpec, Scenario, TopicSpec, ViewHints,
};
