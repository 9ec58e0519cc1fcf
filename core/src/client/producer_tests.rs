//! The producer against a stand-in for a cluster that answers as a test wishes.
use super::*;
use crate::assign::record_size::{BATCH_OVERHEAD, RecordShape};
use crate::assign::sticky_partitioner::{LoadStats, StickyPartitioner, TopicView};
use crate::config::{Acks, BrokerConfig, Partitioner, ProducerConfig, TopicConfig};
use crate::kernel::{Digest, Draws, Purpose, SimTime};
use crate::log::{Batch, TypedRecord};
use crate::metadata::{
    BrokerId, BrokerRegistration, MetadataImage, PartitionRegistration, TopicImage, TopicPartition,
};
use crate::node::{Effect, Effects, Input, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, LeaderHint, Message, NodeId, ProduceRequest, ProduceResult};
use std::collections::BTreeMap;
use std::sync::Arc;

fn ms(n: u64) -> SimTime {
    SimTime::from_ms(n)
}

/// A topic whose partitions are led by brokers 1 to `brokers` in turn.
fn image(offset: u64, brokers: u32, partitions: u32) -> MetadataImage {
    let registration = |partition: u32| PartitionRegistration {
        leader: Some(BrokerId(1 + partition % brokers)),
        leader_epoch: 1,
        ..PartitionRegistration::default()
    };
    let topic = TopicImage {
        name: "orders".to_owned(),
        partitions: (0..partitions).map(TopicPartition).collect(),
        config: Arc::new(TopicConfig::default()),
        internal: false,
    };
    MetadataImage {
        offset,
        brokers: vec![BrokerRegistration { registered: true, ..Default::default() }; brokers as usize],
        topics: vec![Arc::new(topic)],
        partitions: (0..partitions).map(|i| Arc::new(registration(i))).collect(),
        partition_names: (0..partitions).map(|i| (crate::metadata::TopicId(0), i)).collect(),
        broker_config: Arc::new(BrokerConfig::default()),
    }
}

/// What the cluster does with a batch: appends it, refuses it, or stays silent about the whole request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Append,
    Refuse(ErrorCode),
    Moved(LeaderHint),
    Silence,
}

type Answers = dyn FnMut(SimTime, BrokerId, TopicPartition, &Batch) -> Answer;

/// A Produce request as it was sent.
#[derive(Clone, Debug)]
struct Sent {
    at: SimTime,
    broker: BrokerId,
    request: ProduceRequest,
}

struct Tank {
    producer: Producer,
    now: SimTime,
    events: BTreeMap<(SimTime, u64), Input>,
    ordinal: u64,
    image: Arc<MetadataImage>,
    round_trip_us: u64,
    answer: Box<Answers>,
    ends: BTreeMap<TopicPartition, u64>,
    sent: Vec<Sent>,
    facts: Vec<(SimTime, Fact)>,
    metadata_requests: Vec<SimTime>,
    identities: u32,
    disconnects: Vec<(SimTime, NodeId)>,
    exited: Option<SimTime>,
    wakes: u64,
}

fn constant(milli_per_s: u64, value_bytes: u32) -> Workload {
    Workload {
        rate: Rate::Constant { milli_per_s },
        keys: Keys::None,
        key_prefix: "user-".to_owned(),
        value_bytes_min: value_bytes,
        value_bytes_max: value_bytes,
    }
}

impl Tank {
    fn new(config: ProducerConfig, workload: Workload, brokers: u32, partitions: u32) -> Self {
        let spec = ProducerSpec {
            index: 3,
            client_id: "producer-4".into(),
            topic: "orders".to_owned(),
            config: Arc::new(config),
            workload: Arc::new(workload),
            bootstrap: vec![BrokerId(1)],
        };
        let mut tank = Tank {
            producer: Producer::new(spec, Draws::new(11, "producer-4")),
            now: ms(0),
            events: BTreeMap::new(),
            ordinal: 0,
            image: Arc::new(image(5, brokers, partitions)),
            round_trip_us: 2_000,
            answer: Box::new(|_, _, _, _| Answer::Append),
            ends: BTreeMap::new(),
            sent: Vec::new(),
            facts: Vec::new(),
            metadata_requests: Vec::new(),
            identities: 0,
            disconnects: Vec::new(),
            exited: None,
            wakes: 0,
        };
        tank.push(ms(0), Input::Timer(Timer::new(TimerKind::Start, 0)));
        tank
    }

    fn answer(
        mut self,
        answer: impl FnMut(SimTime, BrokerId, TopicPartition, &Batch) -> Answer + 'static,
    ) -> Self {
        self.answer = Box::new(answer);
        self
    }

    fn push(&mut self, at: SimTime, input: Input) {
        self.events.insert((at, self.ordinal), input);
        self.ordinal += 1;
    }

    fn run(&mut self, until: SimTime) {
        while let Some((&(at, ordinal), _)) = self.events.first_key_value()
            && at <= until
        {
            self.now = at;
            let input = self.events.remove(&(at, ordinal)).expect("just seen");
            self.wakes += 1;
            let mut fx = Effects::default();
            self.producer.handle(at, input, &mut fx);
            self.perform(fx);
        }
        self.now = until;
    }

    fn command(&mut self, command: impl FnOnce(&mut Producer, SimTime, &mut Effects)) {
        let mut fx = Effects::default();
        command(&mut self.producer, self.now, &mut fx);
        self.perform(fx);
    }

    fn perform(&mut self, mut fx: Effects) {
        let asked = fx.take();
        self.facts.extend(fx.facts.into_iter().map(|fact| (self.now, fact)));
        for (effect, message) in asked {
            match effect {
                Effect::SetTimer { at, timer } => {
                    assert!(at > self.now, "a timer for the past");
                    self.push(at, Input::Timer(timer));
                }
                Effect::Disconnect { peer } => {
                    self.disconnects.push((self.now, peer));
                    self.events
                        .retain(|_, event| !matches!(event, Input::Message { from, .. } if *from == peer));
                }
                Effect::Exit => self.exited = Some(self.now),
                Effect::Send { to, correlation, .. } => self.receive(to, correlation, message.expect("sent")),
            }
        }
    }

    fn receive(&mut self, to: NodeId, correlation: u32, message: Message) {
        let NodeId::Broker(id) = to else { panic!("sent to {to:?}") };
        let broker = BrokerId(u32::from(id));
        let back = self.now.plus_us(self.round_trip_us);
        let message = match message {
            Message::Metadata => {
                self.metadata_requests.push(self.now);
                Message::MetadataResponse(self.image.clone())
            }
            Message::InitProducerId => {
                self.identities += 1;
                Message::InitProducerIdResponse { producer_id: 70 + self.identities }
            }
            Message::Produce(request) => {
                self.sent.push(Sent { at: self.now, broker, request: request.clone() });
                let mut results = Vec::new();
                for (partition, batch) in &request.batches {
                    let (error, leader) = match (self.answer)(self.now, broker, *partition, batch) {
                        Answer::Silence => return,
                        Answer::Append => (ErrorCode::None, None),
                        Answer::Refuse(error) => (error, None),
                        Answer::Moved(leader) => (ErrorCode::NotLeaderOrFollower, leader),
                    };
                    let end = self.ends.entry(*partition).or_default();
                    let base_offset = *end;
                    if error == ErrorCode::None {
                        *end += u64::from(batch.count);
                    }
                    results.push(ProduceResult { partition: *partition, error, base_offset, leader });
                }
                if request.acks == Acks::None {
                    return;
                }
                Message::ProduceResponse(results)
            }
            other => panic!("a producer sends no {other:?}"),
        };
        self.push(back, Input::Message { from: to, correlation, message });
    }

    /// Every batch sent, with when.
    fn batches(&self) -> Vec<(SimTime, TopicPartition, Batch)> {
        let of = |sent: &Sent| {
            let at = sent.at;
            sent.request.batches.clone().into_iter().map(move |(partition, batch)| (at, partition, batch))
        };
        self.sent.iter().flat_map(of).collect()
    }

