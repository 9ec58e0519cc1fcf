//! Where a consumer begins.
use super::retention::{BIG, write_big};
use super::{Played, cluster, exception};
use crate::recordings::Recording;
use crate::stage::{Stage, TYPIST};
use kafkarium_core::trace::Fact;
use serde_json::Value;

const WITHOUT_COMMIT: [&str; 5] = ["by_duration:PT12S", "earliest", "none", "latest", "by_duration:PT1S"];
const OUT_OF_RANGE: [&str; 4] = ["earliest", "latest", "none", "by_duration:PT1H"];

fn groups(policies: &[&str], members: u32) -> String {
    let group = |(number, policy): (usize, &&str)| {
        format!(
            "[[group]]\nname = \"group-{number}\"\nmembers = {members}\n[group.config]\nauto.offset.reset = \"{policy}\"\n"
        )
    };
    policies.iter().enumerate().map(group).collect()
}

/// Where each consumer began, or what `poll` threw.
fn begins(played: &mut Played, stage: &Stage, from_ms: u64, policies: &[&str]) {
    for (consumer, policy) in (0..).zip(policies) {
        let mut began = stage.tell(|fact| match fact {
            Fact::OffsetReset { consumer: one, to, .. } if *one == consumer => Some(Value::from(*to)),
            Fact::ConsumerFailed { consumer: one, error, .. } if *one == consumer => {
                Some(exception(*error).into())
            }
            _ => None,
        });
        began.retain(|&(at, _)| at >= from_ms);
        played.fact(*policy, began.first().map_or(Value::from("no position"), |(_, began)| began.clone()));
    }
}

/// Groups without a committed offset.
pub fn no_commit(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, &format!("{TYPIST}{}", groups(&WITHOUT_COMMIT, 0)));
    stage.go(8_000);
    stage.type_records(10);
    stage.go_on(20_000);
    stage.type_records(10);
    stage.go_on(2_000);
    let from = stage.now_ms();
    for number in 0..WITHOUT_COMMIT.len() {
        stage.act(&format!("add consumer to group-{number}"));
        stage.go_on(6_000);
    }
    begins(&mut played, &stage, from, &WITHOUT_COMMIT);
    played
}

/// Groups whose committed offset retention has deleted.
pub fn out_of_range(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    // The first one has to begin somewhere before there is a commit.
    let begun_early = groups(&OUT_OF_RANGE, 1).replace("\"none\"", "\"earliest\"");
    let mut stage = cluster(recording, seed, &format!("{BIG}{begun_early}"));
    stage.go(8_000);
    write_big(&mut stage, 5);
    stage.go_on(8_000);
    for number in 0..OUT_OF_RANGE.len() {
        stage.act(&format!("stop consumer group-{number}-1"));
    }
    stage.act("set group group-2 auto.offset.reset = none");
    stage.go_on(2_000);
    write_big(&mut stage, 500);
    stage.go_on(40_000);
    played.fact("log start offset", stage.replica(1, 0).log.start().offset);
    played.fact("log end offset", stage.log_end(1));
    let from = stage.now_ms();
    for number in 0..OUT_OF_RANGE.len() {
        stage.act(&format!("start consumer group-{number}-1"));
    }
    stage.go_on(6_000);
    begins(&mut played, &stage, from, &OUT_OF_RANGE);
    played
}
