//! Registration, the heartbeat state machine, sessions, controlled shutdown.
use super::*;
use crate::controller::decision::Decision;
use crate::metadata::MetadataRecord;
use crate::trace::ChangeCause;

#[test]
fn a_broker_starts_fenced_and_is_unfenced_once_it_has_seen_itself() {
    let mut room = Room::new(0);
    let epoch = room.register(1, None).expect("registers");
    assert_eq!(epoch, 1, "the offset of its record");
    assert!(room.is_fenced(1));
    let behind = BrokerHeartbeatRequest { metadata_offset: epoch, ..room.request(1) };
    let answer = room.heartbeat(behind).expect("is known");
    assert!(!answer.is_caught_up && answer.is_fenced && !answer.should_shutdown);
    let not_ready = BrokerHeartbeatRequest { want_fence: true, ..room.request(1) };
    let answer = room.heartbeat(not_ready).expect("is known");
    assert!(answer.is_caught_up && answer.is_fenced);
    let caught_up = BrokerHeartbeatRequest { metadata_offset: epoch + 1, ..room.request(1) };
    let answer = room.heartbeat(caught_up).expect("is known");
    assert!(answer.is_caught_up && !answer.is_fenced);
    assert!(!room.is_fenced(1));
    assert!(matches!(room.facts[..], [Fact::BrokerRegistered { .. }, Fact::BrokerUnfenced { .. }]));
}

#[test]
fn a_heartbeat_that_changes_nothing_writes_nothing() {
    let mut room = Room::with_topic(min_isr(1));
    let offset = room.controller.image().offset;
    let facts = room.facts.len();
    room.beat(1).expect("is known");
    assert_eq!((room.controller.image().offset, room.facts.len()), (offset, facts));
}

#[test]
fn the_wrong_epoch_is_stale() {
    let mut room = Room::new(1);
    let stale = BrokerHeartbeatRequest { epoch: room.epoch(1) + 1, ..room.request(1) };
    assert_eq!(room.heartbeat(stale).err(), Some(ErrorCode::StaleBrokerEpoch));
    let unknown = BrokerHeartbeatRequest { epoch: 0, ..room.request(9) };
    assert_eq!(room.heartbeat(unknown).err(), Some(ErrorCode::StaleBrokerEpoch));
    // Nor does it keep the session alive.
    room.run_to(8_000);
    room.heartbeat(stale).expect_err("is stale");
    room.run_to(11_000);
    assert!(room.is_fenced(1));
}

/// (fenced before, wantFence, wantShutDown) -> (fenced, should shut down), of a broker that leads nothing.
#[test]
fn what_a_heartbeat_leads_to_without_leaderships() {
    for (was_fenced, want_fence, want_shutdown, is_fenced, should_shutdown) in [
        (true, false, false, false, false),
        (true, true, false, true, false),
        (true, false, true, true, true),
        (true, true, true, true, true),
        (false, false, false, false, false),
        (false, true, false, true, false),
        (false, false, true, true, true),
        (false, true, true, true, true),
    ] {
        let mut room = Room::new(1);
        if was_fenced {
            room.fence(1);
        }
        let request = BrokerHeartbeatRequest { want_fence, want_shutdown, ..room.request(1) };
        let answer = room.heartbeat(request).expect("is known");
        let case = (was_fenced, want_fence, want_shutdown);
        assert_eq!((answer.is_fenced, answer.should_shutdown), (is_fenced, should_shutdown), "{case:?}");
        assert_eq!(room.is_fenced(1), is_fenced, "{case:?}");
    }
}

#[test]
fn a_leader_that_wants_fence_and_shutdown_goes_at_once() {
    let mut room = Room::with_topic(min_isr(1));
    let request = BrokerHeartbeatRequest { want_fence: true, want_shutdown: true, ..room.request(1) };
    assert!(room.heartbeat(request).expect("is known").should_shutdown);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2, 3] elr [] last [] epochs 1/1");
}

