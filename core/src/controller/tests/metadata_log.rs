//! Brokers fetch metadata: at once, when there is news, or after half a second.
use super::*;
use crate::metadata::{MetadataDelta, MetadataImage, MetadataRecord};

type Answers = Vec<(NodeId, u32, Vec<MetadataDelta>)>;

fn answers(sent: Vec<(NodeId, u32, Message)>) -> Answers {
    let deltas = |(to, correlation, message)| match message {
        Message::MetadataFetchResponse { deltas } => Some((to, correlation, deltas)),
        _ => None,
    };
    sent.into_iter().filter_map(deltas).collect()
}

fn fetch(room: &mut Room, broker: u16, correlation: u32, offset: u64) -> Answers {
    let message = Message::MetadataFetch { offset };
    answers(room.input(Input::Message { from: NodeId::Broker(broker), correlation, message }))
}

/// Writes one record, as any change would.
fn change(room: &mut Room, min: u32) -> Answers {
    room.controller.alter_topic_config(room.now, TopicId(0), Arc::new(min_isr(min)), &mut room.fx);
    answers(room.take())
}

#[test]
fn replaying_what_is_fetched_leads_to_the_same_image() {
    let mut room = Room::new(3);
    room.create("t", min_isr(2), &[&[1, 2, 3], &[2, 3, 1]]);
    room.fence(1);
    room.ask_shutdown(2);
    let first = room.controller.log.deltas[0].clone();
    let mut image = MetadataImage::clone(&first.image);
    let deltas = fetch(&mut room, 3, 1, image.offset).remove(0).2;
    assert!(deltas.len() > 5);
    for delta in &deltas {
        assert_eq!(delta.base_offset, image.offset);
        delta.records.iter().for_each(|record| image.replay(record));
        assert_eq!(delta.image.offset, image.offset);
        assert_eq!(delta.image.partitions, image.partitions);
    }
    let newest = room.controller.image();
    assert_eq!((image.offset, &image.brokers), (newest.offset, &newest.brokers));
    assert_eq!((&image.partitions, &image.partition_names), (&newest.partitions, &newest.partition_names));
}

#[test]
fn a_decision_is_one_batch() {
    let mut room = Room::with_topic(min_isr(1));
    room.create("u", min_isr(1), &[&[1, 2], &[1, 3]]);
    let before = room.controller.image().offset;
    room.fence(1);
    let deltas = fetch(&mut room, 2, 1, before).remove(0).2;
    assert_eq!(deltas.len(), 1);
    // Three partitions change, then the broker.
    assert_eq!(deltas[0].records.len(), 4);
    assert!(matches!(deltas[0].records[3], MetadataRecord::BrokerRegistrationChange { fenced: true, .. }));
}

#[test]
fn a_fetch_waits_for_news() {
    let mut room = Room::with_topic(min_isr(1));
    let offset = room.controller.image().offset;
    assert!(fetch(&mut room, 1, 11, offset).is_empty());
    assert!(fetch(&mut room, 2, 12, offset).is_empty());
    room.now = SimTime::from_ms(100);
    let sent = change(&mut room, 2);
    let to: Vec<_> = sent.iter().map(|(to, correlation, deltas)| (*to, *correlation, deltas.len())).collect();
    assert_eq!(to, [(NodeId::Broker(1), 11, 1), (NodeId::Broker(2), 12, 1)]);
    assert_eq!(sent[0].2[0].base_offset, offset);
    assert!(change(&mut room, 3).is_empty(), "nobody waits any more");
}

#[test]
fn a_fetch_without_news_is_answered_with_nothing_after_half_a_second() {
    let mut room = Room::with_topic(min_isr(1));
    room.timers.clear();
    let offset = room.controller.image().offset;
    room.now = SimTime::from_ms(100);
    fetch(&mut room, 2, 5, offset);
    let (at, timer) = room.timers[0];
    assert_eq!((at.as_ms(), timer.kind, timer.key), (600, TimerKind::MetadataFetchWait, 2));
    let sent = answers(room.input(Input::Timer(timer)));
    assert!(matches!(&sent[..], [(NodeId::Broker(2), 5, deltas)] if deltas.is_empty()));
    assert!(answers(room.input(Input::Timer(timer))).is_empty(), "once");
}

#[test]
fn the_timer_of_an_answered_fetch_leaves_the_next_alone() {
    let mut room = Room::with_topic(min_isr(1));
    room.timers.clear();
    let offset = room.controller.image().offset;
    fetch(&mut room, 1, 1, offset);
    change(&mut room, 2);
    fetch(&mut room, 1, 2, offset + 1);
    let [(_, first), (_, second)] = room.timers[..] else { panic!("{:?}", room.timers) };
    assert!(answers(room.input(Input::Timer(first))).is_empty());
    assert_eq!(answers(room.input(Input::Timer(second))).len(), 1);
}

#[test]
fn a_broken_connection_takes_its_fetch_along() {
    let mut room = Room::with_topic(min_isr(1));
    let offset = room.controller.image().offset;
    fetch(&mut room, 1, 1, offset);
    fetch(&mut room, 2, 2, offset);
    room.input(Input::Disconnected(NodeId::Broker(1)));
    let sent = change(&mut room, 2);
    assert_eq!(sent.iter().map(|(to, ..)| *to).collect::<Vec<_>>(), [NodeId::Broker(2)]);
}

#[test]
fn who_comes_from_before_the_kept_batches_gets_a_snapshot() {
    let mut room = Room::with_topic(min_isr(1));
    let start = room.controller.image().offset;
    for n in 0..100 {
        change(&mut room, 2 + n % 2);
    }
    let newest = room.controller.image().offset;
    assert_eq!(newest, start + 100);
    let kept = room.controller.log.deltas.front().expect("some are kept").base_offset;
    assert_eq!(newest - kept, 32);
    let deltas = fetch(&mut room, 1, 1, kept - 1).remove(0).2;
    assert_eq!((deltas.len(), deltas[0].base_offset, deltas[0].records.len()), (1, kept - 1, 0));
    assert!(Arc::ptr_eq(&deltas[0].image, room.controller.image()));
    assert_eq!(fetch(&mut room, 1, 1, kept).remove(0).2.len(), 32);
    // From nothing: the first record, the configuration, is nowhere but in a snapshot.
    let mut young = Room::new(0);
    let deltas = fetch(&mut young, 1, 1, 0).remove(0).2;
    assert_eq!((deltas[0].base_offset, deltas[0].image.offset), (0, 1));
}
