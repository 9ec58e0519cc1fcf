//! A consumer's membership: its coordinator, joining, syncing, heartbeats, leaving.
//!
//! Kafka's `AbstractCoordinator` and `ConsumerCoordinator` under the eager protocol.
use super::consumer::{Consumer, Request};
use super::consumer_poll::Application;
use crate::assign::backoff::{CLIENT_JITTER_PERMILLE, ExponentialBackoff};
use crate::assign::range;
use crate::assign::subscription::{Member, Topic};
use crate::kernel::{Purpose, SimTime};
use crate::metadata::{BrokerId, MetadataImage, TopicPartition};
use crate::node::{Effects, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, JoinGroupRequest, JoinGroupResponse, JoinedMember, MemberId, Message, NodeId};

const BACKOFF: Purpose = Purpose::new("consumer backoff");
/// JoinGroup waits for the others: this much longer than their rebalance timeout.
const JOIN_TIMEOUT_LAPSE_MS: u64 = 5_000;

/// Where the group's coordinator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coordinator {
    Unknown,
    /// FindCoordinator is in flight.
    Sought,
    Known(BrokerId),
}

impl Coordinator {
    pub(super) fn known(self) -> Option<BrokerId> {
        match self {
            Coordinator::Known(broker) => Some(broker),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn is_known(self) -> bool {
        matches!(self, Coordinator::Known(_))
    }

    pub(super) fn is(self, peer: NodeId) -> bool {
        self.known().is_some_and(|broker| NodeId::from(broker) == peer)
    }

    pub(super) fn code(self) -> u32 {
        match self {
            Coordinator::Unknown => 0,
            Coordinator::Sought => u32::MAX,
            Coordinator::Known(broker) => broker.0,
        }
    }
}

/// How far a consumer is with its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    /// It is to join.
    Unjoined,
    /// It commits before its partitions are revoked.
    Preparing,
    /// JoinGroup is in flight.
    Joining,
    /// SyncGroup is in flight.
    Syncing,
    /// It has its partitions.
    Stable,
}

impl Membership {
    pub(super) fn is_under_way(self) -> bool {
        matches!(self, Membership::Joining | Membership::Syncing)
    }
}

impl Consumer {
    /// The wait before another try, after `failures` that came before.
    pub(super) fn backoff_ms(&mut self, failures: u32) -> u64 {
        let config = &self.spec.config;
        let (initial, max) = (config.retry_backoff_ms, config.retry_backoff_max_ms);
        let draw = self.draws.at(BACKOFF, self.backoffs).bits16() as u16;
        self.backoffs += 1;
        ExponentialBackoff::new(initial, 2, max, CLIENT_JITTER_PERMILLE).wait_ms(failures, draw)
    }

    // --- the coordinator ---

    pub(super) fn find_coordinator(&mut self, now: SimTime, fx: &mut Effects) {
        if self.coordinator != Coordinator::Unknown {
            return;
        }
        if self.lookup_at > now {
            self.wake(now, self.lookup_at, fx);
            return;
        }
        let Some(broker) = self.network.least_loaded(now) else {
            self.lookup_failed(now);
            self.wake(now, self.lookup_at, fx);
            return;
        };
        let request = Message::FindCoordinator { group: self.spec.group };
        self.network.send(now, broker, request, Request::FindCoordinator, fx);
        self.coordinator = Coordinator::Sought;
    }

    pub(super) fn lookup_failed(&mut self, now: SimTime) {
        let wait = self.backoff_ms(self.lookups);
        self.lookups = self.lookups.saturating_add(1);
        self.lookup_at = now.plus_ms(wait);
        self.coordinator = Coordinator::Unknown;
    }

    pub(super) fn coordinator_found(&mut self, now: SimTime, found: Result<BrokerId, ErrorCode>) {
        if self.coordinator != Coordinator::Sought {
            return;
        }
        match found {
            Ok(broker) => {
                self.coordinator = Coordinator::Known(broker);
                self.session_ends = now.plus_ms(self.spec.config.session_timeout_ms);
            }
            Err(_) => self.lookup_failed(now),
        }
    }

    /// The coordinator does not answer, or is none any more.
    pub(super) fn lose_coordinator(&mut self, now: SimTime) {
        if self.coordinator.is_known() {
            self.coordinator = Coordinator::Unknown;
            self.lookups = 0;
            let wait = self.backoff_ms(0);
            self.lookup_at = now.plus_ms(wait);
        }
    }

