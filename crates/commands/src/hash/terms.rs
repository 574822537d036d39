//! The words that commands with times to live of fields share: `FIELDS n field ...`, and `EX`, `PX`, `EXAT`, `PXAT`.
//!
//! Times are kept as absolute milliseconds from the first moment on. The errors and their order are Valkey's: the word
//! FIELDS, options, the number of fields, the key's type, and only then the time.

use std::ops::Range;

use engine::{Arg, CommandError, Ctx, Outbox, Result};

pub(super) const NUMFIELDS: CommandError =
    CommandError::Line("ERR numfields should be greater than 0 and match the provided number of fields");

/// `FIELDS n field ...`, for the documentation.
pub(super) const FIELDS: Arg =
    Arg::block("fields", &[Arg::integer("numfields").spec(0), Arg::string("field").many()]).token("FIELDS");

/// The same as the peer documents it for HEXPIRE.
pub(super) const FIELDS_PLAIN: Arg =
    Arg::block("fields", &[Arg::integer("numfields"), Arg::string("field").many()]).token("FIELDS");

/// `FIELDS n field value ...`, for the documentation.
pub(super) const FIELDS_AND_VALUES: Arg = Arg::block(
    "fields",
    &[
        Arg::integer("numfields").spec(0),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).many(),
    ],
)
.token("FIELDS");

/// The four forms of a time, for the documentation.
pub(super) const EX: Arg = Arg::integer("seconds").token("EX");
pub(super) const PX: Arg = Arg::integer("milliseconds").token("PX");
pub(super) const EXAT: Arg = Arg::unix_time("unix-time-seconds").token("EXAT");
pub(super) const PXAT: Arg = Arg::unix_time("unix-time-milliseconds").token("PXAT");

/// Where the word FIELDS is, looked for from an index on; as the last word it has no meaning.
pub(super) fn fields_word(ctx: &Ctx<'_>, from: usize) -> Result<usize> {
    (from..ctx.argv.len() - 1).find(|at| ctx.is(*at, "FIELDS")).ok_or(NUMFIELDS)
}

/// The indices of the fields, given where FIELDS must be; `wrong` is what is said if the number is.
pub(super) fn fields_at(ctx: &Ctx<'_>, at: usize, wrong: CommandError) -> Result<Range<usize>> {
    counted(ctx, at, 1, wrong)
}

/// The same, where each field takes `words` words.
pub(super) fn counted(ctx: &Ctx<'_>, at: usize, words: usize, wrong: CommandError) -> Result<Range<usize>> {
    if !ctx.is(at, "FIELDS") {
        return Err(CommandError::Syntax);
    }
    if at + 1 >= ctx.argv.len() {
        return Err(wrong);
    }
    let count = ctx.integer(at + 1)?;
    let (first, len) = (at + 2, ctx.argv.len());
    let fits = usize::try_from(count)
        .is_ok_and(|count| count > 0 && count.checked_mul(words).is_some_and(|count| count == len - first));
    if fits { Ok(first..len) } else { Err(wrong) }
}

/// The unit and the base of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    UnixSeconds,
    UnixMillis,
}

impl Unit {
    pub(super) fn named(word: &[u8]) -> Option<Unit> {
        let names = [("EX", Unit::Seconds), ("PX", Unit::Millis), ("EXAT", Unit::UnixSeconds)];
        let names = names.into_iter().chain([("PXAT", Unit::UnixMillis)]);
        names.into_iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, unit)| unit)
    }

    /// The absolute time, in milliseconds since 1970, that the number at an index means.
    pub(super) fn absolute(self, ctx: &Ctx<'_>, index: usize) -> Result<i64> {
        let number = ctx.integer(index)?;
        let scaled = match self {
            Unit::Seconds | Unit::UnixSeconds => number.checked_mul(1000),
            Unit::Millis | Unit::UnixMillis => Some(number),
        };
        let time = match self {
            Unit::Seconds | Unit::Millis => scaled.and_then(|ms| ms.checked_add(ctx.clock_ms())),
            Unit::UnixSeconds | Unit::UnixMillis => scaled,
        };
        time.filter(|_| number >= 0).ok_or_else(|| ctx.invalid_expire())
    }
}

/// Answers for a key that is not there.
pub(super) fn nulls(out: &mut Outbox, count: usize) {
    out.array(count);
    (0..count).for_each(|_| out.null());
}

/// Writes a number for replicas and the append-only file.
pub(super) fn digits(number: i64) -> Vec<u8> {
    let mut digits = Vec::with_capacity(stdx::num::INT_CHARS_MAX);
    stdx::num::write_i64(&mut digits, number);
    digits
}

/// Tells replicas of fields that went: HDEL.
pub(super) fn propagate_removal(ctx: &mut Ctx<'_>, fields: &[usize]) {
    if ctx.server.listeners.feed {
        let argv = ctx.argv;
        let mut words: Vec<&[u8]> = vec![b"HDEL", argv.at(1)];
        words.extend(fields.iter().map(|at| argv.at(*at)));
        ctx.propagate_instead(&words);
    }
}
