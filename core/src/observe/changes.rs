//! Changes of partitions in words. What one cause does to many partitions at once is one line.
use super::report::{StoryKind, StoryLine, Subject};
use crate::metadata::{BrokerId, PartitionRegistration, TopicPartition};
use crate::trace::ChangeCause;
use crate::world::World;
use std::sync::Arc;

/// Partitions listed by name in one line.
const NAMED_MAX: usize = 4;

/// What kind of change it is, for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Leader,
    NoLeader,
    Shrink,
    Grow,
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
            return Some(if after.leader.is_some() { Kind::Leader } else { Kind::NoLeader });
        }
        match after.isr.len().cmp(&before.isr.len()) {
            std::cmp::Ordering::Less => Some(Kind::Shrink),
            std::cmp::Ordering::Greater => Some(Kind::Grow),
            std::cmp::Ordering::Equal => None,
        }
    }
}

/// The line of changes of one kind with one cause; what the timeline calls it.
pub(super) fn line(world: &World, kind: Kind, cause: ChangeCause, changes: &[Change]) -> (StoryLine, String) {
    let first = &changes[0];
    let name = partitions(world, changes);
    let (what, next, weight, marker) = match kind {
        Kind::Leader => leader(world, changes, &name),
        Kind::NoLeader => no_leader(changes, &name),
        Kind::Shrink => shrink(world, first, changes.len(), &name),
        Kind::Grow => grow(first, changes.len(), &name),
    };
    let mut about = vec![Subject::Partition(first.partition.0)];
    about.extend(first.after.leader.map(|leader| Subject::Broker(leader.0)));
    let why = why(kind, cause, first);
    let kind = if matches!(kind, Kind::Leader | Kind::NoLeader) { StoryKind::Leader } else { StoryKind::Isr };
    (StoryLine { time_us: world.now().0, kind, what, why, next, about, weight }, marker)
}

fn partitions(world: &World, changes: &[Change]) -> String {
    let image = world.controller().image();
    let names: Vec<String> =
        changes.iter().take(NAMED_MAX).map(|change| image.partition_name(change.partition)).collect();
    match changes.len() {
        1 => names[0].clone(),
        2..=NAMED_MAX => {
            let (last, others) = names.split_last().expect("not empty");
            format!("{} and {last}", others.join(", "))
        }
        more => format!("{more} partitions"),
    }
}

type Words = (String, String, u8, String);

fn leader(world: &World, changes: &[Change], name: &str) -> Words {
    let first = &changes[0].after;
    let leader = first.leader.expect("it has one");
    let same = changes.iter().all(|change| change.after.leader == Some(leader));
    let what = match (same, changes.len()) {
        (true, 1) => format!("Broker {} now leads {name} (leader epoch {}).", leader.0, first.leader_epoch),
        (true, _) => format!("Broker {} now leads {name}.", leader.0),
        (false, _) => format!("{name} have other leaders now."),
    };
    let weight =
        if changes[0].before.leader_epoch == 0 && world.now() < world.scenario().warm_up { 1 } else { 3 };
    let next = "Clients learn it from their next metadata, and send to the new leader.".to_owned();
    (what, next, weight, format!("new leader of {name}"))
}

fn no_leader(changes: &[Change], name: &str) -> Words {
    let (verb, it) = if changes.len() == 1 { ("has", "it") } else { ("have", "them") };
    let what = format!("{name} {verb} no leader: nobody can write to {it} or read from {it}.");
    let first = &changes[0].after;
    let back: Vec<BrokerId> = if first.isr.is_empty() { first.elr.clone() } else { first.isr.clone() };
    let next = format!("A leader comes back with {}.", brokers(&back));
    (what, next, 3, format!("{name} offline"))
}

