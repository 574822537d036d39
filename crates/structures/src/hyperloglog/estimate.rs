//! From registers to a number: the improved raw estimator of Otmar Ertl ("New cardinality estimation algorithms for
//! HyperLogLog sketches", arXiv 1702.01284, algorithm 6). It needs to know only how many registers have which rank.
//!
//! The operations come in the order of the peers', so that the doubles, and the rounding, are the same.

use super::{RANK_BITS, REGISTERS};

/// 1 / (2 ln 2)
const ALPHA: f64 = 0.721_347_520_444_481_7;

pub(super) fn cardinality(histogram: &[u32; 64]) -> u64 {
    let registers = REGISTERS as f64;
    let full = f64::from(histogram[RANK_BITS as usize + 1]);
    let mut sum = registers * tau((registers - full) / registers);
    for &count in histogram[1..=RANK_BITS as usize].iter().rev() {
        sum = (sum + f64::from(count)) * 0.5;
    }
    sum += registers * sigma(f64::from(histogram[0]) / registers);
    let estimate = (ALPHA * registers * registers / sum).round();
    // What the peers' processors make of an infinity.
    if estimate < 9.2e18 { estimate as u64 } else { 1 << 63 }
}

/// x + the sum of x^(2^k) · 2^(k-1) over k ≥ 1: what the empty registers add.
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// (1 - x - the sum of (1 - x^(2^-k))² · 2^-k over k ≥ 1) / 3: what the registers of the highest rank add.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}
