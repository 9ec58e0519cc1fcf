//! The sender: which batches go to which broker when, and what becomes of them.
use super::accumulator::{Open, Parcel};
use super::idempotence::Sequences;
use super::producer::{Producer, Request};
use crate::assign::backoff::{CLIENT_JITTER_PERMILLE, ExponentialBackoff};
use crate::assign::record_size::{BATCH_OVERHEAD, RecordShape};
use crate::config::Acks;
use crate::kernel::{Digest, Purpose, SimTime};
use crate::log::{Batch, NO_PRODUCER, NO_SEQUENCE};
use crate::metadata::BrokerId;
use crate::node::{Effects, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, Message, ProduceRequest, ProduceResult};
use std::cmp::Reverse;

const RETRY: Purpose = Purpose::new("retry backoff");

/// No record stays out of its batch for longer: a minute. The load's anchor stays that far behind.
const UNSETTLED_US: u64 = 60_000_000;

/// What a producer has for one broker.
#[derive(Clone, Debug, Default)]
pub(super) struct Lane {
    /// The partitions it leads, in order.
    pub partitions: Vec<u32>,
    /// Where the last walk over them ended.
    drain_from: u32,
    /// How many of them have something to send now.
    pub due: u32,
    /// When something was last ready for it.
    pub ready_at: SimTime,
    /// When it last could be sent.
    pub drained_at: SimTime,
}

impl Lane {
    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u64(self.partitions.len() as u64);
        digest.u32(self.drain_from);
        digest.u32(self.due);
        digest.u64(self.ready_at.0);
        digest.u64(self.drained_at.0);
    }
}

fn broker_of(lane: u32) -> BrokerId {
    BrokerId(lane + 1)
}

/// Whether the broker may do better another time (the retriable errors of Kafka's protocol).
fn is_retriable(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::RequestTimedOut
            | ErrorCode::NetworkException
            | ErrorCode::NotEnoughReplicas
            | ErrorCode::NotEnoughReplicasAfterAppend
            | ErrorCode::FencedLeaderEpoch
            | ErrorCode::UnknownLeaderEpoch
            | ErrorCode::OffsetNotAvailable
    )
}

/// Whether the client's metadata is wrong (Kafka's `InvalidMetadataException`).
fn wants_metadata(error: ErrorCode) -> bool {
    matches!(
        error,
        ErrorCode::UnknownTopicOrPartition
            | ErrorCode::LeaderNotAvailable
            | ErrorCode::NotLeaderOrFollower
            | ErrorCode::NetworkException
            | ErrorCode::FencedLeaderEpoch
    )
}

impl Producer {
    /// Everything there is to do at `now`, then the timer for what comes next.
    pub(super) fn work(&mut self, now: SimTime, fx: &mut Effects) {
        if self.metadata_until <= now {
            // The record that waits for the topic fails; it is in no partition, so nobody is told which.
            self.totals.failed += 1;
            self.metadata_until = now.plus_ms(self.spec.config.max_block_ms);
        }
        if self.expiry_at <= now {
            self.expire(now, fx);
        }
        loop {
            self.settle_sequences();
            self.send_typed(now, fx);
            let mut progress = self.unblock(now, fx);
            self.advance(now, fx);
            self.look_at_agenda(now, fx);
            progress |= self.send_to_all(now, fx);
            self.schedule_the_rest(now);
            if !progress {
                break;
            }
        }
        self.foresee_exhaustion();
        if self.leaderless > 0 {
            self.network.request_refresh(now, fx);
        }
        self.end_if_done(fx);
        if !self.stopped {
            self.set_alarm(now, fx);
        }
    }

