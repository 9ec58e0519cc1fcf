//! Scenario texts and what is read out of them, or wrong with them.
use super::*;
use crate::scenario::{Comparison, Expectation};

/// A scenario that says everything there is to say.
const FULL: &str = r#"
format = 1
title = "Everything"
about = "One. Two."
try = "This."
seed = 9
warm-up = "12 s"
duration = "2 min"

[cluster]
brokers = 4
racks = ["a", "b"]
[cluster.config]
replica.lag.time.max.ms = 10_000
"min.insync.replicas" = "2"

[[topic]]
name = "orders"
partitions = 2
replication-factor = 3
config = { retention = { ms = 60000 } }

[[topic]]
name = "placed"
placement = [[2, 3], [3, 4], [4, 1]]

[[producer]]
name = "checkout"
topic = "orders"
rate = "bursts 10/s 500/s 2 s every 10 s"
keys = "hot 10 80 %"
key-prefix = "customer-"
value-bytes = "100..2000"
rack = "a"
config = { linger.ms = 20, acks = 1 }

[[producer]]
name = "load"
count = 3
topic = "placed"
rate = "poisson 0.5/s"
keys = "zipf 100 1.1"
value-bytes = 7

[[group]]
name = "billing"
topics = ["orders", "placed"]
members = 2
processing = "1.5 ms"
commit = "before"
rack = "b"
[group.config]
auto.offset.reset = "earliest"

[links]
same-rack = "50 us"
between-racks = "1 ms"
between-data-centers = "40 ms"
jitter = "5 %"
bandwidth = "1 Gbit/s"

[[timeline]]
at = "30 s"
do = "start broker 2"
[[timeline]]
at = "20 s"
do = "crash broker 2"

[expect]
lost = 0
lag-max = [">= 10", "<= 1000"]
unavailable-for-writing = "<= 9.5 s"

[view]
follow-key = "customer-1"
select = "orders-1"
speed = "1/200"
"#;

#[test]
fn everything_a_scenario_says_is_read() {
    let scenario = read(FULL).unwrap_or_else(|errors| panic!("{}", errors[0]));
    assert_eq!((scenario.title.as_str(), scenario.about.as_str()), ("Everything", "One. Two."));
    assert_eq!((scenario.try_this.as_str(), scenario.seed), ("This.", 9));
    assert_eq!((scenario.warm_up, scenario.duration), (SimTime::from_secs(12), SimTime::from_secs(120)));
    let racks: Vec<&str> = scenario.brokers.iter().map(|broker| broker.rack.as_str()).collect();
    assert_eq!(racks, ["a", "b", "a", "b"]);
    assert_eq!(scenario.broker_config.replica_lag_time_max_ms, 10_000);
    let [orders, placed] = scenario.topics.as_slice() else { panic!("two topics") };
    assert_eq!((orders.partitions, orders.replication_factor, orders.config.retention_ms), (2, 3, 60_000));
    assert_eq!(orders.config.min_insync_replicas, 2, "the brokers' key is the topics' default");
    assert_eq!((placed.partitions, placed.replication_factor), (3, 2));
    assert_eq!(placed.placement.as_ref().unwrap()[1], [BrokerId(3), BrokerId(4)]);
    let checkout = &scenario.producers[0];
    assert_eq!((checkout.config.linger_ms, checkout.config.acks), (20, crate::config::Acks::Leader));
    assert_eq!(checkout.workload.keys, Keys::Hot { count: 10, hot_percent: 80 });
    assert_eq!((checkout.workload.value_bytes_min, checkout.workload.value_bytes_max), (100, 2000));
    let names: Vec<&str> = scenario.producers.iter().map(|producer| producer.name.as_str()).collect();
    assert_eq!(names, ["checkout", "load-1", "load-2", "load-3"]);
    assert_eq!(scenario.producers[1].workload.rate, Rate::Poisson { milli_per_s: 500 });
    let billing = &scenario.groups[0];
    assert_eq!((billing.members, billing.processing_us_per_record), (2, 1_500));
    assert_eq!((billing.commit, billing.config.enable_auto_commit), (CommitMode::BeforeProcessing, false));
    let links = LinkSpec {
        same_rack_us: 50,
        between_racks_us: 1_000,
        between_data_centers_us: 40_000,
        jitter_percent: 5,
        bytes_per_s: 125_000_000,
    };
    assert_eq!(scenario.links, links);
    let timeline: Vec<String> = scenario.timeline.iter().map(|timed| timed.to_string()).collect();
    assert_eq!(timeline, ["20s crash broker 2", "30s start broker 2"]);
    let expectation = |fact, comparison, value| Expectation { fact, of: Whole::Cluster, comparison, value };
    let expected = [
        expectation(Fact::Lost, Comparison::Equal, 0),
        expectation(Fact::UnavailableForWritingMs, Comparison::AtMost, 9_500),
        expectation(Fact::LagMax, Comparison::AtLeast, 10),
        expectation(Fact::LagMax, Comparison::AtMost, 1_000),
    ];
    assert_eq!(scenario.expectations, expected);
    assert_eq!(scenario.view.speed_us_per_s, Some(5_000));
    assert_eq!(scenario.view.select.as_deref(), Some("orders-1"));
}

