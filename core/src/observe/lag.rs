//! Where a group stands: what it committed, what it could read, what lies between.
use crate::coordinator::Group;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::trace::{GroupState, Process};
use crate::wire::NodeId;
use crate::world::World;

/// The broker that coordinates the group, by the controller's image: the leader of its offsets partition.
pub(super) fn coordinator_of(world: &World, group: GroupId) -> Option<BrokerId> {
    let partition = world.group_partition(group)?;
    world.controller().image().partition(partition).leader
}

/// The same, if its process works.
pub(super) fn working_coordinator(world: &World, group: GroupId) -> Option<BrokerId> {
    coordinator_of(world, group).filter(|&broker| world.process(NodeId::from(broker)).0 == Process::Running)
}

/// The group as its coordinator has it; `None` while no broker coordinates it.
pub(super) fn group_of(world: &World, group: GroupId) -> Option<&Group> {
    world.broker(working_coordinator(world, group)?).coordinator().group(group)
}

/// The high watermark of a partition, by its leader; `None` without one.
pub(super) fn high_watermark(world: &World, partition: TopicPartition) -> Option<u64> {
    let leader = world.controller().image().partition(partition).leader?;
    Some(world.broker(leader).replica(partition)?.high_watermark())
}

/// The partitions of the topics a group subscribed to.
pub(super) fn partitions_of(world: &World, group: GroupId) -> impl Iterator<Item = TopicPartition> + '_ {
    let image = world.controller().image();
    let topics = &world.groups()[usize::from(group.0)].topics;
    let found = topics.iter().filter_map(|topic| image.topic(topic));
    found.flat_map(|(_, topic)| topic.partitions.iter().copied())
}

/// Records between the group's committed offsets and the high watermarks, summed (`LAG` of
/// `kafka-consumer-groups.sh`); partitions without a committed offset count nothing, as there.
pub(super) fn group_lag(world: &World, group: GroupId) -> u64 {
    partition_lags(world, group).into_iter().filter_map(|(_, lag)| lag).sum()
}

/// The same of each partition; `None` without a committed offset or a leader.
pub(super) fn partition_lags(world: &World, group: GroupId) -> Vec<(TopicPartition, Option<u64>)> {
    let found = group_of(world, group);
    let lag_of = |partition| {
        let committed = match found {
            Some(group) => group.offset(partition).map(|commit| commit.offset),
            // Nobody answers for the group now: what its members know.
            None => known_to_members(world, group, partition),
        };
        Some(high_watermark(world, partition)?.saturating_sub(committed?))
    };
    partitions_of(world, group).map(|partition| (partition, lag_of(partition))).collect()
}

fn known_to_members(world: &World, group: GroupId, partition: TopicPartition) -> Option<u64> {
    let members = (0..world.consumer_count()).filter(|&at| world.consumer_slot(at).spec.group == group);
    members.filter_map(|at| world.consumer(at).owned(partition)?.committed).max()
}

/// Members of a stable group that own no partition.
pub(super) fn idle_members(world: &World, group: GroupId) -> u64 {
    let found = group_of(world, group).filter(|group| group.state == GroupState::Stable);
    found.map_or(0, |group| group.members.iter().filter(|member| member.assignment.is_empty()).count() as u64)
}

/// All groups of the world.
pub(super) fn groups(world: &World) -> impl Iterator<Item = GroupId> + use<> {
    (0..world.groups().len() as u16).map(GroupId)
}
