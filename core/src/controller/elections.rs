//! Every change of leaders and ISRs that no leader asked for.
use super::Controller;
use super::convert::{to_plain, to_registration};
use super::decision::Decision;
use super::partition_change::{Election, PartitionChangeBuilder};
use crate::metadata::{BrokerId, MetadataImage, PartitionRegistration, TopicPartition};
use crate::node::Effects;
use crate::trace::ChangeCause;

/// A periodic task stops after this many elections and goes on a moment later.
const MAX_ELECTIONS: u32 = 1_000;

/// What happens to a broker, as far as its partitions are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerChange {
    /// It leaves ISRs and may lead nothing.
    Leaves(BrokerId),
    /// As `Leaves`; what it holds may lack records, so it leaves ELRs too.
    LeavesUncleanly(BrokerId),
    /// It may lead from now on.
    Joins(BrokerId),
}

impl BrokerChange {
    /// Whether a replica may lead after this.
    fn accepts(self, image: &MetadataImage, replica: BrokerId) -> bool {
        match self {
            BrokerChange::Leaves(broker) | BrokerChange::LeavesUncleanly(broker) if broker == replica => {
                false
            }
            BrokerChange::Joins(broker) if broker == replica => true,
            _ => is_active(image, replica),
        }
    }
}

impl Controller {
    /// Removes a broker from the ISRs it is in, and after an unclean shutdown from the ELRs.
    pub(super) fn remove_broker(&self, change: BrokerChange, cause: ChangeCause, decision: &mut Decision) {
        let (BrokerChange::Leaves(broker) | BrokerChange::LeavesUncleanly(broker)) = change else { return };
        let unclean = matches!(change, BrokerChange::LeavesUncleanly(_));
        for &partition in self.index.replicated_by(broker) {
            let registration = self.image.partition(partition);
            if registration.isr.contains(&broker) || (unclean && registration.elr.contains(&broker)) {
                self.change_for_broker(partition, change, cause, decision);
            }
        }
    }

    /// Elects leaders for partitions without one, now that a broker may lead.
    pub(super) fn elect_for_joining(&self, broker: BrokerId, decision: &mut Decision) {
        let change = BrokerChange::Joins(broker);
        for partition in self.index.leaderless() {
            self.change_for_broker(partition, change, ChangeCause::Unfenced(broker), decision);
        }
    }

    /// The preferred leaders take over where they can. True if some were left for the next run.
    pub(super) fn elect_preferred(&mut self, fx: &mut Effects) -> bool {
        if !self.image.broker_config.auto_leader_rebalance_enable {
            return false;
        }
        let imbalanced = |partition: &TopicPartition| {
            let registration = self.image.partition(*partition);
            registration.leader != registration.replicas.first().copied()
        };
        let all = (0..self.image.partitions.len() as u32).map(TopicPartition);
        let candidates = all.filter(imbalanced).collect::<Vec<_>>();
        let mut decision = Decision::default();
        let more =
            self.elect(&candidates, Election::Preferred, ChangeCause::PreferredElection, &mut decision);
        self.commit(decision, fx);
        more
    }

    /// Leaderless partitions whose topic allows it get whoever is alive. True if some were left for the next run.
    pub(super) fn elect_unclean(&mut self, fx: &mut Effects) -> bool {
        let allowed = |&partition: &TopicPartition| self.unclean_allowed(partition);
        let candidates = self.index.leaderless().filter(allowed).collect::<Vec<_>>();
        let mut decision = Decision::default();
        let more = self.elect(&candidates, Election::Unclean, ChangeCause::UncleanElection, &mut decision);
        self.commit(decision, fx);
        more
    }

    fn elect(
        &self,
        candidates: &[TopicPartition],
        election: Election,
        cause: ChangeCause,
        decision: &mut Decision,
    ) -> bool {
        for &partition in candidates {
            if decision.records.len() as u32 >= MAX_ELECTIONS {
                return true;
            }
            let change = self.built(partition, &|replica| is_active(&self.image, replica), |builder| {
                builder.election = election;
            });
            self.add_change(partition, change, cause, decision);
        }
        false
    }

    fn change_for_broker(
        &self,
        partition: TopicPartition,
        change: BrokerChange,
        cause: ChangeCause,
        decision: &mut Decision,
    ) {
        let acceptable = |replica| change.accepts(&self.image, replica);
        let after = self.built(partition, &acceptable, |builder| {
            builder.election = self.election_at_events(partition);
            match change {
                BrokerChange::Leaves(broker) => builder.target_isr.retain(|&member| member != broker.0),
                BrokerChange::LeavesUncleanly(broker) => {
                    builder.target_isr.retain(|&member| member != broker.0);
                    builder.unclean_shutdown = vec![broker.0];
                }
                BrokerChange::Joins(_) => {}
            }
        });
        self.add_change(partition, after, cause, decision);
    }

    fn add_change(
        &self,
        partition: TopicPartition,
        after: Option<PartitionRegistration>,
        cause: ChangeCause,
        decision: &mut Decision,
    ) {
        if let Some(after) = after {
            let before = self.image.partitions[partition.index()].clone();
            decision.change_partition(partition, before, after, cause);
        }
    }

    /// The partition after what the builder, told by `wish` what is wanted, decides; none if nothing changes.
    pub(super) fn built(
        &self,
        partition: TopicPartition,
        acceptable: &dyn Fn(BrokerId) -> bool,
        wish: impl FnOnce(&mut PartitionChangeBuilder),
    ) -> Option<PartitionRegistration> {
        let mut plain = to_plain(self.image.partition(partition));
        let acceptable = |replica| acceptable(BrokerId(replica));
        let min_isr = self.image.min_insync_replicas(partition);
        let mut builder = PartitionChangeBuilder::new(&plain, &acceptable, min_isr);
        wish(&mut builder);
        let change = builder.build()?;
        plain.apply(&change);
        Some(to_registration(&plain))
    }

    /// Which election an event brings: unclean where the topic allows it.
    fn election_at_events(&self, partition: TopicPartition) -> Election {
        if self.unclean_allowed(partition) { Election::Unclean } else { Election::Online }
    }

    fn unclean_allowed(&self, partition: TopicPartition) -> bool {
        self.image.topic_of(partition).config.unclean_leader_election
    }
}

/// Whether a broker may lead and be in an ISR.
pub fn is_active(image: &MetadataImage, broker: BrokerId) -> bool {
    image.broker(broker).is_some_and(|registration| registration.is_active())
}