    fn failures(&self) -> Vec<(SimTime, u32, ErrorCode)> {
        let of = self.facts.iter().filter_map(|(at, fact)| match fact {
            Fact::SendFailed { count, error, .. } => Some((*at, *count, *error)),
            _ => None,
        });
        of.collect()
    }

    fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        self.producer.digest(&mut digest);
        digest.value()
    }
}

fn lingering(linger_ms: u64) -> ProducerConfig {
    ProducerConfig { linger_ms, ..ProducerConfig::default() }
}

#[test]
fn a_batch_lingers_from_its_first_record_on() {
    let mut tank = Tank::new(lingering(50), constant(200_000, 100), 1, 1);
    tank.run(ms(2_000));
    let batches = tank.batches();
    assert!(batches.len() > 30);
    for (at, _, batch) in &batches[1..] {
        assert_eq!(at.since_us(batch.base_time), 50_000);
        assert_eq!(batch.count, 11, "5 ms apart, the eleventh just in time");
        assert_eq!(batch.span_us, 50_000);
    }
    // Nothing is missing between batches.
    for pair in batches.windows(2) {
        assert_eq!(pair[1].2.first_ordinal, pair[0].2.first_ordinal + u64::from(pair[0].2.count));
    }
}

#[test]
fn a_full_batch_does_not_linger() {
    let mut tank = Tank::new(lingering(5_000), constant(1_000_000, 100), 1, 1);
    tank.run(ms(3_000));
    for (at, _, batch) in tank.batches() {
        // Kafka's own figures: 148 records with null keys and 100 bytes of value make 16277 bytes if they
        // come at once; here those from the 65th on are a byte longer for their timestamps.
        assert_eq!((batch.count, batch.bytes), (148, 16_277 + 84), "{batch:?}");
        assert_eq!(at.since_us(batch.max_time()), 1_000, "with the first record that has no room");
    }
    assert!(tank.sent.len() >= 20);
}

#[test]
fn sizes_are_exact() {
    for keys in [Keys::None, Keys::Uniform { count: 500 }] {
        for (min, max) in [(100, 100), (1, 900)] {
            let workload =
                Workload { keys, value_bytes_min: min, value_bytes_max: max, ..constant(3_000_000, 0) };
            let mut tank = Tank::new(lingering(40), workload, 2, 3);
            tank.run(ms(500));
            assert!(tank.sent.len() > 10);
            let records = tank.producer.records().expect("topic known").clone();
            for (_, partition, batch) in tank.batches() {
                let sizes = (0..batch.count).map(|n| {
                    let view = records.record(partition.0, &batch, n);
                    let key = view.key.map(|key| key.len() as u32);
                    // Deltas stay below 64 ms here.
                    RecordShape::new(key, Some(view.value_bytes)).record_bytes(n, 1)
                });
                assert_eq!(u64::from(batch.bytes), BATCH_OVERHEAD + sizes.sum::<u64>());
            }
        }
    }
}

#[test]
fn a_request_takes_what_its_broker_has_lingering_or_not() {
    let workload = Workload { keys: Keys::Uniform { count: 100 }, ..constant(200_000, 10) };
    let mut tank = Tank::new(lingering(100), workload, 1, 4);
    tank.run(ms(3_000));
    for sent in &tank.sent[1..] {
        let oldest = sent.request.batches.iter().map(|(_, batch)| batch.base_time).min().expect("not empty");
        assert_eq!(sent.at.since_us(oldest), 100_000, "one has lingered its time");
        assert_eq!(sent.request.batches.len(), 4, "and takes the others along");
    }
}

#[test]
fn no_more_requests_than_allowed_are_in_flight() {
    for (max_in_flight, expected) in [(5, 5), (2, 2), (1, 1)] {
        let config = ProducerConfig { max_in_flight, ..lingering(0) };
        let mut tank = Tank::new(config, constant(1_000_000, 10), 1, 1).answer(|_, _, _, _| Answer::Silence);
        tank.run(ms(1_000));
        assert_eq!(tank.sent.len(), expected);
        assert_eq!(tank.producer.in_flight(BrokerId(1)), max_in_flight);
    }
}

#[test]
fn a_stalled_broker_does_not_stall_the_others() {
    let workload = Workload { keys: Keys::Uniform { count: 100 }, ..constant(1_000_000, 10) };
    let mut tank = Tank::new(lingering(5), workload, 2, 4)
        .answer(|_, broker, _, _| if broker == BrokerId(1) { Answer::Silence } else { Answer::Append });
    tank.run(ms(1_000));
    assert_eq!(tank.sent.iter().filter(|sent| sent.broker == BrokerId(1)).count(), 5);
    assert!(tank.sent.iter().filter(|sent| sent.broker == BrokerId(2)).count() > 100);
}

#[test]
fn with_one_in_flight_a_partition_waits_for_its_batch() {
    let config = ProducerConfig { max_in_flight: 1, enable_idempotence: false, ..lingering(0) };
    let mut refused = false;
    let mut tank = Tank::new(config, constant(1_000_000, 10), 1, 1).answer(move |at, _, _, _| {
        let refuse = at > ms(100) && !refused;
        refused |= refuse;
        if refuse { Answer::Refuse(ErrorCode::NotEnoughReplicas) } else { Answer::Append }
    });
    tank.run(ms(1_000));
    let ordinals: Vec<u64> = tank.batches().iter().map(|(_, _, batch)| batch.first_ordinal).collect();
    assert!(ordinals.is_sorted(), "order holds even without idempotence");
    assert!(ordinals.windows(2).any(|pair| pair[0] == pair[1]), "one was sent twice");
}

#[test]
fn a_refused_batch_is_tried_again_after_growing_waits() {
    let mut tank = Tank::new(lingering(0), constant(1_000, 10), 1, 1)
        .answer(|_, _, _, _| Answer::Refuse(ErrorCode::NotEnoughReplicas));
    tank.run(ms(9_000));
    let first = tank.batches()[0].2.first_ordinal;
    let tries: Vec<SimTime> = tank
        .batches()
        .iter()
        .filter(|(_, _, batch)| batch.first_ordinal == first)
        .map(|sent| sent.0)
        .collect();
    let waits: Vec<u64> = tries.windows(2).map(|pair| pair[1].since_ms(pair[0]) - 2).collect();
    assert!(waits.len() >= 7);
    for (wait, nominal) in waits.iter().zip([100_u64, 200, 400, 800, 1_000, 1_000, 1_000]) {
        assert!((nominal * 8 / 10..=(nominal * 12 / 10).min(1_000)).contains(wait), "{waits:?}");
    }
    let attempts: Vec<u32> = (tank.facts.iter())
        .filter_map(|(_, fact)| match fact {
            Fact::Retrying { attempts, error: ErrorCode::NotEnoughReplicas, .. } => Some(*attempts),
            _ => None,
        })
        .collect();
    assert_eq!(attempts[..3], [1, 2, 3]);
    let sent =
        tank.batches().iter().filter(|sent| sent.2.first_ordinal == first).map(|sent| sent.2.retries).max();
    assert_eq!(sent, Some(tries.len() as u16 - 1));
    assert!(tank.producer.totals().retried > 0);
}

#[test]
fn retries_are_counted_out() {
    let config = ProducerConfig { retries: 2, enable_idempotence: false, ..lingering(0) };
    let mut tank = Tank::new(config, constant(100, 10), 1, 1)
        .answer(|_, _, _, _| Answer::Refuse(ErrorCode::NotEnoughReplicas));
    tank.run(ms(10_900));
    assert_eq!(tank.sent.len(), 3);
    assert_eq!(tank.failures().len(), 1);
    assert_eq!(tank.failures()[0].2, ErrorCode::NotEnoughReplicas);
    assert_eq!(tank.producer.totals().failed, 1);
    assert_eq!(tank.producer.memory_used(tank.now), 0);
}

