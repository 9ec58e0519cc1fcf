//! Partitioners without keys, backoff, sequence numbers.
use crate::check::{Check, int, list, number, numbers, text};
use kafkarium_core::assign::backoff::{CLIENT_JITTER_PERMILLE, ExponentialBackoff};
use kafkarium_core::assign::compression::BatchEstimate;
use kafkarium_core::assign::record_size::RecordShape;
use kafkarium_core::assign::round_robin::RoundRobinPartitioner;
use kafkarium_core::assign::sequence::{decrement, increment};
use kafkarium_core::assign::sticky_partitioner::{LoadStats, Queue, StickyPartitioner, TopicView};
use serde_json::Value;
use std::collections::BTreeMap;

pub fn sequence_arithmetic(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let step = if text(&case["op"]) == "increment" { increment } else { decrement };
        let got = step(number(&case["sequence"]) as i32, number(&case["by"]) as i32);
        check.same("out", i64::from(got), int(&case["out"]));
    }
}

pub fn sequences(kind: &Value, check: &mut Check) {
    for (name, step) in [("increment", increment as fn(i32, i32) -> i32), ("decrement", decrement)] {
        for row in list(&kind[name]) {
            check.case(row);
            let got = step(number(&row[0]) as i32, number(&row[1]) as i32);
            check.same(name, i64::from(got), int(&row[2]));
        }
    }
}

/// At the cap Kafka's floating point may give one less.
pub fn backoff(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let backoff = read_backoff(case, 0);
        for (attempts, want) in (0..).zip(list(&case["attempts_0_to_11"])) {
            let (got, want) = (int(&Value::from(backoff.wait_ms(attempts, 0))), int(want));
            let at_cap = got == int(&case["max"]) && want == got - 1;
            check.same("wait", got, if at_cap { got } else { want });
        }
    }
}

pub fn backoff_with_jitter(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let backoff = read_backoff(case, 0);
        for (attempts, want) in case["attempts_to_ms"].as_object().unwrap() {
            let got = backoff.wait_ms(attempts.parse().unwrap(), u16::MAX);
            check.same("wait", got, want.as_u64().unwrap());
        }
    }
    let case = &kind["with_jitter"];
    check.case(case);
    let backoff = read_backoff(case, CLIENT_JITTER_PERMILLE);
    for attempts in 0..5 {
        let nominal = 100 << attempts;
        check.same("least", backoff.wait_ms(attempts, 0), nominal * 8 / 10);
        check.same("middle", backoff.wait_ms(attempts, 1 << 15), nominal);
        let most = backoff.wait_ms(attempts, u16::MAX);
        check.same("most is in bounds", most <= nominal * 12 / 10 && most >= nominal * 119 / 100, true);
    }
    check.same("capped", backoff.wait_ms(9, u16::MAX), 2000);
    check.same("jitter below the cap", backoff.wait_ms(9, 0), 1600);
}

fn read_backoff(case: &Value, jitter: u32) -> ExponentialBackoff {
    let field = |name: &str| u64::from(number(&case[name]));
    ExponentialBackoff::new(field("initial"), number(&case["multiplier"]), field("max"), jitter)
}

pub fn round_robin_partitioner(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let all = numbers(case.get("partitions_in_order").unwrap_or_else(|| &case["partitions"]));
        let leaderless = case.get("leaderless").map_or(Vec::new(), numbers);
        let available: Vec<u32> = all.iter().copied().filter(|p| !leaderless.contains(p)).collect();
        let mut partitioner = RoundRobinPartitioner::default();
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..number(&case["calls"]) {
            let partition = partitioner.partition(all.len() as u32, &available);
            *counts.entry(partition.to_string()).or_default() += 1;
        }
        check.same("counts", serde_json::json!(counts), case["expected_counts"].clone());
    }
}

pub fn builtin_partitioner(kind: &Value, check: &mut Check) {
    for case in list(kind.as_array().map_or(&kind["cases"], |_| kind)) {
        check.case(case);
        match text(&case["name"]) {
            "adaptive weights" | "worked example in the source" => check_load(case, check),
            "sticky switch" => check_switch(case, check),
            "switch is deferred while the last batch is not full" => check_deferred(case, check),
            "no fractional batches" => check_whole_batches(case, check),
            other => check.same("name", other, "a known one"),
        }
    }
}

fn check_load(case: &Value, check: &mut Check) {
    let sizes = numbers(&case["queue_sizes"]);
    let queue = |(partition, &batches)| Queue { partition, batches, has_leader: true, excluded: false };
    let queues: Vec<Queue> = (0..).zip(&sizes).map(queue).collect();
    let load = LoadStats::from_queues(&queues, sizes.len() as u32).unwrap();
    check.same("cumulative", load.cumulative().to_vec(), numbers(&case["cumulative"]));
    if let Some(by_random) = case.get("random_mod_8_to_index") {
        for (random, want) in by_random.as_object().unwrap() {
            check.same("pick", load.pick(random.parse().unwrap()), number(want));
        }
    }
    if let Some(frequencies) = case.get("frequencies_over_two_cycles_of_sequential_random") {
        let mut got = vec![0; sizes.len()];
        let cycle = *load.cumulative().last().unwrap();
        for random in 0..2 * cycle {
            got[load.pick(random) as usize] += 1;
        }
        check.same("frequencies", got, numbers(frequencies));
    }
}

