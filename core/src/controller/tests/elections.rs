//! Who leads after what: the worked cases, ELR, unclean and preferred elections.
use super::*;
use crate::trace::ChangeCause;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The leader sets the ISR.
    Isr(&'static [u32]),
    /// The broker is fenced.
    Fence(u32),
    /// A fenced broker that lived on is unfenced.
    Unfence(u32),
    /// A new process after a crash registers, and is not unfenced yet.
    Crash(u32),
    /// A new process after a clean stop registers, and is not unfenced yet.
    Clean(u32),
}

/// Replicas [1, 2, 3] with ELR on; what the partition looks like in the end.
#[test]
fn partitions_change_as_worked_out() {
    use Step::{Clean, Crash, Fence, Isr, Unfence};
    let cases: &[(TopicConfig, &[Step], &str)] = &[
        // Fencing the leader, a follower.
        (min_isr(1), &[Fence(1)], "leader 2 isr [2, 3] elr [] last [] epochs 1/1"),
        (min_isr(1), &[Fence(3)], "leader 1 isr [1, 2] elr [] last [] epochs 0/1"),
        // The last of the ISR goes.
        (min_isr(1), &[Isr(&[1]), Fence(1)], "leader -1 isr [] elr [1] last [1] epochs 1/2"),
        (unclean(1), &[Isr(&[1]), Fence(1)], "leader 2 isr [2] elr [] last [] epochs 1/2 recovering"),
        // Below min.insync.replicas who leaves stays eligible.
        (min_isr(2), &[Fence(1), Fence(2)], "leader 3 isr [3] elr [2] last [] epochs 2/2"),
        (min_isr(2), &[Fence(1), Fence(2), Fence(3)], "leader -1 isr [] elr [2, 3] last [3] epochs 3/3"),
        // Back comes an eligible one: elected cleanly, the other stays eligible.
        (
            min_isr(2),
            &[Fence(1), Fence(2), Fence(3), Unfence(2)],
            "leader 2 isr [2] elr [3] last [] epochs 4/4",
        ),
        // Back comes one that is not: nothing changes.
        (
            min_isr(2),
            &[Fence(1), Fence(2), Fence(3), Unfence(1)],
            "leader -1 isr [] elr [2, 3] last [3] epochs 3/3",
        ),
        // Unfencing never adds to an ISR that is led.
        (min_isr(2), &[Fence(3), Unfence(3)], "leader 1 isr [1, 2] elr [] last [] epochs 0/1"),
        // A clean restart keeps its place in the ELR, a crash costs it.
        (min_isr(2), &[Fence(1), Fence(2), Clean(2)], "leader 3 isr [3] elr [2] last [] epochs 2/2"),
        (min_isr(2), &[Fence(1), Fence(2), Crash(2)], "leader 3 isr [3] elr [] last [] epochs 2/3"),
        (
            min_isr(2),
            &[Fence(1), Fence(2), Fence(3), Crash(2)],
            "leader -1 isr [] elr [3] last [3] epochs 3/4",
        ),
        // The eligible are gone but the last leader returns: elected, as uncleanly.
        (
            min_isr(1),
            &[Isr(&[1]), Fence(1), Crash(1), Unfence(1)],
            "leader 1 isr [1] elr [] last [] epochs 2/4 recovering",
        ),
        // The ISR grows to min.insync.replicas: the ELR is empty again.
        (
            min_isr(2),
            &[Fence(1), Fence(2), Unfence(2), Isr(&[2, 3])],
            "leader 3 isr [2, 3] elr [] last [] epochs 2/3",
        ),
        // min.insync.replicas counts up to the replication factor only.
        (min_isr(9), &[Fence(3)], "leader 1 isr [1, 2] elr [3] last [] epochs 0/1"),
        // An unclean election at events, where the topic allows it.
        (
            unclean(1),
            &[Isr(&[1]), Fence(2), Fence(3), Fence(1), Unfence(3)],
            "leader 3 isr [3] elr [] last [] epochs 2/3 recovering",
        ),
        // An allowed unclean election is no worse than needed.
        (unclean(1), &[Fence(1)], "leader 2 isr [2, 3] elr [] last [] epochs 1/1"),
    ];
    for (config, steps, expected) in cases {
        let mut room = Room::with_topic(config.clone());
        for &step in *steps {
            match step {
                Isr(isr) => room.set_isr(isr),
                Fence(broker) => room.fence(broker),
                Unfence(broker) => assert!(!room.beat(broker).expect("is known").is_fenced),
                Crash(broker) | Clean(broker) => {
                    let before = room.epoch(broker);
                    end_session(&mut room, broker);
                    let previous = matches!(step, Clean(_)).then_some(before);
                    assert!(room.register(broker, previous).expect("registers") > before);
                }
            }
        }
        assert_eq!(line(&room.partition(P0)), *expected, "{config:?} {steps:?}");
    }
}

