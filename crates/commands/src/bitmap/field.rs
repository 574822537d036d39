//! Integers of any width at any bit of a byte string: what BITFIELD is made of.
//!
//! A field of up to 64 bits lies in at most nine bytes, so reading or writing one is a shift of a `u128`. Values are
//! `i128` while they are computed with, which no sum of two of them can leave; [`Overflow`] says how one comes back.
//!
//! **Invariant** 1. A field is as wide as 1 to 64 bits if signed, 1 to 63 if not: every value of it is an `i64`.

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub signed: bool,
    /// Invariant 1.
    pub bits: u32,
}

/// What becomes of a value that the field cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Overflow {
    /// The upper bits are dropped.
    #[default]
    Wrap,
    /// The nearest value that it can hold.
    Saturate,
    /// The field stays as it is.
    Fail,
}

impl Kind {
    /// `u8`, `i16` …
    pub(super) fn parse(word: &[u8]) -> Option<Kind> {
        let (signed, widest) = match word.first()? {
            b'i' => (true, 64),
            b'u' => (false, 63),
            _ => return None,
        };
        let bits = stdx::num::parse_i64(&word[1..]).filter(|bits| (1..=widest).contains(bits))?;
        Some(Kind { signed, bits: bits as u32 })
    }

    fn least(self) -> i128 {
        if self.signed { -(1 << (self.bits - 1)) } else { 0 }
    }

    fn greatest(self) -> i128 {
        if self.signed { (1 << (self.bits - 1)) - 1 } else { (1 << self.bits) - 1 }
    }

    fn mask(self) -> u128 {
        (1 << self.bits) - 1
    }

    /// The value of this type with these lowest bits.
    fn of_bits(self, bits: u128) -> i128 {
        let value = (bits & self.mask()) as i128;
        if self.signed && value > self.greatest() { value - (1 << self.bits) } else { value }
    }

    /// The value that a field gets which is to hold this number; `None` if it shall not change.
    pub(super) fn fit(self, number: i128, overflow: Overflow) -> Option<i64> {
        let value = match overflow {
            _ if (self.least()..=self.greatest()).contains(&number) => number,
            Overflow::Wrap => self.of_bits(number as u128),
            Overflow::Saturate => number.clamp(self.least(), self.greatest()),
            Overflow::Fail => return None,
        };
        Some(value as i64)
    }

    /// A number that was given as 64 bits, as one of this type sees them: -1 is the greatest of all if unsigned.
    pub(super) fn given(self, number: i64) -> i128 {
        if self.signed { i128::from(number) } else { i128::from(number as u64) }
    }

    /// The index of the byte after the last one that has a bit of the field at `offset`.
    pub(super) fn end(self, offset: u64) -> usize {
        ((offset + u64::from(self.bits)).div_ceil(8)) as usize
    }

    /// Reads the field at a bit; beyond the end of the bytes all is 0.
    pub(super) fn read(self, bytes: &[u8], offset: u64) -> i64 {
        let (start, end) = ((offset / 8) as usize, self.end(offset));
        let window = (start..end)
            .fold(0u128, |window, at| window << 8 | u128::from(bytes.get(at).copied().unwrap_or(0)));
        self.of_bits(window >> self.shift(offset)) as i64
    }

    /// Writes the field at a bit. The bytes are there.
    pub(super) fn write(self, bytes: &mut [u8], offset: u64, value: i64) {
        let field = &mut bytes[(offset / 8) as usize..self.end(offset)];
        let (mask, bits) =
            (self.mask() << self.shift(offset), (value as u128 & self.mask()) << self.shift(offset));
        for (n, byte) in field.iter_mut().rev().enumerate() {
            *byte = *byte & !((mask >> (8 * n)) as u8) | (bits >> (8 * n)) as u8;
        }
    }

    /// How many bits of its last byte are behind the field at `offset`.
    fn shift(self, offset: u64) -> u32 {
        let used = ((offset + u64::from(self.bits)) % 8) as u32;
        (8 - used) % 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Kind, Overflow};

