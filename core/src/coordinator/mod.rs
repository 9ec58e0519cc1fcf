//! Room: coordinator. Consumer groups and their offsets, by the classic protocol.
//!
//! Every broker has a [`Coordinator`]; it answers for the groups whose partition of `__consumer_offsets` the
//! broker leads. What must survive the broker is a record there: a decision becomes a record, the broker
//! appends it and tells when it is committed, and only then it counts and is answered. A rebalance under way
//! is no record and is lost with its coordinator, as in Kafka.
//!
//! Simplified: records are appended at once, without `group.coordinator.append.linger.ms`; loading a partition
//! takes no time, so nobody meets `COORDINATOR_LOAD_IN_PROGRESS`; one assignor (range) for all members, so no
//! vote and no `INCONSISTENT_GROUP_PROTOCOL`; no static members; offsets do not expire.
mod group;
#[cfg(test)]
mod tests;

pub use group::{Group, Member};

use crate::config::BrokerConfig;
use crate::kernel::{Digest, Draws, Purpose, SimTime, name_hash};
use crate::log::{CommitRecord, GroupRecord};
use crate::metadata::{BrokerId, GroupId, TopicPartition};
use crate::node::{Effects, Timer, TimerKind};
use crate::trace::{Fact, GroupCause, GroupState};
use crate::wire::{ErrorCode, JoinGroupRequest, JoinGroupResponse, MemberId, Message, NodeId};
use group::Waiting;
use std::collections::BTreeMap;
use std::sync::Arc;

const MEMBER_ID: Purpose = Purpose::new("member id");

/// A record to append to partition `index` of `__consumer_offsets`.
#[derive(Clone, Debug)]
pub struct Append {
    /// Which partition.
    pub index: u32,
    /// Names the append when it is reported committed or failed.
    pub token: u32,
    /// The record.
    pub record: GroupRecord,
}

/// The group coordinator of one broker process.
#[derive(Clone, Debug)]
pub struct Coordinator {
    broker: BrokerId,
    draws: Draws,
    /// The partition of `__consumer_offsets` of each group.
    group_partitions: Arc<[u32]>,
    /// The partitions this broker leads, in order.
    loaded: Vec<u32>,
    /// By group; only those of loaded partitions.
    groups: Vec<Option<Box<Group>>>,
    /// How many member ids each `client.id` was given, by group.
    issued: BTreeMap<(GroupId, Arc<str>), u32>,
    desk: Desk,
}

/// What all groups of a coordinator share.
#[derive(Clone, Debug, Default)]
struct Desk {
    timers: u32,
    tokens: u32,
    /// Appends not known to be committed, oldest first.
    writes: Vec<Pending>,
    /// Replies that wait for an append of somebody else's.
    held: Vec<Held>,
}

/// An append on its way.
#[derive(Clone, Debug)]
struct Pending {
    token: u32,
    index: u32,
    group: GroupId,
    write: Write,
}

/// What an append was for.
#[derive(Clone, Debug)]
enum Write {
    /// A group was created.
    Created,
    /// The last member is gone.
    Emptied,
    /// The leader assigned; each member's partitions in order.
    Assignment { generation: u32, assignments: Vec<Vec<TopicPartition>> },
    /// OffsetCommit.
    Commit { waiting: Waiting, offsets: Vec<CommitRecord> },
}

/// A reply without a record of its own. It follows the appends before it, so that what it tells is committed.
#[derive(Clone, Debug)]
struct Held {
    token: u32,
    to: NodeId,
    correlation: u32,
    answer: Answer,
}

#[derive(Clone, Debug)]
enum Answer {
    Heartbeat(ErrorCode),
    Leave(ErrorCode),
    Offsets { group: GroupId, partitions: Vec<TopicPartition> },
}

/// One input while it is handled.
struct Context<'a> {
    now: SimTime,
    /// `group.initial.rebalance.delay.ms`.
    initial_delay_ms: u64,
    desk: &'a mut Desk,
    fx: &'a mut Effects,
    appends: &'a mut Vec<Append>,
}

