//! Why a group pauses: which member came, went or fell silent, or why it has another coordinator.
use super::away;
use super::leader;
use super::telling::{Telling, span};
use super::witness::{Heartbeat, Witness};
use crate::kernel::SimTime;
use crate::metadata::GroupId;
use crate::observe::lag;
use crate::observe::report::Subject;
use crate::observe::story::{error_sentence, short};
use crate::trace::{Fact, GroupCause, GroupState, Process};
use crate::wire::NodeId;
use crate::world::World;

/// Says why a group began to rebalance, or has no members, at the event; the heading.
pub(super) fn tell(telling: &mut Telling, group: GroupId) -> String {
    let name = telling.world.groups()[usize::from(group.0)].name.clone();
    let (at, seen) = (telling.at, telling.seen);
    let changes = || {
        seen.back_from(at).filter_map(|(time, fact)| match fact {
            Fact::GroupChanged { group: of, state, cause, .. } if *of == group => Some((time, *state, cause)),
            _ => None,
        })
    };
    // Where nobody is left to join, the group is empty at once.
    let state = changes().next().map_or(GroupState::Empty, |(_, state, _)| state);
    let began = changes().find(|(_, state, _)| *state == GroupState::PreparingRebalance);
    let Some((began_at, _, cause)) = began else {
        telling.want_more();
        return format!("Why group {name} pauses");
    };
    because(telling, group, began_at, cause);
    let whose = Subject::Group(u32::from(group.0));
    if state == GroupState::Empty {
        let text = format!("Group {name} has no members left: nobody reads its partitions.");
        telling.say(at, whose, text);
        return format!("Why group {name} has no members");
    }
    if has_first_member(telling.world, seen, group, at) {
        let delay_ms = telling.world.controller().image().broker_config.group_initial_rebalance_delay_ms;
        let text = format!(
            "Group {name} has its first member: its coordinator waits for more for {} before it shares the partitions out.",
            span("group.initial.rebalance.delay.ms", delay_ms)
        );
        telling.say(at, whose, text).by(Subject::Controller, "group.initial.rebalance.delay.ms");
        return format!("Why group {name} waits");
    }
    let coordinator = lag::coordinator_of(telling.world, group)
        .map_or("the coordinator".to_owned(), |broker| format!("broker {}, its coordinator", broker.0));
    let text = format!(
        "Group {name} rebalances: {coordinator}, waits until all members have joined again. Whoever joins gives its partitions back first (eager), and reads nothing until it has new ones."
    )
    .replace("the coordinator, waits", "the coordinator waits");
    telling.say(at, whose, text).by(whose, "partition.assignment.strategy");
    format!("Why group {name} rebalances")
}

/// Whether a rebalance began at a moment because somebody joined a group without members.
pub(super) fn has_first_member(world: &World, seen: &Witness, group: GroupId, at: SimTime) -> bool {
    let joined = seen
        .group_moves(group, at)
        .next()
        .is_some_and(|moved| moved.at == at && matches!(moved.cause, GroupCause::MemberJoined(_)));
    joined && lag::group_of(world, group).is_some_and(|group| group.members.len() == 1)
}

/// Says what a member did at a moment that began a rebalance.
pub(super) fn because(telling: &mut Telling, group: GroupId, at: SimTime, cause: &GroupCause) {
    match cause {
        GroupCause::MemberJoined(id) => joined(telling, group, short(id), at),
        GroupCause::MemberLeft(id) => left(telling, group, short(id), at),
        GroupCause::SessionExpired(id) => expired(telling, group, short(id), at),
        GroupCause::MemberRejoined(id) => {
            let whose = Subject::Group(u32::from(group.0));
            let text = format!(
                "Member {} sent JoinGroup again: it subscribes to other topics than before, or it leads the group and found other partitions than it had assigned.",
                short(id)
            );
            telling.say(at, member_subject(telling, short(id)).unwrap_or(whose), text);
        }
        GroupCause::MemberTimedOut(id) => timed_out(telling, group, short(id), at),
        GroupCause::CoordinatorMoved => coordinator(telling, group, at),
        GroupCause::JoinPhaseEnded | GroupCause::AssignmentReceived => {}
    }
}

/// Says why another broker coordinates the group at the event; the heading.
pub(super) fn coordinator_changed(telling: &mut Telling, group: GroupId) -> String {
    let name = telling.world.groups()[usize::from(group.0)].name.clone();
    let at = telling.at;
    coordinator(telling, group, at);
    let broker = telling.seen.back_from(at).find_map(|(_, fact)| match fact {
        Fact::CoordinatorLoaded { group: of, broker } if *of == group => Some(*broker),
        _ => None,
    });
    let Some(broker) = broker else { return format!("Why group {name} has another coordinator") };
    let of =
        telling.world.group_partition(group).map_or_else(String::new, |partition| telling.name(partition));
    let text = format!(
        "Broker {} has read the members and offsets of group {name} back from {of}: who leads that partition coordinates the group.",
        broker.0
    );
    telling.say(at, Subject::Group(u32::from(group.0)), text);
    format!("Why broker {} coordinates group {name}", broker.0)
}

