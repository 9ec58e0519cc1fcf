//! The binary as a person meets it: what it says, and how it ends.
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs the binary with these arguments and this standard input.
fn kafkarium(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_kafkarium"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A child that refuses its arguments does not wait for its input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What it said on standard output, if it ended well.
fn said(arguments: &[&str], input: &str) -> String {
    let output = kafkarium(arguments, input);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What it said on standard error, if it ended with 2: the input is wrong.
fn refused(arguments: &[&str], input: &str) -> String {
    let output = kafkarium(arguments, input);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), [].as_slice()));
    String::from_utf8(output.stderr).unwrap()
}

const ORDERS: &str = "\
format = 1
title = \"Orders\"
seed = 5
[[topic]]
name = \"orders\"
partitions = 2
[[producer]]
[[group]]
members = 3
";

#[test]
fn help_teaches_with_examples() {
    let help = said(&["--help"], "");
    for part in ["kafkarium run leader-dies-acks-1", "slow-consumer", "A leader dies, acks=all"] {
        assert!(help.contains(part), "{part}");
    }
    assert_eq!(said(&[], ""), help);
    assert_eq!(said(&["help"], ""), help);
    assert!(said(&["run", "--help"], "").contains("--until T   stop there"));
    assert!(said(&["check", "--help"], "").contains("slow links of broker 3 by 200 ms"));
    assert!(said(&["describe", "-h"], "").contains("kafka-topics.sh --describe"));
    assert!(said(&["link", "--help"], "").contains("--page URL"));
    assert!(said(&["--version"], "").contains("Kafka 4.3.0"));
    for line in [help, said(&["run", "--help"], "")].iter().flat_map(|text| text.lines()) {
        assert!(line.chars().count() <= 120, "{line}");
    }
}

#[test]
fn check_tells_what_a_scenario_is_and_what_to_know() {
    let expected = "\
standard input: nothing is wrong
3 brokers, 1 topic with 2 partitions, 1 producer, 1 group with 3 members, 0 commands, 0 expectations
warning: topic `orders`: min.insync.replicas = 1: when its followers fall behind, acks = all acknowledges records that only the leader has, and they are lost with it; 2 \
makes that impossible
warning: group `group-1`: 1 member more than partitions stays idle
";
    assert_eq!(said(&["check", "-"], ORDERS), expected);
}

#[test]
fn check_tells_everything_that_is_wrong_at_once() {
    let text = "format = 1\ntiitle = \"x\"\n[cluster]\nbrokers = 0\n[[topic]]\nname = \"a\"\n[topic.config]\nretention = 5\n";
    let expected = "\
kafkarium: standard input, line 2: `tiitle` is nothing a scenario has; the nearest is `title`
kafkarium: standard input, line 4: `brokers` is `0`; expected is a whole number from 1 to 100
";
    let errors = refused(&["check", "-"], text);
    assert!(errors.starts_with(expected), "{errors}");
    assert_eq!(errors.lines().count(), 3);
    assert!(errors.contains("line 8: `retention` is not a topic key of Kafka 4.3"), "{errors}");
    assert_eq!(refused(&["run", "-"], text), errors, "every verb says the same");
}

#[test]
fn a_link_leads_back_to_its_scenario() {
    assert_eq!(said(&["link", "slow-consumer"], ""), "#s=slow-consumer&seed=11&t=12s\n");
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/slow-consumer.toml");
    assert_eq!(
        said(&["link", shipped, "--seed", "3", "-t", "45.5s"], ""),
        "#s=slow-consumer&seed=3&t=45.5s\n"
    );
    let whole = said(&["link", "-", "--page", "https://example.org/tank/"], ORDERS);
    assert!(whole.starts_with("https://example.org/tank/#k1."), "{whole}");
    let expected = said(&["check", "-"], ORDERS).replace("standard input", "the link");
    assert_eq!(said(&["check", whole.trim()], ""), expected);
    assert_eq!(said(&["link", whole.trim(), "--page", "https://example.org/tank/"], ""), whole);
}

#[test]
fn wrong_input_gets_one_clear_sentence() {
    let cases: [(&[&str], &str); 14] = [
        (&["rnu"], "`rnu` is nothing kafkarium does; the nearest is `run`; try `kafkarium --help`"),
        (&["run"], "`kafkarium run` needs a file, a link or a name; try `kafkarium --help`"),
        (&["run", "a", "b"], "`kafkarium run` takes one file or link, and here are 2"),
        (&["--seed", "3"], "no option `seed` comes first; try `kafkarium --help`"),
        (
            &["run", "x", "--untill", "3s"],
            "`--untill` is no option of `kafkarium run`; the nearest is `--until`; try `kafkarium --help`",
        ),
        (&["check", "x", "--json"], "`--json` is no option of `kafkarium check`; try `kafkarium --help`"),
        (&["run", "x", "--seed", "lucky"], "`--seed` is `lucky`; expected is a whole number"),
        (
            &["run", "x", "--until", "3"],
            "`--until` is `3`; expected is a moment such as `12.5s` or `5min`, at most 24 h",
        ),
        (
            &["run", "slow-consumr"],
            "`slow-consumr` is no file, no link, and no scenario that ships; the nearest is `slow-consumer`",
        ),
        (
            &["run", "no/such/file.toml"],
            "`no/such/file.toml` is no file, no link, and no scenario that ships",
        ),
        (&["run", "#k1.AAAA"], "this link was changed or cut short on its way: copy it again, as a whole"),
        (
            &["run", "https://example.org/#k7.AAAA"],
            "this link was made by a newer Kafkarium: reload the page, or update",
        ),
        (
            &["describe", "s=slow-consumer&t=soon"],
            "`t` of this link should be a moment such as `12.5s`, within a day",
        ),
        (
            &["run", "s=slow-consumer&do=20s+crash+broker+7"],
            "the link, command 1, `20s crash broker 7`: there is no broker `7`",
        ),
    ];
    for (arguments, sentence) in cases {
        assert_eq!(refused(arguments, ""), format!("kafkarium: {sentence}\n"), "{arguments:?}");
    }
    assert!(refused(&["check", "-"], &"#".repeat(100_000)).contains("at most 65,536 bytes"));
    assert!(refused(&["check", env!("CARGO_MANIFEST_DIR")], "").contains("cannot be read"));
}

#[test]
fn the_scenarios_of_the_benchmark_are_faultless() {
    for name in ["large", "large-keyed", "large-defaults"] {
        let path = format!("{}/../scenarios/bench/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let told = said(&["check", &path], "");
        let expected = "12 brokers, 6 topics with 600 partitions, 24 producers, 6 groups with 72 members";
        assert!(told.contains(expected) && !told.contains("note"), "{told}");
    }
}
