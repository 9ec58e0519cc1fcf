//! What happens when the leader of `orders-0` ends, and when it comes back.
use super::{Played, await_change, await_unfenced, brokers, cluster, leader, longest_silence, moment};
use crate::recordings::Recording;
use crate::stage::Stage;
use kafkarium_core::log::Payload;
use kafkarium_core::metadata::PartitionRegistration;
use kafkarium_core::trace::{Fact, Process};
use kafkarium_core::wire::NodeId;

/// How long a replica's broker may take to come back, ms.
const SOON_MS: u64 = 60_000;

/// A producer of 50 records a second with the recording's keys.
fn flowing(recording: &Recording) -> String {
    format!(
        "[[producer]]\nrate = \"50/s\"\nvalue-bytes = 4\n[producer.config]\n{}",
        recording.keys("producer")
    )
}

fn leader_before(played: &mut Played, stage: &Stage) {
    let before = stage.registration(0);
    played.fact("leader before", leader(before));
    played.fact("leader epoch before", before.leader_epoch);
    played.fact("ISR before", brokers(&before.isr));
}

fn leader_after(played: &mut Played, after: &PartitionRegistration) {
    played.fact("leader after", leader(after));
    played.fact("leader epoch after", after.leader_epoch);
    played.fact("ISR after", brokers(&after.isr));
    played.fact("ELR after", brokers(&after.elr));
}

fn other_leader(after: &PartitionRegistration) -> bool {
    after.leader.is_none_or(|leader| leader.0 != 1)
}

/// Broker 1 comes back: begun at `from_ms`, it is waited for until it is in sync.
fn returned(played: &mut Played, stage: &mut Stage, from_ms: u64) {
    let unfenced = await_unfenced(stage, 1, from_ms, SOON_MS);
    let (at, whole) = await_change(stage, from_ms, SOON_MS, |after| after.isr.iter().any(|one| one.0 == 1));
    played.measured("ms from being unfenced until back in the ISR", at - unfenced);
    played.fact("leader after the return", leader(&whole));
    played.fact("ISR after the return", brokers(&whole.isr));
}

/// Nobody sends any more, and everything on its way has arrived.
fn calm(stage: &mut Stage) {
    stage.act("stop producer producer-1");
    stage.go_on(3_000);
}

fn fates(played: &mut Played, stage: &Stage) {
    let audit = stage.audit();
    played.fact("sends that failed", stage.world.producer(0).totals().failed);
    played.fact("acknowledged records that are gone", audit.lost);
    played.fact("records twice in the log", audit.duplicated);
}

fn same_logs(stage: &Stage) -> bool {
    stage.log(1, 0) == stage.log(2, 0)
}

/// A cluster at the moment of the fault.
fn before_the_fault(recording: &Recording, seed: u64) -> (Played, Stage) {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, &flowing(recording));
    leader_before(&mut played, &stage);
    stage.go(moment(6_000, seed));
    (played, stage)
}

/// Broker 1 loses its leadership by this; returns when it was done, and when another one led.
fn lose_leader(played: &mut Played, stage: &mut Stage, fault: &str) -> (u64, u64) {
    let done = stage.now_ms();
    stage.act(fault);
    let (at, after) = await_change(stage, done, 20_000, other_leader);
    leader_after(played, &after);
    (done, at)
}

/// Broker 1 is started again, and in the end nobody sends any more.
fn restart(played: &mut Played, stage: &mut Stage) {
    let restarted = stage.now_ms();
    stage.act("start broker 1");
    returned(played, stage, restarted);
    calm(stage);
}

/// Broker 1 is killed and started again.
pub fn killed(recording: &Recording, seed: u64) -> Played {
    let (mut played, mut stage) = before_the_fault(recording, seed);
    let (killed, led) = lose_leader(&mut played, &mut stage, "crash broker 1");
    played.measured("ms until there is a leader again", led - killed);
    stage.go_on(5_000);
    played.measured("ms without an acknowledgement", longest_silence(&stage, 0, killed));
    restart(&mut played, &mut stage);
    fates(&mut played, &stage);
    played
}

