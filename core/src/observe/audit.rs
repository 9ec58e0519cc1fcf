//! The guarantees, counted: acknowledged, lost, duplicated, delivered, never delivered, skipped.
use super::follow::RecordId;
use super::question::{About, Question};
use super::ranges::Ranges;
use super::report::Finding;
use super::told::{brokers, capital};
use crate::broker::Broker;
use crate::config::Acks;
use crate::log::Batch;
use crate::metadata::{BrokerId, GroupId, TopicId, TopicPartition};
use crate::trace::{Fact, Process};
use crate::wire::NodeId;
use crate::world::World;
use std::collections::BTreeMap;

/// Findings kept of each word, so that none crowds out the others; beyond it only the counts grow.
const FINDINGS_MAX: usize = 100;
/// Records named in one finding.
const RECORDS_SHOWN: u64 = 20;
/// Batches of a log among which a second copy is looked for.
const DUPLICATES_LOOK_BACK: u64 = 256;

/// A record of a finding in words (offset, key, value or its size), and what follows it.
type FoundRecord = (String, String);

/// What the audit knows: sets of offsets, joined to ranges.
#[derive(Clone, Debug, Default)]
pub(super) struct Audit {
    pub counts: Counts,
    /// By topic.
    of_topics: Vec<Counts>,
    /// By group.
    of_groups: Vec<Counts>,
    /// Acknowledged and still there, by partition and leader epoch.
    acknowledged: BTreeMap<(u32, u32), Ranges>,
    /// By group and partition.
    delivered: BTreeMap<(u16, u32), Ranges>,
    /// Up to where a group's commits were compared with what it was given.
    compared: BTreeMap<(u16, u32), u64>,
    /// What consumers process now, by consumer: partition, from, to.
    in_hand: BTreeMap<u16, Vec<(TopicPartition, u64, u64)>>,
    /// What consumers had in hand when their processes ended, by group and partition.
    dropped: BTreeMap<(u16, u32), Ranges>,
    /// Where `auto.offset.reset` sent a group back to, and up to where it had been.
    sent_back: BTreeMap<(u16, u32), (u64, u64)>,
    /// Where a loss of power cut a log, by broker and partition.
    power_lost: BTreeMap<(u32, u32), u64>,
    pub findings: Vec<Finding>,
}

/// The counts of the audit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub acknowledged: u64,
    pub failed: u64,
    pub lost: u64,
    pub duplicated: u64,
    pub delivered: u64,
    pub delivered_twice: u64,
    pub never_delivered: u64,
    pub never_processed: u64,
    pub skipped: u64,
}

impl Audit {
    /// Takes one fact.
    pub fn see(&mut self, world: &World, fact: &Fact) {
        match fact {
            Fact::Acknowledged { partition, batch, confirmed: true, .. } => {
                self.acknowledged(world, *partition, batch);
            }
            Fact::SendFailed { partition, count, .. } => {
                self.add(world, *partition, None, |counts| counts.failed += u64::from(*count));
            }
            Fact::Appended { broker, partition, batch } if batch.retries > 0 => {
                self.appended_again(world, *broker, *partition, batch);
            }
            Fact::Truncated { broker, partition, to, .. } if super::cuts::is_power_loss(world, *broker) => {
                self.power_lost.insert((broker.0, partition.0), *to);
            }
            // One that learns late that it was elected decides nothing: another may lead by now.
            Fact::BecameLeader { broker, partition, epoch }
                if world.controller().image().partition(*partition).leader_epoch == *epoch =>
            {
                self.led_by(world, *broker, *partition);
            }
            Fact::Polled { consumer, partition, from, to, .. } => {
                let group = world.consumer_slot(*consumer).spec.group;
                self.delivered(world, group, *partition, *from, *to);
                self.in_hand.entry(*consumer).or_default().push((*partition, *from, *to));
                if let Some(dropped) = self.dropped.get_mut(&(group.0, partition.0)) {
                    dropped.remove(*from, *to);
                }
            }
            Fact::Processed { consumer, .. } => {
                self.in_hand.entry(*consumer).or_default().clear();
            }
            Fact::ProcessChanged {
                node: NodeId::Consumer(consumer),
                process: Process::Crashed | Process::MachineDown | Process::Stopped,
            } => self.dropped(world, *consumer),
            Fact::Committed { group, partition, offset } => {
                self.committed(world, *group, *partition, *offset)
            }
            Fact::OffsetReset { consumer, partition, from, to } => {
                let group = world.consumer_slot(*consumer).spec.group;
                self.reset(world, group, *partition, *from, *to);
            }
            Fact::WentBack { consumer, partition, to, .. } => {
                let group = world.consumer_slot(*consumer).spec.group;
                self.went_back(group, *partition, *to);
            }
            _ => {}
        }
    }

