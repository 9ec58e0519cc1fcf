//! The consumer: one application thread that polls and processes, and what works behind it.
//!
//! Here: what it is, what happens to it, what can be seen of it. Its group is in `consumer_group`, the
//! partitions' positions and fetches in `consumer_fetch`, the application's loop in `consumer_poll`.
//!
//! An application with nothing to do is inside `poll()`, which costs no events here: everything that happens
//! to it is one turn of that loop. While it processes records it is outside, and only what Kafka leaves to
//! the heartbeat thread goes on: heartbeats, finding the coordinator, `max.poll.interval.ms`.
//!
//! Simplified:
//! - Subscription by names, classic protocol, range assignor, hence eager rebalances; no static membership.
//! - A changed leader epoch does not make the client validate its position (KIP-320). A position beyond the
//!   leader's log is `OFFSET_OUT_OF_RANGE` and follows `auto.offset.reset`.
//! - A partition whose leader is in doubt waits for a metadata answer; Kafka may ask the old leader meanwhile.
//! - Revocation ends what is fetched and in flight; in Kafka a fetch session outlives it.
//! - The application goes on after a failed commit, and when stopped first ends what its last poll returned.
//! - Members send no rack.
use super::consumer_fetch::{Session, Slot};
use super::consumer_group::{Coordinator, Membership};
use super::consumer_poll::{Application, Closing, SyncCommit};
use super::network::{Alarm, Failed, Network, NetworkSettings};
use crate::config::ConsumerConfig;
use crate::kernel::{Digest, Draws, SimTime};
use crate::log::CommitRecord;
use crate::metadata::{BrokerId, GroupId, MetadataImage, TopicId, TopicPartition};
use crate::node::{Effects, Input, Timer, TimerKind};
use crate::wire::{MemberId, Message, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

/// The part of a consumer's draws that is its network's.
const NETWORK: u64 = u64::MAX;
/// "No slot", in the table from partition to slot.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// When offsets are committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitMode {
    /// `enable.auto.commit`: every `auto.commit.interval.ms`, within `poll()`.
    Auto,
    /// The application commits what `poll()` returned, then processes it.
    BeforeProcessing,
    /// The application processes what `poll()` returned, then commits it.
    AfterProcessing,
}

/// What a consumer is started with.
#[derive(Clone, Debug)]
pub struct ConsumerSpec {
    /// Its number, in the order consumers were added.
    pub index: u16,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// Its group.
    pub group: GroupId,
    /// The topics it subscribes to.
    pub topics: Vec<String>,
    /// Its configuration.
    pub config: Arc<ConsumerConfig>,
    /// How long the application takes for a record, in microseconds.
    pub processing_us_per_record: u64,
    /// When it commits. `Auto` commits nothing if `enable.auto.commit` is false.
    pub commit: CommitMode,
    /// `bootstrap.servers`.
    pub bootstrap: Vec<BrokerId>,
}

/// What a consumer does, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsumerState {
    /// Looks for its coordinator, or takes part in a rebalance.
    Joining,
    /// Waits for records in `poll()`.
    Polling,
    /// Processes the records of its last poll.
    Processing,
    /// Waits for `commitSync()`.
    Committing,
    /// `close()` is under way, or will be when the last poll's records are processed.
    Closing,
    /// It ended.
    Stopped,
}

/// A partition that a consumer owns, as a person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnedPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The offset of the next record to poll; `None` until it is found out.
    pub position: Option<u64>,
    /// The group's committed offset, as far as this consumer knows.
    pub committed: Option<u64>,
    /// The high watermark, as last heard; 0 before that.
    pub high_watermark: u64,
    /// Records fetched and not yet polled.
    pub buffered: u64,
}

/// What a request in flight is about.
#[derive(Clone, Debug)]
pub(super) enum Request {
    FindCoordinator,
    Join {
        attempt: u32,
    },
    Sync {
        attempt: u32,
    },
    Heartbeat,
    /// Whether the process ends with the answer.
    Leave {
        closing: bool,
    },
    Commit {
        offsets: Vec<CommitRecord>,
        /// The commit the application, a rebalance or `close()` waits for; else an automatic one.
        waited_for: bool,
        attempt: u32,
    },
    OffsetFetch {
        epoch: u32,
    },
    ListOffsets {
        epoch: u32,
    },
    OffsetForLeaderEpoch {
        epoch: u32,
    },
    Fetch {
        epoch: u32,
    },
}

