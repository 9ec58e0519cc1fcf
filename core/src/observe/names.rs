//! The names behind the numbers of a frame.
use super::report::Names;
use crate::client::Keys;
use crate::config::Acks;
use crate::scenario::words::show_rate;
use crate::world::World;
use std::collections::BTreeMap;

/// Keys that are given numbers; later ones stay without a name.
const KEYS_MAX: usize = 4_096;

/// Numbers keys as they are seen, and counts how often the names changed.
#[derive(Clone, Debug, Default)]
pub struct NameBook {
    names: Names,
    numbers: BTreeMap<String, u32>,
}

impl NameBook {
    /// A book without names.
    pub fn new() -> Self {
        NameBook::default()
    }

    /// The number of a key, the same as long as the book lives; `None` when there are too many.
    pub(super) fn key_number(&mut self, key: &str) -> Option<u32> {
        if let Some(&number) = self.numbers.get(key) {
            return Some(number);
        }
        if self.names.keys.len() >= KEYS_MAX {
            return None;
        }
        let number = self.names.keys.len() as u32;
        self.names.keys.push(key.to_owned());
        self.numbers.insert(key.to_owned(), number);
        self.names.version += 1;
        Some(number)
    }

    /// The names of this moment.
    pub fn names(&mut self, world: &World) -> Names {
        self.refresh(world);
        self.names.clone()
    }

    /// Grows with every change.
    pub fn version(&self) -> u32 {
        self.names.version
    }

    /// Takes in who is new in the world.
    pub(super) fn refresh(&mut self, world: &World) {
        let image = world.controller().image();
        let racks: Vec<String> = world.brokers().iter().map(|broker| broker.rack().to_owned()).collect();
        let producers: Vec<_> = (0..world.producer_count()).map(|at| producer(world, at)).collect();
        let groups: Vec<String> = world.groups().iter().map(|group| group.name.clone()).collect();
        let consumer = |at| {
            let spec = &world.consumer_slot(at).spec;
            (spec.client_id.to_string(), u32::from(spec.group.0))
        };
        let consumers: Vec<_> = (0..world.consumer_count()).map(consumer).collect();
        let known = &self.names;
        let same = known.racks == racks
            && known.partitions.len() == image.partitions.len()
            && known.producers == producers
            && known.groups == groups
            && known.consumers == consumers;
        if same {
            return;
        }
        let partition = |&(topic, index): &(crate::metadata::TopicId, u32)| {
            let topic = &image.topics[usize::from(topic.0)];
            (topic.name.clone(), index, topic.internal)
        };
        let partitions = image.partition_names.iter().map(partition).collect();
        let keys = std::mem::take(&mut self.names.keys);
        let version = self.names.version + 1;
        self.names = Names { version, racks, partitions, producers, groups, consumers, keys };
    }
}

/// Name, topic, and what it sends in short: `24/s, keyed, acks=all`.
fn producer(world: &World, at: u16) -> (String, String, String) {
    let spec = world.producer_spec(at);
    let acks = match spec.config.acks {
        Acks::None => "0",
        Acks::Leader => "1",
        Acks::All => "all",
    };
    let keyed = if spec.workload.keys == Keys::None { "" } else { ", keyed" };
    let short = format!("{}{keyed}, acks={acks}", show_rate(&spec.workload.rate));
    (spec.client_id.to_string(), spec.topic.to_string(), short)
}
