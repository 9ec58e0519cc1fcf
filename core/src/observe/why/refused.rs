//! Why a leader refuses records: who left the ISR, and how many the topic asks for.
use super::sync;
use super::telling::Telling;
use crate::config::Acks;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, TopicPartition};
use crate::observe::report::Subject;
use crate::observe::told::count;
use crate::trace::Fact;

/// Says why the leader refused records at the event; the heading.
pub(super) fn tell(telling: &mut Telling, partition: TopicPartition) -> String {
    let name = telling.name(partition);
    let at = telling.at;
    let refused = telling.seen.back_from(at).find_map(|(_, fact)| match fact {
        Fact::ProduceRefused { broker, partition: of, .. } if *of == partition => Some(*broker),
        _ => None,
    });
    let Some(leader) = refused else { return format!("Why records of {name} are refused") };
    too_few(telling, partition, at);
    let min = telling.world.controller().image().min_insync_replicas(partition);
    let isr = telling
        .world
        .broker(leader)
        .replica(partition)
        .and_then(|replica| replica.leading.as_deref())
        .map_or(0, |leading| leading.isr.len() as u64);
    let text = format!(
        "Broker {}, the leader, refused records of {name} with NOT_ENOUGH_REPLICAS: its ISR has {}, they ask for acks=all, and min.insync.replicas is {min}.",
        leader.0,
        count(isr, "member")
    );
    telling.say(at, Subject::Partition(partition.0), text);
    telling.by(Subject::Partition(partition.0), "min.insync.replicas");
    if let Some(producer) = strict_producer(telling, partition) {
        telling.by(Subject::Producer(u32::from(producer)), "acks");
    }
    format!("Why broker {} refuses records of {name}", leader.0)
}

/// A producer of the topic that asks for all replicas in sync.
fn strict_producer(telling: &Telling, partition: TopicPartition) -> Option<u16> {
    let world = telling.world;
    let topic = &world.controller().image().topic_of(partition).name;
    (0..world.producer_count()).find(|&at| {
        let spec = world.producer_spec(at);
        *spec.topic == **topic && spec.config.acks == Acks::All
    })
}

/// Says of each replica that is not in sync how it left the ISR.
pub(super) fn too_few(telling: &mut Telling, partition: TopicPartition, until: SimTime) {
    let registration = telling.world.controller().image().partition(partition);
    let missing: Vec<BrokerId> =
        registration.replicas.iter().copied().filter(|replica| !registration.isr.contains(replica)).collect();
    for replica in missing {
        sync::left(telling, partition, replica, until);
    }
}
