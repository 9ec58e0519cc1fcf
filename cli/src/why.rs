//! `--why`: the chains of causes behind a story, asked for one by one.
use kafkarium_core::history::Session;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::chain::{Cause, Chain};
use kafkarium_core::observe::report::{Finding, StoryLine};
use serde::Serialize;

/// A question and its answer.
#[derive(Serialize)]
pub struct Asked {
    /// As the line of the story or the finding asks it.
    pub ask: String,
    /// The answer.
    pub chain: Chain,
}

/// The answers to everything that lines and findings ask, each once.
pub fn chains(session: &mut Session, story: &[StoryLine], findings: &[Finding]) -> Vec<Asked> {
    let lines = story.iter().map(|line| &line.ask);
    let asks = lines.chain(findings.iter().map(|finding| &finding.ask)).filter(|ask| !ask.is_empty());
    let mut asked: Vec<Asked> = Vec::new();
    for ask in asks {
        if asked.iter().any(|other| other.ask == *ask) || session.why(ask).is_err() {
            continue;
        }
        while session.why_on(u64::MAX) {}
        let chain = session.chain().unwrap_or_default();
        asked.push(Asked { ask: ask.clone(), chain });
    }
    session.why_no_more();
    asked
}

/// The answer to a line of the story as text, to stand under it; nothing where none was asked for.
pub fn under(line: &StoryLine, chains: &[Asked]) -> String {
    let asked = chains.iter().find(|asked| asked.ask == line.ask);
    asked.map_or_else(String::new, |asked| show(&asked.chain))
}

fn show(chain: &Chain) -> String {
    let mut text = format!("              {}:\n", chain.title);
    chain.causes.iter().for_each(|cause| text.push_str(&line(cause)));
    if !chain.after.is_empty() {
        text.push_str("              What came of it:\n");
        chain.after.iter().for_each(|cause| text.push_str(&line(cause)));
    }
    if !chain.gap.is_empty() {
        text.push_str(&format!("              {}\n", chain.gap));
    }
    text
}

fn line(cause: &Cause) -> String {
    let settings = cause.settings.iter().map(|setting| format!("  [{} {}]", setting.of, setting.line));
    let time = SimTime(cause.time_us).to_string();
    format!("              {time:>11} s  {}{}\n", cause.text, settings.collect::<String>())
}
