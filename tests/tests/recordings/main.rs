//! Recordings of real Kafka (`tests/recordings/*.json`) against the simulator: every fact and every duration.
//!
//! Every recording stands in exactly one of two lists, played or waiting for its feature; what differs stands in the list
//! of known differences, with its cause. An entry that has come to pass fails.
use kafkarium_tests::recordings::compare::{Row, Verdict};
use kafkarium_tests::recordings::{Recording, all, document, lists};
use std::fs;
use std::sync::OnceLock;

fn recordings() -> &'static [Recording] {
    static ALL: OnceLock<Vec<Recording>> = OnceLock::new();
    ALL.get_or_init(all)
}

fn compared() -> &'static [(&'static Recording, Vec<Row>)] {
    static ALL: OnceLock<Vec<(&'static Recording, Vec<Row>)>> = OnceLock::new();
    ALL.get_or_init(|| document::compare_all(recordings()))
}

#[test]
fn the_simulator_does_what_was_recorded() {
    let failures = document::failures(compared());
    assert!(failures.is_empty(), "{} lines differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn every_recording_stands_in_one_list() {
    let played = lists::PLAYED.iter().map(|(name, _)| *name);
    let listed: Vec<&str> = played.chain(lists::NOT_YET.iter().map(|waiting| waiting.recording)).collect();
    for recording in recordings() {
        let times = listed.iter().filter(|name| **name == recording.name).count();
        assert_eq!(times, 1, "{} stands {times} times in the lists", recording.name);
        assert!(!recording.facts.is_empty() || !recording.measured.is_empty(), "{} is empty", recording.name);
    }
    for name in listed {
        assert!(
            recordings().iter().any(|recording| recording.name == name),
            "{name} is listed but not recorded"
        );
    }
}

#[test]
fn durations_were_recorded_five_times() {
    for recording in recordings() {
        for (what, values) in recording.measured.iter().chain(&recording.varied) {
            let repeats = values.as_array().map_or(0, Vec::len);
            assert!(repeats >= 5, "{}: {what} was recorded {repeats} times", recording.name);
        }
    }
}

#[test]
fn what_waits_for_a_feature_still_has_to() {
    for waiting in lists::NOT_YET {
        assert!(
            !waiting.has_come(),
            "{} ({}) has come: play {}",
            waiting.feature,
            format_args!("{:?}", waiting.missing),
            waiting.recording
        );
    }
}

#[test]
fn what_is_known_to_differ_still_does() {
    for known in lists::DIFFERENCES {
        let lines = compared().iter().filter(|(recording, _)| recording.name == known.recording);
        let row = lines.flat_map(|(_, rows)| rows).find(|row| row.what == known.what);
        let row = row.unwrap_or_else(|| panic!("{}: nothing is told of `{}`", known.recording, known.what));
        assert!(
            matches!(row.verdict, Verdict::Known(_)),
            "{}: `{}` differs no more: strike it from the list",
            known.recording,
            known.what
        );
    }
}

#[test]
fn every_allowance_is_needed() {
    let rows =
        || compared().iter().flat_map(|(recording, rows)| rows.iter().map(move |row| (recording, row)));
    for allowance in lists::ALLOWANCES {
        let used =
            rows().any(|(recording, row)| lists::allowance(&recording.name, &row.what) == Some(allowance));
        assert!(used, "nothing is measured as `{}`", allowance.what);
    }
}

#[test]
fn the_page_of_fidelity_is_what_would_be_written_now() {
    for (path, written) in [
        (document::path(), document::write(recordings(), compared())),
        (document::totals_path(), document::write_totals(recordings(), compared())),
    ] {
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(there == written, "{} is out of date: `cargo xtask fidelity` writes it", path.display());
    }
}
