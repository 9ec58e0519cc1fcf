//! Changing configuration while the cluster runs, from the command to the replicas and clients that read it.
use kafkarium_core::kernel::SimTime;
use kafkarium_core::metadata::{BrokerId, TopicPartition};
use kafkarium_core::scenario::{CommandError, read};
use kafkarium_core::world::World;
use std::fs;
use std::path::Path;

const SCENARIO: &str = r#"
format = 1
title = "Keys"
[cluster]
brokers = 3
[cluster.config]
log.retention.ms = 100000
[[topic]]
name = "follows"
[[topic]]
name = "own"
[topic.config]
retention.ms = 50000
[[producer]]
name = "checkout"
topic = "follows"
[[group]]
name = "billing"
topics = ["follows"]
"#;

/// A running cluster with its commands.
struct Run(World);

impl Run {
    fn new() -> Run {
        let scenario = read(SCENARIO).unwrap_or_else(|errors| panic!("{}", errors[0]));
        let mut run = Run(World::new(&scenario, 1));
        run.wait(5);
        run
    }

    fn wait(&mut self, seconds: u64) {
        let until = SimTime(self.0.now().0 + seconds * 1_000_000);
        self.0.run_until(until, u64::MAX);
        self.0.settle_at(until);
    }

    fn command(&mut self, text: &str) -> Result<(), CommandError> {
        self.0.apply(&text.parse()?)
    }

    /// What every replica of the topic reads, `None` if they differ.
    fn of_replicas(&self, topic: &str, key: &str) -> Option<String> {
        let image = self.0.controller().image();
        let (_, topic) = image.topic(topic).expect("it is there");
        let mut values: Vec<String> = Vec::new();
        for &partition in &topic.partitions {
            for &BrokerId(id) in image.partition(TopicPartition(partition.0)).replicas.iter() {
                let replica = self.0.broker(BrokerId(id)).replica(partition).expect("it is placed there");
                values.push(replica.config.value(key).expect("a key of Kafka"));
            }
        }
        values.dedup();
        (values.len() == 1).then(|| values.remove(0))
    }
}

#[test]
fn brokers_new_defaults_reach_every_replica_of_topics_without_their_own() {
    let mut run = Run::new();
    assert_eq!(run.of_replicas("follows", "retention.ms").as_deref(), Some("100000"));
    assert_eq!(run.of_replicas("own", "retention.ms").as_deref(), Some("50000"));
    run.command("set brokers log.retention.ms = 70000").expect("it is dynamic");
    run.wait(2);
    assert_eq!(run.of_replicas("follows", "retention.ms").as_deref(), Some("70000"));
    assert_eq!(run.of_replicas("own", "retention.ms").as_deref(), Some("50000"));
    assert_eq!(run.of_replicas("__consumer_offsets", "retention.ms").as_deref(), Some("-1"));
    run.command("set topic follows retention.ms = 60000").expect("topics change at once");
    run.command("set brokers log.retention.ms = 80000").expect("it is dynamic");
    run.wait(2);
    assert_eq!(run.of_replicas("follows", "retention.ms").as_deref(), Some("60000"));
}

#[test]
fn a_broker_that_was_away_learns_of_them_too() {
    let mut run = Run::new();
    run.command("crash broker 2").expect("it runs");
    run.command("set brokers log.segment.bytes = 2000000").expect("it is dynamic");
    run.wait(5);
    run.command("start broker 2").expect("it is down");
    run.wait(20);
    assert_eq!(run.of_replicas("follows", "segment.bytes").as_deref(), Some("2000000"));
}

#[test]
fn impossible_changes_change_nothing_and_say_why() {
    let mut run = Run::new();
    let cases = [
        ("set brokers replica.lag.time.max.ms = 1", "cannot change while brokers run"),
        ("set brokers listeners = PLAINTEXT://:1", "cannot change for all brokers together"),
        ("set topic own retention.ms = soon", "expected is a whole number from -1"),
        ("set producer checkout delivery.timeout.ms = 1", "30005 at least"),
        ("set group billing heartbeat.interval.ms = 45000", "a heartbeat shorter than the session"),
        ("set group billing max.pol.records = 5", "the nearest is `max.poll.records`"),
    ];
    let before = (run.0.full_digest(), run.0.controller().image().offset);
    for (command, why) in cases {
        let error = run.command(command).expect_err(command).to_string();
        assert!(error.contains(why), "{command}: {error}");
    }
    assert_eq!((run.0.full_digest(), run.0.controller().image().offset), before);
}

#[test]
fn a_clients_key_restarts_it_with_the_new_value() {
    let mut run = Run::new();
    run.command("set producer checkout linger.ms = 77").expect("a legal value");
    run.command("set group billing max.poll.records = 7").expect("a legal value");
    run.wait(10);
    assert_eq!(run.0.producer_spec(0).config.linger_ms, 77);
    assert_eq!(run.0.consumer_slot(0).spec.config.max_poll_records, 7);
    let producer = kafkarium_core::wire::NodeId::Producer(0);
    let running = kafkarium_core::trace::Process::Running;
    assert_eq!(run.0.process(producer).0, running, "it came back");
}

/// The code of the core outside of its configuration room, without tests.
fn code_of_nodes(folder: &Path, code: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder of the core") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() && !["config", "tests", "observe"].contains(&name.as_str()) {
            code_of_nodes(&path, code);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = fs::read_to_string(&path).expect("a source file");
            code.push_str(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(""));
        }
    }
}

#[test]
fn what_is_marked_as_simulated_is_read_by_a_node() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    let mut code = String::new();
    code_of_nodes(&core, &mut code);
    let words: Vec<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').collect();
    let mut fields = 0;
    for file in ["producer", "consumer", "topic", "broker"] {
        let text = fs::read_to_string(core.join(format!("config/{file}.rs"))).expect("a source file");
        let of_struct = text.lines().skip_while(|line| !line.starts_with("pub struct"));
        for line in of_struct.take_while(|line| *line != "}") {
            let Some((field, _)) = line.trim().strip_prefix("pub ").and_then(|rest| rest.split_once(':'))
            else {
                continue;
            };
            let read = format!(".{field}");
            let is_read =
                words.iter().any(|word| word.ends_with(&read) || word.contains(&format!("{read}.")));
            assert!(is_read || field == "overrides", "no node reads `{field}` of {file}.rs");
            fields += 1;
        }
    }
    assert!(fields > 70, "{fields} fields were found");
}