fn check_switch(case: &Value, check: &mut Check) {
    let topic = TopicView { partitions: 3, available: &[0, 1, 2] };
    let mut sticky = StickyPartitioner::new(number(&case["sticky_batch_size"]));
    let mut draw = |ordinal| ordinal as u32;
    sticky.current(topic, &mut draw);
    let appended = numbers(&case["appended_bytes"]);
    let switched = appended.iter().map(|&bytes| sticky.appended(u64::from(bytes), true, topic, &mut draw));
    let at = switched.collect::<Vec<bool>>().iter().position(|&switched| switched).map(|at| at as u64 + 1);
    check.same("switch after", at, case["partition_changes_after_append_number"].as_u64());
}

/// The last batch of a partition's queue, as far as the partitioner cares.
struct LastBatch {
    count: u32,
    bytes: u64,
    limit: u64,
    closed: bool,
}

/// An accumulator of record after record, one queue a partition, with Kafka's order of append and switch.
struct Accumulator<'a> {
    batch_size: u32,
    sticky: StickyPartitioner,
    topic: TopicView<'a>,
    draws: u32,
    queues: BTreeMap<u32, LastBatch>,
}

impl<'a> Accumulator<'a> {
    fn new(batch_size: u32, topic: TopicView<'a>) -> Self {
        let sticky = StickyPartitioner::new(batch_size);
        Self { batch_size, sticky, topic, draws: 0, queues: BTreeMap::new() }
    }

    /// Appends a record without a key; answers its partition.
    fn append(&mut self, value: u32) -> u32 {
        let shape = RecordShape::new(None, Some(value));
        loop {
            let partition = self.sticky.current(self.topic, &mut draw(&mut self.draws));
            if self.complete(partition) && self.sticky.reconsider(self.topic, &mut draw(&mut self.draws)) {
                continue;
            }
            let batch_size = self.batch_size;
            let (grown, batch) = match self.queues.get_mut(&partition).filter(|batch| !batch.closed) {
                Some(batch) => {
                    let size = shape.record_bytes(batch.count, 0);
                    if batch.bytes + size > batch.limit {
                        batch.closed = true;
                        continue;
                    }
                    batch.count += 1;
                    batch.bytes += size;
                    (size, &*batch)
                }
                None => {
                    let bytes = BatchEstimate::UNCOMPRESSED.batch_bytes(shape.record_bytes(0, 0));
                    let batch =
                        LastBatch { count: 1, bytes, limit: shape.batch_limit(batch_size), closed: false };
                    self.queues.insert(partition, batch);
                    (bytes, &self.queues[&partition])
                }
            };
            let complete = batch.bytes >= batch.limit;
            self.sticky.appended(grown, complete, self.topic, &mut draw(&mut self.draws));
            return partition;
        }
    }

    fn complete(&self, partition: u32) -> bool {
        self.queues.get(&partition).is_none_or(|batch| batch.closed || batch.bytes >= batch.limit)
    }
}

/// The numbers 0, 1, 2, ... as Kafka's tests put them in place of the random ones; counts how many were asked for.
fn draw(draws: &mut u32) -> impl FnMut(u64) -> u32 {
    move |ordinal| {
        *draws += 1;
        ordinal as u32
    }
}

fn check_deferred(case: &Value, check: &mut Check) {
    let partitions = numbers(&case["partitions"]);
    let topic = TopicView { partitions: partitions.len() as u32, available: &partitions };
    let mut accumulator = Accumulator::new(number(&case["batch_size"]), topic);
    for send in list(&case["sends"]) {
        let value = if text(&send["value"]) == "small" { 5 } else { 1024 };
        check.same("partition", accumulator.append(value), number(&send["goes_to"]));
        check.same("draws", accumulator.draws, number(&send["draws_after"]));
    }
}

/// Each round's records end up in one batch although the partition changes between rounds.
fn check_whole_batches(case: &Value, check: &mut Check) {
    let topic = TopicView { partitions: 3, available: &[0, 1, 2] };
    let batch_size = number(&case["batch_size"]);
    let mut accumulator = Accumulator::new(batch_size, topic);
    for _ in 0..number(&case["rounds"]) {
        for _ in 0..number(&case["records_per_round"]) {
            accumulator.append(number(&case["value_len"]));
        }
        let drained: Vec<LastBatch> = std::mem::take(&mut accumulator.queues).into_values().collect();
        check.same("batches", drained.len(), 1);
        let bytes = drained[0].bytes;
        check.same("a good half full", bytes > 256 && bytes < u64::from(batch_size), true);
    }
}
