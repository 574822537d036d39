//! The arithmetic of INCRBYFLOAT and HINCRBYFLOAT: x87 80-bit extended precision.
//!
//! The peers compute with C's `long double` and print `%.17Lf` without its trailing zeros. On x86-64 that is a
//! 64-bit significand, and users see it: `0.1 + 0.2` is `0.3`, and `1 + 1e-17` is `1.00000000000000001`. An
//! `f64` gets both wrong, so the soft float of `rustc_apfloat` does reading and adding; printing is ours.
//!
//! ```text
//!   bit 79   78 .. 64        63 .. 0
//!   sign     exponent, bias  significand, its leading one included
//!            16383
//!   value = significand × 2^(exponent - 16383 - 63)
//! ```
//!
//! Printing needs no general big number. With a negative binary exponent, significand × 10^17 fits 121 bits, so
//! one rounded shift gives all the digits; with a positive one the value is whole, and doubled in base 10^18.
//!
//! The same on every platform, unlike the peers, whose `long double` is 64 bits wide on some and 128 on others.
//!
//! **Invariants.** (1) A `LongDouble` that came from [`LongDouble::parse`] is not NaN. (2) What `write` appends
//! for a finite value, `parse` accepts.

use rustc_apfloat::{Float, Round, ieee::X87DoubleExtended};

use crate::num;

/// Texts of this length and longer are refused, as the peers' buffer refuses them.
const TEXT_LEN_LIMIT: usize = 5 * 1024;

/// Digits after the point.
const DECIMALS: usize = 17;
const TEN_POW_DECIMALS: u128 = 10u128.pow(DECIMALS as u32);

/// A number in 80-bit extended precision; see the head of this file.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct LongDouble(X87DoubleExtended);

impl LongDouble {
    /// Reads what C's `strtold` reads as a whole and the peers let through: decimal or hexadecimal with an
    /// optional sign, point and exponent, `inf` or `infinity` in any case.
    ///
    /// `None` for NaN, spaces on either side, the empty text, 5120 bytes or more, and numbers that would
    /// become infinite or zero only because they do not fit. At worst quadratic in the (bounded) length.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= TEXT_LEN_LIMIT {
            return None;
        }
        let (negative, unsigned) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let magnitude = parse_unsigned(unsigned)?;
        Some(LongDouble(if negative { -magnitude } else { magnitude }))
    }

    /// The sum, rounded to nearest, ties to even. May be infinite or NaN (`inf` plus `-inf`).
    #[expect(clippy::should_implement_trait, reason = "a named step of a command, not an operator to chain")]
    pub fn add(self, other: Self) -> Self {
        LongDouble(self.0.add_r(other.0, Round::NearestTiesToEven).value)
    }

    /// Whether this is not a number.
    pub fn is_nan(self) -> bool {
        self.0.is_nan()
    }

    /// Whether this is infinite, of either sign.
    pub fn is_infinite(self) -> bool {
        self.0.is_infinite()
    }

    /// Appends the value rounded to 17 decimals, trailing zeros and a bare point dropped.
    ///
    /// Zero of either sign, and what rounds to `-0`, is `0`; otherwise `inf`, `-inf` or `nan`. At most about
    /// 5000 bytes, and quadratic in them only above 10^38.
    pub fn write(self, out: &mut Vec<u8>) {
        if self.0.is_nan() {
            return out.extend_from_slice(b"nan");
        }
        let start = out.len();
        if self.0.is_negative() {
            out.push(b'-');
        }
        if self.0.is_infinite() {
            return out.extend_from_slice(b"inf");
        }
        let bits = self.0.to_bits();
        write_magnitude(out, bits as u64, binary_exponent(bits));
        if out[start..] == *b"-0" {
            out.remove(start);
        }
    }
}

/// The power of two that the significand, as an integer, is multiplied by.
fn binary_exponent(bits: u128) -> i32 {
    let biased = ((bits >> 64) & 0x7fff) as i32;
    // Subnormals (biased 0) count as 1: their leading bit is simply missing.
    biased.max(1) - 16383 - 63
}

