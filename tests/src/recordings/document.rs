//! `docs/fidelity.md`: what real Kafka did, what the simulator does, and the verdict; its totals once more, for the page.
use super::compare::{Row, SEEDS, Verdict, compare, show};
use super::{Recording, lists};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where the document stands.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fidelity.md")
}

/// Where the totals stand that the page shows.
pub fn totals_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fidelity-totals.txt")
}

/// The totals' text: a word and its value a line.
pub fn write_totals(recordings: &[Recording], compared: &[(&Recording, Vec<Row>)]) -> String {
    let totals = Totals::of(recordings, compared);
    format!(
        "kafka {}\nrecorded {}\nplayed {}\nsame {}\nwithin {}\ndifferent {}\nwaiting {}\n",
        totals.kafka,
        totals.recorded,
        totals.played,
        totals.same,
        totals.within,
        totals.different,
        totals.waiting
    )
}

/// What is counted.
struct Totals {
    /// The versions recorded.
    kafka: String,
    recorded: usize,
    played: usize,
    same: usize,
    within: usize,
    different: usize,
    /// Situations that wait for a feature.
    waiting: usize,
}

impl Totals {
    fn of(recordings: &[Recording], compared: &[(&Recording, Vec<Row>)]) -> Totals {
        let mut versions: Vec<&str> = recordings.iter().map(|recording| recording.kafka.as_str()).collect();
        versions.sort_unstable();
        versions.dedup();
        Totals {
            kafka: versions.join(" and "),
            recorded: recordings.len(),
            played: compared.len(),
            same: count(compared, |verdict| *verdict == Verdict::Same),
            within: count(compared, |verdict| matches!(verdict, Verdict::Within(_))),
            different: count(compared, |verdict| matches!(verdict, Verdict::Known(_))),
            waiting: lists::NOT_YET.len(),
        }
    }
}

/// Every recording that is played, in the order of the list, with its lines.
pub fn compare_all(recordings: &[Recording]) -> Vec<(&Recording, Vec<Row>)> {
    let played = lists::PLAYED.iter().filter_map(|(name, player)| {
        let recording = recordings.iter().find(|recording| recording.name == *name)?;
        Some((recording, compare(recording, *player)))
    });
    played.collect()
}

/// The document's text.
pub fn write(recordings: &[Recording], compared: &[(&Recording, Vec<Row>)]) -> String {
    let mut text = String::new();
    head(&mut text, recordings, compared);
    for (recording, rows) in compared {
        one(&mut text, recording, rows);
    }
    differences(&mut text, compared);
    lessons(&mut text);
    not_yet(&mut text, recordings);
    allowances(&mut text);
    text
}

fn count(compared: &[(&Recording, Vec<Row>)], is: impl Fn(&Verdict) -> bool) -> usize {
    compared.iter().flat_map(|(_, rows)| rows).filter(|row| is(&row.verdict)).count()
}

fn head(text: &mut String, recordings: &[Recording], compared: &[(&Recording, Vec<Row>)]) {
    let Totals { kafka, recorded, played, same, within, different, waiting } =
        Totals::of(recordings, compared);
    let _ = write!(
        text,
        "# The simulator held against real Kafka\n\n\
         A cluster of Apache Kafka {kafka} was recorded in {recorded} situations (`tests/recordings`), and the simulator plays {played} of them.\n\
         This page is written by `cargo xtask fidelity` from the recordings and from what the simulator does; a test fails when it\n\
         is out of date.\n\n\
         | | |\n| --- | ---: |\n| situations recorded | {recorded} |\n| situations played here | {played} |\n\
         | facts that are the same | {same} |\n| durations and counts within their margin | {within} |\n\
         | known differences | {different} |\n| situations not simulated yet | {waiting} |\n\n\
         Facts must be equal. A duration or a count differs from run to run: of it the simulator has a range, over {SEEDS} seeds,\n\
         each with the fault at another moment; every recorded value has to lie in it, widened by a margin, and the range must be\n\
         no wider than stated. Margins and their reasons are at the end. What was not the same in every repeat of the\n\
         recording has to occur in the simulator too.\n",
    );
}

