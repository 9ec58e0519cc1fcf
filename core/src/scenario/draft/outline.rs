//! A text part by part, with what is wrong or worth knowing at its lines.
use super::form::form;
use super::tree::Tree;
use super::{Finding, Grade, PartRow, Review, brokers, refer};
use crate::scenario::source::{Pair, scalar};
use crate::scenario::{Note, Part, ScenarioError, read};
use toml::de::DeValue;

/// What a text is: its findings, its parts, and the form of one of them.
pub fn review(text: &str, part: &Part) -> Review {
    let Some(tree) = Tree::parse(text) else {
        return Review { findings: findings(text, None), parts: None, form: None };
    };
    let parts = parts(&tree);
    let form = form(&tree, part).or_else(|| form(&tree, &Part::Cluster));
    Review { findings: findings(text, Some((&tree, &parts))), parts: Some(parts), form }
}

fn findings(text: &str, known: Option<(&Tree<'_>, &[PartRow])>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = match read(text) {
        Err(errors) => {
            let part = |line| known.map_or(Part::Run, |(_, parts)| part_at(parts, line));
            let one = |error: ScenarioError| Finding {
                grade: Grade::Error,
                line: error.line,
                part: part(error.line),
                text: error.sentence(),
            };
            errors.into_iter().map(one).collect()
        }
        Ok(scenario) => {
            let grade = |note: &Note| if note.is_warning { Grade::Warning } else { Grade::Note };
            let line = |note: &Note| known.map_or(1, |(tree, parts)| line_of(tree, parts, note));
            let one = |note: &Note| Finding {
                grade: grade(note),
                line: line(note),
                part: note.of.clone(),
                text: note.text.clone(),
            };
            scenario.notes.iter().map(one).collect()
        }
    };
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// The part whose lines hold that line.
fn part_at(parts: &[PartRow], line: u32) -> Part {
    let around = parts.iter().filter(|row| (row.line..=row.last_line).contains(&line));
    // The innermost: what begins last.
    around.max_by_key(|row| row.line).map_or(Part::Run, |row| row.part.clone())
}

/// The line of the key that a note is about, else of another that it names, else of its part.
fn line_of(tree: &Tree<'_>, parts: &[PartRow], note: &Note) -> u32 {
    let pairs = config_pairs(tree, &note.of);
    let place =
        |is_meant: &dyn Fn(&Pair) -> bool| pairs.iter().find(|pair| is_meant(pair)).map(|pair| pair.at);
    let said = place(&|pair| pair.key == note.key);
    let named = || place(&|pair| note.text.contains(&pair.key));
    let own = tree
        .slot(&note.of)
        .and_then(|slot| slot.table.get(note.key.as_str()))
        .map(|found| found.span().start);
    let part = parts.iter().find(|row| row.part == note.of).map_or(1, |row| row.line);
    said.or(own).or_else(named).map_or(part, |at| tree.line(at))
}

/// The parts in the order in which a list shows them.
fn parts(tree: &Tree<'_>) -> Vec<PartRow> {
    let text = |part: &Part, key: &str| {
        tree.slot(part).and_then(|slot| slot.table.get(key)).map(|found| shown(found.get_ref()))
    };
    let or = |part: &Part, key: &str, default: &str| text(part, key).unwrap_or_else(|| default.into());
    let mut rows = vec![
        row(tree, Part::Run, "The run".into(), or(&Part::Run, "title", "without a title")),
        row(tree, Part::Cluster, "Cluster".into(), "configuration of all brokers".into()),
    ];
    broker_rows(tree, &mut rows);
    let count = |key| tree.tables(tree.top(), key).len() as u32;
    for part in (0..count("topic")).map(Part::Topic) {
        let name = refer::name_of(tree, &part).unwrap_or_else(|| "(no name)".into());
        let partitions = or(&part, "partitions", "1");
        let noun = if partitions == "1" { "partition" } else { "partitions" };
        let factor = text(&part, "replication-factor").and_then(|factor| factor.parse().ok());
        let factor = match factor.unwrap_or(0_u64) {
            // None is said, or what makes no sense: the reader says why.
            0 => String::new(),
            1 => ", 1 replica each".into(),
            factor => format!(", {factor} replicas each"),
        };
        rows.push(row(tree, part, name, format!("{partitions} {noun}{factor}")));
    }
    for part in (0..count("producer")).map(Part::Producer) {
        let name = refer::name_of(tree, &part).unwrap_or_default();
        let times = text(&part, "count").map(|count| format!("{count} × ")).unwrap_or_default();
        let detail =
            format!("{times}{} to {}", or(&part, "rate", "10/s"), or(&part, "topic", "the only topic"));
        rows.push(row(tree, part, name, detail));
    }
    for part in (0..count("group")).map(Part::Group) {
        let name = refer::name_of(tree, &part).unwrap_or_default();
        let members = or(&part, "members", "1");
        let noun = if members == "1" { "member reads" } else { "members read" };
        let detail = format!("{members} {noun} {}", or(&part, "topics", "all topics"));
        rows.push(row(tree, part, name, detail));
    }
    rows.push(row(tree, Part::Links, "Links".into(), "latency and bandwidth".into()));
    for part in (0..count("timeline")).map(Part::Event) {
        let (at, what) = (or(&part, "at", "some time"), or(&part, "do", "nothing"));
        rows.push(row(tree, part, at, what));
    }
    let facts = tree.slot(&Part::Expect).map_or(0, |expect| tree.leaves(expect).len());
    let facts = if facts == 1 { "1 fact".into() } else { format!("{facts} facts") };
    rows.push(row(tree, Part::Expect, "Expectations".into(), facts));
    rows.push(row(tree, Part::View, "View".into(), or(&Part::View, "select", "what is selected first")));
    rows
}

/// Racks with their brokers, then brokers that stand in none.
fn broker_rows(tree: &Tree<'_>, rows: &mut Vec<PartRow>) {
    let all = brokers::read(tree);
    let mut racks: Vec<&str> = Vec::new();
    for broker in &all {
        if !racks.contains(&broker.rack.as_str()) {
            racks.push(&broker.rack);
        }
    }
    for rack in racks {
        let inside = (1..).zip(&all).filter(|(_, broker)| broker.rack == rack);
        if !rack.is_empty() {
            let place =
                inside.clone().next().map(|(_, broker)| broker.data_center.clone()).unwrap_or_default();
            rows.push(row(tree, Part::Rack(rack.into()), format!("Rack {rack}"), place));
        }
        for (id, _) in inside {
            rows.push(row(tree, Part::Broker(id), format!("Broker {id}"), String::new()));
        }
    }
}

fn row(tree: &Tree<'_>, part: Part, name: String, detail: String) -> PartRow {
    let (line, last_line) = match (&part, tree.slot(&part)) {
        (Part::Run, Some(top)) => (1, tree.line(tree.body_end(top))),
        (_, Some(slot)) => (tree.line(slot.start), tree.line(tree.full_end(slot).max(slot.start))),
        // Brokers that are only counted have no lines of their own: the cluster's first is where to look.
        (Part::Rack(_) | Part::Broker(_), None) => {
            (tree.slot(&Part::Cluster).map_or(0, |cluster| tree.line(cluster.start)), 0)
        }
        (_, None) => (0, 0),
    };
    PartRow { part, name, detail, line, last_line }
}

/// Kafka's keys that a part sets.
pub(super) fn config_pairs(tree: &Tree<'_>, part: &Part) -> Vec<Pair> {
    let config = tree.slot(part).and_then(|slot| tree.table(slot, "config"));
    let leaves = config.map(|config| tree.leaves(config)).unwrap_or_default();
    let pair = |(key, leaf): (String, super::tree::Leaf<'_, '_>)| {
        let value = scalar(leaf.value.get_ref()).unwrap_or_else(|| shown(leaf.value.get_ref()));
        Pair { key, value, at: leaf.key_at }
    };
    leaves.into_iter().map(pair).collect()
}

/// A value as a form shows it: lists with commas, text without its quotation marks.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::Array(list) => {
            list.iter().map(|element| shown(element.get_ref())).collect::<Vec<_>>().join(", ")
        }
        value => scalar(value).unwrap_or_default(),
    }
}
