//! Recordings of a real Kafka cluster (`tests/recordings/*.json`), and the simulator held against them.
//!
//! A recording names a situation, its configuration and what was seen. [`play`] plays the same situation here,
//! [`compare`] holds one against the other, [`lists`] says which recordings are played, which wait for a feature, how far
//! durations may lie apart and why, and what is known to differ; [`document`] writes it all down for people.
//!
//! Nothing here knows how a recording was made, and nothing needs Java.
pub mod compare;
pub mod document;
pub mod lists;
pub mod play;

use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// What a real cluster did in one situation.
#[derive(Debug)]
pub struct Recording {
    /// The name of its file.
    pub name: String,
    /// Version of Kafka.
    pub kafka: String,
    /// What happened, in a sentence or two.
    pub situation: String,
    /// What differed from Kafka's defaults, by whose it was.
    pub config: Value,
    /// What the situation began with.
    pub given: Value,
    /// What was the same in every repeat.
    pub facts: Map<String, Value>,
    /// What was not, a list of every repeat's.
    pub varied: Map<String, Value>,
    /// Durations and counts, a list of every repeat's.
    pub measured: Map<String, Value>,
}

/// Where the recordings are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings")
}

/// All recordings, by name.
///
/// # Panics
/// If a file is no recording: it says which, and what is wrong.
pub fn all() -> Vec<Recording> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .expect("tests/recordings is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files.iter().map(|file| Recording::read(file)).collect()
}

impl Recording {
    fn read(file: &Path) -> Recording {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut value: Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let word =
            |key: &str| value[key].as_str().unwrap_or_else(|| panic!("{}: no `{key}`", file.display()));
        let (name, kafka, situation) =
            (word("name").to_owned(), word("kafka").to_owned(), word("situation").to_owned());
        assert_eq!(
            file.file_stem().and_then(|stem| stem.to_str()),
            Some(name.as_str()),
            "a file has its own name"
        );
        let mut part = |key: &str| match value[key].take() {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let (facts, varied, measured) = (part("facts"), part("varied"), part("measured"));
        Recording {
            name,
            kafka,
            situation,
            facts,
            varied,
            measured,
            config: value["config"].take(),
            given: value["given"].take(),
        }
    }

    /// Kafka's keys of somebody, as lines of a scenario.
    pub fn keys(&self, whose: &str) -> String {
        let keys = self.config[whose].as_object().into_iter().flatten();
        keys.map(|(key, value)| format!("{key} = {value}\n")).collect()
    }

    /// A part of what the situation began with.
    ///
    /// # Panics
    /// If the recording has no such part.
    pub fn given(&self, name: &str) -> &Value {
        self.given.get(name).unwrap_or_else(|| panic!("{}: nothing is given as `{name}`", self.name))
    }
}
