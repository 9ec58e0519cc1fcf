//! Commands: everything a person can do to a running cluster, live or in the scenario's timeline.
//!
//! A command is written the same way everywhere (file, link, page, command line): [`Command`]'s `Display`.
use super::words::{
    NAME_FORM, RATE_FORMS, Words, is_legal_name, nearest, quote, show_clipped, show_duration, show_moment,
    show_rate,
};
use crate::client::Rate;
use crate::kernel::SimTime;
use crate::metadata::BrokerId;
use std::fmt;
use std::str::FromStr;

/// A command and its moment.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedCommand {
    /// When, in virtual time.
    pub at: SimTime,
    /// What.
    pub command: Command,
}

/// What a person can do. Consumers and producers are named by their `client.id`.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `crash broker 2`: the process dies (SIGKILL); its connections are reset at once.
    CrashBroker(BrokerId),
    /// `crash machine of broker 2`: silence; what its disk did not have yet is gone.
    CrashMachine(BrokerId),
    /// `stop broker 2`: controlled shutdown (SIGTERM).
    StopBroker(BrokerId),
    /// `freeze broker 2`: it does nothing until thawed (SIGSTOP).
    FreezeBroker(BrokerId),
    /// `thaw broker 2`.
    ThawBroker(BrokerId),
    /// `start broker 2`: a crashed or stopped broker starts again.
    StartBroker(BrokerId),
    /// `slow links of broker 3 by 200 ms`: every message to and from there takes that much longer.
    SlowLinks {
        /// Whose links.
        of: Place,
        /// How much longer, one way.
        by_us: u64,
    },
    /// `cut links of rack b`: nothing gets through; connections stay open until somebody gives up.
    CutLinks(Place),
    /// `heal links of rack b`: neither slow nor cut any more.
    HealLinks(Place),
    /// `add consumer to billing`.
    AddConsumer {
        /// The group.
        group: String,
    },
    /// `stop consumer billing-2`: it closes cleanly and leaves its group.
    StopConsumer(String),
    /// `crash consumer billing-2`: killed; its group learns by the session timeout.
    CrashConsumer(String),
    /// `freeze consumer billing-2`.
    FreezeConsumer(String),
    /// `thaw consumer billing-2`.
    ThawConsumer(String),
    /// `slow consumer billing-2 to 400 %`: processing takes that share of the time it took at first.
    SlowConsumer {
        /// Which.
        consumer: String,
        /// 100 is as at first.
        percent: u32,
    },
    /// `start consumer billing-2`: a crashed or stopped one starts again.
    StartConsumer(String),
    /// `add producer like checkout`.
    AddProducer {
        /// Whose topic, configuration and load it takes.
        like: String,
    },
    /// `stop producer checkout`.
    StopProducer(String),
    /// `set rate of checkout to 100/s` (or `poisson 100/s`, `bursts 10/s 500/s 2 s every 10 s`).
    SetRate {
        /// Which producer.
        producer: String,
        /// Its rate from now on.
        rate: Rate,
    },
    /// `set topic orders min.insync.replicas = 2`; a key that Kafka cannot change at run time restarts its owner.
    SetConfig {
        /// Whose key.
        target: ConfigTarget,
        /// The key.
        key: String,
        /// Its value as text.
        value: String,
    },
    /// `send by checkout key "C" value "hello"`.
    SendRecord {
        /// Which producer.
        producer: String,
        /// `None`: the null key, written `no key`.
        key: Option<String>,
        /// The value.
        value: String,
    },
}

/// Whose links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// One broker's.
    Broker(BrokerId),
    /// All brokers' and clients' of a rack, with whoever stands outside it.
    Rack(String),
}

/// Whose configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigTarget {
    /// All brokers (`--entity-default`).
    Brokers,
    /// A topic.
    Topic(String),
    /// A producer.
    Producer(String),
    /// All members of a group.
    Group(String),
}

