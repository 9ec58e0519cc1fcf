//! Follows one record: collects its life from the facts of a traced run, from `send()` to the last group's commit.
//!
//! Which copy a broker holds is read off its log; lost, duplicated and delivered twice are what the audit found.
mod fate;
mod holds;
mod logs;
mod readers;
mod sends;

use super::life::{Fate, Life, Step, StepKind};
use super::observers::Observers;
use super::report::Finding;
use super::view::Place;
use crate::kernel::SimTime;
use crate::log::{Batch, TypedRecord};
use crate::metadata::{BrokerId, TopicPartition};
use crate::trace::Fact;
use crate::wire::NodeId;
use crate::world::World;
use holds::Hold;
use readers::Reader;

/// What tells a record from all others of a run: the substream it belongs to, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordId {
    /// The producer.
    pub producer: u16,
    /// The partition.
    pub partition: TopicPartition,
    /// Its ordinal among what this producer sends to this partition.
    pub ordinal: u64,
}

impl RecordId {
    /// The record at an offset of a broker's log and when it was created; `None` if there is none that a producer sent.
    pub fn at(
        world: &World,
        broker: BrokerId,
        partition: TopicPartition,
        offset: u64,
    ) -> Option<(Self, SimTime)> {
        let known = world.brokers().iter().find(|other| other.id == broker)?;
        let batch =
            known.replica(partition)?.log.batch_at(offset).filter(|batch| offset < batch.end_offset())?;
        let producer = u16::try_from(batch.source.0).ok().filter(|&at| at < world.producer_count())?;
        let within = offset - batch.base_offset;
        let id = RecordId { producer, partition, ordinal: batch.first_ordinal + within };
        Some((id, batch.record_time(within as u32)))
    }

    /// What names it and its creation, in a few words: [`RecordId::read`] takes them.
    pub fn words(&self, created: SimTime) -> String {
        format!("{} {} {} {}", self.producer, self.partition.0, self.ordinal, created.0)
    }

    /// The record and its creation that some words name.
    pub fn read(words: &str) -> Option<(Self, SimTime)> {
        let mut numbers = words.split(' ').map(|word| word.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let producer = u16::try_from(next()?).ok()?;
        let partition = TopicPartition(u32::try_from(next()?).ok()?);
        Some((RecordId { producer, partition, ordinal: next()? }, SimTime(next()?)))
    }

    /// Its place within a batch, if it is in it.
    pub(super) fn within(&self, partition: TopicPartition, batch: &Batch) -> Option<u32> {
        let same = self.partition == partition && batch.source.0 == u32::from(self.producer);
        let within = self.ordinal.checked_sub(batch.first_ordinal).filter(|_| same)?;
        u32::try_from(within).ok().filter(|&within| within < batch.count)
    }
}

/// Whom to follow.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// A record that is known.
    Known(RecordId),
    /// The first record with that key and value typed for a producer, from a moment on, after some that are the same.
    Typed {
        /// The producer.
        producer: u16,
        /// Key and value.
        record: TypedRecord,
        /// From when on.
        from: SimTime,
        /// How many equal ones came before it.
        skip: u32,
    },
}

/// Collects the life of one record.
#[derive(Clone, Debug)]
pub struct Follow {
    wanted: Wanted,
    id: Option<RecordId>,
    life: Life,
    copies: Vec<Copy>,
    /// `send()` completed, without an error or with one.
    acknowledged: bool,
    failed: bool,
    delivered_twice: bool,
    /// What stood in its producer's way before it was sent.
    holds: Vec<Hold>,
    /// The audit's count when the last event was seen.
    lost_counted: u64,
}

/// The record in the log of a partition: once, or again after a retry.
#[derive(Clone, Debug)]
struct Copy {
    offset: u64,
    base_offset: u64,
    epoch: u32,
    holders: Vec<BrokerId>,
    /// The high watermark passed it.
    passed: bool,
    acknowledged: bool,
    /// The partition's leader does not have it any more.
    gone: Option<Gone>,
    readers: Vec<Reader>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gone {
    /// A leader began without it, before it was acknowledged.
    LeftBehind,
    Lost,
    Deleted,
}

impl Copy {
    fn stands(&self) -> bool {
        self.gone.is_none()
    }

    fn is_in_log_of(&self, world: &World, broker: BrokerId, partition: TopicPartition) -> bool {
        let batch =
            world.broker(broker).replica(partition).and_then(|replica| replica.log.batch_at(self.offset));
        batch.is_some_and(|batch| batch.leader_epoch == self.epoch && batch.base_offset == self.base_offset)
    }
}

impl Follow {
    /// Begins to follow; the run it sees must be traced from before the record was sent.
    pub fn new(wanted: Wanted) -> Self {
        let id = match &wanted {
            Wanted::Known(id) => Some(*id),
            Wanted::Typed { .. } => None,
        };
        let mut follow = Follow {
            wanted,
            id,
            life: Life::default(),
            copies: Vec::new(),
            acknowledged: false,
            failed: false,
            delivered_twice: false,
            holds: Vec::new(),
            lost_counted: 0,
        };
        if let Wanted::Typed { record, .. } = &follow.wanted {
            follow.life.key = record.key.clone();
            follow.life.value = Some(record.value.clone());
            follow.life.value_bytes = record.value.len() as u32;
        }
        follow.life.sentence = "It is not sent, as far as the run is known.".to_owned();
        follow
    }

