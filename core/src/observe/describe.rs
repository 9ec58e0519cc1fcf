//! Topics and groups in the terms of `kafka-topics.sh` and `kafka-consumer-groups.sh`.
use super::lag;
use super::report::{Description, GroupDescription, GroupRow, PartitionDescription, TopicDescription};
use crate::config::{KeySpec, Scope, TopicConfig, keys};
use crate::coordinator::Group;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::world::World;

/// The cluster as Kafka's tools would describe it now.
pub fn describe(world: &World) -> Description {
    let topics = (0..world.controller().image().topics.len()).map(|at| topic(world, at));
    Description {
        time_us: world.now().0,
        topics: topics.collect(),
        groups: lag::groups(world).map(|group| group_description(world, group)).collect(),
    }
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
    (0..22).map(|sextet| char::from(ALPHABET[(bits >> (122 - 6 * sextet.min(20)) & 63) as usize])).collect()
}

fn group_description(world: &World, id: GroupId) -> GroupDescription {
    let found = lag::group_of(world, id);
    let rows = found.map_or_else(Vec::new, |group| rows(world, id, group));
    GroupDescription {
        name: world.groups()[usize::from(id.0)].name.clone(),
        state: found.map_or_else(|| "Dead".to_owned(), |group| format!("{:?}", group.state)),
        coordinator: lag::coordinator_of(world, id).map(|broker| broker.0),
        members: found.map_or(0, |group| group.members.len() as u32),
        rows,
    }
}

fn rows(world: &World, id: GroupId, group: &Group) -> Vec<GroupRow> {
    let image = world.controller().image();
    let mut rows = Vec::new();
    for partition in lag::partitions_of(world, id) {
        let owner = group.members.iter().find(|member| member.assignment.contains(&partition));
        let committed = group.offset(partition).map(|commit| commit.offset);
        if owner.is_none() && committed.is_none() {
            continue;
        }
        let (topic, index) = image.partition_names[partition.index()];
        rows.push(GroupRow {
            topic: image.topics[usize::from(topic.0)].name.clone(),
            partition: index,
            current_offset: committed,
            log_end_offset: lag::high_watermark(world, partition),
            consumer_id: owner.map_or_else(String::new, |member| member.id.to_string()),
            host: owner.map_or_else(String::new, |member| host(world, &member.client_id)),
            client_id: owner.map_or_else(String::new, |member| member.client_id.to_string()),
        });
    }
    rows
}

/// An address for a consumer, by its number.
fn host(world: &World, client_id: &str) -> String {
    let at = (0..world.consumer_count()).find(|&at| *world.consumer_slot(at).spec.client_id == *client_id);
    at.map_or_else(String::new, |at| format!("/10.0.{}.{}", at / 250, at % 250 + 1))
}
