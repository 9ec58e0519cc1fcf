//! What the command line asks for.
use crate::{Failure, help};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::scenario::{limits, words};
use lexopt::Arg::{Long, Short, Value};

/// What to do.
pub enum Verb {
    Help(String),
    Run,
    Check,
    Link,
    Describe,
}

/// A whole call.
pub struct Ask {
    pub verb: Verb,
    /// The file, link or name.
    pub input: String,
    /// `--until`.
    pub until: Option<SimTime>,
    /// `--at`, `-t`.
    pub at: Option<SimTime>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--json`.
    pub json: bool,
    /// `--story`.
    pub story: bool,
    /// `--why`.
    pub why: bool,
    /// `--csv`.
    pub csv: Option<String>,
    /// `--internal`.
    pub internal: bool,
    /// `--page`.
    pub page: Option<String>,
}

/// The verbs with the options each understands.
const VERBS: [(&str, &[&str]); 4] = [
    ("run", &["until", "seed", "story", "why", "json", "csv"]),
    ("check", &[]),
    ("link", &["seed", "t", "page"]),
    ("describe", &["at", "seed", "json", "internal"]),
];

/// Reads the arguments of this process.
pub fn read() -> Result<Ask, Failure> {
    let mut parser = lexopt::Parser::from_env();
    let mut ask = Ask {
        verb: Verb::Help(help::all()),
        input: String::new(),
        until: None,
        at: None,
        seed: None,
        json: false,
        story: false,
        why: false,
        csv: None,
        internal: false,
        page: None,
    };
    let mut verb: Option<&(&str, &[&str])> = None;
    let mut inputs: Vec<String> = Vec::new();
    while let Some(argument) = parser.next().map_err(wrong)? {
        let option = match argument {
            Value(value) => {
                let value = value.string().map_err(wrong)?;
                match verb {
                    Some(_) => inputs.push(value),
                    None if value == "help" => {}
                    None => verb = Some(find_verb(&value)?),
                }
                continue;
            }
            Long(name) => name.to_string(),
            Short(letter) => letter.to_string(),
        };
        if option == "h" || option == "help" {
            ask.verb = Verb::Help(verb.map_or_else(help::all, |(name, _)| help::of(name)));
            return Ok(ask);
        }
        if option == "V" || option == "version" {
            let version = env!("CARGO_PKG_VERSION");
            ask.verb = Verb::Help(format!("kafkarium {version}, simulating Apache Kafka 4.3.0\n"));
            return Ok(ask);
        }
        let (name, options) =
            verb.ok_or_else(|| Failure::input(format!("no option `{option}` comes first; {TRY}")))?;
        if !options.contains(&option.as_str()) {
            let dashes = if option.len() == 1 { "-" } else { "--" };
            let near = words::nearest(&option, options.iter().copied());
            let near = near.map(|near| format!("; the nearest is `--{near}`")).unwrap_or_default();
            return Err(Failure::input(format!(
                "`{dashes}{option}` is no option of `kafkarium {name}`{near}; {TRY}"
            )));
        }
        match option.as_str() {
            "json" => ask.json = true,
            "story" => ask.story = true,
            "why" => ask.why = true,
            "internal" => ask.internal = true,
            "csv" => ask.csv = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?),
            "page" => ask.page = Some(parser.value().and_then(|value| value.string()).map_err(wrong)?),
            "seed" => {
                let text = parser.value().and_then(|value| value.string()).map_err(wrong)?;
                let seed = text.parse();
                let sentence = format!("`--seed` is `{text}`; expected is a whole number");
                ask.seed = Some(seed.map_err(|_| Failure::input(sentence))?);
            }
            _ => {
                let text = parser.value().and_then(|value| value.string()).map_err(wrong)?;
                let moment = words::parse_duration_us(&text).filter(|us| *us <= limits::DURATION_US);
                let form = "a moment such as `12.5s` or `5min`, at most 24 h";
                let sentence = format!("`--{option}` is `{text}`; expected is {form}");
                let moment = SimTime(moment.ok_or_else(|| Failure::input(sentence))?);
                *(if option == "until" { &mut ask.until } else { &mut ask.at }) = Some(moment);
            }
        }
    }
    let Some((name, _)) = verb else { return Ok(ask) };
    ask.input = match inputs.len() {
        1 => inputs.remove(0),
        0 => return Err(Failure::input(format!("`kafkarium {name}` needs a file, a link or a name; {TRY}"))),
        _ => {
            return Err(Failure::input(format!(
                "`kafkarium {name}` takes one file or link, and here are {}",
                inputs.len()
            )));
        }
    };
    ask.verb = match *name {
        "run" => Verb::Run,
        "check" => Verb::Check,
        "link" => Verb::Link,
        _ => Verb::Describe,
    };
    Ok(ask)
}

const TRY: &str = "try `kafkarium --help`";

fn find_verb(name: &str) -> Result<&'static (&'static str, &'static [&'static str]), Failure> {
    VERBS.iter().find(|(verb, _)| *verb == name).ok_or_else(|| {
        let near = words::nearest(name, VERBS.iter().map(|(verb, _)| *verb));
        let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
        Failure::input(format!("`{name}` is nothing kafkarium does{near}; {TRY}"))
    })
}

/// What the argument parser says, in our form.
fn wrong(error: lexopt::Error) -> Failure {
    Failure::input(format!("{error}; {TRY}"))
}

/// Text of an argument.
trait Text {
    fn string(self) -> Result<String, lexopt::Error>;
}

impl Text for std::ffi::OsString {
    fn string(self) -> Result<String, lexopt::Error> {
        self.into_string().map_err(lexopt::Error::NonUnicodeValue)
    }
}
