//! Kafka's vectors (`tests/vectors/*.json`) against the pure functions of the core.
//!
//! Every kind in the files stands in exactly one of two lists: run here, or waiting for the feature it belongs to. A
//! kind in none of them, or in both, fails.
mod check;
mod config;
mod keys;
mod log;
mod sizes;
mod producer;
mod assignors;
mod placement;
mod partition;
mod group;
mod lab;
mod replication;
mod linger;

use check::Check;
use serde_json::Value;
use std::collections::BTreeMap;

type Runner = fn(&Value, &mut Check);

/// Kinds that run here, as file/kind.
const HERE: &[(&str, Runner)] = &[
    ("control-plane/murmur2", keys::murmur2_named),
    ("control-plane/key_remap_on_partition_increase", keys::key_remap),
    ("control-plane/group_to_offsets_partition", keys::group_to_offsets_partition),
    ("control-plane/client_range", assignors::client_range),
    ("control-plane/client_roundrobin", assignors::client_round_robin),
    ("control-plane/replica_placement", placement::from_kafka_tests),
    ("control-plane/election", partition::election),
    ("control-plane/reassignment", partition::reassignment),
    ("control-plane/classic_initial_rebalance", group::initial_rebalance),
    ("data-plane/murmur2", keys::murmur2),
    ("data-plane/murmur2_derived", keys::murmur2),
    ("data-plane/to_positive", keys::to_positive),
    ("data-plane/partition_for_key", keys::partition_for_key),
    ("data-plane/coordinator_partition", keys::coordinator_partition),
    ("data-plane/varint_zigzag", sizes::varint),
    ("data-plane/varlong_zigzag", sizes::varlong),
    ("data-plane/unsigned_varint", sizes::unsigned_varint),
    ("data-plane/record_sizes", sizes::record_sizes),
    ("data-plane/sequence_arithmetic", producer::sequence_arithmetic),
    ("data-plane/builtin_partitioner", producer::builtin_partitioner),
    ("data-plane/round_robin_partitioner", producer::round_robin_partitioner),
    ("data-plane/exponential_backoff", producer::backoff_with_jitter),
    ("data-plane/auto_offset_reset", config::auto_offset_reset),
    ("data-plane/leader_epoch_cache", log::leader_epoch_cache),
    ("data-plane/producer_sequence_checks", log::producer_sequence_checks),
    ("data-plane/retention", log::retention),
    ("data-plane/log_roll", log::log_roll),
    ("data-plane/follower_fetch_divergence", replication::follower_fetch_divergence),
    ("data-plane/follower_truncation", replication::follower_truncation),
    ("data-plane/high_watermark", replication::high_watermark),
    ("data-plane/producer_linger", linger::producer_linger),
    ("generated/murmur2_partition", keys::murmur2_partition),
    ("generated/group_partition", keys::group_partition),
    ("generated/client_assignors", assignors::generated),
    ("generated/record_batch_sizes", sizes::record_batch_sizes),
    ("generated/exponential_backoff", producer::backoff),
    ("generated/sequences", producer::sequences),
    ("generated/replica_placement", placement::generated),
];

/// Kinds whose feature is not built yet, with the feature's name.
const NOT_YET: &[(&str, &str)] = &[
    ("control-plane/client_sticky", "sticky and cooperative sticky assignors"),
    ("control-plane/server_uniform_homogeneous", "consumer groups (KIP-848): uniform assignor"),
    ("control-plane/server_uniform_heterogeneous", "consumer groups (KIP-848): uniform assignor"),
    ("control-plane/server_range", "consumer groups (KIP-848): range assignor"),
    ("control-plane/share_simple", "share groups"),
    ("control-plane/kip848_reconcile", "consumer groups (KIP-848): reconciliation"),
    ("control-plane/kraft_high_watermark", "controller quorum"),
    ("control-plane/kraft_check_quorum", "controller quorum"),
    ("control-plane/kraft_end_epoch_backoff", "controller quorum"),
    ("control-plane/kraft_vote_grant", "controller quorum"),
    ("control-plane/streams_time_windows", "Kafka Streams"),
    ("control-plane/streams_join", "Kafka Streams"),
    ("control-plane/connect_incremental", "Kafka Connect"),
    ("control-plane/schema_compatibility", "Schema Registry"),
    ("data-plane/first_unstable_offset", "transactions"),
    ("data-plane/transaction_index", "transactions"),
    ("data-plane/read_committed", "transactions"),
    ("data-plane/transaction_epochs", "transactions"),
    ("data-plane/compaction", "compaction"),
    ("generated/client_sticky_rounds", "sticky and cooperative sticky assignors"),
    ("generated/server_assignors", "consumer groups (KIP-848): assignors"),
    ("generated/share_simple_assignor", "share groups"),
];

#[test]
fn every_kind_run_here_holds() {
    let kinds = kinds();
    let mut failures = Vec::new();
    let mut total = 0;
    for (kind, run) in HERE {
        let vector = &kinds[*kind];
        let mut check = Check::new(kind);
        run(&vector.data, &mut check);
        println!("{:>5}  {kind}", check.cases());
        assert!(check.cases() > 0, "{kind}: no vector ran");
        if let Some(count) = vector.count {
            assert_eq!(check.cases(), count, "{kind}: the file counts other vectors than ran");
        }
        total += check.cases();
        failures.extend(check.into_failures());
    }
    println!("{total:>5}  vectors in {} of {} kinds", HERE.len(), kinds.len());
    assert!(failures.is_empty(), "{} of the checks fail:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_kind_stands_in_one_list() {
    let kinds = kinds();
    let waiting = NOT_YET.iter().map(|(kind, _)| *kind);
    let listed: Vec<&str> = HERE.iter().map(|(kind, _)| *kind).chain(waiting).collect();
    for kind in kinds.keys() {
        let times = listed.iter().filter(|listed| *listed == kind).count();
        assert_eq!(times, 1, "{kind} stands {times} times in the lists of this file");
    }
    for kind in listed {
        assert!(kinds.contains_key(kind), "{kind} is listed but in no file");
    }
}

/// A kind's vectors, and how many the file says there are.
struct Kind {
    data: Value,
    count: Option<u64>,
}

fn kinds() -> BTreeMap<String, Kind> {
    let control: Value = serde_json::from_str(include_str!("../../vectors/control-plane.json")).unwrap();
    let data: Value = serde_json::from_str(include_str!("../../vectors/data-plane.json")).unwrap();
    let generated: Value = serde_json::from_str(include_str!("../../vectors/generated.json")).unwrap();
    let mut kinds = BTreeMap::new();
    for (file, kinds_of_file, counts) in [
        ("control-plane", &control["vectors"], &control["counts"]),
        ("data-plane", &data, &Value::Null),
        ("generated", &generated, &generated["_meta"]["counts"]),
    ] {
        for (name, data) in kinds_of_file.as_object().unwrap().iter().filter(|(name, _)| *name != "_meta") {
            let count = counts.get(name).map(sum);
            kinds.insert(format!("{file}/{name}"), Kind { data: data.clone(), count });
        }
    }
    kinds
}

/// A count is a number, or numbers by part.
fn sum(count: &Value) -> u64 {
    match count {
        Value::Object(parts) => parts.values().map(sum).sum(),
        number => number.as_u64().unwrap(),
    }
}
