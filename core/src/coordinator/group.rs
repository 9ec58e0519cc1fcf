//! One classic group: its members, its state, and how a rebalance goes.
//!
//! Static members (`group.instance.id`) are not simulated yet: every member is dynamic.
use super::{Context, Write};
use crate::assign::initial_rebalance::InitialRebalance;
use crate::kernel::{Digest, SimTime};
use crate::log::{CommitRecord, GroupRecord, MemberRecord};
use crate::metadata::{GroupId, TopicId, TopicPartition};
use crate::node::{Timer, TimerKind};
use crate::trace::{Fact, GroupCause, GroupState};
use crate::wire::{ErrorCode, JoinGroupRequest, JoinGroupResponse, JoinedMember, MemberId, Message, NodeId};
use std::sync::Arc;

/// How long a brand-new member may wait in its first JoinGroup, whatever its session timeout.
const NEW_MEMBER_JOIN_TIMEOUT_MS: u64 = 300_000;

/// A request whose answer is still to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Waiting {
    /// There is none.
    #[default]
    No,
    /// Its sender's connection broke since: nobody hears the answer, though the member counts as waiting.
    Unheard,
    /// It came from that node under that correlation id.
    Heard(NodeId, u32),
}

impl Waiting {
    pub(super) fn is_waiting(self) -> bool {
        self != Waiting::No
    }

    /// Answers, if anybody listens, and waits no more.
    fn answer(&mut self, message: Message, cx: &mut Context) {
        if let Waiting::Heard(to, correlation) = std::mem::take(self) {
            cx.fx.send(to, correlation, message);
        }
    }

    pub(super) fn disconnected(&mut self, peer: NodeId) {
        if matches!(*self, Waiting::Heard(to, _) if to == peer) {
            *self = Waiting::Unheard;
        }
    }

    pub(super) fn digest(self, digest: &mut Digest) {
        match self {
            Waiting::No => digest.u64(0),
            Waiting::Unheard => digest.u64(1),
            Waiting::Heard(to, correlation) => {
                digest.u64(2);
                super::digest_node(to, digest);
                digest.u32(correlation);
            }
        }
    }
}

/// A member of a group.
#[derive(Clone, Debug)]
pub struct Member {
    /// `member.id`.
    pub id: MemberId,
    /// `client.id`.
    pub client_id: Arc<str>,
    /// The topics it subscribed to.
    pub topics: Vec<TopicId>,
    /// The partitions it was given in the last generation that became Stable.
    pub assignment: Vec<TopicPartition>,
    pub(super) session_timeout_ms: u32,
    pub(super) rebalance_timeout_ms: u32,
    pub(super) session_ends: SimTime,
    pub(super) joining: Waiting,
    pub(super) syncing: Waiting,
    /// It sent SyncGroup in this generation.
    pub(super) synced: bool,
    /// It never saw the end of a join phase.
    pub(super) is_new: bool,
}

impl Member {
    /// Whether it is parked in JoinGroup: it waits for the join phase to end.
    pub fn is_joining(&self) -> bool {
        self.joining.is_waiting()
    }

    /// Whether it is parked in SyncGroup: it waits for the leader's assignment.
    pub fn is_syncing(&self) -> bool {
        self.syncing.is_waiting()
    }

    /// Parked requests keep a session alive, except a newcomer's first.
    fn session_runs(&self) -> bool {
        self.is_new || !(self.is_joining() || self.is_syncing())
    }

    fn renew(&mut self, now: SimTime) {
        self.session_ends = now.plus_ms(u64::from(self.session_timeout_ms));
    }

    fn from_record(record: &MemberRecord, now: SimTime) -> Self {
        Member {
            id: record.id.clone(),
            client_id: record.client_id.clone(),
            topics: record.topics.iter().map(|&topic| TopicId(topic)).collect(),
            assignment: record.assigned.iter().map(|&partition| TopicPartition(partition)).collect(),
            session_timeout_ms: record.session_timeout_ms,
            rebalance_timeout_ms: record.rebalance_timeout_ms,
            session_ends: now.plus_ms(u64::from(record.session_timeout_ms)),
            joining: Waiting::No,
            syncing: Waiting::No,
            synced: true,
            is_new: false,
        }
    }
}