impl Context<'_> {
    fn set_timer(&mut self, kind: TimerKind, group: GroupId, wait_ms: u64) -> u32 {
        self.set_timer_at(kind, group, self.now.plus_ms(wait_ms))
    }

    /// Sets a timer; its number is never 0 and never used again.
    fn set_timer_at(&mut self, kind: TimerKind, group: GroupId, at: SimTime) -> u32 {
        self.desk.timers += 1;
        let timer = Timer { kind, key: u32::from(group.0), generation: self.desk.timers };
        self.fx.timer(at.max(self.now.plus_us(1)), timer);
        timer.generation
    }

    fn write(&mut self, index: u32, group: GroupId, record: GroupRecord, write: Write) {
        let token = self.desk.tokens;
        self.desk.tokens = token.wrapping_add(1);
        self.desk.writes.push(Pending { token, index, group, write });
        self.appends.push(Append { index, token, record });
    }
}

impl Coordinator {
    /// The coordinator of a broker that leads no offsets partition yet. `group_partitions` has the partition
    /// of `__consumer_offsets` of every group, by [`GroupId`]. A broker that starts again should bring other
    /// draws, lest a member be given an id it had before.
    pub fn new(broker: BrokerId, draws: Draws, group_partitions: Arc<[u32]>) -> Self {
        Coordinator {
            broker,
            draws,
            groups: vec![None; group_partitions.len()],
            group_partitions,
            loaded: Vec::new(),
            issued: BTreeMap::new(),
            desk: Desk::default(),
        }
    }