/// Broker 1 is killed while a member of a group that another broker coordinates reads.
pub fn killed_reader(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let group = |name: &str| format!("[[group]]\nname = \"{name}\"\nprocessing = \"0 ms\"\n[group.config]\n");
    let named = |name: &str| {
        cluster(recording, seed, &(flowing(recording) + &group(name) + &recording.keys("consumers")))
    };
    let coordinator = |stage: &Stage| stage.world.consumer(0).coordinator().map(|broker| broker.0);
    let mut stage = named("billing");
    stage.go(moment(8_000, seed));
    for other in ["shipping", "packing", "mailing", "selling", "buying"] {
        if coordinator(&stage) == Some(1) {
            stage = named(other);
            stage.go(moment(8_000, seed));
        }
    }
    leader_before(&mut played, &stage);
    let killed = stage.now_ms();
    stage.act("crash broker 1");
    await_change(&mut stage, killed, 20_000, other_leader);
    stage.go_on(6_000);
    let orders = stage.partition(0);
    let polls = stage.tell(|fact| match fact {
        Fact::Polled { partition, .. } if *partition == orders => Some(()),
        _ => None,
    });
    let pauses = polls.windows(2).filter(|pair| pair[1].0 >= killed).map(|pair| pair[1].0 - pair[0].0);
    played.measured("ms that the partition went unread", pauses.max().unwrap_or(0));
    played.fact("assignments of the member", stage.count(|fact| matches!(fact, Fact::Assigned { .. })));
    played
}

/// Broker 1 is stopped cleanly and started again.
pub fn stopped(recording: &Recording, seed: u64) -> Played {
    let (mut played, mut stage) = before_the_fault(recording, seed);
    let (told, _) = lose_leader(&mut played, &mut stage, "stop broker 1");
    stage.go_on(5_000);
    played.measured("ms without an acknowledgement", longest_silence(&stage, 0, told));
    let down = stage.registration(0).clone();
    played.fact("leader epoch when it is down", down.leader_epoch);
    played.fact("ISR when it is down", brokers(&down.isr));
    played.fact("ELR when it is down", brokers(&down.elr));
    restart(&mut played, &mut stage);
    fates(&mut played, &stage);
    played
}

/// Broker 1 freezes for 25 s.
pub fn frozen(recording: &Recording, seed: u64) -> Played {
    let (mut played, mut stage) = before_the_fault(recording, seed);
    let (frozen, led) = lose_leader(&mut played, &mut stage, "freeze broker 1");
    played.measured("ms until there is a leader again", led - frozen);
    stage.go(frozen + 25_000);
    played.measured("ms without an acknowledgement", longest_silence(&stage, 0, frozen));
    stage.act("thaw broker 1");
    returned(&mut played, &mut stage, frozen + 25_000);
    calm(&mut stage);
    fates(&mut played, &stage);
    played.fact("both logs are alike", same_logs(&stage));
    played
}

/// Broker 1 is killed while its followers fetch slowly.
pub fn killed_ahead(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, &flowing(recording));
    leader_before(&mut played, &stage);
    stage.go(4_000);
    // What followers fetch is slow, not what their leader tells clients.
    stage.act("slow links of broker 2 by 500 ms");
    stage.act("slow links of broker 3 by 500 ms");
    stage.go(moment(9_000, seed));
    let end = stage.log_end(1);
    lose_leader(&mut played, &mut stage, "crash broker 1");
    stage.act("heal links of broker 2");
    stage.act("heal links of broker 3");
    stage.go_on(5_000);
    let epochs = stage.replica(2, 0).log.epochs.entries().to_vec();
    let &(_, parted) = epochs.last().expect("an epoch");
    played.measured("records only the old leader had", end - parted);
    restart(&mut played, &mut stage);
    played.fact("both logs are alike", same_logs(&stage));
    let audit = stage.audit();
    played.measured("acknowledged records that are gone", audit.lost);
    played.fact("records twice in the log", audit.duplicated);
    played.fact("sends that failed", stage.world.producer(0).totals().failed);
    let of_1 = stage.replica(1, 0).log.epochs.entries();
    played.fact("epochs of the old leader are those of the new one", of_1 == epochs);
    played
}