fn shrink(world: &World, first: &Change, count: usize, name: &str) -> Words {
    let gone: Vec<BrokerId> =
        first.before.isr.iter().filter(|broker| !first.after.isr.contains(broker)).copied().collect();
    let verb = if gone.len() == 1 { "is" } else { "are" };
    let size = if count == 1 { size_of(&first.after) } else { String::new() };
    let what = format!("{} {verb} no longer in sync for {name}{size}.", capital(&brokers(&gone)));
    let min = world.controller().image().min_insync_replicas(first.partition);
    let next = if (first.after.isr.len() as u32) < min {
        format!("Fewer than min.insync.replicas ({min}) are in sync: producers with acks=all are refused.")
    } else {
        "The high watermark does not wait for it any more.".to_owned()
    };
    (what, next, 2, String::new())
}

fn grow(first: &Change, count: usize, name: &str) -> Words {
    let new: Vec<BrokerId> =
        first.after.isr.iter().filter(|broker| !first.before.isr.contains(broker)).copied().collect();
    let verb = if new.len() == 1 { "is" } else { "are" };
    let size = if count == 1 { size_of(&first.after) } else { String::new() };
    let what = format!("{} {verb} in sync again for {name}{size}.", capital(&brokers(&new)));
    let next = "From now on the high watermark waits for it again.".to_owned();
    (what, next, 2, String::new())
}

fn size_of(after: &PartitionRegistration) -> String {
    format!(" (ISR: {} of {})", after.isr.len(), after.replicas.len())
}

fn why(kind: Kind, cause: ChangeCause, first: &Change) -> String {
    let chosen = match (kind, first.after.leader) {
        (Kind::Leader, Some(leader)) => {
            format!(" Broker {} is the first of its replicas that is alive and in sync.", leader.0)
        }
        _ => String::new(),
    };
    if let Some(unclean) = why_unclean(first) {
        return unclean;
    }
    match cause {
        ChangeCause::Fenced(broker) if kind == Kind::NoLeader => format!(
            "Broker {} was fenced, and no other replica is alive and in sync; unclean.leader.election.enable is false.",
            broker.0
        ),
        ChangeCause::Fenced(broker) => format!("Broker {} was fenced.{chosen}", broker.0),
        ChangeCause::ControlledShutdown(broker) => {
            format!("Broker {} shuts down in a controlled way and hands over first.{chosen}", broker.0)
        }
        ChangeCause::Registered(broker) => {
            format!(
                "Broker {} registered anew: what its earlier process had in memory is gone.{chosen}",
                broker.0
            )
        }
        ChangeCause::Unfenced(broker) => format!("Broker {} is back and is eligible.", broker.0),
        ChangeCause::LeaderAsked(leader) if kind == Kind::Shrink => format!(
            "Its leader, broker {}, saw that it had not caught up for replica.lag.time.max.ms, and told the controller (AlterPartition).",
            leader.0
        ),
        ChangeCause::LeaderAsked(leader) => {
            format!(
                "It caught up with its leader, broker {}, which told the controller (AlterPartition).",
                leader.0
            )
        }
        ChangeCause::PreferredElection => {
            "auto.leader.rebalance.enable gives leadership back to the first replica of the assignment."
                .to_owned()
        }
        ChangeCause::UncleanElection => "A leader was looked for among all replicas alive.".to_owned(),
        ChangeCause::MinInsyncReplicas => "min.insync.replicas changed.".to_owned(),
    }
}

/// Why a leader was elected that may lack records, if it was: events bring such elections, and a periodic task.
fn why_unclean(first: &Change) -> Option<String> {
    let leader =
        first.after.leader.filter(|_| first.after.recovering && first.after.leader != first.before.leader)?;
    let last_known = first.before.last_known_elr == [leader];
    Some(if last_known {
        format!("Nobody alive is known to have everything; broker {} led last and leads again.", leader.0)
    } else {
        "unclean.leader.election.enable let a replica lead that was not in sync: what it had missed is gone."
            .to_owned()
    })
}

fn brokers(list: &[BrokerId]) -> String {
    let names: Vec<String> = list.iter().map(|broker| broker.0.to_string()).collect();
    match names.as_slice() {
        [] => "a replica that has everything".to_owned(),
        [one] => format!("broker {one}"),
        [others @ .., last] => format!("brokers {} and {last}", others.join(", ")),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
