//! A file written while the keyspace goes on changing: what a walk ([`keyspace::Keyspace::begin_walks`]) gives, in pieces
//! that leave one by one.
//!
//! ```text
//!    this thread    header | database 0: sizes, entries | database 3: entries | database 0: entries ... | end
//!    another one    .............. the same, and counted into the checksum ............................ | checksum
//! ```
//!
//! Every piece begins with the number of its database, so that pieces of several may follow in any order.

use std::io::{self, Write};

use keyspace::{Db, DbIndex, Entry, Env, Recorder, Value};

use super::save::{self, AccessInfo, Usage};
use crate::code;
use crate::writer::{Kept, Settings, Writer};

/// A piece leaves when it is so long.
const PIECE: usize = 64 << 10;
/// A buffer that grew beyond this (by one large value) is not used again.
const KEPT: usize = 4 * PIECE;

/// Takes a piece away, and may give an older one back to be used again. May wait.
pub type Pieces = Box<dyn FnMut(Vec<u8>) -> Vec<u8> + Send>;

/// How a file is begun.
pub struct Opening<'a> {
    /// [`super::settings_for`]
    pub settings: Settings,
    pub access: AccessInfo,
    pub aux: &'a [(&'a str, String)],
    pub functions: &'a [Vec<u8>],
}

impl Opening<'_> {
    /// The first piece.
    pub fn header(&self) -> Vec<u8> {
        let mut writer = Writer::in_memory(self.settings);
        save::header(&mut writer, self.aux, self.functions);
        writer.into_bytes()
    }

    /// Writes one database; what is known of the use of keys is as of now.
    pub fn database(&self, env: &Env, number: DbIndex, db: &Db, pieces: Pieces) -> DatabaseRecorder {
        let usage = Usage::of(env, self.access);
        DatabaseRecorder::new(self.settings, usage, number, db, pieces)
    }
}

/// The last piece.
pub fn ending() -> Vec<u8> {
    vec![code::END]
}

/// Writes the entries of one database.
pub struct DatabaseRecorder {
    settings: Settings,
    kept: Kept,
    usage: Usage,
    number: DbIndex,
    pieces: Pieces,
}

impl DatabaseRecorder {
    fn new(settings: Settings, usage: Usage, number: DbIndex, db: &Db, pieces: Pieces) -> Self {
        let mut writer = Writer::in_memory(settings);
        save::database(&mut writer, number);
        save::sizes(&mut writer, db);
        DatabaseRecorder { settings, kept: writer.kept(), usage, number, pieces }
    }

    #[inline(never)]
    fn send(&mut self) {
        let mut buffer = (self.pieces)(std::mem::take(&mut self.kept.buffer));
        if buffer.capacity() > KEPT {
            buffer = Vec::new();
        }
        buffer.clear();
        buffer.reserve(PIECE + PIECE / 16);
        self.kept.buffer = buffer;
    }
}

impl Recorder for DatabaseRecorder {
    #[inline]
    fn record(&mut self, entry: &Entry<Value>) -> usize {
        let mut writer = Writer::after(self.settings, std::mem::take(&mut self.kept));
        if writer.written() == 0 {
            save::database(&mut writer, self.number);
        }
        let before = writer.written();
        self.usage.write(&mut writer, entry);
        let written = writer.written() - before;
        self.kept = writer.kept();
        if self.kept.buffer.len() >= PIECE {
            self.send();
        }
        usize::try_from(written).unwrap_or(usize::MAX)
    }

    fn end(&mut self) {
        if !self.kept.buffer.is_empty() {
            self.send();
        }
    }
}

/// What another thread does to the pieces on their way to the file: counts them into the checksum, which follows the last.
pub struct Seal {
    crc: Option<u64>,
}

impl Seal {
    pub fn new(checksum: bool) -> Self {
        Seal { crc: checksum.then_some(0) }
    }

    /// The next piece; `None` after the last.
    pub fn pass(&mut self, piece: Option<&[u8]>, to: &mut dyn Write) -> io::Result<()> {
        let Some(piece) = piece else { return to.write_all(&self.crc.unwrap_or(0).to_le_bytes()) };
        if let Some(crc) = &mut self.crc {
            *crc = stdx::crc::crc64(*crc, piece);
        }
        to.write_all(piece)
    }
}