    fn set_alarm(&mut self, now: SimTime, fx: &mut Effects) {
        let mut next = self.expiry_at.min(self.exhausted_at).min(self.metadata_until);
        while let Some(&Reverse((at, partition))) = self.agenda.peek() {
            if self.queues[partition as usize].alarm == at {
                next = next.min(at);
                break;
            }
            self.agenda.pop();
        }
        if let Some(blocked) = &self.blocked {
            next = next.min(blocked.until);
        }
        if let Some(sticky) = &self.sticky
            && !self.clock.is_stopped()
            && !self.stopping
        {
            next = next.min(sticky.event);
        }
        if self.is_idempotent() && self.identity.id == NO_PRODUCER && !self.identity.asked {
            next = next.min(self.identity.ask_at.max(now.plus_us(1)));
        }
        for (lane, broker) in self.lanes.iter().zip(0..) {
            let ready_at = self.network.ready_at(broker_of(broker));
            if lane.due > 0 && ready_at > now {
                next = next.min(ready_at);
            }
        }
        self.load.settle(self.clock.at(now).saturating_sub(UNSETTLED_US));
        if next != SimTime::NEVER {
            self.alarm.set(now, next, TimerKind::Sender, fx);
        }
    }

    // --- what is due ---

    fn look_at_agenda(&mut self, now: SimTime, fx: &mut Effects) {
        while let Some(&Reverse((at, partition))) = self.agenda.peek()
            && at <= now
        {
            self.agenda.pop();
            let queue = &mut self.queues[partition as usize];
            if queue.alarm == at {
                queue.alarm = SimTime::NEVER;
                self.settle(now, partition, fx);
                if self.ready_at(now, partition) <= now {
                    // It most likely goes out at once: what comes next is foreseen after that.
                    self.set_due(partition, true);
                    self.looked_at.push(partition);
                } else {
                    self.schedule(now, partition);
                }
            }
        }
    }

    /// Foresees what comes next for partitions whose time came, and that could not be sent.
    fn schedule_the_rest(&mut self, now: SimTime) {
        while let Some(partition) = self.looked_at.pop() {
            if self.queues[partition as usize].due {
                self.schedule(now, partition);
            }
        }
    }

    /// Finds out when a partition has something to send, and when to look at it again.
    pub(super) fn schedule(&mut self, now: SimTime, partition: u32) {
        let ready = self.ready_at(now, partition);
        let change = self.next_change(now, partition, ready <= now);
        self.set_due(partition, ready <= now);
        let alarm = if ready > now { ready.min(change) } else { change };
        let queue = &mut self.queues[partition as usize];
        if alarm != queue.alarm {
            queue.alarm = alarm;
            if alarm != SimTime::NEVER {
                self.agenda.push(Reverse((alarm, partition)));
            }
        }
    }

    fn set_due(&mut self, partition: u32, due: bool) {
        let queue = &mut self.queues[partition as usize];
        if queue.due != due {
            queue.due = due;
            let count = match queue.lane {
                Some(lane) => &mut self.lanes[lane as usize].due,
                None => &mut self.leaderless,
            };
            *count = if due { *count + 1 } else { *count - 1 };
        }
    }

    /// From when on the first batch of a partition may be sent (R-A5).
    fn ready_at(&self, now: SimTime, partition: u32) -> SimTime {
        let queue = &self.queues[partition as usize];
        if queue.muted {
            return SimTime::NEVER;
        }
        let urgent = self.stopping || self.blocked.is_some();
        let Some(first) = queue.waiting.front() else {
            return match &queue.open {
                Some(open) if urgent => open.created,
                Some(open) => open.created.plus_ms(self.spec.config.linger_ms),
                None => SimTime::NEVER,
            };
        };
        let alone = queue.waiting.len() == 1 && queue.open.as_ref().is_none_or(|open| open.base > now);
        let linger_until = if alone && !urgent { first.linger_until } else { SimTime::ZERO };
        linger_until.max(self.backs_off_until(first))
    }

    /// Until when a batch that failed waits; not at all once its leader changed.
    fn backs_off_until(&self, parcel: &Parcel) -> SimTime {
        if parcel.attempts == 0 {
            return SimTime::ZERO;
        }
        let epoch = self.network.leader_epoch(self.partitions[parcel.partition as usize]);
        if epoch == parcel.leader_epoch { parcel.retry_at } else { SimTime::ZERO }
    }

