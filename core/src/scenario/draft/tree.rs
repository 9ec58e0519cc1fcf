//! A text of TOML with the place of everything in it, so that an edit touches nothing but what it changes.
use crate::scenario::Part;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The TOML of a text.
pub(super) struct Tree<'t> {
    pub(super) text: &'t str,
    top: Spanned<DeTable<'t>>,
}

/// A table and where it begins: its header, its brace, or for neither the key that makes it.
#[derive(Clone, Copy)]
pub(super) struct Slot<'r, 't> {
    pub(super) table: &'r DeTable<'t>,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) shape: Shape,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// The file's top.
    Top,
    /// Under `[header]` or `[[header]]`.
    Header,
    /// In braces.
    Inline,
    /// Only in the keys or headers of what it holds.
    Implied,
}

/// A key with its value, wherever tables nest.
pub(super) struct Leaf<'r, 't> {
    pub(super) key_at: usize,
    pub(super) value: &'r Spanned<DeValue<'t>>,
    /// The innermost braces around it, if any.
    pub(super) is_in_braces: bool,
}

impl<'t> Tree<'t> {
    /// `None` if the text is not TOML.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        Some(Tree { text, top: DeTable::parse(text).ok()? })
    }

    pub(super) fn top(&self) -> Slot<'_, 't> {
        Slot { table: self.top.get_ref(), start: 0, end: 0, shape: Shape::Top }
    }

    /// The table that a part is written in, if it has one of its own.
    pub(super) fn slot(&self, part: &Part) -> Option<Slot<'_, 't>> {
        let nth = |key: &str, index: u32| self.tables(self.top(), key).get(index as usize).copied();
        match part {
            Part::Run => Some(self.top()),
            Part::Cluster => self.table(self.top(), "cluster"),
            Part::Rack(_) => None,
            Part::Broker(id) => {
                let all = self.tables(self.slot(&Part::Cluster)?, "broker");
                all.get(id.checked_sub(1)? as usize).copied()
            }
            Part::Topic(index) => nth("topic", *index),
            Part::Producer(index) => nth("producer", *index),
            Part::Group(index) => nth("group", *index),
            Part::Links => self.table(self.top(), "links"),
            Part::Event(index) => nth("timeline", *index),
            Part::Expect => self.table(self.top(), "expect"),
            Part::View => self.table(self.top(), "view"),
        }
    }

    pub(super) fn table<'r>(&self, of: Slot<'r, 't>, key: &str) -> Option<Slot<'r, 't>> {
        self.as_slot(of.table.get(key)?)
    }

    /// The tables of a list, whether under `[[headers]]` or in braces.
    pub(super) fn tables<'r>(&self, of: Slot<'r, 't>, key: &str) -> Vec<Slot<'r, 't>> {
        let list = of.table.get(key).and_then(|found| found.get_ref().as_array());
        list.into_iter().flat_map(|list| list.iter()).filter_map(|element| self.as_slot(element)).collect()
    }

    fn as_slot<'r>(&self, found: &'r Spanned<DeValue<'t>>) -> Option<Slot<'r, 't>> {
        let table = found.get_ref().as_table()?;
        let span = found.span();
        let shape = match self.text.as_bytes().get(span.start) {
            Some(b'{') => Shape::Inline,
            Some(b'[') => Shape::Header,
            _ => Shape::Implied,
        };
        Some(Slot { table, start: span.start, end: span.end, shape })
    }

    /// The key of that name, dotted or nested or quoted.
    pub(super) fn leaf<'r>(&self, of: Slot<'r, 't>, name: &str) -> Option<Leaf<'r, 't>> {
        self.leaves(of).into_iter().find(|(found, _)| found == name).map(|(_, leaf)| leaf)
    }

    /// Every key with a value that is no table, under its whole name, in no order.
    pub(super) fn leaves<'r>(&self, of: Slot<'r, 't>) -> Vec<(String, Leaf<'r, 't>)> {
        let mut all = Vec::new();
        self.gather(of, "", of.shape == Shape::Inline, &mut all);
        all
    }

    fn gather<'r>(
        &self,
        of: Slot<'r, 't>,
        prefix: &str,
        is_in_braces: bool,
        all: &mut Vec<(String, Leaf<'r, 't>)>,
    ) {
        for (key, value) in of.table {
            let name = match prefix {
                "" => key.get_ref().to_string(),
                _ => format!("{prefix}.{}", key.get_ref()),
            };
            match self.as_slot(value) {
                Some(inner) => self.gather(inner, &name, is_in_braces || inner.shape == Shape::Inline, all),
                None => all.push((name, Leaf { key_at: key.span().start, value, is_in_braces })),
            }
        }
    }

    /// Where the last of what stands directly in a table ends; 0 if nothing does.
    pub(super) fn body_end(&self, of: Slot<'_, 't>) -> usize {
        let own = if of.shape == Shape::Header { of.end } else { 0 };
        let ends = of.table.iter().map(|(_, value)| match self.as_slot(value) {
            Some(Slot { shape: Shape::Header, .. }) => 0,
            Some(inner) if inner.shape == Shape::Implied => self.body_end(inner),
            _ if is_list_of_headers(value) => 0,
            _ => value.span().end,
        });
        ends.fold(own, usize::max)
    }

    /// Where the last of everything in a table ends, tables under headers of their own included.
    pub(super) fn full_end(&self, of: Slot<'_, 't>) -> usize {
        let own = if of.shape == Shape::Implied { 0 } else { of.end };
        let ends = of.table.iter().map(|(_, value)| {
            let list = value.get_ref().as_array().filter(|_| is_list_of_headers(value));
            let elements = list.into_iter().flat_map(|list| list.iter());
            let inside = elements.filter_map(|one| self.as_slot(one)).map(|slot| self.full_end(slot)).max();
            match self.as_slot(value) {
                Some(inner) => self.full_end(inner),
                None => inside.unwrap_or(value.span().end),
            }
        });
        ends.fold(own, usize::max)
    }

    /// Where the line of a place begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |found| found + 1)
    }

    /// Where the line of a place ends, before its line break.
    pub(super) fn line_end(&self, at: usize) -> usize {
        let end = self.text[at..].find('\n').map_or(self.text.len(), |found| at + found);
        if self.text[..end].ends_with('\r') { end - 1 } else { end }
    }

    /// Where the line after that of a place begins.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |found| at + found + 1)
    }

    /// The number of a place's line, counted from 1.
    pub(super) fn line(&self, at: usize) -> u32 {
        self.text[..at].matches('\n').count() as u32 + 1
    }
}

/// Whether the list is written as `[[headers]]`: then it begins where its first element does.
pub(super) fn is_list_of_headers(value: &Spanned<DeValue<'_>>) -> bool {
    let first = value.get_ref().as_array().and_then(|list| list.iter().next());
    first.is_some_and(|first| first.span().start == value.span().start)
}
