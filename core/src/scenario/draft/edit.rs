//! Patches of a text that leave every byte alone that they do not change.
use super::tree::{Shape, Slot, Tree, is_list_of_headers};
use crate::scenario::Part;
use crate::scenario::words::quote_as;

/// The order of a scenario's parts in a text; a new part comes after those before it here.
const ORDER: [&str; 8] = ["cluster", "topic", "producer", "group", "links", "timeline", "expect", "view"];

/// Changes of one text, gathered until all are known.
pub(super) struct Edit<'r, 't> {
    pub(super) tree: &'r Tree<'t>,
    patches: Vec<Patch>,
    opened: Vec<Opened>,
}

struct Patch {
    start: usize,
    end: usize,
    with: String,
}

/// A header that the text does not have yet, with its lines.
struct Opened {
    header: String,
    at: usize,
    is_before: bool,
    lines: String,
}

impl<'r, 't> Edit<'r, 't> {
    pub(super) fn of(tree: &'r Tree<'t>) -> Self {
        Edit { tree, patches: Vec::new(), opened: Vec::new() }
    }

    /// A text in quotation marks, as TOML has it.
    pub(super) fn quoted(text: &str) -> String {
        quote_as(text, |code| format!("\\u{code:04x}"))
    }

    /// Sets a key of a part, or takes it away.
    pub(super) fn set(&mut self, part: &Part, key: &str, literal: Option<String>) -> Result<(), String> {
        let slot = self.tree.slot(part);
        let found = slot.and_then(|slot| slot.table.get(key));
        match (slot, found, literal) {
            (_, Some(found), Some(literal)) => {
                let span = found.span();
                self.replace(span.start, span.end, literal);
            }
            (Some(slot), Some(_), None) => self.remove_key(slot, key),
            (Some(slot), None, Some(literal)) if slot.shape != Shape::Implied => {
                self.insert(slot, key, &literal);
            }
            (slot, None, Some(literal)) => self.insert_implied(part, slot, key, &literal)?,
            (_, None, None) | (None, Some(_), None) => {}
        }
        Ok(())
    }

    /// Puts a key into a part that has no header yet.
    fn insert_implied(
        &mut self,
        part: &Part,
        slot: Option<Slot<'r, 't>>,
        key: &str,
        literal: &str,
    ) -> Result<(), String> {
        let header = match part {
            Part::Cluster => "cluster",
            Part::Links => "links",
            Part::View => "view",
            _ => return Err("It is not there any more".into()),
        };
        match slot {
            Some(slot) if self.tree.body_end(slot) > 0 => {
                self.insert(self.tree.top(), &format!("{header}.{key}"), literal);
            }
            Some(slot) => {
                let starts = slot.table.iter().map(|(_, value)| value.span().start);
                let first = starts.min().unwrap_or(slot.start);
                let at = self.with_comments(self.tree.line_start(first));
                self.open(header, at, true, &format!("{key} = {literal}"));
            }
            None => self.open(header, self.after(header), false, &format!("{key} = {literal}")),
        }
        Ok(())
    }