    pub(super) fn lose_coordinator_at(&mut self, now: SimTime, broker: BrokerId) {
        if self.coordinator == Coordinator::Known(broker) {
            self.lose_coordinator(now);
        }
    }

    /// The coordinator, if a request can be sent to it now. Otherwise there will be a turn when it can.
    pub(super) fn reachable_coordinator(&mut self, now: SimTime, fx: &mut Effects) -> Option<BrokerId> {
        let broker = self.coordinator.known()?;
        let ready_at = self.network.ready_at(broker);
        if ready_at > now {
            self.wake(now, ready_at, fx);
            return None;
        }
        Some(broker)
    }

    /// What every answer of a coordinator may say. True if the request is to be tried again.
    pub(super) fn coordinator_error(&mut self, now: SimTime, error: ErrorCode) -> bool {
        match error {
            ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator => {
                self.lose_coordinator(now);
                true
            }
            ErrorCode::RequestTimedOut
            | ErrorCode::NetworkException
            | ErrorCode::CoordinatorLoadInProgress
            | ErrorCode::UnknownTopicOrPartition => true,
            ErrorCode::UnknownMemberId => {
                self.leave_generation(false);
                false
            }
            ErrorCode::IllegalGeneration => {
                self.leave_generation(true);
                false
            }
            ErrorCode::RebalanceInProgress => {
                self.rejoin = true;
                false
            }
            _ => false,
        }
    }

    /// It is no member of the generation any more, whatever it still holds.
    fn leave_generation(&mut self, keep_member: bool) {
        self.generation = None;
        if !keep_member {
            self.member = None;
        }
        self.rejoin = true;
        self.membership = Membership::Unjoined;
        self.heartbeat_at = SimTime::NEVER;
    }

    // --- joining ---

    /// Whether the consumer takes part in a generation and has its partitions. If not, a step is made
    /// towards it. Called from within `poll()` alone.
    pub(super) fn ensure_joined(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        if self.membership == Membership::Stable {
            if !self.rejoin {
                return true;
            }
            if self.auto_commits() && self.has_positions() {
                self.membership = Membership::Preparing;
                let patience_ms = self.spec.config.max_poll_interval_ms;
                self.begin_sync_commit(now, patience_ms, fx);
            } else {
                self.membership = Membership::Unjoined;
            }
        }
        if self.membership == Membership::Preparing && self.sync_commit.is_none() {
            self.membership = Membership::Unjoined;
        }
        if self.membership == Membership::Unjoined {
            self.sync_commit = None;
            self.revoke(fx);
            self.join(now, fx);
        }
        false
    }

    fn join(&mut self, now: SimTime, fx: &mut Effects) {
        if self.network.image().is_none() {
            return;
        }
        if self.join_at > now {
            self.wake(now, self.join_at, fx);
            return;
        }
        let Some(broker) = self.reachable_coordinator(now, fx) else { return };
        let config = &self.spec.config;
        let (request_ms, rebalance_ms) = (config.request_timeout_ms, config.max_poll_interval_ms);
        let request = JoinGroupRequest {
            group: self.spec.group,
            member: self.member.clone(),
            client_id: self.spec.client_id.clone(),
            session_timeout_ms: config.session_timeout_ms.min(u64::from(u32::MAX)) as u32,
            rebalance_timeout_ms: rebalance_ms.min(u64::from(u32::MAX)) as u32,
            topics: self.topics.clone(),
        };
        self.joined_topics.clone_from(&self.topics);
        self.rejoin = false;
        self.heartbeat_at = SimTime::NEVER;
        self.join_attempt = self.join_attempt.wrapping_add(1);
        self.membership = Membership::Joining;
        let tag = Request::Join { attempt: self.join_attempt };
        let timeout_ms = request_ms.max(rebalance_ms.saturating_add(JOIN_TIMEOUT_LAPSE_MS));
        let message = Message::JoinGroup(Box::new(request));
        self.network.send_with_timeout(now, broker, message, tag, timeout_ms, fx);
    }

    /// The rebalance broke off; it will join again.
    pub(super) fn join_again(&mut self, now: SimTime) {
        let wait = self.backoff_ms(self.join_failures);
        self.join_failures = self.join_failures.saturating_add(1);
        self.join_at = now.plus_ms(wait);
        self.membership = Membership::Unjoined;
        self.heartbeat_at = SimTime::NEVER;
    }

