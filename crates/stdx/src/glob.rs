//! The pattern language of KEYS, SCAN MATCH, PSUBSCRIBE, ACL key rules and CONFIG GET, over bytes.
//!
//! ```text
//!   *       any bytes, none included          [abc]   one of these bytes
//!   ?       any one byte                      [a-z]   one in the range, either end first
//!   \x      the byte x itself                 [^...]  one byte that the class does not hold
//! ```
//!
//! Corners, all as the peers have them (seen on Valkey 9.1): a class that is never closed ends with the pattern,
//! so `[^` is "any byte" and `[` matches nothing; `]` closes a class even as its first byte; inside a class `\x`
//! is exact even when case is ignored; a lone `\` at the end is a backslash. One corner differs: `**` matches
//! the empty text here, as `*` does everywhere.
//!
//! The idea: only the *last* star passed can ever need to take one byte more, because whatever an earlier star
//! could win by taking more, the last one can take instead. So one remembered position replaces recursion, and
//! `a*a*a*…b` costs at most pattern × text steps, where the obvious recursion is exponential.
//!
//! **Invariants.** (1) No recursion, no allocation. (2) At most `pattern.len() × text.len()` steps, up to a
//! constant. (3) Every element but `*` consumes exactly one byte of text.

/// Patterns that need more groups of stars than this match nothing, as with the peers.
const STARS_MAX: usize = 1000;

/// Whether `pattern` matches the whole of `text`; `nocase` ignores the case of ASCII letters.
///
/// Time at worst `pattern.len() × text.len()`; for patterns with at most one star, linear.
pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut last_star = None;
    // The peers recurse with each star and give up at a depth of 1000, so that such patterns match nothing there.
    let mut stars_left = STARS_MAX;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at = skip_stars(pattern, at);
            if at == pattern.len() {
                return true;
            }
            if stars_left == 0 {
                return false;
            }
            stars_left -= 1;
            last_star = Some(Star { rest: at, taken: seen });
        }
        match text.get(seen) {
            // No element but a star matches nothing, and giving a star more leaves less text: decided.
            None => return at == pattern.len(),
            Some(&byte) => match match_one(pattern, at, byte, nocase) {
                Some(next) => (at, seen) = (next, seen + 1),
                None => match last_star.and_then(|star: Star| star.take_more(pattern, text, nocase)) {
                    Some(star) => {
                        (at, seen) = (star.rest, star.taken);
                        last_star = Some(star);
                    }
                    None => return false,
                },
            },
        }
    }
}

/// The last star passed: the pattern goes on at `rest`, and the star has swallowed the text before `taken`.
#[derive(Clone, Copy)]
struct Star {
    rest: usize,
    taken: usize,
}

impl Star {
    /// Swallows the fewest bytes more, at least one, after which the rest could match; `None` if none can.
    fn take_more(self, pattern: &[u8], text: &[u8], nocase: bool) -> Option<Star> {
        let from = self.taken + 1;
        let skipped = match pattern[self.rest] {
            b'?' | b'[' | b'\\' => 0,
            // A plain byte follows: the nearest place where it stands, at memchr's speed.
            byte if nocase => {
                memchr::memchr2(byte.to_ascii_lowercase(), byte.to_ascii_uppercase(), text.get(from..)?)?
            }
            byte => memchr::memchr(byte, text.get(from..)?)?,
        };
        (from + skipped <= text.len()).then_some(Star { taken: from + skipped, ..self })
    }
}

fn skip_stars(pattern: &[u8], at: usize) -> usize {
    at + pattern[at..].iter().take_while(|&&byte| byte == b'*').count()
}

/// Where the pattern goes on if its element at `at` (not a star) matches `byte`.
#[inline]
fn match_one(pattern: &[u8], at: usize, byte: u8, nocase: bool) -> Option<usize> {
    match &pattern[at..] {
        [] => None,
        [b'?', ..] => Some(at + 1),
        [b'[', ..] => match_class(pattern, at + 1, byte, nocase),
        [b'\\', escaped, ..] => same(*escaped, byte, nocase).then_some(at + 2),
        [literal, ..] => same(*literal, byte, nocase).then_some(at + 1),
    }
}

/// Where the pattern goes on if the class whose bracket is just behind `at` holds `byte`. Linear in the class.
fn match_class(pattern: &[u8], mut at: usize, byte: u8, nocase: bool) -> Option<usize> {
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let mut found = false;
    loop {
        at += match &pattern[at..] {
            [] => break,
            [b'\\', escaped, ..] => {
                found |= *escaped == byte;
                2
            }
            [b']', ..] => {
                at += 1;
                break;
            }
            [first, b'-', last, ..] => {
                found |= in_range(*first, *last, byte, nocase);
                3
            }
            [member, ..] => {
                found |= same(*member, byte, nocase);
                1
            }
        };
    }
    (found != negated).then_some(at)
}

