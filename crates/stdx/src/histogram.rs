//! A histogram of latencies: recorded in a few instructions, read as percentiles within 3 %.
//!
//! Each power of two is cut into 32 equal buckets, so a bucket's width is at most 1/32 of its values. Below 64
//! every value has its own bucket.
//!
//! ```text
//!   value      0 .. 63    64 .. 127    128 .. 255   …   2^41 .. 2^42 - 1
//!   width         1           2            4                 2^36
//!   buckets    0 .. 63    64 .. 95     96 .. 127    …   1184 .. 1215
//! ```
//!
//! Values from 2^42 ns (73 minutes) on count in the last bucket. The road not taken: a general HDR histogram
//! has its precision as a parameter, which the compiler cannot see through, and takes 40 KB; this is 9.5 KB.
//!
//! **Invariants.** (1) `count` is the sum of all buckets. (2) Every power of two from 32 up begins a bucket,
//! so counts below one are exact. (3) `max` is the exact largest value, not a bucket's edge.

/// Mantissa bits: buckets in a power of two.
const SUB_BITS: u32 = 5;
const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// Values need this many bits at most; larger ones are counted as the largest.
const VALUE_BITS: u32 = 42;
const VALUE_MAX: u64 = (1 << VALUE_BITS) - 1;
const BUCKETS: usize = index_of(VALUE_MAX) + 1;

const _: () = assert!(BUCKETS == 1216);

/// Counts of values in nanoseconds. 9.5 KB on the heap; make one when its first value comes.
#[derive(Clone)]
pub struct Histogram {
    buckets: Box<[u64; BUCKETS]>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram.
    pub fn new() -> Self {
        Histogram { buckets: Box::new([0; BUCKETS]), count: 0, max: 0 }
    }

    /// Counts one value of `ns` nanoseconds. Constant, without a branch that depends on the value.
    #[inline]
    pub fn record(&mut self, ns: u64) {
        self.buckets[index_of(ns)] += 1;
        self.count += 1;
        self.max = self.max.max(ns);
    }

    /// How many values were recorded.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest value in nanoseconds, exactly; 0 if there is none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Forgets all values.
    pub fn reset(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
        self.max = 0;
    }

    /// The nanoseconds that `percent` (0 to 100) of the values do not exceed; 0 if there are no values.
    ///
    /// The upper edge of the bucket where that many are reached, but never more than [`Histogram::max`]: at
    /// most 1/32 too large. NaN counts as 0. Walks 1216 buckets at worst.
    pub fn percentile(&self, percent: f64) -> u64 {
        let share = (percent.clamp(0.0, 100.0) / 100.0 * self.count as f64).ceil() as u64;
        let wanted = share.clamp(1, self.count.max(1));
        let mut seen = 0;
        let reached = self.buckets.iter().position(|&bucket| {
            seen += bucket;
            seen >= wanted
        });
        match reached {
            // The last bucket has no upper edge of its own.
            Some(index) if index < BUCKETS - 1 => highest_of(index).min(self.max),
            _ => self.max,
        }
    }

    /// `(upper bound in microseconds, values up to it)` for each doubling from 1024 ns on that adds values, as
    /// LATENCY HISTOGRAM lists them: 1, 2, 4, 8, 16, 33, 66, …
    ///
    /// The bounds drift from powers of two as the peers' do, whose buckets reach 1/128 beyond 1.024 µs × 2^k
    /// and are then divided by 1000. Values in the last bucket are under the last bound.
    pub fn cumulative_usec(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        const FIRST_BITS: u32 = 10;
        let mut begin = 0;
        let mut cumulative = 0;
        (FIRST_BITS..=VALUE_BITS).filter_map(move |bits| {
            let end = index_of((1 << bits) - 1) + 1;
            let added: u64 = self.buckets[begin..end].iter().sum();
            begin = end;
            cumulative += added;
            let bound_ns = (1u64 << bits) + (1 << (bits - 7)) - 1;
            (added > 0).then_some((bound_ns / 1000, cumulative))
        })
    }
}

