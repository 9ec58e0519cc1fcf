//! Kafkarium without a browser: run, check, link and describe scenarios.
//!
//! Exit codes: 0 all well, 1 an expectation of the scenario is broken, 2 the input is wrong, 3 a bug of ours.
mod args;
mod help;
mod input;
mod run;
mod summary;
mod why;

use args::{Ask, Verb};
use std::io::Write;
use std::process::ExitCode;

/// How a call ends when it does not end well.
enum Failure {
    /// The scenario does not keep its word; everything was said already.
    Broken,
    /// The input is wrong: one line a sentence.
    Input(Vec<String>),
    /// What must not happen.
    Bug(String),
}

impl Failure {
    fn input(sentence: impl Into<String>) -> Self {
        Failure::Input(vec![sentence.into()])
    }
}

fn main() -> ExitCode {
    let (code, sentences) = match args::read().and_then(obey) {
        Ok(()) => (0, Vec::new()),
        Err(Failure::Broken) => (1, Vec::new()),
        Err(Failure::Input(sentences)) => (2, sentences),
        Err(Failure::Bug(sentence)) => (3, vec![sentence]),
    };
    for sentence in sentences {
        eprintln!("kafkarium: {sentence}");
    }
    ExitCode::from(code)
}

fn obey(ask: Ask) -> Result<(), Failure> {
    match &ask.verb {
        Verb::Help(text) => say(text),
        Verb::Run => run::run(&ask),
        Verb::Check => check(&ask),
        Verb::Link => link(&ask),
        Verb::Describe => run::describe(&ask),
    }
}

/// `kafkarium check`: what the scenario is, and what its author should know.
fn check(ask: &Ask) -> Result<(), Failure> {
    let input = input::open(ask)?;
    let scenario = &input.scenario;
    let partitions: u32 = scenario.topics.iter().map(|topic| topic.partitions).sum();
    let members: u32 = scenario.groups.iter().map(|group| group.members).sum();
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    };
    let mut text = format!(
        "{}: nothing is wrong\n{}, {} with {}, {}, {} with {}, {}, {}\n",
        input.name,
        count(scenario.brokers.len(), "broker"),
        count(scenario.topics.len(), "topic"),
        count(partitions as usize, "partition"),
        count(scenario.producers.len(), "producer"),
        count(scenario.groups.len(), "group"),
        count(members as usize, "member"),
        count(scenario.timeline.len() + input.link.commands.len(), "command"),
        count(scenario.expectations.len(), "expectation"),
    );
    for note in &scenario.notes {
        let kind = if note.is_warning { "warning" } else { "note" };
        text.push_str(&format!("{kind}: {note}\n"));
    }
    say(&text)
}

/// `kafkarium link`: the scenario as the end of a URL.
fn link(ask: &Ask) -> Result<(), Failure> {
    let mut input = input::open(ask)?;
    input.link.seed = input.seed;
    if let Some(at) = ask.at {
        input.link.moment = at;
        input.link.digest = None;
    }
    if ask.seed.is_some() {
        input.link.digest = None;
    }
    let encoded =
        kafkarium_core::share::encode(&input.link).map_err(|error| Failure::input(error.to_string()))?;
    say(&format!("{}#{encoded}\n", ask.page.as_deref().unwrap_or("")))
}

/// Writes to standard output; that nobody reads on (`| head`) is no error.
fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::input(format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}
