//! Logs that went apart come together again: the old leader cuts what only it had.
use crate::stage::{PLAIN, Setting, Stage, TYPIST};
use kafkarium_core::trace::Fact;
use kafkarium_core::wire::NodeId;

const FLOWING_ACKS_1: &str = "[[producer]]\nrate = \"50/s\"\nconfig = { acks = \"1\" }\n";

/// What was cut of `orders-0`: when, by whom, from the offset, how many records.
fn cuts(stage: &Stage) -> Vec<(u64, (u32, u64, u64))> {
    let orders = stage.partition(0);
    stage.tell(|fact| match fact {
        Fact::Truncated { broker, partition, to, removed } if *partition == orders => {
            Some((broker.0, *to, removed.iter().map(|batch| u64::from(batch.count)).sum()))
        }
        _ => None,
    })
}

#[test]
fn acks_1_records_that_followers_had_not_fetched_are_cut_when_their_leader_returns() {
    let mut stage = Setting { rest: FLOWING_ACKS_1, ..PLAIN }.up();
    stage.act("slow links of broker 1 by 300 ms");
    stage.go(8_300);
    stage.act("crash broker 1");
    // What it had told them before still arrives.
    stage.go_on(1_000);
    let (ended, reached) = (stage.log_end(1), stage.log_end(2).max(stage.log_end(3)));
    assert!(ended >= reached + 10, "{ended} and {reached}");
    let known = stage.acknowledged();
    stage.go_until(12_000, |stage| stage.leader(0) == 2);
    stage.go_on(5_000);
    let begun = stage.replica(2, 0).log.epochs.entries()[1];
    assert_eq!(begun.0, 1);
    assert!(begun.1 <= reached);
    stage.act("heal links of broker 1");
    stage.act("start broker 1");
    let of_1 = |stage: &Stage| cuts(stage).into_iter().find(|&(_, (broker, ..))| broker == 1);
    stage.go_until(20_000, |stage| of_1(stage).is_some());
    assert_eq!(of_1(&stage).unwrap().1, (1, begun.1, ended - begun.1), "to where the next epoch began");
    stage.go_until(5_000, |stage| stage.isr(0) == [1, 2, 3]);
    stage.act("set rate of producer-1 to 0/s");
    stage.go_on(2_000);
    stage.logs_agree(0);
    assert!(known > begun.1, "some of them were acknowledged");
    let lost = stage.audit().lost;
    assert!(lost >= known - begun.1 && lost <= ended - begun.1, "{lost}");
}

#[test]
fn the_cut_is_where_the_epochs_part_not_at_the_high_watermark() {
    let mut stage = Setting { rest: TYPIST, placement: "[[1, 2]]", brokers: 2, ..PLAIN }.up();
    stage.act("slow links of broker 2 by 100 ms");
    stage.go_on(2_000);
    stage.type_records(3);
    // The follower appended them; that they are committed it has not heard when its leader dies.
    stage.go_until(1_000, |stage| stage.log_end(2) == 3);
    assert_eq!(stage.high_watermark(2), 0);
    stage.act("crash broker 1");
    stage.act("heal links of broker 2");
    stage.go_until(12_000, |stage| stage.leader(0) == 2);
    stage.go_on(2_000);
    assert_eq!(stage.acknowledged(), 3, "tried again at the new leader, and known there");
    stage.act("start broker 1");
    stage.go_until(20_000, |stage| stage.isr(0) == [1, 2]);
    assert_eq!(cuts(&stage), [], "nothing is cut of what both have");
    assert_eq!((stage.log_end(1), stage.log_end(2)), (3, 3), "and nothing is there twice");
}

