//! Text as this crate wants it: what `stdx` has, with the rules that are the configuration's own.

/// Does `text` match the glob `pattern`, letters without regard to case?
pub fn glob_nocase(pattern: &[u8], text: &[u8]) -> bool {
    stdx::glob::matches(pattern, text, true)
}

/// The words of a line. A zero byte ends it, as in C.
pub fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let end = line.iter().position(|&c| c == 0).unwrap_or(line.len());
    stdx::words::split(&line[..end])
}

pub use stdx::num::parse_i64 as parse_integer;
pub use stdx::words::quote;

/// `64mb` → 67108864. No digits at all is 0, as in Redis: `CONFIG SET maxmemory ""` is allowed there; a unit alone
/// is refused.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let bare_unit = text.first().is_some_and(|c| !c.is_ascii_digit());
    if bare_unit { None } else { stdx::size::parse_memory(text) }
}

/// 67108864 → `64mb`: the largest binary unit that leaves no remainder.
pub fn memory(bytes: u64) -> String {
    for (unit, name) in [(1u64 << 30, "gb"), (1 << 20, "mb"), (1 << 10, "kb")] {
        if bytes != 0 && bytes.is_multiple_of(unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    bytes.to_string()
}

/// How many letters must be changed, added or dropped to make `a` into `b`: for "did you mean".
pub fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(!x.eq_ignore_ascii_case(y));
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_names() {
        for (pattern, text, answer) in [
            ("*", "port", true),
            ("*max*len", "acllog-max-len", true),
            ("p?rt", "PORT", true),
            ("[p]ort", "port", true),
            ("[^p]ort", "port", false),
            ("[a-q]ort", "port", true),
            ("port", "ports", false),
            ("*a*b", "aab-ab", true),
            ("\\*", "*", true),
            ("", "", true),
            ("", "x", false),
            ("a*", "a", true),
        ] {
            assert_eq!(glob_nocase(pattern.as_bytes(), text.as_bytes()), answer, "{pattern} {text}");
        }
    }

    #[test]
    fn words_and_quote_are_inverse() {
        let every: Vec<u8> = (0..=255).collect();
        let mut line = b"name ".to_vec();
        quote(&mut line, &every);
        assert_eq!(words(&line), Some(vec![b"name".to_vec(), every]));
        assert_eq!(words(b"a 'b \\' c' \"\"").map(|w| w.len()), Some(3));
        assert_eq!(words(b"a \"b"), None);
        assert_eq!(words(b"a\0b c"), Some(vec![b"a".to_vec()]), "found by fuzz: it never ended");
        assert_eq!(words(b"a \"b\"c"), None);
    }

    #[test]
    fn memory_reads_and_writes() {
        assert_eq!(parse_memory(b"1k"), Some(1000));
        assert_eq!(parse_memory(b"1KB"), Some(1024));
        assert_eq!(parse_memory(b""), Some(0));
        assert_eq!(parse_memory(b"mb"), None);
        assert_eq!(parse_memory(b"1tb"), None);
        assert_eq!(parse_memory(b"-1"), None);
        assert_eq!(parse_memory(b"99999999999999999999"), None);
        assert_eq!(memory(1500 << 20), "1500mb");
        assert_eq!(memory(0), "0");
    }

    #[test]
    fn integers_have_one_spelling() {
        assert_eq!(parse_integer(b"-2147483648"), Some(-2_147_483_648));
        for bad in ["", "05", "+5", " 5", "-0", "5 ", "0x1", "9223372036854775808"] {
            assert_eq!(parse_integer(bad.as_bytes()), None, "{bad}");
        }
    }
}