    /// What a group was given from an offset on is in no log any more: other records come there.
    fn went_back(&mut self, group: GroupId, partition: TopicPartition, to: u64) {
        let key = (group.0, partition.0);
        if let Some(ranges) = self.delivered.get_mut(&key) {
            ranges.cut_from(to);
        }
        if let Some(compared) = self.compared.get_mut(&key) {
            *compared = (*compared).min(to);
        }
    }

    /// Whether the record's producer was told that it is safe.
    pub fn is_acknowledged(&self, partition: TopicPartition, epoch: u32, offset: u64) -> bool {
        self.acknowledged.get(&(partition.0, epoch)).is_some_and(|ranges| ranges.contains(offset))
    }

    /// What was counted of one topic.
    pub fn of_topic(&self, topic: TopicId) -> Counts {
        self.of_topics.get(usize::from(topic.0)).copied().unwrap_or_default()
    }

    /// What was counted of one group.
    pub fn of_group(&self, group: GroupId) -> Counts {
        self.of_groups.get(usize::from(group.0)).copied().unwrap_or_default()
    }

    /// Counts something: in all, of its topic, and of its group if it concerns one.
    fn add(
        &mut self,
        world: &World,
        partition: TopicPartition,
        group: Option<GroupId>,
        add: impl Fn(&mut Counts),
    ) {
        fn at(list: &mut Vec<Counts>, index: u16) -> &mut Counts {
            let index = usize::from(index);
            if list.len() <= index {
                list.resize(index + 1, Counts::default());
            }
            &mut list[index]
        }
        add(&mut self.counts);
        let (topic, _) = world.controller().image().partition_names[partition.index()];
        add(at(&mut self.of_topics, topic.0));
        if let Some(group) = group {
            add(at(&mut self.of_groups, group.0));
        }
    }

    fn acknowledged(&mut self, world: &World, partition: TopicPartition, batch: &Batch) {
        self.add(world, partition, None, |counts| counts.acknowledged += u64::from(batch.count));
        let epoch = epoch_appended_in(world, partition, batch);
        let ranges = self.acknowledged.entry((partition.0, epoch)).or_default();
        ranges.add(batch.base_offset, batch.end_offset());
        // The answer came after the next leader had begun.
        let registration = world.controller().image().partition(partition);
        if registration.leader_epoch > epoch
            && let Some(leader) = registration.leader
            && world.broker(leader).replica(partition).is_some_and(|replica| replica.leader_epoch > epoch)
        {
            self.led_by(world, leader, partition);
        }
    }

    /// A leader begins: what was acknowledged and is not in its log is lost.
    fn led_by(&mut self, world: &World, leader: BrokerId, partition: TopicPartition) {
        let Some(replica) = world.broker(leader).replica(partition) else { return };
        let epochs: Vec<u32> = self
            .acknowledged
            .range((partition.0, 0)..=(partition.0, u32::MAX))
            .map(|(&(_, epoch), _)| epoch)
            .collect();
        let mut lost = Vec::new();
        for epoch in epochs {
            let kept_until = match replica.log.end_of_epoch(epoch) {
                Some(end) if end.epoch == epoch => end.end_offset,
                // Retention took the whole epoch, or the leader never had it.
                _ => replica.log.start().offset,
            };
            let ranges = self.acknowledged.get_mut(&(partition.0, epoch)).expect("just listed");
            let gone = ranges.cut_from(kept_until.max(replica.log.start().offset));
            lost.extend(gone.into_iter().map(|(from, to)| (epoch, from, to)));
        }
        for (epoch, from, to) in lost {
            self.lost(world, leader, partition, epoch, (from, to));
        }
    }

    fn lost(
        &mut self,
        world: &World,
        leader: BrokerId,
        partition: TopicPartition,
        epoch: u32,
        gone: (u64, u64),
    ) {
        let (from, to) = gone;
        self.add(world, partition, None, |counts| counts.lost += to - from);
        let end = world.broker(leader).replica(partition).map_or(from, |replica| replica.log.end().offset);
        for ((_, of), ranges) in &mut self.delivered {
            if *of == partition.0 {
                ranges.cut_from(end);
            }
        }
        let holds = |broker: &&Broker| {
            let batch = broker.replica(partition).and_then(|replica| replica.log.batch_at(from));
            broker.id != leader && batch.is_some_and(|batch| batch.leader_epoch == epoch)
        };
        let holders: Vec<BrokerId> = world.brokers().iter().filter(holds).map(|broker| broker.id).collect();
        let records =
            holders.first().map_or_else(Vec::new, |&holder| records_at(world, holder, partition, from, to));
        let without_power = self.without_power(world, partition, from);
        let why = why_lost(world, leader, partition, &holders, &without_power, from);
        self.find("lost", world, partition, (from, to - from), records, why);
    }

