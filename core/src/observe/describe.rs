//! Topics and groups in the terms of `kafka-topics.sh` and `kafka-consumer-groups.sh`.
use super::lag;
use super::report::{
    Description, GroupDescription, GroupRow, MemberDescription, PartitionDescription, TopicDescription,
};
use crate::config::{KeySpec, Scope, TopicConfig, keys};
use crate::coordinator::{Group, Member};
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::trace::{GroupState, Process};
use crate::wire::NodeId;
use crate::world::World;

/// The cluster as Kafka's tools would describe it now.
pub fn describe(world: &World) -> Description {
    let topics = (0..world.controller().image().topics.len()).map(|at| topic(world, at));
    let mut groups: Vec<GroupDescription> =
        lag::groups(world).map(|group| group_description(world, group)).collect();
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    Description {
        time_us: world.now().0,
        topics: topics.collect(),
        groups,
        silent_leaders: silent_leaders(world),
    }
}

/// Whether a broker's process can answer a tool that asks it.
fn answers(world: &World, broker: BrokerId) -> bool {
    world.process(NodeId::from(broker)).0 == Process::Running
}

/// Leaders by the controller's image whose process does not work: it was not fenced yet.
fn silent_leaders(world: &World) -> Vec<u32> {
    let image = world.controller().image();
    let user = image.topics.iter().filter(|topic| !topic.internal).flat_map(|topic| &topic.partitions);
    let leaders = user.filter_map(|&partition| image.partition(partition).leader);
    let mut silent: Vec<u32> =
        leaders.filter(|&leader| !answers(world, leader)).map(|leader| leader.0).collect();
    silent.sort_unstable();
    silent.dedup();
    silent
}

fn topic(world: &World, at: usize) -> TopicDescription {
    let image = world.controller().image();
    let topic = &image.topics[at];
    let ids = |list: &[BrokerId]| list.iter().map(|broker| broker.0).collect();
    let partition = |(index, &partition): (usize, &TopicPartition)| {
        let registration = image.partition(partition);
        PartitionDescription {
            partition: index as u32,
            leader: registration.leader.map(|leader| leader.0),
            replicas: ids(&registration.replicas),
            isr: ids(&registration.isr),
            elr: ids(&registration.elr),
            last_known_elr: ids(&registration.last_known_elr),
        }
    };
    let first = topic.partitions.first().map_or(0, |&first| image.partition(first).replicas.len());
    TopicDescription {
        name: topic.name.clone(),
        topic_id: topic_id(at as u64, &topic.name),
        replication_factor: first as u32,
        configs: configs(&topic.config),
        partitions: topic.partitions.iter().enumerate().map(partition).collect(),
        internal: topic.internal,
    }
}

/// What a topic or its brokers say otherwise than Kafka; and `min.insync.replicas`, which always matters.
fn configs(config: &TopicConfig) -> Vec<(String, String)> {
    let told = |spec: KeySpec| {
        let value = config.value(spec.name)?;
        let is_told = value != spec.default || spec.name == "min.insync.replicas";
        is_told.then(|| (spec.name.to_owned(), value))
    };
    keys(Scope::Topic).filter_map(told).collect()
}

/// An id in the form of Kafka's: 22 characters of base64, the same for the same topic.
fn topic_id(at: u64, name: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut digest = crate::kernel::Digest::default();
    digest.u64(at);
    name.bytes().for_each(|byte| digest.u32(u32::from(byte)));
    let mut bits = u128::from(digest.value());
    digest.u64(1);
    bits = bits << 64 | u128::from(digest.value());
    // 128 bits are 21 times six and two more, which stand at the top of the last character.
    let sextet = |at: u32| if at < 21 { bits >> (122 - 6 * at) & 63 } else { (bits & 3) << 4 };
    (0..22).map(|at| char::from(ALPHABET[sextet(at) as usize])).collect()
}

fn group_description(world: &World, id: GroupId) -> GroupDescription {
    let name = world.groups()[usize::from(id.0)].name.clone();
    let coordinator = lag::coordinator_of(world, id).map(|broker| broker.0);
    let Some(group) = lag::group_of(world, id) else {
        let answers = lag::working_coordinator(world, id).is_some();
        let state = if answers { "Dead".to_owned() } else { String::new() };
        return GroupDescription { name, state, coordinator, ..GroupDescription::default() };
    };
    let strategy = if group.state == GroupState::Stable { "range" } else { "" };
    GroupDescription {
        name,
        state: format!("{:?}", group.state),
        coordinator,
        assignment_strategy: strategy.to_owned(),
        members: group.members.iter().map(|member| member_description(world, member)).collect(),
        rows: rows(world, id, group),
    }
}

fn member_description(world: &World, member: &Member) -> MemberDescription {
    MemberDescription {
        consumer_id: member.id.to_string(),
        host: host(world, &member.client_id),
        client_id: member.client_id.to_string(),
        partitions: member.assignment.len() as u32,
    }
}

/// In the tool's order: members by how many partitions they own, then partitions that nobody owns.
fn rows(world: &World, id: GroupId, group: &Group) -> Vec<GroupRow> {
    let all: Vec<TopicPartition> = lag::partitions_of(world, id).collect();
    let mut members: Vec<&Member> = group.members.iter().collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.assignment.len()));
    let mut rows = Vec::new();
    for member in members {
        let mut owned: Vec<GroupRow> =
            member.assignment.iter().map(|&partition| row(world, group, partition, Some(member))).collect();
        owned.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        rows.append(&mut owned);
    }
    let nobodys = |partition: &TopicPartition| {
        group.offset(*partition).is_some()
            && !group.members.iter().any(|member| member.assignment.contains(partition))
    };
    let mut left: Vec<GroupRow> =
        all.into_iter().filter(nobodys).map(|partition| row(world, group, partition, None)).collect();
    left.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
    rows.append(&mut left);
    rows
}

fn row(world: &World, group: &Group, partition: TopicPartition, owner: Option<&Member>) -> GroupRow {
    let image = world.controller().image();
    let (topic, index) = image.partition_names[partition.index()];
    let leader = image.partition(partition).leader.filter(|&leader| answers(world, leader));
    GroupRow {
        topic: image.topics[usize::from(topic.0)].name.clone(),
        partition: index,
        current_offset: group.offset(partition).map(|commit| commit.offset),
        log_end_offset: leader.and_then(|_| lag::high_watermark(world, partition)),
        consumer_id: owner.map_or_else(String::new, |member| member.id.to_string()),
        host: owner.map_or_else(String::new, |member| host(world, &member.client_id)),
        client_id: owner.map_or_else(String::new, |member| member.client_id.to_string()),
    }
}

/// An address for a consumer, by its number.
fn host(world: &World, client_id: &str) -> String {
    let at = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *client_id);
    at.map_or_else(String::new, |at| format!("/10.0.{}.{}", at / 250, at % 250 + 1))
}
