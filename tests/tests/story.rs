//! What is told of a run: nothing false, nothing twice, no flood; metrics that mean what Kafka's mean.
use kafkarium_core::history::{Progress, Session};
use kafkarium_core::kernel::SimTime;
use kafkarium_core::scenario::{self, TimedCommand};

fn shipped(name: &str) -> &'static str {
    scenario::shipped().iter().find(|one| one.name == name).expect("it ships").text
}

/// A run of a scenario up to a second, with commands such as `20 s crash broker 1`.
fn run(text: &str, commands: &[(u64, &str)], until_s: u64) -> Session {
    let scenario = scenario::read(text).expect("a faultless text");
    let seed = scenario.seed;
    let timed = commands.iter().map(|(at, command)| TimedCommand {
        at: SimTime::from_secs(*at),
        command: command.parse().expect("a command"),
    });
    let mut session = Session::open(scenario, seed, timed.collect());
    assert_eq!(session.advance(SimTime::from_secs(until_s), u64::MAX), Progress::Arrived);
    session
}

#[test]
fn a_failover_makes_no_jump_in_messages_in() {
    let session = run(shipped("leader-dies-acks-all"), &[], 90);
    let series = session.series();
    let points = &series.iter().find(|one| one.name == "MessagesInPerSec").expect("a metric").points;
    // 20 records a second until the leader's machine dies at 20 s. Its producer waits for an answer until 50 s; the
    // election at 28 s appends nothing.
    let within = |from: u64, to: u64| {
        points.iter().filter(move |&&(at, _)| (from..=to).contains(&(at / 1_000_000))).map(|&(_, rate)| rate)
    };
    assert!(within(2, 20).all(|rate| rate == 20), "{points:?}");
    assert!(within(22, 49).all(|rate| rate == 0), "{points:?}");
    assert!(within(52, 89).all(|rate| rate <= 21), "{points:?}");
    let appended: u64 = points.iter().map(|&(_, rate)| rate).sum();
    let audit = session.audit();
    assert_eq!((audit.lost, audit.duplicated), (0, 0));
    assert!(appended.abs_diff(audit.acknowledged) <= 40, "{appended} of {}", audit.acknowledged);
}
