//! What the vectors cannot say: the pure functions against their plain, slow forms over many inputs.
use kafkarium_core::assign::compression::BatchEstimate;
use kafkarium_core::assign::record_size::{EqualRecords, RecordShape, TimestampDeltas};
use kafkarium_core::controller::placement::{UsableBroker, place};

/// Numbers without pattern, the same in every run.
fn numbers() -> impl FnMut(u32) -> u32 {
    let mut state = 1u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) % u64::from(below)) as u32
    }
}

#[test]
fn capacity_is_the_room_test_record_by_record() {
    let mut below = numbers();
    for _ in 0..3000 {
        let shape = RecordShape::new(Some(below(40)), Some(below(300)));
        let step = [0, 1, 7, 300][below(4) as usize];
        let timestamps =
            if below(2) == 0 { TimestampDeltas::Step(step) } else { TimestampDeltas::AtMost(step) };
        let ratio = 100 + below(1100);
        let estimate =
            if below(2) == 0 { BatchEstimate::UNCOMPRESSED } else { BatchEstimate::compressed(ratio) };
        let batch_size = [0, 200, 4096, 131_072][below(4) as usize];
        let records = EqualRecords { shape, timestamps };
        let (mut count, mut used) = (0, 0);
        loop {
            let delta = match timestamps {
                TimestampDeltas::AtMost(delta) => i64::from(delta) * i64::from(count.min(1)),
                TimestampDeltas::Step(step) => i64::from(step) * i64::from(count),
            };
            let size = shape.record_bytes(count, delta);
            if count > 0 && estimate.batch_bytes(used) + size > shape.batch_limit(batch_size) {
                break;
            }
            count += 1;
            used += size;
        }
        assert_eq!(records.capacity(batch_size, estimate), count, "{records:?} {batch_size} {estimate:?}");
        assert_eq!(records.bytes(count), used, "{records:?} {count}");
    }
}

#[test]
fn placement_gives_distinct_replicas_and_an_unfenced_leader_whatever_the_racks() {
    const RACKS: [Option<&str>; 5] = [None, Some("a"), Some("b"), Some("c"), Some("d")];
    let mut below = numbers();
    for _ in 0..5000 {
        let count = 1 + below(8);
        let racks = 1 + below(5);
        let broker = |id| UsableBroker { id, rack: RACKS[below(racks) as usize], fenced: below(3) == 0 };
        let brokers: Vec<UsableBroker> = (0..count).map(broker).collect();
        let factor = 1 + below(count);
        let Ok(placed) = place(&brokers, 20, factor as i32, &mut below) else {
            assert!(brokers.iter().all(|broker| broker.fenced));
            continue;
        };
        for replicas in placed {
            assert!(!brokers[replicas[0] as usize].fenced, "{brokers:?} {replicas:?}");
            let mut distinct = replicas.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), factor as usize, "{brokers:?} {replicas:?}");
        }
    }
}
