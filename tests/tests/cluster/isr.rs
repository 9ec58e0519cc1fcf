//! Who is in sync: leaving the ISR, coming back, and what is refused while it is too small.
use crate::stage::{PLAIN, Setting, Stage, TYPIST};
use kafkarium_core::trace::{ChangeCause, Fact};
use kafkarium_core::wire::ErrorCode;

const LAG_4_S: &str = "replica.lag.time.max.ms = 4000\nbroker.session.timeout.ms = 60000";
const FLOWING: &str = "[[producer]]\nrate = \"20/s\"\nconfig = { acks = \"1\" }\n";

fn isr_changes(stage: &Stage) -> Vec<(u64, (Vec<u32>, ChangeCause))> {
    let orders = stage.partition(0);
    stage.tell(|fact| match fact {
        Fact::PartitionChanged { partition, before, after, cause } if *partition == orders => {
            (before.isr != after.isr).then(|| (crate::stage::ids(&after.isr), *cause))
        }
        _ => None,
    })
}

#[test]
fn a_follower_that_lags_leaves_after_replica_lag_time_max_ms_and_returns_when_caught_up() {
    for (fault, repair) in [
        ("freeze broker 3", "thaw broker 3"),
        ("cut links of broker 3", "heal links of broker 3"),
        ("slow links of broker 3 by 9 s", "heal links of broker 3"),
    ] {
        let mut stage = Setting { cluster: LAG_4_S, rest: FLOWING, ..PLAIN }.up();
        stage.go(10_000);
        assert_eq!(stage.isr(0), [1, 2, 3]);
        stage.act(fault);
        // Not caught up for 4 s, looked at every 2 s.
        let out = stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
        assert!((13_900..=16_600).contains(&out), "{fault}: out at {out} ms");
        let leader_epoch = stage.epoch(0);
        stage.go(25_000);
        stage.act(repair);
        let back = stage.go_until(40_000, |stage| stage.isr(0) == [1, 2, 3]);
        assert!(stage.log_end(3) + 2 >= stage.high_watermark(1), "{fault}: it has what is committed");
        assert_eq!(stage.epoch(0), leader_epoch, "an ISR's change is no election");
        let asked = ChangeCause::LeaderAsked(stage.registration(0).replicas[0]);
        let changes = isr_changes(&stage);
        assert_eq!(changes, [(out, (vec![1, 2], asked)), (back, (vec![1, 2, 3], asked))], "{fault}");
    }
}

