//! What a producer is asked to send: how often, under which keys, how large.
//!
//! A record is never stored. Its key and its size are functions of its substream (this producer, that
//! partition) and its ordinal there; who does not ask does not pay.
use super::arrivals::Share;
use crate::assign::murmur2::partition_for_key;
use crate::assign::record_size::RecordShape;
use crate::kernel::{Draws, Purpose, SimTime};
use crate::log::{Batch, Payload};
use std::sync::Arc;

const KEY: Purpose = Purpose::new("key of a record");
const VALUE: Purpose = Purpose::new("value size of a record");

/// The load of one producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// How often records come.
    pub rate: Rate,
    /// Their keys.
    pub keys: Keys,
    /// What keys begin with: key 7 is `user-7` with the prefix `user-`.
    pub key_prefix: String,
    /// Fewest bytes of a value.
    pub value_bytes_min: u32,
    /// Most bytes of a value; sizes between are equally likely.
    pub value_bytes_max: u32,
}

/// How often records come, in thousandths of a record a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// Evenly spaced.
    Constant {
        /// The rate.
        milli_per_s: u64,
    },
    /// Independent of each other, as many users' clicks are.
    Poisson {
        /// The mean rate.
        milli_per_s: u64,
    },
    /// Evenly spaced, but more often for some time from the start of each period on.
    Bursts {
        /// The rate between bursts.
        base_milli_per_s: u64,
        /// The rate in a burst.
        burst_milli_per_s: u64,
        /// From the start of a burst to that of the next.
        period_ms: u64,
        /// How long a burst lasts.
        burst_ms: u64,
    },
}

/// Which keys records have. Keys are numbered from 0, the most frequent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// No keys.
    None,
    /// All equally likely.
    Uniform {
        /// How many there are.
        count: u32,
    },
    /// Key i has the weight `1 / (i + 1)^exponent`.
    Zipf {
        /// How many there are.
        count: u32,
        /// The exponent, in thousandths.
        exponent_milli: u32,
    },
    /// Key 0 is hot, the others equally likely.
    Hot {
        /// How many there are.
        count: u32,
        /// How many of a hundred records have key 0.
        hot_percent: u32,
    },
}

impl Keys {
    /// How many keys there are; 0 for records without keys.
    pub const fn count(self) -> u32 {
        match self {
            Keys::None => 0,
            Keys::Uniform { count } | Keys::Zipf { count, .. } | Keys::Hot { count, .. } => count,
        }
    }

    /// The weight of key `i`.
    fn weight(self, i: u32, zipf: &PowersOfTwo) -> u64 {
        match self {
            Keys::None => 0,
            Keys::Uniform { .. } => 1,
            Keys::Hot { count: 1, .. } => 1,
            Keys::Hot { count, hot_percent } if i == 0 => {
                u64::from(hot_percent.min(100)) * u64::from(count - 1)
            }
            Keys::Hot { hot_percent, .. } => u64::from(100 - hot_percent.min(100)),
            Keys::Zipf { exponent_milli, .. } => {
                let exponent = log2(i + 1) * u64::from(exponent_milli) / 1_000;
                zipf.two_to_minus(exponent).max(1)
            }
        }
    }
}

/// The logarithm to base 2, in 1/16,777,216, rounded down: one bit a squaring.
fn log2(x: u32) -> u64 {
    let whole = x.ilog2();
    let mut bits = u64::from(whole);
    let mut rest = u64::from(x) << (31 - whole);
    for _ in 0..24 {
        rest = ((u128::from(rest) * u128::from(rest)) >> 31) as u64;
        let above = rest >> 32;
        rest >>= above;
        bits = bits << 1 | above;
    }
    bits
}

/// 2^-(1/2), 2^-(1/4), ... in 2^-32: what powers of two with a fraction are made of.
struct PowersOfTwo([u64; 24]);

impl PowersOfTwo {
    fn new() -> Self {
        let mut power = 1_u64 << 31;
        PowersOfTwo(std::array::from_fn(|_| {
            // The root of x / 2^32 is root(x * 2^32) / 2^32.
            power = (u128::from(power) << 32).isqrt() as u64;
            power
        }))
    }

    /// 2^(40 - x), `x` in 1/16,777,216.
    fn two_to_minus(&self, x: u64) -> u64 {
        let (whole, fraction) = (x >> 24, x & 0xff_ffff);
        if whole > 40 {
            return 0;
        }
        let mut power = 1_u64 << 32;
        for (i, factor) in self.0.iter().enumerate() {
            if fraction >> (23 - i) & 1 == 1 {
                power = ((u128::from(power) * u128::from(*factor)) >> 32) as u64;
            }
        }
        (power << 8) >> whole
    }
}

