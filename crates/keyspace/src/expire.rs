//! The active expire cycle: keys whose time is up are removed even if nobody asks for them.
//!
//! There is no second table of volatile keys: the entries carry their expire, and the cycle walks the table of
//! the database with a cursor of its own, bucket after bucket, looking at volatile keys in *batches*. A database is
//! left when a batch finds few expired keys, when it was walked once, or when the time is up; the next call goes
//! on with the next database. The road not taken: a table beside the table costs a second entry per volatile key
//! and a second miss per change; it would find rare volatile keys sooner. Here, where they are rare, a batch looks at
//! more keys, up to a bound: the slower cleaning is paid in memory, never in wrong answers, since lookups
//! expire as well.
//!
//! The cycle is a step function: it has no clock. The caller says how long it may go on, and adds to
//! [`crate::Stats::expire_cycle_us`] what it measured.
//!
//! **Invariants**
//! 1. A key is removed only if its expire is at or before [`Env::now_ms`](crate::Env::now_ms), and never while expiry is held.
//! 2. Between two questions for the time, at most [`BITE`] keys and buckets are looked at, and the rest of a chain.

use crate::db::{DbIndex, DbMut, Keyspace};

/// Which of the two cycles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cycle {
    /// Before the server sleeps: at most a millisecond, and only if the last cycle left work undone.
    Fast,
    /// In the cron: at most a quarter of its period.
    Slow,
}

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Volatile keys looked at.
    pub sampled: usize,
    /// Of these, keys removed.
    pub expired: usize,
    /// The time was up before the work was done.
    pub timed_out: bool,
}

/// What is kept from one step to the next.
#[derive(Default)]
pub(crate) struct Sweep {
    next_db: DbIndex,
    timed_out: bool,
    due: KeyList,
}

/// Keys and buckets looked at between two questions for the time: a tenth of a millisecond when all are cold.
const BITE: usize = 1024;

/// How eagerly a step works.
#[derive(Clone, Copy)]
struct Pace {
    /// Volatile keys in a batch.
    keys: usize,
    /// Keys and buckets looked at for a batch, at most.
    look: usize,
    /// Per cent of expired keys in a batch at which the database is clean enough.
    acceptable: usize,
}

impl Pace {
    fn of(cycle: Cycle, effort: u32) -> Pace {
        let more = effort.clamp(1, 10) as usize - 1;
        let look = match cycle {
            Cycle::Fast => 1024,
            Cycle::Slow => 16 * 1024,
        };
        Pace { keys: 20 + 5 * more, look: look + look / 4 * more, acceptable: 10 - more }
    }
}

impl Swept {
    fn add(&mut self, batch: Swept) {
        self.sampled += batch.sampled;
        self.expired += batch.expired;
    }

    fn stale_percent(self) -> usize {
        self.expired * 100 / self.sampled.max(1)
    }
}

impl Keyspace {
    /// One step of the cycle; `effort` is `active-expire-effort`, 1 to 10. Side effects: keys are removed and told
    /// as [`Gone`](crate::Gone), `expired`, `expire_time_cap` and `stale_percent` of the statistics and the
    /// databases' `avg_ttl_ms` move on.
    pub fn expire_step(&mut self, cycle: Cycle, effort: u32, time_left: &mut dyn FnMut() -> bool) -> Swept {
        let pace = Pace::of(cycle, effort);
        if self.env.hold_expiry || (cycle == Cycle::Fast && !self.is_stale(pace)) {
            return Swept::default();
        }
        let (mut total, mut due) = (Swept::default(), std::mem::take(&mut self.sweep.due));
        for _ in 0..self.databases() {
            let index = self.sweep.next_db % self.databases();
            self.sweep.next_db = index + 1;
            self.db(index).sweep(pace, &mut due, time_left, &mut total);
            if !total.timed_out {
                total.timed_out = self.sweep_fields(index, time_left);
            }
            if total.timed_out {
                self.env.stats.expire_time_cap += 1;
                break;
            }
        }
        self.sweep.due = due;
        self.sweep.timed_out = total.timed_out;
        let stale = &mut self.env.stats.stale_percent;
        *stale = total.stale_percent() as f64 * 0.05 + *stale * 0.95;
        total
    }