    /// The groups this coordinator answers for and has heard of.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().flatten().map(|group| &**group)
    }

    /// The group, if this coordinator answers for it and has heard of it.
    pub fn group(&self, group: GroupId) -> Option<&Group> {
        self.groups.get(usize::from(group.0))?.as_deref()
    }

    /// Whether this broker is the group's coordinator.
    fn hosts(&self, group: GroupId) -> bool {
        let index = self.group_partitions.get(usize::from(group.0));
        index.is_some_and(|index| self.loaded.binary_search(index).is_ok())
    }

    // --- leadership of offsets partitions ---

    /// This broker leads partition `index` from now on: replays its records, oldest first. All sessions begin
    /// anew.
    pub fn load<'a>(
        &mut self,
        now: SimTime,
        index: u32,
        records: impl Iterator<Item = &'a GroupRecord>,
        fx: &mut Effects,
    ) {
        match self.loaded.binary_search(&index) {
            Ok(_) => self.drop_groups(now, index, fx),
            Err(at) => self.loaded.insert(at, index),
        }
        for record in records {
            let (GroupRecord::Commit { group, .. } | GroupRecord::Generation { group, .. }) = record;
            let group = GroupId(*group);
            if let Some(slot) = self.groups.get_mut(usize::from(group.0)) {
                slot.get_or_insert_with(|| Box::new(Group::new(group, index))).replay(record, now);
            }
        }
        let broker = self.broker;
        let mut appends = Vec::new();
        let desk = &mut self.desk;
        let mut cx = Context { now, initial_delay_ms: 0, desk, fx, appends: &mut appends };
        for group in self.groups.iter_mut().flatten().filter(|group| group.index == index) {
            group.watch_sessions(&mut cx);
            let (id, state, generation) = (group.id, group.state, group.generation);
            cx.fx.report(|| Fact::CoordinatorLoaded { group: id, broker });
            let cause = GroupCause::CoordinatorMoved;
            cx.fx.report(|| Fact::GroupChanged { group: id, state, generation, cause });
        }
    }

    /// This broker no longer leads partition `index`: all who wait are told to look for the new coordinator.
    pub fn unload(&mut self, now: SimTime, index: u32, fx: &mut Effects) {
        if let Ok(at) = self.loaded.binary_search(&index) {
            self.loaded.remove(at);
            self.drop_groups(now, index, fx);
        }
    }

    fn drop_groups(&mut self, now: SimTime, index: u32, fx: &mut Effects) {
        let tokens = self.desk.writes.iter().filter(|pending| pending.index == index);
        for token in tokens.map(|pending| pending.token).collect::<Vec<_>>() {
            self.committed(now, token, Err(ErrorCode::NotCoordinator), fx);
        }
        let mut appends = Vec::new();
        let desk = &mut self.desk;
        let mut cx = Context { now, initial_delay_ms: 0, desk, fx, appends: &mut appends };
        for slot in &mut self.groups {
            if let Some(group) = slot.take_if(|group| group.index == index).as_mut() {
                group.move_away(&mut cx);
            }
        }
    }

    // --- requests ---

    /// A group request. Returns the record it leads to, if any, to be appended now; its reply then waits for
    /// [`Coordinator::committed`]. FindCoordinator is not this room's: the broker answers it from metadata.
    pub fn handle(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        message: Message,
        config: &BrokerConfig,
        fx: &mut Effects,
    ) -> Option<Append> {
        let mut appends = Vec::new();
        let group = match &message {
            Message::JoinGroup(request) => request.group,
            Message::SyncGroup { group, .. }
            | Message::Heartbeat { group, .. }
            | Message::LeaveGroup { group, .. }
            | Message::OffsetCommit { group, .. }
            | Message::OffsetFetch { group, .. } => *group,
            _ => return None,
        };
        if !self.hosts(group) {
            if let Some(refusal) = refused(message, ErrorCode::NotCoordinator) {
                fx.send(from, correlation, refusal);
            }
            return None;
        }
        let reply = (from, correlation);
        let desk = &mut self.desk;
        let initial_delay_ms = config.group_initial_rebalance_delay_ms;
        let mut cx = Context { now, initial_delay_ms, desk, fx, appends: &mut appends };
        let slot = &mut self.groups[usize::from(group.0)];
        match message {
            Message::JoinGroup(request) => {
                let index = self.group_partitions[usize::from(group.0)];
                let new_id =
                    |id: &Group, client: &Arc<str>| fresh_id(self.draws, &mut self.issued, id, client);
                join(slot, index, *request, reply, config, new_id, &mut cx);
            }
            Message::SyncGroup { generation, member, assignments, .. } => {
                sync(slot.as_deref_mut(), generation, &member, &assignments, reply, &mut cx);
            }
            Message::Heartbeat { generation, member, .. } => {
                let error = heartbeat(slot.as_deref_mut(), generation, &member, now);
                self.answer(group, reply, Answer::Heartbeat(error), fx);
            }
            Message::LeaveGroup { member, .. } => {
                let last = cx.desk.last_write(self.group_partitions[usize::from(group.0)]);
                let error = leave(slot.as_deref_mut(), &member, &mut cx);
                match last {
                    Some(token) => cx.desk.hold(token, reply, Answer::Leave(error)),
                    None => fx.send(from, correlation, Message::LeaveGroupResponse(error)),
                }
            }
            Message::OffsetCommit { generation, member, offsets, .. } => {
                commit(slot.as_deref_mut(), generation, &member, offsets, reply, &mut cx);
            }
            Message::OffsetFetch { partitions, .. } => {
                self.answer(group, reply, Answer::Offsets { group, partitions }, fx);
            }
            _ => {}
        }
        debug_assert!(appends.len() <= 1, "a request leads to one record at most");
        appends.pop()
    }

    /// Replies when every append of the group's partition so far is committed.
    fn answer(&mut self, group: GroupId, reply: (NodeId, u32), answer: Answer, fx: &mut Effects) {
        match self.desk.last_write(self.group_partitions[usize::from(group.0)]) {
            Some(token) => self.desk.hold(token, reply, answer),
            None => fx.send(reply.0, reply.1, self.message(answer)),
        }
    }

    fn message(&self, answer: Answer) -> Message {
        match answer {
            Answer::Heartbeat(error) => Message::HeartbeatResponse(error),
            Answer::Leave(error) => Message::LeaveGroupResponse(error),
            Answer::Offsets { group, partitions } => {
                let group = self.group(group);
                let of = |partition: &TopicPartition| group.and_then(|group| group.offset(*partition));
                Message::OffsetFetchResponse { offsets: Ok(partitions.iter().filter_map(of).collect()) }
            }
        }
    }

    // --- what comes later ---

    /// A timer set here fires. Returns records to append.
    pub fn timer(
        &mut self,
        now: SimTime,
        timer: Timer,
        config: &BrokerConfig,
        fx: &mut Effects,
    ) -> Vec<Append> {
        let mut appends = Vec::new();
        let initial_delay_ms = config.group_initial_rebalance_delay_ms;
        let desk = &mut self.desk;
        let mut cx = Context { now, initial_delay_ms, desk, fx, appends: &mut appends };
        let Some(Some(group)) = self.groups.get_mut(timer.key as usize) else { return appends };
        match timer.kind {
            TimerKind::JoinPhase => group.join_timer(timer, &mut cx),
            TimerKind::SyncPhase => group.sync_timer(timer, &mut cx),
            TimerKind::Session => group.session_timer(timer, &mut cx),
            _ => {}
        }
        group.watch_sessions(&mut cx);
        appends
    }

    /// The append of `token` is committed, or failed, or took longer than `offsets.commit.timeout.ms`.
    pub fn committed(&mut self, now: SimTime, token: u32, result: Result<(), ErrorCode>, fx: &mut Effects) {
        let Some(at) = self.desk.writes.iter().position(|pending| pending.token == token) else { return };
        let Pending { index, group: id, write, .. } = self.desk.writes.remove(at);
        let told = result.map_err(coordinator_error);
        let mut appends = Vec::new();
        let desk = &mut self.desk;
        let mut cx = Context { now, initial_delay_ms: 0, desk, fx, appends: &mut appends };
        let slot = &mut self.groups[usize::from(id.0)];
        match (write, slot.as_deref_mut().filter(|group| group.index == index)) {
            (Write::Created, Some(group))
                if told.is_err() && group.members.is_empty() && group.generation == 0 =>
            {
                *slot = None;
            }
            (Write::Assignment { generation, assignments }, Some(group)) => {
                group.assignment_written(generation, assignments, told, &mut cx);
                group.watch_sessions(&mut cx);
            }
            (Write::Commit { waiting, offsets }, group) => {
                // What was appended stays in the log and will be committed, though the reply gave up on it.
                let stays = matches!(
                    result,
                    Ok(()) | Err(ErrorCode::RequestTimedOut | ErrorCode::NotEnoughReplicasAfterAppend)
                );
                if let Some(group) = group.filter(|_| stays) {
                    for &offset in &offsets {
                        group.keep(offset);
                    }
                }
                if told.is_ok() {
                    for offset in offsets {
                        let (partition, offset) = (TopicPartition(offset.partition), offset.offset);
                        cx.fx.report(|| Fact::Committed { group: id, partition, offset });
                    }
                }
                if let Waiting::Heard(to, correlation) = waiting {
                    let error = told.err().unwrap_or(ErrorCode::None);
                    cx.fx.send(to, correlation, Message::OffsetCommitResponse(error));
                }
            }
            _ => {}
        }
        debug_assert!(appends.is_empty(), "no record follows from a committed one");
        self.release(token, told, fx);
    }

    /// Sends the replies that waited for the append of `token`.
    fn release(&mut self, token: u32, result: Result<(), ErrorCode>, fx: &mut Effects) {
        if !self.desk.held.iter().any(|held| held.token == token) {
            return;
        }
        let (due, held) = std::mem::take(&mut self.desk.held).into_iter().partition(|h| h.token == token);
        self.desk.held = held;
        let due: Vec<Held> = due;
        for Held { to, correlation, answer, .. } in due {
            let message = match (result, answer) {
                (Ok(()), answer) => self.message(answer),
                (Err(error), Answer::Heartbeat(_)) => Message::HeartbeatResponse(error),
                (Err(error), Answer::Leave(_)) => Message::LeaveGroupResponse(error),
                (Err(error), Answer::Offsets { .. }) => Message::OffsetFetchResponse { offsets: Err(error) },
            };
            fx.send(to, correlation, message);
        }
    }

    /// The connection of a client broke: what it waits for it will not hear. Its member stays until the
    /// session ends.
    pub fn disconnected(&mut self, _now: SimTime, peer: NodeId, _fx: &mut Effects) {
        for group in self.groups.iter_mut().flatten() {
            group.disconnected(peer);
        }
        for pending in &mut self.desk.writes {
            if let Write::Commit { waiting, .. } = &mut pending.write {
                waiting.disconnected(peer);
            }
        }
        self.desk.held.retain(|held| held.to != peer);
    }

    /// Adds everything the future depends on.
    pub fn digest(&self, digest: &mut Digest) {
        digest.u64(self.loaded.len() as u64);
        self.loaded.iter().for_each(|&index| digest.u32(index));
        for group in self.groups() {
            group.digest(digest);
        }
        for ((group, client), count) in &self.issued {
            digest.u32(u32::from(group.0));
            digest.text(client);
            digest.u32(*count);
        }
        self.desk.digest(digest);
    }
}

