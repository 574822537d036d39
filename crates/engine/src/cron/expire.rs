//! The active expire cycle, in slices: the share of the processor that the peers spend in one go of 25 ms is spent in
//! goes of a millisecond with pauses in between.

use keyspace::Cycle;

use super::{Again, Budget};
use crate::engine::Engine;
use crate::host::Host;

/// Per cent of the time that expiry may take with `active-expire-effort` 1, and how much more with each step.
const SHARE: u64 = 25;
const SHARE_STEP: u64 = 2;

pub(super) fn sweep(engine: &mut Engine, host: &mut dyn Host, budget_us: u64) -> Again {
    let Engine { keyspace, server, .. } = engine;
    if !server.debug.active_expire || keyspace.env.hold_expiry {
        return Again::Later;
    }
    let effort = server.config.active_expire_effort.clamp(1, 10);
    let began_us = host.mono_us();
    let mut budget = Budget::new(host, budget_us);
    let swept = keyspace.expire_step(Cycle::Slow, effort, &mut || budget.is_left());
    let spent_us = host.mono_us().saturating_sub(began_us);
    keyspace.env.stats.expire_cycle_us += spent_us;
    server.note_latency("expire-cycle", spent_us);
    if swept.timed_out { Again::After(pause_us(spent_us, effort)) } else { Again::Later }
}

/// Longest that the cycle before a wait takes, in microseconds.
const FAST_US: u64 = 1000;

impl Engine {
    /// The cycle before a wait: returns at once unless the last one was cut short or much is
    /// stale, and it has rested for as long as it may run.
    pub fn fast_expire(&mut self, host: &mut dyn Host) {
        let Engine { keyspace, server, .. } = &mut *self;
        let rested = server.mono_us >= server.fast_expire_due_us;
        if !rested || !keyspace.is_behind() || !server.debug.active_expire || keyspace.env.hold_expiry {
            return;
        }
        server.fast_expire_due_us = server.mono_us + 2 * FAST_US;
        let effort = server.config.active_expire_effort.clamp(1, 10);
        let began_us = host.mono_us();
        let mut budget = Budget::new(host, FAST_US);
        keyspace.expire_step(Cycle::Fast, effort, &mut || budget.is_left());
        keyspace.env.stats.expire_cycle_us += host.mono_us().saturating_sub(began_us);
        self.follow_up(host);
    }
}

/// The pause after which a slice was the share of the time that it may be.
fn pause_us(spent_us: u64, effort: u32) -> u64 {
    let share = SHARE + SHARE_STEP * u64::from(effort - 1);
    spent_us.max(100) * (100 - share) / share
}

#[cfg(test)]
mod tests {
    use super::pause_us;

    #[test]
    fn a_quarter_of_the_time_is_spent_on_expiry() {
        assert_eq!(pause_us(1000, 1), 3000);
        assert_eq!(pause_us(1000, 10), 1325);
        assert_eq!(pause_us(0, 1), 300, "a clock that stands still does not make us spin");
    }
}
