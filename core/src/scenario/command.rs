//! Commands: everything a person can do to a running cluster, live or in the scenario's timeline.
//!
//! A command is written the same way everywhere (file, link, page, command line): [`Command`]'s `Display`.
use crate::client::Rate;
use crate::kernel::SimTime;
use crate::metadata::BrokerId;

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
    /// `crash machine of broker 2`: silence; what was not flushed to disk is still there after the restart.
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
