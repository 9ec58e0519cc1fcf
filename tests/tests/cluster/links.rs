//! Frozen, cut, slow and healed: what each looks like from the other side.
use crate::stage::{PLAIN, Setting, Stage, TYPIST};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::metadata::BrokerId;
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::{ErrorCode, NodeId};
use kafkarium_core::world::Sent;

/// When the producer's sends were first tried again, and why.
fn first_retry(stage: &Stage) -> (u64, ErrorCode) {
    let retries = stage.tell(|fact| match fact {
        Fact::Retrying { error, .. } => Some(*error),
        _ => None,
    });
    retries[0]
}

#[test]
fn a_silent_leader_holds_its_producer_until_request_timeout_ms() {
    for fault in ["freeze broker 1", "crash machine of broker 1", "cut links of broker 1"] {
        for timeout_ms in [15_000, 30_000] {
            let rest =
                format!("[[producer]]\nrate = \"20/s\"\nconfig = {{ request.timeout.ms = {timeout_ms} }}\n");
            let mut stage = Setting { rest: &rest, ..PLAIN }.up();
            stage.go(10_000);
            stage.act(fault);
            let elected = stage.go_until(12_000, |stage| stage.leader(0) == 2);
            let silent = stage.acknowledged();
            stage.go(10_000 + timeout_ms - 500);
            assert_eq!(stage.acknowledged(), silent, "{fault}: the election is long done, nobody told it");
            stage.go_on(3_000);
            let (at, why) = first_retry(&stage);
            assert_eq!(why, ErrorCode::RequestTimedOut, "{fault}");
            assert!((at - 10_000).abs_diff(timeout_ms) < 200 && at > elected + 3_000, "{fault}: at {at}");
            assert!(stage.acknowledged() > silent + 100, "{fault}: it found the new leader");
        }
    }
}

#[test]
fn a_crashed_process_resets_its_connections_at_once() {
    let mut stage = Setting { rest: "[[producer]]\nrate = \"200/s\"\n", ..PLAIN }.up();
    stage.go(10_000);
    stage.act("slow links of broker 1 by 5 ms");
    stage.go(11_000);
    stage.act("crash broker 1");
    stage.go_on(1_000);
    let (at, why) = first_retry(&stage);
    assert_eq!(why, ErrorCode::NetworkException);
    assert!((11_005..11_020).contains(&at), "one way of the link: at {at}");
}

#[test]
fn a_thawed_leader_answers_what_waited_for_it() {
    let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(3_000);
    stage.act("freeze broker 1");
    stage.type_records(1);
    stage.go_on(4_000);
    assert_eq!((stage.acknowledged(), stage.log_end(1)), (1, 1));
    stage.act("thaw broker 1");
    stage.go_on(100);
    assert_eq!((stage.acknowledged(), stage.log_end(1), stage.leader(0)), (2, 2, 1), "it was not noticed");
}

#[test]
fn a_cut_holds_what_was_sent_until_it_is_healed() {
    let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(3_000);
    stage.act("cut links of broker 1");
    assert!(!stage.world.connected(NodeId::Broker(1), NodeId::Producer(0)));
    assert!(stage.world.connected(NodeId::Broker(2), NodeId::Producer(0)));
    stage.type_records(1);
    stage.go_on(4_000);
    assert_eq!(stage.log_end(1), 1);
    let held = stage.world.under_way().iter().filter(|sent| sent.end.0 == u64::MAX).count();
    assert!(held >= 2, "the request, and a follower's fetch or its answer: {held}");
    stage.act("heal links of broker 1");
    let healed = stage.now_ms();
    let there = stage.go_until(1_000, |stage| stage.log_end(1) == 2);
    assert!((200..=210).contains(&(there - healed)), "with the next retransmission: {} ms", there - healed);
    stage.go_on(1_000);
    assert_eq!((stage.acknowledged(), stage.world.producer(0).totals().retried), (2, 0));
}

