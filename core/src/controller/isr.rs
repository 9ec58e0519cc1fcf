//! What leaders ask for: AlterPartition.
use super::Controller;
use super::decision::Decision;
use super::elections::is_active;
use crate::metadata::{BrokerId, PartitionRegistration};
use crate::node::Effects;
use crate::trace::ChangeCause;
use crate::wire::{AlterPartitionRequest, AlterPartitionResult, ErrorCode, IsrProposal};

/// In a proposed ISR: the leader does not know that member's broker epoch, and it is not compared (Kafka's -1).
pub const NO_BROKER_EPOCH: u64 = u64::MAX;

impl Controller {
    pub(super) fn alter_partition(
        &mut self,
        request: &AlterPartitionRequest,
        fx: &mut Effects,
    ) -> Result<Vec<AlterPartitionResult>, ErrorCode> {
        self.check_broker_epoch(request.broker, request.broker_epoch)?;
        let mut decision = Decision::default();
        let decide = |proposal| self.decide_proposal(request.broker, proposal, &mut decision);
        let results = request.partitions.iter().map(decide).collect();
        self.commit(decision, fx);
        Ok(results)
    }

    fn decide_proposal(
        &self,
        sender: BrokerId,
        proposal: &IsrProposal,
        decision: &mut Decision,
    ) -> AlterPartitionResult {
        let partition = proposal.partition;
        if let Err(error) = self.check_proposal(sender, proposal) {
            return AlterPartitionResult {
                partition,
                error,
                isr: Vec::new(),
                leader_epoch: 0,
                partition_epoch: 0,
            };
        }
        // The leader stays, as it is active and in the proposed ISR, whatever election is allowed. (A reassignment that it completes could unseat
        // it, and would be answered with NEW_LEADER_ELECTED.)
        let after = self.built(partition, &|replica| is_active(&self.image, replica), |builder| {
            builder.target_isr = proposal.isr.iter().map(|&(member, _)| member.0).collect();
            builder.target_recovering = proposal.recovering;
        });
        let before = &self.image.partitions[partition.index()];
        let now = after.as_ref().unwrap_or(before);
        let result = AlterPartitionResult {
            partition,
            error: ErrorCode::None,
            isr: now.isr.clone(),
            leader_epoch: now.leader_epoch,
            partition_epoch: now.partition_epoch,
        };
        if let Some(after) = after {
            decision.change_partition(partition, before.clone(), after, ChangeCause::LeaderAsked(sender));
        }
        result
    }

    /// Kafka's checks in Kafka's order: the first that fails answers.
    fn check_proposal(&self, sender: BrokerId, proposal: &IsrProposal) -> Result<(), ErrorCode> {
        let Some(known) = self.image.partitions.get(proposal.partition.index()) else {
            return Err(ErrorCode::UnknownTopicOrPartition);
        };
        if proposal.leader_epoch > known.leader_epoch || proposal.partition_epoch > known.partition_epoch {
            return Err(ErrorCode::NotController);
        }
        if proposal.leader_epoch < known.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if known.leader != Some(sender) {
            return Err(ErrorCode::InvalidRequest);
        }
        if proposal.partition_epoch < known.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        if !is_possible(sender, proposal, known) {
            return Err(ErrorCode::InvalidRequest);
        }
        if proposal.isr.iter().all(|&(member, epoch)| self.is_eligible(member, epoch)) {
            Ok(())
        } else {
            Err(ErrorCode::IneligibleReplica)
        }
    }

    /// Whether a broker may be in an ISR, and is the one the leader means.
    fn is_eligible(&self, member: BrokerId, epoch: u64) -> bool {
        let matches = |known: u64| epoch == NO_BROKER_EPOCH || epoch == known;
        self.image.broker(member).is_some_and(|known| known.is_active() && matches(known.epoch))
    }

    /// Whether `epoch` is the broker's own: else an older process of it speaks.
    pub(super) fn check_broker_epoch(&self, broker: BrokerId, epoch: u64) -> Result<(), ErrorCode> {
        match self.image.broker(broker) {
            Some(known) if known.epoch == epoch => Ok(()),
            _ => Err(ErrorCode::StaleBrokerEpoch),
        }
    }
}

/// Whether the proposed ISR could ever be right, whoever is alive.
fn is_possible(leader: BrokerId, proposal: &IsrProposal, known: &PartitionRegistration) -> bool {
    let mut members: Vec<BrokerId> = proposal.isr.iter().map(|&(member, _)| member).collect();
    members.sort_unstable();
    let distinct = members.windows(2).all(|pair| pair[0] != pair[1]);
    distinct
        && members.iter().all(|member| known.replicas.contains(member))
        && members.contains(&leader)
        && !(proposal.recovering && members.len() > 1)
        && (known.recovering || !proposal.recovering)
}
