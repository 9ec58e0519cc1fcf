//! The digest table: scenarios with their faults, run to their end, with two seeds each.
use kafkarium_core::kernel::SimTime;
use kafkarium_core::scenario;
use kafkarium_core::world::World;

/// The table as JSON, one row a line.
pub fn json() -> String {
    let mut rows = Vec::new();
    for shipped in scenario::shipped() {
        let read = scenario::read(shipped.text).expect("what ships can be read");
        for seed in [read.seed, read.seed + 1] {
            let mut world = World::new(&read, seed);
            world.run_until(read.duration, u64::MAX);
            rows.push(row(shipped.name, seed, &world));
        }
    }
    let large =
        scenario::read(include_str!("../../../scenarios/bench/large.toml")).expect("what ships can be read");
    let mut world = World::new(&large, large.seed);
    world.run_until(SimTime::from_secs(8), u64::MAX);
    rows.push(row("bench/large, 8 s", large.seed, &world));
    format!("[\n{}\n]", rows.join(",\n"))
}

fn row(case: &str, seed: u64, world: &World) -> String {
    let (events, digest) = (world.events(), world.full_digest());
    format!(r#"{{"case":"{case}","seed":{seed},"events":{events},"digest":"{digest:016x}"}}"#)
}
