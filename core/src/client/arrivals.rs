//! When records arrive at a producer, without an event a record.
//!
//! A load is a rate over time; its integral is how many records are expected by a moment. A stream of
//! arrivals is counted in that expected number instead of in time, where its rate is always one:
//!
//! - at a constant rate (and in bursts) the n-th record comes when the expected number reaches n and a phase;
//! - a Poisson load is the unit Poisson process, cut into blocks of [`BLOCK`] expected records. One draw says
//!   how many a block has, and as many draws where they stand in it, so both are exact.
//!
//! A change of the rate moves the records that are still to come and nothing else.
use super::workload::Rate;
use crate::kernel::{Digest, Draws, Purpose};
use std::cell::Cell;

const COUNT: Purpose = Purpose::new("arrivals in a block");
const PLACE: Purpose = Purpose::new("place in a block");
const PHASE: Purpose = Purpose::new("phase of the first arrival");

/// One expected record: numbers of them are counted in 1/1,048,576.
pub(super) const ONE: u64 = 1 << 20;
/// Expected records in a block of the Poisson process.
const BLOCK: u64 = 8;
/// 2^32 times the probability of at most `i` records in a block: the distribution function of Poisson(8).
const AT_MOST: [u32; 32] = [
    1_440_801,
    12_967_209,
    59_072_842,
    182_021_195,
    427_917_902,
    821_352_632,
    1_345_932_273,
    1_945_451_863,
    2_544_971_453,
    3_077_877_755,
    3_504_202_796,
    3_814_257_372,
    4_020_960_422,
    4_148_162_300,
    4_220_849_087,
    4_259_615_373,
    4_278_998_516,
    4_288_119_995,
    4_292_173_986,
    4_293_880_930,
    4_294_563_707,
    4_294_823_813,
    4_294_918_396,
    4_294_951_295,
    4_294_962_261,
    4_294_965_771,
    4_294_966_850,
    4_294_967_170,
    4_294_967_262,
    4_294_967_287,
    4_294_967_294,
    4_294_967_295,
];
/// Most records a block can have.
const MOST: usize = AT_MOST.len();

/// `a * b / c`, rounded down; the largest number there is if it does not fit.
pub(super) fn mul_div(a: u64, b: u64, c: u64) -> u64 {
    if fits(a, b) {
        return a * b / c;
    }
    u64::try_from(u128::from(a) * u128::from(b) / u128::from(c)).unwrap_or(u64::MAX)
}

/// The same, rounded up.
pub(super) fn mul_div_up(a: u64, b: u64, c: u64) -> u64 {
    if fits(a, b) {
        return (a * b).div_ceil(c);
    }
    u64::try_from((u128::from(a) * u128::from(b)).div_ceil(u128::from(c))).unwrap_or(u64::MAX)
}

/// Whether a product surely fits into 64 bits, told without the wide product, which is dear in WebAssembly.
pub(super) const fn fits(a: u64, b: u64) -> bool {
    a.leading_zeros() + b.leading_zeros() >= u64::BITS
}

/// How many records are expected by a moment: the integral of a rate from an anchor on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Load {
    poisson: bool,
    /// How often it was changed, from 1 on.
    version: u32,
    /// The anchor, on the producer's own clock.
    since: u64,
    /// Expected by then.
    expected: u64,
    /// Expected in a microsecond outside bursts, and within, as numerators of `denominator`.
    base: u64,
    burst: u64,
    denominator: u64,
    /// Bursts start with their periods; a period of 0: there are none.
    period_us: u64,
    burst_us: u64,
}

impl Load {
    pub(super) fn new(rate: Rate) -> Self {
        Load::from(rate, 0, 0, 1)
    }

    /// A load anchored at `since`. A thousandth of a record a second is `ONE / 10^9` in a microsecond.
    fn from(rate: Rate, since: u64, expected: u64, version: u32) -> Self {
        let (base, burst, period_ms, burst_ms, poisson) = match rate {
            Rate::Constant { milli_per_s } => (milli_per_s, 0, 0, 0, false),
            Rate::Poisson { milli_per_s } => (milli_per_s, 0, 0, 0, true),
            Rate::Bursts { base_milli_per_s, burst_milli_per_s, period_ms, burst_ms } => {
                (base_milli_per_s, burst_milli_per_s, period_ms, burst_ms.min(period_ms), false)
            }
        };
        // 2^20 / 10^9 = 2^11 / 5^9; what else cancels keeps the products within 64 bits for longer.
        let (factor, denominator) = (ONE >> 9, 1_953_125);
        let common = gcd(gcd(base, burst), denominator).max(1);
        Load {
            poisson,
            version,
            since,
            expected,
            base: base / common * factor,
            burst: burst / common * factor,
            denominator: denominator / common,
            period_us: period_ms * 1_000,
            burst_us: burst_ms * 1_000,
        }
    }

