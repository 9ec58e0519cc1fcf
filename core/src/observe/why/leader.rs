//! Why a partition got another leader, or none.
use super::telling::Telling;
use super::witness::Changed;
use super::{away, sync};
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, PartitionRegistration, TopicPartition};
use crate::observe::changes::{Chosen, chosen};
use crate::observe::report::Subject;
use crate::observe::told::brokers;
use crate::trace::{ChangeCause, Process};
use crate::wire::NodeId;

/// Says why the leader changed at the moment of the event; the heading.
pub(super) fn tell(telling: &mut Telling, partition: TopicPartition) -> String {
    let seen = telling.seen;
    let name = telling.name(partition);
    let at = telling.at;
    let change = seen.changes(partition, at).find(|change| change.before.leader != change.after.leader);
    let Some(change) = change.filter(|change| change.at == at) else {
        return format!("Why the leader of {name} changed");
    };
    election(telling, partition, change);
    match change.after.leader {
        Some(leader) => {
            format!("Why broker {} leads {name} (leader epoch {})", leader.0, change.after.leader_epoch)
        }
        None => format!("Why {name} has no leader"),
    }
}

/// Says what led to one change of the leader, and then the change.
pub(super) fn election(telling: &mut Telling, partition: TopicPartition, change: Changed) {
    telling.replaced = telling.replaced.or(change.before.leader.map(NodeId::from));
    occasion(telling, partition, change);
    match change.after.leader {
        Some(leader) => elected(telling, partition, change, leader),
        None => nobody(telling, partition, change),
    }
}

/// What made the controller look for a leader.
fn occasion(telling: &mut Telling, partition: TopicPartition, change: Changed) {
    match change.cause {
        ChangeCause::Fenced(broker) => away::fenced(telling, broker, change.at),
        ChangeCause::ControlledShutdown(broker) => away::shut_down(telling, broker, change.at),
        ChangeCause::Registered(broker) => {
            let node = NodeId::from(broker);
            let ended = telling.seen.process_back(node, change.at);
            let ended = ended.iter().find(|(_, process)| *process != Process::Running).copied();
            match ended {
                Some((since, process)) => away::process_step(telling, node, since, process),
                None => telling.want_more(),
            }
            away::returned(telling, broker, change.at);
        }
        ChangeCause::Unfenced(broker) => {
            before_that(telling, partition, change);
            away::returned(telling, broker, change.at);
        }
        ChangeCause::UncleanElection => before_that(telling, partition, change),
        ChangeCause::PreferredElection => preferred(telling, partition, change),
        ChangeCause::LeaderAsked(_) | ChangeCause::MinInsyncReplicas => {}
    }
}

/// How the partition came to be without a leader, or led by another than its preferred leader.
fn before_that(telling: &mut Telling, partition: TopicPartition, change: Changed) {
    let seen = telling.seen;
    let moved = |other: &Changed| {
        (other.at < change.at || other.after.partition_epoch < change.after.partition_epoch)
            && other.before.leader != other.after.leader
    };
    match seen.changes(partition, change.at).find(moved) {
        Some(before) if before.after.leader.is_none() => {
            election(telling, partition, before);
            came_back_uncleanly(telling, partition, before.at, change.at);
        }
        Some(_) => {}
        None => telling.want_more(),
    }
}

/// Replicas that registered anew after a crash, and so are not trusted to have everything.
fn came_back_uncleanly(telling: &mut Telling, partition: TopicPartition, from: SimTime, to: SimTime) {
    let seen = telling.seen;
    for change in seen.changes(partition, to).take_while(|change| change.at >= from) {
        let ChangeCause::Registered(broker) = change.cause else { continue };
        let text = format!(
            "Broker {} registered again after a crash: its log may lack its end, so it does not count as in sync or eligible any more.",
            broker.0
        );
        telling.say(change.at, Subject::Broker(broker.0), text);
    }
}

fn preferred(telling: &mut Telling, partition: TopicPartition, change: Changed) {
    let seen = telling.seen;
    let (name, leader) = (telling.name(partition), change.after.leader);
    let moved = |other: &Changed| other.at < change.at && other.before.leader != other.after.leader;
    match seen.changes(partition, change.at).find(moved) {
        Some(before) => {
            let by = before.after.leader.map_or("nobody".to_owned(), |leader| format!("broker {}", leader.0));
            let text = format!("From here on {by} led {name}.");
            telling.say(before.at, Subject::Partition(partition.0), text);
        }
        None => telling.want_more(),
    }
    let Some(leader) = leader else { return };
    let joined = |other: &Changed| !other.before.isr.contains(&leader) && other.after.isr.contains(&leader);
    if let Some(joined) = seen.changes(partition, change.at).find(joined) {
        let text = format!("Broker {} had caught up, and came into the ISR of {name}.", leader.0);
        telling.say(joined.at, Subject::Broker(leader.0), text);
    }
}

