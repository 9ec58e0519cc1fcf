//! What happens when followers of `orders-0` fall behind, when too few are in sync, and when an answer is lost.
use super::{
    Played, await_change, brokers, changes, cluster, exception, leaders::values, longest_silence, moment,
};
use crate::recordings::Recording;
use crate::stage::Stage;
use kafkarium_core::metadata::BrokerId;
use kafkarium_core::trace::Fact;
use serde_json::Value;

/// How long a replica's broker may take to come back, ms.
const SOON_MS: u64 = 60_000;

/// Broker 3 freezes for 10 s.
pub fn frozen_10s(recording: &Recording, seed: u64) -> Played {
    frozen(recording, seed, 10_000)
}

/// Broker 3 freezes for 20 s, and its leader waits 4 s for it.
pub fn frozen_short_lag(recording: &Recording, seed: u64) -> Played {
    frozen(recording, seed, 20_000)
}

/// Broker 3 freezes for 40 s.
pub fn frozen_40s(recording: &Recording, seed: u64) -> Played {
    frozen(recording, seed, 40_000)
}

/// Broker 3 freezes for 90 s.
pub fn frozen_90s(recording: &Recording, seed: u64) -> Played {
    frozen(recording, seed, 90_000)
}

fn frozen(recording: &Recording, seed: u64, for_ms: u64) -> Played {
    let clients = "[[producer]]\nname = \"all\"\nrate = \"25/s\"\nvalue-bytes = 4\n[[producer]]\nname = \"one\"\n\
                   rate = \"25/s\"\nvalue-bytes = 4\nconfig = { acks = \"1\" }\n";
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, clients);
    stage.go(moment(6_000, seed));
    let frozen = stage.now_ms();
    stage.act("freeze broker 3");
    let is_out = |isr: &[kafkarium_core::metadata::BrokerId]| isr.iter().all(|one| one.0 != 3);
    let (at, left) = await_change(&mut stage, frozen, for_ms, |after| is_out(&after.isr));
    played.measured("ms until it left the ISR", at - frozen);
    played.fact("ISR without it", brokers(&left.isr));
    played.fact("ELR without it", brokers(&left.elr));
    played.fact("leader epoch without it", left.leader_epoch);
    stage.go_on(1_000);
    played.measured("ms without an acknowledgement, acks=all", longest_silence(&stage, 0, frozen));
    played.fact("acks=1 went on all the time", longest_silence(&stage, 1, frozen) < 2_000);
    stage.go((frozen + for_ms).max(stage.now_ms()));
    let thawed = stage.now_ms();
    stage.act("thaw broker 3");
    let (at, back) = await_change(&mut stage, thawed, SOON_MS, |after| !is_out(&after.isr));
    played.measured("ms from the thaw until back in the ISR", at - thawed);
    played.fact("ISR in the end", brokers(&back.isr));
    played.fact("leader epoch in the end", back.leader_epoch);
    stage.act("stop producer all");
    stage.act("stop producer one");
    stage.go_on(3_000);
    let failed = |producer| stage.world.producer(producer).totals().failed;
    played.fact("sends that failed", failed(0) + failed(1));
    played
}

/// Broker 3 freezes; how far readers see what is written with acks=1 and with acks=all.
pub fn frozen_high_watermark(recording: &Recording, seed: u64) -> Played {
    let placement = recording.given("placement");
    let clients = format!(
        "[[topic]]\nname = \"payments\"\nplacement = {placement}\n\
         [[producer]]\nname = \"one\"\ntopic = \"orders\"\nrate = \"25/s\"\nvalue-bytes = 4\nconfig = {{ acks = \"1\" }}\n\
         [[producer]]\nname = \"all\"\ntopic = \"payments\"\nrate = \"25/s\"\nvalue-bytes = 4\n"
    );
    let mut stage = cluster(recording, seed, &clients);
    let topics = [("acks=1", "orders"), ("acks=all", "payments")].map(|(acks, topic)| {
        let (_, known) = stage.world.controller().image().topic(topic).expect("created by now");
        (acks, known.partitions[0])
    });
    // High watermark and log end of both.
    let ends = |stage: &Stage| {
        topics.map(|(_, partition)| {
            let replica = stage.world.broker(BrokerId(1)).replica(partition).expect("a replica");
            (replica.high_watermark(), replica.log.end().offset)
        })
    };
    let isrs = |stage: &Stage| {
        topics.map(|(_, partition)| stage.world.controller().image().partition(partition).isr.clone())
    };
    stage.go(moment(6_000, seed));
    let frozen = stage.now_ms();
    stage.act("freeze broker 3");
    stage.go(frozen + 1_000);
    let before = ends(&stage);
    stage.go(frozen + 3_000);
    let still = ends(&stage);
    assert!(isrs(&stage).iter().all(|isr| isr.len() == 3), "broker 3 is in the ISR still");
    stage.go_until(20_000, |stage| isrs(stage).iter().all(|isr| isr.len() == 2));
    let left = isrs(&stage);
    stage.go_on(2_000);
    let after = ends(&stage);
    stage.act("stop producer one");
    stage.act("stop producer all");
    stage.go_on(3_000);
    let ended = ends(&stage);
    stage.act("thaw broker 3");
    stage.go_until(SOON_MS, |stage| isrs(stage).iter().all(|isr| isr.len() == 3));
    let back = isrs(&stage);
    let mut played = Played::default();
    for (at, (acks, _)) in topics.iter().enumerate() {
        let mut tell = |what: &str, value: Value| played.fact(format!("{acks}: {what}"), value);
        tell("high watermark moved with broker 3 in the ISR", (still[at].0 != before[at].0).into());
        tell("log end moved with broker 3 in the ISR", (still[at].1 != before[at].1).into());
        tell("log end was beyond the high watermark", (still[at].1 > still[at].0).into());
        tell("ISR without broker 3", brokers(&left[at]));
        tell("high watermark moved without broker 3 in the ISR", (after[at].0 > still[at].0).into());
        tell("high watermark is the log end when nobody sends", (ended[at].0 == ended[at].1).into());
        tell("ISR in the end", brokers(&back[at]));
    }
    let failed = |producer| stage.world.producer(producer).totals().failed;
    played.fact("sends that failed", failed(0) + failed(1));
    played
}

