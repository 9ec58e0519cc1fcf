//! What a producer does when answers fail to come: stalls, expiry, blocking, duplicates.
use crate::stage::{PLAIN, Setting, Stage, TYPIST};
use kafkarium_core::assign::murmur2::partition_for_key;
use kafkarium_core::metadata::BrokerId;
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::ErrorCode;

/// Two partitions led by broker 1; broker 3 holds one of them only.
const SHARED_LEADER: &str = "[[1, 2], [1, 3]]";

#[test]
fn a_stalled_partition_stalls_its_neighbours_in_one_request() {
    let rest =
        "[[producer]]\nrate = \"200/s\"\nkeys = \"uniform 50\"\nconfig = { request.timeout.ms = 30000 }\n";
    let cluster = "broker.session.timeout.ms = 60000";
    let mut stage = Setting { cluster, placement: SHARED_LEADER, rest, ..PLAIN }.up();
    stage.go(6_000);
    stage.act("freeze broker 3");
    stage.go_on(1_000);
    let last = |stage: &Stage, index: u32| {
        let partition = stage.partition(index);
        let told = stage.tell(|fact| match fact {
            Fact::Acknowledged { partition: of, .. } => (*of == partition).then_some(()),
            _ => None,
        });
        told.last().unwrap().0
    };
    let committed = |stage: &Stage| stage.replica(1, 0).high_watermark();
    let before = committed(&stage);
    stage.go(15_000);
    assert!(last(&stage, 0) < 6_200, "orders-0 has all its replicas, and waits with orders-1");
    assert!(committed(&stage) >= before, "although its records are committed");
    assert_eq!(committed(&stage), stage.replica(1, 0).log.end().offset);
    assert_eq!(stage.world.producer(0).in_flight(BrokerId(1)), 5, "max.in.flight.requests.per.connection");
    stage.act("thaw broker 3");
    stage.go_on(2_000);
    assert!(last(&stage, 0) > 16_500 && last(&stage, 1) > 16_500);
    assert_eq!(stage.audit().lost, 0);
}

#[test]
fn a_request_is_answered_when_all_its_partitions_are_done() {
    let rest = format!("{TYPIST}config = {{ linger.ms = 50 }}\n");
    let cluster = "broker.session.timeout.ms = 60000";
    let mut stage = Setting { cluster, placement: SHARED_LEADER, rest: &rest, ..PLAIN }.up();
    stage.act("freeze broker 3");
    let key_of = |partition| {
        (0..).map(|n| format!("k{n}")).find(|key| partition_for_key(key.as_bytes(), 2) == partition)
    };
    for partition in [0, 1] {
        stage.act(&format!("send by typist key \"{}\" value \"x\"", key_of(partition).unwrap()));
    }
    stage.go_on(5_000);
    let sent = stage.sent.iter().filter(|sent| sent.api == "Produce" && !sent.response);
    assert_eq!(sent.map(|sent| sent.records).collect::<Vec<_>>(), [2], "one request for both");
    assert_eq!((stage.high_watermark(1), stage.replica(1, 1).high_watermark()), (1, 0));
    assert_eq!(stage.acknowledged(), 0, "orders-0 is done, and waits for orders-1");
    stage.act("thaw broker 3");
    stage.go_on(1_000);
    assert_eq!(stage.acknowledged(), 2);
}

