//! AlterPartition: what is refused, in which order, and what is done.
use super::*;
use crate::controller::NO_BROKER_EPOCH;

type Spoil = fn(&mut IsrProposal);

/// Each spoils a good proposal in one way. In Kafka's order: a proposal with two faults gets the earlier's error.
const FAULTS: &[(ErrorCode, Spoil)] = &[
    (ErrorCode::UnknownTopicOrPartition, |proposal| proposal.partition = TopicPartition(99)),
    (ErrorCode::NotController, |proposal| proposal.leader_epoch += 1),
    (ErrorCode::NotController, |proposal| proposal.partition_epoch += 1),
    (ErrorCode::FencedLeaderEpoch, |proposal| proposal.leader_epoch -= 1),
    (ErrorCode::InvalidUpdateVersion, |proposal| proposal.partition_epoch -= 1),
    (ErrorCode::InvalidRequest, |proposal| proposal.isr.push((BrokerId(4), NO_BROKER_EPOCH))),
    (ErrorCode::InvalidRequest, |proposal| proposal.isr.push(proposal.isr[0])),
    (ErrorCode::InvalidRequest, |proposal| proposal.isr.retain(|member| member.0 != BrokerId(2))),
    (ErrorCode::InvalidRequest, |proposal| proposal.isr.clear()),
    (ErrorCode::InvalidRequest, |proposal| proposal.recovering = true),
    (ErrorCode::InvalidRequest, |proposal| {
        proposal.isr.truncate(1);
        proposal.recovering = true;
    }),
    (ErrorCode::IneligibleReplica, |proposal| proposal.isr[1].1 += 1),
    (ErrorCode::IneligibleReplica, |proposal| proposal.isr.push((BrokerId(1), NO_BROKER_EPOCH))),
];

/// Led by 2 at leader epoch 1 and partition epoch 1, ISR [2, 3]; 1 is fenced, 4 holds no replica.
fn room() -> Room {
    let mut room = Room::with_topic(min_isr(1));
    room.join(4);
    room.fence(1);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2, 3] elr [] last [] epochs 1/1");
    room
}

#[test]
fn each_fault_has_its_error() {
    for (at, (expected, spoil)) in FAULTS.iter().enumerate() {
        let mut room = room();
        let before = room.controller.image().offset;
        let mut proposal = room.proposal(&[2, 3]);
        spoil(&mut proposal);
        assert_eq!(room.propose(proposal), *expected, "fault {at}");
        assert_eq!(room.controller.image().offset, before, "fault {at}");
    }
}

#[test]
fn of_two_faults_the_earlier_answers() {
    let opposite = |a: usize, b: usize| [(1, 3), (2, 4)].contains(&(a, b));
    // Those that take members away would take another's fault with them.
    let shrinks = |at: usize| [7, 8, 10].contains(&at);
    for (a, (expected, spoil)) in FAULTS.iter().enumerate() {
        for (b, (later, spoil_more)) in FAULTS.iter().enumerate().skip(a + 1) {
            if opposite(a, b) || shrinks(a) || shrinks(b) || expected == later {
                continue;
            }
            let mut room = room();
            let mut proposal = room.proposal(&[2, 3]);
            spoil_more(&mut proposal);
            spoil(&mut proposal);
            assert_eq!(room.propose(proposal), *expected, "faults {a} and {b}");
        }
    }
}

#[test]
fn who_sends_is_checked_between_the_epochs() {
    let mut room = room();
    let epoch = room.epoch(3);
    let good = room.proposal(&[2, 3]);
    let error =
        |room: &mut Room, epoch, proposal: &IsrProposal| match room.propose_as(3, epoch, proposal.clone()) {
            Ok(results) => results[0].error,
            Err(error) => error,
        };
    assert_eq!(error(&mut room, epoch + 1, &good), ErrorCode::StaleBrokerEpoch);
    let nowhere = IsrProposal { partition: TopicPartition(99), ..good.clone() };
    assert_eq!(error(&mut room, epoch + 1, &nowhere), ErrorCode::StaleBrokerEpoch);
    assert_eq!(error(&mut room, epoch, &good), ErrorCode::InvalidRequest);
    let fenced = IsrProposal { leader_epoch: 0, ..good.clone() };
    assert_eq!(error(&mut room, epoch, &fenced), ErrorCode::FencedLeaderEpoch);
    let old = IsrProposal { partition_epoch: 0, ..good };
    assert_eq!(error(&mut room, epoch, &old), ErrorCode::InvalidRequest);
}

