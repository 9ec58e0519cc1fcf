//! Consumer groups as their members live through them.
use super::Played;
use crate::recordings::Recording;
use crate::stage::{READY_MS, Stage};
use kafkarium_core::trace::Fact;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// An assignment of a later generation than any before.
#[derive(Clone)]
struct Assigned {
    at_ms: u64,
    generation: u32,
    partitions: Vec<u32>,
}

fn assignments(stage: &Stage, consumer: u16) -> Vec<Assigned> {
    let image = stage.world.controller().image();
    let (_, orders) = image.topic("orders").expect("created by now");
    let number =
        |partition| orders.partitions.iter().position(|&one| one == partition).expect("of orders") as u32;
    let mut newest = 0;
    let told = stage.tell(|fact| match fact {
        Fact::Assigned { consumer: one, generation, partitions } if *one == consumer => {
            let mut numbers: Vec<u32> = partitions.iter().map(|&partition| number(partition)).collect();
            numbers.sort_unstable();
            Some((*generation, numbers))
        }
        _ => None,
    });
    let mut found = Vec::new();
    for (at_ms, (generation, partitions)) in told {
        // What it loses when it rejoins is told with the generation before.
        if generation > newest {
            newest = generation;
            found.push(Assigned { at_ms, generation, partitions });
        }
    }
    found
}

fn name(consumer: u16) -> String {
    format!("billing-{}", consumer + 1)
}

/// Waits until every one of these members has its partitions of one later generation, and tells.
fn tell(played: &mut Played, stage: &mut Stage, members: &[u16], when: &str, from_ms: u64) {
    let of =
        |stage: &Stage, consumer| assignments(stage, consumer).into_iter().find(|one| one.at_ms >= from_ms);
    let generation = |stage: &Stage, consumer| stage.world.consumer(consumer).generation();
    let before: Vec<_> = members.iter().map(|&one| generation(stage, one)).collect();
    stage.go_until(60_000, |stage| {
        let moved = members.iter().zip(&before).all(|(&one, before)| generation(stage, one) != *before);
        moved && members.iter().all(|&one| of(stage, one).is_some())
    });
    let assigned: BTreeMap<String, Assigned> =
        members.iter().map(|&one| (name(one), of(stage, one).expect("it was just seen"))).collect();
    let mut generations: Vec<u32> = assigned.values().map(|one| one.generation).collect();
    generations.dedup();
    let one = if let [one] = generations.as_slice() { Value::from(*one) } else { generations.into() };
    played.fact(format!("generation {when}"), one);
    let partitions: Map<String, Value> =
        assigned.iter().map(|(name, one)| (name.clone(), one.partitions.clone().into())).collect();
    played.fact(format!("partitions {when}"), partitions);
    let last = assigned.values().map(|one| one.at_ms).max().expect("a member");
    played.measured(format!("ms until every member has its partitions {when}"), last - from_ms);
    stage.go_on(1_500);
    played.measured(format!("ms that a partition went unread at most {when}"), longest_pause(stage, from_ms));
}

