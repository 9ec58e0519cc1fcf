//! Who leads next: when the controller learns of an end, whom it chooses, and what an unclean choice costs.
use crate::stage::{PLAIN, Setting, Stage, TYPIST, ids};
use kafkarium_core::history::Session;
use kafkarium_core::kernel::SimTime;
use kafkarium_core::metadata::PartitionRegistration;
use kafkarium_core::observe::report::StoryKind;
use kafkarium_core::scenario;
use kafkarium_core::trace::{ChangeCause, Fact};

const FLOWING: &str = "[[producer]]\nrate = \"20/s\"\n";

/// Elections of `orders-0`: when, whom, in which epoch, why.
fn elections(stage: &Stage) -> Vec<(u64, (u32, u32, ChangeCause))> {
    let orders = stage.partition(0);
    let leader = |registration: &PartitionRegistration| registration.leader.map_or(0, |leader| leader.0);
    stage.tell(|fact| match fact {
        Fact::PartitionChanged { partition, before, after, cause } if *partition == orders => {
            (leader(before) != leader(after)).then(|| (leader(after), after.leader_epoch, *cause))
        }
        _ => None,
    })
}

#[test]
fn the_controller_learns_of_every_silent_end_by_the_session_alone() {
    let mut fenced_at = Vec::new();
    for fault in ["crash broker 1", "crash machine of broker 1", "freeze broker 1", "cut links of broker 1"] {
        let mut stage = Setting { rest: FLOWING, ..PLAIN }.up();
        stage.go(10_000);
        stage.act(fault);
        stage.go_until(12_000, |stage| stage.is_fenced(1));
        let fenced = stage.now_ms();
        let last_contact = stage.tell(|fact| match fact {
            Fact::BrokerFenced { last_contact, .. } => Some(last_contact.expect("silent").as_ms()),
            _ => None,
        })[0];
        // Heartbeats every 2 s, sessions of 9 s, looked at every 1.125 s.
        assert!((8_000..=10_000).contains(&last_contact.1), "{fault}: last heard at {}", last_contact.1);
        assert!(
            (9_000..=10_126).contains(&(fenced - last_contact.1)),
            "{fault}: {}",
            fenced - last_contact.1
        );
        assert_eq!((stage.leader(0), stage.isr(0), stage.epoch(0)), (2, vec![2, 3], 1), "{fault}");
        assert_eq!(
            elections(&stage),
            [(fenced, (2, 1, ChangeCause::Fenced(stage.registration(0).replicas[0])))]
        );
        fenced_at.push(fenced);
    }
    assert_eq!(fenced_at, [fenced_at[0]; 4], "how it fell silent makes no difference to the controller");
}

#[test]
fn shorter_sessions_are_noticed_sooner() {
    let cluster = "broker.session.timeout.ms = 3000\nbroker.heartbeat.interval.ms = 500";
    let mut stage = Setting { cluster, rest: FLOWING, ..PLAIN }.up();
    stage.go(10_000);
    stage.act("crash broker 1");
    let fenced = stage.go_until(12_000, |stage| stage.is_fenced(1));
    assert!((12_500..=13_400).contains(&fenced), "{fenced}");
}

#[test]
fn the_next_leader_is_the_first_replica_in_sync_by_replica_order() {
    let placed = Setting { brokers: 4, placement: "[[2, 4, 1, 3]]", rest: FLOWING, ..PLAIN };
    let mut stage = placed.up();
    assert_eq!((stage.leader(0), stage.isr(0)), (2, vec![2, 4, 1, 3]));
    stage.act("crash broker 2");
    stage.go_until(12_000, |stage| stage.leader(0) != 2);
    assert_eq!(stage.leader(0), 4, "not the lowest number");
    let mut stage = placed.up();
    stage.act("crash broker 4");
    stage.go_until(12_000, |stage| stage.is_fenced(4));
    assert_eq!((stage.leader(0), stage.epoch(0)), (2, 0), "a follower's end is no election");
    stage.act("crash broker 2");
    stage.go_until(12_000, |stage| stage.leader(0) != 2);
    assert_eq!((stage.leader(0), stage.epoch(0)), (1, 1), "4 is not in sync any more");
}

