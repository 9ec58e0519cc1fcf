//! One broker of a partition `orders-0`, driven by inputs: metadata, requests, answers, timers.
use kafkarium_core::broker::{Broker, Leading, Replica};
use kafkarium_core::config::{Acks, TopicConfig};
use kafkarium_core::kernel::{Draws, SimTime};
use kafkarium_core::log::{Batch, NO_PRODUCER, NO_SEQUENCE, SourceId};
use kafkarium_core::metadata::{
    BrokerId, BrokerRegistration, MetadataDelta, MetadataImage, PartitionRegistration, TopicId, TopicImage,
    TopicPartition,
};
use kafkarium_core::node::{Effect, Effects, Input, Timer, TimerKind};
use kafkarium_core::wire::{
    CONTROLLER, FetchPartition, FetchRequest, FetchResponse, FetchedPartition, Message, NodeId,
    ProduceRequest,
};
use std::sync::Arc;

pub const ORDERS: TopicPartition = TopicPartition(0);
pub const RECORD_BYTES: u32 = 100;
const PRODUCER: NodeId = NodeId::Producer(0);
/// Later than any `replica.lag.time.max.ms`, so that nobody counts as caught up who never was.
const BEGIN: SimTime = SimTime::from_secs(1_000);

pub struct Lab {
    broker: Broker,
    image: MetadataImage,
    pub now: SimTime,
    /// What it sent and nobody took yet.
    sent: Vec<(NodeId, u32, Message)>,
}

impl Lab {
    /// A broker that runs, one of so many replicas.
    pub fn new(id: u32, replicas: u32, config: TopicConfig) -> Self {
        let active = BrokerRegistration { registered: true, epoch: 1, ..BrokerRegistration::default() };
        let topic = |name: &str, partitions| TopicImage {
            name: name.to_owned(),
            partitions,
            config: Arc::new(config.clone()),
            internal: false,
        };
        let registration = PartitionRegistration {
            replicas: (1..=replicas).map(BrokerId).collect(),
            ..PartitionRegistration::default()
        };
        let image = MetadataImage {
            brokers: vec![active; replicas as usize],
            topics: vec![
                Arc::new(topic("__consumer_offsets", Vec::new())),
                Arc::new(topic("orders", vec![ORDERS])),
            ],
            partitions: vec![Arc::new(registration)],
            partition_names: vec![(TopicId(1), 0)],
            ..MetadataImage::default()
        };
        let broker = Broker::new(BrokerId(id), String::new(), Draws::new(1, "lab"), [].into());
        let mut lab = Lab { broker, image, now: BEGIN, sent: Vec::new() };
        lab.put(Input::Timer(Timer::new(TimerKind::Start, 0)));
        lab.hear(CONTROLLER, 1, Message::BrokerRegistrationResponse { epoch: Ok(1) });
        lab
    }

    pub fn put(&mut self, input: Input) {
        let mut fx = Effects::default();
        self.broker.handle(self.now, input, &mut fx);
        self.sent.extend(fx.take().into_iter().filter_map(|effect| match effect {
            (Effect::Send { to, correlation, .. }, Some(message)) => Some((to, correlation, message)),
            _ => None,
        }));
    }

    pub fn hear(&mut self, from: NodeId, correlation: u32, message: Message) {
        self.put(Input::Message { from, correlation, message });
    }

    /// A periodic task runs now.
    pub fn timer(&mut self, kind: TimerKind) {
        self.put(Input::Timer(Timer::new(kind, 1)));
    }

    /// The oldest message to `to` that nobody took yet and that `is` wants.
    pub fn take(&mut self, to: NodeId, is: impl Fn(&Message) -> bool) -> Option<(u32, Message)> {
        let at = self.sent.iter().position(|(other, _, message)| *other == to && is(message))?;
        let (_, correlation, message) = self.sent.remove(at);
        Some((correlation, message))
    }

