//! What a run is made from: cluster, workload, timeline of commands, expectations; reading and writing the file.
//!
//! This room describes; it never runs anything.
mod command;
mod model;
pub mod words;

pub use command::{
    COMMAND_CHARS_MAX, COMMAND_FORMS, Command, CommandError, ConfigTarget, Place, TimedCommand,
};
pub use model::{
    BrokerSpec, Comparison, Expectation, Fact, GroupSpec, LinkSpec, ProducerSpec, Scenario, TopicSpec,
    ViewHints,
};
