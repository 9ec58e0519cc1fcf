//! One replica of a partition: its log, and what its leader keeps about the others (`Partition`).
use super::WRITE_BACK_US;
use crate::config::TopicConfig;
use crate::kernel::{Digest, SimTime};
use crate::log::{Batch, Log, LogPosition, ProducerStates};
use crate::metadata::{BrokerId, PartitionRegistration, TopicPartition};
use crate::node::Effects;
use crate::trace::Fact;
use std::collections::VecDeque;
use std::sync::Arc;

/// A replica on one broker.
///
/// There are thousands of them, and each is looked at so rarely that it is never in the processor's cache: what most
/// events need stands together, in few cache lines.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub struct Replica {
    /// The high watermark on disk (`replication-offset-checkpoint`).
    pub(super) checkpoint: u64,
    /// The last end was not clean.
    recover: bool,
    /// Its index within its topic.
    pub index: u32,
    /// Of which partition.
    pub partition: TopicPartition,
    /// The leader epoch this broker acts in.
    pub leader_epoch: u32,
    /// Whom it follows, if it follows somebody.
    pub follows: Option<BrokerId>,
    /// A follower's high watermark; the leader's is in [`Leading`].
    high_watermark: u64,
    /// Its topic's configuration.
    pub config: Arc<TopicConfig>,
    /// What the leader keeps; `None` while this replica follows.
    pub leading: Option<Box<Leading>>,
    /// Its log.
    pub log: Log,
    /// Fetch sessions that include this partition.
    pub(super) watchers: Vec<Watcher>,
}

/// A fetch session that includes a partition, and where it stands in that session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watcher {
    pub session: u32,
    pub part: u32,
    pub follower: bool,
}

/// What a leader keeps beside its log.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Leading {
    /// Where its own epoch began.
    pub epoch_start: u64,
    /// The partition epoch it knows.
    pub partition_epoch: u32,
    /// The high watermark.
    pub high_watermark: LogPosition,
    /// The committed ISR.
    pub isr: Vec<BrokerId>,
    /// The ISR proposed to the controller and not yet decided.
    pub proposed_isr: Option<Vec<BrokerId>>,
    /// The other replicas.
    pub followers: Vec<Follower>,
    /// The effective `min.insync.replicas`.
    pub min_isr: u32,
    /// Elected uncleanly, not yet confirmed.
    pub recovering: bool,
    pub(super) producers: ProducerStates,
    /// Who waits for the high watermark to reach an offset, ascending.
    pub(super) waiting: VecDeque<(u64, Waiter)>,
}

/// Somebody who waits for the high watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiter {
    /// A Produce request with `acks=all`.
    Produce(u64),
    /// The group coordinator.
    Coordinator(u32),
}

/// What a leader knows of a follower (`Replica.replicaState`): one cache line.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub struct Follower {
    /// Who.
    pub broker: BrokerId,
    /// Its log end as of its last fetch; unknown until it fetched from this leader.
    pub log_end: Option<LogPosition>,
    /// When it was last caught up (R-ISR1).
    pub last_caught_up: SimTime,
    /// When it last fetched with a new offset.
    pub(super) last_fetch: SimTime,
    /// The leader's log end then.
    pub(super) last_fetch_leader_end: u64,
    /// In the maximal ISR: the committed one and the one proposed.
    pub(super) holds_back: bool,
}

impl Replica {
    /// An empty replica.
    pub(super) fn new(partition: TopicPartition, index: u32, config: Arc<TopicConfig>, now: SimTime) -> Self {
        Replica {
            partition,
            index,
            log: Log::new(now),
            config,
            high_watermark: 0,
            checkpoint: 0,
            leading: None,
            leader_epoch: 0,
            follows: None,
            watchers: Vec::new(),
            recover: false,
        }
    }

    /// The high watermark this replica knows.
    #[inline]
    pub fn high_watermark(&self) -> u64 {
        self.leading.as_ref().map_or(self.high_watermark, |leading| leading.high_watermark.offset)
    }

    /// Takes the leader's high watermark, as far as the own log reaches (R-HW6).
    #[inline]
    pub(super) fn follow_high_watermark(&mut self, leader: u64) {
        self.high_watermark = leader.min(self.log.end().offset).max(self.log.start().offset);
    }

    /// Whether the log has to be recovered at the next start.
    pub(super) fn needs_recovery(&self) -> bool {
        self.recover
    }

