//! Unavailable for writing, for reading: no request of that kind could have succeeded.
use crate::config::Acks;
use crate::kernel::SimTime;
use crate::metadata::TopicPartition;
use crate::trace::{Fact, Process};
use crate::wire::NodeId;
use crate::world::World;

/// One kind of request against one partition.
#[derive(Clone, Copy, Debug, Default)]
struct Gap {
    since: Option<SimTime>,
    longest_us: u64,
}

impl Gap {
    fn see(&mut self, available: bool, now: SimTime) {
        match (available, self.since) {
            (false, None) => self.since = Some(now),
            (true, Some(since)) => {
                self.longest_us = self.longest_us.max(now.since_us(since));
                self.since = None;
            }
            _ => {}
        }
    }

    fn longest_us(&self, now: SimTime) -> u64 {
        self.longest_us.max(self.since.map_or(0, |since| now.since_us(since)))
    }
}

/// The gaps of all partitions since the warm-up ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Availability {
    writing: Vec<Gap>,
    reading: Vec<Gap>,
}

impl Availability {
    /// Whether such a fact may change what is available.
    pub fn concerns(fact: &Fact) -> bool {
        matches!(
            fact,
            Fact::CommandDone { .. }
                | Fact::ProcessChanged { .. }
                | Fact::BecameLeader { .. }
                | Fact::BecameFollower { .. }
                | Fact::PartitionChanged { .. }
                | Fact::TopicCreated { .. }
        )
    }

    /// Looks at every partition.
    pub fn look(&mut self, world: &World) {
        let now = world.now();
        if now < world.scenario().warm_up {
            return;
        }
        let count = world.controller().image().partitions.len();
        self.writing.resize(count, Gap::default());
        self.reading.resize(count, Gap::default());
        for at in 0..count {
            let partition = TopicPartition(at as u32);
            self.writing[at].see(is_writable(world, partition), now);
            self.reading[at].see(is_readable(world, partition), now);
        }
    }

    /// The longest gap of each partition that had one, longest first, in ms: for writing, for reading.
    pub fn longest(&self, world: &World) -> (Longest, Longest) {
        (longest(world, &self.writing), longest(world, &self.reading))
    }
}

/// Partitions with their longest gap in ms, longest first.
type Longest = Vec<(String, u64)>;

fn longest(world: &World, gaps: &[Gap]) -> Longest {
    let image = world.controller().image();
    let shown = |(at, gap): (usize, &Gap)| {
        let partition = TopicPartition(at as u32);
        let ms = gap.longest_us(world.now()).div_ceil(1_000);
        let internal = image.topic_of(partition).internal;
        (ms > 0 && !internal).then(|| (image.partition_name(partition), ms))
    };
    let mut list: Vec<_> = gaps.iter().enumerate().filter_map(shown).collect();
    list.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    list
}

/// Whether a leader works that `client` could reach.
fn answers(world: &World, partition: TopicPartition, mut clients: impl Iterator<Item = NodeId>) -> bool {
    let Some(leader) = world.controller().image().partition(partition).leader else { return false };
    let node = NodeId::from(leader);
    let leads = world.broker(leader).replica(partition).is_some_and(|replica| replica.leading.is_some());
    if world.process(node).0 != Process::Running || !leads {
        return false;
    }
    let mut any = false;
    clients.any(|client| {
        any = true;
        world.connected(client, node)
    }) || !any
}

fn is_writable(world: &World, partition: TopicPartition) -> bool {
    let image = world.controller().image();
    let topic = &image.topic_of(partition).name;
    let producers = || (0..world.producer_count()).filter(|&at| *world.producer_spec(at).topic == **topic);
    let strict = |at: u16| world.producer_spec(at).config.acks == Acks::All;
    let in_sync = image.partition(partition).isr.len() as u32;
    if producers().next().is_some()
        && producers().all(strict)
        && in_sync < image.min_insync_replicas(partition)
    {
        return false;
    }
    answers(world, partition, producers().map(NodeId::Producer))
}

fn is_readable(world: &World, partition: TopicPartition) -> bool {
    let topic = &world.controller().image().topic_of(partition).name;
    let subscribed = |at: &u16| {
        let group = world.consumer_slot(*at).spec.group;
        world.groups()[usize::from(group.0)].topics.contains(topic)
    };
    answers(world, partition, (0..world.consumer_count()).filter(subscribed).map(NodeId::Consumer))
}
