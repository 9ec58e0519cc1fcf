//! Changes of partitions in words: who leads now, who is in sync, and why.
use super::question::About;
use super::report::{StoryKind, Subject};
use super::told::{Told, brokers, capital, count, ms, partitions};
use crate::metadata::{BrokerId, PartitionRegistration, TopicPartition};
use crate::trace::ChangeCause;
use crate::world::World;
use std::sync::Arc;

/// Who leads next where anybody may.
const UNCLEAN_BACK: &str = "unclean.leader.election.enable is true: whichever replica comes back first leads, even if it lacks records.";

/// What kind of change it is, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Leader(Chosen),
    NoLeader,
    /// These left the ISR.
    Shrink(Vec<BrokerId>),
    /// These came into the ISR.
    Grow(Vec<BrokerId>),
}

/// What made a replica a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    /// It was in sync.
    InSync,
    /// It had left an ISR that was too small, and was known to hold what was committed (ELR).
    Eligible,
    /// It led last, and nobody is known to hold more.
    LastLeader,
    /// The topic allows anybody who is alive.
    Uncleanly,
}

/// One partition's change.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub partition: TopicPartition,
    pub before: Arc<PartitionRegistration>,
    pub after: Arc<PartitionRegistration>,
}

impl Change {
    /// What kind it is; `None` if it is no story.
    pub fn kind(&self) -> Option<Kind> {
        let (before, after) = (&self.before, &self.after);
        if before.leader != after.leader {
            return Some(after.leader.map_or(Kind::NoLeader, |leader| Kind::Leader(chosen(before, leader))));
        }
        let left = without(&before.isr, &after.isr);
        if !left.is_empty() {
            return Some(Kind::Shrink(left));
        }
        let came = without(&after.isr, &before.isr);
        (!came.is_empty()).then_some(Kind::Grow(came))
    }

    fn is_below_min(&self, world: &World) -> bool {
        let min = world.controller().image().min_insync_replicas(self.partition);
        (self.after.isr.len() as u32) < min
    }
}

pub(super) fn chosen(before: &PartitionRegistration, leader: BrokerId) -> Chosen {
    if before.isr.contains(&leader) {
        Chosen::InSync
    } else if before.elr.contains(&leader) {
        Chosen::Eligible
    } else if before.last_known_elr == [leader] {
        Chosen::LastLeader
    } else {
        Chosen::Uncleanly
    }
}

fn without(list: &[BrokerId], others: &[BrokerId]) -> Vec<BrokerId> {
    list.iter().filter(|broker| !others.contains(broker)).copied().collect()
}

/// The line of changes of one kind with one cause.
pub(super) fn told(world: &World, kind: &Kind, cause: ChangeCause, changes: &[Change]) -> Told {
    let list: Vec<TopicPartition> = changes.iter().map(|change| change.partition).collect();
    let name = partitions(world, &list);
    let first = &changes[0];
    let mut about = vec![Subject::Partition(first.partition.0)];
    about.extend(first.after.leader.map(|leader| Subject::Broker(leader.0)));
    let event = About::Leader(first.partition);
    match kind {
        Kind::Leader(chosen) => leader(world, *chosen, cause, changes, &name, about).tells(event),
        Kind::NoLeader => no_leader(world, cause, changes, &name, about).tells(event),
        Kind::Shrink(left) => shrink(world, left, cause, changes, &name, about),
        Kind::Grow(came) => grow(came, cause, changes, &name, about),
    }
}

