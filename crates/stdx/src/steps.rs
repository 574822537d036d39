//! Counting steps instead of seconds: structures call [`step`] wherever they look at a node, a bucket or an element, and
//! tests ask with [`counted`] how many that were. So a test can say that ZRANK takes no more steps than the logarithm
//! allows, on any machine.
//!
//! Only builds with debug assertions count; in others [`step`] is nothing.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Whether this build counts.
pub const COUNTS: bool = cfg!(debug_assertions);

/// One more step.
#[inline(always)]
pub fn step() {
    if COUNTS {
        STEPS.set(STEPS.get().wrapping_add(1));
    }
}

/// Does something and says how many steps it took on this thread.
pub fn counted<R>(work: impl FnOnce() -> R) -> (R, u64) {
    let before = STEPS.get();
    let result = work();
    (result, STEPS.get().wrapping_sub(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_the_work_are_counted_and_no_others() {
        step();
        let (result, steps) = counted(|| {
            (0..5).for_each(|_| step());
            "done"
        });
        assert_eq!((result, steps), ("done", if COUNTS { 5 } else { 0 }));
    }
}
