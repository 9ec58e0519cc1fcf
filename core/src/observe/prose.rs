//! The story and a record's life as plain text: for a terminal, a file, an e-mail.
use super::life::{Life, Step};
use super::report::StoryLine;
use crate::kernel::SimTime;

/// What stands before each further line of an entry of the story.
const UNDER_TIME: &str = "              ";

/// Leaves of a story what is worth telling: of what came before the end of the warm-up, only what matters.
pub fn retain_told(story: &mut Vec<StoryLine>, warm_up: SimTime) {
    story.retain(|line| line.weight >= if line.time_us >= warm_up.0 { 1 } else { 2 });
}

/// What happened: each line what, then why and what comes next, then what `under` has to add; a star marks what matters
/// most.
pub fn story(story: &[StoryLine], under: impl Fn(&StoryLine) -> String) -> String {
    let mut text = String::new();
    for line in story {
        let mark = if line.weight >= 3 { '*' } else { ' ' };
        text.push_str(&format!("{mark}{:>9} s  {}\n", SimTime(line.time_us).to_string(), line.what));
        for more in [&line.why, &line.next].into_iter().filter(|more| !more.is_empty()) {
            text.push_str(&format!("{UNDER_TIME}{more}\n"));
        }
        text.push_str(&under(line));
    }
    text
}

/// The life of a record: what it is, what became of it, then each step with its moment, how long after the step before, and
/// where.
pub fn life(life: &Life) -> String {
    let key = life.key.as_deref().map_or_else(|| "no key".to_owned(), |key| format!("key {key}"));
    let mut text = format!("A record with {key}, {}\n{}\n", value(life), from_to(life));
    text.push_str(&format!("{}\n", followed(life)));
    let mut before = None;
    for (number, step) in (1..).zip(&life.steps) {
        text.push_str(&one_step(number, step, before));
        before = Some(step.time_us);
    }
    text
}

fn one_step(number: u32, step: &Step, before: Option<u64>) -> String {
    let since = before.map_or_else(String::new, |before| since(step.time_us - before));
    let line = format!("\n{number:>3}.  {} s  {since:>10}  {}", clock(step.time_us), step.place);
    let mut text = format!("{}\n      {}\n", line.trim_end(), step.what);
    if !step.why.is_empty() {
        text.push_str(&format!("      {}\n", step.why));
    }
    text
}

/// What a record carries: `“hello”`, or `100 bytes`.
pub fn value(life: &Life) -> String {
    match &life.value {
        Some(value) => format!("“{value}”"),
        None => format!("{} bytes", life.value_bytes),
    }
}

/// From which producer to which offset a record goes: one sentence.
pub fn from_to(life: &Life) -> String {
    let place = match life.copies.as_slice() {
        [] if life.partition_name.is_empty() => return "No partition is chosen yet.".to_owned(),
        [] => life.partition_name.clone(),
        copies => {
            let offsets: Vec<String> = copies.iter().map(|(offset, _)| offset.to_string()).collect();
            format!("{}, offset {}", life.partition_name, offsets.join(" and "))
        }
    };
    format!("From {} to {place}.", life.producer)
}

/// What became of a record, and up to when that is known.
pub fn followed(life: &Life) -> String {
    format!("{} Followed up to {} s.", life.sentence, clock(life.known_until_us))
}

/// A moment to the microsecond, in seconds: `20.604 312`.
pub fn clock(us: u64) -> String {
    format!("{}.{:03} {:03}", us / 1_000_000, us / 1_000 % 1_000, us % 1_000)
}

/// How long since the step before: `+0.31 ms`, `+4.83 s`.
pub fn since(us: u64) -> String {
    match us {
        0..100 => format!("+{us} µs"),
        100..100_000 => format!("+{}.{:02} ms", us / 1_000, us / 10 % 100),
        100_000..1_000_000 => format!("+{} ms", us / 1_000),
        _ => format!("+{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::life::StepKind;
    use crate::observe::view::Place;

    #[test]
    fn a_life_reads_as_a_page() {
        let step = |time_us, what: &str, why: &str, place: &str| Step {
            time_us,
            kind: StepKind::Send,
            what: what.into(),
            why: why.into(),
            from: None,
            at: Place::Producer(0),
            place: place.into(),
        };
        let followed = Life {
            key: Some("customer-1".into()),
            value: Some("hello".into()),
            producer: "checkout".into(),
            partition_name: "orders-1".into(),
            copies: vec![(17, 0)],
            sentence: "It is processed.".into(),
            known_until_us: 21_000_000,
            steps: vec![
                step(20_604_312, "send() is called.", "", "checkout"),
                step(20_604_622, "Appended.", "The leader has it.", "broker 1"),
            ],
            ..Life::default()
        };
        let expected = "\
A record with key customer-1, “hello”
From checkout to orders-1, offset 17.
It is processed. Followed up to 21.000 000 s.

  1.  20.604 312 s              checkout
      send() is called.

  2.  20.604 622 s    +0.31 ms  broker 1
      Appended.
      The leader has it.
";
        assert_eq!(life(&followed), expected);
    }
}