    /// Sets one of Kafka's keys of a part, or takes it away.
    pub(super) fn configure(
        &mut self,
        part: &Part,
        key: &str,
        literal: Option<String>,
    ) -> Result<(), String> {
        let owner = match part {
            Part::Cluster => "cluster",
            Part::Topic(_) => "topic",
            Part::Producer(_) => "producer",
            Part::Group(_) => "group",
            _ => return Err("Kafka has no configuration of that".into()),
        };
        let slot = self.tree.slot(part);
        let config = slot.and_then(|slot| self.tree.table(slot, "config"));
        let leaf = config.and_then(|config| self.tree.leaf(config, key));
        let name = config.map_or(key.to_string(), |config| dotted(config, key));
        match (slot, config, leaf, literal) {
            (_, _, Some(leaf), Some(literal)) => {
                let span = leaf.value.span();
                self.replace(span.start, span.end, literal);
            }
            (Some(slot), Some(config), Some(_), None) => {
                if self.tree.leaves(config).len() > 1 || config.shape == Shape::Implied {
                    self.remove_leaf(config, key);
                } else if config.shape == Shape::Header {
                    self.remove_leaf(config, key);
                    let start = self.tree.line_start(config.start);
                    self.replace(start, self.tree.next_line(config.start), String::new());
                } else {
                    self.remove_key(slot, "config");
                }
            }
            (_, _, _, None) => {}
            (Some(slot), Some(config), None, Some(literal)) if config.shape == Shape::Implied => {
                self.insert(slot, &format!("config.{name}"), &literal);
            }
            (_, Some(config), None, Some(literal)) => self.insert(config, &name, &literal),
            (Some(slot), None, None, Some(literal)) if slot.shape == Shape::Inline => {
                self.insert(slot, "config", &format!("{{ {name} = {literal} }}"));
            }
            (Some(slot), None, None, Some(literal)) if slot.shape == Shape::Header => {
                let at = self.tree.line_end(self.tree.body_end(slot));
                self.replace(at, at, format!("\n[{owner}.config]\n{name} = {literal}"));
            }
            (_, None, _, Some(literal)) => {
                self.block(owner, &format!("[{owner}.config]\n{name} = {literal}"))?
            }
        }
        Ok(())
    }

    /// Puts a block of lines where parts of that kind belong.
    pub(super) fn block(&mut self, kind: &str, lines: &str) -> Result<(), String> {
        let list = self.tree.top().table.get(kind);
        if list.is_some_and(|list| list.get_ref().is_array() && !is_list_of_headers(list)) {
            return Err(format!("`{kind}` is written as one list in brackets: change it in the text"));
        }
        let at = self.after(kind);
        self.replace(at, at, if at == 0 { format!("{lines}\n\n") } else { format!("\n\n{lines}") });
        Ok(())
    }

    /// Takes a part under a header of its own away, with the comment above it.
    pub(super) fn cut(&mut self, slot: Slot<'r, 't>) {
        let text = self.tree.text;
        let mut start = self.with_comments(self.tree.line_start(slot.start));
        let mut end = self.tree.next_line(self.tree.full_end(slot));
        let is_blank = |line: &str| line.trim().is_empty();
        while end < text.len() && is_blank(&text[end..self.tree.line_end(end)]) {
            end = self.tree.next_line(end);
        }
        if end == text.len() {
            while start > 0 && is_blank(&text[self.tree.line_start(start - 1)..start]) {
                start = self.tree.line_start(start - 1);
            }
        }
        self.replace(start, end, String::new());
    }

    /// The beginning of the comment lines right above a line.
    fn with_comments(&self, mut line: usize) -> usize {
        while line > 0 {
            let above = self.tree.line_start(line - 1);
            if !self.tree.text[above..line].trim_start().starts_with('#') {
                break;
            }
            line = above;
        }
        line
    }

    pub(super) fn replace(&mut self, start: usize, end: usize, with: String) {
        self.patches.push(Patch { start, end, with });
    }

    fn open(&mut self, header: &str, at: usize, is_before: bool, line: &str) {
        match self.opened.iter_mut().find(|opened| opened.header == header) {
            Some(opened) => opened.lines.push_str(&format!("\n{line}")),
            None => self.opened.push(Opened { header: header.into(), at, is_before, lines: line.into() }),
        }
    }

    /// The end of the last line of all that comes before new parts of that kind.
    fn after(&self, kind: &str) -> usize {
        let tree = self.tree;
        let count = ORDER.iter().position(|other| *other == kind).map_or(ORDER.len(), |at| at + 1);
        let ends = ORDER[..count].iter().map(|kind| {
            let many = tree.tables(tree.top(), kind).into_iter();
            let all = many.chain(tree.table(tree.top(), kind));
            all.map(|slot| tree.full_end(slot)).max().unwrap_or(0)
        });
        match ends.fold(tree.body_end(tree.top()), usize::max) {
            0 => 0,
            end => tree.line_end(end),
        }
    }