#[test]
fn the_preferred_leader_returns_by_the_rebalance_and_only_then() {
    for (enabled, leader) in [(true, 1), (false, 2)] {
        let cluster =
            format!("leader.imbalance.check.interval.seconds = 60\nauto.leader.rebalance.enable = {enabled}");
        let mut stage = Setting { cluster: &cluster, rest: FLOWING, ..PLAIN }.up();
        stage.act("crash broker 1");
        stage.go(20_000);
        stage.act("start broker 1");
        stage.go(59_000);
        assert_eq!((stage.leader(0), stage.isr(0)), (2, vec![1, 2, 3]), "in sync for long, and follows");
        stage.go(62_000);
        assert_eq!(stage.leader(0), leader);
        if enabled {
            let (at, last) = *elections(&stage).last().unwrap();
            assert_eq!(last, (1, 2, ChangeCause::PreferredElection));
            assert!((60_000..60_100).contains(&at), "{at}");
        }
        stage.go(70_000);
        assert_eq!(stage.audit().lost, 0);
    }
}

#[test]
fn a_crashed_broker_that_starts_again_waits_for_its_own_session_to_end() {
    let mut stage = Setting { rest: FLOWING, ..PLAIN }.up();
    stage.go(10_000);
    stage.act("crash broker 1");
    stage.go_on(500);
    stage.act("start broker 1");
    stage.go(16_000);
    let registered = |fact: &Fact| matches!(fact, Fact::BrokerRegistered { broker } if broker.0 == 1);
    assert_eq!(stage.count(registered), 1, "the controller takes it for a second broker 1");
    stage.go(23_000);
    assert_eq!(stage.count(registered), 2);
    let again = stage.first(10_000, registered);
    assert!((17_000..=21_200).contains(&again), "{again}");
    assert_eq!(stage.isr(0), [1, 2, 3]);
    assert_eq!((stage.leader(0), stage.epoch(0)), (2, 1), "it leads no more");
}

#[test]
fn the_last_in_sync_is_waited_for_without_unclean_elections() {
    let mut stage = lonely_leader("unclean.leader.election.enable = false");
    stage.act("crash broker 1");
    stage.go_until(12_000, |stage| stage.leader(0) == 0);
    assert_eq!((stage.isr(0), stage.elr(0)), (vec![], vec![1]), "eligible, should it come back whole");
    stage.act("heal links of broker 2");
    stage.act("heal links of broker 3");
    stage.go_on(30_000);
    assert_eq!(stage.leader(0), 0, "2 and 3 live, but lack records");
    let acknowledged = stage.acknowledged();
    stage.act("start broker 1");
    stage.go_until(20_000, |stage| stage.leader(0) == 1);
    stage.go_on(20_000);
    assert_eq!(stage.isr(0), [1, 2, 3]);
    assert!(stage.acknowledged() > acknowledged);
    assert_eq!(stage.audit().lost, 0);
    stage.logs_agree(0);
}

#[test]
fn an_unclean_election_needs_its_key_and_loses_records() {
    let mut stage = lonely_leader("unclean.leader.election.enable = true");
    let alone_from = stage.log_end(2);
    stage.act("crash broker 1");
    stage.act("heal links of broker 2");
    stage.act("heal links of broker 3");
    let elected = stage.go_until(12_000, |stage| stage.leader(0) != 1);
    assert_eq!((stage.leader(0), stage.isr(0)), (2, vec![2]), "the first alive, alone in the ISR");
    let before = stage.log_end(1);
    assert!(before > alone_from, "1 had more");
    stage.go_on(10_000);
    let lost = stage.audit().lost;
    assert_eq!(lost, before - alone_from, "what only 1 had, although acknowledged");
    assert!(!stage.registration(0).recovering, "the leader says that it recovered");
    stage.act("start broker 1");
    stage.go_on(30_000);
    let cut = stage.tell(|fact| match fact {
        Fact::Truncated { broker, to, .. } if broker.0 == 1 => Some(*to),
        _ => None,
    });
    assert_eq!(cut.iter().map(|&(_, to)| to).collect::<Vec<_>>(), [alone_from]);
    assert!(cut[0].0 > elected);
    stage.act("set rate of producer-1 to 0/s");
    stage.go_on(2_000);
    stage.logs_agree(0);
}

/// Broker 1 leads alone: 2 and 3 are cut off (and fenced), while acknowledged records came.
fn lonely_leader(topic: &str) -> Stage {
    let mut stage = Setting { topic, rest: FLOWING, ..PLAIN }.up();
    stage.go(4_000);
    stage.act("cut links of broker 2");
    stage.act("cut links of broker 3");
    stage.go_until(15_000, |stage| stage.isr(0) == [1]);
    let acknowledged = stage.acknowledged();
    stage.go_on(5_000);
    assert!(stage.acknowledged() >= acknowledged + 90, "min.insync.replicas is 1");
    stage
}

