//! What a command does, and what follows it.
use super::report::{StoryKind, Subject};
use super::told::{Told, ms};
use crate::metadata::BrokerId;
use crate::scenario::words::show_duration;
use crate::scenario::{Command, CommandError, ConfigTarget, Place};
use crate::world::World;

/// Why and next.
type Words = (String, String);

/// Between a command and why it could not be done.
const NOT_DONE: &str = " (not done: ";

/// What is reported of a command that could not be done.
pub fn not_done(command: &Command, error: &CommandError) -> String {
    format!("{command}{NOT_DONE}{error})")
}

/// The command, and why it could not be done; `None` if it was.
pub(super) fn why_not_done(text: &str) -> Option<(&str, &str)> {
    // A record typed by hand may hold these words: what is a whole command was done.
    let (command, why) = text.rsplit_once(NOT_DONE).filter(|_| text.parse::<Command>().is_err())?;
    Some((command, why.strip_suffix(')').unwrap_or(why)))
}

/// The line of a command.
pub(super) fn command(world: &World, text: &str) -> Told {
    if let Some((command, why)) = why_not_done(text) {
        let told = Told::new(StoryKind::Command, 2, vec![Subject::Cluster]);
        return told
            .what(format!("Not done: {command}."))
            .why(format!("It could not be done at this moment: {why}."))
            .next("Nothing changes.");
    }
    let parsed: Option<Command> = text.parse().ok();
    let (about, (why, next)) = parsed
        .as_ref()
        .map_or_else(Default::default, |command| (about(world, command), words(world, command)));
    let told = Told::new(StoryKind::Command, 3, about);
    told.what(format!("Command: {text}.")).why(why).next(next).marked(text)
}

fn words(world: &World, command: &Command) -> Words {
    match command {
        Command::SlowLinks { by_us, .. } => slowed(world, *by_us),
        Command::CrashConsumer(name) => silent(world, name, "Its process is killed, without a goodbye."),
        Command::FreezeConsumer(name) => silent(world, name, "It stands still: no poll(), no heartbeat."),
        Command::SlowConsumer { percent, .. } => paced(*percent),
        Command::CrashBroker(_) => {
            let why = "Its process is killed (SIGKILL). What it wrote stays: the operating system has it.";
            let next = format!("Its connections break at once, so clients know. {}", controller_waits(world));
            (why.to_owned(), next)
        }
        Command::CrashMachine(_) => {
            unheard(world, "The machine loses its power: it falls silent, and its connections hang.")
        }
        Command::FreezeBroker(_) => {
            unheard(world, "Its process stands still, as in a long pause; its connections stay open.")
        }
        Command::CutLinks(_) => {
            unheard(world, "Nothing gets through, and connections stay open: nobody is told.")
        }
        Command::StartBroker(id) => {
            ("A new process begins with what is on its disk.".to_owned(), started(world, *id).to_owned())
        }
        _ => {
            let (why, next) = plain(command);
            (why.to_owned(), next.to_owned())
        }
    }
}

/// What needs no figures.
fn plain(command: &Command) -> (&'static str, &'static str) {
    match command {
        Command::StopBroker(_) => (
            "It is asked to end (SIGTERM), which is a controlled shutdown.",
            "It asks the controller to move its leaderships away before it ends.",
        ),
        Command::ThawBroker(_) => (
            "Its process goes on where it stood.",
            "It believes what it knew, until others tell it what changed meanwhile.",
        ),
        Command::HealLinks(_) => (
            "Links are again as the scenario has them.",
            "What was held arrives late; a broker that was fenced for it is heard again.",
        ),
        Command::AddConsumer { .. } => {
            ("The group gets one more member.", "It joins, and the group shares its partitions out again.")
        }
        Command::StopConsumer(_) => (
            "It is asked to close.",
            "It leaves its group, which shares its partitions out again without waiting.",
        ),
        Command::ThawConsumer(_) => (
            "It goes on where it stood.",
            "If its group gave it up meanwhile, it learns so from its next request, and joins again.",
        ),
        Command::StartConsumer(_) => (
            "A new process, which remembers nothing.",
            "It joins its group as a new member, and reads on from the committed offsets.",
        ),
        Command::AddProducer { .. } => {
            ("Another producer, with the same topic, load and settings.", "It asks for metadata, then sends.")
        }
        Command::StopProducer(_) => ("It is asked to close.", "It sends what it holds, then ends."),
        Command::SetRate { .. } => (
            "Its application creates records at another rate.",
            "Batches are larger or smaller from now on: they wait linger.ms at most to fill.",
        ),
        Command::SendRecord { key: Some(_), .. } => (
            "The record was typed by hand.",
            "Its key decides on the partition, and it travels in a batch to that partition's leader.",
        ),
        Command::SendRecord { key: None, .. } => (
            "The record was typed by hand.",
            "It has no key, so it joins the batch that its producer fills now, and travels to that partition's leader.",
        ),
        Command::SetConfig { target, .. } => configured(target),
        _ => ("", ""),
    }
}