    pub(super) fn joined(&mut self, now: SimTime, response: JoinGroupResponse, fx: &mut Effects) {
        match response.error {
            ErrorCode::None => {
                self.join_failures = 0;
                self.generation = Some(response.generation);
                self.member = Some(response.member.clone());
                self.membership = Membership::Syncing;
                self.heartbeat_at = now.plus_ms(self.spec.config.heartbeat_interval_ms);
                self.session_ends = now.plus_ms(self.spec.config.session_timeout_ms);
                self.heartbeat.set(now, self.heartbeat_at, TimerKind::Heartbeat, fx);
                self.assigned_counts.clear();
                let assignments = if response.leader == response.member {
                    self.assign(&response.members)
                } else {
                    Vec::new()
                };
                self.sync(now, response.generation, response.member, assignments, fx);
            }
            ErrorCode::MemberIdRequired => {
                self.member = Some(response.member);
                self.membership = Membership::Unjoined;
            }
            ErrorCode::GroupMaxSizeReached | ErrorCode::InvalidSessionTimeout => {
                self.membership = Membership::Unjoined;
                self.fail(None, response.error, fx);
            }
            error => {
                self.coordinator_error(now, error);
                self.join_again(now);
            }
        }
    }

    fn sync(
        &mut self,
        now: SimTime,
        generation: u32,
        member: MemberId,
        assignments: Vec<(MemberId, Vec<TopicPartition>)>,
        fx: &mut Effects,
    ) {
        let Some(broker) = self.coordinator.known() else { return self.join_again(now) };
        let request = Message::SyncGroup { group: self.spec.group, generation, member, assignments };
        let config = &self.spec.config;
        let timeout_ms =
            config.request_timeout_ms.max(config.max_poll_interval_ms.saturating_add(JOIN_TIMEOUT_LAPSE_MS));
        let tag = Request::Sync { attempt: self.join_attempt };
        self.network.send_with_timeout(now, broker, request, tag, timeout_ms, fx);
    }

    /// What the group's leader gives everyone, by its own metadata.
    fn assign(&mut self, members: &[JoinedMember]) -> Vec<(MemberId, Vec<TopicPartition>)> {
        let Some(image) = self.network.image() else { return Vec::new() };
        let (assignments, counts) = assign_ranges(image, members);
        self.assigned_counts = counts;
        assignments
    }

    pub(super) fn synced(
        &mut self,
        now: SimTime,
        assignment: Result<Vec<TopicPartition>, ErrorCode>,
        fx: &mut Effects,
    ) {
        match assignment {
            Ok(partitions) => {
                self.join_failures = 0;
                self.membership = Membership::Stable;
                self.auto_commit_at = now.plus_ms(self.spec.config.auto_commit_interval_ms);
                self.take_assignment(now, partitions, fx);
                self.check_subscription();
            }
            Err(error) => {
                self.coordinator_error(now, error);
                if error == ErrorCode::RebalanceInProgress {
                    self.membership = Membership::Unjoined;
                } else {
                    self.join_again(now);
                }
            }
        }
    }

    /// Joins again if it subscribes to other topics than it joined with, or, as the group's leader, assigned
    /// by other partition counts.
    pub(super) fn check_subscription(&mut self) {
        let Some(image) = self.network.image() else { return };
        let counts = self.assigned_counts.iter();
        let mut changed = counts.filter(|(topic, count)| {
            image.topics.get(usize::from(topic.0)).is_some_and(|now| now.partitions.len() as u32 != *count)
        });
        if self.membership == Membership::Stable
            && (self.topics != self.joined_topics || changed.next().is_some())
        {
            self.rejoin = true;
        }
    }

    /// Eager rebalances give everything away first; so does leaving.
    pub(super) fn revoke(&mut self, fx: &mut Effects) {
        if self.slots.is_empty() {
            return;
        }
        self.drop_partitions();
        let generation = self.generation.unwrap_or(0);
        fx.report(|| Fact::Assigned { consumer: self.spec.index, generation, partitions: Vec::new() });
    }

    fn take_assignment(&mut self, now: SimTime, mut partitions: Vec<TopicPartition>, fx: &mut Effects) {
        partitions.sort_unstable();
        self.own_partitions(&partitions);
        self.offset_fetch_at = now;
        let generation = self.generation.unwrap_or(0);
        fx.report(|| Fact::Assigned { consumer: self.spec.index, generation, partitions });
    }

    // --- heartbeats ---