#[test]
fn delivery_timeout_ms_expires_batches_from_their_creation() {
    let rest = "[[producer]]\nrate = \"10/s\"\n\
                config = { request.timeout.ms = 4000, delivery.timeout.ms = 6000, linger.ms = 0, batch.size = 1 }\n";
    let topic = "min.insync.replicas = 3";
    let mut stage = Setting { topic, rest, ..PLAIN }.up();
    stage.go(5_000);
    stage.act("crash broker 3");
    stage.go_until(12_000, |stage| stage.isr(0) == [1, 2]);
    let from = stage.now_ms();
    stage.go_on(10_000);
    let failed = stage.tell(|fact| match fact {
        Fact::SendFailed { count, error, .. } => Some((*count, *error)),
        _ => None,
    });
    assert!(failed.iter().all(|(_, (_, error))| *error == ErrorCode::DeliveryTimeout), "{failed:?}");
    let late: u64 =
        failed.iter().filter(|(at, _)| *at > from + 6_500).map(|(_, (count, _))| u64::from(*count)).sum();
    assert!((30..=40).contains(&late), "ten a second, each after 6 s: {late}");
    assert_eq!(stage.world.producer(0).totals().failed, stage.audit().failed);
    let backlog = stage.world.producer(0).backlog(stage.world.now(), 0);
    assert!((55..=62).contains(&backlog.records), "6 s of records wait: {}", backlog.records);
}

#[test]
fn an_exhausted_buffer_blocks_send_and_max_block_ms_ends_it() {
    let rest = "[[producer]]\nrate = \"100/s\"\nvalue-bytes = 1000\n\
                config = { buffer.memory = 200000, max.block.ms = 5000, request.timeout.ms = 20000 }\n";
    let mut stage = Setting { rest, ..PLAIN }.up();
    stage.go(5_000);
    assert_eq!(stage.count(|fact| matches!(fact, Fact::Blocked { .. })), 0);
    stage.act("freeze broker 1");
    let blocked = stage.go_until(8_000, |stage| stage.world.producer(0).is_blocked());
    let memory = stage.world.producer(0).memory_used(stage.world.now());
    assert!((200_000 - 16_384..=200_000).contains(&memory), "{memory}");
    stage.go_on(3_000);
    assert!(stage.world.producer(0).is_blocked());
    let failed = |fact: &Fact| matches!(fact, Fact::SendFailed { error: ErrorCode::BufferExhausted, .. });
    let gave_up = stage.go_until(5_000, |stage| stage.count(failed) == 1);
    assert!((5_000..=5_050).contains(&(gave_up - blocked)), "{} ms", gave_up - blocked);
    stage.act("thaw broker 1");
    stage.go_on(2_000);
    assert!(!stage.world.producer(0).is_blocked());
    assert!(stage.acknowledged() > 400);
    let told = stage.tell(|fact| match fact {
        Fact::Blocked { blocked, .. } => Some(*blocked),
        _ => None,
    });
    assert_eq!((told[0].1, told.last().unwrap().1), (true, false));
}

/// Records that are appended, and whose answer is lost with the connection to their leader.
fn lost_answers(idempotence: bool) -> Stage {
    let rest = format!(
        "[[producer]]\nrate = \"100/s\"\nconfig = {{ enable.idempotence = {idempotence}, request.timeout.ms = 4000, \
         delivery.timeout.ms = 60000 }}\n"
    );
    let mut stage = Setting { rest: &rest, ..PLAIN }.up();
    stage.go(5_000);
    // There and back takes longer than the client waits.
    stage.act("slow links of broker 1 by 2500 ms");
    stage.go(14_000);
    stage.act("heal links of broker 1");
    stage.go(40_000);
    stage.act("stop producer producer-1");
    stage.go_on(5_000);
    let totals = stage.world.producer(0).totals();
    assert!(totals.retried >= 5, "{totals:?}");
    assert_eq!((totals.failed, totals.sent), (0, totals.acknowledged));
    stage
}

#[test]
fn idempotence_makes_no_duplicate_of_a_lost_answer() {
    let stage = lost_answers(true);
    assert!(stage.count(|fact| matches!(fact, Fact::DuplicateRefused { .. })) > 0);
    assert_eq!((stage.audit().duplicated, stage.audit().lost), (0, 0));
    assert_eq!(stage.log_end(stage.leader(0)), stage.acknowledged(), "each once");
    assert_eq!(copies(&stage), 0);
}

#[test]
fn without_idempotence_a_lost_answer_makes_duplicates() {
    let stage = lost_answers(false);
    assert_eq!(stage.count(|fact| matches!(fact, Fact::DuplicateRefused { .. })), 0);
    let twice = stage.audit().duplicated;
    assert!(twice > 0);
    assert_eq!(stage.log_end(stage.leader(0)), stage.acknowledged() + twice);
    assert!(copies(&stage) > 0);
}

