//! Every form of a command: read, carried out in a small cluster, and seen to have its effect.
use crate::stage::Stage;
use kafkarium_core::client::{ConsumerState, Rate};
use kafkarium_core::log::{Payload, TypedRecord};
use kafkarium_core::scenario::COMMAND_FORMS;
use kafkarium_core::trace::{Fact, GroupCause, Process};
use kafkarium_core::wire::NodeId;

const SCENARIO: &str = r#"
format = 1
[cluster]
brokers = 3
racks = ["a", "b", "c"]
config = { offsets.topic.num.partitions = 1, group.initial.rebalance.delay.ms = 100 }
[[topic]]
name = "orders"
placement = [[1, 2, 3], [2, 3, 1], [3, 1, 2]]
[[producer]]
name = "checkout"
rate = "50/s"
keys = "uniform 60"
[[group]]
name = "billing"
members = 2
processing = "2 ms"
config = { session.timeout.ms = 10000 }
"#;

struct Case {
    form: &'static str,
    /// What must have happened before.
    before: &'static [&'static str],
    /// Looks at the cluster right after the command, and lets it go on.
    effect: fn(&mut Stage),
}

const CASES: &[Case] = &[
    Case { form: "crash broker 2", before: &[], effect: broker_crashes },
    Case { form: "crash machine of broker 2", before: &[], effect: machine_crashes },
    Case { form: "stop broker 2", before: &[], effect: broker_stops },
    Case { form: "freeze broker 2", before: &[], effect: broker_freezes },
    Case { form: "thaw broker 2", before: &["freeze broker 2"], effect: broker_thaws },
    Case { form: "start broker 2", before: &["crash broker 2"], effect: broker_starts },
    Case { form: "slow links of broker 3 by 200 ms", before: &[], effect: links_are_slow },
    Case { form: "cut links of rack b", before: &[], effect: rack_is_cut_off },
    Case { form: "heal links of rack b", before: &["cut links of rack b"], effect: rack_is_back },
    Case { form: "add consumer to billing", before: &[], effect: consumer_joins },
    Case { form: "stop consumer billing-2", before: &[], effect: consumer_leaves },
    Case { form: "crash consumer billing-2", before: &[], effect: consumer_is_missed },
    Case { form: "freeze consumer billing-2", before: &[], effect: consumer_freezes },
    Case { form: "thaw consumer billing-2", before: &["freeze consumer billing-2"], effect: consumer_thaws },
    Case { form: "slow consumer billing-2 to 400 %", before: &[], effect: consumer_is_slow },
    Case { form: "start consumer billing-2", before: &["crash consumer billing-2"], effect: consumer_starts },
    Case { form: "add producer like checkout", before: &[], effect: producer_is_added },
    Case { form: "stop producer checkout", before: &[], effect: producer_stops },
    Case { form: "set rate of checkout to 100/s", before: &[], effect: rate_changes },
    Case { form: "set brokers log.retention.ms = 60000", before: &[], effect: brokers_change },
    Case { form: "set topic orders min.insync.replicas = 2", before: &[], effect: topic_changes },
    Case { form: "set producer checkout linger.ms = 20", before: &[], effect: producer_restarts },
    Case { form: "set group billing max.poll.records = 10", before: &[], effect: members_restart },
    Case { form: "send by checkout key \"C\" value \"hello\"", before: &[], effect: record_is_sent },
];

#[test]
fn every_form_is_carried_out_and_has_its_effect() {
    for (form, _) in COMMAND_FORMS {
        let case = CASES.iter().find(|case| case.form == *form);
        let case = case.unwrap_or_else(|| panic!("`{form}` has no case here"));
        println!("{form}");
        let mut stage = Stage::new(SCENARIO);
        stage.go(8_000);
        assert_eq!(owned(&stage, 0) + owned(&stage, 1), 3, "the group works");
        for command in case.before {
            stage.act(command);
            stage.go_on(1_500);
        }
        stage.act(form);
        let done = stage.tell(|fact| match fact {
            Fact::CommandDone { text } => Some(text.clone()),
            _ => None,
        });
        assert_eq!(done.last().unwrap().1, *form, "it is told as it was written");
        (case.effect)(&mut stage);
        stage.go_on(5_000);
        stage.audit();
    }
    assert_eq!(CASES.len(), COMMAND_FORMS.len(), "a case is of a form that is no more");
}

