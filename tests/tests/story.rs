//! What is told of a run: nothing false, nothing twice, no flood; metrics that mean what Kafka's mean.
use kafkarium_core::history::Session;
use kafkarium_core::observe::metrics_table::Metric;
use kafkarium_core::observe::report::Subject;
use kafkarium_tests::stage::{PLAIN, Setting};
use kafkarium_tests::{run, shipped};

#[test]
fn a_failover_makes_no_jump_in_messages_in() {
    let session = run(shipped("leader-dies-acks-all"), &[], 90);
    let metrics = session.metrics(Subject::Cluster);
    let rates = metrics.columns.iter().find(|one| one.metric == Metric::MessagesInPerSec).expect("a metric");
    let points: Vec<(u64, u64)> =
        metrics.times_us.iter().copied().zip(rates.values.iter().flatten().copied()).collect();
    // 20 records a second until the leader's machine dies at 20 s. Its producer waits for an answer until 50 s; the
    // election at 28 s appends nothing.
    let within = |from: u64, to: u64| {
        points.iter().filter(move |&&(at, _)| (from..=to).contains(&(at / 1_000_000))).map(|&(_, rate)| rate)
    };
    assert!(within(2, 20).all(|rate| rate == 20), "{points:?}");
    assert!(within(22, 49).all(|rate| rate == 0), "{points:?}");
    assert!(within(52, 89).all(|rate| rate <= 21), "{points:?}");
    let appended: u64 = points.iter().map(|&(_, rate)| rate).sum();
    let audit = session.audit();
    assert_eq!((audit.lost, audit.duplicated), (0, 0));
    assert!(appended.abs_diff(audit.acknowledged) <= 40, "{appended} of {}", audit.acknowledged);
}

/// What is told from a second on, as `what` of lines that a person sees.
fn told(session: &Session, from_s: u64) -> Vec<String> {
    let lines = session.story(0).into_iter();
    let shown = lines.filter(|line| line.weight >= 1 && line.time_us >= from_s * 1_000_000);
    shown.map(|line| line.what).collect()
}

#[test]
fn a_power_loss_is_one_line_after_its_command() {
    let session = run(shipped("leader-dies-acks-all"), &[], 70);
    let lines = told(&session, 20);
    assert_eq!(lines[0], "Command: crash machine of broker 2.");
    assert_eq!(lines[1], "Power loss: 397 records of 1 partition are gone from broker 2's disk.");
    assert!(
        !lines.iter().any(|line| line.contains("cut its log") || line.contains("__consumer")),
        "{lines:?}"
    );
    let labels = session.timeline(Subject::Cluster).markers.into_iter().map(|marker| marker.label);
    assert_eq!(labels.filter(|label| label.contains("truncated")).count(), 0);
}

const UNCLEAN: [(u64, &str); 7] = [
    (15, "set topic clicks unclean.leader.election.enable = true"),
    (20, "crash broker 2"),
    (22, "crash broker 3"),
    (40, "crash broker 1"),
    (55, "start broker 2"),
    (70, "start broker 1"),
    (80, "start broker 3"),
];

#[test]
fn logs_that_a_broker_cuts_at_once_are_one_line() {
    let lines = told(&run(shipped("website-activity"), &UNCLEAN, 90), 70);
    let cuts: Vec<&String> = lines.iter().filter(|line| line.contains(" cut its log")).collect();
    assert_eq!(cuts.len(), 2, "{cuts:?}");
    assert!(cuts[0].starts_with("Broker 1 cut its logs of clicks-1 and clicks-2 back: "), "{cuts:?}");
    assert!(cuts[1].starts_with("Broker 3 cut its logs of clicks-1 and clicks-2 back: "), "{cuts:?}");
}

#[test]
fn an_unclean_election_is_told_with_its_true_causes() {
    let session = run(shipped("website-activity"), &UNCLEAN, 90);
    let why_of = |words: &str| {
        let found = session.story(0).into_iter().find(|line| line.what.contains(words));
        found.unwrap_or_else(|| panic!("no line says: {words}")).why
    };
    assert_eq!(why_of("have no leader"), "Broker 1 was fenced. No other replica is alive.");
    assert!(why_of("Broker 2 now leads").contains("It was not in sync"));
    assert!(why_of("lost although acknowledged").contains("an unclean election"));
    assert!(why_of("goes back from offset").contains("OffsetForLeaderEpoch"));
    // Other records stand at those offsets now: nothing is delivered twice, nothing reset.
    let lines = told(&session, 40);
    assert!(!lines.iter().any(|line| line.contains("goes from offset")), "{lines:#?}");
}

