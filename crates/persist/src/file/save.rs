//! Writing a file.

use std::io::{self, Write};

use keyspace::{Access, Db, DbIndex, Entry, Env, Keyspace, Lfu, Value, access};

use crate::code;
use crate::encode::write_value;
use crate::writer::{Settings, Writer};

/// Whether keys are written with what eviction knows of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessInfo {
    None,
    /// As [`keyspace::Env::access`] has it.
    Kept,
}

/// What a file says about itself, and how it is written.
pub struct About<'a> {
    pub settings: Settings,
    pub checksum: bool,
    pub access: AccessInfo,
    /// Names and values, in this order.
    pub aux: &'a [(&'a str, String)],
    /// The code of each library of functions.
    pub functions: &'a [Vec<u8>],
    /// Called after each key; false stops.
    pub after_key: &'a mut dyn FnMut(u64) -> bool,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    pub keys: u64,
    pub bytes: u64,
}

/// The settings with a version that can say all that is in the keyspace: fields with expires need one that has a code
/// for them, the one asked for or Valkey's.
pub fn settings_for(keyspace: &Keyspace, mut settings: Settings) -> Settings {
    if keyspace.all().any(|(_, db)| db.volatile_hashes() > 0) {
        settings.version = settings.version.with_field_expires();
    }
    settings
}

/// Writes all databases, in a version that can say them ([`settings_for`]). `O(n)`.
pub fn save(keyspace: &Keyspace, sink: &mut dyn Write, mut about: About<'_>) -> io::Result<Saved> {
    let settings = settings_for(keyspace, about.settings);
    let usage = Usage::of(&keyspace.env, about.access);
    let mut writer = Writer::to(sink, settings, about.checksum);
    header(&mut writer, about.aux, about.functions);
    let mut keys = 0;
    for (number, db) in keyspace.all().filter(|(_, db)| !db.is_empty()) {
        database(&mut writer, number);
        sizes(&mut writer, db);
        entries(&mut writer, usage, db, &mut about, &mut keys)?;
    }
    writer.byte(code::END);
    let sum = writer.checksum()?;
    writer.raw(&sum.to_le_bytes());
    writer.flush()?;
    Ok(Saved { keys, bytes: writer.written() })
}

/// What comes before the first database.
pub(super) fn header(writer: &mut Writer<'_>, aux: &[(&str, String)], functions: &[Vec<u8>]) {
    writer.raw(&writer.settings.version.magic());
    for (name, value) in aux {
        writer.byte(code::AUX);
        writer.string(name.as_bytes());
        writer.string(value.as_bytes());
    }
    for function in functions {
        writer.byte(code::FUNCTION);
        writer.string(function);
    }
}

/// The entries that follow are of this database.
pub(super) fn database(writer: &mut Writer<'_>, number: DbIndex) {
    writer.byte(code::DATABASE);
    writer.length(u64::from(number));
}

/// How many entries of a database are to come.
pub(super) fn sizes(writer: &mut Writer<'_>, db: &Db) {
    writer.byte(code::SIZES);
    writer.count(db.len());
    writer.count(db.volatile());
}

fn entries(
    writer: &mut Writer<'_>,
    usage: Usage,
    db: &Db,
    about: &mut About<'_>,
    keys: &mut u64,
) -> io::Result<()> {
    for entry in db.table().iter() {
        usage.write(writer, entry);
        *keys += 1;
        if !(about.after_key)(*keys) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if writer.has_failed() {
            return writer.flush();
        }
    }
    Ok(())
}

/// What is written of an entry's use, as seen at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    info: AccessInfo,
    access: Access,
    lfu: Lfu,
    now_ms: i64,
}

impl Usage {
    pub fn of(env: &Env, info: AccessInfo) -> Usage {
        Usage { info, access: env.access, lfu: env.lfu, now_ms: env.now_ms }
    }

    /// Writes one entry: its expire, its use, its key and its value.
    #[inline]
    pub fn write(self, writer: &mut Writer<'_>, entry: &Entry<Value>) {
        if let Some(at) = entry.expire() {
            writer.byte(code::EXPIRE_MS);
            writer.milliseconds(at);
        }
        if self.info == AccessInfo::Kept {
            self.last_used(writer, entry);
        }
        write_value(writer, entry, |writer| writer.string(entry.key()));
    }

    fn last_used(self, writer: &mut Writer<'_>, entry: &Entry<Value>) {
        match self.access {
            Access::Lru => {
                writer.byte(code::IDLE);
                writer.length(u64::from(access::idle_seconds(entry.access(), self.now_ms)));
            }
            Access::Lfu => {
                writer.byte(code::FREQUENCY);
                writer.byte(self.lfu.counter(entry.access(), self.now_ms));
            }
        }
    }
}