/// The ends are ordered before case is dropped, as in the peers: `[Z-a]` without case is an empty range.
fn in_range(first: u8, last: u8, byte: u8, nocase: bool) -> bool {
    let (low, high) = if first <= last { (first, last) } else { (last, first) };
    if nocase {
        (low.to_ascii_lowercase()..=high.to_ascii_lowercase()).contains(&byte.to_ascii_lowercase())
    } else {
        (low..=high).contains(&byte)
    }
}

#[inline]
fn same(a: u8, b: u8, nocase: bool) -> bool {
    a == b || (nocase && a.eq_ignore_ascii_case(&b))
}

#[inline]
fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// The bytes with which every text that matches (with its case) begins, up to the first special byte.
///
/// An escape counts as special, so the prefix may be shorter than it could be, never longer. Linear.
pub fn literal_prefix(pattern: &[u8]) -> &[u8] {
    let len = pattern.iter().position(|&byte| is_special(byte)).unwrap_or(pattern.len());
    &pattern[..len]
}

/// Whether the pattern has no special byte at all, so that it matches itself and nothing else. Linear.
pub fn is_literal(pattern: &[u8]) -> bool {
    literal_prefix(pattern).len() == pattern.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The obvious matcher: a list of elements, then recursion over it. Exponential, so for short input only.
    mod naive {
        use std::ops::RangeInclusive;

        enum Element {
            Star,
            Any,
            Byte(u8),
            Class { negated: bool, exact: Vec<u8>, bytes: Vec<u8>, ranges: Vec<RangeInclusive<u8>> },
        }

        fn elements(pattern: &[u8]) -> Vec<Element> {
            let mut rest = pattern.iter().copied().collect::<std::collections::VecDeque<u8>>();
            let mut elements = Vec::new();
            while let Some(byte) = rest.pop_front() {
                elements.push(match byte {
                    b'*' => Element::Star,
                    b'?' => Element::Any,
                    b'\\' => Element::Byte(rest.pop_front().unwrap_or(b'\\')),
                    b'[' => {
                        let negated = rest.front() == Some(&b'^');
                        if negated {
                            rest.pop_front();
                        }
                        let (mut exact, mut bytes, mut ranges) = (vec![], vec![], vec![]);
                        while let Some(member) = rest.pop_front() {
                            if member == b'\\' && !rest.is_empty() {
                                exact.push(rest.pop_front().unwrap());
                            } else if member == b']' {
                                break;
                            } else if rest.len() >= 2 && rest[0] == b'-' {
                                ranges.push(member.min(rest[1])..=member.max(rest[1]));
                                rest.drain(..2);
                            } else {
                                bytes.push(member);
                            }
                        }
                        Element::Class { negated, exact, bytes, ranges }
                    }
                    literal => Element::Byte(literal),
                });
            }
            elements
        }

        fn one(element: &Element, byte: u8, fold: fn(u8) -> u8) -> bool {
            match element {
                Element::Star => unreachable!("stars are matched by the caller"),
                Element::Any => true,
                Element::Byte(literal) => fold(*literal) == fold(byte),
                Element::Class { negated, exact, bytes, ranges } => {
                    let held = exact.contains(&byte)
                        || bytes.iter().any(|&member| fold(member) == fold(byte))
                        || ranges
                            .iter()
                            .any(|r| fold(*r.start()) <= fold(byte) && fold(byte) <= fold(*r.end()));
                    held != *negated
                }
            }
        }

        fn go(elements: &[Element], text: &[u8], fold: fn(u8) -> u8) -> bool {
            match (elements, text) {
                ([], _) => text.is_empty(),
                ([Element::Star, rest @ ..], _) => {
                    go(rest, text, fold) || (!text.is_empty() && go(elements, &text[1..], fold))
                }
                (_, []) => false,
                ([element, rest @ ..], [byte, more @ ..]) => {
                    one(element, *byte, fold) && go(rest, more, fold)
                }
            }
        }

        pub fn matches(pattern: &[u8], text: &[u8], nocase: bool) -> bool {
            go(&elements(pattern), text, if nocase { |b| b.to_ascii_lowercase() } else { |b| b })
        }
    }

    fn check(nocase: bool, cases: &[(&str, &str, bool)]) {
        for &(pattern, text, expected) in cases {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            assert_eq!(
                matches(pattern, text, nocase),
                expected,
                "{} {}",
                pattern.escape_ascii(),
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn the_usual() {
        check(
            false,
            &[
                ("*", "", true),
                ("*", "abc", true),
                ("", "", true),
                ("", "a", false),
                ("a", "", false),
                ("h?llo", "hello", true),
                ("h*llo", "heeeello", true),
                ("h*llo", "heeeellow", false),
                ("h[ae]llo", "hallo", true),
                ("h[ae]llo", "hillo", false),
                ("h[^e]llo", "hallo", true),
                ("h[^e]llo", "hello", false),
                ("h[a-b]llo", "hbllo", true),
                ("a*b*", "ab", true),
                ("a**", "a", true),
                ("a?*", "a", false),
                ("*abc*", "ababababc", true),
                ("a*b*c", "axbxbxc", true),
                ("a*bc", "abcbd", false),
                ("?", "\0", true),
            ],
        );
    }

    #[test]
    fn corners_as_valkey_9_1_has_them() {
        check(
            false,
            &[
                ("[", "[", false),
                ("[", "a", false),
                ("[^", "a", true),
                ("[^", "^", true),
                ("[abc", "b", true),
                ("[abc", "d", false),
                ("[a-", "a", true),
                ("[a-", "-", true),
                ("[a-", "b", false),
                ("[a-]", "_", true),
                ("[a-]", "z", false),
                ("[z-a]", "c", true),
                ("[]", "]", false),
                ("[]a]", "]a]", false),
                ("[^]", "]", true),
                ("[\\]]", "]", true),
                ("[\\", "\\", true),
                ("[a\\", "\\", true),
                ("[\\]", "]", true),
                ("\\", "\\", true),
                ("a\\", "a\\", true),
                ("\\*", "*", true),
                ("\\*", "x", false),
                ("[a-\\]]", "]", false),
                ("[a-\\]]", "_]", true),
                ("[\\a-c]", "b", false),
                ("[\\a-c]", "-", true),
                ("*[^", "abc", true),
                ("[--a]", "@", true),
                ("[!a]", "!", true),
                ("[!a]", "b", false),
                ("[^^]", "^", false),
                ("[a-c-e]", "d", false),
                ("[a-c-e]", "-", true),
                ("[^a", "a", false),
                ("[]-a]", "^", false),
                ("*\\", "x\\", true),
            ],
        );
        assert!(matches(b"[\xff-\x80]", b"\x90", false));
    }

    #[test]
    fn case_is_ignored_but_not_behind_a_backslash_in_a_class() {
        check(
            true,
            &[
                ("MAXMEMOR[Y]", "maxmemory", true),
                ("maxmemor[\\Y]", "maxmemory", false),
                ("maxmemor[\\y]", "maxmemory", true),
                ("maxmemor[W-Z]", "maxmemory", true),
                ("maxmemor[W-z]", "maxmemory", true),
                ("maxmemor[Z-a]", "maxmemory", false),
                ("*MEMOR*", "maxmemory", true),
                ("maxmemor\\Y", "maxmemory", true),
            ],
        );
    }

    #[test]
    fn hostile_patterns_finish_at_once() {
        let text = vec![b'a'; 10_000];
        let stars = [b"a*".repeat(1_000).as_slice(), b"b"].concat();
        assert!(!matches(&stars, &text, false));
        let any = [b"*?".repeat(50_000).as_slice(), b"b"].concat();
        assert!(!matches(&any, &text, false));
        assert!(!matches(&b"*?".repeat(10_000), &text, false));
        assert!(!matches(&b"*[".repeat(500), &text, false));
    }

    #[test]
    fn too_many_stars_match_nothing() {
        let text = vec![b'a'; 3_000];
        assert!(matches(&b"*a".repeat(1_000), &text, false));
        assert!(!matches(&b"*a".repeat(1_001), &text, false));
        // One at the end needs no depth.
        assert!(matches(&b"a*".repeat(1_001), &text, false));
        assert!(!matches(&b"a*".repeat(1_002), &text, false));
    }

    #[test]
    fn literals_are_known() {
        assert_eq!(literal_prefix(b"user:*"), b"user:");
        assert_eq!(literal_prefix(b"user\\:*"), b"user");
        assert_eq!(literal_prefix(b"*"), b"");
        assert!(is_literal(b"user:1]") && is_literal(b""));
        for pattern in [b"a*".as_slice(), b"a?", b"[a", b"a\\"] {
            assert!(!is_literal(pattern));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn agrees_with_the_obvious_matcher(pattern in "[abAB*?\\[\\]^\\\\-]{0,12}", text in "[abAB\\]\\\\^-]{0,8}", nocase: bool) {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(matches(pattern, text, nocase), naive::matches(pattern, text, nocase));
            if !nocase && matches(pattern, text, nocase) {
                prop_assert!(text.starts_with(literal_prefix(pattern)));
                prop_assert!(!is_literal(pattern) || pattern == text);
            }
        }

        #[test]
        fn finds_what_it_was_made_from(pieces in prop::collection::vec(any::<(bool, u8)>(), 0..40), nocase: bool) {
            // Each byte of the text stands escaped in the pattern, or is left to a star.
            let text: Vec<u8> = pieces.iter().map(|&(_, byte)| byte).collect();
            let element = |&(star, byte): &(bool, u8)| if star { vec![b'*'] } else { vec![b'\\', byte] };
            let pattern: Vec<u8> = pieces.iter().flat_map(element).collect();
            prop_assert!(matches(&pattern, &text, nocase));
        }
    }
}
