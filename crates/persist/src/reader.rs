//! Reading: bytes, lengths, strings, with the offset and the checksum of what was read.
//!
//! ```text
//!   00xxxxxx                   a length below 64
//!   01xxxxxx xxxxxxxx          below 16384, big endian
//!   10000000 u32, 10000001 u64 longer ones, big endian
//!   11cccccc                   no length: a string in the code c
//! ```
//!
//! **Invariants**
//! 1. `buffer[at..end]` is read from the source and not consumed; `buffer[..at]` is consumed, and summed up to `summed`.
//! 2. No memory is asked for that is larger than what is known to be left of the input; where that is not known
//!    (sockets), than what has arrived and a piece of [`PIECE`] more.

use std::borrow::Cow;
use std::io::Read;

use structures::lzf;

use crate::error::{Error, Kind, Result};

/// Bytes that are asked for at a time.
const PIECE: usize = 256 << 10;
/// A buffer for compressed strings that is larger is not kept.
const KEPT: usize = 1 << 20;

/// A length, or the code that stands in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Plain(u64),
    Coded(u8),
}

/// A string, as it is best handed on.
pub(crate) enum Text {
    /// It is that of an integer.
    Int(i64),
    /// It is in the buffer that was given.
    Short,
    /// It was too long for that.
    Long(Vec<u8>),
}

const CODE_INT8: u8 = 0;
const CODE_INT16: u8 = 1;
const CODE_INT32: u8 = 2;
const CODE_LZF: u8 = 3;

/// A source of bytes, with the place in it.
pub struct Reader<R> {
    source: R,
    buffer: Vec<u8>,
    at: usize,
    /// The offset of `buffer[0]` in the input.
    base: u64,
    /// Bytes that the source still has; `None` if nobody knows.
    left: Option<u64>,
    /// The checksum of the consumed bytes up to `summed`; `None` if it is not wanted.
    crc: Option<u64>,
    summed: usize,
    packed: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// `len`: bytes of the input, if that is known.
    pub fn new(source: R, len: Option<u64>) -> Self {
        Reader {
            source,
            buffer: Vec::new(),
            at: 0,
            base: 0,
            left: len,
            crc: Some(0),
            summed: 0,
            packed: Vec::new(),
        }
    }

    /// Bytes consumed.
    pub fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Bytes that were read ahead, and the source.
    pub(crate) fn into_rest(mut self) -> (Vec<u8>, R) {
        self.buffer.drain(..self.at);
        (self.buffer, self.source)
    }

    /// Bytes that can still come, at most.
    pub(crate) fn left(&self) -> Option<u64> {
        Some(self.left? + (self.buffer.len() - self.at) as u64)
    }

    pub(crate) fn forget_checksum(&mut self) {
        self.crc = None;
    }

    /// The checksum of all that was consumed; 0 if it was not kept.
    pub(crate) fn checksum(&mut self) -> u64 {
        self.sum();
        self.crc.unwrap_or(0)
    }

    fn sum(&mut self) {
        if let Some(crc) = &mut self.crc {
            *crc = stdx::crc::crc64(*crc, &self.buffer[self.summed..self.at]);
        }
        self.summed = self.at;
    }

    #[cold]
    pub(crate) fn error(&self, kind: Kind, what: impl Into<Cow<'static, str>>) -> Error {
        Error { kind, offset: self.offset(), what: what.into() }
    }

    #[cold]
    pub(crate) fn corrupt(&self, what: impl Into<Cow<'static, str>>) -> Error {
        self.error(Kind::Corrupt, what)
    }

    #[cold]
    fn cut(&self) -> Error {
        self.error(Kind::Cut, "the input ends too early")
    }

