//! What consumer groups do with the record: deliver it, process it, commit beyond it, skip it.
use super::{Follow, RecordId};
use crate::metadata::{GroupId, TopicPartition};
use crate::observe::lag;
use crate::observe::life::{Step, StepKind};
use crate::observe::observers::Observers;
use crate::observe::told::{capital, count};
use crate::observe::view::Place;
use crate::world::World;

/// What a group did with a copy.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    pub(super) group: GroupId,
    /// The consumer that has it and did not process it yet.
    pub(super) processing: Option<u16>,
    pub(super) delivered: bool,
    pub(super) processed: bool,
    pub(super) committed: bool,
    pub(super) skipped: bool,
}

impl Reader {
    pub(super) fn is_done(&self) -> bool {
        self.skipped || (self.processed || !self.delivered) && self.committed
    }
}

impl Follow {
    pub(super) fn polled(
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

    pub(super) fn processed(&mut self, world: &World, consumer: u16, (from, to): (u64, u64)) {
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

    pub(super) fn committed(&mut self, world: &World, observers: &Observers, group: GroupId, offset: u64) {
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
    pub(super) fn last_reader(&self, world: &World, group: GroupId) -> Option<Place> {
        let its = |step: &&Step| match step.at {
            Place::Consumer(at) => world.consumer_slot(at as u16).spec.group == group,
            _ => false,
        };
        self.life.steps.iter().rev().find(its).map(|step| step.at)
    }

    pub(super) fn reset(
        &mut self,
        world: &World,
        observers: &Observers,
        consumer: u16,
        (from, to): (u64, u64),
    ) {
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
}

/// The groups that read a partition.
pub(super) fn readers(world: &World, partition: TopicPartition) -> Vec<Reader> {
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