#[test]
fn a_batch_follows_its_leader_at_once() {
    let hint = Some((BrokerId(2), 9));
    let mut tank = Tank::new(lingering(0), constant(2_000, 10), 2, 1).answer(move |_, broker, _, _| {
        if broker == BrokerId(1) { Answer::Moved(hint) } else { Answer::Append }
    });
    tank.run(ms(5_000));
    let to_old: Vec<_> = tank.sent.iter().filter(|sent| sent.broker == BrokerId(1)).collect();
    assert_eq!(to_old.len(), 1, "the hint holds although the metadata say otherwise");
    assert_eq!(tank.sent[1].broker, BrokerId(2));
    assert_eq!(tank.sent[1].at.since_us(tank.sent[0].at), 2_000, "no backoff after a change of leader");
    assert!(tank.metadata_requests.iter().any(|&at| at >= tank.sent[1].at), "and metadata are refreshed");
}

#[test]
fn without_a_hint_newer_metadata_end_the_backoff() {
    let mut tank = Tank::new(lingering(0), constant(2_000, 10), 2, 1).answer(move |_, broker, _, _| {
        if broker == BrokerId(1) { Answer::Moved(None) } else { Answer::Append }
    });
    tank.run(ms(20));
    let mut newer = image(6, 2, 1);
    newer.partitions = vec![Arc::new(PartitionRegistration {
        leader: Some(BrokerId(2)),
        leader_epoch: 2,
        ..Default::default()
    })];
    tank.image = Arc::new(newer);
    tank.run(ms(1_500));
    let refused = tank.sent.iter().rfind(|sent| sent.broker == BrokerId(1)).expect("tried there").at;
    let after = tank.sent.iter().find(|sent| sent.broker == BrokerId(2)).expect("found the new leader").at;
    let learned = tank.metadata_requests.iter().rfind(|&&at| at < after).expect("asked").plus_us(2_000);
    assert_eq!(after, learned, "as soon as metadata arrive");
    assert!(after.since_us(refused) < 80_000, "before the least backoff");
}