impl Desk {
    /// The youngest append of a partition that is not known to be committed.
    fn last_write(&self, index: u32) -> Option<u32> {
        self.writes.iter().rev().find(|pending| pending.index == index).map(|pending| pending.token)
    }

    fn hold(&mut self, token: u32, reply: (NodeId, u32), answer: Answer) {
        self.held.push(Held { token, to: reply.0, correlation: reply.1, answer });
    }

    fn digest(&self, digest: &mut Digest) {
        digest.u32(self.timers);
        digest.u32(self.tokens);
        digest.u64(self.writes.len() as u64);
        for pending in &self.writes {
            digest.u32(pending.token);
            digest.u32(pending.index);
            digest.u32(u32::from(pending.group.0));
            match &pending.write {
                Write::Created => digest.u64(0),
                Write::Emptied => digest.u64(1),
                Write::Assignment { generation, assignments } => {
                    digest.u64(2);
                    digest.u32(*generation);
                    for assignment in assignments {
                        digest.u64(assignment.len() as u64);
                        assignment.iter().for_each(|partition| digest.u32(partition.0));
                    }
                }
                Write::Commit { waiting, offsets } => {
                    digest.u64(3);
                    waiting.digest(digest);
                    digest_offsets(offsets, digest);
                }
            }
        }
        digest.u64(self.held.len() as u64);
        for held in &self.held {
            digest.u32(held.token);
            digest_node(held.to, digest);
            digest.u32(held.correlation);
            match &held.answer {
                Answer::Heartbeat(error) => digest.text(error.name()),
                Answer::Leave(error) => digest.text(error.name()),
                Answer::Offsets { partitions, .. } => digest.u64(partitions.len() as u64),
            }
        }
    }
}

