//! Whole runs through the binary: what ships keeps its word, and a broken word is told by the exit code.
use std::process::{Command, Output};

fn kafkarium(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kafkarium")).args(arguments).output().unwrap()
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn json(arguments: &[&str]) -> serde_json::Value {
    serde_json::from_slice(&kafkarium(arguments).stdout).unwrap()
}

#[test]
fn every_shipped_scenario_keeps_its_word() {
    for shipped in kafkarium_core::scenario::shipped() {
        let output = kafkarium(&["run", shipped.name]);
        let told = text(output.stdout);
        assert_eq!(output.status.code(), Some(0), "{}: {told}", shipped.name);
        assert!(told.contains("holds") && !told.contains("BROKEN") && !told.contains("BUG"), "{told}");
    }
}

#[test]
fn a_broken_expectation_ends_with_its_own_code() {
    let path = std::env::temp_dir().join(format!("kafkarium-broken-{}.toml", std::process::id()));
    let whole = kafkarium_core::scenario::shipped()[0].text;
    std::fs::write(&path, whole.replace("acknowledged = \">= 1500\"", "acknowledged = 3")).unwrap();
    let output = kafkarium(&["run", path.to_str().unwrap(), "--until", "20s"]);
    std::fs::remove_file(path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(output.stdout).contains("acknowledged = 3                     BROKEN ("));
}

#[test]
fn a_seed_decides_a_run() {
    let digest = |seed| {
        json(&["run", "website-activity", "--until", "15s", "--json", "--seed", seed])["digest"].clone()
    };
    assert_eq!(digest("5"), digest("5"));
    assert_ne!(digest("5"), digest("6"));
}

#[test]
fn describe_speaks_as_kafkas_tools_do() {
    let told = text(kafkarium(&["describe", "leader-dies-acks-all", "--at", "19s"]).stdout);
    for part in [
        "Topic: orders\t",
        "PartitionCount: 1\tReplicationFactor: 3\tConfigs: ",
        "min.insync.replicas=2",
        "\tTopic: orders\tPartition: 0\tLeader: 2\tReplicas: 2,3,1\tIsr: 2,3,1\t",
        "CURRENT-OFFSET  LOG-END-OFFSET  LAG",
        "\nbilling         orders          0          ",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    assert!(!told.contains("__consumer_offsets"));
    let internal = kafkarium(&["describe", "leader-dies-acks-all", "--at", "19s", "--internal"]);
    assert!(text(internal.stdout).contains("Topic: __consumer_offsets\t"));
}

#[test]
fn commands_of_a_link_are_carried_out() {
    let link = "s=website-activity&do=20s+crash+machine+of+broker+1";
    assert_eq!(json(&["run", link, "--until", "25s", "--json"])["audit"]["lost"], 0);
    let partitions = json(&["describe", link, "--at", "40s", "--json"])["topics"][0]["partitions"].clone();
    assert!(partitions.as_array().unwrap().iter().all(|partition| partition["leader"] != 1), "{partitions}");
}

#[test]
fn the_story_comes_before_the_figures() {
    let told = text(kafkarium(&["run", "leader-dies-acks-1", "--story"]).stdout);
    let (story, figures) = told.split_once("\n\n").unwrap();
    assert!(story.starts_with(
        "*   16.000 s  Command: slow links of broker 1 by 500 ms.\n              Every message"
    ));
    assert!(figures.starts_with("A leader dies, acks=1 (seed 7)\n"), "{figures}");
    assert_eq!(text(kafkarium(&["run", "leader-dies-acks-1"]).stdout), figures);
    let whole = json(&["run", "leader-dies-acks-1", "--story", "--json"]);
    assert_eq!(whole["story"][0]["time_us"], 16_000_000);
    assert_eq!(whole["title"], "A leader dies, acks=1");
}

#[test]
fn a_command_of_a_link_that_cannot_be_done_is_told() {
    let told = text(kafkarium(&["run", "s=website-activity&do=20s+thaw+broker+1", "--until", "25s"]).stdout);
    assert!(
        told.contains("\nnot done      thaw broker 1 at 20.000 s: broker 1: it is not frozen\n"),
        "{told}"
    );
}

#[test]
fn metrics_are_written_as_csv() {
    let path = std::env::temp_dir().join(format!("kafkarium-metrics-{}.csv", std::process::id()));
    let output = kafkarium(&["run", "website-activity", "--until", "30s", "--csv", path.to_str().unwrap()]);
    let csv = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(text(output.stdout).contains("records in"), "the summary is still told");
    let lines: Vec<&str> = csv.lines().collect();
    let header = "time [s],MessagesInPerSec [records/s],BytesInPerSec [bytes/s],records-waiting [records],\
                  records-consumed-rate dashboard [records/s],LAG dashboard [records],\
                  UnderReplicatedPartitions [partitions],";
    assert!(lines[0].starts_with(header), "{}", lines[0]);
    assert!(lines[0].ends_with("end-to-end-latency-p99 [ms]"), "{}", lines[0]);
    assert_eq!(lines.len(), 30, "a header, and a line for every second that something followed");
    let cells = |line: &str| line.split(',').count();
    assert!(lines.iter().all(|line| cells(line) == cells(lines[0])));
    assert!(lines[20].starts_with("20,"));
    let nowhere = kafkarium(&["run", "website-activity", "--until", "1s", "--csv", "no/such/folder/m.csv"]);
    assert!(text(nowhere.stderr).contains("`no/such/folder/m.csv` cannot be written"));
}

#[test]
fn chains_of_causes_stand_under_the_lines_of_the_story() {
    let told = text(kafkarium(&["run", "leader-dies-acks-1", "--why"]).stdout);
    let lines: Vec<&str> = told.lines().map(str::trim).collect();
    let at = |words: &str| {
        lines.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words:?} in {told}"))
    };
    let line = at("Broker 3 now leads orders-0");
    let title = at("Why broker 3 leads orders-0 (leader epoch 1):");
    let crash = at("20.000 s  Command: crash broker 2. Broker 2 is dead.");
    let key = at("[brokers broker.session.timeout.ms=9000]");
    let after = at("What came of it:");
    assert!(line < title && title < crash && crash < key && key < after, "{told}");
    let whole = json(&["run", "leader-dies-acks-1", "--why", "--json"]);
    let chains = whole["why"].as_array().unwrap();
    assert!(chains.iter().any(|asked| asked["ask"] == whole["audit"]["findings"][0]["ask"]), "{whole}");
    assert_eq!(chains[0]["chain"]["looking"], "");
}
