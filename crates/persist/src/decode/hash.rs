//! Hashes that come field by field, and those with expires.

use std::io::Read;

use keyspace::{FieldTtl, Hash, Was};
use structures::listpack::Element;

use super::{Decode, Loaded, packed};
use crate::error::Result;
use crate::reader::Reader;

impl Decode<'_> {
    pub(super) fn hash<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let count = reader.count(2)?;
        self.fields(reader, count, |reader, field, value| {
            reader.string(field)?;
            reader.string(value)?;
            Ok(FieldTtl::Clear)
        })
    }

    /// Valkey's: field, value, expire in ms or -1.
    pub(super) fn hash_with_expires<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let count = reader.count(10)?;
        self.fields(reader, count, |reader, field, value| {
            reader.string(field)?;
            reader.string(value)?;
            match reader.milliseconds()? {
                -1 => Ok(FieldTtl::Clear),
                at if at < 0 => Err(reader.corrupt("a field has a negative expire")),
                at => Ok(FieldTtl::Until(at)),
            }
        })
    }

    /// Redis's: the first expire, then how much later each is plus one (0: none), field, value.
    pub(super) fn hash_of_redis<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let first = reader.milliseconds()?;
        let count = reader.count(3)?;
        self.fields(reader, count, |reader, field, value| {
            let later = reader.length()?;
            reader.string(field)?;
            reader.string(value)?;
            if later == 0 {
                return Ok(FieldTtl::Clear);
            }
            let at = i64::try_from(later - 1).ok().and_then(|later| first.checked_add(later));
            match at.filter(|at| *at >= 0) {
                Some(at) => Ok(FieldTtl::Until(at)),
                None => Err(reader.corrupt("a field has an expire that is no time")),
            }
        })
    }

    fn fields<R: Read>(
        &self,
        reader: &mut Reader<R>,
        count: usize,
        mut next: impl FnMut(&mut Reader<R>, &mut Vec<u8>, &mut Vec<u8>) -> Result<FieldTtl>,
    ) -> Result<Loaded> {
        if count == 0 {
            return Ok(Loaded::Empty);
        }
        let mut hash = Hash::default();
        hash.expect(count, self.env);
        hash.reserve(reader.expectable(count));
        let (mut field, mut value) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let ttl = next(reader, &mut field, &mut value)?;
            if hash.set(&field, &value, ttl, self.env) != Was::Absent {
                return Err(reader.corrupt("a hash has a field twice"));
            }
        }
        Ok(Loaded::Hash(hash))
    }

    /// Redis's small ones: the first expire, then a listpack of field, value, expire (0: none).
    pub(super) fn triples<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        reader.milliseconds()?;
        let pack = packed::listpack(reader)?;
        if pack.is_empty() {
            return Ok(Loaded::Empty);
        }
        let mut hash = Hash::default();
        let (mut elements, mut field_text, mut value_text) = (pack.view().iter(), Vec::new(), Vec::new());
        while let Some(field) = elements.next() {
            let (Some(value), Some(Element::Int(at))) = (elements.next(), elements.next()) else {
                return Err(reader.corrupt("a hash has a field without a value or an expire"));
            };
            let ttl = match at {
                0 => FieldTtl::Clear,
                1.. => FieldTtl::Until(at),
                _ => return Err(reader.corrupt("a field has a negative expire")),
            };
            let (field, value) = (field.bytes(&mut field_text), value.bytes(&mut value_text));
            if hash.set(field, value, ttl, self.env) != Was::Absent {
                return Err(reader.corrupt("a hash has a field twice"));
            }
        }
        Ok(Loaded::Hash(hash))
    }
}