    pub(super) fn heartbeat_due(&mut self, now: SimTime, fx: &mut Effects) {
        if self.heartbeat_at == SimTime::NEVER || self.generation.is_none() {
            return;
        }
        if now >= self.heartbeat_at {
            if now >= self.session_ends {
                self.lose_coordinator(now);
            }
            let config = &self.spec.config;
            let (interval_ms, backoff_ms) = (config.heartbeat_interval_ms, config.retry_backoff_ms);
            let ready = self.coordinator.known().filter(|&broker| self.network.can_send(now, broker));
            match (ready, self.generation, self.member.clone()) {
                (Some(broker), Some(generation), Some(member)) if !self.heartbeat_in_flight => {
                    let request = Message::Heartbeat { group: self.spec.group, generation, member };
                    self.network.send(now, broker, request, Request::Heartbeat, fx);
                    self.heartbeat_in_flight = true;
                    self.heartbeat_at = now.plus_ms(interval_ms);
                }
                _ => self.heartbeat_at = now.plus_ms(backoff_ms.max(1)),
            }
        }
        self.heartbeat.set(now, self.heartbeat_at, TimerKind::Heartbeat, fx);
    }

    pub(super) fn heartbeat_answered(&mut self, now: SimTime, error: ErrorCode) {
        self.heartbeat_in_flight = false;
        match error {
            ErrorCode::None => {
                self.session_ends = now.plus_ms(self.spec.config.session_timeout_ms);
            }
            // An answer to a heartbeat of the generation before, or the start of the next rebalance: while
            // it joins it will hear of that otherwise.
            _ if self.membership.is_under_way() && !is_coordinators_own(error) => {}
            _ => {
                self.coordinator_error(now, error);
            }
        }
    }

    /// `max.poll.interval.ms` may have passed while the application was busy.
    pub(super) fn poll_interval_due(&mut self, now: SimTime, fx: &mut Effects) {
        if self.poll_deadline == SimTime::NEVER {
            return;
        }
        if now < self.poll_deadline {
            let deadline = self.poll_deadline;
            self.poll_interval.set(now, deadline, TimerKind::PollInterval, fx);
        } else if !matches!(self.application, Application::Polling) && self.generation.is_some() {
            self.send_leave(now, false, fx);
            self.leave_generation(false);
        }
    }

    /// Sends LeaveGroup. False if there is nothing to leave or nobody to tell.
    pub(super) fn send_leave(&mut self, now: SimTime, closing: bool, fx: &mut Effects) -> bool {
        let Some(broker) = self.coordinator.known() else { return false };
        let Some(member) = self.member.clone() else { return false };
        if !self.network.can_send(now, broker) {
            return false;
        }
        let request = Message::LeaveGroup { group: self.spec.group, member };
        self.network.send(now, broker, request, Request::Leave { closing }, fx);
        true
    }
}

/// Errors that concern the coordinator, not the member.
fn is_coordinators_own(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::CoordinatorNotAvailable | ErrorCode::NotCoordinator)
}

/// Each member's partitions by the range assignor, and the partition count of every topic it went by.
#[allow(clippy::type_complexity)] // Two lists, each used once.
fn assign_ranges(
    image: &MetadataImage,
    joined: &[JoinedMember],
) -> (Vec<(MemberId, Vec<TopicPartition>)>, Vec<(crate::metadata::TopicId, u32)>) {
    let mut ids: Vec<_> = joined.iter().flat_map(|member| member.topics.iter().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| usize::from(id.0) < image.topics.len());
    let topic = |id: crate::metadata::TopicId| &image.topics[usize::from(id.0)];
    let topics: Vec<Topic> = ids
        .iter()
        .map(|&id| Topic {
            name: &topic(id).name,
            partitions: topic(id).partitions.len() as u32,
            racks: Vec::new(),
        })
        .collect();
    let members: Vec<Member> = joined
        .iter()
        .map(|member| Member {
            id: &member.id,
            instance: None,
            rack: None,
            topics: ids.iter().filter(|id| member.topics.contains(id)).map(|&id| &*topic(id).name).collect(),
        })
        .collect();
    let given = range::assign(&members, &topics);
    let name = |of: &crate::assign::subscription::TopicPartition| {
        topic(ids[of.topic as usize]).partitions[of.partition as usize]
    };
    let assignments =
        joined.iter().zip(&given).map(|(member, of)| (member.id.clone(), of.iter().map(name).collect()));
    let counts = ids.iter().map(|&id| (id, topic(id).partitions.len() as u32)).collect();
    (assignments.collect(), counts)
}