#[test]
fn what_cannot_be_done_now_is_said_and_changes_nothing() {
    for (before, command, why) in [
        ("crash broker 2", "crash broker 2", "broker 2: it is down already"),
        ("crash broker 2", "freeze broker 2", "broker 2: it is not running"),
        ("crash broker 2", "thaw broker 2", "broker 2: it is not frozen"),
        ("freeze broker 2", "start broker 2", "broker 2: it runs already"),
        ("freeze broker 2", "crash broker 4", "there is no broker `4`"),
        ("freeze broker 2", "cut links of rack z", "there is no rack `z`"),
        (
            "freeze broker 2",
            "heal links of rack b",
            "nothing is wrong with those links: they are neither slow nor cut",
        ),
        ("freeze broker 2", "add consumer to x", "there is no group `x`"),
        ("freeze broker 2", "stop producer x", "there is no producer `x`"),
        ("freeze broker 2", "stop consumer x", "there is no consumer `x`"),
        ("freeze broker 2", "set topic x retention.ms = 1", "there is no topic `x`"),
    ] {
        let mut stage = Stage::new(SCENARIO);
        stage.go(4_000);
        stage.act(before);
        let digest = stage.world.full_digest();
        let error = stage.world.apply(&command.parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), why);
        assert_eq!(stage.world.full_digest(), digest);
        assert!(stage.world.facts.is_empty());
    }
}

fn process(stage: &Stage, node: NodeId) -> Process {
    stage.world.process(node).0
}

const TWO: NodeId = NodeId::Broker(2);
const BILLING_2: NodeId = NodeId::Consumer(1);

fn owned(stage: &Stage, consumer: u16) -> u64 {
    stage.world.consumer(consumer).assignment().count() as u64
}

fn records_processed(stage: &Stage, consumer: u16, from_ms: u64) -> u64 {
    let processed = stage.tell(|fact| match fact {
        Fact::Processed { consumer: of, from, to, .. } if *of == consumer => Some(to - from),
        _ => None,
    });
    processed.iter().filter(|(at, _)| *at > from_ms).map(|(_, count)| count).sum()
}

/// Records that producer `of` was told to be safe from `from_ms` on.
fn acknowledged(stage: &Stage, of: u16, from_ms: u64) -> u64 {
    let batches = stage.tell(|fact| match fact {
        Fact::Acknowledged { producer, batch, .. } if *producer == of => Some(u64::from(batch.count)),
        _ => None,
    });
    batches.iter().filter(|(at, _)| *at > from_ms).map(|(_, count)| count).sum()
}

// --- brokers ---

fn broker_crashes(stage: &mut Stage) {
    assert_eq!(process(stage, TWO), Process::Crashed);
    stage.go_until(11_000, |stage| stage.is_fenced(2) && stage.leader(1) == 3);
}

fn machine_crashes(stage: &mut Stage) {
    assert_eq!(process(stage, TWO), Process::MachineDown);
    stage.go_until(11_000, |stage| stage.is_fenced(2) && stage.leader(1) == 3);
}

fn broker_stops(stage: &mut Stage) {
    assert_eq!(process(stage, TWO), Process::Stopping);
    stage.go_until(200, |stage| stage.leader(1) == 3);
    stage.go_until(5_000, |stage| process(stage, TWO) == Process::Stopped);
}

fn broker_freezes(stage: &mut Stage) {
    assert_eq!(process(stage, TWO), Process::Frozen);
    let from = stage.now_ms();
    stage.go_on(3_000);
    let sent = stage.sent.iter().filter(|sent| sent.from == TWO && sent.start.as_ms() > from);
    assert_eq!(sent.count(), 0);
}

fn broker_thaws(stage: &mut Stage) {
    assert_eq!(process(stage, TWO), Process::Running);
    let from = stage.now_ms();
    stage.go_on(100);
    assert!(stage.sent.iter().filter(|sent| sent.from == TWO && sent.start.as_ms() >= from).count() > 3);
}

