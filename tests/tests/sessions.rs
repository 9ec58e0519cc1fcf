//! Moving through a run: the same moment is the same however one came there; acting forks, undoing returns.
use kafkarium_core::history::{Progress, Session};
use kafkarium_core::kernel::{Draws, Purpose, SimTime};
use kafkarium_core::observe::frame_codec::{decode, encode};
use kafkarium_core::observe::report::{StoryLine, Subject};
use kafkarium_core::observe::view::{Frame, FrameOptions};
use kafkarium_core::scenario::{self, Scenario};
use kafkarium_core::world::World;

const WHERE: Purpose = Purpose::new("where to");

fn shipped() -> impl Iterator<Item = Scenario> {
    scenario::shipped().iter().map(|shipped| scenario::read(shipped.text).unwrap())
}

fn open(scenario: &Scenario) -> Session {
    Session::open(scenario.clone(), scenario.seed, Vec::new())
}

fn go(session: &mut Session, ms: u64) {
    assert_eq!(session.advance(SimTime::from_ms(ms), u64::MAX), Progress::Arrived);
    assert_eq!(session.now(), SimTime::from_ms(ms));
}

fn options() -> FrameOptions {
    FrameOptions {
        cells_per_lane: 30,
        flights: true,
        follow_key: Some("user-1".into()),
        internal_topics: false,
    }
}

fn straight(scenario: &Scenario, ms: u64) -> World {
    let mut world = World::new(scenario, scenario.seed);
    assert!(world.run_until(SimTime::from_ms(ms), u64::MAX));
    world
}

#[test]
fn every_shipped_scenario_keeps_its_word() {
    for scenario in shipped() {
        let mut session = open(&scenario);
        go(&mut session, scenario.duration.as_ms());
        let summary = session.summary();
        assert!(!summary.expectations.is_empty(), "{}", scenario.title);
        for expectation in &summary.expectations {
            assert!(
                expectation.holds,
                "{}: {} was {}",
                scenario.title, expectation.text, expectation.measured
            );
        }
        assert_eq!(summary.audit.broken_invariants, [] as [String; 0], "{}", scenario.title);
    }
}

#[test]
fn a_traced_run_has_the_digest_of_a_lean_one() {
    for scenario in shipped() {
        let lean = straight(&scenario, scenario.duration.as_ms());
        let mut traced = World::new(&scenario, scenario.seed);
        traced.set_tracing(true);
        traced.run_until(scenario.duration, u64::MAX);
        assert_eq!(traced.full_digest(), lean.full_digest(), "{}", scenario.title);
    }
}

#[test]
fn a_copy_goes_on_like_its_original() {
    for scenario in shipped() {
        let mut copy = straight(&scenario, 20_500).clone();
        copy.run_until(scenario.duration, u64::MAX);
        assert_eq!(copy.full_digest(), straight(&scenario, scenario.duration.as_ms()).full_digest());
    }
}

#[test]
fn a_moment_is_the_same_however_one_comes_there() {
    let draws = Draws::new(5, "sessions");
    for scenario in shipped() {
        let mut session = open(&scenario);
        for n in 0..25 {
            let ms = u64::from(draws.at(WHERE, n).below(scenario.duration.as_ms() as u32));
            go(&mut session, ms);
            let world = straight(&scenario, ms);
            assert_eq!(session.digest(), world.digest(), "{} at {ms} ms", scenario.title);
            assert_eq!(session.world().full_digest(), world.full_digest(), "{} at {ms} ms", scenario.title);
            let frame = session.frame(SimTime::from_ms(ms.saturating_sub(5)), &options());
            assert_eq!(decode(&encode(&frame)).unwrap(), frame);
        }
    }
}

#[test]
fn slices_lead_to_the_same_moment_and_tell_the_story_once() {
    let scenario = scenario::read(scenario::shipped_named("leader-dies-acks-all").unwrap().text).unwrap();
    let mut whole = open(&scenario);
    go(&mut whole, 60_000);
    let mut sliced = open(&scenario);
    while sliced.advance(SimTime::from_ms(60_000), 700) == Progress::OnTheWay {
        let here = sliced.now().as_ms();
        if here > 30_000 && here.is_multiple_of(7) {
            sliced.advance(SimTime::from_ms(here / 2), u64::MAX);
        }
    }
    assert_eq!(sliced.digest(), whole.digest());
    assert_eq!(sliced.story(0), whole.story(0));
    assert_eq!(sliced.metrics(Subject::Group(0)), whole.metrics(Subject::Group(0)));
    assert_eq!(sliced.timeline(Subject::Partition(50)), whole.timeline(Subject::Partition(50)));
}