/// A consumer and everything it knows.
#[derive(Clone, Debug)]
pub struct Consumer {
    pub(super) spec: ConsumerSpec,
    pub(super) draws: Draws,
    pub(super) network: Network<Request>,
    pub(super) started: bool,
    /// Backoffs drawn so far.
    pub(super) backoffs: u64,
    /// Fires when something may be tried again.
    pub(super) retry: Alarm,

    // Its group.
    pub(super) coordinator: Coordinator,
    pub(super) lookups: u32,
    pub(super) lookup_at: SimTime,
    pub(super) membership: Membership,
    pub(super) member: Option<MemberId>,
    /// The generation it takes part in.
    pub(super) generation: Option<u32>,
    pub(super) rejoin: bool,
    pub(super) join_attempt: u32,
    pub(super) join_failures: u32,
    pub(super) join_at: SimTime,
    /// The subscribed topics that exist, in order.
    pub(super) topics: Vec<TopicId>,
    /// A subscribed topic does not exist, as far as it knows.
    pub(super) awaits_topics: bool,
    /// Those it joined with.
    pub(super) joined_topics: Vec<TopicId>,
    /// As leader of the group: partition counts of the topics it assigned.
    pub(super) assigned_counts: Vec<(TopicId, u32)>,
    pub(super) heartbeat: Alarm,
    pub(super) heartbeat_at: SimTime,
    pub(super) heartbeat_in_flight: bool,
    /// Without a heartbeat's answer until then the coordinator is taken for lost.
    pub(super) session_ends: SimTime,

    // Its partitions.
    /// Grows whenever partitions are revoked or assigned.
    pub(super) epoch: u32,
    /// By partition.
    pub(super) slots: Vec<Slot>,
    /// From partition to slot, or [`NO_SLOT`].
    pub(super) slot_of: Vec<u32>,
    /// By broker.
    pub(super) sessions: Vec<Session>,
    /// Slots without a position.
    pub(super) unsettled: u32,
    /// Slots with a position and without a leader to ask.
    pub(super) unplaced: u32,
    pub(super) offset_fetch_in_flight: bool,
    pub(super) offset_fetch_at: SimTime,
    pub(super) offset_failures: u32,
    pub(super) place_at: SimTime,
    /// Slots with buffered records, in the order these came.
    pub(super) ready: VecDeque<u32>,

    // The application.
    pub(super) application: Application,
    pub(super) slowdown_percent: u32,
    /// What the last poll returned: slot, from, to.
    pub(super) polled: Vec<(u32, u64, u64)>,
    pub(super) polls: u32,
    /// The next poll must come before this moment.
    pub(super) poll_deadline: SimTime,
    pub(super) poll_interval: Alarm,
    pub(super) auto_commit_at: SimTime,
    pub(super) sync_commit: Option<SyncCommit>,
    pub(super) commit_attempt: u32,
    pub(super) stopping: bool,
    pub(super) closing: Closing,
}

impl Consumer {
    /// A consumer that starts with its [`TimerKind::Start`] timer. `draws` are its own.
    pub fn new(spec: ConsumerSpec, draws: Draws) -> Self {
        let settings = NetworkSettings::from(&*spec.config);
        let network = Network::new(settings, spec.bootstrap.clone(), draws.part(NETWORK));
        Consumer {
            spec,
            draws,
            network,
            started: false,
            backoffs: 0,
            retry: Alarm::default(),
            coordinator: Coordinator::Unknown,
            lookups: 0,
            lookup_at: SimTime::ZERO,
            membership: Membership::Unjoined,
            member: None,
            generation: None,
            rejoin: false,
            join_attempt: 0,
            join_failures: 0,
            join_at: SimTime::ZERO,
            topics: Vec::new(),
            awaits_topics: false,
            joined_topics: Vec::new(),
            assigned_counts: Vec::new(),
            heartbeat: Alarm::default(),
            heartbeat_at: SimTime::NEVER,
            heartbeat_in_flight: false,
            session_ends: SimTime::NEVER,
            epoch: 0,
            slots: Vec::new(),
            slot_of: Vec::new(),
            sessions: Vec::new(),
            unsettled: 0,
            unplaced: 0,
            offset_fetch_in_flight: false,
            offset_fetch_at: SimTime::ZERO,
            offset_failures: 0,
            place_at: SimTime::NEVER,
            ready: VecDeque::new(),
            application: Application::Polling,
            slowdown_percent: 100,
            polled: Vec::new(),
            polls: 0,
            poll_deadline: SimTime::NEVER,
            poll_interval: Alarm::default(),
            auto_commit_at: SimTime::NEVER,
            sync_commit: None,
            commit_attempt: 0,
            stopping: false,
            closing: Closing::No,
        }
    }

