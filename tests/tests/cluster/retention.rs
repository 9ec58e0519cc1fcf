//! Segments roll, retention deletes whole closed ones, and who reads too late is sent elsewhere.
use crate::stage::{PLAIN, Setting, Stage};
use kafkarium_core::config::TopicConfig;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::log::{Batch, Log, NO_PRODUCER, NO_SEQUENCE, SourceId};
use kafkarium_core::trace::Fact;

/// Ten records of 1 kB a second, one a batch.
const FLOWING: &str = "[[producer]]\nrate = \"10/s\"\nvalue-bytes = 1000\n";
const OFTEN: &str = "log.initial.task.delay.ms = 1000\nlog.retention.check.interval.ms = 1000";
/// Segments of about 10 s.
const SEGMENTS: &str = "internal.segment.bytes = 107000";

fn segments(stage: &Stage, broker: u32) -> Vec<(u64, u64)> {
    let bases = stage.replica(broker, 0).log.segments().iter().map(|segment| segment.base);
    bases.map(|base| (base.offset, base.position)).collect()
}

fn start(stage: &Stage, broker: u32) -> u64 {
    stage.replica(broker, 0).log.start().offset
}

#[test]
fn a_segment_rolls_before_the_batch_that_does_not_fit() {
    let mut stage = Setting { cluster: OFTEN, topic: SEGMENTS, rest: FLOWING, ..PLAIN }.up();
    stage.go(65_000);
    let rolled = segments(&stage, 1);
    assert!(rolled.len() >= 6, "{rolled:?}");
    for pair in rolled.windows(2) {
        let bytes = pair[1].1 - pair[0].1;
        assert!((106_000 - 100..=107_000).contains(&bytes), "{rolled:?}");
    }
    assert_eq!(start(&stage, 1), 0, "retention.ms is a week");
    assert_eq!(segments(&stage, 2)[..6], rolled[..6], "followers roll by the same rule");
}

#[test]
fn segment_ms_counts_the_time_of_records() {
    let topic = "segment.ms = 5000";
    let mut stage = Setting { topic, rest: FLOWING, ..PLAIN }.up();
    stage.go(20_000);
    let rolled = segments(&stage, 1).len();
    assert!((4..=5).contains(&rolled), "{rolled}");
    stage.act("set rate of producer-1 to 0/s");
    stage.go(60_000);
    assert_eq!(segments(&stage, 1).len(), rolled, "an idle partition does not roll");
}

#[test]
fn retention_by_size_keeps_at_least_that_much_in_whole_segments() {
    let topic = format!("{SEGMENTS}\nretention.bytes = 250000");
    let mut stage = Setting { cluster: OFTEN, topic: &topic, rest: FLOWING, ..PLAIN }.up();
    stage.go(20_000);
    assert_eq!(start(&stage, 1), 0);
    for at in (25_000..80_000).step_by(1_700) {
        stage.go(at);
        let log = &stage.replica(1, 0).log;
        let kept = log.end().position - log.start().position;
        assert!(kept <= 250_000 + 107_000 + 11_000, "{kept} at {at}");
        assert!(kept >= 250_000 || start(&stage, 1) == 0, "{kept} at {at}");
        assert_eq!(segments(&stage, 1)[0].0, start(&stage, 1), "the log begins where a segment does");
    }
    assert!(start(&stage, 1) > 300);
    assert_eq!(start(&stage, 2), start(&stage, 1));
}

#[test]
fn retention_by_time_looks_at_a_segments_youngest_record() {
    let topic = format!("{SEGMENTS}\nretention.ms = 20000");
    let mut stage = Setting { cluster: OFTEN, topic: &topic, rest: FLOWING, ..PLAIN }.up();
    stage.go(29_000);
    assert_eq!(start(&stage, 1), 0, "the first segment's last record is younger than 20 s");
    stage.go(60_000);
    let moved = stage.tell(|fact| match fact {
        Fact::LogStart { broker, partition, offset } if broker.0 == 1 && *partition == stage.partition(0) => {
            Some(*offset)
        }
        _ => None,
    });
    assert!(moved.len() >= 2, "{moved:?}");
    for (at, offset) in &moved {
        let last_gone = stage.tell(|fact| match fact {
            Fact::Appended { broker, partition, batch }
                if broker.0 == 1 && *partition == stage.partition(0) && batch.end_offset() == *offset =>
            {
                Some(batch.max_time().as_ms())
            }
            _ => None,
        })[0]
            .1;
        assert!((20_001..=21_200).contains(&(at - last_gone)), "{offset} went at {at}, made at {last_gone}");
    }
}

#[test]
fn an_idle_expired_log_ends_with_one_empty_segment() {
    let topic = format!("{SEGMENTS}\nretention.ms = 20000");
    let mut stage = Setting { cluster: OFTEN, topic: &topic, rest: FLOWING, ..PLAIN }.up();
    stage.go(15_000);
    stage.act("set rate of producer-1 to 0/s");
    stage.go(50_000);
    let end = stage.log_end(1);
    assert!(end > 100);
    for broker in 1..=3 {
        assert_eq!((start(&stage, broker), segments(&stage, broker).len()), (end, 1));
    }
}

