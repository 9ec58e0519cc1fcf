//! The client-side assignors Range and RoundRobin.
use crate::check::{Check, list, number, numbers, text};
use kafkarium_core::assign::subscription::{Member, Topic, TopicPartition};
use kafkarium_core::assign::{range, round_robin_assignor};
use serde_json::Value;
use std::collections::BTreeMap;

type Assignor = fn(&[Member], &[Topic]) -> Vec<Vec<TopicPartition>>;

pub fn client_range(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        compare("range", range::assign, case, &case["expected"], striped_racks(case), check);
    }
}

pub fn client_round_robin(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let assign = round_robin_assignor::assign;
        compare("round robin", assign, case, &case["expected"], BTreeMap::new(), check);
    }
}

/// Each case has the answers of several assignors; the sticky ones wait for theirs.
pub fn generated(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        compare("range", range::assign, case, &case["range"], listed_racks(case), check);
        let assign = round_robin_assignor::assign;
        compare("round robin", assign, case, &case["roundrobin"], listed_racks(case), check);
    }
}

type Racks<'a> = BTreeMap<&'a str, Vec<Vec<&'a str>>>;

fn compare(what: &str, assign: Assignor, case: &Value, want: &Value, mut racks: Racks, check: &mut Check) {
    let members: Vec<Member> = case["members"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(id, member)| Member {
            id,
            instance: member.get("instance").map(text),
            rack: member.get("rack").map(text),
            topics: list(member.get("topics").unwrap_or_else(|| &case["subscribed"]))
                .iter()
                .map(text)
                .collect(),
        })
        .collect();
    let topics: Vec<Topic> = case["topics"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, partitions)| Topic {
            name,
            partitions: number(partitions),
            racks: racks.remove(name.as_str()).unwrap_or_default(),
        })
        .collect();
    for (member, got) in members.iter().zip(assign(&members, &topics)) {
        let got = got.iter().map(|tp| format!("{}-{}", topics[tp.topic as usize].name, tp.partition));
        let mut got: Vec<String> = got.collect();
        let mut want: Vec<String> = list(&want[member.id]).iter().map(|tp| text(tp).to_owned()).collect();
        got.sort();
        want.sort();
        check.same(&format!("{what} of {}", member.id), got, want);
    }
}

/// The layout of Kafka's own test: partition p of a topic has its replicas on brokers (p + j + k) mod B, j below
/// the replication factor, k the partitions of earlier topics.
fn striped_racks(case: &Value) -> Racks<'_> {
    let Some(brokers) = case.get("broker_racks") else { return Racks::new() };
    let brokers: Vec<&str> = list(brokers).iter().map(text).collect();
    let factor = number(&case["replication_factor"]);
    let mut earlier = 0;
    let mut racks = Racks::new();
    for (name, partitions) in case["topics"].as_object().unwrap() {
        let replica = |p: u32, j: u32| brokers[((p + j + earlier) % brokers.len() as u32) as usize];
        let of_partition = |p| (0..factor).map(|j| replica(p, j)).collect();
        racks.insert(name, (0..number(partitions)).map(of_partition).collect());
        earlier += number(partitions);
    }
    racks
}

fn listed_racks(case: &Value) -> Racks<'_> {
    let Some(replicas) = case.get("replicas") else { return Racks::new() };
    let rack = |broker: u32| text(&case["broker_racks"][broker.to_string()]);
    let of_partition = |replicas: &Value| numbers(replicas).into_iter().map(rack).collect();
    let topics = replicas.as_object().unwrap().iter();
    topics
        .map(|(name, partitions)| (name.as_str(), list(partitions).iter().map(of_partition).collect()))
        .collect()
}
