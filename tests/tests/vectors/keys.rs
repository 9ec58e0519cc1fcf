//! Keys and ids to partitions.
use crate::check::{Check, int, list, number, text};
use kafkarium_core::assign::java_hash::{coordinator_partition as coordinator, java_hash};
use kafkarium_core::assign::murmur2 as hashing;
use serde_json::Value;

pub fn murmur2(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let hash = hashing::murmur2(text(&case["input"]).as_bytes());
        check.same("hash", i64::from(hash), int(&case["hash_i32"]));
    }
}

pub fn murmur2_named(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let hash = hashing::murmur2(text(&case["key_utf8"]).as_bytes());
        check.same("hash", i64::from(hash), int(&case["hash"]));
    }
}

/// Rows of key, hash and the partitions of several counts; the key as text, as hex, or as text repeated.
pub fn murmur2_partition(kind: &Value, check: &mut Check) {
    for row in list(&kind["cases"]) {
        check_row(text(&row[0]).as_bytes(), row, 1, check);
    }
    for row in list(&kind["hex_cases"]) {
        check_row(&from_hex(text(&row[0])), row, 1, check);
    }
    for row in list(&kind["long_cases"]) {
        check_row(text(&row[0]).repeat(number(&row[1]) as usize).as_bytes(), row, 2, check);
    }
}

fn check_row(key: &[u8], row: &Value, column: usize, check: &mut Check) {
    check.case(row);
    check.same("hash", i64::from(hashing::murmur2(key)), int(&row[column]));
    for (i, partitions) in [1, 3, 6, 12, 24, 50].into_iter().enumerate() {
        let want = number(&row[column + 1 + i]);
        check.same("partition", hashing::partition_for_key(key, partitions), want);
    }
}

fn from_hex(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub fn to_positive(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        check.same("out", hashing::to_positive(int(&case["n"]) as i32), number(&case["out"]));
    }
}

pub fn partition_for_key(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let got = hashing::partition_for_key(text(&case["key_utf8"]).as_bytes(), number(&case["partitions"]));
        check.same("partition", got, number(&case["partition"]));
    }
}

pub fn key_remap(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let key = text(&case["key"]).as_bytes();
        let hash = hashing::to_positive(hashing::murmur2(key));
        check.same("hash", hash, number(&case["positive_murmur2"]));
        for (partitions, field) in [(3, "partition_of_3"), (4, "partition_of_4"), (6, "partition_of_6")] {
            check.same(field, hashing::partition_for_key(key, partitions), number(&case[field]));
        }
    }
}

pub fn coordinator_partition(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check_coordinator(
            case,
            &case["id"],
            &case["java_hash"],
            &case["partitions"],
            &case["partition"],
            check,
        );
    }
}

pub fn group_to_offsets_partition(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        let partitions = &case["num_partitions"];
        check_coordinator(case, &case["group"], &case["java_hash"], partitions, &case["partition"], check);
    }
}

pub fn group_partition(kind: &Value, check: &mut Check) {
    for row in list(&kind["cases"]) {
        check_coordinator(row, &row[0], &row[1], &Value::from(50), &row[2], check);
    }
}

fn check_coordinator(
    case: &Value,
    id: &Value,
    hash: &Value,
    partitions: &Value,
    partition: &Value,
    check: &mut Check,
) {
    check.case(case);
    check.same("hash", i64::from(java_hash(text(id))), int(hash));
    check.same("partition", coordinator(text(id), number(partitions)), number(partition));
}
