//! The digest table and the benchmarks as WebAssembly exports: Node, a page and a worker call the same functions,
//! and `src/bin/digest_table.rs` calls them natively.
use wasm_bindgen::prelude::wasm_bindgen;

/// The digest table as JSON: an array of rows, each `{"case", "seed", "events", "digest"}`.
#[wasm_bindgen]
pub fn digest_table() -> String {
    let digest = spin(1000);
    format!(r#"[{{"case":"placeholder","seed":0,"events":1000,"digest":"{digest:016x}"}}]"#)
}

/// Runs one benchmark case once and tells, as JSON, what was done: `{"case", "events", "digest"}`. The caller has
/// the clock.
#[wasm_bindgen]
pub fn bench(case: &str) -> String {
    let events = 10_000_000;
    let digest = spin(events);
    format!(r#"{{"case":"{case}","events":{events},"digest":"{digest:016x}"}}"#)
}

/// The names `bench` knows, as a JSON array.
#[wasm_bindgen]
pub fn bench_cases() -> String {
    String::from(r#"["placeholder"]"#)
}

fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(0, |sum, i| (sum ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31))
}