/// Why a command cannot be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// The text is no command.
    Unreadable {
        /// The text.
        text: String,
        /// A sentence: what is expected.
        expected: String,
    },
    /// It names something that is not there.
    NoSuch {
        /// `broker`, `topic`, `group`, `consumer`, `producer`, `rack`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// It asks for what cannot be: thaw of a broker that is not frozen, and the like.
    NotNow {
        /// A sentence.
        why: String,
    },
    /// A configuration key or value is wrong.
    Config {
        /// The sentence of the configuration room.
        why: String,
    },
}

/// Every form of a command, with what it does; for help texts and offers.
pub const COMMAND_FORMS: &[(&str, &str)] = &[
    ("crash broker 2", "its process dies at once; connections are reset"),
    ("crash machine of broker 2", "the whole machine goes silent; connections hang"),
    ("stop broker 2", "a controlled shutdown, leaders moved first"),
    ("freeze broker 2", "it does nothing until thawed"),
    ("thaw broker 2", "a frozen broker goes on"),
    ("start broker 2", "a crashed or stopped broker starts again"),
    ("slow links of broker 3 by 200 ms", "every message there takes that much longer, one way"),
    ("cut links of rack b", "nothing gets through; connections stay open"),
    ("heal links of rack b", "neither slow nor cut any more"),
    ("add consumer to billing", "one more member joins the group"),
    ("stop consumer billing-2", "it closes cleanly and leaves its group"),
    ("crash consumer billing-2", "its group learns by the session timeout"),
    ("freeze consumer billing-2", "it does nothing until thawed"),
    ("thaw consumer billing-2", "a frozen consumer goes on"),
    ("slow consumer billing-2 to 400 %", "processing takes four times as long as at first"),
    ("start consumer billing-2", "a crashed or stopped consumer starts again"),
    ("add producer like checkout", "a second producer with the same topic, configuration and load"),
    ("stop producer checkout", "it sends what it holds and closes"),
    ("set rate of checkout to 100/s", "or `poisson 100/s`, or `bursts 10/s 500/s 2 s every 10 s`"),
    ("set brokers log.retention.ms = 60000", "a key of all brokers"),
    ("set topic orders min.insync.replicas = 2", "a key of a topic"),
    ("set producer checkout linger.ms = 20", "a key of a producer, which restarts"),
    ("set group billing max.poll.records = 10", "a key of all members of a group, which restart"),
    ("send by checkout key \"C\" value \"hello\"", "one record; `no key` for the null key"),
];

/// The longest text of a command.
pub const COMMAND_CHARS_MAX: usize = 4_000;

impl Command {
    /// Whether it leaves the cluster with fewer brokers that answer.
    pub(super) const fn takes_brokers_away(&self) -> bool {
        matches!(
            self,
            Command::CrashBroker(_)
                | Command::CrashMachine(_)
                | Command::StopBroker(_)
                | Command::FreezeBroker(_)
                | Command::CutLinks(_)
        )
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::CrashBroker(id) => write!(f, "crash broker {}", id.0),
            Command::CrashMachine(id) => write!(f, "crash machine of broker {}", id.0),
            Command::StopBroker(id) => write!(f, "stop broker {}", id.0),
            Command::FreezeBroker(id) => write!(f, "freeze broker {}", id.0),
            Command::ThawBroker(id) => write!(f, "thaw broker {}", id.0),
            Command::StartBroker(id) => write!(f, "start broker {}", id.0),
            Command::SlowLinks { of, by_us } => write!(f, "slow links of {of} by {}", show_duration(*by_us)),
            Command::CutLinks(of) => write!(f, "cut links of {of}"),
            Command::HealLinks(of) => write!(f, "heal links of {of}"),
            Command::AddConsumer { group } => write!(f, "add consumer to {group}"),
            Command::StopConsumer(name) => write!(f, "stop consumer {name}"),
            Command::CrashConsumer(name) => write!(f, "crash consumer {name}"),
            Command::FreezeConsumer(name) => write!(f, "freeze consumer {name}"),
            Command::ThawConsumer(name) => write!(f, "thaw consumer {name}"),
            Command::SlowConsumer { consumer, percent } => {
                write!(f, "slow consumer {consumer} to {percent} %")
            }
            Command::StartConsumer(name) => write!(f, "start consumer {name}"),
            Command::AddProducer { like } => write!(f, "add producer like {like}"),
            Command::StopProducer(name) => write!(f, "stop producer {name}"),
            Command::SetRate { producer, rate } => write!(f, "set rate of {producer} to {}", show_rate(rate)),
            Command::SetConfig { target, key, value } => write!(f, "set {target} {key} = {value}"),
            Command::SendRecord { producer, key, value } => {
                let key = key.as_ref().map_or("no key".into(), |key| format!("key {}", quote(key)));
                write!(f, "send by {producer} {key} value {}", quote(value))
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Broker(id) => write!(f, "broker {}", id.0),
            Place::Rack(rack) => write!(f, "rack {rack}"),
        }
    }
}