fn broker_starts(stage: &mut Stage) {
    assert_eq!(process(stage, TWO), Process::Running);
    stage.go_until(20_000, |stage| stage.is_fenced(2));
    stage.go_until(20_000, |stage| !stage.is_fenced(2) && stage.isr(1) == [1, 2, 3]);
}

// --- links ---

fn links_are_slow(stage: &mut Stage) {
    assert_eq!(stage.world.disturbances(NodeId::Broker(3)), (true, false));
    let from = stage.now_ms();
    stage.go_on(2_000);
    let three = NodeId::Broker(3);
    let mut sent = stage
        .sent
        .iter()
        .filter(|sent| sent.start.as_ms() > from && (sent.from == three || sent.to == three));
    assert!(sent.all(|sent| sent.end.since_ms(sent.start) >= 200));
}

fn rack_is_cut_off(stage: &mut Stage) {
    assert_eq!(stage.world.disturbances(TWO), (false, true));
    assert!(
        !stage.world.connected(TWO, NodeId::Broker(1)) && !stage.world.connected(TWO, NodeId::Producer(0))
    );
    stage.go_until(11_000, |stage| stage.is_fenced(2));
    assert_eq!(process(stage, TWO), Process::Running);
}

fn rack_is_back(stage: &mut Stage) {
    assert_eq!(stage.world.disturbances(TWO), (false, false));
    assert!(stage.world.connected(TWO, NodeId::Broker(1)));
    let from = stage.now_ms();
    stage.go_on(5_000);
    assert!(!stage.is_fenced(2));
    assert!(stage.sent.iter().any(|sent| sent.from == TWO && sent.start.as_ms() > from));
}

// --- consumers ---

fn consumer_joins(stage: &mut Stage) {
    assert_eq!(stage.world.consumer_count(), 3);
    assert_eq!(&*stage.world.consumer_slot(2).spec.client_id, "billing-3");
    stage.go_until(10_000, |stage| [0, 1, 2].iter().all(|&member| owned(stage, member) == 1));
}

/// Why the group rebalanced last, and how long after the command.
fn consumer_went(stage: &mut Stage, within_ms: u64) -> (u64, GroupCause) {
    let from = stage.now_ms();
    stage.go_until(within_ms, |stage| owned(stage, 0) == 3);
    let causes = stage.tell(|fact| match fact {
        Fact::GroupChanged { cause, .. } => Some(cause.clone()),
        _ => None,
    });
    let gone =
        |cause: &GroupCause| matches!(cause, GroupCause::MemberLeft(_) | GroupCause::SessionExpired(_));
    let (at, cause) = causes.into_iter().find(|(at, cause)| *at >= from && gone(cause)).unwrap();
    (at - from, cause)
}

fn consumer_leaves(stage: &mut Stage) {
    assert!(matches!(process(stage, BILLING_2), Process::Stopping | Process::Stopped));
    let (after_ms, cause) = consumer_went(stage, 9_000);
    assert!(after_ms < 100 && matches!(cause, GroupCause::MemberLeft(_)), "{after_ms} ms: {cause:?}");
    assert_eq!(process(stage, BILLING_2), Process::Stopped);
}

fn consumer_is_missed(stage: &mut Stage) {
    assert_eq!(process(stage, BILLING_2), Process::Crashed);
    let (after_ms, cause) = consumer_went(stage, 20_000);
    assert!((7_000..=10_100).contains(&after_ms), "its session is 10 s: {after_ms} ms");
    assert!(matches!(cause, GroupCause::SessionExpired(_)), "{cause:?}");
}

fn consumer_freezes(stage: &mut Stage) {
    assert_eq!(process(stage, BILLING_2), Process::Frozen);
    let from = stage.now_ms();
    stage.go_on(4_000);
    assert_eq!(records_processed(stage, 1, from), 0);
    assert!(records_processed(stage, 0, from) > 20);
    assert!(matches!(consumer_went(stage, 20_000).1, GroupCause::SessionExpired(_)));
}

fn consumer_thaws(stage: &mut Stage) {
    assert_eq!(process(stage, BILLING_2), Process::Running);
    let from = stage.now_ms();
    stage.go_on(4_000);
    assert!(records_processed(stage, 1, from) > 20);
}

