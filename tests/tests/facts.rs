//! What expectations measure, of everything and of one topic or group; and what is told of commands in vain.
use kafkarium_core::history::Session;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::report::{StoryLine, Summary};
use kafkarium_tests::{run, shipped};

/// What was measured for an expectation, as it is written.
fn measured<'s>(summary: &'s Summary, fact: &str) -> &'s str {
    let found = summary.expectations.iter().find(|one| one.text.starts_with(fact));
    &found.unwrap_or_else(|| panic!("nothing is expected of {fact}")).measured
}

fn line<'s>(story: &'s [StoryLine], words: &str) -> &'s StoryLine {
    story.iter().find(|line| line.what.contains(words)).unwrap_or_else(|| panic!("no line says: {words}"))
}

#[test]
fn the_same_crash_costs_one_group_records_and_gives_the_other_the_same_twice() {
    let session = run(shipped("at-most-once-at-least-once"), &[], 75);
    let findings = session.audit().findings;
    let [never, twice] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((never.word.as_str(), twice.word.as_str()), ("never processed", "delivered twice"));
    assert!(never.why.contains("at-most-once delivery") && twice.why.contains("at-least-once delivery"));
    assert_eq!(never.records, twice.records, "both held the same records");
    assert_eq!(session.audit().never_processed, never.count);
}

#[test]
fn a_consumer_that_stops_leaves_nothing_unprocessed() {
    let text = shipped("at-most-once-at-least-once").replace("crash consumer", "stop consumer");
    let audit = run(&text, &[], 75).audit();
    assert_eq!((audit.never_processed, audit.delivered_twice), (0, 0));
}

#[test]
fn one_topic_and_one_group_are_measured_alone() {
    let summary = run(shipped("rack-lost"), &[], 100).summary();
    assert_eq!(measured(&summary, "lost of topic orders"), "0");
    assert_eq!(measured(&summary, "lost of topic payments"), summary.audit.lost.to_string());
    let more = "[expect.topic.meals]\nacknowledged = 0\ndelivered = 0\n[view]";
    let text = shipped("more-consumers-than-partitions").replace("[view]", more);
    let summary = run(&text, &[], 70).summary();
    assert_eq!(measured(&summary, "acknowledged of topic meals"), summary.audit.acknowledged.to_string());
    assert_eq!(measured(&summary, "delivered of topic meals"), summary.audit.delivered.to_string());
    assert_eq!(measured(&summary, "idle-members-at-end of group riders"), "1");
    assert_eq!(measured(&summary, "rebalances of group riders"), "2");
}

#[test]
fn idle_members_are_told() {
    let story = run(shipped("more-consumers-than-partitions"), &[], 70).story(0);
    let stable = line(&story, "with 5 members, 2 of them idle");
    assert!(stable.why.contains("a partition has one owner"), "{}", stable.why);
    line(&story, "with 4 members, 1 of them idle");
}

#[test]
fn retention_is_told_once_until_it_changes() {
    let story = run(shipped("metrics-without-keys"), &[], 75).story(0);
    let told: Vec<&StoryLine> = story.iter().filter(|line| line.what.starts_with("Retention")).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].why.contains("retention.ms (20 s)") && told[1].why.contains("retention.ms (5 s)"));
}

#[test]
fn what_retention_took_from_a_slow_group_is_skipped() {
    let frozen = [(20, "freeze consumer dashboards-1"), (50, "thaw consumer dashboards-1")];
    let session = run(shipped("metrics-without-keys"), &frozen, 75);
    let audit = session.audit();
    assert!(audit.skipped > 10_000, "{}", audit.skipped);
    assert_eq!((audit.never_delivered, audit.lost), (0, 0));
    assert_eq!(measured(&session.summary(), "skipped"), audit.skipped.to_string());
}

#[test]
fn a_frozen_follower_holds_up_acks_all_until_it_leaves_the_isr() {
    let session = run(shipped("follower-freezes"), &[], 70);
    let story = session.story(0);
    let (left, fenced) = (line(&story, "Broker 3 is no longer in sync"), line(&story, "fenced broker 3"));
    assert!(left.why.contains("replica.lag.time.max.ms (5 s)") && left.time_us < fenced.time_us);
    let appends = run(shipped("follower-freezes"), &[(15, "set producer checkout acks = 1")], 70).summary();
    assert!(appends.produce_latency.max_us < 1_000_000, "{}", appends.produce_latency.max_us);
}

#[test]
fn a_leader_with_too_few_in_sync_says_why_it_refuses() {
    let story = run(shipped("too-few-in-sync"), &[], 75).story(0);
    let refused = line(&story, "Broker 1 refuses records of orders-0: NOT_ENOUGH_REPLICAS");
    assert!(refused.why.contains("fewer than min.insync.replicas (2)"), "{}", refused.why);
    let lowered = run(shipped("too-few-in-sync"), &[(15, "set topic orders min.insync.replicas = 1")], 75);
    assert_eq!(measured(&lowered.summary(), "unavailable-for-writing"), "0 s");
}

#[test]
fn a_command_in_vain_is_told_wherever_it_comes_from() {
    let line_of = |session: &Session| {
        let story = session.story(0);
        let told = line(&story, "Not done: start broker 2.");
        assert_eq!(told.time_us, 20_000_000);
        assert!(told.why.ends_with("broker 2: it runs already."), "{}", told.why);
        assert_eq!(session.summary().not_done, ["start broker 2 at 20.000 s: broker 2: it runs already"]);
        told.clone()
    };
    let text = shipped("website-activity");
    let of_link = run(text, &[(20, "start broker 2")], 25);
    let timeline = "[[timeline]]\nat = \"20 s\"\ndo = \"start broker 2\"\n[expect]";
    let of_timeline = run(&text.replace("[expect]", timeline), &[], 25);
    assert_eq!(line_of(&of_link), line_of(&of_timeline));
    // A record's value may say the same: it was sent.
    let session = run(text, &[(20, "send by web-1 no key value \"x (not done: y)\"")], 25);
    assert!(session.summary().not_done.is_empty());
    line(&session.story(0), "Command: send by web-1");
    // Gone through again, it is told once.
    let mut again = of_link;
    again.advance(SimTime::from_secs(15), u64::MAX);
    again.advance(SimTime::from_secs(25), u64::MAX);
    line_of(&again);
    assert_eq!(again.story(0).iter().filter(|line| line.what.starts_with("Not done")).count(), 1);
}

#[test]
fn two_data_centers_replicate_from_the_first_record_on() {
    // The followers ask before their leaders have heard that there is a topic.
    let text = "format = 1\nwarm-up = \"8 s\"\n[cluster]\n[[cluster.broker]]\nrack = \"a\"\ndata-center = \"berlin\"\n\
                [[cluster.broker]]\nrack = \"b\"\ndata-center = \"berlin\"\n[[cluster.broker]]\nrack = \"c\"\n\
                data-center = \"paris\"\n[[topic]]\nname = \"orders\"\npartitions = 3\n[[producer]]\nrack = \"a\"\n\
                rate = \"50/s\"\n[[group]]\nrack = \"c\"\n[expect]\nslowest-acknowledgement = \"<= 1 s\"\nisr-shrinks = 0\n";
    let summary = run(text, &[], 60).summary();
    for expectation in &summary.expectations {
        assert!(expectation.holds, "{} was {}", expectation.text, expectation.measured);
    }
}
