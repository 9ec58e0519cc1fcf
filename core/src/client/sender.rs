//! The sender: which batches go to which broker, and when.
use super::accumulator::Parcel;
use super::producer::{Producer, Request};
use crate::config::Acks;
use crate::kernel::{Digest, SimTime, take_first};
use crate::log::NO_PRODUCER;
use crate::metadata::BrokerId;
use crate::node::{Effects, TimerKind};
use crate::trace::Fact;
use crate::wire::{ErrorCode, Message, ProduceRequest};
use std::cmp::Reverse;

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
        for &lane in &self.due_lanes {
            let ready_at = self.network.ready_at(broker_of(lane));
            if ready_at > now {
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
        if queue.due == due {
            return;
        }
        queue.due = due;
        let lane = queue.lane;
        let count = match lane {
            Some(lane) => &mut self.lanes[lane as usize].due,
            None => &mut self.leaderless,
        };
        *count = if due { *count + 1 } else { *count - 1 };
        match (lane, *count) {
            (Some(lane), 1) if due => {
                let at = self.due_lanes.partition_point(|&other| other < lane);
                self.due_lanes.insert(at, lane);
            }
            (Some(lane), 0) => self.due_lanes.retain(|&other| other != lane),
            _ => {}
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
        let due = self.lanes.iter().zip(0..).filter(|(lane, _)| lane.due > 0);
        self.due_lanes = due.map(|(_, lane)| lane).collect();
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
        let mut from = 0;
        while let Some(&next) = self.due_lanes.iter().find(|&&lane| lane >= from) {
            from = next + 1;
            let (lane, broker) = (next as usize, broker_of(next));
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
        let mut parcel = take_first(&mut self.queues[at].waiting)?;
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
}
