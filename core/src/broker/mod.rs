//! A broker: replicas that lead and follow, the high watermark, the ISR, waiting requests, fetch sessions; it
//! hosts a group coordinator.
//!
//! This room never knows latency or who is alive: it learns both only from messages that come, or do not.
mod fetcher;
mod groups;
mod isr;
mod lifecycle;
mod metadata;
mod produce;
mod replica;
mod serve;

pub use lifecycle::BrokerState;
pub use replica::{Follower, Leading, Replica};

use crate::config::BrokerConfig;
use crate::coordinator::Coordinator;
use crate::kernel::{Digest, Draws, SimTime};
use crate::metadata::{BrokerId, MetadataImage, TopicPartition};
use crate::node::{Effects, Input, Timer, TimerKind};
use crate::wire::{CONTROLLER, Message, NodeId};
use fetcher::Fetcher;
use lifecycle::Lifecycle;
use produce::PendingProduces;
use serve::Sessions;
use std::sync::Arc;

/// How long the page cache of a machine holds written data before the operating system writes it to disk:
/// Linux's `dirty_expire_centisecs`. What is younger is lost with the machine.
const WRITE_BACK_US: u64 = 30_000_000;

/// One broker: its process and its disk.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Its `node.id`.
    pub id: BrokerId,
    rack: String,
    draws: Draws,
    /// The metadata it has applied.
    image: Arc<MetadataImage>,
    lifecycle: Lifecycle,
    /// By partition number; `None` where this broker has no replica.
    replicas: Vec<Option<Box<Replica>>>,
    /// The partitions it leads, ascending.
    leading: Vec<TopicPartition>,
    fetchers: Vec<Fetcher>,
    sessions: Sessions,
    produces: PendingProduces,
    isr: isr::Proposals,
    /// The groups it coordinates.
    coordinator: Coordinator,
    group_partitions: Arc<[u32]>,
    correlation: u32,
    next_producer_id: u32,
    appended: Appended,
}

/// What a broker, as a leader, appended for producers since the run began (`BrokerTopicMetrics`): for observers only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Records.
    pub records: u64,
    /// Bytes of their batches.
    pub bytes: u64,
}

impl Broker {
    /// A broker with an empty disk, not started. `group_partitions` says, by group, which partition of
    /// `__consumer_offsets` holds it.
    pub fn new(id: BrokerId, rack: String, draws: Draws, group_partitions: Arc<[u32]>) -> Self {
        Broker {
            id,
            rack,
            draws,
            image: Arc::default(),
            lifecycle: Lifecycle::default(),
            replicas: Vec::new(),
            leading: Vec::new(),
            fetchers: Vec::new(),
            sessions: Sessions::default(),
            produces: PendingProduces::default(),
            isr: isr::Proposals::default(),
            coordinator: Coordinator::new(id, draws, group_partitions.clone()),
            group_partitions,
            correlation: 0,
            next_producer_id: id.0 * 1_000_000,
            appended: Appended::default(),
        }
    }

    /// Handles one input.
    pub fn handle(&mut self, now: SimTime, input: Input, fx: &mut Effects) {
        match input {
            Input::Message { from, correlation, message } => {
                self.message(now, from, correlation, message, fx)
            }
            Input::Timer(timer) => self.timer(now, timer, fx),
            Input::Disconnected(peer) => self.disconnected(now, peer, fx),
        }
    }

    fn message(&mut self, now: SimTime, from: NodeId, correlation: u32, message: Message, fx: &mut Effects) {
        match message {
            Message::Fetch(request) => self.fetch(now, from, correlation, request, fx),
            Message::FetchResponse(response) => self.fetched(now, from, correlation, response, fx),
            Message::Produce(request) => self.produce(now, from, correlation, request, fx),
            Message::Metadata => {
                fx.send(from, correlation, Message::MetadataResponse(self.image.clone()));
            }
            Message::InitProducerId => {
                self.next_producer_id += 1;
                let producer_id = self.next_producer_id;
                fx.send(from, correlation, Message::InitProducerIdResponse { producer_id });
            }
            Message::ListOffsets(asked) => self.list_offsets(from, correlation, &asked, fx),
            Message::OffsetForLeaderEpoch(asked) => self.ends_of_epochs(from, correlation, &asked, fx),
            Message::ListOffsetsResponse(listed) => self.offsets_listed(now, from, &listed, fx),
            Message::FindCoordinator { group } => self.find_coordinator(from, correlation, group, fx),
            Message::BrokerRegistrationResponse { epoch } => self.registered(now, epoch, fx),
            Message::BrokerHeartbeatResponse(answer) => self.heartbeat_answered(now, answer, fx),
            Message::MetadataFetchResponse { deltas } => self.apply_metadata(now, &deltas, fx),
            Message::AlterPartitionResponse(results) => self.isr_answered(now, results, fx),
            group @ (Message::JoinGroup(_)
            | Message::SyncGroup { .. }
            | Message::Heartbeat { .. }
            | Message::LeaveGroup { .. }
            | Message::OffsetCommit { .. }
            | Message::OffsetFetch { .. }) => self.group_request(now, from, correlation, group, fx),
            _ => {}
        }
    }

