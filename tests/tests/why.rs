//! "Why": chains of causes with their moments and the configuration that decided, from scenarios as data; and over random
//! faults what must hold of every chain.
use kafkarium_core::history::Session;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::chain::{Cause, Chain};
use kafkarium_core::observe::life::{Pick, StepKind};
use kafkarium_tests::{WRITTEN_TWICE, go, random, run, shipped};

/// Asks, a slice at a time as the page does, and hears the whole answer.
fn ask(session: &mut Session, question: &str) -> Chain {
    let here = (session.now(), session.digest(), session.world().full_digest());
    session.why(question).unwrap_or_else(|error| panic!("{question}: {error}"));
    while session.why_on(700) {}
    let chain = session.chain().expect("it was asked");
    let after = (session.now(), session.digest(), session.world().full_digest());
    assert_eq!(here, after, "asking changes nothing");
    assert_eq!(chain.looking, "", "{question}");
    chain
}

/// The question of the first line of the story with these words.
fn question(session: &Session, words: &str) -> (String, u64) {
    let line = session.story(0).into_iter().find(|line| line.what.contains(words) && !line.ask.is_empty());
    let line = line.unwrap_or_else(|| panic!("no line that can be asked says: {words}"));
    (line.ask, line.time_us)
}

/// Time, text and settings as one line.
fn shown(cause: &Cause) -> String {
    let settings = cause.settings.iter().map(|setting| format!(" [{} {}]", setting.of, setting.line));
    let (s, ms) = (cause.time_us / 1_000_000, cause.time_us / 1_000 % 1_000);
    format!("{s}.{ms:03} {}{}", cause.text, settings.collect::<String>())
}

/// The chain of the first line with these words; it must end with that line's moment.
fn chain_of(session: &mut Session, words: &str) -> Chain {
    let (question, at) = question(session, words);
    let chain = ask(session, &question);
    assert_eq!(chain.causes.last().map(|cause| cause.time_us), Some(at), "{chain:#?}");
    chain
}

/// Each expected piece stands in a cause, in this order; a cause may hold several.
#[track_caller]
fn expect(causes: &[Cause], pieces: &[&str]) {
    let lines: Vec<String> = causes.iter().map(shown).collect();
    let mut from = 0;
    for piece in pieces {
        let found = lines[from..].iter().position(|line| line.contains(piece));
        from +=
            found.unwrap_or_else(|| panic!("{piece:?} does not come in its place:\n{}", lines.join("\n")));
    }
}

#[test]
fn a_leader_change_goes_back_to_the_crash_and_on_to_the_first_write() {
    let mut session = run(shipped("leader-dies-acks-1"), &[], 60);
    let chain = chain_of(&mut session, "Broker 3 now leads orders-0");
    assert_eq!(chain.title, "Why broker 3 leads orders-0 (leader epoch 1)");
    expect(
        &chain.causes,
        &[
            "18.018 The last heartbeat of broker 2",
            "20.000 Command: crash broker 2.",
            "28.125 The controller fenced broker 2",
            "[brokers broker.session.timeout.ms=9000]",
            "28.125 Broker 3 became the leader of orders-0 (leader epoch 1): of the assignment (2, 3, 1)",
        ],
    );
    expect(&chain.after, &["Broker 3 learned", "first write to the new leader", "after broker 2 crashed"]);
    assert_eq!(chain.gap, "");
}

#[test]
fn a_lost_record_is_told_from_its_sending_to_the_truncation() {
    let mut session = run(shipped("leader-dies-acks-1"), &[], 60);
    let chain = chain_of(&mut session, "lost although acknowledged");
    expect(
        &chain.causes,
        &[
            "16.000 Command: slow links of broker 3 by 500 ms.",
            "Producer checkout sent its batch (1 record) to broker 2.",
            "Broker 2, the leader, appended it at offset 386 (leader epoch 0).",
            "with acks=1 the leader answers as soon as its own log has it. [producer checkout acks=1]",
            "20.000 Command: crash broker 2.",
            "20.000 At this moment the log of broker 3 ended at offset 386: it had no copy of the record. Its Fetch request to broker 2",
            "[brokers broker.session.timeout.ms=9000]",
            "Broker 3 became the leader",
            "Broker 3 begins to lead, and its log ends at offset 386, before the record: the record is lost. Broker 2 still has it",
        ],
    );
    expect(&chain.after, &["40.002 Broker 2 follows now: it cut its log back to offset 386"]);
}