#[test]
fn a_command_forks_and_undo_returns() {
    let scenario = shipped().next().unwrap();
    let mut session = open(&scenario);
    go(&mut session, 40_000);
    let (untouched, story) = (session.digest(), session.story(0));
    go(&mut session, 15_000);
    session.act("crash broker 1".parse().unwrap()).unwrap();
    assert_eq!(session.known_until(), SimTime::from_ms(15_000), "what was known beyond is forgotten");
    go(&mut session, 40_000);
    let crashed = session.digest();
    assert_ne!(crashed, untouched);
    assert!(session.story(0).iter().any(|line| line.what.contains("fenced broker 1")));
    assert!(session.act("crash broker 1".parse().unwrap()).is_err(), "it is down already");
    assert_eq!(session.commands().len(), 1);
    assert_eq!(session.undo().unwrap().at, SimTime::from_ms(15_000));
    assert_eq!(session.now(), SimTime::from_ms(15_000));
    go(&mut session, 40_000);
    assert_eq!((session.digest(), session.story(0)), (untouched, story));
    session.redo().unwrap();
    go(&mut session, 40_000);
    assert_eq!(session.digest(), crashed);
    assert!(session.redo().is_none());
}

/// The digest and the story at 40 s.
fn at_forty_seconds(session: &mut Session) -> (u64, Vec<StoryLine>) {
    go(session, 40_000);
    (session.digest(), session.story(0))
}

#[test]
fn a_command_in_the_past_keeps_the_old_future_and_one_can_go_to_and_fro() {
    let scenario = shipped().next().unwrap();
    let mut session = open(&scenario);
    assert!(!session.switch_future(), "there is no other");
    for (ms, command) in [(14_000, "freeze broker 3"), (20_000, "crash broker 1"), (30_000, "start broker 1")]
    {
        go(&mut session, ms);
        session.act(command.parse().unwrap()).unwrap();
    }
    assert_eq!(session.other_future(), None, "every command was given in the present");
    let commands = session.commands().to_vec();
    let old = at_forty_seconds(&mut session);
    go(&mut session, 16_000);
    session.act("crash broker 2".parse().unwrap()).unwrap();
    assert_eq!(session.other_future(), Some((SimTime::from_ms(16_000), &commands[1..])));
    go(&mut session, 25_000);
    session.act("start broker 2".parse().unwrap()).unwrap();
    let new = at_forty_seconds(&mut session);
    let new_commands = session.commands().to_vec();
    assert_ne!(new, old);
    for _ in 0..2 {
        assert!(session.switch_future());
        assert_eq!((session.now(), session.commands()), (SimTime::from_ms(16_000), &commands[..]));
        assert_eq!(session.other_future(), Some((SimTime::from_ms(16_000), &new_commands[1..])));
        assert_eq!(at_forty_seconds(&mut session), old);
        go(&mut session, 16_000);
        assert!(session.switch_future());
        assert_eq!((session.now(), session.commands()), (SimTime::from_ms(40_000), &new_commands[..]));
        assert_eq!(at_forty_seconds(&mut session), new);
    }
    session.forget_other_future();
    assert!(!session.switch_future());
}

#[test]
fn what_was_taken_back_or_only_seen_is_a_future_too() {
    let scenario = shipped().next().unwrap();
    let mut session = open(&scenario);
    go(&mut session, 15_000);
    session.act("crash broker 1".parse().unwrap()).unwrap();
    let crashed = at_forty_seconds(&mut session);
    session.undo().unwrap();
    assert!(session.act("start broker 1".parse().unwrap()).is_err(), "it runs");
    assert_eq!(
        (session.other_future(), session.can_redo()),
        (None, true),
        "what was refused changes nothing"
    );
    session.act("crash broker 2".parse().unwrap()).unwrap();
    assert!(!session.can_redo());
    assert!(session.switch_future());
    assert_eq!(at_forty_seconds(&mut session), crashed);

    let mut session = open(&scenario);
    let untouched = at_forty_seconds(&mut session);
    go(&mut session, 15_000);
    session.act_before(SimTime::from_ms(40_000), "crash broker 1".parse().unwrap()).unwrap();
    assert_eq!(session.other_future(), Some((SimTime::from_ms(15_000), &[][..])), "nothing was done in it");
    session.undo().unwrap();
    assert_eq!(session.other_future(), None, "this is it again");
    session.redo().unwrap();
    assert!(session.switch_future());
    assert_eq!(at_forty_seconds(&mut session), untouched);
}

#[test]
fn a_step_goes_to_the_next_message_and_back() {
    let scenario = shipped().next().unwrap();
    let mut session = open(&scenario);
    go(&mut session, 13_000);
    session.frame(SimTime::from_ms(12_999), &options());
    for _ in 0..20 {
        let before = session.now();
        let next = session.step_time(false).unwrap();
        assert!(next > before);
        session.advance(next, u64::MAX);
        assert!(session.step_time(true).unwrap() < next);
    }
}

