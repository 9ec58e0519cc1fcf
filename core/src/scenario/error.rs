//! What is wrong with a scenario's text.
use std::fmt;

/// One thing wrong, where, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScenarioError {
    /// The line, counted from 1.
    pub line: u32,
    /// The character in that line, counted from 1.
    pub column: u32,
    /// What is wrong: ``a clause such as `lingr.ms` is not a producer key of Kafka 4.3``.
    pub what: String,
    /// What would be right; may be empty.
    pub expected: String,
    /// The name that was perhaps meant.
    pub nearest: Option<String>,
}

impl ScenarioError {
    /// Everything but the line: `` `lingr.ms` is not a producer key of Kafka 4.3; the nearest is `linger.ms` ``.
    pub fn sentence(&self) -> String {
        let mut sentence = self.what.clone();
        if !self.expected.is_empty() {
            sentence.push_str(&format!("; expected is {}", self.expected));
        }
        if let Some(nearest) = &self.nearest {
            sentence.push_str(&format!("; the nearest is `{nearest}`"));
        }
        sentence
    }
}

impl fmt::Display for ScenarioError {
    /// ``line 12: `lingr.ms` is not a producer key of Kafka 4.3; the nearest is `linger.ms` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.sentence())
    }
}

impl std::error::Error for ScenarioError {}