fn coordinator(telling: &mut Telling, group: GroupId, at: SimTime) {
    let Some(partition) = telling.world.group_partition(group) else { return };
    let seen = telling.seen;
    let change = seen
        .changes(partition, at)
        .find(|change| change.before.leader != change.after.leader && change.after.leader.is_some());
    match change {
        Some(change) => leader::election(telling, partition, change),
        None => telling.want_more(),
    }
}

fn member_of(telling: &Telling, name: &str) -> Option<u16> {
    let world = telling.world;
    (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *name)
}

fn member_subject(telling: &Telling, name: &str) -> Option<Subject> {
    member_of(telling, name).map(|at| Subject::Consumer(u32::from(at)))
}

fn joined(telling: &mut Telling, group: GroupId, name: &str, at: SimTime) {
    let Some(consumer) = member_of(telling, name) else { return };
    let node = NodeId::Consumer(consumer);
    let seen = telling.seen;
    // It may have been a member before, that was given up or left by itself.
    let removed = seen.group_moves(group, at).find(|moved| {
        moved.at < at
            && matches!(moved.cause, GroupCause::MemberLeft(id) | GroupCause::SessionExpired(id)
                | GroupCause::MemberTimedOut(id) if short(id) == name)
    });
    let removed = removed.map(|moved| (moved.at, moved.cause.clone()));
    let began = seen.process_back(node, at).first().copied();
    let began = began.filter(|(since, process)| *process == Process::Running && *since > SimTime::ZERO);
    match (began, removed) {
        (Some((since, process)), removed) if removed.as_ref().is_none_or(|(gone, _)| since >= *gone) => {
            away::process_step(telling, node, since, process);
        }
        (_, Some((gone, cause))) => because(telling, group, gone, &cause),
        _ => {}
    }
    let text = format!(
        "Consumer {name} joined group {} (JoinGroup).",
        telling.world.groups()[usize::from(group.0)].name
    );
    telling.say(at, Subject::Consumer(u32::from(consumer)), text);
}

fn left(telling: &mut Telling, group: GroupId, name: &str, at: SimTime) {
    let Some(consumer) = member_of(telling, name) else { return };
    let (node, whose) = (NodeId::Consumer(consumer), Subject::Consumer(u32::from(consumer)));
    let seen = telling.seen;
    let closing = seen.process_back(node, at).first().copied();
    let Some((since, process)) = closing else { return };
    let failed = seen.back_from(at).find_map(|(time, fact)| match fact {
        Fact::ConsumerFailed { consumer: of, error, .. } if *of == consumer && time >= since => {
            Some((time, *error))
        }
        _ => None,
    });
    if let Some((time, error)) = failed {
        let text = format!("poll() of consumer {name} threw an error. {}", error_sentence(error));
        telling.say(time, whose, text);
    }
    if failed.is_some() || process != Process::Running {
        if failed.is_none() {
            away::process_step(telling, node, since, process);
        }
        telling.say(
            at,
            whose,
            format!("The LeaveGroup request of consumer {name} arrived: close() ends with it."),
        );
        return;
    }
    too_slow(telling, group, consumer, at);
    let max_ms = telling.world.groups()[usize::from(group.0)].config.max_poll_interval_ms;
    let text = format!(
        "Consumer {name} left by itself (LeaveGroup): poll() was not called for longer than {}.",
        span("max.poll.interval.ms", max_ms)
    );
    telling.say(at, whose, text).by(Subject::Group(u32::from(group.0)), "max.poll.interval.ms");
}

/// What keeps a member's application from calling `poll()`.
fn too_slow(telling: &mut Telling, group: GroupId, consumer: u16, at: SimTime) {
    let config = &telling.world.groups()[usize::from(group.0)].config;
    let since = SimTime(at.0.saturating_sub(config.max_poll_interval_ms.saturating_mul(1_000)));
    telling.want(SimTime(since.0.saturating_sub(1_000_000)));
    let whose = Subject::Consumer(u32::from(consumer));
    let name = telling.world.consumer_slot(consumer).spec.client_id.to_string();
    if let Some(polled) = telling.seen.polls.get(&consumer).copied().filter(|polled| *polled <= at) {
        let text = format!("Consumer {name} was given records, and began to process them.");
        telling.say(polled, whose, text).by(Subject::Group(u32::from(group.0)), "max.poll.records");
    }
    slowed(telling, consumer, at);
    away::trouble(telling, NodeId::Consumer(consumer), (since, at), away::HOWEVER_SLOW);
}