/// The bucket of a value.
#[inline]
const fn index_of(ns: u64) -> usize {
    let ns = if ns < VALUE_MAX { ns } else { VALUE_MAX };
    // Setting bit 5 makes 0..32 behave as 32..64 does: no shift, the value is the bucket.
    let shift = (u64::BITS - 1 - SUB_BITS) - (ns | SUB_BUCKETS).leading_zeros();
    ((shift as u64 * SUB_BUCKETS) + (ns >> shift)) as usize
}

/// The largest value of a bucket.
const fn highest_of(index: usize) -> u64 {
    let index = index as u64;
    if index < 2 * SUB_BUCKETS {
        return index;
    }
    let shift = index / SUB_BUCKETS - 1;
    let mantissa = index % SUB_BUCKETS + SUB_BUCKETS;
    ((mantissa + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|&value| histogram.record(value));
        histogram
    }

    #[test]
    fn buckets_are_contiguous() {
        for index in 0..BUCKETS {
            assert_eq!(index_of(highest_of(index)), index);
            assert_eq!(index_of(highest_of(index) + 1), (index + 1).min(BUCKETS - 1));
        }
        assert_eq!(index_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn an_empty_one_answers_zero() {
        let mut histogram = of(&[5, u64::MAX]);
        assert_eq!((histogram.count(), histogram.max()), (2, u64::MAX));
        assert_eq!(histogram.percentile(100.0), u64::MAX);
        histogram.reset();
        assert_eq!((histogram.count(), histogram.max(), histogram.percentile(99.0)), (0, 0, 0));
        assert_eq!(histogram.cumulative_usec().count(), 0);
    }

    #[test]
    fn percentiles_of_small_values_are_exact() {
        let histogram = of(&(1..=50).collect::<Vec<u64>>());
        for (percent, value) in
            [(0.0, 1), (2.0, 1), (50.0, 25), (99.0, 50), (100.0, 50), (-1.0, 1), (f64::NAN, 1)]
        {
            assert_eq!(histogram.percentile(percent), value, "{percent}");
        }
    }

    #[test]
    fn doublings_are_listed_where_they_add() {
        let histogram = of(&[1, 1023, 1024, 3000, 33_000, 33_000, 200_000_000, u64::MAX]);
        let listed: Vec<(u64, u64)> = histogram.cumulative_usec().collect();
        assert_eq!(listed, [(1, 2), (2, 3), (4, 4), (66, 6), (270_532, 7), (4_432_406_249, 8)]);
    }

    #[test]
    fn bounds_are_the_peers() {
        let values: Vec<u64> = (10..29).map(|bits| (1 << bits) - 1).collect();
        let bounds: Vec<u64> = of(&values).cumulative_usec().map(|(bound, _)| bound).collect();
        let seen = [
            1, 2, 4, 8, 16, 33, 66, 132, 264, 528, 1056, 2113, 4227, 8454, 16908, 33816, 67633, 135266,
            270532,
        ];
        assert_eq!(bounds, seen);
    }

    proptest! {
        #[test]
        fn percentiles_are_within_a_thirty_second(
            mut values in prop::collection::vec((0u32..42, any::<u64>()), 1..200),
            percent in 0.0f64..=100.0,
        ) {
            let mut values: Vec<u64> = values.drain(..).map(|(bits, value)| value & ((1 << bits) - 1)).collect();
            let histogram = of(&values);
            values.sort_unstable();
            let rank = ((percent / 100.0 * values.len() as f64).ceil() as usize).max(1);
            let (exact, answer) = (values[rank - 1], histogram.percentile(percent));
            prop_assert!(exact <= answer && answer <= exact + exact / 32, "{answer} for {exact}");
            prop_assert_eq!(histogram.max(), values[values.len() - 1]);
            prop_assert_eq!(histogram.cumulative_usec().last().map(|(_, count)| count), Some(histogram.count()));
        }
    }
}