#[test]
fn a_healed_cut_holds_nothing_of_connections_closed_meanwhile() {
    let rest = "[[producer]]\nrate = \"20/s\"\nconfig = { request.timeout.ms = 5000 }\n";
    let mut stage = Setting { rest, ..PLAIN }.up();
    stage.go(10_000);
    stage.act("cut links of broker 1");
    stage.go_on(15_000);
    assert_eq!(first_retry(&stage).1, ErrorCode::RequestTimedOut, "the producer closed its connection");
    let held = |stage: &Stage| {
        let under_way = stage.world.under_way();
        under_way.iter().filter(|sent| sent.end == SimTime::NEVER).map(|sent| sent.api).collect::<Vec<_>>()
    };
    assert!(held(&stage).contains(&"Produce"), "{:?}", held(&stage));
    stage.act("heal links of broker 1");
    assert_eq!(held(&stage), [] as [&str; 0]);
    stage.go_on(10_000);
    assert_eq!(stage.audit().duplicated, 0);
    stage.logs_agree(0);
}

/// One-way times of messages between two nodes that left from `from_ms` on, in microseconds.
fn one_way(stage: &Stage, a: NodeId, b: NodeId, from_ms: u64) -> Vec<u64> {
    let between = |sent: &&Sent| (sent.from, sent.to) == (a, b) || (sent.from, sent.to) == (b, a);
    let sent = stage.sent.iter().filter(between).filter(|sent| sent.start.as_ms() >= from_ms);
    sent.map(|sent| sent.end.since_us(sent.start)).collect()
}

#[test]
fn slow_links_delay_both_ways_and_heal() {
    let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
    for (command, times) in [
        ("slow links of broker 2 by 50 ms", 50_250..=60_310),
        ("slow links of broker 2 by 20 ms", 20_250..=24_310),
        ("heal links of broker 2", 250..=310),
    ] {
        stage.act(command);
        stage.go_on(1_000);
        let from = stage.now_ms();
        stage.go_on(3_000);
        let two = one_way(&stage, NodeId::Broker(1), NodeId::Broker(2), from);
        assert!(two.len() > 5 && two.iter().all(|time| times.contains(time)), "{command}: {two:?}");
        let three = one_way(&stage, NodeId::Broker(1), NodeId::Broker(3), from);
        assert!(
            three.len() > 5 && three.iter().all(|time| (250..=310).contains(time)),
            "{command}: {three:?}"
        );
    }
}

const RACKS: &str = "[[producer]]\nrate = \"20/s\"\nrack = \"a\"\n\
                     [links]\nsame-rack = \"1 ms\"\nbetween-racks = \"5 ms\"\njitter = \"0 %\"\nbandwidth = \"10 GB/s\"\n";

/// Brokers 1 to 4 in racks a, b, a, b.
fn two_racks() -> Stage {
    let text = Setting { brokers: 4, placement: "[[1, 2, 3, 4]]", rest: RACKS, ..PLAIN }.text();
    Stage::new(&text.replace("brokers = 4\n", "brokers = 4\nracks = [\"a\", \"b\"]\n"))
}

#[test]
fn racks_decide_how_far_it_is() {
    let mut stage = two_racks();
    stage.go(4_000);
    stage.go(8_000);
    let near = one_way(&stage, NodeId::Broker(1), NodeId::Broker(3), 4_000);
    let far = one_way(&stage, NodeId::Broker(1), NodeId::Broker(2), 4_000);
    let client = one_way(&stage, NodeId::Producer(0), NodeId::Broker(1), 4_000);
    assert!(near.iter().chain(&client).all(|&time| time == 1_000), "{near:?} {client:?}");
    assert!(far.iter().all(|&time| time == 5_000), "{far:?}");
    assert!(near.len() > 20 && far.len() > 20 && client.len() > 20);
}

#[test]
fn a_cut_rack_talks_to_itself_only() {
    let mut stage = two_racks();
    stage.go(4_000);
    stage.act("cut links of rack b");
    let [one, two, three, four] = [1, 2, 3, 4].map(NodeId::Broker);
    assert!(stage.world.connected(one, three) && stage.world.connected(two, four));
    assert!(!stage.world.connected(one, two) && !stage.world.connected(three, four));
    assert!(!stage.world.connected(two, NodeId::Controller(0)), "the controller stands in no rack");
    stage.go_until(15_000, |stage| stage.is_fenced(2) && stage.is_fenced(4));
    assert_eq!((stage.leader(0), stage.isr(0)), (1, vec![1, 3]));
    stage.act("heal links of rack b");
    stage.go_until(15_000, |stage| stage.isr(0) == [1, 2, 3, 4]);
    assert!(stage.world.connected(one, two));
}

