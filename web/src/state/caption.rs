//! What the caption says, and for how long: what just happened and why, in two sentences at most.
use super::app::App;
use super::engine::Engine;
use kafkarium_core::observe::life::Step;
use kafkarium_core::observe::report::{StoryKind, StoryLine};
use leptos::prelude::*;

/// A caption stays for as long as it takes to read it, milliseconds: to find it, and each of its characters.
const FOUND_MS: f64 = 600.0;
const CHARACTER_MS: f64 = 36.0;
/// But no shorter, and no longer where others wait.
const HELD_MS: (f64, f64) = (1_800.0, 5_500.0);
/// Where none waits it stays longer.
const LAST_HELD_MS: f64 = 4_500.0;
/// A caption stays for this long after its moment, microseconds of virtual time, unless another follows.
const CAPTION_US: u64 = 12_000_000;
/// What happens within this long of each other is one moment, microseconds of virtual time.
const MOMENT_US: u64 = 50_000;
/// So many captions may wait; of more lines at once only the weightiest are said.
const MOST_WAITING: usize = 3;
/// The weight from which on a line of the story is said.
const SAID_FROM: u8 = 2;

/// What a line of the story about a command begins with.
const COMMAND: &str = "Command: ";

/// What happened, and why or what comes of it.
pub type Words = (String, String);

/// What a caption speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// All is well, and nobody has commanded anything yet.
    OfTheBeginning,
    /// All is well.
    OfCalm,
    /// Something happened.
    OfAnEvent,
}

impl Engine {
    /// Brings the caption up to date. However fast time goes, what is said of an event can be read; and of several at
    /// one moment each is said, the weightiest for as long as nothing else happens.
    pub(super) fn say_caption(&mut self, app: App, now_ms: f64) {
        let by = |at_us: f64| self.story.partition_point(|line| line.time_us as f64 <= at_us);
        let (told, come) = (by(self.told_us), by(self.playhead_us));
        let jumped = come < told || self.caption_at_ms == 0.0;
        if jumped {
            self.to_say.clear();
        } else {
            self.to_say.extend(sayings(&self.story[told..come]));
            let too_many = self.to_say.len().saturating_sub(MOST_WAITING);
            self.to_say.drain(..too_many);
        }
        let steps = if jumped { Vec::new() } else { steps_between(app, self.told_us, self.playhead_us) };
        self.to_say.extend(steps);
        self.told_us = self.playhead_us;
        let held_ms = app.caption.with_untracked(|words| held_ms(words, !self.to_say.is_empty()));
        let is_new = now_ms - self.caption_at_ms < held_ms;
        if is_new && app.speaks.get_untracked() == Speaks::OfAnEvent {
            return;
        }
        let next = self.to_say.pop_front().map(|words| (Speaks::OfAnEvent, words));
        let (speaks, words) = next.unwrap_or_else(|| self.settled(app, come));
        if jumped || app.caption.get_untracked() != words {
            self.caption_at_ms = now_ms;
            app.caption.set(words);
            app.speaks.set(speaks);
        }
    }

    /// What is said when nothing new is to be said, of so many lines that have come.
    fn settled(&self, app: App, come: usize) -> (Speaks, Words) {
        let story = &self.story[..come];
        let (now_us, shown) = (self.playhead_us as u64, self.shown);
        // Who follows a record wants to hear of it, unless something else happened since.
        let since_us = now_us.saturating_sub(CAPTION_US).max(story.last().map_or(0, |line| line.time_us));
        if let Some(step) = steps_between(app, since_us as f64 - 1.0, self.playhead_us).pop() {
            return (Speaks::OfAnEvent, step);
        }
        let is_trouble = shown.is_some_and(|shown| shown.trouble);
        let moment = weightiest_of_the_last_moment(story);
        if let Some(last) = moment.last().filter(|last| is_trouble || now_us - last.time_us <= CAPTION_US) {
            return (Speaks::OfAnEvent, words_of_all(&moment).unwrap_or_else(|| words_of(last)));
        }
        let (what, more) = if shown.is_some_and(|shown| shown.is_empty) {
            ("There is no topic yet.", "Build adds one, with who writes to it and who reads from it.")
        } else {
            (
                "All is well.",
                "Every partition has a leader and all its copies in sync; records go from producers to consumers.",
            )
        };
        let begun = story.iter().any(|line| line.kind == StoryKind::Command);
        let speaks = if begun { Speaks::OfCalm } else { Speaks::OfTheBeginning };
        (speaks, (what.to_owned(), more.to_owned()))
    }
}

/// How long a caption stays where others wait, and where none does.
fn held_ms((what, more): &Words, others_wait: bool) -> f64 {
    let characters = what.chars().count() + more.chars().count();
    let read_ms = (FOUND_MS + CHARACTER_MS * characters as f64).clamp(HELD_MS.0, HELD_MS.1);
    if others_wait { read_ms } else { read_ms.max(LAST_HELD_MS) }
}

/// What is said of the record followed: its steps after one moment, and up to another.
fn steps_between(app: App, after_us: f64, until_us: f64) -> Vec<Words> {
    let life = app.life.read_untracked();
    let Some(Ok(life)) = &*life else { return Vec::new() };
    let come = |step: &&Step| (step.time_us as f64) > after_us && step.time_us as f64 <= until_us;
    life.steps
        .iter()
        .filter(come)
        .map(|step| (step.what.clone(), first_sentence(&step.why).to_owned()))
        .collect()
}