#[test]
fn power_that_took_the_only_copy_is_named_as_the_cause() {
    let text = shipped("website-activity");
    let single = text.replace("replication-factor = 3", "replication-factor = 1");
    let single = single.replace("min.insync.replicas = 2", "min.insync.replicas = 1");
    let session = run(&single, &[(20, "crash machine of broker 2"), (40, "start broker 2")], 60);
    let findings = session.audit().findings;
    let lost = findings.iter().find(|finding| finding.word == "lost").expect("its only copy is gone");
    assert!(lost.why.starts_with("The power loss of broker 2 took what was not on disk yet"), "{}", lost.why);
    let lines = session.story(0);
    let power = lines.iter().find(|line| line.what.starts_with("Power loss")).expect("it is told");
    assert!(power.next.starts_with("Some were on this disk only"), "{}", power.next);
}

#[test]
fn a_command_that_restarts_clients_says_so() {
    let commands = [
        (20, "set producer web-1 linger.ms = 20"),
        (30, "set group dashboard max.poll.records = 10"),
        (40, "stop producer web-2"),
    ];
    let lines = told(&run(shipped("website-activity"), &commands, 50), 20);
    let count = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
    assert_eq!(count("Producer web-1 closed, and starts again."), 1);
    assert_eq!(count("closed, and starts again."), 4);
    assert_eq!(count("Producer web-2 has closed."), 1);
}

#[test]
fn every_line_says_what_why_and_what_next() {
    let faults = [
        (14, "slow links of broker 3 by 200 ms"),
        (16, "freeze broker 1"),
        (18, "crash consumer dashboard-2"),
        (20, "thaw broker 2"),
        (30, "thaw broker 1"),
        (32, "cut links of rack b"),
        (50, "heal links of rack b"),
        (52, "heal links of broker 3"),
        (54, "stop broker 3"),
        (60, "start broker 3"),
        (62, "set topic clicks min.insync.replicas = 3"),
        (64, "crash broker 2"),
        (66, "start broker 2"),
        (70, "start consumer dashboard-2"),
        (72, "add consumer to dashboard"),
        (74, "slow consumer dashboard-1 to 900 %"),
        (76, "stop consumer dashboard-3"),
        (78, "set rate of web-1 to 90/s"),
        (80, "add producer like web-1"),
        (82, "send by web-1 key \"user-1\" value \"hello\""),
        (84, "set brokers log.retention.ms = 60000"),
        (86, "stop producer web-2"),
        (88, "freeze consumer dashboard-1"),
        (90, "crash machine of broker 1"),
    ];
    for (text, commands) in
        [(shipped("website-activity"), &faults[..]), (shipped("website-activity"), &UNCLEAN)]
    {
        let lines = run(text, commands, 150).story(0);
        assert!(lines.len() > 40, "{}", lines.len());
        for line in lines {
            assert!(!line.what.is_empty() && !line.why.is_empty() && !line.next.is_empty(), "{line:?}");
        }
    }
}

#[test]
fn a_fault_in_the_large_scene_does_not_flood_the_story() {
    let text = include_str!("../../scenarios/bench/large.toml");
    let session = run(text, &[(14, "crash machine of broker 5"), (30, "start broker 5")], 34);
    let lines = told(&session, 14);
    assert!((10..=40).contains(&lines.len()), "{} lines: {lines:#?}", lines.len());
    let says = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
    assert_eq!(says("Power loss"), 1);
    assert_eq!(says("have other leaders now"), 1);
    assert_eq!(says("Broker 5 is no longer in sync for 100 partitions."), 1);
    assert!(session.timeline(Subject::Cluster).markers.len() <= 6);
}

#[test]
fn a_member_that_polls_too_late_is_told_to_have_left_for_that() {
    let text = shipped("website-activity")
        .replace("[group.config]", "[group.config]\nmax.poll.interval.ms = 8000\nsession.timeout.ms = 7000");
    let commands = [(20, "slow consumer dashboard-1 to 1000000 %"), (50, "stop consumer dashboard-2")];
    let lines = run(&text, &commands, 60).story(0);
    let why_after = |from_s: u64| {
        let mut lines = lines.iter().filter(|line| line.time_us >= from_s * 1_000_000);
        lines.find(|line| line.what.contains("rebalances")).map_or("", |line| line.why.as_str())
    };
    assert!(
        why_after(20).starts_with("Member dashboard-1 left by itself: it did not call poll()"),
        "{}",
        why_after(20)
    );
    assert_eq!(why_after(50), "Member dashboard-2 closed, and left.");
}

