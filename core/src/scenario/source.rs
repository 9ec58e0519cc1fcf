//! A TOML text with its places: takes values out by name, and gathers everything that is wrong.
use super::words::{nearest, parse_duration_us, show_clipped, show_duration, show_number};
use super::{ScenarioError, limits};
use crate::config::{Scope, find};
use std::ops::RangeInclusive;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of the text.
#[derive(Clone, Copy)]
pub(super) struct Section<'r, 't> {
    pub(super) table: &'r DeTable<'t>,
    /// How the text writes it: `[[topic]]`; empty for the top of the file.
    pub(super) header: &'static str,
    /// Where it begins, as a byte of the text.
    pub(super) at: usize,
}

/// A value taken out, with its place.
pub(super) struct Taken<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// One Kafka key with its value as text.
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) value: String,
    /// Where the key stands.
    pub(super) at: usize,
}

/// The text, and what was found wrong so far.
pub(super) struct Source<'t> {
    text: &'t str,
    problems: Vec<Problem>,
}

struct Problem {
    at: usize,
    what: String,
    expected: String,
    nearest: Option<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The text is not TOML there.
    Syntax,
    /// Wrong whatever else the text says.
    Sure,
    /// Wrong only if the rest of the text was understood: something missing, a name that leads nowhere.
    Relative,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Source { text, problems: Vec::new() }
    }

    pub(super) fn is_faultless(&self) -> bool {
        self.problems.is_empty()
    }

    #[inline(never)]
    pub(super) fn not_toml(&mut self, at: usize, what: String) {
        self.push(at, what, String::new(), None, Kind::Syntax);
    }

    #[inline(never)]
    pub(super) fn wrong(&mut self, at: usize, what: String, expected: &str) {
        self.push(at, what, expected.into(), None, Kind::Sure);
    }

    #[inline(never)]
    pub(super) fn unknown(&mut self, at: usize, what: String, nearest: Option<String>) {
        self.push(at, what, String::new(), nearest, Kind::Sure);
    }

    #[inline(never)]
    pub(super) fn relative(&mut self, at: usize, what: String, expected: &str, nearest: Option<String>) {
        self.push(at, what, expected.into(), nearest, Kind::Relative);
    }

    #[inline(never)]
    pub(super) fn push_key(&mut self, at: usize, error: &crate::config::ConfigError) {
        self.push(at, error.what(), error.expected().into(), error.nearest().map(Into::into), Kind::Sure);
    }

    #[inline(never)]
    fn push(&mut self, at: usize, what: String, expected: String, nearest: Option<String>, kind: Kind) {
        // What is quoted in it may be of any length and hold anything.
        let what = show_clipped(&what, 400);
        self.problems.push(Problem { at, what, expected, nearest, kind });
    }

    /// Everything wrong, in the order of the text. After an error of syntax a table may be cut short or in the
    /// wrong place: then only what is wrong in any case is told.
    #[inline(never)]
    pub(super) fn into_errors(self) -> Vec<ScenarioError> {
        let starts: Vec<usize> =
            std::iter::once(0).chain(self.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let text = self.text;
        let line_of = |at: usize| starts.partition_point(|start| *start <= at).max(1);
        let broken: Vec<usize> =
            self.problems.iter().filter(|p| p.kind == Kind::Syntax).map(|p| line_of(p.at)).collect();
        let is_told = |problem: &Problem| match problem.kind {
            Kind::Syntax => true,
            Kind::Sure => !broken.contains(&line_of(problem.at)),
            Kind::Relative => broken.is_empty(),
        };
        let told = self.problems.into_iter().filter(is_told);
        let mut errors: Vec<ScenarioError> = told
            .map(|problem| {
                let line = line_of(problem.at);
                let before = text.get(starts[line - 1]..problem.at).unwrap_or("");
                ScenarioError {
                    line: line as u32,
                    column: before.chars().count() as u32 + 1,
                    what: problem.what,
                    expected: problem.expected,
                    nearest: problem.nearest,
                }
            })
            .collect();
        let place = |error: &ScenarioError| u64::from(error.line) << 32 | u64::from(error.column);
        errors = in_order(errors, place);
        errors.dedup();
        if errors.len() > limits::ERRORS {
            let more = errors.len() - limits::ERRORS;
            errors.truncate(limits::ERRORS);
            let ScenarioError { line, column, .. } = errors[limits::ERRORS - 1].clone();
            let what = format!("{more} more errors follow");
            errors.push(ScenarioError { line, column, what, expected: String::new(), nearest: None });
        }
        errors
    }

    /// A piece of the text as an error shows it.
    #[inline(never)]
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        clip(self.text.get(value.span()).unwrap_or("").lines().next().unwrap_or(""))
    }

    /// Tells of every key the section does not have.
    #[inline(never)]
    pub(super) fn allow(&mut self, section: Section<'_, 't>, allowed: &[&'static str]) {
        for (key, value) in section.table {
            let name = key.get_ref().as_ref();
            if !allowed.contains(&name) {
                let what = match section.header {
                    "" => format!("`{}` is nothing a scenario has", clip(name)),
                    header => format!("`{}` is nothing that `{header}` has", clip(name)),
                };
                let begins = || allowed.iter().copied().find(|key| name.len() > 3 && key.starts_with(name));
                let near = nearest(name, allowed.iter().copied()).or_else(begins).map(Into::into);
                let is_kafkas = value.get_ref().is_table() || name.contains('.') || is_key_of_kafka(name);
                if near.is_none() && allowed.contains(&"config") && is_kafkas {
                    let config = section.header.trim_matches(['[', ']']);
                    self.wrong(key.span().start, what, &format!("`[{config}.config]` around Kafka's keys"));
                    continue;
                }
                self.unknown(key.span().start, what, near);
            }
        }
    }

    /// The value of `key` as `read` understands it; tells of one it does not.
    pub(super) fn take<T>(
        &mut self,
        section: Section<'_, 't>,
        key: &str,
        expected: impl FnOnce() -> String,
        read: impl FnOnce(&DeValue<'t>) -> Option<T>,
    ) -> Option<Taken<T>> {
        let found = section.table.get(key)?;
        let at = found.span().start;
        match read(found.get_ref()) {
            Some(value) => Some(Taken { value, at }),
            None => {
                self.refuse(key, found, expected());
                None
            }
        }
    }

    /// Tells of a value that is not what it should be. Apart, so that its code is there once.
    #[cold]
    #[inline(never)]
    fn refuse(&mut self, key: &str, found: &Spanned<DeValue<'_>>, expected: String) {
        let what = format!("`{key}` is `{}`", self.shown(found));
        self.push(found.span().start, what, expected, None, Kind::Sure);
    }

    #[inline(never)]
    pub(super) fn number(
        &mut self,
        of: Section<'_, 't>,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Option<Taken<u64>> {
        let (low, high) = (show_number(*range.start()), show_number(*range.end()));
        let expected = || format!("a whole number from {low} to {high}");
        self.take(of, key, expected, |value| integer(value).filter(|number| range.contains(number)))
    }

    /// Text of at most so many characters.
    #[inline(never)]
    pub(super) fn prose(&mut self, of: Section<'_, 't>, key: &str, chars_max: u64) -> Option<Taken<String>> {
        let expected = || format!("a text in quotation marks, at most {} characters", show_number(chars_max));
        self.take(of, key, expected, |value| {
            let text = value.as_str()?.trim();
            (text.chars().count() as u64 <= chars_max).then(|| text.into())
        })
    }

    /// Text that `read` understands; `form` says what it looks like.
    pub(super) fn written<T>(
        &mut self,
        of: Section<'_, 't>,
        key: &str,
        form: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<Taken<T>> {
        self.take(of, key, || form.into(), |value| read(value.as_str()?))
    }

    /// A stretch of time, in microseconds.
    #[inline(never)]
    pub(super) fn duration(
        &mut self,
        of: Section<'_, 't>,
        key: &str,
        range: RangeInclusive<u64>,
    ) -> Option<Taken<u64>> {
        let (low, high) = (show_duration(*range.start()), show_duration(*range.end()));
        let form = format!("a time such as `\"12 s\"`, `\"2 ms\"` or `\"100 us\"`, from {low} to {high}");
        self.written(of, key, &form, |text| parse_duration_us(text).filter(|us| range.contains(us)))
    }

    /// The sub-table `key`.
    #[inline(never)]
    pub(super) fn table<'r>(
        &mut self,
        of: Section<'r, 't>,
        key: &str,
        header: &'static str,
    ) -> Option<Section<'r, 't>> {
        let found = of.table.get(key)?;
        match found.get_ref().as_table() {
            Some(table) => Some(Section { table, header, at: found.span().start }),
            None => {
                let what = format!("`{key}` is `{}`", self.shown(found));
                self.wrong(found.span().start, what, &format!("a table, `{header}`"));
                None
            }
        }
    }

    /// The tables of the array `key`, at most so many.
    #[inline(never)]
    pub(super) fn tables<'r>(
        &mut self,
        of: Section<'r, 't>,
        key: &str,
        header: &'static str,
        count_max: u64,
    ) -> Vec<Section<'r, 't>> {
        let Some(found) = of.table.get(key) else { return Vec::new() };
        let mut sections = Vec::new();
        let elements = found.get_ref().as_array().map(|array| array.iter().collect::<Vec<_>>());
        for element in elements.unwrap_or_else(|| vec![found]) {
            match element.get_ref().as_table() {
                Some(table) if found.get_ref().is_array() => {
                    sections.push(Section { table, header, at: element.span().start });
                }
                _ => {
                    let what = format!("`{key}` is `{}`", self.shown(element));
                    self.wrong(element.span().start, what, &format!("`{header}` once for each"));
                }
            }
        }
        if sections.len() as u64 > count_max {
            let what = format!("there are {} of `{header}`", show_number(sections.len() as u64));
            let expected = format!("at most {}", show_number(count_max));
            self.wrong(sections[count_max as usize].at, what, &expected);
            sections.truncate(count_max as usize);
        }
        sections
    }

    /// Kafka's keys in the sub-table `config`, nested or dotted or quoted.
    #[inline(never)]
    pub(super) fn pairs(&mut self, of: Section<'_, 't>, header: &'static str) -> Vec<Pair> {
        let mut pairs = Vec::new();
        if let Some(config) = self.table(of, "config", header) {
            self.flatten(config.table, "", &mut pairs);
        }
        pairs = in_order(pairs, |pair: &Pair| pair.at as u64);
        let mut seen = std::collections::BTreeSet::new();
        for pair in &pairs {
            if !seen.insert(pair.key.clone()) {
                self.wrong(pair.at, format!("`{}` is set twice", clip(&pair.key)), "");
            }
        }
        pairs
    }

    /// Depth is bounded by the parser.
    #[inline(never)]
    fn flatten(&mut self, table: &DeTable<'t>, prefix: &str, pairs: &mut Vec<Pair>) {
        for (key, found) in table {
            let name = match prefix {
                "" => key.get_ref().to_string(),
                _ => format!("{prefix}.{}", key.get_ref()),
            };
            match found.get_ref() {
                DeValue::Table(nested) => self.flatten(nested, &name, pairs),
                value => match scalar(value) {
                    Some(value) => pairs.push(Pair { key: name, value, at: key.span().start }),
                    None => {
                        let what = format!("`{}` is `{}`", clip(&name), self.shown(found));
                        self.wrong(
                            found.span().start,
                            what,
                            "a text, a number, true, false, or a list of texts",
                        );
                    }
                },
            }
        }
    }
}

/// Whether Kafka has a configuration key of that name, wherever.
fn is_key_of_kafka(name: &str) -> bool {
    [Scope::Broker, Scope::Topic, Scope::Producer, Scope::Consumer]
        .into_iter()
        .any(|scope| find(scope, name).is_some())
}

/// A whole number that is not negative.
pub(super) fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str().trim_start_matches('+'), integer.radix()).ok()
}

/// A value as Kafka's properties files write it.
pub(super) fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.trim().to_string()),
        DeValue::Boolean(truth) => Some(truth.to_string()),
        DeValue::Integer(integer) if integer.radix() == 10 => {
            Some(integer.as_str().trim_start_matches('+').to_string())
        }
        DeValue::Integer(_) => integer(value).map(|number| number.to_string()),
        DeValue::Float(float) => Some(float.as_str().to_string()),
        DeValue::Array(array) => {
            let texts = array.iter().map(|element| element.get_ref().as_str().map(str::trim));
            texts.collect::<Option<Vec<_>>>().map(|texts| texts.join(","))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

/// A name as an error shows it.
pub(super) fn clip(name: &str) -> String {
    show_clipped(name, 60)
}

/// Sorts by a number, keeping the order of equals. One sort serves every kind of thing: the code of each is large.
pub(super) fn in_order<T>(things: Vec<T>, key: impl Fn(&T) -> u64) -> Vec<T> {
    let mut order: Vec<(u64, u32)> = things.iter().map(key).zip(0..).collect();
    order.sort_unstable();
    let mut things: Vec<Option<T>> = things.into_iter().map(Some).collect();
    order.into_iter().filter_map(|(_, index)| things[index as usize].take()).collect()
}
