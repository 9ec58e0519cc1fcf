//! Replica placement: Kafka's tests with their random generator, and scripted draws with their trace.
use crate::check::{Check, int, list, number, numbers, text};
use kafkarium_core::controller::placement::{UsableBroker, place};
use serde_json::{Value, json};

pub fn from_kafka_tests(kind: &Value, check: &mut Check) {
    for case in list(kind) {
        check.case(case);
        let brokers: Vec<UsableBroker> = list(&case["brokers"])
            .iter()
            .map(|broker| read_broker(&broker["id"], &broker["rack"], &broker["fenced"]))
            .collect();
        let mut random = MockRandom { state: 17 };
        let partitions = case.get("partitions").map_or(1, number);
        let factor = int(&case["replication_factor"]) as i32;
        let placed = place(&brokers, partitions, factor, &mut |bound| random.next_int(bound));
        let got = placed.map_err(|error| error.to_string());
        let want = match case.get("expected_error") {
            Some(error) => Err(text(error).to_owned()),
            None => Ok(list(&case["expected_replicas"]).iter().map(numbers).collect()),
        };
        check.same("replicas", got, want);
    }
}

pub fn generated(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        let rows = list(&case["brokers_id_rack_fenced"]);
        let brokers: Vec<UsableBroker> =
            rows.iter().map(|row| read_broker(&row[0], &row[1], &row[2])).collect();
        let script = numbers(&case["script"]);
        let mut trace: Vec<Value> = Vec::new();
        let mut uniform = |bound: u32| {
            let value = script[trace.len() % script.len()] % bound;
            trace.push(json!([bound, value]));
            value
        };
        let factor = int(&case["replication_factor"]) as i32;
        let topics = case.get("topics").map_or(1, number);
        let placed = (0..topics)
            .map(|_| place(&brokers, number(&case["partitions"]), factor, &mut uniform).unwrap())
            .collect::<Vec<_>>();
        let want = case.get("replicas_by_topic").cloned().unwrap_or_else(|| json!([case["replicas"]]));
        check.same("replicas", json!(placed), want);
        check.same("draws", Value::from(trace), case["draws_bound_value"].clone());
    }
}

fn read_broker<'a>(id: &Value, rack: &'a Value, fenced: &Value) -> UsableBroker<'a> {
    UsableBroker { id: number(id), rack: rack.as_str(), fenced: fenced.as_bool().unwrap() }
}

/// The generator of Kafka's tests, as the file of vectors describes it.
struct MockRandom {
    state: u64,
}

impl MockRandom {
    fn next_31_bits(&mut self) -> i32 {
        self.state = self.state.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
        (self.state >> 33) as i32
    }

    /// `java.util.Random.nextInt(bound)`.
    fn next_int(&mut self, bound: u32) -> u32 {
        let bits = self.next_31_bits();
        if bound.is_power_of_two() {
            return ((u64::from(bound) * bits as u64) >> 31) as u32;
        }
        let bound = bound as i32;
        let mut bits = bits;
        loop {
            let value = bits % bound;
            if (bits - value).checked_add(bound - 1).is_some() {
                return value as u32;
            }
            bits = self.next_31_bits();
        }
    }
}
