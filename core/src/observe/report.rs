//! What an observer tells a person: plain data, made of words and numbers.
//!
//! These cross to the page as they are (with the `serde` feature), so they hold no type of the simulation.

/// Something a person can select; also whom a line of the story is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Subject {
    /// The whole cluster.
    Cluster,
    /// The controller.
    Controller,
    /// A broker, by `node.id`.
    Broker(u32),
    /// A partition of the cluster, by number (leader's replica first).
    Partition(u32),
    /// A replica: partition number, broker id.
    Replica(u32, u32),
    /// A producer, by index.
    Producer(u32),
    /// A consumer group, by index.
    Group(u32),
    /// A consumer, by index.
    Consumer(u32),
}

/// One line of the story.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StoryLine {
    /// When, in microseconds of virtual time.
    pub time_us: u64,
    /// What kind of thing happened; decides marker and icon.
    pub kind: StoryKind,
    /// What happened: one sentence.
    pub what: String,
    /// Why: one sentence with the term and the configuration key that decided it; may be empty.
    pub why: String,
    /// What comes next: one sentence; may be empty.
    pub next: String,
    /// Whom it is about, the most concerned first.
    pub about: Vec<Subject>,
    /// How much it matters: 0 routine, 1 worth a line, 2 worth the caption, 3 a turning point (a marker).
    pub weight: u8,
}

/// Kinds of story lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StoryKind {
    /// A person's command or the scenario's: a fault, a repair, a change.
    Command,
    /// A broker was fenced, unfenced, registered, stopped.
    Broker,
    /// A partition got another leader, or lost it.
    Leader,
    /// An ISR shrank or grew.
    Isr,
    /// A group rebalanced.
    Group,
    /// A producer retried, blocked, or gave up.
    Producer,
    /// A consumer's position was reset, or the like.
    Consumer,
    /// A log was truncated.
    Log,
    /// The audit found something: lost, duplicated, delivered twice.
    Audit,
}

/// Everything about one subject at one moment.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Inspection {
    /// Of whom.
    pub subject: Subject,
    /// `orders-1 on broker 3`.
    pub title: String,
    /// One plain sentence on what it is.
    pub sentence: String,
    /// Its state under Kafka's names.
    pub state: Vec<StateRow>,
    /// Its configuration: keys that differ from the default first.
    pub config: Vec<ConfigRow>,
    /// What can be done to it.
    pub commands: Vec<OfferedCommand>,
}

/// One field of a subject's state.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct StateRow {
    /// Kafka's name of the field.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Its value before the last change, if it changed within the last two seconds of virtual time.
    pub was: Option<String>,
}

/// One configuration key.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConfigRow {
    /// The key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Kafka's default.
    pub default: String,
    /// What it does here: one sentence.
    pub effect: String,
    /// The values allowed.
    pub valid: String,
    /// The text of the command that sets it, with `{}` for the value.
    pub command: String,
    /// Setting it restarts the client.
    pub restarts: bool,
}

/// A command offered for a subject.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OfferedCommand {
    /// On the button: `Crash broker 2`.
    pub label: String,
    /// The command's text.
    pub command: String,
    /// One sentence on what it does.
    pub hint: String,
    /// A fault (true) or a repair or neutral change (false).
    pub fault: bool,
}

/// The audit: the guarantees, in fixed words.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AuditReport {
    /// Records acknowledged.
    pub acknowledged: u64,
    /// Records whose send failed.
    pub failed: u64,
    /// Acknowledged, and gone from the log.
    pub lost: u64,
    /// Twice in a log.
    pub duplicated: u64,
    /// Delivered to a group.
    pub delivered: u64,
    /// Delivered twice to a group.
    pub delivered_twice: u64,
    /// Never delivered although below a committed offset.
    pub never_delivered: u64,
    /// Skipped by `auto.offset.reset`.
    pub skipped: u64,
    /// The longest gap of one partition for writing, ms, and which.
    pub unavailable_for_writing: Vec<(String, u64)>,
    /// The longest gap of one partition for reading, ms, and which.
    pub unavailable_for_reading: Vec<(String, u64)>,
    /// Findings, newest last, each with its records.
    pub findings: Vec<Finding>,
    /// Broken invariants: bugs of ours, shown as such.
    pub broken_invariants: Vec<String>,
}

/// One finding of the audit.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Finding {
    /// When it was found.
    pub time_us: u64,
    /// `lost`, `duplicated`, `delivered twice`, `never delivered`, `skipped`.
    pub word: String,
    /// `orders-1`.
    pub partition: String,
    /// First offset concerned (as it was).
    pub first_offset: u64,
    /// How many records.
    pub count: u64,
    /// The records, up to 20: key, value or size.
    pub records: Vec<String>,
    /// One sentence: how it came to be.
    pub why: String,
}

/// The timeline: markers and bands over all time known.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timeline {
    /// How far the run is known, in microseconds.
    pub known_until_us: u64,
    /// Turning points.
    pub markers: Vec<Marker>,
    /// Rows of spans.
    pub bands: Vec<Band>,
}

/// A turning point.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Marker {
    /// When.
    pub time_us: u64,
    /// What kind.
    pub kind: StoryKind,
    /// A few words: `broker 2 crashed`.
    pub label: String,
}

/// One row of the timeline.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Band {
    /// `orders-1`, `its ISR`, `billing`.
    pub label: String,
    /// Its spans, without gaps.
    pub spans: Vec<Span>,
}

/// A stretch of a band.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Span {
    /// From, in microseconds.
    pub from_us: u64,
    /// To.
    pub to_us: u64,
    /// `led by 2, epoch 4`.
    pub label: String,
    /// Good, worth noting, or bad.
    pub tone: Tone,
}

/// How a span is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Tone {
    /// As it should be, neutral.
    Calm,
    /// As it should be, and says so (a Stable group).
    Good,
    /// Works, but not fully.
    Warn,
    /// Does not work.
    Bad,
}

/// A metric over time, under Kafka's name.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Series {
    /// `records-lag billing`, `MessagesInPerSec`, `UnderReplicatedPartitions`.
    pub name: String,
    /// `records`, `records/s`, `ms`.
    pub unit: String,
    /// (time in microseconds, value), oldest first.
    pub points: Vec<(u64, u64)>,
}

/// The names behind the numbers of a frame.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Names {
    /// Grows with every change.
    pub version: u32,
    /// Racks by broker index.
    pub racks: Vec<String>,
    /// (topic name, index, internal) by partition number.
    pub partitions: Vec<(String, u32, bool)>,
    /// `client.id`s of producers with their topic and configuration in short (`24 rec/s · acks=all`).
    pub producers: Vec<(String, String, String)>,
    /// Names of groups.
    pub groups: Vec<String>,
    /// `client.id`s of consumers with their group.
    pub consumers: Vec<(String, u32)>,
    /// Keys by key number; a frame's cells name these.
    pub keys: Vec<String>,
}
