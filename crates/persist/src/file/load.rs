//! Reading a file, item by item, so that whoever loads can do something else in between.

use std::io::Read;

use keyspace::{DbIndex, EntryBox, Env, Value};

use crate::code;
use crate::decode::{Decode, Loaded, Modules, string_entry};
use crate::error::{Kind, Result};
use crate::reader::Reader;
use crate::version::Version;

/// A key with its value, its expire, and what belongs to them.
pub struct Record {
    pub db: DbIndex,
    pub entry: EntryBox<Value>,
    /// Seconds since it was used last.
    pub idle_s: Option<u64>,
    /// The counter of LFU.
    pub frequency: Option<u8>,
}

/// What the next part of a file was.
pub enum Item {
    Record(Record),
    /// A key of a collection without elements, as some servers have written them: there is no such thing.
    Empty {
        key: Vec<u8>,
    },
    /// A key of a module, passed over.
    OfModule,
    Aux {
        name: Vec<u8>,
        value: Vec<u8>,
    },
    /// So many keys, and so many with an expire, are to come in this database.
    Sizes {
        db: DbIndex,
        keys: u64,
        volatile: u64,
    },
    /// The code of a library of functions.
    Function(Vec<u8>),
    /// The end was reached, and the checksum was right.
    End,
}

/// What stands before a key and is about it.
#[derive(Default)]
struct Ahead {
    expire: Option<i64>,
    idle_s: Option<u64>,
    frequency: Option<u8>,
}

/// See the [module](self).
pub struct Loader<R> {
    reader: Reader<R>,
    version: Version,
    db: DbIndex,
    databases: u32,
    modules: Modules,
    check_duplicates: bool,
    /// The key and the string read last: memory that is used again.
    key: Vec<u8>,
    string: Vec<u8>,
}

/// How a file is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Versions that are not known are tried, too.
    pub any_version: bool,
    pub checksum: bool,
    pub modules: Modules,
    pub check_duplicates: bool,
    /// How many databases there are.
    pub databases: u32,
}

impl<R: Read> Loader<R> {
    /// Reads the magic. `len`: bytes of the file, if known.
    pub fn new(source: R, len: Option<u64>, options: Options) -> Result<Self> {
        let mut reader = Reader::new(source, len);
        let magic = reader.bytes::<9>()?;
        let Some(version) = Version::of_magic(&magic) else {
            return Err(reader.corrupt("wrong signature: this is no snapshot"));
        };
        if !version.is_known() && !options.any_version {
            return Err(
                reader.error(Kind::Unsupported, format!("format version {}, which is not known", version.0))
            );
        }
        if !options.checksum {
            reader.forget_checksum();
        }
        let Options { databases, modules, check_duplicates, .. } = options;
        let (key, string) = (Vec::new(), Vec::new());
        Ok(Loader { reader, version, db: 0, databases, modules, check_duplicates, key, string })
    }

    pub fn version(&self) -> Version {
        self.version
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.reader.offset()
    }

    /// What is left of the source after [`Item::End`]: bytes that were read ahead, and the rest.
    pub fn into_rest(self) -> (Vec<u8>, R) {
        self.reader.into_rest()
    }

    /// The next part. After [`Item::End`], and after an error, there is none.
    pub fn next(&mut self, env: &Env) -> Result<Item> {
        let mut ahead = Ahead::default();
        loop {
            let mark = self.reader.byte()?;
            let reader = &mut self.reader;
            match mark {
                code::EXPIRE_MS => ahead.expire = Some(reader.milliseconds()?),
                code::EXPIRE_S => {
                    ahead.expire = Some(i64::from(i32::from_le_bytes(reader.bytes()?)) * 1000);
                }
                code::IDLE => ahead.idle_s = Some(reader.length()?),
                code::FREQUENCY => ahead.frequency = Some(reader.byte()?),
                code::DATABASE => self.select()?,
                code::SLOT_INFO => {
                    for _ in 0..3 {
                        reader.length()?;
                    }
                }
                code::MODULE_AUX => self.module_aux()?,
                code::AUX => return Ok(Item::Aux { name: reader.blob()?, value: reader.blob()? }),
                code::SIZES => {
                    let (keys, volatile) = (reader.length()?, reader.length()?);
                    return Ok(Item::Sizes { db: self.db, keys, volatile });
                }
                code::FUNCTION => return Ok(Item::Function(reader.blob()?)),
                code::FUNCTION_EARLY => {
                    let what = "functions in a form of before Redis 7.0";
                    return Err(reader.error(Kind::Unsupported, what));
                }
                code::END => return self.end(),
                _ => return self.record(env, mark, ahead),
            }
        }
    }

    fn select(&mut self) -> Result<()> {
        let number = self.reader.length()?;
        match u32::try_from(number).ok().filter(|number| *number < self.databases) {
            Some(number) => {
                self.db = number;
                Ok(())
            }
            None => Err(self.reader.error(
                Kind::Unsupported,
                format!(
                    "database {number}, but there are only {} (see the parameter databases)",
                    self.databases
                ),
            )),
        }
    }

    fn module_aux(&mut self) -> Result<()> {
        let id = self.reader.length()?;
        if self.modules == Modules::Refuse {
            return Err(crate::decode::module_refused(&self.reader, id));
        }
        // The moment at which it is to be loaded, marked as a number, then as a value of a module.
        crate::decode::skip_module(&mut self.reader)
    }

    fn record(&mut self, env: &Env, mark: u8, ahead: Ahead) -> Result<Item> {
        if code::name(mark).is_none() {
            return Err(self.reader.corrupt(format!("unknown mark {mark}")));
        }
        self.reader.string(&mut self.key)?;
        let entry = self.value(env, mark, ahead.expire).map_err(|mut error| {
            let key = String::from_utf8_lossy(&self.key[..self.key.len().min(100)]);
            error.what = format!("key '{key}': {}", error.what).into();
            error
        })?;
        let Ahead { idle_s, frequency, .. } = ahead;
        Ok(match entry {
            Ok(entry) => Item::Record(Record { db: self.db, entry, idle_s, frequency }),
            Err(Loaded::OfModule) => Item::OfModule,
            Err(_) => Item::Empty { key: self.key.clone() },
        })
    }

    /// The entry of the key that was read, or that which makes none.
    fn value(
        &mut self,
        env: &Env,
        code: u8,
        expire: Option<i64>,
    ) -> Result<std::result::Result<EntryBox<Value>, Loaded>> {
        if code == code::STRING {
            return string_entry(&mut self.reader, &self.key, expire, &mut self.string).map(Ok);
        }
        let decode = Decode {
            env,
            version: self.version,
            modules: self.modules,
            check_duplicates: self.check_duplicates,
        };
        Ok(match decode.value(&mut self.reader, code)? {
            nothing @ (Loaded::Empty | Loaded::OfModule) => Err(nothing),
            value => value.into_entry(&self.key, expire).ok_or(Loaded::Empty),
        })
    }

    /// Files of before version 5 end without a checksum: they end indeed, or one that was damaged where the version
    /// stands could pass for such a file.
    fn end(&mut self) -> Result<Item> {
        if self.version.0 < 5 && self.reader.left().is_some_and(|left| left > 0) {
            return Err(self.reader.corrupt("there is something after the end"));
        }
        if self.version.0 >= 5 {
            let sum = self.reader.checksum();
            let told = u64::from_le_bytes(self.reader.bytes()?);
            if told != 0 && sum != 0 && told != sum {
                let what = format!("CRC error: {told:016x} is told, {sum:016x} was found");
                return Err(self.reader.corrupt(what));
            }
        }
        Ok(Item::End)
    }
}