    /// Puts a key into a table that is there.
    pub(super) fn insert(&mut self, slot: Slot<'r, 't>, key: &str, literal: &str) {
        let end = self.tree.body_end(slot);
        if slot.shape == Shape::Inline {
            match end {
                0 => self.replace(slot.start, slot.end, format!("{{ {key} = {literal} }}")),
                end => self.replace(end, end, format!(", {key} = {literal}")),
            }
        } else if end == 0 {
            self.replace(0, 0, format!("{key} = {literal}\n"));
        } else {
            let at = self.tree.line_end(end);
            self.replace(at, at, format!("\n{key} = {literal}"));
        }
    }

    /// Takes a key of a table away, whatever its value is.
    pub(super) fn remove_key(&mut self, slot: Slot<'r, 't>, key: &str) {
        let Some((name, value)) = slot.table.iter().find(|(name, _)| name.get_ref() == key) else { return };
        let end = match self.tree.table(slot, key) {
            Some(table) => self.tree.full_end(table).max(value.span().end),
            None => value.span().end,
        };
        self.remove_entry(name.span().start, end, slot.shape == Shape::Inline);
    }

    fn remove_leaf(&mut self, slot: Slot<'r, 't>, key: &str) {
        if let Some(leaf) = self.tree.leaf(slot, key) {
            self.remove_entry(leaf.key_at, leaf.value.span().end, leaf.is_in_braces);
        }
    }

    fn remove_entry(&mut self, key_at: usize, end: usize, is_in_braces: bool) {
        let text = self.tree.text;
        if !is_in_braces {
            return self.replace(self.tree.line_start(key_at), self.tree.next_line(end), String::new());
        }
        let before = text[..key_at].rfind([',', '{']).unwrap_or(0);
        let after = end + text[end..].len() - text[end..].trim_start().len();
        match (text.as_bytes().get(before), text.as_bytes().get(after)) {
            // The last of several takes the comma before it along.
            (Some(b','), Some(b'}')) => self.replace(before, end, String::new()),
            (_, Some(b',')) => self.replace(before + 1, after + 1, String::new()),
            _ => self.replace(before + 1, end, String::new()),
        }
    }

    /// The text with all changes made.
    pub(super) fn apply(mut self) -> String {
        for opened in std::mem::take(&mut self.opened) {
            let Opened { header, at, is_before, lines } = opened;
            let with = match (is_before, at) {
                (true, _) | (_, 0) => format!("[{header}]\n{lines}\n\n"),
                _ => format!("\n\n[{header}]\n{lines}"),
            };
            self.replace(at, at, with);
        }
        let text = self.tree.text;
        // Equal places keep their order: what was put in first comes first.
        self.patches.sort_by_key(|patch| patch.start);
        let is_crlf = text.contains("\r\n");
        let (mut changed, mut reached) = (String::new(), 0);
        for patch in self.patches {
            let with = if is_crlf { patch.with.replace('\n', "\r\n") } else { patch.with };
            if patch.start < reached {
                // What it would change is gone; lines that were to follow it take its place.
                if patch.start == patch.end {
                    changed.push_str(with.trim_start_matches(['\r', '\n']));
                    changed.push_str(if is_crlf { "\r\n" } else { "\n" });
                }
                continue;
            }
            changed.push_str(&text[reached..patch.start]);
            changed.push_str(&with);
            reached = patch.end;
        }
        changed.push_str(&text[reached..]);
        changed
    }
}

/// A key of Kafka as it can be put into a table: in quotation marks where its dots would meet another key.
fn dotted(config: Slot<'_, '_>, key: &str) -> String {
    let mut table = config.table;
    let mut names = key.split('.').peekable();
    while let Some(name) = names.next() {
        match table.get(name).map(|found| (found.get_ref().as_table(), found.span())) {
            None => return key.into(),
            // What is in braces or under a header of its own takes nothing from outside.
            Some((Some(inner), span)) if names.peek().is_some() && span.len() == name.len() => table = inner,
            Some(_) => break,
        }
    }
    Edit::quoted(key)
}
