//! `cargo xtask test`: formatting, lints and every test, on every runtime; the last line counts them.
use crate::{
    browser, setup,
    shell::{self, Outcome},
    site, wasm,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    ops::AddAssign,
    process::{Command, Stdio},
};

const NATIVE: &[&str] =
    &["kafkarium-core", "kafkarium", "kafkarium-tests", "kafkarium-wasm-probe", "kafkarium-xtask"];
const WASM: &[&str] = &["kafkarium-core", "kafkarium-web", "kafkarium-wasm-probe"];

/// What one suite, or all of them, came to. A check (formatting, lints) counts as one test.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs everything to the end, whatever fails on the way.
pub(crate) fn run(require_browser: bool) -> Outcome {
    let mut total = Count::default();
    total += check("formatting", || shell::run(shell::cargo().args(["fmt", "--all", "--check"])));
    total += check("lints, native", || {
        shell::run(&mut clippy(NATIVE, &["--all-targets"]))?;
        let openings = ["--no-default-features", "--features", "openings", "--bin", "openings"];
        shell::run(&mut clippy(&["kafkarium-web"], &openings))
    });
    total += check("lints, WebAssembly", || {
        setup::target()?;
        shell::run(&mut clippy(WASM, &["--target", setup::WASM_TARGET]))?;
        // The worker is built without the page's crates, so other code of the library may be unused there.
        let worker = ["--target", setup::WASM_TARGET, "--no-default-features", "--lib", "--bin", "worker"];
        shell::run(&mut clippy(&["kafkarium-web"], &worker))
    });
    total += suite("tests, native", shell::cargo().args(["test", "--workspace", "--no-fail-fast"]));
    total += elsewhere(require_browser);
    println!("{} passed, {} failed, {} skipped", total.passed, total.failed, total.skipped);
    // The line above is the last one; it says why this fails.
    if total.failed == 0 { Ok(()) } else { Err(String::new()) }
}

/// Node and the browser: what they need is built first, and what is missing is said with its number of tests.
fn elsewhere(require_browser: bool) -> Count {
    let mut total = Count::default();
    let (node, chromium) = (browser::has_node(), browser::find().is_some());
    for (missing, hint) in [(!node, browser::NODE_HINT), (!chromium, browser::BROWSER_HINT)] {
        if missing && require_browser {
            eprintln!("FAILED (--require-browser): {hint}");
            total.failed += 1;
        }
    }
    let run = |what: &str, files: &[&str], possible: bool, hint: &str, build: &dyn Fn() -> Outcome| {
        if !possible {
            let count = Count { skipped: files.iter().map(|file| tests_in(file)).sum(), ..Count::default() };
            eprintln!("==> {what}: {} SKIPPED: {hint}", count.skipped);
            return count;
        }
        match build() {
            Ok(()) => {
                let mut node = browser::node();
                node.args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
                suite(what, node.args(files))
            }
            Err(reason) => {
                eprintln!("FAILED: {what}: {reason}");
                Count { failed: 1, ..Count::default() }
            }
        }
    };
    total +=
        run("tests, Node", &["tests/browser/node.test.mjs"], node, browser::NODE_HINT, &wasm::build_probe);
    let hint = if node { browser::BROWSER_HINT } else { browser::NODE_HINT };
    let files = browser_tests();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    total += run("tests, Chromium", &files, node && chromium, hint, &|| {
        // The probe is there: wherever a browser can be driven, the tests in Node came before.
        site::build()?;
        browser::packages()
    });
    total
}

/// The files whose tests need a browser.
fn browser_tests() -> Vec<String> {
    let Ok(entries) = fs::read_dir(shell::root().join("tests/browser")) else { return Vec::new() };
    let names =
        entries.filter_map(|entry| entry.ok()).map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut files: Vec<String> = names
        .filter(|name| name.ends_with(".test.mjs") && name != "node.test.mjs")
        .map(|name| format!("tests/browser/{name}"))
        .collect();
    files.sort();
    files
}

/// How many tests a file of node:test has, without running it.
fn tests_in(file: &str) -> u64 {
    let text = fs::read_to_string(shell::root().join(file)).unwrap_or_default();
    text.lines().filter(|line| line.starts_with("test(")).count() as u64
}

fn clippy(packages: &[&str], more: &[&str]) -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["clippy", "--quiet"]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    cargo.args(more).args(["--", "-D", "warnings"]);
    cargo
}

fn check(what: &str, work: impl FnOnce() -> Outcome) -> Count {
    match shell::step(what, work) {
        Ok(()) => Count { passed: 1, ..Count::default() },
        Err(reason) => {
            eprintln!("FAILED: {reason}");
            Count { failed: 1, ..Count::default() }
        }
    }
}

/// Runs a suite with its output shown, and counts from what it prints.
fn suite(what: &str, command: &mut Command) -> Count {
    let mut count = Count::default();
    let result = shell::step(what, || {
        let shown = shell::describe(command);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("`{shown}` could not be started: {error}"))?;
        let lines = child.stdout.take().into_iter().flat_map(|pipe| BufReader::new(pipe).lines());
        for line in lines.map_while(Result::ok) {
            println!("{line}");
            count += counted(&line);
        }
        match child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{shown}` failed ({status})")),
            Err(error) => Err(format!("`{shown}`: {error}")),
        }
    });
    if let Err(reason) = result {
        eprintln!("FAILED: {reason}");
        // What failed without a count (it did not compile, it crashed) is one failure.
        count.failed = count.failed.max(1);
    }
    count
}

/// What a line of output counts: cargo's `test result:` line, or one of the closing lines of Node's runner.
fn counted(line: &str) -> Count {
    let mut count = Count::default();
    let words: Vec<&str> = line.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        ["test", "result:", _, rest @ ..] => {
            for pair in rest.windows(2) {
                let number = pair[0].parse().unwrap_or(0);
                match pair[1] {
                    "passed" => count.passed = number,
                    "failed" => count.failed = number,
                    "ignored" => count.skipped = number,
                    _ => {}
                }
            }
        }
        ["ℹ" | "#", word, number] => {
            let number = number.parse().unwrap_or(0);
            match *word {
                "pass" => count.passed = number,
                "fail" | "cancelled" => count.failed = number,
                "skipped" | "todo" => count.skipped = number,
                _ => {}
            }
        }
        _ => {}
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_off_cargo_and_node() {
        let cargo =
            "test result: ok. 12 passed; 1 failed; 3 ignored; 0 measured; 7 filtered out; finished in 0.02s";
        assert_eq!(counted(cargo), Count { passed: 12, failed: 1, skipped: 3 });
        assert_eq!(counted("ℹ pass 4"), Count { passed: 4, ..Count::default() });
        assert_eq!(counted("# fail 2"), Count { failed: 2, ..Count::default() });
        assert_eq!(counted("ℹ skipped 1"), Count { skipped: 1, ..Count::default() });
        assert_eq!(counted("ℹ tests 9"), Count::default());
        assert_eq!(counted("running 3 tests"), Count::default());
    }

    #[test]
    fn a_skipped_browser_test_has_a_number() {
        assert!(browser_tests().iter().map(|file| tests_in(file)).sum::<u64>() > 0);
    }
}
