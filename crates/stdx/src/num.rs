//! Numbers to text and back, byte for byte as Redis and Valkey do it.
//!
//! Integers: a text is an integer only if printing the integer gives the text again. That is what lets a
//! value be *stored* as an integer, so `+1`, `01`, `-0` and ` 1` are strings, not numbers.
//!
//! Doubles: shortest digits that read back the same (from `zmij`), laid out by rules of our own peers' making:
//!
//! ```text
//!   integer of magnitude up to 2^62 .............. all its digits       1152921504606846976
//!   exponent of the last digit >= 0, magnitude
//!     below 10^(digits + 7), one less if negative  digits, then zeros   9223372036854776000
//!   last digit no further than the 6th decimal,
//!     or first digit within 3 places of the point  plain decimals       0.30000000000000004
//!   everything else .............................. d.ddde±x             1e+20  1.234e-6
//! ```
//!
//! The road not taken: `std` formatting is five times slower and lays out differently; `std` *parsing* is fast
//! enough and correctly rounded, so [`parse_f64`] only adds the grammar around it.
//!
//! Where the peers differ: their digits come from an algorithm (Grisu2) that in about one double of two hundred
//! does not find the shortest text, or not the closest of the shortest; 57e-87 is `5.7000000000000004e-86` there
//! and `5.7e-86` here. Both read back as the same double.
//!
//! **Invariants.** (1) `parse_i64(write_i64(n)) == n`, and the same for `u64` and (not NaN) `f64`.
//! (2) Writers only append.

use std::io::Write as _;

/// Longest text of an `i64` or `u64`: `-9223372036854775808`.
pub const INT_CHARS_MAX: usize = 20;

/// An integer in its one canonical spelling: `0`, or an optional `-` and digits that do not begin with zero.
///
/// Anything else, or outside `i64`, is `None`. At most 20 bytes are looked at.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let magnitude = canonical_digits(digits)?;
    if negative {
        // "-0" is refused: it would not print back as itself.
        (magnitude != 0).then_some(())?;
        0i64.checked_sub_unsigned(magnitude)
    } else {
        i64::try_from(magnitude).ok()
    }
}

/// A `u64`: what [`parse_i64`] accepts and is not negative, or any run of digits that fits.
///
/// Leading zeros are taken, as the peers take them in stream ids (`XADD s 05-1`); signs and spaces are not.
#[inline]
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let leading_zeros = text.iter().take_while(|&&b| b == b'0').count();
    match &text[leading_zeros..] {
        [] => Some(0),
        significant => canonical_digits(significant),
    }
}

/// Digits without a leading zero (or exactly `0`), in `u64`.
#[inline]
fn canonical_digits(digits: &[u8]) -> Option<u64> {
    match digits {
        [b'0'] => Some(0),
        [b'1'..=b'9', ..] if digits.len() < INT_CHARS_MAX => wrapping_digits(digits),
        [b'1'..=b'9', ..] if digits.len() == INT_CHARS_MAX => {
            // Twenty digits: nineteen always fit, the last one may not.
            let (last, head) = digits.split_last()?;
            let head = wrapping_digits(head)?;
            let last = decimal(*last)?;
            head.checked_mul(10)?.checked_add(last)
        }
        _ => None,
    }
}

/// At most nineteen digits, which cannot overflow: eight at a time, then one by one.
#[inline]
fn wrapping_digits(digits: &[u8]) -> Option<u64> {
    debug_assert!(digits.len() < INT_CHARS_MAX);
    let (blocks, tail) = digits.as_chunks::<8>();
    let mut value = 0u64;
    for block in blocks {
        value = value.wrapping_mul(100_000_000).wrapping_add(eight_digits(u64::from_le_bytes(*block))?);
    }
    for &byte in tail {
        value = value.wrapping_mul(10).wrapping_add(decimal(byte)?);
    }
    Some(value)
}