/// A group as its coordinator has it.
#[derive(Clone, Debug)]
pub struct Group {
    /// Which.
    pub id: GroupId,
    /// Its state.
    pub state: GroupState,
    /// Its generation: how many join phases ended.
    pub generation: u32,
    /// The member that computes assignments.
    pub leader: Option<MemberId>,
    /// Its members, in the order they came.
    pub members: Vec<Member>,
    /// The committed offsets, by partition.
    pub offsets: Vec<CommitRecord>,
    /// Its partition of `__consumer_offsets`.
    pub(super) index: u32,
    /// Ids given by `MEMBER_ID_REQUIRED` that did not come back yet, and until when they may.
    pub(super) pending: Vec<(MemberId, SimTime)>,
    initial: Option<InitialRebalance>,
    join_timer: u32,
    sync_timer: u32,
    session_timer: u32,
    session_timer_at: SimTime,
}

impl Group {
    pub(super) fn new(id: GroupId, index: u32) -> Self {
        Group {
            id,
            state: GroupState::Empty,
            generation: 0,
            leader: None,
            members: Vec::new(),
            offsets: Vec::new(),
            index,
            pending: Vec::new(),
            initial: None,
            join_timer: 0,
            sync_timer: 0,
            session_timer: 0,
            session_timer_at: SimTime::NEVER,
        }
    }

    /// The committed offset of a partition.
    pub fn offset(&self, partition: TopicPartition) -> Option<CommitRecord> {
        let at = self.offsets.binary_search_by_key(&partition.0, |offset| offset.partition).ok()?;
        Some(self.offsets[at])
    }

