//! The parts of a scenario that a person can point at, and what an author should know of one.
use std::fmt;

/// A part of a scenario, as its text has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Part {
    /// What stands at the top: title, seed, length.
    Run,
    /// `[cluster]`.
    Cluster,
    /// All brokers of one `rack`.
    Rack(String),
    /// A broker, by its id.
    Broker(u32),
    /// The `[[topic]]` of that number, from 0; so with the others.
    Topic(u32),
    /// A `[[producer]]`.
    Producer(u32),
    /// A `[[group]]`.
    Group(u32),
    /// `[links]`.
    Links,
    /// A `[[timeline]]` entry.
    Event(u32),
    /// `[expect]`.
    Expect,
    /// `[view]`.
    View,
}

/// What the author of a right scenario should know all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which part it is about.
    pub of: Part,
    /// The key it is about: the file's or Kafka's. Empty if it is about the part as a whole.
    pub key: String,
    /// Real Kafka would warn or refuse, or its documentation advises otherwise.
    pub is_warning: bool,
    /// One sentence without a full stop, beginning with the thing: ``topic `orders`: ...``.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
