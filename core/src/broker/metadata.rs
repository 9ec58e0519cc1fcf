//! What a broker does when metadata reaches it: leads, follows, takes new ISRs and configurations.
use super::Broker;
use super::replica::Replica;
use crate::kernel::SimTime;
use crate::metadata::{BrokerId, MetadataDelta, MetadataImage, MetadataRecord, TopicId, TopicPartition};
use crate::node::Effects;
use crate::trace::Fact;
use std::sync::Arc;

impl Broker {
    pub(super) fn apply_metadata(&mut self, now: SimTime, deltas: &[MetadataDelta], fx: &mut Effects) {
        for delta in deltas {
            if delta.image.offset <= self.image.offset {
                continue;
            }
            let follows_on = delta.base_offset == self.image.offset && !delta.records.is_empty();
            let before = std::mem::replace(&mut self.image, delta.image.clone());
            if follows_on {
                for record in delta.records.iter() {
                    self.apply_record(now, record, fx);
                }
            } else {
                self.apply_difference(now, &before, fx);
            }
        }
        self.run_fetchers(now, fx);
        self.fetch_metadata(fx);
    }

    fn apply_record(&mut self, now: SimTime, record: &MetadataRecord, fx: &mut Effects) {
        match record {
            MetadataRecord::Topic { topic, .. } => {
                for &partition in &topic.partitions {
                    self.apply_partition(now, partition, fx);
                }
            }
            MetadataRecord::PartitionChange { partition, .. } => self.apply_partition(now, *partition, fx),
            MetadataRecord::TopicConfig { topic, .. } => self.apply_topic_config(now, *topic, fx),
            MetadataRecord::BrokerRegistrationChange { .. } => self.sessions.recheck_followers(),
            MetadataRecord::RegisterBroker { .. } => {}
            MetadataRecord::BrokerConfig { .. } => {
                for topic in 0..self.image.topics.len() {
                    self.apply_topic_config(now, TopicId(topic as u16), fx);
                }
            }
        }
    }

    /// A snapshot, or a jump: looks at everything that differs.
    fn apply_difference(&mut self, now: SimTime, before: &MetadataImage, fx: &mut Effects) {
        self.sessions.recheck_followers();
        for at in 0..self.image.partitions.len() {
            let same =
                before.partitions.get(at).is_some_and(|old| Arc::ptr_eq(old, &self.image.partitions[at]));
            if !same {
                self.apply_partition(now, TopicPartition(at as u32), fx);
            }
        }
        for at in 0..self.image.topics.len() {
            let same = before.topics.get(at).is_some_and(|old| Arc::ptr_eq(old, &self.image.topics[at]));
            if !same {
                self.apply_topic_config(now, TopicId(at as u16), fx);
            }
        }
    }

    fn apply_topic_config(&mut self, now: SimTime, topic: TopicId, fx: &mut Effects) {
        let topic = self.image.topics[topic.0 as usize].clone();
        for &partition in &topic.partitions {
            let min_isr = self.image.min_insync_replicas(partition);
            let replica = self.replicas.get_mut(partition.index()).and_then(Option::as_deref_mut);
            let Some(replica) = replica else { continue };
            replica.config = topic.config.clone();
            if let Some(leading) = replica.leading.as_deref_mut() {
                leading.min_isr = min_isr;
                self.try_advance_high_watermark(now, partition, fx);
            }
        }
    }

    fn apply_partition(&mut self, now: SimTime, partition: TopicPartition, fx: &mut Effects) {
        let image = self.image.clone();
        let registration = image.partition(partition);
        if !registration.replicas.contains(&self.id) {
            return;
        }
        if self.replicas.len() <= partition.index() {
            self.replicas.resize_with(partition.index() + 1, || None);
        }
        if self.replicas[partition.index()].is_none() {
            let (_, index) = image.partition_names[partition.index()];
            let config = image.topic_of(partition).config.clone();
            let replica = Replica::new(partition, index, config, now);
            self.replicas[partition.index()] = Some(Box::new(replica));
        }
        if registration.leader == Some(self.id) {
            self.apply_leadership(now, partition, fx);
        } else {
            self.apply_following(now, partition, registration.leader, registration.leader_epoch, fx);
        }
    }

    fn apply_leadership(&mut self, now: SimTime, partition: TopicPartition, fx: &mut Effects) {
        let image = self.image.clone();
        let registration = image.partition(partition);
        let min_isr = image.min_insync_replicas(partition);
        let own = self.id;
        let replica = self.replicas[partition.index()].as_deref_mut().expect("made by the caller");
        let same_epoch = replica.leader_epoch == registration.leader_epoch;
        if let Some(leading) = replica.leading.as_deref_mut()
            && same_epoch
        {
            if registration.partition_epoch > leading.partition_epoch {
                leading.partition_epoch = registration.partition_epoch;
                leading.isr = registration.isr.clone();
                leading.proposed_isr = None;
                leading.recovering = registration.recovering;
                leading.refresh_maximal_isr();
                self.try_advance_high_watermark(now, partition, fx);
            }
            return;
        }
        let followed = replica.follows;
        let waiting = replica.unlead();
        replica.lead(now, registration, own, min_isr);
        fx.report(|| Fact::BecameLeader { broker: own, partition, epoch: registration.leader_epoch });
        if let Some(leader) = followed {
            self.unfollow(partition, leader);
        }
        self.fail_waiting(now, partition, waiting, fx);
        if let Err(at) = self.leading.binary_search(&partition) {
            self.leading.insert(at, partition);
        }
        self.try_advance_high_watermark(now, partition, fx);
        self.upset_watchers(partition, fx);
        self.load_groups(now, partition, fx);
    }

    fn apply_following(
        &mut self,
        now: SimTime,
        partition: TopicPartition,
        leader: Option<BrokerId>,
        epoch: u32,
        fx: &mut Effects,
    ) {
        let own = self.id;
        let replica = self.replicas[partition.index()].as_deref_mut().expect("made by the caller");
        let led = replica.leading.is_some();
        let changed = led || replica.follows != leader || replica.leader_epoch != epoch;
        if !changed {
            return;
        }
        let waiting = replica.unlead();
        let followed = std::mem::replace(&mut replica.follows, leader);
        replica.leader_epoch = epoch;
        fx.report(|| Fact::BecameFollower { broker: own, partition, leader });
        if led {
            self.leading.retain(|&other| other != partition);
            self.unload_groups(now, partition, fx);
            self.fail_waiting(now, partition, waiting, fx);
            self.upset_watchers(partition, fx);
        }
        if let Some(followed) = followed.filter(|&followed| Some(followed) != leader) {
            self.unfollow(partition, followed);
        }
        if let Some(leader) = leader {
            self.follow(partition, leader);
        }
    }
}