    /// Metadata says who leads, since which epoch, and who is in sync.
    pub fn learn(&mut self, leader: u32, leader_epoch: u32, isr: &[u32]) {
        let registration = Arc::make_mut(&mut self.image.partitions[0]);
        registration.leader = Some(BrokerId(leader));
        registration.leader_epoch = leader_epoch;
        registration.partition_epoch += 1;
        registration.isr = isr.iter().copied().map(BrokerId).collect();
        let base_offset = self.image.offset;
        self.image.offset += 1;
        let delta = MetadataDelta { base_offset, records: [].into(), image: Arc::new(self.image.clone()) };
        self.hear(CONTROLLER, 0, Message::MetadataFetchResponse { deltas: vec![delta] });
    }

    /// A producer's record, told apart from others by `what`; the broker must lead.
    pub fn append(&mut self, what: u64) {
        let batches = vec![(ORDERS, record(0, 0, what))];
        let request = ProduceRequest { acks: Acks::Leader, timeout_ms: 1_000, batches };
        self.hear(PRODUCER, 0, Message::Produce(request));
        let answered = self.take(PRODUCER, |message| matches!(message, Message::ProduceResponse(_)));
        assert!(answered.is_some(), "acks=1 is answered at once");
    }

    /// Records of whatever content up to that log end offset.
    pub fn append_up_to(&mut self, end: u64) {
        while self.end() < end {
            self.append(self.end());
        }
    }

    /// A follower fetches; the answer, if one is given at once.
    pub fn fetch(&mut self, from: u32, offset: u64, last_epoch: u32) -> Option<FetchResponse> {
        let from = NodeId::from(BrokerId(from));
        let asked = FetchPartition {
            partition: ORDERS,
            current_leader_epoch: self.replica().leader_epoch,
            fetch_offset: offset,
            log_start_offset: 0,
            last_fetched_epoch: last_epoch,
            max_bytes: 1_048_576,
        };
        let request = FetchRequest {
            broker_epoch: Some(1),
            max_wait_ms: 0,
            min_bytes: 1,
            max_bytes: 10_485_760,
            full: true,
            partitions: vec![asked],
            forgotten: Vec::new(),
        };
        self.hear(from, 7, Message::Fetch(request));
        match self.take(from, |message| matches!(message, Message::FetchResponse(_)))? {
            (_, Message::FetchResponse(response)) => Some(response),
            _ => None,
        }
    }

    /// The leader (broker 1) answers the fetch that waits there.
    pub fn answered(&mut self, batches: Vec<Batch>, fetched: FetchedPartition) {
        let asked = self.take(NodeId::Broker(1), |message| matches!(message, Message::Fetch(_)));
        let (correlation, _) = asked.expect("a follower always has a fetch at its leader");
        let response = FetchResponse {
            error: kafkarium_core::wire::ErrorCode::None,
            partitions: vec![FetchedPartition { batches: batches.len() as u32, ..fetched }],
            batches,
        };
        self.hear(NodeId::Broker(1), correlation, Message::FetchResponse(response));
    }

    pub fn replica(&self) -> &Replica {
        self.broker.replica(ORDERS).expect("metadata gave it one")
    }

    pub fn leading(&self) -> &Leading {
        self.replica().leading.as_deref().expect("it leads")
    }

    pub fn end(&self) -> u64 {
        self.replica().log.end().offset
    }

    pub fn high_watermark(&self) -> u64 {
        self.replica().high_watermark()
    }

    /// Offset, leader epoch and content of every record.
    pub fn log(&self) -> Vec<(u64, u32, u64)> {
        let batches = self.replica().log.batches_from(0);
        batches.map(|batch| (batch.base_offset, batch.leader_epoch, batch.first_ordinal)).collect()
    }
}

/// One record as a batch.
pub fn record(offset: u64, leader_epoch: u32, what: u64) -> Batch {
    Batch {
        base_offset: offset,
        base_time: BEGIN,
        first_ordinal: what,
        payload: None,
        span_us: 0,
        count: 1,
        bytes: RECORD_BYTES,
        source: SourceId(0),
        producer_id: NO_PRODUCER,
        base_sequence: NO_SEQUENCE,
        leader_epoch,
        producer_epoch: 0,
        retries: 0,
    }
}
