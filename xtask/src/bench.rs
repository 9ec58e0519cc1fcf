//! `cargo xtask bench`: the same cases native, in Node, in a Chromium page and in its worker.
use crate::{
    browser,
    shell::{self, Outcome},
    site, wasm,
};

/// Measures and prints; with no browser, or without wanting one, what needs none.
pub(crate) fn run(with_browser: bool) -> Outcome {
    let mut native = shell::cargo();
    native.args(["run", "--quiet", "--release", "--package", "kafkarium-wasm-probe", "--bin", "bench"]);
    shell::step("bench, native", || shell::run(&mut native))?;
    if !browser::has_node() {
        eprintln!("bench in WebAssembly SKIPPED: {}", browser::NODE_HINT);
        return Ok(());
    }
    wasm::build_probe()?;
    shell::step("bench, Node", || shell::run(browser::node().arg("tests/browser/bench-node.mjs")))?;
    if !with_browser {
        return Ok(());
    }
    if browser::find().is_none() {
        eprintln!("bench in Chromium SKIPPED: {}", browser::BROWSER_HINT);
        return Ok(());
    }
    site::build()?;
    browser::packages()?;
    shell::step("bench, Chromium", || shell::run(browser::node().arg("tests/browser/bench-browser.mjs")))
}
