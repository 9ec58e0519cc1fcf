//! Kafka's metrics, sampled once a second of virtual time.
use super::histogram::Histogram;
use super::lag;
use super::metrics_table::{Metric, Percentile};
use super::series::{SAMPLE_US, Values};
use crate::broker::Appended;
use crate::kernel::SimTime;
use crate::metadata::TopicId;
use crate::trace::Fact;
use crate::world::World;

/// What a sample found.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// Of the cluster, its clients and its groups.
    pub whole: Values,
    /// The lag of every group at every partition it subscribed to.
    pub lags: Values,
}

/// What was counted since the last sample, and at it.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    sampled: SimTime,
    appended: Appended,
    /// By group.
    delivered: Vec<u64>,
    shrinks: u64,
    expands: u64,
    produce_latency: Histogram,
    end_to_end_latency: Histogram,
}

impl Metrics {
    /// For a world of so many groups.
    pub fn new(groups: usize) -> Self {
        Metrics { delivered: vec![0; groups], ..Metrics::default() }
    }

    /// Counts what a fact tells: a whole batch or poll at once.
    pub fn see(&mut self, world: &World, fact: &Fact) {
        let now = world.now();
        match fact {
            Fact::Acknowledged { batch, .. } => {
                let (first, last) = (now.since_us(batch.base_time), now.since_us(batch.max_time()));
                self.produce_latency.add_spread(first, last, u64::from(batch.count));
            }
            Fact::Polled { consumer, from, to, first_created, last_created, .. } => {
                self.delivered[usize::from(world.consumer_slot(*consumer).spec.group.0)] += to - from;
                let (first, last) = (now.since_us(*first_created), now.since_us(*last_created));
                self.end_to_end_latency.add_spread(first, last, to - from);
            }
            Fact::PartitionChanged { before, after, .. } => {
                self.shrinks += u64::from(after.isr.len() < before.isr.len());
                self.expands += u64::from(after.isr.len() > before.isr.len());
            }
            _ => {}
        }
    }

    /// The metrics of the time since the last sample, which is a second unless nothing happened for longer.
    pub fn sample(&mut self, world: &World) -> Sample {
        let second = SimTime(world.now().0 / SAMPLE_US * SAMPLE_US);
        let seconds = (second.since_us(self.sampled) / SAMPLE_US).max(1);
        self.sampled = second;
        let mut found = Sample::default();
        let mut say = |metric, value: u64| found.whole.push((metric, Some(value)));
        let appended = appended(world);
        say(Metric::MessagesInPerSec, (appended.records - self.appended.records) / seconds);
        say(Metric::BytesInPerSec, (appended.bytes - self.appended.bytes) / seconds);
        self.appended = appended;
        say(Metric::RecordsWaiting, (0..world.producer_count()).map(|at| waiting(world, at)).sum());
        for id in lag::groups(world) {
            let group = u32::from(id.0);
            let delivered = std::mem::take(&mut self.delivered[usize::from(id.0)]);
            say(Metric::RecordsConsumedRate { group }, delivered / seconds);
            let lags = lag::partition_lags(world, id);
            say(Metric::GroupLag { group }, lags.iter().filter_map(|&(_, lag)| lag).sum());
            let each =
                lags.into_iter().map(|(at, lag)| (Metric::PartitionLag { group, partition: at.0 }, lag));
            found.lags.extend(each);
        }
        let unwell = Unwell::of(world);
        say(Metric::UnderReplicatedPartitions, unwell.under_replicated);
        say(Metric::OfflinePartitionsCount, unwell.offline);
        say(Metric::UnderMinIsrPartitionCount, unwell.under_min_isr);
        say(Metric::IsrShrinksPerSec, std::mem::take(&mut self.shrinks) / seconds);
        say(Metric::IsrExpandsPerSec, std::mem::take(&mut self.expands) / seconds);
        found
            .whole
            .extend(latencies(&mut self.produce_latency).map(|(p, us)| (Metric::ProduceLatency(p), us)));
        let end_to_end = latencies(&mut self.end_to_end_latency);
        found.whole.extend(end_to_end.map(|(p, us)| (Metric::EndToEndLatency(p), us)));
        found
    }
}