/// The command that made a consumer's processing slow, if it is.
fn slowed(telling: &mut Telling, consumer: u16, at: SimTime) {
    let slot = telling.world.consumer_slot(consumer);
    if slot.slowdown_percent <= 100 {
        return;
    }
    let name = slot.spec.client_id.to_string();
    let its = |timed: &&crate::scenario::TimedCommand| {
        timed.at <= at
            && matches!(&timed.command, crate::scenario::Command::SlowConsumer { consumer, .. } if *consumer == name)
    };
    let command = telling.seen.commands.iter().rev().find(its).cloned();
    if let Some(timed) = command {
        let text = format!("Command: {}. Each record takes longer to process from now on.", timed.command);
        telling.say(timed.at, Subject::Consumer(u32::from(consumer)), text);
    }
}

fn expired(telling: &mut Telling, group: GroupId, name: &str, at: SimTime) {
    let Some(consumer) = member_of(telling, name) else { return };
    let whose = Subject::Consumer(u32::from(consumer));
    let config = &telling.world.groups()[usize::from(group.0)].config;
    let session_ms = config.session_timeout_ms;
    let since = SimTime(at.0.saturating_sub(session_ms.saturating_mul(1_000)));
    telling.want(SimTime(since.0.saturating_sub(1_000_000)));
    let slow_us = session_ms.saturating_mul(1_000) / 4;
    away::trouble(telling, NodeId::Consumer(consumer), (since, at), slow_us);
    last_heartbeat(telling, group, consumer, at, slow_us);
    loaded(telling, group, since, at);
    let text = format!(
        "The coordinator gave consumer {name} up: it had heard nothing of it for {}.",
        span("session.timeout.ms", session_ms)
    );
    telling.say(at, whose, text).by(Subject::Group(u32::from(group.0)), "session.timeout.ms");
}

/// The last heartbeat of a member before a moment: whether it reached the coordinator, and what kept it from that.
fn last_heartbeat(telling: &mut Telling, group: GroupId, consumer: u16, at: SimTime, slow_us: u64) {
    let whose = Subject::Consumer(u32::from(consumer));
    let name = telling.world.consumer_slot(consumer).spec.client_id.to_string();
    let last = telling.seen.heartbeats.get(&consumer).copied().filter(|last| last.left <= at);
    let Some(Heartbeat { left, arrives, to }) = last else { return telling.want_more() };
    let coordinator = lag::coordinator_of(telling.world, group);
    let hindered = away::trouble(telling, to.into(), (left, at), slow_us);
    if coordinator != Some(to) {
        let text = format!(
            "Consumer {name} sent its last heartbeat, to broker {}, which it took for the coordinator.",
            to.0
        );
        telling.say(left, whose, text);
    } else if hindered || arrives > at {
        telling.say(
            left,
            whose,
            format!("Consumer {name} sent its last heartbeat to its coordinator, broker {}.", to.0),
        );
    } else {
        let text = format!("The last heartbeat of consumer {name} reached its coordinator, broker {}.", to.0);
        telling.say(arrives, whose, text);
    }
}

/// A coordinator that has just taken over waits a whole session for each member.
fn loaded(telling: &mut Telling, group: GroupId, since: SimTime, at: SimTime) {
    let found = telling.seen.back_from(at).find_map(|(time, fact)| match fact {
        Fact::CoordinatorLoaded { group: of, broker } if *of == group => Some((time, *broker)),
        _ => None,
    });
    if let Some((time, broker)) = found.filter(|(time, _)| time.plus_ms(1) >= since) {
        let text = format!(
            "Broker {} became the coordinator, and waits for each member for a whole session from here on.",
            broker.0
        );
        telling.say(time, Subject::Group(u32::from(group.0)), text);
    }
}

fn timed_out(telling: &mut Telling, group: GroupId, name: &str, at: SimTime) {
    let Some(consumer) = member_of(telling, name) else { return };
    let whose = Subject::Consumer(u32::from(consumer));
    let max_ms = telling.world.groups()[usize::from(group.0)].config.max_poll_interval_ms;
    too_slow(telling, group, consumer, at);
    let text = format!(
        "Consumer {name} had not joined, or not asked for its partitions (SyncGroup), within {}, the time a rebalance waits for a member: it is left out.",
        span("max.poll.interval.ms", max_ms)
    );
    telling.say(at, whose, text).by(Subject::Group(u32::from(group.0)), "max.poll.interval.ms");
}
