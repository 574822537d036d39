//! Requests: where their words are.
//!
//! A request is either an array of bulk strings (`*2\r\n$3\r\nGET\r\n$1\r\nk\r\n`) or an inline line (`GET k\r\n`).
//! [`parse`] finds the words as spans of the query buffer and copies nothing; only quoted inline words, which are
//! not their own text, are unpacked into a buffer of the request.
//!
//! A request that arrives in pieces is not read from its start again: what is known of it is kept as a
//! [`Progress`], so that a million arguments in a million packets cost a million steps. A whole request, the usual
//! case, needs none.
//!
//! **Invariants**
//! 1. Spans are relative to the first byte of the request and lie within its `used` bytes.
//! 2. Nothing is reserved from an announced length: memory grows with the bytes that arrive.
//! 3. Parsing has no side effect but on `words` and `progress`: a request may be parsed again.
//!
//! *Not here*: reading from sockets (`server`), what commands do with words (`engine`).

use memchr::memchr;

/// Where a word lies, from the first byte of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    pub start: u32,
    pub len: u32,
}

/// The words of one request: spans over the bytes they lie in. Cheap to copy, lends slices that outlive it.
#[derive(Clone, Copy, Debug)]
pub struct Argv<'a> {
    bytes: &'a [u8],
    words: &'a [Span],
}

impl<'a> Argv<'a> {
    /// `words` must have come from `parse` over these bytes (or be otherwise within them).
    pub fn new(bytes: &'a [u8], words: &'a [Span]) -> Self {
        Argv { bytes, words }
    }

    /// How many words, the command's name included.
    #[inline]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The word at an index. Panics beyond the end, as a slice does: arity is checked before.
    #[inline]
    pub fn at(&self, index: usize) -> &'a [u8] {
        let Span { start, len } = self.words[index];
        &self.bytes[start as usize..start as usize + len as usize]
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        (index < self.words.len()).then(|| self.at(index))
    }

    /// The words from an index on.
    #[inline]
    pub fn from(&self, index: usize) -> Argv<'a> {
        Argv { bytes: self.bytes, words: &self.words[index.min(self.words.len())..] }
    }

    /// The words before an index.
    #[inline]
    pub fn to(&self, index: usize) -> Argv<'a> {
        Argv { bytes: self.bytes, words: &self.words[..index.min(self.words.len())] }
    }

    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + Clone + use<'a> {
        let Argv { bytes, words } = *self;
        words.iter().map(move |s| &bytes[s.start as usize..s.start as usize + s.len as usize])
    }

    /// Bytes of all words together.
    pub fn size(&self) -> u64 {
        self.words.iter().map(|s| u64::from(s.len)).sum()
    }

    /// The first word in one number, its length in the top byte, if it has at most seven bytes and is not the very end:
    /// names of commands are compared by it.
    #[inline]
    pub fn short_name(&self) -> Option<u64> {
        let Span { start, len } = *self.words.first()?;
        let eight = self.bytes.get(start as usize..)?.first_chunk::<8>()?;
        let keep = (1u64 << (8 * len.min(7))) - 1;
        (len <= 7).then_some(u64::from_le_bytes(*eight) & keep | u64::from(len) << 56)
    }

    /// Where the last word ends: no less than `size`, and known without walking the words.
    #[inline]
    pub fn extent(&self) -> u64 {
        self.words.last().map_or(0, |s| u64::from(s.start) + u64::from(s.len))
    }

    /// The request as it was sent, if it came as an array of bulk strings, spelt as any writer of such arrays spells it
    /// (and not with line ends or lengths that are merely accepted).
    #[inline]
    pub fn as_sent(&self) -> Option<&'a [u8]> {
        let (bytes, first) = (self.bytes, self.words.first()?);
        let ends = |at: usize| bytes.get(at..at + 2) == Some(b"\r\n");
        // No spelling of a length is shorter than the usual one, and no other is as short.
        let usual = bytes.first() == Some(&b'*') && bytes.len() as u64 == self.wire_size();
        let head = (first.start as usize).checked_sub(5 + stdx::num::digits10(u64::from(first.len)))?;
        let framed = |s: &Span| ends(s.start as usize - 2) && ends(s.start as usize + s.len as usize);
        (usual && ends(head) && self.words.iter().all(framed)).then_some(bytes)
    }

    /// Bytes of the request as an array of bulk strings, however it came.
    pub fn wire_size(&self) -> u64 {
        let framed = |len: u64| 3 + stdx::num::digits10(len) as u64;
        let words = self.words.iter().map(|s| framed(u64::from(s.len)) + u64::from(s.len) + 2);
        framed(self.words.len() as u64) + words.sum::<u64>()
    }
}

