//! Why an acknowledged record is gone: who had it, who did not, and how one of those came to lead.
use super::record::{self, Met};
use super::telling::Telling;
use super::witness::{ReplicaStand, Stand};
use super::{away, leader};
use crate::config::Acks;
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::{BrokerId, TopicPartition};
use crate::observe::follow::RecordId;
use crate::observe::report::Subject;
use crate::observe::told::{brokers, capital};
use crate::trace::{Fact, Process};
use crate::wire::NodeId;

/// Says how the record at an offset was lost; the heading.
pub(super) fn tell(
    telling: &mut Telling,
    partition: TopicPartition,
    offset: u64,
    record: Option<RecordId>,
) -> String {
    let name = telling.name(partition);
    let title = format!("Why the record at offset {offset} of {name} is lost");
    let met = record.and_then(|id| written(telling, id, offset));
    if met.is_none() {
        telling.gap =
            "Its sending lies before what is known of this run, so the chain begins later.".to_owned();
    }
    let powerless = cut_by_power(telling, partition, offset);
    let seen = telling.seen;
    let registration = telling.world.controller().image().partition(partition);
    let new_leader = registration.leader;
    let changed = |change: &super::witness::Changed| {
        change.before.leader != change.after.leader && change.after.leader == new_leader
    };
    let change = seen.changes(partition, telling.at).find(changed);
    if let Some(change) = change {
        leader::election(telling, partition, change);
        if let Some(met) = &met {
            without_copy(telling, partition, offset, met, change.at, &powerless);
        }
    } else {
        telling.want_more();
    }
    the_loss(telling, partition, offset, new_leader);
    title
}

/// The record's way into the log and its acknowledgement.
fn written(telling: &mut Telling, id: RecordId, offset: u64) -> Option<Met> {
    let met = record::into_log(telling, id, offset + 1)?;
    let Some(at) = met.acknowledged else { return Some(met) };
    let producer = Subject::Producer(u32::from(id.producer));
    let (name, acks) = {
        let spec = telling.world.producer_spec(id.producer);
        (spec.client_id.to_string(), spec.config.acks)
    };
    match acks {
        Acks::Leader => telling.say(
            at,
            producer,
            format!("Producer {name} was told that it is written: with acks=1 the leader answers as soon as its own log has it."),
        ),
        _ => {
            let in_sync = in_sync_at(telling, id.partition, at);
            let whom = in_sync.map_or("the ISR".to_owned(), |list| format!("the ISR ({list})"));
            telling.say(
                at,
                producer,
                format!("Producer {name} was told that it is written: with acks=all the leader answers once all of {whom} have it."),
            )
        }
    };
    telling.by(producer, "acks");
    if acks == Acks::All {
        telling.by(Subject::Partition(id.partition.0), "min.insync.replicas");
    }
    Some(met)
}

/// Who was in sync at a moment, in words.
fn in_sync_at(telling: &Telling, partition: TopicPartition, at: SimTime) -> Option<String> {
    let seen = telling.seen;
    let later = seen.changes(partition, telling.at).filter(|change| change.at > at).last();
    let now = telling.world.controller().image().partition(partition);
    let isr = later.map_or(&now.isr, |change| &change.before.isr);
    (!isr.is_empty()).then(|| isr.iter().map(|member| member.0.to_string()).collect::<Vec<_>>().join(", "))
}

/// Says which copies a loss of power took: of these brokers.
fn cut_by_power(telling: &mut Telling, partition: TopicPartition, offset: u64) -> Vec<BrokerId> {
    let seen = telling.seen;
    let holds = |batch: &Batch| (batch.base_offset..batch.end_offset()).contains(&offset);
    let cuts = seen.back_from(telling.at).filter_map(|(at, fact)| match fact {
        Fact::Truncated { broker, partition: of, to, removed }
            if *of == partition && removed.iter().any(holds) =>
        {
            Some((at, *broker, *to))
        }
        _ => None,
    });
    let mut brokers = Vec::new();
    for (at, broker, to) in cuts {
        let node = NodeId::from(broker);
        let process = seen.process_back(node, at).first().copied();
        let Some((since, Process::MachineDown)) = process else { continue };
        away::process_step(telling, node, since, Process::MachineDown);
        let text = format!(
            "The disk of broker {} ends at offset {to}: what came after stood in memory only. Kafka leaves it to the operating system when to write.",
            broker.0
        );
        telling.say(at, Subject::Replica(partition.0, broker.0), text);
        brokers.push(broker);
    }
    brokers
}