/// The value of eight digits, the first one in the lowest byte: neighbours are joined into pairs, and the four
/// pairs, each weighted by its place, are summed in the upper half of two products.
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // A digit has 3 in its upper half, and still has it when 6 is added.
    let upper_halves = |word: u64| word & (0xf0 * EACH);
    let zeros = 0x30 * EACH;
    if upper_halves(word) != zeros || upper_halves(word.wrapping_add(6 * EACH)) != zeros {
        return None;
    }
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    let values = word - zeros;
    let pairs = values * 10 + (values >> 8);
    let first_and_third = (pairs & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let second_and_fourth = (pairs >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    Some(first_and_third.wrapping_add(second_and_fourth) >> 32)
}

#[inline]
fn decimal(byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    (digit <= 9).then_some(u64::from(digit))
}

/// Appends `value` in decimal.
#[inline]
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `value` in decimal.
#[inline]
pub fn write_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// An integer in decimal, on the stack.
#[derive(Default)]
pub struct Decimal(itoa::Buffer);

impl Decimal {
    pub fn new() -> Self {
        Decimal::default()
    }

    #[inline]
    pub fn of(&mut self, value: i64) -> &[u8] {
        self.0.format(value).as_bytes()
    }
}

/// How many characters [`write_u64`] would append; 1 for zero.
#[inline]
pub fn digits10(value: u64) -> usize {
    value.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// A double as a client may write one: decimal with optional sign, point and exponent, or `inf`/`infinity` in
/// any case with an optional sign.
///
/// `None` for NaN, hexadecimal (Valkey 9.1 refuses `0x10`, Redis 8 takes it), surrounding spaces, the empty
/// text, and what does not fit: `1e400` is an error, not infinity, and `1e-400` is one too, not zero.
pub fn parse_f64(text: &[u8]) -> Option<f64> {
    if let Some(value) = plain_decimal(text) {
        return Some(value);
    }
    let text = std::str::from_utf8(text).ok()?;
    // std takes the grammar wanted here, and "nan" on top of it.
    let value: f64 = text.parse().ok()?;
    if value.is_nan() {
        return None;
    }
    let overflowed = value.is_infinite() && text.bytes().any(|b| b.is_ascii_digit());
    let underflowed = value == 0.0 && mantissa_has_digits(text.as_bytes());
    (!overflowed && !underflowed).then_some(value)
}

/// The usual case, several times cheaper than the general one: up to 15 digits, with a sign and a point if need be.
/// Digits and power of ten are exact doubles then, so that one division rounds as it must. `None`: ask elsewhere.
#[inline]
fn plain_decimal(text: &[u8]) -> Option<f64> {
    const TENS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    if unsigned.is_empty() || unsigned.len() > 15 {
        return None;
    }
    let (mut digits, mut after_point) = (0u64, None);
    for &byte in unsigned {
        match byte {
            b'0'..=b'9' => {
                digits = digits * 10 + u64::from(byte - b'0');
                after_point = after_point.map(|count: usize| count + 1);
            }
            b'.' if after_point.is_none() && unsigned.len() > 1 => after_point = Some(0),
            _ => return None,
        }
    }
    let value = digits as f64 / TENS[after_point.unwrap_or(0)];
    Some(if negative { -value } else { value })
}

/// Whether a digit other than zero stands before the exponent.
fn mantissa_has_digits(text: &[u8]) -> bool {
    text.iter().take_while(|b| !b.eq_ignore_ascii_case(&b'e')).any(|b| matches!(b, b'1'..=b'9'))
}

/// Largest magnitude at which a whole double is written as an integer; the peers' own limit, 2^62 inclusive.
const WHOLE_MAX: f64 = (1u64 << 62) as f64;

/// Appends `value` as the peers print scores and doubles: shortest digits, `inf`, `-inf`, `nan`, `-0`.
///
/// The layout is drawn at the head of this file.
pub fn write_f64(out: &mut Vec<u8>, value: f64) {
    if value == 0.0 {
        let zero: &[u8] = if value.is_sign_negative() { b"-0" } else { b"0" };
        return out.extend_from_slice(zero);
    }
    if value.abs() <= WHOLE_MAX && value == (value as i64) as f64 {
        return write_i64(out, value as i64);
    }
    write_f64_short(out, value);
}

/// The same, but for whole numbers other than zero: those get an exponent too where that is shorter (`1e+8`).
pub fn write_f64_short(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return write_non_finite(out, value);
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value.abs()).as_bytes();
    if value.fract() != 0.0 && is_laid_out(value.abs(), text) {
        return out.extend_from_slice(text);
    }
    Digits::read(text).lay_out(out, value < 0.0);
}

/// Whether `zmij`'s text of a positive number already has the layout wanted: the usual case, and several times
/// cheaper than taking it to pieces.
fn is_laid_out(value: f64, text: &[u8]) -> bool {
    // Here zmij writes decimals, and a number that is not whole has all its digits behind the point.
    if !(1e-5..1e16).contains(&value) {
        return false;
    }
    let Some(point) = text.iter().position(|&byte| byte == b'.') else { return false };
    let decimals = text.len() - point - 1;
    decimals < 7 || (0.001..1e4).contains(&value)
}

fn write_non_finite(out: &mut Vec<u8>, value: f64) {
    let name: &[u8] = match value {
        v if v.is_nan() => b"nan",
        v if v > 0.0 => b"inf",
        _ => b"-inf",
    };
    out.extend_from_slice(name);
}

/// A positive number: `0.d1d2d3… × 10^(exponent10 + length)`, that is, the digits as an integer times
/// `10^exponent10`. Neither the first nor the last digit is zero.
struct Digits {
    bytes: [u8; Digits::ROOM],
    len: usize,
    exponent10: i32,
}

impl Digits {
    /// `zmij` never writes more than 24 bytes, of which 17 are significant; the rest is point and zeros.
    const ROOM: usize = 32;

    /// The digits of a number's text as `zmij` writes it, in decimals or with an exponent.
    fn read(text: &[u8]) -> Self {
        let mut digits = Digits { bytes: [0; Self::ROOM], len: 0, exponent10: 0 };
        let mut after_point = false;
        let mut rest = text.iter();
        for &byte in rest.by_ref() {
            match byte {
                b'0'..=b'9' => digits.push(byte, after_point),
                b'.' => after_point = true,
                _ => break,
            }
        }
        digits.exponent10 += exponent(rest.as_slice());
        digits.trim();
        digits
    }

    /// Takes the next digit of a plain decimal; zeros in front only move the exponent.
    #[inline]
    fn push(&mut self, digit: u8, after_point: bool) {
        if after_point {
            self.exponent10 -= 1;
        }
        if self.len > 0 || digit != b'0' {
            self.bytes[self.len] = digit;
            self.len += 1;
        }
    }

    fn trim(&mut self) {
        while self.len > 1 && self.bytes[self.len - 1] == b'0' {
            self.len -= 1;
            self.exponent10 += 1;
        }
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends the digits in the layout at the head of this file. The sign, already written, costs a place.
    fn lay_out(&self, out: &mut Vec<u8>, negative: bool) {
        let len = self.len as i32;
        let magnitude = (self.exponent10 + len - 1).abs();
        let zeros_max = 7 - i32::from(negative);
        if self.exponent10 >= 0 && magnitude < len + zeros_max {
            out.extend_from_slice(self.as_slice());
            push_zeros(out, self.exponent10);
        } else if self.exponent10 < 0 && (self.exponent10 > -7 || magnitude < 4) {
            self.lay_out_decimals(out);
        } else {
            self.lay_out_exponent(out, self.exponent10 + len - 1);
        }
    }

    fn lay_out_decimals(&self, out: &mut Vec<u8>) {
        let before_point = self.len as i32 + self.exponent10;
        if before_point <= 0 {
            out.extend_from_slice(b"0.");
            push_zeros(out, -before_point);
            out.extend_from_slice(self.as_slice());
        } else {
            let (whole, fraction) = self.as_slice().split_at(before_point as usize);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
    }

    fn lay_out_exponent(&self, out: &mut Vec<u8>, exponent10: i32) {
        let (first, fraction) = self.as_slice().split_at(1);
        out.extend_from_slice(first);
        if !fraction.is_empty() {
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        out.extend_from_slice(if exponent10 < 0 { b"e-" } else { b"e+" });
        write_u64(out, u64::from(exponent10.unsigned_abs()));
    }
}

fn push_zeros(out: &mut Vec<u8>, count: i32) {
    out.resize(out.len() + count as usize, b'0');
}

/// What follows the `e` of a number that `zmij` or std wrote: `5`, `+5`, `-05`, or nothing at all.
fn exponent(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let value = digits.iter().fold(0i32, |value, &b| value * 10 + i32::from(b - b'0'));
    if negative { -value } else { value }
}

/// Appends `value` as C's `%.17g` does: 17 significant digits, trailing zeros dropped, exponent of at least
/// two digits when it is below -4 or above 16.
pub fn write_f64_17g(out: &mut Vec<u8>, value: f64) {
    if !value.is_finite() {
        return write_non_finite(out, value);
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    let (digits, exponent10) = seventeen_digits(value.abs());
    if (-4..17).contains(&exponent10) {
        digits.lay_out_plain(out);
    } else {
        digits.lay_out_exponent_padded(out, exponent10);
    }
}

/// Seventeen correctly rounded digits without their trailing zeros, and the exponent of the first one.
fn seventeen_digits(value: f64) -> (Digits, i32) {
    let mut text = [0u8; Digits::ROOM];
    let mut unused = &mut text[..];
    // 17 digits, a point and at most "e-324": it cannot be too long, and nothing else can fail.
    let written = write!(unused, "{value:.16e}").is_ok();
    debug_assert!(written, "a double in 17 digits fits {} bytes", Digits::ROOM);
    let used = Digits::ROOM - unused.len();
    let at_e = text[..used].iter().position(|&b| b == b'e').unwrap_or(used);
    let exponent10 = exponent(text.get(at_e + 1..used).unwrap_or_default());
    let mut digits = Digits { bytes: [0; Digits::ROOM], len: 0, exponent10 };
    let mut after_point = false;
    for &byte in &text[..at_e] {
        match byte {
            b'.' => after_point = true,
            digit => digits.push(digit, after_point),
        }
    }
    digits.trim();
    (digits, exponent10)
}

impl Digits {
    fn lay_out_plain(&self, out: &mut Vec<u8>) {
        if self.exponent10 >= 0 {
            out.extend_from_slice(self.as_slice());
            push_zeros(out, self.exponent10);
        } else {
            self.lay_out_decimals(out);
        }
    }

    /// C pads exponents to two digits where [`write_f64`] does not.
    fn lay_out_exponent_padded(&self, out: &mut Vec<u8>, exponent10: i32) {
        self.lay_out_exponent(out, exponent10);
        if exponent10.abs() < 10 {
            out.insert(out.len() - 1, b'0');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = b">".to_vec();
        write(&mut out);
        assert_eq!(out[0], b'>', "writers only append");
        String::from_utf8(out[1..].to_vec()).unwrap()
    }

    fn f64_text(value: f64) -> String {
        written(|out| write_f64(out, value))
    }

    #[test]
    fn only_the_canonical_spelling_is_an_integer() {
        for text in
            ["", "-", "+1", "01", "-0", "-01", " 1", "1 ", "1.0", "00", "1a", "--1", "0x1", "1\0", "é"]
        {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text:?}");
        }
        for value in [0, 1, -1, 9, 10, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1] {
            assert_eq!(parse_i64(value.to_string().as_bytes()), Some(value));
        }
        for text in ["9223372036854775808", "-9223372036854775809", "18446744073709551616"] {
            assert_eq!(parse_i64(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_i64(&[b'1'; 5000]), None);
    }

    #[test]
    fn unsigned_takes_the_upper_half_and_leading_zeros() {
        assert_eq!(parse_u64(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(parse_u64(b"9223372036854775808"), Some(1 << 63));
        assert_eq!(parse_u64(b"005"), Some(5));
        assert_eq!(parse_u64(b"000"), Some(0));
        for text in ["", "18446744073709551616", "99999999999999999999", "-1", "+1", " 1", "0x1", "1-"] {
            assert_eq!(parse_u64(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn digits_are_counted() {
        for value in [0, 1, 9, 10, 99, 100, 999_999, 1_000_000, u64::MAX - 1, u64::MAX] {
            assert_eq!(digits10(value), value.to_string().len(), "{value}");
        }
    }

    #[test]
    fn doubles_are_read_as_valkey_9_1_reads_them() {
        let accepted = [
            ("1", 1.0),
            ("+1", 1.0),
            ("5.", 5.0),
            (".5", 0.5),
            ("-.5e-3", -0.0005),
            ("+.5", 0.5),
            ("infinity", f64::INFINITY),
            ("INF", f64::INFINITY),
            ("+inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("1e-320", 1e-320),
            ("4e-324", 5e-324),
            ("0e400", 0.0),
            ("0e-999", 0.0),
            ("00012", 12.0),
            ("1e0005", 1e5),
            ("1E5", 1e5),
            ("0.0000e99999999999999", 0.0),
            ("2.2250738585072011e-308", 2.225073858507201e-308),
        ];
        for (text, value) in accepted {
            assert_eq!(parse_f64(text.as_bytes()), Some(value), "{text:?}");
        }
        let refused = [
            "",
            " 1",
            "1 ",
            "\t1",
            "1e",
            "1e+",
            ".",
            "e5",
            "+",
            "-",
            "--1",
            "+-1",
            "1d5",
            "1e5.0",
            "nan",
            "-nan",
            "NaN",
            "nan(1)",
            "1_0",
            "0x10",
            "i",
            "in",
            "infinit",
            "1e400",
            "-1e400",
            "1e309",
            "1e-400",
            "1e-324",
            "1.7976931348623159e308",
            "1e99999999999999999999",
            "1\0",
            "1f",
            "½",
        ];
        for text in refused {
            assert_eq!(parse_f64(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(parse_f64(&[b'1'; 400]), None);
        assert!(parse_f64(b"-0").is_some_and(|zero| zero == 0.0 && zero.is_sign_negative()));
    }

    #[test]
    fn doubles_are_laid_out_as_the_peers_do() {
        let cases = [
            (3.0, "3"),
            (-0.0, "-0"),
            (0.0, "0"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
            (1152921504606846976.0, "1152921504606846976"),
            (4611686018427387904.0, "4611686018427387904"),
            (9223372036854775807.0, "9223372036854776000"),
            (123456789012345678.0, "123456789012345680"),
            (1e8, "100000000"),
            (1e18, "1000000000000000000"),
            (1e19, "1e+19"),
            (-1e19, "-1e+19"),
            (1e20, "1e+20"),
            (12e20, "1.2e+21"),
            (1e-5, "0.00001"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.234e-6, "1.234e-6"),
            (0.30000000000000004, "0.30000000000000004"),
            (123456.789012345, "1.23456789012345e+5"),
            (1234567.1, "1234567.1"),
            (12345678901234.5, "12345678901234.5"),
            (0.00012345678901234, "1.2345678901234e-4"),
            (0.012345678901234567, "0.012345678901234567"),
            (1234.56789012, "1234.56789012"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (1e-320, "1e-320"),
            (-1.2345678901234567e-200, "-1.2345678901234567e-200"),
        ];
        for (value, text) in cases {
            assert_eq!(f64_text(value), text);
        }
    }

    #[test]
    fn seventeen_digits_are_laid_out_as_c_does() {
        let cases = [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.10000000000000001"),
            (0.0001, "0.0001"),
            (0.00001, "1.0000000000000001e-05"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (123456789012345678.0, "1.2345678901234568e+17"),
            (1e100, "1e+100"),
            (5e-324, "4.9406564584124654e-324"),
            (100.0, "100"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (13.361389338970184, "13.361389338970184"),
            (2.5e-9, "2.5000000000000001e-09"),
        ];
        for (value, text) in cases {
            assert_eq!(written(|out| write_f64_17g(out, value)), text);
        }
    }

    /// The digits of a number's text, without point, sign, exponent and outer zeros.
    fn significant(text: &str) -> String {
        let mantissa = text.split('e').next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    }

    proptest! {
        #[test]
        fn plain_decimals_are_read_as_std_reads_them(text in "-?[0-9]{0,16}(\\.[0-9]{0,8})?") {
            let expected = text.parse::<f64>().ok();
            let underflows = expected == Some(0.0) && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
            prop_assume!(!underflows);
            prop_assert_eq!(parse_f64(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits), "{}", text);
        }

        #[test]
        fn integers_come_back(value: i64, unsigned: u64) {
            let text = written(|out| write_i64(out, value));
            prop_assert_eq!(parse_i64(text.as_bytes()), Some(value));
            prop_assert_eq!(parse_u64(text.as_bytes()), u64::try_from(value).ok());
            let text = written(|out| write_u64(out, unsigned));
            prop_assert_eq!(parse_u64(text.as_bytes()), Some(unsigned));
            prop_assert_eq!(text.len(), digits10(unsigned));
        }

        #[test]
        fn an_integer_is_what_prints_back(text in "[-+ 0-9]{0,21}") {
            let by_std = text.parse::<i64>().ok().filter(|value| value.to_string() == text);
            prop_assert_eq!(parse_i64(text.as_bytes()), by_std);
        }

        #[test]
        fn doubles_come_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(!value.is_nan());
            let text = f64_text(value);
            prop_assert_eq!(parse_f64(text.as_bytes()), Some(value), "{}", &text);
            // Whole numbers are the exception: up to 2^62 they show every digit, not only the shortest ones.
            if text.contains(['.', 'e']) {
                prop_assert_eq!(significant(&text), significant(&format!("{value:e}")));
            }
            let text = written(|out| write_f64_17g(out, value));
            prop_assert_eq!(parse_f64(text.as_bytes()), Some(value), "{}", &text);
        }

        #[test]
        fn doubles_of_everyday_size_come_back(mantissa: i32, exponent in -12i32..12) {
            let value = f64::from(mantissa) * 10f64.powi(exponent);
            let text = f64_text(value);
            prop_assert_eq!(parse_f64(text.as_bytes()), Some(value), "{}", &text);
        }

        #[test]
        fn parsing_never_panics(text: Vec<u8>) {
            let _ = (parse_i64(&text), parse_u64(&text), parse_f64(&text));
        }
    }
}