#[test]
fn a_lost_records_chain_and_its_life_have_the_same_moments() {
    let mut session = run(shipped("leader-dies-acks-1"), &[], 20);
    let orders = session.names().partitions.iter().position(|(name, ..)| name == "orders").unwrap() as u32;
    session.follow(Pick::Offset { partition: orders, broker: 2, offset: 386 }).unwrap();
    go(&mut session, SimTime::from_secs(60));
    while session.follow_on(u64::MAX) {}
    let life = session.life().unwrap();
    let when = |kind| life.steps.iter().find(|step| step.kind == kind).map(|step| step.time_us);
    let chain = chain_of(&mut session, "lost although acknowledged");
    let told = |words: &str| {
        let mut all = chain.causes.iter().chain(&chain.after);
        all.find(|cause| cause.text.contains(words)).map(|cause| cause.time_us)
    };
    assert_eq!(told("sent its batch"), when(StepKind::Batch));
    assert_eq!(told("appended it at"), when(StepKind::Append));
    assert_eq!(told("was told that it is written"), when(StepKind::Acknowledge));
    assert_eq!(told("the record is lost"), when(StepKind::Audit));
    assert_eq!(told("cut its log back"), when(StepKind::Truncate));
    let finding = &session.audit().findings[0];
    assert_eq!((finding.word.as_str(), told("the record is lost")), ("lost", Some(finding.time_us)));
    assert_eq!(finding.ask, question(&session, "lost although").0, "the audit asks what the story asks");
}

#[test]
fn a_power_loss_names_the_disks_and_who_came_back() {
    let mut session = run(shipped("rack-lost"), &[], 100);
    let chain = chain_of(&mut session, "lost although acknowledged");
    expect(
        &chain.causes,
        &[
            "once all of the ISR (2, 5, 8) have it. [producer till acks=all] [topic payments min.insync.replicas=2]",
            "48.000 Command: crash machine of broker 2.",
            "48.000 The disk of broker 2 ends at offset 177",
            "Nobody leads payments-0",
            "[topic payments unclean.leader.election.enable=false]",
            "72.000 Command: start broker 2.",
            "72.000 Broker 2 registered again after a crash",
            "it led last",
            "No replica has it any more.",
        ],
    );
    let chain = chain_of(&mut session, "have no leader");
    assert_eq!(chain.title, "Why payments-0 has no leader");
    expect(&chain.after, &["73.012 Broker 2 leads payments-0 again: nobody led it for 17.867 s."]);
}

#[test]
fn a_second_delivery_is_told_from_the_commit_that_did_not_reach_it() {
    let mut session = run(shipped("at-most-once-at-least-once"), &[], 75);
    let chain = chain_of(&mut session, "for the second time");
    expect(
        &chain.causes,
        &[
            "was offset 251, which is not behind the record. Its application commits what poll() returned after it has processed it. [group at-least-once enable.auto.commit=false]",
            "Consumer at-least-once-1 was given the record.",
            "32.000 Command: crash consumer at-least-once-1.",
            "[group at-least-once session.timeout.ms=10000]",
            "Consumer at-least-once-2 got payments-0 in generation 2.",
            "Consumer at-least-once-2 was given it, for the second time in its group: offset 251",
        ],
    );
    let chain = chain_of(&mut session, "never processed");
    expect(
        &chain.causes,
        &[
            "Consumer at-most-once-1 was given the record",
            "The group committed offset 263, behind the record. Its application commits what poll() returned before it processes it.",
            "32.000 Command: crash consumer at-most-once-1.",
            "has ended with the record unprocessed",
        ],
    );
}

#[test]
fn auto_commit_is_named_when_it_decides() {
    let mut session = run(shipped("website-activity"), &[(32, "crash consumer dashboard-1")], 100);
    let chain = chain_of(&mut session, "for the second time");
    expect(
        &chain.causes,
        &[
            "[group dashboard enable.auto.commit=true] [group dashboard auto.commit.interval.ms=5000]",
            "32.000 Command: crash consumer dashboard-1.",
            "[group dashboard session.timeout.ms=45000]",
        ],
    );
}