    /// Reads some more into the buffer, all of which was consumed.
    #[cold]
    fn refill(&mut self) -> Result<()> {
        self.sum();
        self.base += self.at as u64;
        (self.at, self.summed) = (0, 0);
        let want = self.left.map_or(PIECE, |left| left.min(PIECE as u64) as usize);
        self.buffer.resize(want, 0);
        let got = loop {
            match self.source.read(&mut self.buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let got = got.map_err(|error| {
            self.buffer.clear();
            self.error(Kind::Io, format!("can't read: {error}"))
        })?;
        self.buffer.truncate(got);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(got as u64);
        }
        if got == 0 { Err(self.cut()) } else { Ok(()) }
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8> {
        if self.at == self.buffer.len() {
            self.refill()?;
        }
        let byte = self.buffer[self.at];
        self.at += 1;
        Ok(byte)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        if let Some(here) = self.buffer.get(self.at..self.at + N) {
            bytes.copy_from_slice(here);
            self.at += N;
            return Ok(bytes);
        }
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// Appends so many bytes.
    pub(crate) fn append(&mut self, len: u64, to: &mut Vec<u8>) -> Result<()> {
        if self.left().is_some_and(|left| len > left) {
            return Err(self.cut());
        }
        let mut missing = usize::try_from(len).map_err(|_| self.cut())?;
        // What is known to be there is asked for at once (invariant 2).
        to.reserve_exact(if self.left.is_some() { missing } else { missing.min(PIECE) });
        if let Some(here) = self.buffer[self.at..].get(..missing) {
            to.extend_from_slice(here);
            self.at += missing;
            return Ok(());
        }
        while missing > 0 {
            if self.at == self.buffer.len() {
                if missing >= PIECE && self.left.is_some() {
                    return self.append_directly(missing, to);
                }
                self.refill()?;
            }
            let take = missing.min(self.buffer.len() - self.at);
            to.extend_from_slice(&self.buffer[self.at..self.at + take]);
            self.at += take;
            missing -= take;
        }
        Ok(())
    }

    /// Appends so many bytes from the source, all of the buffer being consumed.
    fn append_directly(&mut self, len: usize, to: &mut Vec<u8>) -> Result<()> {
        self.sum();
        self.base += self.at as u64;
        self.buffer.clear();
        (self.at, self.summed) = (0, 0);
        let begin = to.len();
        let read = (&mut self.source).take(len as u64).read_to_end(to);
        let got = to.len() - begin;
        if let Some(crc) = &mut self.crc {
            *crc = stdx::crc::crc64(*crc, &to[begin..]);
        }
        self.base += got as u64;
        self.left = self.left.map(|left| left.saturating_sub(got as u64));
        match read {
            Err(error) => Err(self.error(Kind::Io, format!("can't read: {error}"))),
            Ok(_) if got < len => Err(self.cut()),
            Ok(_) => Ok(()),
        }
    }

    #[inline]
    pub(crate) fn length_or_code(&mut self) -> Result<Length> {
        let first = self.byte()?;
        Ok(Length::Plain(match first {
            0..=0x3F => u64::from(first),
            0x40..=0x7F => u64::from(first & 0x3F) << 8 | u64::from(self.byte()?),
            0x80 => u64::from(u32::from_be_bytes(self.bytes()?)),
            0x81 => u64::from_be_bytes(self.bytes()?),
            0xC0.. => return Ok(Length::Coded(first & 0x3F)),
            _ => return Err(self.corrupt(format!("0x{first:02x} begins no length"))),
        }))
    }

    #[inline]
    pub(crate) fn length(&mut self) -> Result<u64> {
        match self.length_or_code()? {
            Length::Plain(length) => Ok(length),
            Length::Coded(_) => Err(self.corrupt("a coded string where a length must be")),
        }
    }

    /// A number of things that take at least `least` bytes each: so many must be able to come.
    pub(crate) fn count(&mut self, least: u64) -> Result<usize> {
        let count = self.length()?;
        match self.left() {
            Some(left) if count > left / least => Err(self.corrupt("more elements than bytes are left")),
            _ => usize::try_from(count).map_err(|_| self.corrupt("too many elements")),
        }
    }

    /// How many of `count` things memory may be made for before they have been seen.
    pub(crate) fn expectable(&self, count: usize) -> usize {
        if self.left.is_some() { count } else { count.min(PIECE) }
    }

    /// A number of bytes 1, 2, 4, signed and little endian.
    fn coded_int(&mut self, code: u8) -> Result<Option<i64>> {
        Ok(Some(match code {
            CODE_INT8 => i64::from(i8::from_le_bytes(self.bytes()?)),
            CODE_INT16 => i64::from(i16::from_le_bytes(self.bytes()?)),
            CODE_INT32 => i64::from(i32::from_le_bytes(self.bytes()?)),
            _ => return Ok(None),
        }))
    }

    /// Replaces `into` by a string; integers are printed.
    #[inline]
    pub(crate) fn string(&mut self, into: &mut Vec<u8>) -> Result<()> {
        into.clear();
        match self.length_or_code()? {
            Length::Plain(length) => self.append(length, into),
            Length::Coded(CODE_LZF) => self.lzf(into),
            Length::Coded(code) => match self.coded_int(code)? {
                Some(int) => {
                    stdx::num::write_i64(into, int);
                    Ok(())
                }
                None => Err(self.corrupt(format!("unknown code {code} of a string"))),
            },
        }
    }

    /// A string: in `short`, which it replaces, if it has up to `most` bytes.
    #[inline]
    pub(crate) fn text(&mut self, most: usize, short: &mut Vec<u8>) -> Result<Text> {
        short.clear();
        match self.length_or_code()? {
            Length::Plain(length) if length <= most as u64 => {
                self.append(length, short)?;
                Ok(Text::Short)
            }
            Length::Plain(length) => {
                let mut long = Vec::new();
                self.append(length, &mut long)?;
                Ok(Text::Long(long))
            }
            Length::Coded(CODE_LZF) => {
                let mut long = Vec::new();
                self.lzf(&mut long)?;
                Ok(Text::Long(long))
            }
            Length::Coded(code) => match self.coded_int(code)? {
                Some(int) => Ok(Text::Int(int)),
                None => Err(self.corrupt(format!("unknown code {code} of a string"))),
            },
        }
    }

    /// A string in memory of its own, of exactly its size.
    pub(crate) fn blob(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.string(&mut bytes)?;
        Ok(bytes)
    }

    fn lzf(&mut self, into: &mut Vec<u8>) -> Result<()> {
        let (packed_len, len) = (self.length()?, self.length()?);
        // As a rule all of it is in the buffer already.
        let near = usize::try_from(packed_len).ok().and_then(|len| self.buffer[self.at..].get(..len));
        if let Some(packed) = near {
            let whole = lzf::decompress(packed, usize::try_from(len).unwrap_or(usize::MAX), into);
            self.at += packed.len();
            return if whole { Ok(()) } else { Err(self.corrupt("invalid LZF")) };
        }
        let mut packed = std::mem::take(&mut self.packed);
        packed.clear();
        let read = self.append(packed_len, &mut packed);
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let whole = read.is_ok() && lzf::decompress(&packed, len, into);
        if packed.capacity() <= KEPT {
            self.packed = packed;
        }
        read?;
        if whole { Ok(()) } else { Err(self.corrupt("invalid LZF")) }
    }

    /// Passes over a string.
    pub(crate) fn skip_string(&mut self) -> Result<()> {
        match self.length_or_code()? {
            Length::Plain(length) => self.skip(length),
            Length::Coded(CODE_LZF) => {
                let (packed_len, _) = (self.length()?, self.length()?);
                self.skip(packed_len)
            }
            Length::Coded(code) => match self.coded_int(code)? {
                Some(_) => Ok(()),
                None => Err(self.corrupt(format!("unknown code {code} of a string"))),
            },
        }
    }

    fn skip(&mut self, len: u64) -> Result<()> {
        if self.left().is_some_and(|left| len > left) {
            return Err(self.cut());
        }
        let mut missing = len;
        while missing > 0 {
            if self.at == self.buffer.len() {
                self.refill()?;
            }
            let take = missing.min((self.buffer.len() - self.at) as u64);
            self.at += take as usize;
            missing -= take;
        }
        Ok(())
    }

    /// A double, as the machine has it, little endian.
    pub(crate) fn double(&mut self) -> Result<f64> {
        Ok(f64::from_le_bytes(self.bytes()?))
    }

    /// A double as text after its length (versions up to 7).
    pub(crate) fn double_text(&mut self) -> Result<f64> {
        match self.byte()? {
            255 => Ok(f64::NEG_INFINITY),
            254 => Ok(f64::INFINITY),
            253 => Ok(f64::NAN),
            len => {
                let mut text = Vec::new();
                self.append(u64::from(len), &mut text)?;
                stdx::num::parse_f64(&text).ok_or_else(|| self.corrupt("a score that is no number"))
            }
        }
    }

    pub(crate) fn milliseconds(&mut self) -> Result<i64> {
        Ok(i64::from_le_bytes(self.bytes()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> Reader<&[u8]> {
        Reader::new(bytes, Some(bytes.len() as u64))
    }

    #[test]
    fn lengths() {
        for (bytes, length) in [
            (&b"\x3f"[..], 63),
            (b"\x40\x40", 64),
            (b"\x7f\xff", 16383),
            (b"\x80\x00\x00\x40\x00", 16384),
            (b"\x81\x00\x00\x00\x01\x00\x00\x00\x00", 1 << 32),
        ] {
            assert_eq!(reader(bytes).length(), Ok(length));
            for cut in 0..bytes.len() {
                assert_eq!(reader(&bytes[..cut]).length().map_err(|error| error.kind), Err(Kind::Cut));
            }
        }
        for bad in [b"\x82\x00\x00\x00\x00", b"\xc0\x00\x00\x00\x00"] {
            assert_eq!(reader(bad).length().map_err(|error| error.kind), Err(Kind::Corrupt));
        }
    }

    #[test]
    fn strings_in_all_codes() {
        for (bytes, text) in [
            (&b"\x00"[..], &b""[..]),
            (b"\x03abc", b"abc"),
            (b"\xc0\xff", b"-1"),
            (b"\xc1\x00\x80", b"-32768"),
            (b"\xc2\xff\xff\xff\x7f", b"2147483647"),
            (b"\xc3\x09\x40\x64\x01aa\xe0W\x00\x01aa", &[b'a'; 100]),
        ] {
            assert_eq!(reader(bytes).blob().as_deref(), Ok(text));
            let mut skipping = reader(bytes);
            skipping.skip_string().expect("the same");
            assert_eq!(skipping.offset(), bytes.len() as u64);
            for cut in 0..bytes.len() {
                assert!(reader(&bytes[..cut]).blob().is_err());
                assert!(reader(&bytes[..cut]).skip_string().is_err());
            }
        }
        assert!(reader(b"\xc4abc").blob().is_err() && reader(b"\xff").skip_string().is_err());
    }

    #[test]
    fn lying_lengths_cost_no_memory() {
        let bytes = b"\x81\x7f\xff\xff\xff\xff\xff\xff\xffabc";
        let mut into = Vec::new();
        assert_eq!(reader(bytes).string(&mut into).map_err(|error| error.kind), Err(Kind::Cut));
        assert_eq!(into.capacity(), 0);
        let mut endless = Reader::new(&bytes[..], None);
        assert_eq!(endless.string(&mut into).map_err(|error| error.kind), Err(Kind::Cut));
        assert!(into.capacity() <= PIECE);
    }

    /// Gives a byte or two at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let most = 1 + self.0.len() % 2;
            let most = most.min(into.len());
            self.0.read(&mut into[..most])
        }
    }

    #[test]
    fn pieces_make_no_difference() {
        let bytes = b"\x03abc\x40\x40\xc1\x01\x02xyz";
        let mut reader = Reader::new(Slow(bytes), None);
        assert_eq!(reader.blob().as_deref(), Ok(&b"abc"[..]));
        assert_eq!(reader.length(), Ok(64));
        assert_eq!(reader.blob().as_deref(), Ok(&b"513"[..]));
        assert_eq!(reader.offset(), 9);
        assert_eq!(reader.checksum(), stdx::crc::crc64(0, &bytes[..9]));
        assert_eq!(reader.bytes(), Ok(*b"xyz"));
        assert_eq!(reader.byte().map_err(|error| (error.kind, error.offset)), Err((Kind::Cut, 12)));
    }
}
