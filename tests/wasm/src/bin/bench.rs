//! The benchmarks, native: prints a line a case, and leaves the figures for the report in `target/probe/bench.json`.
//! Cases named as arguments are only run and printed, for a profiler.
use std::time::Instant;

/// How often each case is run; the fastest counts.
const ROUNDS: u32 = 7;

fn main() {
    let names = kafkarium_wasm_probe::bench_cases();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let cases: Vec<&str> = names
        .split('"')
        .skip(1)
        .step_by(2)
        .filter(|case| wanted.is_empty() || wanted.iter().any(|name| name == case))
        .collect();
    let mut lines = Vec::new();
    // A scene and the queue beside it take turns: what slows the machine for a while slows both.
    for pair in cases.chunks(2) {
        let mut best = vec![(f64::INFINITY, String::new()); pair.len()];
        for _ in 0..ROUNDS {
            for (case, best) in pair.iter().zip(&mut best) {
                kafkarium_wasm_probe::prepare(case);
                let start = Instant::now();
                let result = kafkarium_wasm_probe::bench(case);
                let ms = start.elapsed().as_secs_f64() * 1e3;
                if ms < best.0 {
                    *best = (ms, result);
                }
            }
        }
        for (case, (ms, result)) in pair.iter().zip(best) {
            println!("native   {case:<40} {ms:>10.1} ms  {result}");
            lines.push(format!(r#"{{"milliseconds":{ms},"result":{result}}}"#));
        }
    }
    if !wanted.is_empty() {
        return;
    }
    let seeks = seeks();
    println!("native   {:<40} {seeks:>10.1} ms (95 % are faster)", "seek in 10 min of the default scene");
    let text = format!(r#"{{"cases":[{}],"seek_p95_ms":{seeks}}}"#, lines.join(","));
    std::fs::create_dir_all("target/probe").expect("target/ can be written");
    std::fs::write("target/probe/bench.json", text).expect("target/probe/ can be written");
}

fn seeks() -> f64 {
    kafkarium_wasm_probe::open_for_seeks();
    let mut taken: Vec<f64> = (1..=300)
        .map(|n| {
            let start = Instant::now();
            kafkarium_wasm_probe::seek(n);
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken[taken.len() * 95 / 100]
}
