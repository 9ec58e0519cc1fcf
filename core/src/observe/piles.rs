//! What one cause does to many partitions at one moment: one line that grows.
use super::changes::{self, Change, Kind};
use super::cuts::{self, Cut};
use super::report::Finding;
use super::story;
use super::told::Told;
use super::writes::{self, Again};
use crate::metadata::{BrokerId, TopicPartition};
use crate::trace::{ChangeCause, Fact};
use crate::world::World;

/// Alike things of one moment.
#[derive(Clone, Debug)]
pub(super) enum Pile {
    /// Partitions changed in the same way.
    Changed { kind: Kind, cause: ChangeCause, list: Vec<Change> },
    /// Logs of one broker were cut.
    Cut { broker: BrokerId, power_loss: bool, list: Vec<Cut> },
    /// The audit found the same of several partitions.
    Found(Vec<Finding>),
    /// Writes to partitions are acknowledged again.
    Written { again: Again, list: Vec<TopicPartition> },
}

impl Pile {
    /// A pile of one; `None` if the fact is nothing of the kind, or no story.
    pub fn of(world: &World, fact: &Fact) -> Option<Pile> {
        match fact {
            Fact::PartitionChanged { partition, before, after, cause } => {
                let change = Change { partition: *partition, before: before.clone(), after: after.clone() };
                let internal = world.controller().image().topic_of(*partition).internal;
                let kind = change.kind().filter(|_| !internal)?;
                Some(Pile::Changed { kind, cause: *cause, list: vec![change] })
            }
            Fact::Truncated { broker, partition, to, removed } => {
                let cut = Cut::new(world, *partition, *to, removed)?;
                let power_loss = cuts::is_power_loss(world, *broker);
                Some(Pile::Cut { broker: *broker, power_loss, list: vec![cut] })
            }
            _ => None,
        }
    }

    /// Takes in another pile if that is the same thing; says whether it did.
    pub fn take(&mut self, other: &Pile) -> bool {
        match (self, other) {
            (Pile::Changed { kind, cause, list }, Pile::Changed { kind: k, cause: c, list: more }) => {
                take(*kind == *k && *cause == *c, list, more)
            }
            (Pile::Cut { broker, power_loss, list }, Pile::Cut { broker: b, power_loss: p, list: more }) => {
                take(*broker == *b && *power_loss == *p, list, more)
            }
            (Pile::Written { again, list }, Pile::Written { again: a, list: more }) => {
                take(*again == *a, list, more)
            }
            (Pile::Found(list), Pile::Found(more)) => take(list[0].word == more[0].word, list, more),
            _ => false,
        }
    }

    /// Its line.
    pub fn told(&self, world: &World) -> Told {
        match self {
            Pile::Changed { kind, cause, list } => changes::told(world, kind, *cause, list),
            Pile::Cut { broker, power_loss: true, list } => cuts::power_loss(world, *broker, list),
            Pile::Cut { broker, power_loss: false, list } => cuts::diverged(world, *broker, list),
            Pile::Found(list) => story::found(list),
            Pile::Written { again, list } => writes::told(world, *again, list),
        }
    }
}

fn take<T: Clone>(same: bool, list: &mut Vec<T>, more: &[T]) -> bool {
    if same {
        list.extend_from_slice(more);
    }
    same
}