#[test]
fn a_refusal_tells_who_left_the_isr() {
    let mut session = run(shipped("too-few-in-sync"), &[], 75);
    let chain = chain_of(&mut session, "refuses records of orders-0");
    expect(
        &chain.causes,
        &[
            "20.000 Command: stop broker 2.",
            "Broker 2 left the ISR of orders-0 (now: 1, 3): brokers that shut down are in none.",
            "24.000 Command: stop broker 3.",
            "Broker 3 left the ISR of orders-0 (now: 1)",
            "its ISR has 1 member, they ask for acks=all, and min.insync.replicas is 2. [topic orders min.insync.replicas=2] [producer checkout acks=all]",
        ],
    );
    expect(
        &chain.after,
        &[
            "45.504 The ISR of orders-0 is large enough again: brokers 1 and 2.",
            "is written and acknowledged, 21.939 s after",
        ],
    );
}

#[test]
fn a_replica_that_fell_behind_is_passed_over_for_its_lag() {
    let text = shipped("leader-dies-acks-1")
        .replace("[[topic]]", "[cluster.config]\nreplica.lag.time.max.ms = 3000\n[[topic]]");
    let text = text.replace("slow links of broker 1 by 500 ms", "slow links of broker 3 by 2 s");
    let text = text.replace("slow links of broker 3 by 500 ms", "slow links of broker 3 by 2 s");
    let mut session = run(&text.replace("at = \"20 s\"", "at = \"28 s\""), &[], 60);
    let chain = chain_of(&mut session, "Broker 1 now leads orders-0");
    expect(
        &chain.causes,
        &[
            "16.000 Command: slow links of broker 3 by 2 s.",
            "Broker 3 left the ISR of orders-0 (now: 2, 1): its leader, broker 2, had not seen it caught up for replica.lag.time.max.ms (3 s)",
            "28.000 Command: crash broker 2.",
            "Broker 1 became the leader of orders-0 (leader epoch 1): of the assignment (2, 3, 1)",
        ],
    );
    expect(&chain.causes, &["[brokers replica.lag.time.max.ms=3000]"]);
    expect(&chain.after, &["after broker 2 crashed."]);
}

#[test]
fn a_pause_is_told_with_who_caused_it_and_how_long_nobody_read() {
    let mut session = run(shipped("slow-consumer"), &[], 120);
    let chain = chain_of(&mut session, "Group sorting rebalances");
    expect(
        &chain.causes,
        &[
            "45.000 Command: add consumer to sorting.",
            "joined group sorting (JoinGroup).",
            "Group sorting rebalances",
            "[group sorting partition.assignment.strategy=RangeAssignor,CooperativeStickyAssignor]",
        ],
    );
    expect(
        &chain.after,
        &[
            "all members have joined, consumer sorting-1 last: generation 2",
            "[group sorting heartbeat.interval.ms=3000]",
            "is stable again",
            "Consumer sorting-4 got parcels-",
            "Reading goes on",
        ],
    );
}

#[test]
fn a_pause_because_of_a_slow_application_names_its_limit() {
    let commands =
        [(13, "set group sorting max.poll.interval.ms = 10000"), (30, "slow consumer sorting-1 to 20000 %")];
    let mut session = run(shipped("slow-consumer"), &commands, 60);
    let lines = session.story(0);
    let line = lines.iter().rev().find(|line| line.what.contains("no members left")).expect("it left");
    let chain = ask(&mut session, &line.ask);
    assert_eq!(chain.causes.last().map(|cause| cause.time_us), Some(line.time_us));
    expect(
        &chain.causes,
        &[
            "30.000 Command: slow consumer sorting-1 to 20000 %.",
            "left by itself (LeaveGroup): poll() was not called for longer than max.poll.interval.ms (10 s). [group sorting max.poll.interval.ms=10000]",
        ],
    );
}

