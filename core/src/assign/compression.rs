//! What a producer believes a batch will weigh before it has compressed it.
//!
//! Source: `MemoryRecordsBuilder.estimatedBytesWritten` and `CompressionRatioEstimator`. Kafka holds the ratio
//! as a 32-bit float, and a batch's estimate shows it; here the ratio is in thousandths and the three roundings
//! are made in integers.
use super::record_size::BATCH_OVERHEAD;

/// How uncompressed record bytes become expected bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchEstimate {
    ratio: Option<Float32>,
}

impl BatchEstimate {
    /// No compression: the estimate is exact.
    pub const UNCOMPRESSED: Self = Self { ratio: None };

    /// Compression expected to reach `ratio` thousandths.
    pub fn compressed(ratio: u32) -> Self {
        Self { ratio: Some(Float32::from_thousandths(ratio.max(1))) }
    }

    /// The expected size of a batch, header included, that holds so many uncompressed record bytes. Kafka adds
    /// five per cent for safety where it compresses.
    pub fn batch_bytes(self, uncompressed: u64) -> u64 {
        let records = match self.ratio {
            None => uncompressed,
            Some(ratio) => Float32::rounded(uncompressed, 0).times(ratio).times(MARGIN).truncated(),
        };
        BATCH_OVERHEAD + records
    }

    /// The most uncompressed record bytes whose batch is expected to be at most `bytes`; none if no batch is.
    pub fn max_uncompressed(self, bytes: u64) -> Option<u64> {
        let records = bytes.checked_sub(BATCH_OVERHEAD)?;
        let Some(ratio) = self.ratio else { return Some(records) };
        let mut most = (u128::from(records + 1) << 40) / u128::from(ratio.times(MARGIN).in_2_40ths());
        while self.batch_bytes(most as u64) > bytes {
            most -= 1;
        }
        while self.batch_bytes(most as u64 + 1) <= bytes {
            most += 1;
        }
        Some(most as u64)
    }
}

/// Kafka's `COMPRESSION_RATE_ESTIMATION_FACTOR`, the 32-bit float next to 1.05.
const MARGIN: Float32 = Float32 { mantissa: 8_808_038, exponent: -23 };

/// A positive number as a 32-bit float holds it: 24 bits times a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Float32 {
    mantissa: u64,
    exponent: i32,
}

impl Float32 {
    /// The nearest one, the even one of two equally near.
    fn rounded(mantissa: u64, exponent: i32) -> Self {
        let excess = (64 - mantissa.leading_zeros()).saturating_sub(24);
        if excess == 0 {
            return Self { mantissa, exponent };
        }
        let (kept, half) = (mantissa >> excess, 1 << (excess - 1));
        let cut = mantissa & (2 * half - 1);
        let up = cut > half || cut == half && kept % 2 == 1;
        Self { mantissa: kept + u64::from(up), exponent: exponent + excess as i32 }
    }

    /// The last bit says whether the division left something, so that no tie is seen where there is none.
    fn from_thousandths(thousandths: u32) -> Self {
        let scaled = u64::from(thousandths) << 30;
        Self::rounded(2 * (scaled / 1000) + u64::from(!scaled.is_multiple_of(1000)), -31)
    }

    fn times(self, other: Self) -> Self {
        Self::rounded(self.mantissa * other.mantissa, self.exponent + other.exponent)
    }

    fn truncated(self) -> u64 {
        match self.exponent {
            left @ 0.. => self.mantissa << left,
            right => self.mantissa >> right.unsigned_abs().min(63),
        }
    }

    fn in_2_40ths(self) -> u64 {
        Self { exponent: self.exponent + 40, ..self }.truncated()
    }
}

/// The ratio estimate, in thousandths, after a batch was seen to reach `observed`: quick to rise, slow to fall.
pub fn observe_ratio(estimate: u32, observed: u32) -> u32 {
    if observed > estimate { observed.max(estimate + 50) } else { observed.max(estimate.saturating_sub(5)) }
}
