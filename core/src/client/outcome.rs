//! What becomes of batches that were sent: confirmed, tried again, split, failed, given up as too late.
use super::accumulator::{Open, Parcel};
use super::producer::{Producer, Request};
use crate::assign::backoff::{CLIENT_JITTER_PERMILLE, ExponentialBackoff};
use crate::assign::record_size::{BATCH_OVERHEAD, RecordShape};
use crate::config::Acks;
use crate::kernel::{Purpose, SimTime};
use crate::log::NO_SEQUENCE;
use crate::node::Effects;
use crate::trace::Fact;
use crate::wire::{ErrorCode, ProduceResult};

const RETRY: Purpose = Purpose::new("retry backoff");

impl Producer {
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

    /// Fails every batch whose `delivery.timeout.ms` is over: queued ones, and those in flight, which a broker
    /// may still append.
    pub(super) fn expire(&mut self, now: SimTime, fx: &mut Effects) {
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