/// Where each key goes, and what part of the load that makes of each partition.
#[derive(Debug)]
struct KeyTable {
    /// Where the keys of each partition start in the two lists below; one more than there are partitions.
    starts: Vec<u32>,
    /// The keys, partition by partition, ascending within.
    keys: Vec<u32>,
    /// The weights of a partition's keys, summed up to and including this one.
    sums: Vec<u64>,
    /// The weight of all keys.
    total: u64,
}

impl KeyTable {
    /// The keys by the partitions that `place` puts them in.
    fn new(keys: Keys, partitions: u32, place: impl Fn(u32) -> u32) -> Self {
        let places: Vec<u32> = (0..keys.count()).map(place).collect();
        let mut starts = vec![0; partitions as usize + 1];
        for &partition in &places {
            starts[partition as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut table =
            KeyTable { starts, keys: vec![0; places.len()], sums: vec![0; places.len()], total: 0 };
        let mut filled: Vec<u32> = table.starts.clone();
        let powers = PowersOfTwo::new();
        for (key, &partition) in (0..).zip(&places) {
            let at = filled[partition as usize];
            let before = if at == table.starts[partition as usize] { 0 } else { table.sums[at as usize - 1] };
            let weight = keys.weight(key, &powers);
            table.keys[at as usize] = key;
            table.sums[at as usize] = before + weight;
            table.total += weight;
            filled[partition as usize] += 1;
        }
        table
    }

    fn of(&self, partition: u32) -> (&[u32], &[u64]) {
        let place = partition as usize;
        let range = self.starts[place] as usize..self.starts[place + 1] as usize;
        (&self.keys[range.clone()], &self.sums[range])
    }

    /// The partition's part of the load, in 1/1,048,576, rounded; not 0 if it has a key at all.
    fn share(&self, partition: u32) -> Share {
        let sum = self.of(partition).1.last().copied().unwrap_or(0);
        let part = (u128::from(sum) << 20).div_ceil(u128::from(self.total.max(1)));
        Share { part: part as u32, of: 1 << 20 }
    }
}

/// The records of one producer to one topic: what their ordinals mean. Cheap to clone, and all that views need.
#[derive(Clone, Debug)]
pub struct Records {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    workload: Arc<Workload>,
    draws: Draws,
    /// One partition's if keys do not decide where records go.
    table: Option<KeyTable>,
    keyed: bool,
    /// The shape of every record, if they have only one.
    shape: Option<RecordShape>,
    /// The shape of the largest record there can be.
    largest: RecordShape,
}

/// A record as a person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// Its key; `None` is Kafka's null key.
    pub key: Option<String>,
    /// The size of its value.
    pub value_bytes: u32,
    /// The value, if a person typed it.
    pub value: Option<String>,
    /// When it was created.
    pub created: SimTime,
}

impl Records {
    /// The records of a workload to a topic of so many partitions. `keyed`: keys decide where records go.
    pub fn new(workload: Arc<Workload>, draws: Draws, partitions: u32, keyed: bool) -> Self {
        let keyed = keyed && workload.keys != Keys::None;
        let table = match workload.keys {
            Keys::None => None,
            keys if keyed => Some(KeyTable::new(keys, partitions, |key| {
                partition_for_key(key_text(&workload, key).as_bytes(), partitions)
            })),
            keys => Some(KeyTable::new(keys, 1, |_| 0)),
        };
        let fixed = workload.keys.count() == 0 && workload.value_bytes_min == workload.value_bytes_max;
        let shape = fixed.then(|| RecordShape::new(None, Some(workload.value_bytes_min)));
        let longest_key =
            workload.keys.count().checked_sub(1).map(|key| key_text(&workload, key).len() as u32);
        let most = workload.value_bytes_max.max(workload.value_bytes_min);
        let largest = RecordShape::new(longest_key, Some(most));
        Records { inner: Arc::new(Inner { workload, draws, table, keyed, shape, largest }) }
    }

    /// Whether keys decide where records go.
    pub fn keyed(&self) -> bool {
        self.inner.keyed
    }

    /// What part of the load goes to a partition by its keys.
    pub(super) fn share(&self, partition: u32) -> Share {
        match &self.inner.table {
            Some(table) if self.inner.keyed => table.share(partition),
            _ => Share::ALL,
        }
    }

