//! The life of one record as a person reads it: plain data, made of words and numbers, that crosses to the page as it is.
use super::view::Place;

/// Which record a person picks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Pick {
    /// The record at that offset of one broker's copy of a partition, at the moment looked at.
    Offset {
        /// The partition's number.
        partition: u32,
        /// The broker's id.
        broker: u32,
        /// The offset.
        offset: u64,
    },
    /// The record that the last live `send` command sent.
    LastTyped,
}

/// A record and what is known to happen to it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Life {
    /// Its key; `None` is Kafka's null key.
    pub key: Option<String>,
    /// Its value, if a person typed it.
    pub value: Option<String>,
    /// The size of its value.
    pub value_bytes: u32,
    /// `client.id` of its producer.
    pub producer: String,
    /// The number of its partition, once the partitioner chose one.
    pub partition: Option<u32>,
    /// `orders-1`; empty before.
    pub partition_name: String,
    /// Where it stands or stood in logs: offset and leader epoch, the first copy first.
    pub copies: Vec<(u64, u32)>,
    /// What happens to it, in order.
    pub steps: Vec<Step>,
    /// What became of it, in one word or a few, the audit's where it has one.
    pub fate: Fate,
    /// The same as a sentence.
    pub sentence: String,
    /// Up to when it was followed, microseconds.
    pub known_until_us: u64,
    /// Whether it is still being followed towards what is known of the run.
    pub looking: bool,
}

/// One step of a record's life.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Step {
    /// When, in microseconds.
    pub time_us: u64,
    /// What kind.
    pub kind: StepKind,
    /// What happened: one sentence.
    pub what: String,
    /// Why, or what it means: one sentence; may be empty.
    pub why: String,
    /// Where it came from, if it travelled.
    pub from: Option<Place>,
    /// Where it happened.
    pub at: Place,
    /// That place in words.
    pub place: String,
}

/// Kinds of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StepKind {
    /// `send()` was called.
    Send,
    /// Its batch left in a Produce request, the first time or again.
    Batch,
    /// A leader appended it.
    Append,
    /// A leader that has it already did not append it again.
    DuplicateRefused,
    /// A follower appended its copy.
    Replicate,
    /// The high watermark passed it.
    HighWatermark,
    /// `send()` completed without an error.
    Acknowledge,
    /// The producer will send it again.
    Retry,
    /// `send()` completed with an error.
    Fail,
    /// `poll()` returned it.
    Poll,
    /// Its handler ended.
    Process,
    /// A group's committed offset covers it.
    Commit,
    /// Another broker leads its partition now.
    Leader,
    /// A replica cut it off its log.
    Truncate,
    /// Retention deleted it from a log.
    Retention,
    /// Lost, duplicated, delivered twice, skipped or never delivered: the audit's words.
    Audit,
}

impl StepKind {
    /// Whether it is nothing to wish for.
    pub const fn is_trouble(self) -> bool {
        matches!(self, StepKind::Retry | StepKind::Fail | StepKind::Truncate | StepKind::Audit)
    }
}

/// What became of a record, as far as it was followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Fate {
    /// Nothing is known of it yet: not sent, or not looked for that far.
    #[default]
    Unknown,
    /// It is on its way.
    OnItsWay,
    /// Every group that reads its topic is done with it.
    Done,
    /// `send()` failed: no log has it, or every group that reads its topic is done with it all the same.
    Failed,
    /// Acknowledged, and gone from the log.
    Lost,
    /// Retention deleted it before every group was done with it.
    Deleted,
}

/// A record of a partition, for a list to pick from.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RecordRow {
    /// How to pick it.
    pub pick: Pick,
    /// Its offset.
    pub offset: u64,
    /// Its key, with its value or its size.
    pub text: String,
    /// When it was created, microseconds.
    pub created_us: u64,
}
