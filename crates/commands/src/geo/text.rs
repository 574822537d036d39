//! Distances and coordinates as the peers print them.

/// Appends a distance with four decimals. Half a unit is rounded to the even one, after the multiplication.
pub fn write_distance(out: &mut Vec<u8>, distance: f64) {
    let scaled = (distance * 10_000.0).round_ties_even();
    // As their processors turn what does not fit into a number.
    let scaled = if scaled.abs() < 9.2e18 { scaled as i64 } else { i64::MIN };
    if scaled < 0 {
        out.push(b'-');
    }
    let scaled = scaled.unsigned_abs();
    stdx::num::write_u64(out, scaled / 10_000);
    out.push(b'.');
    digits(out, u128::from(scaled % 10_000), 4);
}

/// Appends a coordinate with up to seventeen decimals, zeros at the end left out. Exact, and then rounded: a double
/// is a whole number of 2^-1074.
///
/// Coordinates have three digits before the point; more than nineteen are not for this function.
pub fn write_coordinate(out: &mut Vec<u8>, value: f64) {
    const SCALE: u128 = 100_000_000_000_000_000;
    let (whole, decimals) = fixed(value.abs(), SCALE);
    if value.is_sign_negative() && (whole, decimals) != (0, 0) {
        out.push(b'-');
    }
    stdx::num::write_u64(out, whole);
    if decimals > 0 {
        out.push(b'.');
        digits(out, decimals, 17);
        out.truncate(out.len() - out.iter().rev().take_while(|digit| **digit == b'0').count());
    }
}

/// The whole part, and the rest in units of 1 / `scale`, rounded half to even.
fn fixed(value: f64, scale: u128) -> (u64, u128) {
    let whole = value.trunc();
    let rest = value - whole;
    if rest == 0.0 {
        return (whole as u64, 0);
    }
    let bits = rest.to_bits();
    let (mantissa, exponent) = (bits & ((1 << 52) - 1), (bits >> 52) as u32);
    let mantissa = u128::from(if exponent == 0 { mantissa } else { mantissa | 1 << 52 });
    // 2^-shift is what the mantissa counts. From 128 on, nothing is left of 53 + 57 bits.
    let shift = 1075 - exponent.max(1);
    if shift >= 128 {
        return (whole as u64, 0);
    }
    let product = mantissa * scale;
    let (quotient, remainder, half) = (product >> shift, product & ((1 << shift) - 1), 1 << (shift - 1));
    let up = remainder > half || (remainder == half && quotient & 1 == 1);
    let decimals = quotient + u128::from(up);
    if decimals == scale { (whole as u64 + 1, 0) } else { (whole as u64, decimals) }
}

/// So many digits, with zeros in front.
fn digits(out: &mut Vec<u8>, mut value: u128, count: usize) {
    let from = out.len();
    out.resize(from + count, b'0');
    for digit in out[from..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(value: f64) -> String {
        let mut out = Vec::new();
        write_distance(&mut out, value);
        String::from_utf8(out).expect("digits")
    }

    fn coordinate(value: f64) -> String {
        let mut out = Vec::new();
        write_coordinate(&mut out, value);
        String::from_utf8(out).expect("digits")
    }

    #[test]
    fn distances_have_four_decimals() {
        assert_eq!(distance(0.0), "0.0000");
        assert_eq!(distance(166_274.151_56), "166274.1516");
        assert_eq!(distance(0.000_04), "0.0000");
        assert_eq!(distance(0.99996), "1.0000");
        assert_eq!(distance(1e300), "-922337203685477.5808");
    }

    #[test]
    fn coordinates_have_seventeen_decimals_at_most() {
        assert_eq!(coordinate(13.361_389_338_970_184), "13.36138933897018433");
        assert_eq!(coordinate(-0.0), "0");
        assert_eq!(coordinate(-180.0), "-180");
        assert_eq!(coordinate(0.5), "0.5");
        assert_eq!(coordinate(-1e-30), "0");
        assert_eq!(coordinate(0.999_999_999_999_999_9), "0.99999999999999989");
    }

    #[test]
    fn coordinates_are_those_of_the_standard_library() {
        let mut seed = 7u64;
        for n in 0..20_000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = (seed >> 11) as f64 / 2f64.powi(53) * 360.0 - 180.0;
            let value = if n % 3 == 0 { value / 2f64.powi((seed % 90) as i32) } else { value };
            let long = format!("{value:.17}");
            let short = long.trim_end_matches('0').trim_end_matches('.');
            assert_eq!(coordinate(value), if short == "-0" { "0" } else { short });
        }
    }
}
