//! Follows one record: collects its life from the facts of a traced run, from `send()` to the last group's commit.
//!
//! Which copy a broker holds is read off its log; lost, duplicated and delivered twice are what the audit found.
use super::cuts::is_power_loss;
use super::lag;
use super::life::{Fate, Life, Step, StepKind};
use super::observers::Observers;
use super::told::{capital, count, listed, ms};
use super::view::Place;
use crate::config::{Acks, Partitioner};
use crate::kernel::SimTime;
use crate::log::{Batch, TypedRecord};
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::scenario::words::show_number;
use crate::trace::Fact;
use crate::wire::{ErrorCode, NodeId};
use crate::world::World;

/// Other records of a batch named by their keys.
const MATES_NAMED: u32 = 4;

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

    /// Its place within a batch, if it is in it.
    fn within(&self, partition: TopicPartition, batch: &Batch) -> Option<u32> {
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

/// What a group did with a copy.
#[derive(Clone, Debug)]
struct Reader {
    group: GroupId,
    /// The consumer that has it and did not process it yet.
    processing: Option<u16>,
    delivered: bool,
    processed: bool,
    committed: bool,
    skipped: bool,
}

impl Reader {
    fn is_done(&self) -> bool {
        self.skipped || (self.processed || !self.delivered) && self.committed
    }
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
            Fact::BecameLeader { broker, partition: of, epoch } if *of == partition => {
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

    // --- the producer ---

    fn typed(&mut self, world: &World, of: u16, partition: TopicPartition, batch: &Batch) {
        let Wanted::Typed { producer, record, from, skip } = &mut self.wanted else { return };
        let same = *producer == of && world.now() >= *from && typed_in(batch) == Some(record);
        if self.id.is_some() || !same {
            return;
        }
        if *skip > 0 {
            *skip -= 1;
            return;
        }
        let id = RecordId { producer: of, partition, ordinal: batch.first_ordinal };
        self.id = Some(id);
        self.begin(world, id, batch, 0);
        self.judge(world);
    }

    /// The record is seen for the first time: who it is, and its `send()`.
    fn begin(&mut self, world: &World, id: RecordId, batch: &Batch, within: u32) {
        if !self.life.steps.is_empty() {
            return;
        }
        let spec = world.producer_spec(id.producer);
        let image = world.controller().image();
        let index = image.partition_names[id.partition.index()].1;
        if let Some(record) = world.producer(id.producer).record(index, batch, within) {
            (self.life.key, self.life.value) = (record.key, record.value);
            self.life.value_bytes = record.value_bytes;
        }
        self.life.producer = spec.client_id.to_string();
        self.life.partition = Some(id.partition.0);
        self.life.partition_name = image.partition_name(id.partition);
        self.life.fate = Fate::OnItsWay;
        let by_key = spec.config.partitioner == Partitioner::BuiltIn && !spec.config.partitioner_ignore_keys;
        let (what, why) = match &self.life.key {
            Some(key) => (
                format!("send() with key {key}: the record joins a batch for {}.", self.life.partition_name),
                if by_key {
                    "The hash of the key decides the partition: one key, one partition."
                } else {
                    ""
                },
            ),
            None => (
                format!("send() without a key: the record joins a batch for {}.", self.life.partition_name),
                "Without a key the partitioner chooses the partition.",
            ),
        };
        let at = Place::Producer(u32::from(id.producer));
        self.push(world, StepKind::Send, what, why.to_owned(), None, at);
        if let Some(step) = self.life.steps.last_mut() {
            step.time_us = batch.record_time(within).0;
        }
    }

    fn sent(&mut self, world: &World, id: RecordId, broker: BrokerId, batch: &Batch, within: u32) {
        self.begin(world, id, batch, within);
        let (from, at) = (Place::Producer(u32::from(id.producer)), Place::Broker(broker.0));
        let (what, why) = if batch.retries > 0 {
            let what = format!("Its batch leaves again, in a Produce request to broker {}.", broker.0);
            (what, format!("It was sent {} before.", times(batch.retries)))
        } else {
            let records = count(u64::from(batch.count), "record");
            let what = format!("Its batch of {records} leaves in a Produce request to broker {}.", broker.0);
            (what, shared_with(world, id, batch, within))
        };
        self.push(world, StepKind::Batch, what, why, Some(from), at);
        if let Some(step) = self.life.steps.last_mut() {
            step.place = in_words(world, from);
        }
    }

    fn acknowledged(&mut self, world: &World, id: RecordId, batch: &Batch, confirmed: bool) {
        self.acknowledged = true;
        if confirmed {
            let its = |copy: &&mut Copy| copy.base_offset == batch.base_offset;
            self.copies.iter_mut().rev().find(its).into_iter().for_each(|copy| copy.acknowledged = true);
        }
        let (what, why) = match (confirmed, world.producer_spec(id.producer).config.acks) {
            (false, _) => (
                "send() completes at once, and nobody confirms the record.",
                "With acks=0 the producer asks for no answer.",
            ),
            (true, Acks::All) => (
                "The leader's answer arrives, and send() completes: the record is acknowledged.",
                "With acks=all the leader answers once every in-sync replica has it.",
            ),
            (true, _) => (
                "The leader's answer arrives, and send() completes: the record is acknowledged.",
                "With acks=1 the leader answers as soon as its own log has it: copies may still be missing.",
            ),
        };
        let leader = self.copies.last().and_then(|copy| copy.holders.first());
        let from = leader.filter(|_| confirmed).map(|leader| Place::Broker(leader.0));
        let at = Place::Producer(u32::from(id.producer));
        self.push(world, StepKind::Acknowledge, what.to_owned(), why.to_owned(), from, at);
    }

    fn send_failed(
        &mut self,
        world: &World,
        of: u16,
        partition: TopicPartition,
        first_ordinal: Option<u64>,
        count: u32,
        error: ErrorCode,
    ) {
        let its = match (&self.wanted, self.id, first_ordinal) {
            (_, Some(id), Some(first)) => {
                (of, partition) == (id.producer, id.partition)
                    && (first..first + u64::from(count)).contains(&id.ordinal)
            }
            // A typed record that is in no batch: too large, or the buffer stayed full.
            (Wanted::Typed { producer, from, skip: 0, .. }, None, None) => {
                *producer == of && world.now() >= *from && count == 1
            }
            _ => false,
        };
        if !its || self.failed {
            return;
        }
        self.failed = true;
        let why = super::story::error_sentence(error);
        let at = Place::Producer(u32::from(of));
        self.push(world, StepKind::Fail, "send() fails: the application is told.".to_owned(), why, None, at);
        self.judge(world);
    }

    // --- the brokers ---

    fn appended(
        &mut self,
        world: &World,
        observers: &Observers,
        id: RecordId,
        leader: BrokerId,
        batch: &Batch,
        within: u32,
    ) {
        self.begin(world, id, batch, within);
        let stands = |copy: &Copy| copy.stands() && copy.is_in_log_of(world, leader, id.partition);
        let first = self.copies.iter().find(|copy| stands(copy)).map(|copy| copy.offset);
        let offset = batch.base_offset + u64::from(within);
        self.copies.push(Copy {
            offset,
            base_offset: batch.base_offset,
            epoch: batch.leader_epoch,
            holders: vec![leader],
            passed: false,
            acknowledged: false,
            gone: None,
            readers: readers(world, id.partition),
        });
        self.life.copies.push((offset, batch.leader_epoch));
        let at = Place::Broker(leader.0);
        let what = format!(
            "Broker {} leads {} and appends it at offset {offset}, in leader epoch {}.",
            leader.0, self.life.partition_name, batch.leader_epoch
        );
        self.push(world, StepKind::Append, what, String::new(), None, at);
        if let Some(first) = first {
            let what = format!("It is in the log twice now: duplicated, at offsets {first} and {offset}.");
            let why = self.found(observers, "duplicated", offset).unwrap_or_else(|| {
                "It was sent again because no answer came, and without enable.idempotence the leader cannot tell."
                    .to_owned()
            });
            self.push(world, StepKind::Audit, what, why, None, at);
        }
    }

    fn replicated(&mut self, world: &World, id: RecordId, broker: BrokerId, log_end: u64) {
        let leader = world.broker(broker).replica(id.partition).and_then(|replica| replica.follows);
        for at in 0..self.copies.len() {
            let copy = &self.copies[at];
            let new = log_end > copy.offset && !copy.holders.contains(&broker);
            if !new || !copy.is_in_log_of(world, broker, id.partition) {
                continue;
            }
            let offset = self.which(at);
            self.copies[at].holders.push(broker);
            let what = format!("Broker {} appends its copy{offset}.", broker.0);
            let why = "A follower fetches from the leader, and its next Fetch tells the leader how far it has come.";
            let from = leader.map(|leader| Place::Broker(leader.0));
            self.push(world, StepKind::Replicate, what, why.to_owned(), from, Place::Broker(broker.0));
        }
    }

    fn high_watermark(&mut self, world: &World, id: RecordId, broker: BrokerId, high_watermark: u64) {
        for at in 0..self.copies.len() {
            let copy = &self.copies[at];
            let passes = copy.stands() && !copy.passed && high_watermark > copy.offset;
            if !passes || !copy.is_in_log_of(world, broker, id.partition) {
                continue;
            }
            self.copies[at].passed = true;
            let what = format!(
                "The high watermark moves to {}, past the record: consumers may read it.",
                show_number(high_watermark)
            );
            let why = "Every in-sync replica (ISR) has it now.".to_owned();
            self.push(world, StepKind::HighWatermark, what, why, None, Place::Broker(broker.0));
        }
    }

    fn duplicate_refused(&mut self, world: &World, broker: BrokerId, base_offset: u64) {
        let Some(copy) = self.copies.iter().find(|copy| copy.base_offset == base_offset) else { return };
        let what = format!(
            "Broker {} has it already, at offset {}, and does not append it again.",
            broker.0, copy.offset
        );
        let why =
            "With enable.idempotence every batch has a number, so the leader knows a repeat.".to_owned();
        self.push(world, StepKind::DuplicateRefused, what, why, None, Place::Broker(broker.0));
    }

    fn led_by(&mut self, world: &World, id: RecordId, leader: BrokerId, epoch: u32) {
        if self.life.steps.is_empty() {
            return;
        }
        let stood = self.copies.iter().any(Copy::stands);
        let start =
            world.broker(leader).replica(id.partition).map_or(0, |replica| replica.log.start().offset);
        for copy in self.copies.iter_mut().filter(|copy| copy.stands()) {
            if !copy.is_in_log_of(world, leader, id.partition) {
                copy.gone = Some(if copy.offset < start { Gone::Deleted } else { Gone::LeftBehind });
            }
        }
        let stands = self.copies.iter().any(Copy::stands);
        let leads =
            format!("Broker {} leads {} now, in leader epoch {epoch}", leader.0, self.life.partition_name);
        let (what, why) = match (stood, stands) {
            _ if self.is_settled() && (stands || !stood) => return,
            (true, false) => (
                format!("{leads}: its log lacks the record."),
                "What the leader's log lacks, the partition lacks; the others cut it off.".to_owned(),
            ),
            (true, true) => (format!("{leads}: its log has the record."), String::new()),
            (false, _) => {
                (format!("{leads}."), "The producer learns it from metadata, and sends there.".to_owned())
            }
        };
        self.push(world, StepKind::Leader, what, why, None, Place::Broker(leader.0));
    }

    fn truncated(&mut self, world: &World, id: RecordId, broker: BrokerId, to: u64, removed: &[Batch]) {
        for at in 0..self.copies.len() {
            let copy = &self.copies[at];
            let its = |batch: &Batch| {
                id.within(id.partition, batch).is_some()
                    && (batch.leader_epoch, batch.base_offset) == (copy.epoch, copy.base_offset)
            };
            if !removed.iter().any(its) {
                continue;
            }
            let which = self.which(at);
            self.copies[at].holders.retain(|holder| *holder != broker);
            let (what, why) = if is_power_loss(world, broker) {
                (
                    format!("Broker {} loses its copy{which} with the power of its machine.", broker.0),
                    "It was in memory only: Kafka leaves it to the operating system when to write to disk.",
                )
            } else {
                (
                    format!("Broker {} cuts its log back to offset {to}: its copy{which} is gone.", broker.0),
                    "A follower makes its log equal to its leader's.",
                )
            };
            self.push(world, StepKind::Truncate, what, why.to_owned(), None, Place::Broker(broker.0));
        }
    }

    fn log_start(&mut self, world: &World, id: RecordId, broker: BrokerId, start: u64) {
        let leads = world.controller().image().partition(id.partition).leader == Some(broker);
        for at in 0..self.copies.len() {
            let copy = &mut self.copies[at];
            if copy.offset >= start || !copy.holders.contains(&broker) {
                continue;
            }
            copy.holders.retain(|holder| *holder != broker);
            if leads && copy.stands() {
                copy.gone = Some(Gone::Deleted);
            }
            let what = format!("Broker {} deletes it: its log begins at offset {start} now.", broker.0);
            let why =
                "Its segment is older than retention.ms allows, or the log larger than retention.bytes.";
            self.push(world, StepKind::Retention, what, why.to_owned(), None, Place::Broker(broker.0));
        }
    }

    fn look_for_loss(&mut self, world: &World, observers: &Observers) {
        let Some(id) = self.id else { return };
        for at in 0..self.copies.len() {
            let copy = &self.copies[at];
            if copy.gone == Some(Gone::Lost) {
                continue;
            }
            let safe = observers.is_acknowledged(id.partition, copy.epoch, copy.offset);
            let lost = copy.acknowledged && !safe && observers.audit.counts.lost > self.lost_counted;
            if !lost {
                self.copies[at].acknowledged |= safe;
                continue;
            }
            let offset = copy.offset;
            self.copies[at].gone = Some(Gone::Lost);
            let what = "It is lost: acknowledged, and gone from the log.".to_owned();
            let why = self.found(observers, "lost", offset).unwrap_or_default();
            let leader = world.controller().image().partition(id.partition).leader;
            let place = leader.map_or(Place::Controller, |leader| Place::Broker(leader.0));
            self.push(world, StepKind::Audit, what, why, None, place);
            self.judge(world);
        }
    }

    // --- the groups ---

    fn polled(
        &mut self,
        world: &World,
        observers: &Observers,
        id: RecordId,
        consumer: u16,
        (from, to): (u64, u64),
    ) {
        let spec = &world.consumer_slot(consumer).spec;
        let group = &world.groups()[usize::from(spec.group.0)].name;
        let leader = world.controller().image().partition(id.partition).leader;
        let source = leader.map(|leader| Place::Broker(leader.0));
        let at = Place::Consumer(u32::from(consumer));
        for place in 0..self.copies.len() {
            let copy = &mut self.copies[place];
            let offset = copy.offset;
            let reader = copy.readers.iter_mut().find(|reader| reader.group == spec.group);
            let Some(reader) = reader.filter(|_| copy.gone.is_none() && (from..to).contains(&offset)) else {
                continue;
            };
            let again = std::mem::replace(&mut reader.delivered, true);
            reader.processing = Some(consumer);
            self.delivered_twice |= again;
            let which = self.which(place);
            let with = match to - from - 1 {
                0 => "Nothing else of the partition came with it.".to_owned(),
                others => {
                    format!("{} of the partition came with it.", capital(&count(others, "other record")))
                }
            };
            let (kind, what, why) = if again {
                let what = format!(
                    "poll() returns it to {} again{which}: delivered twice to group {group}.",
                    spec.client_id
                );
                (StepKind::Audit, what, self.found(observers, "delivered twice", offset).unwrap_or(with))
            } else {
                let what =
                    format!("poll() returns it to {}{which}: delivered to group {group}.", spec.client_id);
                (StepKind::Poll, what, with)
            };
            self.push(world, kind, what, why, source, at);
        }
    }

    fn processed(&mut self, world: &World, consumer: u16, (from, to): (u64, u64)) {
        let name = &world.consumer_slot(consumer).spec.client_id;
        for place in 0..self.copies.len() {
            let copy = &mut self.copies[place];
            let has_it = (from..to).contains(&copy.offset);
            let its = |reader: &&mut Reader| has_it && reader.processing == Some(consumer);
            let Some(reader) = copy.readers.iter_mut().find(its) else { continue };
            reader.processing = None;
            let again = std::mem::replace(&mut reader.processed, true);
            let again = if again { " a second time" } else { "" };
            let which = self.which(place);
            let what =
                format!("Consumer {name} is done with the records of that poll: processed{again}{which}.");
            self.push(
                world,
                StepKind::Process,
                what,
                String::new(),
                None,
                Place::Consumer(u32::from(consumer)),
            );
        }
    }

    fn committed(&mut self, world: &World, observers: &Observers, group: GroupId, offset: u64) {
        let name = &world.groups()[usize::from(group.0)].name;
        let coordinator = lag::coordinator_of(world, group);
        let at = coordinator.map_or(Place::Controller, |broker| Place::Broker(broker.0));
        for place in 0..self.copies.len() {
            let copy = &mut self.copies[place];
            let (own, stands) = (copy.offset, copy.stands());
            let reader = copy.readers.iter_mut().find(|reader| reader.group == group && !reader.committed);
            let Some(reader) = reader.filter(|_| stands && own < offset) else { continue };
            reader.committed = true;
            let (delivered, processed, from) = (reader.delivered, reader.processed, reader.processing);
            let missed = if delivered { None } else { self.found(observers, "never delivered", own) };
            let which = self.which(place);
            if let Some(why) = missed {
                let what = format!(
                    "Group {name} commits offset {offset}: the record{which} is never delivered to it."
                );
                self.push(world, StepKind::Audit, what, why, None, at);
                continue;
            }
            let what = format!("Group {name} commits offset {offset}, which covers the record{which}.");
            let why = match (delivered, processed) {
                (true, false) => {
                    "It is not processed yet: if its consumer died now, the group would not read it again."
                }
                _ => "Whoever owns the partition next starts there, and does not read it again.",
            };
            let from = from.map(|consumer| Place::Consumer(u32::from(consumer)));
            let from = from.or_else(|| self.last_reader(world, group));
            self.push(world, StepKind::Commit, what, why.to_owned(), from, at);
        }
    }

    /// The consumer of a group that got the record last.
    fn last_reader(&self, world: &World, group: GroupId) -> Option<Place> {
        let its = |step: &&Step| match step.at {
            Place::Consumer(at) => world.consumer_slot(at as u16).spec.group == group,
            _ => false,
        };
        self.life.steps.iter().rev().find(its).map(|step| step.at)
    }

    fn reset(&mut self, world: &World, observers: &Observers, consumer: u16, (from, to): (u64, u64)) {
        let spec = &world.consumer_slot(consumer).spec;
        for place in 0..self.copies.len() {
            let copy = &mut self.copies[place];
            let (offset, stands) = (copy.offset, copy.stands());
            let reader =
                copy.readers.iter_mut().find(|reader| reader.group == spec.group && !reader.delivered);
            let skips = stands && (from..to).contains(&offset);
            let Some(reader) = reader.filter(|reader| skips && !reader.skipped) else { continue };
            reader.skipped = true;
            let name = &world.groups()[usize::from(spec.group.0)].name;
            let what = format!("auto.offset.reset moves group {name} to offset {to}: the record is skipped.");
            let why = self.found(observers, "skipped", offset).unwrap_or_default();
            self.push(world, StepKind::Audit, what, why, None, Place::Consumer(u32::from(consumer)));
        }
    }

    // --- in words ---

    /// Which copy, where there are several.
    fn which(&self, at: usize) -> String {
        if self.copies.len() > 1 { format!(" (offset {})", self.copies[at].offset) } else { String::new() }
    }

    /// What the audit says of it, under one of its words.
    fn found(&self, observers: &Observers, word: &str, offset: u64) -> Option<String> {
        let its = |finding: &&super::report::Finding| {
            finding.word == word
                && finding.partition == self.life.partition_name
                && (finding.first_offset..finding.first_offset + finding.count).contains(&offset)
        };
        observers.audit.findings.iter().rev().find(its).map(|finding| finding.why.clone())
    }

    /// Says what became of it so far.
    fn judge(&mut self, world: &World) {
        if self.life.steps.is_empty() {
            return;
        }
        let standing: Vec<&Copy> = self.copies.iter().filter(|copy| copy.stands()).collect();
        let gone = |what: Gone| self.copies.iter().any(|copy| copy.gone == Some(what));
        let told = self.acknowledged || self.failed;
        let waiting = |copy: &&Copy| copy.readers.iter().find(|reader| !reader.is_done()).cloned();
        let (fate, sentence) = if standing.is_empty() && gone(Gone::Lost) {
            (Fate::Lost, "Lost: its producer was told that it is safe, and it is gone.".to_owned())
        } else if standing.is_empty() && gone(Gone::Deleted) {
            (Fate::Deleted, "No longer retained: it is deleted from the log.".to_owned())
        } else if standing.is_empty() && self.failed {
            (Fate::Failed, "Failed: its producer was told so, and no log has it.".to_owned())
        } else if standing.is_empty() {
            (Fate::OnItsWay, "On its way: no leader has appended it yet.".to_owned())
        } else if standing.iter().any(|copy| !copy.passed) {
            (
                Fate::OnItsWay,
                "In the leader's log, but not on every in-sync replica: nobody can read it yet.".to_owned(),
            )
        } else if let Some(reader) = standing.iter().find_map(waiting) {
            (Fate::OnItsWay, awaited(world, &reader))
        } else if told {
            (Fate::Done, self.done(world, standing[0]))
        } else {
            (Fate::OnItsWay, "In the log; its producer does not know yet.".to_owned())
        };
        self.life.fate = fate;
        self.life.sentence = sentence;
        if standing.len() > 1 {
            self.life.sentence.push_str(" It is in the log twice: duplicated.");
        }
        if self.delivered_twice {
            self.life.sentence.push_str(" It was delivered twice.");
        }
    }

    fn done(&self, world: &World, copy: &Copy) -> String {
        let names: Vec<String> = copy
            .readers
            .iter()
            .map(|reader| world.groups()[usize::from(reader.group.0)].name.clone())
            .collect();
        match names.len() {
            0 => "In the log for good; no group reads its topic.".to_owned(),
            1 => format!("Done: group {} has committed beyond it.", names[0]),
            _ => format!("Done: groups {} have committed beyond it.", listed(&names)),
        }
    }
}

/// What a group still has to do.
fn awaited(world: &World, reader: &Reader) -> String {
    let name = &world.groups()[usize::from(reader.group.0)].name;
    match (reader.delivered, reader.processed) {
        (false, _) => format!("In the log: group {name} has not read it yet."),
        (true, false) => format!("Group {name} has it, and is processing it."),
        (true, true) => format!("Group {name} has processed it, and has not committed beyond it yet."),
    }
}

fn readers(world: &World, partition: TopicPartition) -> Vec<Reader> {
    let reads = |group: &GroupId| lag::partitions_of(world, *group).any(|other| other == partition);
    let reader = |group| Reader {
        group,
        processing: None,
        delivered: false,
        processed: false,
        committed: false,
        skipped: false,
    };
    lag::groups(world).filter(reads).map(reader).collect()
}

fn typed_in(batch: &Batch) -> Option<&TypedRecord> {
    match batch.payload.as_deref() {
        Some(crate::log::Payload::Typed(record)) => Some(record),
        _ => None,
    }
}

/// Which records are in the same batch.
fn shared_with(world: &World, id: RecordId, batch: &Batch, within: u32) -> String {
    let config = &world.producer_spec(id.producer).config;
    let linger = format!(
        "linger.ms is {}, batch.size {} bytes.",
        ms(config.linger_ms),
        show_number(config.batch_size_bytes.into())
    );
    if batch.count == 1 {
        return format!("It is alone in it: {linger}");
    }
    if batch.count > MATES_NAMED + 1 {
        return format!("{} share the batch: {linger}", capital(&count(u64::from(batch.count), "record")));
    }
    let index = world.controller().image().partition_names[id.partition.index()].1;
    let name = |at| world.producer(id.producer).record(index, batch, at).and_then(|record| record.key);
    let others = (0..batch.count).filter(|&at| at != within);
    let keys: Vec<String> =
        others.map(|at| name(at).unwrap_or_else(|| "a record without key".to_owned())).collect();
    format!("It shares the batch with {}: {linger}", listed(&keys))
}

fn times(retries: u16) -> String {
    if retries == 1 { "once".to_owned() } else { format!("{retries} times") }
}

fn in_words(world: &World, place: Place) -> String {
    match place {
        Place::Controller => "controller".to_owned(),
        Place::Broker(id) => format!("broker {id}"),
        Place::Producer(at) => world.producer_spec(at as u16).client_id.to_string(),
        Place::Consumer(at) => world.consumer_slot(at as u16).spec.client_id.to_string(),
    }
}