    /// The member of that id.
    pub fn member(&self, id: &str) -> Option<&Member> {
        Some(&self.members[self.find(id)?])
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.members.iter().position(|member| *member.id == *id)
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    // --- records ---

    /// Applies a record, the same way live and when a new coordinator loads its partition.
    pub(super) fn replay(&mut self, record: &GroupRecord, now: SimTime) {
        match record {
            GroupRecord::Commit { offsets, .. } => offsets.iter().for_each(|&offset| self.keep(offset)),
            GroupRecord::Generation { generation, leader, members, .. } => {
                self.generation = *generation;
                self.leader.clone_from(leader);
                self.members = members.iter().map(|member| Member::from_record(member, now)).collect();
                self.state = if members.is_empty() { GroupState::Empty } else { GroupState::Stable };
            }
        }
    }

    pub(super) fn keep(&mut self, offset: CommitRecord) {
        match self.offsets.binary_search_by_key(&offset.partition, |known| known.partition) {
            Ok(at) => self.offsets[at] = offset,
            Err(at) => self.offsets.insert(at, offset),
        }
    }

    /// The generation as it is written, with the assignment of each member in order.
    fn generation_record(&self, assignments: &[Vec<TopicPartition>]) -> GroupRecord {
        let none = Vec::new();
        let members = self.members.iter().enumerate().map(|(at, member)| MemberRecord {
            id: member.id.clone(),
            client_id: member.client_id.clone(),
            session_timeout_ms: member.session_timeout_ms,
            rebalance_timeout_ms: member.rebalance_timeout_ms,
            topics: member.topics.iter().map(|topic| topic.0).collect(),
            assigned: assignments.get(at).unwrap_or(&none).iter().map(|partition| partition.0).collect(),
        });
        GroupRecord::Generation {
            group: self.id.0,
            generation: self.generation,
            leader: self.leader.clone(),
            members: members.collect(),
        }
    }

    /// The record that a new group exists.
    pub(super) fn empty_record(&self) -> GroupRecord {
        self.generation_record(&[])
    }

    // --- joining ---

    /// Whether `group.max.size` leaves room. While members join, those already waiting count.
    pub(super) fn has_room(&self, id: Option<&MemberId>, max: u32) -> bool {
        let member = id.and_then(|id| self.member(id));
        match self.state {
            GroupState::Empty | GroupState::Dead => true,
            GroupState::PreparingRebalance => {
                let waiting = self.members.iter().filter(|member| member.is_joining()).count() as u32;
                member.is_some_and(Member::is_joining) || waiting < max
            }
            GroupState::CompletingRebalance | GroupState::Stable => {
                member.is_some() || (self.members.len() as u32) < max
            }
        }
    }

    /// Adds a member that came back with the id it was given, and rebalances.
    pub(super) fn add_member(
        &mut self,
        request: JoinGroupRequest,
        id: MemberId,
        waiting: Waiting,
        cx: &mut Context,
    ) {
        if self.state == GroupState::PreparingRebalance
            && self.generation == 0
            && let Some(initial) = &mut self.initial
        {
            initial.member_joined();
        }
        if self.leader.is_none() {
            self.leader = Some(id.clone());
        }
        self.members.push(Member {
            id: id.clone(),
            client_id: request.client_id,
            topics: request.topics,
            assignment: Vec::new(),
            session_timeout_ms: request.session_timeout_ms,
            rebalance_timeout_ms: request.rebalance_timeout_ms,
            session_ends: cx.now.plus_ms(NEW_MEMBER_JOIN_TIMEOUT_MS),
            joining: waiting,
            syncing: Waiting::No,
            synced: false,
            is_new: true,
        });
        self.rebalance_or_complete(GroupCause::MemberJoined(id), cx);
    }

    /// A member joins again: it is parked until the join phase ends, which begins if there is none.
    pub(super) fn rejoin(&mut self, at: usize, request: JoinGroupRequest, from: Waiting, cx: &mut Context) {
        let member = &mut self.members[at];
        member.topics = request.topics;
        member.session_timeout_ms = request.session_timeout_ms;
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
        member.joining = from;
        let cause = GroupCause::MemberRejoined(member.id.clone());
        self.rebalance_or_complete(cause, cx);
    }

    /// The end of the join phase as told to the member at `at`.
    pub(super) fn join_response(&self, at: usize) -> Message {
        let id = self.members[at].id.clone();
        let leader = self.leader.clone().unwrap_or_else(|| id.clone());
        let members = if leader == id {
            let of = |member: &Member| JoinedMember { id: member.id.clone(), topics: member.topics.clone() };
            self.members.iter().map(of).collect()
        } else {
            Vec::new()
        };
        let generation = self.generation;
        Message::JoinGroupResponse(Box::new(JoinGroupResponse {
            error: ErrorCode::None,
            generation,
            member: id,
            leader,
            members,
        }))
    }

    // --- rebalancing ---

    pub(super) fn rebalance_or_complete(&mut self, cause: GroupCause, cx: &mut Context) {
        match self.state {
            GroupState::PreparingRebalance => self.complete_if_joined(cx),
            GroupState::Dead => {}
            _ => self.prepare_rebalance(cause, cx),
        }
    }

    fn change_state(&mut self, state: GroupState, cause: GroupCause, cx: &mut Context) {
        self.state = state;
        cx.fx.report(|| Fact::GroupChanged { group: self.id, state, generation: self.generation, cause });
    }

    fn rebalance_timeout_ms(&self) -> u64 {
        self.members.iter().map(|member| u64::from(member.rebalance_timeout_ms)).max().unwrap_or(0)
    }

    fn prepare_rebalance(&mut self, cause: GroupCause, cx: &mut Context) {
        if self.state == GroupState::CompletingRebalance {
            self.refuse_assignment(ErrorCode::RebalanceInProgress, cx);
        }
        self.sync_timer = 0;
        let was_empty = self.state == GroupState::Empty;
        self.change_state(GroupState::PreparingRebalance, cause, cx);
        let timeout_ms = self.rebalance_timeout_ms();
        if was_empty {
            let (initial, wait_ms) = InitialRebalance::start(cx.initial_delay_ms, timeout_ms);
            self.initial = Some(initial);
            self.join_timer = cx.set_timer(TimerKind::JoinPhase, self.id, wait_ms);
        } else {
            self.join_timer = 0;
            self.complete_if_joined(cx);
            if self.state == GroupState::PreparingRebalance {
                self.join_timer = cx.set_timer(TimerKind::JoinPhase, self.id, timeout_ms);
            }
        }
    }

    /// Every known member joined, and no id given away is awaited. Never ends the initial delay.
    pub(super) fn complete_if_joined(&mut self, cx: &mut Context) {
        let all_joined = self.pending.is_empty() && self.members.iter().all(Member::is_joining);
        if self.state == GroupState::PreparingRebalance && self.initial.is_none() && all_joined {
            self.complete_join(cx);
        }
    }

    fn complete_join(&mut self, cx: &mut Context) {
        self.join_timer = 0;
        self.initial = None;
        let late = self.members.iter().find(|member| !member.is_joining()).map(|member| member.id.clone());
        self.members.retain(Member::is_joining);
        if self.leader.as_ref().is_none_or(|leader| self.find(leader).is_none()) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
        self.generation += 1;
        let cause = late.map_or(GroupCause::JoinPhaseEnded, GroupCause::MemberTimedOut);
        if self.members.is_empty() {
            self.change_state(GroupState::Empty, cause, cx);
            cx.write(self.index, self.id, self.empty_record(), Write::Emptied);
            return;
        }
        self.change_state(GroupState::CompletingRebalance, cause, cx);
        for at in 0..self.members.len() {
            let response = self.join_response(at);
            let member = &mut self.members[at];
            member.assignment.clear();
            member.synced = false;
            member.is_new = false;
            member.renew(cx.now);
            member.joining.answer(response, cx);
        }
        self.sync_timer = cx.set_timer(TimerKind::SyncPhase, self.id, self.rebalance_timeout_ms());
    }

    pub(super) fn join_timer(&mut self, timer: Timer, cx: &mut Context) {
        if timer.generation != self.join_timer || self.state != GroupState::PreparingRebalance {
            return;
        }
        match self.initial.as_mut().and_then(InitialRebalance::interval_passed) {
            Some(wait_ms) => self.join_timer = cx.set_timer(TimerKind::JoinPhase, self.id, wait_ms),
            None => self.complete_join(cx),
        }
    }

    // --- syncing ---

    /// Takes the leader's assignment; it counts when it is committed.
    pub(super) fn write_assignment(
        &mut self,
        assignments: &[(MemberId, Vec<TopicPartition>)],
        cx: &mut Context,
    ) {
        let of = |member: &Member| {
            assignments
                .iter()
                .find(|given| given.0 == member.id)
                .map_or_else(Vec::new, |given| given.1.clone())
        };
        let assignments: Vec<_> = self.members.iter().map(of).collect();
        let record = self.generation_record(&assignments);
        let write = Write::Assignment { generation: self.generation, assignments };
        cx.write(self.index, self.id, record, write);
    }

    /// The assignment's record is committed, or never will be.
    pub(super) fn assignment_written(
        &mut self,
        generation: u32,
        assignments: Vec<Vec<TopicPartition>>,
        result: Result<(), ErrorCode>,
        cx: &mut Context,
    ) {
        if self.state != GroupState::CompletingRebalance || self.generation != generation {
            return;
        }
        if let Err(error) = result {
            self.refuse_assignment(error, cx);
            if let Some(leader) = self.leader.clone() {
                self.prepare_rebalance(GroupCause::MemberRejoined(leader), cx);
            }
            return;
        }
        for (member, assignment) in self.members.iter_mut().zip(assignments) {
            member.assignment = assignment;
            if member.is_syncing() {
                member.renew(cx.now);
                let assignment = Ok(member.assignment.clone());
                member.syncing.answer(Message::SyncGroupResponse { assignment }, cx);
            }
        }
        self.change_state(GroupState::Stable, GroupCause::AssignmentReceived, cx);
    }

    fn refuse_assignment(&mut self, error: ErrorCode, cx: &mut Context) {
        for member in &mut self.members {
            member.assignment.clear();
            if member.is_syncing() {
                member.renew(cx.now);
                member.syncing.answer(Message::SyncGroupResponse { assignment: Err(error) }, cx);
            }
        }
    }

    /// Members that saw the join phase end but did not sync are removed.
    pub(super) fn sync_timer(&mut self, timer: Timer, cx: &mut Context) {
        let in_time = matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable);
        if timer.generation != self.sync_timer || !in_time {
            return;
        }
        self.sync_timer = 0;
        let late: Vec<MemberId> =
            self.members.iter().filter(|member| !member.synced).map(|member| member.id.clone()).collect();
        let Some(first) = late.first().cloned() else { return };
        for id in &late {
            self.forget(id, cx);
        }
        self.prepare_rebalance(GroupCause::MemberTimedOut(first), cx);
    }

