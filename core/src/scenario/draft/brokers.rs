//! The brokers of a text, whether it counts them (`brokers`, `racks`) or lists them (`[[cluster.broker]]`).
use super::edit::Edit;
use super::outline::shown;
use super::tree::{Shape, Slot, Tree};
use crate::scenario::source::integer;
use crate::scenario::{BrokerSpec, Part, limits};

/// The brokers, as far as the text says them right.
pub(super) fn read(tree: &Tree<'_>) -> Vec<BrokerSpec> {
    let Some(cluster) = tree.slot(&Part::Cluster) else { return vec![BrokerSpec::default(); 3] };
    let listed = tree.tables(cluster, "broker");
    if !listed.is_empty() {
        let text = |slot: &Slot<'_, '_>, key: &str| slot.table.get(key).map(|found| shown(found.get_ref()));
        let one = |slot: &Slot<'_, '_>| BrokerSpec {
            rack: text(slot, "rack").unwrap_or_default(),
            data_center: text(slot, "data-center").unwrap_or_default(),
        };
        return listed.iter().take(limits::BROKERS as usize).map(one).collect();
    }
    let count = cluster.table.get("brokers").and_then(|found| integer(found.get_ref())).unwrap_or(3);
    let racks = cluster.table.get("racks").map(|found| shown(found.get_ref())).unwrap_or_default();
    let racks: Vec<&str> = racks.split(", ").collect();
    let rack = |index: u64| racks[(index % racks.len() as u64) as usize].to_string();
    let one = |index| BrokerSpec { rack: rack(index), data_center: String::new() };
    (0..count.min(limits::BROKERS)).map(one).collect()
}

/// Whether the text lists them.
pub(super) fn are_listed(tree: &Tree<'_>) -> bool {
    tree.slot(&Part::Cluster).is_some_and(|cluster| !tree.tables(cluster, "broker").is_empty())
}

/// Writes the brokers as they are to be; `gone` are the indices of those that are no more.
pub(super) fn write(edit: &mut Edit<'_, '_>, wanted: &[BrokerSpec], gone: &[u32]) -> Result<(), String> {
    if wanted.is_empty() {
        return Err("A cluster needs a broker: the last one cannot be removed".into());
    }
    if wanted.len() as u64 > limits::BROKERS {
        return Err(format!("There can be at most {} brokers", limits::BROKERS));
    }
    let is_plain = wanted.iter().all(|broker| broker.data_center.is_empty())
        && (wanted.iter().all(|broker| broker.rack.is_empty()) || wanted.iter().all(|b| !b.rack.is_empty()));
    if are_listed(edit.tree) {
        rewrite_list(edit, wanted, gone)
    } else if is_plain {
        edit.set(&Part::Cluster, "brokers", Some(wanted.len().to_string()))?;
        let racks = shortest_cycle(wanted);
        let list = racks.iter().map(|rack| Edit::quoted(rack)).collect::<Vec<_>>().join(", ");
        let now = edit.tree.slot(&Part::Cluster).and_then(|cluster| cluster.table.get("racks"));
        let now = now.map(|found| shown(found.get_ref())).unwrap_or_default();
        let is_said_already = !now.is_empty()
            && wanted.iter().zip(now.split(", ").cycle()).all(|(broker, rack)| broker.rack == rack);
        if is_said_already {
            return Ok(());
        }
        edit.set(&Part::Cluster, "racks", (!racks.is_empty()).then(|| format!("[{list}]")))
    } else {
        list(edit, wanted)
    }
}

/// The racks as `racks` gives them to brokers in turn; none if no broker has one.
fn shortest_cycle(brokers: &[BrokerSpec]) -> Vec<&str> {
    let racks: Vec<&str> = brokers.iter().map(|broker| broker.rack.as_str()).collect();
    if racks.iter().all(|rack| rack.is_empty()) {
        return Vec::new();
    }
    let fits = |length: &usize| (*length..racks.len()).all(|at| racks[at] == racks[at - length]);
    let length = (1..racks.len()).find(fits).unwrap_or(racks.len());
    racks[..length].to_vec()
}

fn lines_of(broker: &BrokerSpec) -> String {
    let mut lines = String::new();
    for (key, value) in [("rack", &broker.rack), ("data-center", &broker.data_center)] {
        if !value.is_empty() {
            lines.push_str(&format!("\n{key} = {}", Edit::quoted(value)));
        }
    }
    lines
}

/// Lists brokers that were counted.
fn list(edit: &mut Edit<'_, '_>, wanted: &[BrokerSpec]) -> Result<(), String> {
    edit.set(&Part::Cluster, "brokers", None)?;
    edit.set(&Part::Cluster, "racks", None)?;
    let blocks: Vec<String> =
        wanted.iter().map(|broker| format!("[[cluster.broker]]{}", lines_of(broker))).collect();
    edit.block("cluster", &blocks.join("\n"))
}

fn rewrite_list(edit: &mut Edit<'_, '_>, wanted: &[BrokerSpec], gone: &[u32]) -> Result<(), String> {
    let tree = edit.tree;
    let Some(cluster) = tree.slot(&Part::Cluster) else { return Ok(()) };
    if cluster.table.contains_key("brokers") {
        edit.set(&Part::Cluster, "brokers", Some(wanted.len().to_string()))?;
    }
    let mut wanted = wanted.iter();
    for (index, slot) in (0..).zip(tree.tables(cluster, "broker")) {
        if slot.shape != Shape::Header {
            return Err("The brokers are written as one list in brackets: change them in the text".into());
        }
        if gone.contains(&index) {
            edit.cut(slot);
            continue;
        }
        let Some(broker) = wanted.next() else { break };
        let part = Part::Broker(index + 1);
        for (key, value) in [("rack", &broker.rack), ("data-center", &broker.data_center)] {
            edit.set(&part, key, (!value.is_empty()).then(|| Edit::quoted(value)))?;
        }
    }
    let added: Vec<String> = wanted.map(|broker| format!("[[cluster.broker]]{}", lines_of(broker))).collect();
    if added.is_empty() { Ok(()) } else { edit.block("cluster", &added.join("\n")) }
}
