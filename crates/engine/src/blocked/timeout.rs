//! How long a client waits, as it is written in requests.

use stdx::longdouble::LongDouble;
use stdx::num::{parse_f64, parse_i64};

use crate::ctx::Ctx;
use crate::error::{CommandError, Result};

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    Never,
    /// After so many milliseconds.
    Ms(u64),
}

impl Timeout {
    /// When it is over if it begins now; monotonic microseconds.
    pub(crate) fn deadline_us(self, now_us: u64) -> Option<u64> {
        match self {
            Timeout::Never => None,
            Timeout::Ms(ms) => Some(now_us.saturating_add(ms.saturating_mul(1000))),
        }
    }
}

const OUT_OF_RANGE: CommandError = CommandError::Line("ERR timeout is out of range");
const NOT_A_FLOAT: CommandError = CommandError::Line("ERR timeout is not a float or out of range");

impl Ctx<'_> {
    /// The word at an index as a timeout in seconds, with a fraction; 0 is never. Rounded up to milliseconds.
    pub fn timeout_seconds(&self, index: usize) -> Result<Timeout> {
        let ms = (seconds(self.argv.at(index))? * 1000.0).ceil();
        if ms >= i64::MAX as f64 {
            return Err(OUT_OF_RANGE);
        }
        timeout(ms as i64, self.now_ms())
    }

    /// The word at an index as a timeout in milliseconds; 0 is never.
    pub fn timeout_ms(&self, index: usize) -> Result<Timeout> {
        let ms = parse_i64(self.argv.at(index)).ok_or(CommandError::TimeoutNotInteger)?;
        timeout(ms, self.now_ms())
    }
}

/// The peers reckon with the time of day at which it is over: that must be a number, too.
fn timeout(ms: i64, now_ms: i64) -> Result<Timeout> {
    match u64::try_from(ms) {
        Err(_) => Err(CommandError::TimeoutNegative),
        Ok(0) => Ok(Timeout::Never),
        Ok(_) if ms.checked_add(now_ms).is_none() => Err(OUT_OF_RANGE),
        Ok(ms) => Ok(Timeout::Ms(ms)),
    }
}

/// The peers read what C calls a long double: hexadecimal, too, and numbers that no double holds.
fn seconds(text: &[u8]) -> Result<f64> {
    if let Some(number) = parse_f64(text) {
        return Ok(number);
    }
    let mut digits = Vec::new();
    LongDouble::parse(text).ok_or(NOT_A_FLOAT)?.write(&mut digits);
    let huge = if digits.starts_with(b"-") { f64::NEG_INFINITY } else { f64::INFINITY };
    Ok(parse_f64(&digits).unwrap_or(huge))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> std::result::Result<f64, String> {
        seconds(text.as_bytes()).map_err(|error| error.to_line().into_owned())
    }

    #[test]
    fn seconds_are_what_the_peers_take() {
        let refused = Err("ERR timeout is not a float or out of range".to_owned());
        assert_eq!(of("0.25"), Ok(0.25));
        assert_eq!(of("0x10"), Ok(16.0));
        assert_eq!(of("inf"), Ok(f64::INFINITY));
        assert_eq!(of("1e400"), Ok(f64::INFINITY));
        assert_eq!(of("-1e400"), Ok(f64::NEG_INFINITY));
        for text in ["", " 1", "1 ", "nan", "a", "1e9999999"] {
            assert_eq!(of(text), refused, "{text}");
        }
    }

    #[test]
    fn what_ends_after_the_end_of_time_is_out_of_range() {
        let now = 1_800_000_000_000;
        assert_eq!(timeout(0, now), Ok(Timeout::Never));
        assert_eq!(timeout(5, now), Ok(Timeout::Ms(5)));
        assert_eq!(timeout(i64::MAX - now, now), Ok(Timeout::Ms((i64::MAX - now) as u64)));
        assert_eq!(timeout(i64::MAX - now + 1, now), Err(OUT_OF_RANGE));
        assert_eq!(timeout(-1, now), Err(CommandError::TimeoutNegative));
        assert_eq!(Timeout::Ms(u64::MAX).deadline_us(5), Some(u64::MAX));
    }
}
