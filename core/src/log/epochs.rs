//! The leader epoch cache (KIP-101, KIP-279): where each leader's writing began.

/// Entries (epoch, start offset), strictly increasing in both (`LeaderEpochFileCache`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct LeaderEpochCache {
    entries: Vec<(u32, u64)>,
    /// The epoch of the last entry, which every append and every fetch asks for.
    latest: Option<u32>,
}

/// The answer to "where did this epoch end": the largest epoch not above the one asked for, and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The epoch found.
    pub epoch: u32,
    /// The offset after its last record.
    pub end_offset: u64,
}

impl LeaderEpochCache {
    /// Notes that `epoch` began at `start_offset`; later entries that conflict are dropped (R-E1).
    pub fn assign(&mut self, epoch: u32, start_offset: u64) {
        if let Some(&(last_epoch, last_start)) = self.entries.last() {
            if epoch == last_epoch && start_offset >= last_start {
                return;
            }
            self.entries.retain(|&(e, start)| e < epoch && start < start_offset);
        }
        self.entries.push((epoch, start_offset));
        self.latest = Some(epoch);
    }

    /// Where `epoch` ended, given the log end (R-E2). `None`: undefined.
    #[inline]
    pub fn end_offset_for(&self, epoch: u32, log_end_offset: u64) -> Option<EpochEnd> {
        if self.latest() == Some(epoch) {
            return Some(EpochEnd { epoch, end_offset: log_end_offset });
        }
        let next = self.entries.iter().position(|&(e, _)| e > epoch)?;
        let end_offset = self.entries[next].1;
        let found = if next == 0 { epoch } else { self.entries[next - 1].0 };
        Some(EpochEnd { epoch: found, end_offset })
    }

    /// The newest epoch.
    #[inline]
    pub fn latest(&self) -> Option<u32> {
        self.latest
    }

    /// The epoch of the record before `offset`, if there is one.
    pub fn epoch_before(&self, offset: u64) -> Option<u32> {
        self.entries.iter().rev().find(|&&(_, start)| start < offset).map(|&(epoch, _)| epoch)
    }

    /// Drops what starts at or above `offset` (R-E3).
    pub fn truncate_to(&mut self, offset: u64) {
        self.entries.retain(|&(_, start)| start < offset);
        self.latest = self.entries.last().map(|&(epoch, _)| epoch);
    }

    /// The log now starts at `offset`: keeps the newest entry at or below it, moved there (R-E3).
    pub fn advance_start(&mut self, offset: u64) {
        if let Some(at) = self.entries.iter().rposition(|&(_, start)| start <= offset) {
            self.entries.drain(..at);
            self.entries[0].1 = offset;
        }
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[(u32, u64)] {
        &self.entries
    }
}
