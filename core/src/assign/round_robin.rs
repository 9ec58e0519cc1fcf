//! The producer's `RoundRobinPartitioner`: each record to the next partition, keys ignored.
//!
//! Source: `org.apache.kafka.clients.producer.RoundRobinPartitioner`.
use super::murmur2::to_positive;

/// One topic's counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoundRobinPartitioner {
    next: i32,
}

impl RoundRobinPartitioner {
    /// The next record's partition: among those with a leader if there are any, else among all.
    pub fn partition(&mut self, partitions: u32, available: &[u32]) -> u32 {
        let turn = to_positive(self.next);
        self.next = self.next.wrapping_add(1);
        match available.len() as u32 {
            0 => turn % partitions,
            n => available[(turn % n) as usize],
        }
    }
}