#[test]
fn a_follower_of_several_epochs_cuts_back_to_the_last_common_one() {
    let mut stage = Setting {
        brokers: 2,
        placement: "[[1, 2]]",
        topic: "unclean.leader.election.enable = true",
        rest: "[[producer]]\nname = \"typist\"\nrate = \"0/s\"\nconfig = { acks = \"1\" }\n",
        ..PLAIN
    }
    .up();
    stage.type_records(2);
    stage.go_on(2_000);
    // Two terms of broker 1 that broker 2 never sees, then one of broker 2 that broker 1 never saw.
    stage.act("freeze broker 2");
    stage.go_on(12_000);
    stage.type_records(2);
    stage.go_on(1_000);
    stage.act("crash broker 1");
    stage.act("start broker 1");
    stage.go_until(15_000, |stage| stage.leader(0) == 0);
    stage.go_until(15_000, |stage| stage.leader(0) == 1);
    stage.go_on(3_000);
    stage.type_records(2);
    stage.go_on(2_000);
    let own = stage.replica(1, 0).log.epochs.entries().to_vec();
    assert_eq!((own.len(), stage.log_end(1)), (2, 6), "{own:?}");
    stage.act("crash broker 1");
    stage.act("thaw broker 2");
    stage.go_until(15_000, |stage| stage.leader(0) == 2);
    stage.go_on(3_000);
    stage.type_records(1);
    stage.go_on(2_000);
    stage.act("start broker 1");
    stage.go_until(15_000, |stage| stage.isr(0) == [1, 2]);
    assert_eq!(cuts(&stage).iter().map(|&(_, cut)| cut).collect::<Vec<_>>(), [(1, 2, 4)]);
    stage.logs_agree(0);
    assert_eq!(stage.replica(1, 0).log.epochs.entries(), stage.replica(2, 0).log.epochs.entries());
}

#[test]
fn a_frozen_leader_that_thaws_cuts_what_it_took_too_late() {
    let mut stage = Setting { rest: FLOWING_ACKS_1, ..PLAIN }.up();
    stage.go(5_000);
    stage.act("freeze broker 1");
    stage.go_until(12_000, |stage| stage.leader(0) == 2);
    stage.go_on(2_000);
    let ended = stage.log_end(1);
    stage.act("thaw broker 1");
    stage.go_until(10_000, |stage| stage.isr(0) == [1, 2, 3]);
    stage.act("set rate of producer-1 to 0/s");
    stage.go_on(2_000);
    let appended = stage.tell(|fact| match fact {
        Fact::Appended { broker, batch, .. } if broker.0 == 1 => Some(batch.base_offset),
        _ => None,
    });
    assert!(appended.last().unwrap().1 >= ended, "it appends what waited at its door");
    assert!(cuts(&stage).iter().any(|&(_, (broker, to, _))| broker == 1 && to <= ended), "and cuts it again");
    stage.logs_agree(0);
}

#[test]
fn a_machine_takes_its_unwritten_tail_with_it_and_fetches_it_again() {
    for (fault, kept) in [("crash broker 3", true), ("crash machine of broker 3", false)] {
        let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
        stage.type_records(5);
        stage.go_on(2_000);
        stage.act(fault);
        assert_eq!(stage.log_end(3), if kept { 5 } else { 0 }, "{fault}: written to disk after 30 s");
        stage.go_on(15_000);
        stage.act("start broker 3");
        stage.go_until(20_000, |stage| stage.isr(0) == [1, 2, 3]);
        stage.logs_agree(0);
        assert_eq!(stage.log_end(3), 5);
        assert!(stage.world.disturbances(NodeId::Broker(3)) == (false, false));
    }
}

#[test]
fn a_group_whose_records_a_machine_took_counts_its_generations_anew() {
    let rest = "[[group]]\nname = \"readers\"\nmembers = 2\n";
    let mut stage = Setting { brokers: 1, placement: "[[1]]", rest, ..PLAIN }.up();
    stage.go(8_000);
    stage.act("freeze consumer readers-1");
    stage.act("crash machine of broker 1");
    stage.act("start broker 1");
    stage.go(40_000);
    let generations = stage.tell(|fact| match fact {
        Fact::Assigned { consumer: 1, generation, .. } => Some(*generation),
        _ => None,
    });
    assert_eq!(generations.last().unwrap().1, 1, "{generations:?}");
    let stale = stage.world.consumer(0);
    assert_eq!(
        (stale.generation(), stale.assignment().count()),
        (Some(1), 1),
        "the frozen one knows nothing"
    );
    stage.audit();
}

