//! A run in figures, and whether its expectations came true.
use super::lag;
use super::metrics::replication;
use super::observers::{Observers, TopicChanges};
use super::report::{ExpectationResult, GroupSummary, Summary, Throughput};
use crate::metadata::{GroupId, TopicId, TopicPartition};
use crate::scenario::{Expectation, Fact, Whole};
use crate::world::World;

impl Observers {
    /// The run in figures, from the end of the warm-up to now.
    pub fn summary(&self, world: &World, seed: u64) -> Summary {
        let mut seen = self.clone();
        seen.see_lags(world);
        seen.summed_up(world, seed)
    }

    fn summed_up(&self, world: &World, seed: u64) -> Summary {
        let scenario = world.scenario();
        let since = &self.since_warm_up;
        let taken_us = world.now().since_us(scenario.warm_up);
        let audit = self.audit(world);
        let (under_replicated, offline) = replication(world, None);
        let longest = |gaps: &[(String, u64)]| gaps.first().map_or(0, |gap| gap.1);
        let mut summary = Summary {
            title: scenario.title.clone(),
            seed,
            from_us: scenario.warm_up.0,
            until_us: world.now().0,
            events: world.events(),
            digest: format!("{:016x}", world.digest()),
            records_in: throughput(since.records_in, since.bytes_in, taken_us),
            records_out: throughput(since.records_out, since.bytes_out, taken_us),
            produce_latency: self.produce_latency.latency(),
            end_to_end_latency: self.end_to_end_latency.latency(),
            groups: lag::groups(world).map(|group| self.group(world, group)).collect(),
            offline_partitions: offline,
            under_replicated_partitions: under_replicated,
            leader_changes: self.changes(world, None).leader_changes,
            unavailable_for_writing_ms: longest(&audit.unavailable_for_writing),
            unavailable_for_reading_ms: longest(&audit.unavailable_for_reading),
            audit,
            not_done: self.not_done.clone(),
            expectations: Vec::new(),
            notes: scenario.notes.iter().map(ToString::to_string).collect(),
        };
        let judge = |expectation: &Expectation| {
            let measured = self.measured(world, &summary, expectation);
            ExpectationResult {
                text: expectation.to_string(),
                measured: expectation.fact.show(measured),
                holds: expectation.holds(measured),
            }
        };
        summary.expectations = scenario.expectations.iter().map(judge).collect();
        summary
    }

    fn group(&self, world: &World, group: GroupId) -> GroupSummary {
        let found = lag::group_of(world, group);
        GroupSummary {
            name: world.groups()[usize::from(group.0)].name.clone(),
            state: found.map_or_else(|| "Dead".to_owned(), |group| format!("{:?}", group.state)),
            members: found.map_or(0, |group| group.members.len() as u64),
            lag: lag::group_lag(world, group),
            lag_max: self.since_warm_up.lag_max[usize::from(group.0)],
            rebalances: self.since_warm_up.rebalances[usize::from(group.0)],
            idle_members: lag::idle_members(world, group),
        }
    }

