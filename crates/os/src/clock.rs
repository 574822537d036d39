//! The clocks: wall and monotonic time through the vdso, and a counter of the processor for timing commands.
//!
//! The counter is used only where the kernel vouches that it runs at a constant rate and never stops; else
//! monotonic nanoseconds take its place (a vdso call, ~20 ns instead of ~8).
//!
//! **Invariants**
//! 1. `ticks` and `per_us` are chosen together and never change.

use rustix::time::{ClockId, Timespec, clock_gettime};
use world::Now;

#[derive(Clone, Copy)]
pub(crate) struct Clocks {
    pub ticks: fn() -> u64,
    pub per_us: u64,
}

impl Clocks {
    /// Chooses the counter; takes about two milliseconds where it has to be measured.
    pub fn new() -> Clocks {
        counter().unwrap_or(Clocks { ticks: nanoseconds, per_us: 1000 })
    }
}

#[inline]
pub(crate) fn now() -> Now {
    let wall = clock_gettime(ClockId::Realtime);
    let mono = clock_gettime(ClockId::Monotonic);
    Now { wall_us: us(wall), mono_us: us(mono) as u64 }
}

/// Microseconds since 1970-01-01 UTC.
pub(crate) fn wall_us() -> i64 {
    us(clock_gettime(ClockId::Realtime))
}

#[inline]
fn us(time: Timespec) -> i64 {
    // Unsigned division of a number known to be small: a multiplication and a shift.
    time.tv_sec * 1_000_000 + i64::from(time.tv_nsec as u32 / 1000)
}

fn nanoseconds() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(target_arch = "x86_64")]
fn counter() -> Option<Clocks> {
    fn ticks() -> u64 {
        // SAFETY: every x86-64 processor has the instruction, and no kernel in use forbids it.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    let vouched = |flag| flags.split_ascii_whitespace().any(|word| word == flag);
    if !vouched("constant_tsc") || !vouched("nonstop_tsc") {
        return None;
    }
    let per_us = measure(ticks);
    (per_us > 0).then_some(Clocks { ticks, per_us })
}

/// Ticks to a microsecond, best of three: being interrupted between the two readings makes the worst of them.
#[cfg(target_arch = "x86_64")]
fn measure(ticks: fn() -> u64) -> u64 {
    let once = || {
        let (ns, start) = (nanoseconds(), ticks());
        while nanoseconds() - ns < 700_000 {
            std::hint::spin_loop();
        }
        let (end_ns, end) = (nanoseconds(), ticks());
        ((end - start) as f64 * 1000.0 / (end_ns - ns) as f64).round() as u64
    };
    let mut three = [once(), once(), once()];
    three.sort_unstable();
    three[1]
}

#[cfg(target_arch = "aarch64")]
fn counter() -> Option<Clocks> {
    fn ticks() -> u64 {
        let count: u64;
        // SAFETY: reads the virtual counter, which Linux and macOS let user programs read; no memory is touched.
        unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) count, options(nomem, nostack)) };
        count
    }
    let hertz: u64;
    // SAFETY: as above; the register holds the counter's frequency.
    unsafe { core::arch::asm!("mrs {}, cntfrq_el0", out(reg) hertz, options(nomem, nostack)) };
    // A slow counter that is no multiple of a megahertz would be off by whole per cents.
    (hertz >= 1_000_000 && hertz % 1_000_000 == 0).then_some(Clocks { ticks, per_us: hertz / 1_000_000 })
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn counter() -> Option<Clocks> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_wall_clock_is_the_systems() {
        let system = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_micros() as i64;
        assert!((now().wall_us - system).abs() < 1_000_000);
    }

    #[test]
    fn ticks_agree_with_the_monotonic_clock() {
        let clocks = Clocks::new();
        let (start, ticks) = (now().mono_us, (clocks.ticks)());
        std::thread::sleep(Duration::from_millis(30));
        let counted = ((clocks.ticks)() - ticks) / clocks.per_us;
        let passed = now().mono_us - start;
        assert!(counted.abs_diff(passed) < passed / 20 + 2000, "{counted} against {passed}");
    }
}
