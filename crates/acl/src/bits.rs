//! A set of small numbers.

/// Grows as numbers are added; a number that was never added is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// All numbers below `len`.
    pub(crate) fn all(len: usize) -> Self {
        let mut bits = Bits(vec![u64::MAX; len / 64]);
        if !len.is_multiple_of(64) {
            bits.0.push((1 << (len % 64)) - 1);
        }
        bits
    }

    pub(crate) fn has(&self, number: u16) -> bool {
        let (word, bit) = (usize::from(number) / 64, number % 64);
        self.0.get(word).is_some_and(|word| word >> bit & 1 == 1)
    }

    pub(crate) fn set(&mut self, number: u16, on: bool) {
        let (word, bit) = (usize::from(number) / 64, number % 64);
        if word >= self.0.len() {
            if !on {
                return;
            }
            self.0.resize(word + 1, 0);
        }
        self.0[word] = self.0[word] & !(1 << bit) | u64::from(on) << bit;
    }
}