#[test]
fn a_session_expires_strictly_after_its_time_at_the_next_check() {
    // Checks at multiples of 1125 ms; the last contact so that the session ends exactly at the eighth, or before.
    for (contact_us, fenced_at_ms) in [(0, 10_125), (1, 10_125), (1_125_000, 11_250), (1_124_999, 10_125)] {
        let mut room = Room::new(1);
        room.now = SimTime(contact_us);
        room.beat(1).expect("is known");
        room.run_to(fenced_at_ms - 1);
        assert!(!room.is_fenced(1), "{contact_us}");
        room.run_to(fenced_at_ms);
        assert!(room.is_fenced(1), "{contact_us}");
        let last = room.facts.last();
        let Some(Fact::BrokerFenced { broker, last_contact }) = last else { panic!("{last:?}") };
        assert_eq!((*broker, *last_contact), (BrokerId(1), Some(SimTime(contact_us))));
    }
}

#[test]
fn one_expired_broker_is_fenced_a_run_and_the_next_a_moment_later() {
    let mut room = Room::new(3);
    room.now = SimTime(5);
    room.beat(1).expect("is known");
    room.run_to(10_125);
    assert_eq!([1, 2, 3].map(|id| room.is_fenced(id)), [false, true, false], "oldest first, then by id");
    room.run_to(10_134);
    assert_eq!([1, 2, 3].map(|id| room.is_fenced(id)), [false, true, false]);
    room.run_to(10_135);
    assert_eq!([1, 2, 3].map(|id| room.is_fenced(id)), [false, true, true]);
    room.run_to(10_145);
    assert_eq!([1, 2, 3].map(|id| room.is_fenced(id)), [true, true, true]);
    // Then every eighth of the session again.
    let check = |(_, timer): &&(SimTime, Timer)| timer.kind == TimerKind::FenceCheck;
    let next = room.timers.iter().find(check).map(|(at, _)| at.as_ms());
    assert_eq!(next, Some(10_155));
    room.run_to(10_155);
    assert_eq!(room.timers.iter().find(check).map(|(at, _)| at.as_ms()), Some(11_280));
}

#[test]
fn fencing_keeps_the_epoch_and_a_living_broker_comes_back() {
    let mut room = Room::new(1);
    let epoch = room.epoch(1);
    room.run_to(11_000);
    assert!(room.is_fenced(1));
    assert!(!room.beat(1).expect("its epoch is still right").is_fenced);
    assert_eq!((room.epoch(1), room.is_fenced(1)), (epoch, false));
}

#[test]
fn heartbeats_keep_a_session() {
    let mut room = Room::new(2);
    room.live_to(60_000, &[1]);
    assert_eq!([1, 2].map(|id| room.is_fenced(id)), [false, true]);
}

#[test]
fn the_session_of_a_fenced_broker_ends_in_silence() {
    let mut room = Room::new(1);
    room.fence(1);
    let facts = room.facts.len();
    let offset = room.controller.image().offset;
    room.run_to(20_000);
    assert_eq!((room.facts.len(), room.controller.image().offset), (facts, offset));
}

#[test]
fn another_process_is_refused_while_the_session_lasts() {
    let mut room = Room::with_topic(min_isr(1));
    let before = room.epoch(1);
    room.run_to(9_000);
    assert_eq!(room.register(1, None), Err(ErrorCode::DuplicateBrokerRegistration));
    assert_eq!(line(&room.partition(P0)), "leader 1 isr [1, 2, 3] elr [] last [] epochs 0/0");
    // Over, though no check has found it yet.
    room.now = SimTime(9_000_001);
    let offset = room.controller.image().offset;
    let epoch = room.register(1, None).expect("the session is over");
    assert_eq!(epoch, offset + 1, "the record comes after the change of its partition");
    assert!(epoch > before);
    assert!(room.is_fenced(1));
    let behind = BrokerHeartbeatRequest { metadata_offset: epoch, ..room.request(1) };
    assert!(!room.heartbeat(behind).expect("is known").is_caught_up);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2, 3] elr [] last [] epochs 1/1");
    let caused = |fact: &Fact| {
        matches!(fact, Fact::PartitionChanged { cause: ChangeCause::Registered(BrokerId(1)), .. })
    };
    assert!(room.facts.iter().any(caused));
}