/// As if the fenced broker had been silent for long.
fn end_session(room: &mut Room, broker: u32) {
    assert!(room.is_fenced(broker));
    room.controller.brokers[broker as usize - 1].contact = None;
}

#[test]
fn an_unclean_registration_that_finds_the_isr_full_leaves_it_uncleanly() {
    // The session ended but no check has fenced the broker: it is still in the ISR, alone.
    for (clean, expected) in [
        (true, "leader -1 isr [] elr [1] last [1] epochs 1/2"),
        (false, "leader -1 isr [] elr [] last [1] epochs 1/2"),
    ] {
        let mut room = Room::with_topic(min_isr(1));
        room.set_isr(&[1]);
        room.controller.brokers[0].contact = None;
        let previous = clean.then_some(room.epoch(1));
        room.register(1, previous).expect("registers");
        assert_eq!(line(&room.partition(P0)), expected);
    }
}

#[test]
fn only_the_epoch_that_was_registered_proves_a_clean_stop() {
    let mut room = Room::with_topic(min_isr(2));
    room.fence(1);
    room.fence(2);
    end_session(&mut room, 2);
    let wrong = room.epoch(2) - 1;
    room.register(2, Some(wrong)).expect("registers");
    assert_eq!(room.partition(P0).elr, ids(&[]));
}

#[test]
fn every_change_is_a_fact_with_its_cause() {
    let mut room = Room::with_topic(unclean(1));
    room.set_isr(&[1]);
    room.fence(1);
    room.fence(2);
    room.fence(3);
    room.beat(2).expect("is known");
    let causes: Vec<_> = room
        .facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::PartitionChanged { partition: P0, before, after, cause } => {
                assert_eq!(after.partition_epoch, before.partition_epoch + 1);
                Some(*cause)
            }
            _ => None,
        })
        .collect();
    let [one, two, three] = [1, 2, 3].map(BrokerId);
    let expected = [
        ChangeCause::LeaderAsked(one),
        ChangeCause::Fenced(one),
        ChangeCause::Fenced(two),
        ChangeCause::Fenced(three),
        ChangeCause::Unfenced(two),
    ];
    assert_eq!(causes, expected);
    // Being fenced is told before what it brought.
    let at = |wanted: &dyn Fn(&Fact) -> bool| room.facts.iter().position(wanted);
    let fenced = at(&|fact| matches!(fact, Fact::BrokerFenced { broker: BrokerId(1), .. }));
    let changed = at(&|fact| matches!(fact, Fact::PartitionChanged { cause: ChangeCause::Fenced(_), .. }));
    assert!(fenced < changed);
}

#[test]
fn allowing_unclean_elections_elects_at_the_next_periodic_run() {
    let mut room = Room::with_topic(min_isr(1));
    room.create("strict", min_isr(1), &[&[1, 2, 3]]);
    for at in [P0, TopicPartition(1)] {
        let proposal = room.proposal_for(at, &[1]);
        assert_eq!(room.propose(proposal), ErrorCode::None);
    }
    room.fence(1);
    room.controller.alter_topic_config(room.now, TopicId(0), Arc::new(unclean(1)), &mut room.fx);
    room.take();
    assert_eq!(room.partition(P0).leader, None, "not by the change itself");
    room.live_to(299_999, &[2, 3]);
    assert_eq!(room.partition(P0).leader, None);
    room.run_to(300_000);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2] elr [] last [] epochs 2/3 recovering");
    assert_eq!(room.partition(TopicPartition(1)).leader, None, "its topic does not allow it");
    let caused =
        |fact: &Fact| matches!(fact, Fact::PartitionChanged { cause: ChangeCause::UncleanElection, .. });
    assert_eq!(room.facts.iter().filter(|fact| caused(fact)).count(), 1);
}

#[test]
fn preferred_leaders_return_every_five_minutes() {
    let mut room = Room::with_topic(min_isr(1));
    room.create("u", min_isr(1), &[&[1, 2], &[2, 1], &[1, 3]]);
    room.fence(1);
    room.beat(1).expect("is known");
    // Broker 1 is back in two of its ISRs.
    for (at, isr) in [(0, &[2, 1, 3][..]), (1, &[2, 1])] {
        let proposal = room.proposal_for(TopicPartition(at), isr);
        assert_eq!(room.propose(proposal), ErrorCode::None);
    }
    room.live_to(299_999, &[1, 2, 3]);
    assert_eq!(room.partition(P0).leader, Some(BrokerId(2)));
    room.run_to(300_000);
    let leaders = [0, 1, 2, 3].map(|at| room.partition(TopicPartition(at)).leader.map(|leader| leader.0));
    assert_eq!(leaders, [Some(1), Some(1), Some(2), Some(3)], "the last has not got broker 1 in its ISR");
    assert_eq!(line(&room.partition(P0)), "leader 1 isr [2, 1, 3] elr [] last [] epochs 2/3");
    let caused =
        |fact: &&Fact| matches!(fact, Fact::PartitionChanged { cause: ChangeCause::PreferredElection, .. });
    assert_eq!(room.facts.iter().filter(caused).count(), 2);
}

