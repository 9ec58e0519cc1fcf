//! The ISR: who falls out, who comes back, what the controller decides (R-ISR1 to R-ISR6).
use super::Broker;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, TopicPartition};
use crate::node::{Effects, Timer, TimerKind};
use crate::trace::Fact;
use crate::wire::{AlterPartitionRequest, AlterPartitionResult, ErrorCode, IsrProposal, Message};

/// How long to wait before proposing again after a failure, ms (`DefaultAlterPartitionManager`).
const RETRY_MS: u64 = 50;

/// Proposals on their way to the controller: one request at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Proposals {
    queue: Vec<TopicPartition>,
    in_flight: Vec<TopicPartition>,
    generation: u32,
}

impl Broker {
    /// Every half `replica.lag.time.max.ms`: followers that are not caught up leave the ISR (R-ISR3).
    pub(super) fn shrink_isrs(&mut self, now: SimTime, fx: &mut Effects) {
        let lag_time_max_ms = self.config().replica_lag_time_max_ms;
        self.periodic(now, TimerKind::IsrShrink, lag_time_max_ms / 2, fx);
        for partition in self.leading.clone() {
            let replica = self.replicas[partition.index()].as_deref_mut().expect("leads it");
            let end = replica.log.end().offset;
            let leading = replica.leading.as_deref_mut().expect("leads it");
            if leading.proposed_isr.is_some() {
                continue;
            }
            let lagging = leading.followers.iter().filter(|follower| {
                leading.isr.contains(&follower.broker) && !follower.is_caught_up(now, end, lag_time_max_ms)
            });
            let lagging: Vec<BrokerId> = lagging.map(|follower| follower.broker).collect();
            if lagging.is_empty() {
                continue;
            }
            let isr = leading.isr.iter().copied().filter(|broker| !lagging.contains(broker)).collect();
            for replica in lagging {
                fx.report(|| Fact::IsrProposed { broker: self.id, partition, replica, joins: false });
            }
            self.propose(partition, isr, fx);
        }
    }

    /// A replica outside the ISR fetched: it may be back (R-ISR5).
    pub(super) fn maybe_expand_isr(&mut self, partition: TopicPartition, broker: BrokerId, fx: &mut Effects) {
        let eligible = self.image.broker(broker).is_some_and(|registration| registration.is_active());
        let Some(leading) = self.replica(partition).and_then(|replica| replica.leading.as_deref()) else {
            return;
        };
        let Some(follower) = leading.followers.iter().find(|follower| follower.broker == broker) else {
            return;
        };
        let reached = follower.log_end.is_some_and(|end| {
            end.offset >= leading.high_watermark.offset && end.offset >= leading.epoch_start
        });
        if !eligible || !reached || leading.proposed_isr.is_some() || leading.isr.contains(&broker) {
            return;
        }
        let mut isr = leading.isr.clone();
        isr.push(broker);
        isr.sort_unstable();
        fx.report(|| Fact::IsrProposed { broker: self.id, partition, replica: broker, joins: true });
        self.propose(partition, isr, fx);
    }

    fn propose(&mut self, partition: TopicPartition, isr: Vec<BrokerId>, fx: &mut Effects) {
        let replica = self.replicas[partition.index()].as_deref_mut().expect("leads it");
        let leading = replica.leading.as_deref_mut().expect("leads it");
        leading.proposed_isr = Some(isr);
        leading.refresh_maximal_isr();
        self.isr.queue.push(partition);
        self.send_proposals(fx);
    }

    fn send_proposals(&mut self, fx: &mut Effects) {
        let Some(broker_epoch) = self.lifecycle.epoch else { return };
        if !self.isr.in_flight.is_empty() || self.isr.queue.is_empty() {
            return;
        }
        let queue = std::mem::take(&mut self.isr.queue);
        let proposals = queue.iter().filter_map(|&partition| self.proposal(partition)).collect::<Vec<_>>();
        if proposals.is_empty() {
            return;
        }
        self.isr.in_flight = queue;
        let request = AlterPartitionRequest { broker: self.id, broker_epoch, partitions: proposals };
        self.ask_controller(Message::AlterPartition(Box::new(request)), fx);
    }

    fn proposal(&self, partition: TopicPartition) -> Option<IsrProposal> {
        let replica = self.replica(partition)?;
        let leading = replica.leading.as_deref()?;
        let isr = leading.proposed_isr.as_ref()?;
        let with_epoch = |&broker: &BrokerId| (broker, self.image.broker(broker).map_or(0, |b| b.epoch));
        Some(IsrProposal {
            partition,
            leader_epoch: replica.leader_epoch,
            partition_epoch: leading.partition_epoch,
            isr: isr.iter().map(with_epoch).collect(),
            recovering: leading.recovering && isr.len() == 1,
        })
    }

    pub(super) fn isr_answered(
        &mut self,
        now: SimTime,
        results: Result<Vec<AlterPartitionResult>, ErrorCode>,
        fx: &mut Effects,
    ) {
        let asked = std::mem::take(&mut self.isr.in_flight);
        match results {
            Err(_) if asked.is_empty() => {}
            Err(_) => {
                self.isr.queue.extend(asked);
                self.isr_retry_later(now, fx);
            }
            Ok(results) => {
                for result in results {
                    self.isr_decided(now, &result, fx);
                }
                if self.isr.generation.is_multiple_of(2) {
                    self.send_proposals(fx);
                }
            }
        }
    }

    fn isr_decided(&mut self, now: SimTime, result: &AlterPartitionResult, fx: &mut Effects) {
        self.sessions.recheck_followers();
        let partition = result.partition;
        let Some(replica) = self.replicas.get_mut(partition.index()).and_then(Option::as_deref_mut) else {
            return;
        };
        let leader_epoch = replica.leader_epoch;
        let Some(leading) = replica.leading.as_deref_mut() else { return };
        match result.error {
            ErrorCode::None => {
                if result.leader_epoch == leader_epoch && result.partition_epoch > leading.partition_epoch {
                    leading.isr = result.isr.clone();
                    leading.partition_epoch = result.partition_epoch;
                    leading.proposed_isr = None;
                    leading.recovering = false;
                    leading.refresh_maximal_isr();
                    self.try_advance_high_watermark(now, partition, fx);
                }
            }
            ErrorCode::IneligibleReplica => {
                leading.proposed_isr = None;
                leading.refresh_maximal_isr();
            }
            ErrorCode::FencedLeaderEpoch
            | ErrorCode::InvalidUpdateVersion
            | ErrorCode::UnknownTopicOrPartition
            | ErrorCode::NewLeaderElected
            | ErrorCode::InvalidRequest => {}
            _ => {
                self.isr.queue.push(partition);
                self.isr_retry_later(now, fx);
            }
        }
    }

    fn isr_retry_later(&mut self, now: SimTime, fx: &mut Effects) {
        // An odd generation: a retry is due; nothing is sent before it.
        if self.isr.generation.is_multiple_of(2) {
            self.isr.generation += 1;
            fx.timer(now.plus_ms(RETRY_MS), Timer::new(TimerKind::AlterPartition, self.isr.generation));
        }
    }

    pub(super) fn isr_retry_due(&mut self, generation: u32, fx: &mut Effects) {
        if generation == self.isr.generation {
            self.isr.generation += 1;
            self.send_proposals(fx);
        }
    }
}
