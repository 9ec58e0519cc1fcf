//! One record followed from `send()` to the last commit: complete, in order, at the moments the logs themselves show.
use kafkarium_core::history::Session;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::metadata::{BrokerId, TopicPartition};
use kafkarium_core::observe::life::{Fate, Life, Pick, Step, StepKind};
use kafkarium_core::observe::report::Subject;
use kafkarium_core::observe::view::Place;
use kafkarium_tests::{WRITTEN_TWICE, go, run, shipped};

fn partition(session: &Session, name: &str) -> TopicPartition {
    let image = session.world().controller().image();
    let all = (0..image.partitions.len() as u32).map(TopicPartition);
    all.into_iter().find(|&at| image.partition_name(at) == name).expect("a partition")
}

/// Follows a record to the end of what is known, a slice at a time as the page does.
fn follow(session: &mut Session, pick: Pick) -> Life {
    let here = (session.now(), session.digest(), session.world().full_digest());
    session.follow(pick).expect("there is such a record");
    while session.follow_on(500) {
        assert!(session.life().expect("it follows").looking);
    }
    let life = session.life().expect("it follows");
    assert_eq!(
        here,
        (session.now(), session.digest(), session.world().full_digest()),
        "following changes nothing"
    );
    assert!(!life.looking);
    let times: Vec<u64> = life.steps.iter().map(|step| step.time_us).collect();
    assert!(times.is_sorted(), "{:#?}", life.steps);
    life
}

fn kinds(life: &Life) -> Vec<StepKind> {
    life.steps.iter().map(|step| step.kind).collect()
}

fn only(life: &Life, kind: StepKind) -> &Step {
    let mut found = life.steps.iter().filter(|step| step.kind == kind);
    let first = found.next().unwrap_or_else(|| panic!("no {kind:?} in {:#?}", life.steps));
    assert!(found.next().is_none(), "{kind:?} twice in {:#?}", life.steps);
    first
}

fn holds(session: &Session, broker: u32, partition: TopicPartition, (offset, epoch): (u64, u32)) -> bool {
    let replica = session.world().broker(BrokerId(broker)).replica(partition).expect("a replica");
    replica
        .log
        .batch_at(offset)
        .is_some_and(|batch| offset < batch.end_offset() && batch.leader_epoch == epoch)
}

#[test]
fn the_life_of_a_record_is_complete_and_in_order() {
    let mut session = run(shipped("website-activity"), &[], 20);
    let clicks = partition(&session, "clicks-0");
    let rows = session.newest_records(Subject::Partition(clicks.0));
    assert_eq!(rows.len(), 8);
    assert!(rows.is_sorted_by(|a, b| a.offset > b.offset));
    let row = rows[2].clone();
    let life = follow(&mut session, row.pick);
    assert!(life.known_until_us == 20_000_000 && life.fate == Fate::OnItsWay, "{}", life.sentence);
    go(&mut session, SimTime::from_secs(40));
    while session.follow_on(1_000) {}
    let life = session.life().unwrap();
    use StepKind::{Acknowledge, Append, Batch, Commit, HighWatermark, Poll, Process, Replicate, Send};
    let usual = [Send, Batch, Append, Replicate, Replicate, HighWatermark];
    assert_eq!(kinds(&life)[..6], usual, "{:#?}", life.steps);
    let (acknowledged, polled) = (only(&life, Acknowledge), only(&life, Poll));
    let (processed, committed) = (only(&life, Process), only(&life, Commit));
    assert_eq!(life.steps.len(), 10);
    assert!(acknowledged.time_us > life.steps[5].time_us && polled.time_us > life.steps[5].time_us);
    assert!(processed.time_us > polled.time_us && committed.time_us > processed.time_us);
    assert_eq!(life.fate, Fate::Done, "{}", life.sentence);
    assert!(row.text.starts_with(&format!("{} (", life.key.as_ref().unwrap())));
    assert_eq!((life.steps[0].time_us, life.copies[0].0), (row.created_us, row.offset));
    assert!(matches!(polled.at, Place::Consumer(_)) && matches!(polled.from, Some(Place::Broker(_))));
    // Every step is where and when the logs have it, and not a moment before.
    for step in &life.steps {
        let Place::Broker(broker) = step.at else { continue };
        go(&mut session, SimTime(step.time_us - 1));
        let before = holds(&session, broker, clicks, life.copies[0]);
        let world = session.world().broker(BrokerId(broker)).replica(clicks).unwrap().high_watermark();
        go(&mut session, SimTime(step.time_us));
        let now = holds(&session, broker, clicks, life.copies[0]);
        match step.kind {
            Append | Replicate => assert!(!before && now, "{step:?}"),
            HighWatermark => {
                let moved =
                    session.world().broker(BrokerId(broker)).replica(clicks).unwrap().high_watermark();
                assert!(world <= life.copies[0].0 && moved > life.copies[0].0, "{step:?}");
            }
            _ => {}
        }
    }
}

