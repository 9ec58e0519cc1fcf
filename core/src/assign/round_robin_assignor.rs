//! The client-side round robin assignor: all partitions of all topics dealt out one by one.
//!
//! Source: `org.apache.kafka.clients.consumer.RoundRobinAssignor`.
use super::subscription::{Member, Topic, TopicPartition, member_order, topic_order};

/// Each member's partitions, in the order of `members`, in the order they were dealt.
pub fn assign(members: &[Member], topics: &[Topic]) -> Vec<Vec<TopicPartition>> {
    let mut assignment = vec![Vec::new(); members.len()];
    let order = member_order(members);
    let mut turn = 0;
    for topic in topic_order(topics) {
        let wanted = &topics[topic as usize];
        if !members.iter().any(|member| member.wants(wanted)) {
            continue;
        }
        for partition in 0..wanted.partitions {
            while !members[order[turn] as usize].wants(wanted) {
                turn = (turn + 1) % order.len();
            }
            assignment[order[turn] as usize].push(TopicPartition { topic, partition });
            turn = (turn + 1) % order.len();
        }
    }
    assignment
}