/// The percentiles of what was timed since the last sample, which is forgotten; none if nothing was.
fn latencies(histogram: &mut Histogram) -> impl Iterator<Item = (Percentile, Option<u64>)> + use<> {
    let timed = histogram.latency();
    histogram.clear();
    let percentiles =
        [(Percentile::P50, timed.p50_us), (Percentile::P95, timed.p95_us), (Percentile::P99, timed.p99_us)];
    percentiles.into_iter().map(move |(percentile, us)| (percentile, (timed.count > 0).then_some(us)))
}

/// What leaders appended for producers, all brokers together.
fn appended(world: &World) -> Appended {
    world.brokers().iter().fold(Appended::default(), |sum, broker| {
        let Appended { records, bytes } = broker.appended();
        Appended { records: sum.records + records, bytes: sum.bytes + bytes }
    })
}

/// Records in a producer's buffer that wait to be sent.
fn waiting(world: &World, producer: u16) -> u64 {
    let producer = world.producer(producer);
    (0..producer.partitions().len() as u32).map(|at| producer.backlog(world.now(), at).records).sum()
}

/// How many partitions are not as they should be, as Kafka counts them: leaders report what is under-replicated,
/// the controller what has no leader. `__consumer_offsets` counts too.
#[derive(Default)]
struct Unwell {
    under_replicated: u64,
    under_min_isr: u64,
    offline: u64,
}

impl Unwell {
    fn of(world: &World) -> Unwell {
        let image = world.controller().image();
        let mut unwell = Unwell::default();
        for (at, partition) in (0..).zip(&image.partitions) {
            let in_sync = partition.isr.len();
            let least = image.min_insync_replicas(crate::metadata::TopicPartition(at));
            let has_leader = partition.leader.is_some();
            unwell.offline += u64::from(!has_leader);
            unwell.under_replicated += u64::from(has_leader && in_sync < partition.replicas.len());
            unwell.under_min_isr += u64::from(has_leader && (in_sync as u64) < u64::from(least));
        }
        unwell
    }
}

/// Partitions under-replicated, under `min.insync.replicas`, and offline, at this moment.
pub fn in_trouble(world: &World) -> [u64; 3] {
    let Unwell { under_replicated, under_min_isr, offline } = Unwell::of(world);
    [under_replicated, under_min_isr, offline]
}