#[test]
fn a_record_written_twice_tells_the_answer_that_came_late() {
    let mut session = run(shipped("website-activity"), &WRITTEN_TWICE, 50);
    let chain = chain_of(&mut session, "written twice");
    expect(
        &chain.causes,
        &[
            "20.000 Command: slow links of broker 1 by 600 ms.",
            "Producer web-1 sent its batch",
            "appended it at offset",
            "with acks=all it waits until broker 1, which is in sync, has a copy. [producer web-1 acks=all]",
        ],
    );
    expect(
        &chain.causes,
        &[
            "no answer came within request.timeout.ms. It tries again. [producer web-1 request.timeout.ms=1000]",
            "Producer web-1 sent the batch again",
        ],
    );
    expect(&chain.causes, &["appended the batch again", "[producer web-1 enable.idempotence=false]"]);
    expect(&chain.after, &["was given the second copy"]);
}

#[test]
fn a_failed_send_tells_its_limit_and_what_was_missing() {
    let short = [
        (13, "set producer checkout request.timeout.ms = 10000"),
        (14, "set producer checkout delivery.timeout.ms = 20000"),
    ];
    let scenario = shipped("too-few-in-sync");
    let mut session = run(scenario, &short, 75);
    let chain = chain_of(&mut session, "gave records of orders-0 up");
    expect(
        &chain.causes,
        &[
            "20.000 Command: stop broker 2.",
            "24.000 Command: stop broker 3.",
            "Attempt 1 had no good answer. NOT_ENOUGH_REPLICAS",
            "send() failed.",
        ],
    );
    expect(&chain.causes, &["[producer checkout delivery.timeout.ms=20000]"]);
}

#[test]
fn a_failed_send_tells_what_kept_the_leader_from_answering() {
    let text = shipped("leader-dies-acks-all")
        .replace("crash machine of broker 2", "slow links of broker 2 by 600 ms")
        .replace("start broker 2", "heal links of broker 2")
        .replace(
            "acks = \"all\"",
            "acks = 1\nenable.idempotence = false\nrequest.timeout.ms = 1000\ndelivery.timeout.ms = 3000",
        );
    let chain = chain_of(&mut run(&text, &[], 70), "gave records of orders-0 up");
    expect(
        &chain.causes,
        &[
            "20.000 Command: slow links of broker 2 by 600 ms.",
            "Attempt 1 had no good answer. REQUEST_TIMED_OUT",
            "send() failed.",
        ],
    );
    let dead = shipped("leader-dies-acks-all")
        .replace("acks = \"all\"", "acks = \"all\"\ndelivery.timeout.ms = 31000");
    let chain =
        chain_of(&mut run(&dead, &[(25, "cut links of broker 3")], 70), "gave records of orders-0 up");
    expect(&chain.causes, &["20.000 Command: crash machine of broker 2.", "Attempt 1 had no good answer."]);
}

#[test]
fn a_coordinator_moves_with_the_leader_of_its_partition() {
    let mut session = run(shipped("too-few-in-sync"), &[], 75);
    let chain = chain_of(&mut session, "now coordinates group billing");
    expect(
        &chain.causes,
        &[
            "24.000 Command: stop broker 3.",
            "Broker 1 became the leader of __consumer_offsets-9",
            "read the members and offsets of group billing back from __consumer_offsets-9",
        ],
    );
    expect(&chain.after, &["took its first commit of group billing"]);
}

#[test]
fn an_unclean_election_names_the_key_that_allowed_it() {
    let commands = [
        (15, "set topic clicks unclean.leader.election.enable = true"),
        (20, "crash broker 2"),
        (22, "crash broker 3"),
        (40, "crash broker 1"),
        (55, "start broker 2"),
    ];
    let mut session = run(shipped("website-activity"), &commands, 70);
    let chain = chain_of(&mut session, "Broker 2 now leads");
    expect(
        &chain.causes,
        &[
            "40.000 Command: crash broker 1.",
            "Nobody leads",
            "55.000 Command: start broker 2.",
            "an unclean election",
        ],
    );
    expect(&chain.causes, &["[topic clicks unclean.leader.election.enable=true]"]);
}