    // --- leaving ---

    /// Takes a member out, without a rebalance yet.
    fn forget(&mut self, id: &str, cx: &mut Context) {
        let Some(at) = self.find(id) else { return };
        let mut member = self.members.remove(at);
        let refusal = super::join_refused(member.id.clone(), ErrorCode::UnknownMemberId);
        member.joining.answer(refusal, cx);
        let refusal = Message::SyncGroupResponse { assignment: Err(ErrorCode::UnknownMemberId) };
        member.syncing.answer(refusal, cx);
        if self.is_leader(id) {
            self.leader = self.members.first().map(|member| member.id.clone());
        }
    }

    /// Takes a member out; the others rebalance, or stop waiting for it.
    pub(super) fn remove_member(&mut self, id: &str, cause: GroupCause, cx: &mut Context) {
        self.forget(id, cx);
        if self.state != GroupState::Empty {
            self.rebalance_or_complete(cause, cx);
        }
    }

    pub(super) fn remove_pending(&mut self, id: &str) -> bool {
        let before = self.pending.len();
        self.pending.retain(|pending| *pending.0 != *id);
        self.pending.len() < before
    }

    // --- sessions ---

    pub(super) fn renew(&mut self, at: usize, now: SimTime) {
        self.members[at].renew(now);
    }

