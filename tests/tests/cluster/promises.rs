//! What Kafka promises for acks=all with min.insync.replicas=2, under random faults of processes and links.
use crate::stage::{PLAIN, Setting, Stage};
use kafkarium_core::kernel::{Draws, Purpose};
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::ErrorCode;

const WHAT: Purpose = Purpose::new("promises");
const SEEDS: u64 = 200;
/// A broker that is started while the end of its last connection is still on its way to the controller.
const LATE_END: u64 = 698;

/// Draws for one run, one after the other.
struct Luck {
    draws: Draws,
    asked: u64,
}

impl Luck {
    fn below(&mut self, below: u32) -> u32 {
        self.asked += 1;
        self.draws.at(WHAT, self.asked).below(below)
    }

    fn fault(&mut self) -> String {
        let broker = 1 + self.below(3);
        match self.below(11) {
            0 => format!("crash broker {broker}"),
            1 => format!("stop broker {broker}"),
            2 => format!("freeze broker {broker}"),
            3 | 4 => format!("thaw broker {broker}"),
            5 | 6 => format!("start broker {broker}"),
            7 => format!("cut links of broker {broker}"),
            8 | 9 => format!("heal links of broker {broker}"),
            _ => format!("slow links of broker {broker} by {} ms", 1 + self.below(900)),
        }
    }
}

/// Faults for a minute, then everything is repaired and comes to rest.
fn run(seed: u64) -> Stage {
    let mut luck = Luck { draws: Draws::new(seed, "promises"), asked: 0 };
    let setting = Setting {
        cluster: "replica.lag.time.max.ms = 4000\nbroker.session.timeout.ms = 6000\nleader.imbalance.check.interval.seconds = 15",
        placement: "[[1, 2, 3], [2, 3, 1]]",
        topic: "min.insync.replicas = 2",
        rest: "[[producer]]\nrate = \"poisson 40/s\"\nkeys = \"uniform 20\"\nconfig = { request.timeout.ms = 5000 }\n",
        ..PLAIN
    };
    let mut stage = Stage::new(&setting.text().replace("format = 1", &format!("format = 1\nseed = {seed}")));
    stage.go(5_000);
    while stage.now_ms() < 60_000 {
        stage.go_on(u64::from(luck.below(6_000)));
        let _ = stage.world.apply(&luck.fault().parse().expect("a command"));
    }
    repair(&mut stage);
    // Who was just stopping is down by now.
    stage.go_on(15_000);
    repair(&mut stage);
    stage.go_on(40_000);
    stage.act("stop producer producer-1");
    stage.go_on(10_000);
    stage
}

fn repair(stage: &mut Stage) {
    for broker in 1..=3 {
        for what in ["thaw broker", "heal links of broker", "start broker"] {
            let _ = stage.world.apply(&format!("{what} {broker}").parse().expect("a command"));
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_all_logs_come_together() {
    let (mut elections, mut doubled) = (0, 0);
    for seed in (1..=SEEDS).chain([LATE_END]) {
        let stage = run(seed);
        for broker in stage.world.brokers() {
            let (known, all) = (broker.image().offset, stage.world.controller().image().offset);
            assert_eq!(known, all, "seed {seed}: broker {} does not hear of metadata", broker.id.0);
        }
        let audit = stage.audit();
        assert_eq!(audit.lost, 0, "seed {seed}: {:?}", audit.findings);
        // A leader remembers five batches of a producer; one that asks for an older one begins a new epoch.
        let forgotten = stage
            .count(|fact| matches!(fact, Fact::Retrying { error: ErrorCode::OutOfOrderSequenceNumber, .. }));
        assert!(audit.duplicated == 0 || forgotten > 0, "seed {seed}: {:?}", audit.findings);
        doubled += u64::from(audit.duplicated > 0);
        let mut ends = 0;
        for index in 0..2 {
            elections += stage.epoch(index);
            let mut isr = stage.isr(index);
            isr.sort_unstable();
            assert_eq!(isr, [1, 2, 3], "seed {seed}: orders-{index}");
            stage.logs_agree(index);
            ends += stage.replica(1, index).log.end().offset;
        }
        let totals = stage.world.producer(0).totals();
        assert!(ends >= totals.acknowledged, "seed {seed}: {ends} records, {totals:?}");
    }
    assert!(doubled * 50 <= SEEDS, "{doubled} of {SEEDS} runs doubled records");
    assert!(elections > 4 * SEEDS as u32, "{elections} elections: too quiet a life");
}