// --- the requests, each for one group ---

fn join(
    slot: &mut Option<Box<Group>>,
    index: u32,
    request: JoinGroupRequest,
    (from, correlation): (NodeId, u32),
    config: &BrokerConfig,
    new_id: impl FnOnce(&Group, &Arc<str>) -> MemberId,
    cx: &mut Context,
) {
    let given = request.member.clone();
    let refuse = |error: ErrorCode, id: Option<MemberId>, cx: &mut Context| {
        cx.fx.send(from, correlation, join_refused(id.unwrap_or_else(|| "".into()), error));
    };
    let session_ms = u64::from(request.session_timeout_ms);
    let bounds = config.group_min_session_timeout_ms..=config.group_max_session_timeout_ms;
    if !bounds.contains(&session_ms) {
        return refuse(ErrorCode::InvalidSessionTimeout, given, cx);
    }
    if slot.is_none() {
        if given.is_some() {
            return refuse(ErrorCode::UnknownMemberId, given, cx);
        }
        let group = Group::new(request.group, index);
        cx.write(index, request.group, group.empty_record(), Write::Created);
        *slot = Some(Box::new(group));
    }
    let Some(group) = slot.as_deref_mut() else { return };
    if !group.has_room(given.as_ref(), config.group_max_size) {
        if let Some(id) = &given {
            group.remove_pending(id);
        }
        return refuse(ErrorCode::GroupMaxSizeReached, given, cx);
    }
    let waiting = Waiting::Heard(from, correlation);
    let Some(id) = given else {
        let id = new_id(group, &request.client_id);
        group.pending.push((id.clone(), cx.now.plus_ms(session_ms)));
        group.watch_sessions(cx);
        return refuse(ErrorCode::MemberIdRequired, Some(id), cx);
    };
    if group.remove_pending(&id) {
        group.add_member(request, id, waiting, cx);
    } else if let Some(at) = group.find(&id) {
        let changed = group.members[at].topics != request.topics;
        let leads = group.is_leader(&id);
        match group.state {
            GroupState::CompletingRebalance if !changed => {
                cx.fx.send(from, correlation, group.join_response(at));
            }
            GroupState::Stable if !changed && !leads => {
                cx.fx.send(from, correlation, group.join_response(at));
            }
            GroupState::PreparingRebalance | GroupState::CompletingRebalance | GroupState::Stable => {
                group.rejoin(at, request, waiting, cx);
            }
            GroupState::Empty | GroupState::Dead => refuse(ErrorCode::UnknownMemberId, Some(id), cx),
        }
    } else {
        refuse(ErrorCode::UnknownMemberId, Some(id), cx);
    }
    group.watch_sessions(cx);
}