fn started(world: &World, broker: BrokerId) -> &'static str {
    let known = world.controller().image().broker(broker);
    if known.is_some_and(|known| known.is_active()) {
        "The controller believes its earlier process alive, and lets it register only after broker.session.timeout.ms."
    } else {
        "It registers, loads the metadata, and fetches what it missed."
    }
}

fn controller_waits(world: &World) -> String {
    let session_ms = world.controller().image().broker_config.broker_session_timeout_ms;
    format!("The controller waits {} for a heartbeat (broker.session.timeout.ms).", ms(session_ms))
}

/// A broker that is there no more, and nobody knows.
fn unheard(world: &World, why: &str) -> Words {
    let next = format!(
        "Clients wait for its answers for request.timeout.ms, and acks=all for its copies while it is in the ISR. {}",
        controller_waits(world)
    );
    (why.to_owned(), next)
}

fn slowed(world: &World, by_us: u64) -> Words {
    let lag_ms = world.controller().image().broker_config.replica_lag_time_max_ms;
    (
        format!("Every message on them takes {} longer, one way.", show_duration(by_us)),
        format!(
            "Answers come later. A follower leaves the ISR only if it does not catch up for replica.lag.time.max.ms ({}).",
            ms(lag_ms)
        ),
    )
}

/// A consumer that sends no heartbeats any more.
fn silent(world: &World, name: &str, why: &str) -> Words {
    let at = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *name);
    let session_ms = at.map_or(0, |at| {
        let group = world.consumer_slot(at).spec.group;
        world.groups()[usize::from(group.0)].config.session_timeout_ms
    });
    let next = format!(
        "Its group waits {} for a heartbeat (session.timeout.ms) before others get its partitions.",
        ms(session_ms)
    );
    (why.to_owned(), next)
}

fn paced(percent: u32) -> Words {
    let next = if percent > 100 {
        "If records come faster than it works, its lag grows."
    } else {
        "It works off what waits, if it is faster than records come."
    };
    (format!("A record takes {percent} % of the time that the scenario says."), next.to_owned())
}

fn configured(target: &ConfigTarget) -> (&'static str, &'static str) {
    match target {
        ConfigTarget::Brokers | ConfigTarget::Topic(_) => (
            "Kafka takes this key over while brokers run.",
            "It holds for each broker as soon as it has the new metadata.",
        ),
        ConfigTarget::Producer(_) => (
            "A producer reads its configuration when it starts.",
            "It sends what it holds, closes, and starts again with the new value.",
        ),
        ConfigTarget::Group(_) => (
            "A consumer reads its configuration when it starts.",
            "The members leave, and join again with the new value: the group rebalances.",
        ),
    }
}

/// Whom it is about.
fn about(world: &World, command: &Command) -> Vec<Subject> {
    let broker = |id: &BrokerId| vec![Subject::Broker(id.0)];
    let group = |name: &str| {
        let at = world.groups().iter().position(|other| other.name == *name);
        at.map(|at| Subject::Group(at as u32)).into_iter().collect()
    };
    match command {
        Command::CrashBroker(id)
        | Command::CrashMachine(id)
        | Command::FreezeBroker(id)
        | Command::StopBroker(id)
        | Command::StartBroker(id)
        | Command::ThawBroker(id)
        | Command::SlowLinks { of: Place::Broker(id), .. }
        | Command::CutLinks(Place::Broker(id))
        | Command::HealLinks(Place::Broker(id)) => broker(id),
        Command::CrashConsumer(name)
        | Command::FreezeConsumer(name)
        | Command::ThawConsumer(name)
        | Command::StopConsumer(name)
        | Command::StartConsumer(name)
        | Command::SlowConsumer { consumer: name, .. } => consumer(world, name),
        Command::AddConsumer { group: name }
        | Command::SetConfig { target: ConfigTarget::Group(name), .. } => group(name),
        Command::AddProducer { like: name }
        | Command::StopProducer(name)
        | Command::SetRate { producer: name, .. }
        | Command::SendRecord { producer: name, .. }
        | Command::SetConfig { target: ConfigTarget::Producer(name), .. } => producer(world, name),
        _ => Vec::new(),
    }
}

fn consumer(world: &World, name: &str) -> Vec<Subject> {
    let at = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *name);
    at.map(|at| Subject::Consumer(u32::from(at))).into_iter().collect()
}

fn producer(world: &World, name: &str) -> Vec<Subject> {
    let at = (0..world.producer_count()).find(|&at| *world.producer_spec(at).client_id == *name);
    at.map(|at| Subject::Producer(u32::from(at))).into_iter().collect()
}
