//! How records reach followers, and how everyone learns that they are committed.
use crate::stage::{PLAIN, Setting, Stage, TYPIST};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::NodeId;
use kafkarium_core::world::Sent;

fn two_brokers(cluster: &str) -> Stage {
    Setting { brokers: 2, placement: "[[1, 2]]", cluster, rest: TYPIST, ..PLAIN }.up()
}

/// Fetches of broker 2 at broker 1 that left at or after `from`, in order.
fn fetches(stage: &Stage, from: SimTime) -> Vec<&Sent> {
    let between = |sent: &&Sent| sent.from == NodeId::Broker(2) && sent.to == NodeId::Broker(1);
    let asks = |sent: &&Sent| sent.api == "Fetch" && !sent.response && sent.start >= from;
    stage.sent.iter().filter(between).filter(asks).collect()
}

#[test]
fn the_high_watermark_moves_with_the_followers_next_fetch() {
    let mut stage = two_brokers("");
    stage.act("slow links of broker 2 by 20 ms");
    stage.go_on(3_000);
    let sent_at = stage.world.now();
    stage.type_records(1);
    stage.go_until(1_000, |stage| stage.log_end(1) == 1);
    assert_eq!(stage.high_watermark(1), 0, "the follower does not have it");
    stage.go_until(1_000, |stage| stage.log_end(2) == 1);
    assert_eq!(stage.high_watermark(1), 0, "the leader does not know that it has");
    let appended = stage.world.now();
    stage.go_until(1_000, |stage| stage.high_watermark(1) == 1);
    let fetch = fetches(&stage, appended)[0];
    assert_eq!(fetch.end, stage.world.now(), "it moves when the next fetch arrives, which names offset 1");
    assert_eq!(stage.acknowledged(), 0);
    stage.go_until(50, |stage| stage.acknowledged() == 1);
    assert!(stage.world.now().since_ms(sent_at) < 60, "one way there and one back, nothing waited for");
}

#[test]
fn an_idle_follower_learns_the_high_watermark_when_its_fetch_ends() {
    let mut stage = two_brokers("replica.fetch.wait.max.ms = 400");
    stage.type_records(1);
    stage.go_until(1_000, |stage| stage.high_watermark(1) == 1);
    assert_eq!((stage.log_end(2), stage.high_watermark(2)), (1, 0));
    let known = stage.now_ms();
    let learned = stage.go_until(1_000, |stage| stage.high_watermark(2) == 1);
    assert!((399..=403).contains(&(learned - known)), "after {} ms", learned - known);
}

#[test]
fn a_follower_is_one_fetch_behind_while_records_flow() {
    let mut stage = two_brokers("");
    stage.act("slow links of broker 2 by 20 ms");
    stage.go_on(3_000);
    stage.type_records(1);
    stage.go_until(1_000, |stage| stage.log_end(2) == 1);
    // The second record is there when the fetch arrives that commits the first.
    stage.type_records(1);
    stage.go_until(1_000, |stage| stage.high_watermark(1) == 1);
    assert_eq!(stage.log_end(1), 2);
    stage.go_until(1_000, |stage| stage.log_end(2) == 2);
    assert_eq!(stage.high_watermark(2), 0, "its answer tells what was committed before it");
    stage.type_records(1);
    stage.go_until(1_000, |stage| stage.log_end(2) == 3);
    assert_eq!(stage.high_watermark(2), 1);
    stage.go_on(1_000);
    assert_eq!((stage.high_watermark(1), stage.high_watermark(2)), (3, 3));
}

#[test]
fn an_idle_fetch_waits_for_replica_fetch_wait_max_ms() {
    for wait_ms in [200, 500] {
        let mut stage = two_brokers(&format!("replica.fetch.wait.max.ms = {wait_ms}"));
        stage.go_on(1_000);
        let from = stage.world.now();
        stage.go_on(5_000);
        let starts: Vec<u64> = fetches(&stage, from).iter().map(|fetch| fetch.start.as_ms()).collect();
        assert!(starts.len() as u64 >= 4_500 / wait_ms, "{starts:?}");
        for pair in starts.windows(2) {
            assert!((wait_ms..=wait_ms + 2).contains(&(pair[1] - pair[0])), "{starts:?}");
        }
    }
}

