//! `math.random`: the generator of POSIX's `lrand48`, so that a seed gives the numbers it gives elsewhere.

/// 48 bits of state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub fn seeded(seed: u32) -> Self {
        Random(u64::from(seed) << 16 | 0x330e)
    }

    /// 31 bits.
    pub fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(0x5_deec_e66d).wrapping_add(11) & ((1 << 48) - 1);
        (self.0 >> 17) as u32
    }

    /// From 0 to less than 1.
    pub fn fraction(&mut self) -> f64 {
        const MAX: u32 = i32::MAX as u32;
        f64::from(self.next() % MAX) / f64::from(MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_posix_numbers() {
        let mut random = Random::seeded(0);
        assert_eq!([random.next(), random.next(), random.next()], [366_850_414, 1_610_402_240, 206_956_554]);
    }
}
