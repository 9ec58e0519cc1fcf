//! The scenario that is being written: its text, the texts before and after it, and all that is known of it.
use crate::state::browser;
use crate::state::door::{RUN, Visit, say};
use gloo_timers::callback::Timeout;
use kafkarium_core::scenario::Part;
use kafkarium_core::scenario::draft::{
    Change, EMPTY, Finding, Form, Grade, NewPart, PartRow, change, review,
};
use leptos::prelude::*;

/// So long nothing is typed before the text is looked at, milliseconds.
const TYPED_MS: u32 = 300;
/// Texts kept for undo.
const TEXTS_MAX: usize = 200;

/// The signals of the scenario that is being written.
#[derive(Clone, Copy)]
pub struct Draft {
    /// The text as it stands.
    pub text: RwSignal<String>,
    /// The text that it began from, which `Reset` goes back to.
    pub base: RwSignal<String>,
    /// What it began from: a scenario's title, a file's name.
    pub from: RwSignal<String>,
    /// The part whose form is shown.
    pub part: RwSignal<Part>,
    /// The parts, as of the last text that was TOML.
    pub parts: RwSignal<Vec<PartRow>>,
    /// The form, as of the last text that was TOML.
    pub form: RwSignal<Option<Form>>,
    /// What is wrong and what is worth knowing.
    pub findings: RwSignal<Vec<Finding>>,
    /// Parts and form are of an older text: this one is not TOML.
    pub is_stale: RwSignal<bool>,
    /// What could not be done, or was: one sentence.
    pub told: RwSignal<Option<String>>,
    /// Counts what was added: its name is to be written next.
    pub added: RwSignal<u32>,
    /// The text and the title of the run that is open.
    runs: RwSignal<(String, String)>,
    /// The texts so far, and which of them stands.
    texts: RwSignal<(Vec<String>, usize)>,
    typed: StoredValue<Option<Timeout>, LocalStorage>,
}

impl Draft {
    /// The draft that this browser kept, or none.
    pub fn start() -> Draft {
        let kept = |key| browser::remembered(key).unwrap_or_default();
        let text = kept("draft");
        Draft {
            base: RwSignal::new(kept("draft-base")),
            from: RwSignal::new(kept("draft-from")),
            part: RwSignal::new(Part::Cluster),
            parts: RwSignal::new(Vec::new()),
            form: RwSignal::new(None),
            findings: RwSignal::new(Vec::new()),
            is_stale: RwSignal::new(false),
            told: RwSignal::new(None),
            added: RwSignal::new(0),
            runs: RwSignal::new((String::new(), String::new())),
            texts: RwSignal::new((vec![text.clone()], 0)),
            text: RwSignal::new(text),
            typed: StoredValue::new_local(None),
        }
    }

    /// Somebody comes in: the draft is there, or else the scenario that is open; a file goes before both.
    pub fn enter(&self, visit: Visit) {
        let was_changed = untrack(|| self.is_changed());
        self.runs.set((visit.text, visit.title));
        match visit.file {
            Some((name, text)) => self.begin(&text, &name),
            None if was_changed && untrack(|| self.is_changed()) => self.look(),
            None => self.take_what_runs(),
        }
    }

    /// Whether something was changed that does not run.
    pub fn is_changed(&self) -> bool {
        !self.text.read().is_empty() && *self.text.read() != self.runs.read().0
    }

    /// Whether a change can be taken back.
    pub fn can_undo(&self) -> bool {
        let (texts, at) = &*self.texts.read();
        *at > 0 || texts[*at] != *self.text.read()
    }

    /// Whether a change taken back can be done again.
    pub fn can_redo(&self) -> bool {
        let (texts, at) = &*self.texts.read();
        at + 1 < texts.len()
    }

    /// How many findings there are of a grade.
    pub fn count(&self, grade: Grade) -> usize {
        self.findings.read().iter().filter(|finding| finding.grade == grade).count()
    }

    /// Changes the text by its form.
    pub fn change(&self, what: &Change) {
        let text = self.text.get_untracked();
        match change(&text, what) {
            Ok((text, part)) => {
                self.part.set(part);
                self.stand(text);
                if matches!(what, Change::Add(_)) {
                    self.added.update(|count| *count += 1);
                }
            }
            Err(why) => self.told.set(Some(format!("{why}."))),
        }
    }

