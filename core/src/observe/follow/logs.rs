//! What brokers do with the record: append it, copy it, let it be read, cut it off, delete it.
use super::{Copy, Follow, Gone, RecordId};
use crate::log::Batch;
use crate::metadata::BrokerId;
use crate::observe::cuts::is_power_loss;
use crate::observe::life::StepKind;
use crate::observe::observers::Observers;
use crate::observe::told::{listed, times};
use crate::observe::view::Place;
use crate::scenario::words::show_number;
use crate::world::World;

impl Follow {
    pub(super) fn appended(
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
        let mut offsets: Vec<String> =
            self.copies.iter().filter(|copy| stands(copy)).map(|copy| show_number(copy.offset)).collect();
        let offset = batch.base_offset + u64::from(within);
        self.copies.push(Copy {
            offset,
            base_offset: batch.base_offset,
            epoch: batch.leader_epoch,
            holders: vec![leader],
            passed: false,
            acknowledged: false,
            gone: None,
            readers: super::readers::readers(world, id.partition),
        });
        self.life.copies.push((offset, batch.leader_epoch));
        let at = Place::Broker(leader.0);
        let what = format!(
            "Broker {} leads {} and appends it at offset {offset}, in leader epoch {}.",
            leader.0, self.life.partition_name, batch.leader_epoch
        );
        self.push(world, StepKind::Append, what, String::new(), None, at);
        if !offsets.is_empty() {
            offsets.push(show_number(offset));
            let (times, offsets) = (times(offsets.len() as u64), listed(&offsets));
            let what = format!("It is in the log {times} now: duplicated, at offsets {offsets}.");
            let why = self.found(observers, "duplicated", offset).unwrap_or_else(|| {
                "It was sent again because no answer came, and without enable.idempotence the leader cannot tell."
                    .to_owned()
            });
            self.push(world, StepKind::Audit, what, why, None, at);
        }
    }

    pub(super) fn replicated(&mut self, world: &World, id: RecordId, broker: BrokerId, log_end: u64) {
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

    pub(super) fn high_watermark(
        &mut self,
        world: &World,
        id: RecordId,
        broker: BrokerId,
        high_watermark: u64,
    ) {
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

    pub(super) fn duplicate_refused(&mut self, world: &World, broker: BrokerId, base_offset: u64) {
        let Some(copy) = self.copies.iter().find(|copy| copy.base_offset == base_offset) else { return };
        let what = format!(
            "Broker {} has it already, at offset {}, and does not append it again.",
            broker.0, copy.offset
        );
        let why =
            "With enable.idempotence every batch has a number, so the leader knows a repeat.".to_owned();
        self.push(world, StepKind::DuplicateRefused, what, why, None, Place::Broker(broker.0));
    }

    pub(super) fn led_by(&mut self, world: &World, id: RecordId, leader: BrokerId, epoch: u32) {
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

    pub(super) fn truncated(
        &mut self,
        world: &World,
        id: RecordId,
        broker: BrokerId,
        to: u64,
        removed: &[Batch],
    ) {
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

    pub(super) fn log_start(&mut self, world: &World, id: RecordId, broker: BrokerId, start: u64) {
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

    pub(super) fn look_for_loss(&mut self, world: &World, observers: &Observers) {
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
}