/// Partitions, of one topic or of all, with an ISR below their replication factor, led or not, and without a leader.
pub(super) fn replication(world: &World, topic: Option<TopicId>) -> (u64, u64) {
    let image = world.controller().image();
    let named = image.partitions.iter().zip(&image.partition_names);
    let chosen = named.filter(|(_, (of, _))| topic.is_none_or(|topic| topic == *of));
    chosen.fold((0, 0), |(under, offline), (partition, _)| {
        let is_under = partition.isr.len() < partition.replicas.len();
        (under + u64::from(is_under), offline + u64::from(partition.leader.is_none()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Batch, SourceId};
    use crate::metadata::{BrokerId, TopicPartition};
    use crate::scenario;
    use crate::trace::ChangeCause;
    use std::sync::Arc;

    /// The default scene at rest, at 15 s.
    fn world() -> World {
        let scenario = scenario::read(scenario::shipped()[0].text).unwrap();
        let mut world = World::new(&scenario, scenario.seed);
        assert!(world.run_until(SimTime::from_secs(15), u64::MAX));
        world
    }

    /// Metrics that have just been sampled.
    fn metrics(world: &World) -> Metrics {
        let mut metrics = Metrics::new(world.groups().len());
        metrics.sample(world);
        metrics
    }

    fn value(sample: &Sample, metric: Metric) -> Option<u64> {
        sample.whole.iter().chain(&sample.lags).find(|(other, _)| *other == metric).expect("it is sampled").1
    }

    fn clicks(world: &World) -> TopicPartition {
        world.controller().image().topic("clicks").unwrap().1.partitions[0]
    }

    #[test]
    fn latency_is_of_each_record_of_a_batch() {
        let world = world();
        let mut metrics = metrics(&world);
        let batch = |age_us: u64, span_us, count| Batch {
            base_offset: 0,
            base_time: SimTime(world.now().0 - age_us),
            first_ordinal: 0,
            payload: None,
            span_us,
            count,
            bytes: 100,
            source: SourceId(0),
            producer_id: 0,
            base_sequence: 0,
            leader_epoch: 0,
            producer_epoch: 0,
            retries: 0,
        };
        let acknowledged = |batch| Fact::Acknowledged {
            producer: 0,
            partition: clicks(&world),
            batch: Box::new(batch),
            confirmed: true,
        };
        // 98 records that took 5 ms, and two of one batch that took 2 s and 1 s.
        metrics.see(&world, &acknowledged(batch(5_000, 0, 98)));
        metrics.see(&world, &acknowledged(batch(2_000_000, 1_000_000, 2)));
        let sample = metrics.sample(&world);
        let near = |percentile, us: u64| {
            let found = value(&sample, Metric::ProduceLatency(percentile)).unwrap();
            assert!((us..=us + us / 15).contains(&found), "{percentile:?} {found}");
        };
        near(Percentile::P50, 5_000);
        near(Percentile::P95, 5_000);
        near(Percentile::P99, 1_000_000);
        assert_eq!(value(&sample, Metric::EndToEndLatency(Percentile::P50)), None, "nothing was polled");
        let after = metrics.sample(&world);
        assert_eq!(value(&after, Metric::ProduceLatency(Percentile::P99)), None, "a second speaks of itself");
    }

    #[test]
    fn what_is_polled_counts_for_its_group_and_for_latency() {
        let world = world();
        let mut metrics = metrics(&world);
        let polled = Fact::Polled {
            consumer: 1,
            partition: clicks(&world),
            from: 10,
            to: 25,
            first_created: SimTime(world.now().0 - 40_000),
            last_created: SimTime(world.now().0 - 40_000),
        };
        metrics.see(&world, &polled);
        metrics.see(&world, &polled);
        let sample = metrics.sample(&world);
        assert_eq!(value(&sample, Metric::RecordsConsumedRate { group: 0 }), Some(30));
        let p50 = value(&sample, Metric::EndToEndLatency(Percentile::P50)).unwrap();
        assert!((40_000..=42_500).contains(&p50), "{p50}");
        assert_eq!(value(&metrics.sample(&world), Metric::RecordsConsumedRate { group: 0 }), Some(0));
    }

    #[test]
    fn isr_changes_are_counted_by_their_direction() {
        let world = world();
        let mut metrics = metrics(&world);
        let whole = Arc::new(world.controller().image().partition(clicks(&world)).clone());
        let mut shrunk = (*whole).clone();
        shrunk.isr.retain(|broker| *broker != BrokerId(3));
        let changed = |before: &_, after: &_| Fact::PartitionChanged {
            partition: clicks(&world),
            before: Arc::clone(before),
            after: Arc::clone(after),
            cause: ChangeCause::LeaderAsked(BrokerId(1)),
        };
        let shrunk = Arc::new(shrunk);
        metrics.see(&world, &changed(&whole, &shrunk));
        metrics.see(&world, &changed(&whole, &shrunk));
        metrics.see(&world, &changed(&shrunk, &whole));
        let sample = metrics.sample(&world);
        assert_eq!(value(&sample, Metric::IsrShrinksPerSec), Some(2));
        assert_eq!(value(&sample, Metric::IsrExpandsPerSec), Some(1));
    }

    #[test]
    fn a_group_lags_by_the_sum_of_its_partitions() {
        let world = world();
        let sample = metrics(&world).sample(&world);
        assert_eq!(sample.lags.len(), 3, "one group at three partitions");
        let sum = sample.lags.iter().map(|(_, lag)| lag.unwrap()).sum();
        assert_eq!(value(&sample, Metric::GroupLag { group: 0 }), Some(sum));
    }
}