fn write_magnitude(out: &mut Vec<u8>, significand: u64, exponent2: i32) {
    if exponent2 > 0 {
        return write_whole(out, significand, exponent2 as u32);
    }
    let scaled = shift_right_rounded(u128::from(significand) * TEN_POW_DECIMALS, exponent2.unsigned_abs());
    // Below 2^64, since the significand is and the exponent is not positive.
    num::write_u64(out, (scaled / TEN_POW_DECIMALS) as u64);
    write_fraction(out, (scaled % TEN_POW_DECIMALS) as u64);
}

/// Divides by `2^shift` and rounds to nearest, ties to even. `value` must leave its top bit free.
fn shift_right_rounded(value: u128, shift: u32) -> u128 {
    debug_assert!(value >> 127 == 0);
    match shift {
        0 => value,
        // Less than a half, whatever the value is.
        128.. => 0,
        _ => {
            let quotient = value >> shift;
            let remainder = value & ((1 << shift) - 1);
            let half = 1 << (shift - 1);
            let up = remainder > half || (remainder == half && quotient & 1 == 1);
            quotient + u128::from(up)
        }
    }
}

/// Appends `.` and the digits of `fraction / 10^17`, or nothing if it is zero.
fn write_fraction(out: &mut Vec<u8>, fraction: u64) {
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    out.resize(out.len() + DECIMALS - num::digits10(fraction), b'0');
    num::write_u64(out, fraction);
    while out.last() == Some(&b'0') {
        out.pop();
    }
}

/// Appends `significand × 2^exponent2`, a whole number.
fn write_whole(out: &mut Vec<u8>, significand: u64, exponent2: u32) {
    const LIMB: u128 = 10u128.pow(18);
    const LIMB_DIGITS: usize = 18;
    let mut limbs = vec![u128::from(significand)];
    let mut shift_left = exponent2;
    while shift_left > 0 {
        // Limbs are below 2^64, so up to 60 places and the carry stay within 128 bits.
        let step = shift_left.min(60);
        let mut carry = 0;
        for limb in &mut limbs {
            let value = (*limb << step) + carry;
            *limb = value % LIMB;
            carry = value / LIMB;
        }
        while carry > 0 {
            limbs.push(carry % LIMB);
            carry /= LIMB;
        }
        shift_left -= step;
    }
    let mut limbs = limbs.into_iter().rev().map(|limb| limb as u64);
    num::write_u64(out, limbs.next().unwrap_or(0));
    for limb in limbs {
        out.resize(out.len() + LIMB_DIGITS - num::digits10(limb), b'0');
        num::write_u64(out, limb);
    }
}

fn parse_unsigned(text: &[u8]) -> Option<X87DoubleExtended> {
    if text.eq_ignore_ascii_case(b"inf") || text.eq_ignore_ascii_case(b"infinity") {
        return Some(X87DoubleExtended::INFINITY);
    }
    let number = Scanned::of(text)?;
    if number.is_zero() {
        return Some(X87DoubleExtended::ZERO);
    }
    let value = number.small_decimal().or_else(|| number.any())?;
    // A number that overflowed to infinity or underflowed to zero is an error.
    (!value.is_infinite() && !value.is_zero()).then_some(value)
}

/// A number's parts, known to be well formed.
struct Scanned<'a> {
    text: &'a [u8],
    radix: Radix,
    whole: &'a [u8],
    fraction: &'a [u8],
    /// Saturated far outside of what any number of bounded length can mean.
    exponent: i32,
    exponent_written: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Radix {
    Ten,
    Sixteen,
}

impl<'a> Scanned<'a> {
    fn of(text: &'a [u8]) -> Option<Self> {
        let (radix, body) = match text {
            [b'0', b'x' | b'X', rest @ ..] => (Radix::Sixteen, rest),
            _ => (Radix::Ten, text),
        };
        let (whole, rest) = split_digits(body, radix);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => split_digits(rest, radix),
            _ => (&rest[..0], rest),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let exponent = match (radix, rest) {
            (_, []) => 0,
            (Radix::Ten, [b'e' | b'E', rest @ ..]) => parse_exponent(rest)?,
            (Radix::Sixteen, [b'p' | b'P', rest @ ..]) => parse_exponent(rest)?,
            _ => return None,
        };
        Some(Scanned { text, radix, whole, fraction, exponent, exponent_written: !rest.is_empty() })
    }