impl fmt::Display for ConfigTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigTarget::Brokers => f.write_str("brokers"),
            ConfigTarget::Topic(name) => write!(f, "topic {name}"),
            ConfigTarget::Producer(name) => write!(f, "producer {name}"),
            ConfigTarget::Group(name) => write!(f, "group {name}"),
        }
    }
}

impl fmt::Display for TimedCommand {
    /// As links and stories write it: `12.5s crash broker 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", show_moment(self.at), self.command)
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommandError::Unreadable { text, expected } => {
                let shown = show_clipped(text, 80);
                write!(f, "`{shown}` is no command; expected is {expected}")
            }
            CommandError::NoSuch { what, name } => write!(f, "there is no {what} `{name}`"),
            CommandError::NotNow { why } | CommandError::Config { why } => f.write_str(why),
        }
    }
}

impl std::error::Error for CommandError {}

impl FromStr for Command {
    type Err = CommandError;

    fn from_str(text: &str) -> Result<Self, CommandError> {
        let unreadable = |expected: String| CommandError::Unreadable { text: text.trim().into(), expected };
        if text.len() > COMMAND_CHARS_MAX {
            return Err(unreadable(format!("a command of at most {COMMAND_CHARS_MAX} characters")));
        }
        if text.contains(|c: char| c.is_control()) {
            return Err(unreadable("one line without control characters".into()));
        }
        let mut words = Words::new(text);
        let command = read_command(&mut words).map_err(unreadable)?;
        match words.rest() {
            "" => Ok(command),
            rest => {
                let [command, rest] = [&command.to_string(), rest].map(|text| show_clipped(text, 80));
                Err(unreadable(format!("`{command}`, without `{rest}` after it")))
            }
        }
    }
}

/// What a command can begin with.
const VERBS: [&str; 11] =
    ["crash", "stop", "freeze", "thaw", "start", "slow", "cut", "heal", "add", "set", "send"];