/// What a producer's sends ended with since a moment: the exception's name, or that they are acknowledged.
fn outcome(stage: &Stage, producer: u16, from_ms: u64) -> Option<(u64, String)> {
    let ended = stage.tell(|fact| match fact {
        Fact::SendFailed { producer: one, error, .. } if *one == producer => Some(exception(*error)),
        Fact::Acknowledged { producer: one, .. } if *one == producer => Some(String::from("acknowledged")),
        _ => None,
    });
    ended.into_iter().find(|&(at, _)| at >= from_ms)
}

/// Types one record and waits for its end: how long it took, and what it was.
fn send(stage: &mut Stage, producer: u16, name: &str, value: &str) -> (u64, String) {
    let from = stage.now_ms();
    stage.act(&format!("send by {name} no key value \"{value}\""));
    stage.go_until(60_000, |stage| outcome(stage, producer, from).is_some());
    let (at, ended) = outcome(stage, producer, from).expect("it was just seen");
    (at - from, ended)
}

fn producer(name: &str, keys: &str) -> String {
    format!("[[producer]]\nname = \"{name}\"\nrate = \"0/s\"\n[producer.config]\n{keys}\n")
}

/// Broker 2 freezes and leaves the ISR, then broker 3 freezes; returns when.
fn freeze_both(stage: &mut Stage, seed: u64) -> u64 {
    let frozen = stage.now_ms();
    stage.act("freeze broker 2");
    await_change(stage, frozen, 20_000, |after| after.isr.len() == 2);
    // When that was, depended on broker 2's heartbeats; broker 3 has its own.
    stage.go_on(500 + seed * 180);
    stage.act("freeze broker 3");
    stage.now_ms()
}

fn thaw_both(played: &mut Played, stage: &mut Stage) {
    let thawed = stage.now_ms();
    stage.act("thaw broker 2");
    stage.act("thaw broker 3");
    await_change(stage, thawed, SOON_MS, |after| after.isr.len() == 3);
    stage.go_on(1_500);
    played.fact("high watermark with all in sync", stage.high_watermark(1));
}

/// `min.insync.replicas` is unmet before a write.
pub fn too_few_before(recording: &Recording, seed: u64) -> Played {
    let clients = producer("all", "")
        + &producer("once", &recording.keys("first producer"))
        + &producer("briefly", &recording.keys("second producer"))
        + &producer("one", "acks = 1");
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, &clients);
    send(&mut stage, 0, "all", "before");
    stage.go(moment(6_000, seed));
    let frozen = freeze_both(&mut stage, seed);
    let (_, alone) = await_change(&mut stage, frozen, 20_000, |after| after.isr.len() == 1);
    played.fact("ELR with broker 1 alone", brokers(&alone.elr));
    stage.go_on(500);
    played.fact("acks=all without retries", send(&mut stage, 1, "once", "once").1);
    let (took, ended) = send(&mut stage, 2, "briefly", "for 5 s");
    played.fact("acks=all for 5 s", ended);
    played.measured("ms until acks=all for 5 s gave up", took);
    played.fact("acks=1", send(&mut stage, 3, "one", "acks=1").1);
    played.fact("records in the log", values(&stage, 1));
    played.fact("high watermark", stage.high_watermark(1));
    thaw_both(&mut played, &mut stage);
    played
}

/// `min.insync.replicas` ceases to be met while a record waits for it.
pub fn too_few_during(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, &producer("once", &recording.keys("producer")));
    send(&mut stage, 0, "once", "before");
    stage.go(moment(6_000, seed));
    let frozen = freeze_both(&mut stage, seed);
    stage.go_on(700);
    let (took, ended) = send(&mut stage, 0, "once", "during");
    played.fact("the send ends with", ended);
    played.measured("ms until the send ended", took);
    let (at, alone) = await_change(&mut stage, frozen, 20_000, |after| after.isr.len() == 1);
    played.measured("ms until broker 1 was alone in the ISR", at - frozen);
    played.fact("ELR with broker 1 alone", brokers(&alone.elr));
    played.fact("records in the log", values(&stage, 1));
    played.fact("high watermark", stage.high_watermark(1));
    thaw_both(&mut played, &mut stage);
    played
}

/// A record is appended, and its answer comes too late.
pub fn answer_lost(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, &producer("typist", &recording.keys("producer")));
    send(&mut stage, 0, "typist", "before");
    stage.go_on(1_000);
    // There and back takes longer than request.timeout.ms; the second try goes the usual way.
    stage.act("slow links of broker 1 by 1500 ms");
    let from = stage.now_ms();
    stage.act("send by typist no key value \"held\"");
    stage.go_until(1_900, |stage| stage.log_end(1) == 2);
    stage.go_on(100);
    stage.act("heal links of broker 1");
    stage.go_until(60_000, |stage| outcome(stage, 0, from).is_some());
    played
        .fact("the send ends with", outcome(&stage, 0, from).map_or(Value::Null, |(_, ended)| ended.into()));
    send(&mut stage, 0, "typist", "after");
    stage.go_on(5_000);
    assert!(changes(&stage, from).is_empty(), "only the answer is late");
    played.fact("records in the log", values(&stage, 1));
    played
}
