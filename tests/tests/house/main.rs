//! The rules of the house, read off the source: which room may import which, and what simulated state never holds.
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the core, in building order: a room imports only from rooms listed before it.
const ROOMS: [&str; 18] = [
    "kernel",
    "config",
    "log",
    "metadata",
    "wire",
    "trace",
    "node",
    "assign",
    "client",
    "coordinator",
    "controller",
    "broker",
    "net",
    "scenario",
    "world",
    "observe",
    "history",
    "share",
];

/// Rooms whose data is not simulated state: what a person reads.
const TOLD_TO_PEOPLE: [&str; 4] = ["scenario", "observe", "history", "share"];

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src")
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the core") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The code of a file: without comments, without its unit tests (they come last).
fn code_of(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).expect("a source file");
    let lines = text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    let code = lines.map(|(at, line)| (at + 1, line.split("//").next().unwrap_or("").to_owned()));
    code.filter(|(_, line)| !line.trim().is_empty()).collect()
}

fn complain(found: &[String]) {
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_room_is_listed_and_every_listed_room_is_there() {
    let mut there: Vec<String> = fs::read_dir(core())
        .expect("the core")
        .filter_map(|entry| {
            let path = entry.expect("an entry").path();
            path.is_dir().then(|| path.file_name().expect("a name").to_string_lossy().into_owned())
        })
        .collect();
    there.sort();
    let mut listed: Vec<String> = ROOMS.iter().map(|&room| room.to_owned()).collect();
    listed.sort();
    assert_eq!(there, listed);
}

#[test]
fn a_room_imports_only_from_rooms_built_before_it() {
    let mut found = Vec::new();
    for (order, room) in ROOMS.iter().enumerate() {
        for file in files_of(&core().join(room)) {
            for (at, line) in code_of(&file) {
                for part in line.split("crate::").skip(1) {
                    let name: String =
                        part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    match ROOMS.iter().position(|&other| other == name) {
                        Some(other) if other <= order => {}
                        _ => found.push(format!("{}:{at}: {room} imports {name}", file.display())),
                    }
                }
            }
        }
    }
    complain(&found);
}

#[test]
fn the_simulation_knows_no_clock_no_hash_order_no_global() {
    const BANNED: [&str; 12] = [
        "HashMap",
        "HashSet",
        "DefaultHasher",
        "Instant::",
        "SystemTime",
        "thread_local!",
        "static mut",
        "OnceLock",
        "LazyLock",
        "RefCell",
        "derive(Hash",
        ", Hash",
    ];
    let mut found = Vec::new();
    for file in files_of(&core()) {
        for (at, line) in code_of(&file) {
            found.extend(BANNED.iter().filter(|word| line.contains(**word)).map(|word| {
                let place = file.display();
                format!("{place}:{at}: {word}")
            }));
        }
    }
    complain(&found);
}

#[test]
fn simulated_state_holds_no_float_and_no_pointer_sized_number() {
    let mut found = Vec::new();
    for room in ROOMS.iter().filter(|room| !TOLD_TO_PEOPLE.contains(room)) {
        for file in files_of(&core().join(room)) {
            for (at, line) in code_of(&file) {
                let float = ["f32", "f64"].iter().any(|word| {
                    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|token| token == *word)
                });
                if float {
                    found.push(format!("{}:{at}: a float", file.display()));
                }
                if is_field(&line) && line.contains("usize") {
                    found.push(format!("{}:{at}: a usize in a field", file.display()));
                }
            }
        }
    }
    complain(&found);
}

/// A struct's or variant's field: `name: Type,` alone on its line.
fn is_field(line: &str) -> bool {
    let line = line.trim().trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ");
    let line = line.trim_start_matches("pub ");
    let Some((name, rest)) = line.split_once(':') else { return false };
    let plain = !name.is_empty() && name.chars().all(|c| c.is_lowercase() || c.is_numeric() || c == '_');
    plain
        && rest.starts_with(' ')
        && rest.trim_end().ends_with(',')
        && !rest.contains('(')
        && !rest.contains('=')
        && rest.trim_start().starts_with(|c: char| c.is_uppercase() || "u[&(".contains(c))
        && !line.contains(" as ")
}

#[test]
fn every_file_says_what_it_is_for() {
    let files = files_of(&core());
    assert!(files.len() > 40, "the core has more files than that: {}", files.len());
    let silent = files.iter().filter(|file| {
        let text = fs::read_to_string(file).expect("a source file");
        !text.starts_with("//! ")
    });
    let silent: Vec<String> = silent.map(|file| file.display().to_string()).collect();
    complain(&silent);
}
