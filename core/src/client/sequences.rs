//! Sequences of an idempotent producer after a failure: gaps are resolved, or the epoch is bumped and what is under way
//! numbered anew.
use super::accumulator::Parcel;
use super::idempotence::Sequences;
use super::producer::{Producer, Request};
use crate::log::{Batch, NO_PRODUCER};

impl Producer {
    pub(super) fn unsettle(&mut self, partition: u32) {
        if !self.unsettled.contains(&partition) {
            self.unsettled.push(partition);
        }
    }

    pub(super) fn ask_new_epoch(&mut self, partition: u32) {
        self.queues[partition as usize].sequences.restart = true;
        self.identity.bump = true;
        self.unsettle(partition);
    }

    /// Resolves gaps that turned out to be none, and bumps the epoch where they are real (R-I5 to R-I7).
    pub(super) fn settle_sequences(&mut self) {
        if self.unsettled.is_empty() {
            return;
        }
        for &partition in &self.unsettled {
            let sequences: &mut Sequences = &mut self.queues[partition as usize].sequences;
            let known = sequences.restart;
            sequences.resolve();
            self.identity.bump |= sequences.restart && !known;
        }
        if self.identity.bump {
            self.identity.next_epoch();
        }
        if self.identity.id == NO_PRODUCER {
            // Sequences start again under the identity that is on its way.
            return;
        }
        let unsettled = std::mem::take(&mut self.unsettled);
        for partition in unsettled {
            if self.queues[partition as usize].sequences.restart {
                self.restart_sequences(partition);
            }
            if self.queues[partition as usize].sequences.unresolved().is_some() {
                self.unsettled.push(partition);
            }
        }
    }

    /// Gives the batches of a partition that are in flight, or about to be retried, new sequences from 0 on.
    fn restart_sequences(&mut self, partition: u32) {
        let queue = &mut self.queues[partition as usize];
        let old: Vec<i32> = queue.sequences.in_flight().to_vec();
        let mut parcels: Vec<&mut Parcel> =
            queue.waiting.iter_mut().filter(|parcel| parcel.has_sequence()).collect();
        for request in self.network.pending_mut() {
            if let Request::Produce(sent) = request {
                parcels
                    .extend(sent.iter_mut().filter(|parcel| parcel.partition == partition && !parcel.done));
            }
        }
        parcels.sort_by_key(|parcel| old.iter().position(|&sequence| sequence == parcel.batch.base_sequence));
        let numbered: Vec<(i32, u32)> =
            parcels.iter().map(|parcel| (parcel.batch.base_sequence, parcel.batch.count)).collect();
        let new = queue.sequences.restart(&self.identity, &numbered);
        for (parcel, sequence) in parcels.into_iter().zip(new) {
            let batch: &mut Batch = &mut parcel.batch;
            batch.base_sequence = sequence;
            batch.producer_id = self.identity.id;
            batch.producer_epoch = self.identity.epoch;
            parcel.renumbered = true;
        }
    }
}