/// What a frame says of logs, leaders and groups hangs together.
#[test]
fn an_event_step_goes_to_what_the_story_tells_next_or_told_last() {
    let scenario = shipped().find(|scenario| scenario.title == "A leader dies, acks=1").unwrap();
    let mut session = open(&scenario);
    go(&mut session, 60_000);
    let mut told: Vec<SimTime> =
        session.story(0).iter().filter(|line| line.weight >= 2).map(|line| SimTime(line.time_us)).collect();
    told.dedup();
    let from = told.iter().position(|&time| time > SimTime::from_ms(15_000)).unwrap();
    // Unknown yet: it runs ahead.
    let mut session = open(&scenario);
    go(&mut session, 15_000);
    for &time in &told[from..from + 4] {
        assert_eq!(session.event_time(false), Some(time));
        session.advance(time, u64::MAX);
    }
    for &time in told[from..from + 3].iter().rev() {
        assert_eq!(session.event_time(true), Some(time));
        session.advance(time, u64::MAX);
    }
    let mut calm = open(&shipped().next().unwrap());
    go(&mut calm, 200_000);
    assert_eq!(calm.event_time(false), None);
}

fn check_frame(frame: &Frame) {
    for replica in &frame.replicas {
        let cells = &frame.cells[replica.first_cell as usize..(replica.first_cell + replica.cells) as usize];
        for pair in cells.windows(2) {
            assert_eq!(pair[0].offset + u64::from(pair[0].count), pair[1].offset, "cells follow each other");
        }
        if let Some(last) = cells.last() {
            assert_eq!(last.offset + u64::from(last.count), replica.log_end);
        }
        assert!(replica.high_watermark <= replica.log_end);
    }
    for partition in &frame.partitions {
        let leads = |replica: &&kafkarium_core::observe::view::ReplicaView| {
            replica.partition == partition.partition && replica.broker == partition.leader
        };
        assert!(partition.leader == u32::MAX || frame.replicas.iter().any(|replica| leads(&replica)));
    }
    for flight in &frame.flights {
        assert!(
            flight.start_us <= frame.to_us
                && flight.end_us >= frame.from_us
                && flight.start_us < flight.end_us
        );
    }
}

#[test]
fn frames_hang_together() {
    for scenario in shipped() {
        let mut session = open(&scenario);
        let mut flights = 0;
        for ms in (12_000..45_000).step_by(97) {
            go(&mut session, ms);
            let frame = session.frame(SimTime::from_ms(ms - 97), &options());
            flights += frame.flights.len();
            check_frame(&frame);
        }
        assert!(flights > 1_000, "{}: {flights} messages", scenario.title);
    }
}

#[test]
fn every_offered_command_can_be_done() {
    for scenario in shipped() {
        let mut session = open(&scenario);
        for ms in [13_000, 22_000, 33_000] {
            go(&mut session, ms);
            let subjects = (1..=3).map(Subject::Broker).chain((0..2).map(Subject::Consumer)).chain([
                Subject::Group(0),
                Subject::Producer(0),
                Subject::Partition(50),
                Subject::Replica(50, 2),
                Subject::Cluster,
                Subject::Controller,
            ]);
            for subject in subjects {
                let seen = session.inspect(subject);
                assert!(!seen.title.is_empty() && !seen.sentence.is_empty());
                for offer in seen.commands {
                    let command =
                        offer.command.parse().unwrap_or_else(|error| panic!("{}: {error}", offer.command));
                    session
                        .world()
                        .clone()
                        .apply(&command)
                        .unwrap_or_else(|error| panic!("{command}: {error}"));
                }
            }
        }
    }
}

#[test]
fn a_partition_whose_leader_died_says_so_until_another_is_elected() {
    // In the first one nothing happens by itself.
    let mut session = open(&shipped().next().expect("one ships"));
    go(&mut session, 12_500);
    let image = session.world().controller().image();
    // Topics of users come after `__consumer_offsets`.
    let at = image.partitions.len() as u32 - 1;
    let leader = image.partitions[at as usize].leader.expect("it is warm");
    let has = |session: &mut Session, row: &str| {
        session.inspect(Subject::Partition(at)).state.iter().any(|state| state.name == row)
    };
    let says =
        |session: &mut Session, words: &str| session.inspect(Subject::Partition(at)).sentence.contains(words);
    assert!(says(&mut session, "everybody writes to it") && has(&mut session, "highWatermark"));
    session.act(format!("crash broker {}", leader.0).parse().expect("a command")).expect("it can be done");
    go(&mut session, 13_000);
    assert!(says(&mut session, "does not answer") && !has(&mut session, "highWatermark"));
    go(&mut session, 30_000);
    assert!(says(&mut session, "everybody writes to it") && has(&mut session, "highWatermark"));
}
