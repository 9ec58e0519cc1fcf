//! The frame: what the page draws of one window of virtual time. It travels as one flat little-endian buffer.
pub use crate::trace::Process;

/// No partition, no key, no broker: in fields that may be empty.
pub const NONE: u32 = u32::MAX;

/// One window of the run: every message in flight in it, and the state of everything at its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Where the window begins, microseconds.
    pub from_us: u64,
    /// Where it ends; the state is that of this moment.
    pub to_us: u64,
    /// How far the run is known.
    pub known_until_us: u64,
    /// The digest at `to_us`.
    pub digest: u64,
    /// Events handled since the beginning.
    pub events: u64,
    /// Version of [`super::report::Names`] these numbers refer to.
    pub names_version: u32,
    /// Length of the story so far: ask for its new lines when it grew.
    pub story_len: u32,
    /// Messages in flight at some moment of the window.
    pub flights: Vec<Flight>,
    /// By broker index.
    pub brokers: Vec<BrokerView>,
    /// By partition number; without internal topics unless asked for.
    pub partitions: Vec<PartitionView>,
    /// Every replica of those partitions.
    pub replicas: Vec<ReplicaView>,
    /// The cells of all replicas.
    pub cells: Vec<Cell>,
    /// By producer index.
    pub producers: Vec<ProducerView>,
    /// By group index.
    pub groups: Vec<GroupView>,
    /// By consumer index.
    pub consumers: Vec<ConsumerView>,
    /// What consumers own.
    pub owned: Vec<OwnedView>,
}

/// A node on the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Place {
    /// The controller.
    #[default]
    Controller,
    /// A broker, by `node.id`.
    Broker(u32),
    /// A producer, by index.
    Producer(u32),
    /// A consumer, by index.
    Consumer(u32),
}

/// A message on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flight {
    /// Tells it from all others of the run.
    pub id: u64,
    /// Where from.
    pub from: Place,
    /// Where to.
    pub to: Place,
    /// When it left, microseconds.
    pub start_us: u64,
    /// When it arrives; `u64::MAX` while it is held by a cut link.
    pub end_us: u64,
    /// Its API: index into [`APIS`].
    pub api: u32,
    /// It is a response.
    pub response: bool,
    /// The partition concerned, if one; the first of several.
    pub partition: u32,
    /// How many records it carries.
    pub records: u32,
    /// It carries a record of the followed key.
    pub followed: bool,
    /// It reports an error.
    pub error: bool,
}

/// Kafka's API names, by the number in a frame.
pub const APIS: [&str; 17] = [
    "Produce",
    "Fetch",
    "Metadata",
    "InitProducerId",
    "ListOffsets",
    "FindCoordinator",
    "JoinGroup",
    "SyncGroup",
    "Heartbeat",
    "LeaveGroup",
    "OffsetCommit",
    "OffsetFetch",
    "BrokerRegistration",
    "BrokerHeartbeat",
    "AlterPartition",
    "Fetch metadata",
    "OffsetForLeaderEpoch",
];

/// A broker at the end of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BrokerView {
    /// Its `node.id`.
    pub id: u32,
    /// What its process does.
    pub process: Process,
    /// When that began, microseconds.
    pub since_us: u64,
    /// The controller has fenced it.
    pub fenced: bool,
    /// When it was last fenced or unfenced, microseconds.
    pub fenced_since_us: u64,
    /// Its links.
    pub links: Links,
    /// How many partitions it leads, by the controller's image.
    pub leads: u32,
    /// How many it follows.
    pub follows: u32,
}

/// How a node's links are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Links {
    /// As configured.
    #[default]
    Good,
    /// A command slowed them.
    Slow,
    /// A command cut them.
    Cut,
}

/// A partition by the controller's image.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartitionView {
    /// Its number.
    pub partition: u32,
    /// Its leader's id, or [`NONE`].
    pub leader: u32,
    /// Its leader epoch.
    pub leader_epoch: u32,
    /// How many replicas it has.
    pub replicas: u32,
    /// How many are in sync.
    pub in_sync: u32,
    /// Its effective `min.insync.replicas`.
    pub min_in_sync: u32,
    /// When its leader last changed, microseconds.
    pub leader_since_us: u64,
}

/// A replica at the end of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ReplicaView {
    /// The broker's id.
    pub broker: u32,
    /// The partition's number.
    pub partition: u32,
    /// The broker itself believes it leads.
    pub leads: bool,
    /// In the ISR by the controller's image.
    pub in_sync: bool,
    /// Its log start offset.
    pub log_start: u64,
    /// The high watermark it knows.
    pub high_watermark: u64,
    /// Its log end offset.
    pub log_end: u64,
    /// Its cells: the newest batches or records of its log, oldest first, as a range of [`Frame::cells`].
    pub first_cell: u32,
    /// How many cells.
    pub cells: u32,
}

/// A record, or a batch where records are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cell {
    /// Offset of the (first) record.
    pub offset: u64,
    /// How many records.
    pub count: u32,
    /// Its key's number in the names, or [`NONE`].
    pub key: u32,
    /// It has the followed key.
    pub followed: bool,
    /// Leader epoch it was appended in.
    pub leader_epoch: u32,
    /// It stands in no other replica's log.
    pub only_here: bool,
    /// Its producer was told it is safe (acknowledged).
    pub acknowledged: bool,
    /// When it was created, microseconds.
    pub created_us: u64,
}

/// A producer at the end of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProducerView {
    /// What its process does.
    pub process: Process,
    /// Records in its buffer that wait to be sent.
    pub waiting: u64,
    /// Records sent and not answered.
    pub in_flight: u64,
    /// `send` blocks on `buffer.memory`.
    pub blocked: bool,
    /// Records acknowledged so far.
    pub acknowledged: u64,
    /// Records failed so far.
    pub failed: u64,
    /// The partition most records wait for, or [`NONE`].
    pub waiting_for: u32,
}

/// A group by its coordinator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GroupView {
    /// Its state: the number of [`crate::trace::GroupState`].
    pub state: u32,
    /// Its generation.
    pub generation: u32,
    /// The coordinator's broker id, or [`NONE`].
    pub coordinator: u32,
    /// Sum of log end (HW) minus committed offset.
    pub lag: u64,
    /// When its state last changed, microseconds.
    pub since_us: u64,
}

/// A consumer at the end of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumerView {
    /// Its group's index.
    pub group: u32,
    /// What its process does.
    pub process: Process,
    /// It is processing records of its last poll.
    pub processing: bool,
    /// It takes part in a generation.
    pub joined: bool,
    /// Records fetched and not yet polled.
    pub buffered: u64,
    /// Processing time in per cent of the configured one.
    pub slowdown_percent: u32,
}

/// A partition that a consumer owns.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OwnedView {
    /// The consumer's index.
    pub consumer: u32,
    /// The partition's number.
    pub partition: u32,
    /// The next offset it will poll.
    pub position: u64,
    /// The group's committed offset, or `u64::MAX` for none.
    pub committed: u64,
    /// The high watermark minus the position.
    pub lag: u64,
}

/// What a frame is to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FrameOptions {
    /// How many cells a lane gets; 0 for none (bars and heat maps).
    pub cells_per_lane: u32,
    /// The key whose records are marked.
    pub follow_key: Option<String>,
    /// Whether internal topics are included.
    pub internal_topics: bool,
    /// Whether messages in flight are included.
    pub flights: bool,
}
