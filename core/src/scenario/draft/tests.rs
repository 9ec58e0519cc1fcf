//! Texts before and after a change, and what is said of them.
use super::*;
use crate::scenario::{read, shipped};

const SMALL: &str = "\
format = 1
# The cluster.
[cluster]
brokers = 3 # three
racks = [\"a\", \"b\", \"c\"]
[cluster.config]
log.roll.ms = 100000
replica.lag.time.max.ms = 10_000
log.retention.ms = 200000

[[topic]]
name = \"orders\"
partitions = 3

# Sends.
[[producer]]
topic = \"orders\"
config = { linger.ms = 20, acks = \"all\" }

[[group]]
name = \"billing\"
topics = [\"orders\"]

[[timeline]]
at = \"20 s\"
do = \"crash consumer billing-1\"

[expect.topic.orders]
lost = 0
[view]
select = \"orders-0\"
";

fn done(text: &str, what: Change) -> String {
    change(text, &what).unwrap_or_else(|why| panic!("{what:?}: {why}")).0
}

fn set(part: Part, key: &str, value: &str) -> Change {
    Change::Set { part, key: key.into(), value: value.into() }
}

fn configure(part: Part, key: &str, value: &str) -> Change {
    Change::Configure { part, key: key.into(), value: value.into() }
}

/// The lines that differ, `-` before and `+` after.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[same..], &new[same..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let gone = old[..old.len() - end].iter().map(|line| format!("-{line}"));
    gone.chain(new[..new.len() - end].iter().map(|line| format!("+{line}"))).collect()
}

#[test]
fn a_change_touches_nothing_else() {
    let cases: Vec<(Change, &[&str])> = vec![
        (set(Part::Topic(0), "partitions", "6"), &["-partitions = 3", "+partitions = 6"]),
        (set(Part::Topic(0), "partitions", ""), &["-partitions = 3"]),
        (set(Part::Topic(0), "placement", "1:2, 2:3"), &["+placement = [[1, 2], [2, 3]]"]),
        (set(Part::Topic(0), "partitions", "many"), &["-partitions = 3", "+partitions = \"many\""]),
        (set(Part::Run, "title", "It \"works\""), &["+title = \"It \\\"works\\\"\""]),
        (set(Part::Links, "jitter", "5 %"), &["+[links]", "+jitter = \"5 %\"", "+"]),
        (set(Part::Group(0), "topics", ""), &["-topics = [\"orders\"]"]),
        (configure(Part::Topic(0), "retention.ms", "60000"), &["+[topic.config]", "+retention.ms = 60000"]),
        (configure(Part::Cluster, "log.segment.bytes", "2000000"), &["+log.segment.bytes = 2000000"]),
        (configure(Part::Cluster, "log.roll.ms", "5"), &["-log.roll.ms = 100000", "+log.roll.ms = 5"]),
        (configure(Part::Cluster, "log.roll.ms", ""), &["-log.roll.ms = 100000"]),
        (
            configure(Part::Producer(0), "linger.ms", ""),
            &["-config = { linger.ms = 20, acks = \"all\" }", "+config = { acks = \"all\" }"],
        ),
        (
            configure(Part::Producer(0), "acks", ""),
            &["-config = { linger.ms = 20, acks = \"all\" }", "+config = { linger.ms = 20 }"],
        ),
        (
            configure(Part::Producer(0), "enable.idempotence", "true"),
            &[
                "-config = { linger.ms = 20, acks = \"all\" }",
                "+config = { linger.ms = 20, acks = \"all\", enable.idempotence = true }",
            ],
        ),
        (Change::Add(NewPart::Event), &["+[[timeline]]", "+at = \"20 s\"", "+do = \"crash broker 1\"", "+"]),
        (
            Change::Remove(Part::Producer(0)),
            &[
                "-# Sends.",
                "-[[producer]]",
                "-topic = \"orders\"",
                "-config = { linger.ms = 20, acks = \"all\" }",
                "-",
            ],
        ),
        (set(Part::View, "select", ""), &["-select = \"orders-0\""]),
    ];
    for (what, expected) in cases {
        let after = done(SMALL, what.clone());
        assert_eq!(difference(SMALL, &after), expected, "{what:?}\n{after}");
    }
}

#[test]
fn line_breaks_stay_as_they_are_written() {
    let text = SMALL.replace('\n', "\r\n");
    let after = done(&text, configure(Part::Topic(0), "retention.ms", "60000"));
    assert_eq!(after.replace("\r\n", "\n"), done(SMALL, configure(Part::Topic(0), "retention.ms", "60000")));
    assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
}

#[test]
fn a_last_key_takes_its_table_along_and_brings_it_back() {
    let with = done(SMALL, configure(Part::Topic(0), "retention.ms", "60000"));
    assert_eq!(done(&with, configure(Part::Topic(0), "retention.ms", "")), SMALL);
    let one = done(SMALL, configure(Part::Producer(0), "acks", ""));
    let none = done(&one, configure(Part::Producer(0), "linger.ms", ""));
    assert_eq!(difference(&one, &none), ["-config = { linger.ms = 20 }"]);
}

#[test]
fn keys_that_begin_another_key_are_quoted() {
    let one = done(EMPTY, configure(Part::Cluster, "log.dir", "/x"));
    let two = done(&one, configure(Part::Cluster, "log.dir.failure.timeout.ms", "5"));
    assert!(two.contains("\n\"log.dir.failure.timeout.ms\" = 5"), "{two}");
    assert!(read(&two).is_ok());
}

#[test]
fn a_new_name_is_new_everywhere() {
    let after = done(SMALL, set(Part::Topic(0), "name", "sales"));
    assert_eq!(
        after,
        SMALL
            .replace("\"orders\"", "\"sales\"")
            .replace("topic.orders", "topic.sales")
            .replace("orders-0", "sales-0")
    );
    assert!(read(&after).is_ok());
    let after = done(SMALL, set(Part::Group(0), "name", "b.c"));
    assert_eq!(after, SMALL.replace("\"billing\"", "\"b.c\"").replace("billing-1", "b.c-1"));
    let after = done(SMALL, set(Part::Rack("b".into()), "name", "east"));
    assert_eq!(after, SMALL.replace("\"b\"", "\"east\""));
}

#[test]
fn what_speaks_only_of_the_removed_goes_too() {
    let after = done(SMALL, Change::Remove(Part::Group(0)));
    assert!(!after.contains("billing"), "{after}");
    assert!(read(&after).is_ok(), "{after}");
    let after = done(SMALL, Change::Remove(Part::Topic(0)));
    assert!(!after.contains("expect") && !after.contains("select"), "{after}");
    // Where a producer sends now only its author can say.
    let told: Vec<String> = review(&after, &Part::Run).findings.into_iter().map(|found| found.text).collect();
    assert_eq!(told, ["there is no topic `orders`", "there is no topic `orders`"]);
}

#[test]
fn brokers_are_counted_or_listed() {
    let cases: Vec<(Change, &[&str])> = vec![
        (Change::Add(NewPart::Broker("a".into())), &["-brokers = 3 # three", "+brokers = 4 # three"]),
        (
            Change::Add(NewPart::Broker("b".into())),
            &[
                "-brokers = 3 # three",
                "-racks = [\"a\", \"b\", \"c\"]",
                "+brokers = 4 # three",
                "+racks = [\"a\", \"b\", \"c\", \"b\"]",
            ],
        ),
        (Change::Remove(Part::Broker(3)), &["-brokers = 3 # three", "+brokers = 2 # three"]),
        (
            Change::Remove(Part::Rack("b".into())),
            &[
                "-brokers = 3 # three",
                "-racks = [\"a\", \"b\", \"c\"]",
                "+brokers = 2 # three",
                "+racks = [\"a\", \"c\"]",
            ],
        ),
        (set(Part::Broker(3), "rack", "a"), &["-racks = [\"a\", \"b\", \"c\"]", "+racks = [\"a\", \"b\"]"]),
    ];
    for (what, expected) in cases {
        let after = done(SMALL, what.clone());
        assert_eq!(difference(SMALL, &after), expected, "{what:?}\n{after}");
        assert!(read(&after).is_ok());
    }
    let listed = done(SMALL, set(Part::Rack("b".into()), "data-center", "west"));
    let all = |text: &str| {
        let scenario = read(text).unwrap_or_else(|errors| panic!("{}\n{text}", errors[0]));
        scenario.brokers.iter().map(|b| format!("{}{}", b.rack, b.data_center)).collect::<Vec<_>>()
    };
    assert_eq!(all(&listed), ["a", "bwest", "c"]);
    let more = done(&listed, Change::Add(NewPart::Broker("b".into())));
    assert_eq!(all(&more), ["a", "bwest", "c", "bwest"]);
    let fewer = done(&more, Change::Remove(Part::Broker(1)));
    assert_eq!(all(&fewer), ["bwest", "c", "bwest"]);
    assert_eq!(all(&done(EMPTY, Change::Add(NewPart::Rack))), ["", "", "", "a"]);
    let one = "format = 1\ncluster.brokers = 1\n";
    assert!(change(one, &Change::Remove(Part::Broker(1))).is_err());
    assert_eq!(all(&done(one, Change::Add(NewPart::Broker(String::new())))), ["", ""]);
    let implied = "format = 1\n[cluster.config]\nmin.insync.replicas = 2\n";
    assert_eq!(all(&done(implied, Change::Add(NewPart::Rack))), ["", "", "", "a"]);
}

#[test]
fn an_empty_tank_fills_up() {
    let mut text = EMPTY.to_string();
    assert!(
        change(&text, &Change::Add(NewPart::Producer)).is_err_and(|why| why.contains("add a topic first"))
    );
    for new in [NewPart::Group, NewPart::Producer, NewPart::Topic, NewPart::Topic].into_iter().rev() {
        text = done(&text, Change::Add(new));
    }
    text = done(&text, Change::Add(NewPart::Event));
    text = done(&text, Change::Add(NewPart::Rack));
    text = done(&text, set(Part::Producer(0), "rack", "a"));
    text = done(&text, set(Part::View, "select", "topic-2-0"));
    text = done(&text, set(Part::Links, "jitter", "0 %"));
    text = done(&text, set(Part::Topic(1), "config", ""));
    let scenario = read(&text).unwrap_or_else(|errors| panic!("{}\n{text}", errors[0]));
    assert_eq!((scenario.topics.len(), scenario.producers.len(), scenario.groups.len()), (2, 1, 1));
    let order: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    let expected = [
        "[cluster]",
        "[[cluster.broker]]",
        "[[cluster.broker]]",
        "[[cluster.broker]]",
        "[[cluster.broker]]",
        "[[topic]]",
        "[topic.config]",
        "[[topic]]",
        "[[producer]]",
        "[[group]]",
        "[links]",
        "[[timeline]]",
        "[view]",
    ];
    assert_eq!(order, expected, "{text}");
}

#[test]
fn findings_stand_at_their_lines_and_in_their_parts() {
    let found = |text: &str| -> Vec<(Grade, u32, Part, String)> {
        let findings = review(text, &Part::Run).findings;
        findings.into_iter().map(|found| (found.grade, found.line, found.part, found.text)).collect()
    };
    let text = done(SMALL, configure(Part::Producer(0), "linger.ms", "soon"));
    let soon = "`linger.ms` is `soon`; expected is a whole number from 0".to_string();
    assert_eq!(found(&text), [(Grade::Error, 18, Part::Producer(0), soon)]);
    let text = done(SMALL, configure(Part::Producer(0), "acks", "1"));
    let told: Vec<_> = found(&text).into_iter().map(|(grade, line, part, _)| (grade, line, part)).collect();
    assert!(told.contains(&(Grade::Warning, 18, Part::Producer(0))), "{told:?}");
    assert!(told.contains(&(Grade::Note, 18, Part::Producer(0))), "idempotence is off by acks: {told:?}");
    // A warning of several keys stands at the one that is set.
    let text = done(SMALL, configure(Part::Group(0), "max.poll.interval.ms", "100"));
    let place = text.lines().position(|line| line.starts_with("max.poll")).expect("a key") as u32 + 1;
    let told: Vec<_> = found(&text).into_iter().map(|(grade, line, part, _)| (grade, line, part)).collect();
    assert!(told.contains(&(Grade::Warning, place, Part::Group(0))), "{told:?}\n{text}");
    let text = done(SMALL, configure(Part::Producer(0), "enable.idempotence", "false"));
    let told: Vec<_> = found(&text).into_iter().map(|(grade, line, part, _)| (grade, line, part)).collect();
    assert!(told.contains(&(Grade::Warning, 18, Part::Producer(0))), "{told:?}\n{text}");
    let broken = SMALL.replace("partitions = 3", "partitions = ");
    let review = review(&broken, &Part::Run);
    assert_eq!((review.findings[0].line, review.parts, review.form), (13, None, None));
    assert!(change(&broken, &Change::Add(NewPart::Topic)).is_err());
}

#[test]
fn every_part_of_what_ships_has_a_form_that_says_what_counts() {
    for shipped in shipped() {
        let parts = review(shipped.text, &Part::Run).parts.expect("what ships is TOML");
        for row in parts {
            let form = review(shipped.text, &row.part).form.expect("a form");
            assert_eq!(form.part, row.part, "{}", shipped.name);
            for field in form.fields.iter().chain(&form.keys) {
                assert!(!field.about.is_empty() && !field.label.is_empty(), "{}", field.key);
                assert!(
                    field.line > 0
                        || field.said.is_empty()
                        || matches!(row.part, Part::Rack(_) | Part::Broker(_))
                );
                // Setting what is said already changes nothing.
                if field.line > 0 && form.keys.contains(field) {
                    let same = done(shipped.text, configure(row.part.clone(), &field.key, &field.said));
                    assert_eq!(read(&same).unwrap(), read(shipped.text).unwrap(), "{}", field.key);
                } else if field.line > 0 {
                    let same = done(shipped.text, set(row.part.clone(), &field.key, &field.said));
                    assert_eq!(read(&same).unwrap(), read(shipped.text).unwrap(), "{}", field.key);
                }
            }
        }
    }
}

#[test]
fn a_form_shows_what_counts() {
    let row = |part: Part, key: &str| {
        let form = review(SMALL, &part).form.expect("a form");
        form.keys.into_iter().find(|row| row.key == key).expect("a key")
    };
    let linger = row(Part::Producer(0), "linger.ms");
    assert_eq!((linger.said.as_str(), linger.counts.as_str(), linger.default.as_str()), ("20", "20", "5"));
    assert_eq!(
        (linger.unit.as_str(), linger.allowed.as_str(), linger.line),
        ("ms", "a whole number from 0", 18)
    );
    let retention = row(Part::Topic(0), "retention.ms");
    assert_eq!(
        (retention.said.as_str(), retention.counts.as_str()),
        ("", "200000"),
        "the brokers' key counts"
    );
    assert_eq!(
        row(Part::Producer(0), "acks").input,
        Input::Choice(["all", "-1", "0", "1"].map(String::from).to_vec())
    );
    let round_robin = "org.apache.kafka.clients.producer.RoundRobinPartitioner";
    let choices = Input::Choice(["null", round_robin].map(String::from).to_vec());
    assert_eq!(row(Part::Producer(0), "partitioner.class").input, choices);
    assert!(!row(Part::Cluster, "num.io.threads").is_simulated);
}

#[test]
fn a_topic_is_counted_as_people_count() {
    let detail = |factor: &str| {
        let text = done(SMALL, set(Part::Topic(0), "replication-factor", factor));
        let parts = review(&text, &Part::Run).parts.expect("it is TOML");
        parts.into_iter().find(|row| row.part == Part::Topic(0)).expect("the topic").detail
    };
    assert_eq!(detail(""), "3 partitions");
    assert_eq!(detail("1"), "3 partitions, 1 replica each");
    assert_eq!(detail("2"), "3 partitions, 2 replicas each");
    assert_eq!(detail("abc"), "3 partitions", "what makes no sense is told by the reader");
}
