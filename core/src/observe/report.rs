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
    /// What asks for the chain of its causes (`question::Question`); empty if nothing can.
    pub ask: String,
    /// How much it matters: 0 routine, 1 worth a line, 2 worth the caption, 3 a turning point (a marker).
    pub weight: u8,
}

impl StoryLine {
    /// Whether it is about `subject`: a partition's lines are also its replicas', a broker's those of what it holds.
    pub fn concerns(&self, subject: Subject) -> bool {
        let same = |other: &Subject| match (*other, subject) {
            (_, Subject::Cluster) => true,
            (Subject::Replica(of, _), Subject::Partition(partition)) => of == partition,
            (Subject::Replica(_, on), Subject::Broker(broker)) => on == broker,
            (Subject::Partition(of), Subject::Replica(partition, _)) => of == partition,
            (Subject::Broker(on), Subject::Replica(_, broker)) => on == broker,
            (other, subject) => other == subject,
        };
        self.about.iter().any(same)
    }
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
    /// A producer retried, blocked, or gave up; its writes go on.
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
    /// The text of the command that sets it, with `{}` for the value; `None` if no command can.
    pub command: Option<String>,
    /// What a change takes: one sentence, empty if it works at once.
    pub needs: String,
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
    /// Never processed although below a committed offset: their consumer's process ended before.
    pub never_processed: u64,
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
    /// `lost`, `duplicated`, `delivered twice`, `never delivered`, `never processed`, `skipped`.
    pub word: String,
    /// `orders-1`.
    pub partition: String,
    /// First offset concerned (as it was).
    pub first_offset: u64,
    /// How many records.
    pub count: u64,
    /// The records, up to 20: key, value or size.
    pub records: Vec<String>,
    /// What follows each of those records (`Session::follow_found`); empty for one that no producer sent.
    pub picks: Vec<String>,
    /// One sentence: how it came to be.
    pub why: String,
    /// What asks for the chain of its causes (`question::Question`); empty if nothing can.
    pub ask: String,
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

/// A run in figures, from the end of the warm-up to the moment it stands at.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Summary {
    /// The scenario's title.
    pub title: String,
    /// The seed.
    pub seed: u64,
    /// Where the figures begin: the end of the warm-up, in microseconds.
    pub from_us: u64,
    /// Where they end, in microseconds.
    pub until_us: u64,
    /// Events handled since the beginning of the run.
    pub events: u64,
    /// The digest at the end, in 16 hexadecimal digits: a number that JavaScript would round.
    pub digest: String,
    /// What producers got acknowledged.
    pub records_in: Throughput,
    /// What was delivered to consumers.
    pub records_out: Throughput,
    /// From `send` to the acknowledgement.
    pub produce_latency: Latency,
    /// From `send` to the return of the `poll` that delivered the record.
    pub end_to_end_latency: Latency,
    /// The consumer groups.
    pub groups: Vec<GroupSummary>,
    /// Partitions without a leader at the end.
    pub offline_partitions: u64,
    /// Partitions with an ISR below their replication factor at the end.
    pub under_replicated_partitions: u64,
    /// Leader changes since the warm-up.
    pub leader_changes: u64,
    /// Longest time that one partition was unavailable for writing, ms; the partition is named in the audit.
    pub unavailable_for_writing_ms: u64,
    /// The same for reading.
    pub unavailable_for_reading_ms: u64,
    /// The guarantees.
    pub audit: AuditReport,
    /// Commands that could not be done, with moment and reason.
    pub not_done: Vec<String>,
    /// What the scenario said would come true.
    pub expectations: Vec<ExpectationResult>,
    /// Sentences for the author of the scenario.
    pub notes: Vec<String>,
}

/// How much went through.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Throughput {
    /// Records.
    pub records: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// Records a second, in thousandths.
    pub milli_records_per_s: u64,
    /// Bytes a second.
    pub bytes_per_s: u64,
}