    /// Another after each change.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Another rate from `now` on.
    pub(super) fn change(&mut self, now: u64, rate: Rate) {
        *self = Load::from(rate, now, self.expected_by(now), self.version + 1);
    }

    /// Moves the anchor up to near `now`, so that products stay small. Changes no answer about later moments.
    pub(super) fn settle(&mut self, now: u64) {
        // A whole number of denominators of time passes without a remainder.
        let step = if self.period_us == 0 { self.denominator } else { self.denominator * self.period_us };
        let passed = now.saturating_sub(self.since);
        if passed >= step {
            let steps = passed / step;
            let each = if self.period_us == 0 { u128::from(self.base) } else { self.period_numerator() };
            self.since += steps * step;
            self.expected += (u128::from(steps) * each) as u64;
        }
    }

    /// Expected in one period of bursts, as a numerator.
    fn period_numerator(&self) -> u128 {
        u128::from(self.burst) * u128::from(self.burst_us)
            + u128::from(self.base) * u128::from(self.period_us - self.burst_us)
    }

    /// Expected by the moment `at` (not before the anchor).
    pub(super) fn expected_by(&self, at: u64) -> u64 {
        let elapsed = at.saturating_sub(self.since);
        if self.period_us == 0 {
            return self.expected + mul_div(elapsed, self.base, self.denominator);
        }
        let (periods, rest) = (elapsed / self.period_us, elapsed % self.period_us);
        let (in_burst, after) = (rest.min(self.burst_us), rest.saturating_sub(self.burst_us));
        let numerator = u128::from(periods) * self.period_numerator()
            + u128::from(in_burst) * u128::from(self.burst)
            + u128::from(after) * u128::from(self.base);
        self.expected + u64::try_from(numerator / u128::from(self.denominator)).unwrap_or(u64::MAX >> 1)
    }

    /// The first moment by which `expected` are expected; `u64::MAX` for never.
    pub(super) fn when(&self, expected: u64) -> u64 {
        let Some(missing) = expected.checked_sub(self.expected) else { return self.since };
        if self.period_us == 0 {
            if self.base == 0 {
                return if missing == 0 { self.since } else { u64::MAX };
            }
            return self.since.saturating_add(mul_div_up(missing, self.denominator, self.base));
        }
        let numerator = u128::from(missing) * u128::from(self.denominator);
        let each = self.period_numerator();
        if each == 0 {
            return if missing == 0 { self.since } else { u64::MAX };
        }
        // Whole periods before the one in which it happens; what is left is above 0.
        let periods = if numerator == 0 { 0 } else { (numerator - 1) / each };
        let left = numerator - periods * each;
        let in_burst = u128::from(self.burst) * u128::from(self.burst_us);
        let within = match left {
            0 => 0,
            left if left <= in_burst => left.div_ceil(u128::from(self.burst)),
            left => u128::from(self.burst_us) + (left - in_burst).div_ceil(u128::from(self.base)),
        } as u64;
        let before = u64::try_from(periods).ok().and_then(|periods| periods.checked_mul(self.period_us));
        before.and_then(|before| self.since.checked_add(before)?.checked_add(within)).unwrap_or(u64::MAX)
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.bool(self.poisson);
        for part in [
            self.since,
            self.expected,
            self.base,
            self.burst,
            self.denominator,
            self.period_us,
            self.burst_us,
        ] {
            digest.u64(part);
        }
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What part of a load a stream gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub part: u32,
    pub of: u32,
}

impl Share {
    pub(super) const ALL: Share = Share { part: 1, of: 1 };
}

/// When a stream's next record comes under a load of that version; version 0: not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct NextAt {
    version: u32,
    at: u64,
}

/// One stream of arrivals: a cursor over its records, the next of which is number `next`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    draws: Draws,
    share: Share,
    /// When the first record of a constant stream comes, in expected records: above 0.
    phase: u64,
    /// The number of the next record.
    next: u64,
    /// When it comes, once somebody asked: it is asked for often, and takes two divisions.
    next_at: Cell<NextAt>,
    /// The Poisson block the cursor is in, the number of its first record, and how many it has.
    block: u64,
    first: u64,
    count: u32,
    /// Where its records stand in that block, in order: the first `count` of them.
    places: [u32; MOST],
}

