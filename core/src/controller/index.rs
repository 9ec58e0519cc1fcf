//! Which broker has which partitions: what lets a heartbeat or a fencing look at few of them.
use crate::metadata::{BrokerId, MetadataImage, MetadataRecord, TopicPartition};
use std::collections::BTreeSet;

/// Follows from the image, and is kept in step with it record by record.
#[derive(Clone, Debug, Default)]
pub struct PartitionIndex {
    /// By broker: the partitions it replicates, ascending.
    replicated: Vec<Vec<TopicPartition>>,
    /// By broker: how many partitions it leads.
    led: Vec<u32>,
    leaderless: BTreeSet<TopicPartition>,
}

impl PartitionIndex {
    /// Notes what `record` will change in `image`, which is still as before.
    pub fn follow(&mut self, record: &MetadataRecord, image: &MetadataImage) {
        match record {
            MetadataRecord::Topic { topic, partitions } => {
                for (&partition, registration) in topic.partitions.iter().zip(partitions) {
                    for &replica in &registration.replicas {
                        slot(&mut self.replicated, replica).push(partition);
                    }
                    self.lead(partition, registration.leader);
                }
            }
            MetadataRecord::PartitionChange { partition, registration } => {
                let before = image.partition(*partition);
                debug_assert_eq!(before.replicas, registration.replicas, "nothing reassigns replicas yet");
                if before.leader != registration.leader {
                    self.stop_leading(*partition, before.leader);
                    self.lead(*partition, registration.leader);
                }
            }
            _ => {}
        }
    }

    /// The partitions a broker replicates.
    pub fn replicated_by(&self, broker: BrokerId) -> &[TopicPartition] {
        self.replicated.get(broker.index()).map_or(&[], Vec::as_slice)
    }

    /// Whether a broker leads anything.
    pub fn leads_any(&self, broker: BrokerId) -> bool {
        self.led.get(broker.index()).is_some_and(|&count| count > 0)
    }

    /// The partitions without a leader, ascending.
    pub fn leaderless(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.leaderless.iter().copied()
    }

    fn lead(&mut self, partition: TopicPartition, leader: Option<BrokerId>) {
        match leader {
            Some(leader) => *slot(&mut self.led, leader) += 1,
            None => {
                self.leaderless.insert(partition);
            }
        }
    }

    fn stop_leading(&mut self, partition: TopicPartition, leader: Option<BrokerId>) {
        match leader {
            Some(leader) => *slot(&mut self.led, leader) -= 1,
            None => {
                self.leaderless.remove(&partition);
            }
        }
    }
}

fn slot<T: Clone + Default>(table: &mut Vec<T>, broker: BrokerId) -> &mut T {
    if table.len() <= broker.index() {
        table.resize(broker.index() + 1, T::default());
    }
    &mut table[broker.index()]
}