#[test]
fn the_preferred_leader_returns_by_its_own_key() {
    let interval = "[cluster.config]\nleader.imbalance.check.interval.seconds = 30\n[[topic]]";
    let text = shipped("leader-dies-acks-all").replace("[[topic]]", interval);
    let mut session = run(&text, &[], 100);
    let lines = session.story(0);
    let line =
        lines.iter().find(|line| line.why.contains("auto.leader.rebalance.enable")).expect("it returns");
    let chain = ask(&mut session, &line.ask);
    expect(
        &chain.causes,
        &[
            "28.125 From here on broker 3 led orders-0.",
            "Broker 2 had caught up, and came into the ISR",
            "[brokers auto.leader.rebalance.enable=true] [brokers leader.imbalance.check.interval.seconds=30]",
        ],
    );
}

#[test]
fn an_undone_cause_is_not_asked_any_more_and_the_answer_follows_the_run() {
    let mut session = run(shipped("leader-dies-acks-all"), &[], 19);
    session.act("crash broker 3".parse().unwrap()).unwrap();
    go(&mut session, SimTime(28_200_000));
    let (question, _) = question(&session, "now leads orders-0");
    let early = ask(&mut session, &question);
    assert!(early.after.len() < 2, "nothing more is known yet: {early:#?}");
    go(&mut session, SimTime::from_secs(80));
    while session.why_on(u64::MAX) {}
    let late = session.chain().unwrap();
    assert_eq!(early.causes, late.causes);
    assert!(late.after.len() >= 2, "{late:#?}");
    session.undo().unwrap();
    assert!(session.chain().is_none(), "what was asked lies in a future that is no more");
    assert!(session.why("leader 9999 0 1").is_err() && session.why("why not").is_err());
}

/// Random runs that are asked.
const SEEDS: u64 = 150;

/// What must hold of an answer to whatever was asked.
fn check(session: &mut Session, question: &str, at_us: u64) -> Result<(), String> {
    let chain = ask(session, question);
    let times: Vec<u64> = chain.causes.iter().map(|cause| cause.time_us).collect();
    let wrong = if chain.title.is_empty() {
        "no title"
    } else if times.last() != Some(&at_us) {
        "it does not end with the event"
    } else if !times.is_sorted() || !chain.after.is_sorted_by_key(|cause| cause.time_us) {
        "not in order"
    } else if chain.after.iter().any(|cause| cause.time_us < at_us) {
        "what came of it came before"
    } else if chain
        .causes
        .iter()
        .chain(&chain.after)
        .any(|cause| cause.text.is_empty() || cause.about.is_none())
    {
        "a step says nothing"
    } else {
        return Ok(());
    };
    Err(format!("{question}: {wrong}: {chain:#?}"))
}

/// One random run: asks everything that its story and its audit can be asked; how often, and what was wrong.
fn ask_everything(seed: u64) -> (u64, Vec<String>) {
    let mut session = run(&random::scenario_text(seed), &[], 60);
    let digest = session.world().full_digest();
    let lines = session.story(0).into_iter().map(|line| (line.ask, line.time_us));
    let findings = session.audit().findings.into_iter().map(|finding| (finding.ask, finding.time_us));
    let mut all: Vec<(String, u64)> = lines.chain(findings).filter(|(ask, _)| !ask.is_empty()).collect();
    all.sort();
    all.dedup();
    let wrong = all.iter().filter_map(|(question, at)| check(&mut session, question, *at).err());
    let wrong: Vec<String> = wrong.map(|wrong| format!("seed {seed}: {wrong}")).collect();
    assert_eq!(digest, session.world().full_digest());
    (all.len() as u64, wrong)
}

#[test]
fn whatever_is_asked_of_random_faults_has_an_answer_that_ends_with_the_event() {
    let (asked, wrong) = std::thread::scope(|scope| {
        let half = |from: u64| {
            scope.spawn(move || (from..=SEEDS).step_by(2).map(ask_everything).collect::<Vec<_>>())
        };
        let halves = [half(1), half(2)].into_iter().flat_map(|half| half.join().expect("no answer panics"));
        halves.fold((0, Vec::new()), |(asked, mut wrong), (more, others)| {
            wrong.extend(others);
            (asked + more, wrong)
        })
    });
    assert!(asked > 700, "only {asked} questions");
    assert!(wrong.is_empty(), "{} of {asked} answers are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
