//! A scenario's text while it is being written: what is in it part by part, what can be set where, what is wrong or
//! worth a warning at which line, and changes that leave the rest of the text as it stands.
//!
//! The text is the only truth: a form is read off it, and a change in a form is a change of it.
mod brokers;
mod change;
mod edit;
mod fields;
mod form;
mod outline;
mod refer;
mod tree;

use super::Part;

pub use change::change;
pub use outline::review;

/// A cluster and nothing in it.
pub const EMPTY: &str = "\
format = 1
title = \"My own tank\"

[cluster]
brokers = 3
";

/// What a text is, as far as it can be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Review {
    /// What is wrong and what is worth knowing, in the order of the text.
    pub findings: Vec<Finding>,
    /// The parts; `None` while the text is not TOML.
    pub parts: Option<Vec<PartRow>>,
    /// What can be set of the part that was asked for; of the cluster if there is no such part.
    pub form: Option<Form>,
}

/// Something wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Finding {
    /// How grave.
    pub grade: Grade,
    /// The line, counted from 1.
    pub line: u32,
    /// The part it is in.
    pub part: Part,
    /// One sentence without a full stop.
    pub text: String,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Grade {
    /// It cannot run.
    Error,
    /// Real Kafka would warn or refuse, or advises against it.
    Warning,
    /// Good to know.
    Note,
}

/// A part, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartRow {
    /// Which.
    pub part: Part,
    /// Its name.
    pub name: String,
    /// A few words more.
    pub detail: String,
    /// Its first line, counted from 1; 0 if the text does not speak of it.
    pub line: u32,
    /// Its last line; 0 if it has no lines of its own.
    pub last_line: u32,
}

/// What can be set of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Form {
    /// Of which.
    pub part: Part,
    /// `Topic orders`.
    pub title: String,
    /// One sentence on what it is.
    pub about: String,
    /// What the scenario says of it.
    pub fields: Vec<Row>,
    /// Kafka's keys of it: those simulated, then those without effect here.
    pub keys: Vec<Row>,
    /// Whether it can be removed.
    pub is_removable: bool,
}

/// One thing that can be set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Row {
    /// The key in the file.
    pub key: String,
    /// Its name for people; the key itself for Kafka's.
    pub label: String,
    /// What the text says; empty if nothing.
    pub said: String,
    /// What counts: what is said, derived, or the default.
    pub counts: String,
    /// The default, in words.
    pub default: String,
    /// What it can be, in words.
    pub allowed: String,
    /// `ms`, `bytes`; empty for none.
    pub unit: String,
    /// One sentence on what it does.
    pub about: String,
    /// How it is asked for.
    pub input: Input,
    /// It does something here.
    pub is_simulated: bool,
    /// The line that says it; 0 if none does.
    pub line: u32,
}

/// How a value is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Input {
    /// A line of text.
    Line,
    /// Some sentences.
    Prose,
    /// A whole number that people count up and down.
    Count,
    /// One of these.
    Choice(Vec<String>),
}

/// A change of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Change {
    /// Set what the scenario says of a part; an empty value is the default.
    Set {
        /// Of which.
        part: Part,
        /// The key.
        key: String,
        /// As a person writes it.
        value: String,
    },
    /// Set one of Kafka's keys; an empty value is the default.
    Configure {
        /// Whose.
        part: Part,
        /// The key.
        key: String,
        /// As a person writes it.
        value: String,
    },
    /// Add something.
    Add(NewPart),
    /// Remove a part, and what speaks of it where nothing else is said there.
    Remove(Part),
}

/// What can be added.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NewPart {
    /// A broker in that rack; empty for none.
    Broker(String),
    /// A rack with one broker.
    Rack,
    /// A topic.
    Topic,
    /// A producer to the first topic.
    Producer,
    /// A group that reads the first topic.
    Group,
    /// An event.
    Event,
}

#[cfg(test)]
mod tests;