impl Stream {
    /// A stream with its own draws. A constant stream starts at a drawn phase of its interval.
    pub(super) fn new(draws: Draws, share: Share) -> Self {
        let phase = 1 + u64::from(draws.at(PHASE, 0).below(ONE as u32));
        Stream::with_phase(draws, share, phase)
    }

    /// The same with a given phase between 1 and [`ONE`].
    pub(super) fn with_phase(draws: Draws, share: Share, phase: u64) -> Self {
        let count = block_count(draws, 0);
        let places = block_places(draws, 0, count);
        let next_at = Cell::default();
        Stream { draws, share, phase, next: 0, next_at, block: 0, first: 0, count, places }
    }

    /// The number of the next record.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Goes on by `count` records.
    pub(super) fn take(&mut self, count: u64, load: &Load) {
        if count == 0 {
            return;
        }
        self.next += count;
        self.next_at.take();
        if load.poisson {
            self.seek(|stream| stream.next < stream.first + u64::from(stream.count));
        }
    }

    /// Moves the cursor's block forward until `found`.
    fn seek(&mut self, found: impl Fn(&Stream) -> bool) {
        let from = self.block;
        while !found(self) {
            self.first += u64::from(self.count);
            self.block += 1;
            self.count = block_count(self.draws, self.block);
        }
        if self.block != from {
            self.places = block_places(self.draws, self.block, self.count);
        }
    }

    /// When the next record comes; `u64::MAX` for never.
    pub(super) fn next_at(&self, load: &Load) -> u64 {
        let known = self.next_at.get();
        if known.version == load.version {
            return known.at;
        }
        let at = self.when(self.next, load);
        self.next_at.set(NextAt { version: load.version, at });
        at
    }

    /// When record `n` comes; not before the next one, and `u64::MAX` for never.
    pub(super) fn when(&self, n: u64, load: &Load) -> u64 {
        if self.share.part == 0 {
            return u64::MAX;
        }
        if !load.poisson {
            return self.when_expected(n * ONE + self.phase, load);
        }
        let found = |stream: &Stream| n < stream.first + u64::from(stream.count);
        if found(self) {
            return self.when_in_block(n, load);
        }
        let mut ahead = self.clone();
        ahead.seek(found);
        ahead.when_in_block(n, load)
    }

    fn when_in_block(&self, n: u64, load: &Load) -> u64 {
        let place = self.places[(n - self.first) as usize];
        self.when_expected(self.block * BLOCK * ONE + u64::from(place), load)
    }

    fn when_expected(&self, of_stream: u64, load: &Load) -> u64 {
        let Share { part, of } = self.share;
        load.when(mul_div_up(of_stream, u64::from(of), u64::from(part)))
    }

    /// How many records have come by the moment `at`, from number 0 on; not less than were taken.
    pub(super) fn count_by(&self, at: u64, load: &Load) -> u64 {
        self.count_up_to(u64::MAX, at, load)
    }

    /// The same, but if it is above `most`, then any number above it.
    pub(super) fn count_up_to(&self, most: u64, at: u64, load: &Load) -> u64 {
        let Share { part, of } = self.share;
        let expected = mul_div(load.expected_by(at), u64::from(part), u64::from(of));
        let count = if !load.poisson {
            (expected + ONE).saturating_sub(self.phase) / ONE
        } else {
            let block = expected / (BLOCK * ONE);
            let found = |stream: &Stream| stream.block >= block || stream.first > most;
            let within = (expected % (BLOCK * ONE)) as u32;
            if found(self) {
                self.come_by(block, within)
            } else {
                let mut ahead = self.clone();
                ahead.seek(found);
                ahead.come_by(block, within)
            }
        };
        count.max(self.next)
    }

    /// A number that is not less than how many have come by the moment `at`, for little work.
    pub(super) fn at_most_by(&self, at: u64, load: &Load) -> u64 {
        if !load.poisson {
            return self.count_by(at, load);
        }
        let Share { part, of } = self.share;
        let block = mul_div(load.expected_by(at), u64::from(part), u64::from(of)) / (BLOCK * ONE);
        let blocks_ahead = block.saturating_sub(self.block);
        self.first + u64::from(self.count) + blocks_ahead * MOST as u64
    }

    /// How many have come by a place within a block; those before the cursor's block, if that is another.
    fn come_by(&self, block: u64, within: u32) -> u64 {
        if self.block != block {
            return self.first;
        }
        let come = self.places[..self.count as usize].iter().filter(|&&place| place <= within).count();
        self.first + come as u64
    }

    pub(super) fn digest(&self, digest: &mut Digest) {
        digest.u64(self.next);
        digest.u64(self.block);
        digest.u64(self.first);
        digest.u32(self.share.part);
        digest.u32(self.share.of);
        digest.u64(self.phase);
    }
}