    fn keys_of(&self, partition: u32) -> Option<(&[u32], &[u64])> {
        let table = self.inner.table.as_ref()?;
        Some(table.of(if self.inner.keyed { partition } else { 0 }))
    }

    fn key_place(&self, partition: u32, ordinal: u64) -> Option<u32> {
        let (keys, sums) = self.keys_of(partition)?;
        let total = *sums.last()?;
        let point = self.inner.draws.part(u64::from(partition)).at(KEY, ordinal).below_u64(total);
        Some(keys[sums.partition_point(|&sum| sum <= point)])
    }

    /// The number of a record's key, if records have keys.
    pub fn key_of(&self, partition: u32, ordinal: u64) -> Option<u32> {
        self.key_place(partition, ordinal)
    }

    /// The size of a record's value.
    pub fn value_bytes(&self, partition: u32, ordinal: u64) -> u32 {
        let Workload { value_bytes_min, value_bytes_max, .. } = *self.inner.workload;
        let more = value_bytes_max.saturating_sub(value_bytes_min);
        if more == 0 {
            return value_bytes_min;
        }
        let draws = self.inner.draws.part(u64::from(partition));
        value_bytes_min + draws.at(VALUE, ordinal).below_u64(u64::from(more) + 1) as u32
    }

    /// The shape every record has, if they have only one.
    pub fn fixed_shape(&self) -> Option<RecordShape> {
        self.inner.shape
    }

    /// A shape no record is larger than.
    pub(super) fn largest_shape(&self) -> RecordShape {
        self.inner.largest
    }

    /// What a record weighs.
    pub fn shape(&self, partition: u32, ordinal: u64) -> RecordShape {
        if let Some(shape) = self.inner.shape {
            return shape;
        }
        let prefix = self.inner.workload.key_prefix.len() as u32;
        let key = self.key_of(partition, ordinal).map(|key| prefix + digits(key));
        RecordShape::new(key, Some(self.value_bytes(partition, ordinal)))
    }

