//! A line into words, and bytes into a quotation that reads as one word again.
//!
//! The grammar of config files, inline requests and redis-cli's prompt:
//!
//! ```text
//!   word    = piece+                      pieces side by side are one word: a"b c" is `ab c`
//!   piece   = plain byte | "…" | '…'
//!   "…"       \n \r \t \b \a \xHH, and \c is c for every other byte c
//!   '…'       \' is a quote, every other backslash stands for itself
//! ```
//!
//! Spaces around words may be any of C's six; only space, tab, CR and LF end one that is not quoted. A closing
//! quote must be followed by white space or the end. There Redis and Valkey differ: Valkey 9.1 reads `"a"b` as
//! `ab`, Redis calls it unbalanced. This is Redis's side, as a forgotten space is then an error and not a
//! surprise.
//!
//! **Invariants.** (1) `split(quote(x)) == [x]` for any bytes. (2) `quote` appends printable ASCII only.

/// Splits a line into words; an empty or blank line has none.
///
/// `None` if a quote is not closed, or is closed in the middle of a word. Linear.
pub fn split(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = skip_space(rest);
        if rest.is_empty() {
            return Some(words);
        }
        let mut word = Vec::new();
        rest = take_word(rest, &mut word)?;
        words.push(word);
    }
}

fn skip_space(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|&&byte| is_space(byte)).count()..]
}

/// C's `isspace`: std's ASCII white space, and the vertical tab.
fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

/// Moves one word from the head of `text` to `word`; returns what follows it.
fn take_word<'a>(mut text: &'a [u8], word: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        text = match text {
            [] | [b' ' | b'\t' | b'\r' | b'\n', ..] => return Some(text),
            [b'"', rest @ ..] => return take_quoted(rest, word, take_double_quoted).filter(ends_word),
            [b'\'', rest @ ..] => return take_quoted(rest, word, take_single_quoted).filter(ends_word),
            [byte, rest @ ..] => {
                word.push(*byte);
                rest
            }
        };
    }
}

fn ends_word(rest: &&[u8]) -> bool {
    rest.first().is_none_or(|&byte| is_space(byte))
}

/// Takes the next byte out of quotes: the byte and what follows, or the text behind the closing quote.
type TakeQuoted = fn(&[u8]) -> Option<Quoted<'_>>;

enum Quoted<'a> {
    Byte(u8, &'a [u8]),
    Closed(&'a [u8]),
}

fn take_quoted<'a>(mut text: &'a [u8], word: &mut Vec<u8>, take: TakeQuoted) -> Option<&'a [u8]> {
    loop {
        match take(text)? {
            Quoted::Closed(rest) => return Some(rest),
            Quoted::Byte(byte, rest) => {
                word.push(byte);
                text = rest;
            }
        }
    }
}

fn take_double_quoted(text: &[u8]) -> Option<Quoted<'_>> {
    Some(match text {
        [b'"', rest @ ..] => Quoted::Closed(rest),
        [b'\\', b'x', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            Quoted::Byte(hex(*high) << 4 | hex(*low), rest)
        }
        [b'\\', escaped, rest @ ..] => Quoted::Byte(unescape(*escaped), rest),
        [byte, rest @ ..] => Quoted::Byte(*byte, rest),
        [] => return None,
    })
}

fn take_single_quoted(text: &[u8]) -> Option<Quoted<'_>> {
    Some(match text {
        [b'\'', rest @ ..] => Quoted::Closed(rest),
        [b'\\', b'\'', rest @ ..] => Quoted::Byte(b'\'', rest),
        [byte, rest @ ..] => Quoted::Byte(*byte, rest),
        [] => return None,
    })
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

/// The value of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Appends `bytes` in double quotes, escaped so that a person can read them and [`split`] reads them back.
///
/// This is how MONITOR, SLOWLOG's readers and the log show arguments. Linear.
pub fn quote(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    for &byte in bytes {
        quote_byte(out, byte);
    }
    out.push(b'"');
}

fn quote_byte(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let letter = match byte {
        b'\\' | b'"' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x07 => b'a',
        0x08 => b'b',
        b' '..=b'~' => return out.push(byte),
        _ => {
            let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
            return out.extend_from_slice(&[b'\\', b'x', high, low]);
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(line: &str, expected: &[&str]) {
        let expected: Vec<Vec<u8>> = expected.iter().map(|word| word.as_bytes().to_vec()).collect();
        assert_eq!(split(line.as_bytes()), Some(expected), "{line:?}");
    }

    #[test]
    fn plain_words() {
        check("", &[]);
        check(" \t\r\n", &[]);
        check("set a  b\r\n", &["set", "a", "b"]);
        check("\x0bset\x0ba", &["set\x0ba"]);
        check("a\\b", &["a\\b"]);
        check("a\tb\x0c", &["a", "b\x0c"]);
    }

    #[test]
    fn quoted_words() {
        check(r#"echo """#, &["echo", ""]);
        check("echo ''", &["echo", ""]);
        check("a''", &["a"]);
        check(r#"a"b c""#, &["ab c"]);
        check(r#""\x41\x4g\q\n\"\\""#, &["Ax4gq\n\"\\"]);
        check(r#""\a\b\r\t\v""#, &["\x07\x08\r\tv"]);
        check(r"'a\'b' 'a\nb' 'a\\b'", &["a'b", "a\\nb", "a\\\\b"]);
        check(r#"'a"b' "a'b""#, &["a\"b", "a'b"]);
        check("\"a\"\x0bb", &["a", "b"]);
        check(r#""\x4""#, &["x4"]);
        assert_eq!(split(b"\"\\xfF\""), Some(vec![vec![0xff]]));
    }

    #[test]
    fn unbalanced_quotes_are_refused() {
        for line in [
            r#"echo "a"#,
            "echo 'a",
            r#""a"b"#,
            "'a'b",
            r#""a"'b'"#,
            r#""""a""""#,
            r#"\"a"#,
            r#""a\"#,
            r#""a\""#,
        ] {
            assert_eq!(split(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn quotations_are_readable() {
        let mut out = b"x ".to_vec();
        quote(&mut out, b"a b\"\\\n\r\t\x07\x08\0\x7f\xff'");
        assert_eq!(out, br#"x "a b\"\\\n\r\t\a\b\x00\x7f\xff'""#);
    }

    proptest! {
        #[test]
        fn a_quotation_is_one_word(words: Vec<Vec<u8>>) {
            let mut line = Vec::new();
            for word in &words {
                quote(&mut line, word);
                line.push(b' ');
            }
            prop_assert!(line.iter().all(|byte| (b' '..=b'~').contains(byte)));
            prop_assert_eq!(split(&line), Some(words));
        }

        #[test]
        fn splitting_never_panics(line in "[ab \\\\\"'x4\t]{0,20}", bytes: Vec<u8>) {
            let _ = (split(line.as_bytes()), split(&bytes));
        }
    }
}
