//! The 24 bits that tell when, or how often, a key was used.
//!
//! ```text
//!   LRU   seconds, modulo 2^24 (194 days)
//!   LFU   16 bits: minutes of the last decrement | 8 bits: logarithmic counter
//! ```
//!
//! The counter grows with a probability of `1 / ((counter - LFU_INIT) * lfu-log-factor + 1)` per access and loses
//! one for each `lfu-decay-time` minutes without any (Morris, "Counting large numbers of events in small
//! registers", 1978).

/// Which of the two is kept: what `maxmemory-policy` asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Access {
    #[default]
    Lru,
    Lfu,
}

/// A new key's counter: not the first to go.
pub const LFU_INIT: u8 = 5;
const MASK: u32 = (1 << 24) - 1;

/// The clock of LRU for a time in milliseconds.
#[inline]
pub fn lru_clock(now_ms: i64) -> u32 {
    (now_ms as u64 / 1000) as u32 & MASK
}

/// Seconds since the last use, by an LRU clock.
pub fn idle_seconds(access: u32, now_ms: i64) -> u32 {
    lru_clock(now_ms).wrapping_sub(access) & MASK
}

/// The LRU clock of a key that was used last so many seconds ago; what is older than it can tell is as old as it can.
pub fn lru_idle_for(seconds: u64, now_ms: i64) -> u32 {
    lru_clock(now_ms).wrapping_sub(seconds.min(u64::from(MASK / 2)) as u32) & MASK
}

/// The settings of LFU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lfu {
    /// `lfu-log-factor`.
    pub log_factor: u32,
    /// `lfu-decay-time`, minutes; 0 = never.
    pub decay_minutes: u32,
}

impl Default for Lfu {
    fn default() -> Self {
        Lfu { log_factor: 10, decay_minutes: 1 }
    }
}

fn minutes(now_ms: i64) -> u16 {
    (now_ms / 60_000) as u16
}

impl Lfu {
    /// The bits of a key just made.
    pub fn fresh(now_ms: i64) -> u32 {
        u32::from(minutes(now_ms)) << 8 | u32::from(LFU_INIT)
    }

    /// The bits of a key whose counter is known.
    pub fn with_counter(counter: u8, now_ms: i64) -> u32 {
        u32::from(minutes(now_ms)) << 8 | u32::from(counter)
    }

    /// The counter as it stands now, decay included.
    pub fn counter(self, access: u32, now_ms: i64) -> u8 {
        let (then, counter) = ((access >> 8) as u16, access as u8);
        if self.decay_minutes == 0 {
            return counter;
        }
        let periods = u32::from(minutes(now_ms).wrapping_sub(then)) / self.decay_minutes;
        counter.saturating_sub(periods.min(255) as u8)
    }

    /// The bits after one more access; `chance` is uniform in 0..1.
    pub fn touched(self, access: u32, now_ms: i64, chance: f64) -> u32 {
        let counter = self.counter(access, now_ms);
        let base = f64::from(counter.saturating_sub(LFU_INIT));
        let grows = counter < 255 && chance < 1.0 / (base * f64::from(self.log_factor) + 1.0);
        u32::from(minutes(now_ms)) << 8 | u32::from(counter + u8::from(grows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_survives_the_wrap() {
        let before = lru_clock(1_000 * i64::from(MASK));
        assert_eq!(idle_seconds(before, 1_000 * (i64::from(MASK) + 5)), 5);
    }

    #[test]
    fn frequency_grows_ever_slower_and_decays() {
        let lfu = Lfu::default();
        let mut bits = Lfu::fresh(0);
        for _ in 0..10 {
            bits = lfu.touched(bits, 0, 0.05);
        }
        assert_eq!(lfu.counter(bits, 0), LFU_INIT + 2);
        assert_eq!(lfu.counter(bits, 3 * 60_000), LFU_INIT + 2 - 3);
        assert_eq!(lfu.counter(bits, 600 * 60_000), 0);
    }
}
