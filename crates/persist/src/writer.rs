//! Writing: lengths and strings, into a buffer that goes to a sink piece by piece.
//!
//! An error of the sink is kept, and everything after it is dropped: whoever writes asks once in a while, and at the end.
//!
//! **Invariants**
//! 1. With a sink, the buffer holds less than [`PIECE`] bytes after each call.
//! 2. `crc` is the checksum of what has left the buffer.

use std::io::{self, Write};

use structures::lzf;

use crate::version::Version;

const PIECE: usize = 256 << 10;
/// Shorter strings are not worth compressing.
const LEAST_COMPRESSED: usize = 21;
/// Compressing must save so many bytes.
const LEAST_SAVED: usize = 4;
/// Strings of digits up to this length may be written as integers.
const MAX_DIGITS: usize = 11;

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    pub version: Version,
    /// Strings of more than 20 bytes are compressed if that makes them shorter.
    pub compress: bool,
}

/// See the [module](self).
pub struct Writer<'s> {
    pub settings: Settings,
    buffer: Vec<u8>,
    sink: Option<&'s mut dyn Write>,
    /// `None` if no checksum is wanted.
    crc: Option<u64>,
    /// Bytes that have left the buffer.
    sent: u64,
    failed: Option<io::Error>,
    packed: Vec<u8>,
    /// Made when it is needed first.
    compressor: Option<Box<lzf::Compressor>>,
}

/// What a writer that keeps everything can be made of again: unlike it, it may go to another thread.
#[derive(Default)]
pub(crate) struct Kept {
    pub buffer: Vec<u8>,
    packed: Vec<u8>,
    compressor: Option<Box<lzf::Compressor>>,
}

impl Writer<'static> {
    /// One that keeps everything, after what is there already.
    #[inline]
    pub(crate) fn after(settings: Settings, kept: Kept) -> Self {
        let Kept { buffer, packed, compressor } = kept;
        Writer { settings, buffer, sink: None, crc: None, sent: 0, failed: None, packed, compressor }
    }

    #[inline]
    pub(crate) fn kept(self) -> Kept {
        Kept { buffer: self.buffer, packed: self.packed, compressor: self.compressor }
    }
}

impl<'s> Writer<'s> {
    /// One that keeps everything.
    pub fn in_memory(settings: Settings) -> Self {
        Writer {
            settings,
            buffer: Vec::new(),
            sink: None,
            crc: None,
            sent: 0,
            failed: None,
            packed: Vec::new(),
            compressor: None,
        }
    }

    pub fn to(sink: &'s mut dyn Write, settings: Settings, checksum: bool) -> Self {
        let (buffer, crc) = (Vec::with_capacity(PIECE), checksum.then_some(0));
        Writer { buffer, sink: Some(sink), crc, ..Writer::in_memory(settings) }
    }

    /// What was written and has not left.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    /// Bytes written so far.
    pub fn written(&self) -> u64 {
        self.sent + self.buffer.len() as u64
    }

    /// Sends what is in the buffer.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.sink.is_some() {
            let buffer = std::mem::take(&mut self.buffer);
            self.send(&buffer);
            self.buffer = buffer;
            self.buffer.clear();
        }
        match self.failed.take() {
            None => Ok(()),
            Some(error) => {
                self.failed = Some(io::Error::new(error.kind(), error.to_string()));
                Err(error)
            }
        }
    }

    /// Whether the sink has refused something.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn send(&mut self, bytes: &[u8]) {
        let Some(sink) = &mut self.sink else { return };
        if let Some(crc) = &mut self.crc {
            *crc = stdx::crc::crc64(*crc, bytes);
        }
        self.sent += bytes.len() as u64;
        if self.failed.is_none() {
            self.failed = sink.write_all(bytes).err();
        }
    }

    /// The checksum of all that was written; 0 if none is wanted. Sends the buffer.
    pub(crate) fn checksum(&mut self) -> io::Result<u64> {
        self.flush()?;
        Ok(self.crc.unwrap_or(0))
    }

    #[inline]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.raw(&[byte]);
    }

    #[inline]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        if self.sink.is_some() && self.buffer.len() + bytes.len() >= PIECE {
            return self.raw_large(bytes);
        }
        self.buffer.extend_from_slice(bytes);
    }

    #[cold]
    fn raw_large(&mut self, bytes: &[u8]) {
        // An error is kept; `flush` is asked for it in the end.
        let _ = self.flush();
        if bytes.len() >= PIECE {
            return self.send(bytes);
        }
        self.buffer.extend_from_slice(bytes);
    }

    #[inline]
    pub(crate) fn length(&mut self, length: u64) {
        match length {
            0..=0x3F => self.byte(length as u8),
            0x40..=0x3FFF => self.raw(&[0x40 | (length >> 8) as u8, length as u8]),
            0x4000..=0xFFFF_FFFF => {
                self.byte(0x80);
                self.raw(&(length as u32).to_be_bytes());
            }
            _ => {
                self.byte(0x81);
                self.raw(&length.to_be_bytes());
            }
        }
    }

    pub(crate) fn count(&mut self, count: usize) {
        self.length(count as u64);
    }

    /// A string in the shortest code.
    #[inline]
    pub(crate) fn string(&mut self, bytes: &[u8]) {
        if bytes.len() <= MAX_DIGITS
            && let Some(int) = stdx::num::parse_i64(bytes)
            && self.coded_int(int)
        {
            return;
        }
        if self.settings.compress && bytes.len() >= LEAST_COMPRESSED && self.compressed(bytes) {
            return;
        }
        self.plain(bytes);
    }

    fn plain(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.raw(bytes);
    }

    /// The string of an integer.
    #[inline]
    pub(crate) fn int(&mut self, int: i64) {
        if !self.coded_int(int) {
            self.plain(stdx::num::Decimal::new().of(int));
        }
    }

    /// False if it needs more than 32 bits.
    #[inline]
    fn coded_int(&mut self, int: i64) -> bool {
        if let Ok(int) = i8::try_from(int) {
            self.raw(&[0xC0, int as u8]);
        } else if let Ok(int) = i16::try_from(int) {
            let [a, b] = int.to_le_bytes();
            self.raw(&[0xC1, a, b]);
        } else if let Ok(int) = i32::try_from(int) {
            let [a, b, c, d] = int.to_le_bytes();
            self.raw(&[0xC2, a, b, c, d]);
        } else {
            return false;
        }
        true
    }

    fn compressed(&mut self, bytes: &[u8]) -> bool {
        let mut packed = std::mem::take(&mut self.packed);
        let compressor = self.compressor.get_or_insert_default();
        let shorter = compressor.compress(bytes, bytes.len() - LEAST_SAVED, &mut packed);
        if shorter {
            self.lzf(&packed, bytes.len());
        }
        self.packed = packed;
        shorter
    }

    /// A string that is compressed already.
    pub(crate) fn lzf(&mut self, packed: &[u8], len: usize) {
        self.byte(0xC3);
        self.count(packed.len());
        self.count(len);
        self.raw(packed);
    }

    pub(crate) fn milliseconds(&mut self, ms: i64) {
        self.raw(&ms.to_le_bytes());
    }

    pub(crate) fn double(&mut self, value: f64) {
        self.raw(&value.to_le_bytes());
    }
}
