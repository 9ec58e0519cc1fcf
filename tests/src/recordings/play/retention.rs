//! What retention deletes.
use super::{Played, cluster};
use crate::recordings::Recording;
use crate::stage::{READY_MS, Stage};
use kafkarium_core::trace::Fact;

/// A producer whose records are 10,000 bytes long, each a batch of its own; it begins when it is told to.
pub(super) const BIG: &str = "[[producer]]\nname = \"big\"\nrate = \"0/s\"\nvalue-bytes = 10000\n\
                              config = { linger.ms = 0, batch.size = 0 }\n";

/// Records until so many were sent in all.
pub(super) fn write_big(stage: &mut Stage, count: u64) {
    stage.act("set rate of big to 100/s");
    stage.go_until(60_000, |stage| stage.world.producer(0).totals().sent >= count);
    stage.act("set rate of big to 0/s");
    stage.go_until(10_000, |stage| stage.acknowledged() == count);
}

fn start(stage: &Stage) -> u64 {
    stage.replica(1, 0).log.start().offset
}

fn segments(stage: &Stage) -> Vec<u64> {
    stage.replica(1, 0).log.segments().iter().map(|segment| segment.base.offset).collect()
}

/// Retention by size.
pub fn by_size(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, BIG);
    write_big(&mut stage, 500);
    stage.go_on(40_000);
    played.fact("log start offset", start(&stage));
    played.fact("high watermark", stage.high_watermark(1));
    played.fact("segments from there", segments(&stage));
    played
}

/// Retention by size, and nobody writes any more: to a topic that keeps a byte, and to one that keeps nothing.
pub fn by_size_idle(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut later = Vec::new();
    for (keys, keeps) in [("topic", "a byte"), ("other topic", "nothing")] {
        let mut stage = Stage::new(&format!(
            "format = 1\nseed = {seed}\n[cluster]\nbrokers = 3\n[cluster.config]\n{}\n[[topic]]\nname = \"orders\"\n\
             placement = [[1, 2, 3]]\n[topic.config]\n{}\n{BIG}",
            recording.keys("brokers"),
            recording.keys(keys),
        ));
        stage.go(READY_MS);
        write_big(&mut stage, 250);
        stage.go_on(40_000);
        let began = start(&stage);
        played.fact(format!("log start offset of who keeps {keeps}"), began);
        played.fact(format!("high watermark of who keeps {keeps}"), stage.high_watermark(1));
        played.fact(format!("segments from there of who keeps {keeps}"), segments(&stage));
        stage.go_on(20_000);
        later.push(start(&stage) == began);
    }
    played.fact("log start offsets are the same 20 s later", later.iter().all(|same| *same));
    played
}

/// Retention by time, and nobody writes any more.
pub fn by_time_idle(recording: &Recording, seed: u64) -> Played {
    let mut played = Played::default();
    let mut stage = cluster(recording, seed, BIG);
    // Brokers look for the first time after log.initial.task.delay.ms.
    stage.go(35_000 + seed * 40);
    write_big(&mut stage, 250);
    let written = stage.now_ms();
    stage.go_until(60_000, |stage| start(stage) == 250);
    let emptied = stage.first(written, |fact| matches!(fact, Fact::LogStart { offset: 250, .. }));
    played.measured("ms from the last write until the log was empty", emptied - written);
    played.fact("log start offset", start(&stage));
    played.fact("high watermark", stage.high_watermark(1));
    played.fact("active segment", segments(&stage).last().copied());
    played
}

/// Retention by time while somebody writes.
pub fn by_time_written(recording: &Recording, seed: u64) -> Played {
    let mut stage = cluster(recording, seed, BIG);
    stage.go(4_000 + seed * 40);
    stage.act("set rate of big to 20/s");
    stage.go_until(120_000, |stage| start(stage) > 600);
    let leader = |broker: &kafkarium_core::metadata::BrokerId| broker.0 == 1;
    let starts = stage.tell(|fact| match fact {
        Fact::LogStart { broker, offset, .. } if leader(broker) && *offset > 0 => Some(*offset),
        _ => None,
    });
    let mut played = Played::default();
    let appended = stage.tell(|fact| match fact {
        Fact::Appended { broker, batch, .. } if leader(broker) => {
            Some((batch.base_offset, batch.base_time.as_ms()))
        }
        _ => None,
    });
    let written =
        |offset: u64| appended.iter().find(|&&(_, (base, _))| base == offset).expect("it was appended").1.1;
    let (at, first) = starts[0];
    played.measured("ms from a segment's last record until the segment was deleted", at - written(first - 1));
    let offsets: Vec<u64> =
        std::iter::once(0).chain(starts.iter().map(|&(_, offset)| offset)).take(7).collect();
    played.fact("log start offsets", offsets);
    played
}