/// Who had no copy when a leader fell silent or was replaced, and never got one.
fn without_copy(
    telling: &mut Telling,
    partition: TopicPartition,
    offset: u64,
    met: &Met,
    until: SimTime,
    but: &[BrokerId],
) {
    let Some((writer, written_at)) = met.appended else { return };
    let seen = telling.seen;
    let stands: Vec<_> =
        seen.stands.iter().filter(|stand| (written_at..=until).contains(&stand.at)).collect();
    let replicas = telling.world.controller().image().partition(partition).replicas.clone();
    for replica in replicas.into_iter().filter(|replica| *replica != writer && !but.contains(replica)) {
        let of = |stand: &&&Stand| stand.replicas.iter().find(|other| other.broker == replica).copied();
        let lacks = |stand: &&&Stand| of(stand).is_some_and(|stood| stood.log_end <= offset);
        let first = stands.iter().rev().take_while(lacks).last();
        if let Some((stand, stood)) = first.and_then(|stand| Some((stand, of(&stand)?))) {
            no_copy(telling, partition, writer, stand.at, stood);
        }
    }
}

fn no_copy(
    telling: &mut Telling,
    partition: TopicPartition,
    writer: BrokerId,
    at: SimTime,
    replica: ReplicaStand,
) {
    let ReplicaStand { broker, log_end, fetch } = replica;
    let way = match fetch {
        Some((since, false)) => {
            format!(" Its Fetch request to broker {}, sent at {since} s, was still on its way.", writer.0)
        }
        Some((since, true)) => {
            format!(" The answer to its Fetch, sent at {since} s, was still on its way.")
        }
        None => String::new(),
    };
    if let Some((since, _)) = fetch {
        away::trouble(telling, NodeId::from(broker), (since, at), 0);
    }
    let text = format!(
        "At this moment the log of broker {} ended at offset {log_end}: it had no copy of the record.{way}",
        broker.0
    );
    telling.say(at, Subject::Replica(partition.0, broker.0), text);
}

/// The event.
fn the_loss(telling: &mut Telling, partition: TopicPartition, offset: u64, leader: Option<BrokerId>) {
    let Some(leader) = leader else { return };
    let end = telling.world.broker(leader).replica(partition).map_or(0, |replica| replica.log.end().offset);
    let holders: Vec<BrokerId> = telling
        .world
        .brokers()
        .iter()
        .filter(|other| other.id != leader)
        .filter(|other| {
            let batch = other.replica(partition).and_then(|replica| replica.log.batch_at(offset));
            let epoch = telling.world.broker(leader).replica(partition).map_or(0, |own| own.leader_epoch);
            batch.is_some_and(|batch| batch.leader_epoch < epoch)
        })
        .map(|other| other.id)
        .collect();
    let rest = match holders.as_slice() {
        [] => "No replica has it any more.".to_owned(),
        _ => format!("{} still has it, but the leader's log is what counts.", capital(&brokers(&holders))),
    };
    let rest = if holders.len() > 1 { rest.replace("still has it", "still have it") } else { rest };
    let what = if end <= offset {
        format!("its log ends at offset {end}, before the record")
    } else {
        "its log has other records there".to_owned()
    };
    let begins = telling.seen.back_from(telling.at).take_while(|(at, _)| *at == telling.at).any(|(_, fact)| {
        matches!(fact, Fact::BecameLeader { broker, partition: of, .. } if (*broker, *of) == (leader, partition))
    });
    let text = if begins {
        format!("Broker {} begins to lead, and {what}: the record is lost. {rest}", leader.0)
    } else {
        format!(
            "The acknowledgement arrives when broker {} leads already, and {what}: the record is lost. {rest}",
            leader.0
        )
    };
    telling.say(telling.at, Subject::Partition(partition.0), text);
}
