//! What to run: a file, a link, or the name of a scenario that ships.
use crate::Failure;
use crate::args::Ask;
use kafkarium_core::scenario::{Scenario, limits, shipped, shipped_named, words};
use kafkarium_core::share::{self, Link, LinkScenario};
use std::io::Read;

/// A scenario ready to run.
pub struct Input {
    /// What the person called it.
    pub name: String,
    pub scenario: Scenario,
    /// The seed asked for, or the link's, or the scenario's.
    pub seed: u64,
    /// It as a link.
    pub link: Link,
}

/// Opens what was asked for, or tells everything that is wrong with it.
pub fn open(ask: &Ask) -> Result<Input, Failure> {
    let (name, link) = find(&ask.input)?;
    let scenario = link.read().map_err(|errors| wrong(&name, &errors))?;
    let commands = scenario.check_commands(&link.commands);
    if !commands.is_empty() {
        let sentence = |(index, error)| {
            let command: &kafkarium_core::scenario::TimedCommand = &link.commands[index as usize];
            format!("{name}, command {}, `{command}`: {error}", index + 1)
        };
        return Err(Failure::Input(commands.into_iter().map(sentence).collect()));
    }
    Ok(Input { name, scenario, seed: ask.seed.unwrap_or(link.seed), link })
}

fn find(input: &str) -> Result<(String, Link), Failure> {
    let is_file = input == "-" || std::path::Path::new(input).exists();
    if is_file {
        let name = if input == "-" { "standard input" } else { input };
        let text = read_text(input, name)?;
        // A shipped scenario read from its file is still that scenario: its link stays short.
        let same = shipped().iter().find(|shipped| shipped.text == text);
        let scenario = match same {
            Some(shipped) => LinkScenario::Shipped(shipped.name.into()),
            None => LinkScenario::Text(text),
        };
        return to(name, scenario);
    }
    if shipped_named(input).is_some() {
        return to(input, LinkScenario::Shipped(input.into()));
    }
    let fragment = match input.split_once('#') {
        Some((_, fragment)) => Some(fragment),
        None => {
            let packed =
                input.strip_prefix('k').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            (input.starts_with("s=") || packed && input.contains('.')).then_some(input)
        }
    };
    match fragment.map(share::decode) {
        Some(Ok(link)) => Ok(("the link".into(), link)),
        Some(Err(error)) => Err(Failure::input(error.to_string())),
        None => {
            let near = words::nearest(input, shipped().iter().map(|shipped| shipped.name));
            let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            Err(Failure::input(format!("`{input}` is no file, no link, and no scenario that ships{near}")))
        }
    }
}

fn to(name: &str, scenario: LinkScenario) -> Result<(String, Link), Failure> {
    Link::to(scenario).map(|link| (name.into(), link)).map_err(|errors| wrong(name, &errors))
}

fn wrong(name: &str, errors: &[kafkarium_core::scenario::ScenarioError]) -> Failure {
    Failure::Input(errors.iter().map(|error| format!("{name}, {error}")).collect())
}

/// Reads no more than a scenario may have, whatever the file is.
fn read_text(path: &str, name: &str) -> Result<String, Failure> {
    let most = limits::TEXT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = match path {
        "-" => std::io::stdin().lock().take(most).read_to_end(&mut bytes),
        path => std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)),
    };
    read.map_err(|error| Failure::input(format!("{name} cannot be read: {error}")))?;
    if bytes.len() as u64 == most {
        let most = words::show_number(limits::TEXT_BYTES as u64);
        return Err(Failure::input(format!("{name} is too long: a scenario has at most {most} bytes")));
    }
    String::from_utf8(bytes).map_err(|_| Failure::input(format!("{name} is no text: it is not UTF-8")))
}
