//! The producer: one application thread that sends records, and the sender behind it.
//!
//! Here: what it is, what happens to it, what can be seen of it. What records do is in `append`, what the
//! sender does in `sender`.
use super::accumulator::{Clock, Parcel, Queue, Source};
use super::append::{Blocked, Sticky};
use super::arrivals::{Load, Share, Stream};
use super::idempotence::Identity;
use super::network::{Alarm, Failed, Network, NetworkSettings};
use super::sender::Lane;
use super::workload::{Rate, RecordView, Records, Workload};
use crate::config::{Acks, Partitioner, ProducerConfig};
use crate::kernel::{Digest, Draws, Purpose, SimTime};
use crate::log::{Batch, SourceId, TypedRecord};
use crate::metadata::{BrokerId, MetadataImage, TopicPartition};
use crate::node::{Effect, Effects, Input, Spare, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, Message, NodeId};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

const PHASE: Purpose = Purpose::new("phase of the first record");
/// The part of a producer's draws that is its network's; partitions are numbered from 0.
const NETWORK: u64 = u64::MAX;
/// The part of its draws that is the stream of records without a partition of their own.
const SHARED_STREAM: u64 = u64::MAX - 1;

/// The part of its draws that belongs to its first life; those of later lives are below it.
const LIVES: u64 = u64::MAX - 2;

/// What a producer is started with.
#[derive(Clone, Debug)]
pub struct ProducerSpec {
    /// Its number, in the order producers were added.
    pub index: u16,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// The topic it sends to.
    pub topic: String,
    /// Its configuration.
    pub config: Arc<ProducerConfig>,
    /// Its load.
    pub workload: Arc<Workload>,
    /// `bootstrap.servers`.
    pub bootstrap: Vec<BrokerId>,
}

/// What a request in flight is about.
#[derive(Clone, Debug)]
pub(super) enum Request {
    /// One batch for each of several partitions.
    Produce(Vec<Parcel>),
    /// The producer's identity.
    InitProducerId,
}

/// Records by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Sent to a broker at least once.
    pub sent: u64,
    /// `send` completed without an error.
    pub acknowledged: u64,
    /// `send` failed.
    pub failed: u64,
    /// Sent again, once for each time.
    pub retried: u64,
}

/// What a producer holds for one partition, as a person sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionBacklog {
    /// Records that wait to be sent, those of the open batch included.
    pub records: u64,
    /// The bytes of their batches.
    pub bytes: u64,
    /// Their batches.
    pub batches: u32,
    /// Batches sent and not yet answered.
    pub in_flight: u32,
    /// The ordinal of the next record.
    pub next_ordinal: u64,
}

/// A producer and everything it knows.
#[derive(Clone, Debug)]
pub struct Producer {
    pub(super) spec: ProducerSpec,
    pub(super) draws: Draws,
    pub(super) network: Network<Request>,
    /// The topic's partitions by index; empty while it is unknown.
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) records: Option<Records>,
    pub(super) load: Load,
    pub(super) clock: Clock,
    pub(super) queues: Vec<Queue>,
    pub(super) lanes: Vec<Lane>,
    /// The lanes with something due, in order: few of many.
    pub(super) due_lanes: Vec<u32>,
    /// For the batches of the next requests.
    pub(super) spare: Spare<Parcel>,
    /// When to look at a partition; an entry counts while it is the partition's alarm.
    pub(super) agenda: BinaryHeap<Reverse<(SimTime, u32)>>,
    /// Partitions whose time came, until what comes next there is foreseen; empty between events.
    pub(super) looked_at: Vec<u32>,
    /// The one stream of records that no key sends anywhere; `None` if each partition has its own.
    pub(super) sticky: Option<Sticky>,
    /// Partitions with a leader, in the metadata's order.
    pub(super) available: Vec<u32>,
    /// Partitions that hold batches, in order; kept for the partitioner's sake only.
    pub(super) holding: Vec<u32>,
    /// Partitions that records were ever sent to.
    pub(super) used: u32,
    /// Taken of `buffer.memory`.
    pub(super) memory: u64,
    /// Batches opened and not yet done.
    pub(super) outstanding: u64,
    pub(super) blocked: Option<Blocked>,
    /// Typed records that wait for metadata or memory.
    pub(super) typed: VecDeque<TypedRecord>,
    /// Draws made for typed records without a key.
    pub(super) typed_count: u64,
    pub(super) identity: Identity,
    /// Partitions with sequences that are unresolved or to start again.
    pub(super) unsettled: Vec<u32>,
    /// Partitions that are due but have no leader.
    pub(super) leaderless: u32,
    /// No batch can expire before this moment.
    pub(super) expiry_at: SimTime,
    /// When the record that waits for metadata gives up.
    pub(super) metadata_until: SimTime,
    /// When memory will be short if nothing else happens; see `append`.
    pub(super) exhausted_at: SimTime,
    pub(super) alarm: Alarm,
    pub(super) stopping: bool,
    pub(super) stopped: bool,
    pub(super) totals: Totals,
    /// How many processes it was before this one.
    lives: u32,
    /// Where the ordinals of each partition go on; empty in the first life.
    first_ordinals: Vec<u64>,
}

