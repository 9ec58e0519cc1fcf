//! What each change means for the text.
use super::edit::Edit;
use super::fields::{key_literal, literal};
use super::refer::{self, Named};
use super::tree::{Shape, Tree};
use super::{Change, NewPart, brokers};
use crate::scenario::{BrokerSpec, Part};

/// The text after a change, and the part to look at then.
///
/// # Errors
/// One sentence: why it cannot be done to this text.
pub fn change(text: &str, change: &Change) -> Result<(String, Part), String> {
    let tree = Tree::parse(text).ok_or("The text is not TOML at the line marked: mend that line first")?;
    let mut edit = Edit::of(&tree);
    let part = edit.change(change)?;
    let changed = edit.apply();
    // Texts can be written in ways that were not thought of: then nothing is touched.
    match Tree::parse(&changed) {
        Some(_) => Ok((changed, part)),
        None => Err("This cannot be changed here without harm to the rest: change it in the text".into()),
    }
}

impl Edit<'_, '_> {
    fn change(&mut self, change: &Change) -> Result<Part, String> {
        match change {
            Change::Set { part: Part::Rack(rack), key, value } => self.set_rack(rack, key, value),
            Change::Set { part: Part::Broker(id), key, value } => {
                let mut all = brokers::read(self.tree);
                let broker = id.checked_sub(1).and_then(|index| all.get_mut(index as usize));
                let broker = broker.ok_or("There is no such broker")?;
                let field = if key == "rack" { &mut broker.rack } else { &mut broker.data_center };
                *field = value.trim().into();
                brokers::write(self, &all, &[])?;
                Ok(Part::Broker(*id))
            }
            Change::Set { part, key, value } => {
                let literal = literal(part, key, value);
                if key == "name" {
                    self.rename(part, value.trim());
                }
                self.set(part, key, literal)?;
                Ok(part.clone())
            }
            Change::Configure { part, key, value } => {
                self.configure(part, key, key_literal(part, key, value))?;
                Ok(part.clone())
            }
            Change::Add(new) => self.add(new),
            Change::Remove(part) => self.remove(part),
        }
    }

    fn set_rack(&mut self, rack: &str, key: &str, value: &str) -> Result<Part, String> {
        let mut all = brokers::read(self.tree);
        let value = value.trim();
        if key == "name" && value.is_empty() {
            return Err("A rack needs a name; to take it away, remove it".into());
        }
        for broker in all.iter_mut().filter(|broker| broker.rack == rack) {
            let field = if key == "name" { &mut broker.rack } else { &mut broker.data_center };
            *field = value.into();
        }
        brokers::write(self, &all, &[])?;
        if key != "name" {
            return Ok(Part::Rack(rack.into()));
        }
        refer::rename(self, Named::Rack, rack, value);
        Ok(Part::Rack(value.into()))
    }

    fn rename(&mut self, part: &Part, new: &str) {
        let (Some(old), Some(named)) = (refer::name_of(self.tree, part), Named::of(part)) else { return };
        if !new.is_empty() && old != new {
            refer::rename(self, named, &old, new);
        }
    }

    fn add(&mut self, new: &NewPart) -> Result<Part, String> {
        let all = brokers::read(self.tree);
        let (kind, lines) = match new {
            NewPart::Broker(rack) => {
                let data_center = all.iter().find(|broker| broker.rack == *rack && !rack.is_empty());
                let data_center = data_center.map(|broker| broker.data_center.clone()).unwrap_or_default();
                return self.add_broker(all, BrokerSpec { rack: rack.clone(), data_center });
            }
            NewPart::Rack => {
                let is_free = |name: &String| all.iter().all(|broker| broker.rack != *name);
                let rack = ('a'..='z').map(String::from).find(is_free).ok_or("There are racks enough")?;
                return self.add_broker(all, BrokerSpec { rack, data_center: String::new() });
            }
            NewPart::Topic => {
                let factor = all.len().min(3);
                let least = if factor > 2 { "\n[topic.config]\nmin.insync.replicas = 2" } else { "" };
                let name = self.free_name("topic");
                let lines = format!("partitions = 3\nreplication-factor = {factor}{least}");
                ("topic", format!("name = \"{name}\"\n{lines}"))
            }
            NewPart::Producer => {
                let (name, topic) =
                    (self.free_name("producer"), self.first_topic("A producer sends to one")?);
                let lines = format!("topic = {topic}\nrate = \"10/s\"\nkeys = \"uniform 6\"");
                ("producer", format!("name = \"{name}\"\n{lines}"))
            }
            NewPart::Group => {
                let (name, topic) = (self.free_name("group"), self.first_topic("A group reads one or more")?);
                ("group", format!("name = \"{name}\"\ntopics = [{topic}]\nmembers = 1"))
            }
            NewPart::Event => ("timeline", "at = \"20 s\"\ndo = \"crash broker 1\"".into()),
        };
        let index = self.tree.tables(self.tree.top(), kind).len() as u32;
        self.block(kind, &format!("[[{kind}]]\n{lines}"))?;
        Ok(match new {
            NewPart::Producer => Part::Producer(index),
            NewPart::Group => Part::Group(index),
            NewPart::Event => Part::Event(index),
            _ => Part::Topic(index),
        })
    }

    fn add_broker(&mut self, mut all: Vec<BrokerSpec>, broker: BrokerSpec) -> Result<Part, String> {
        all.push(broker);
        brokers::write(self, &all, &[])?;
        Ok(Part::Broker(all.len() as u32))
    }

    /// `topic-1` or the next one that nothing of its kind is named.
    fn free_name(&self, kind: &str) -> String {
        let taken: Vec<String> = refer::names(self.tree, kind);
        let mut numbers = (1..).map(|n: u32| format!("{kind}-{n}"));
        numbers.find(|name| !taken.contains(name)).expect("there are more numbers than names")
    }

    fn first_topic(&self, why: &str) -> Result<String, String> {
        let topics = refer::names(self.tree, "topic");
        topics.first().map(|name| Self::quoted(name)).ok_or(format!("{why}: add a topic first"))
    }

    fn remove(&mut self, part: &Part) -> Result<Part, String> {
        let gone = |broker: &dyn Fn(u32, &BrokerSpec) -> bool| {
            let all = brokers::read(self.tree);
            let gone: Vec<u32> = (0..).zip(&all).filter(|(at, b)| broker(*at, b)).map(|(at, _)| at).collect();
            let left: Vec<BrokerSpec> =
                (0..).zip(all).filter(|(at, _)| !gone.contains(at)).map(|(_, broker)| broker).collect();
            (left, gone)
        };
        match part {
            Part::Broker(id) => {
                let (left, gone) = gone(&|at, _| at + 1 == *id);
                brokers::write(self, &left, &gone)?;
            }
            Part::Rack(rack) => {
                let (left, gone) = gone(&|_, broker| broker.rack == *rack);
                brokers::write(self, &left, &gone)?;
            }
            _ => {
                let slot = self.tree.slot(part).ok_or("It is not there any more")?;
                if slot.shape != Shape::Header || Named::of(part).is_none() && !matches!(part, Part::Event(_))
                {
                    return Err("This cannot be removed here: change it in the text".into());
                }
                if let (Some(named), Some(name)) = (Named::of(part), refer::name_of(self.tree, part)) {
                    refer::forget(self, named, &name);
                }
                self.cut(slot);
            }
        }
        Ok(Part::Cluster)
    }
}
