//! Hosting the group coordinator: its partitions of `__consumer_offsets` are logs like any other (rule: a
//! group's coordinator is the leader of its offsets partition, and fails over with that broker).
use super::Broker;
use super::replica::Waiter;
use crate::coordinator::Append;
use crate::kernel::SimTime;
use crate::log::{Batch, GroupRecord, NO_PRODUCER, NO_SEQUENCE, Payload, SourceId};
use crate::metadata::{GroupId, TopicId, TopicPartition};
use crate::node::{Effects, Timer};
use crate::wire::{ErrorCode, Message, NodeId};
use std::sync::Arc;

/// `__consumer_offsets` is the first topic made.
const OFFSETS_TOPIC: TopicId = TopicId(0);

impl Broker {
    fn offsets_partition(&self, index: u32) -> Option<TopicPartition> {
        let topic = self.image.topics.get(OFFSETS_TOPIC.0 as usize)?;
        topic.partitions.get(index as usize).copied()
    }

    pub(super) fn find_coordinator(
        &mut self,
        from: NodeId,
        correlation: u32,
        group: GroupId,
        fx: &mut Effects,
    ) {
        let index = self.group_partitions.get(group.0 as usize).copied();
        let leader = index
            .and_then(|index| self.offsets_partition(index))
            .and_then(|partition| self.image.partition(partition).leader);
        let coordinator = leader.ok_or(ErrorCode::CoordinatorNotAvailable);
        fx.send(from, correlation, Message::FindCoordinatorResponse { coordinator });
    }

    pub(super) fn group_request(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        message: Message,
        fx: &mut Effects,
    ) {
        let config = self.image.broker_config.clone();
        if let Some(append) = self.coordinator.handle(now, from, correlation, message, &config, fx) {
            self.append_for_coordinator(now, append, fx);
        }
    }

    pub(super) fn coordinator_timer(&mut self, now: SimTime, timer: Timer, fx: &mut Effects) {
        let config = self.image.broker_config.clone();
        for append in self.coordinator.timer(now, timer, &config, fx) {
            self.append_for_coordinator(now, append, fx);
        }
    }

    /// Writes a coordinator's record with the guarantees of `acks=all`.
    fn append_for_coordinator(&mut self, now: SimTime, append: Append, fx: &mut Effects) {
        let Append { index, token, record } = append;
        let partition = self.offsets_partition(index);
        let leads = partition.filter(|partition| self.leading.binary_search(partition).is_ok());
        let Some(partition) = leads else {
            self.coordinator.committed(now, token, Err(ErrorCode::NotLeaderOrFollower), fx);
            return;
        };
        let leading =
            self.replica(partition).and_then(|replica| replica.leading.as_deref()).expect("leads it");
        if (leading.isr.len() as u32) < leading.min_isr {
            self.coordinator.committed(now, token, Err(ErrorCode::NotEnoughReplicas), fx);
            return;
        }
        let batch = coordinator_batch(now, record);
        let (_, end) = self.append_as_leader(now, partition, batch, fx);
        let reached = self.replica(partition).is_some_and(|replica| replica.high_watermark() >= end);
        if reached {
            self.coordinator.committed(now, token, Ok(()), fx);
            return;
        }
        let deadline = now.plus_ms(self.config().offsets_commit_timeout_ms);
        self.await_high_watermark(partition, end, Waiter::Coordinator(token), deadline);
        self.watch_deadlines(fx);
    }

    /// This broker leads a partition: if it is of `__consumer_offsets`, its groups live here now.
    pub(super) fn load_groups(&mut self, now: SimTime, partition: TopicPartition, fx: &mut Effects) {
        let (topic, index) = self.image.partition_names[partition.index()];
        if topic != OFFSETS_TOPIC {
            return;
        }
        let replica = self.replicas[partition.index()].as_deref().expect("leads it");
        let payloads: Vec<_> = replica.log.batches_from(0).filter_map(|batch| batch.payload).collect();
        let records = payloads.iter().filter_map(|payload| match &**payload {
            Payload::Group(record) => Some(record),
            Payload::Typed(_) => None,
        });
        self.coordinator.load(now, index, records, fx);
    }

    pub(super) fn unload_groups(&mut self, now: SimTime, partition: TopicPartition, fx: &mut Effects) {
        let (topic, index) = self.image.partition_names[partition.index()];
        if topic == OFFSETS_TOPIC {
            self.coordinator.unload(now, index, fx);
        }
    }
}

fn coordinator_batch(now: SimTime, record: GroupRecord) -> Batch {
    let (count, bytes) = match &record {
        GroupRecord::Commit { offsets, .. } => (offsets.len().max(1) as u32, 61 + 70 * offsets.len() as u32),
        GroupRecord::Generation { members, .. } => (1, 61 + 60 + 120 * members.len() as u32),
    };
    Batch {
        base_offset: 0,
        base_time: now,
        first_ordinal: 0,
        payload: Some(Arc::new(Payload::Group(record))),
        span_us: 0,
        count,
        bytes,
        source: SourceId::COORDINATOR,
        producer_id: NO_PRODUCER,
        base_sequence: NO_SEQUENCE,
        leader_epoch: 0,
        producer_epoch: 0,
        retries: 0,
    }
}
