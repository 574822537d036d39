//! Writing a file.

use std::io::{self, Write};

use keyspace::{Access, Db, Entry, Keyspace, Value, access};

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

/// Writes all databases. Fields with expires are written in a version that has a code for them: the one asked for,
/// or Valkey's. `O(n)`.
pub fn save(keyspace: &Keyspace, sink: &mut dyn Write, mut about: About<'_>) -> io::Result<Saved> {
    let mut settings = about.settings;
    if keyspace.all().any(|(_, db)| db.volatile_hashes() > 0) {
        settings.version = settings.version.with_field_expires();
    }
    let mut writer = Writer::to(sink, settings, about.checksum);
    writer.raw(&settings.version.magic());
    for (name, value) in about.aux {
        writer.byte(code::AUX);
        writer.string(name.as_bytes());
        writer.string(value.as_bytes());
    }
    for function in about.functions {
        writer.byte(code::FUNCTION);
        writer.string(function);
    }
    let mut keys = 0;
    for (number, db) in keyspace.all().filter(|(_, db)| !db.is_empty()) {
        writer.byte(code::DATABASE);
        writer.length(u64::from(number));
        database(&mut writer, keyspace, db, &mut about, &mut keys)?;
    }
    writer.byte(code::END);
    let sum = writer.checksum()?;
    writer.raw(&sum.to_le_bytes());
    writer.flush()?;
    Ok(Saved { keys, bytes: writer.written() })
}

fn database(
    writer: &mut Writer<'_>,
    keyspace: &Keyspace,
    db: &Db,
    about: &mut About<'_>,
    keys: &mut u64,
) -> io::Result<()> {
    writer.byte(code::SIZES);
    writer.count(db.len());
    writer.count(db.volatile());
    for entry in db.table().iter() {
        if let Some(at) = entry.expire() {
            writer.byte(code::EXPIRE_MS);
            writer.milliseconds(at);
        }
        if about.access == AccessInfo::Kept {
            last_used(writer, keyspace, entry);
        }
        write_value(writer, entry, |writer| writer.string(entry.key()));
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

fn last_used(writer: &mut Writer<'_>, keyspace: &Keyspace, entry: &Entry<Value>) {
    let env = &keyspace.env;
    match env.access {
        Access::Lru => {
            writer.byte(code::IDLE);
            writer.length(u64::from(access::idle_seconds(entry.access(), env.now_ms)));
        }
        Access::Lfu => {
            writer.byte(code::FREQUENCY);
            writer.byte(env.lfu.counter(entry.access(), env.now_ms));
        }
    }
}
