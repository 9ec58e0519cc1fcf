//! Random clusters under random faults, as scenarios: the same seed is the same text.
use kafkarium_core::kernel::{Draws, Purpose};
use std::fmt::Write;

const WHAT: Purpose = Purpose::new("random run");

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
pub fn scenario_text(seed: u64) -> String {
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
