//! Vectors of messages that were read, kept to write the next ones into: an event then asks the allocator for little.
//!
//! They hold nothing, so nothing a node decides can depend on them.
use crate::log::Batch;
use crate::metadata::TopicPartition;
use crate::wire::{FetchPartition, FetchedPartition, ProduceResult};

/// Empty vectors with room.
#[derive(Debug)]
pub struct Spare<T>(Vec<Vec<T>>);

/// More than are ever of use at once.
const MOST: usize = 64;

impl<T> Spare<T> {
    /// An empty vector, with room if there is one.
    #[inline]
    pub fn take(&mut self) -> Vec<T> {
        self.0.pop().unwrap_or_default()
    }

    /// Keeps a vector whose content nobody needs any more.
    #[inline]
    pub fn give(&mut self, mut used: Vec<T>) {
        if used.capacity() > 0 && self.0.len() < MOST {
            used.clear();
            self.0.push(used);
        }
    }
}

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Spare(Vec::new())
    }
}

/// A copy has none: it is a checkpoint, and those are many.
impl<T> Clone for Spare<T> {
    fn clone(&self) -> Self {
        Spare::default()
    }
}

/// Of the messages that come most often.
#[derive(Clone, Debug, Default)]
pub struct Spares {
    /// Of Fetch requests.
    pub asked: Spare<FetchPartition>,
    /// Of Fetch responses.
    pub fetched: Spare<FetchedPartition>,
    /// Of Fetch responses.
    pub batches: Spare<Batch>,
    /// Of Produce requests.
    pub produced: Spare<(TopicPartition, Batch)>,
    /// Of Produce responses.
    pub results: Spare<ProduceResult>,
}