#[test]
fn a_fetch_waits_for_replica_fetch_min_bytes() {
    let mut stage = two_brokers("replica.fetch.min.bytes = 120\nreplica.fetch.wait.max.ms = 450");
    stage.go_until(1_000, |stage| fetches(stage, SimTime::from_ms(2_000)).len() == 1);
    let asked = stage.now_ms();
    stage.type_records(1);
    let got = stage.go_until(1_000, |stage| stage.log_end(2) == 1);
    assert!((450..=453).contains(&(got - asked)), "one small batch waits for the end: {} ms", got - asked);
    stage.type_records(2);
    let typed = stage.now_ms();
    let got = stage.go_until(1_000, |stage| stage.log_end(2) == 3);
    assert!(got - typed < 20, "two batches are 120 bytes and more: {} ms", got - typed);
}

#[test]
fn acks_all_waits_for_the_whole_isr_and_acks_1_for_the_leader() {
    for (acks, waits) in [("all", true), ("1", false)] {
        let rest = format!("{TYPIST}config = {{ acks = \"{acks}\" }}");
        let mut stage = Setting { rest: &rest, ..PLAIN }.up();
        stage.act("slow links of broker 3 by 300 ms");
        stage.go_on(2_000);
        let from = stage.now_ms();
        stage.type_records(1);
        let told = stage.go_until(2_000, |stage| stage.acknowledged() == 1);
        assert_eq!(told - from > 500, waits, "acks={acks}: {} ms", told - from);
        assert_eq!(stage.isr(0), [1, 2, 3]);
    }
}

#[test]
fn every_leader_epoch_begins_in_the_log_where_its_leader_began() {
    let mut stage = two_brokers("broker.session.timeout.ms = 3000");
    stage.type_records(2);
    stage.go_on(1_000);
    stage.act("stop broker 1");
    stage.go_on(2_000);
    stage.type_records(1);
    stage.go_on(1_000);
    stage.act("start broker 1");
    stage.go_on(5_000);
    let epochs = stage.replica(2, 0).log.epochs.entries().to_vec();
    assert_eq!(epochs, [(0, 0), (1, 2)]);
    assert_eq!(stage.replica(1, 0).log.epochs.entries(), epochs, "a follower takes them from the batches");
    let led = stage.tell(|fact| match fact {
        Fact::BecameLeader { partition, epoch, .. } if *partition == stage.partition(0) => Some(*epoch),
        _ => None,
    });
    assert_eq!(led.iter().map(|&(_, epoch)| epoch).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_new_leader_knows_nothing_committed_before_its_followers_fetched() {
    let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_until(1_000, |stage| stage.acknowledged() == 1);
    assert_eq!((stage.high_watermark(1), stage.log_end(2), stage.high_watermark(2)), (1, 1, 0));
    stage.act("crash broker 1");
    stage.act("slow links of broker 3 by 300 ms");
    stage.go_until(12_000, |stage| stage.replica(2, 0).leading.is_some());
    let began = stage.now_ms();
    assert_eq!(
        (stage.log_end(2), stage.high_watermark(2)),
        (1, 0),
        "it has the record, and does not show it"
    );
    let shown = stage.go_until(3_000, |stage| stage.high_watermark(2) == 1);
    assert!(shown - began >= 300, "{} ms", shown - began);
    stage.go_on(3_000);
    assert_eq!(stage.audit().lost, 0);
}

#[test]
fn consumers_read_up_to_the_high_watermark_and_no_further() {
    let rest = format!(
        "{TYPIST}config = {{ acks = \"1\" }}\n[[group]]\nname = \"readers\"\nconfig = {{ auto.offset.reset = \"earliest\" }}\n"
    );
    let cluster = "replica.lag.time.max.ms = 4000\nbroker.session.timeout.ms = 60000";
    let mut stage = Setting { brokers: 2, placement: "[[1, 2]]", cluster, rest: &rest, ..PLAIN }.up();
    let read = |stage: &Stage| {
        let polled = stage.tell(|fact| match fact {
            Fact::Polled { to, .. } => Some(*to),
            _ => None,
        });
        polled.last().map_or(0, |&(_, to)| to)
    };
    stage.go(8_000);
    stage.type_records(1);
    stage.go_on(20);
    assert_eq!(read(&stage), 1, "at once: its fetch waits at the leader");
    stage.act("freeze broker 2");
    stage.type_records(1);
    stage.go_on(3_000);
    assert_eq!((stage.log_end(1), read(&stage)), (2, 1), "in the log of the leader only");
    stage.go_until(5_000, |stage| stage.isr(0) == [1]);
    stage.go_on(20);
    assert_eq!(read(&stage), 2, "committed by an ISR of one");
}
