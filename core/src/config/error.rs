//! What is wrong with a key or its value, and what is worth saying about one that is right.
use super::spec::{Change, Effect, KeySpec, Scope};
use std::fmt;

/// What is wrong with one key. [`fmt::Display`] makes one sentence of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// Kafka has no such key.
    Unknown {
        /// Where it was looked for.
        scope: Scope,
        /// As it was written.
        key: String,
        /// The key that was perhaps meant.
        nearest: Option<&'static str>,
        /// Where there is such a key.
        elsewhere: Option<Scope>,
    },
    /// The value is not of the key's type, out of its range, or not simulated.
    Value {
        /// The key.
        key: &'static str,
        /// As it was written.
        value: String,
        /// What would be right: `a whole number from 0`.
        expected: String,
    },
    /// The value contradicts another key's.
    Conflict {
        /// The key that was said.
        key: &'static str,
        /// The contradiction, beginning with the key.
        what: String,
        /// What would be right.
        expected: String,
    },
    /// Brokers do not take it over while they run.
    NotWhileRunning {
        /// The key.
        key: &'static str,
        /// How it changes.
        change: Change,
    },
}

impl ConfigError {
    /// Brokers that run refuse the key.
    pub fn not_while_running(spec: &KeySpec) -> ConfigError {
        ConfigError::NotWhileRunning { key: spec.name, change: spec.change }
    }

    /// The key it is about, as it was written.
    pub fn key(&self) -> &str {
        match self {
            ConfigError::Unknown { key, .. } => key,
            ConfigError::Value { key, .. }
            | ConfigError::Conflict { key, .. }
            | ConfigError::NotWhileRunning { key, .. } => key,
        }
    }

    /// What is wrong: a clause such as ``"`lingr.ms` is not a producer key of Kafka 4.3"``.
    pub fn what(&self) -> String {
        match self {
            ConfigError::Unknown { scope, key, .. } => format!("`{key}` is not a {scope} key of Kafka 4.3"),
            ConfigError::Value { key, value, .. } => format!("`{key}` is `{value}`"),
            ConfigError::Conflict { what, .. } => what.clone(),
            ConfigError::NotWhileRunning { key, change: Change::PerBroker } => {
                format!("`{key}` cannot change for all brokers together")
            }
            ConfigError::NotWhileRunning { key, .. } => {
                format!("`{key}` cannot change while brokers run: they read it when they start")
            }
        }
    }

    /// What would be right; may be empty.
    pub fn expected(&self) -> &str {
        match self {
            ConfigError::Unknown { elsewhere, .. } => elsewhere.map_or("", place_of),
            ConfigError::Value { expected, .. } | ConfigError::Conflict { expected, .. } => expected,
            ConfigError::NotWhileRunning { .. } => "the key in `[cluster.config]`",
        }
    }

    /// The key that was perhaps meant.
    pub fn nearest(&self) -> Option<&'static str> {
        match self {
            ConfigError::Unknown { nearest, .. } => *nearest,
            _ => None,
        }
    }
}

/// Where a scenario says the keys of a scope.
fn place_of(scope: Scope) -> &'static str {
    match scope {
        Scope::Producer => "`[producer.config]` around it",
        Scope::Consumer => "`[group.config]` around it",
        Scope::Topic => "`[topic.config]` around it",
        Scope::Broker => "`[cluster.config]` around it",
        Scope::Group => "",
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what())?;
        if !self.expected().is_empty() {
            write!(f, "; expected is {}", self.expected())?;
        }
        if let Some(nearest) = self.nearest() {
            write!(f, "; the nearest is `{nearest}`")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What the author of a right configuration should know all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The key it is about.
    pub key: &'static str,
    /// One sentence, without a full stop, beginning with the key.
    pub text: String,
}

impl Note {
    /// That a key does nothing here, if so.
    pub fn without_effect(spec: &KeySpec) -> Option<Note> {
        let Effect::KnownWithoutEffect(why) = spec.effect else { return None };
        let key = spec.name;
        let mut text = format!("`{key}` is a key of Kafka that has no effect here");
        if !why.is_empty() {
            text.push_str(": ");
            text.push_str(&why[..1].to_lowercase());
            text.push_str(why[1..].trim_end_matches('.'));
        }
        Some(Note { key, text })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