/// The longest time that no member was given records of a partition, of pauses that ended at `from_ms` or after.
fn longest_pause(stage: &Stage, from_ms: u64) -> u64 {
    let mut polls: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    let polled = |fact: &Fact| match fact {
        Fact::Polled { partition, .. } => Some(*partition),
        _ => None,
    };
    for (at, partition) in stage.tell(polled) {
        polls.entry(partition).or_default().push(at);
    }
    let pauses = polls.values().flat_map(|times| times.windows(2));
    pauses.filter(|pair| pair[1] >= from_ms).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

/// A cluster whose topic `orders` has so many partitions, 10 records a second for each of them, and a group.
fn cluster(recording: &Recording, seed: u64, partitions: u64, members: u32, processing: &str) -> Stage {
    let mut stage = Stage::new(&format!(
        "format = 1\nseed = {seed}\n[cluster]\nbrokers = 3\n[[topic]]\nname = \"orders\"\npartitions = {partitions}\n\
         [[producer]]\nrate = \"{}/s\"\nvalue-bytes = 4\n[producer.config]\n\
         partitioner.class = \"org.apache.kafka.clients.producer.RoundRobinPartitioner\"\n\
         [[group]]\nname = \"billing\"\nmembers = {members}\n{processing}\n[group.config]\n{}",
        if partitions == 1 { 50 } else { 60 },
        recording.keys("consumers"),
    ));
    stage.go(READY_MS);
    stage
}

/// Members join a classic group one after the other, one leaves, one dies.
pub fn classic_timeline(recording: &Recording, seed: u64) -> Played {
    let partitions = recording.given("partitions").as_u64().expect("a count");
    let mut stage = cluster(recording, seed, partitions, 0, "processing = \"0 ms\"");
    let mut played = Played::default();
    stage.go_on(4_000);
    // Members meet their group at another moment between two heartbeats with each seed.
    let apart = 4_000 + seed * 60;
    for member in 0..3 {
        let from = stage.now_ms();
        stage.act("add consumer to billing");
        let members: Vec<u16> = (0..=member).collect();
        tell(&mut played, &mut stage, &members, &format!("with {}", name(member)), from);
        stage.go_on(apart);
    }
    let left = stage.now_ms();
    stage.act("stop consumer billing-2");
    tell(&mut played, &mut stage, &[0, 2], "after billing-2 leaves", left);
    stage.go_on(apart);
    let killed = stage.now_ms();
    stage.act("crash consumer billing-3");
    tell(&mut played, &mut stage, &[0], "after billing-3 is killed", killed);
    played
}

/// The broker that coordinates the group is killed.
pub fn coordinator_killed(recording: &Recording, seed: u64) -> Played {
    let clients = format!(
        "[[producer]]\nrate = \"30/s\"\nvalue-bytes = 4\n[producer.config]\n\
         partitioner.class = \"org.apache.kafka.clients.producer.RoundRobinPartitioner\"\n\
         [[group]]\nname = \"billing\"\nprocessing = \"0 ms\"\ncommit = \"after\"\n[group.config]\n{}",
        recording.keys("consumers")
    );
    let mut stage = super::cluster(recording, seed, &clients);
    stage.go(super::moment(10_000, seed));
    let generation = stage.world.consumer(0).generation();
    let coordinator = stage.world.consumer(0).coordinator().expect("it commits").0;
    let killed = stage.now_ms();
    stage.act(&format!("crash broker {coordinator}"));
    stage.go_on(20_000);
    // The partition that the killed broker led is another matter.
    let other = stage.partition(coordinator % 3);
    let polls = stage.tell(|fact| match fact {
        Fact::Polled { partition, from, to, .. } if *partition == other => Some((*from, *to)),
        _ => None,
    });
    let mut played = Played::default();
    let pairs = polls.windows(2).filter(|pair| pair[1].0 >= killed);
    let pause = pairs.map(|pair| pair[1].0 - pair[0].0).max().unwrap_or(0);
    played.measured("ms that a partition of another leader went unread at most", pause);
    let later = |generation: Option<u32>| generation.map_or(0, i64::from);
    played.fact("generations later", later(stage.world.consumer(0).generation()) - later(generation));
    let twice: u64 = polls.windows(2).map(|pair| pair[0].1.1 - pair[1].1.0).sum();
    played.fact("records of it delivered twice", twice);
    played
}

/// One of two members takes 25 s for one record.
pub fn stalls(recording: &Recording, seed: u64) -> Played {
    let partitions = recording.given("partitions").as_u64().expect("a count");
    let mut stage = cluster(recording, seed, partitions, 2, "processing = \"2.5 ms\"");
    stage.act("set rate of producer-1 to 0/s");
    stage.go(16_000 + seed * 60);
    let half = |stage: &Stage, consumer| assignments(stage, consumer).last().expect("it joined").clone();
    let (before, its) = (half(&stage, 0).generation, half(&stage, 1).partitions);
    stage.act("slow consumer billing-2 to 1000000 %");
    let sent = stage.now_ms();
    // With the round robin partitioner, one of six records is its.
    for _ in 0..partitions {
        stage.act("send by producer-1 no key value \"long\"");
    }
    let given = |stage: &Stage| {
        let polled = |fact: &Fact| matches!(fact, Fact::Polled { consumer: 1, .. }).then_some(());
        stage.tell(polled).last().map(|&(at, ())| at).filter(|&at| at >= sent)
    };
    stage.go_until(5_000, |stage| given(stage).is_some());
    stage.act("slow consumer billing-2 to 100 %");
    let stalled = given(&stage).expect("it was just seen");
    let later = |stage: &Stage, consumer: u16, than: u32| {
        assignments(stage, consumer).into_iter().find(|one| one.generation > than)
    };
    stage.go_until(60_000, |stage| later(stage, 0, before).is_some());
    let alone = later(&stage, 0, before).expect("it was just seen");
    let mut played = Played::default();
    played.measured("ms from the stall until the other has all partitions", alone.at_ms - stalled);
    played.fact("generations later", alone.generation - before);
    stage.go_until(60_000, |stage| later(stage, 1, before).is_some());
    let again = later(&stage, 1, before).expect("it was just seen");
    let taken = stage.count(
        |fact| matches!(fact, Fact::Assigned { consumer: 1, partitions, .. } if partitions.is_empty()),
    );
    played.fact("partitions it is told to have lost", if taken == 1 { its.len() } else { 0 });
    played.measured(
        "ms from the end of the stall until it has partitions again",
        again.at_ms - (stalled + 25_000),
    );
    played.fact("generations later with both again", again.generation - before);
    played.fact("partitions of it again", again.partitions.len());
    played
}

/// One of two members stalls, and the other goes on with its partitions.
pub fn stalls_pause(recording: &Recording, seed: u64) -> Played {
    let partitions = recording.given("partitions").as_u64().expect("a count");
    let mut stage = cluster(recording, seed, partitions, 2, "processing = \"2.5 ms\"");
    stage.go(18_000 + seed * 60);
    let its = assignments(&stage, 1).last().expect("it joined").partitions.clone();
    let its: Vec<_> = its.into_iter().map(|number| stage.partition(number)).collect();
    let polled = |stage: &Stage, of: u16| {
        stage.tell(|fact| match fact {
            Fact::Polled { consumer, partition, .. } if *consumer == of && its.contains(partition) => {
                Some(())
            }
            _ => None,
        })
    };
    // What it is given next takes it 25 s.
    let slowed = stage.now_ms();
    stage.act("slow consumer billing-2 to 1000000 %");
    let last = |stage: &Stage| polled(stage, 1).last().map(|&(at, ())| at).filter(|&at| at >= slowed);
    stage.go_until(5_000, |stage| last(stage).is_some());
    stage.act("slow consumer billing-2 to 100 %");
    let stalled = last(&stage).expect("it was just seen");
    let next = |stage: &Stage| polled(stage, 0).into_iter().find(|&(at, ())| at >= stalled);
    // Looking after every event would take long.
    let before = stage.world.consumer(0).generation();
    stage.go_until(60_000, |stage| stage.world.consumer(0).generation() != before);
    while next(&stage).is_none() {
        stage.go_on(100);
        assert!(stage.now_ms() < stalled + 60_000, "somebody reads them");
    }
    let (again, ()) = next(&stage).expect("it was just seen");
    let taken = assignments(&stage, 0).last().expect("it joined").partitions.len();
    let mut played = Played::default();
    played.measured("ms that the partitions of a stalled member went unread", again - stalled);
    played.fact("partitions of who takes over", taken);
    played
}

/// The only member is killed and another one takes over; it commits automatically.
pub fn killed_with_auto_commit(recording: &Recording, seed: u64) -> Played {
    killed(recording, seed, "processing = \"10 ms\"")
}

/// The same, and it commits what a poll returned after it is processed.
pub fn killed_with_commit_after(recording: &Recording, seed: u64) -> Played {
    killed(recording, seed, "processing = \"10 ms\"\ncommit = \"after\"")
}

fn killed(recording: &Recording, seed: u64, how: &str) -> Played {
    let mut stage = cluster(recording, seed, 1, 1, how);
    stage.go(18_000 + seed * 100);
    stage.act("crash consumer billing-1");
    let polls = |stage: &Stage, consumer: u16| {
        stage.tell(|fact| match fact {
            Fact::Polled { consumer: one, from, to, .. } if *one == consumer => Some((*from, *to)),
            _ => None,
        })
    };
    let read = polls(&stage, 0).last().expect("it read").1.1;
    stage.act("add consumer to billing");
    stage.go_until(60_000, |stage| stage.world.consumer(1).last_poll().next().is_some());
    let from = polls(&stage, 1)[0].1.0;
    let mut played = Played::default();
    played.measured("records delivered twice", read.saturating_sub(from));
    played.fact("records never delivered", from.saturating_sub(read));
    played
}