    /// Adds something.
    pub fn add(&self, new: NewPart) {
        self.change(&Change::Add(new));
    }

    /// The text as it is typed.
    pub fn write(&self, text: String) {
        let draft = *self;
        self.text.set(text);
        self.typed.set_value(Some(Timeout::new(TYPED_MS, move || draft.look())));
    }

    /// Shows another part's form.
    pub fn select(&self, part: Part) {
        self.part.set(part);
        self.look();
    }

    /// Takes the last change back.
    pub fn undo(&self) {
        self.keep();
        self.go(|at, _| at.saturating_sub(1));
    }

    /// Does it again.
    pub fn redo(&self) {
        self.go(|at, last| (at + 1).min(last));
    }

    fn go(&self, to: impl Fn(usize, usize) -> usize) {
        self.texts.update(|(texts, at)| *at = to(*at, texts.len() - 1));
        let text = self.texts.with_untracked(|(texts, at)| texts[*at].clone());
        self.stand(text);
    }

    /// Goes back to what it began from; undo brings the changes back.
    pub fn reset(&self) {
        self.stand(self.base.get_untracked());
    }

    /// Begins with the scenario that is open; undo brings the draft back.
    pub fn take_what_runs(&self) {
        let (text, title) = self.runs.get_untracked();
        self.begin(&text, &title);
    }

    /// Begins with a cluster and nothing in it.
    pub fn take_empty(&self) {
        self.begin(EMPTY, "an empty tank");
    }

    /// Begins with a text.
    pub fn begin(&self, text: &str, from: &str) {
        self.base.set(text.to_owned());
        self.from.set(from.to_owned());
        self.part.set(Part::Cluster);
        self.stand(text.to_owned());
    }

    /// Saves the text as a file.
    pub fn download(&self) {
        let title = self.parts.with_untracked(|parts| {
            let run = parts.iter().find(|row| row.part == Part::Run);
            run.map(|row| row.detail.clone()).unwrap_or_default()
        });
        let name = file_name(&title);
        let saved = browser::download(&name, "application/toml", &self.text.get_untracked());
        self.told.set(Some(if saved {
            format!("Saved as {name}.")
        } else {
            "The browser did not allow the download: copy the text instead.".to_owned()
        }));
    }

    /// Lets the page run it. It stays a draft until it is seen to run.
    pub fn run(&self) {
        say(RUN, &self.text.get_untracked().into());
    }

    fn stand(&self, text: String) {
        self.told.set(None);
        self.text.set(text);
        self.look();
    }

    /// Looks at the text: what is in it, what is wrong.
    pub fn look(&self) {
        self.typed.set_value(None);
        self.keep();
        let seen = self.text.with_untracked(|text| self.part.with_untracked(|part| review(text, part)));
        self.findings.set(seen.findings);
        self.is_stale.set(seen.parts.is_none());
        if let Some(parts) = seen.parts {
            self.parts.set(parts);
            self.form.set(seen.form);
        }
        // The part whose form is shown, also where there is no such part, or the text is not TOML.
        if let Some(part) = self.form.with_untracked(|form| form.as_ref().map(|form| form.part.clone())) {
            self.part.set(part);
        }
    }

    /// Remembers the text as one to come back to, in this visit and the next.
    fn keep(&self) {
        let text = self.text.get_untracked();
        self.texts.update(|(texts, at)| {
            if texts[*at] != text {
                texts.truncate(*at + 1);
                // Before the first text there was none to come back to.
                texts.retain(|kept| !kept.is_empty());
                texts.push(text.clone());
                texts.drain(..texts.len().saturating_sub(TEXTS_MAX));
                *at = texts.len() - 1;
            }
        });
        let is_changed = untrack(|| self.is_changed());
        let (base, from) = (self.base.get_untracked(), self.from.get_untracked());
        for (key, value) in [("draft", text), ("draft-base", base), ("draft-from", from)] {
            browser::remember(key, if is_changed { &value } else { "" });
        }
    }
}

/// A file's name for a title: `my-own-tank.toml`.
fn file_name(title: &str) -> String {
    let letters = title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    let words: Vec<String> =
        letters.collect::<String>().split_whitespace().take(8).map(str::to_owned).collect();
    if words.is_empty() { "scenario.toml".to_owned() } else { format!("{}.toml", words.join("-")) }
}