impl Producer {
    /// A producer that starts with its [`TimerKind::Start`] timer. `draws` are its own.
    pub fn new(spec: ProducerSpec, draws: Draws) -> Self {
        let settings = NetworkSettings::from(&*spec.config);
        let network = Network::new(settings, spec.bootstrap.clone(), draws.part(NETWORK));
        Producer {
            load: Load::new(spec.workload.rate),
            spec,
            draws,
            network,
            partitions: Vec::new(),
            records: None,
            clock: Clock::stopped_at(SimTime::ZERO),
            queues: Vec::new(),
            lanes: Vec::new(),
            due_lanes: Vec::new(),
            spare: Spare::default(),
            agenda: BinaryHeap::new(),
            looked_at: Vec::new(),
            sticky: None,
            available: Vec::new(),
            holding: Vec::new(),
            used: 0,
            memory: 0,
            outstanding: 0,
            blocked: None,
            typed: VecDeque::new(),
            typed_count: 0,
            identity: Identity::default(),
            unsettled: Vec::new(),
            leaderless: 0,
            expiry_at: SimTime::NEVER,
            metadata_until: SimTime::NEVER,
            exhausted_at: SimTime::NEVER,
            alarm: Alarm::default(),
            stopping: false,
            stopped: false,
            totals: Totals::default(),
            lives: 0,
            first_ordinals: Vec::new(),
        }
    }

    /// The same producer as a new process, perhaps configured anew: it knows nothing any more, but its records
    /// go on being told apart from those it sent before, and its totals from where they were. `draws` are the
    /// same as before, and so must be what the ordinals of the old records mean: the keys and value sizes.
    #[must_use]
    pub fn restarted(&self, spec: ProducerSpec, draws: Draws) -> Self {
        let mut next = Producer::new(spec, draws);
        next.lives = self.lives + 1;
        next.first_ordinals = match self.queues.len() {
            0 => self.first_ordinals.clone(),
            _ => self.queues.iter().map(|queue| queue.next_ordinal).collect(),
        };
        next.totals = self.totals;
        next.network.set_life(next.lives);
        next
    }

    /// Something happens to the producer.
    pub fn handle(&mut self, now: SimTime, input: Input, fx: &mut Effects) {
        if self.stopped {
            return;
        }
        if let Input::Timer(timer) = input
            && timer.kind == TimerKind::Sender
            && !self.alarm.fired(timer)
        {
            return;
        }
        self.advance(now, fx);
        match input {
            Input::Timer(timer) => self.timer(now, timer, fx),
            Input::Disconnected(peer) => {
                let failed = self.network.disconnected(now, peer, fx);
                self.requests_failed(now, failed, fx);
            }
            Input::Message { from, correlation, message } => {
                self.message(now, from, correlation, message, fx);
            }
        }
        self.work(now, fx);
    }