impl std::ops::Index<usize> for Argv<'_> {
    type Output = [u8];

    #[inline]
    fn index(&self, index: usize) -> &[u8] {
        self.at(index)
    }
}

/// Words kept beyond the life of the query buffer (MULTI, blocked clients, tests).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedArgv {
    bytes: Vec<u8>,
    words: Vec<Span>,
}

impl OwnedArgv {
    pub fn of<W: AsRef<[u8]>>(words: impl IntoIterator<Item = W>) -> Self {
        let mut owned = OwnedArgv::default();
        for word in words {
            owned.push(word.as_ref());
        }
        owned
    }

    /// A copy, which holds no more memory than the words need.
    pub fn copy(argv: Argv<'_>) -> Self {
        let bytes = argv.words.iter().map(|span| span.len as usize).sum();
        let mut owned =
            OwnedArgv { bytes: Vec::with_capacity(bytes), words: Vec::with_capacity(argv.words.len()) };
        for word in argv.iter() {
            owned.push(word);
        }
        owned
    }

    pub fn push(&mut self, word: &[u8]) {
        let start = self.bytes.len() as u32;
        self.bytes.extend_from_slice(word);
        self.words.push(Span { start, len: word.len() as u32 });
    }

    /// Forgets all words and keeps the memory for others.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.words.clear();
    }

    /// Gives back what is beyond the needs of usual requests.
    pub fn shrink(&mut self) {
        if self.memory() > 64 * 1024 {
            *self = OwnedArgv::default();
        }
    }

    pub fn view(&self) -> Argv<'_> {
        Argv::new(&self.bytes, &self.words)
    }

    /// Bytes of memory held.
    pub fn memory(&self) -> usize {
        self.bytes.capacity() + self.words.capacity() * size_of::<Span>()
    }
}

/// What a client may send; the tighter set holds until it has authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `proto-max-bulk-len`, in bytes.
    pub max_bulk: u64,
    pub authenticated: bool,
}

/// Longest inline request, and longest line that announces a length, in bytes.
pub const MAX_LINE: usize = 64 * 1024;
/// Most words of a request: what the peers accept.
const MAX_WORDS: i64 = i32::MAX as i64;
const MAX_WORDS_UNAUTHENTICATED: i64 = 10;
const MAX_BULK_UNAUTHENTICATED: i64 = 16 * 1024;

/// Why the bytes are no request. The connection answers once and closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    InvalidMultibulkLength,
    UnauthenticatedMultibulkLength,
    TooBigMultibulkCount,
    TooBigBulkCount,
    TooBigInline,
    UnbalancedQuotes,
    ExpectedDollar(u8),
    InvalidBulkLength,
    UnauthenticatedBulkLength,
}

