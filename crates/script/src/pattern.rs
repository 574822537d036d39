//! Lua 5.1's patterns: matching that can neither exhaust the stack nor run on unseen.
//!
//! **Invariants**
//! 1. Recursion is at most [`MAX_DEPTH`] deep; a pattern that needs more is too complex.
//! 2. Every [`STEPS`] steps the caller is asked whether to go on.

/// How deep items that may match in several ways nest.
const MAX_DEPTH: u32 = 1000;
/// Steps between two looks at the time.
const STEPS: u32 = 1 << 20;
const MAX_CAPTURES: usize = 32;

/// Why a pattern is none, or did not get to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Text(&'static str),
    /// The caller does not want to go on.
    Stopped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Len {
    Open,
    Position,
    Bytes(usize),
}

/// What a capture caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caught<'a> {
    Bytes(&'a [u8]),
    /// A place, counted from 1.
    Position(usize),
}

pub(crate) struct Matcher<'a, 'b> {
    text: &'a [u8],
    pattern: &'a [u8],
    level: usize,
    captures: [(usize, Len); MAX_CAPTURES],
    depth: u32,
    steps: u32,
    go_on: &'b mut dyn FnMut() -> bool,
}

type Match = Result<Option<usize>, Fault>;

/// The part of a pattern that C sees: up to its first NUL.
pub(crate) fn seen(pattern: &[u8]) -> &[u8] {
    memchr::memchr(0, pattern).map_or(pattern, |end| &pattern[..end])
}

impl<'a, 'b> Matcher<'a, 'b> {
    pub fn new(text: &'a [u8], pattern: &'a [u8], go_on: &'b mut dyn FnMut() -> bool) -> Self {
        let captures = [(0, Len::Open); MAX_CAPTURES];
        Matcher { text, pattern, level: 0, captures, depth: 0, steps: 0, go_on }
    }

    /// Where a match that begins at `from` ends.
    pub fn match_at(&mut self, from: usize) -> Match {
        self.level = 0;
        self.depth = 0;
        self.run(from, 0)
    }

    /// How many values a match yields: its captures, or the whole of it if `whole` and there are none.
    pub fn count(&self, whole: bool) -> usize {
        if self.level == 0 && whole { 1 } else { self.level }
    }

