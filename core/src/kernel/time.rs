//! Virtual time.
use std::fmt;

/// A moment of virtual time: whole microseconds since the run began.
///
/// Below 2^53, so it crosses to JavaScript exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SimTime(pub u64);

impl SimTime {
    /// The beginning of every run.
    pub const ZERO: SimTime = SimTime(0);
    /// A moment no run reaches: "never".
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The moment `ms` milliseconds after the beginning.
    pub const fn from_ms(ms: u64) -> Self {
        SimTime(times(ms, 1_000))
    }

    /// The moment `s` seconds after the beginning.
    pub const fn from_secs(s: u64) -> Self {
        SimTime(times(s, 1_000_000))
    }

    /// Whole milliseconds since the beginning, as Kafka's clocks count.
    pub const fn as_ms(self) -> u64 {
        self.0 / 1_000
    }

    /// This moment and `ms` milliseconds.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        self.plus_us(times(ms, 1_000))
    }

    /// This moment and `us` microseconds.
    #[must_use]
    pub const fn plus_us(self, us: u64) -> Self {
        SimTime(self.0.saturating_add(us))
    }

    /// Microseconds from `earlier` to this moment; 0 if `earlier` is later.
    pub const fn since_us(self, earlier: SimTime) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Milliseconds from `earlier` to this moment, rounded down; 0 if `earlier` is later.
    pub const fn since_ms(self, earlier: SimTime) -> u64 {
        self.since_us(earlier) / 1_000
    }
}

/// `a * b`, or the largest number there is. WebAssembly has no instruction that tells an overflow: what
/// `saturating_mul` makes of it there is a call for each moment that is computed.
const fn times(a: u64, b: u64) -> u64 {
    if a > u64::MAX / b { u64::MAX } else { a * b }
}

impl fmt::Display for SimTime {
    /// Seconds with three decimals: `12.004`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}
