//! Elections and reassignments of one partition.
use crate::check::{Check, int, list, number, numbers, text};
use kafkarium_core::controller::partition_change::{
    Cancellation, Election, Partition, PartitionChange, PartitionChangeBuilder, Reassignment, completed,
};
use serde_json::Value;

pub fn election(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let partition = read_partition(&case["partition"]);
        let acceptable = numbers(&case["acceptable_leaders"]);
        let acceptable = |replica: u32| acceptable.contains(&replica);
        let builder = read_builder(&case["input"], &partition, &acceptable);
        if let Some(want) = case.get("expected_election") {
            let got = builder.elect();
            check.same("leader", got.leader, leader(&want["node"]));
            check.same("unclean", Some(got.unclean), want["unclean"].as_bool());
        } else {
            let change = builder.build().unwrap_or_default();
            check.same("change", &change, &read_change(&case["expected_change"]));
            let mut after = partition.clone();
            after.apply(&change);
            check.same("leader epoch", i64::from(after.leader_epoch), int(&case["leader_epoch_delta"]));
            check.same(
                "partition epoch",
                i64::from(after.partition_epoch),
                int(&case["partition_epoch_delta"]),
            );
        }
    }
}

pub fn reassignment(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        match text(&case["id"]) {
            "start" => {
                let got = Reassignment::start(&numbers(&case["current"]), &numbers(&case["target"]));
                let want = Reassignment {
                    replicas: numbers(&case["replicas"]),
                    adding: numbers(&case["adding"]),
                    removing: numbers(&case["removing"]),
                };
                check.same("reassignment", got, want);
            }
            "complete?" => {
                let start = Reassignment::start(&numbers(&case["current"]), &numbers(&case["target"]));
                let isr = numbers(&case["reported_isr"]);
                let got = completed(&start.replicas, &isr, &start.adding, &start.removing);
                let want = case["completes"].as_bool().unwrap();
                check.same("end", got, want.then(|| (numbers(&case["replicas"]), numbers(&case["isr"]))));
            }
            "cancel" => {
                let got = Cancellation::of(&read_partition(case));
                let want = Cancellation {
                    replicas: numbers(&case["expected_replicas"]),
                    isr: numbers(&case["expected_isr"]),
                    needs_unclean: case["needs_unclean"].as_bool().unwrap(),
                };
                check.same("cancellation", got, want);
            }
            other => check.same("id", other, "a known one"),
        }
    }
}

fn read_partition(value: &Value) -> Partition {
    let field = |name: &str| value.get(name).map_or(Vec::new(), numbers);
    Partition {
        replicas: field("replicas"),
        isr: field("isr"),
        elr: field("elr"),
        last_known_elr: field("last_known_elr"),
        adding: field("adding"),
        removing: field("removing"),
        leader: value.get("leader").and_then(leader),
        ..Partition::default()
    }
}

fn read_builder<'a>(
    input: &Value,
    partition: &'a Partition,
    acceptable: &'a dyn Fn(u32) -> bool,
) -> PartitionChangeBuilder<'a> {
    let mut builder = PartitionChangeBuilder::new(partition, acceptable, number(&input["min_isr"]));
    for (name, value) in input.as_object().unwrap() {
        match name.as_str() {
            "min_isr" => {}
            "election" => builder.election = read_election(value),
            "elr_enabled" => builder.elr_enabled = value.as_bool().unwrap(),
            "use_last_known_leader" => builder.use_last_known_leader = value.as_bool().unwrap(),
            "target_isr" => builder.target_isr = numbers(value),
            "target_replicas" => builder.target_replicas = numbers(value),
            "target_adding" => builder.target_adding = numbers(value),
            "target_removing" => builder.target_removing = numbers(value),
            "unclean_shutdown_replicas" => builder.unclean_shutdown = numbers(value),
            other => panic!("an input of another kind: {other}"),
        }
    }
    builder
}

fn read_change(value: &Value) -> PartitionChange {
    let mut change = PartitionChange::default();
    for (name, value) in value.as_object().unwrap() {
        match name.as_str() {
            "leader" => change.leader = Some(leader(value)),
            "isr" => change.isr = Some(numbers(value)),
            "elr" => change.elr = Some(numbers(value)),
            "last_known_elr" => change.last_known_elr = Some(numbers(value)),
            "replicas" => change.replicas = Some(numbers(value)),
            "adding" => change.adding = Some(numbers(value)),
            "removing" => change.removing = Some(numbers(value)),
            "leader_recovery_state" => change.recovering = Some(text(value) == "RECOVERING"),
            other => panic!("a change of another kind: {other}"),
        }
    }
    change
}

fn read_election(value: &Value) -> Election {
    match text(value) {
        "PREFERRED" => Election::Preferred,
        "ONLINE" => Election::Online,
        "UNCLEAN" => Election::Unclean,
        other => panic!("an election of another kind: {other}"),
    }
}

/// A broker id, -1 being nobody.
fn leader(value: &Value) -> Option<u32> {
    u32::try_from(int(value)).ok()
}
