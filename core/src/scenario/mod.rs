//! What a run is made from: cluster, workload, timeline of commands, expectations; reading and writing the file.
//!
//! This room describes; it never runs anything.
mod advice;
mod check;
mod command;
pub mod draft;
mod error;
mod expectation;
pub mod limits;
mod model;
mod part;
mod read;
mod shipped;
mod source;
pub mod words;

pub use check::{Targets, name_for_another};
pub use command::{
    COMMAND_CHARS_MAX, COMMAND_FORMS, Command, CommandError, ConfigTarget, Place, TimedCommand,
};
pub use error::ScenarioError;
pub use model::{
    BrokerSpec, Comparison, Expectation, Fact, GroupSpec, ProducerSpec, Scenario, TopicSpec, ViewHints, Whole,
};
pub use part::{Note, Part};
pub use read::{FORMAT, read};
pub use shipped::{Shipped, shipped, shipped_named};