#[test]
fn what_is_not_said_has_a_default() {
    let scenario = read("format = 1\n[[topic]]\nname = \"t\"\n[[producer]]\n[[group]]\n").unwrap();
    assert_eq!(scenario.brokers.len(), 3);
    assert_eq!((scenario.topics[0].partitions, scenario.topics[0].replication_factor), (1, 3));
    assert_eq!(
        (scenario.producers[0].name.as_str(), scenario.producers[0].topic.as_str()),
        ("producer-1", "t")
    );
    assert_eq!(
        (scenario.groups[0].name.as_str(), scenario.groups[0].topics.as_slice()),
        ("group-1", ["t".into()].as_slice())
    );
}

/// The sentences of everything wrong with a text.
fn sentences(text: &str) -> Vec<String> {
    match read(text) {
        Ok(scenario) => panic!("read: {scenario:?}"),
        Err(errors) => errors.iter().map(ToString::to_string).collect(),
    }
}

/// The table is data: `errors.txt` beside this file.
#[test]
fn every_error_has_its_sentence() {
    let cases = include_str!("errors.txt").split("---\n").skip(1);
    for case in cases {
        let is_sentence = |line: &&str| line.starts_with("=> ");
        let text: Vec<&str> = case.lines().filter(|line| !is_sentence(line)).collect();
        let expected: Vec<&str> = case.lines().filter_map(|line| line.strip_prefix("=> ")).collect();
        assert_eq!(sentences(&format!("format = 1\n{}\n", text.join("\n"))), expected, "{case}");
    }
}

#[test]
fn the_format_is_named_and_known() {
    let none = "line 1: the scenario does not say which format it is written in; expected is `format = 1`";
    assert_eq!(sentences("title = \"x\""), [none]);
    let newer = "line 1: this scenario is of format 2, made for a newer Kafkarium; expected is format 1";
    assert_eq!(sentences("format = 2\nwormholes = 3"), [newer]);
    let long = "line 1: the text is 70,000 bytes long; expected is at most 65,536";
    assert_eq!(sentences(&"#".repeat(70_000)), [long]);
    let many: String = (0..300).map(|i| format!("key{i} = 1\n")).collect();
    let errors = sentences(&format!("format = 1\n{many}"));
    assert_eq!((errors.len(), errors[100].as_str()), (101, "line 101: 200 more errors follow"));
}

#[test]
fn one_topic_or_group_can_be_expected_something_of() {
    let text = "format = 1\n[[topic]]\nname = \"orders\"\n[[topic]]\nname = \"a.b\"\n[[group]]\nname = \"billing\"\n[expect]\nlost = 0\n";
    let of = "[expect.topic.orders]\nunavailable-for-writing = \"<= 12 s\"\n[expect.topic.\"a.b\"]\nlost = 0\n\
              [expect.group.billing]\nnever-processed = [\">= 1\", \"<= 9\"]\n";
    let read = read(&format!("{text}{of}")).unwrap_or_else(|errors| panic!("{}", errors[0]));
    let written: Vec<String> = read.expectations.iter().map(ToString::to_string).collect();
    let expected = [
        "lost = 0",
        "lost of topic a.b = 0",
        "unavailable-for-writing of topic orders <= 12 s",
        "never-processed of group billing >= 1",
        "never-processed of group billing <= 9",
    ];
    assert_eq!(written, expected);
    let wrong = "[expect.topic.ordres]\nlost = 0\n[expect.topic.orders]\nlag-max = 0\n[expect.group.billing]\nlost = 0\n\
                 [expect.group]\nx = 3";
    let sentences = sentences(&format!("{text}{wrong}"));
    let expected = [
        "line 10: there is no topic `ordres`; the nearest is `orders`",
        "line 13: `lag-max` is nothing that `[expect.topic.orders]` has",
        "line 15: `lost` is nothing that `[expect.group.billing]` has",
        "line 17: there is no group `x`",
    ];
    assert_eq!(sentences, expected);
}

#[test]
fn a_key_in_the_wrong_place_is_shown_the_right_one() {
    let text = "format = 1\n[[topic]]\nname = \"t\"\nreplication = 2\n[[producer]]\nacks = \"all\"";
    let expected = [
        "line 4: `replication` is nothing that `[[topic]]` has; the nearest is `replication-factor`",
        "line 6: `acks` is nothing that `[[producer]]` has; expected is `[producer.config]` around Kafka's keys",
    ];
    assert_eq!(sentences(text), expected);
}