    /// When a partition's own stream completes a batch, or brings one that has lingered enough.
    fn next_change(&mut self, now: SimTime, partition: u32, due: bool) -> SimTime {
        let change = self.foresee_change(now, partition, due);
        let queue = &mut self.queues[partition as usize];
        match change {
            Some((arrives, at)) => {
                queue.arrives = arrives;
                at.max(now.plus_us(1))
            }
            None => {
                queue.arrives = SimTime::NEVER;
                SimTime::NEVER
            }
        }
    }

    fn foresee_change(&self, now: SimTime, partition: u32, due: bool) -> Option<(SimTime, SimTime)> {
        let (source, shared) = self.source(partition)?;
        if shared {
            return None;
        }
        let foreseen;
        let (open, arrives) = match &self.queues[partition as usize].open {
            Some(open) => (open, SimTime::NEVER),
            None => {
                foreseen = self.foreseen(partition, &source)?;
                (&foreseen, foreseen.base)
            }
        };
        if arrives != SimTime::NEVER && !due && !self.queues[partition as usize].waiting.is_empty() {
            // Behind another batch it ends that one's linger.
            return Some((arrives, arrives));
        }
        let lingers_until = open.created.plus_ms(self.spec.config.linger_ms);
        let horizon = if lingers_until > now { lingers_until } else { now.plus_ms(1_000) };
        let horizon = if due { horizon.max(now.plus_ms(1_000)) } else { horizon };
        Some((arrives, source.ends_at(partition, open, horizon, u64::MAX).unwrap_or(horizon)))
    }

    /// Sorts the partitions by their leaders, as the metadata has them now.
    pub(super) fn find_leaders(&mut self, now: SimTime) {
        for lane in &mut self.lanes {
            lane.partitions.clear();
            lane.due = 0;
        }
        self.leaderless = 0;
        self.available.clear();
        for partition in 0..self.queues.len() {
            let leader = self.network.leader(self.partitions[partition]).map(|(broker, _)| broker);
            let queue = &mut self.queues[partition];
            queue.lane = leader.map(|broker| broker.0 - 1);
            let Some(lane) = queue.lane else {
                self.leaderless += u32::from(queue.due);
                continue;
            };
            self.available.push(partition as u32);
            if self.lanes.len() <= lane as usize {
                self.lanes.resize_with(lane as usize + 1, Lane::default);
            }
            self.lanes[lane as usize].partitions.push(partition as u32);
            self.lanes[lane as usize].due += u32::from(queue.due);
        }
        // A new leader ends the backoff of what waits for it.
        for partition in 0..self.queues.len() {
            if self.queues[partition].waiting.front().is_some_and(|first| first.attempts > 0) {
                self.schedule(now, partition as u32);
            }
        }
    }

    // --- sending ---

    /// Sends what is due to every broker that takes it. True if anything was sent.
    fn send_to_all(&mut self, now: SimTime, fx: &mut Effects) -> bool {
        if self.is_idempotent() && self.identity.id == NO_PRODUCER {
            self.ask_identity(now, fx);
            return false;
        }
        let limit = self.spec.config.max_in_flight.max(1);
        let mut any = false;
        for lane in 0..self.lanes.len() {
            let broker = broker_of(lane as u32);
            while self.lanes[lane].due > 0 {
                self.lanes[lane].ready_at = now;
                if self.network.in_flight(broker) >= limit || !self.network.can_send(now, broker) {
                    break;
                }
                if self.spec.config.acks == Acks::None && self.network.is_broken(broker) {
                    // Nothing counts as sent before there is a socket to write it to.
                    self.network.try_connection(now, broker, fx);
                    break;
                }
                self.lanes[lane].drained_at = now;
                if !self.send_to(now, lane, fx) {
                    break;
                }
                any = true;
            }
        }
        any
    }

