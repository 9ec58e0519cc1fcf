//! The configuration of a subject, key by key.
use super::report::{ConfigRow, Subject};
use crate::world::World;

/// The simulated keys of a subject: those that differ from Kafka's default first.
pub(super) fn settings(_world: &World, _subject: Subject) -> Vec<ConfigRow> {
    Vec::new()
}
