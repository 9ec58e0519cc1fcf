//! Writing that goes on: the first write to a partition that is acknowledged after its leader was lost, or after it refused
//! writes because too few replicas were in sync.
use super::report::{StoryKind, Subject};
use super::told::{Told, partitions};
use crate::config::Acks;
use crate::log::Batch;
use crate::metadata::{BrokerId, TopicPartition};
use crate::trace::{ChangeCause, Fact};
use crate::wire::ErrorCode;
use crate::world::World;
use std::collections::BTreeMap;

/// Partitions without acknowledged writes, and why; empty as long as nothing is wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Writes {
    stopped: BTreeMap<TopicPartition, Stop>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    LeaderLost,
    TooFewInSync,
}

/// What lets writes through again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// A leader, with `acks=all` or without.
    Leader(BrokerId, Acks),
    /// Enough replicas in sync.
    InSync,
}

impl Writes {
    /// Takes one fact; what lets writes to which partition through if this is the first one acknowledged again.
    pub fn see(&mut self, world: &World, fact: &Fact) -> Option<(TopicPartition, Again)> {
        match fact {
            Fact::PartitionChanged { partition, before, after, cause } => {
                let lost = after.leader.is_none()
                    || matches!(cause, ChangeCause::Fenced(_) | ChangeCause::Registered(_));
                if before.leader.is_some() && before.leader != after.leader && lost {
                    self.stopped.insert(*partition, Stop::LeaderLost);
                }
            }
            Fact::ProduceRefused { partition, error: ErrorCode::NotEnoughReplicas, .. } => {
                self.stopped.entry(*partition).or_insert(Stop::TooFewInSync);
            }
            Fact::Acknowledged { producer, partition, batch, confirmed: true }
                if !self.stopped.is_empty() =>
            {
                let stop = *self.stopped.get(partition)?;
                let acks = world.producer_spec(*producer).config.acks;
                let again = goes_on(world, *partition, stop, acks, batch)?;
                self.stopped.remove(partition);
                return Some((*partition, again));
            }
            _ => {}
        }
        None
    }
}

/// What let this write through, unless it is one of before that is answered late.
fn goes_on(world: &World, partition: TopicPartition, stop: Stop, acks: Acks, batch: &Batch) -> Option<Again> {
    let image = world.controller().image();
    let registration = image.partition(partition);
    if stop == Stop::TooFewInSync {
        let enough = registration.isr.len() as u32 >= image.min_insync_replicas(partition);
        return (enough && acks == Acks::All).then_some(Again::InSync);
    }
    let leader = registration.leader?;
    let own = world.broker(leader).replica(partition)?.log.batch_at(batch.base_offset)?;
    let written_by_it = own.leader_epoch == registration.leader_epoch
        && own.source == batch.source
        && own.first_ordinal == batch.first_ordinal;
    written_by_it.then_some(Again::Leader(leader, acks))
}

/// The line of partitions whose writes are acknowledged again.
pub(super) fn told(world: &World, again: Again, list: &[TopicPartition]) -> Told {
    let (them, records) = if list.len() == 1 { ("it", "the record") } else { ("them", "the records") };
    let mut about = vec![Subject::Partition(list[0].0)];
    let why = match again {
        Again::Leader(leader, acks) => {
            about.push(Subject::Broker(leader.0));
            let has = match acks {
                Acks::All => format!("and every in-sync replica has {records}"),
                _ => format!("and has {records}: with acks=1 its own log is enough"),
            };
            format!("Broker {} leads {them} now, {has}.", leader.0)
        }
        Again::InSync => {
            let min = world.controller().image().min_insync_replicas(list[0]);
            format!(
                "Enough replicas are in sync for min.insync.replicas ({min}), and all of those have {records}."
            )
        }
    };
    Told::new(StoryKind::Producer, 2, about)
        .what(format!("Writes to {} are acknowledged again.", partitions(world, list)))
        .why(why)
        .next("Producers send what they kept meanwhile; what waited longer than delivery.timeout.ms has failed.")
        .in_crowd("written", "Writes to more partitions are acknowledged again.")
        .all_because("Their leaders take them again, and as many replicas as acks asks for have the records.")
}
