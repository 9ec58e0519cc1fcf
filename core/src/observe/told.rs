//! A line on its way into the story, and words that many lines share.
use super::question::About;
use super::report::{StoryKind, StoryLine, Subject};
use crate::metadata::{BrokerId, TopicPartition};
use crate::scenario::words::{show_duration, show_number};
use crate::world::World;

/// Partitions listed by name in one line.
const NAMED_MAX: usize = 4;

/// A line, and what makes others the same thing going on.
#[derive(Debug)]
pub(super) struct Told {
    pub line: StoryLine,
    /// Equal and soon after: not told again.
    pub again: Option<String>,
    /// Of this kind a few are told, then `more` stands for the rest.
    pub crowd: Option<Crowd>,
    /// The event it tells, if one can ask why.
    pub event: Option<About>,
    /// On the timeline, for turning points.
    pub marker: String,
}

/// What many do at about the same time.
#[derive(Debug)]
pub(super) struct Crowd {
    pub key: String,
    /// What is said of all that are not told one by one.
    pub more: String,
    /// Why, if the reason of one is not that of all.
    pub why: Option<&'static str>,
    /// What comes next, if what comes for one is not said of all.
    pub next: Option<&'static str>,
}

impl Told {
    pub fn new(kind: StoryKind, weight: u8, about: Vec<Subject>) -> Self {
        let line = StoryLine {
            time_us: 0,
            kind,
            what: String::new(),
            why: String::new(),
            next: String::new(),
            about,
            ask: String::new(),
            weight,
        };
        Told { line, again: None, crowd: None, event: None, marker: String::new() }
    }

    pub fn what(mut self, what: impl Into<String>) -> Self {
        self.line.what = what.into();
        self
    }

    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.line.why = why.into();
        self
    }

    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.line.next = next.into();
        self
    }

    pub fn tells(mut self, event: impl Into<Option<About>>) -> Self {
        self.event = event.into();
        self
    }

    pub fn unless_told(mut self, key: String) -> Self {
        self.again = Some(key);
        self
    }

    pub fn in_crowd(mut self, key: impl Into<String>, more: impl Into<String>) -> Self {
        self.crowd = Some(Crowd { key: key.into(), more: more.into(), why: None, next: None });
        self
    }

    /// The reason of all in the crowd, where each has its own.
    pub fn all_because(mut self, why: &'static str) -> Self {
        if let Some(crowd) = &mut self.crowd {
            crowd.why = Some(why);
        }
        self
    }

    /// What comes next for all in the crowd, where the line of one speaks of that one.
    pub fn all_next(mut self, next: &'static str) -> Self {
        if let Some(crowd) = &mut self.crowd {
            crowd.next = Some(next);
        }
        self
    }

    pub fn marked(mut self, label: impl Into<String>) -> Self {
        self.marker = label.into();
        self
    }
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A configured time in words: `9 s`, `500 ms`.
pub(super) fn ms(ms: u64) -> String {
    show_duration(ms.saturating_mul(1_000))
}

/// `1 record`, `1,200 records`.
pub(super) fn count(number: u64, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{} {word}s", show_number(number)) }
}

/// `once`, `twice`, `3 times`.
pub(super) fn times(number: u64) -> String {
    match number {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => count(more, "time"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}

/// `broker 1`, `brokers 1 and 3`.
pub(super) fn brokers(list: &[BrokerId]) -> String {
    let names: Vec<String> = list.iter().map(|broker| broker.0.to_string()).collect();
    let word = if list.len() == 1 { "broker" } else { "brokers" };
    format!("{word} {}", listed(&names))
}

/// Partitions by name, or how many they are.
pub(super) fn partitions(world: &World, list: &[TopicPartition]) -> String {
    if list.len() > NAMED_MAX {
        return count(list.len() as u64, "partition");
    }
    let image = world.controller().image();
    let names: Vec<String> = list.iter().map(|&partition| image.partition_name(partition)).collect();
    listed(&names)
}
