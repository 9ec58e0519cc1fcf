//! What the client-side assignors are given, and the order in which they take members.
//!
//! Source: `ConsumerPartitionAssignor.Subscription`, `AbstractPartitionAssignor.MemberInfo`.
use super::java_hash::java_order;
use std::cmp::Ordering;

/// One member's subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The member id the coordinator gave it.
    pub id: &'a str,
    /// `group.instance.id` of a static member.
    pub instance: Option<&'a str>,
    /// `client.rack`.
    pub rack: Option<&'a str>,
    /// The topics it wants; unknown ones are passed over.
    pub topics: Vec<&'a str>,
}

impl Member<'_> {
    /// Whether it wants the topic.
    pub fn wants(&self, topic: &Topic) -> bool {
        self.topics.contains(&topic.name)
    }
}

/// A topic as the group's leader knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions it has.
    pub partitions: u32,
    /// The racks of each partition's replicas; shorter than `partitions` where they are not known.
    pub racks: Vec<Vec<&'a str>>,
}

/// A partition of the topic at index `topic` of the assignor's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Index of the topic.
    pub topic: u32,
    /// The partition's number.
    pub partition: u32,
}

/// The members' indices in the order Range and RoundRobin take them: static ones by instance id, then the
/// others by member id.
pub fn member_order(members: &[Member]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..members.len() as u32).collect();
    order.sort_by(|&a, &b| compare(&members[a as usize], &members[b as usize]));
    order
}

/// The topics' indices by name.
pub fn topic_order(topics: &[Topic]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..topics.len() as u32).collect();
    order.sort_by(|&a, &b| java_order(topics[a as usize].name, topics[b as usize].name));
    order
}

fn compare(a: &Member, b: &Member) -> Ordering {
    match (a.instance, b.instance) {
        (Some(x), Some(y)) => java_order(x, y),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => java_order(a.id, b.id),
    }
}
