//! Where records without a key go, and what a producer without acknowledgements learns.
use super::{Played, await_change, cluster, moment};
use crate::recordings::Recording;
use crate::stage::{READY_MS, Stage};
use kafkarium_core::trace::Fact;

/// A topic of 6 partitions and a producer with the recording's keys.
fn wide(recording: &Recording, seed: u64, producer: &str) -> Stage {
    let mut stage = Stage::new(&format!(
        "format = 1\nseed = {seed}\n[cluster]\nbrokers = 3\n[[topic]]\nname = \"orders\"\npartitions = 6\n\
         [[producer]]\n{producer}\n[producer.config]\n{}",
        recording.keys("producer"),
    ));
    stage.go(READY_MS);
    stage
}

/// Typed records, with and without keys, one after the other.
pub fn round_robin(recording: &Recording, seed: u64) -> Played {
    let mut stage = wide(recording, seed, "name = \"typist\"\nrate = \"0/s\"");
    for number in 0..30 {
        let key = if number % 2 == 0 { String::from("no key") } else { format!("key \"key-{number}\"") };
        stage.act(&format!("send by typist {key} value \"v\""));
        stage.go_on(100);
    }
    let typed = stage.tell(|fact| match fact {
        Fact::Typed { partition, .. } => Some(*partition),
        _ => None,
    });
    let partitions: Vec<_> = typed.into_iter().map(|(_, partition)| partition).collect();
    let mut cycle = partitions[..6].to_vec();
    cycle.sort_unstable();
    cycle.dedup();
    let mut played = Played::default();
    played.fact("the first six are six", cycle.len() == 6);
    let repeats = partitions.iter().enumerate().all(|(at, one)| *one == partitions[at % 6]);
    played.fact("the same cycle again and again", repeats && partitions.len() == 30);
    played
}

/// Load without keys over all partitions.
pub fn no_key(recording: &Recording, seed: u64) -> Played {
    let mut stage = wide(recording, seed, "rate = \"4000/s\"\nvalue-bytes = 100");
    stage.go_until(20_000, |stage| stage.world.producer(0).totals().sent >= 20_000);
    let counts: Vec<u64> = (0..6).map(|index| stage.log_end_of(stage.leader(index), index)).collect();
    let all: u64 = counts.iter().sum();
    let mut played = Played::default();
    played.fact("partitions used", counts.iter().filter(|count| **count > 0).count());
    let share = |count: Option<&u64>| count.expect("six of them") * 1_000 / all;
    played.measured("per mille of records in the fullest partition", share(counts.iter().max()));
    played.measured("per mille of records in the emptiest partition", share(counts.iter().min()));
    played
}

/// The same, and one of three leaders answers slowly.
pub fn no_key_unequal(recording: &Recording, seed: u64) -> Played {
    let producer = format!(
        "[[producer]]\nrate = \"0/s\"\nvalue-bytes = 100\n[producer.config]\n{}",
        recording.keys("producer")
    );
    let mut stage = cluster(recording, seed, &producer);
    stage.act("slow links of broker 1 by 100 ms");
    stage.go_on(1_000);
    stage.act("set rate of producer-1 to 4000/s");
    stage.go_until(20_000, |stage| stage.world.producer(0).totals().sent >= 20_000);
    stage.act("set rate of producer-1 to 0/s");
    stage.go_on(3_000);
    let counts: Vec<u64> = (0..3).map(|index| stage.log_end_of(index + 1, index)).collect();
    let mut played = Played::default();
    played
        .measured("per mille of records to the slow broker", counts[0] * 1_000 / counts.iter().sum::<u64>());
    played
}

/// Broker 1 is killed, and nobody waits for its answers.
pub fn acks_0(recording: &Recording, seed: u64) -> Played {
    let producer = format!(
        "[[producer]]\nrate = \"50/s\"\nvalue-bytes = 4\n[producer.config]\n{}",
        recording.keys("producer")
    );
    let mut stage = cluster(recording, seed, &producer);
    stage.go(moment(6_000, seed));
    let killed = stage.now_ms();
    stage.act("crash broker 1");
    await_change(&mut stage, killed, 20_000, |after| after.leader.is_none_or(|leader| leader.0 != 1));
    stage.go_on(3_000);
    stage.act("stop producer producer-1");
    stage.go_on(3_000);
    let mut played = Played::default();
    let confirmed = |fact: &Fact| matches!(fact, Fact::Acknowledged { confirmed: true, .. });
    played.fact("every offset is unknown", stage.count(confirmed) == 0);
    played.fact("sends that failed", stage.world.producer(0).totals().failed);
    played.fact("records twice in the log", stage.audit().duplicated);
    played.measured("completed sends that are in no log", stage.acknowledged() - stage.log_end(2));
    played
}
