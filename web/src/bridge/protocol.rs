//! What page and worker say to each other. Frames are not here: they travel as bare buffers (`frame_codec`).
use kafkarium_core::observe::life::{Life, Pick, RecordRow};
use kafkarium_core::observe::metrics_table::MetricsTable;
use kafkarium_core::observe::report::{
    AuditReport, Description, Inspection, Names, StoryLine, Subject, Timeline,
};
use kafkarium_core::observe::view::FrameOptions;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Grows with every change of these types: a page never talks to a worker of another build.
pub const VERSION: u32 = 5;

/// A message as it travels.
pub fn to_bytes(message: &impl Serialize) -> Vec<u8> {
    // Memory alone could be missing.
    postcard::to_allocvec(message).expect("every message can be written")
}

/// A message that travelled; `None` if it comes from another build.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

/// From the page. Times are microseconds of virtual time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Open a run; what was open is forgotten.
    Open {
        /// Which.
        what: Source,
        /// Stop there instead of at its own moment: just before what killed the last worker.
        at_us: Option<u64>,
    },
    /// Move to `to_us` and send the window from `from_us` as a frame. Replaces a move under way.
    Advance {
        /// Where the window begins.
        from_us: u64,
        /// Where it ends.
        to_us: u64,
        /// What the frame is to hold.
        options: FrameOptions,
    },
    /// Act at that moment: what was known beyond it is forgotten.
    Act {
        /// When.
        at_us: u64,
        /// The command's text.
        command: String,
        /// How far the person has seen this future.
        seen_us: u64,
    },
    /// Take the last command back.
    Undo,
    /// Do it again.
    Redo,
    /// Go from that moment into the future that a command in the past has put aside.
    SwitchFuture {
        /// When.
        at_us: u64,
    },
    /// Where a step forward or back from where it stands would go.
    Step {
        /// Back.
        back: bool,
        /// To the next event of the story, not to the next message.
        event: bool,
    },
    /// Everything the panels show about one subject.
    Details {
        /// Which.
        subject: Subject,
    },
    /// The cluster in the words of Kafka's tools.
    Describe {
        /// At that moment, or wherever the worker stands.
        at_us: Option<u64>,
    },
    /// Follow a record from now on, or none.
    Follow {
        /// The moment at which it was picked.
        at_us: u64,
        /// Which.
        pick: Option<Pick>,
    },
    /// Follow a record that the audit named from now on, in the words of its finding.
    FollowFound(String),
    /// Look for the chain of causes of something, in the words that its line carries; empty words for nothing any more.
    Why(String),
    /// A link to that moment.
    Link {
        /// When.
        at_us: u64,
        /// What is selected.
        subject: Subject,
    },
    /// The story as plain text, as far as the run is known.
    WriteStory,
    /// The life of the record followed as plain text.
    WriteLife,
}

/// What to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// The first scenario that ships.
    Default,
    /// Another that ships, by name.
    Shipped(String),
    /// A scenario's own text.
    Text(String),
    /// A link's fragment.
    Link(String),
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// It is there.
    Ready {
        /// [`VERSION`].
        version: u32,
        /// The scenarios that ship.
        shipped: Vec<ShippedScenario>,
    },
    /// A run is open.
    Opened(Box<Opened>),
    /// It cannot be opened: sentences. What was open stays open.
    Refused(Vec<String>),
    /// The names changed.
    Names(Names),
    /// The story from its `from`-th line on.
    Story {
        /// The number of its first line.
        from: u32,
        /// Its lines.
        lines: Vec<StoryLine>,
    },
    /// A long move is under way.
    Progress {
        /// Where it stands.
        now_us: u64,
        /// Where it goes.
        to_us: u64,
    },
    /// The run goes no further: why, and what to do.
    MemoryFull(String),
    /// A command, undo or redo was done: it stands at this moment now.
    Acted {
        /// When.
        at_us: u64,
        /// What: one sentence.
        sentence: String,
        /// How many commands can be taken back.
        undoable: u32,
        /// Whether one can be done again.
        redoable: bool,
        /// What is done in the other future, if one is kept: a sentence.
        other_future: Option<String>,
    },
    /// A command could not be done: why. Nothing changed.
    NotDone(String),
    /// Where a step goes.
    Stepped(Option<u64>),
    /// For the panels.
    Details(Box<Details>),
    /// Metrics: what follows the first rows already sent.
    Metrics {
        /// How many rows those are; with none, the table is another.
        from_row: u32,
        /// The rows after them.
        table: MetricsTable,
    },
    /// In the words of Kafka's tools.
    Described(Description),
    /// The life of the record followed, as far as it is known; or why there is none.
    Life(Box<Result<Life, String>>),
    /// The chain of causes asked for, as far as it was looked for.
    Why(Answer),
    /// A link's fragment.
    Link(Result<String, String>),
    /// What was to be written down; empty if there is nothing of it.
    Written(String),
}

/// A chain of causes, as markup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The heading and what led to the event.
    pub causes: String,
    /// What came of it, what is not known, how far it was looked for.
    pub after: String,
    /// Where the steps go, by `data-step`: a moment, and a subject to select.
    pub steps: Vec<(u64, Option<Subject>)>,
}

/// A scenario that ships.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShippedScenario {
    /// In links.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Two sentences.
    pub about: String,
    /// One thing to try.
    pub try_this: String,
}

/// What was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// Its title.
    pub title: String,
    /// Two sentences.
    pub about: String,
    /// One thing to try.
    pub try_this: String,
    /// Its text.
    pub text: String,
    /// Its seed.
    pub seed: u64,
    /// The moment to begin at.
    pub at_us: u64,
    /// The whole of its length.
    pub duration_us: u64,
    /// The key to follow.
    pub follow_key: Option<String>,
    /// What is selected.
    pub select: Subject,
    /// How many commands can be taken back.
    pub undoable: u32,
    /// The link was made by a version that plays this run differently.
    pub differs: bool,
    /// For its author.
    pub notes: Vec<String>,
}

/// What the panels show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// The subject.
    pub inspection: Inspection,
    /// The guarantees.
    pub audit: AuditReport,
    /// Markers and bands.
    pub timeline: Timeline,
    /// The newest records of a partition or replica.
    pub records: Vec<RecordRow>,
    /// Partitions under-replicated, under `min.insync.replicas`, and offline: the metrics know them second by second.
    pub in_trouble: [u64; 3],
}