fn elected(telling: &mut Telling, partition: TopicPartition, change: Changed, leader: BrokerId) {
    let how = chosen(change.before, leader);
    let name = telling.name(partition);
    if change.cause != ChangeCause::PreferredElection {
        passed_over(telling, partition, change, leader);
    }
    let became = format!(
        "Broker {} became the leader of {name} (leader epoch {})",
        leader.0, change.after.leader_epoch
    );
    let assignment: Vec<String> = change.after.replicas.iter().map(|replica| replica.0.to_string()).collect();
    let assignment = assignment.join(", ");
    let whose = Subject::Partition(partition.0);
    if change.cause == ChangeCause::PreferredElection {
        let text = format!(
            "{became}: it is the first of the assignment ({assignment}), the preferred leader, and in sync. The controller looks for such partitions again and again."
        );
        telling
            .say(change.at, whose, text)
            .by(Subject::Controller, "auto.leader.rebalance.enable")
            .by(Subject::Controller, "leader.imbalance.check.interval.seconds");
        return;
    }
    let text = match how {
        Chosen::InSync => {
            format!("{became}: of the assignment ({assignment}) it is the first that is alive and in sync.")
        }
        Chosen::Eligible => format!(
            "{became}: no replica in sync is alive, but it is an eligible leader replica (ELR), which has all that was committed."
        ),
        Chosen::LastLeader => format!(
            "{became}: nobody is left in the ISR or the ELR, and it led last. What its own log lacks is gone."
        ),
        Chosen::Uncleanly => format!(
            "{became}, although it was not in sync (an unclean election): no replica in sync is alive, and the topic allows it."
        ),
    };
    telling.say(change.at, whose, text);
    if how == Chosen::Uncleanly {
        telling.by(whose, "unclean.leader.election.enable");
    }
}

/// Why replicas that come earlier in the assignment could not lead.
fn passed_over(telling: &mut Telling, partition: TopicPartition, change: Changed, leader: BrokerId) {
    let earlier = change.after.replicas.iter().take_while(|replica| **replica != leader);
    let others: Vec<BrokerId> =
        earlier.copied().filter(|replica| Some(*replica) != change.before.leader).collect();
    for replica in others {
        if !change.after.isr.contains(&replica) {
            sync::left(telling, partition, replica, change.at);
        }
    }
}

fn nobody(telling: &mut Telling, partition: TopicPartition, change: Changed) {
    let PartitionRegistration { replicas, .. } = change.after;
    let others: Vec<BrokerId> =
        replicas.iter().copied().filter(|replica| Some(*replica) != change.before.leader).collect();
    for &replica in &others {
        if change.before.isr.contains(&replica) {
            gone(telling, replica, change.at);
        } else {
            sync::left(telling, partition, replica, change.at);
        }
    }
    let name = telling.name(partition);
    let whose = Subject::Partition(partition.0);
    let image = telling.world.controller().image();
    let could = replicas.iter().any(|replica| image.broker(*replica).is_some_and(|known| known.is_active()));
    if others.is_empty() {
        telling.say(change.at, whose, format!("Nobody leads {name}: it has no other replica."));
        return;
    }
    if !could {
        let text = format!("Nobody leads {name}: the controller counts none of its replicas as alive.");
        telling.say(change.at, whose, text);
        return;
    }
    let known = if change.after.isr.is_empty() { &change.after.elr } else { &change.after.isr };
    let verb = if known.len() == 1 { "is" } else { "are" };
    let text = if known.is_empty() {
        format!(
            "Nobody leads {name}: no replica that is alive was in sync, and the topic lets no other lead."
        )
    } else {
        format!(
            "Nobody leads {name}: only {} {verb} known to have all that was committed, and the topic lets no other replica lead.",
            brokers(known)
        )
    };
    telling.say(change.at, whose, text).by(whose, "unclean.leader.election.enable");
}

/// Why a replica in sync was not alive.
fn gone(telling: &mut Telling, replica: BrokerId, until: SimTime) {
    let image = telling.world.controller().image();
    if image.broker(replica).is_none_or(|known| known.fenced) {
        away::fenced(telling, replica, until);
    } else if image.broker(replica).is_some_and(|known| known.in_controlled_shutdown) {
        away::shut_down(telling, replica, until);
    }
}
