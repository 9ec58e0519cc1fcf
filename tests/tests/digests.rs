//! One table of (scenario, seed, events, digest): what this build computes must be what is written down. Node, a
//! Chromium page and its worker are held to the same table by `tests/browser/`.

/// A change that is meant is written down by
/// `cargo run --release -p kafkarium-wasm-probe --bin digest_table > tests/golden/digests.json`.
#[test]
fn the_native_build_computes_the_table() {
    let written: serde_json::Value = serde_json::from_str(include_str!("../golden/digests.json")).unwrap();
    let computed: serde_json::Value = serde_json::from_str(&kafkarium_wasm_probe::digest_table()).unwrap();
    assert!(written.as_array().is_some_and(|rows| rows.len() >= 9), "the table has rows");
    assert_eq!(computed, written);
}