    fn timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        match timer.kind {
            TimerKind::Start => {
                self.clock = Clock::stopped_at(now);
                self.metadata_until = now.plus_ms(self.spec.config.max_block_ms);
                self.network.request_refresh(now, fx);
            }
            TimerKind::Sender => {}
            _ => {
                let failed = self.network.timer(now, timer, fx);
                self.requests_failed(now, failed, fx);
            }
        }
    }

    fn message(&mut self, now: SimTime, from: NodeId, correlation: u32, message: Message, fx: &mut Effects) {
        match message {
            Message::MetadataResponse(image) => {
                if self.network.metadata_response(now, from, correlation, &image, fx) {
                    self.learn(now, &image);
                }
                if self.leaderless > 0 || self.partitions.is_empty() {
                    self.network.request_refresh(now, fx);
                }
            }
            Message::ProduceResponse(results) => {
                if let Some(Request::Produce(parcels)) = self.network.response(from, correlation) {
                    self.answered(now, parcels, &results, fx);
                    fx.spare.results.give(results);
                }
            }
            Message::InitProducerIdResponse { producer_id }
                if self.network.response(from, correlation).is_some() =>
            {
                self.identity = Identity { id: producer_id, ..Identity::default() };
            }
            _ => {}
        }
    }

    fn requests_failed(&mut self, now: SimTime, failed: Vec<Failed<Request>>, fx: &mut Effects) {
        for Failed { error, tag, .. } in failed {
            match tag {
                Request::InitProducerId => {
                    self.identity.asked = false;
                    self.identity.ask_at = now.plus_ms(self.spec.config.retry_backoff_ms);
                }
                Request::Produce(parcels) => {
                    for parcel in parcels {
                        self.outcome(now, parcel, error, 0, fx);
                    }
                }
            }
        }
    }

    /// Newer metadata: where the partitions are, and at first that they are at all.
    fn learn(&mut self, now: SimTime, image: &Arc<MetadataImage>) {
        if self.partitions.is_empty() {
            let Some((_, topic)) = image.topic(&self.spec.topic) else { return };
            if topic.partitions.is_empty() {
                return;
            }
            self.partitions.clone_from(&topic.partitions);
            self.meet_topic(now);
        }
        self.find_leaders(now);
    }

    /// Sets up queues and streams once the number of partitions is known.
    fn meet_topic(&mut self, now: SimTime) {
        let config = &self.spec.config;
        let count = self.partitions.len() as u32;
        let round_robin = config.partitioner == Partitioner::RoundRobin;
        let by_key = !round_robin && !config.partitioner_ignore_keys;
        let records = Records::new(self.spec.workload.clone(), self.draws, count, by_key);
        // Records keep the meaning of their ordinals from life to life; when they come is drawn anew.
        let life = self.draws.part(LIVES - u64::from(self.lives));
        let own_stream = |partition: u32| {
            let draws = life.part(u64::from(partition));
            if round_robin {
                // The turns of one evenly spaced stream: partition i comes a record's time after i - 1.
                let first = u64::from(self.draws.at(PHASE, 0).below(super::arrivals::ONE as u32)) + 1;
                let phase = (u64::from(partition) * super::arrivals::ONE + first).div_ceil(u64::from(count));
                return Stream::with_phase(draws, Share { part: 1, of: count }, phase);
            }
            Stream::new(draws, records.share(partition))
        };
        let own = round_robin || records.keyed();
        self.queues = (0..count).map(|partition| Queue::new(own.then(|| own_stream(partition)))).collect();
        if !own {
            let stream = Stream::new(life.part(SHARED_STREAM), Share::ALL);
            self.sticky = Some(Sticky::new(stream, config.batch_size_bytes, now));
        }
        for (queue, &ordinal) in self.queues.iter_mut().zip(&self.first_ordinals) {
            queue.next_ordinal = ordinal;
        }
        self.records = Some(records);
        self.metadata_until = SimTime::NEVER;
        self.clock.resume(now);
        for partition in 0..count {
            self.schedule(now, partition);
        }
    }

    // --- commands ---

    /// Changes how often records come, from now on.
    pub fn set_rate(&mut self, now: SimTime, rate: Rate, fx: &mut Effects) {
        if self.stopped {
            return;
        }
        self.advance(now, fx);
        self.settle_all(now, fx);
        self.load.change(self.clock.at(now), rate);
        self.foresee_again(now);
        self.work(now, fx);
    }

    /// Sends a record typed by a person. It becomes a batch of its own: the open batch of its partition is
    /// closed before it, and it lingers alone.
    pub fn send_record(&mut self, now: SimTime, record: TypedRecord, fx: &mut Effects) {
        if self.stopped || self.stopping {
            return;
        }
        self.advance(now, fx);
        self.typed.push_back(record);
        self.work(now, fx);
    }

    /// `close()`: no more records, everything is sent, then the process ends.
    pub fn stop(&mut self, now: SimTime, fx: &mut Effects) {
        if self.stopped || self.stopping {
            return;
        }
        self.advance(now, fx);
        self.settle_all(now, fx);
        self.stopping = true;
        self.drop_future();
        for partition in 0..self.queues.len() as u32 {
            self.schedule(now, partition);
        }
        self.work(now, fx);
    }

    /// Ends the process once everything is done.
    pub(super) fn end_if_done(&mut self, fx: &mut Effects) {
        let waits = self.blocked.is_some() || (!self.typed.is_empty() && !self.partitions.is_empty());
        if self.stopping && self.outstanding == 0 && !waits {
            self.stopped = true;
            fx.list.push(Effect::Exit);
        }
    }

    // --- views ---

    /// What it was started with.
    pub fn spec(&self) -> &ProducerSpec {
        &self.spec
    }

    /// What it holds for the partition of that index.
    pub fn backlog(&self, now: SimTime, partition: u32) -> PartitionBacklog {
        let Some(queue) = self.queues.get(partition as usize) else { return PartitionBacklog::default() };
        let mut backlog = PartitionBacklog {
            in_flight: queue.in_flight,
            next_ordinal: queue.next_ordinal,
            ..PartitionBacklog::default()
        };
        for parcel in &queue.waiting {
            backlog.records += u64::from(parcel.batch.count);
            backlog.bytes += u64::from(parcel.batch.bytes);
            backlog.batches += 1;
        }
        let Some((source, _)) = self.source(partition) else {
            if let Some(open) = queue.open.as_ref().filter(|open| open.count > 0) {
                backlog.records += u64::from(open.count);
                backlog.bytes += open.bytes;
                backlog.batches += 1;
            }
            return backlog;
        };
        let open = match &queue.open {
            Some(open) => Some(open.clone()),
            None if queue.stream.is_some() => self.foreseen(partition, &source),
            None => None,
        };
        if let Some(open) = open {
            let fill = source.fill(partition, &open, now, u64::MAX).0;
            let records = open.count + fill.records;
            if records > 0 {
                backlog.records += u64::from(records);
                backlog.bytes += open.bytes + fill.bytes;
                backlog.batches += 1;
                backlog.next_ordinal += u64::from(fill.records);
            }
        }
        backlog
    }

    /// How many partitions its topic has, as far as it knows.
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.partitions
    }

    /// Taken of `buffer.memory`. With keyed records a batch counts from when the sender first sees it.
    pub fn memory_used(&self, now: SimTime) -> u64 {
        let target = self.sticky.as_ref().and_then(|sticky| sticky.target);
        let open = target.and_then(|target| self.queues[target as usize].open.as_ref());
        // A batch opened ahead of its first record is nobody's business yet.
        self.memory - open.filter(|open| open.base > now).map_or(0, |open| open.memory)
    }

    /// Whether `send` blocks because `buffer.memory` is exhausted.
    pub fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    /// Whether it ended after `close()`.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Records by what became of them.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// How many requests to each broker wait for their answers.
    pub fn in_flight(&self, broker: BrokerId) -> u32 {
        self.network.in_flight(broker)
    }

    /// Who leads a partition, as far as it knows.
    pub fn leader(&self, partition: TopicPartition) -> Option<BrokerId> {
        self.network.leader(partition).map(|(broker, _)| broker)
    }

    /// Its metadata, as last heard.
    pub fn image(&self) -> Option<&Arc<MetadataImage>> {
        self.network.image()
    }

    /// What its ordinals mean; `None` before it knows its topic.
    pub fn records(&self) -> Option<&Records> {
        self.records.as_ref()
    }

    /// The `n`-th record of one of its batches, in the partition of that index.
    pub fn record(&self, partition: u32, batch: &Batch, n: u32) -> Option<RecordView> {
        Some(self.records.as_ref()?.record(partition, batch, n))
    }

    pub(super) fn source_id(&self) -> SourceId {
        SourceId(u32::from(self.spec.index))
    }

    /// The stream that fills a partition now, and whether it is shared.
    pub(super) fn source(&self, partition: u32) -> Option<(Source<'_>, bool)> {
        let (stream, shared) = match (self.queues[partition as usize].stream.as_deref(), &self.sticky) {
            (Some(stream), _) => (stream, false),
            (None, Some(sticky)) if sticky.target == Some(partition) => (&sticky.stream, true),
            _ => return None,
        };
        if self.clock.is_stopped() || self.stopping {
            return None;
        }
        let config = &self.spec.config;
        let source = Source {
            records: self.records.as_ref()?,
            load: &self.load,
            clock: self.clock,
            stream,
            max_record: u64::from(config.max_request_size_bytes).min(config.buffer_memory_bytes),
        };
        Some((source, shared))
    }

    /// `send` failed for `count` records that were in no batch.
    pub(super) fn refuse(&mut self, partition: u32, count: u32, error: ErrorCode, fx: &mut Effects) {
        self.send_failed(partition, None, count, error, fx);
    }

    pub(super) fn send_failed(
        &mut self,
        partition: u32,
        first_ordinal: Option<u64>,
        count: u32,
        error: ErrorCode,
        fx: &mut Effects,
    ) {
        self.totals.failed += u64::from(count);
        let (producer, partition) = (self.spec.index, self.partitions[partition as usize]);
        fx.report(|| Fact::SendFailed { producer, partition, first_ordinal, count, error });
    }

    /// Whether this producer is idempotent.
    pub(super) fn is_idempotent(&self) -> bool {
        self.spec.config.enable_idempotence && self.spec.config.acks == Acks::All
    }

    /// Adds everything the future depends on.
    pub fn digest(&self, digest: &mut Digest) {
        self.network.digest(digest, |request, digest| match request {
            Request::InitProducerId => digest.u32(0),
            Request::Produce(parcels) => {
                digest.u64(parcels.len() as u64);
                for parcel in parcels {
                    parcel.digest(digest);
                }
            }
        });
        self.load.digest(digest);
        self.clock.digest(digest);
        digest.u64(self.queues.len() as u64);
        for queue in &self.queues {
            queue.digest(digest);
        }
        for lane in &self.lanes {
            lane.digest(digest);
        }
        if let Some(sticky) = &self.sticky {
            sticky.digest(digest);
        }
        digest.u64(self.memory);
        digest.u64(self.outstanding);
        if let Some(blocked) = &self.blocked {
            blocked.digest(digest);
        }
        digest.u64(self.typed.len() as u64);
        for record in &self.typed {
            digest.text(record.key.as_deref().unwrap_or("\0"));
            digest.text(&record.value);
        }
        digest.u64(self.typed_count);
        self.identity.digest(digest);
        digest.u64(self.unsettled.len() as u64);
        digest.u32(self.leaderless);
        for at in [self.expiry_at, self.metadata_until, self.exhausted_at] {
            digest.u64(at.0);
        }
        self.alarm.digest(digest);
        digest.u32(self.lives);
        digest.bool(self.stopping);
        digest.bool(self.stopped);
        let Totals { sent, acknowledged, failed, retried } = self.totals;
        for total in [sent, acknowledged, failed, retried] {
            digest.u64(total);
        }
    }
}
