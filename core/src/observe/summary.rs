//! A run in figures, and whether its expectations came true.
use super::lag;
use super::metrics::replication;
use super::observers::Observers;
use super::report::{ExpectationResult, GroupSummary, Summary, Throughput};
use crate::metadata::GroupId;
use crate::scenario::Fact;
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
        let (under_replicated, offline) = replication(world);
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
            leader_changes: since.leader_changes,
            unavailable_for_writing_ms: longest(&audit.unavailable_for_writing),
            unavailable_for_reading_ms: longest(&audit.unavailable_for_reading),
            audit,
            expectations: Vec::new(),
            notes: scenario.notes.clone(),
        };
        let judge = |expectation: &crate::scenario::Expectation| {
            let measured = self.measured(&summary, expectation.fact);
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
        }
    }

    fn measured(&self, summary: &Summary, fact: Fact) -> u64 {
        let audit = &summary.audit;
        match fact {
            Fact::Lost => audit.lost,
            Fact::Duplicated => audit.duplicated,
            Fact::DeliveredTwice => audit.delivered_twice,
            Fact::NeverDelivered => audit.never_delivered,
            Fact::Skipped => audit.skipped,
            Fact::Acknowledged => audit.acknowledged,
            Fact::Failed => audit.failed,
            Fact::Delivered => audit.delivered,
            Fact::UnavailableForWritingMs => summary.unavailable_for_writing_ms,
            Fact::UnavailableForReadingMs => summary.unavailable_for_reading_ms,
            Fact::LeaderChanges => summary.leader_changes,
            Fact::Rebalances => summary.groups.iter().map(|group| group.rebalances).sum(),
            Fact::LagAtEnd => summary.groups.iter().map(|group| group.lag).sum(),
            Fact::LagMax => self.since_warm_up.total_lag_max,
            Fact::UnderReplicatedAtEnd => summary.under_replicated_partitions,
        }
    }
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
