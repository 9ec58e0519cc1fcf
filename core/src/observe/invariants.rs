//! What real Kafka keeps whatever happens. A broken one is a bug of this simulation, and shown as such.
use crate::kernel::SimTime;
use crate::metadata::TopicPartition;
use crate::trace::{Fact, Process};
use crate::wire::NodeId;
use crate::world::World;
use std::collections::BTreeMap;

/// What has to be remembered to notice that an invariant broke.
#[derive(Clone, Debug, Default)]
pub struct Invariants {
    /// The broker that led a partition in an epoch.
    leaders: BTreeMap<(u32, u32), u32>,
    /// The leader's high watermark by partition: epoch, offset.
    high_watermarks: BTreeMap<u32, (u32, u64)>,
    /// Partitions whose logs may differ for good: unclean election, or power loss at the wrong moment.
    excused: BTreeMap<u32, SimTime>,
}

impl Invariants {
    /// Checks what these facts touched; `thorough` checks everything.
    ///
    /// # Errors
    /// The first invariant that is broken, as a sentence.
    pub fn after_event(
        &mut self,
        world: &World,
        facts: &[(NodeId, Fact)],
        thorough: bool,
    ) -> Result<(), String> {
        for (_, fact) in facts {
            self.see(world, fact)?;
        }
        if thorough {
            for at in 0..world.controller().image().partitions.len() as u32 {
                self.check_partition(world, TopicPartition(at))?;
            }
            self.one_owner_a_generation(world)?;
        }
        Ok(())
    }

    fn see(&mut self, world: &World, fact: &Fact) -> Result<(), String> {
        match fact {
            Fact::BecameLeader { broker, partition, epoch } => {
                let leader = *self.leaders.entry((partition.0, *epoch)).or_insert(broker.0);
                if leader != broker.0 {
                    let name = world.controller().image().partition_name(*partition);
                    return Err(format!(
                        "{name} has two leaders in epoch {epoch}: brokers {leader} and {}",
                        broker.0
                    ));
                }
                self.high_watermarks.remove(&partition.0);
                self.check_partition(world, *partition)
            }
            Fact::PartitionChanged { partition, before, after, .. } => {
                // An unclean election, whatever brought it.
                if after.recovering && after.leader != before.leader {
                    self.excused.insert(partition.0, world.now());
                }
                isr_is_sound(world, *partition)
            }
            Fact::ProcessChanged { node: NodeId::Broker(id), process: Process::MachineDown } => {
                // What was not flushed is gone on that machine, committed or not.
                let broker = &world.brokers()[usize::from(*id) - 1];
                for replica in broker.replicas() {
                    self.excused.insert(replica.partition.0, world.now());
                }
                Ok(())
            }
            Fact::HighWatermark { partition, .. } | Fact::Truncated { partition, .. } => {
                self.check_partition(world, *partition)
            }
            Fact::Assigned { .. } => self.one_owner_a_generation(world),
            _ => Ok(()),
        }
    }

    fn check_partition(&mut self, world: &World, partition: TopicPartition) -> Result<(), String> {
        self.high_watermark_rises(world, partition)?;
        if self.excused.contains_key(&partition.0) {
            return Ok(());
        }
        committed_logs_agree(world, partition)
    }

    fn high_watermark_rises(&mut self, world: &World, partition: TopicPartition) -> Result<(), String> {
        let image = world.controller().image();
        for broker in world.brokers() {
            let Some(replica) = broker.replica(partition) else { continue };
            let registration = image.partition(partition);
            let leads = replica.leading.is_some() && registration.leader == Some(broker.id);
            if !leads || replica.leader_epoch != registration.leader_epoch {
                continue;
            }
            let now = (replica.leader_epoch, replica.high_watermark());
            let before = self.high_watermarks.insert(partition.0, now).unwrap_or((now.0, 0));
            if before.0 == now.0 && now.1 < before.1 && !self.excused.contains_key(&partition.0) {
                let name = image.partition_name(partition);
                return Err(format!(
                    "the high watermark of {name} went back from {} to {} in epoch {}",
                    before.1, now.1, now.0
                ));
            }
            if now.1 > replica.log.end().offset {
                return Err(format!(
                    "the high watermark of {} is beyond its log",
                    image.partition_name(partition)
                ));
            }
        }
        Ok(())
    }

    /// A partition has one owner in a generation at most. A group whose records were lost counts anew.
    fn one_owner_a_generation(&self, world: &World) -> Result<(), String> {
        let forgot = |group| {
            let offsets = world.group_partition(group);
            offsets.is_some_and(|partition| self.excused.contains_key(&partition.0))
        };
        let mut owners = BTreeMap::new();
        for at in 0..world.consumer_count() {
            let consumer = world.consumer(at);
            let Some(generation) = consumer.generation() else { continue };
            let slot = world.consumer_slot(at);
            if forgot(slot.spec.group) {
                continue;
            }
            for owned in consumer.assignment() {
                let key = (slot.spec.group, generation, owned.partition);
                if let Some(other) = owners.insert(key, at) {
                    let name = world.controller().image().partition_name(owned.partition);
                    let (a, b) = (&world.consumer_slot(other).spec.client_id, &slot.spec.client_id);
                    return Err(format!("{name} is owned by both {a} and {b} in generation {generation}"));
                }
            }
        }
        Ok(())
    }
}

/// The leader is in the ISR, the ISR among the replicas, and no broker is in both ISR and ELR.
fn isr_is_sound(world: &World, partition: TopicPartition) -> Result<(), String> {
    let image = world.controller().image();
    let registration = image.partition(partition);
    let name = || image.partition_name(partition);
    if let Some(leader) = registration.leader
        && !registration.isr.contains(&leader)
    {
        return Err(format!("{} is led by broker {}, which is not in its ISR", name(), leader.0));
    }
    if registration.isr.iter().chain(&registration.elr).any(|broker| !registration.replicas.contains(broker))
    {
        return Err(format!("a broker in the ISR or ELR of {} is not a replica of it", name()));
    }
    if registration.elr.iter().any(|broker| registration.isr.contains(broker)) {
        return Err(format!("a broker is in both ISR and ELR of {}", name()));
    }
    Ok(())
}

/// Two logs agree below the smaller of their high watermarks.
fn committed_logs_agree(world: &World, partition: TopicPartition) -> Result<(), String> {
    let replicas: Vec<_> =
        world.brokers().iter().filter_map(|broker| Some((broker.id, broker.replica(partition)?))).collect();
    for (at, (first_id, first)) in replicas.iter().enumerate() {
        for (other_id, other) in &replicas[at + 1..] {
            let below = first.high_watermark().min(other.high_watermark());
            let from = first.log.start().offset.max(other.log.start().offset);
            if below == 0 || below <= from {
                continue;
            }
            let (mine, theirs) = (first.log.batch_at(below - 1), other.log.batch_at(below - 1));
            let same = match (mine, theirs) {
                (Some(mine), Some(theirs)) => {
                    mine.base_offset == theirs.base_offset
                        && mine.leader_epoch == theirs.leader_epoch
                        && mine.source == theirs.source
                        && mine.first_ordinal == theirs.first_ordinal
                }
                _ => false,
            };
            if !same {
                let name = world.controller().image().partition_name(partition);
                return Err(format!(
                    "the logs of {name} on brokers {} and {} differ below their high watermarks, at offset {}",
                    first_id.0,
                    other_id.0,
                    below - 1
                ));
            }
        }
    }
    Ok(())
}
