//! Amounts of memory as people write them (`64mb`, in the config file) and as INFO shows them (`64.00M`).
//!
//! Two traps, both the peers': `k` is 1000 and `kb` is 1024, and the text INFO shows has no such distinction,
//! it counts in 1024.

/// Bytes meant by digits and a unit in any case: none or `b`, `k m g` (powers of 1000), `kb mb gb` (of 1024).
///
/// No digits mean zero, as in the peers (`CONFIG SET maxmemory ""` is zero there). `None` for signs, spaces,
/// points, other units, and amounts of 2^64 and more, where the peers wrap around silently.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let number = if number.is_empty() { 0 } else { crate::num::parse_u64(number)? };
    number.checked_mul(unit_bytes(unit)?)
}

fn unit_bytes(unit: &[u8]) -> Option<u64> {
    Some(match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1000 * 1000,
        b"mb" => 1 << 20,
        b"g" => 1000 * 1000 * 1000,
        b"gb" => 1 << 30,
        _ => return None,
    })
}

/// `bytes` as in INFO's `used_memory_human`: whole below 1024 (`512B`), else two decimals and `K M G T P`.
///
/// From 2^60 on the number is written whole again, with `B`.
pub fn human(bytes: u64) -> String {
    const UNITS: [(u32, &str); 5] = [(10, "K"), (20, "M"), (30, "G"), (40, "T"), (50, "P")];
    let unit = UNITS.iter().rev().find(|(shift, _)| bytes >> shift > 0);
    match unit {
        Some((shift, name)) if bytes >> 60 == 0 => {
            format!("{:.2}{name}", bytes as f64 / (1u64 << shift) as f64)
        }
        _ => format!("{bytes}B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_told_apart() {
        let accepted = [
            ("1gb", 1 << 30),
            ("1g", 1_000_000_000),
            ("1k", 1000),
            ("1kb", 1024),
            ("1KB", 1024),
            ("1mB", 1 << 20),
            ("1m", 1_000_000),
            ("1b", 1),
            ("1B", 1),
            ("07", 7),
            ("0", 0),
            ("", 0),
            ("b", 0),
            ("gb", 0),
            ("18446744073709551615", u64::MAX),
        ];
        for (text, bytes) in accepted {
            assert_eq!(parse_memory(text.as_bytes()), Some(bytes), "{text:?}");
        }
        let refused = [
            "-1",
            "-1gb",
            "+5",
            "1t",
            "1tb",
            "1p",
            "1.5g",
            "1 gb",
            " 1",
            "18446744073709551616",
            "17179869184gb",
            "1kbb",
        ];
        for text in refused {
            assert_eq!(parse_memory(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn amounts_are_shown_as_info_shows_them() {
        let cases = [
            (0, "0B"),
            (512, "512B"),
            (1023, "1023B"),
            (2048, "2.00K"),
            (1_572_864, "1.50M"),
            (77_631_808, "74.04M"),
            (92_160_000, "87.89M"),
            (1 << 30, "1.00G"),
            ((1 << 30) - 1, "1024.00M"),
            (1 << 40, "1.00T"),
            (1 << 50, "1.00P"),
            (1 << 60, "1152921504606846976B"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human(bytes), text);
        }
    }
}
