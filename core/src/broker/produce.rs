//! Produce: what a leader checks, appends, and when it answers (`ReplicaManager.appendRecords`).
use super::Broker;
use super::replica::{Replica, Waiter};
use crate::config::Acks;
use crate::kernel::{SimTime, take_first};
use crate::log::{Batch, SequenceCheck};
use crate::metadata::{MetadataImage, NO_OFFSET, TopicPartition};
use crate::node::{Effects, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, LeaderHint, Message, NodeId, ProduceRequest, ProduceResult};
use std::collections::VecDeque;

/// Produce requests with `acks=all` that wait for the high watermark (`DelayedProduce`).
#[derive(Clone, Debug, Default)]
pub(super) struct PendingProduces {
    /// In order of arrival; ids are consecutive from `first_id`.
    list: VecDeque<Option<PendingProduce>>,
    first_id: u64,
    /// Deadlines in order of arrival: (deadline, id, or the coordinator's token).
    deadlines: VecDeque<(SimTime, TopicPartition, Waiter)>,
    timer_set: bool,
}

#[derive(Clone, Debug)]
struct PendingProduce {
    from: NodeId,
    correlation: u32,
    waits_for: u32,
    results: Vec<ProduceResult>,
}

impl PendingProduces {
    /// The client is gone: nobody to answer any more.
    pub fn forget(&mut self, client: NodeId) {
        for pending in &mut self.list {
            if pending.as_ref().is_some_and(|pending| pending.from == client) {
                *pending = None;
            }
        }
    }

    fn next_id(&self) -> u64 {
        self.first_id + self.list.len() as u64
    }

    /// One partition of a request is done; answers once all are.
    pub fn done(
        &mut self,
        id: u64,
        partition: TopicPartition,
        error: ErrorCode,
        hint: LeaderHint,
        fx: &mut Effects,
    ) {
        let Some(slot) = id.checked_sub(self.first_id).and_then(|at| self.list.get_mut(at as usize)) else {
            return;
        };
        let Some(pending) = slot else { return };
        if error != ErrorCode::None
            && let Some(result) = pending.results.iter_mut().find(|result| result.partition == partition)
        {
            result.error = error;
            result.leader = hint;
            result.base_offset = NO_OFFSET;
        }
        pending.waits_for -= 1;
        if pending.waits_for == 0 {
            let pending = slot.take().expect("just seen");
            fx.send(pending.from, pending.correlation, Message::ProduceResponse(pending.results));
            while let Some(None) = self.list.front() {
                self.list.pop_front();
                self.first_id += 1;
            }
        }
    }
}

impl Broker {
    pub(super) fn produce(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        mut request: ProduceRequest,
        fx: &mut Effects,
    ) {
        let id = self.produces.next_id();
        let deadline = now.plus_ms(u64::from(request.timeout_ms));
        let mut waits_for = 0;
        let mut results = fx.spare.results.take();
        for (partition, batch) in request.batches.drain(..) {
            let (result, required) = self.append_from_client(now, partition, batch, request.acks, fx);
            if let Some(required) = required {
                waits_for += 1;
                self.await_high_watermark(partition, required, Waiter::Produce(id), deadline);
            }
            results.push(result);
        }
        fx.spare.produced.give(request.batches);
        if request.acks == Acks::None {
            if results.iter().any(|result| result.error != ErrorCode::None) {
                fx.disconnect(from);
            }
            return;
        }
        if waits_for == 0 {
            fx.send(from, correlation, Message::ProduceResponse(results));
            return;
        }
        self.produces.list.push_back(Some(PendingProduce { from, correlation, waits_for, results }));
        self.watch_deadlines(fx);
    }

    /// Checks and appends one batch. The second value is the offset the high watermark must reach first.
    fn append_from_client(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        batch: Batch,
        acks: Acks,
        fx: &mut Effects,
    ) -> (ProduceResult, Option<u64>) {
        let mut result =
            ProduceResult { partition, error: ErrorCode::None, base_offset: NO_OFFSET, leader: None };
        let outcome = self.check_and_append(now, partition, batch, acks, fx);
        match outcome {
            Ok((base_offset, end_offset)) => {
                result.base_offset = base_offset;
                let reached = self.replica(partition).is_some_and(|r| r.high_watermark() >= end_offset);
                if acks == Acks::All && !reached {
                    return (result, Some(end_offset));
                }
            }
            Err(error) => {
                result.error = error;
                result.leader = leader_hint(&self.image, partition);
                fx.report(|| Fact::ProduceRefused { broker: self.id, partition, error });
            }
        }
        (result, None)
    }

