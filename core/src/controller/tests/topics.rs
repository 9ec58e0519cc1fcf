//! Creating topics: where replicas go, what is refused in which words.
use super::*;
use crate::controller::CreateTopicError;
use std::collections::BTreeSet;

fn create(
    room: &mut Room,
    name: &str,
    partitions: u32,
    factor: u32,
    manual: Option<&[&[u32]]>,
) -> Result<TopicId, CreateTopicError> {
    let manual = manual.map(|lists| lists.iter().map(|list| ids(list)).collect());
    let config = Arc::new(TopicConfig::default());
    let made =
        room.controller.create_topic(room.now, name, partitions, factor, config, false, manual, &mut room.fx);
    room.take();
    made
}

fn sentence(room: &mut Room, name: &str, partitions: u32, factor: u32, manual: Option<&[&[u32]]>) -> String {
    let before = room.controller.image().offset;
    let error = create(room, name, partitions, factor, manual).expect_err("is wrong");
    assert_eq!(room.controller.image().offset, before);
    error.to_string()
}

#[test]
fn replicas_are_spread_and_the_first_leads() {
    let mut room = Room::new(6);
    let id = create(&mut room, "t", 12, 3, None).expect("can be created");
    let image = room.controller.image().clone();
    let (found, topic) = image.topic("t").expect("is there");
    assert_eq!((found, topic.partitions.len(), topic.internal), (id, 12, false));
    let mut led = [0; 6];
    for &at in &topic.partitions {
        let partition = image.partition(at);
        let distinct: BTreeSet<_> = partition.replicas.iter().map(|broker| broker.0).collect();
        assert_eq!(distinct.len(), 3);
        assert_eq!(partition.leader, partition.replicas.first().copied());
        assert_eq!(partition.isr, partition.replicas);
        assert_eq!((partition.leader_epoch, partition.partition_epoch), (0, 0));
        led[partition.replicas[0].index()] += 1;
    }
    assert_eq!(led, [2; 6]);
    assert!(matches!(room.facts.last(), Some(Fact::TopicCreated { topic }) if *topic == id));
    assert_eq!(image.partition_name(topic.partitions[11]), "t-11");
}

#[test]
fn racks_hold_one_replica_each() {
    let mut room = Room::new(0);
    for (broker, rack) in [(1, "a"), (2, "a"), (3, "b"), (4, "b"), (5, "c"), (6, "c")] {
        let request = BrokerRegistrationRequest {
            broker: BrokerId(broker),
            incarnation: 1,
            rack: rack.to_owned(),
            previous_epoch: None,
        };
        room.ask(broker, Message::BrokerRegistration(Box::new(request)));
        room.beat(broker).expect("is known");
    }
    create(&mut room, "t", 30, 3, None).expect("can be created");
    let image = room.controller.image();
    for partition in &image.partitions {
        let racks: BTreeSet<_> =
            partition.replicas.iter().map(|&id| image.broker(id).expect("is there").rack.clone()).collect();
        assert_eq!(racks.len(), 3, "{partition:?}");
    }
}

#[test]
fn a_topic_has_its_own_luck() {
    let mut alone = Room::new(5);
    create(&mut alone, "t", 7, 2, None).expect("can be created");
    let mut after = Room::new(5);
    create(&mut after, "other", 3, 2, None).expect("can be created");
    create(&mut after, "t", 7, 2, None).expect("can be created");
    let replicas = |room: &Room| {
        let image = room.controller.image().clone();
        let topic = image.topic("t").expect("is there").1.partitions.clone();
        topic.iter().map(|&at| image.partition(at).replicas.clone()).collect::<Vec<_>>()
    };
    assert_eq!(replicas(&alone), replicas(&after));
}

#[test]
fn who_is_fenced_gets_replicas_but_is_not_in_sync() {
    let mut room = Room::new(3);
    room.fence(2);
    create(&mut room, "t", 3, 3, None).expect("can be created");
    for partition in &room.controller.image().partitions {
        assert_eq!(partition.replicas.len(), 3);
        assert_eq!(partition.isr.len(), 2);
        assert!(!partition.isr.contains(&BrokerId(2)) && partition.leader != Some(BrokerId(2)));
    }
    create(&mut room, "m", 0, 0, Some(&[&[2, 1]])).expect("can be created");
    assert_eq!(line(&room.partition(TopicPartition(3))), "leader 1 isr [1] elr [] last [] epochs 0/0");
}

#[test]
fn who_shuts_down_gets_no_replicas() {
    let mut room = Room::with_topic(min_isr(1));
    room.ask_shutdown(1);
    let error = sentence(&mut room, "u", 1, 3, None);
    assert_eq!(
        error,
        "Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be reached \
         because only 2 broker(s) are registered or some brokers have all their log directories cordoned."
    );
    create(&mut room, "u", 8, 2, None).expect("can be created");
    for partition in &room.controller.image().partitions[1..] {
        assert!(!partition.replicas.contains(&BrokerId(1)));
    }
}

/// Name, partitions, replication factor, lists of replicas; the sentence.
type Refusal<'a> = (&'a str, u32, u32, Option<&'a [&'a [u32]]>, &'a str);

