//! The tables of Kafka's keys.
use super::nearest::nearest_word;
use std::fmt;

/// Whose key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// `ProducerConfig`.
    Producer,
    /// `ConsumerConfig`.
    Consumer,
    /// `TopicConfig`.
    Topic,
    /// `KafkaConfig`: brokers and controllers.
    Broker,
    /// `GroupConfig`: what `kafka-configs --entity-type groups` sets.
    Group,
}

/// The type of a key's value, as in Kafka's `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// 16 bits.
    Short,
    /// 32 bits.
    Int,
    /// 64 bits.
    Long,
    /// A decimal number.
    Double,
    /// A text.
    String,
    /// Texts parted by commas.
    List,
    /// The name of a Java class.
    Class,
    /// A secret text.
    Password,
}

/// How a key may change while its owner runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// At once: topics and groups.
    AtRunTime,
    /// At once, for all brokers together or for one.
    ClusterWide,
    /// At once, for one broker only.
    PerBroker,
    /// Brokers read it when they start, and never again.
    ReadOnly,
    /// Clients read it when they start: a change is a restart.
    Restart,
}

/// What a key does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does what Kafka does with it: one sentence.
    Simulated(&'static str),
    /// It is accepted and changes nothing; the sentence says why, and is empty where that goes without saying.
    KnownWithoutEffect(&'static str),
}

/// One key of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Whose.
    pub scope: Scope,
    /// The key: `linger.ms`.
    pub name: &'static str,
    /// Whether Kafka keeps it for itself (`defineInternal`).
    pub internal: bool,
    /// Type of the value.
    pub kind: Kind,
    /// Kafka's default; `null` for none, `(required)` where Kafka demands a value.
    pub default: &'static str,
    /// What else Kafka demands of the value; empty for nothing. See `check.rs` for the forms.
    pub(super) valid: &'static str,
    /// How it may change.
    pub change: Change,
    /// What it does here.
    pub effect: Effect,
}

impl Scope {
    /// The table: a key a line, its columns parted by `|`; the first line names them.
    fn table(self) -> &'static str {
        match self {
            Scope::Producer => include_str!("keys/producer.txt"),
            Scope::Consumer => include_str!("keys/consumer.txt"),
            Scope::Topic => include_str!("keys/topic.txt"),
            Scope::Broker => include_str!("keys/broker.txt"),
            Scope::Group => include_str!("keys/group.txt"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Scope::Producer => "producer",
            Scope::Consumer => "consumer",
            Scope::Topic => "topic",
            Scope::Broker => "broker",
            Scope::Group => "group",
        })
    }
}

/// All keys of a scope, by name.
pub fn keys(scope: Scope) -> impl Iterator<Item = KeySpec> {
    rows(scope).map(move |row| KeySpec::read(scope, row))
}

fn rows(scope: Scope) -> impl Iterator<Item = &'static str> {
    scope.table().lines().skip(1)
}

/// A row's key, with the mark of an internal one.
fn name_of(row: &'static str) -> &'static str {
    row.split_once(' ').map_or(row, |(name, _)| name)
}

/// The key of that name.
pub fn find(scope: Scope, name: &str) -> Option<KeySpec> {
    let row = rows(scope).find(|row| name_of(row).trim_start_matches('!') == name)?;
    Some(KeySpec::read(scope, row))
}

/// The key written most like `name`, if one is close enough to be meant.
pub fn nearest(scope: Scope, name: &str) -> Option<&'static str> {
    nearest_word(name, rows(scope).map(|row| name_of(row).trim_start_matches('!')))
}

impl KeySpec {
    fn read(scope: Scope, row: &'static str) -> KeySpec {
        let mut columns = row.split('|').map(str::trim);
        let mut next = || columns.next().unwrap_or("");
        let name = next();
        KeySpec {
            scope,
            name: name.trim_start_matches('!'),
            internal: name.starts_with('!'),
            kind: Kind::read(next()),
            default: next(),
            valid: next(),
            change: Change::read(scope, next()),
            effect: Effect::read(next()),
        }
    }

    /// Whether it does something here.
    pub fn is_simulated(&self) -> bool {
        matches!(self.effect, Effect::Simulated(_))
    }

    /// Whether `set brokers` can change it: dynamic and not of one broker only.
    pub fn is_changed_cluster_wide(&self) -> bool {
        !matches!(self.change, Change::ReadOnly | Change::PerBroker)
    }
}

impl Kind {
    fn read(word: &str) -> Kind {
        match word {
            "boolean" => Kind::Boolean,
            "short" => Kind::Short,
            "int" => Kind::Int,
            "long" => Kind::Long,
            "double" => Kind::Double,
            "list" => Kind::List,
            "class" => Kind::Class,
            "password" => Kind::Password,
            _ => Kind::String,
        }
    }
}

impl Change {
    fn read(scope: Scope, word: &str) -> Change {
        match (scope, word) {
            (Scope::Producer | Scope::Consumer, _) => Change::Restart,
            (Scope::Topic | Scope::Group, _) => Change::AtRunTime,
            (Scope::Broker, "cluster") => Change::ClusterWide,
            (Scope::Broker, "broker") => Change::PerBroker,
            (Scope::Broker, _) => Change::ReadOnly,
        }
    }
}

impl Effect {
    fn read(text: &'static str) -> Effect {
        match text.strip_prefix("= ") {
            Some(sentence) => Effect::Simulated(sentence),
            None => Effect::KnownWithoutEffect(text.trim_start_matches("- ")),
        }
    }
}