#[test]
fn a_silent_follower_that_has_everything_stays() {
    let mut stage = Setting { cluster: LAG_4_S, rest: TYPIST, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(2_000);
    stage.act("freeze broker 3");
    stage.go_on(30_000);
    assert_eq!(stage.isr(0), [1, 2, 3], "its log ends where the leader's does");
    stage.type_records(1);
    let sent = stage.now_ms();
    let out = stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
    assert!(out - sent <= 2_100, "it was silent for long: the next look finds it");
}

#[test]
fn a_returning_follower_is_taken_when_it_reaches_the_high_watermark_not_before() {
    let mut stage = Setting { cluster: LAG_4_S, rest: FLOWING, ..PLAIN }.up();
    stage.act("freeze broker 3");
    stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
    stage.go_on(10_000);
    stage.act("thaw broker 3");
    let asked = |stage: &Stage| stage.count(|fact| matches!(fact, Fact::IsrProposed { joins: true, .. }));
    stage.go_until(10_000, |stage| asked(stage) == 1);
    let follower = stage.leading(1, 0).followers.iter().find(|follower| follower.broker.0 == 3).unwrap();
    assert!(follower.log_end.unwrap().offset >= stage.high_watermark(1));
    assert_eq!(stage.isr(0), [1, 2], "the controller decides");
    let proposed = stage.leading(1, 0).proposed_isr.as_deref().map(crate::stage::ids);
    assert_eq!(proposed, Some(vec![1, 2, 3]), "meanwhile it counts for the high watermark");
    stage.go_until(100, |stage| stage.isr(0) == [1, 2, 3]);
}

#[test]
fn too_small_an_isr_refuses_acks_all_and_takes_acks_1() {
    let two = "[[producer]]\nname = \"careful\"\nrate = \"0/s\"\nconfig = { acks = \"all\" }\n\
               [[producer]]\nname = \"careless\"\nrate = \"0/s\"\nconfig = { acks = \"1\" }\n";
    let mut stage = Setting { cluster: LAG_4_S, topic: "min.insync.replicas = 3", rest: two, ..PLAIN }.up();
    stage.act("send by careful no key value \"x\"");
    stage.go_on(1_000);
    assert_eq!((stage.acknowledged(), stage.high_watermark(1)), (1, 1));
    stage.act("freeze broker 3");
    stage.act("send by careless no key value \"x\"");
    stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
    stage.act("send by careful no key value \"x\"");
    stage.go_on(2_000);
    let refused =
        |fact: &Fact| matches!(fact, Fact::ProduceRefused { error: ErrorCode::NotEnoughReplicas, .. });
    assert!(stage.count(refused) > 2, "and tried again");
    assert_eq!(stage.log_end(1), 2, "nothing of it was appended");
    stage.act("send by careless no key value \"x\"");
    stage.go_on(100);
    assert_eq!(stage.world.producer(1).totals().acknowledged, 2);
    assert_eq!((stage.log_end(1), stage.high_watermark(1)), (3, 1), "appended, not committed, not readable");
    stage.act("thaw broker 3");
    stage.go_on(5_000);
    assert_eq!((stage.acknowledged(), stage.high_watermark(1)), (2, 4), "the ISR is large enough again");
}

#[test]
fn acks_all_times_out_when_the_isr_becomes_too_small_after_the_append() {
    let rest = format!("{TYPIST}config = {{ request.timeout.ms = 8000, delivery.timeout.ms = 20000 }}");
    let topic = "min.insync.replicas = 3";
    let mut stage = Setting { cluster: LAG_4_S, topic, rest: &rest, ..PLAIN }.up();
    stage.act("freeze broker 3");
    stage.type_records(1);
    let sent = stage.now_ms();
    stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
    let retried = stage.go_until(20_000, |stage| stage.world.producer(0).totals().retried > 0);
    assert!((8_000..=8_100).contains(&(retried - sent)), "after {} ms", retried - sent);
    assert_eq!((stage.log_end(1), stage.high_watermark(1)), (1, 0), "it stays in the log, uncommitted");
    let why = stage.tell(|fact| match fact {
        Fact::Retrying { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(why[0].1, ErrorCode::RequestTimedOut);
    stage.go_until(5_000, |stage| {
        stage.count(|fact| matches!(fact, Fact::ProduceRefused { error: ErrorCode::NotEnoughReplicas, .. }))
            > 0
    });
    stage.act("thaw broker 3");
    stage.go_on(5_000);
    assert_eq!((stage.acknowledged(), stage.log_end(1), stage.high_watermark(1)), (1, 1, 1));
    assert_eq!(stage.count(|fact| matches!(fact, Fact::DuplicateRefused { .. })), 1);
}

#[test]
fn who_leaves_an_isr_that_is_too_small_stays_eligible() {
    let topic = "min.insync.replicas = 2";
    let mut stage = Setting { cluster: LAG_4_S, topic, rest: FLOWING, ..PLAIN }.up();
    stage.act("freeze broker 3");
    stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
    assert_eq!(stage.elr(0), [] as [u32; 0], "two are enough");
    stage.act("freeze broker 2");
    stage.go_until(10_000, |stage| stage.isr(0) == [1]);
    assert_eq!(stage.elr(0), [2]);
    let committed = stage.high_watermark(1);
    stage.go_on(3_000);
    assert_eq!(stage.high_watermark(1), committed, "frozen below min.insync.replicas");
    assert!(stage.log_end(1) > committed + 50, "acks=1 goes on");
    stage.act("thaw broker 2");
    stage.go_until(10_000, |stage| stage.isr(0) == [1, 2]);
    assert_eq!(stage.elr(0), [] as [u32; 0]);
    stage.go_until(1_000, |stage| stage.high_watermark(1) > committed + 50);
}

#[test]
fn a_min_insync_replicas_above_the_factor_is_the_factor() {
    let topic = "min.insync.replicas = 5";
    let mut stage = Setting { topic, rest: TYPIST, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(1_000);
    assert_eq!(stage.acknowledged(), 1);
}
