//! Kafka's metrics, sampled once a second of virtual time.
use super::lag;
use crate::broker::Appended;
use crate::metadata::TopicId;
use crate::world::World;

/// One metric at one moment.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub name: String,
    pub unit: &'static str,
    pub value: u64,
}

/// What was counted at the last sample, for rates.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    appended: Appended,
    delivered: Vec<u64>,
    shrinks: u64,
    expands: u64,
    /// Counted since the beginning, by group.
    pub delivered_now: Vec<u64>,
    pub shrinks_now: u64,
    pub expands_now: u64,
}

impl Metrics {
    /// For a world of so many groups.
    pub fn new(groups: usize) -> Self {
        Metrics { delivered_now: vec![0; groups], ..Metrics::default() }
    }

    /// The metrics of this second.
    pub fn sample(&mut self, world: &World) -> Vec<Value> {
        let mut values = Vec::new();
        let mut say = |name: String, unit: &'static str, value: u64| values.push(Value { name, unit, value });
        let appended = appended(world);
        say("MessagesInPerSec".to_owned(), "records/s", appended.records - self.appended.records);
        say("BytesInPerSec".to_owned(), "bytes/s", appended.bytes - self.appended.bytes);
        self.appended = appended;
        self.delivered.resize(self.delivered_now.len(), 0);
        for group in lag::groups(world) {
            let (at, name) = (usize::from(group.0), &world.groups()[usize::from(group.0)].name);
            let delivered = self.delivered_now.get(at).copied().unwrap_or(0);
            let before = self.delivered.get(at).copied().unwrap_or(0);
            say(format!("records-consumed-rate {name}"), "records/s", delivered - before);
            say(format!("records-lag {name}"), "records", lag::group_lag(world, group));
        }
        self.delivered.clone_from(&self.delivered_now);
        let (under_replicated, offline) = replication(world, None);
        say("UnderReplicatedPartitions".to_owned(), "partitions", under_replicated);
        say("OfflinePartitionsCount".to_owned(), "partitions", offline);
        say("IsrShrinksPerSec".to_owned(), "shrinks/s", self.shrinks_now - self.shrinks);
        say("IsrExpandsPerSec".to_owned(), "expands/s", self.expands_now - self.expands);
        (self.shrinks, self.expands) = (self.shrinks_now, self.expands_now);
        values
    }
}

/// What leaders appended for producers, all brokers together.
fn appended(world: &World) -> Appended {
    world.brokers().iter().fold(Appended::default(), |sum, broker| {
        let Appended { records, bytes } = broker.appended();
        Appended { records: sum.records + records, bytes: sum.bytes + bytes }
    })
}

/// Partitions, of one topic or of all, with an ISR below their replication factor, and without a leader.
pub(super) fn replication(world: &World, topic: Option<TopicId>) -> (u64, u64) {
    let image = world.controller().image();
    let named = image.partitions.iter().zip(&image.partition_names);
    let chosen = named.filter(|(_, (of, _))| topic.is_none_or(|topic| topic == *of));
    chosen.fold((0, 0), |(under, offline), (partition, _)| {
        let is_under = partition.isr.len() < partition.replicas.len();
        (under + u64::from(is_under), offline + u64::from(partition.leader.is_none()))
    })
}