#[test]
fn every_record_of_a_quiet_run_has_a_whole_life() {
    let mut session = run(shipped("website-activity"), &[], 30);
    let clicks = partition(&session, "clicks-1");
    let leader = session.world().controller().image().partition(clicks).leader.unwrap().0;
    for offset in 40..60 {
        let life = follow(&mut session, Pick::Offset { partition: clicks.0, broker: leader, offset });
        assert_eq!(life.fate, Fate::Done, "{offset}: {:#?}", life.steps);
        assert!(!life.steps.iter().any(|step| step.kind.is_trouble()), "{:#?}", life.steps);
    }
}

#[test]
fn a_retried_record_tells_each_attempt() {
    let mut session = run(shipped("leader-dies-acks-all"), &[], 70);
    let orders = partition(&session, "orders-0");
    let leader = session.world().controller().image().partition(orders).leader.unwrap();
    let replica = session.world().broker(leader).replica(orders).unwrap();
    let retried = replica.log.batches_from(0).find(|batch| batch.retries > 0).expect("one was sent again");
    let offset = retried.base_offset;
    let life = follow(&mut session, Pick::Offset { partition: orders.0, broker: leader.0, offset });
    let retry = only(&life, StepKind::Retry);
    assert!(
        retry.why.contains("NETWORK_EXCEPTION") || retry.why.contains("request.timeout.ms"),
        "{}",
        retry.why
    );
    let batches: Vec<&Step> = life.steps.iter().filter(|step| step.kind == StepKind::Batch).collect();
    assert_eq!(batches.len(), 2);
    assert!(batches[0].time_us < retry.time_us && retry.time_us < batches[1].time_us);
    assert_ne!(batches[0].at, batches[1].at, "the second time to the new leader");
    assert_eq!(batches[1].at, Place::Broker(leader.0));
    only(&life, StepKind::Acknowledge);
    assert_eq!(life.fate, Fate::Done, "{}", life.sentence);
}

#[test]
fn a_lost_record_is_followed_to_its_end() {
    let mut session = run(shipped("leader-dies-acks-1"), &[], 20);
    let orders = partition(&session, "orders-0");
    let end = session.world().broker(BrokerId(2)).replica(orders).unwrap().log.end().offset;
    // It is acknowledged, and on the leader only.
    let picked = Pick::Offset { partition: orders.0, broker: 2, offset: end - 6 };
    go(&mut session, SimTime::from_secs(60));
    assert!(session.follow(picked).is_ok());
    let other = follow(&mut session, picked);
    assert_eq!(other.fate, Fate::Done, "another record has the offset by then");
    go(&mut session, SimTime::from_secs(20));
    let life = follow(&mut session, picked);
    assert_ne!(life.steps[0], other.steps[0]);
    only(&life, StepKind::Acknowledge);
    assert!(only(&life, StepKind::Leader).what.contains("lacks the record"));
    let lost = only(&life, StepKind::Audit);
    assert_eq!(lost.what, "It is lost: acknowledged, and gone from the log.");
    assert!(lost.why.contains("With acks=1 broker 2 confirmed alone"), "{}", lost.why);
    let cut = only(&life, StepKind::Truncate);
    assert!(cut.at == Place::Broker(2) && cut.time_us > 40_000_000, "{cut:?}");
    assert!(!kinds(&life).contains(&StepKind::Poll) && !kinds(&life).contains(&StepKind::HighWatermark));
    assert_eq!(life.fate, Fate::Lost);
    // The audit names it, and follows it although no log has it any more.
    go(&mut session, SimTime::from_secs(60));
    let audit = session.audit();
    let finding = audit.findings.iter().find(|finding| finding.word == "lost").expect("one");
    let named = finding.records.iter().position(|text| text.starts_with(&format!("offset {}:", end - 6)));
    session.follow_found(&finding.picks[named.expect("it is named")]).expect("a producer sent it");
    while session.follow_on(500) {}
    assert_eq!(session.life().expect("it follows").steps, life.steps);
    assert!(session.follow_found("").is_err() && session.follow_found("0 0 x 0").is_err());
}