    fn ask_identity(&mut self, now: SimTime, fx: &mut Effects) {
        if self.identity.asked || self.identity.ask_at > now {
            return;
        }
        match self.network.least_loaded(now) {
            Some(broker) => {
                self.identity.asked = true;
                self.network.send(now, broker, Message::InitProducerId, Request::InitProducerId, fx);
            }
            None => self.identity.ask_at = now.plus_ms(self.spec.config.retry_backoff_ms),
        }
    }

    /// Sends one request: at most one batch of each of the broker's partitions, from where the last walk over
    /// them ended (R-A6). False if there was nothing to send after all.
    fn send_to(&mut self, now: SimTime, lane: usize, fx: &mut Effects) -> bool {
        let partitions = std::mem::take(&mut self.lanes[lane].partitions);
        let parcels = self.drain(now, lane, &partitions, fx);
        self.lanes[lane].partitions = partitions;
        if parcels.is_empty() {
            return false;
        }
        let mut batches = fx.spare.produced.take();
        let of = |parcel: &Parcel| (self.partitions[parcel.partition as usize], parcel.batch.clone());
        batches.extend(parcels.iter().map(of));
        let (acks, timeout_ms) = (self.spec.config.acks, self.spec.config.request_timeout_ms as u32);
        let request = ProduceRequest { acks, timeout_ms, batches };
        for parcel in &parcels {
            if parcel.attempts == 0 && !parcel.split {
                self.totals.sent += u64::from(parcel.batch.count);
            }
            let at = parcel.partition as usize;
            self.queues[at].in_flight += 1;
            self.queues[at].muted = self.spec.config.max_in_flight == 1;
            self.schedule(now, parcel.partition);
        }
        let broker = broker_of(lane as u32);
        for parcel in &parcels {
            fx.trace(|| Fact::Sent {
                producer: self.spec.index,
                partition: self.partitions[parcel.partition as usize],
                broker,
                batch: Box::new(parcel.batch.clone()),
            });
        }
        if self.spec.config.acks == Acks::None {
            self.network.send_unanswered(broker, Message::Produce(request), fx);
            for parcel in parcels {
                self.outcome(now, parcel, ErrorCode::None, 0, fx);
            }
        } else {
            self.network.send(now, broker, Message::Produce(request), Request::Produce(parcels), fx);
        }
        true
    }

    fn drain(&mut self, now: SimTime, lane: usize, partitions: &[u32], fx: &mut Effects) -> Vec<Parcel> {
        let count = partitions.len() as u32;
        let start = self.lanes[lane].drain_from % count.max(1);
        let mut taken = self.spare.take();
        let mut size = 0;
        let mut last = (start + count).saturating_sub(1) % count.max(1);
        let stops = self.places_that_hold(lane as u32, partitions, start);
        for step in 0..stops.as_ref().map_or(count, |stops| stops.len() as u32) {
            let place = stops.as_ref().map_or((start + step) % count, |stops| stops[step as usize]);
            let partition = partitions[place as usize];
            let queue = &self.queues[partition as usize];
            let empty = queue.waiting.is_empty() && queue.open.is_none() && queue.arrives > now;
            if empty || queue.muted {
                continue;
            }
            // Batches of a later moment do not come before this one's; settling also fills the open batch.
            self.settle(now, partition, fx);
            let queue = &self.queues[partition as usize];
            let (bytes, sequence) = match (queue.waiting.front(), &queue.open) {
                (Some(first), _) => {
                    if self.backs_off_until(first) > now {
                        continue;
                    }
                    (first.batch.bytes, first.has_sequence().then_some(first.batch.base_sequence))
                }
                (None, Some(open)) if open.count > 0 => (open.bytes as u32, None),
                _ => continue,
            };
            let too_much = size + u64::from(bytes) > u64::from(self.spec.config.max_request_size_bytes);
            let waits = self.is_idempotent() && !queue.sequences.may_send(&self.identity, sequence);
            if waits || too_much && !taken.is_empty() {
                last = place;
                break;
            }
            let Some(parcel) = self.take_first(now, partition) else { continue };
            size += u64::from(parcel.batch.bytes);
            taken.push(parcel);
        }
        self.lanes[lane].drain_from = last;
        taken
    }

