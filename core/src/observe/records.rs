//! The newest records of a partition, for a list to pick from.
use super::audit::show_record;
use super::life::{Pick, RecordRow};
use super::report::Subject;
use crate::metadata::{BrokerId, TopicPartition};
use crate::world::World;

/// The newest records of a partition (its leader's copy) or of one replica, newest first; none of other subjects.
pub fn newest(world: &World, subject: Subject, most: u32) -> Vec<RecordRow> {
    let image = world.controller().image();
    let (partition, broker) = match subject {
        Subject::Partition(at) => {
            let leader = image.partitions.get(at as usize).and_then(|partition| partition.leader);
            (TopicPartition(at), leader)
        }
        Subject::Replica(at, id) => (TopicPartition(at), Some(BrokerId(id))),
        _ => return Vec::new(),
    };
    let broker = broker.and_then(|id| world.brokers().iter().find(|broker| broker.id == id));
    let Some((broker, replica)) = broker.and_then(|broker| Some((broker, broker.replica(partition)?))) else {
        return Vec::new();
    };
    let mut rows = Vec::new();
    let batches = replica.log.last_batches(u64::from(most)).rev();
    for batch in batches.filter(|batch| batch.source.0 < u32::from(world.producer_count())) {
        for at in (0..batch.count).rev().take(most as usize - rows.len()) {
            let offset = batch.base_offset + u64::from(at);
            rows.push(RecordRow {
                pick: Pick::Offset { partition: partition.0, broker: broker.id.0, offset },
                offset,
                text: show_record(world, replica.index, &batch, at),
                created_us: batch.record_time(at).0,
            });
        }
    }
    rows
}