#[test]
fn nothing_above_the_high_watermark_is_deleted() {
    let topic = "internal.segment.bytes = 20000\nretention.bytes = 0\nmin.insync.replicas = 2";
    let cluster = format!("{OFTEN}\nreplica.lag.time.max.ms = 4000\nbroker.session.timeout.ms = 60000");
    let rest = format!("{FLOWING}config = {{ acks = \"1\" }}\n");
    let mut stage = Setting { cluster: &cluster, topic, rest: &rest, ..PLAIN }.up();
    stage.go(10_000);
    assert!(start(&stage, 1) > 0);
    stage.act("freeze broker 2");
    stage.act("freeze broker 3");
    stage.go(30_000);
    assert_eq!(stage.isr(0), [1]);
    let (high_watermark, start_at) = (stage.high_watermark(1), start(&stage, 1));
    assert!(start_at <= high_watermark && segments(&stage, 1).len() > 5, "{start_at} of {high_watermark}");
    assert!(segments(&stage, 1)[1].0 > high_watermark, "all that may go is gone");
}

#[test]
fn a_new_retention_is_obeyed_at_once() {
    let mut stage = Setting { cluster: OFTEN, topic: SEGMENTS, rest: FLOWING, ..PLAIN }.up();
    stage.go(60_000);
    assert_eq!(start(&stage, 1), 0);
    stage.act("set topic orders retention.bytes = 200000");
    stage.go_on(2_000);
    assert!(start(&stage, 1) > 200);
}

#[test]
fn a_consumer_that_was_overtaken_is_reset_by_auto_offset_reset() {
    let rest =
        format!("{FLOWING}[[group]]\nname = \"slow\"\nconfig = {{ auto.offset.reset = \"earliest\" }}\n");
    let topic = format!("{SEGMENTS}\nretention.bytes = 100000");
    for policy in ["earliest", "latest", "none"] {
        let mut stage = Setting { cluster: OFTEN, topic: &topic, rest: &rest, ..PLAIN }.up();
        stage.go(8_000);
        stage.act(&format!("set group slow auto.offset.reset = {policy}"));
        stage.go(14_000);
        let owned = stage.world.consumer(0).owned(stage.partition(0)).expect("assigned");
        assert!(owned.position.unwrap() > 50, "{policy}: it reads");
        stage.act("freeze consumer slow-1");
        stage.go(54_000);
        assert!(start(&stage, 1) > 200);
        stage.act("thaw consumer slow-1");
        let thawed = stage.now_ms();
        stage.go_on(1_000);
        let resets = stage.tell(|fact| match fact {
            Fact::OffsetReset { from: Some(from), to, .. } => Some((*from, *to)),
            _ => None,
        });
        if policy == "none" {
            assert_eq!(resets, [], "it failed instead");
            assert_eq!(stage.count(|fact| matches!(fact, Fact::ConsumerFailed { .. })), 1);
            continue;
        }
        assert_eq!(resets.len(), 1, "{policy}: {resets:?}");
        let (at, (from, to)) = resets[0];
        assert!(at >= thawed && from < start(&stage, 1));
        let expected = if policy == "earliest" { start(&stage, 1) } else { stage.log_end(1) };
        assert!(to.abs_diff(expected) <= 12, "{policy}: to {to}, not {expected}");
        // Whatever took it, the group went past it.
        let audit = stage.audit();
        assert_eq!((audit.skipped, audit.never_delivered), (to - from, 0), "{policy}");
        assert!(audit.findings[0].why.starts_with("Retention deleted the log up to offset"), "{audit:?}");
    }
}

#[test]
fn a_log_whose_start_moved_does_not_fall_back_to_its_own_segments() {
    let mut config = TopicConfig { segment_bytes: 500, retention_bytes: 2_000, ..TopicConfig::default() };
    let mut log = Log::new(SimTime::ZERO);
    for offset in 0..30 {
        log.append(record(offset), &config);
    }
    log.advance_start_to(15);
    log.retain(SimTime::ZERO, 30, &config);
    assert_eq!(log.start().offset, 15, "by its own size it would begin at 10");
    config.retention_bytes = -1;
    log.advance_start_to(25);
    log.retain(SimTime::ZERO, 30, &config);
    assert_eq!(log.start().offset, 25);
    assert_eq!(log.segments().count(), 1, "what lies below the start goes");
}

fn record(offset: u64) -> Batch {
    Batch {
        base_offset: offset,
        base_time: SimTime::ZERO,
        first_ordinal: offset,
        payload: None,
        span_us: 0,
        count: 1,
        bytes: 100,
        source: SourceId(0),
        producer_id: NO_PRODUCER,
        base_sequence: NO_SEQUENCE,
        leader_epoch: 0,
        producer_epoch: 0,
        retries: 0,
    }
}