    /// Where all partitions share one stream: the places within a lane's partitions that hold something, as a walk
    /// from `start` once around comes by them.
    fn places_that_hold(&self, lane: u32, partitions: &[u32], start: u32) -> Option<Vec<u32>> {
        let count = partitions.len() as u32;
        let sticky = self.sticky.as_ref()?;
        let target = sticky.target.filter(|target| self.holding.binary_search(target).is_err());
        let its = |partition: &u32| self.queues[*partition as usize].lane == Some(lane);
        let place = |partition: &u32| partitions.binary_search(partition).ok().map(|at| at as u32);
        let holding = self.holding.iter().chain(&target).filter(|partition| its(partition));
        let mut places: Vec<u32> = holding.filter_map(place).collect();
        places.sort_unstable_by_key(|&place| (place + count - start) % count);
        Some(places)
    }

    /// Takes the first batch of a partition to send it: an open one is closed, a new one gets its sequence.
    fn take_first(&mut self, now: SimTime, partition: u32) -> Option<Parcel> {
        let at = partition as usize;
        if self.queues[at].waiting.is_empty() {
            self.close(partition);
        }
        let mut parcel = self.queues[at].waiting.pop_front()?;
        self.unhold(partition);
        if let Some(sticky) = &mut self.sticky
            && sticky.target == Some(partition)
            && self.queues[at].open.is_none()
        {
            sticky.event = now;
        }
        parcel.leader_epoch = self.network.leader_epoch(self.partitions[at]);
        if self.is_idempotent() && !parcel.has_sequence() {
            parcel.batch.base_sequence = self.queues[at].sequences.give(&self.identity, parcel.batch.count);
            parcel.batch.producer_id = self.identity.id;
            parcel.batch.producer_epoch = self.identity.epoch;
        }
        Some(parcel)
    }

    // --- answers ---

    /// A broker answered a Produce request.
    pub(super) fn answered(
        &mut self,
        now: SimTime,
        mut parcels: Vec<Parcel>,
        results: &[ProduceResult],
        fx: &mut Effects,
    ) {
        let mut moved = false;
        for (place, parcel) in parcels.drain(..).enumerate() {
            let partition = self.partitions[parcel.partition as usize];
            let same = results.get(place).filter(|result| result.partition == partition);
            let result = same.or_else(|| results.iter().find(|result| result.partition == partition));
            let Some(result) = result else {
                self.outcome(now, parcel, ErrorCode::UnknownTopicOrPartition, 0, fx);
                continue;
            };
            moved |= self.network.learn_leader(partition, result.leader);
            self.outcome(now, parcel, result.error, result.base_offset, fx);
        }
        self.spare.give(parcels);
        if moved {
            self.find_leaders(now);
        }
    }

    /// What became of one batch that was sent.
    pub(super) fn outcome(
        &mut self,
        now: SimTime,
        parcel: Parcel,
        error: ErrorCode,
        base_offset: u64,
        fx: &mut Effects,
    ) {
        let partition = parcel.partition;
        let queue = &mut self.queues[partition as usize];
        // Where nothing waited for this answer, nothing is ready sooner for it.
        let awaited = queue.muted || queue.due || !queue.waiting.is_empty() || error != ErrorCode::None;
        queue.in_flight -= 1;
        queue.muted = false;
        if parcel.done {
            // It expired while it was in flight; only its memory was still held.
            self.release(&parcel);
        } else if error == ErrorCode::None {
            self.complete(parcel, base_offset, fx);
        } else if error == ErrorCode::MessageTooLarge && parcel.batch.count > 1 {
            self.split(parcel);
        } else if self.may_retry(now, &parcel, error) {
            self.retry(now, parcel, error, fx);
        } else {
            let adjust = parcel.attempts < self.spec.config.retries;
            self.fail(&parcel, error, adjust, fx);
            self.release(&parcel);
        }
        if wants_metadata(error) {
            self.network.request_refresh(now, fx);
        }
        if awaited {
            self.schedule(now, partition);
        }
    }