    /// Brokers that lost this record with the power of their machines.
    fn without_power(&self, world: &World, partition: TopicPartition, offset: u64) -> Vec<BrokerId> {
        let lost_by = |broker: &BrokerId| {
            self.power_lost.get(&(broker.0, partition.0)).is_some_and(|&cut_at| cut_at <= offset)
        };
        world.controller().image().partition(partition).replicas.iter().copied().filter(lost_by).collect()
    }

    fn appended_again(&mut self, world: &World, leader: BrokerId, partition: TopicPartition, batch: &Batch) {
        let Some(replica) = world.broker(leader).replica(partition) else { return };
        let is_copy = |other: &Batch| {
            other.base_offset < batch.base_offset
                && other.source == batch.source
                && other.payload.is_none() == batch.payload.is_none()
                && other.first_ordinal == batch.first_ordinal
                && other.count > 0
        };
        let Some(first) = replica.log.last_batches(DUPLICATES_LOOK_BACK).find(is_copy) else { return };
        self.add(world, partition, None, |counts| counts.duplicated += u64::from(batch.count));
        let records = records_at(world, leader, partition, batch.base_offset, batch.end_offset());
        let why = format!(
            "Sent again because no answer came, although the first copy stands at offset {}: without enable.idempotence the leader cannot tell.",
            first.base_offset
        );
        self.find("duplicated", world, partition, (batch.base_offset, u64::from(batch.count)), records, why);
    }

    fn delivered(&mut self, world: &World, group: GroupId, partition: TopicPartition, from: u64, to: u64) {
        self.add(world, partition, Some(group), |counts| counts.delivered += to - from);
        let again = self.delivered.entry((group.0, partition.0)).or_default().add(from, to);
        if again == 0 {
            return;
        }
        self.add(world, partition, Some(group), |counts| counts.delivered_twice += again);
        let name = &world.groups()[usize::from(group.0)].name;
        let records =
            self.leaders_records("delivered twice", world, partition, (from, (from + again).min(to)));
        let sent_back = self.sent_back.get(&(group.0, partition.0));
        let why = match sent_back.filter(|&&(to, until)| (to..until).contains(&from)) {
            Some((to, _)) => {
                format!(
                    "Group {name} was given this before, but auto.offset.reset sent it back to offset {to}."
                )
            }
            None => format!(
                "Group {name} was given this before, but its committed offset still lay before it when the partition got its present owner: at-least-once delivery."
            ),
        };
        self.find("delivered twice", world, partition, (from, again), records, why);
    }

    fn committed(&mut self, world: &World, group: GroupId, partition: TopicPartition, offset: u64) {
        let key = (group.0, partition.0);
        let compared = self.compared.entry(key).or_default();
        if offset <= *compared {
            return;
        }
        let before = std::mem::replace(compared, offset);
        self.dropped_below(world, group, partition, offset);
        let Some(ranges) = self.delivered.get_mut(&key) else { return };
        for (from, to) in ranges.gaps_below(offset) {
            let from = from.max(before);
            if from >= to {
                continue;
            }
            ranges.add(from, to);
            self.add(world, partition, Some(group), |counts| counts.never_delivered += to - from);
            let name = &world.groups()[usize::from(group.0)].name;
            let why = format!("Group {name} committed offset {offset} without ever having been given this.");
            let records = records_of_leader(world, partition, from, to);
            let finding = finding("never delivered", world, partition, (from, to - from), records, why);
            keep(&mut self.findings, finding);
            break;
        }
    }

    /// A consumer's process ended with records in hand.
    fn dropped(&mut self, world: &World, consumer: u16) {
        let group = world.consumer_slot(consumer).spec.group;
        for (partition, from, to) in self.in_hand.remove(&consumer).unwrap_or_default() {
            let key = (group.0, partition.0);
            self.dropped.entry(key).or_default().add(from, to);
            let committed = self.compared.get(&key).copied().unwrap_or(0);
            self.dropped_below(world, group, partition, committed);
        }
    }