fn leader(
    world: &World,
    chosen: Chosen,
    cause: ChangeCause,
    changes: &[Change],
    name: &str,
    about: Vec<Subject>,
) -> Told {
    let first = &changes[0].after;
    let leader = first.leader.expect("it has one");
    let same = changes.iter().all(|change| change.after.leader == Some(leader));
    let what = match (same, changes.len()) {
        (true, 1) => format!("Broker {} now leads {name} (leader epoch {}).", leader.0, first.leader_epoch),
        (true, _) => format!("Broker {} now leads {name}.", leader.0),
        (false, _) => format!("{name} have other leaders now."),
    };
    let set_up = changes[0].before.leader_epoch == 0 && world.now() < world.scenario().warm_up;
    let next = match (chosen, too_few(world, changes)) {
        (Chosen::LastLeader | Chosen::Uncleanly, _) => {
            "What the new leader does not have is lost, and the other replicas cut it off.".to_owned()
        }
        (_, Some(too_few)) => too_few,
        _ => "Clients learn it from metadata, then send to the new leader and fetch from it.".to_owned(),
    };
    let why = match cause {
        ChangeCause::PreferredElection => {
            "The first replica of the assignment leads if it can (auto.leader.rebalance.enable).".to_owned()
        }
        _ => format!("{} {}", happened(world, cause), why_chosen(chosen)),
    };
    Told::new(StoryKind::Leader, if set_up { 1 } else { 3 }, about)
        .what(what)
        .why(why)
        .next(next)
        .marked(format!("new leader of {name}"))
        .in_crowd(format!("leader {cause:?}"), "More partitions get other leaders.")
}

fn why_chosen(chosen: Chosen) -> &'static str {
    match chosen {
        Chosen::InSync => "The first replica of the assignment that is alive and in sync leads.",
        Chosen::Eligible => {
            "It is an eligible leader replica (ELR): it left the ISR with everything that was committed."
        }
        Chosen::LastLeader => {
            "It led last, and after unclean shutdowns no other replica is known to have more; its own log may lack its end."
        }
        Chosen::Uncleanly => {
            "It was not in sync: unclean.leader.election.enable lets any replica lead that is alive, if no better one is."
        }
    }
}

/// What happened to a broker or a topic.
fn happened(world: &World, cause: ChangeCause) -> String {
    match cause {
        ChangeCause::Fenced(broker) => format!("Broker {} was fenced.", broker.0),
        ChangeCause::ControlledShutdown(broker) => {
            format!("Broker {} shuts down in a controlled way.", broker.0)
        }
        ChangeCause::Registered(broker) => format!(
            "Broker {} registered a new process: the earlier one leads nothing and is in no ISR any more.",
            broker.0
        ),
        ChangeCause::Unfenced(broker) => format!("Broker {} is back.", broker.0),
        ChangeCause::LeaderAsked(leader) => format!("Its leader, broker {}, asked for it.", leader.0),
        ChangeCause::PreferredElection => "auto.leader.rebalance.enable is true.".to_owned(),
        ChangeCause::UncleanElection => {
            let every_ms = world.controller().image().broker_config.unclean_leader_election_interval_ms;
            format!("The controller looks for partitions without a leader every {}.", ms(every_ms))
        }
        ChangeCause::MinInsyncReplicas => "min.insync.replicas changed.".to_owned(),
    }
}

fn no_leader(world: &World, cause: ChangeCause, changes: &[Change], name: &str, about: Vec<Subject>) -> Told {
    let (verb, it) = if changes.len() == 1 { ("has", "it") } else { ("have", "them") };
    let what = format!("{name} {verb} no leader: nobody can write to {it} or read from {it}.");
    let unclean = world.controller().image().topic_of(changes[0].partition).config.unclean_leader_election;
    let no_other =
        if unclean { "No other replica is alive." } else { "No other replica is both alive and in sync." };
    Told::new(StoryKind::Leader, 3, about)
        .what(what)
        .why(format!("{} {no_other}", happened(world, cause)))
        .next(who_brings_it_back(&changes[0].after, unclean))
        .marked(format!("{name} offline"))
        .in_crowd("no leader", "More partitions have no leader.")
        .all_next(if unclean {
            UNCLEAN_BACK
        } else {
            "Each has a leader again when a replica is back that has everything."
        })
}