    fn release(&mut self, parcel: &Parcel) {
        self.memory -= parcel.memory;
        self.outstanding -= 1;
    }

    fn complete(&mut self, mut parcel: Parcel, base_offset: u64, fx: &mut Effects) {
        self.release(&parcel);
        if parcel.has_sequence() {
            let batch = &parcel.batch;
            let sequences = &mut self.queues[parcel.partition as usize].sequences;
            sequences.completed(batch.base_sequence, batch.last_sequence());
        }
        self.totals.acknowledged += u64::from(parcel.batch.count);
        parcel.batch.base_offset = base_offset;
        fx.report(|| Fact::Acknowledged {
            producer: self.spec.index,
            partition: self.partitions[parcel.partition as usize],
            batch: Box::new(parcel.batch),
            confirmed: self.spec.config.acks != Acks::None,
        });
    }

    fn is_late(&self, now: SimTime, parcel: &Parcel) -> bool {
        parcel.created.plus_ms(self.spec.config.delivery_timeout_ms) <= now
    }

    fn may_retry(&mut self, now: SimTime, parcel: &Parcel, error: ErrorCode) -> bool {
        if self.is_late(now, parcel) || parcel.attempts >= self.spec.config.retries {
            return false;
        }
        if error == ErrorCode::OutOfOrderSequenceNumber && parcel.has_sequence() {
            let sequences = &mut self.queues[parcel.partition as usize].sequences;
            let sequence = parcel.batch.base_sequence;
            let waits_for_another = parcel.renumbered || !sequences.is_next(sequence);
            let gap = match sequences.unresolved() {
                None => !waits_for_another,
                Some(end) => end == sequence,
            };
            if gap {
                self.ask_new_epoch(parcel.partition);
            }
            return true;
        }
        is_retriable(error)
    }

    fn retry(&mut self, now: SimTime, mut parcel: Parcel, error: ErrorCode, fx: &mut Effects) {
        let config = &self.spec.config;
        let draws = self.draws.part(u64::from(parcel.partition));
        let draw =
            draws.part(parcel.batch.first_ordinal).at(RETRY, u64::from(parcel.attempts)).bits16() as u16;
        let backoff = ExponentialBackoff::new(
            config.retry_backoff_ms,
            2,
            config.retry_backoff_max_ms,
            CLIENT_JITTER_PERMILLE,
        );
        parcel.retry_at = now.plus_ms(backoff.wait_ms(parcel.attempts, draw));
        parcel.attempts += 1;
        parcel.batch.retries = parcel.batch.retries.saturating_add(1);
        self.totals.retried += u64::from(parcel.batch.count);
        fx.report(|| Fact::Retrying {
            producer: self.spec.index,
            partition: self.partitions[parcel.partition as usize],
            first_ordinal: parcel.batch.first_ordinal,
            count: parcel.batch.count,
            error,
            attempts: parcel.attempts,
        });
        let partition = parcel.partition;
        self.queues[partition as usize].put_back(parcel);
        self.hold(partition);
    }

    /// `send` fails for the records of a batch. `adjust`: its sequence may be missing at the broker for good.
    fn fail(&mut self, parcel: &Parcel, error: ErrorCode, adjust: bool, fx: &mut Effects) {
        if parcel.has_sequence() {
            self.queues[parcel.partition as usize].sequences.forget(parcel.batch.base_sequence);
            if adjust || error == ErrorCode::OutOfOrderSequenceNumber {
                self.ask_new_epoch(parcel.partition);
            }
        }
        self.send_failed(parcel.partition, Some(parcel.batch.first_ordinal), parcel.batch.count, error, fx);
    }

