//! `run` and `describe`: moves through a run and shows what is there.
use crate::args::Ask;
use crate::{Failure, input, say, summary, why};
use kafkarium_core::history::{Progress, Session};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::report::Subject;
use kafkarium_core::observe::{prose, tools};
use kafkarium_core::scenario::words::{show_duration, show_number};
use std::time::{Duration, Instant};

/// Events between two looks at the clock: a few hundredths of a second.
const EVENTS_A_SLICE: u64 = 100_000;
/// Slices without a microsecond of progress after which the run is given up.
const STANDSTILL_SLICES: u32 = 100;

/// `kafkarium run`.
pub fn run(ask: &Ask) -> Result<(), Failure> {
    let input = input::open(ask)?;
    let until = ask.until.unwrap_or(input.scenario.duration);
    let mut session = Session::open(input.scenario, input.seed, input.link.commands);
    if let Some(digest) = input.link.digest.filter(|_| ask.seed.is_none() && input.link.moment <= until) {
        advance(&mut session, input.link.moment)?;
        if session.digest() != digest {
            eprintln!(
                "kafkarium: the link was made by another version: what it showed may differ from this run"
            );
        }
    }
    advance(&mut session, until)?;
    if let Some(path) = &ask.csv {
        let written = std::fs::write(path, session.metrics(Subject::Cluster).csv());
        written.map_err(|error| Failure::input(format!("`{path}` cannot be written: {error}")))?;
    }
    let sum = session.summary();
    let told = ask.story || ask.why;
    let mut story = if told { session.story(0) } else { Vec::new() };
    // As the figures, it begins with the end of the warm-up.
    prose::retain_told(&mut story, SimTime(sum.from_us));
    let chains = if ask.why { why::chains(&mut session, &story, &sum.audit.findings) } else { Vec::new() };
    if ask.json && told {
        let mut whole = serde_json::to_value(&sum).map_err(|error| no_json(&error))?;
        whole["story"] = serde_json::to_value(&story).map_err(|error| no_json(&error))?;
        if ask.why {
            whole["why"] = serde_json::to_value(&chains).map_err(|error| no_json(&error))?;
        }
        say(&json(&whole)?)?;
    } else if ask.json {
        say(&json(&sum)?)?;
    } else {
        let apart = if story.is_empty() { "" } else { "\n" };
        let story = prose::story(&story, |line| why::under(line, &chains));
        say(&(story + apart + &summary::show(&sum)))?;
    }
    if sum.expectations.iter().all(|expectation| expectation.holds) { Ok(()) } else { Err(Failure::Broken) }
}

/// `kafkarium describe`.
pub fn describe(ask: &Ask) -> Result<(), Failure> {
    let input = input::open(ask)?;
    let at = ask.at.unwrap_or(input.link.moment);
    let mut session = Session::open(input.scenario, input.seed, input.link.commands);
    advance(&mut session, at)?;
    let mut description = session.describe();
    if !ask.internal {
        description.topics.retain(|topic| !topic.internal);
    }
    if ask.json {
        say(&json(&description)?)
    } else {
        say(&(tools::topics(&description.topics) + &tools::offsets(&description)))
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|error| no_json(&error))
}

fn no_json(error: &serde_json::Error) -> Failure {
    Failure::Bug(format!("this cannot be written as JSON: {error}"))
}

/// Moves to `to`, telling how far it is once a second if it takes longer than that.
fn advance(session: &mut Session, to: SimTime) -> Result<(), Failure> {
    let (started, from) = (Instant::now(), session.now());
    let mut told = started;
    let mut still = 0;
    loop {
        let before = session.now();
        match session.advance(to, EVENTS_A_SLICE) {
            Progress::Arrived => return Ok(()),
            Progress::MemoryFull => return Err(Failure::input(session.memory_sentence())),
            Progress::OnTheWay => {}
        }
        still = if session.now() == before { still + 1 } else { 0 };
        if still > STANDSTILL_SLICES {
            let moment = session.now();
            return Err(Failure::Bug(format!(
                "the run stands still at {moment} s: a bug of ours, please report it"
            )));
        }
        if told.elapsed() >= Duration::from_secs(1) {
            told = Instant::now();
            let gone_us = session.now().since_us(from);
            let taken_us = (started.elapsed().as_micros() as u64).max(1);
            let whole_us = to.since_us(from).max(1);
            eprintln!(
                "{} of {} simulated, {} %, {} times real time",
                show_duration(session.now().0 / 100_000 * 100_000),
                show_duration(to.0),
                gone_us * 100 / whole_us,
                show_number(gone_us / taken_us),
            );
        }
    }
}
