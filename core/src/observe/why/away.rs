//! Why a broker or a client could not be reached, or was slow: what happened to its process and to its links, and the
//! command that did it; then why the controller fenced it.
use super::telling::{Telling, broker as broker_subject, span};
use crate::kernel::SimTime;
use crate::metadata::BrokerId;
use crate::observe::report::Subject;
use crate::observe::told::ms;
use crate::scenario::{Command, ConfigTarget, Place, TimedCommand};
use crate::trace::{Fact, Process};
use crate::wire::NodeId;
use crate::world::World;

/// Slow links are no trouble, however slow.
pub(super) const HOWEVER_SLOW: u64 = u64::MAX;

/// Says what kept a node from working at some time between two moments: its process, or its links, if they were cut, or if
/// every message took at least `slow_us` longer and nothing else is known. True if something did.
pub(super) fn trouble(
    telling: &mut Telling,
    node: NodeId,
    (from, to): (SimTime, SimTime),
    slow_us: u64,
) -> bool {
    let process = process_trouble(telling, node, from, to);
    link_trouble(telling, node, (from, to), if process { HOWEVER_SLOW } else { slow_us }) || process
}

/// Whom a node is, to be selected.
pub(super) fn subject(node: NodeId) -> Subject {
    match node {
        NodeId::Broker(id) => Subject::Broker(u32::from(id)),
        NodeId::Producer(at) => Subject::Producer(u32::from(at)),
        NodeId::Consumer(at) => Subject::Consumer(u32::from(at)),
        NodeId::Controller(_) => Subject::Controller,
    }
}

fn process_trouble(telling: &mut Telling, node: NodeId, from: SimTime, to: SimTime) -> bool {
    let mut until = SimTime::NEVER;
    let mut found = None;
    for (since, process) in telling.seen.process_back(node, to) {
        // A process that ends in its own time still sends heartbeats and answers.
        let silent = !matches!(process, Process::Running | Process::Starting | Process::Stopping);
        if until >= from && silent {
            found = Some((since, process));
        }
        until = since;
        if since <= from {
            break;
        }
    }
    let Some((since, process)) = found else { return false };
    process_step(telling, node, since, process);
    true
}

/// Says what a process began to do, with the command behind it.
pub(super) fn process_step(telling: &mut Telling, node: NodeId, since: SimTime, process: Process) {
    let name = telling.world.node_name(node);
    let (verb, sentence) = happened(node, process, &name);
    telling.troubled(node, since, format!("{name} {verb}"));
    let text = match command_at(telling, node, since, process) {
        Some(command) => format!("Command: {command}. {sentence}"),
        None => sentence,
    };
    telling.say(since, subject(node), text);
}

/// What happened in a word, and what it means as a sentence.
fn happened(node: NodeId, process: Process, name: &str) -> (&'static str, String) {
    let name = crate::observe::told::capital(name);
    let is_broker = matches!(node, NodeId::Broker(_));
    match process {
        Process::Crashed if is_broker => (
            "crashed",
            format!("{name} is dead. Its connections broke at once, but the controller goes by heartbeats."),
        ),
        Process::Crashed => {
            ("crashed", format!("{name} is dead: it sends no heartbeats, and left without a goodbye."))
        }
        Process::MachineDown => (
            "lost its power",
            format!("{name} fell silent with its machine: connections to it hang instead of breaking."),
        ),
        Process::Frozen => (
            "froze",
            format!("{name} stands still: its connections stay open, but it sends and answers nothing."),
        ),
        Process::Stopping if is_broker => {
            ("was asked to stop", format!("{name} was asked to end (SIGTERM): a controlled shutdown."))
        }
        Process::Stopping => ("was asked to close", format!("{name} was asked to close.")),
        Process::Stopped => ("ended", format!("{name} ended.")),
        Process::Running | Process::Starting => ("started", format!("{name} starts.")),
    }
}

/// The command that made a node's process do this from that moment on.
pub(super) fn command_at(telling: &Telling, node: NodeId, at: SimTime, process: Process) -> Option<Command> {
    let its = |timed: &&TimedCommand| {
        timed.at == at && leads_to(&timed.command, process) && is_about(telling.world, &timed.command, node)
    };
    telling.seen.commands.iter().rev().find(its).map(|timed| timed.command.clone())
}

