//! A decision on its way to become metadata.
use super::Controller;
use crate::metadata::{MetadataRecord, PartitionRegistration, TopicPartition};
use crate::node::Effects;
use crate::trace::{ChangeCause, Fact};
use std::sync::Arc;

/// Records that belong together, and what observers are told once they are written.
#[derive(Debug, Default)]
pub struct Decision {
    /// In the order they are replayed.
    pub records: Vec<MetadataRecord>,
    /// In the order they are reported.
    pub facts: Vec<Fact>,
}

impl Decision {
    /// Adds a change of a partition.
    pub fn change_partition(
        &mut self,
        partition: TopicPartition,
        before: Arc<PartitionRegistration>,
        after: PartitionRegistration,
        cause: ChangeCause,
    ) {
        let after = Arc::new(after);
        self.records.push(MetadataRecord::PartitionChange { partition, registration: after.clone() });
        self.facts.push(Fact::PartitionChanged { partition, before, after, cause });
    }
}

impl Controller {
    /// Writes a decision: replays its records on the image, tells those who wait for news, reports.
    ///
    /// There is one controller, so what is written is committed. With a quorum the records would be replayed here
    /// as now, and fetches and replies be answered once the high watermark of `__cluster_metadata` passes them.
    pub(super) fn commit(&mut self, decision: Decision, fx: &mut Effects) {
        let Decision { records, facts } = decision;
        if !records.is_empty() {
            let base_offset = self.image.offset;
            let image = Arc::make_mut(&mut self.image);
            for record in &records {
                self.index.follow(record, image);
                image.replay(record);
            }
            self.log.append(base_offset, records, &self.image, fx);
        }
        facts.into_iter().for_each(|fact| fx.report(|| fact));
    }
}
