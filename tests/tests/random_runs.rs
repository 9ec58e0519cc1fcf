//! Random clusters under random faults: what real Kafka keeps whatever happens is checked after every event.
use kafkarium_core::kernel::SimTime;
use kafkarium_core::observe::Invariants;
use kafkarium_core::scenario;
use kafkarium_core::share::{Link, LinkScenario, encode};
use kafkarium_core::world::World;
use kafkarium_tests::random::scenario_text;

/// Everything is checked every so many events; in between, what an event touched.
const THOROUGH_EVENTS: u64 = 400;

/// Runs one seed; what broke and when.
fn run(seed: u64) -> Result<(), String> {
    let text = scenario_text(seed);
    let read = scenario::read(&text).map_err(|errors| format!("{errors:?}\n{text}"))?;
    let mut world = World::new(&read, seed);
    let mut invariants = Invariants::default();
    while world.next_event_time().is_some_and(|time| time <= read.duration) {
        world.step();
        let facts = std::mem::take(&mut world.facts);
        let thorough = world.events().is_multiple_of(THOROUGH_EVENTS);
        let checked = invariants.after_event(&world, &facts, thorough);
        if let Err(broken) = checked {
            let link = Link {
                scenario: LinkScenario::Text(text),
                seed,
                commands: Vec::new(),
                moment: SimTime(world.now().0.saturating_sub(1_000_000)),
                selection: String::new(),
                digest: None,
            };
            let link = encode(&link).unwrap_or_else(|error| error.to_string());
            return Err(format!(
                "seed {seed}, {} s: {broken}\n  kafkarium run '#{link}' --until '{} s'",
                world.now(),
                world.now()
            ));
        }
    }
    Ok(())
}

#[test]
fn five_hundred_random_runs_keep_what_kafka_keeps() {
    let failures: Vec<String> = std::thread::scope(|scope| {
        let half = |from: u64| {
            scope
                .spawn(move || (from..=500).step_by(2).filter_map(|seed| run(seed).err()).collect::<Vec<_>>())
        };
        [half(1), half(2)].into_iter().flat_map(|half| half.join().expect("no run panics")).collect()
    });
    assert!(
        failures.is_empty(),
        "{} of 500 runs broke an invariant:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
