//! All that watches a run beside the journal: small, cloned with every checkpoint.
use super::audit::Audit;
use super::availability::Availability;
use super::histogram::Histogram;
use super::invariants::Invariants;
use super::journal::Journal;
use super::lag;
use super::metrics::Metrics;
use super::orders;
use super::report::AuditReport;
use super::series::SAMPLE_US;
use super::writes::Writes;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::trace::{Fact, GroupState};
use crate::wire::{CONTROLLER, NodeId};
use crate::world::World;

/// Invariants are checked in the page every so many samples.
const CHECK_SAMPLES: u64 = 10;
/// Commands kept that could not be done.
const NOT_DONE_MAX: usize = 100;
/// Broken invariants kept.
const BROKEN_MAX: usize = 10;

/// What is known of a run beside its state: counts, sets, since when.
#[derive(Clone, Debug, Default)]
pub struct Observers {
    pub(super) audit: Audit,
    pub(super) availability: Availability,
    pub(super) produce_latency: Histogram,
    pub(super) end_to_end_latency: Histogram,
    pub(super) since_warm_up: SinceWarmUp,
    /// Commands that could not be done, with moment and reason.
    pub(super) not_done: Vec<String>,
    metrics: Metrics,
    invariants: Invariants,
    writes: Writes,
    broken: Vec<String>,
    next_sample: SimTime,
    samples: u64,
    findings_told: usize,
    leader_since: Vec<SimTime>,
    fenced_since: Vec<SimTime>,
    group_since: Vec<SimTime>,
}

/// Counted since the warm-up ended.
#[derive(Clone, Debug, Default)]
pub(super) struct SinceWarmUp {
    pub records_in: u64,
    pub bytes_in: u64,
    pub records_out: u64,
    pub bytes_out: u64,
    /// By group.
    pub rebalances: Vec<u64>,
    pub lag_max: Vec<u64>,
    /// Over all groups at once.
    pub total_lag_max: u64,
    /// By topic.
    pub of_topics: Vec<TopicChanges>,
}

/// How often partitions of a topic changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TopicChanges {
    pub leader_changes: u64,
    pub isr_shrinks: u64,
    pub isr_expands: u64,
}

impl Observers {
    /// Observers of a run at its beginning.
    pub fn new(world: &World) -> Self {
        let groups = world.groups().len();
        Observers {
            since_warm_up: SinceWarmUp {
                rebalances: vec![0; groups],
                lag_max: vec![0; groups],
                ..SinceWarmUp::default()
            },
            metrics: Metrics::new(groups),
            group_since: vec![SimTime::ZERO; groups],
            fenced_since: vec![SimTime::ZERO; world.brokers().len()],
            next_sample: SimTime(SAMPLE_US),
            ..Observers::default()
        }
    }

    /// Sees what an event did. The journal is `None` when time already known is run through again.
    #[inline]
    pub fn after_event(&mut self, world: &World, facts: &[(NodeId, Fact)], journal: Option<&mut Journal>) {
        if facts.is_empty() && world.now() < self.next_sample {
            return;
        }
        self.see(world, facts, journal);
    }

    fn see(&mut self, world: &World, facts: &[(NodeId, Fact)], mut journal: Option<&mut Journal>) {
        let (mut look, mut written) = (false, Vec::new());
        for (_, fact) in facts {
            self.audit.see(world, fact);
            self.metrics.see(world, fact);
            self.count(world, fact);
            self.check(world, fact);
            written.extend(self.writes.see(world, fact));
            look |= Availability::concerns(fact);
        }
        if let Some(journal) = journal.as_deref_mut() {
            journal.see(world, facts);
            written.into_iter().for_each(|(partition, again)| journal.written(world, partition, again));
        }
        if look {
            self.availability.look(world);
        }
        if self.audit.findings.len() > self.findings_told {
            if let Some(journal) = journal.as_deref_mut() {
                self.audit.findings[self.findings_told..]
                    .iter()
                    .for_each(|finding| journal.found(world, finding));
            }
            self.findings_told = self.audit.findings.len();
        }
        if world.now() >= self.next_sample {
            self.sample(world, journal);
        }
    }

    fn sample(&mut self, world: &World, journal: Option<&mut Journal>) {
        let now = world.now();
        self.samples += 1;
        self.next_sample = SimTime((now.0 / SAMPLE_US + 1) * SAMPLE_US);
        self.availability.look(world);
        let sample = self.metrics.sample(world);
        if let Some(journal) = journal {
            journal.sample(SimTime(now.0 / SAMPLE_US * SAMPLE_US), &sample);
        }
        self.see_lags(world);
        if self.samples.is_multiple_of(CHECK_SAMPLES)
            && let Err(broken) = self.invariants.after_event(world, &[], true)
        {
            self.broke(broken);
        }
    }

    pub(super) fn see_lags(&mut self, world: &World) {
        if world.now() < world.scenario().warm_up {
            return;
        }
        let mut total = 0;
        for group in lag::groups(world) {
            let lag = lag::group_lag(world, group);
            total += lag;
            let most = &mut self.since_warm_up.lag_max[usize::from(group.0)];
            *most = (*most).max(lag);
        }
        self.since_warm_up.total_lag_max = self.since_warm_up.total_lag_max.max(total);
    }