    /// A batch the broker finds too large comes back as several; that is no attempt (`MESSAGE_TOO_LARGE`).
    fn split(&mut self, parcel: Parcel) {
        self.release(&parcel);
        let partition = parcel.partition;
        let whole = parcel.batch.clone();
        let Some(records) = &self.records else { return };
        let shapes: Vec<RecordShape> =
            (0..u64::from(whole.count)).map(|i| records.shape(partition, whole.first_ordinal + i)).collect();
        let mut target = u64::from(self.spec.config.batch_size_bytes);
        if parcel.split {
            let largest = shapes.iter().map(|shape| shape.record_bytes(0, 0)).max().unwrap_or(0);
            target = (u64::from(whole.bytes) / 2).max(largest);
        }
        let mut parts: Vec<Parcel> = Vec::new();
        let mut open: Option<Open> = None;
        let source = whole.source;
        for (i, shape) in (0..whole.count).zip(&shapes) {
            let time = whole.record_time(i);
            if let Some(current) = &mut open {
                let delta = time.as_ms() - current.base.as_ms();
                let size = shape.record_bytes(current.count, delta as i64);
                if current.bytes + size <= current.limit {
                    current.bytes += size;
                    current.count += 1;
                    current.last = time;
                    continue;
                }
            }
            parts.extend(open.take().map(|open| open.close(partition, source)));
            let ordinal = whole.first_ordinal + u64::from(i);
            let mut next = Open::new(ordinal, time, parcel.created, shape.upper_bound().max(target));
            next.bytes = BATCH_OVERHEAD + shape.record_bytes(0, 0);
            next.count = 1;
            open = Some(next);
        }
        parts.extend(open.map(|open| open.close(partition, source)));
        let mut sequence = whole.base_sequence;
        for part in &mut parts {
            part.memory = 0;
            part.split = true;
            part.batch.producer_id = whole.producer_id;
            part.batch.producer_epoch = whole.producer_epoch;
            if whole.base_sequence != NO_SEQUENCE {
                part.batch.base_sequence = sequence;
                sequence = crate::assign::sequence::increment(sequence, part.batch.count as i32);
            }
        }
        self.outstanding += parts.len() as u64;
        if parcel.has_sequence() {
            let numbers: Vec<i32> = parts.iter().map(|part| part.batch.base_sequence).collect();
            self.queues[partition as usize].sequences.split(whole.base_sequence, &numbers);
        }
        for part in parts.into_iter().rev() {
            self.queues[partition as usize].put_back(part);
        }
        self.hold(partition);
    }

    // --- too late ---

    /// Fails every batch whose `delivery.timeout.ms` is over: queued ones, and those in flight, which a broker
    /// may still append.
    fn expire(&mut self, now: SimTime, fx: &mut Effects) {
        let mut late: Vec<Parcel> = Vec::new();
        for partition in 0..self.queues.len() as u32 {
            self.settle(now, partition, fx);
            let timeout_ms = self.spec.config.delivery_timeout_ms;
            let is_late = |created: SimTime| created.plus_ms(timeout_ms) <= now;
            let at = partition as usize;
            let before = late.len();
            while self.queues[at].waiting.front().is_some_and(|first| is_late(first.created)) {
                late.extend(self.queues[at].waiting.pop_front());
            }
            let open_too =
                self.queues[at].open.as_ref().is_some_and(|open| open.count > 0 && is_late(open.created));
            if open_too && self.queues[at].waiting.is_empty() {
                self.close(partition);
                late.extend(self.queues[at].waiting.pop_front());
                if let Some(sticky) = &mut self.sticky
                    && sticky.target == Some(partition)
                {
                    sticky.event = now;
                }
            }
            if late.len() > before {
                self.unhold(partition);
            }
        }
        for parcel in &late {
            self.give_up(parcel, fx);
            self.release(parcel);
        }
        let mut in_flight: Vec<Parcel> = Vec::new();
        let timeout_ms = self.spec.config.delivery_timeout_ms;
        for request in self.network.pending_mut() {
            let Request::Produce(parcels) = request else { continue };
            for parcel in parcels.iter_mut().filter(|parcel| !parcel.done) {
                if parcel.created.plus_ms(timeout_ms) <= now {
                    parcel.done = true;
                    in_flight.push(parcel.clone());
                }
            }
        }
        for parcel in &in_flight {
            self.give_up(parcel, fx);
        }
        for parcel in late.iter().chain(&in_flight) {
            self.schedule(now, parcel.partition);
        }
        let sent = self.network.pending().flat_map(|(_, request)| match request {
            Request::Produce(parcels) => parcels.as_slice(),
            Request::InitProducerId => &[],
        });
        let sent = sent.filter(|parcel| !parcel.done).map(|parcel| parcel.created);
        let queued = self.queues.iter().flat_map(|queue| {
            let open = queue.open.as_ref().map(|open| open.created);
            queue.waiting.iter().map(|parcel| parcel.created).chain(open)
        });
        let oldest = sent.chain(queued).min();
        self.expiry_at = oldest.map_or(SimTime::NEVER, |created| created.plus_ms(timeout_ms));
        // A young batch behind an older one's parts may be late without being the first: look again soon.
        self.expiry_at = self.expiry_at.max(now.plus_ms(1));
    }