/// Whether such a command makes a process do this.
fn leads_to(command: &Command, process: Process) -> bool {
    match command {
        Command::CrashBroker(_) | Command::CrashConsumer(_) => process == Process::Crashed,
        Command::CrashMachine(_) => process == Process::MachineDown,
        Command::FreezeBroker(_) | Command::FreezeConsumer(_) => process == Process::Frozen,
        Command::StopBroker(_) | Command::StopConsumer(_) | Command::StopProducer(_) => {
            process == Process::Stopping
        }
        Command::SetConfig { .. } => matches!(process, Process::Stopping | Process::Running),
        Command::StartBroker(_)
        | Command::ThawBroker(_)
        | Command::StartConsumer(_)
        | Command::ThawConsumer(_)
        | Command::AddConsumer { .. } => process == Process::Running,
        _ => false,
    }
}

/// Whether a command is about a node's process.
fn is_about(world: &World, command: &Command, node: NodeId) -> bool {
    match (command, node) {
        (
            Command::CrashBroker(id)
            | Command::CrashMachine(id)
            | Command::StopBroker(id)
            | Command::FreezeBroker(id)
            | Command::ThawBroker(id)
            | Command::StartBroker(id),
            NodeId::Broker(at),
        ) => id.0 == u32::from(at),
        (
            Command::StopConsumer(name)
            | Command::CrashConsumer(name)
            | Command::FreezeConsumer(name)
            | Command::ThawConsumer(name)
            | Command::StartConsumer(name),
            NodeId::Consumer(at),
        ) => **name == *world.consumer_slot(at).spec.client_id,
        (
            Command::AddConsumer { group } | Command::SetConfig { target: ConfigTarget::Group(group), .. },
            NodeId::Consumer(at),
        ) => *group == world.groups()[usize::from(world.consumer_slot(at).spec.group.0)].name,
        (
            Command::StopProducer(name) | Command::SetConfig { target: ConfigTarget::Producer(name), .. },
            NodeId::Producer(at),
        ) => **name == *world.producer_spec(at).client_id,
        _ => false,
    }
}

/// Commands that slowed or cut a node's links, as far as they were in force between two moments.
fn link_trouble(telling: &mut Telling, node: NodeId, (from, to): (SimTime, SimTime), slow_us: u64) -> bool {
    let rack = telling.world.rack(node).to_owned();
    let is_its = |place: &Place| match place {
        Place::Broker(id) => node == NodeId::from(*id),
        Place::Rack(of) => *of == rack,
    };
    let commands = &telling.seen.commands;
    let mut found: Vec<(SimTime, Command)> = Vec::new();
    for place in [false, true] {
        let kind = |other: &Place| matches!(other, Place::Rack(_)) == place && is_its(other);
        let mut last: Option<(SimTime, Command)> = None;
        for timed in commands.iter().filter(|timed| timed.at <= to) {
            match &timed.command {
                Command::CutLinks(of) if kind(of) => last = Some((timed.at, timed.command.clone())),
                Command::SlowLinks { of, by_us } if kind(of) => {
                    last = (*by_us >= slow_us).then(|| (timed.at, timed.command.clone()));
                }
                Command::HealLinks(of) if kind(of) && timed.at <= from => last = None,
                _ => {}
            }
        }
        found.extend(last);
    }
    let any = !found.is_empty();
    for (at, command) in found {
        let name = telling.world.node_name(node);
        let what = match &command {
            Command::CutLinks(_) => {
                telling.troubled(node, at, format!("the links of {name} were cut"));
                "Nothing gets through, and connections stay open: nobody is told."
            }
            _ => {
                telling.troubled(node, at, format!("the links of {name} became slow"));
                "Every message on these links takes that much longer, one way."
            }
        };
        telling.say(at, subject(node), format!("Command: {command}. {what}"));
    }
    any
}

