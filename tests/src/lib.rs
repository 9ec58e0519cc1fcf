//! What several tests here begin with: a shipped scenario, run to a moment with commands of their own; a cluster on a
//! stage; random clusters; the recordings of real Kafka.
pub mod random;
pub mod recordings;
pub mod stage;

use kafkarium_core::history::{Progress, Session};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::scenario::{self, TimedCommand};

/// The text of a scenario that ships.
pub fn shipped(name: &str) -> &'static str {
    scenario::shipped_named(name).expect("it ships").text
}

/// A run to a second, with commands such as `(20, "crash broker 1")`.
pub fn run(text: &str, commands: &[(u64, &str)], until_s: u64) -> Session {
    let scenario = scenario::read(text).unwrap_or_else(|errors| panic!("{}", errors[0]));
    let seed = scenario.seed;
    let timed = commands.iter().map(|(at_s, command)| TimedCommand {
        at: SimTime::from_secs(*at_s),
        command: command.parse().expect("a command"),
    });
    let mut session = Session::open(scenario, seed, timed.collect());
    go(&mut session, SimTime::from_secs(until_s));
    session
}

/// Commands to [`run`] website-activity with, to 50 s, that have a record written twice: the answer to a producer without
/// idempotence comes after its patience ended.
pub const WRITTEN_TWICE: [(u64, &str); 4] = [
    (13, "set producer web-1 enable.idempotence = false"),
    (14, "set producer web-1 request.timeout.ms = 1000"),
    (20, "slow links of broker 1 by 600 ms"),
    (24, "heal links of broker 1"),
];

/// Goes to a moment.
pub fn go(session: &mut Session, to: SimTime) {
    assert_eq!(session.advance(to, u64::MAX), Progress::Arrived);
}