    /// Begins to lead: writes its epoch's start, forgets what it knew of followers (R-HW5, R-ISR4).
    pub(super) fn lead(
        &mut self,
        now: SimTime,
        registration: &PartitionRegistration,
        own: BrokerId,
        min_isr: u32,
    ) {
        let end = self.log.end();
        let high_watermark = self.log.position_of(self.high_watermark()).unwrap_or(self.log.start());
        self.log.epochs.assign(registration.leader_epoch, end.offset);
        self.leader_epoch = registration.leader_epoch;
        self.follows = None;
        let followers = registration.replicas.iter().filter(|&&broker| broker != own).map(|&broker| {
            let in_isr = registration.isr.contains(&broker);
            Follower {
                broker,
                log_end: None,
                last_caught_up: if in_isr { now } else { SimTime::ZERO },
                last_fetch: SimTime::ZERO,
                last_fetch_leader_end: 0,
                holds_back: in_isr,
            }
        });
        self.leading = Some(Box::new(Leading {
            epoch_start: end.offset,
            partition_epoch: registration.partition_epoch,
            high_watermark,
            isr: registration.isr.clone(),
            proposed_isr: None,
            followers: followers.collect(),
            min_isr,
            recovering: registration.recovering,
            producers: ProducerStates::from_batches(self.log.batches_from(0)),
            waiting: VecDeque::new(),
        }));
    }

    /// Ceases to lead, if it did; returns who waited.
    pub(super) fn unlead(&mut self) -> VecDeque<(u64, Waiter)> {
        match self.leading.take() {
            Some(leading) => {
                self.high_watermark = leading.high_watermark.offset;
                leading.waiting
            }
            None => VecDeque::new(),
        }
    }

    /// Cuts the log (R-E4); reports what was cut.
    pub(super) fn truncate_to(&mut self, offset: u64, own: BrokerId, fx: &mut Effects) {
        let removed = self.log.truncate_to(offset);
        self.high_watermark = self.high_watermark.min(self.log.end().offset);
        if !removed.is_empty() {
            let to = self.log.end().offset;
            fx.report(|| Fact::Truncated { broker: own, partition: self.partition, to, removed });
        }
    }

    /// One run of retention.
    pub(super) fn retain(&mut self, now: SimTime, own: BrokerId, fx: &mut Effects) {
        let high_watermark = self.high_watermark();
        if self.log.retain(now, high_watermark, &self.config) {
            let offset = self.log.start().offset;
            fx.report(|| Fact::LogStart { broker: own, partition: self.partition, offset });
        }
    }

    /// The process is gone. A machine takes with it what is in the active segment and was not written back
    /// to disk yet; after an unclean end the high watermark is the checkpoint's (R-F3).
    pub(super) fn power_off(
        &mut self,
        now: SimTime,
        own: BrokerId,
        clean: bool,
        machine: bool,
        fx: &mut Effects,
    ) {
        self.unlead();
        self.follows = None;
        self.watchers.clear();
        self.recover = !clean;
        if machine {
            let active = self.log.segments().active().base.offset;
            let on_disk = |batch: &Batch| now.since_us(batch.max_time()) < WRITE_BACK_US;
            let lost_from = self.log.batches_from(active).find(on_disk).map(|batch| batch.base_offset);
            if let Some(offset) = lost_from {
                self.truncate_to(offset, own, fx);
            }
        }
        if !clean {
            self.high_watermark = self.checkpoint.clamp(self.log.start().offset, self.log.end().offset);
        }
    }

    /// Adds its state.
    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u32(self.partition.0);
        digest.u32(self.leader_epoch);
        digest.u64(self.high_watermark());
        self.log.digest(digest);
        if let Some(leading) = &self.leading {
            digest.u32(leading.partition_epoch);
            for broker in &leading.isr {
                digest.u32(broker.0);
            }
            for follower in &leading.followers {
                digest.u64(follower.log_end.map_or(u64::MAX, |end| end.offset));
            }
        }
    }
}

impl Leading {
    /// Recomputes who holds back the high watermark: the maximal ISR (R-HW4).
    pub(super) fn refresh_maximal_isr(&mut self) {
        for follower in &mut self.followers {
            let id = follower.broker;
            follower.holds_back = self.isr.contains(&id)
                || self.proposed_isr.as_ref().is_some_and(|proposed| proposed.contains(&id));
        }
    }

    /// The members of the maximal ISR, the leader included.
    pub(super) fn maximal_isr_len(&self) -> u32 {
        1 + self.followers.iter().filter(|follower| follower.holds_back).count() as u32
    }

    pub(super) fn follower_mut(&mut self, broker: BrokerId) -> Option<&mut Follower> {
        self.followers.iter_mut().find(|follower| follower.broker == broker)
    }
}

impl Follower {
    /// Caught up as R-ISR2 has it: at the leader's log end, or there not long ago.
    pub fn is_caught_up(&self, now: SimTime, leader_end: u64, lag_time_max_ms: u64) -> bool {
        self.log_end.is_some_and(|end| end.offset == leader_end)
            || now.since_us(self.last_caught_up) <= lag_time_max_ms * 1_000
    }
}