#[test]
fn a_silent_leader_costs_the_request_timeout_and_the_connection() {
    let config = ProducerConfig { request_timeout_ms: 1_000, ..lingering(0) };
    let mut tank = Tank::new(config, constant(2_000, 10), 2, 1)
        .answer(|at, _, _, _| if at < ms(3_000) { Answer::Silence } else { Answer::Append });
    tank.run(ms(10_000));
    assert_eq!(tank.disconnects[0].1, NodeId::Broker(1));
    assert_eq!(tank.disconnects[0].0, tank.sent[0].at.plus_ms(1_000));
    let timed_out = tank.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Retrying { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(timed_out, Some(ErrorCode::RequestTimedOut));
    assert!(tank.failures().is_empty());
    assert!(tank.producer.totals().acknowledged > 10);
}

#[test]
fn a_lost_connection_fails_with_a_network_exception_and_is_retried() {
    let mut tank = Tank::new(lingering(0), constant(10_000, 10), 1, 1)
        .answer(|at, _, _, _| if at < ms(400) { Answer::Silence } else { Answer::Append });
    tank.run(ms(400));
    tank.push(ms(400), Input::Disconnected(NodeId::Broker(1)));
    tank.run(ms(3_000));
    let errors: Vec<_> = (tank.facts.iter())
        .filter_map(|(_, fact)| match fact {
            Fact::Retrying { error, .. } => Some(*error),
            _ => None,
        })
        .collect();
    assert!(!errors.is_empty() && errors.iter().all(|&error| error == ErrorCode::NetworkException));
    assert!(tank.metadata_requests.iter().any(|&at| at >= ms(400) && at < ms(600)));
    let next = tank.sent.iter().find(|sent| sent.at >= ms(400)).expect("goes on").at;
    assert!(next >= ms(440), "after the reconnect backoff");
    // Everything arrives, in order.
    let mut appended: Vec<u64> = Vec::new();
    for (_, fact) in &tank.facts {
        if let Fact::Acknowledged { batch, .. } = fact {
            appended.push(batch.first_ordinal);
        }
    }
    assert!(appended.is_sorted() && appended.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(appended[0], 0);
}

#[test]
fn delivery_timeout_counts_from_the_first_record() {
    let config = ProducerConfig { delivery_timeout_ms: 2_000, request_timeout_ms: 1_500, ..lingering(10) };
    let mut tank = Tank::new(config, constant(10_000, 10), 1, 1).answer(|_, _, _, _| Answer::Silence);
    tank.run(ms(10_000));
    let failures = tank.failures();
    assert!(failures.len() > 10, "{}", failures.len());
    assert!(failures.iter().all(|failure| failure.2 == ErrorCode::DeliveryTimeout));
    let first = tank.batches()[0].2.base_time;
    assert_eq!(failures[0].0, first.plus_ms(2_000));
    // Of ten records a second none is older than 2 s, younger ones fail with their batch, and each fails once.
    assert!((79..=99).contains(&tank.producer.totals().failed), "{:?}", tank.producer.totals());
    assert_eq!(tank.producer.totals().acknowledged, 0);
}

#[test]
fn a_batch_that_expires_in_flight_keeps_its_memory_until_the_connection_ends() {
    let config = ProducerConfig { delivery_timeout_ms: 1_000, request_timeout_ms: 3_000, ..lingering(0) };
    let mut tank = Tank::new(config, constant(100, 10), 1, 1).answer(|_, _, _, _| Answer::Silence);
    while tank.sent.is_empty() {
        tank.run(tank.now.plus_ms(10));
    }
    let at = tank.sent[0].at;
    tank.run(at.plus_ms(1_100));
    assert_eq!(tank.failures().len(), 1);
    let held = tank.producer.memory_used(tank.now);
    tank.run(at.plus_ms(3_100));
    assert_eq!(tank.failures().len(), 1, "it fails once");
    assert_eq!((held, tank.producer.memory_used(tank.now)), (16_384, 0));
}

#[test]
fn without_acks_send_is_done_when_sent() {
    let config = ProducerConfig { acks: Acks::None, ..lingering(0) };
    let mut tank = Tank::new(config, constant(1_000_000, 10), 1, 1).answer(|_, _, _, _| Answer::Silence);
    tank.run(ms(1_000));
    assert!(tank.sent.len() > 900, "nothing is ever in flight");
    assert_eq!(tank.identities, 0, "not idempotent");
    let acknowledged = tank.facts.iter().filter(|(_, fact)| {
        matches!(fact, Fact::Acknowledged { confirmed: false, batch, .. } if batch.base_sequence == -1)
    });
    assert_eq!(acknowledged.count(), tank.sent.len());
    assert!(tank.producer.memory_used(tank.now) <= 16_384);
}

#[test]
fn acknowledged_batches_carry_their_offsets() {
    let mut tank = Tank::new(lingering(5), constant(1_000_000, 10), 1, 2);
    tank.run(ms(1_000));
    let mut ends = [0; 2];
    for (_, fact) in &tank.facts {
        if let Fact::Acknowledged { producer: 3, partition, batch, confirmed: true } = fact {
            assert_eq!(batch.base_offset, ends[partition.index()]);
            ends[partition.index()] = batch.end_offset();
        }
    }
    assert_eq!(ends.iter().sum::<u64>(), tank.producer.totals().acknowledged);
}

#[test]
fn an_identity_comes_first_and_sequences_have_no_gap() {
    let workload = Workload { keys: Keys::Uniform { count: 50 }, ..constant(1_000_000, 10) };
    let mut tank = Tank::new(lingering(5), workload, 2, 3);
    tank.run(ms(1_000));
    assert_eq!(tank.identities, 1);
    let mut next = [0; 3];
    for (_, partition, batch) in tank.batches() {
        assert_eq!((batch.producer_id, batch.producer_epoch), (71, 0));
        assert_eq!(batch.base_sequence, next[partition.index()]);
        next[partition.index()] += batch.count as i32;
    }
    assert!(next.iter().all(|&next| next > 100));
}

#[test]
fn a_retried_batch_keeps_its_sequence_and_is_sent_before_the_rest() {
    let mut refused = 0;
    let mut tank = Tank::new(lingering(0), constant(1_000_000, 10), 1, 1).answer(move |at, _, _, _| {
        let refuse = at > ms(100) && refused < 5;
        refused += u32::from(refuse);
        if refuse { Answer::Refuse(ErrorCode::NotEnoughReplicas) } else { Answer::Append }
    });
    tank.run(ms(2_000));
    let mut appended: Vec<i32> = Vec::new();
    for (_, fact) in &tank.facts {
        if let Fact::Acknowledged { batch, .. } = fact {
            appended.push(batch.base_sequence);
        }
    }
    assert!(appended.is_sorted() && appended.len() > 100);
    for (_, _, batch) in tank.batches() {
        assert_eq!(batch.base_sequence, batch.first_ordinal as i32, "the same however often it is sent");
    }
    let retried = tank.batches().iter().filter(|(_, _, batch)| batch.retries > 0).count();
    assert!(retried >= 5);
}

#[test]
fn a_batch_that_fails_for_good_starts_a_new_epoch() {
    let mut failed = false;
    let mut tank = Tank::new(lingering(5), constant(1_000_000, 10), 1, 1).answer(move |at, _, _, _| {
        let fail = at > ms(500) && !failed;
        failed |= fail;
        if fail { Answer::Refuse(ErrorCode::RecordListTooLarge) } else { Answer::Append }
    });
    tank.run(ms(1_000));
    assert_eq!(tank.failures().len(), 1);
    let batches = tank.batches();
    let first = batches.iter().position(|(_, _, batch)| batch.producer_epoch == 1).expect("bumped");
    assert_eq!(batches[first].2.base_sequence, 0);
    let mut next = 0;
    for (_, _, batch) in &batches[first..] {
        assert_eq!((batch.producer_id, batch.producer_epoch, batch.base_sequence), (71, 1, next));
        next += batch.count as i32;
    }
}

#[test]
fn a_gap_at_the_broker_is_closed_by_a_new_epoch_and_nothing_is_lost() {
    // The broker lost the producer's state: it wants sequence 0 of any epoch it has not seen.
    let mut lost = false;
    let mut tank = Tank::new(lingering(5), constant(1_000_000, 10), 1, 1).answer(move |at, _, _, batch| {
        lost |= at > ms(500);
        if lost && batch.producer_epoch == 0 {
            Answer::Refuse(ErrorCode::OutOfOrderSequenceNumber)
        } else {
            Answer::Append
        }
    });
    tank.run(ms(2_000));
    assert!(tank.failures().is_empty());
    assert_eq!(tank.producer.totals().failed, 0);
    let mut next_ordinal = 0;
    for (_, fact) in &tank.facts {
        if let Fact::Acknowledged { batch, .. } = fact {
            assert_eq!(batch.first_ordinal, next_ordinal);
            next_ordinal += u64::from(batch.count);
        }
    }
    assert!(next_ordinal > 1_500);
}

#[test]
fn after_an_expiry_nothing_new_is_sent_until_what_is_in_flight_is_resolved() {
    let config = ProducerConfig {
        delivery_timeout_ms: 1_000,
        request_timeout_ms: 700,
        max_in_flight: 5,
        ..lingering(5)
    };
    // One batch is refused until it expires, everything after it stays unanswered until 4 s.
    let mut tank = Tank::new(config, constant(100_000, 10), 1, 1).answer(|at, _, _, batch| match at {
        at if at > ms(3_000) => Answer::Append,
        _ if batch.first_ordinal == 0 => Answer::Refuse(ErrorCode::NotEnoughReplicas),
        _ => Answer::Silence,
    });
    tank.run(ms(6_000));
    let expired = tank.failures()[0].0;
    let batches = tank.batches();
    let of_epoch = |epoch: u16| batches.iter().filter(move |(_, _, batch)| batch.producer_epoch == epoch);
    let mut known: Vec<u64> =
        of_epoch(0).filter(|sent| sent.0 < expired).map(|s| s.2.first_ordinal).collect();
    known.sort_unstable();
    for (at, _, batch) in of_epoch(0).filter(|sent| sent.0 >= expired) {
        assert!(known.binary_search(&batch.first_ordinal).is_ok(), "{at}: a new batch across a gap");
    }
    let bumped = of_epoch(1).next().expect("a new epoch once all had expired");
    assert_eq!(bumped.2.base_sequence, 0);
    assert!(tank.producer.totals().acknowledged > 200);
}

#[test]
fn memory_blocks_send_and_the_load_waits() {
    let config = ProducerConfig { buffer_memory_bytes: 4 * 16_384, ..lingering(0) };
    let mut tank = Tank::new(config, constant(1_000_000, 1_000), 1, 1)
        .answer(|at, _, _, _| if at < ms(500) { Answer::Silence } else { Answer::Append });
    tank.run(ms(400));
    assert!(tank.producer.is_blocked());
    assert_eq!(tank.producer.memory_used(tank.now), 4 * 16_384);
    tank.push(ms(500), Input::Disconnected(NodeId::Broker(1)));
    tank.run(ms(1_500));
    let blocks: Vec<(SimTime, bool)> = (tank.facts.iter())
        .filter_map(|(at, fact)| match fact {
            Fact::Blocked { producer: 3, blocked, .. } => Some((*at, *blocked)),
            _ => None,
        })
        .collect();
    assert!(blocks[0].1 && !blocks[1].1);
    assert!(blocks[0].0 < ms(100) && blocks[1].0 > ms(500), "{blocks:?}");
    assert!(tank.failures().is_empty());
    // What was not sent while it blocked was never created: the load waited.
    let totals = tank.producer.totals();
    assert!((850..1_050).contains(&totals.acknowledged), "{totals:?}");
    // The record that waited was created when send was called.
    let waited = tank.batches().into_iter().find(|(_, _, batch)| batch.base_time == blocks[0].0);
    assert!(waited.is_some());
}

#[test]
fn a_blocked_send_gives_up_after_max_block() {
    let config = ProducerConfig {
        buffer_memory_bytes: 2 * 16_384,
        max_block_ms: 100,
        request_timeout_ms: 20_000,
        ..lingering(0)
    };
    let mut tank = Tank::new(config, constant(1_000_000, 1_000), 1, 1).answer(|_, _, _, _| Answer::Silence);
    tank.run(ms(2_000));
    let failures = tank.failures();
    assert!((15..=20).contains(&failures.len()), "one each 100 ms: {}", failures.len());
    for pair in failures.windows(2) {
        assert_eq!(pair[0].2, ErrorCode::BufferExhausted);
        assert_eq!(pair[0].1, 1);
        assert!((101..=102).contains(&pair[1].0.since_ms(pair[0].0)), "{failures:?}");
    }
}

#[test]
fn exhausted_memory_sends_young_batches_at_once() {
    // Each partition opens a batch of 16 KiB; there is memory for three of ten.
    let config = ProducerConfig { buffer_memory_bytes: 3 * 16_384, ..lingering(1_000) };
    let workload = Workload { keys: Keys::Uniform { count: 1_000 }, ..constant(1_000_000, 10) };
    let mut tank = Tank::new(config, workload, 2, 10);
    tank.run(ms(1_000));
    assert!(tank.sent.len() > 100, "{}", tank.sent.len());
    assert!(tank.facts.iter().any(|(_, fact)| matches!(fact, Fact::Blocked { blocked: true, .. })));
    for (at, _, batch) in tank.batches() {
        assert!(at.since_ms(batch.base_time) < 100, "long before linger");
    }
    assert!(tank.producer.memory_used(tank.now) <= 3 * 16_384);
    let mut next = [0_u64; 10];
    for (_, partition, batch) in tank.batches() {
        assert_eq!(batch.first_ordinal, next[partition.index()]);
        next[partition.index()] += u64::from(batch.count);
    }
}

#[test]
fn keyed_batches_never_take_more_memory_than_there_is() {
    let config = ProducerConfig { buffer_memory_bytes: 6 * 16_384, ..lingering(20) };
    let workload = Workload {
        keys: Keys::Zipf { count: 1_000, exponent_milli: 1_100 },
        rate: Rate::Poisson { milli_per_s: 20_000_000 },
        ..constant(0, 300)
    };
    let mut tank = Tank::new(config, workload, 3, 12);
    for step in 1..400 {
        tank.run(ms(step));
        assert!(tank.producer.memory_used(tank.now) <= 6 * 16_384);
    }
    assert!(tank.producer.totals().acknowledged > 1_000);
}

/// The sticky partitioner fed record by record, as Kafka does it, when every full batch is sent at once.
fn record_by_record(batch_size: u32, shape: RecordShape, partitions: u32, records: u32) -> Vec<(u32, u32)> {
    let available: Vec<u32> = (0..partitions).collect();
    let view = TopicView { partitions, available: &available };
    let draws = Draws::new(11, "producer-4");
    let mut draw = |ordinal| (draws.at(Purpose::new("sticky partition"), ordinal).0 >> 33) as u32;
    let mut sticky = StickyPartitioner::new(batch_size);
    let limit = shape.batch_limit(batch_size);
    let mut open: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    let mut closed = Vec::new();
    for _ in 0..records {
        let size = |count: u32| shape.record_bytes(count, 0);
        let mut target = sticky.current(view, &mut draw);
        // The record has no room: the batch is closed.
        if let Some(&(count, bytes)) = open.get(&target)
            && bytes + size(count) > limit
        {
            open.remove(&target);
            closed.push((target, count));
        }
        if !open.contains_key(&target) {
            sticky.reconsider(view, &mut draw);
            target = sticky.current(view, &mut draw);
            if let Some(&(count, bytes)) = open.get(&target)
                && bytes + size(count) > limit
            {
                open.remove(&target);
                closed.push((target, count));
            }
        }
        let is_new = !open.contains_key(&target);
        let (count, bytes) = open.entry(target).or_insert((0, BATCH_OVERHEAD));
        let added = size(*count);
        *bytes += added;
        *count += 1;
        let full = *bytes >= limit;
        let grown = added + if is_new { BATCH_OVERHEAD } else { 0 };
        if full {
            closed.push((target, *count));
            open.remove(&target);
        }
        sticky.appended(grown, full, view, &mut draw);
    }
    closed
}

#[test]
fn batches_go_where_kafka_would_send_their_records() {
    for (batch_size, value_bytes) in
        [(16_384, 100), (16_384, 1_000), (1_000, 300), (100, 500), (131_072, 1_024)]
    {
        let config = ProducerConfig {
            batch_size_bytes: batch_size,
            partitioner_adaptive: false,
            buffer_memory_bytes: 1 << 40,
            ..lingering(600_000)
        };
        // All within 64 ms, so that deltas are as short as in the reference, and none is sent by linger.
        // A broker each: what is sent for one partition takes no other's young batch along.
        let mut tank = Tank::new(config, constant(50_000_000, value_bytes), 7, 7);
        tank.round_trip_us = 10;
        tank.run(ms(50));
        let sent: Vec<(u32, u32)> =
            tank.batches().iter().map(|(_, partition, batch)| (partition.0, batch.count)).collect();
        let shape = RecordShape::new(None, Some(value_bytes));
        let expected = record_by_record(batch_size, shape, 7, 2_490);
        assert!(sent.len() >= 15 && expected.len().abs_diff(sent.len()) <= 1 + sent.len() / 50);
        let common = sent.len().min(expected.len());
        assert_eq!(sent[..common], expected[..common], "{batch_size}/{value_bytes}");
    }
}

#[test]
fn picking_by_load_is_kafkas_choice() {
    let mut tank = Tank::new(lingering(5), constant(1_000, 10), 2, 5);
    tank.run(ms(100));
    let producer = &mut tank.producer;
    producer.used = 5;
    let parcel = |partition| {
        let open = super::accumulator::Open::new(0, ms(0), ms(0), 100);
        super::accumulator::Open { count: 1, ..open }.close(partition, producer_source())
    };
    for queues in [[0, 3, 1, 0, 0], [0, 0, 0, 0, 0], [2, 2, 2, 2, 2], [1, 0, 4, 4, 2], [0, 0, 0, 0, 1]] {
        producer.holding.clear();
        for (partition, &batches) in (0..).zip(&queues) {
            let queue = &mut producer.queues[partition as usize];
            queue.open = None;
            queue.waiting = (0..batches).map(|_| parcel(partition)).collect();
            if batches > 0 {
                producer.holding.push(partition);
            }
        }
        let seen: Vec<_> = (0..)
            .zip(&queues)
            .map(|(partition, &batches)| crate::assign::sticky_partitioner::Queue {
                partition,
                batches,
                has_leader: true,
                excluded: false,
            })
            .collect();
        let load = LoadStats::from_queues(&seen, 5);
        for random in 0..60 {
            let expected = load.as_ref().map_or(random % 5, |load| load.pick(random));
            assert_eq!(producer.pick(random) % 5, expected, "{queues:?} {random}");
        }
    }
}

fn producer_source() -> crate::log::SourceId {
    crate::log::SourceId(3)
}

#[test]
fn records_without_keys_avoid_partitions_without_a_leader_and_keyed_ones_wait() {
    for keys in [Keys::None, Keys::Uniform { count: 100 }] {
        let workload = Workload { keys, ..constant(1_000_000, 10) };
        let config = ProducerConfig { batch_size_bytes: 300, ..lingering(1) };
        let mut tank = Tank::new(config, workload, 2, 4);
        let mut gone = image(5, 2, 4);
        let without = PartitionRegistration { leader: None, leader_epoch: 1, ..Default::default() };
        gone.partitions[3] = Arc::new(without);
        tank.image = Arc::new(gone);
        tank.run(ms(1_000));
        assert!(tank.batches().iter().all(|(_, partition, _)| partition.0 != 3));
        let waiting = tank.producer.backlog(tank.now, 3).records;
        if keys == Keys::None {
            assert_eq!(waiting, 0);
        } else {
            assert!(waiting > 100);
            assert!(tank.metadata_requests.len() >= 3, "asks again and again");
            assert!(tank.metadata_requests.len() < 12, "with its backoff");
            let mut back = image(9, 2, 4);
            back.partitions[3] = Arc::new(PartitionRegistration {
                leader: Some(BrokerId(2)),
                leader_epoch: 2,
                ..Default::default()
            });
            tank.image = Arc::new(back);
            tank.run(ms(3_500));
            assert!(tank.producer.backlog(tank.now, 3).records < 100);
        }
    }
}

#[test]
fn round_robin_gives_each_partition_its_turn() {
    let config = ProducerConfig { partitioner: Partitioner::RoundRobin, ..lingering(0) };
    let mut tank = Tank::new(config, constant(100_000, 10), 1, 4);
    tank.run(ms(2_000));
    let turns: Vec<u32> = tank.batches().iter().map(|(_, partition, _)| partition.0).collect();
    assert!(turns.len() > 150);
    assert!(turns.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 4), "{turns:?}");
    for (at, _, batch) in tank.batches() {
        assert_eq!((at, batch.count), (batch.base_time, 1));
    }
}

#[test]
fn too_large_a_batch_is_split_until_it_fits() {
    let config = ProducerConfig { batch_size_bytes: 10_000, ..lingering(200) };
    let mut tank = Tank::new(config, constant(1_000_000, 100), 1, 1).answer(|_, _, _, batch| {
        if batch.bytes > 3_000 { Answer::Refuse(ErrorCode::MessageTooLarge) } else { Answer::Append }
    });
    tank.run(ms(1_000));
    let mut next = (0, 0);
    for (_, fact) in &tank.facts {
        if let Fact::Acknowledged { batch, .. } = fact {
            assert!(batch.bytes <= 3_000 && batch.retries == 0);
            assert_eq!((batch.first_ordinal, batch.base_sequence), next, "in order, under its old sequences");
            next = (next.0 + u64::from(batch.count), next.1 + batch.count as i32);
        }
    }
    assert!(next.0 > 500 && tank.failures().is_empty());
    assert_eq!(tank.producer.totals().retried, 0, "splitting is no attempt");
    tank.command(|producer, now, fx| producer.stop(now, fx));
    tank.run(ms(2_000));
    assert_eq!(tank.producer.totals().sent, tank.producer.totals().acknowledged, "each record counts once");
}

#[test]
fn a_record_too_large_for_the_broker_fails() {
    let mut tank = Tank::new(lingering(0), constant(10_000, 100), 1, 1)
        .answer(|_, _, _, _| Answer::Refuse(ErrorCode::MessageTooLarge));
    tank.run(ms(1_050));
    assert!((9..=11).contains(&tank.failures().len()));
    assert!(tank.failures().iter().all(|failure| failure.1 == 1 && failure.2 == ErrorCode::MessageTooLarge));
}

#[test]
fn a_record_above_max_request_size_is_never_sent() {
    for keys in [Keys::None, Keys::Uniform { count: 10 }] {
        for (min, max) in [(2_000, 2_000), (100, 2_000)] {
            let workload =
                Workload { keys, value_bytes_min: min, value_bytes_max: max, ..constant(1_000_000, 0) };
            let config = ProducerConfig { max_request_size_bytes: 1_000, ..lingering(5) };
            let mut tank = Tank::new(config, workload, 1, 2);
            tank.run(ms(1_000));
            let (sent, failed) = (tank.producer.totals().sent, tank.producer.totals().failed);
            assert!((600..=1_000).contains(&(sent + failed)), "{keys:?} {min}: {sent} {failed}");
            assert_eq!(sent == 0, min == max);
            assert!(failed > 400);
            let records = tank.producer.records().expect("known").clone();
            for (_, partition, batch) in tank.batches() {
                for n in 0..batch.count {
                    assert!(records.record(partition.0, &batch, n).value_bytes < 920);
                }
            }
        }
    }
}

#[test]
fn a_request_stays_below_its_limit_and_the_next_goes_on_from_there() {
    let workload = Workload { keys: Keys::Uniform { count: 1_000 }, ..constant(4_000_000, 100) };
    let config = ProducerConfig { max_request_size_bytes: 5_000, batch_size_bytes: 2_000, ..lingering(20) };
    let mut tank = Tank::new(config, workload, 1, 8);
    tank.run(ms(1_000));
    let mut sent_to = [0; 8];
    for sent in &tank.sent {
        let size: u32 = sent.request.batches.iter().map(|(_, batch)| batch.bytes).sum();
        assert!(size <= 5_000, "{size}");
        let mut partitions: Vec<u32> =
            sent.request.batches.iter().map(|(partition, _)| partition.0).collect();
        for &partition in &partitions {
            sent_to[partition as usize] += 1;
        }
        partitions.sort_unstable();
        partitions.dedup();
        assert_eq!(partitions.len(), sent.request.batches.len(), "one batch a partition");
    }
    assert!(sent_to.iter().all(|&n| n > 10), "none starves: {sent_to:?}");
}

#[test]
fn closing_sends_everything_and_ends() {
    for keys in [Keys::None, Keys::Uniform { count: 100 }] {
        let workload = Workload { keys, ..constant(100_000, 10) };
        let mut tank = Tank::new(lingering(60_000), workload, 2, 4);
        tank.run(ms(1_000));
        assert!(tank.sent.is_empty(), "all lingers");
        tank.command(|producer, now, fx| producer.stop(now, fx));
        assert!(!tank.sent.is_empty() && tank.exited.is_none());
        tank.run(ms(1_500));
        assert!(tank.exited.is_some());
        let totals = tank.producer.totals();
        assert!((98..=101).contains(&totals.acknowledged), "{totals:?}");
        assert_eq!(tank.producer.memory_used(tank.now), 0);
        let wakes = tank.wakes;
        tank.run(ms(100_000));
        assert!(tank.wakes - wakes < 5 && tank.producer.totals() == totals);
    }
}

#[test]
fn a_changed_rate_counts_from_now_on() {
    for keys in [Keys::None, Keys::Uniform { count: 100 }] {
        let workload = Workload { keys, ..constant(10_000, 10) };
        let mut tank = Tank::new(lingering(5), workload, 2, 4);
        tank.run(ms(10_000));
        tank.command(|producer, now, fx| producer.set_rate(now, Rate::Constant { milli_per_s: 100_000 }, fx));
        tank.run(ms(20_000));
        let sent = tank.producer.totals().sent;
        assert!((1_085..=1_105).contains(&sent), "{keys:?} {sent}");
        tank.command(|producer, now, fx| producer.set_rate(now, Rate::Constant { milli_per_s: 0 }, fx));
        tank.run(ms(20_100));
        let sent = tank.producer.totals().sent;
        tank.run(ms(40_000));
        assert_eq!(tank.producer.totals().sent, sent);
    }
}

#[test]
fn a_typed_record_is_a_batch_of_its_own() {
    for keys in [Keys::None, Keys::Uniform { count: 100 }] {
        let workload = Workload { keys, ..constant(100_000, 10) };
        let mut tank = Tank::new(lingering(50), workload, 2, 3);
        tank.run(ms(1_000));
        let typed = TypedRecord { key: Some("me".into()), value: "hello".into() };
        tank.command(|producer, now, fx| producer.send_record(now, typed.clone(), fx));
        tank.run(ms(1_500));
        let batches = tank.batches();
        let mine: Vec<_> = batches.iter().filter(|(_, _, batch)| batch.payload.is_some()).collect();
        assert_eq!(mine.len(), 1);
        let (_, partition, batch) = mine[0];
        assert_eq!(partition.0, crate::assign::murmur2::partition_for_key(b"me", 3));
        assert_eq!((batch.count, batch.base_time), (1, ms(1_000)));
        assert_eq!(u64::from(batch.bytes), 61 + RecordShape::new(Some(2), Some(5)).record_bytes(0, 0));
        // It has its own place among the partition's ordinals.
        let mut next = 0;
        for (_, _, batch) in batches.iter().filter(|sent| sent.1 == *partition) {
            assert_eq!(batch.first_ordinal, next);
            next += u64::from(batch.count);
        }
    }
}

#[test]
fn a_typed_record_alone_lingers_and_waits_for_the_topic() {
    let mut tank = Tank::new(lingering(50), constant(0, 10), 1, 1);
    tank.command(|producer, now, fx| {
        producer.send_record(now, TypedRecord { key: None, value: "early".into() }, fx);
    });
    tank.run(ms(1_000));
    assert_eq!(tank.batches().len(), 1);
    let (at, _, batch) = &tank.batches()[0];
    assert_eq!(at.since_us(batch.base_time), 50_000);
    assert_eq!(tank.producer.totals().acknowledged, 1);
}

#[test]
fn an_unknown_topic_blocks_send_until_max_block() {
    let config = ProducerConfig { max_block_ms: 1_000, ..lingering(5) };
    let mut tank = Tank::new(config, constant(100_000, 10), 1, 1);
    tank.image = Arc::new(MetadataImage { offset: 3, topics: Vec::new(), ..image(3, 1, 1) });
    tank.run(ms(3_500));
    assert_eq!(tank.producer.totals().failed, 3);
    assert!((4..=12).contains(&tank.metadata_requests.len()), "{:?}", tank.metadata_requests);
    tank.image = Arc::new(image(8, 1, 1));
    tank.run(ms(6_500));
    assert!((150..=310).contains(&tank.producer.totals().acknowledged));
    assert_eq!(tank.producer.totals().failed, 3);
}

#[test]
fn what_a_person_sees_adds_up() {
    for keys in [Keys::None, Keys::Uniform { count: 100 }] {
        let workload = Workload { keys, ..constant(1_000_000, 100) };
        let mut tank = Tank::new(lingering(20), workload, 2, 4);
        tank.run(ms(10_015));
        let backlog: Vec<_> = (0..4).map(|partition| tank.producer.backlog(tank.now, partition)).collect();
        let next: u64 = backlog.iter().map(|backlog| backlog.next_ordinal).sum();
        let waiting: u64 = backlog.iter().map(|backlog| backlog.records).sum();
        assert!((9_995..=10_015).contains(&next), "{backlog:?}");
        assert_eq!(tank.producer.totals().sent + waiting, next);
        let before = tank.digest();
        let _ = tank.producer.backlog(tank.now, 0);
        assert_eq!(tank.digest(), before);
    }
}

#[test]
fn the_same_run_has_the_same_digest_traced_or_not() {
    let run = |tracing: bool| {
        let workload = Workload {
            keys: Keys::Zipf { count: 100, exponent_milli: 900 },
            rate: Rate::Poisson { milli_per_s: 300_000 },
            ..constant(0, 50)
        };
        let mut tank = Tank::new(lingering(5), workload, 3, 6).answer(|at, _, partition, _| {
            match (at.as_ms() / 100 + u64::from(partition.0)) % 7 {
                0 => Answer::Refuse(ErrorCode::NotEnoughReplicas),
                1 => Answer::Moved(Some((BrokerId(1 + partition.0 % 2), 2 + at.as_ms() as u32 / 1_000))),
                _ => Answer::Append,
            }
        });
        let mut digests = Vec::new();
        while tank.now < ms(3_000) {
            let Some((&(at, ordinal), _)) = tank.events.first_key_value() else { break };
            tank.now = at;
            let input = tank.events.remove(&(at, ordinal)).expect("just seen");
            let mut fx = Effects { tracing, ..Effects::default() };
            tank.producer.handle(at, input, &mut fx);
            tank.perform(fx);
            digests.push(tank.digest());
        }
        digests
    };
    let lean = run(false);
    assert!(lean.len() > 500, "{}", lean.len());
    assert_eq!(lean, run(true));
}

#[test]
fn a_wake_is_for_a_batch_not_for_a_record() {
    let mut tank = Tank::new(lingering(20), constant(40_000_000, 100), 3, 30);
    tank.run(ms(2_000));
    let batches = tank.batches().len() as u64;
    assert!(tank.producer.totals().sent > 78_000);
    // One wake to send a batch, one for its answer.
    assert!(tank.wakes < 3 * batches + 100, "{} wakes for {batches} batches", tank.wakes);
}

#[test]
fn an_identity_is_asked_for_until_it_comes() {
    let mut tank = Tank::new(lingering(0), constant(100_000, 10), 1, 1);
    tank.round_trip_us = 50_000;
    tank.run(ms(20));
    tank.events.retain(|_, event| !matches!(event, Input::Message { .. }));
    tank.push(ms(20), Input::Disconnected(NodeId::Broker(1)));
    tank.run(ms(1_000));
    assert_eq!(tank.identities, 2);
    let first = tank.batches()[0].clone();
    assert_eq!((first.2.producer_id, first.2.base_sequence), (72, 0));
}

#[test]
fn after_the_last_epoch_a_new_identity_is_asked_for() {
    let mut tank = Tank::new(lingering(5), constant(1_000_000, 10), 1, 1).answer(|at, _, _, batch| {
        if at > ms(500) && batch.producer_id == 71 {
            Answer::Refuse(ErrorCode::RecordListTooLarge)
        } else {
            Answer::Append
        }
    });
    tank.run(ms(400));
    tank.producer.identity.epoch = i16::MAX as u16;
    tank.run(ms(1_000));
    assert_eq!(tank.identities, 2);
    let batches = tank.batches();
    let first = batches.iter().find(|(_, _, batch)| batch.producer_id == 72).expect("goes on");
    assert_eq!((first.2.producer_epoch, first.2.base_sequence), (0, 0));
    assert!(tank.producer.totals().acknowledged > 800);
}

#[test]
fn a_broker_that_takes_nothing_is_avoided_after_the_availability_timeout() {
    let share = |timeout_ms: u64| {
        let config = ProducerConfig {
            partitioner_availability_timeout_ms: timeout_ms,
            batch_size_bytes: 300,
            request_timeout_ms: 100_000,
            ..lingering(1)
        };
        let mut tank = Tank::new(config, constant(1_000_000, 100), 2, 4).answer(|at, broker, _, _| {
            if at > ms(1_000) && broker == BrokerId(1) { Answer::Silence } else { Answer::Append }
        });
        tank.run(ms(1_500));
        let ends = |tank: &Tank| -> Vec<u64> {
            (0..4).map(|partition| tank.producer.backlog(tank.now, partition).next_ordinal).collect()
        };
        let before = ends(&tank);
        tank.run(ms(2_500));
        let after = ends(&tank);
        (after[0] - before[0]) + (after[2] - before[2])
    };
    assert!(share(0) > 20, "its partitions have long queues and are chosen less often: {}", share(0));
    assert!(share(50) <= 5, "they are not chosen at all: {}", share(50));
    // Healthy brokers are not avoided, though data wait for them at the moment of the choice.
    let config =
        ProducerConfig { partitioner_availability_timeout_ms: 50, batch_size_bytes: 300, ..lingering(1_000) };
    let mut tank = Tank::new(config, constant(1_000_000, 100), 2, 2);
    tank.run(ms(2_000));
    let turns: Vec<u32> = tank.batches().iter().map(|(_, partition, _)| partition.0).collect();
    // After every partition was used once, which is when the load begins to count.
    let longest_run = turns[turns.len() / 2..].chunk_by(|a, b| a == b).map(<[u32]>::len).max();
    assert!(longest_run >= Some(6), "{longest_run:?}");
}

#[test]
fn keys_may_be_ignored() {
    let config = ProducerConfig { partitioner_ignore_keys: true, batch_size_bytes: 500, ..lingering(1) };
    let workload = Workload { keys: Keys::Uniform { count: 1 }, ..constant(1_000_000, 100) };
    let mut tank = Tank::new(config, workload, 2, 4);
    tank.run(ms(1_000));
    let mut seen = [0; 4];
    for (_, partition, _) in tank.batches() {
        seen[partition.index()] += 1;
    }
    assert!(seen.iter().all(|&n| n > 20), "{seen:?}");
}

#[test]
fn partitions_of_one_request_wait_for_each_other() {
    // The answer to a request comes when all its partitions are done: one silent partition holds its request.
    let workload = Workload { keys: Keys::Uniform { count: 100 }, ..constant(1_000_000, 10) };
    let mut tank = Tank::new(lingering(5), workload, 1, 4).answer(|at, _, partition, _| {
        if at > ms(500) && partition.0 == 2 { Answer::Silence } else { Answer::Append }
    });
    tank.run(ms(1_000));
    let late =
        tank.facts.iter().filter(|(at, fact)| *at > ms(560) && matches!(fact, Fact::Acknowledged { .. }));
    assert_eq!(late.count(), 0);
    assert_eq!(tank.producer.in_flight(BrokerId(1)), 5);
}

#[test]
fn nothing_is_sent_while_a_broker_is_in_its_reconnect_backoff() {
    let config = ProducerConfig { reconnect_backoff_ms: 400, reconnect_backoff_max_ms: 400, ..lingering(0) };
    let mut tank = Tank::new(config, constant(1_000_000, 10), 1, 1);
    tank.run(ms(500));
    tank.push(ms(500), Input::Disconnected(NodeId::Broker(1)));
    tank.run(ms(2_000));
    let next = tank.sent.iter().find(|sent| sent.at > ms(500)).expect("goes on").at;
    assert_eq!(next, ms(900));
}

#[test]
fn where_not_all_fits_every_partition_gets_its_turn() {
    let workload = Workload { keys: Keys::Uniform { count: 1_000 }, ..constant(8_000_000, 100) };
    let config = ProducerConfig {
        max_request_size_bytes: 1_000,
        batch_size_bytes: 450,
        max_in_flight: 1,
        buffer_memory_bytes: 1 << 40,
        ..lingering(1)
    };
    let mut tank = Tank::new(config, workload, 1, 8);
    tank.run(ms(1_000));
    let mut sent_to = [0_u32; 8];
    for (_, partition, _) in tank.batches() {
        sent_to[partition.index()] += 1;
    }
    let (least, most) = (sent_to.iter().min(), sent_to.iter().max());
    assert!(least.zip(most).is_some_and(|(least, most)| most - least <= 2), "{sent_to:?}");
}

#[test]
fn with_one_in_flight_a_partition_that_moved_still_waits_for_its_batch() {
    for (max_in_flight, goes_on) in [(1, false), (5, true)] {
        let config = ProducerConfig { max_in_flight, metadata_max_age_ms: 1_000, ..lingering(0) };
        let mut tank = Tank::new(config, constant(100_000, 10), 2, 1)
            .answer(|_, broker, _, _| if broker == BrokerId(1) { Answer::Silence } else { Answer::Append });
        let mut moved = image(9, 2, 1);
        moved.partitions[0] = Arc::new(PartitionRegistration {
            leader: Some(BrokerId(2)),
            leader_epoch: 2,
            ..Default::default()
        });
        tank.run(ms(100));
        tank.image = Arc::new(moved);
        tank.run(ms(5_000));
        assert!(tank.metadata_requests.len() > 2);
        assert_eq!(tank.sent.iter().any(|sent| sent.broker == BrokerId(2)), goes_on, "{max_in_flight}");
    }
}

#[test]
fn no_retry_once_the_delivery_timeout_is_reached() {
    let config = ProducerConfig { delivery_timeout_ms: 500, request_timeout_ms: 5_000, ..lingering(0) };
    let mut tank = Tank::new(config, constant(100, 10), 1, 1)
        .answer(|_, _, _, _| Answer::Refuse(ErrorCode::NotEnoughReplicas));
    tank.run(ms(100));
    // The answer comes in the very microsecond, before the sender looks.
    tank.round_trip_us = 500_000;
    while tank.sent.is_empty() {
        tank.run(tank.now.plus_us(100));
    }
    let answer = tank.events.iter().find(|(_, event)| matches!(event, Input::Message { .. }));
    let (at, _) = *answer.expect("on its way").0;
    assert_eq!(at, tank.sent[0].at.plus_ms(500));
    let (&key, _) =
        tank.events.iter().find(|(_, event)| matches!(event, Input::Message { .. })).expect("there");
    let event = tank.events.remove(&key).expect("there");
    tank.now = at;
    tank.command(|producer, now, fx| producer.handle(now, event, fx));
    assert_eq!(tank.producer.totals().retried, 0);
    assert_eq!(tank.failures(), [(at, 1, ErrorCode::NotEnoughReplicas)]);
}

#[test]
fn a_second_batch_ends_the_linger_of_the_first() {
    let typed = |value: &str| TypedRecord { key: Some("me".into()), value: value.into() };
    for (keys, rate) in [(Keys::None, 0), (Keys::None, 300), (Keys::Uniform { count: 1 }, 300)] {
        // The one key of the load goes where the typed one goes: there is one partition.
        let workload = Workload { keys, ..constant(rate, 10) };
        let mut tank = Tank::new(lingering(10_000), workload, 1, 1);
        tank.run(ms(10));
        tank.command(|producer, now, fx| producer.send_record(now, typed("one"), fx));
        tank.run(ms(60));
        assert!(tank.sent.is_empty());
        if rate == 0 {
            tank.command(|producer, now, fx| producer.send_record(now, typed("two"), fx));
        }
        tank.run(ms(5_000));
        tank.command(|producer, now, fx| producer.stop(now, fx));
        tank.run(ms(5_100));
        let batches = tank.batches();
        assert!(batches[0].2.payload.is_some());
        assert!(batches[1].2.base_time >= ms(60));
        assert_eq!(batches[0].0, batches[1].2.base_time, "when the next record came");
    }
}

#[test]
fn a_partition_takes_up_a_new_epoch_when_its_old_batches_are_done() {
    let workload = Workload { keys: Keys::Uniform { count: 100 }, ..constant(1_000_000, 10) };
    let (mut failed, mut silent) = (false, false);
    let mut tank = Tank::new(lingering(5), workload, 2, 2).answer(move |at, _, partition, _| {
        if partition.0 == 0 && at > ms(500) && !failed {
            failed = true;
            return Answer::Refuse(ErrorCode::RecordListTooLarge);
        }
        if partition.0 == 1 && at > ms(490) && !silent {
            silent = true;
            return Answer::Silence;
        }
        Answer::Append
    });
    tank.run(ms(800));
    tank.push(ms(800), Input::Disconnected(NodeId::Broker(2)));
    tank.run(ms(2_000));
    let of_one: Vec<_> = tank.batches().into_iter().filter(|sent| sent.1.0 == 1).collect();
    let first = of_one.iter().position(|(_, _, batch)| batch.producer_epoch == 1).expect("takes it up");
    assert!(of_one[first].0 > ms(800), "not while the old epoch's batch is in flight");
    assert_eq!(of_one[first].2.base_sequence, 0);
    assert!(of_one[first..].iter().all(|(_, _, batch)| batch.producer_epoch == 1));
    assert_eq!(tank.producer.totals().failed, tank.failures().iter().map(|f| u64::from(f.1)).sum::<u64>());
}

#[test]
fn typed_records_count_for_the_partitioner() {
    let mut tank = Tank::new(lingering(0), constant(0, 10), 2, 4);
    tank.run(ms(100));
    for _ in 0..20 {
        tank.command(|producer, now, fx| {
            producer.send_record(now, TypedRecord { key: None, value: "x".repeat(20_000) }, fx);
        });
        tank.run(tank.now.plus_ms(50));
    }
    let mut partitions: Vec<u32> = tank.batches().iter().map(|(_, partition, _)| partition.0).collect();
    assert_eq!(partitions.len(), 20);
    partitions.sort_unstable();
    partitions.dedup();
    assert!(partitions.len() > 2, "each fills a batch, so the partitioner turns: {partitions:?}");
}

#[test]
fn a_restarted_producer_sends_no_ordinal_twice() {
    for keys in [Keys::None, Keys::Uniform { count: 100 }] {
        let rate = Rate::Poisson { milli_per_s: 300_000 };
        let workload = Workload { keys, rate, ..constant(0, 10) };
        let mut tank = Tank::new(lingering(5), workload, 2, 4);
        tank.run(ms(1_000));
        tank.command(|producer, now, fx| producer.stop(now, fx));
        tank.run(ms(1_100));
        assert!(tank.exited.is_some());
        let first_life: Vec<SimTime> = tank.batches().iter().map(|(_, _, batch)| batch.base_time).collect();
        let spec = tank.producer.spec().clone();
        tank.producer = tank.producer.restarted(spec, Draws::new(11, "producer-4"));
        tank.events.clear();
        tank.push(ms(2_000), Input::Timer(Timer::new(TimerKind::Start, 0)));
        tank.run(ms(3_000));
        let batches = tank.batches();
        let mut next = [0; 4];
        for (_, partition, batch) in &batches {
            assert_eq!(batch.first_ordinal, next[partition.index()]);
            next[partition.index()] += u64::from(batch.count);
        }
        assert_eq!(tank.identities, 2, "it forgot who it was");
        assert!(batches.len() > first_life.len() + 50);
        let second = &batches[first_life.len()].2;
        assert_eq!(second.base_sequence, 0);
        assert_ne!(second.base_time.since_us(ms(2_000)), first_life[0].0, "its records come at other times");
        let totals = tank.producer.totals();
        assert!(totals.acknowledged > 450, "{totals:?}");
    }
}
