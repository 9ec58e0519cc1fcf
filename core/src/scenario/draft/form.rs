//! What can be set of a part: what is said, what counts, what it may be.
use super::fields::{Field, FieldKind, fields, scope};
use super::outline::{config_pairs, shown};
use super::tree::Tree;
use super::{Form, Input, Row, brokers, refer};
use crate::config::{BrokerConfig, ConsumerConfig, Effect, KeySpec, ProducerConfig, TopicConfig, keys};
use crate::scenario::Part;
use toml::de::DeValue;

/// The form of a part; `None` if there is no such part.
pub(super) fn form(tree: &Tree<'_>, part: &Part) -> Option<Form> {
    let all = brokers::read(tree);
    let title = match part {
        Part::Run => "The run".into(),
        Part::Cluster => "Cluster".into(),
        Part::Rack(rack) => all
            .iter()
            .any(|broker| broker.rack == *rack && !rack.is_empty())
            .then(|| format!("Rack {rack}"))?,
        Part::Broker(id) => (1..=all.len() as u32).contains(id).then(|| format!("Broker {id}"))?,
        Part::Links => "Links".into(),
        Part::Event(_) => "Event".into(),
        Part::Expect => "Expectations".into(),
        Part::View => "View".into(),
        Part::Topic(_) => format!("Topic {}", refer::name_of(tree, part).unwrap_or_default()),
        Part::Producer(_) => format!("Producer {}", refer::name_of(tree, part)?),
        Part::Group(_) => format!("Group {}", refer::name_of(tree, part)?),
    };
    let has_slot = tree.slot(part).is_some();
    if !has_slot && matches!(part, Part::Topic(_) | Part::Producer(_) | Part::Group(_) | Part::Event(_)) {
        return None;
    }
    let rows = fields(part, brokers::are_listed(tree)).iter().map(|field| row(tree, part, field));
    Some(Form {
        part: part.clone(),
        title,
        about: about(part).into(),
        fields: rows.collect(),
        keys: key_rows(tree, part),
        is_removable: !matches!(part, Part::Run | Part::Cluster | Part::Links | Part::Expect | Part::View),
    })
}

/// One sentence on what such a part is.
const fn about(part: &Part) -> &'static str {
    match part {
        Part::Run => "What the scenario is called, how it begins and how long it lasts.",
        Part::Cluster => "The brokers together, and the configuration that they all have.",
        Part::Rack(_) => {
            "A place where brokers stand that can fail as a whole: a rack, a room, an availability zone."
        }
        Part::Broker(_) => {
            "A server that keeps partitions. Brokers are numbered in order: remove one, and those after it move up."
        }
        Part::Topic(_) => "A named stream of records, split into partitions that brokers keep copies of.",
        Part::Producer(_) => "A client that sends records to a topic.",
        Part::Group(_) => "Consumers that share the partitions of topics among them.",
        Part::Links => "How long messages take between brokers and clients.",
        Part::Event(_) => "Something that happens at a moment of the run.",
        Part::Expect => "Facts that must hold at the end; they are written in the text.",
        Part::View => "What the page shows when it opens the scenario.",
    }
}

fn row(tree: &Tree<'_>, part: &Part, field: &Field) -> Row {
    let all = brokers::read(tree);
    let mut said = String::new();
    let mut line = 0;
    if let Some(found) = tree.slot(part).and_then(|slot| slot.table.get(field.key)) {
        said = if field.kind == FieldKind::Placement {
            placement(found.get_ref())
        } else {
            shown(found.get_ref())
        };
        line = tree.line(found.span().start);
    }
    let of_rack =
        |rack: &String| all.iter().find(|broker| broker.rack == *rack).map(|b| b.data_center.clone());
    match (part, field.key) {
        (Part::Broker(id), "rack") => {
            said = all.get(*id as usize - 1).map(|b| b.rack.clone()).unwrap_or_default()
        }
        (Part::Rack(rack), "name") => said = rack.clone(),
        (Part::Rack(rack), _) => said = of_rack(rack).unwrap_or_default(),
        _ => {}
    }
    let mut racks: Vec<String> = all.iter().map(|broker| broker.rack.clone()).collect();
    racks.retain(|rack| !rack.is_empty());
    racks.sort();
    racks.dedup();
    let input = match field.kind {
        FieldKind::Prose => Input::Prose,
        FieldKind::Count => Input::Count,
        FieldKind::Topic => Input::Choice(refer::names(tree, "topic")),
        FieldKind::Rack => Input::Choice(racks),
        FieldKind::Commit => Input::Choice(["auto", "before", "after"].map(String::from).to_vec()),
        _ => Input::Line,
    };
    Row {
        key: field.key.into(),
        label: field.label.into(),
        counts: said.clone(),
        said,
        default: field.default.into(),
        allowed: field.allowed.into(),
        unit: String::new(),
        about: field.about.into(),
        input,
        is_simulated: true,
        line,
    }
}

