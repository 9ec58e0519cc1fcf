//! Leader epochs, producers' sequences, segments and retention.
use crate::check::{Check, int, list, text};
use kafkarium_core::config::TopicConfig;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::log::{
    Batch, LeaderEpochCache, Log, NO_PRODUCER, NO_SEQUENCE, ProducerStates, SequenceCheck, SourceId,
};
use serde_json::Value;

/// The size of one record in the vectors of segments: `S`.
const RECORD_BYTES: u32 = 100;

fn number(value: &Value) -> u64 {
    u64::try_from(int(value)).expect("not negative")
}

fn batch(offset: u64, time: SimTime) -> Batch {
    Batch {
        base_offset: offset,
        base_time: time,
        first_ordinal: offset,
        payload: None,
        span_us: 0,
        count: 1,
        bytes: RECORD_BYTES,
        source: SourceId(0),
        producer_id: NO_PRODUCER,
        base_sequence: NO_SEQUENCE,
        leader_epoch: 0,
        producer_epoch: 0,
        retries: 0,
    }
}

fn pairs(value: &Value) -> Vec<(u32, u64)> {
    list(value).iter().map(|pair| (number(&pair[0]) as u32, number(&pair[1]))).collect()
}

pub fn leader_epoch_cache(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let mut cache = LeaderEpochCache::default();
        for (epoch, start) in pairs(&case["assign"]) {
            cache.assign(epoch, start);
        }
        if let Some(from) = case.get("truncate_from_end") {
            cache.truncate_to(number(from));
        }
        if let Some(from) = case.get("truncate_from_start") {
            cache.advance_start(number(from));
        }
        if let Some(entries) = case.get("entries") {
            check.same("entries", cache.entries().to_vec(), pairs(entries));
        }
        for query in case.get("query").map_or(&[][..], |queries| list(queries)) {
            // Epoch -1 is "no epoch": nobody asks the cache for it here.
            let Ok(epoch) = u32::try_from(int(&query["epoch"])) else { continue };
            let found = cache.end_offset_for(epoch, number(&query["leo"]));
            let found = found.map_or((-1, -1), |end| (i64::from(end.epoch), end.end_offset as i64));
            check.same("end offset", found, (int(&query["out"][0]), int(&query["out"][1])));
        }
    }
}

pub fn producer_sequence_checks(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        let steps = list(&case["steps"]);
        if steps.iter().any(|step| step.get("txn").is_some() || step.get("marker").is_some()) {
            continue; // Transactions are not simulated yet.
        }
        check.case(case);
        let mut states = ProducerStates::default();
        for (at, step) in steps.iter().enumerate() {
            let sent = Batch {
                producer_id: 1,
                producer_epoch: number(&step["epoch"]) as u16,
                base_sequence: number(&step["seq"]) as i32,
                ..batch(at as u64, SimTime::ZERO)
            };
            let replicated = step.get("origin").is_some_and(|origin| text(origin) == "replication");
            let verdict = if replicated { SequenceCheck::Append } else { states.check(&sent) };
            let name = match verdict {
                SequenceCheck::Append => "ok",
                // A duplicate is looked for before the state machine of these vectors, which calls it out of order.
                SequenceCheck::Duplicate { .. } | SequenceCheck::OutOfOrder => "OUT_OF_ORDER_SEQUENCE_NUMBER",
                SequenceCheck::InvalidEpoch => "INVALID_PRODUCER_EPOCH",
            };
            check.same("verdict", name, text(&step["result"]));
            if verdict == SequenceCheck::Append {
                states.update(&sent);
            }
        }
    }
}

fn config(pairs: &[(&str, String)]) -> TopicConfig {
    let pairs: Vec<(String, String)> =
        pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    let mut config = TopicConfig::default();
    for (key, value) in pairs {
        match key.as_str() {
            // Kafka's own tests go below the 1 MiB that its configuration allows.
            "segment.bytes" => config.segment_bytes = value.parse().unwrap(),
            "retention.bytes" => config.retention_bytes = value.parse().unwrap(),
            "retention.ms" => config.retention_ms = value.parse().unwrap(),
            other => panic!("{other}"),
        }
    }
    config
}

fn filled(records: u64, config: &TopicConfig) -> Log {
    let mut log = Log::new(SimTime::ZERO);
    for offset in 0..records {
        log.append(batch(offset, SimTime::from_ms(10)), config);
    }
    log
}

pub fn retention(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let segment = format!("{}", 5 * RECORD_BYTES);
        let mut settings = vec![("segment.bytes", segment)];
        let size = case.get("retention_bytes").is_some();
        let kept_ms = case.get("retention_ms").map_or(-1, int);
        settings
            .push(("retention.bytes", if size { (10 * RECORD_BYTES).to_string() } else { "-1".to_owned() }));
        settings.push(("retention.ms", kept_ms.to_string()));
        let config = config(&settings);
        let records = number(&case["records"]);
        let mut log = filled(records, &config);
        if let Some(before) = case.get("segments_before") {
            check.same("segments before", log.segments().count() as u64, number(before));
        }
        if case.get("segment_records").is_some() {
            bounded_by_high_watermark(log, check);
            continue;
        }
        log.retain(SimTime::from_ms(1_000_000), records, &config);
        check.same("segments after", log.segments().count() as u64, number(&case["segments_after"]));
        if case.get("remaining_segment").is_some() {
            check.same("start", log.start().offset, records);
            check.same("active", log.segments().active().base.offset, records);
        }
    }
}

/// "log start offset never above the high watermark; no retained segment lies wholly below it".
fn bounded_by_high_watermark(log: Log, check: &mut Check) {
    let config =
        config(&[("segment.bytes", (5 * RECORD_BYTES).to_string()), ("retention.ms", "0".to_owned())]);
    for high_watermark in 25..=30 {
        let mut log = log.clone();
        log.retain(SimTime::from_secs(1_000), high_watermark, &config);
        check.same("start is not above", log.start().offset <= high_watermark, true);
        let second = log.segments().iter().nth(1).map(|segment| segment.base.offset);
        check.same("none wholly below", second.is_none_or(|second| second > high_watermark), true);
    }
}

pub fn log_roll(kind: &Value, check: &mut Check) {
    for case in list(kind).iter().filter(|case| text(&case["name"]) == "size") {
        check.case(case);
        let config = config(&[("segment.bytes", (10 * (RECORD_BYTES - 1)).to_string())]);
        let log = filled(number(&case["appends"]), &config);
        check.same("segments", log.segments().count() as u64, number(&case["segments"]));
    }
}
