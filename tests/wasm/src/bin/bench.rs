//! The benchmarks, native: prints a line a case, and leaves the figures for the report in `target/probe/bench.json`.
//! Cases named as arguments are only run and printed, for a profiler.
use std::time::Instant;

fn main() {
    let names = kafkarium_wasm_probe::bench_cases();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let cases = names.split('"').skip(1).step_by(2);
    let mut lines = Vec::new();
    for case in cases.filter(|case| wanted.is_empty() || wanted.iter().any(|name| name == case)) {
        let mut best = (f64::INFINITY, String::new());
        for _ in 0..5 {
            kafkarium_wasm_probe::prepare(case);
            let start = Instant::now();
            let result = kafkarium_wasm_probe::bench(case);
            let ms = start.elapsed().as_secs_f64() * 1e3;
            if ms < best.0 {
                best = (ms, result);
            }
        }
        println!("native   {case:<40} {:>10.1} ms  {}", best.0, best.1);
        lines.push(format!(r#"{{"milliseconds":{},"result":{}}}"#, best.0, best.1));
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