    /// Keeps one timer out for all sessions. It was set for the end that was nearest then; renewals wait for
    /// it to fire.
    pub(super) fn watch_sessions(&mut self, cx: &mut Context) {
        let members = self.members.iter().filter(|member| member.session_runs());
        let ends = members.map(|member| member.session_ends).chain(self.pending.iter().map(|p| p.1));
        if let Some(at) = ends.min()
            && at < self.session_timer_at
        {
            self.session_timer_at = at;
            self.session_timer = cx.set_timer_at(TimerKind::Session, self.id, at);
        }
    }

    /// A session may have ended.
    pub(super) fn session_timer(&mut self, timer: Timer, cx: &mut Context) {
        if timer.generation != self.session_timer {
            return;
        }
        self.session_timer_at = SimTime::NEVER;
        let now = cx.now;
        let awaited = self.pending.len();
        self.pending.retain(|pending| pending.1 > now);
        if self.pending.len() < awaited {
            self.complete_if_joined(cx);
        }
        let is_over = |member: &&Member| member.session_runs() && member.session_ends <= now;
        while let Some(id) = self.members.iter().find(is_over).map(|member| member.id.clone()) {
            self.remove_member(&id, GroupCause::SessionExpired(id.clone()), cx);
        }
    }

    // --- the rest ---

    pub(super) fn disconnected(&mut self, peer: NodeId) {
        for member in &mut self.members {
            member.joining.disconnected(peer);
            member.syncing.disconnected(peer);
        }
    }

    /// Another broker is the coordinator now.
    pub(super) fn move_away(&mut self, cx: &mut Context) {
        for member in &mut self.members {
            let refusal = super::join_refused(member.id.clone(), ErrorCode::NotCoordinator);
            member.joining.answer(refusal, cx);
            let refusal = Message::SyncGroupResponse { assignment: Err(ErrorCode::NotCoordinator) };
            member.syncing.answer(refusal, cx);
        }
        self.state = GroupState::Dead;
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(u32::from(self.id.0));
        digest.u32(self.state as u32);
        digest.u32(self.generation);
        digest.text(self.leader.as_deref().unwrap_or(""));
        digest.u64(self.members.len() as u64);
        for member in &self.members {
            digest.text(&member.id);
            digest.text(&member.client_id);
            digest.u64(member.topics.len() as u64);
            member.topics.iter().for_each(|topic| digest.u32(u32::from(topic.0)));
            digest.u64(member.assignment.len() as u64);
            member.assignment.iter().for_each(|partition| digest.u32(partition.0));
            digest.u32(member.session_timeout_ms);
            digest.u32(member.rebalance_timeout_ms);
            digest.u64(member.session_ends.0);
            member.joining.digest(digest);
            member.syncing.digest(digest);
            digest.bool(member.synced);
            digest.bool(member.is_new);
        }
        super::digest_offsets(&self.offsets, digest);
        digest.u64(self.pending.len() as u64);
        for (id, until) in &self.pending {
            digest.text(id);
            digest.u64(until.0);
        }
        digest.bool(self.initial.is_some());
        if let Some(initial) = self.initial {
            for field in initial.fields() {
                digest.u64(field);
            }
        }
        digest.u32(self.join_timer);
        digest.u32(self.sync_timer);
        digest.u32(self.session_timer);
        digest.u64(self.session_timer_at.0);
    }
}