    /// Something happens to the consumer.
    pub fn handle(&mut self, now: SimTime, input: Input, fx: &mut Effects) {
        if self.closing == Closing::Ended {
            return;
        }
        match input {
            Input::Message { from, correlation, message } => {
                self.message(now, from, correlation, message, fx);
            }
            Input::Timer(timer) => self.timer(now, timer, fx),
            Input::Disconnected(peer) => {
                let failed = self.network.disconnected(now, peer, fx);
                self.requests_failed(now, failed, fx);
                if self.coordinator.is(peer) {
                    self.lose_coordinator(now);
                }
            }
        }
        self.work(now, fx);
    }

    /// Everything that can be done now is done.
    fn work(&mut self, now: SimTime, fx: &mut Effects) {
        if !self.started {
            return;
        }
        if !self.coordinator.is_known() {
            self.find_coordinator(now, fx);
        }
        if self.sync_commit.is_some() {
            self.drive_sync_commit(now, fx);
        }
        // A turn may end in a commit that fails at once, which allows another.
        while matches!(self.application, Application::Polling)
            && self.closing != Closing::Ended
            && self.turn(now, fx)
        {}
    }

    fn timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        match timer.kind {
            TimerKind::Start => {
                self.started = true;
                self.network.request_refresh(now, fx);
            }
            TimerKind::Poll => self.processed(now, timer, fx),
            TimerKind::Heartbeat if self.heartbeat.fired(timer) => self.heartbeat_due(now, fx),
            TimerKind::PollInterval if self.poll_interval.fired(timer) => self.poll_interval_due(now, fx),
            TimerKind::Retry => {
                self.retry.fired(timer);
            }
            TimerKind::RequestTimeout | TimerKind::Metadata => {
                let failed = self.network.timer(now, timer, fx);
                self.requests_failed(now, failed, fx);
            }
            _ => {}
        }
    }

    fn message(&mut self, now: SimTime, from: NodeId, correlation: u32, message: Message, fx: &mut Effects) {
        if let Message::MetadataResponse(image) = &message {
            let newer = self.network.metadata_response(now, from, correlation, image, fx);
            self.metadata_answered(now, newer, fx);
            return;
        }
        let Some(request) = self.network.response(from, correlation) else { return };
        match (request, message) {
            (Request::Fetch { epoch }, Message::FetchResponse(response)) => {
                self.fetched(now, from, epoch, response, fx);
            }
            (Request::FindCoordinator, Message::FindCoordinatorResponse { coordinator }) => {
                self.coordinator_found(now, coordinator);
            }
            (Request::Join { attempt }, Message::JoinGroupResponse(response))
                if attempt == self.join_attempt && self.membership == Membership::Joining =>
            {
                self.joined(now, *response, fx);
            }
            (Request::Sync { attempt }, Message::SyncGroupResponse { assignment })
                if attempt == self.join_attempt && self.membership == Membership::Syncing =>
            {
                self.synced(now, assignment, fx);
            }
            (Request::Heartbeat, Message::HeartbeatResponse(error)) => self.heartbeat_answered(now, error),
            (Request::Leave { closing: true }, Message::LeaveGroupResponse(_)) => self.end(fx),
            (Request::Commit { offsets, waited_for, attempt }, Message::OffsetCommitResponse(error)) => {
                self.commit_answered(now, &offsets, waited_for, attempt, error);
            }
            (Request::OffsetFetch { epoch }, Message::OffsetFetchResponse { offsets })
                if epoch == self.epoch =>
            {
                self.offsets_fetched(now, offsets, fx);
            }
            (Request::ListOffsets { epoch }, Message::ListOffsetsResponse(listed)) if epoch == self.epoch => {
                self.offsets_listed(now, from, &listed, fx);
            }
            (Request::OffsetForLeaderEpoch { epoch }, Message::OffsetForLeaderEpochResponse(answers))
                if epoch == self.epoch =>
            {
                self.positions_checked(now, from, &answers, fx);
            }
            _ => {}
        }
    }

    fn requests_failed(&mut self, now: SimTime, failed: Vec<Failed<Request>>, fx: &mut Effects) {
        for Failed { broker, error, tag } in failed {
            match tag {
                Request::FindCoordinator => self.lookup_failed(now),
                Request::Join { attempt } | Request::Sync { attempt } => {
                    self.lose_coordinator_at(now, broker);
                    if attempt == self.join_attempt && self.membership.is_under_way() {
                        self.join_again(now);
                    }
                }
                Request::Heartbeat => {
                    self.heartbeat_in_flight = false;
                    self.lose_coordinator_at(now, broker);
                }
                Request::Leave { closing } => {
                    if closing {
                        self.end(fx);
                    }
                }
                Request::Commit { offsets, waited_for, attempt } => {
                    self.lose_coordinator_at(now, broker);
                    self.commit_answered(now, &offsets, waited_for, attempt, error);
                }
                Request::OffsetFetch { epoch } => {
                    self.lose_coordinator_at(now, broker);
                    if epoch == self.epoch {
                        self.offset_fetch_failed(now);
                    }
                }
                Request::ListOffsets { epoch } | Request::OffsetForLeaderEpoch { epoch } => {
                    if epoch == self.epoch {
                        self.question_failed(now, broker);
                    }
                }
                Request::Fetch { .. } => self.fetch_failed(broker),
            }
        }
    }

    /// A metadata answer came: partitions may have other leaders, the subscription other topics.
    fn metadata_answered(&mut self, now: SimTime, newer: bool, fx: &mut Effects) {
        if newer {
            if let Some(image) = self.network.image() {
                let names = self.spec.topics.iter();
                let mut topics: Vec<_> = names.filter_map(|name| Some(image.topic(name)?.0)).collect();
                self.awaits_topics = topics.len() < self.spec.topics.len();
                topics.sort_unstable();
                topics.dedup();
                self.topics = topics;
            }
            self.place_all(now);
            self.check_subscription();
        } else if self.unplaced > 0 {
            self.place_all(now);
        }
        if self.unplaced > 0 || self.awaits_topics {
            self.network.request_refresh(now, fx);
        }
    }

    /// Makes sure there is a turn at `at` or before.
    pub(super) fn wake(&mut self, now: SimTime, at: SimTime, fx: &mut Effects) {
        self.retry.set(now, at, TimerKind::Retry, fx);
    }

    // --- commands ---

    /// The application ends when it has processed what its last poll returned: `close()` commits if
    /// `enable.auto.commit`, leaves the group, then the process exits.
    pub fn stop(&mut self, now: SimTime, fx: &mut Effects) {
        if self.closing == Closing::Ended {
            return;
        }
        self.stopping = true;
        if self.started {
            self.work(now, fx);
        } else {
            self.end(fx);
        }
    }

    /// From the next poll on processing takes that share of its configured time.
    pub fn set_slowdown(&mut self, percent: u32) {
        self.slowdown_percent = percent;
    }

    // --- views ---

    /// What it was started with.
    pub fn spec(&self) -> &ConsumerSpec {
        &self.spec
    }

    /// What it does.
    pub fn state(&self) -> ConsumerState {
        if self.closing == Closing::Ended {
            return ConsumerState::Stopped;
        }
        if self.stopping {
            return ConsumerState::Closing;
        }
        match self.application {
            Application::Processing => ConsumerState::Processing,
            Application::Committing => ConsumerState::Committing,
            Application::Polling if self.membership == Membership::Stable => ConsumerState::Polling,
            Application::Polling => ConsumerState::Joining,
        }
    }

    /// The generation it takes part in, if any.
    pub fn generation(&self) -> Option<u32> {
        self.generation
    }

    /// Its member id, once it was given one.
    pub fn member(&self) -> Option<&MemberId> {
        self.member.as_ref()
    }

    /// The coordinator, as far as it knows.
    pub fn coordinator(&self) -> Option<BrokerId> {
        self.coordinator.known()
    }

    /// The partitions it believes to own.
    pub fn assignment(&self) -> impl Iterator<Item = OwnedPartition> + '_ {
        self.slots.iter().map(Slot::view)
    }

    /// The same for one partition.
    pub fn owned(&self, partition: TopicPartition) -> Option<OwnedPartition> {
        Some(self.slots[self.slot(partition)? as usize].view())
    }

    /// Records fetched and not yet polled.
    pub fn buffered(&self) -> u64 {
        self.ready.iter().map(|&slot| self.slots[slot as usize].buffered()).sum()
    }

    /// What the last poll returned: partition, offset of the first record, offset after the last.
    pub fn last_poll(&self) -> impl Iterator<Item = (TopicPartition, u64, u64)> + '_ {
        self.polled.iter().map(|&(slot, from, to)| (self.slots[slot as usize].partition, from, to))
    }

    /// Its metadata, as last heard.
    pub fn image(&self) -> Option<&Arc<MetadataImage>> {
        self.network.image()
    }

    /// Whether it ended after `close()`.
    pub fn is_stopped(&self) -> bool {
        self.closing == Closing::Ended
    }

    /// The slot of a partition it owns.
    #[inline]
    pub(super) fn slot(&self, partition: TopicPartition) -> Option<u32> {
        self.slot_of.get(partition.index()).copied().filter(|&slot| slot != NO_SLOT)
    }

    /// Adds everything the future depends on.
    pub fn digest(&self, digest: &mut Digest) {
        self.network.digest(digest, Request::digest);
        digest.bool(self.started);
        digest.u64(self.backoffs);
        for alarm in [&self.retry, &self.heartbeat, &self.poll_interval] {
            alarm.digest(digest);
        }
        digest.u32(self.coordinator.code());
        digest.u32(self.lookups);
        digest.u32(self.membership as u32);
        digest.text(self.member.as_deref().unwrap_or(""));
        digest.u32(self.generation.map_or(u32::MAX, |generation| generation));
        digest.bool(self.rejoin);
        digest.bool(self.awaits_topics);
        digest.u32(self.join_attempt);
        digest.u32(self.join_failures);
        for topics in [&self.topics, &self.joined_topics] {
            digest.u64(topics.len() as u64);
            topics.iter().for_each(|topic| digest.u32(u32::from(topic.0)));
        }
        digest.u64(self.assigned_counts.len() as u64);
        digest.bool(self.heartbeat_in_flight);
        for at in [
            self.lookup_at,
            self.join_at,
            self.heartbeat_at,
            self.session_ends,
            self.offset_fetch_at,
            self.place_at,
            self.poll_deadline,
            self.auto_commit_at,
        ] {
            digest.u64(at.0);
        }
        digest.u32(self.epoch);
        digest.u64(self.slots.len() as u64);
        self.slots.iter().for_each(|slot| slot.digest(digest));
        digest.u64(self.sessions.len() as u64);
        self.sessions.iter().for_each(|session| session.digest(digest));
        digest.bool(self.offset_fetch_in_flight);
        digest.u32(self.offset_failures);
        digest.u64(self.ready.len() as u64);
        self.ready.iter().for_each(|&slot| digest.u32(slot));
        digest.u32(self.application as u32);
        digest.u32(self.slowdown_percent);
        for &(slot, from, to) in &self.polled {
            digest.u32(slot);
            digest.u64(from);
            digest.u64(to);
        }
        digest.u32(self.polls);
        digest.bool(self.sync_commit.is_some());
        if let Some(commit) = &self.sync_commit {
            commit.digest(digest);
        }
        digest.u32(self.commit_attempt);
        digest.bool(self.stopping);
        self.closing.digest(digest);
    }
}

impl Request {
    fn digest(&self, digest: &mut Digest) {
        let (kind, number) = match self {
            Request::FindCoordinator => (0, 0),
            Request::Join { attempt } => (1, *attempt),
            Request::Sync { attempt } => (2, *attempt),
            Request::Heartbeat => (3, 0),
            Request::Leave { closing } => (4, u32::from(*closing)),
            Request::Commit { offsets, attempt, .. } => {
                for offset in offsets {
                    digest.u32(offset.partition);
                    digest.u64(offset.offset);
                }
                (5, *attempt)
            }
            Request::OffsetFetch { epoch } => (6, *epoch),
            Request::ListOffsets { epoch } => (7, *epoch),
            Request::Fetch { epoch } => (8, *epoch),
            Request::OffsetForLeaderEpoch { epoch } => (9, *epoch),
        };
        digest.u32(kind);
        digest.u32(number);
    }
}
