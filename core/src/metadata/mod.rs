//! The records that controllers write, and the image that brokers and clients build from them.
//!
//! This room knows nothing of messages, nodes' behaviour or time.
mod image;
mod names;

pub use image::{
    BrokerRegistration, MetadataDelta, MetadataImage, MetadataRecord, PartitionRegistration, TopicImage,
};
pub use names::{BrokerId, GroupId, NO_OFFSET, TopicId, TopicPartition};
