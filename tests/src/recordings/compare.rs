//! One recording against the same situation played here: fact by fact, duration by duration.
use super::Recording;
use super::lists::{self, Allowance, Difference, Player};
use super::play::Played;
use serde_json::Value;
use std::thread;

/// Over how many seeds a duration's range is taken; each seed is another moment of the fault, too.
pub const SEEDS: u64 = 50;

/// How one line of the comparison ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same.
    Same,
    /// Every recorded value lies in the simulator's range, widened by the margin.
    Within(&'static Allowance),
    /// It differs, and why is known.
    Known(&'static Difference),
    /// It differs: what is wrong.
    Differs(String),
}

/// One line of the comparison.
#[derive(Clone, Debug)]
pub struct Row {
    /// The fact or duration.
    pub what: String,
    /// What real Kafka did.
    pub kafka: Value,
    /// What the simulator did: a value, or a range.
    pub simulator: String,
    /// Which of them is right.
    pub verdict: Verdict,
}

/// Plays a recording's situation, and holds every line of it against the recording.
pub fn compare(recording: &Recording, player: Player) -> Vec<Row> {
    let runs = play(recording, player);
    let mut rows = Vec::new();
    for (at, (what, first)) in runs[0].facts.iter().enumerate() {
        let here: Vec<&Value> = runs.iter().map(|run| told(&run.facts, at, what)).collect();
        let (kafka, verdict) = match (recording.facts.get(what), recording.varied.get(what)) {
            (Some(fact), _) => (fact, same(fact, &here)),
            (None, Some(values)) => (values, occurs(values, &here)),
            (None, None) => (&Value::Null, Verdict::Differs(String::from("nothing of it is recorded"))),
        };
        rows.push(row(recording, what, kafka, show(first), verdict));
    }
    for (at, (what, _)) in runs[0].measured.iter().enumerate() {
        let here = runs.iter().map(|run| *told(&run.measured, at, what));
        let range = (here.clone().min().expect("a run"), here.max().expect("a run"));
        let (kafka, verdict) = match recording.measured.get(what) {
            Some(values) => (values, within(recording, what, values, range)),
            None => (&Value::Null, Verdict::Differs(String::from("nothing of it is recorded"))),
        };
        rows.push(row(recording, what, kafka, format!("{} to {}", range.0, range.1), verdict));
    }
    let recorded = recording.facts.iter().chain(&recording.varied).chain(&recording.measured);
    for (what, kafka) in
        recorded.filter(|(what, _)| !rows.iter().any(|row| row.what == **what)).collect::<Vec<_>>()
    {
        let silent = Verdict::Differs(String::from("the simulator tells nothing of it"));
        rows.push(row(recording, what, kafka, String::from("nothing"), silent));
    }
    rows
}

/// What a run told at this place, which every run tells the same thing at.
fn told<'r, T>(run: &'r [(String, T)], at: usize, what: &str) -> &'r T {
    assert_eq!(run[at].0, what, "a player tells the same things with every seed");
    &run[at].1
}

/// The situation with every seed; with one where nothing depends on moments. Runs share the processors.
fn play(recording: &Recording, player: Player) -> Vec<Played> {
    let seeds = if recording.measured.is_empty() && recording.varied.is_empty() { 1 } else { SEEDS };
    let workers = thread::available_parallelism().map_or(1, |count| count.get() as u64).min(seeds);
    thread::scope(|scope| {
        let shares: Vec<_> = (0..workers)
            .map(|worker| {
                let of_worker = (1 + worker..=seeds).step_by(workers as usize);
                scope.spawn(move || of_worker.map(|seed| player(recording, seed)).collect::<Vec<_>>())
            })
            .collect();
        let runs = shares.into_iter().map(|share| share.join());
        runs.flat_map(|run| run.unwrap_or_else(|_| panic!("{}: a run broke off", recording.name))).collect()
    })
}

fn same(fact: &Value, here: &[&Value]) -> Verdict {
    match here.iter().find(|value| **value != fact) {
        None => Verdict::Same,
        Some(other) => Verdict::Differs(format!("not {}", show(other))),
    }
}

/// What varies in real Kafka has to occur here as well.
fn occurs(values: &Value, here: &[&Value]) -> Verdict {
    let missing = values.as_array().into_iter().flatten().find(|value| !here.contains(value));
    match missing {
        None => Verdict::Same,
        Some(value) => Verdict::Differs(format!("{} never occurs", show(value))),
    }
}

fn within(recording: &Recording, what: &str, values: &Value, (from, to): (u64, u64)) -> Verdict {
    let Some(allowance) = lists::allowance(&recording.name, what) else {
        return Verdict::Differs(format!("no margin is stated ({from} to {to} here)"));
    };
    if to - from > allowance.widest {
        return Verdict::Differs(format!("the range {from} to {to} is wider than {}", allowance.widest));
    }
    let values = values.as_array().into_iter().flatten().map(|value| value.as_u64().expect("a count"));
    let allowed = from.saturating_sub(allowance.below)..=to + allowance.above;
    match values.clone().find(|value| !allowed.contains(value)) {
        None => Verdict::Within(allowance),
        Some(value) => {
            Verdict::Differs(format!("{value} is outside {} to {}", allowed.start(), allowed.end()))
        }
    }
}

fn row(recording: &Recording, what: &str, kafka: &Value, simulator: String, verdict: Verdict) -> Row {
    // What has no margin cannot come to pass, so it cannot be known to differ either.
    let is_stated =
        !recording.measured.contains_key(what) || lists::allowance(&recording.name, what).is_some();
    let known =
        lists::DIFFERENCES.iter().find(|known| known.recording == recording.name && known.what == what);
    let known = known.filter(|_| is_stated);
    let verdict = match (verdict, known) {
        (Verdict::Differs(_), Some(known)) => Verdict::Known(known),
        (verdict, _) => verdict,
    };
    Row { what: what.to_owned(), kafka: kafka.clone(), simulator, verdict }
}

/// A value in few words.
pub fn show(value: &Value) -> String {
    const MANY: usize = 20;
    match value {
        Value::Bool(true) => String::from("yes"),
        Value::Bool(false) => String::from("no"),
        Value::String(word) => word.clone(),
        Value::Array(items) if items.is_empty() => String::from("none"),
        Value::Array(items) if items.len() > MANY => {
            format!("{} values: {}, …", items.len(), joined(&items[..MANY]))
        }
        Value::Array(items) => joined(items),
        Value::Object(parts) => {
            let parts: Vec<String> =
                parts.iter().map(|(name, part)| format!("{name}: {}", show(part))).collect();
            parts.join("; ")
        }
        other => other.to_string(),
    }
}

fn joined(items: &[Value]) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(", ")
}