/// The last member of the ISR is killed; the others come back first.
pub fn last_in_sync_killed(recording: &Recording, seed: u64) -> Played {
    let clients = "[[producer]]\nname = \"all\"\nrate = \"0/s\"\n[[producer]]\nname = \"one\"\nrate = \"0/s\"\n\
                   config = { acks = \"1\" }\n";
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, clients);
    leader_before(&mut played, &stage);
    stage.go(moment(6_000, seed));
    send(&mut stage, "all", 0..5);
    let frozen = stage.now_ms();
    stage.act("freeze broker 2");
    stage.act("freeze broker 3");
    let (_, alone) = await_change(&mut stage, frozen, 20_000, |after| after.isr.len() == 1);
    played.fact("ELR with broker 1 alone", brokers(&alone.elr));
    played.fact("leader epoch with broker 1 alone", alone.leader_epoch);
    send(&mut stage, "one", 5..10);
    let killed = stage.now_ms();
    stage.act("crash broker 1");
    let (_, dead) = await_change(&mut stage, killed, 20_000, other_leader);
    played.fact("leader after the kill", leader(&dead));
    played.fact("leader epoch after the kill", dead.leader_epoch);
    played.fact("ISR after the kill", brokers(&dead.isr));
    played.fact("ELR after the kill", brokers(&dead.elr));
    for (broker, thaw) in [(2, "thaw broker 2"), (3, "thaw broker 3")] {
        stage.act(thaw);
        stage.go_until(20_000, |stage| !stage.is_fenced(broker));
    }
    stage.go_on(8_000);
    let thawed = stage.registration(0).clone();
    played.fact("leader with 2 and 3 back", leader(&thawed));
    played.fact("ISR with 2 and 3 back", brokers(&thawed.isr));
    played.fact("ELR with 2 and 3 back", brokers(&thawed.elr));
    let restarted = stage.now_ms();
    stage.act("start broker 1");
    let (_, whole) = await_change(&mut stage, restarted, SOON_MS, |after| after.isr.len() == 3);
    played.fact("leader in the end", leader(&whole));
    stage.go_on(3_000);
    let led = whole.leader.expect("a leader").0;
    played.fact("records in the end", values(&stage, led));
    played
}

/// Broker 1 is stopped and started, and leads again when the controller looks for imbalance.
pub fn preferred_returns(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, "");
    stage.go(4_000 + seed * 400);
    stage.act("stop broker 1");
    stage.go_until(20_000, |stage| stage.world.process(NodeId::Broker(1)).0 == Process::Stopped);
    let restarted = stage.now_ms();
    stage.act("start broker 1");
    let (back, whole) = await_change(&mut stage, restarted, SOON_MS, |after| after.isr.len() == 3);
    played.fact("leader when broker 1 is back in sync", leader(&whole));
    played.fact("leader epoch then", whole.leader_epoch);
    let (at, elected) = await_change(&mut stage, restarted, SOON_MS, |after| !other_leader(after));
    played.measured("ms from being back in the ISR until it leads again", at - back);
    played.fact("leader epoch in the end", elected.leader_epoch);
    played.fact("ISR in the end", brokers(&elected.isr));
    played
}

/// Types records whose values are their numbers, and waits until they are appended.
fn send(stage: &mut Stage, producer: &str, numbers: std::ops::Range<u32>) {
    for number in numbers {
        stage.act(&format!("send by {producer} no key value \"{number}\""));
        stage.go_on(200);
    }
}

/// The values of typed records in a broker's log.
pub(super) fn values(stage: &Stage, broker: u32) -> Vec<String> {
    let batches = stage.replica(broker, 0).log.batches_from(0);
    let typed = batches.map(|batch| match batch.payload.as_deref() {
        Some(Payload::Typed(record)) => record.value.clone(),
        other => panic!("nothing else was sent: {other:?}"),
    });
    typed.collect()
}
