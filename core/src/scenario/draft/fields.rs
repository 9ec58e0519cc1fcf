//! What a scenario says of each kind of part, in words for people; and how what they write becomes TOML.
use super::edit::Edit;
use crate::config::{Kind, Scope, find};
use crate::scenario::Part;

/// One key of the format.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: FieldKind,
    pub(super) default: &'static str,
    pub(super) allowed: &'static str,
    pub(super) about: &'static str,
}

/// What kind of value it has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldKind {
    Line,
    Prose,
    Count,
    /// A number, or a range of numbers as text.
    Size,
    Placement,
    Names,
    Topic,
    Rack,
    Commit,
}

use FieldKind::{Commit, Count, Line, Names, Placement, Prose, Rack, Size, Topic};

const fn field(
    key: &'static str,
    label: &'static str,
    kind: FieldKind,
    default: &'static str,
    allowed: &'static str,
    about: &'static str,
) -> Field {
    Field { key, label, kind, default, allowed, about }
}

const NAME: &str = "1 to 100 letters, digits, ., _ and -";

const RUN: &[Field] = &[
    field("title", "Title", Line, "none", "up to 100 characters", "What the page is headed by."),
    field("about", "About", Prose, "none", "up to 1,000 characters", "Two sentences on what is seen."),
    field("try", "Try", Prose, "none", "up to 500 characters", "One thing that who opens it should try."),
    field("seed", "Seed", Line, "1", "a whole number", "Another seed is another run with the same rules."),
    field("warm-up", "Warm-up", Line, "0 s", "a time such as 12 s", "The page opens at this moment."),
    field("duration", "Length", Line, "60 s", "a time up to 24 h", "How long a run without the page lasts."),
];
const CLUSTER: &[Field] = &[
    field("brokers", "Brokers", Count, "3", "1 to 100", "How many; their ids are 1, 2, 3 and so on."),
    field("racks", "Racks", Names, "none", "names with commas", "Brokers stand in them in turn."),
];
/// What a listed cluster can still be asked for as a whole: nothing.
const LISTED_CLUSTER: &[Field] = &[];
const BROKER: &[Field] = &[
    field("rack", "Rack", Line, "none", NAME, "Replicas of a partition are spread over racks (broker.rack)."),
    field("data-center", "Data center", Line, "the only one", NAME, "Links between data centers are slower."),
];
const RACK: &[Field] = &[
    field("name", "Name", Line, "", NAME, "What its brokers have as broker.rack."),
    field("data-center", "Data center", Line, "the only one", NAME, "Links between data centers are slower."),
];
const TOPIC: &[Field] = &[
    field("name", "Name", Line, "", NAME, "Producers and groups speak of it by its name."),
    field("partitions", "Partitions", Count, "1", "1 to 10,000", "Its records are spread over so many logs."),
    field(
        "replication-factor",
        "Replication factor",
        Count,
        "3, or all brokers if fewer",
        "at most as many as brokers",
        "Every partition is kept by so many brokers.",
    ),
    field(
        "placement",
        "Placement",
        Placement,
        "Kafka's",
        "such as 2:3:1, 3:1:2",
        "The brokers of each partition, its preferred leader first; as kafka-topics --replica-assignment.",
    ),
];
const PRODUCER: &[Field] = &[
    field("name", "Name", Line, "producer-1 for the first, and so on", NAME, "Its client.id."),
    field("topic", "Topic", Topic, "the only topic", "a topic", "Where it sends."),
    field("count", "How many", Count, "one", "1 to 200", "So many alike, named with -1, -2 and so on."),
    field(
        "rate",
        "Rate",
        Line,
        "10/s",
        "24/s, poisson 24/s, or bursts 10/s 500/s 2 s every 10 s",
        "How often it sends a record.",
    ),
    field(
        "keys",
        "Keys",
        Line,
        "none",
        "none, uniform 6, zipf 100 1.1 or hot 10 80%",
        "Records with the same key go to the same partition, in order.",
    ),
    field("key-prefix", "Keys begin with", Line, "key-", NAME, "user- makes user-0, user-1 and so on."),
    field("value-bytes", "Bytes of a value", Size, "100", "100 or 100..2000", "How large its records are."),
    field("rack", "Rack", Rack, "none: far from every broker", "a rack", "Where it stands."),
];
const GROUP: &[Field] = &[
    field(
        "name",
        "Name",
        Line,
        "group-1 for the first, and so on",
        NAME,
        "Its group.id; members are named with -1, -2.",
    ),
    field("topics", "Topics", Names, "all topics", "names with commas", "What its members subscribe to."),
    field(
        "members",
        "Members",
        Count,
        "1",
        "0 to 500",
        "How many consumers share the partitions at the start.",
    ),
    field(
        "processing",
        "Time for a record",
        Line,
        "1 ms",
        "a time up to 10 min",
        "How long a member works on one record.",
    ),
    field(
        "commit",
        "Commit",
        Commit,
        "auto",
        "auto, before or after",
        "When offsets are committed: by the clock, or before or after processing what a poll returned.",
    ),
    field("rack", "Rack", Rack, "none", "a rack", "Where its members stand."),
];
const LINKS: &[Field] = &[
    field(
        "same-rack",
        "Inside a rack",
        Line,
        "100 us",
        "a time from 1 us to 60 s",
        "How long a message takes, one way.",
    ),
    field(
        "between-racks",
        "Between racks",
        Line,
        "250 us",
        "a time from 1 us to 60 s",
        "And wherever no rack is named.",
    ),
    field(
        "between-data-centers",
        "Between data centers",
        Line,
        "30 ms",
        "a time from 1 us to 60 s",
        "How long a message takes, one way.",
    ),
    field(
        "jitter",
        "Jitter",
        Line,
        "20 %",
        "a share up to 1,000 %",
        "Up to this much more, every length equally likely.",
    ),
    field(
        "bandwidth",
        "Bandwidth",
        Line,
        "10 Gbit/s",
        "such as 10 Gbit/s or 50 MB/s",
        "What a link carries.",
    ),
];
const EVENT: &[Field] = &[
    field("at", "When", Line, "", "a time such as 20 s", "The moment in the run."),
    field(
        "do",
        "What happens",
        Line,
        "",
        "a command such as crash broker 2",
        "Brokers, consumers and producers crash, stop and start; links are cut and healed; keys are set.",
    ),
];
const VIEW: &[Field] = &[
    field("follow-key", "Key to follow", Line, "none", "a key", "Its records are shown in colour."),
    field(
        "select",
        "Selected",
        Line,
        "cluster",
        "cluster, broker 2, orders-1, producer checkout, group billing",
        "What is selected when it opens.",
    ),
    field("speed", "Speed", Line, "real time", "such as 1/200 or 10x", "How fast it plays."),
];