    fn is_zero(&self) -> bool {
        self.whole.iter().chain(self.fraction).all(|&digit| digit == b'0')
    }

    /// The usual case, without an allocation: when digits fit the significand and the power of ten is exact,
    /// one correctly rounded operation on the two is the correctly rounded result.
    fn small_decimal(&self) -> Option<X87DoubleExtended> {
        const EXACT_POWER_MAX: u32 = 27;
        if self.radix != Radix::Ten || self.whole.len() + self.fraction.len() > 19 {
            return None;
        }
        let exponent = self.exponent - self.fraction.len() as i32;
        let power = exponent.unsigned_abs();
        if power > EXACT_POWER_MAX {
            return None;
        }
        let digits = self.whole.iter().chain(self.fraction);
        let digits = digits.fold(0u128, |value, &digit| value * 10 + u128::from(digit - b'0'));
        let digits = X87DoubleExtended::from_u128(digits).value;
        let power = X87DoubleExtended::from_u128(10u128.pow(power)).value;
        let round = Round::NearestTiesToEven;
        Some(match exponent {
            0 => digits,
            1.. => digits.mul_r(power, round).value,
            _ => digits.div_r(power, round).value,
        })
    }

    /// Every case, correctly rounded by the library.
    fn any(&self) -> Option<X87DoubleExtended> {
        let text = std::str::from_utf8(self.text).ok()?;
        let round = Round::NearestTiesToEven;
        let parsed = match (self.radix, self.exponent_written) {
            // The library insists on an exponent where C does not.
            (Radix::Sixteen, false) => X87DoubleExtended::from_str_r(&format!("{text}p0"), round),
            _ => X87DoubleExtended::from_str_r(text, round),
        };
        parsed.ok().map(|parsed| parsed.value)
    }
}

fn split_digits(text: &[u8], radix: Radix) -> (&[u8], &[u8]) {
    let is_digit = |byte: &u8| match radix {
        Radix::Ten => byte.is_ascii_digit(),
        Radix::Sixteen => byte.is_ascii_hexdigit(),
    };
    text.split_at(text.iter().take_while(|byte| is_digit(byte)).count())
}

