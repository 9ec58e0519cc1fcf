//! When a producer's batches are ready: a producer with a clock, timers and one leader.
use crate::check::{Check, list, number};
use kafkarium_core::client::{Keys, Producer, ProducerSpec, Rate, Workload};
use kafkarium_core::config::{Acks, ProducerConfig, TopicConfig};
use kafkarium_core::kernel::{Draws, SimTime};
use kafkarium_core::log::TypedRecord;
use kafkarium_core::metadata::{
    BrokerId, BrokerRegistration, MetadataImage, PartitionRegistration, TopicId, TopicImage, TopicPartition,
};
use kafkarium_core::node::{Effect, Effects, Input, Timer, TimerKind};
use kafkarium_core::wire::{Message, NodeId};
use serde_json::Value;
use std::sync::Arc;

const LEADER: NodeId = NodeId::Broker(1);
const BEGIN: SimTime = SimTime::from_ms(1_000);

pub fn producer_linger(kind: &Value, check: &mut Check) {
    for case in list(&kind["cases"]) {
        check.case(case);
        match case.get("linger_ms") {
            Some(linger) => lingers(u64::from(number(linger)), case, check),
            None => two_batches_are_ready_at_once(check),
        }
    }
}

fn lingers(linger_ms: u64, case: &Value, check: &mut Check) {
    let mut desk = Desk::new(linger_ms);
    desk.send_record();
    desk.run(BEGIN.plus_ms(u64::from(number(&case["not_ready_at"]))));
    check.same("requests before it is ready", desk.requests.len(), 0);
    desk.run(BEGIN.plus_ms(1_000));
    let ready = BEGIN.plus_ms(u64::from(number(&case["ready_at"])));
    check.same("requests", desk.requests, vec![(ready, vec![0])]);
}

/// A typed record is a batch of its own.
fn two_batches_are_ready_at_once(check: &mut Check) {
    let mut desk = Desk::new(500);
    desk.send_record();
    check.same("requests with one batch", desk.requests.len(), 0);
    desk.send_record();
    check.same("requests with two batches", desk.requests.clone(), vec![(BEGIN, vec![0])]);
    desk.run(BEGIN.plus_ms(1_000));
    check.same("requests in the end", desk.requests, vec![(BEGIN, vec![0]), (BEGIN.plus_ms(500), vec![0])]);
}

struct Desk {
    producer: Producer,
    now: SimTime,
    timers: Vec<(SimTime, Timer)>,
    /// Produce requests: when, and the partitions of their batches.
    requests: Vec<(SimTime, Vec<u32>)>,
}

impl Desk {
    /// A producer that knows its topic, at [`BEGIN`].
    fn new(linger_ms: u64) -> Self {
        let config = ProducerConfig {
            linger_ms,
            acks: Acks::Leader,
            enable_idempotence: false,
            ..ProducerConfig::default()
        };
        let workload = Workload {
            rate: Rate::Constant { milli_per_s: 0 },
            keys: Keys::None,
            key_prefix: String::new(),
            value_bytes_min: 100,
            value_bytes_max: 100,
        };
        let spec = ProducerSpec {
            index: 0,
            client_id: "checkout".into(),
            topic: "orders".to_owned(),
            config: Arc::new(config),
            workload: Arc::new(workload),
            bootstrap: vec![BrokerId(1)],
        };
        let producer = Producer::new(spec, Draws::new(1, "checkout"));
        let mut desk = Desk { producer, now: BEGIN, timers: Vec::new(), requests: Vec::new() };
        desk.put(Input::Timer(Timer::new(TimerKind::Start, 0)));
        desk
    }

    fn put(&mut self, input: Input) {
        let mut fx = Effects::default();
        self.producer.handle(self.now, input, &mut fx);
        self.carry_out(fx);
    }

    fn send_record(&mut self) {
        let mut fx = Effects::default();
        let record = TypedRecord { key: None, value: "x".to_owned() };
        self.producer.send_record(self.now, record, &mut fx);
        self.carry_out(fx);
    }

    fn carry_out(&mut self, mut fx: Effects) {
        for effect in fx.take() {
            match effect {
                (Effect::SetTimer { at, timer }, _) => self.timers.push((at, timer)),
                (Effect::Send { correlation, .. }, Some(Message::Metadata)) => {
                    let message = Message::MetadataResponse(Arc::new(image()));
                    self.put(Input::Message { from: LEADER, correlation, message });
                }
                (Effect::Send { .. }, Some(Message::Produce(request))) => {
                    let partitions = request.batches.iter().map(|(partition, _)| partition.0).collect();
                    self.requests.push((self.now, partitions));
                }
                _ => {}
            }
        }
    }

    /// Lets timers fire up to that moment.
    fn run(&mut self, until: SimTime) {
        loop {
            self.timers.sort_by_key(|&(at, _)| at);
            if self.timers.first().is_none_or(|&(at, _)| at > until) {
                self.now = until;
                return;
            }
            let (at, timer) = self.timers.remove(0);
            self.now = at;
            self.put(Input::Timer(timer));
        }
    }
}

fn image() -> MetadataImage {
    let registration = PartitionRegistration {
        replicas: vec![BrokerId(1)],
        isr: vec![BrokerId(1)],
        leader: Some(BrokerId(1)),
        ..PartitionRegistration::default()
    };
    let topic = TopicImage {
        name: "orders".to_owned(),
        partitions: vec![TopicPartition(0)],
        config: Arc::new(TopicConfig::default()),
        internal: false,
    };
    MetadataImage {
        offset: 1,
        brokers: vec![BrokerRegistration { registered: true, ..BrokerRegistration::default() }],
        topics: vec![Arc::new(topic)],
        partitions: vec![Arc::new(registration)],
        partition_names: vec![(TopicId(0), 0)],
        ..MetadataImage::default()
    }
}