/// Batches that stand a second time in the leader's log.
fn copies(stage: &Stage) -> u64 {
    let mut ordinals: Vec<u64> =
        stage.log(stage.leader(0), 0).iter().map(|&(_, _, ordinal)| ordinal).collect();
    let all = ordinals.len();
    ordinals.sort_unstable();
    ordinals.dedup();
    (all - ordinals.len()) as u64
}

#[test]
fn acks_0_never_hears_of_an_error() {
    let rest = format!("{TYPIST}config = {{ acks = \"0\" }}\n");
    let mut stage = Setting { rest: &rest, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(500);
    stage.act("cut links of broker 1");
    stage.type_records(1);
    assert_eq!(stage.acknowledged(), 1);
    stage.go_on(50);
    assert_eq!((stage.acknowledged(), stage.log_end(1)), (2, 1), "written to the socket is enough");
    let confirmed = stage.tell(|fact| match fact {
        Fact::Acknowledged { confirmed, .. } => Some(*confirmed),
        _ => None,
    });
    assert!(confirmed.iter().all(|&(_, confirmed)| !confirmed));
}

#[test]
fn an_answer_that_names_the_next_leader_spares_the_backoff() {
    let rest = "[[producer]]\nrate = \"200/s\"\nconfig = { retry.backoff.ms = 900 }\n";
    let mut stage = Setting { rest, ..PLAIN }.up();
    stage.go(5_000);
    stage.act("stop broker 1");
    stage.go_on(3_000);
    let retries = stage.tell(|fact| match fact {
        Fact::Retrying { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(retries[0].1, ErrorCode::NotLeaderOrFollower);
    let acknowledged = stage.tell(|fact| matches!(fact, Fact::Acknowledged { .. }).then_some(()));
    let next = acknowledged.iter().find(|(at, ())| *at > retries[0].0).unwrap().0;
    assert!(next - retries[0].0 < 100, "{} ms", next - retries[0].0);
}

#[test]
fn typed_records_take_turns_with_the_round_robin_partitioner() {
    let rest = "[[producer]]\nname = \"typist\"\nrate = \"0/s\"\n[producer.config]\n\
                partitioner.class = \"org.apache.kafka.clients.producer.RoundRobinPartitioner\"\n";
    let mut stage = Setting { placement: "[[1], [1], [1]]", brokers: 1, rest, ..PLAIN }.up();
    for key in ["no key", "key \"a\""] {
        for _ in 0..3 {
            stage.act(&format!("send by typist {key} value \"x\""));
        }
    }
    stage.go_on(1_000);
    assert_eq!([0, 1, 2].map(|index| stage.log_end_of(1, index)), [2, 2, 2], "keys make no difference");
}

#[test]
fn acks_0_waits_for_a_connection() {
    let rest = format!("{TYPIST}config = {{ acks = \"0\" }}\n");
    let mut stage = Setting { rest: &rest, ..PLAIN }.up();
    stage.type_records(1);
    stage.go_on(500);
    stage.act("crash broker 1");
    stage.go_on(500);
    stage.type_records(3);
    stage.go_on(3_000);
    assert_eq!(stage.acknowledged(), 1, "there is no socket to write to");
    stage.go_until(15_000, |stage| stage.leader(0) == 2);
    stage.go_on(2_000);
    assert_eq!((stage.acknowledged(), stage.log_end(2)), (4, 4), "sent to the next leader");
    // Its connection is tried again, and is good for sending.
    stage.act("start broker 1");
    stage.go_until(20_000, |stage| stage.isr(0) == [1, 2, 3]);
    stage.act("stop broker 2");
    stage.act("stop broker 3");
    stage.go_on(5_000);
    stage.type_records(1);
    stage.go_on(5_000);
    assert_eq!((stage.leader(0), stage.log_end(1)), (1, 5));
}