/// An exponent with its optional sign. Saturates at a hundred million; `None` unless digits, and only digits.
fn parse_exponent(text: &[u8]) -> Option<i32> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i32, |value, &b| (value * 10 + i32::from(b - b'0')).min(100_000_000));
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> LongDouble {
        LongDouble::parse(text.as_bytes()).unwrap_or_else(|| panic!("refused: {text}"))
    }

    fn written(value: LongDouble) -> String {
        let mut out = Vec::new();
        value.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// `a + b`, as INCRBYFLOAT would answer.
    fn sum(a: &str, b: &str) -> String {
        written(parsed(a).add(parsed(b)))
    }

    #[test]
    fn sums_have_80_bits() {
        assert_eq!(sum("0.1", "0.2"), "0.3");
        assert_eq!(sum("1", "1e-17"), "1.00000000000000001");
        assert_eq!(sum("3.0e3", "2.0e3"), "5000");
        assert_eq!(sum("10.50", "0.1"), "10.6");
        assert_eq!(sum("5.0e3", "-2.0e2"), "4800");
        assert_eq!(sum("1", "-1"), "0");
        assert_eq!(sum("18446744073709551615", "0"), "18446744073709551615");
        assert_eq!(sum("18446744073709551616", "1"), "18446744073709551616");
    }

    #[test]
    fn infinities_are_told_apart() {
        assert!(parsed("inf").is_infinite() && parsed("-Infinity").is_infinite());
        assert!(parsed("inf").add(parsed("-inf")).is_nan());
        assert_eq!(sum("inf", "1"), "inf");
        assert_eq!(sum("-inf", "1"), "-inf");
        assert_eq!(sum("inf", "-inf"), "nan");
        assert!(parsed("1.1e4932").add(parsed("1.1e4932")).is_infinite());
    }

    #[test]
    fn tiny_numbers_round_to_even_and_lose_their_sign() {
        for text in ["4e-18", "5e-18", "-1e-30", "1e-4950", "0x1p-16445", "-0", "-0.0", "-4e-18"] {
            assert_eq!(sum("0", text), "0", "{text}");
            assert_eq!(written(parsed(text)), "0", "{text}");
        }
        assert_eq!(written(parsed("6e-18")), "0.00000000000000001");
        assert_eq!(written(parsed("-6e-18")), "-0.00000000000000001");
    }

    #[test]
    fn the_grammar_is_c_s() {
        let accepted = [
            ("0x10", "16"),
            ("0x1p4", "16"),
            ("0X.8", "0.5"),
            ("0xabcdefp-3", "1407421.875"),
            ("-0x1.8", "-1.5"),
            ("0x1.", "1"),
            ("+1", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("0e99999999999999", "0"),
            ("1e0000000000000000000000003", "1000"),
        ];
        for (text, value) in accepted {
            assert_eq!(written(parsed(text)), value, "{text}");
        }
        let refused = [
            "",
            " 1",
            "1 ",
            "nan",
            "-nan",
            "1e",
            "1e+",
            "0x",
            "0x1p",
            "0x.p1",
            ".",
            "-",
            "+-1",
            "0b11",
            "1e4933",
            "-1e4933",
            "1e-4951",
            "1e-5000",
            "0x1p16384",
            "0x1p-16446",
            "1_0",
            "1\0",
            "infin",
            "1e999999999999",
            "1e-999999999999",
            "0x1p999999999999",
            "0x1p-999999999999",
            "é",
        ];
        for text in refused {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn length_is_limited() {
        let long = format!("0.{}", "1".repeat(TEXT_LEN_LIMIT - 3));
        assert_eq!(written(parsed(&long)), "0.11111111111111111");
        assert_eq!(LongDouble::parse(format!("{long}1").as_bytes()), None);
    }

    #[test]
    fn the_largest_is_written_in_full() {
        let text = written(parsed("1e4932"));
        assert_eq!(text.len(), 4933);
        assert!(
            text.starts_with("10000000000000000000060189493879638913238377742545331147737850413525330194866")
        );
        assert_eq!(written(parsed(&text)), text);
        assert_eq!(
            written(parsed("340282366920938463463374607431768211456")),
            "340282366920938463463374607431768211456"
        );
    }

    proptest! {
        #[test]
        fn the_short_way_agrees_with_the_library(digits in 1u64..10u64.pow(19), places in 0usize..20, exponent in -40i32..40) {
            let digits = format!("{digits:019}");
            let places = places.min(19);
            let text = format!("{}.{}e{exponent}", &digits[..19 - places], &digits[19 - places..]);
            let scanned = Scanned::of(text.as_bytes()).unwrap();
            if let Some(short) = scanned.small_decimal() {
                prop_assert_eq!(short.to_bits(), scanned.any().unwrap().to_bits(), "{}", text);
            }
        }

        #[test]
        fn whole_numbers_up_to_64_bits_are_exact(a in 0u64..1 << 63, b in 0u64..1 << 63) {
            prop_assert_eq!(sum(&a.to_string(), &b.to_string()), (a + b).to_string());
        }

        #[test]
        fn what_was_written_is_read_again(bits: u64, exponent in 0u16..0x7fff, negative: bool) {
            let bits = u128::from(bits | 1 << 63) | u128::from(exponent) << 64 | u128::from(negative) << 79;
            let value = LongDouble(X87DoubleExtended::from_bits(bits));
            let text = written(value);
            prop_assert_eq!(written(parsed(&text)), text);
        }

        #[test]
        fn parsing_never_panics(text in "[-+]?(0x)?[0-9a-f.]{0,30}([ep][-+]?[0-9]{0,9})?") {
            let _ = LongDouble::parse(text.as_bytes());
        }
    }
}