#[test]
fn an_eligible_replica_outside_the_isr_leads_when_the_isr_is_empty() {
    let topic = "min.insync.replicas = 2";
    let mut stage = Setting { topic, rest: FLOWING, ..PLAIN }.up();
    stage.go(4_000);
    stage.act("freeze broker 3");
    stage.go_until(15_000, |stage| stage.isr(0) == [1, 2]);
    stage.act("freeze broker 2");
    stage.go_until(15_000, |stage| stage.isr(0) == [1]);
    assert_eq!(stage.elr(0), [2]);
    stage.act("crash broker 1");
    stage.go_until(15_000, |stage| stage.leader(0) == 0);
    assert_eq!((stage.isr(0), stage.elr(0)), (vec![], vec![1, 2]));
    assert_eq!(ids(&stage.registration(0).last_known_elr), [1]);
    stage.act("thaw broker 3");
    stage.go_on(5_000);
    assert_eq!((stage.is_fenced(3), stage.leader(0)), (false, 0), "3 may lack committed records");
    stage.act("thaw broker 2");
    stage.go_until(5_000, |stage| stage.leader(0) == 2);
    assert_eq!((stage.isr(0), stage.elr(0)), (vec![2], vec![1]));
    assert!(!stage.registration(0).recovering, "a clean election: nothing committed is missing");
    stage.act("start broker 1");
    stage.go_until(30_000, |stage| stage.isr(0) == [1, 2, 3]);
    stage.go_on(5_000);
    assert_eq!(stage.audit().lost, 0);
}

#[test]
fn a_broker_that_comes_back_from_a_crash_is_eligible_no_more() {
    let topic = "min.insync.replicas = 2";
    let mut stage = Setting { topic, rest: TYPIST, ..PLAIN }.up();
    stage.act("crash broker 3");
    stage.go_until(15_000, |stage| stage.isr(0) == [1, 2]);
    stage.act("crash broker 2");
    stage.go_until(15_000, |stage| stage.isr(0) == [1]);
    assert_eq!(stage.elr(0), [2]);
    stage.act("freeze broker 1");
    stage.go_until(15_000, |stage| stage.leader(0) == 0);
    assert_eq!(stage.elr(0), [1, 2]);
    stage.act("start broker 2");
    stage.go_until(5_000, |stage| !stage.is_fenced(2));
    assert_eq!((stage.leader(0), stage.elr(0)), (0, vec![1]), "its log may have lost its end");
}

#[test]
fn an_unclean_election_allowed_later_comes_with_its_interval() {
    let cluster = "unclean.leader.election.interval.ms = 40000";
    let mut stage = Setting { cluster, rest: FLOWING, placement: "[[1, 2]]", brokers: 2, ..PLAIN }.up();
    stage.act("freeze broker 2");
    stage.go_until(15_000, |stage| stage.isr(0) == [1]);
    stage.act("crash broker 1");
    stage.go_until(15_000, |stage| stage.leader(0) == 0);
    stage.act("thaw broker 2");
    stage.go_until(5_000, |stage| !stage.is_fenced(2));
    stage.act("set topic orders unclean.leader.election.enable = true");
    stage.go(39_900);
    assert_eq!(stage.leader(0), 0);
    stage.go(40_200);
    assert_eq!(stage.leader(0), 2);
    assert_eq!(elections(&stage).last().unwrap().1.2, ChangeCause::UncleanElection);
}

#[test]
fn the_story_says_of_an_unclean_election_that_it_is_one() {
    for (unclean, why) in [(true, "not in sync"), (false, "It led last")] {
        let topic = format!("unclean.leader.election.enable = {unclean}");
        let text = Setting { topic: &topic, rest: FLOWING, ..PLAIN }.text();
        let mut session = Session::open(scenario::read(&text).unwrap(), 1, Vec::new());
        for (at_s, command) in [
            (4, "freeze broker 2"),
            (4, "freeze broker 3"),
            (20, "crash broker 1"),
            (20, "thaw broker 2"),
            (20, "thaw broker 3"),
            (40, "start broker 1"),
        ] {
            session.advance(SimTime::from_secs(at_s), u64::MAX);
            session.act(command.parse().unwrap()).unwrap();
        }
        session.advance(SimTime::from_secs(60), u64::MAX);
        let story = session.story(0);
        let told = story.iter().any(|line| line.kind == StoryKind::Leader && line.why.contains(why));
        assert!(told, "{unclean}: {story:#?}");
    }
}