    #[test]
    fn types_are_named_by_sign_and_width() {
        assert_eq!(Kind::parse(b"u8"), Some(Kind { signed: false, bits: 8 }));
        assert_eq!(Kind::parse(b"i64"), Some(Kind { signed: true, bits: 64 }));
        for word in ["u64", "i65", "i0", "u0", "x8", "u", "", "U8", "u08", "u+8", "i-1"] {
            assert_eq!(Kind::parse(word.as_bytes()), None, "{word}");
        }
    }

    #[test]
    fn values_come_back_into_their_range() {
        let (u8, i8) = (Kind { signed: false, bits: 8 }, Kind { signed: true, bits: 8 });
        assert_eq!([256, -1, 255].map(|n| u8.fit(n, Overflow::Wrap)), [Some(0), Some(255), Some(255)]);
        assert_eq!([256, -1, 255].map(|n| u8.fit(n, Overflow::Saturate)), [Some(255), Some(0), Some(255)]);
        assert_eq!([256, -1, 255].map(|n| u8.fit(n, Overflow::Fail)), [None, None, Some(255)]);
        assert_eq!([128, -129, -1000].map(|n| i8.fit(n, Overflow::Wrap)), [Some(-128), Some(127), Some(24)]);
        assert_eq!([128, -129].map(|n| i8.fit(n, Overflow::Saturate)), [Some(127), Some(-128)]);
    }

    fn kinds() -> impl Strategy<Value = Kind> {
        (any::<bool>(), 1u32..=64)
            .prop_map(|(signed, bits)| Kind { signed, bits: if signed { bits } else { bits.min(63) } })
    }

    proptest! {
        #[test]
        fn agree_with_one_bit_at_a_time(
            mut bytes in prop::collection::vec(any::<u8>(), 0..40),
            kind in kinds(),
            offset in 0u64..300,
            number: i64,
        ) {
            let bit = |bytes: &[u8], at: u64| bytes.get(at as usize / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
            let field = offset..offset + u64::from(kind.bits);
            let naive = field.clone().fold(0u64, |value, at| value << 1 | u64::from(bit(&bytes, at)));
            let unused = 64 - kind.bits;
            let naive = if kind.signed { (naive << unused) as i64 >> unused } else { naive as i64 };
            prop_assert_eq!(kind.read(&bytes, offset), naive);

            bytes.resize(bytes.len().max(kind.end(offset)), 0);
            let before = bytes.clone();
            let value = kind.fit(i128::from(number), Overflow::Wrap).expect("it wraps");
            kind.write(&mut bytes, offset, value);
            prop_assert_eq!(kind.read(&bytes, offset), value);
            for at in (0..bytes.len() as u64 * 8).filter(|at| !field.contains(at)) {
                prop_assert_eq!(bit(&bytes, at), bit(&before, at), "bit {} is not of the field", at);
            }
        }

        #[test]
        fn sums_wrap_as_machines_wrap(kind in kinds(), old: i64, by: i64) {
            let old = kind.fit(i128::from(old), Overflow::Wrap).expect("it wraps");
            let sum = i128::from(old) + i128::from(by);
            let unused = 64 - kind.bits;
            let bits = (old as u64).wrapping_add(by as u64) << unused;
            let machine = if kind.signed { bits as i64 >> unused } else { (bits >> unused) as i64 };
            prop_assert_eq!(kind.fit(sum, Overflow::Wrap), Some(machine));
            let fits = i128::from(machine) == sum;
            prop_assert_eq!(kind.fit(sum, Overflow::Fail), fits.then_some(machine));
            let saturated = i128::from(kind.fit(sum, Overflow::Saturate).expect("it saturates"));
            prop_assert_eq!(saturated == sum, fits);
            prop_assert!(saturated == sum || (saturated < sum) == (sum > 0));
        }
    }
}
