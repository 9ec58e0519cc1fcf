//! A replica's log: batches in chunks, Kafka's segments over them, leader epochs, producers' sequences.
//!
//! This room knows nothing of brokers, messages or leadership: it is told what to append and what to cut.
mod batch;
mod chunk;
mod epochs;
mod producers;
mod segments;
mod store;

pub use batch::{
    Batch, CommitRecord, GroupRecord, MemberRecord, NO_PRODUCER, NO_SEQUENCE, Payload, SourceId, TypedRecord,
};
pub use epochs::{EpochEnd, LeaderEpochCache};
pub use producers::{ProducerStates, SequenceCheck};
pub use segments::{Segment, Segments};
pub use store::{Log, LogPosition};