/// What a scenario says of such a part.
pub(super) fn fields(part: &Part, are_brokers_listed: bool) -> &'static [Field] {
    match part {
        Part::Run => RUN,
        Part::Cluster if are_brokers_listed => LISTED_CLUSTER,
        Part::Cluster => CLUSTER,
        Part::Rack(_) => RACK,
        Part::Broker(_) => BROKER,
        Part::Topic(_) => TOPIC,
        Part::Producer(_) => PRODUCER,
        Part::Group(_) => GROUP,
        Part::Links => LINKS,
        Part::Event(_) => EVENT,
        Part::Expect => &[],
        Part::View => VIEW,
    }
}

/// Whose keys of Kafka such a part can set.
pub(super) fn scope(part: &Part) -> Option<Scope> {
    match part {
        Part::Cluster => Some(Scope::Broker),
        Part::Topic(_) => Some(Scope::Topic),
        Part::Producer(_) => Some(Scope::Producer),
        Part::Group(_) => Some(Scope::Consumer),
        _ => None,
    }
}

/// What is written as TOML; `None` for nothing. What makes no sense stays as it was written: the reader says why.
pub(super) fn literal(part: &Part, key: &str, written: &str) -> Option<String> {
    let text = written.trim();
    let kind = fields(part, false).iter().find(|field| field.key == key).map_or(Line, |field| field.kind);
    let names = || text.split(',').map(str::trim).filter(|name| !name.is_empty());
    (!text.is_empty()).then(|| match kind {
        Count | Size if text.parse::<u64>().is_ok() => text.into(),
        Line if key == "seed" && text.parse::<u64>().is_ok() => text.into(),
        Names => format!("[{}]", names().map(Edit::quoted).collect::<Vec<_>>().join(", ")),
        Placement => placement(text).unwrap_or_else(|| Edit::quoted(text)),
        _ => Edit::quoted(text),
    })
}

/// `2:3:1, 3:1:2` as lists of numbers.
fn placement(text: &str) -> Option<String> {
    let partition = |ids: &str| {
        let ids: Option<Vec<u32>> = ids.split(':').map(|id| id.trim().parse().ok()).collect();
        ids.map(|ids| format!("[{}]", ids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")))
    };
    let all: Option<Vec<String>> = text.split(',').map(partition).collect();
    all.map(|all| format!("[{}]", all.join(", ")))
}

/// The value of one of Kafka's keys as TOML.
pub(super) fn key_literal(part: &Part, key: &str, written: &str) -> Option<String> {
    let text = written.trim();
    let kind = scope(part).and_then(|scope| find(scope, key)).map_or(Kind::String, |spec| spec.kind);
    (!text.is_empty()).then(|| match kind {
        Kind::Boolean if text == "true" || text == "false" => text.into(),
        Kind::Short | Kind::Int | Kind::Long if text.parse::<i64>().is_ok() => {
            text.trim_start_matches('+').into()
        }
        _ => Edit::quoted(text),
    })
}