fn block_count(draws: Draws, block: u64) -> u32 {
    let draw = (draws.at(COUNT, block).0 >> 32) as u32;
    AT_MOST.partition_point(|&limit| limit <= draw) as u32
}

/// Where the records of a block stand, in order.
fn block_places(draws: Draws, block: u64, count: u32) -> [u32; MOST] {
    let mut places = [0; MOST];
    let its = &mut places[..count as usize];
    for (i, place) in (0..).zip(its.iter_mut()) {
        *place = block_place(draws, block, i);
    }
    its.sort_unstable();
    places
}

/// Where a record of a block stands, in no order: above 0, below the block's length.
fn block_place(draws: Draws, block: u64, i: u32) -> u32 {
    // Not the very end of the block: by that moment `count_by` is in the next one.
    1 + draws.at(PLACE, block * 64 + u64::from(i)).below((BLOCK * ONE) as u32 - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [Rate; 5] = [
        Rate::Constant { milli_per_s: 41_666_666 },
        Rate::Constant { milli_per_s: 7 },
        Rate::Poisson { milli_per_s: 40_000 },
        Rate::Bursts {
            base_milli_per_s: 10_000,
            burst_milli_per_s: 1_000_000,
            period_ms: 1_000,
            burst_ms: 50,
        },
        Rate::Bursts { base_milli_per_s: 0, burst_milli_per_s: 3_333, period_ms: 10_000, burst_ms: 2_500 },
    ];

    fn stream(name: &str, share: Share) -> Stream {
        Stream::new(Draws::new(1, name), share)
    }

    #[test]
    fn a_thousand_a_second_come_a_millisecond_apart() {
        let load = Load::new(Rate::Constant { milli_per_s: 1_000_000 });
        let stream = Stream::with_phase(Draws::default(), Share::ALL, ONE);
        let times: Vec<u64> = (0..1_000).map(|n| stream.when(n, &load)).collect();
        let expected: Vec<u64> = (1..=1_000).map(|n| n * 1_000).collect();
        assert_eq!(times, expected);
    }

    #[test]
    fn count_and_time_agree_record_by_record() {
        for rate in RATES {
            for share in [Share::ALL, Share { part: 1, of: 7 }, Share { part: 345_678, of: 1 << 20 }] {
                let load = Load::new(rate);
                let stream = stream("agree", share);
                let mut last = 0;
                for n in 0..400 {
                    let at = stream.when(n, &load);
                    assert!(at >= last && at > 0, "{rate:?} {share:?} record {n}");
                    assert!(stream.count_by(at, &load) > n, "{rate:?} {share:?} record {n}");
                    assert!(stream.count_by(at - 1, &load) <= n, "{rate:?} {share:?} record {n}");
                    last = at;
                }
            }
        }
    }

    #[test]
    fn taking_records_changes_no_answer() {
        for rate in RATES {
            let load = Load::new(rate);
            let fresh = stream("taking", Share::ALL);
            let mut moved = fresh.clone();
            for step in [1, 5, 0, 40, 100] {
                moved.take(step, &load);
                for n in moved.next()..moved.next() + 20 {
                    assert_eq!(moved.when(n, &load), fresh.when(n, &load));
                }
                let at = fresh.when(moved.next() + 10, &load);
                assert_eq!(moved.count_by(at, &load), fresh.count_by(at, &load));
            }
        }
    }

    #[test]
    fn no_more_come_than_at_most() {
        for rate in RATES {
            let load = Load::new(rate);
            let mut stream = stream("at most", Share { part: 1, of: 3 });
            for step in 0..200 {
                stream.take(step % 3, &load);
                let at = stream.next_at(&load).saturating_add(step * 10_000).min(u64::MAX >> 20);
                let (come, at_most) = (stream.count_by(at, &load), stream.at_most_by(at, &load));
                assert!(at_most >= come, "{rate:?}: {come} came, at most {at_most}");
                assert!(load.poisson || at_most == come, "{rate:?}: {come} came, at most {at_most}");
            }
        }
    }

    #[test]
    fn the_next_record_is_foreseen_anew_after_records_were_taken_and_after_the_rate_changed() {
        for rate in RATES {
            let mut load = Load::new(rate);
            let mut stream = stream("next", Share::ALL);
            for step in [0, 1, 9, 0, 30] {
                stream.take(step, &load);
                for _ in 0..2 {
                    assert_eq!(stream.next_at(&load), stream.when(stream.next(), &load), "{rate:?}");
                }
                load.change(stream.next_at(&load) - 1, Rate::Constant { milli_per_s: 1_000 + step });
                assert_eq!(stream.next_at(&load), stream.when(stream.next(), &load), "{rate:?}, changed");
            }
        }
    }

    #[test]
    fn the_mean_rate_is_the_rate() {
        for (rate, per_1000_s) in RATES.iter().zip([41_666_666, 7, 40_000, 59_500, 833]) {
            let load = Load::new(*rate);
            let counts =
                (0..20).map(|i| stream(&format!("mean {i}"), Share::ALL).count_by(1_000_000_000, &load));
            let mean = counts.sum::<u64>() / 20;
            let slack = 2 + per_1000_s / 200;
            assert!(mean.abs_diff(per_1000_s) <= slack, "{rate:?}: {mean}");
        }
    }

    #[test]
    fn poisson_counts_vary_as_they_should_and_gaps_are_exponential() {
        let load = Load::new(Rate::Poisson { milli_per_s: 100_000 });
        let stream = stream("spread", Share::ALL);
        // A tenth of a second holds 10 on average, with a variance of 10.
        let counts: Vec<i64> = (0..4_000_u64)
            .map(|i| (stream.count_by((i + 1) * 100_000, &load) - stream.count_by(i * 100_000, &load)) as i64)
            .collect();
        let mean = counts.iter().sum::<i64>() * 1_000 / 4_000;
        let variance = counts.iter().map(|c| (c * 1_000 - mean) * (c * 1_000 - mean)).sum::<i64>() / 4_000;
        assert!((9_700..10_300).contains(&mean), "{mean}");
        assert!((9_000_000..11_000_000).contains(&variance), "{variance}");
        // 1 - 1/e of the gaps are shorter than the mean, 1 - 1/e^2 shorter than twice it.
        let times: Vec<u64> = (0..10_000).map(|n| stream.when(n, &load)).collect();
        let shorter = |limit: u64| times.windows(2).filter(|pair| pair[1] - pair[0] < limit).count();
        assert!((6_120..6_520).contains(&shorter(10_000)), "{}", shorter(10_000));
        assert!((8_450..8_850).contains(&shorter(20_000)), "{}", shorter(20_000));
    }

    #[test]
    fn bursts_start_with_their_periods() {
        let rate = Rate::Bursts {
            base_milli_per_s: 1_000,
            burst_milli_per_s: 100_000,
            period_ms: 1_000,
            burst_ms: 100,
        };
        let load = Load::new(rate);
        let stream = Stream::with_phase(Draws::default(), Share::ALL, ONE);
        assert_eq!(stream.when(0, &load), 10_000);
        assert_eq!(stream.count_by(100_000, &load), 10);
        assert_eq!(stream.count_by(1_000_000, &load), 10);
        assert_eq!(stream.when(10, &load), 1_000_000 + 1_000, "0.9 of it came before the second burst");
    }

    #[test]
    fn a_change_of_rate_moves_only_what_is_to_come() {
        let mut load = Load::new(Rate::Constant { milli_per_s: 1_000_000 });
        let stream = Stream::with_phase(Draws::default(), Share::ALL, ONE);
        load.change(10_500, Rate::Constant { milli_per_s: 10_000 });
        assert_eq!(stream.count_by(10_500, &load), 10);
        assert_eq!(stream.when(10, &load), 10_500 + 50_000, "half a record was already on its way");
        load.change(20_500, Rate::Constant { milli_per_s: 0 });
        assert_eq!(stream.when(10, &load), u64::MAX);
    }

    #[test]
    fn moving_the_anchor_changes_no_answer() {
        for rate in RATES {
            let load = Load::new(rate);
            let mut settled = load.clone();
            settled.settle(50_000_000_000_000);
            assert!(settled.since > 0, "{rate:?}");
            for at in [50_000_000_000_001, 50_000_123_456_789, 50_100_000_000_000] {
                let expected = load.expected_by(at);
                assert_eq!(settled.expected_by(at), expected, "{rate:?}");
                assert_eq!(settled.when(expected), load.when(expected), "{rate:?}");
            }
        }
    }

    #[test]
    fn shares_split_a_load_without_loss() {
        let load = Load::new(Rate::Poisson { milli_per_s: 1_000_000 });
        let total: u64 = (0..10)
            .map(|i| stream(&format!("share {i}"), Share { part: 1, of: 10 }).count_by(100_000_000, &load))
            .sum();
        assert!((98_500..101_500).contains(&total), "{total}");
        assert_eq!(stream("nothing", Share { part: 0, of: 10 }).when(0, &load), u64::MAX);
    }
}