fn one(text: &mut String, recording: &Recording, rows: &[Row]) {
    let _ = write!(text, "\n## {}\n\n{}\n", recording.name, recording.situation);
    let config = recording.config.as_object().into_iter().flatten();
    for (whose, keys) in config {
        let keys = keys.as_object().into_iter().flatten();
        let keys: Vec<String> = keys.map(|(key, value)| format!("`{key} = {}`", show(value))).collect();
        let _ = write!(text, "\nOf the {whose}: {}.\n", keys.join(", "));
    }
    text.push_str("\n| | real Kafka | simulator | |\n| --- | --- | --- | --- |\n");
    for row in rows {
        let verdict = match &row.verdict {
            Verdict::Same => String::from("same"),
            Verdict::Within(_) => String::from("within"),
            Verdict::Known(_) => String::from("**differs, known**"),
            Verdict::Differs(how) => format!("**differs**: {how}"),
        };
        let kafka = cell(&show(&row.kafka));
        let simulator = cell(&row.simulator);
        let _ = writeln!(text, "| {} | {kafka} | {simulator} | {verdict} |", row.what);
    }
}

/// Text for a cell of a table.
fn cell(words: &str) -> String {
    words.replace('|', "\\|")
}

fn differences(text: &mut String, compared: &[(&Recording, Vec<Row>)]) {
    text.push_str("\n## Known differences\n\n");
    if count(compared, |verdict| matches!(verdict, Verdict::Known(_))) == 0 {
        text.push_str("None.\n");
        return;
    }
    text.push_str("| situation | what | why |\n| --- | --- | --- |\n");
    for known in lists::DIFFERENCES {
        let _ = writeln!(text, "| {} | {} | {} |", known.recording, known.what, known.cause);
    }
}

fn lessons(text: &mut String) {
    text.push_str("\n## What recordings taught\n\nRules that had been simulated otherwise until a recording contradicted them.\n\n");
    text.push_str("| situation | what Kafka does |\n| --- | --- |\n");
    for lesson in lists::LESSONS {
        let _ = writeln!(text, "| {} | {} |", lesson.recording, lesson.rule);
    }
}

fn not_yet(text: &mut String, recordings: &[Recording]) {
    text.push_str("\n## Not simulated yet\n\nRecorded, and waiting for a feature.\n\n");
    text.push_str("| situation | feature | what happened to real Kafka |\n| --- | --- | --- |\n");
    for waiting in lists::NOT_YET {
        let recording = recordings.iter().find(|recording| recording.name == waiting.recording);
        let situation = recording.map_or("", |recording| &recording.situation);
        let _ = writeln!(text, "| {} | {} | {situation} |", waiting.recording, waiting.feature);
    }
}

fn allowances(text: &mut String) {
    text.push_str("\n## Margins\n\n| what | of | below | above | range at most | why |\n");
    text.push_str("| --- | --- | ---: | ---: | ---: | --- |\n");
    for one in lists::ALLOWANCES {
        let of = if one.of.is_empty() { String::from("all") } else { one.of.join(", ") };
        let _ = writeln!(
            text,
            "| {} | {of} | {} | {} | {} | {} |",
            one.what, one.below, one.above, one.widest, one.why
        );
    }
}

/// What differs and is not known to, a line each.
pub fn failures(compared: &[(&Recording, Vec<Row>)]) -> Vec<String> {
    let mut failures = Vec::new();
    for (recording, rows) in compared {
        for row in rows {
            if let Verdict::Differs(how) = &row.verdict {
                let kafka: &Value = &row.kafka;
                failures.push(format!("{}: {}: recorded {}, {how}", recording.name, row.what, show(kafka)));
            }
        }
    }
    failures
}