/// Where the member stands in the group, if it is one and of this generation.
fn validate(group: Option<&Group>, generation: u32, member: &str) -> Result<usize, ErrorCode> {
    let group = group.ok_or(ErrorCode::UnknownMemberId)?;
    let at = group.find(member).ok_or(ErrorCode::UnknownMemberId)?;
    if group.generation == generation { Ok(at) } else { Err(ErrorCode::IllegalGeneration) }
}

fn sync(
    group: Option<&mut Group>,
    generation: u32,
    member: &MemberId,
    assignments: &[(MemberId, Vec<TopicPartition>)],
    (from, correlation): (NodeId, u32),
    cx: &mut Context,
) {
    let found = validate(group.as_deref(), generation, member);
    let answer = |assignment, cx: &mut Context| {
        cx.fx.send(from, correlation, Message::SyncGroupResponse { assignment });
    };
    let (Some(group), Ok(at)) = (group, found) else {
        return answer(Err(found.err().unwrap_or(ErrorCode::UnknownMemberId)), cx);
    };
    match group.state {
        GroupState::PreparingRebalance => answer(Err(ErrorCode::RebalanceInProgress), cx),
        GroupState::CompletingRebalance => {
            group.members[at].syncing = Waiting::Heard(from, correlation);
            group.members[at].synced = true;
            if group.is_leader(member) {
                group.write_assignment(assignments, cx);
            }
        }
        GroupState::Stable => {
            group.members[at].synced = true;
            group.renew(at, cx.now);
            answer(Ok(group.members[at].assignment.clone()), cx);
        }
        GroupState::Empty | GroupState::Dead => answer(Err(ErrorCode::UnknownMemberId), cx),
    }
}

fn heartbeat(group: Option<&mut Group>, generation: u32, member: &str, now: SimTime) -> ErrorCode {
    let found = validate(group.as_deref(), generation, member);
    let (Some(group), Ok(at)) = (group, found) else {
        return found.err().unwrap_or(ErrorCode::UnknownMemberId);
    };
    group.renew(at, now);
    match group.state {
        GroupState::PreparingRebalance => ErrorCode::RebalanceInProgress,
        _ => ErrorCode::None,
    }
}