    fn count(&mut self, world: &World, fact: &Fact) {
        let now = world.now();
        let warm = now >= world.scenario().warm_up;
        match fact {
            Fact::Acknowledged { batch, .. } if warm => {
                let since = &mut self.since_warm_up;
                since.records_in += u64::from(batch.count);
                since.bytes_in += u64::from(batch.bytes);
                let (first, last) = (batch.record_time(0), batch.record_time(batch.count.saturating_sub(1)));
                self.produce_latency.add_spread(
                    now.since_us(first),
                    now.since_us(last),
                    u64::from(batch.count),
                );
            }
            Fact::Polled { partition, from, to, first_created, last_created, .. } if warm => {
                self.polled(world, *partition, (*from, *to), (*first_created, *last_created));
            }
            Fact::PartitionChanged { partition, before, after, .. } => {
                if before.leader != after.leader {
                    put(&mut self.leader_since, partition.index(), now);
                }
                if warm {
                    let (topic, _) = world.controller().image().partition_names[partition.index()];
                    let topics = &mut self.since_warm_up.of_topics;
                    topics.resize(topics.len().max(usize::from(topic.0) + 1), TopicChanges::default());
                    let changes = &mut topics[usize::from(topic.0)];
                    changes.leader_changes += u64::from(before.leader != after.leader);
                    changes.isr_shrinks += u64::from(after.isr.len() < before.isr.len());
                    changes.isr_expands += u64::from(after.isr.len() > before.isr.len());
                }
            }
            Fact::BrokerFenced { broker, .. } | Fact::BrokerUnfenced { broker } => {
                put(&mut self.fenced_since, broker.index(), now);
            }
            Fact::GroupChanged { group, state, .. } => {
                put(&mut self.group_since, usize::from(group.0), now);
                let begun = warm && *state == GroupState::CompletingRebalance;
                self.since_warm_up.rebalances[usize::from(group.0)] += u64::from(begun);
            }
            Fact::CommandDone { text } => {
                if let Some((command, why)) = orders::why_not_done(text)
                    && self.not_done.len() < NOT_DONE_MAX
                {
                    self.not_done.push(format!("{command} at {now} s: {why}"));
                }
            }
            _ => {}
        }
    }

    /// Elections and restarts are checked as they happen.
    fn check(&mut self, world: &World, fact: &Fact) {
        let (Fact::BecameLeader { .. } | Fact::PartitionChanged { .. } | Fact::ProcessChanged { .. }) = fact
        else {
            return;
        };
        let seen = [(CONTROLLER, fact.clone())];
        if let Err(broken) = self.invariants.after_event(world, &seen, false) {
            self.broke(broken);
        }
    }

    fn broke(&mut self, broken: String) {
        if self.broken.len() < BROKEN_MAX && !self.broken.contains(&broken) {
            self.broken.push(broken);
        }
    }

    fn polled(
        &mut self,
        world: &World,
        partition: TopicPartition,
        what: (u64, u64),
        created: (SimTime, SimTime),
    ) {
        let now = world.now();
        let count = what.1 - what.0;
        let since = &mut self.since_warm_up;
        since.records_out += count;
        let leader = world.controller().image().partition(partition).leader;
        let replica = leader.and_then(|leader| world.broker(leader).replica(partition));
        if let Some(batch) = replica.and_then(|replica| replica.log.batch_at(what.0)) {
            since.bytes_out += count * u64::from(batch.bytes) / u64::from(batch.count.max(1));
        }
        self.end_to_end_latency.add_spread(now.since_us(created.0), now.since_us(created.1), count);
    }

    /// The guarantees so far.
    pub fn audit(&self, world: &World) -> AuditReport {
        let counts = &self.audit.counts;
        let (writing, reading) = self.availability.longest(world);
        AuditReport {
            acknowledged: counts.acknowledged,
            failed: counts.failed,
            lost: counts.lost,
            duplicated: counts.duplicated,
            delivered: counts.delivered,
            delivered_twice: counts.delivered_twice,
            never_delivered: counts.never_delivered,
            never_processed: counts.never_processed,
            skipped: counts.skipped,
            unavailable_for_writing: writing,
            unavailable_for_reading: reading,
            findings: self.audit.findings.clone(),
            broken_invariants: self.broken.clone(),
        }
    }

    /// When the partition's leader last changed.
    pub fn leader_since(&self, partition: TopicPartition) -> SimTime {
        self.leader_since.get(partition.index()).copied().unwrap_or_default()
    }

    /// When the broker was last fenced or unfenced.
    pub fn fenced_since(&self, broker: BrokerId) -> SimTime {
        self.fenced_since.get(broker.index()).copied().unwrap_or_default()
    }

    /// When the group's state last changed.
    pub fn group_since(&self, group: GroupId) -> SimTime {
        self.group_since.get(usize::from(group.0)).copied().unwrap_or_default()
    }

    /// Whether a record's producer was told that it is safe.
    pub fn is_acknowledged(&self, partition: TopicPartition, epoch: u32, offset: u64) -> bool {
        self.audit.is_acknowledged(partition, epoch, offset)
    }
}

fn put(list: &mut Vec<SimTime>, at: usize, time: SimTime) {
    if list.len() <= at {
        list.resize(at + 1, SimTime::ZERO);
    }
    list[at] = time;
}