/// Latencies of records, in microseconds; all 0 without records.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Latency {
    /// How many records were timed.
    pub count: u64,
    /// Half of the records took no longer.
    pub p50_us: u64,
    /// 95 % took no longer.
    pub p95_us: u64,
    /// 99 % took no longer.
    pub p99_us: u64,
    /// The slowest.
    pub max_us: u64,
}

/// One consumer group in figures.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupSummary {
    /// `group.id`.
    pub name: String,
    /// `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead`.
    pub state: String,
    /// Members at the end.
    pub members: u64,
    /// Records between the committed offsets and the high watermarks at the end.
    pub lag: u64,
    /// The largest such lag since the warm-up.
    pub lag_max: u64,
    /// Generations begun since the warm-up.
    pub rebalances: u64,
    /// Members without a partition at the end.
    pub idle_members: u64,
}

/// An expectation and what came of it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ExpectationResult {
    /// As the scenario writes it: `lost = 0`.
    pub text: String,
    /// What was measured, written alike: `3`, `9.2 s`.
    pub measured: String,
    /// Whether it holds.
    pub holds: bool,
}

/// The state of a cluster in the terms of Kafka's own tools.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Description {
    /// When, in microseconds.
    pub time_us: u64,
    /// What `kafka-topics.sh --describe` knows.
    pub topics: Vec<TopicDescription>,
    /// What `kafka-consumer-groups.sh --describe --all-groups` knows.
    pub groups: Vec<GroupDescription>,
    /// Brokers that count as leaders but do not answer: a tool that asks them for offsets waits in vain.
    pub silent_leaders: Vec<u32>,
}

/// One topic as `kafka-topics.sh --describe` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id, as Kafka writes UUIDs: 22 characters of base64.
    pub topic_id: String,
    /// Replicas a partition.
    pub replication_factor: u32,
    /// Keys set on the topic or for all brokers, with their values.
    pub configs: Vec<(String, String)>,
    /// Its partitions.
    pub partitions: Vec<PartitionDescription>,
    /// A topic of Kafka's own, shown on request.
    pub internal: bool,
}

/// One partition as `kafka-topics.sh --describe` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PartitionDescription {
    /// Its index in the topic.
    pub partition: u32,
    /// The leader's `node.id`; `None` if there is none.
    pub leader: Option<u32>,
    /// The replicas, preferred leader first.
    pub replicas: Vec<u32>,
    /// In-sync replicas.
    pub isr: Vec<u32>,
    /// Eligible leader replicas.
    pub elr: Vec<u32>,
    /// The last eligible leader known.
    pub last_known_elr: Vec<u32>,
}

/// One group as `kafka-consumer-groups.sh --describe` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupDescription {
    /// `group.id`.
    pub name: String,
    /// `Stable` and so on; empty while no coordinator answers for it.
    pub state: String,
    /// The broker that coordinates it, if any.
    pub coordinator: Option<u32>,
    /// The assignor its members agreed on; empty unless the group is Stable.
    pub assignment_strategy: String,
    /// Its members.
    pub members: Vec<MemberDescription>,
    /// A row each partition that has a member or a committed offset.
    pub rows: Vec<GroupRow>,
}

/// One member as `kafka-consumer-groups.sh --describe --members` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MemberDescription {
    /// Its `member.id`.
    pub consumer_id: String,
    /// Where it runs, `/` and an address.
    pub host: String,
    /// Its `client.id`.
    pub client_id: String,
    /// How many partitions it owns.
    pub partitions: u32,
}

/// One partition of a group as `kafka-consumer-groups.sh --describe` shows it.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GroupRow {
    /// The topic.
    pub topic: String,
    /// The index of the partition.
    pub partition: u32,
    /// The committed offset, if there is one.
    pub current_offset: Option<u64>,
    /// What Kafka's tool calls LOG-END-OFFSET: the offset a consumer can read up to, the high watermark. `None` if no
    /// leader answers.
    pub log_end_offset: Option<u64>,
    /// `member.id` of its owner; empty without one.
    pub consumer_id: String,
    /// Where the owner runs, `/` and an address; empty without one.
    pub host: String,
    /// `client.id` of its owner; empty without one.
    pub client_id: String,
}