/// Says why the controller fenced a broker, the last time up to a moment: what happened to it, its last heartbeat, the
/// fencing.
pub(super) fn fenced(telling: &mut Telling, broker: BrokerId, until: SimTime) {
    let seen = telling.seen;
    let found = seen.back_from(until).find_map(|(at, fact)| match fact {
        Fact::BrokerFenced { broker: of, last_contact } if *of == broker => Some((at, *last_contact)),
        _ => None,
    });
    let Some((at, last_contact)) = found else { return telling.want_more() };
    let Some(contact) = last_contact else {
        shut_down(telling, broker, at);
        return;
    };
    telling.want(SimTime(contact.0.saturating_sub(1)));
    let session_ms = telling.world.controller().image().broker_config.broker_session_timeout_ms;
    // Slow links keep heartbeats away for a whole session only if one takes about as long.
    trouble(telling, NodeId::from(broker), (contact, at), session_ms.saturating_mul(1_000) / 4);
    telling.say(
        contact,
        broker_subject(broker),
        format!("The last heartbeat of broker {} reached the controller.", broker.0),
    );
    if at.since_ms(contact) < session_ms {
        // It asked for it itself.
        telling.say(at, broker_subject(broker), format!("The controller fenced broker {}.", broker.0));
        return;
    }
    let text = format!(
        "The controller fenced broker {}: no heartbeat for longer than {}. It looks every {}, an eighth of that.",
        broker.0,
        span("broker.session.timeout.ms", session_ms),
        ms(session_ms / 8)
    );
    telling.say(at, broker_subject(broker), text).by(Subject::Controller, "broker.session.timeout.ms");
}

/// Says how a controlled shutdown came about.
pub(super) fn shut_down(telling: &mut Telling, broker: BrokerId, until: SimTime) {
    let node = NodeId::from(broker);
    let stretches = telling.seen.process_back(node, until);
    let stopping = stretches.iter().find(|(_, process)| *process == Process::Stopping).copied();
    match stopping {
        Some((since, process)) => process_step(telling, node, since, process),
        None => telling.want_more(),
    }
    let seen = telling.seen;
    let asked = seen.back_from(until).find_map(|(at, fact)| match fact {
        Fact::ControlledShutdown { broker: of } if *of == broker => Some(at),
        _ => None,
    });
    if let Some(asked) = asked {
        let text = format!(
            "A heartbeat of broker {} asked the controller for a controlled shutdown: from now on it may not lead, nor be in an ISR.",
            broker.0
        );
        telling.say(asked, broker_subject(broker), text);
    }
}

/// Says how a broker came back: its process, its registration, its unfencing.
pub(super) fn returned(telling: &mut Telling, broker: BrokerId, until: SimTime) {
    let node = NodeId::from(broker);
    let seen = telling.seen;
    let registered = seen.back_from(until).find_map(|(at, fact)| match fact {
        Fact::BrokerRegistered { broker: of } if *of == broker => Some(at),
        _ => None,
    });
    let began = telling.seen.process_back(node, until).first().copied();
    let fenced = telling.seen.back_from(until).find_map(|(at, fact)| match fact {
        Fact::BrokerFenced { broker: of, .. } if *of == broker => Some(at),
        _ => None,
    });
    // A broker that was only out of reach goes on under its registration.
    let registered = registered.filter(|at| fenced.is_none_or(|fenced| *at >= fenced));
    if let Some((since, process)) = began
        && process == Process::Running
        && since > SimTime::ZERO
        && (registered.is_some_and(|at| since <= at) || fenced.is_some_and(|fenced| since >= fenced))
    {
        let name = telling.world.node_name(node);
        let text = match command_at(telling, node, since, process) {
            Some(command) => format!("Command: {command}. Its process runs again."),
            None => format!("{name} goes on."),
        };
        telling.say(since, broker_subject(broker), text);
    } else {
        heal(telling, node, fenced.unwrap_or(SimTime::ZERO), until);
    }
    let subject = broker_subject(broker);
    if let Some(at) = registered.filter(|at| !telling.has_said(*at, subject, "registered")) {
        let text = format!(
            "Broker {} registered with the controller, which fences every new process until it has caught up with the metadata.",
            broker.0
        );
        telling.say(at, broker_subject(broker), text);
    }
}

fn heal(telling: &mut Telling, node: NodeId, from: SimTime, to: SimTime) {
    let rack = telling.world.rack(node);
    let heals = |timed: &&TimedCommand| {
        let its = match &timed.command {
            Command::HealLinks(Place::Broker(id)) => node == NodeId::from(*id),
            Command::HealLinks(Place::Rack(of)) => of == rack,
            _ => false,
        };
        its && timed.at >= from && timed.at <= to
    };
    let healed = telling.seen.commands.iter().rev().find(heals);
    if let Some(TimedCommand { at, command }) = healed.cloned() {
        telling.say(at, subject(node), format!("Command: {command}. What was held goes on its way."));
    }
}