#[test]
fn a_slow_rack_is_slow_to_the_outside_only() {
    let mut stage = two_racks();
    stage.act("slow links of rack b by 40 ms");
    stage.go(8_000);
    let inside = one_way(&stage, NodeId::Broker(2), NodeId::Broker(4), 4_000);
    let across = one_way(&stage, NodeId::Broker(1), NodeId::Broker(2), 4_000);
    assert!(inside.iter().all(|&time| time == 1_000), "{inside:?}");
    assert!(across.iter().all(|&time| time == 45_000) && !across.is_empty(), "{across:?}");
}

#[test]
fn a_broker_cut_off_goes_on_leading_for_whoever_still_reaches_it_and_is_told_later() {
    let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(1_000);
    stage.act("cut links of broker 1");
    stage.go_until(12_000, |stage| stage.leader(0) == 2);
    assert!(stage.replica(1, 0).leading.is_some(), "nobody can tell it");
    stage.act("heal links of broker 1");
    stage.go_until(12_000, |stage| stage.replica(1, 0).follows == Some(BrokerId(2)));
    stage.go_until(12_000, |stage| stage.isr(0) == [1, 2, 3]);
}

/// A leader and its producer in one rack that is cut off: they go on by themselves, as far as acks lets them.
fn cut_off_together(acks: &str) -> (Stage, u64) {
    let rest = format!(
        "[[producer]]\nrate = \"50/s\"\nrack = \"a\"\nconfig = {{ acks = \"{acks}\", request.timeout.ms = 60000 }}\n"
    );
    let text = Setting { rest: &rest, ..PLAIN }.text();
    let mut stage =
        Stage::new(&text.replace("brokers = 3\n", "brokers = 3\nracks = [\"a\", \"b\", \"c\"]\n"));
    stage.go(5_000);
    stage.act("cut links of rack a");
    let before = stage.acknowledged();
    stage.go_until(12_000, |stage| stage.leader(0) == 2);
    stage.go_on(5_000);
    let alone = stage.acknowledged() - before;
    stage.act("heal links of rack a");
    stage.go_on(20_000);
    assert_eq!(stage.isr(0), [1, 2, 3]);
    stage.act("stop producer producer-1");
    stage.go_on(2_000);
    stage.logs_agree(0);
    (stage, alone)
}

#[test]
fn a_leader_cut_off_with_its_producer_acknowledges_acks_1_and_loses_it() {
    let (stage, alone) = cut_off_together("1");
    assert!(alone > 600, "{alone}");
    let lost = stage.audit().lost;
    assert!(lost >= alone && lost < alone + 30, "{lost} lost of {alone}");
}

#[test]
fn a_leader_cut_off_with_its_producer_acknowledges_no_acks_all() {
    let (stage, alone) = cut_off_together("all");
    assert_eq!(alone, 0, "it cannot take anybody out of the ISR without the controller");
    assert_eq!((stage.audit().lost, stage.audit().duplicated), (0, 0));
    assert_eq!(stage.world.producer(0).totals().failed, 0);
}

#[test]
fn what_a_process_sent_before_it_ended_arrives_and_what_was_sent_to_it_does_not() {
    let rest = format!("{TYPIST}config = {{ acks = \"1\", retries = 0 }}\n");
    let mut stage = Setting { rest: &rest, ..PLAIN }.up();
    stage.act("slow links of broker 1 by 500 ms");
    stage.type_records(1);
    stage.go_on(400);
    stage.type_records(1);
    stage.go_on(300);
    // The first answer and the second record are on their way.
    stage.act("crash broker 1");
    assert_eq!((stage.log_end(1), stage.acknowledged()), (1, 0));
    stage.go_on(1_000);
    assert_eq!((stage.log_end(1), stage.acknowledged()), (1, 1));
    assert_eq!(stage.world.producer(0).totals().failed, 1, "it learns of the end after the answer");
}
