//! Where one part of a text speaks of another: so that a new name is new everywhere, and nothing is said of what is gone.
use super::edit::Edit;
use super::outline::shown;
use super::tree::{Shape, Slot, Tree};
use crate::scenario::{Command, ConfigTarget, Part, Place};
use toml::de::DeValue;

/// What has a name that others use.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Topic,
    Producer,
    Group,
    Rack,
}

impl Named {
    pub(super) fn of(part: &Part) -> Option<Named> {
        match part {
            Part::Topic(_) => Some(Named::Topic),
            Part::Producer(_) => Some(Named::Producer),
            Part::Group(_) => Some(Named::Group),
            _ => None,
        }
    }

    /// The word for it in selections; topics have none.
    const fn word(self) -> &'static str {
        match self {
            Named::Topic => "topic",
            Named::Producer => "producer",
            Named::Group => "group",
            Named::Rack => "rack",
        }
    }
}

/// The names of all parts of a kind, those that the reader gives included.
pub(super) fn names(tree: &Tree<'_>, kind: &str) -> Vec<String> {
    let slots = tree.tables(tree.top(), kind);
    (1..).zip(slots).filter_map(|(number, slot)| name_in(kind, number, slot)).collect()
}

/// The name of a part.
pub(super) fn name_of(tree: &Tree<'_>, part: &Part) -> Option<String> {
    let (kind, index) = match part {
        Part::Topic(index) => ("topic", index),
        Part::Producer(index) => ("producer", index),
        Part::Group(index) => ("group", index),
        _ => return None,
    };
    name_in(kind, index + 1, tree.slot(part)?)
}

fn name_in(kind: &str, number: u32, slot: Slot<'_, '_>) -> Option<String> {
    let said = slot.table.get("name").map(|found| shown(found.get_ref()));
    said.or_else(|| (kind != "topic").then(|| format!("{kind}-{number}")))
}

/// Gives a thing another name wherever the text speaks of it.
pub(super) fn rename(edit: &mut Edit<'_, '_>, named: Named, old: &str, new: &str) {
    each_use(edit, named, old, Some(new));
}

/// Takes out what speaks of a thing, where nothing else is said there. A producer to a topic that is gone stays: its
/// author has to say where it sends now.
pub(super) fn forget(edit: &mut Edit<'_, '_>, named: Named, old: &str) {
    each_use(edit, named, old, None);
}

fn each_use(edit: &mut Edit<'_, '_>, named: Named, old: &str, new: Option<&str>) {
    let tree = edit.tree;
    let top = tree.top();
    if named == Named::Topic {
        for group in tree.tables(top, "group") {
            in_list(edit, group, old, new);
        }
    }
    let key = match named {
        Named::Topic => "topic",
        _ => "rack",
    };
    let users = ["producer", "group"].into_iter().flat_map(|kind| tree.tables(top, kind));
    for user in users.filter(|_| matches!(named, Named::Topic | Named::Rack)) {
        let found = user.table.get(key).filter(|found| found.get_ref().as_str() == Some(old));
        if let (Some(found), Some(new)) = (found, new) {
            edit.replace(found.span().start, found.span().end, Edit::quoted(new));
        }
    }
    in_expectations(edit, named, old, new);
    for event in tree.tables(top, "timeline") {
        in_event(edit, event, named, old, new);
    }
    in_selection(edit, named, old, new);
}

/// `topics` of a group: a list of names, or one.
fn in_list(edit: &mut Edit<'_, '_>, group: Slot<'_, '_>, old: &str, new: Option<&str>) {
    let Some(found) = group.table.get("topics") else { return };
    let span = found.span();
    let names: Vec<String> = match found.get_ref() {
        DeValue::Array(list) => list.iter().map(|name| shown(name.get_ref())).collect(),
        value => vec![shown(value)],
    };
    if !names.iter().any(|name| name == old) {
        return;
    }
    let changed: Vec<String> = names
        .iter()
        .filter_map(|name| if name == old { new } else { Some(name.as_str()) })
        .map(Edit::quoted)
        .collect();
    if !changed.is_empty() {
        edit.replace(span.start, span.end, format!("[{}]", changed.join(", ")));
    }
}

