//! Metrics over time: what a crash does to them, that they agree with the summary, and that they stay bounded.
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::metrics_table::{Metric, MetricsTable, Percentile};
use kafkarium_core::observe::report::Subject;
use kafkarium_tests::{go, run, shipped};

/// The values of a metric by second, from the first second on.
fn values(table: &MetricsTable, metric: Metric) -> Vec<Option<u64>> {
    table.columns.iter().find(|column| column.metric == metric).expect("it is measured").values.clone()
}

fn at(table: &MetricsTable, metric: Metric, second: usize) -> u64 {
    assert_eq!(table.times_us[second - 1], second as u64 * 1_000_000);
    values(table, metric)[second - 1].expect("it has a value")
}

#[test]
fn a_crash_shows_in_under_replicated_partitions_and_goes_back_to_zero() {
    let table = run(shipped("website-activity"), &[(20, "crash broker 1"), (40, "start broker 1")], 90)
        .metrics(Subject::Cluster);
    let under = |second| at(&table, Metric::UnderReplicatedPartitions, second);
    assert_eq!(under(20), 0);
    // Three of `clicks`, fifty of `__consumer_offsets`: each had a replica there. Nobody knows before the fencing.
    assert_eq!(under(25), 0);
    assert_eq!(under(35), 53);
    assert_eq!(under(88), 0);
    let all = |metric| values(&table, metric).into_iter().flatten().sum::<u64>();
    assert_eq!(
        all(Metric::OfflinePartitionsCount),
        0,
        "another replica leads from the moment of the fencing"
    );
    assert_eq!(all(Metric::IsrShrinksPerSec), 53);
    assert!(all(Metric::IsrExpandsPerSec) >= 53);
    assert!(at(&table, Metric::RecordsWaiting, 28) > 3 * at(&table, Metric::RecordsWaiting, 19) + 20);
    let p99 = values(&table, Metric::ProduceLatency(Percentile::P99)).into_iter().flatten().max().unwrap();
    assert!((5_000_000..12_000_000).contains(&p99), "somebody waited for the election: {p99}");
}

#[test]
fn partitions_without_a_leader_are_offline_and_neither_under_replicated_nor_under_min_isr() {
    let down = [(20, "crash broker 1"), (21, "crash broker 2"), (22, "crash broker 3")];
    let table = run(shipped("website-activity"), &down, 45).metrics(Subject::Cluster);
    assert_eq!(at(&table, Metric::OfflinePartitionsCount, 44), 53);
    assert_eq!(at(&table, Metric::UnderReplicatedPartitions, 44), 0);
    assert_eq!(at(&table, Metric::UnderMinIsrPartitionCount, 44), 0);
    let two_down = run(shipped("website-activity"), &down[..2], 45).metrics(Subject::Cluster);
    assert_eq!(at(&two_down, Metric::UnderReplicatedPartitions, 44), 53);
    // `clicks` asks for two in sync, `__consumer_offsets` for one.
    assert_eq!(at(&two_down, Metric::UnderMinIsrPartitionCount, 44), 3);
}

#[test]
fn a_second_without_records_has_no_latency_but_a_rate_of_zero() {
    let table =
        run(shipped("website-activity"), &[(20, "stop producer web-1"), (20, "stop producer web-2")], 30)
            .metrics(Subject::Cluster);
    assert_eq!(at(&table, Metric::MessagesInPerSec, 25), 0);
    assert_eq!(values(&table, Metric::ProduceLatency(Percentile::P50))[24], None);
    assert_eq!(values(&table, Metric::EndToEndLatency(Percentile::P99))[24], None);
    assert!(
        at(&table, Metric::EndToEndLatency(Percentile::P50), 19)
            >= at(&table, Metric::ProduceLatency(Percentile::P50), 19) / 2
    );
}

#[test]
fn the_lag_of_a_selected_groups_partitions_comes_along() {
    let session = run(shipped("website-activity"), &[], 30);
    let lags = |of| {
        let table = session.metrics(of);
        let columns =
            table.columns.iter().filter(|column| matches!(column.metric, Metric::PartitionLag { .. }));
        columns.map(|column| column.name()).collect::<Vec<_>>()
    };
    assert_eq!(lags(Subject::Cluster), [] as [&str; 0]);
    assert_eq!(
        lags(Subject::Group(0)),
        ["LAG dashboard clicks-0", "LAG dashboard clicks-1", "LAG dashboard clicks-2"]
    );
    assert_eq!(lags(Subject::Consumer(1)), lags(Subject::Group(0)));
    assert_eq!(lags(Subject::Partition(51)), ["LAG dashboard clicks-1"]);
    assert_eq!(lags(Subject::Replica(52, 3)), ["LAG dashboard clicks-2"]);
    let table = session.metrics(Subject::Group(0));
    let parts =
        (50..53).map(|partition| at(&table, Metric::PartitionLag { group: 0, partition }, 29)).sum::<u64>();
    assert_eq!(at(&table, Metric::GroupLag { group: 0 }, 29), parts);
}

#[test]
fn metrics_are_the_same_after_going_back_and_other_after_a_fork() {
    let mut session = run(shipped("website-activity"), &[], 40);
    let (straight, state) = (session.metrics(Subject::Cluster), session.metrics_state());
    go(&mut session, SimTime::from_secs(12));
    go(&mut session, SimTime::from_secs(40));
    assert_eq!((session.metrics(Subject::Cluster), session.metrics_state()), (straight.clone(), state));
    go(&mut session, SimTime::from_secs(20));
    session.act("crash broker 2".parse().unwrap()).unwrap();
    go(&mut session, SimTime::from_secs(40));
    assert_ne!(session.metrics_state().0, state.0, "whoever has the table must take the whole again");
    let forked = session.metrics(Subject::Cluster);
    assert_eq!(forked.times_us, straight.times_us);
    assert_eq!(at(&forked, Metric::UnderReplicatedPartitions, 35), 53);
    session.undo().unwrap();
    go(&mut session, SimTime::from_secs(40));
    assert_eq!(session.metrics(Subject::Cluster), straight);
}

#[test]
fn five_thousand_seconds_stay_within_their_rows() {
    let table = run(shipped("website-activity"), &[], 5_000).metrics(Subject::Group(0));
    assert!((1_000..=2_048).contains(&table.times_us.len()), "{}", table.times_us.len());
    assert!(table.columns.iter().all(|column| column.values.len() == table.times_us.len()));
    let lag = values(&table, Metric::PartitionLag { group: 0, partition: 50 });
    assert!(lag[20..].iter().all(Option::is_some));
}
