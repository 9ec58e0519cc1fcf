//! Why something happened: looks through a traced run up to the event, and tells the chain of its causes; then what came
//! of it.
//!
//! Every sentence is read off what the run did: its facts, and the state of the world at the event. What begins before
//! the facts seen is asked for: [`Why::wants`].
mod after;
mod away;
mod duplicated;
mod failed;
mod leader;
mod lost;
mod pause;
mod reading;
mod record;
mod refused;
mod sync;
mod telling;
mod witness;

use super::chain::Chain;
use super::follow::RecordId;
use super::observers::Observers;
use super::question::{About, Question};
use crate::kernel::SimTime;
use crate::log::Batch;
use crate::metadata::TopicPartition;
use crate::scenario::TimedCommand;
use crate::trace::{Fact, GroupState};
use crate::wire::{ErrorCode, NodeId};
use crate::world::{Sent, World};
use after::After;
use telling::Telling;
use witness::Witness;

/// A question being answered.
#[derive(Clone, Debug)]
pub struct Why {
    question: Question,
    record: Option<RecordId>,
    seen: Witness,
    chain: Chain,
    after: Option<After>,
    wants: Option<Wants>,
}

/// What has to be looked through again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// From this moment on.
    pub from: SimTime,
    /// The record it is about, now that it is known.
    pub record: Option<RecordId>,
}

impl Why {
    /// Begins to look, in a traced run that stands at this world; `record` is the record asked about, once it is known.
    pub fn new(
        question: Question,
        record: Option<RecordId>,
        commands: Vec<TimedCommand>,
        world: &World,
    ) -> Self {
        let seen = Witness::new(question, record, commands, world);
        Why { question, record, seen, chain: Chain::default(), after: None, wants: None }
    }

    /// The answer so far.
    pub fn chain(&self) -> Chain {
        let mut chain = self.chain.clone();
        if let Some(after) = &self.after {
            chain.after.clone_from(&after.told);
        }
        chain
    }

    /// What has to be looked through again, from further back, before the answer is whole.
    pub fn wants(&self) -> Option<Wants> {
        self.wants
    }

    /// From when on the run was seen.
    pub fn from(&self) -> SimTime {
        self.seen.from
    }

    /// The record asked about, if it is known.
    pub fn record(&self) -> Option<RecordId> {
        self.record
    }

    /// There is no more to be seen: what is known has to do.
    pub fn has_to_do(&mut self) {
        self.wants = None;
    }

    /// Whether the event was found, and nothing more is looked for.
    pub fn is_done(&self) -> bool {
        self.after.as_ref().is_some_and(|after| after.done)
    }

    /// Takes what one event did, after the observers saw it.
    pub fn see(&mut self, world: &World, observers: &Observers, facts: &[(NodeId, Fact)], sent: &[Sent]) {
        match &mut self.after {
            Some(after) => after.see(world, facts, sent),
            None => {
                self.seen.see(world, facts, sent);
                if world.now() == self.question.at && self.is_event(world, observers, facts) {
                    self.tell(world);
                }
            }
        }
    }

    /// Whether what was asked about happened just now.
    fn is_event(&self, world: &World, observers: &Observers, facts: &[(NodeId, Fact)]) -> bool {
        let at = self.question.at;
        let found = |word: &str, partition: TopicPartition, offset: u64| {
            let name = world.controller().image().partition_name(partition);
            observers.audit.findings.iter().rev().any(|finding| {
                finding.time_us == at.0
                    && finding.word == word
                    && finding.first_offset == offset
                    && finding.partition == name
            })
        };
        match self.question.about {
            About::Lost(partition, offset) => found("lost", partition, offset),
            About::Duplicated(partition, offset) => found("duplicated", partition, offset),
            About::Again(partition, offset) => found("delivered twice", partition, offset),
            About::Unprocessed(partition, offset) => found("never processed", partition, offset),
            about => facts.iter().any(|(_, fact)| is_it(about, fact)),
        }
    }