/// `[expect.topic.orders]`.
fn in_expectations(edit: &mut Edit<'_, '_>, named: Named, old: &str, new: Option<&str>) {
    let tree = edit.tree;
    let all = tree.slot(&Part::Expect).and_then(|expect| tree.table(expect, named.word()));
    let Some(all) = all else { return };
    let Some((key, _)) = all.table.iter().find(|(key, _)| key.get_ref() == old) else { return };
    let Some(of) = tree.table(all, old) else { return };
    let is_bare = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    match new {
        Some(new) => {
            let name = if is_bare(new) { new.to_string() } else { Edit::quoted(new) };
            edit.replace(key.span().start, key.span().end, name);
        }
        None if of.shape == Shape::Header => edit.cut(of),
        None => {}
    }
}

fn in_event(edit: &mut Edit<'_, '_>, event: Slot<'_, '_>, named: Named, old: &str, new: Option<&str>) {
    let Some(found) = event.table.get("do") else { return };
    let Some(Ok(mut command)) = found.get_ref().as_str().map(str::parse::<Command>) else { return };
    let Some(name) = name_in_command(&mut command, named) else { return };
    let Some(rest) = rest_after(edit.tree, name, old, named) else { return };
    match new {
        Some(new) => {
            *name = format!("{new}{rest}");
            let literal = Edit::quoted(&command.to_string());
            edit.replace(found.span().start, found.span().end, literal);
        }
        None if event.shape == Shape::Header => {
            // The slot is the tree's own, which outlives the edit.
            let tree = edit.tree;
            let own = tree.tables(tree.top(), "timeline").into_iter().find(|slot| slot.start == event.start);
            own.into_iter().for_each(|slot| edit.cut(slot));
        }
        None => {}
    }
}

fn in_selection(edit: &mut Edit<'_, '_>, named: Named, old: &str, new: Option<&str>) {
    let tree = edit.tree;
    let Some(view) = tree.slot(&Part::View) else { return };
    let Some(found) = view.table.get("select") else { return };
    let text = shown(found.get_ref());
    let (before, name) = match (text.split_once(' '), named) {
        (None, Named::Topic) => ("", text.as_str()),
        (Some((word, name)), _) if word == named.word() => (word, name),
        (Some(("consumer", name)), Named::Group) => ("consumer", name),
        _ => return,
    };
    let Some(rest) = rest_after(tree, name, old, named) else { return };
    match new {
        Some(new) => {
            let selected = format!("{before} {new}{rest}");
            edit.replace(found.span().start, found.span().end, Edit::quoted(selected.trim()));
        }
        None => edit.remove_key(view, "select"),
    }
}

/// What follows the name in the name of one of its own: `-2` in `billing-2`. Racks have none.
fn rest_after<'n>(tree: &Tree<'_>, name: &'n str, of: &str, named: Named) -> Option<&'n str> {
    let rest = name.strip_prefix(of)?;
    let is_number = rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok());
    let is_its_own =
        is_number && named != Named::Rack && !names(tree, named.word()).iter().any(|n| n == name);
    (rest.is_empty() || is_its_own).then_some(rest)
}

/// The name in a command, if it is one of such a thing or of one of its own.
fn name_in_command(command: &mut Command, named: Named) -> Option<&mut String> {
    let (is, name) = match command {
        Command::SlowLinks { of: Place::Rack(rack), .. }
        | Command::CutLinks(Place::Rack(rack))
        | Command::HealLinks(Place::Rack(rack)) => (Named::Rack, rack),
        Command::AddConsumer { group: name }
        | Command::StopConsumer(name)
        | Command::CrashConsumer(name)
        | Command::FreezeConsumer(name)
        | Command::ThawConsumer(name)
        | Command::SlowConsumer { consumer: name, .. }
        | Command::StartConsumer(name)
        | Command::SetConfig { target: ConfigTarget::Group(name), .. } => (Named::Group, name),
        Command::AddProducer { like: name }
        | Command::StopProducer(name)
        | Command::SetRate { producer: name, .. }
        | Command::SendRecord { producer: name, .. }
        | Command::SetConfig { target: ConfigTarget::Producer(name), .. } => (Named::Producer, name),
        Command::SetConfig { target: ConfigTarget::Topic(name), .. } => (Named::Topic, name),
        _ => return None,
    };
    (is == named).then_some(name)
}
