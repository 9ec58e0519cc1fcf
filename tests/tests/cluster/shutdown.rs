//! A controlled shutdown: leaders move first, nothing is lost, nobody waits for a session to end.
use crate::stage::{PLAIN, Setting, Stage};
use kafkarium_core::metadata::BrokerId;
use kafkarium_core::trace::{ChangeCause, Fact, Process};
use kafkarium_core::wire::NodeId;

const SIX: &str = "[[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 3, 2], [2, 1, 3], [3, 2, 1]]";
const FLOWING: &str = "[[producer]]\nrate = \"200/s\"\n";

fn stopped(stage: &Stage, broker: u16) -> bool {
    stage.world.process(NodeId::Broker(broker)).0 == Process::Stopped
}

#[test]
fn leaders_move_before_the_process_ends_and_no_session_is_waited_for() {
    let mut stage = Setting { placement: SIX, rest: FLOWING, ..PLAIN }.up();
    stage.go(10_000);
    stage.act("stop broker 1");
    assert_eq!(stage.world.process(NodeId::Broker(1)).0, Process::Stopping);
    let moved = stage.go_until(200, |stage| (0..6).all(|index| stage.leader(index) != 1));
    assert!(!stopped(&stage, 1), "it still runs");
    let ended = stage.go_until(5_000, |stage| stopped(stage, 1));
    assert!(moved < ended && ended < 13_000, "moved at {moved}, ended at {ended}");
    for index in 0..6 {
        assert!(!stage.isr(index).contains(&1), "orders-{index}");
        let led = stage.registration(index).replicas[0] == BrokerId(1);
        assert_eq!(stage.epoch(index), u32::from(led), "orders-{index}");
    }
    assert!(stage.is_fenced(1));
    let fenced = stage.tell(|fact| match fact {
        Fact::BrokerFenced { last_contact, .. } => Some(*last_contact),
        _ => None,
    });
    assert_eq!(fenced.len(), 1);
    assert_eq!(fenced[0].1, None, "not by a session that ended");
    let causes = stage.tell(|fact| match fact {
        Fact::PartitionChanged { before, after, cause, .. } if before.leader != after.leader => Some(*cause),
        _ => None,
    });
    assert!(
        causes.iter().all(|(_, cause)| matches!(cause, ChangeCause::ControlledShutdown(_))),
        "{causes:?}"
    );
}

#[test]
fn no_record_is_lost_and_the_pause_is_short() {
    let mut stage = Setting { placement: SIX, rest: FLOWING, ..PLAIN }.up();
    for (at, broker) in [(10_000, 1), (30_000, 2), (50_000, 3)] {
        stage.go(at);
        stage.act(&format!("stop broker {broker}"));
        stage.go_on(10_000);
        stage.act(&format!("start broker {broker}"));
    }
    stage.go(70_000);
    stage.act("stop producer producer-1");
    stage.go_on(5_000);
    let audit = stage.audit();
    assert_eq!((audit.lost, audit.failed, audit.duplicated), (0, 0, 0));
    assert!(audit.acknowledged > 13_000);
    assert!(
        audit.unavailable_for_writing.iter().all(|&(_, ms)| ms < 500),
        "{:?}",
        audit.unavailable_for_writing
    );
    (0..6).for_each(|index| stage.logs_agree(index));
}

#[test]
fn a_stopped_broker_starts_again_at_once_and_need_not_recover() {
    let mut stage = Setting { rest: FLOWING, ..PLAIN }.up();
    stage.act("stop broker 1");
    stage.go_until(5_000, |stage| stopped(stage, 1));
    let high_watermark = stage.high_watermark(1);
    assert!(high_watermark > 0, "a clean end writes it down");
    stage.act("start broker 1");
    let started = stage.now_ms();
    let unfenced = stage.go_until(5_000, |stage| !stage.is_fenced(1));
    assert!(unfenced - started < 500, "{} ms", unfenced - started);
    stage.go_until(2_000, |stage| stage.isr(0) == [1, 2, 3]);
}

#[test]
fn the_only_replica_leaves_its_partition_without_a_leader_and_stays_eligible() {
    let mut stage = Setting { placement: "[[1]]", rest: FLOWING, ..PLAIN }.up();
    stage.act("stop broker 1");
    stage.go_until(200, |stage| stage.leader(0) == 0);
    assert!(!stopped(&stage, 1));
    assert_eq!((stage.isr(0), stage.elr(0)), (vec![], vec![1]));
    stage.go_until(5_000, |stage| stopped(stage, 1));
    stage.act("start broker 1");
    stage.go_until(5_000, |stage| stage.leader(0) == 1);
    assert!(!stage.registration(0).recovering, "it stopped cleanly: nothing is missing");
    stage.go_on(10_000);
    assert_eq!(stage.audit().lost, 0);
}