impl ProtocolError {
    /// The error line as the peers print it, without the leading `-`.
    pub fn to_line(self) -> String {
        use ProtocolError::*;
        let what = match self {
            InvalidMultibulkLength => "invalid multibulk length",
            UnauthenticatedMultibulkLength => "unauthenticated multibulk length",
            TooBigMultibulkCount => "too big mbulk count string",
            TooBigBulkCount => "too big bulk count string",
            TooBigInline => "too big inline request",
            UnbalancedQuotes => "unbalanced quotes in request",
            ExpectedDollar(got) => {
                // A byte that would break the line is shown as a blank.
                let got = if got == b'\r' || got == b'\n' { ' ' } else { char::from(got) };
                return format!("ERR Protocol error: expected '$', got '{got}'");
            }
            InvalidBulkLength => "invalid bulk length",
            UnauthenticatedBulkLength => "unauthenticated bulk length",
        };
        format!("ERR Protocol error: {what}")
    }
}

/// What is known of a request that has not arrived whole. Positions count from its first byte.
#[derive(Debug, Default)]
pub struct Progress {
    /// Words still to come, the current one included.
    left: u32,
    /// Where to go on reading.
    at: usize,
    /// The announced length of the current word, once its line has been read.
    bulk: Option<u32>,
    words: Vec<Span>,
}

impl Progress {
    /// Bytes held for the words found so far.
    pub fn memory(&self) -> usize {
        self.words.capacity() * size_of::<Span>()
    }

    /// Words found so far.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Bytes that have been made sense of: whole words, and the length of the one that is on its way.
    pub fn read(&self) -> usize {
        self.at
    }

