//! The end of `__cluster_metadata`, and the brokers that fetch from it.
use crate::kernel::{Digest, SimTime};
use crate::metadata::{BrokerId, MetadataDelta, MetadataImage, MetadataRecord};
use crate::node::{Effects, Timer, TimerKind};
use crate::wire::{Message, NodeId};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many batches are kept. Who fetches from before them gets a snapshot.
const KEPT: u32 = 32;
/// A fetch with nothing to answer waits this long (Kafka's MetadataMaxWaitMs), ms.
const MAX_WAIT_MS: u64 = 500;

/// Recent batches, oldest first, and the fetches that wait for the next.
#[derive(Clone, Debug, Default)]
pub struct MetadataLog {
    pub(super) deltas: VecDeque<MetadataDelta>,
    /// By broker.
    fetchers: Vec<Fetcher>,
}

#[derive(Clone, Debug, Default)]
struct Fetcher {
    /// Where the waiting fetch goes on, and its correlation id.
    parked: Option<(u64, u32)>,
    /// Tells its timer from those of fetches before.
    generation: u32,
}

impl MetadataLog {
    /// Adds a batch that led to `image`, and answers all who wait.
    pub fn append(
        &mut self,
        base_offset: u64,
        records: Vec<MetadataRecord>,
        image: &Arc<MetadataImage>,
        fx: &mut Effects,
    ) {
        self.deltas.push_back(MetadataDelta { base_offset, records: records.into(), image: image.clone() });
        if self.deltas.len() as u32 > KEPT {
            self.deltas.pop_front();
        }
        for at in 0..self.fetchers.len() as u32 {
            if let Some((offset, correlation)) = self.fetchers[at as usize].parked.take() {
                let deltas = self.since(offset, image);
                fx.send(BrokerId(at + 1), correlation, Message::MetadataFetchResponse { deltas });
            }
        }
    }

    /// A broker asks for what came after `offset`: it is answered at once or, if nothing did, parked.
    pub fn fetch(
        &mut self,
        now: SimTime,
        from: NodeId,
        correlation: u32,
        offset: u64,
        image: &Arc<MetadataImage>,
        fx: &mut Effects,
    ) {
        let NodeId::Broker(id) = from else { return };
        if offset < image.offset {
            let deltas = self.since(offset, image);
            fx.send(from, correlation, Message::MetadataFetchResponse { deltas });
            return;
        }
        let key = u32::from(id);
        let at = BrokerId(key).index();
        if self.fetchers.len() <= at {
            self.fetchers.resize_with(at + 1, Fetcher::default);
        }
        let fetcher = &mut self.fetchers[at];
        fetcher.generation = fetcher.generation.wrapping_add(1);
        fetcher.parked = Some((offset, correlation));
        let timer = Timer { kind: TimerKind::MetadataFetchWait, key, generation: fetcher.generation };
        fx.timer(now.plus_ms(MAX_WAIT_MS), timer);
    }

    /// A parked fetch waited long enough: it is answered with nothing.
    pub fn waited(&mut self, timer: Timer, fx: &mut Effects) {
        let broker = BrokerId(timer.key);
        let Some(fetcher) = self.fetchers.get_mut(broker.index()) else { return };
        if fetcher.generation != timer.generation {
            return;
        }
        if let Some((_, correlation)) = fetcher.parked.take() {
            fx.send(broker, correlation, Message::MetadataFetchResponse { deltas: Vec::new() });
        }
    }

    /// The connection to a broker is gone, and its fetch with it.
    pub fn forget(&mut self, node: NodeId) {
        let NodeId::Broker(id) = node else { return };
        if let Some(fetcher) = self.fetchers.get_mut(BrokerId(u32::from(id)).index()) {
            fetcher.parked = None;
        }
    }

    /// What leads from `offset` to the newest image: the batches in between or, if they are no longer kept, one
    /// delta without records that stands for a snapshot: its image is the newest, whatever came between.
    fn since(&self, offset: u64, image: &Arc<MetadataImage>) -> Vec<MetadataDelta> {
        match self.deltas.iter().position(|delta| delta.base_offset == offset) {
            Some(at) => self.deltas.iter().skip(at).cloned().collect(),
            None => {
                let image = image.clone();
                vec![MetadataDelta { base_offset: offset, records: Arc::from([]), image }]
            }
        }
    }

    /// Adds who waits. The batches follow from the image and from what was sent.
    pub fn digest(&self, digest: &mut Digest) {
        digest.u64(self.fetchers.len() as u64);
        for fetcher in &self.fetchers {
            digest.bool(fetcher.parked.is_some());
            let (offset, correlation) = fetcher.parked.unwrap_or_default();
            digest.u64(offset);
            digest.u32(correlation);
            digest.u32(fetcher.generation);
        }
        digest.u64(self.deltas.front().map_or(0, |delta| delta.base_offset));
    }
}