/// What is said of lines that have just come: of commands given together first, and at once.
fn sayings(fresh: &[StoryLine]) -> Vec<Words> {
    let mut lines: Vec<&StoryLine> = fresh.iter().filter(|line| line.weight >= SAID_FROM).collect();
    if lines.len() > MOST_WAITING {
        let most = lines.iter().map(|line| line.weight).max();
        lines.retain(|line| Some(line.weight) == most);
    }
    let (commands, others): (Vec<&StoryLine>, _) =
        lines.into_iter().partition(|line| line.kind == StoryKind::Command);
    let together = words_of_all(&commands).or_else(|| commands.first().copied().map(words_of));
    together.into_iter().chain(others.into_iter().map(words_of)).collect()
}

/// The weightiest lines among those that came with the last one that is said.
fn weightiest_of_the_last_moment(story: &[StoryLine]) -> Vec<&StoryLine> {
    let said = || story.iter().rev().filter(|line| line.weight >= SAID_FROM);
    let Some(last) = said().next() else { return Vec::new() };
    // What came of a command outweighs it.
    let is_past = |line: &StoryLine| line.kind == StoryKind::Command && line.time_us < last.time_us;
    let near = || said().take_while(|line| last.time_us - line.time_us <= MOMENT_US);
    let moment = || near().filter(|line| !is_past(line));
    let most = moment().map(|line| line.weight).max();
    let mut lines: Vec<&StoryLine> = moment().filter(|line| Some(line.weight) == most).collect();
    lines.reverse();
    lines
}

fn words_of(line: &StoryLine) -> Words {
    let more = if line.why.is_empty() { &line.next } else { &line.why };
    (line.what.clone(), first_sentence(more).to_owned())
}

/// The words of several commands; `None` if it is one only, or something else is among them.
fn words_of_all(lines: &[&StoryLine]) -> Option<Words> {
    let command = |line: &&StoryLine| Some(line.what.strip_prefix(COMMAND)?.trim_end_matches('.').to_owned());
    let commands: Vec<String> = lines.iter().map(command).collect::<Option<_>>()?;
    let first = lines.first().filter(|_| commands.len() > 1)?;
    Some((format!("Commands: {}.", commands.join(", ")), words_of(first).1))
}

/// The first sentence of a text.
pub fn first_sentence(text: &str) -> &str {
    text.split_inclusive(". ").next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time_us: u64, kind: StoryKind, weight: u8, what: &str) -> StoryLine {
        let why = "It is so. And more.".to_owned();
        StoryLine {
            time_us,
            kind,
            what: what.to_owned(),
            why,
            next: String::new(),
            about: Vec::new(),
            weight,
            ask: String::new(),
        }
    }

    fn rack_lost() -> Vec<StoryLine> {
        let of = |broker: u32| {
            [
                line(48, StoryKind::Command, 3, &format!("Command: crash machine of broker {broker}.")),
                line(48, StoryKind::Log, 2, "Power loss."),
            ]
        };
        [2, 5, 8].into_iter().flat_map(of).collect()
    }

    #[test]
    fn commands_given_together_are_said_at_once() {
        let all =
            "Commands: crash machine of broker 2, crash machine of broker 5, crash machine of broker 8.";
        let said = sayings(&rack_lost());
        assert_eq!(said, [(all.to_owned(), "It is so.".to_owned())]);
        assert_eq!(sayings(&rack_lost()[..2])[0].0, "Command: crash machine of broker 2.");
        let settled = words_of_all(&weightiest_of_the_last_moment(&rack_lost()));
        assert_eq!(settled.map(|words| words.0).as_deref(), Some(all));
    }

    #[test]
    fn a_caption_stays_as_long_as_it_takes_to_read() {
        let words = |characters: usize| ("x".repeat(characters), String::new());
        assert_eq!(held_ms(&words(5), true), HELD_MS.0);
        assert_eq!(held_ms(&words(5), false), LAST_HELD_MS);
        // Twenty-odd characters a second, as subtitles go.
        let seconds = held_ms(&words(100), true) / 1_000.0;
        assert!((4.0..5.5).contains(&seconds), "{seconds}");
        assert_eq!(held_ms(&words(1_000), true), HELD_MS.1);
    }

    #[test]
    fn the_weightiest_of_a_moment_stays() {
        let story = [
            line(1_000_000, StoryKind::Command, 3, "Long before."),
            line(8_000_000, StoryKind::Broker, 3, "Fenced."),
            line(8_000_000, StoryKind::Leader, 3, "Another leads."),
            line(8_010_000, StoryKind::Isr, 2, "No longer in sync."),
            line(8_010_000, StoryKind::Isr, 1, "A lesser line."),
        ];
        let what = |words: &[Words]| words.iter().map(|words| words.0.clone()).collect::<Vec<_>>();
        assert_eq!(what(&sayings(&story[1..])), ["Fenced.", "Another leads.", "No longer in sync."]);
        let stays = weightiest_of_the_last_moment(&story);
        assert_eq!(stays.last().map(|line| line.what.as_str()), Some("Another leads."));
        assert!(words_of_all(&stays).is_none());
        let came_of_it = [
            line(9_000_000, StoryKind::Command, 3, "Command."),
            line(9_020_000, StoryKind::Isr, 2, "In sync again."),
        ];
        assert_eq!(weightiest_of_the_last_moment(&came_of_it)[0].what, "In sync again.");
    }
}
