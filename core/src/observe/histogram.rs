//! A latency histogram in whole numbers: 16 buckets to every doubling, so a percentile is within 6.3 % above the truth.
use super::report::Latency;

const STEPS_BITS: u32 = 4;
const STEPS: u64 = 1 << STEPS_BITS;

/// Latencies in microseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max_us: u64,
}

impl Histogram {
    /// Adds `count` records of one latency.
    pub fn add(&mut self, latency_us: u64, count: u64) {
        let at = bucket(latency_us);
        if self.buckets.len() <= at {
            self.buckets.resize(at + 1, 0);
        }
        self.buckets[at] += count;
        self.count += count;
        self.max_us = self.max_us.max(latency_us);
    }

    /// Adds `count` records whose latencies lie evenly between two, ends included.
    pub fn add_spread(&mut self, first_us: u64, last_us: u64, count: u64) {
        const POINTS_MAX: u64 = 16;
        let points = count.clamp(1, POINTS_MAX);
        let (low, span) = (first_us.min(last_us), first_us.abs_diff(last_us));
        for point in 0..points {
            let records = count * (point + 1) / points - count * point / points;
            self.add(low + span * point / (points - 1).max(1), records);
        }
    }

    /// Empties it, and keeps its room.
    pub fn clear(&mut self) {
        self.buckets.fill(0);
        (self.count, self.max_us) = (0, 0);
    }

    /// In figures.
    pub fn latency(&self) -> Latency {
        Latency {
            count: self.count,
            p50_us: self.percentile(50),
            p95_us: self.percentile(95),
            p99_us: self.percentile(99),
            max_us: self.max_us,
        }
    }

    fn percentile(&self, percent: u64) -> u64 {
        let wanted = (self.count * percent).div_ceil(100);
        let mut seen = 0;
        for (at, &count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted && seen > 0 {
                return upper_edge(at as u64).min(self.max_us);
            }
        }
        self.max_us
    }
}

fn bucket(value: u64) -> usize {
    let value = value.max(1);
    let bits = value.ilog2();
    if bits < STEPS_BITS {
        return value as usize;
    }
    let shift = bits - STEPS_BITS;
    ((u64::from(shift) << STEPS_BITS) + (value >> shift)) as usize
}

/// The largest value of a bucket.
fn upper_edge(bucket: u64) -> u64 {
    if bucket < 2 * STEPS {
        return bucket;
    }
    let shift = (bucket >> STEPS_BITS) - 1;
    let base = bucket - (shift << STEPS_BITS);
    ((base + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_below_its_buckets_edge_and_not_far() {
        for value in (1..5_000).chain([1 << 20, (1 << 40) + 12345]) {
            let edge = upper_edge(bucket(value) as u64);
            assert!(edge >= value && edge - value <= value / 16 + 1, "{value} {edge}");
        }
    }

    #[test]
    fn percentiles_of_a_hundred_records() {
        let mut histogram = Histogram::default();
        for value in 1..=100 {
            histogram.add(value * 1_000, 1);
        }
        let latency = histogram.latency();
        assert_eq!((latency.count, latency.max_us), (100, 100_000));
        assert!((50_000..=53_200).contains(&latency.p50_us), "{}", latency.p50_us);
        assert!((99_000..=100_000).contains(&latency.p99_us), "{}", latency.p99_us);
    }

    #[test]
    fn an_emptied_histogram_is_like_a_new_one() {
        let mut histogram = Histogram::default();
        histogram.add(5_000_000, 3);
        histogram.clear();
        assert_eq!(histogram.latency(), Latency::default());
        histogram.add(7, 1);
        assert_eq!((histogram.latency().p50_us, histogram.latency().max_us), (7, 7));
    }

    #[test]
    fn a_spread_keeps_its_count() {
        let mut histogram = Histogram::default();
        histogram.add_spread(100, 2_000, 1_001);
        assert_eq!((histogram.count, histogram.max_us), (1_001, 2_000));
    }
}