#[test]
fn a_leader_whose_term_saw_no_record_follows_the_next_one() {
    let mut stage = Setting { rest: TYPIST, ..PLAIN }.up();
    stage.type_records(2);
    stage.go_on(2_000);
    stage.act("stop broker 1");
    stage.go_until(1_000, |stage| stage.replica(2, 0).leading.is_some());
    // Broker 2 alone knows of its term; nothing was written in it.
    stage.act("crash broker 2");
    stage.go_until(12_000, |stage| stage.leader(0) == 3);
    stage.type_records(1);
    stage.go_on(1_000);
    assert_eq!(stage.replica(2, 0).log.epochs.entries(), [(0, 0), (1, 2)]);
    stage.act("start broker 2");
    stage.go_until(10_000, |stage| stage.isr(0) == [2, 3]);
    assert_eq!(cuts(&stage), [], "no record is cut");
    assert_eq!(stage.replica(2, 0).log.epochs.entries(), [(0, 0), (2, 2)]);
    let from = stage.sent.len();
    stage.go_on(5_000);
    let fetches = stage.sent[from..].iter().filter(|sent| sent.api == "Fetch").count();
    assert!(fetches < 100, "it does not ask again and again: {fetches}");
}

#[test]
fn the_high_watermark_goes_back_to_its_checkpoint_with_a_crash_and_not_with_a_stop() {
    for (command, kept) in [("crash broker 1", 2), ("stop broker 1", 3)] {
        let cluster = "replica.high.watermark.checkpoint.interval.ms = 5000";
        let mut stage = Setting { brokers: 1, placement: "[[1]]", cluster, rest: TYPIST, ..PLAIN }.up();
        stage.type_records(2);
        stage.go(6_000);
        stage.type_records(1);
        stage.go(6_500);
        assert_eq!(stage.high_watermark(1), 3);
        stage.act(command);
        stage.go(9_000);
        assert_eq!((stage.high_watermark(1), stage.log_end(1)), (kept, 3), "{command}");
        stage.act("start broker 1");
        stage.go(25_000);
        assert_eq!(
            (stage.leader(0), stage.high_watermark(1)),
            (1, 3),
            "alone in the ISR it is sure of all it has"
        );
    }
}

/// Two replicas that lead in turn, each while the other is down.
#[test]
fn a_follower_without_the_epoch_its_leader_names_cuts_to_the_one_before() {
    let mut stage = Setting {
        brokers: 2,
        placement: "[[1, 2]]",
        topic: "unclean.leader.election.enable = true",
        rest: "[[producer]]\nname = \"typist\"\nrate = \"0/s\"\nconfig = { acks = \"1\" }\n",
        ..PLAIN
    }
    .up();
    stage.type_records(2);
    stage.go_on(2_000);
    stage.act("freeze broker 2");
    stage.go_until(15_000, |stage| stage.isr(0) == [1]);
    let restart = |stage: &mut Stage, broker: u32| {
        stage.go_until(15_000, |stage| stage.leader(0) == 0);
        stage.act(&format!("start broker {broker}"));
        stage.go_until(15_000, |stage| stage.leader(0) == broker);
        stage.go_on(3_000);
        stage.type_records(2);
        stage.go_on(3_000);
    };
    stage.act("crash broker 1");
    restart(&mut stage, 1);
    stage.act("crash broker 1");
    stage.act("crash broker 2");
    restart(&mut stage, 2);
    stage.act("crash broker 2");
    restart(&mut stage, 1);
    let epochs = |stage: &Stage, broker| stage.replica(broker, 0).log.epochs.entries().to_vec();
    let (leader, follower) = (epochs(&stage, 1), epochs(&stage, 2));
    assert_eq!((leader.len(), follower.len()), (3, 2), "{leader:?} {follower:?}");
    assert!(leader[1].0 < follower[1].0 && follower[1].0 < leader[2].0, "{leader:?} {follower:?}");
    stage.act("start broker 2");
    stage.go_until(15_000, |stage| stage.isr(0) == [1, 2]);
    assert_eq!(cuts(&stage).iter().map(|&(_, cut)| cut).collect::<Vec<_>>(), [(2, 2, 2)]);
    stage.logs_agree(0);
    assert_eq!(epochs(&stage, 2), leader);
}