/// The command, or what would be expected where it stops making sense.
fn read_command(words: &mut Words<'_>) -> Result<Command, String> {
    let verb = words.next();
    match verb {
        "crash" | "stop" | "freeze" | "thaw" | "start" => read_of_node(verb, words),
        "slow" => match words.next() {
            "links" => {
                let of = read_links_of(verb, words)?;
                let by_us = words.take("by").then(|| words.duration_us()).flatten();
                let by_us = by_us.filter(|us| (1..=60_000_000).contains(us));
                let by_us = by_us.ok_or("`slow links of broker 3 by 200 ms`, at most 60 s")?;
                Ok(Command::SlowLinks { of, by_us })
            }
            "consumer" => {
                let consumer = read_name("consumer", words)?;
                let percent = words.take("to").then(|| words.percent()).flatten();
                let percent = percent.filter(|percent| (1..=1_000_000).contains(percent));
                let percent = percent.ok_or("`slow consumer billing-2 to 400 %`, from 1 % to 1,000,000 %")?;
                Ok(Command::SlowConsumer { consumer, percent })
            }
            _ => Err("`slow links of broker 3 by 200 ms` or `slow consumer billing-2 to 400 %`".into()),
        },
        "cut" if words.take("links") => Ok(Command::CutLinks(read_links_of(verb, words)?)),
        "heal" if words.take("links") => Ok(Command::HealLinks(read_links_of(verb, words)?)),
        "cut" | "heal" => Err(format!("`{verb} links of rack b` or `{verb} links of broker 2`")),
        "add" => match (words.next(), words.next()) {
            ("consumer", "to") => Ok(Command::AddConsumer { group: read_name("group", words)? }),
            ("producer", "like") => Ok(Command::AddProducer { like: read_name("producer", words)? }),
            _ => Err("`add consumer to billing` or `add producer like checkout`".into()),
        },
        "set" => read_set(words),
        "send" => read_send(words),
        _ => Err(match nearest(verb, VERBS) {
            Some(near) => format!("a command beginning with `{near}`, perhaps"),
            None => format!("a command beginning with one of {}", VERBS.map(|v| format!("`{v}`")).join(", ")),
        }),
    }
}

/// `crash`, `stop`, `freeze`, `thaw` or `start`: a broker, a consumer, and some also a machine or a producer.
fn read_of_node(verb: &str, words: &mut Words<'_>) -> Result<Command, String> {
    match (verb, words.next()) {
        ("crash", "broker") => Ok(Command::CrashBroker(read_broker(words)?)),
        ("stop", "broker") => Ok(Command::StopBroker(read_broker(words)?)),
        ("freeze", "broker") => Ok(Command::FreezeBroker(read_broker(words)?)),
        ("thaw", "broker") => Ok(Command::ThawBroker(read_broker(words)?)),
        ("start", "broker") => Ok(Command::StartBroker(read_broker(words)?)),
        ("crash", "consumer") => Ok(Command::CrashConsumer(read_name("consumer", words)?)),
        ("stop", "consumer") => Ok(Command::StopConsumer(read_name("consumer", words)?)),
        ("freeze", "consumer") => Ok(Command::FreezeConsumer(read_name("consumer", words)?)),
        ("thaw", "consumer") => Ok(Command::ThawConsumer(read_name("consumer", words)?)),
        ("start", "consumer") => Ok(Command::StartConsumer(read_name("consumer", words)?)),
        ("stop", "producer") => Ok(Command::StopProducer(read_name("producer", words)?)),
        ("crash", "machine") if words.take("of") && words.take("broker") => {
            Ok(Command::CrashMachine(read_broker(words)?))
        }
        _ => {
            let more = match verb {
                "crash" => ", `crash machine of broker 2`",
                "stop" => ", `stop producer checkout`",
                _ => "",
            };
            Err(format!("`{verb} broker 2`{more} or `{verb} consumer billing-2`"))
        }
    }
}

fn read_set(words: &mut Words<'_>) -> Result<Command, String> {
    let target = match words.next() {
        "rate" => {
            let producer = words.take("of").then(|| read_name("producer", words)).transpose()?;
            let rate = words.take("to").then(|| words.rate()).flatten();
            return match (producer, rate) {
                (Some(producer), Some(rate)) => Ok(Command::SetRate { producer, rate }),
                _ => Err(format!("`set rate of checkout to 100/s`, with {RATE_FORMS}")),
            };
        }
        "brokers" => ConfigTarget::Brokers,
        "topic" => ConfigTarget::Topic(read_name("topic", words)?),
        "producer" => ConfigTarget::Producer(read_name("producer", words)?),
        "group" => ConfigTarget::Group(read_name("group", words)?),
        _ => {
            let forms = "`set rate of`, `set brokers`, `set topic`, `set producer` or `set group`";
            return Err(format!("{forms}, such as `set topic orders min.insync.replicas = 2`"));
        }
    };
    let example = || format!("`set {target} KEY = VALUE`");
    let (key, value) = words.rest().split_once('=').ok_or_else(example)?;
    let (key, value) = (key.trim(), value.trim());
    if !is_legal_name(key) {
        return Err(example());
    }
    *words = Words::new("");
    Ok(Command::SetConfig { target, key: key.into(), value: value.into() })
}

