//! What each assignor of the classic protocol gives to whom.
use super::Played;
use crate::recordings::Recording;
use kafkarium_core::assign::subscription::{Member, Topic, TopicPartition};
use kafkarium_core::assign::{range as range_assignor, round_robin_assignor};
use serde_json::{Map, Value};

type Assignor = fn(&[Member], &[Topic]) -> Vec<Vec<TopicPartition>>;

/// The range assignor.
pub fn range(recording: &Recording, _seed: u64) -> Played {
    shapes(recording, range_assignor::assign)
}

/// The round robin assignor.
pub fn round_robin(recording: &Recording, _seed: u64) -> Played {
    shapes(recording, round_robin_assignor::assign)
}

fn shapes(recording: &Recording, assign: Assignor) -> Played {
    let mut played = Played::default();
    for (name, shape) in recording.given("shapes").as_object().expect("shapes by name") {
        let topics: Vec<Topic> = parts(&shape["topics"])
            .map(|(name, count)| {
                let partitions = count.as_u64().expect("a count") as u32;
                Topic { name, partitions, racks: Vec::new() }
            })
            .collect();
        let members: Vec<Member> = parts(&shape["members"])
            .map(|(id, wanted)| {
                let topics = wanted.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                Member { id, instance: Some(id), rack: None, topics }
            })
            .collect();
        let assigned = members.iter().zip(assign(&members, &topics)).map(|(member, partitions)| {
            let name =
                |one: &TopicPartition| format!("{}-{}", topics[one.topic as usize].name, one.partition);
            let mut names: Vec<String> = partitions.iter().map(name).collect();
            names.sort();
            (member.id.to_owned(), Value::from(names))
        });
        played.fact(name, assigned.collect::<Map<String, Value>>());
    }
    played
}

fn parts(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