    /// The volatile fields of one database; costs nothing where there are none.
    fn sweep_fields(&mut self, index: DbIndex, time_left: &mut dyn FnMut() -> bool) -> bool {
        let all = self.look(index).volatile_hashes();
        if all == 0 {
            return false;
        }
        let mut taken = 0;
        let timed_out = self.db(index).sweep_fields(&mut taken, time_left);
        let stale = &mut self.env.stats.stale_hashes_percent;
        *stale = (taken.min(all) * 100 / all) as f64 * 0.05 + *stale * 0.95;
        timed_out
    }

    /// Whether the last cycle was cut short, or one in ten keys with a time to live is past it.
    #[inline]
    pub fn is_behind(&self) -> bool {
        self.is_stale(Pace { keys: 0, look: 0, acceptable: 10 })
    }

    fn is_stale(&self, pace: Pace) -> bool {
        self.sweep.timed_out || self.env.stats.stale_percent >= pace.acceptable as f64
    }
}

impl DbMut<'_> {
    /// Batch after batch of one database, each in bites with a question for the time after it.
    fn sweep(
        &mut self,
        pace: Pace,
        due: &mut KeyList,
        time_left: &mut dyn FnMut() -> bool,
        total: &mut Swept,
    ) {
        let (mut turns, mut batch, mut looked) = (0, Swept::default(), 0);
        while self.db.volatile.keys > 0 && turns < 2 {
            let bite = self.bite(pace.keys - batch.sampled.min(pace.keys), due, &mut looked, &mut turns);
            batch.add(bite);
            total.add(bite);
            if batch.sampled >= pace.keys || looked >= pace.look {
                if batch.stale_percent() <= pace.acceptable {
                    return;
                }
                (batch, looked) = (Swept::default(), 0);
            }
            if !time_left() {
                total.timed_out = true;
                return;
            }
        }
    }

    /// Looks at about `want` volatile keys and removes the expired ones. `looked` counts keys and buckets, `turns`
    /// how often the cursor came round.
    fn bite(&mut self, want: usize, due: &mut KeyList, looked: &mut usize, turns: &mut u32) -> Swept {
        let (now_ms, mut seen, mut live) = (self.env.now_ms, Swept::default(), Ttls::default());
        let enough = *looked + BITE;
        while seen.sampled < want && *looked < enough && *turns < 2 {
            *looked += 1;
            self.db.expire_cursor = self.db.keys.scan(self.db.expire_cursor, |entry| {
                *looked += 1;
                let Some(at) = entry.expire() else { return };
                seen.sampled += 1;
                if at <= now_ms {
                    due.push(entry.key());
                } else {
                    live.add(at - now_ms);
                }
            });
            *turns += u32::from(self.db.expire_cursor == 0);
        }
        seen.expired = due.len();
        self.remove_due(due);
        live.average_into(&mut self.db.avg_ttl_ms);
        seen
    }
}

/// Times to live seen in a batch.
#[derive(Default)]
struct Ttls {
    sum_ms: i64,
    count: i64,
}

impl Ttls {
    fn add(&mut self, ttl_ms: i64) {
        self.sum_ms = self.sum_ms.saturating_add(ttl_ms);
        self.count += 1;
    }

    /// The first batch is the average, later ones count for a fiftieth.
    fn average_into(&self, average_ms: &mut i64) {
        if self.count == 0 {
            return;
        }
        let seen = self.sum_ms / self.count;
        *average_ms = if *average_ms == 0 { seen } else { *average_ms + (seen - *average_ms) / 50 };
    }
}

/// Keys one after the other in one allocation, which is kept.
#[derive(Default)]
pub(crate) struct KeyList {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl KeyList {
    pub fn push(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Expire, Seed, Why};

