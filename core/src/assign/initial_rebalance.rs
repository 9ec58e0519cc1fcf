//! How long a classic group that was empty waits for its first members.
//!
//! Source: `GroupMetadataManager.tryCompleteInitialRebalanceElseSchedule`,
//! `group.initial.rebalance.delay.ms`. Each newcomer within an interval buys another one, until the members'
//! rebalance timeout is used up; nothing makes the wait shorter. Times are in any one unit.

/// A wait under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitialRebalance {
    delay: u64,
    interval: u64,
    remaining: u64,
    newcomer: bool,
}

impl InitialRebalance {
    /// Begins with the member that found the group empty: the wait, and how long its first interval is.
    pub fn start(delay: u64, rebalance_timeout: u64) -> (Self, u64) {
        let remaining = rebalance_timeout.saturating_sub(delay);
        (Self { delay, interval: delay, remaining, newcomer: false }, delay)
    }

    /// A further member joined.
    pub fn member_joined(&mut self) {
        self.newcomer = true;
    }

    /// The interval has passed: the length of the next one, or none when the rebalance completes now.
    pub fn interval_passed(&mut self) -> Option<u64> {
        if !self.newcomer || self.remaining == 0 {
            return None;
        }
        let next = self.delay.min(self.remaining);
        self.remaining = self.remaining.saturating_sub(self.interval);
        self.interval = next;
        self.newcomer = false;
        Some(next)
    }
}