fn leave(group: Option<&mut Group>, member: &MemberId, cx: &mut Context) -> ErrorCode {
    let Some(group) = group else { return ErrorCode::UnknownMemberId };
    if group.remove_pending(member) {
        group.complete_if_joined(cx);
    } else if group.find(member).is_some() {
        group.remove_member(member, GroupCause::MemberLeft(member.clone()), cx);
    } else {
        return ErrorCode::UnknownMemberId;
    }
    group.watch_sessions(cx);
    ErrorCode::None
}

fn commit(
    group: Option<&mut Group>,
    generation: u32,
    member: &str,
    offsets: Vec<CommitRecord>,
    (from, correlation): (NodeId, u32),
    cx: &mut Context,
) {
    let found = match group.as_deref() {
        None => Err(ErrorCode::IllegalGeneration),
        Some(group) => match validate(Some(group), generation, member) {
            Ok(_) if group.state == GroupState::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            found => found,
        },
    };
    let (Some(group), Ok(at)) = (group, found) else {
        let error = found.err().unwrap_or(ErrorCode::UnknownMemberId);
        return cx.fx.send(from, correlation, Message::OffsetCommitResponse(error));
    };
    group.renew(at, cx.now);
    let record = GroupRecord::Commit { group: group.id.0, offsets: offsets.clone() };
    let waiting = Waiting::Heard(from, correlation);
    cx.write(group.index, group.id, record, Write::Commit { waiting, offsets });
}

/// `<client.id>-` and eight hexadecimal digits (in Kafka a UUID), unlike any the group knows.
fn fresh_id(
    draws: Draws,
    issued: &mut BTreeMap<(GroupId, Arc<str>), u32>,
    group: &Group,
    client: &Arc<str>,
) -> MemberId {
    let count = issued.entry((group.id, client.clone())).or_insert(0);
    let draws = draws.part(u64::from(group.id.0)).part(name_hash(client));
    loop {
        let bits = draws.at(MEMBER_ID, u64::from(*count)).0 >> 32;
        *count += 1;
        let id: MemberId = format!("{client}-{bits:08x}").into();
        if group.find(&id).is_none() && !group.pending.iter().any(|pending| pending.0 == id) {
            return id;
        }
    }
}

/// What a member is told when an append failed.
fn coordinator_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch => ErrorCode::NotCoordinator,
        other => other,
    }
}

/// A JoinGroup that leads to nothing.
fn join_refused(member: MemberId, error: ErrorCode) -> Message {
    let (generation, leader, members) = (0, "".into(), Vec::new());
    Message::JoinGroupResponse(Box::new(JoinGroupResponse { error, generation, member, leader, members }))
}

/// The answer to a group request that says nothing but an error.
fn refused(request: Message, error: ErrorCode) -> Option<Message> {
    Some(match request {
        Message::JoinGroup(request) => join_refused(request.member.unwrap_or_else(|| "".into()), error),
        Message::SyncGroup { .. } => Message::SyncGroupResponse { assignment: Err(error) },
        Message::Heartbeat { .. } => Message::HeartbeatResponse(error),
        Message::LeaveGroup { .. } => Message::LeaveGroupResponse(error),
        Message::OffsetCommit { .. } => Message::OffsetCommitResponse(error),
        Message::OffsetFetch { .. } => Message::OffsetFetchResponse { offsets: Err(error) },
        _ => return None,
    })
}

fn digest_node(node: NodeId, digest: &mut Digest) {
    let (kind, number) = match node {
        NodeId::Controller(n) => (0, n),
        NodeId::Broker(n) => (1, n),
        NodeId::Producer(n) => (2, n),
        NodeId::Consumer(n) => (3, n),
    };
    digest.u32(kind << 16 | u32::from(number));
}

fn digest_offsets(offsets: &[CommitRecord], digest: &mut Digest) {
    digest.u64(offsets.len() as u64);
    for offset in offsets {
        digest.u32(offset.partition);
        digest.u64(offset.offset);
        digest.u32(offset.leader_epoch);
    }
}