    /// What is known of it so far.
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// Whether its batch was sent.
    fn has_left(&self) -> bool {
        self.life.steps.iter().any(|step| step.kind == StepKind::Batch)
    }

    /// Whether nothing is awaited any more; what comes later may still concern it.
    pub fn is_settled(&self) -> bool {
        !matches!(self.life.fate, Fate::Unknown | Fate::OnItsWay)
    }

    /// Takes what an event reported, after the observers saw it.
    pub fn see(&mut self, world: &World, observers: &Observers, facts: &[(NodeId, Fact)]) {
        if facts.is_empty() {
            return;
        }
        for (_, fact) in facts {
            self.take(world, observers, fact);
        }
        if let Some(id) = self.id.filter(|_| !self.has_left()) {
            self.look_for_holds(world, id);
        }
        self.look_for_loss(world, observers);
        self.lost_counted = observers.audit.counts.lost;
    }

    fn take(&mut self, world: &World, observers: &Observers, fact: &Fact) {
        match fact {
            Fact::Typed { producer, partition, batch } => self.typed(world, *producer, *partition, batch),
            Fact::SendFailed { producer, partition, first_ordinal, count, error } => {
                self.send_failed(world, *producer, *partition, *first_ordinal, *count, *error);
            }
            _ => {}
        }
        let Some(id) = self.id else { return };
        let partition = id.partition;
        match fact {
            Fact::Sent { broker, partition: of, batch, .. } => {
                if let Some(within) = id.within(*of, batch) {
                    self.sent(world, id, *broker, batch, within);
                }
            }
            Fact::Retrying { producer, partition: of, first_ordinal, count, error, .. } => {
                let same = (*producer, *of) == (id.producer, partition);
                if same && *first_ordinal < id.ordinal && !self.has_left() {
                    self.earlier_failed(world.now(), *error);
                }
                if same && (*first_ordinal..first_ordinal + u64::from(*count)).contains(&id.ordinal) {
                    let what = "The attempt failed: its producer will send the batch again.".to_owned();
                    let at = Place::Producer(u32::from(id.producer));
                    self.push(world, StepKind::Retry, what, super::story::error_sentence(*error), None, at);
                }
            }
            Fact::Acknowledged { partition: of, batch, confirmed, .. } => {
                if id.within(*of, batch).is_some() {
                    self.acknowledged(world, id, batch, *confirmed);
                }
            }
            Fact::Appended { broker, partition: of, batch } => {
                if let Some(within) = id.within(*of, batch) {
                    self.appended(world, observers, id, *broker, batch, within);
                }
            }
            Fact::Replicated { broker, partition: of, log_end_offset } if *of == partition => {
                self.replicated(world, id, *broker, *log_end_offset);
            }
            Fact::HighWatermark { broker, partition: of, offset } if *of == partition => {
                self.high_watermark(world, id, *broker, *offset);
            }
            Fact::DuplicateRefused { broker, partition: of, base_offset } if *of == partition => {
                self.duplicate_refused(world, *broker, *base_offset);
            }
            // One that learns late that it was elected decides nothing: another may lead by now.
            Fact::BecameLeader { broker, partition: of, epoch }
                if *of == partition
                    && world.controller().image().partition(partition).leader_epoch == *epoch =>
            {
                self.led_by(world, id, *broker, *epoch);
            }
            Fact::Truncated { broker, partition: of, to, removed } if *of == partition => {
                self.truncated(world, id, *broker, *to, removed);
            }
            Fact::LogStart { broker, partition: of, offset } if *of == partition => {
                self.log_start(world, id, *broker, *offset);
            }
            Fact::Polled { consumer, partition: of, from, to, .. } if *of == partition => {
                self.polled(world, observers, id, *consumer, (*from, *to));
            }
            Fact::Processed { consumer, partition: of, from, to } if *of == partition => {
                self.processed(world, *consumer, (*from, *to));
            }
            Fact::Committed { group, partition: of, offset } if *of == partition => {
                self.committed(world, observers, *group, *offset);
            }
            Fact::OffsetReset { consumer, partition: of, from, to } if *of == partition => {
                self.reset(world, observers, *consumer, (from.unwrap_or(0), *to));
            }
            _ => return,
        }
        self.judge(world);
    }

    fn push(
        &mut self,
        world: &World,
        kind: StepKind,
        what: String,
        why: String,
        from: Option<Place>,
        at: Place,
    ) {
        let time_us = world.now().0;
        self.life.steps.push(Step { time_us, kind, what, why, from, at, place: in_words(world, at) });
    }

    /// Which copy, where there are several.
    fn which(&self, at: usize) -> String {
        if self.copies.len() > 1 { format!(" (offset {})", self.copies[at].offset) } else { String::new() }
    }

    /// What the audit says of it, under one of its words.
    fn found(&self, observers: &Observers, word: &str, offset: u64) -> Option<String> {
        let its = |finding: &&Finding| {
            finding.word == word
                && finding.partition == self.life.partition_name
                && (finding.first_offset..finding.first_offset + finding.count).contains(&offset)
        };
        observers.audit.findings.iter().rev().find(its).map(|finding| finding.why.clone())
    }
}

fn in_words(world: &World, place: Place) -> String {
    match place {
        Place::Controller => "controller".to_owned(),
        Place::Broker(id) => format!("broker {id}"),
        Place::Producer(at) => world.producer_spec(at as u16).client_id.to_string(),
        Place::Consumer(at) => world.consumer_slot(at as u16).spec.client_id.to_string(),
    }
}
