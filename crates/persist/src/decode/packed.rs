//! Collections that come as one run of bytes, and are kept as one if they are small enough.

use std::io::Read;

use keyspace::{Hash, Set, SortedSet};
use structures::Intset;
use structures::listpack::{Element, Listpack, Pack};

use super::{Decode, Loaded, duplicates, ziplist, zipmap};
use crate::code;
use crate::error::{Error, Result};
use crate::reader::Reader;

/// A listpack, checked, in which what reads as an integer is one.
pub(super) fn listpack<R: Read>(reader: &mut Reader<R>) -> Result<Listpack> {
    let bytes = reader.blob()?;
    let (pack, canonical) =
        Listpack::check_spelling(bytes).map_err(|error| broken(reader, "Listpack", error))?;
    Ok(if canonical { pack } else { canonical_of(pack.view()) })
}

/// What a packed structure is told to be that is none.
pub(super) fn broken<R: Read>(reader: &Reader<R>, what: &str, why: impl std::fmt::Display) -> Error {
    reader.corrupt(format!("{what} integrity check failed: {why}"))
}

fn canonical_of(pack: Pack<'_>) -> Listpack {
    let mut copy = Listpack::with_capacity(pack.bytes().len());
    for element in pack {
        copy.push_back(match element {
            Element::Str(bytes) => Element::of(bytes),
            int => int,
        });
    }
    copy
}

impl Decode<'_> {
    pub(super) fn ints<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let bytes = reader.blob()?;
        let ints = Intset::check(bytes).map_err(|error| broken(reader, "Intset", error))?;
        if ints.is_empty() {
            return Ok(Loaded::Empty);
        }
        let large = ints.len() > self.env.limits.set_max_intset_entries;
        let mut set = Set::Ints(ints);
        if large {
            set.make_table(self.env);
        }
        Ok(Loaded::Set(set))
    }

    pub(super) fn set_of_listpack<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let pack = listpack(reader)?;
        if pack.is_empty() {
            return Ok(Loaded::Empty);
        }
        // A table believes what it is given.
        let large = pack.len() > self.env.limits.set_max_listpack_entries;
        if (large || self.check_duplicates) && duplicates::any(pack.view().iter()) {
            return Err(broken(reader, "Set", "listpack with dup elements"));
        }
        let mut set = Set::Packed(pack);
        if large {
            set.make_table(self.env);
        }
        Ok(Loaded::Set(set))
    }

    pub(super) fn sorted_set_of_pack<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        let pack = match code {
            code::SORTED_SET_ZIPLIST => ziplist::listpack(reader, "Zset")?,
            _ => listpack(reader)?,
        };
        if pack.is_empty() {
            return Ok(Loaded::Empty);
        }
        self.check_scores(pack.view(), code).map_err(|why| broken(reader, "Zset", why))?;
        let large = pack.len() / 2 > self.env.limits.zset_max_listpack_entries;
        let mut set = SortedSet::Packed(pack);
        if large {
            set.unpack_now(self.env);
        }
        Ok(Loaded::SortedSet(set))
    }

    /// Pairs of member and score, in order.
    fn check_scores(&self, pack: Pack<'_>, code: u8) -> std::result::Result<(), &'static str> {
        let mut elements = pack.iter();
        let (mut before, mut text) = (None::<(f64, Vec<u8>)>, Vec::new());
        while let Some(member) = elements.next() {
            let score = match elements.next() {
                Some(Element::Int(int)) => Some(int as f64),
                Some(Element::Str(text)) => stdx::num::parse_f64(text),
                None => return Err("a sorted set has a member without a score"),
            };
            let score = score.ok_or("a sorted set has a score that is no number")?;
            let member = member.bytes(&mut text);
            match &mut before {
                Some((last, name)) => {
                    if (*last, name.as_slice()) >= (score, member) {
                        return Err("a sorted set is not in order");
                    }
                    *last = score;
                    name.clear();
                    name.extend_from_slice(member);
                }
                None => before = Some((score, member.to_vec())),
            }
        }
        let large = pack.len() / 2 > self.env.limits.zset_max_listpack_entries;
        let check = large || self.check_duplicates || code != code::SORTED_SET_LISTPACK;
        if check && duplicates::any(pack.iter().step_by(2)) {
            return Err("a sorted set has a member twice");
        }
        Ok(())
    }

    pub(super) fn hash_of_pack<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        let pack = match code {
            code::HASH_ZIPLIST => ziplist::listpack(reader, "Hash")?,
            code::HASH_ZIPMAP => zipmap::listpack(reader)?,
            _ => listpack(reader)?,
        };
        if pack.is_empty() {
            return Ok(Loaded::Empty);
        }
        if !pack.len().is_multiple_of(2) {
            return Err(broken(reader, "Hash", "a field without a value"));
        }
        // What is converted is looked at element by element anyway, and a table believes what it is given.
        let fields = pack.len() / 2;
        let large = fields > self.env.limits.hash_max_listpack_entries;
        let check = large || self.check_duplicates || code != code::HASH_LISTPACK;
        if check && duplicates::any(pack.view().iter().step_by(2)) {
            return Err(broken(reader, "Hash", "listpack with dup elements"));
        }
        // A zipmap was written under other limits: it is looked at element by element.
        let longest = match code {
            code::HASH_ZIPMAP => pack.view().iter().map(Element::len).max().unwrap_or(0),
            _ => 0,
        };
        let mut hash = Hash::Packed(pack);
        let too_long = longest > self.env.limits.hash_max_listpack_value;
        hash.expect(if too_long { usize::MAX } else { fields }, self.env);
        Ok(Loaded::Hash(hash))
    }
}
