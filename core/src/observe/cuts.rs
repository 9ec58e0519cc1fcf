//! Logs that became shorter, in words: by a loss of power, because a leader's log differs, or by retention.
use super::report::{StoryKind, Subject};
use super::told::{Told, count, ms, partitions};
use crate::log::Batch;
use crate::metadata::{BrokerId, TopicPartition};
use crate::scenario::words::show_number;
use crate::trace::Process;
use crate::wire::NodeId;
use crate::world::World;

/// One log that was cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub partition: TopicPartition,
    /// Where it ends now.
    to: u64,
    /// Where it ended before.
    from: u64,
    records: u64,
}

impl Cut {
    /// `None` if no record went, or none that people care for.
    pub fn new(world: &World, partition: TopicPartition, to: u64, removed: &[Batch]) -> Option<Cut> {
        let records = removed.iter().map(|batch| u64::from(batch.count)).sum();
        let from = removed.iter().map(Batch::end_offset).max()?;
        let internal = world.controller().image().topic_of(partition).internal;
        (records > 0 && !internal).then_some(Cut { partition, to, from, records })
    }
}

/// Whether a log of this broker is cut because its machine lost its power: nobody else is there to cut it.
pub(super) fn is_power_loss(world: &World, broker: BrokerId) -> bool {
    world.process(NodeId::from(broker)).0 == Process::MachineDown
}

/// The line of what the disk of a machine without power lacks.
pub(super) fn power_loss(world: &World, broker: BrokerId, cuts: &[Cut]) -> Told {
    let records = cuts.iter().map(|cut| cut.records).sum();
    let what = format!(
        "Power loss: {} of {} are gone from broker {}'s disk.",
        count(records, "record"),
        count(cuts.len() as u64, "partition"),
        broker.0
    );
    let next = if cuts.iter().all(|cut| is_held_by_another(world, broker, cut)) {
        "Other replicas still hold them all: if those stay, it fetches them again after its start."
    } else {
        "Some were on this disk only: unless their producer sends them again, they are gone."
    };
    Told::new(StoryKind::Log, 2, vec![Subject::Broker(broker.0)])
        .what(what)
        .why("Kafka does not wait for the disk: what is written, acknowledged or not, stands in the memory of the operating system first.")
        .next(next)
}

fn is_held_by_another(world: &World, broker: BrokerId, cut: &Cut) -> bool {
    let others = world.brokers().iter().filter(|other| other.id != broker);
    others
        .filter_map(|other| other.replica(cut.partition))
        .any(|replica| replica.log.end().offset >= cut.from)
}

/// The line of what a follower cut off to be like its leader.
pub(super) fn diverged(world: &World, broker: BrokerId, cuts: &[Cut]) -> Told {
    let list: Vec<TopicPartition> = cuts.iter().map(|cut| cut.partition).collect();
    let (name, records) = (partitions(world, &list), cuts.iter().map(|cut| cut.records).sum());
    let removed = count(records, "record");
    let what = match cuts {
        [one] => {
            format!("Broker {} cut its log of {name} back to offset {}: {removed} removed.", broker.0, one.to)
        }
        _ => format!("Broker {} cut its logs of {name} back: {removed} removed.", broker.0),
    };
    let about =
        vec![Subject::Replica(cuts[0].partition.0, broker.0), Subject::Partition(cuts[0].partition.0)];
    Told::new(StoryKind::Log, 3, about)
        .what(what)
        .why("A follower's log must equal its leader's, and the leader does not have these; leader epochs tell where the two part.")
        .next("From there on it copies its leader's log.")
        .marked(format!("{name} truncated on {}", broker.0))
        .in_crowd("cut", "More logs are cut back to what their leaders have.")
        .all_because("A follower's log must equal its leader's, and the leaders do not have these; leader epochs tell where the two part.")
        .all_next("From there on they copy their leaders' logs.")
}

/// The line of what retention deletes; told of the leader's log, which is the one clients see: every replica
/// deletes by itself.
pub(super) fn deleted(
    world: &World,
    broker: BrokerId,
    partition: TopicPartition,
    offset: u64,
) -> Option<Told> {
    let image = world.controller().image();
    let topic = image.topic_of(partition);
    if topic.internal || image.partition(partition).leader != Some(broker) {
        return None;
    }
    let mut limits = Vec::new();
    if let Ok(age_ms) = u64::try_from(topic.config.retention_ms) {
        limits.push(format!("its newest record is older than retention.ms ({})", ms(age_ms)));
    }
    if let Ok(bytes) = u64::try_from(topic.config.retention_bytes) {
        limits.push(format!("the log holds retention.bytes ({}) without it", show_number(bytes)));
    }
    let what = format!(
        "Retention deletes old segments of {}: {} begins at offset {} now.",
        topic.name,
        image.partition_name(partition),
        show_number(offset)
    );
    let why = format!("A segment, the oldest first, goes as a whole when {}.", limits.join(", or "));
    let told = Told::new(StoryKind::Log, 2, vec![Subject::Partition(partition.0)]).what(what);
    let again = format!("retention {} {why}", topic.name);
    let next = "Who has read its records notices nothing; who has not cannot read them any more.";
    Some(told.why(why).next(next).unless_told(again))
}