#[test]
fn preferred_leaders_stay_away_when_told_to() {
    let config = BrokerConfig { auto_leader_rebalance_enable: false, ..BrokerConfig::default() };
    let mut room = Room::with_topic(min_isr(1));
    room.controller.alter_broker_config(room.now, Arc::new(config), &mut room.fx);
    room.fence(1);
    room.beat(1).expect("is known");
    room.set_isr(&[1, 2, 3]);
    room.live_to(310_000, &[1, 2, 3]);
    assert_eq!(room.partition(P0).leader, Some(BrokerId(2)));
}

#[test]
fn a_thousand_elections_a_run_the_rest_a_moment_later() {
    let mut room = Room::new(2);
    let lists: Vec<&[u32]> = vec![&[1, 2]; 1_500];
    room.create("many", min_isr(1), &lists);
    room.fence(1);
    room.beat(1).expect("is known");
    for at in 0..1_500 {
        let proposal = room.proposal_for(TopicPartition(at), &[1, 2]);
        assert_eq!(room.propose(proposal), ErrorCode::None);
    }
    let led = |room: &Room| {
        let one = |at: &u32| room.partition(TopicPartition(*at)).leader == Some(BrokerId(1));
        (0..1_500).filter(one).count()
    };
    room.live_to(300_000, &[1, 2]);
    assert_eq!(led(&room), 1_000);
    room.run_to(300_009);
    assert_eq!(led(&room), 1_000);
    room.run_to(300_010);
    assert_eq!(led(&room), 1_500);
}

#[test]
fn the_brokers_min_insync_replicas_clears_the_elr_of_topics_without_their_own() {
    let brokers = BrokerConfig::default().with("min.insync.replicas", "2").expect("legal");
    let own = vec![("min.insync.replicas".to_owned(), "2".to_owned())];
    let mut room = Room::with_topic(TopicConfig::default().under(&brokers));
    let (own, _) = TopicConfig::from_pairs(&own, &brokers).expect("legal");
    room.create("own", own, &[&[1, 2, 3]]);
    room.controller.alter_broker_config(room.now, Arc::new(brokers.clone()), &mut room.fx);
    for broker in [1, 2] {
        room.fence(broker);
    }
    assert_eq!(room.partition(P0).elr, ids(&[2]));
    let brokers = brokers.with("min.insync.replicas", "1").expect("legal");
    room.controller.alter_broker_config(room.now, Arc::new(brokers), &mut room.fx);
    room.take();
    assert_eq!(room.controller.image().min_insync_replicas(P0), 1);
    assert_eq!(line(&room.partition(P0)), "leader 3 isr [3] elr [] last [] epochs 2/3");
    assert_eq!(room.controller.image().min_insync_replicas(TopicPartition(1)), 2);
    assert_eq!(room.partition(TopicPartition(1)).elr, ids(&[2]), "its own stays");
}

#[test]
fn another_min_insync_replicas_clears_the_elr_of_its_topic() {
    let mut room = Room::with_topic(min_isr(2));
    room.create("other", min_isr(2), &[&[1, 2, 3]]);
    for broker in [1, 2] {
        room.fence(broker);
    }
    let offset = room.controller.image().offset;
    let mut same = min_isr(2);
    same.retention_ms = 1;
    room.controller.alter_topic_config(room.now, TopicId(0), Arc::new(same.clone()), &mut room.fx);
    room.take();
    assert_eq!(room.partition(P0).elr, ids(&[2]), "another key changes nothing");
    assert_eq!(room.controller.image().offset, offset + 1);
    room.controller.alter_topic_config(room.now, TopicId(0), Arc::new(same), &mut room.fx);
    assert_eq!(room.controller.image().offset, offset + 1, "nothing changed, nothing is written");
    room.controller.alter_topic_config(room.now, TopicId(0), Arc::new(min_isr(1)), &mut room.fx);
    room.take();
    assert_eq!(line(&room.partition(P0)), "leader 3 isr [3] elr [] last [] epochs 2/3");
    assert_eq!(room.partition(TopicPartition(1)).elr, ids(&[2]), "the other topic's stays");
    assert!(matches!(
        room.facts.last(),
        Some(Fact::PartitionChanged { cause: ChangeCause::MinInsyncReplicas, .. })
    ));
    assert_eq!(room.controller.image().min_insync_replicas(P0), 1);
}