    /// Words still to come.
    pub fn left(&self) -> u32 {
        self.left
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A request of `used` bytes; its words were appended. No words: an empty request, to be skipped.
    Complete {
        used: usize,
    },
    /// Unquoted or escaped inline words, unpacked: they lie in `text`, and `used` bytes are done with.
    Unpacked {
        used: usize,
        text: Vec<u8>,
    },
    /// More bytes are needed: at least `missing` of them.
    Incomplete {
        missing: usize,
    },
    Invalid(ProtocolError),
}

/// Finds the words of the request that begins at `bytes[0]`. They are appended to `words` if it is complete; if it
/// is not, `progress` remembers what is known. `O(bytes)` over all calls for one request.
#[inline]
pub fn parse(
    bytes: &[u8],
    limits: Limits,
    words: &mut Vec<Span>,
    progress: &mut Option<Box<Progress>>,
) -> Parsed {
    if progress.is_some() {
        return resume(bytes, limits, words, progress);
    }
    if let Some(used) = parse_short(bytes, words) {
        return Parsed::Complete { used };
    }
    parse_any(bytes, limits, words, progress)
}

/// A whole request of at most nine words, all short: what most requests are. `None` says nothing.
#[inline(always)]
fn parse_short(bytes: &[u8], words: &mut Vec<Span>) -> Option<usize> {
    const FRAME: u32 = u32::from_le_bytes(*b"*\0\r\n");
    let head = u32::from_le_bytes(*bytes.first_chunk::<4>()?);
    let count = (head >> 8 & 0xff).wrapping_sub(u32::from(b'0'));
    if head & 0xffff_00ff != FRAME || count.wrapping_sub(1) > 8 {
        return None;
    }
    let first = words.len();
    let mut at = 4;
    for _ in 0..count {
        let Some(span) = short_bulk(bytes, at) else {
            words.truncate(first);
            return None;
        };
        words.push(span);
        at = span.start as usize + span.len as usize + 2;
    }
    Some(at)
}

/// Any request, from its first byte.
#[inline(never)]
fn parse_any(
    bytes: &[u8],
    limits: Limits,
    words: &mut Vec<Span>,
    progress: &mut Option<Box<Progress>>,
) -> Parsed {
    if bytes.first() != Some(&b'*') {
        return inline(bytes, words);
    }
    let (count, mut at) = match number(bytes, 1) {
        Number::Is(count, next) => (count, next),
        Number::Short if bytes.len() > MAX_LINE => {
            return Parsed::Invalid(ProtocolError::TooBigMultibulkCount);
        }
        Number::Short => return Parsed::Incomplete { missing: 1 },
        Number::Bad => return Parsed::Invalid(ProtocolError::InvalidMultibulkLength),
    };
    if count <= 0 {
        return Parsed::Complete { used: at };
    }
    if let Err(error) = check_count(count, limits) {
        return Parsed::Invalid(error);
    }
    let first = words.len();
    let mut left = count as u32;
    while left > 0 {
        if let Some(span) = short_bulk(bytes, at) {
            words.push(span);
            at = span.start as usize + span.len as usize + 2;
            left -= 1;
            continue;
        }
        match bulk(bytes, at, limits) {
            Bulk::Is(span, next) => {
                words.push(span);
                at = next;
                left -= 1;
            }
            Bulk::Short { bulk, at, missing } => {
                let words = words.drain(first..).collect();
                *progress = Some(Box::new(Progress { left, at, bulk, words }));
                return Parsed::Incomplete { missing };
            }
            Bulk::Bad(error) => {
                words.truncate(first);
                return Parsed::Invalid(error);
            }
        }
    }
    Parsed::Complete { used: at }
}

#[cold]
fn resume(
    bytes: &[u8],
    limits: Limits,
    words: &mut Vec<Span>,
    progress: &mut Option<Box<Progress>>,
) -> Parsed {
    let Some(mut known) = progress.take() else { return Parsed::Incomplete { missing: 1 } };
    while known.left > 0 {
        let found = match known.bulk {
            Some(len) => content(bytes, known.at, len),
            None => bulk(bytes, known.at, limits),
        };
        match found {
            Bulk::Is(span, next) => {
                known.words.push(span);
                known.left -= 1;
                known.at = next;
                known.bulk = None;
            }
            Bulk::Short { bulk, at, missing } => {
                known.bulk = bulk;
                known.at = at;
                *progress = Some(known);
                return Parsed::Incomplete { missing };
            }
            Bulk::Bad(error) => return Parsed::Invalid(error),
        }
    }
    words.extend_from_slice(&known.words);
    Parsed::Complete { used: known.at }
}

fn check_count(count: i64, limits: Limits) -> Result<(), ProtocolError> {
    if count > MAX_WORDS {
        return Err(ProtocolError::InvalidMultibulkLength);
    }
    if !limits.authenticated && count > MAX_WORDS_UNAUTHENTICATED {
        return Err(ProtocolError::UnauthenticatedMultibulkLength);
    }
    Ok(())
}

enum Bulk {
    Is(Span, usize),
    Short { bulk: Option<u32>, at: usize, missing: usize },
    Bad(ProtocolError),
}

/// A whole bulk string of less than 100 bytes, which nearly all are and which no limit concerns: eight bytes at
/// once show its line. `None` says nothing: look again with [`bulk`].
#[inline(always)]
fn short_bulk(bytes: &[u8], at: usize) -> Option<Span> {
    const LINE_END: u64 = 0x0a0d;
    let word = u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?);
    let digit = (word >> 8 & 0xff).wrapping_sub(u64::from(b'0'));
    if word & 0xff != u64::from(b'$') || digit > 9 {
        return None;
    }
    let (len, line) = if word >> 16 & 0xffff == LINE_END {
        (digit, 4)
    } else {
        let second = (word >> 16 & 0xff).wrapping_sub(u64::from(b'0'));
        if second > 9 || digit == 0 || word >> 24 & 0xffff != LINE_END {
            return None;
        }
        (digit * 10 + second, 5)
    };
    let start = at + line;
    (start + len as usize + 2 <= bytes.len()).then_some(Span { start: start as u32, len: len as u32 })
}

