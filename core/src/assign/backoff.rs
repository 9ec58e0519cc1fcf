//! How long a client waits before it tries again.
//!
//! Source: `ExponentialBackoff` (KIP-580) with the producer's `retry.backoff.ms` and `retry.backoff.max.ms`.
//! Kafka reaches the cap through floating point and so sometimes answers 999 for 1000; here it is 1000.

/// The clients' jitter: a fifth to either side.
pub const CLIENT_JITTER_PERMILLE: u32 = 200;

/// Initial wait, growth and cap, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExponentialBackoff {
    initial_ms: u64,
    multiplier: u32,
    max_ms: u64,
    jitter_permille: u32,
}

impl ExponentialBackoff {
    /// A backoff that is constant when `max_ms` leaves no room above `initial_ms`.
    pub fn new(initial_ms: u64, multiplier: u32, max_ms: u64, jitter_permille: u32) -> Self {
        assert!(jitter_permille <= 1000, "a jitter is at most the whole wait");
        Self { initial_ms: initial_ms.min(max_ms), multiplier, max_ms, jitter_permille }
    }

    /// The wait after `attempts` earlier retries (0 before the first one), `draw` being uniform over u16.
    ///
    /// The cap comes after the jitter, so a wait at the cap varies downwards only.
    pub fn wait_ms(&self, attempts: u32, draw: u16) -> u64 {
        let nominal = self.nominal_ms(attempts);
        if self.max_ms <= self.initial_ms {
            return nominal;
        }
        let (jitter, draw) = (u128::from(self.jitter_permille), u128::from(draw));
        let factor = ((1000 - jitter) << 16) + 2 * jitter * draw;
        let wait = u128::from(nominal) * factor / (1000 << 16);
        u64::try_from(wait).unwrap_or(u64::MAX).min(self.max_ms)
    }

    /// The same without jitter.
    pub fn nominal_ms(&self, attempts: u32) -> u64 {
        let growth = u64::from(self.multiplier).saturating_pow(attempts);
        self.initial_ms.saturating_mul(growth).min(self.max_ms)
    }
}
