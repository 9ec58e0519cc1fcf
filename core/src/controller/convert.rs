//! The one place where the image's partitions meet the pure functions' plain numbers.
use super::partition_change::Partition;
use crate::metadata::{BrokerId, PartitionRegistration};

/// The image's partition as the pure functions take it.
pub fn to_plain(registration: &PartitionRegistration) -> Partition {
    Partition {
        replicas: numbers(&registration.replicas),
        isr: numbers(&registration.isr),
        elr: numbers(&registration.elr),
        last_known_elr: numbers(&registration.last_known_elr),
        adding: Vec::new(),
        removing: Vec::new(),
        leader: registration.leader.map(|leader| leader.0),
        leader_epoch: registration.leader_epoch.cast_signed(),
        partition_epoch: registration.partition_epoch.cast_signed(),
        recovering: registration.recovering,
    }
}

/// What the pure functions made, for the image.
pub fn to_registration(partition: &Partition) -> PartitionRegistration {
    PartitionRegistration {
        replicas: brokers(&partition.replicas),
        isr: brokers(&partition.isr),
        elr: brokers(&partition.elr),
        last_known_elr: brokers(&partition.last_known_elr),
        leader: partition.leader.map(BrokerId),
        leader_epoch: partition.leader_epoch.cast_unsigned(),
        partition_epoch: partition.partition_epoch.cast_unsigned(),
        recovering: partition.recovering,
    }
}

/// Plain numbers as brokers.
pub fn brokers(numbers: &[u32]) -> Vec<BrokerId> {
    numbers.iter().copied().map(BrokerId).collect()
}

/// Brokers as plain numbers.
pub fn numbers(brokers: &[BrokerId]) -> Vec<u32> {
    brokers.iter().map(|broker| broker.0).collect()
}
