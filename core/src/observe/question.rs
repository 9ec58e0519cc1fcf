//! What one can ask "why" of: an event of the run, with its moment. Written as a few words, so that a line of the story
//! can carry it to the page and back.
use crate::kernel::SimTime;
use crate::metadata::{GroupId, TopicPartition};
use crate::world::World;
use std::fmt;
use std::str::FromStr;

/// An event and its moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// When it happened.
    pub at: SimTime,
    /// What.
    pub about: About,
}

/// An event that has a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A partition got another leader, or none.
    Leader(TopicPartition),
    /// The record at this offset was acknowledged, and is gone.
    Lost(TopicPartition, u64),
    /// The record at this offset is in the log more than once.
    Duplicated(TopicPartition, u64),
    /// The record at this offset was delivered to a group twice.
    Again(TopicPartition, u64),
    /// The record at this offset was never processed although below a committed offset.
    Unprocessed(TopicPartition, u64),
    /// A leader refused records: too few replicas are in sync.
    Refused(TopicPartition),
    /// A producer gave records up.
    Failed(u16, TopicPartition),
    /// A group began to rebalance, or has no members left.
    Rebalance(GroupId),
    /// Another broker coordinates a group.
    Coordinator(GroupId),
}

impl About {
    /// The word for it, and its numbers.
    const fn parts(self) -> (&'static str, u64, u64) {
        match self {
            About::Leader(partition) => ("leader", partition.0 as u64, 0),
            About::Lost(partition, offset) => ("lost", partition.0 as u64, offset),
            About::Duplicated(partition, offset) => ("duplicated", partition.0 as u64, offset),
            About::Again(partition, offset) => ("again", partition.0 as u64, offset),
            About::Unprocessed(partition, offset) => ("unprocessed", partition.0 as u64, offset),
            About::Refused(partition) => ("refused", partition.0 as u64, 0),
            About::Failed(producer, partition) => ("failed", partition.0 as u64, producer as u64),
            About::Rebalance(group) => ("rebalance", group.0 as u64, 0),
            About::Coordinator(group) => ("coordinator", group.0 as u64, 0),
        }
    }

    fn read(word: &str, first: u64, second: u64) -> Option<Self> {
        let partition = || u32::try_from(first).ok().map(TopicPartition);
        let group = || u16::try_from(first).ok().map(GroupId);
        Some(match word {
            "leader" => About::Leader(partition()?),
            "lost" => About::Lost(partition()?, second),
            "duplicated" => About::Duplicated(partition()?, second),
            "again" => About::Again(partition()?, second),
            "unprocessed" => About::Unprocessed(partition()?, second),
            "refused" => About::Refused(partition()?),
            "failed" => About::Failed(u16::try_from(second).ok()?, partition()?),
            "rebalance" => About::Rebalance(group()?),
            "coordinator" => About::Coordinator(group()?),
            _ => return None,
        })
    }

    /// The partition it is about, if it is about one.
    pub(super) const fn partition(self) -> Option<TopicPartition> {
        match self {
            About::Leader(partition)
            | About::Lost(partition, _)
            | About::Duplicated(partition, _)
            | About::Again(partition, _)
            | About::Unprocessed(partition, _)
            | About::Refused(partition)
            | About::Failed(_, partition) => Some(partition),
            About::Rebalance(_) | About::Coordinator(_) => None,
        }
    }

    /// The offset of the record it is about, if it is about one.
    pub(super) const fn offset(self) -> Option<u64> {
        match self {
            About::Lost(_, offset)
            | About::Duplicated(_, offset)
            | About::Again(_, offset)
            | About::Unprocessed(_, offset) => Some(offset),
            _ => None,
        }
    }

    /// The event that a finding of the audit is, by its word.
    pub(super) fn found(word: &str, partition: TopicPartition, offset: u64) -> Option<Self> {
        Some(match word {
            "lost" => About::Lost(partition, offset),
            "duplicated" => About::Duplicated(partition, offset),
            "delivered twice" => About::Again(partition, offset),
            "never processed" => About::Unprocessed(partition, offset),
            _ => return None,
        })
    }

    /// Whether what it names is there.
    fn is_known(self, world: &World) -> bool {
        let is_partition =
            |partition: TopicPartition| partition.index() < world.controller().image().partitions.len();
        match self {
            About::Rebalance(group) | About::Coordinator(group) => {
                usize::from(group.0) < world.groups().len()
            }
            About::Failed(producer, partition) => {
                producer < world.producer_count() && is_partition(partition)
            }
            other => other.partition().is_some_and(is_partition),
        }
    }
}

impl Question {
    /// Reads one that was asked of a run.
    ///
    /// # Errors
    /// It names nothing of this run: a sentence.
    pub fn read(text: &str, world: &World) -> Result<Self, String> {
        let read: Option<Question> = text.parse().ok();
        read.filter(|question| question.about.is_known(world)).ok_or_else(|| {
            format!("`{text}` asks of nothing in this run: ask again from a line of the story.")
        })
    }
}

impl fmt::Display for Question {
    /// `lost 3 391 28400900`: what, its numbers, the moment in microseconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, first, second) = self.about.parts();
        write!(f, "{word} {first} {second} {}", self.at.0)
    }
}

impl FromStr for Question {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(' ');
        let word = parts.next().ok_or(())?;
        let mut number = || parts.next().and_then(|part| part.parse::<u64>().ok()).ok_or(());
        let (first, second, at) = (number()?, number()?, number()?);
        if parts.next().is_some() {
            return Err(());
        }
        let about = About::read(word, first, second).ok_or(())?;
        Ok(Question { at: SimTime(at), about })
    }
}