fn read_send(words: &mut Words<'_>) -> Result<Command, String> {
    let form = "`send by checkout key \"C\" value \"hello\"` or `send by checkout no key value \"hello\"`";
    let form = || String::from(form);
    let producer = words.take("by").then(|| read_name("producer", words)).transpose()?.ok_or_else(form)?;
    let key = match words.next() {
        "key" => Some(words.quoted().ok_or_else(form)?),
        "no" if words.take("key") => None,
        _ => return Err(form()),
    };
    let value = words.take("value").then(|| words.quoted()).flatten().ok_or_else(form)?;
    Ok(Command::SendRecord { producer, key, value })
}

fn read_links_of(verb: &str, words: &mut Words<'_>) -> Result<Place, String> {
    match (words.next(), words.next()) {
        ("of", "broker") => Ok(Place::Broker(read_broker(words)?)),
        ("of", "rack") => Ok(Place::Rack(read_name("rack", words)?)),
        _ => Err(format!("`{verb} links of broker 2` or `{verb} links of rack b`")),
    }
}

fn read_broker(words: &mut Words<'_>) -> Result<BrokerId, String> {
    let id = words.next().parse().ok().filter(|id| *id > 0);
    id.map(BrokerId).ok_or_else(|| "the number of a broker, counted from 1".into())
}