#[test]
fn a_record_delivered_twice_says_so() {
    let mut session = run(shipped("website-activity"), &[(32, "crash consumer dashboard-1")], 100);
    let audit = session.audit();
    let finding = audit.findings.iter().find(|finding| finding.word == "delivered twice").expect("one");
    let clicks = partition(&session, &finding.partition);
    let leader = session.world().controller().image().partition(clicks).leader.unwrap().0;
    let pick = Pick::Offset { partition: clicks.0, broker: leader, offset: finding.first_offset };
    let life = follow(&mut session, pick);
    let (first, again) = (only(&life, StepKind::Poll), only(&life, StepKind::Audit));
    assert!(again.what.contains("delivered twice to group dashboard"), "{}", again.what);
    assert_eq!(again.why, finding.why);
    assert!(first.at != again.at && first.time_us < again.time_us);
    assert!(life.sentence.ends_with("It was delivered twice."), "{}", life.sentence);
}

#[test]
fn a_record_written_twice_is_followed_twice() {
    let mut session = run(shipped("website-activity"), &WRITTEN_TWICE, 50);
    let audit = session.audit();
    let finding = audit.findings.iter().find(|finding| finding.word == "duplicated").expect("one");
    let clicks = partition(&session, &finding.partition);
    let leader = session.world().controller().image().partition(clicks).leader.unwrap().0;
    let pick = Pick::Offset { partition: clicks.0, broker: leader, offset: finding.first_offset };
    let life = follow(&mut session, pick);
    assert!(life.copies.len() >= 2, "{:#?}", life.steps);
    let told = life.steps.iter().find(|step| step.kind == StepKind::Audit).expect("the audit's word");
    assert!(told.what.contains("duplicated, at offsets"), "{}", told.what);
    assert_eq!(told.why, finding.why);
    let polls = life.steps.iter().filter(|step| step.kind == StepKind::Poll).count();
    assert_eq!(polls, life.copies.len(), "each copy is delivered: {:#?}", life.steps);
    let times = format!(" It is in the log {} times: duplicated.", life.copies.len());
    assert!(life.sentence.ends_with(&times), "{}", life.sentence);
}

#[test]
fn a_record_whose_send_failed_and_that_stands_in_the_log_says_both() {
    let text = shipped("leader-dies-acks-all")
        .replace("crash machine of broker 2", "slow links of broker 2 by 600 ms")
        .replace("start broker 2", "heal links of broker 2")
        .replace(
            "acks = \"all\"",
            "acks = 1\nenable.idempotence = false\nrequest.timeout.ms = 1000\ndelivery.timeout.ms = 3000",
        );
    let mut session = run(&text, &[], 70);
    let orders = partition(&session, "orders-0");
    let findings = session.audit().findings;
    let third = |life: &Life| life.steps.iter().filter(|step| step.kind == StepKind::Append).count() == 3;
    let lives = findings.iter().filter(|finding| finding.word == "duplicated").map(|finding| {
        let pick = Pick::Offset { partition: orders.0, broker: 2, offset: finding.first_offset };
        follow(&mut session, pick)
    });
    let life = lives.into_iter().find(third).expect("one was written three times");
    only(&life, StepKind::Fail);
    assert_eq!(life.fate, Fate::Failed, "{:#?}", life.steps);
    assert_eq!(
        life.sentence,
        "Failed, as its producer was told, and yet in the log: group billing has committed beyond it. \
         It is in the log 3 times: duplicated."
    );
    let told = life.steps.iter().rfind(|step| step.kind == StepKind::Audit).expect("the audit's word");
    let offsets: Vec<String> = life.copies.iter().map(|copy| copy.0.to_string()).collect();
    assert_eq!(
        told.what,
        format!(
            "It is in the log 3 times now: duplicated, at offsets {}, {} and {}.",
            offsets[0], offsets[1], offsets[2]
        )
    );
}

#[test]
fn a_typed_record_is_followed_from_the_command_on_and_undo_takes_it_back() {
    let mut session = run(shipped("website-activity"), &[], 20);
    assert!(session.follow(Pick::LastTyped).is_err(), "none was typed");
    for _ in 0..2 {
        session.act("send by web-1 key \"user-3\" value \"hello\"".parse().unwrap()).unwrap();
    }
    let life = follow(&mut session, Pick::LastTyped);
    assert_eq!((life.key.as_deref(), life.value.as_deref()), (Some("user-3"), Some("hello")));
    assert_eq!((life.steps[0].kind, life.steps[0].time_us), (StepKind::Send, 20_000_000));
    go(&mut session, SimTime::from_secs(35));
    while session.follow_on(u64::MAX) {}
    let life = session.life().unwrap();
    assert_eq!(life.fate, Fate::Done, "{:#?}", life.steps);
    assert_eq!(life.steps.len(), 10);
    // The second of two equal records, not the first.
    let (offset, _) = life.copies[0];
    let clicks = TopicPartition(life.partition.unwrap());
    let leader = session.world().controller().image().partition(clicks).leader.unwrap();
    let before = RecordText::at(&session, leader, clicks, offset - 1);
    assert_eq!(before, RecordText::at(&session, leader, clicks, offset));
    session.undo().unwrap();
    go(&mut session, SimTime::from_secs(25));
    while session.follow_on(u64::MAX) {}
    let life = session.life().unwrap();
    assert_eq!((life.fate, life.steps.len()), (Fate::Unknown, 0), "it was never sent");
    session.redo().unwrap();
    go(&mut session, SimTime::from_secs(35));
    while session.follow_on(u64::MAX) {}
    assert_eq!(session.life().unwrap().fate, Fate::Done);
    session.unfollow();
    assert!(session.life().is_none());
}