#[test]
fn the_same_process_amends_its_registration() {
    let mut room = Room::with_topic(min_isr(1));
    let epoch = room.epoch(1);
    assert_eq!(room.register_as(1, 1, None), Ok(epoch), "the first process of broker 1");
    assert!(!room.is_fenced(1));
    assert_eq!(line(&room.partition(P0)), "leader 1 isr [1, 2, 3] elr [] last [] epochs 0/0");
    // Being caught up is measured by the newer record.
    let offset = room.controller.image().offset;
    let behind = BrokerHeartbeatRequest { metadata_offset: offset - 1, ..room.request(1) };
    assert!(!room.heartbeat(behind).expect("is known").is_caught_up);
    assert!(room.beat(1).expect("is known").is_caught_up);
}

#[test]
fn a_controlled_shutdown_moves_leaders_waits_for_all_and_lets_the_broker_come_back() {
    let mut room = Room::with_topic(min_isr(1));
    for broker in [1, 2, 3] {
        room.beat(broker).expect("is known");
    }
    let before = room.controller.image().offset;
    let answer = room.ask_shutdown(1);
    assert!(!answer.should_shutdown && !answer.is_fenced);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2, 3] elr [] last [] epochs 1/1");
    let known = room.controller.image().broker(BrokerId(1)).expect("is registered").clone();
    assert!(known.in_controlled_shutdown && !known.fenced && !known.is_active());
    let end = room.controller.image().offset;
    assert_eq!(end, before + 2);
    let facts: Vec<_> = room.facts.iter().rev().take(2).collect();
    let [Fact::PartitionChanged { cause, .. }, Fact::ControlledShutdown { broker: BrokerId(1) }] = facts[..]
    else {
        panic!("{facts:?}")
    };
    assert_eq!(*cause, ChangeCause::ControlledShutdown(BrokerId(1)));

    // It leads nothing any more, but others have not seen it.
    assert!(!room.ask_shutdown(1).should_shutdown);
    assert_eq!(room.controller.image().offset, end, "the record is written once");
    room.beat(2).expect("is known");
    assert!(!room.ask_shutdown(1).should_shutdown, "broker 3 has not seen it");
    // Newer records do not move the goal: broker 3 says it is just there.
    room.create("later", min_isr(1), &[&[2]]);
    assert!(!room.ask_shutdown(1).should_shutdown);
    let early = BrokerHeartbeatRequest { metadata_offset: end - 1, ..room.request(3) };
    room.heartbeat(early).expect("is known");
    assert!(!room.ask_shutdown(1).should_shutdown);
    let there = BrokerHeartbeatRequest { metadata_offset: end, ..room.request(3) };
    room.heartbeat(there).expect("is known");
    let answer = room.ask_shutdown(1);
    assert!(answer.should_shutdown && answer.is_fenced && room.is_fenced(1));
    let fenced = |fact: &Fact| matches!(fact, Fact::BrokerFenced { last_contact: None, .. });
    assert!(room.facts.iter().any(fenced));

    // It is a fenced broker from now on: asking again changes nothing.
    let (end, facts) = (room.controller.image().offset, room.facts.len());
    assert!(room.ask_shutdown(1).should_shutdown);
    assert_eq!((room.controller.image().offset, room.facts.len()), (end, facts));

    // Its session is still valid, and yet a new process need not wait.
    let epoch = room.epoch(1);
    assert!(room.register(1, Some(epoch)).is_ok());
    assert!(!room.controller.image().broker(BrokerId(1)).expect("is registered").in_controlled_shutdown);
}