    /// Tells the chain, and what it lacks.
    fn tell(&mut self, world: &World) {
        let Question { at, about } = self.question;
        let mut telling = Telling::new(world, &self.seen, at);
        let found = needs_record(about).then(|| self.find_record(world, about)).flatten();
        let id = found.map(|(id, _)| id);
        let title = match about {
            About::Leader(partition) => leader::tell(&mut telling, partition),
            About::Lost(partition, offset) => lost::tell(&mut telling, partition, offset, id),
            About::Duplicated(partition, offset) => duplicated::tell(&mut telling, partition, offset, id),
            About::Again(partition, offset) => reading::again(&mut telling, partition, offset),
            About::Unprocessed(partition, offset) => reading::unprocessed(&mut telling, partition, offset),
            About::Refused(partition) => refused::tell(&mut telling, partition),
            About::Failed(producer, partition) => failed::tell(&mut telling, producer, partition),
            About::Rebalance(group) => pause::tell(&mut telling, group),
            About::Coordinator(group) => pause::coordinator_changed(&mut telling, group),
        };
        // A record's own facts are kept once it is known which one it is.
        let unknown = found.filter(|_| self.record.is_none());
        let from = [telling.wants, unknown.map(|(_, created)| SimTime(created.0.saturating_sub(1)))];
        let from = from.into_iter().flatten().min();
        self.wants = from.map(|from| Wants { from, record: id });
        self.after = Some(After::new(about, at, world, &self.seen, telling.trouble.take()));
        self.chain = telling.into_chain(title);
        if self.chain.causes.len() < 2 && self.chain.gap.is_empty() {
            self.chain.gap =
                "What led to it is not known: nothing that was reported before it tells.".to_owned();
        }
    }

    /// The record asked about and when it was created: by its acknowledgement, by a log that has it, or by a log that was
    /// cut.
    fn find_record(&self, world: &World, about: About) -> Option<(RecordId, SimTime)> {
        let (partition, offset) = (about.partition()?, about.offset()?);
        let holds = |batch: &Batch| (batch.base_offset..batch.end_offset()).contains(&offset);
        let of_batch = |batch: &Batch| {
            let producer = u16::try_from(batch.source.0).ok()?;
            let within = offset - batch.base_offset;
            let id = RecordId { producer, partition, ordinal: batch.first_ordinal + within };
            Some((id, batch.record_time(within as u32)))
        };
        if matches!(about, About::Duplicated(..)) {
            return self.seen.back_from(self.question.at).find_map(|(_, fact)| match fact {
                Fact::Appended { partition: of, batch, .. } if *of == partition && holds(batch) => {
                    of_batch(batch)
                }
                _ => None,
            });
        }
        let leader = world.controller().image().partition(partition).leader?;
        let told = self.seen.back_from(self.question.at).find_map(|(_, fact)| match fact {
            Fact::Acknowledged { partition: of, batch, confirmed: true, .. }
                if *of == partition && holds(batch) =>
            {
                of_batch(batch)
            }
            Fact::Truncated { partition: of, removed, .. } if *of == partition => {
                removed.iter().find(|batch| holds(batch)).and_then(of_batch)
            }
            _ => None,
        });
        let epoch = world.broker(leader).replica(partition).map_or(0, |replica| replica.leader_epoch);
        let mut others = world.brokers().iter().filter(|other| other.id != leader);
        told.or_else(|| {
            others.find_map(|other| {
                let batch = other.replica(partition)?.log.batch_at(offset)?;
                (holds(&batch) && batch.leader_epoch < epoch).then(|| of_batch(&batch))?
            })
        })
    }
}

/// Whether the record's own way into the log is part of the chain.
const fn needs_record(about: About) -> bool {
    matches!(about, About::Lost(..) | About::Duplicated(..))
}

/// Whether a fact is the event.
fn is_it(about: About, fact: &Fact) -> bool {
    match (about, fact) {
        (About::Leader(asked), Fact::PartitionChanged { partition, before, after, .. }) => {
            *partition == asked && before.leader != after.leader
        }
        (About::Refused(asked), Fact::ProduceRefused { partition, error, .. }) => {
            *partition == asked && *error == ErrorCode::NotEnoughReplicas
        }
        (About::Failed(asked, of), Fact::SendFailed { producer, partition, .. }) => {
            (*producer, *partition) == (asked, of)
        }
        (About::Rebalance(asked), Fact::GroupChanged { group, state, .. }) => {
            *group == asked && matches!(state, GroupState::PreparingRebalance | GroupState::Empty)
        }
        (About::Coordinator(asked), Fact::CoordinatorLoaded { group, .. }) => *group == asked,
        _ => false,
    }
}