/// Key and value of a record.
struct RecordText;

impl RecordText {
    fn at(
        session: &Session,
        broker: BrokerId,
        partition: TopicPartition,
        offset: u64,
    ) -> (Option<String>, Option<String>) {
        let replica = session.world().broker(broker).replica(partition).unwrap();
        let batch = replica.log.batch_at(offset).unwrap();
        let record = session
            .world()
            .producer(batch.source.0 as u16)
            .record(replica.index, &batch, (offset - batch.base_offset) as u32)
            .unwrap();
        (record.key, record.value)
    }
}

#[test]
fn a_typed_record_that_nobody_takes_fails_and_says_why() {
    let short = [(13, "set producer checkout delivery.timeout.ms = 40000")];
    let mut session = run(shipped("leader-dies-acks-all"), &short, 21);
    session.act("crash machine of broker 1".parse().unwrap()).unwrap();
    session.act("crash machine of broker 3".parse().unwrap()).unwrap();
    go(&mut session, SimTime::from_secs(30));
    session.act("send by checkout no key value \"hello\"".parse().unwrap()).unwrap();
    go(&mut session, SimTime::from_secs(39));
    let life = follow(&mut session, Pick::LastTyped);
    assert_eq!(life.fate, Fate::OnItsWay, "{:#?}", life.steps);
    go(&mut session, SimTime::from_secs(80));
    while session.follow_on(u64::MAX) {}
    let life = session.life().unwrap();
    assert!(only(&life, StepKind::Fail).why.contains("delivery.timeout.ms"), "{:#?}", life.steps);
    assert_eq!(life.fate, Fate::Failed, "{:#?}", life.steps);
}

#[test]
fn a_record_that_had_to_wait_says_what_held_it() {
    let alone = shipped("leader-dies-acks-all")
        .replace("placement = [[2, 3, 1]]", "placement = [[2]]")
        .replace("replication-factor = 3", "replication-factor = 1")
        .replace("min.insync.replicas = 2", "min.insync.replicas = 1")
        .replace("crash machine of broker 2", "crash broker 2");
    for (text, typed_ms, held) in [
        (
            shipped("leader-dies-acks-all"),
            20_500,
            " It waited 29.525 s: 5 requests to broker 2 had no answer, and max.in.flight.requests.per.connection \
             allows no more. They were given up after request.timeout.ms (30 s).",
        ),
        (&alone, 40_000, ": its producer knew of no leader of orders-0."),
        (
            shipped("too-few-in-sync"),
            30_000,
            " behind earlier batches of orders-0, which are sent again first. \
             NOT_ENOUGH_REPLICAS: fewer replicas are in sync than min.insync.replicas asks for.",
        ),
        (shipped("too-few-in-sync"), 15_000, " bytes."),
    ] {
        let mut session = run(text, &[], 14);
        go(&mut session, SimTime::from_ms(typed_ms));
        session.act("send by checkout key \"customer-1\" value \"hello\"".parse().unwrap()).unwrap();
        go(&mut session, SimTime::from_secs(85));
        let life = follow(&mut session, Pick::LastTyped);
        let first = life.steps.iter().find(|step| step.kind == StepKind::Batch).expect("it is sent");
        assert!(first.why.ends_with(held), "at {typed_ms} ms: {}", first.why);
    }
}

#[test]
fn retention_ends_a_life() {
    let commands =
        [(13, "set topic clicks segment.ms = 10000"), (13, "set topic clicks retention.ms = 30000")];
    let mut session = run(shipped("website-activity"), &commands, 20);
    let clicks = partition(&session, "clicks-0");
    let pick = session.newest_records(Subject::Partition(clicks.0))[0].pick;
    session.follow(pick).unwrap();
    go(&mut session, SimTime::from_secs(700));
    assert!(session.follow(pick).is_err(), "it is not retained any more");
    while session.follow_on(u64::MAX) {}
    let life = session.life().unwrap();
    let deleted = life.steps.iter().find(|step| step.kind == StepKind::Retention).expect("it is deleted");
    assert!(deleted.why.contains("retention.ms"));
}