    /// What a consumer dropped is not processed any more if a committed offset lies behind it.
    fn dropped_below(&mut self, world: &World, group: GroupId, partition: TopicPartition, offset: u64) {
        let Some(dropped) = self.dropped.get_mut(&(group.0, partition.0)) else { return };
        for (from, to) in dropped.take_below(offset) {
            self.add(world, partition, Some(group), |counts| counts.never_processed += to - from);
            let name = &world.groups()[usize::from(group.0)].name;
            let why = format!(
                "Group {name} committed offset {offset} before the consumer that was given them had processed them, and then that consumer's process ended: at-most-once delivery."
            );
            let records = self.leaders_records("never processed", world, partition, (from, to));
            self.find("never processed", world, partition, (from, to - from), records, why);
        }
    }

    fn reset(
        &mut self,
        world: &World,
        group: GroupId,
        partition: TopicPartition,
        from: Option<u64>,
        to: u64,
    ) {
        let ranges = self.delivered.entry((group.0, partition.0)).or_default();
        let start = records_start(world, partition);
        let been = ranges.end().unwrap_or(0);
        if to < been {
            self.sent_back.insert((group.0, partition.0), (to, been));
        }
        let next = from.or(ranges.end()).unwrap_or(start);
        if next >= to {
            return;
        }
        ranges.add(next, to);
        self.add(world, partition, Some(group), |counts| counts.skipped += to - next);
        let name = &world.groups()[usize::from(group.0)].name;
        let why = match from {
            Some(from) if from < start => format!(
                "Retention deleted the log up to offset {start} before group {name} had read on from {from}, and auto.offset.reset sent it to {to}."
            ),
            Some(from) => format!(
                "Offset {from} of group {name} was not in the log, and auto.offset.reset sent it to {to}."
            ),
            None => format!(
                "Group {name} had no committed offset, and auto.offset.reset started it at {to}: it never reads what came before."
            ),
        };
        let records = self.leaders_records("skipped", world, partition, (next, to));
        self.find("skipped", world, partition, (next, to - next), records, why);
    }

    /// The records of a finding; none if it will not be kept.
    fn leaders_records(
        &self,
        word: &str,
        world: &World,
        partition: TopicPartition,
        (from, to): (u64, u64),
    ) -> Vec<FoundRecord> {
        if has_room(&self.findings, word) {
            records_of_leader(world, partition, from, to)
        } else {
            Vec::new()
        }
    }

    fn find(
        &mut self,
        word: &'static str,
        world: &World,
        partition: TopicPartition,
        what: (u64, u64),
        records: Vec<FoundRecord>,
        why: String,
    ) {
        keep(&mut self.findings, finding(word, world, partition, what, records, why));
    }
}

/// The leader epoch a batch was appended in: the answer to its producer does not say, a log does.
fn epoch_appended_in(world: &World, partition: TopicPartition, batch: &Batch) -> u32 {
    let registration = world.controller().image().partition(partition);
    let found = |broker: BrokerId| {
        let other = world.broker(broker).replica(partition)?.log.batch_at(batch.base_offset)?;
        let same = other.source == batch.source && other.first_ordinal == batch.first_ordinal;
        same.then_some(other.leader_epoch)
    };
    let first = registration.leader.and_then(found);
    first
        .or_else(|| registration.replicas.iter().find_map(|&broker| found(broker)))
        .unwrap_or(registration.leader_epoch)
}

fn has_room(findings: &[Finding], word: &str) -> bool {
    findings.iter().filter(|finding| finding.word == word).count() < FINDINGS_MAX
}

fn keep(findings: &mut Vec<Finding>, finding: Finding) {
    // The same thing going on is one finding that grows.
    if let Some(last) = findings.last_mut()
        && last.word == finding.word
        && last.partition == finding.partition
        && last.first_offset + last.count == finding.first_offset
        && last.why == finding.why
    {
        last.count += finding.count;
        let room = (RECORDS_SHOWN as usize).saturating_sub(last.records.len());
        last.records.extend(finding.records.into_iter().take(room));
        last.picks.extend(finding.picks.into_iter().take(room));
        return;
    }
    if has_room(findings, finding.word.as_str()) {
        findings.push(finding);
    }
}

fn finding(
    word: &'static str,
    world: &World,
    partition: TopicPartition,
    (first_offset, count): (u64, u64),
    records: Vec<FoundRecord>,
    why: String,
) -> Finding {
    let (records, picks) = records.into_iter().unzip();
    let about = About::found(word, partition, first_offset);
    let ask = about.map_or_else(String::new, |about| Question { at: world.now(), about }.to_string());
    let partition = world.controller().image().partition_name(partition);
    Finding {
        time_us: world.now().0,
        word: word.to_owned(),
        partition,
        first_offset,
        count,
        records,
        picks,
        why,
        ask,
    }
}