    fn timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        match timer.kind {
            TimerKind::Start => self.start(fx),
            TimerKind::BrokerHeartbeat => self.heartbeat_due(timer.generation, fx),
            TimerKind::Lifecycle => self.lifecycle_due(now, timer.generation, fx),
            TimerKind::DelayedFetch if self.is_current(timer) => self.delayed_fetch_due(now, timer.key, fx),
            TimerKind::DelayedProduce if self.is_current(timer) => self.delayed_produce_due(now, fx),
            TimerKind::ReplicaFetchBackoff => self.fetcher_due(now, timer, fx),
            TimerKind::IsrShrink if self.is_current(timer) => self.shrink_isrs(now, fx),
            TimerKind::AlterPartition => self.isr_retry_due(timer.generation, fx),
            TimerKind::HighWatermarkCheckpoint if self.is_current(timer) => {
                self.checkpoint_high_watermarks(now, fx);
            }
            TimerKind::Retention if self.is_current(timer) => self.retain(now, fx),
            TimerKind::JoinPhase | TimerKind::Session | TimerKind::SyncPhase => {
                self.coordinator_timer(now, timer, fx);
            }
            _ => {}
        }
    }

    fn disconnected(&mut self, now: SimTime, peer: NodeId, fx: &mut Effects) {
        match peer {
            NodeId::Broker(id) => {
                self.fetcher_disconnected(now, BrokerId(u32::from(id)), fx);
                self.sessions.close(peer, &mut self.replicas);
            }
            NodeId::Controller(_) => self.controller_disconnected(now, fx),
            NodeId::Producer(_) => self.produces.forget(peer),
            NodeId::Consumer(_) => {
                self.sessions.close(peer, &mut self.replicas);
                self.coordinator.disconnected(now, peer, fx);
            }
        }
    }

    fn next_correlation(&mut self) -> u32 {
        self.correlation = self.correlation.wrapping_add(1);
        self.correlation
    }

    /// Whether a periodic timer belongs to this start of the process.
    fn is_current(&self, timer: Timer) -> bool {
        timer.generation == self.lifecycle.incarnation
    }

    fn periodic(&self, now: SimTime, kind: TimerKind, ms: u64, fx: &mut Effects) {
        fx.timer(now.plus_ms(ms.max(1)), Timer::new(kind, self.lifecycle.incarnation));
    }

    fn config(&self) -> &BrokerConfig {
        &self.image.broker_config
    }

    fn checkpoint_high_watermarks(&mut self, now: SimTime, fx: &mut Effects) {
        for replica in self.replicas.iter_mut().flatten() {
            replica.checkpoint = replica.high_watermark();
        }
        let interval_ms = self.config().replica_high_watermark_checkpoint_interval_ms;
        self.periodic(now, TimerKind::HighWatermarkCheckpoint, interval_ms, fx);
    }

    fn retain(&mut self, now: SimTime, fx: &mut Effects) {
        for replica in self.replicas.iter_mut().flatten() {
            replica.retain(now, self.id, fx);
        }
        let interval_ms = self.config().log_retention_check_interval_ms;
        self.periodic(now, TimerKind::Retention, interval_ms, fx);
    }

    /// The process is gone; the disk stays. With the machine, so is what the disk had not yet (R-F2).
    pub fn power_off(&mut self, now: SimTime, clean: bool, machine: bool, fx: &mut Effects) {
        self.lifecycle.end(clean);
        for replica in self.replicas.iter_mut().flatten() {
            replica.power_off(now, self.id, clean, machine, fx);
        }
        self.image = Arc::default();
        self.leading.clear();
        self.fetchers.clear();
        self.sessions = Sessions::default();
        self.produces = PendingProduces::default();
        self.isr = isr::Proposals::default();
        let draws = self.draws.part(u64::from(self.lifecycle.incarnation));
        self.coordinator = Coordinator::new(self.id, draws, self.group_partitions.clone());
    }

    /// What it appended for producers since the run began.
    pub fn appended(&self) -> Appended {
        self.appended
    }

    /// What its process does.
    pub fn state(&self) -> BrokerState {
        self.lifecycle.state
    }

    /// Its replica of a partition.
    #[inline]
    pub fn replica(&self, partition: TopicPartition) -> Option<&Replica> {
        self.replicas.get(partition.index())?.as_deref()
    }

    /// All its replicas, by partition number.
    pub fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.replicas.iter().flatten().map(AsRef::as_ref)
    }

    /// The metadata it has applied.
    pub fn image(&self) -> &Arc<MetadataImage> {
        &self.image
    }

    /// The groups it coordinates.
    pub fn coordinator(&self) -> &Coordinator {
        &self.coordinator
    }

    /// Its `broker.rack`.
    pub fn rack(&self) -> &str {
        &self.rack
    }

    /// Adds its state.
    pub fn digest(&self, digest: &mut Digest) {
        digest.u32(self.id.0);
        digest.u64(self.image.offset);
        digest.u32(self.correlation);
        for replica in self.replicas() {
            replica.digest(digest);
        }
        self.coordinator.digest(digest);
    }

    fn ask_controller(&mut self, message: Message, fx: &mut Effects) {
        let correlation = self.next_correlation();
        fx.send(CONTROLLER, correlation, message);
    }
}