    /// Capture `n` (from 0) of a match.
    pub fn caught(&self, n: usize, from: usize, to: usize) -> Result<Caught<'a>, Fault> {
        if n >= self.level {
            return match n {
                0 => Ok(Caught::Bytes(&self.text[from..to])),
                _ => Err(Fault::Text("invalid capture index")),
            };
        }
        match self.captures[n] {
            (at, Len::Bytes(len)) => Ok(Caught::Bytes(&self.text[at..at + len])),
            (at, Len::Position) => Ok(Caught::Position(at + 1)),
            (_, Len::Open) => Err(Fault::Text("unfinished capture")),
        }
    }

    pub fn whole(&self, from: usize, to: usize) -> &'a [u8] {
        &self.text[from..to]
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.pattern.get(at).copied()
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps < STEPS {
            return Ok(());
        }
        self.steps = 0;
        if (self.go_on)() { Ok(()) } else { Err(Fault::Stopped) }
    }

    fn deeper(&mut self, s: usize, p: usize) -> Match {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::Text("pattern too complex"));
        }
        self.depth += 1;
        let found = self.run(s, p);
        self.depth -= 1;
        found
    }

    /// Matches the pattern from `p` on with the text from `s` on.
    fn run(&mut self, mut s: usize, mut p: usize) -> Match {
        loop {
            self.step()?;
            let Some(byte) = self.byte(p) else { return Ok(Some(s)) };
            match (byte, self.byte(p + 1)) {
                (b'(', Some(b')')) => return self.open(s, p + 2, Len::Position),
                (b'(', _) => return self.open(s, p + 1, Len::Open),
                (b')', _) => return self.close(s, p + 1),
                (b'%', Some(b'b')) => match self.balance(s, p + 2)? {
                    Some(end) => (s, p) = (end, p + 4),
                    None => return Ok(None),
                },
                (b'%', Some(b'f')) => match self.frontier(s, p + 2)? {
                    Some(next) => p = next,
                    None => return Ok(None),
                },
                (b'%', Some(digit @ b'0'..=b'9')) => match self.again(s, digit)? {
                    Some(end) => (s, p) = (end, p + 2),
                    None => return Ok(None),
                },
                (b'$', None) => return Ok((s == self.text.len()).then_some(s)),
                _ => {
                    let end = self.class_end(p)?;
                    match self.byte(end) {
                        Some(b'?') => {
                            if self.single(s, p, end)
                                && let Some(found) = self.deeper(s + 1, end + 1)?
                            {
                                return Ok(Some(found));
                            }
                            p = end + 1;
                        }
                        Some(b'*') => return self.longest(s, p, end),
                        Some(b'+') => {
                            return if self.single(s, p, end) {
                                self.longest(s + 1, p, end)
                            } else {
                                Ok(None)
                            };
                        }
                        Some(b'-') => return self.shortest(s, p, end),
                        _ => {
                            if !self.single(s, p, end) {
                                return Ok(None);
                            }
                            (s, p) = (s + 1, end);
                        }
                    }
                }
            }
        }
    }

    fn longest(&mut self, s: usize, p: usize, end: usize) -> Match {
        let mut count = 0;
        while self.single(s + count, p, end) {
            count += 1;
            self.step()?;
        }
        loop {
            if let Some(found) = self.deeper(s + count, end + 1)? {
                return Ok(Some(found));
            }
            if count == 0 {
                return Ok(None);
            }
            count -= 1;
        }
    }

    fn shortest(&mut self, mut s: usize, p: usize, end: usize) -> Match {
        loop {
            if let Some(found) = self.deeper(s, end + 1)? {
                return Ok(Some(found));
            }
            if !self.single(s, p, end) {
                return Ok(None);
            }
            s += 1;
        }
    }

    fn open(&mut self, s: usize, p: usize, len: Len) -> Match {
        if self.level >= MAX_CAPTURES {
            return Err(Fault::Text("too many captures"));
        }
        self.captures[self.level] = (s, len);
        self.level += 1;
        let found = self.deeper(s, p)?;
        if found.is_none() {
            self.level -= 1;
        }
        Ok(found)
    }

    fn close(&mut self, s: usize, p: usize) -> Match {
        let open = (0..self.level).rev().find(|n| self.captures[*n].1 == Len::Open);
        let Some(n) = open else { return Err(Fault::Text("invalid pattern capture")) };
        self.captures[n].1 = Len::Bytes(s - self.captures[n].0);
        let found = self.deeper(s, p)?;
        if found.is_none() {
            self.captures[n].1 = Len::Open;
        }
        Ok(found)
    }

    /// `%1`: what a capture caught, once more.
    fn again(&self, s: usize, digit: u8) -> Match {
        let n = usize::from(digit.wrapping_sub(b'1'));
        let caught = self.captures.get(n).filter(|_| n < self.level);
        let Some((at, Len::Bytes(len))) = caught else { return Err(Fault::Text("invalid capture index")) };
        let same = self.text[s..].starts_with(&self.text[*at..at + len]);
        Ok(same.then_some(s + len))
    }

    /// `%b()`.
    fn balance(&mut self, s: usize, p: usize) -> Match {
        let (Some(open), Some(close)) = (self.byte(p), self.byte(p + 1)) else {
            return Err(Fault::Text("unbalanced pattern"));
        };
        if self.text.get(s) != Some(&open) {
            return Ok(None);
        }
        let mut nested = 1u64;
        for at in s + 1..self.text.len() {
            self.step()?;
            if self.text[at] == close {
                nested -= 1;
                if nested == 0 {
                    return Ok(Some(at + 1));
                }
            } else if self.text[at] == open {
                nested += 1;
            }
        }
        Ok(None)
    }

    /// `%f[set]`: where the pattern goes on if a byte of the set follows one that is not.
    fn frontier(&self, s: usize, p: usize) -> Match {
        if self.byte(p) != Some(b'[') {
            return Err(Fault::Text("missing '[' after '%f' in pattern"));
        }
        let end = self.class_end(p)?;
        let before = if s == 0 { 0 } else { self.text[s - 1] };
        let after = self.text.get(s).copied().unwrap_or(0);
        let met = !self.in_set(before, p, end - 1) && self.in_set(after, p, end - 1);
        Ok(met.then_some(end))
    }

    /// Where the item that begins at `p` ends.
    fn class_end(&self, p: usize) -> Result<usize, Fault> {
        match self.byte(p) {
            Some(b'%') if p + 1 >= self.pattern.len() => {
                Err(Fault::Text("malformed pattern (ends with '%')"))
            }
            Some(b'%') => Ok(p + 2),
            Some(b'[') => {
                let mut at = p + 1;
                if self.byte(at) == Some(b'^') {
                    at += 1;
                }
                // A bracket that comes first stands for itself.
                loop {
                    let Some(byte) = self.byte(at) else {
                        return Err(Fault::Text("malformed pattern (missing ']')"));
                    };
                    at += 1;
                    if byte == b'%' && at < self.pattern.len() {
                        at += 1;
                    }
                    if self.byte(at) == Some(b']') {
                        return Ok(at + 1);
                    }
                }
            }
            _ => Ok(p + 1),
        }
    }

    /// Whether the byte of the text at `s` is one that the item from `p` to `end` admits.
    #[inline]
    fn single(&self, s: usize, p: usize, end: usize) -> bool {
        let Some(&byte) = self.text.get(s) else { return false };
        match self.pattern[p] {
            b'.' => true,
            b'%' => in_class(byte, self.pattern[p + 1]),
            b'[' => self.in_set(byte, p, end - 1),
            other => other == byte,
        }
    }

    /// Whether a byte is in the set whose brackets are at `p` and `last`.
    fn in_set(&self, byte: u8, p: usize, last: usize) -> bool {
        let mut at = p + 1;
        let mut positive = true;
        if self.pattern[at] == b'^' {
            (positive, at) = (false, at + 1);
        }
        while at < last {
            if self.pattern[at] == b'%' && at + 1 < self.pattern.len() {
                if in_class(byte, self.pattern[at + 1]) {
                    return positive;
                }
                at += 2;
            } else if self.byte(at + 1) == Some(b'-') && at + 2 < last {
                if (self.pattern[at]..=self.pattern[at + 2]).contains(&byte) {
                    return positive;
                }
                at += 3;
            } else {
                if self.pattern[at] == byte {
                    return positive;
                }
                at += 1;
            }
        }
        !positive
    }
}