/// One bulk string: its line, its bytes, its line end.
#[inline(never)]
fn bulk(bytes: &[u8], at: usize, limits: Limits) -> Bulk {
    match bytes.get(at) {
        Some(b'$') => {}
        Some(&other) => return Bulk::Bad(ProtocolError::ExpectedDollar(other)),
        None => return Bulk::Short { bulk: None, at, missing: 1 },
    }
    let (len, next) = match number(bytes, at + 1) {
        Number::Is(len, next) => (len, next),
        Number::Short if bytes.len() - at > MAX_LINE => return Bulk::Bad(ProtocolError::TooBigBulkCount),
        Number::Short => return Bulk::Short { bulk: None, at, missing: 1 },
        Number::Bad => return Bulk::Bad(ProtocolError::InvalidBulkLength),
    };
    // Spans are of 32 bits: four gigabytes is the longest request, whatever `proto-max-bulk-len` says.
    let longest = limits.max_bulk.min(u64::from(u32::MAX) - (next as u64).min(u64::from(u32::MAX)));
    if len < 0 || len as u64 > longest {
        return Bulk::Bad(ProtocolError::InvalidBulkLength);
    }
    if !limits.authenticated && len > MAX_BULK_UNAUTHENTICATED {
        return Bulk::Bad(ProtocolError::UnauthenticatedBulkLength);
    }
    content(bytes, next, len as u32)
}

/// The bytes of a bulk string and the two that end it. What the two are is not looked at, as with the peers.
#[inline]
fn content(bytes: &[u8], at: usize, len: u32) -> Bulk {
    let end = at + len as usize + 2;
    if end > bytes.len() {
        return Bulk::Short { bulk: Some(len), at, missing: end - bytes.len() };
    }
    Bulk::Is(Span { start: at as u32, len }, end)
}

enum Number {
    Is(i64, usize),
    Short,
    Bad,
}

/// The number that a line consists of, and where the next line begins.
#[inline]
fn number(bytes: &[u8], at: usize) -> Number {
    // The lengths of nearly all words have one or two digits; four bytes tell.
    if let Some([a, b, c, _]) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let a = a.wrapping_sub(b'0');
        if a <= 9 {
            if *b == b'\r' {
                return Number::Is(i64::from(a), at + 3);
            }
            let d = b.wrapping_sub(b'0');
            if d <= 9 && a != 0 && *c == b'\r' {
                return Number::Is(i64::from(a * 10 + d), at + 4);
            }
        }
    }
    long_number(bytes, at)
}

fn long_number(bytes: &[u8], at: usize) -> Number {
    let Some(len) = bytes.get(at..).and_then(|rest| memchr(b'\r', rest)) else { return Number::Short };
    if at + len + 1 >= bytes.len() {
        return Number::Short;
    }
    match stdx::num::parse_i64(&bytes[at..at + len]) {
        Some(value) => Number::Is(value, at + len + 2),
        None => Number::Bad,
    }
}