fn records_start(world: &World, partition: TopicPartition) -> u64 {
    let leader = world.controller().image().partition(partition).leader;
    let replica = leader.and_then(|leader| world.broker(leader).replica(partition));
    replica.map_or(0, |replica| replica.log.start().offset)
}

fn records_of_leader(world: &World, partition: TopicPartition, from: u64, to: u64) -> Vec<FoundRecord> {
    let leader = world.controller().image().partition(partition).leader;
    leader.map_or_else(Vec::new, |leader| records_at(world, leader, partition, from, to))
}

/// The first records of a stretch of one broker's log.
fn records_at(
    world: &World,
    broker: BrokerId,
    partition: TopicPartition,
    from: u64,
    to: u64,
) -> Vec<FoundRecord> {
    let Some(replica) = world.broker(broker).replica(partition) else { return Vec::new() };
    let mut shown = Vec::new();
    let end = to.min(from + RECORDS_SHOWN).min(replica.log.end().offset);
    for offset in from.max(replica.log.start().offset)..end {
        let Some(batch) = replica.log.batch_at(offset) else { break };
        let at = (offset - batch.base_offset) as u32;
        let text = format!("offset {offset}: {}", show_record(world, replica.index, &batch, at));
        let found = RecordId::at(world, broker, partition, offset);
        shown.push((text, found.map_or_else(String::new, |(id, created)| id.words(created))));
    }
    shown
}

/// A record as a person names it: its key, and its value or size.
pub(super) fn show_record(world: &World, index: u32, batch: &Batch, at: u32) -> String {
    let producer = u16::try_from(batch.source.0).ok().filter(|&at| at < world.producer_count());
    let record = producer.and_then(|producer| world.producer(producer).record(index, batch, at));
    let Some(record) = record else { return format!("record of {} bytes", batch.bytes / batch.count.max(1)) };
    let key = record.key.unwrap_or_else(|| "no key".to_owned());
    match record.value {
        Some(value) => format!("{key}: {value}"),
        None => format!("{key} ({} bytes)", record.value_bytes),
    }
}

/// How records could be acknowledged and yet be gone. `holders` have them still, but do not lead. Said of one record as
/// of many: the life of each tells it too.
fn why_lost(
    world: &World,
    leader: BrokerId,
    partition: TopicPartition,
    holders: &[BrokerId],
    without_power: &[BrokerId],
    from: u64,
) -> String {
    let how = if holders.is_empty() && !without_power.is_empty() {
        let list = brokers(without_power);
        format!("The power loss of {list} took what was not on disk yet, and no other replica has a copy.")
    } else if world.controller().image().partition(partition).recovering {
        format!(
            "Broker {} was elected although it was not in sync (an unclean election), and its log has no copy.",
            leader.0
        )
    } else if let [holder] = holders
        && sent_with(world, *holder, partition, from) == Some(Acks::Leader)
    {
        format!(
            "With acks=1 broker {} confirmed alone; broker {} leads now without a copy, and its log is what counts.",
            holder.0, leader.0
        )
    } else if !holders.is_empty() {
        let (verb, list) = (if holders.len() == 1 { "has" } else { "have" }, brokers(holders));
        format!(
            "{} still {verb} a copy, but broker {} leads now without one, and its log is what counts.",
            capital(&list),
            leader.0
        )
    } else {
        format!("No log holds a copy any more; broker {} leads without one.", leader.0)
    };
    format!("{how}{}", slowed_links(world))
}

/// The `acks` of the producer of a record.
fn sent_with(world: &World, holder: BrokerId, partition: TopicPartition, offset: u64) -> Option<Acks> {
    let batch = world.broker(holder).replica(partition)?.log.batch_at(offset)?;
    let producer = u16::try_from(batch.source.0).ok().filter(|&at| at < world.producer_count())?;
    Some(world.producer_spec(producer).config.acks)
}

fn slowed_links(world: &World) -> String {
    let is_slow = |id: &BrokerId| world.disturbances(NodeId::from(*id)).0;
    let slow: Vec<BrokerId> = world.brokers().iter().map(|broker| broker.id).filter(is_slow).collect();
    if slow.is_empty() {
        String::new()
    } else {
        format!(" A command had slowed the links of {}.", brokers(&slow))
    }
}