    fn measured(&self, world: &World, summary: &Summary, expectation: &Expectation) -> u64 {
        let topic = match &expectation.of {
            Whole::Topic(name) => world.controller().image().topic(name).map(|(topic, _)| topic),
            _ => None,
        };
        let is_group = |name: &str| matches!(&expectation.of, Whole::Group(group) if group != name);
        let groups = || summary.groups.iter().filter(|group| !is_group(&group.name));
        let counts = match &expectation.of {
            Whole::Cluster => self.audit.counts,
            Whole::Topic(_) => topic.map_or_else(Default::default, |topic| self.audit.of_topic(topic)),
            Whole::Group(name) => {
                let found = lag::groups(world).find(|id| world.groups()[usize::from(id.0)].name == *name);
                found.map_or_else(Default::default, |group| self.audit.of_group(group))
            }
        };
        let longest = |gaps: &[(String, u64)]| {
            let is_meant = |(partition, _): &&(String, u64)| match &expectation.of {
                Whole::Topic(name) => partition.rsplit_once('-').is_some_and(|(topic, _)| topic == name),
                _ => true,
            };
            gaps.iter().find(is_meant).map_or(0, |gap| gap.1)
        };
        match expectation.fact {
            Fact::Lost => counts.lost,
            Fact::Duplicated => counts.duplicated,
            Fact::DeliveredTwice => counts.delivered_twice,
            Fact::NeverDelivered => counts.never_delivered,
            Fact::NeverProcessed => counts.never_processed,
            Fact::Skipped => counts.skipped,
            Fact::DeletedByRetention => deleted_by_retention(world, topic),
            Fact::Acknowledged => counts.acknowledged,
            Fact::Failed => counts.failed,
            Fact::Delivered => counts.delivered,
            Fact::SlowestAcknowledgementMs => summary.produce_latency.max_us.div_ceil(1_000),
            Fact::UnavailableForWritingMs => longest(&summary.audit.unavailable_for_writing),
            Fact::UnavailableForReadingMs => longest(&summary.audit.unavailable_for_reading),
            Fact::LeaderChanges => self.changes(world, topic).leader_changes,
            Fact::IsrShrinks => self.changes(world, topic).isr_shrinks,
            Fact::IsrExpands => self.changes(world, topic).isr_expands,
            Fact::Rebalances => groups().map(|group| group.rebalances).sum(),
            Fact::IdleMembersAtEnd => groups().map(|group| group.idle_members).sum(),
            Fact::LagAtEnd => groups().map(|group| group.lag).sum(),
            Fact::LagMax => match &expectation.of {
                Whole::Group(_) => groups().map(|group| group.lag_max).sum(),
                _ => self.since_warm_up.total_lag_max,
            },
            Fact::UnderReplicatedAtEnd => replication(world, topic).0,
        }
    }

    /// How often partitions changed since the warm-up: of one topic, or of all that are not Kafka's own.
    fn changes(&self, world: &World, topic: Option<TopicId>) -> TopicChanges {
        let topics = &world.controller().image().topics;
        let is_meant = |at: u16| topic.map_or(!topics[usize::from(at)].internal, |topic| topic.0 == at);
        let counted = self.since_warm_up.of_topics.iter().zip(0..);
        let meant = counted.filter(|&(_, at)| is_meant(at)).map(|(changes, _)| *changes);
        meant.fold(TopicChanges::default(), |sum, changes| TopicChanges {
            leader_changes: sum.leader_changes + changes.leader_changes,
            isr_shrinks: sum.isr_shrinks + changes.isr_shrinks,
            isr_expands: sum.isr_expands + changes.isr_expands,
        })
    }
}

/// Records that retention has deleted, of one topic or of all that are not Kafka's own: nothing else moves the
/// beginning of a log.
fn deleted_by_retention(world: &World, topic: Option<TopicId>) -> u64 {
    let image = world.controller().image();
    let is_meant = |partition: &TopicPartition| {
        let (of, _) = image.partition_names[partition.index()];
        topic.map_or(!image.topics[usize::from(of.0)].internal, |topic| topic == of)
    };
    let start = |partition: TopicPartition| {
        let registration = image.partition(partition);
        let starts = registration.leader.iter().chain(&registration.replicas);
        let mut starts = starts.filter_map(|&broker| world.broker(broker).replica(partition));
        starts.next().map_or(0, |replica| replica.log.start().offset)
    };
    let partitions = (0..image.partitions.len() as u32).map(TopicPartition);
    partitions.filter(is_meant).map(start).sum()
}

fn throughput(records: u64, bytes: u64, taken_us: u64) -> Throughput {
    let a_second = |amount: u64, times: u64| {
        let rate = u128::from(amount) * u128::from(times) * 1_000_000 / u128::from(taken_us.max(1));
        rate as u64
    };
    let none = taken_us == 0;
    Throughput {
        records,
        bytes,
        milli_records_per_s: if none { 0 } else { a_second(records, 1_000) },
        bytes_per_s: if none { 0 } else { a_second(bytes, 1) },
    }
}
