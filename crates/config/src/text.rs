//! Small text helpers, private to this crate: globs, the words of a line, quoting, memory sizes.
//!
//! `stdx` grows the shared versions of these (`stdx::glob`, `stdx::words`, `stdx::size`); every use in this crate
//! goes through the functions below, so that moving over is a change of this file alone.

/// Does `text` match the glob `pattern` (`*`, `?`, `[a-z]`, `[^x]`, `\x`), letters without regard to case?
///
/// Of all stars only the last one seen is ever gone back to, so the time is at most |pattern| × |text|.
pub fn glob_nocase(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
            continue;
        }
        if t == text.len() && p == pattern.len() {
            return true;
        }
        if let Some(next) = text.get(t).and_then(|&c| one_matches(&pattern[p..], c)) {
            p += next;
            t += 1;
            continue;
        }
        match star {
            Some((at, from)) if from < text.len() => {
                star = Some((at, from + 1));
                p = at + 1;
                t = from + 1;
            }
            _ => return false,
        }
    }
}

/// How many bytes of `pattern` the one byte `c` uses up, when it matches.
fn one_matches(pattern: &[u8], c: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'[' => class_matches(pattern, c),
        b'\\' if pattern.len() > 1 => pattern[1].eq_ignore_ascii_case(&c).then_some(2),
        literal => literal.eq_ignore_ascii_case(&c).then_some(1),
    }
}

/// `[...]`: a class without its closing bracket ends at the end of the pattern.
fn class_matches(pattern: &[u8], c: u8) -> Option<usize> {
    let c = c.to_ascii_lowercase();
    let negated = pattern.get(1) == Some(&b'^');
    let mut at = if negated { 2 } else { 1 };
    let mut hit = false;
    while at < pattern.len() && pattern[at] != b']' {
        if pattern[at] == b'\\' && at + 1 < pattern.len() {
            at += 1;
        }
        let low = pattern[at].to_ascii_lowercase();
        if pattern.get(at + 1) == Some(&b'-') && at + 2 < pattern.len() {
            let high = pattern[at + 2].to_ascii_lowercase();
            hit |= (low.min(high)..=low.max(high)).contains(&c);
            at += 3;
        } else {
            hit |= low == c;
            at += 1;
        }
    }
    (hit != negated).then_some((at + 1).min(pattern.len()))
}

/// The words of a line: blanks between them, `"…"` with escapes, `'…'` with only `\'`. `None` when a quote is not
/// closed, or is followed by something other than a blank. A zero byte ends the line, as in C.
pub fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let end = line.iter().position(|&c| c == 0).unwrap_or(line.len());
    let mut rest = trim_start(&line[..end]);
    while !rest.is_empty() {
        let (word, after) = word(rest)?;
        words.push(word);
        rest = trim_start(after);
    }
    Some(words)
}

fn word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    let mut at = 0;
    while at < text.len() && !text[at].is_ascii_whitespace() {
        match text[at] {
            quote @ (b'"' | b'\'') => {
                let used = quoted(&text[at + 1..], quote, &mut word)?;
                at += 1 + used;
                let closed_well = text.get(at).is_none_or(|c| c.is_ascii_whitespace());
                return closed_well.then_some((word, &text[at..]));
            }
            plain => word.push(plain),
        }
        at += 1;
    }
    Some((word, &text[at..]))
}

/// Reads up to and over the closing quote; answers how many bytes that were.
fn quoted(text: &[u8], quote: u8, word: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        let c = *text.get(at)?;
        if c == quote {
            return Some(at + 1);
        }
        let next = text.get(at + 1).copied();
        match (c, next) {
            (b'\\', Some(b'x')) if quote == b'"' && hex_pair(&text[at + 2..]).is_some() => {
                word.extend(hex_pair(&text[at + 2..]));
                at += 4;
            }
            (b'\\', Some(escaped)) if quote == b'"' => {
                word.push(unescape(escaped));
                at += 2;
            }
            (b'\\', Some(b'\'')) if quote == b'\'' => {
                word.push(b'\'');
                at += 2;
            }
            _ => {
                word.push(c);
                at += 1;
            }
        }
    }
}

fn unescape(c: u8) -> u8 {
    match c {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'a' => 7,
        other => other,
    }
}

fn hex_pair(text: &[u8]) -> Option<u8> {
    let digit = |c: u8| (c as char).to_digit(16).map(|d| d as u8);
    Some(digit(*text.first()?)? << 4 | digit(*text.get(1)?)?)
}

/// Appends `text` in double quotes, such that [`words`] reads it back.
pub fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &c in text {
        match c {
            b'"' | b'\\' => out.extend([b'\\', c]),
            b'\n' => out.extend(b"\\n"),
            b'\r' => out.extend(b"\\r"),
            b'\t' => out.extend(b"\\t"),
            8 => out.extend(b"\\b"),
            7 => out.extend(b"\\a"),
            b' '..=b'~' => out.push(c),
            other => out.extend(format!("\\x{other:02x}").bytes()),
        }
    }
    out.push(b'"');
}

/// `64mb` → 67108864. Units: none or `b`, `k m g` (powers of 1000), `kb mb gb` (powers of 1024), in any case.
/// No digits at all is 0, as in Redis: `CONFIG SET maxmemory ""` is allowed there.
pub fn parse_memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit.to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    if number.is_empty() {
        return text.is_empty().then_some(0);
    }
    std::str::from_utf8(number).ok()?.parse::<u64>().ok()?.checked_mul(unit)
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

/// A signed number in the one spelling it has: no blanks, no `+`, no leading zeros.
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let canonical = match digits {
        [] => false,
        [b'0'] => text.len() == 1,
        [first, ..] => *first != b'0' && digits.iter().all(u8::is_ascii_digit),
    };
    if !canonical {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn trim_start(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
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