    fn give_up(&mut self, parcel: &Parcel, fx: &mut Effects) {
        self.fail(parcel, ErrorCode::DeliveryTimeout, false, fx);
        if parcel.has_sequence() && parcel.attempts > 0 {
            let sequences = &mut self.queues[parcel.partition as usize].sequences;
            sequences.leave_unresolved(parcel.batch.last_sequence());
            self.unsettle(parcel.partition);
        }
    }

    // --- sequences ---

    fn unsettle(&mut self, partition: u32) {
        if !self.unsettled.contains(&partition) {
            self.unsettled.push(partition);
        }
    }

    fn ask_new_epoch(&mut self, partition: u32) {
        self.queues[partition as usize].sequences.restart = true;
        self.identity.bump = true;
        self.unsettle(partition);
    }

    /// Resolves gaps that turned out to be none, and bumps the epoch where they are real (R-I5 to R-I7).
    fn settle_sequences(&mut self) {
        if self.unsettled.is_empty() {
            return;
        }
        for &partition in &self.unsettled {
            let sequences: &mut Sequences = &mut self.queues[partition as usize].sequences;
            let known = sequences.restart;
            sequences.resolve();
            self.identity.bump |= sequences.restart && !known;
        }
        if self.identity.bump {
            self.identity.next_epoch();
        }
        if self.identity.id == NO_PRODUCER {
            // Sequences start again under the identity that is on its way.
            return;
        }
        let unsettled = std::mem::take(&mut self.unsettled);
        for partition in unsettled {
            if self.queues[partition as usize].sequences.restart {
                self.restart_sequences(partition);
            }
            if self.queues[partition as usize].sequences.unresolved().is_some() {
                self.unsettled.push(partition);
            }
        }
    }

    /// Gives the batches of a partition that are in flight, or about to be retried, new sequences from 0 on.
    fn restart_sequences(&mut self, partition: u32) {
        let queue = &mut self.queues[partition as usize];
        let old: Vec<i32> = queue.sequences.in_flight().to_vec();
        let mut parcels: Vec<&mut Parcel> =
            queue.waiting.iter_mut().filter(|parcel| parcel.has_sequence()).collect();
        for request in self.network.pending_mut() {
            if let Request::Produce(sent) = request {
                parcels
                    .extend(sent.iter_mut().filter(|parcel| parcel.partition == partition && !parcel.done));
            }
        }
        parcels.sort_by_key(|parcel| old.iter().position(|&sequence| sequence == parcel.batch.base_sequence));
        let numbered: Vec<(i32, u32)> =
            parcels.iter().map(|parcel| (parcel.batch.base_sequence, parcel.batch.count)).collect();
        let new = queue.sequences.restart(&self.identity, &numbered);
        for (parcel, sequence) in parcels.into_iter().zip(new) {
            let batch: &mut Batch = &mut parcel.batch;
            batch.base_sequence = sequence;
            batch.producer_id = self.identity.id;
            batch.producer_epoch = self.identity.epoch;
            parcel.renumbered = true;
        }
    }
}
