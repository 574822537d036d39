//! The largest query buffer and outbox of the last seconds, for `client_recent_max_*_buffer`.

/// Seconds remembered.
const SECONDS: usize = 8;

/// A ring of seconds, each with its two peaks.
#[derive(Debug, Default)]
pub struct RecentBuffers {
    peaks: [(u64, usize, usize); SECONDS],
}

impl RecentBuffers {
    pub fn note(&mut self, mono_us: u64, input: usize, output: usize) {
        let second = mono_us / 1_000_000;
        let slot = &mut self.peaks[second as usize % SECONDS];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        (slot.1, slot.2) = (slot.1.max(input), slot.2.max(output));
    }

    /// Input and output.
    pub fn peaks(&self, mono_us: u64) -> (usize, usize) {
        let second = mono_us / 1_000_000;
        let fresh = self.peaks.iter().filter(|(at, ..)| at + SECONDS as u64 > second);
        fresh.fold((0, 0), |(input, output), (_, i, o)| (input.max(*i), output.max(*o)))
    }
}

#[cfg(test)]
mod tests {
    use super::RecentBuffers;

    #[test]
    fn peaks_are_forgotten_after_eight_seconds() {
        let mut recent = RecentBuffers::default();
        recent.note(20_000_000, 10, 500);
        recent.note(21_000_000, 30, 100);
        assert_eq!(recent.peaks(27_900_000), (30, 500));
        assert_eq!(recent.peaks(28_000_000), (30, 100));
        assert_eq!(recent.peaks(60_000_000), (0, 0));
    }
}
