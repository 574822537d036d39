//! Numbers as C's `%.14g` prints them.

/// Appends a number with so many significant digits, without zeros at the end, with an exponent if it is far from 1.
pub(crate) fn general(out: &mut Vec<u8>, number: f64, digits: usize) {
    if number.is_nan() {
        return out.extend_from_slice(if number.is_sign_negative() { b"-nan" } else { b"nan" });
    }
    if number.is_infinite() {
        return out.extend_from_slice(if number < 0.0 { b"-inf" } else { b"inf" });
    }
    let digits = digits.max(1);
    let scientific = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if exponent < -4 || exponent >= digits as i32 {
        let sign = if exponent < 0 { '-' } else { '+' };
        let text = format!("{}e{sign}{:02}", without_zeros(mantissa), exponent.abs());
        return out.extend_from_slice(text.as_bytes());
    }
    let places = usize::try_from(digits as i32 - 1 - exponent).unwrap_or(0);
    let plain = format!("{number:.places$}");
    out.extend_from_slice(without_zeros(&plain).as_bytes());
}

fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::general;

    #[test]
    fn as_c_prints_them() {
        let made = |number, digits| {
            let mut out = Vec::new();
            general(&mut out, number, digits);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(made(0.1, 14), "0.1");
        assert_eq!(made(0.1, 17), "0.10000000000000001");
        assert_eq!(made(1e15, 14), "1e+15");
        assert_eq!(made(123456.0, 14), "123456");
        assert_eq!(made(-1.5e-7, 14), "-1.5e-07");
        assert_eq!(made(1e300, 3), "1e+300");
        assert_eq!(made(99999.9, 3), "1e+05");
        assert_eq!(made(0.0, 14), "0");
        assert_eq!(made(f64::INFINITY, 14), "inf");
    }
}