#[test]
fn members_must_be_there() {
    let mut room = Room::new(4);
    room.create("t", min_isr(1), &[&[1, 2, 3]]);
    room.create("u", min_isr(1), &[&[3]]);
    room.set_isr(&[1]);
    // In controlled shutdown.
    room.ask_shutdown(3);
    assert_eq!(room.propose(room.proposal(&[1, 3])), ErrorCode::IneligibleReplica);
    // Another process since.
    let epoch = room.epoch(2);
    room.controller.brokers[1].contact = None;
    room.join(2);
    let mut proposal = room.proposal(&[1, 2]);
    proposal.isr[1].1 = epoch;
    assert_eq!(room.propose(proposal.clone()), ErrorCode::IneligibleReplica);
    proposal.isr[1].1 = NO_BROKER_EPOCH;
    assert_eq!(room.propose(proposal), ErrorCode::None);
}

#[test]
fn a_good_proposal_changes_the_isr_and_not_the_term() {
    let mut room = Room::with_topic(min_isr(1));
    let (epoch, proposal) = (room.epoch(1), room.proposal(&[1, 3]));
    let results = room.propose_as(1, epoch, proposal).expect("is known");
    assert_eq!((results[0].error, &results[0].isr), (ErrorCode::None, &ids(&[1, 3])));
    assert_eq!((results[0].leader_epoch, results[0].partition_epoch), (0, 1));
    assert_eq!(line(&room.partition(P0)), "leader 1 isr [1, 3] elr [] last [] epochs 0/1");
    // The same again: nothing to write, and the state as it is.
    let offset = room.controller.image().offset;
    let proposal = room.proposal(&[1, 3]);
    let results = room.propose_as(1, epoch, proposal).expect("is known");
    assert_eq!((results[0].error, results[0].partition_epoch), (ErrorCode::None, 1));
    assert_eq!(room.controller.image().offset, offset);
}

#[test]
fn each_partition_gets_its_own_answer() {
    let mut room = Room::with_topic(min_isr(1));
    room.create("u", min_isr(1), &[&[1, 2, 3]]);
    let good = room.proposal_for(TopicPartition(1), &[1, 2]);
    let bad = IsrProposal { leader_epoch: 5, ..room.proposal(&[1, 2]) };
    let request = AlterPartitionRequest {
        broker: BrokerId(1),
        broker_epoch: room.epoch(1),
        partitions: vec![bad, good],
    };
    let Message::AlterPartitionResponse(Ok(results)) =
        room.ask(1, Message::AlterPartition(Box::new(request)))
    else {
        panic!("a leader asked")
    };
    let errors: Vec<_> = results.iter().map(|result| (result.partition.0, result.error)).collect();
    assert_eq!(errors, [(0, ErrorCode::NotController), (1, ErrorCode::None)]);
    assert_eq!(room.partition(P0).partition_epoch, 0);
    assert_eq!(room.partition(TopicPartition(1)).isr, ids(&[1, 2]));
}

#[test]
fn a_leader_elected_uncleanly_says_that_it_recovered() {
    let mut room = Room::with_topic(unclean(1));
    room.set_isr(&[1]);
    room.fence(1);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2] elr [] last [] epochs 1/2 recovering");
    let still = IsrProposal { recovering: true, ..room.proposal(&[2]) };
    assert_eq!(room.propose(still), ErrorCode::None);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2] elr [] last [] epochs 1/2 recovering");
    let crowd = IsrProposal { recovering: true, ..room.proposal(&[2, 3]) };
    assert_eq!(room.propose(crowd), ErrorCode::InvalidRequest);
    room.set_isr(&[2, 3]);
    assert_eq!(line(&room.partition(P0)), "leader 2 isr [2, 3] elr [] last [] epochs 1/3");
}

#[test]
fn below_min_insync_replicas_who_leaves_stays_eligible() {
    let mut room = Room::with_topic(min_isr(2));
    room.set_isr(&[1]);
    assert_eq!(line(&room.partition(P0)), "leader 1 isr [1] elr [2, 3] last [] epochs 0/1");
    room.set_isr(&[1, 2]);
    assert_eq!(line(&room.partition(P0)), "leader 1 isr [1, 2] elr [] last [] epochs 0/2");
}