/// `2:3:1, 3:1:2`.
fn placement(value: &DeValue<'_>) -> String {
    let DeValue::Array(partitions) = value else { return shown(value) };
    let one = |partition: &DeValue<'_>| shown(partition).replace(", ", ":");
    partitions.iter().map(|partition| one(partition.get_ref())).collect::<Vec<_>>().join(", ")
}

/// Kafka's keys of a part: those simulated first.
fn key_rows(tree: &Tree<'_>, part: &Part) -> Vec<Row> {
    let Some(scope) = scope(part) else { return Vec::new() };
    let said = config_pairs(tree, part);
    let counts = values(tree, part);
    let row = |spec: KeySpec| {
        let said = said.iter().find(|pair| pair.key == spec.name);
        let default = if spec.default.is_empty() { "nothing" } else { spec.default };
        let choices = spec.choices();
        Row {
            key: spec.name.into(),
            label: spec.name.into(),
            said: said.map(|pair| pair.value.clone()).unwrap_or_default(),
            counts: counts(spec.name).unwrap_or_else(|| default.into()),
            default: default.into(),
            allowed: spec.expected().replace('`', ""),
            unit: spec.unit().into(),
            about: about_key(&spec),
            input: if choices.is_empty() { Input::Line } else { Input::Choice(choices) },
            is_simulated: spec.is_simulated(),
            line: said.map_or(0, |pair| tree.line(pair.at)),
        }
    };
    let shown = |spec: &KeySpec| !spec.internal || said.iter().any(|pair| pair.key == spec.name);
    let (simulated, idle): (Vec<_>, Vec<_>) = keys(scope).filter(shown).partition(KeySpec::is_simulated);
    simulated.into_iter().chain(idle).map(row).collect()
}

fn about_key(spec: &KeySpec) -> String {
    match spec.effect {
        Effect::Simulated(sentence) => sentence.into(),
        Effect::KnownWithoutEffect("") => "Known to Kafka, and without effect here.".into(),
        Effect::KnownWithoutEffect(why) => {
            format!("Without effect here: {}{}", why[..1].to_lowercase(), &why[1..])
        }
    }
}

/// The value of a key.
type ValueOf = Box<dyn Fn(&str) -> Option<String>>;

/// What counts for each key, with all that is derived; the defaults where what is said makes no sense.
fn values(tree: &Tree<'_>, part: &Part) -> ValueOf {
    let pairs = |part: &Part| -> Vec<(String, String)> {
        config_pairs(tree, part).into_iter().map(|pair| (pair.key, pair.value)).collect()
    };
    let brokers =
        BrokerConfig::from_pairs(&pairs(&Part::Cluster)).map(|(config, _)| config).unwrap_or_default();
    match part {
        Part::Topic(_) => {
            let config = TopicConfig::from_pairs(&pairs(part), &brokers);
            let config = config.map(|(config, _)| config).unwrap_or_default();
            Box::new(move |key| config.value(key))
        }
        Part::Producer(_) => {
            let config =
                ProducerConfig::from_pairs(&pairs(part)).map(|(config, _)| config).unwrap_or_default();
            Box::new(move |key| config.value(key))
        }
        Part::Group(_) => {
            let config =
                ConsumerConfig::from_pairs(&pairs(part)).map(|(config, _)| config).unwrap_or_default();
            Box::new(move |key| config.value(key))
        }
        _ => Box::new(move |key| brokers.value(key)),
    }
}
