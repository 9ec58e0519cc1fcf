//! Writes `docs/fidelity.md` and its totals from the recordings and from what the simulator does; says what differs.
use kafkarium_tests::recordings::{all, document};
use std::fs;
use std::process::ExitCode;

fn main() -> ExitCode {
    let recordings = all();
    let compared = document::compare_all(&recordings);
    let failures = document::failures(&compared);
    for failure in &failures {
        eprintln!("{failure}");
    }
    for (path, text) in [
        (document::path(), document::write(&recordings, &compared)),
        (document::totals_path(), document::write_totals(&recordings, &compared)),
    ] {
        if let Err(error) = fs::write(&path, text) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