    fn filled(databases: u32, keys: u64, ttl_ms: impl Fn(u64) -> Option<i64>) -> Keyspace {
        let mut ks = Keyspace::new(databases, Seed { k0: 7, k1: 9 }, 1);
        for n in 0..keys {
            let name = format!("key:{n}");
            let key = ks.key(name.as_bytes());
            let expire = ttl_ms(n).map_or(Expire::Clear, Expire::At);
            ks.db(n as u32 % databases).set_str(key, b"v", expire);
        }
        ks
    }

    fn keys(ks: &Keyspace) -> usize {
        ks.all().map(|(_, db)| db.len()).sum()
    }

    #[test]
    fn one_step_with_time_enough_removes_all_that_is_due_when_much_is() {
        let mut ks = filled(3, 9_000, |n| (n % 2 == 0).then_some(1_000));
        ks.env.tell_gone = true;
        ks.env.set_now(999);
        assert_eq!(ks.expire_step(Cycle::Slow, 1, &mut || true).expired, 0, "never early");
        ks.env.set_now(1_000);
        let swept = ks.expire_step(Cycle::Slow, 1, &mut || true);
        assert_eq!((swept.expired, swept.timed_out, keys(&ks)), (4_500, false, 4_500));
        assert_eq!((ks.env.stats.expired, ks.env.gone.len()), (4_500, 4_500));
        assert!(ks.env.gone.iter().all(|gone| gone.why == Why::Expired));
        ks.verify();
    }

    #[test]
    fn a_step_stops_when_time_is_up_and_the_fast_one_goes_on() {
        let mut ks = filled(2, 9_000, |_| Some(1));
        ks.env.set_now(1);
        let swept = ks.expire_step(Cycle::Slow, 1, &mut || false);
        assert!(swept.timed_out && swept.expired < 100, "{swept:?}");
        assert_eq!(ks.env.stats.expire_time_cap, 1);
        let swept = ks.expire_step(Cycle::Fast, 1, &mut || true);
        assert!(!swept.timed_out && keys(&ks) == 0, "{swept:?}");
        ks.env.stats.stale_percent = 0.0;
        assert_eq!(ks.expire_step(Cycle::Fast, 1, &mut || true), Swept::default(), "nothing was left undone");
    }

    #[test]
    fn nothing_goes_while_expiry_is_held() {
        let mut ks = filled(1, 100, |_| Some(1));
        (ks.env.now_ms, ks.env.hold_expiry) = (5, true);
        assert_eq!(ks.expire_step(Cycle::Slow, 10, &mut || true).sampled, 0);
        assert_eq!(keys(&ks), 100);
    }

    #[test]
    fn a_step_asks_for_the_time_even_if_it_finds_nothing() {
        let mut ks = filled(1, 50_000, |n| (n < 2).then_some(if n == 0 { 1 } else { 99 }));
        ks.env.set_now(1);
        let mut asked = 0;
        ks.expire_step(Cycle::Slow, 10, &mut || {
            asked += 1;
            true
        });
        assert!(asked > 20, "{asked}");
    }

    #[test]
    fn rare_volatile_keys_are_found_in_a_few_steps() {
        let mut ks = filled(1, 100_000, |n| (n % 10_000 == 0).then_some(1));
        ks.env.set_now(1);
        let mut steps = 0;
        while ks.look(0).volatile() > 0 {
            ks.expire_step(Cycle::Slow, 1, &mut || true);
            steps += 1;
            assert!(steps < 20, "100,000 keys at 16,384 keys and buckets a step");
        }
        assert_eq!(keys(&ks), 99_990);
    }

    #[test]
    fn statistics_tell_the_average_time_to_live_and_the_stale_share() {
        let mut ks = filled(1, 1_000, |n| Some(if n % 4 == 0 { 1 } else { 10_001 }));
        ks.env.set_now(1);
        ks.expire_step(Cycle::Slow, 1, &mut || true);
        assert_eq!(ks.look(0).avg_ttl_ms, 10_000);
        let stale = ks.env.stats.stale_percent;
        assert!((0.3..3.0).contains(&stale), "{stale}");
    }
}