    /// The `n`-th record of a batch of this producer's, in the partition of that index.
    pub fn record(&self, partition: u32, batch: &Batch, n: u32) -> RecordView {
        let created = batch.record_time(n);
        if let Some(Payload::Typed(typed)) = batch.payload.as_deref() {
            let (key, value) = (typed.key.clone(), typed.value.clone());
            return RecordView { key, value_bytes: value.len() as u32, value: Some(value), created };
        }
        let ordinal = batch.first_ordinal + u64::from(n);
        let key = self.key_of(partition, ordinal).map(|key| key_text(&self.inner.workload, key));
        RecordView { key, value_bytes: self.value_bytes(partition, ordinal), value: None, created }
    }
}

fn key_text(workload: &Workload, key: u32) -> String {
    format!("{}{key}", workload.key_prefix)
}

fn digits(n: u32) -> u32 {
    n.checked_ilog10().unwrap_or(0) + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{NO_PRODUCER, NO_SEQUENCE, SourceId, TypedRecord};

    fn workload(keys: Keys, value_bytes_min: u32, value_bytes_max: u32) -> Arc<Workload> {
        let rate = Rate::Constant { milli_per_s: 1_000 };
        let key_prefix = "user-".to_owned();
        Arc::new(Workload { rate, keys, key_prefix, value_bytes_min, value_bytes_max })
    }

    fn records(keys: Keys, partitions: u32) -> Records {
        Records::new(workload(keys, 100, 100), Draws::new(1, "producer-1"), partitions, true)
    }

    #[test]
    fn keys_are_where_kafka_puts_them_and_draws_stay_in_their_partition() {
        let records = records(Keys::Uniform { count: 1_000 }, 6);
        for partition in 0..6 {
            for ordinal in 0..200 {
                let key = records.key_of(partition, ordinal).expect("keyed");
                assert_eq!(partition_for_key(format!("user-{key}").as_bytes(), 6), partition);
            }
        }
    }

    #[test]
    fn shares_follow_the_weights() {
        let records = records(Keys::Hot { count: 101, hot_percent: 40 }, 4);
        let hot = partition_for_key(b"user-0", 4);
        let shares: Vec<u32> = (0..4).map(|partition| records.share(partition).part).collect();
        let cold = (1..101).filter(|i| partition_for_key(format!("user-{i}").as_bytes(), 4) == hot).count();
        let expected = (4_000 + 60 * cold as u64) * (1 << 20) / 10_000;
        assert!(u64::from(shares[hot as usize]).abs_diff(expected) <= 1, "{shares:?}");
        assert!(shares.iter().sum::<u32>().abs_diff(1 << 20) <= 4, "{shares:?}");
    }

    #[test]
    fn a_hot_key_is_as_hot_as_asked() {
        let records = records(Keys::Hot { count: 1_000, hot_percent: 30 }, 1);
        let hot = (0..10_000).filter(|&ordinal| records.key_of(0, ordinal) == Some(0)).count();
        assert!((2_850..3_150).contains(&hot), "{hot}");
    }

    #[test]
    fn zipf_weights_fall_by_their_exponent() {
        let powers = PowersOfTwo::new();
        for (exponent_milli, i, divisor_milli) in [
            (1_000, 1, 2_000),
            (1_000, 9, 10_000),
            (2_000, 9, 100_000),
            (500, 3, 2_000),
            (1_500, 99, 1_000_000),
        ] {
            let keys = Keys::Zipf { count: 100_000, exponent_milli };
            let exact = keys.weight(0, &powers) * 1_000 / divisor_milli;
            let weight = keys.weight(i, &powers);
            assert!(weight.abs_diff(exact) <= exact / 10_000 + 1, "{exponent_milli} {i}: {weight} {exact}");
        }
        let records = records(Keys::Zipf { count: 100, exponent_milli: 1_000 }, 1);
        // The first of a hundred keys has 1 / 5.187 of the records.
        let first = (0..10_000).filter(|&ordinal| records.key_of(0, ordinal) == Some(0)).count();
        assert!((1_830..2_030).contains(&first), "{first}");
    }

    #[test]
    fn a_hundred_thousand_keys_are_no_trouble() {
        let records = records(Keys::Zipf { count: 100_000, exponent_milli: 1_200 }, 600);
        let total: u64 = (0..600).map(|partition| u64::from(records.share(partition).part)).sum();
        assert!(total.abs_diff(1 << 20) <= 600, "{total}");
    }

    #[test]
    fn values_lie_between_their_bounds_and_reach_both() {
        let records = Records::new(workload(Keys::None, 10, 13), Draws::new(1, "p"), 2, true);
        assert_eq!(records.fixed_shape(), None);
        let mut seen = [0; 4];
        for ordinal in 0..4_000 {
            seen[records.value_bytes(1, ordinal) as usize - 10] += 1;
        }
        assert!(seen.iter().all(|&n| n > 900), "{seen:?}");
        assert!(
            Records::new(workload(Keys::None, 10, 10), Draws::new(1, "p"), 2, true).fixed_shape().is_some()
        );
    }

    #[test]
    fn a_shape_weighs_what_the_record_shown_weighs() {
        let records =
            Records::new(workload(Keys::Uniform { count: 1_500 }, 1, 200), Draws::new(1, "p"), 3, true);
        for ordinal in 0..500 {
            let view = records.record(2, &batch(ordinal, None), 0);
            let key = view.key.map(|key| key.len() as u32);
            assert_eq!(records.shape(2, ordinal), RecordShape::new(key, Some(view.value_bytes)));
        }
    }

    #[test]
    fn a_typed_record_is_shown_as_typed() {
        let typed = TypedRecord { key: Some("k".into()), value: "hello".into() };
        let payload = Some(Arc::new(Payload::Typed(typed)));
        let view = records(Keys::None, 3).record(0, &batch(7, payload), 0);
        assert_eq!(
            (view.key.as_deref(), view.value.as_deref(), view.value_bytes),
            (Some("k"), Some("hello"), 5)
        );
    }

    #[test]
    fn keys_that_do_not_decide_are_drawn_from_all() {
        let workload = workload(Keys::Uniform { count: 50 }, 1, 1);
        let records = Records::new(workload, Draws::new(1, "p"), 3, false);
        assert!(!records.keyed());
        let mut seen = [false; 50];
        for ordinal in 0..2_000 {
            seen[records.key_of(1, ordinal).expect("keyed") as usize] = true;
        }
        assert_eq!(seen, [true; 50]);
    }

    fn batch(first_ordinal: u64, payload: Option<Arc<Payload>>) -> Batch {
        Batch {
            base_offset: 0,
            base_time: SimTime(5),
            first_ordinal,
            payload,
            span_us: 0,
            count: 1,
            bytes: 0,
            source: SourceId(1),
            producer_id: NO_PRODUCER,
            base_sequence: NO_SEQUENCE,
            leader_epoch: 0,
            producer_epoch: 0,
            retries: 0,
        }
    }
}
