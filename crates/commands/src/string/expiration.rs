//! When a string shall end: EX, PX, EXAT, PXAT, KEEPTTL, PERSIST, as SET, GETEX and MSETEX take them.
//!
//! Times are kept as absolute milliseconds from the first moment on, so that nothing has to ask "relative to when"
//! again. The grammar only notes the word; the number is looked at after the grammar, as the peers do, so that a
//! syntax error wins over a bad number.

use engine::{Arg, CommandError, Ctx, Result};

/// The unit and the base of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    UnixSeconds,
    UnixMillis,
}

/// What a request says about the time to live. `At` holds the index of the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Expiration {
    #[default]
    Unsaid,
    Keep,
    Persist,
    At(Unit, usize),
}

impl Unit {
    pub(super) fn named(word: &[u8]) -> Option<Unit> {
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        match () {
            () if is("EX") => Some(Unit::Seconds),
            () if is("PX") => Some(Unit::Millis),
            () if is("EXAT") => Some(Unit::UnixSeconds),
            () if is("PXAT") => Some(Unit::UnixMillis),
            () => None,
        }
    }
}

impl Expiration {
    /// Whether a request may say both. The same word twice is fine, and the later one holds.
    fn agrees(self, other: Expiration) -> bool {
        match (self, other) {
            (Expiration::Unsaid, _) => true,
            (Expiration::At(unit, _), Expiration::At(other, _)) => unit == other,
            _ => self == other,
        }
    }
}

/// Reads one option word if it is about time, and moves past it. Two that differ are a syntax error.
pub(super) fn option(ctx: &Ctx<'_>, at: &mut usize, said: &mut Expiration, word: &str) -> Result<bool> {
    let found = match Unit::named(ctx.argv.at(*at)) {
        Some(unit) if *at + 1 < ctx.argv.len() => Expiration::At(unit, *at + 1),
        Some(_) => return Err(CommandError::Syntax),
        None if ctx.is(*at, word) => match word {
            "KEEPTTL" => Expiration::Keep,
            _ => Expiration::Persist,
        },
        None => return Ok(false),
    };
    if !said.agrees(found) {
        return Err(CommandError::Syntax);
    }
    *said = found;
    *at += if matches!(found, Expiration::At(..)) { 2 } else { 1 };
    Ok(true)
}

/// The absolute time, in milliseconds since 1970, that the number at an index means.
pub(super) fn absolute(ctx: &Ctx<'_>, unit: Unit, index: usize) -> Result<i64> {
    let number = ctx.integer(index)?;
    let scaled = match unit {
        Unit::Seconds | Unit::UnixSeconds => number.checked_mul(1000),
        Unit::Millis | Unit::UnixMillis => Some(number),
    };
    let time = match unit {
        Unit::Seconds | Unit::Millis => scaled.and_then(|ms| ms.checked_add(ctx.clock_ms())),
        Unit::UnixSeconds | Unit::UnixMillis => scaled,
    };
    time.filter(|_| number > 0).ok_or_else(|| ctx.invalid_expire())
}

/// Writes a time for replicas and the append-only file.
pub(super) fn digits(at: i64) -> Vec<u8> {
    let mut digits = Vec::with_capacity(stdx::num::INT_CHARS_MAX);
    stdx::num::write_i64(&mut digits, at);
    digits
}

/// The four forms of a time, for the documentation.
pub(super) const EX: Arg = Arg::integer("seconds").token("EX");
pub(super) const PX: Arg = Arg::integer("milliseconds").token("PX");
pub(super) const EXAT: Arg = Arg::unix_time("unix-time-seconds").token("EXAT");
pub(super) const PXAT: Arg = Arg::unix_time("unix-time-milliseconds").token("PXAT");
