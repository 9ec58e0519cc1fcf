//! Bytes of varints, records and batches, and how many records a batch holds.
use crate::check::{Check, int, length, list, number, text};
use kafkarium_core::assign::compression::{BatchEstimate, observe_ratio};
use kafkarium_core::assign::record_size::{
    EqualRecords, RecordShape, TimestampDeltas, batch_bytes, unsigned_varint_size, varint_size, varlong_size,
};
use serde_json::Value;

pub fn varint(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        check.same("size", varint_size(int(&case["value"]) as i32), number(&case["size"]));
        check.same("size as a long", varlong_size(int(&case["value"])), number(&case["size"]));
    }
}

pub fn varlong(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        check.same("size", varlong_size(int(&case["value"])), number(&case["size"]));
    }
}

pub fn unsigned_varint(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        check.same("size", unsigned_varint_size(int(&case["value"]) as u32), number(&case["size"]));
    }
}

pub fn record_sizes(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let shape = RecordShape::new(length(&case["key_len"]), length(&case["value_len"]));
        check.same("record", shape.record_bytes(0, 0), bytes(&case["record_bytes"]));
        check.same("batch", batch_bytes(&[(shape, 0)]), bytes(&case["one_record_batch_bytes"]));
        check.same("upper bound", shape.upper_bound(), bytes(&case["producer_upper_bound_bytes"]));
    }
    for case in list(&kind["batches"]) {
        check.case(case);
        let shape = RecordShape::new(length(&case["key_len"]), length(&case["value_len"]));
        let timestamps = TimestampDeltas::Step(number(&case["timestamp_delta_per_record"]));
        let records = EqualRecords { shape, timestamps };
        let count = match case.get("batch_size_limit") {
            None => number(&case["records"]),
            Some(limit) => {
                let fit = records.capacity(number(limit), BatchEstimate::UNCOMPRESSED);
                check.same("records that fit", fit, number(&case["records_that_fit"]));
                fit
            }
        };
        let batch = BatchEstimate::UNCOMPRESSED.batch_bytes(records.bytes(count));
        check.same("batch", batch, bytes(&case["batch_bytes"]));
    }
}

pub fn record_batch_sizes(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        check_batch(case, check);
    }
    for case in list(&kind["accumulator"]) {
        check.case(case);
        check_accumulator(case, check);
    }
    for case in list(&kind["compression_ratio"]) {
        check.case(case);
        let mut estimate = 1000;
        for (observed, after) in list(&case["observed"]).iter().zip(list(&case["estimate_after"])) {
            estimate = observe_ratio(estimate, permille(observed));
            check.same("estimate", estimate, permille(after));
        }
    }
}

fn check_batch(case: &Value, check: &mut Check) {
    let records = records_of(case);
    check.same("batch", batch_bytes(&records), bytes(&case["batch_bytes"]));
    if let Some(want) = case.get("record_bytes") {
        let base = records[0].1;
        let sizes =
            (0..).zip(&records).map(|(i, (shape, time))| Value::from(shape.record_bytes(i, time - base)));
        let sizes: Vec<Value> = sizes.collect();
        let want = want.as_array().cloned().unwrap_or_else(|| vec![want.clone()]);
        check.same("records", sizes, want);
    }
    if let Some(bound) = case.get("producer_upper_bound") {
        check.same("upper bound", records[0].0.upper_bound(), bytes(bound));
    }
}

/// The records of a batch case: listed, one with a repeated header, or one repeated with its index as time.
fn records_of(case: &Value) -> Vec<(RecordShape, i64)> {
    if let Some(records) = case.get("records") {
        let read = |record: &Value| (shape(record, &headers(&record[3])), int(&record[2]));
        return list(records).iter().map(read).collect();
    }
    let record = &case["record"];
    if let Some(times) = case.get("headers_repeat") {
        let header = &case["header"];
        let headers = vec![(number(&header[0]), length(&header[1])); number(times) as usize];
        return vec![(shape(record, &headers), int(&record[2]))];
    }
    assert_eq!(text(&record[2]), "index");
    (0..int(&case["repeat"])).map(|i| (shape(record, &headers(&record[3])), i)).collect()
}

fn shape(record: &Value, headers: &[(u32, Option<u32>)]) -> RecordShape {
    RecordShape::with_headers(length(&record[0]), length(&record[1]), headers)
}

fn headers(value: &Value) -> Vec<(u32, Option<u32>)> {
    list(value).iter().map(|header| (number(&header[0]), length(&header[1]))).collect()
}

fn check_accumulator(case: &Value, check: &mut Check) {
    let estimate = match case.get("estimated_ratio") {
        None => BatchEstimate::UNCOMPRESSED,
        Some(ratio) => BatchEstimate::compressed(permille(ratio)),
    };
    let batch_size = number(&case["batch_size"]);
    let batches = match case.get("mixed_key_value_len") {
        Some(records) => mixed_batches(list(records), batch_size),
        None => equal_batches(case, batch_size, estimate),
    };
    let mut runs: Vec<Value> = Vec::new();
    for chunk in batches.chunk_by(|a, b| a == b) {
        runs.push(serde_json::json!([chunk.len(), chunk[0].0, chunk[0].1]));
    }
    check.same("batches", runs, list(&case["batches"]).to_vec());
}

/// Records of one shape one after the other: (records, bytes) of each batch.
fn equal_batches(case: &Value, batch_size: u32, estimate: BatchEstimate) -> Vec<(u32, u64)> {
    let shape = RecordShape::new(length(&case["key_len"]), length(&case["value_len"]));
    let timestamps = TimestampDeltas::Step(number(&case["ts_step"]));
    let records = EqualRecords { shape, timestamps };
    let capacity = records.capacity(batch_size, estimate);
    let mut left = number(&case["records"]);
    let mut batches = Vec::new();
    while left > 0 {
        let count = capacity.min(left);
        batches.push((count, estimate.batch_bytes(records.bytes(count))));
        left -= count;
    }
    batches
}

/// Records of different shapes, by the room test record by record.
fn mixed_batches(records: &[Value], batch_size: u32) -> Vec<(u32, u64)> {
    let mut batches: Vec<(u32, u64)> = Vec::new();
    let mut limit = 0;
    for record in records {
        let shape = RecordShape::new(length(&record[0]), length(&record[1]));
        match batches.last_mut() {
            Some((count, bytes)) if *bytes + shape.record_bytes(*count, 0) <= limit => {
                *bytes += shape.record_bytes(*count, 0);
                *count += 1;
            }
            _ => {
                limit = shape.batch_limit(batch_size);
                batches.push((1, batch_bytes(&[(shape, 0)])));
            }
        }
    }
    batches
}

fn bytes(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

/// A ratio with at most three decimals, read from its text: 0.995 is 995.
fn permille(value: &Value) -> u32 {
    let text = value.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    assert!(fraction.len() <= 3, "{text} has more than three decimals");
    format!("{whole}{fraction:0<3}").parse().unwrap()
}