#[test]
fn refusals_are_in_kafkas_words() {
    let mut room = Room::with_topic(min_isr(1));
    create(&mut room, "a.b", 1, 1, None).expect("can be created");
    let long = "x".repeat(250);
    let too_long =
        format!("Topic name is invalid: the length of '{long}' is longer than the max allowed length 249");
    let cases: &[Refusal] = &[
        ("t", 1, 1, None, "Topic 't' already exists."),
        ("a.b", 1, 1, None, "Topic 'a.b' already exists."),
        ("a_b", 1, 1, None, "Topic 'a_b' collides with existing topic: a.b"),
        ("", 1, 1, None, "Topic name is invalid: the empty string is not allowed"),
        (".", 1, 1, None, "Topic name is invalid: '.' is not allowed"),
        ("..", 1, 1, None, "Topic name is invalid: '..' is not allowed"),
        (&long, 1, 1, None, &too_long),
        (
            "a b",
            1,
            1,
            None,
            "Topic name is invalid: 'a b' contains one or more characters other than ASCII alphanumerics, '.', \
             '_' and '-'",
        ),
        ("u", 0, 1, None, "Number of partitions was set to an invalid non-positive value."),
        ("u", 1, 0, None, "Replication factor must be larger than 0, or -1 to use the default value."),
        ("u", 10_000, 1, None, "Excessively large number of partitions per request."),
        (
            "u",
            1,
            4,
            None,
            "Unable to replicate the partition 4 time(s): The target replication factor of 4 cannot be reached \
             because only 3 broker(s) are registered or some brokers have all their log directories cordoned.",
        ),
        ("u", 0, 0, Some(&[&[]]), "The manual partition assignment includes an empty replica list."),
        (
            "u",
            0,
            0,
            Some(&[&[1, 9]]),
            "The manual partition assignment includes broker 9, but no such broker is registered.",
        ),
        (
            "u",
            0,
            0,
            Some(&[&[0]]),
            "The manual partition assignment includes broker 0, but no such broker is registered.",
        ),
        (
            "u",
            0,
            0,
            Some(&[&[1, 2, 1]]),
            "The manual partition assignment includes the broker 1 more than once.",
        ),
        (
            "u",
            0,
            0,
            Some(&[&[1, 2], &[3]]),
            "The manual partition assignment includes a partition with 1 replica(s), but this is not consistent \
             with previous partitions, which have 2 replica(s).",
        ),
        ("u", 0, 0, Some(&[&[1][..]; 10_000]), "Excessively large number of partitions per request."),
        ("u", 0, 0, Some(&[]), "Number of partitions was set to an invalid non-positive value."),
    ];
    for (name, partitions, factor, manual, expected) in cases {
        assert_eq!(sentence(&mut room, name, *partitions, *factor, *manual), *expected);
    }
    room.fence(3);
    assert_eq!(
        sentence(&mut room, "u", 0, 0, Some(&[&[1], &[3]])),
        "All brokers specified in the manual partition assignment for partition 1 are fenced or in controlled \
         shutdown."
    );
    room.fence(1);
    room.fence(2);
    assert_eq!(
        sentence(&mut room, "u", 1, 1, None),
        "Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all their log \
         directories cordoned."
    );
}

#[test]
fn the_longest_name_and_the_most_partitions() {
    let mut room = Room::new(1);
    assert_eq!(create(&mut room, &"x".repeat(249), 9_999, 1, None), Ok(TopicId(0)));
}

#[test]
fn the_brokers_configuration_is_metadata() {
    let mut room = Room::new(1);
    let offset = room.controller.image().offset;
    let config = BrokerConfig { broker_session_timeout_ms: 2_000, ..BrokerConfig::default() };
    for _ in 0..2 {
        room.controller.alter_broker_config(room.now, Arc::new(config.clone()), &mut room.fx);
        assert_eq!(room.controller.image().offset, offset + 1, "written once");
    }
    assert_eq!(*room.controller.image().broker_config, config);
    room.run_to(2_250);
    assert!(room.is_fenced(1), "checks go by the configuration as it is");
}

#[test]
fn a_hundred_brokers_and_five_thousand_partitions() {
    let mut room = Room::new(100);
    room.controller
        .create_topic(SimTime::ZERO, "large", 5_000, 3, Arc::new(min_isr(2)), false, None, &mut room.fx)
        .expect("can be created");
    room.fx = Effects::default();
    // Not `fence`: checking the whole index after each of many inputs is the slow part.
    for broker in 1..=100 {
        let request = BrokerHeartbeatRequest { want_fence: broker % 2 == 0, ..room.request(broker) };
        let message = Message::BrokerHeartbeat(request);
        let from = NodeId::Broker(broker as u16);
        room.controller.handle(room.now, Input::Message { from, correlation: 0, message }, &mut room.fx);
    }
    room.check_index();
    for partition in &room.controller.image().partitions {
        let leader = partition.leader.map(|leader| leader.0 % 2);
        let all_fenced = partition.replicas.iter().all(|broker| broker.0 % 2 == 0);
        assert_eq!(leader, if all_fenced { None } else { Some(1) }, "{partition:?}");
    }
}
