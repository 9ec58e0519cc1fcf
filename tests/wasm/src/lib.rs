//! The digest table and the benchmarks as WebAssembly exports: Node, a page and a worker call the same functions,
//! and the programs in `src/bin/` call them natively.
mod cases;
mod seeks;
mod table;

use wasm_bindgen::prelude::wasm_bindgen;

/// The digest table as JSON: an array of rows, each `{"case", "seed", "events", "digest"}`.
#[wasm_bindgen]
pub fn digest_table() -> String {
    table::json()
}

/// Runs one benchmark case once and tells, as JSON, what was done: `{"case", "events", "virtual_ms", "pending",
/// "digest"}`. The caller has the clock, and calls [`prepare`] before each run.
#[wasm_bindgen]
pub fn bench(case: &str) -> String {
    cases::run(case)
}

/// Does what a case needs beforehand and is not to be measured.
#[wasm_bindgen]
pub fn prepare(case: &str) {
    cases::prepare(case);
}

/// The names `bench` knows, as a JSON array.
#[wasm_bindgen]
pub fn bench_cases() -> String {
    cases::names()
}

/// Opens ten simulated minutes of the default scene and plays them through, for [`seek`].
#[wasm_bindgen]
pub fn open_for_seeks() {
    seeks::open();
}

/// Goes to the `n`-th of many moments spread over the ten minutes, and makes a frame of it; how many bytes it has.
#[wasm_bindgen]
pub fn seek(n: u32) -> u32 {
    seeks::seek(n)
}