#[test]
fn a_broker_in_controlled_shutdown_that_leads_is_relieved_and_not_let_go() {
    let mut room = Room::with_topic(min_isr(1));
    room.ask_shutdown(1);
    // Nothing brings this about while there is one controller; a new active one could find it so.
    let registration =
        PartitionRegistration { isr: ids(&[1, 2, 3]), leader: Some(BrokerId(1)), ..room.partition(P0) };
    let record = MetadataRecord::PartitionChange { partition: P0, registration: Arc::new(registration) };
    let decision = Decision { records: vec![record], facts: Vec::new() };
    room.controller.commit(decision, &mut room.fx);
    room.beat(2).expect("is known");
    room.beat(3).expect("is known");
    assert!(!room.ask_shutdown(1).should_shutdown);
    assert_eq!(room.partition(P0).leader, Some(BrokerId(2)));
    assert_eq!(room.partition(P0).isr, ids(&[2, 3]));
    assert!(room.ask_shutdown(1).should_shutdown);
}

#[test]
fn a_broker_alone_does_not_wait_for_others() {
    let mut room = Room::new(1);
    room.create("t", min_isr(1), &[&[1]]);
    assert!(!room.ask_shutdown(1).should_shutdown);
    assert_eq!(line(&room.partition(P0)), "leader -1 isr [] elr [1] last [1] epochs 1/1");
    assert!(room.ask_shutdown(1).should_shutdown, "nobody else is active");
}

#[test]
fn a_broker_in_controlled_shutdown_that_falls_silent_is_fenced() {
    let mut room = Room::with_topic(min_isr(1));
    room.ask_shutdown(1);
    room.run_to(9_000);
    for broker in [2, 3] {
        let behind = BrokerHeartbeatRequest { metadata_offset: 1, ..room.request(broker) };
        room.heartbeat(behind).expect("is known");
    }
    room.run_to(11_000);
    assert!(room.is_fenced(1));
    // It left controlled shutdown by that: the next heartbeat is a fenced broker's.
    assert!(room.ask_shutdown(1).should_shutdown);
}

#[test]
fn a_shutting_down_process_may_be_replaced_at_once() {
    let mut room = Room::with_topic(min_isr(1));
    room.ask_shutdown(1);
    assert!(room.register(1, None).is_ok());
    assert!(!room.beat(1).expect("is known").is_fenced);
    let known = room.controller.image().broker(BrokerId(1)).expect("is registered");
    assert!(known.is_active(), "the new process wants no shutdown");
}

#[test]
fn timers_of_an_earlier_start_are_ignored() {
    let mut room = Room::new(1);
    let old = room.timers.clone();
    room.input(Input::Timer(Timer::new(TimerKind::Start, 0)));
    room.timers.clear();
    room.now = SimTime::from_ms(20_000);
    for (_, timer) in old {
        room.input(Input::Timer(timer));
    }
    assert!(!room.is_fenced(1) && room.timers.is_empty());
}

#[test]
fn the_digest_sees_what_changes() {
    let mut room = Room::with_topic(min_isr(1));
    room.beat(1).expect("is known");
    let mut seen = vec![room.digest()];
    room.now = SimTime::from_ms(5);
    room.beat(1).expect("is known");
    seen.push(room.digest());
    let message = Message::MetadataFetch { offset: room.controller.image().offset };
    room.input(Input::Message { from: NodeId::Broker(1), correlation: 1, message });
    seen.push(room.digest());
    let changes: [fn(&mut PartitionRegistration); 8] = [
        |partition| partition.replicas.swap(1, 2),
        |partition| partition.isr.swap(1, 2),
        |partition| partition.elr.push(BrokerId(1)),
        |partition| partition.last_known_elr.push(BrokerId(1)),
        |partition| partition.leader = None,
        |partition| partition.leader_epoch += 1,
        |partition| partition.partition_epoch += 1,
        |partition| partition.recovering = true,
    ];
    let as_it_is = room.partition(P0);
    for change in changes {
        let mut changed = as_it_is.clone();
        change(&mut changed);
        Arc::make_mut(&mut room.controller.image).partitions[0] = Arc::new(changed);
        seen.push(room.digest());
    }
    let distinct = seen.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert_eq!(distinct, seen.len());
    Arc::make_mut(&mut room.controller.image).partitions[0] = Arc::new(as_it_is);
    assert_eq!(room.digest(), seen[2], "and nothing else");
}
