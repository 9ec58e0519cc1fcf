//! What a scenario's author is told although nothing is wrong: the cases are data.
use kafkarium_core::scenario::read;

#[test]
fn an_author_is_told_what_kafka_would_warn_of_and_what_would_surprise() {
    let cases: Vec<&str> = include_str!("advice.txt").split("---\n").skip(1).collect();
    assert!(cases.len() > 20, "{} cases", cases.len());
    for case in cases {
        let is_told = |line: &&str| line.starts_with("=> ");
        let text: Vec<&str> = case.lines().filter(|line| !is_told(line)).collect();
        let expected: Vec<&str> = case.lines().filter(is_told).map(|line| &line[3..]).collect();
        let scenario = read(&format!("format = 1\n{}", text.join("\n")))
            .unwrap_or_else(|errors| panic!("{case}: {}", errors[0]));
        let kind = |is_warning| if is_warning { "warning" } else { "note" };
        let told: Vec<String> =
            scenario.notes.iter().map(|note| format!("{}: {note}", kind(note.is_warning))).collect();
        assert_eq!(told, expected, "{case}");
    }
}
