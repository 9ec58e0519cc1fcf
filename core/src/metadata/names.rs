//! Small numbers that stand for Kafka's named things.

/// A broker's `node.id`. Brokers are numbered from 1, as they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokerId(pub u32);

/// A topic, in the order of creation; its name is in the image. 0 is `__consumer_offsets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicId(pub u16);

/// A partition of a topic. Numbered densely over the whole cluster, so that tables are arrays; the image
/// knows its topic and its index within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition(pub u32);

/// A consumer group, in the order of the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId(pub u16);

/// "No offset": Kafka's -1.
pub const NO_OFFSET: u64 = u64::MAX;

impl TopicPartition {
    /// The place in tables that have one entry a partition.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl BrokerId {
    /// The place in tables that have one entry a broker.
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }
}
