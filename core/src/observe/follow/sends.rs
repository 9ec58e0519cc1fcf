//! What the producer does with the record: `send()`, the batch it leaves in, retries, the answer.
use super::{Copy, Follow, RecordId, Wanted, in_words};
use crate::config::{Acks, Partitioner};
use crate::log::{Batch, Payload, TypedRecord};
use crate::metadata::{BrokerId, TopicPartition};
use crate::observe::life::{Fate, StepKind};
use crate::observe::story::error_sentence;
use crate::observe::told::{capital, count, listed, ms, times};
use crate::observe::view::Place;
use crate::scenario::words::show_number;
use crate::wire::ErrorCode;
use crate::world::World;

/// Other records of a batch named by their keys.
const MATES_NAMED: u32 = 4;

impl Follow {
    pub(super) fn typed(&mut self, world: &World, of: u16, partition: TopicPartition, batch: &Batch) {
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
    pub(super) fn begin(&mut self, world: &World, id: RecordId, batch: &Batch, within: u32) {
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

    pub(super) fn sent(&mut self, world: &World, id: RecordId, broker: BrokerId, batch: &Batch, within: u32) {
        self.begin(world, id, batch, within);
        let (from, at) = (Place::Producer(u32::from(id.producer)), Place::Broker(broker.0));
        let (what, why) = if batch.retries > 0 {
            let what = format!("Its batch leaves again, in a Produce request to broker {}.", broker.0);
            (what, format!("It was sent {} before.", times(batch.retries.into())))
        } else {
            let records = count(u64::from(batch.count), "record");
            let what = format!("Its batch of {records} leaves in a Produce request to broker {}.", broker.0);
            (what, shared_with(world, id, batch, within) + &self.waited(world, id, batch, within))
        };
        self.push(world, StepKind::Batch, what, why, Some(from), at);
        if let Some(step) = self.life.steps.last_mut() {
            step.place = in_words(world, from);
        }
    }

    pub(super) fn acknowledged(&mut self, world: &World, id: RecordId, batch: &Batch, confirmed: bool) {
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

    pub(super) fn send_failed(
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
        let why = error_sentence(error);
        let at = Place::Producer(u32::from(of));
        self.push(world, StepKind::Fail, "send() fails: the application is told.".to_owned(), why, None, at);
        self.judge(world);
    }
}

fn typed_in(batch: &Batch) -> Option<&TypedRecord> {
    match batch.payload.as_deref() {
        Some(Payload::Typed(record)) => Some(record),
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