fn who_brings_it_back(after: &PartitionRegistration, unclean: bool) -> String {
    if unclean {
        return UNCLEAN_BACK.to_owned();
    }
    let known = if after.isr.is_empty() { &after.elr } else { &after.isr };
    let last_alone = |last: &BrokerId| known.iter().all(|member| member == last);
    match after.last_known_elr.first() {
        Some(last) if last_alone(last) => {
            format!("There is a leader again when broker {} is back, which led last.", last.0)
        }
        Some(last) => format!(
            "There is a leader again when {} back without a crash, with what was committed (ELR). If all in the ELR crashed, broker {}, which led last, leads once they all have registered again.",
            one_of(known),
            last.0
        ),
        None => format!("There is a leader again when {} back.", one_of(known)),
    }
}

fn one_of(list: &[BrokerId]) -> String {
    match list {
        [] => "a replica that has everything is".to_owned(),
        [one] => format!("broker {} is", one.0),
        _ => format!("one of {} is", brokers(list)),
    }
}

fn shrink(
    world: &World,
    left: &[BrokerId],
    cause: ChangeCause,
    changes: &[Change],
    name: &str,
    about: Vec<Subject>,
) -> Told {
    let (verb, them) = if left.len() == 1 { ("is", "it") } else { ("are", "them") };
    let what =
        format!("{} {verb} no longer in sync for {name}{}.", capital(&brokers(left)), size_of(changes));
    let why = match cause {
        ChangeCause::LeaderAsked(leader) => format!(
            "The leader, broker {}, saw no sign for replica.lag.time.max.ms ({}) that {them} had caught up, and asked the controller (AlterPartition).",
            leader.0,
            ms(world.controller().image().broker_config.replica_lag_time_max_ms)
        ),
        ChangeCause::Registered(_) => happened(world, cause),
        _ => format!("{} A broker that is not active is in no ISR.", happened(world, cause)),
    };
    let next = too_few(world, changes);
    let next =
        next.unwrap_or_else(|| format!("Neither the high watermark nor acks=all waits for {them} any more."));
    Told::new(StoryKind::Isr, 2, about)
        .what(what)
        .why(why)
        .next(next)
        .in_crowd("shrink", "More replicas are no longer in sync.")
        .all_because("They did not catch up in time, or are not active any more.")
        .all_next("Neither the high watermark nor acks=all waits for them any more.")
}

/// What it means if fewer are in sync than `min.insync.replicas` asks for.
fn too_few(world: &World, changes: &[Change]) -> Option<String> {
    let below: Vec<&Change> = changes.iter().filter(|change| change.is_below_min(world)).collect();
    let min = world.controller().image().min_insync_replicas(below.first()?.partition);
    let of = if below.len() == changes.len() {
        String::new()
    } else {
        format!(" for {}", count(below.len() as u64, "partition"))
    };
    Some(format!(
        "Fewer than min.insync.replicas ({min}) are in sync{of}: leaders refuse what producers send with acks=all."
    ))
}

fn grow(came: &[BrokerId], cause: ChangeCause, changes: &[Change], name: &str, about: Vec<Subject>) -> Told {
    let (verb, has, them) =
        if came.len() == 1 { ("is", "It has", "it") } else { ("are", "They have", "them") };
    let what = format!("{} {verb} in sync again for {name}{}.", capital(&brokers(came)), size_of(changes));
    let why = match cause {
        ChangeCause::LeaderAsked(leader) => format!(
            "{has} caught up with the leader, broker {}, which asked the controller (AlterPartition).",
            leader.0
        ),
        _ => format!("{has} caught up with the leader."),
    };
    Told::new(StoryKind::Isr, 2, about)
        .what(what)
        .why(why)
        .next(format!("From now on the high watermark and acks=all wait for {them} again."))
        .in_crowd("grow", "More replicas are in sync again.")
        .all_because("They have caught up with their leaders, which asked the controller (AlterPartition).")
        .all_next("From now on the high watermark and acks=all wait for them again.")
}

fn size_of(changes: &[Change]) -> String {
    match changes {
        [one] => format!(" (ISR: {} of {})", one.after.isr.len(), one.after.replicas.len()),
        _ => String::new(),
    }
}