/// Whether a byte is of a class (`%a`, `%D` …); what is no class stands for itself.
fn in_class(byte: u8, class: u8) -> bool {
    let is = match class.to_ascii_lowercase() {
        b'a' => byte.is_ascii_alphabetic(),
        b'c' => byte.is_ascii_control(),
        b'd' => byte.is_ascii_digit(),
        b'l' => byte.is_ascii_lowercase(),
        b'p' => byte.is_ascii_punctuation(),
        b's' => matches!(byte, b' ' | b'\t'..=b'\r'),
        b'u' => byte.is_ascii_uppercase(),
        b'w' => byte.is_ascii_alphanumeric(),
        b'x' => byte.is_ascii_hexdigit(),
        b'z' => byte == 0,
        _ => return class == byte,
    };
    is != class.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, pattern: &str) -> Result<Option<(usize, usize)>, Fault> {
        let mut go_on = || true;
        let mut matcher = Matcher::new(text.as_bytes(), pattern.as_bytes(), &mut go_on);
        for from in 0..=text.len() {
            if let Some(to) = matcher.match_at(from)? {
                return Ok(Some((from, to)));
            }
        }
        Ok(None)
    }

    #[test]
    fn items_match_what_they_should() {
        assert_eq!(find("hello world", "o w"), Ok(Some((4, 7))));
        assert_eq!(find("hello", "l+"), Ok(Some((2, 4))));
        assert_eq!(find("x = 17;", "%d-;"), Ok(Some((4, 7))));
        assert_eq!(find("f(a(b)c)d", "%b()"), Ok(Some((1, 8))));
        assert_eq!(find("THE (quick) fox", "%f[%a]%a+%f[%A]"), Ok(Some((0, 3))));
        assert_eq!(find("abab", "(ab)%1"), Ok(Some((0, 4))));
        assert_eq!(find("]]", "[]]+$"), Ok(Some((0, 2))));
        assert_eq!(find("a-z", "[a%-z]+"), Ok(Some((0, 3))));
        assert_eq!(find("", "a*"), Ok(Some((0, 0))));
        assert_eq!(find("abc", "^b"), Ok(None));
    }

    #[test]
    fn what_is_no_pattern_says_why() {
        assert_eq!(find("a", "%"), Err(Fault::Text("malformed pattern (ends with '%')")));
        assert_eq!(find("a", "[a"), Err(Fault::Text("malformed pattern (missing ']')")));
        assert_eq!(find("a", "[a%"), Err(Fault::Text("malformed pattern (missing ']')")));
        assert_eq!(find("a", "%1"), Err(Fault::Text("invalid capture index")));
        assert_eq!(find("a", ")"), Err(Fault::Text("invalid pattern capture")));
        assert_eq!(find("a", "%bx"), Err(Fault::Text("unbalanced pattern")));
    }

    #[test]
    fn it_neither_recurses_nor_runs_without_end() {
        let many = "a?".repeat(100_000);
        assert_eq!(find(&"a".repeat(100_000), &many), Err(Fault::Text("pattern too complex")));
        let text = "a".repeat(40);
        let pattern = ".-".repeat(30) + "b";
        let mut asked = 0;
        let mut go_on = || {
            asked += 1;
            asked < 3
        };
        let mut matcher = Matcher::new(text.as_bytes(), pattern.as_bytes(), &mut go_on);
        assert_eq!(matcher.match_at(0), Err(Fault::Stopped));
    }
}