/// A line of words, as a person types them into telnet.
#[cold]
fn inline(bytes: &[u8], words: &mut Vec<Span>) -> Parsed {
    let Some(end) = memchr(b'\n', bytes) else {
        return match bytes.len() > MAX_LINE {
            true => Parsed::Invalid(ProtocolError::TooBigInline),
            false => Parsed::Incomplete { missing: 1 },
        };
    };
    if end > MAX_LINE {
        return Parsed::Invalid(ProtocolError::TooBigInline);
    }
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let Some(split) = stdx::words::split(line) else {
        return Parsed::Invalid(ProtocolError::UnbalancedQuotes);
    };
    let mut text = Vec::with_capacity(line.len());
    for word in split {
        words.push(Span { start: text.len() as u32, len: word.len() as u32 });
        text.extend_from_slice(&word);
    }
    Parsed::Unpacked { used: end + 1, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPEN: Limits = Limits { max_bulk: 512 << 20, authenticated: true };
    const SHUT: Limits = Limits { max_bulk: 512 << 20, authenticated: false };

    fn words_of(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Parsed> {
        let (mut words, mut progress) = (Vec::new(), None);
        match parse(bytes, OPEN, &mut words, &mut progress) {
            Parsed::Complete { .. } => Ok(Argv::new(bytes, &words).iter().map(<[u8]>::to_vec).collect()),
            Parsed::Unpacked { text, .. } => {
                Ok(Argv::new(&text, &words).iter().map(<[u8]>::to_vec).collect())
            }
            other => Err(other),
        }
    }

    #[test]
    fn a_copy_has_the_words_and_no_more_memory() {
        let owned = OwnedArgv::of(["SET", "", "a longer word"]);
        let copy = OwnedArgv::copy(owned.view().from(1));
        assert_eq!(copy, OwnedArgv::of(["", "a longer word"]));
        assert_eq!(copy.memory(), 13 + 2 * size_of::<Span>());
    }

    #[test]
    fn what_is_spelt_oddly_is_not_passed_on_as_it_was_sent() {
        let as_sent = |bytes: &[u8]| {
            let (mut words, mut progress) = (Vec::new(), None);
            match parse(bytes, OPEN, &mut words, &mut progress) {
                Parsed::Complete { used } => Argv::new(&bytes[..used], &words).as_sent().map(<[u8]>::to_vec),
                Parsed::Unpacked { text, .. } => Argv::new(&text, &words).as_sent().map(<[u8]>::to_vec),
                other => panic!("{other:?}"),
            }
        };
        let long = encode(&[b"SET".to_vec(), vec![b'x'; 12_345], Vec::new()]);
        for good in [&b"*1\r\n$4\r\nPING\r\n"[..], b"*2\r\n$0\r\n\r\n$1\r\n*\r\n", &long] {
            assert_eq!(as_sent(good).as_deref(), Some(good));
        }
        // What follows a request is none of its bytes.
        assert_eq!(as_sent(b"*1\r\n$1\r\na\r\n*1\r\n").as_deref(), Some(&b"*1\r\n$1\r\na\r\n"[..]));
        let odd: [&[u8]; 6] = [
            b"*1\r\n$04\r\nPING\r\n",
            b"*01\r\n$4\r\nPING\r\n",
            b"*1\r\n$4\r\nPING!!",
            b"*1\r\n$4\rxPING\r\n",
            b"*1\rx$4\r\nPING\r\n",
            b"*1 2\r\n",
        ];
        for odd in odd {
            let accepted = words_of(odd).is_ok();
            assert!(!accepted || as_sent(odd).is_none(), "{}", odd.escape_ascii());
        }
        // Words that lie together, and look like the beginning of an array.
        let owned = OwnedArgv::of([&b"*1\r\n$1\r\n"[..], b"a\r\n"]);
        assert_eq!(owned.view().as_sent(), None);
    }

    fn refusal(bytes: &[u8], limits: Limits) -> String {
        match parse(bytes, limits, &mut Vec::new(), &mut None) {
            Parsed::Invalid(error) => error.to_line(),
            other => panic!("{other:?}"),
        }
    }

    fn encode(words: &[Vec<u8>]) -> Vec<u8> {
        let mut out = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            out.extend(format!("${}\r\n", word.len()).bytes());
            out.extend(word);
            out.extend(b"\r\n");
        }
        out
    }

    #[test]
    fn a_request_is_its_words() {
        assert_eq!(words_of(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"), Ok(vec![b"GET".to_vec(), b"k".to_vec()]));
        assert_eq!(words_of(b"*1\r\n$0\r\n\r\n"), Ok(vec![b"".to_vec()]));
        assert_eq!(words_of(b"*0\r\n"), Ok(vec![]));
        assert_eq!(words_of(b"*-1\r\n"), Ok(vec![]));
    }

    #[test]
    fn short_names_are_told_apart_by_one_number() {
        let name = |bytes: &[u8]| {
            let mut words = Vec::new();
            parse(bytes, OPEN, &mut words, &mut None);
            Argv::new(bytes, &words).short_name()
        };
        let get = name(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
        assert_eq!(get, Some(u64::from_le_bytes(*b"GET\0\0\0\0\x03")));
        assert_eq!(get, name(b"*2\r\n$3\r\nGET\r\n$5\r\nother\r\n"));
        assert_ne!(get, name(b"*2\r\n$4\r\nGET\0\r\n$1\r\nk\r\n"));
        assert_eq!(name(b"*1\r\n$8\r\nTOO_LONG\r\n"), None);
        assert_eq!(name(b"*1\r\n$3\r\nEND\r\n"), None, "not eight bytes left");
    }

    #[test]
    fn a_line_is_its_words() {
        assert_eq!(words_of(b"SET k \"a b\"\r\n"), Ok(vec![b"SET".to_vec(), b"k".to_vec(), b"a b".to_vec()]));
        assert_eq!(words_of(b"PING\n"), Ok(vec![b"PING".to_vec()]));
        assert_eq!(words_of(b"\r\n"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_request_is_told_as_the_peers_tell_it() {
        let is = |bytes: &[u8], what: &str| {
            assert_eq!(refusal(bytes, OPEN), format!("ERR Protocol error: {what}"))
        };
        is(b"*3\r\nfoo\r\n", "expected '$', got 'f'");
        is(b"*20000000000\r\n", "invalid multibulk length");
        is(b"*a\r\n", "invalid multibulk length");
        is(b"*1\r\n$-10\r\n", "invalid bulk length");
        is(b"*1\r\n$2000000000\r\n", "invalid bulk length");
        is(b"*1\r\n$blabla\r\n", "invalid bulk length");
        is(b"SET k \"a\r\n", "unbalanced quotes in request");
        is(&vec![b'a'; MAX_LINE + 1], "too big inline request");
        is(&[b"*".as_slice(), &vec![b'1'; MAX_LINE + 1]].concat(), "too big mbulk count string");
        is(&[b"*1\r\n$".as_slice(), &vec![b'1'; MAX_LINE + 1]].concat(), "too big bulk count string");
        assert_eq!(refusal(b"*11\r\n", SHUT), "ERR Protocol error: unauthenticated multibulk length");
        assert_eq!(refusal(b"*1\r\n$16385\r\n", SHUT), "ERR Protocol error: unauthenticated bulk length");
    }

    #[test]
    fn a_lying_count_reserves_nothing() {
        let mut progress = None;
        let parsed = parse(b"*2000000000\r\n$3\r\nSET\r\n", OPEN, &mut Vec::new(), &mut progress);
        assert_eq!(parsed, Parsed::Incomplete { missing: 1 });
        assert!(progress.expect("kept").memory() < 1000);
    }

    proptest! {
        #[test]
        fn pieces_make_the_same_words(
            words in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..20),
            cuts in prop::collection::vec(1usize..50, 1..100),
        ) {
            let bytes = encode(&words);
            let (mut found, mut progress, mut have) = (Vec::new(), None, 0);
            for cut in cuts.iter().cycle() {
                have = (have + cut).min(bytes.len());
                match parse(&bytes[..have], OPEN, &mut found, &mut progress) {
                    Parsed::Incomplete { missing } => prop_assert!(have + missing <= bytes.len()),
                    Parsed::Complete { used } => { prop_assert_eq!(used, bytes.len()); break }
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            let back: Vec<Vec<u8>> = Argv::new(&bytes, &found).iter().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(back, words);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop::sample::select(b"*$-+0123456789\r\na \"'".to_vec()), 0..200)) {
            let mut words = Vec::new();
            match parse(&bytes, SHUT, &mut words, &mut None) {
                Parsed::Complete { used } => {
                    prop_assert!(used <= bytes.len());
                    prop_assert!(Argv::new(&bytes[..used], &words).iter().count() == words.len());
                }
                Parsed::Unpacked { used, text } => {
                    prop_assert!(used <= bytes.len());
                    prop_assert!(Argv::new(&text, &words).iter().count() == words.len());
                }
                Parsed::Incomplete { missing } => prop_assert!(missing > 0),
                Parsed::Invalid(_) => prop_assert!(words.is_empty()),
            }
        }
    }
}