    fn check_and_append(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        batch: Batch,
        acks: Acks,
        fx: &mut Effects,
    ) -> Result<(u64, u64), ErrorCode> {
        if partition.index() >= self.image.partitions.len() {
            return Err(ErrorCode::UnknownTopicOrPartition);
        }
        let replica = self.replicas.get_mut(partition.index()).and_then(Option::as_deref_mut);
        let replica = replica.ok_or(ErrorCode::NotLeaderOrFollower)?;
        let leading = replica.leading.as_deref().ok_or(ErrorCode::NotLeaderOrFollower)?;
        if acks == Acks::All && (leading.isr.len() as u32) < leading.min_isr {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        if batch.bytes > replica.config.max_message_bytes {
            return Err(ErrorCode::MessageTooLarge);
        }
        if u64::from(batch.bytes) > replica.config.segment_bytes {
            return Err(ErrorCode::RecordListTooLarge);
        }
        match leading.producers.check(&batch) {
            SequenceCheck::Append => {}
            SequenceCheck::Duplicate { base_offset } => {
                fx.report(|| Fact::DuplicateRefused { broker: self.id, partition, base_offset });
                return Ok((base_offset, base_offset + u64::from(batch.count)));
            }
            SequenceCheck::OutOfOrder => return Err(ErrorCode::OutOfOrderSequenceNumber),
            SequenceCheck::InvalidEpoch => return Err(ErrorCode::InvalidProducerEpoch),
        }
        self.appended.records += u64::from(batch.count);
        self.appended.bytes += u64::from(batch.bytes);
        Ok(self.append_as_leader(now, partition, batch, fx))
    }

    /// Appends to a partition this broker leads; wakes who waits for data. Returns (base, end) offsets.
    pub(super) fn append_as_leader(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        mut batch: Batch,
        fx: &mut Effects,
    ) -> (u64, u64) {
        let replica = self.replicas[partition.index()].as_deref_mut().expect("checked: it leads");
        let leading = replica.leading.as_deref_mut().expect("checked: it leads");
        batch.base_offset = replica.log.end().offset;
        batch.leader_epoch = replica.leader_epoch;
        leading.producers.update(&batch);
        let told = batch.retries > 0 || batch.payload.is_some();
        let range = (batch.base_offset, batch.end_offset());
        let bytes = u64::from(batch.bytes);
        if told || fx.tracing {
            let batch = Box::new(batch.clone());
            fx.report(|| Fact::Appended { broker: self.id, partition, batch });
        }
        let before = replica.log.end();
        for follower in &mut leading.followers {
            if follower.log_end == Some(before) {
                let fetched = self.sessions.last_fetch(follower.broker);
                follower.last_caught_up = follower.last_caught_up.max(fetched);
                follower.last_fetch = follower.last_fetch.max(fetched);
                follower.last_fetch_leader_end = before.offset;
            }
        }
        replica.log.append(batch, &replica.config);
        let watchers = std::mem::take(&mut replica.watchers);
        for watcher in watchers.iter().filter(|watcher| watcher.follower) {
            let ready = self.sessions.news(*watcher, bytes);
            if ready {
                self.answer_fetch(watcher.session, fx);
            }
        }
        self.replicas[partition.index()].as_deref_mut().expect("still there").watchers = watchers;
        self.try_advance_high_watermark(now, partition, fx);
        range
    }

    pub(super) fn await_high_watermark(
        &mut self,
        partition: TopicPartition,
        required: u64,
        waiter: Waiter,
        deadline: SimTime,
    ) {
        let replica = self.replicas[partition.index()].as_deref_mut().expect("checked: it leads");
        let leading = replica.leading.as_deref_mut().expect("checked: it leads");
        let at = leading.waiting.partition_point(|&(other, _)| other <= required);
        leading.waiting.insert(at, (required, waiter));
        while let Some(&(_, _, Waiter::Produce(id))) = self.produces.deadlines.front()
            && id < self.produces.first_id
        {
            self.produces.deadlines.pop_front();
        }
        self.produces.deadlines.push_back((deadline, partition, waiter));
    }

    /// Moves the high watermark if everyone who must has the records (R-HW1 to R-HW4); wakes who waited.
    pub(super) fn try_advance_high_watermark(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        fx: &mut Effects,
    ) {
        let lag_time_max_ms = self.image.broker_config.replica_lag_time_max_ms;
        let Some(replica) = self.replicas[partition.index()].as_deref_mut() else { return };
        let Some(leading) = replica.leading.as_deref_mut() else { return };
        if (leading.isr.len() as u32) < leading.min_isr {
            return;
        }
        let end = replica.log.end();
        let mut new = end;
        for follower in &leading.followers {
            let counts = follower.holds_back
                || (self.image.broker(follower.broker).is_some_and(|broker| broker.is_active())
                    && follower.is_caught_up(now, end.offset, lag_time_max_ms));
            if counts {
                match follower.log_end {
                    Some(log_end) if log_end.offset < new.offset => new = log_end,
                    Some(_) => {}
                    None => return,
                }
            }
        }
        let old = leading.high_watermark;
        if new.offset <= old.offset {
            return;
        }
        leading.high_watermark = new;
        fx.trace(|| Fact::HighWatermark { broker: self.id, partition, offset: new.offset });
        while let Some(&(required, waiter)) = leading.waiting.front()
            && required <= new.offset
        {
            take_first(&mut leading.waiting);
            let short = leading.maximal_isr_len() < leading.min_isr;
            match waiter {
                Waiter::Produce(id) => {
                    let error = if short { ErrorCode::NotEnoughReplicasAfterAppend } else { ErrorCode::None };
                    self.produces.done(id, partition, error, None, fx);
                }
                Waiter::Coordinator(token) => self.coordinator.committed(now, token, Ok(()), fx),
            }
        }
        self.wake_watchers(partition, new.position.saturating_sub(old.position), fx);
    }

    /// The high watermark moved by `bytes`: consumers may have data, followers have news.
    fn wake_watchers(&mut self, partition: TopicPartition, bytes: u64, fx: &mut Effects) {
        let Some(replica) = self.replicas[partition.index()].as_deref_mut() else { return };
        let watchers = std::mem::take(&mut replica.watchers);
        for watcher in &watchers {
            if watcher.follower {
                self.sessions.high_watermark_news(*watcher);
            } else if self.sessions.news(*watcher, bytes) {
                self.answer_fetch(watcher.session, fx);
            }
        }
        self.replicas[partition.index()].as_deref_mut().expect("still there").watchers = watchers;
    }

    /// Leadership moved away: everyone who waited is told (R-AK2).
    pub(super) fn fail_waiting(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        waiting: VecDeque<(u64, Waiter)>,
        fx: &mut Effects,
    ) {
        let hint = leader_hint(&self.image, partition);
        for (_, waiter) in waiting {
            match waiter {
                Waiter::Produce(id) => {
                    self.produces.done(id, partition, ErrorCode::NotLeaderOrFollower, hint, fx);
                }
                Waiter::Coordinator(token) => {
                    self.coordinator.committed(now, token, Err(ErrorCode::NotLeaderOrFollower), fx);
                }
            }
        }
    }

    pub(super) fn watch_deadlines(&mut self, fx: &mut Effects) {
        if !self.produces.timer_set
            && let Some(&(deadline, ..)) = self.produces.deadlines.front()
        {
            self.produces.timer_set = true;
            fx.timer(deadline, Timer::new(TimerKind::DelayedProduce, self.lifecycle.incarnation));
        }
    }

    pub(super) fn delayed_produce_due(&mut self, now: SimTime, fx: &mut Effects) {
        self.produces.timer_set = false;
        while let Some(&(deadline, partition, waiter)) = self.produces.deadlines.front() {
            if deadline > now && self.is_waiting(partition, waiter) {
                break;
            }
            self.produces.deadlines.pop_front();
            if self.stop_waiting(partition, waiter) {
                match waiter {
                    Waiter::Produce(id) => {
                        self.produces.done(id, partition, ErrorCode::RequestTimedOut, None, fx);
                    }
                    Waiter::Coordinator(token) => {
                        self.coordinator.committed(now, token, Err(ErrorCode::RequestTimedOut), fx);
                    }
                }
            }
        }
        self.watch_deadlines(fx);
    }

    fn is_waiting(&self, partition: TopicPartition, waiter: Waiter) -> bool {
        let leading = self.replica(partition).and_then(|replica| replica.leading.as_deref());
        leading.is_some_and(|leading| leading.waiting.iter().any(|&(_, other)| other == waiter))
    }

    fn stop_waiting(&mut self, partition: TopicPartition, waiter: Waiter) -> bool {
        let replica = self.replicas.get_mut(partition.index()).and_then(Option::as_deref_mut);
        let Some(leading) = replica.and_then(|replica| replica.leading.as_deref_mut()) else { return false };
        let before = leading.waiting.len();
        leading.waiting.retain(|&(_, other)| other != waiter);
        leading.waiting.len() < before
    }
}

/// The leader a broker knows for a partition it does not lead.
pub(super) fn leader_hint(image: &MetadataImage, partition: TopicPartition) -> LeaderHint {
    let registration = image.partitions.get(partition.index())?;
    Some((registration.leader?, registration.leader_epoch))
}

/// The sessions and the replicas are borrowed apart from each other.
pub(super) fn forget_watcher(replicas: &mut [Option<Box<Replica>>], partition: TopicPartition, session: u32) {
    if let Some(replica) = replicas.get_mut(partition.index()).and_then(Option::as_deref_mut) {
        replica.watchers.retain(|watcher| watcher.session != session);
    }
}
