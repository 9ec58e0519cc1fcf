//! Where keys and names go.
use super::Played;
use crate::recordings::Recording;
use kafkarium_core::assign::java_hash::coordinator_partition;
use kafkarium_core::assign::murmur2::partition_for_key;
use serde_json::Value;

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn partitions(recording: &Recording, count: u32) -> Vec<u32> {
    texts(recording.given("keys")).map(|key| partition_for_key(key.as_bytes(), count)).collect()
}

/// Keys at six partition counts.
pub fn to_partitions(recording: &Recording, _seed: u64) -> Played {
    let mut played = Played::default();
    for count in [1, 3, 6, 12, 24, 50] {
        played.fact(format!("partitions of {count}"), partitions(recording, count));
    }
    played
}

/// The same keys before and after a topic grew.
pub fn when_partitions_are_added(recording: &Recording, _seed: u64) -> Played {
    let mut played = Played::default();
    let first = partitions(recording, 6);
    played.fact("partitions of 6", first.clone());
    for count in [8, 12] {
        let then = partitions(recording, count);
        let moved = first.iter().zip(&then).filter(|(before, after)| before != after).count();
        played.fact(format!("partitions of {count}"), then);
        played.fact(format!("keys that {count} partitions moved"), moved);
    }
    played
}

/// Groups to partitions of `__consumer_offsets`, and who coordinates them.
pub fn group_coordinators(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let groups: Vec<&str> = texts(recording.given("groups")).collect();
    let found: Vec<u32> = groups.iter().map(|group| coordinator_partition(group, 50)).collect();
    played.fact("partitions of __consumer_offsets", found.clone());
    // The recording asked for the first 20 of them; names here are those that a topic may have.
    let few: Vec<&str> = groups.iter().copied().filter(|name| name.is_ascii()).take(20).collect();
    let joined: String = few.iter().map(|name| format!("[[group]]\nname = {name:?}\n")).collect();
    let mut stage = super::cluster(recording, seed, &joined);
    stage.go_on(8_000);
    let led = (0..).zip(&few).all(|(member, name)| {
        let image = stage.world.controller().image();
        let (_, offsets) = image.topic("__consumer_offsets").expect("created with the topics");
        let leader = image.partition(offsets.partitions[coordinator_partition(name, 50) as usize]).leader;
        assert_eq!(stage.world.consumer(member).spec().client_id, format!("{name}-1").into());
        leader.is_some() && stage.world.consumer(member).coordinator() == leader
    });
    played.fact("the coordinator leads that partition", led);
    played
}
