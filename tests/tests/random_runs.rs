//! Random clusters under random faults: what real Kafka keeps whatever happens is checked after every event.
use kafkarium_core::kernel::{Draws, Purpose, SimTime};
use kafkarium_core::observe::Invariants;
use kafkarium_core::scenario;
use kafkarium_core::share::{Link, LinkScenario, encode};
use kafkarium_core::world::World;
use std::fmt::Write;

const WHAT: Purpose = Purpose::new("random run");
/// Everything is checked every so many events; in between, what an event touched.
const THOROUGH_EVENTS: u64 = 400;

/// Draws for one run: the n-th thing asked for is the same whatever was asked before.
struct Luck {
    draws: Draws,
    asked: u64,
}

impl Luck {
    fn new(seed: u64) -> Self {
        Luck { draws: Draws::new(seed, "random runs"), asked: 0 }
    }

    fn below(&mut self, below: u32) -> u32 {
        self.asked += 1;
        self.draws.at(WHAT, self.asked).below(below)
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u32) as usize]
    }
}

/// A small cluster with some load, and faults between the 8th and the 50th second.
fn scenario_text(seed: u64) -> String {
    let mut luck = Luck::new(seed);
    let brokers = 1 + luck.below(5);
    let factor = 1 + luck.below(brokers.min(3));
    let min = 1 + luck.below(factor);
    let mut text = format!(
        "format = 1\ntitle = \"random {seed}\"\nabout = \"A random cluster.\"\nseed = {seed}\nwarm-up = \"8 s\"\nduration = \"60 s\"\n\n\
         [cluster]\nbrokers = {brokers}\nracks = [\"a\", \"b\", \"c\"]\n[cluster.config]\n\
         leader.imbalance.check.interval.seconds = 10\nreplica.lag.time.max.ms = 5000\n\n"
    );
    let unclean = luck.below(4) == 0;
    for topic in 0..1 + luck.below(2) {
        let partitions = 1 + luck.below(4);
        write!(
            text,
            "[[topic]]\nname = \"t{topic}\"\npartitions = {partitions}\nreplication-factor = {factor}\n[topic.config]\n\
             min.insync.replicas = {min}\nunclean.leader.election.enable = {unclean}\n\n"
        )
        .unwrap();
        let acks = luck.one_of(&["0", "1", "all", "all"]);
        let keys = luck.one_of(&["none", "uniform 20", "zipf 20 1.1"]);
        let rate = luck.one_of(&["5/s", "poisson 30/s", "poisson 100/s"]);
        let idempotence = if acks == "all" { luck.one_of(&["true", "false"]) } else { "false" };
        write!(
            text,
            "[[producer]]\nname = \"p{topic}\"\ntopic = \"t{topic}\"\nrate = \"{rate}\"\nkeys = \"{keys}\"\nvalue-bytes = \"50..400\"\n\
             [producer.config]\nacks = \"{acks}\"\nenable.idempotence = {idempotence}\nrequest.timeout.ms = 4000\n\
             delivery.timeout.ms = 20000\n\n"
        )
        .unwrap();
        let members = 1 + luck.below(3);
        let reset = luck.one_of(&["earliest", "latest"]);
        write!(
            text,
            "[[group]]\nname = \"g{topic}\"\ntopics = [\"t{topic}\"]\nmembers = {members}\nprocessing = \"1 ms\"\n\
             [group.config]\nauto.offset.reset = \"{reset}\"\nsession.timeout.ms = 8000\n\n"
        )
        .unwrap();
    }
    let mut at_s = 8;
    for _ in 0..3 + luck.below(6) {
        at_s += luck.below(8);
        let broker = 1 + luck.below(brokers);
        let command = match luck.below(12) {
            0 => format!("crash broker {broker}"),
            1 => format!("crash machine of broker {broker}"),
            2 => format!("stop broker {broker}"),
            3 => format!("freeze broker {broker}"),
            4 => format!("thaw broker {broker}"),
            5..=7 => format!("start broker {broker}"),
            8 => format!("cut links of broker {broker}"),
            9 => format!("heal links of broker {broker}"),
            10 => format!("slow links of broker {broker} by {} ms", 1 + luck.below(800)),
            _ => "add consumer to g0".to_owned(),
        };
        write!(text, "[[timeline]]\nat = \"{} s\"\ndo = \"{command}\"\n\n", at_s.min(50)).unwrap();
    }
    text
}

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