fn read_name(of: &str, words: &mut Words<'_>) -> Result<String, String> {
    let name = words.next();
    is_legal_name(name).then(|| name.into()).ok_or_else(|| format!("the name of a {of}: {NAME_FORM}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::{Draws, Purpose};

    #[test]
    fn every_form_is_a_command_and_is_written_the_same() {
        for (form, _) in COMMAND_FORMS {
            let command: Command = form.parse().unwrap_or_else(|error| panic!("{form}: {error}"));
            assert_eq!(command.to_string(), *form);
        }
    }

    #[test]
    fn generated_commands_round_trip() {
        const WHAT: Purpose = Purpose::new("what");
        let draws = Draws::new(7, "commands");
        for n in 0..20_000_u64 {
            let draw = |i: u64, below: u32| draws.part(n).at(WHAT, i).below(below);
            let command = generate(&draw);
            let text = command.to_string();
            assert_eq!(text.parse(), Ok(command), "{text}");
        }
    }

    /// A command with values drawn by `draw(what, below)`.
    fn generate(draw: &dyn Fn(u64, u32) -> u32) -> Command {
        let name = |i: u64| {
            let legal = b"abcXYZ019._-";
            let length = 1 + draw(i, 30);
            let letters = (0..length).map(|j| legal[draw(i * 100 + u64::from(j), 12) as usize] as char);
            format!("n{}", letters.collect::<String>())
        };
        let text = |i: u64| {
            let odd = ['a', ' ', '"', '\\', '\n', '\t', '\u{1}', 'é', '=', '\u{85}', '\u{1F600}'];
            (0..draw(i, 20)).map(|j| odd[draw(i * 77 + u64::from(j), 11) as usize]).collect::<String>()
        };
        let id = || BrokerId(1 + draw(3, 100));
        let place = || if draw(4, 2) == 0 { Place::Broker(id()) } else { Place::Rack(name(5)) };
        let milli = |i: u64| u64::from(draw(i, u32::MAX)) * 2;
        let burst_ms = 1 + u64::from(draw(6, 100_000));
        let rates = [
            Rate::Constant { milli_per_s: milli(7) },
            Rate::Poisson { milli_per_s: milli(7) },
            Rate::Bursts {
                base_milli_per_s: milli(7),
                burst_milli_per_s: milli(8),
                burst_ms,
                period_ms: burst_ms + 1 + u64::from(draw(9, 100_000)),
            },
        ];
        let targets = [
            ConfigTarget::Brokers,
            ConfigTarget::Topic(name(10)),
            ConfigTarget::Producer(name(10)),
            ConfigTarget::Group(name(10)),
        ];
        match draw(0, 21) {
            0 => Command::CrashBroker(id()),
            1 => Command::CrashMachine(id()),
            2 => Command::StopBroker(id()),
            3 => Command::FreezeBroker(id()),
            4 => Command::ThawBroker(id()),
            5 => Command::StartBroker(id()),
            6 => Command::SlowLinks { of: place(), by_us: 1 + u64::from(draw(11, 60_000_000)) },
            7 => Command::CutLinks(place()),
            8 => Command::HealLinks(place()),
            9 => Command::AddConsumer { group: name(12) },
            10 => Command::StopConsumer(name(12)),
            11 => Command::CrashConsumer(name(12)),
            12 => Command::FreezeConsumer(name(12)),
            13 => Command::ThawConsumer(name(12)),
            14 => Command::SlowConsumer { consumer: name(12), percent: 1 + draw(13, 1_000_000) },
            15 => Command::StartConsumer(name(12)),
            16 => Command::AddProducer { like: name(12) },
            17 => Command::StopProducer(name(12)),
            18 => Command::SetRate { producer: name(12), rate: rates[draw(14, 3) as usize] },
            19 => Command::SetConfig {
                target: targets[draw(15, 4) as usize].clone(),
                key: name(16),
                value: text(17).replace(char::is_control, "").trim().into(),
            },
            _ => Command::SendRecord {
                producer: name(12),
                key: (draw(18, 3) > 0).then(|| text(19)),
                value: text(20),
            },
        }
    }

    #[test]
    fn an_unreadable_command_says_what_is_expected() {
        let cases = [
            (
                "crahs broker 2",
                "`crahs broker 2` is no command; expected is a command beginning with `crash`, perhaps",
            ),
            (
                "explode",
                "`explode` is no command; expected is a command beginning with one of `crash`, `stop`, `freeze`, \
                 `thaw`, `start`, `slow`, `cut`, `heal`, `add`, `set`, `send`",
            ),
            (
                "crash broker",
                "`crash broker` is no command; expected is the number of a broker, counted from 1",
            ),
            (
                "crash broker 2 now",
                "`crash broker 2 now` is no command; expected is `crash broker 2`, without `now` after it",
            ),
            (
                "crash",
                "`crash` is no command; expected is `crash broker 2`, `crash machine of broker 2` or \
                 `crash consumer billing-2`",
            ),
            (
                "slow links of rack b by 2",
                "`slow links of rack b by 2` is no command; expected is `slow links of broker 3 by 200 ms`, at most \
                 60 s",
            ),
            (
                "set topic orders acks",
                "`set topic orders acks` is no command; expected is `set topic orders KEY = VALUE`",
            ),
            (
                "set rate of x to 5",
                "`set rate of x to 5` is no command; expected is `set rate of checkout to 100/s`, with a rate such \
                 as `24/s`, `poisson 24/s` or `bursts 10/s 500/s 2 s every 10 s`",
            ),
            (
                "stop consumer a/b",
                "`stop consumer a/b` is no command; expected is the name of a consumer: 1 to 100 letters, digits, \
                 `.`, `_` and `-`",
            ),
            (
                "send by x key \"C value",
                "`send by x key \"C value` is no command; expected is `send by checkout key \"C\" value \"hello\"` \
                 or `send by checkout no key value \"hello\"`",
            ),
        ];
        for (text, sentence) in cases {
            assert_eq!(text.parse::<Command>().unwrap_err().to_string(), sentence);
        }
    }
}