#[test]
fn a_partition_with_several_findings_is_named_once() {
    // Requests sent again over slow links arrive together once those are healed.
    let text = shipped("leader-dies-acks-all")
        .replace("crash machine of broker 2", "slow links of broker 2 by 600 ms")
        .replace("start broker 2", "heal links of broker 2")
        .replace("acks = \"all\"", "acks = 1\nenable.idempotence = false\nrequest.timeout.ms = 1000");
    let lines = told(&run(&text, &[], 70), 20);
    let twice = |line: &&String| line.contains("written twice") || line.contains("duplicated");
    let twice: Vec<&String> = lines.iter().filter(twice).collect();
    assert_eq!(twice[0], "5 records of orders-0 written twice.");
    assert!(twice.contains(&&"More records: duplicated.".to_owned()), "{twice:?}");
    assert!(twice.iter().all(|line| !line.contains("partition")), "{twice:?}");
}

#[test]
fn a_line_that_speaks_for_a_crowd_speaks_of_many() {
    let faults = [
        (14, "cut links of broker 5"),
        (16, "slow links of broker 3 by 9 s"),
        (18, "crash machine of broker 2"),
        (20, "crash broker 1"),
        (30, "heal links of broker 5"),
        (32, "start broker 2"),
        (33, "start broker 1"),
        (34, "heal links of broker 3"),
    ];
    let lines = run(include_str!("../../scenarios/bench/large.toml"), &faults, 40).story(0);
    let crowds: Vec<_> = lines.iter().filter(|line| line.what.starts_with("More ")).collect();
    assert!(crowds.len() > 10, "{crowds:#?}");
    for line in crowds {
        let mut sentences = line.why.split(". ").chain(line.next.split(". "));
        assert!(!sentences.any(|one| one.starts_with("It ") || one.starts_with("Its ")), "{line:?}");
    }
    let unfenced = lines.iter().find(|line| line.what == "More brokers are unfenced.").expect("twelve start");
    assert_eq!(unfenced.why, "They send heartbeats, and have caught up with the metadata.");
}

#[test]
fn the_timeline_of_a_cluster_shows_the_brokers_in_trouble() {
    let text = Setting { brokers: 9, ..PLAIN }.text();
    let rows = |commands: &[(u64, &str)]| {
        let timeline = run(&text, commands, 40).timeline(Subject::Cluster);
        timeline.bands.into_iter().map(|band| band.label).collect::<Vec<String>>()
    };
    assert_eq!(rows(&[]), ["broker 1", "broker 2", "broker 3"]);
    let faults = [(10, "crash broker 7"), (11, "crash machine of broker 5"), (30, "start broker 5")];
    assert_eq!(rows(&faults), ["broker 1", "broker 5", "broker 7"]);
    let more = [
        (9, "crash broker 3"),
        (12, "freeze broker 6"),
        (14, "thaw broker 6"),
        (15, "freeze broker 9"),
        (16, "crash broker 8"),
    ];
    assert_eq!(rows(&[&faults[..2], &more].concat()), ["broker 5", "broker 8", "broker 9"], "the latest");
}

#[test]
fn writes_that_are_acknowledged_again_are_told_once() {
    let all = "leads it now, and every in-sync replica has the record.";
    let one = "Broker 3 leads it now, and has the record: with acks=1 its own log is enough.";
    let enough = "Enough replicas are in sync for min.insync.replicas (2), and all of those have the record.";
    let none: &[(u64, &str)] = &[];
    for (scenario, commands, wanted) in [
        ("website-activity", none, none),
        ("website-activity", &[(20, "stop broker 1")], none),
        ("website-activity", &[(20, "crash broker 1")], &[(28, all)]),
        ("leader-dies-acks-all", none, &[(50, all)]),
        ("leader-dies-acks-1", none, &[(31, one)]),
        ("too-few-in-sync", none, &[(45, enough)]),
        ("rack-lost", none, &[(72, all), (73, all), (73, all)]),
    ] {
        let lines = run(shipped(scenario), commands, 90).story(0).into_iter();
        let lines: Vec<_> = lines.filter(|line| line.what.ends_with("are acknowledged again.")).collect();
        assert_eq!(lines.len(), wanted.len(), "{scenario}: {lines:#?}");
        for (line, (at_s, why)) in lines.iter().zip(wanted) {
            assert!(line.time_us / 1_000_000 == *at_s && line.why.ends_with(why), "{scenario}: {line:?}");
            assert_eq!(line.weight, 2);
        }
    }
}

#[test]
fn writes_that_are_refused_are_a_turning_point() {
    let session = run(shipped("too-few-in-sync"), &[], 40);
    let mut refused = session.story(0).into_iter().filter(|line| line.what.contains("refuses records"));
    let line = refused.next().expect("one line");
    assert_eq!(line.what, "Broker 1 refuses records of orders-0: NOT_ENOUGH_REPLICAS.");
    // Heavier than that a broker has shut down, which comes after it: the caption stays with what lasts.
    assert_eq!((line.weight, refused.next()), (3, None));
    let labels = session.timeline(Subject::Cluster).markers.into_iter().map(|marker| marker.label);
    assert_eq!(labels.filter(|label| label == "orders-0: writes refused").count(), 1);
}