fn consumer_is_slow(stage: &mut Stage) {
    assert_eq!(stage.world.consumer_slot(1).slowdown_percent, 400);
    stage.go_on(1_000);
    let times = |consumer: u16| {
        let polls = stage.tell(|fact| match fact {
            Fact::Polled { consumer: of, from, to, .. } if *of == consumer => Some(to - from),
            _ => None,
        });
        let ends = stage.tell(|fact| match fact {
            Fact::Processed { consumer: of, from, to, .. } if *of == consumer => Some(to - from),
            _ => None,
        });
        let (at, count) = ends.iter().rfind(|(_, count)| *count == 1).expect("one record alone");
        let polled = polls.iter().rfind(|(polled, polled_count)| polled < at && polled_count == count);
        at - polled.expect("polled before").0
    };
    assert!((2..=3).contains(&times(0)) && (8..=9).contains(&times(1)), "{} and {} ms", times(0), times(1));
}

fn consumer_starts(stage: &mut Stage) {
    assert_eq!(process(stage, BILLING_2), Process::Running);
    assert_eq!(stage.world.consumer(1).state(), ConsumerState::Joining);
    stage.go_until(20_000, |stage| owned(stage, 1) > 0 && owned(stage, 0) + owned(stage, 1) == 3);
}

// --- producers ---

fn producer_is_added(stage: &mut Stage) {
    assert_eq!(stage.world.producer_count(), 2);
    assert_eq!(&*stage.world.producer_spec(1).client_id, "checkout-2");
    let from = stage.now_ms();
    stage.go_on(4_000);
    assert!(acknowledged(stage, 1, from) > 150);
}

fn producer_stops(stage: &mut Stage) {
    stage.go_until(1_000, |stage| process(stage, NodeId::Producer(0)) == Process::Stopped);
    let totals = stage.world.producer(0).totals();
    assert_eq!(totals.sent, totals.acknowledged, "it sent what it held");
    stage.go_on(2_000);
    assert_eq!(stage.world.producer(0).totals(), totals);
}

fn rate_changes(stage: &mut Stage) {
    assert_eq!(stage.world.producer_spec(0).workload.rate, Rate::Constant { milli_per_s: 100_000 });
    let from = stage.now_ms();
    stage.go_on(4_000);
    assert!((380..=420).contains(&acknowledged(stage, 0, from)));
}

fn producer_restarts(stage: &mut Stage) {
    stage.go_until(1_000, |stage| stage.world.producer(0).spec().config.linger_ms == 20);
    let from = stage.now_ms();
    stage.go_on(4_000);
    assert_eq!(process(stage, NodeId::Producer(0)), Process::Running);
    assert!(acknowledged(stage, 0, from) > 150);
}

fn record_is_sent(stage: &mut Stage) {
    stage.go_on(500);
    let typed = |fact: &Fact| match fact {
        Fact::Acknowledged { batch, .. } => match batch.payload.as_deref() {
            Some(Payload::Typed(record)) => Some(record.clone()),
            _ => None,
        },
        _ => None,
    };
    let hello = TypedRecord { key: Some("C".into()), value: "hello".into() };
    assert_eq!(stage.tell(typed).into_iter().map(|(_, record)| record).collect::<Vec<_>>(), [hello]);
}

// --- configuration ---

fn brokers_change(stage: &mut Stage) {
    let known = |stage: &Stage, broker: u32| stage.replica(broker, 0).config.retention_ms;
    stage.go_on(100);
    assert_eq!(
        [1, 2, 3].map(|broker| known(stage, broker)),
        [60_000; 3],
        "the default of topics, on every broker"
    );
}

fn topic_changes(stage: &mut Stage) {
    stage.go_on(100);
    assert_eq!(stage.leading(1, 0).min_isr, 2);
    assert_eq!(stage.leading(2, 1).min_isr, 2);
}

fn members_restart(stage: &mut Stage) {
    let from = stage.now_ms();
    stage.go_until(10_000, |stage| owned(stage, 0) + owned(stage, 1) == 3 && stage.now_ms() > from + 1_000);
    for consumer in 0..2 {
        assert_eq!(stage.world.consumer(consumer).spec().config.max_poll_records, 10);
    }
    stage.go_on(2_000);
    assert!(records_processed(stage, 0, from) > 20 && records_processed(stage, 1, from) > 20);
}
