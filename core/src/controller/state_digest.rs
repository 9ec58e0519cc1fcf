//! The controller's state in the digest.
use super::Controller;
use crate::kernel::Digest;
use crate::metadata::{BrokerId, MetadataImage, PartitionRegistration};

impl Controller {
    /// Adds the whole state: the image, what heartbeats told, who waits. The index follows from the image.
    pub fn digest(&self, digest: &mut Digest) {
        image(&self.image, digest);
        self.log.digest(digest);
        digest.u32(self.generation);
        digest.u64(self.brokers.len() as u64);
        for state in &self.brokers {
            digest.bool(state.contact.is_some());
            digest.u64(state.contact.unwrap_or_default().0);
            digest.u64(state.metadata_offset);
            digest.u64(state.registration_offset);
            digest.bool(state.shutdown_offset.is_some());
            digest.u64(state.shutdown_offset.unwrap_or_default());
        }
    }
}

fn image(image: &MetadataImage, digest: &mut Digest) {
    digest.u64(image.offset);
    digest.u64(image.brokers.len() as u64);
    for broker in &image.brokers {
        digest.text(&broker.rack);
        digest.u64(broker.epoch);
        digest.u32(broker.incarnation);
        digest.bool(broker.registered);
        digest.bool(broker.fenced);
        digest.bool(broker.in_controlled_shutdown);
    }
    digest.u64(image.topics.len() as u64);
    for topic in &image.topics {
        digest.text(&topic.name);
        digest.u64(topic.partitions.len() as u64);
        digest.bool(topic.internal);
        // Of the configurations what the controller decides by; the rest shows in what others do.
        digest.u32(topic.config.min_insync_replicas);
        digest.bool(topic.config.unclean_leader_election);
    }
    digest.u64(image.partitions.len() as u64);
    image.partitions.iter().for_each(|registration| partition(registration, digest));
}

fn partition(partition: &PartitionRegistration, digest: &mut Digest) {
    list(&partition.replicas, digest);
    list(&partition.isr, digest);
    list(&partition.elr, digest);
    list(&partition.last_known_elr, digest);
    // 0 for none: brokers are numbered from 1.
    digest.u32(partition.leader.map_or(0, |leader| leader.0));
    digest.u32(partition.leader_epoch);
    digest.u32(partition.partition_epoch);
    digest.bool(partition.recovering);
}

fn list(brokers: &[BrokerId], digest: &mut Digest) {
    digest.u64(brokers.len() as u64);
    brokers.iter().for_each(|broker| digest.u32(broker.0));
}
