//! Sets and sorted sets that come element by element.

use std::io::Read;

use keyspace::{AddOptions, Added, Set, SortedSet};

use super::{Decode, Loaded};
use crate::error::Result;
use crate::reader::Reader;

impl Decode<'_> {
    pub(super) fn set<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let count = reader.count(1)?;
        if count == 0 {
            return Ok(Loaded::Empty);
        }
        let mut set = Set::at_least(reader.expectable(count), self.env);
        set.expect_members(count, self.env);
        let mut member = Vec::new();
        for _ in 0..count {
            reader.string(&mut member)?;
            if !set.add(&member, self.env) {
                return Err(reader.corrupt("a set has a member twice"));
            }
        }
        Ok(Loaded::Set(set))
    }

    /// `least`: bytes of an element, at least.
    pub(super) fn sorted_set<R: Read>(
        &self,
        reader: &mut Reader<R>,
        least: u64,
        mut score: impl FnMut(&mut Reader<R>) -> Result<f64>,
    ) -> Result<Loaded> {
        let count = reader.count(least)?;
        if count == 0 {
            return Ok(Loaded::Empty);
        }
        let mut set = SortedSet::for_size(count, 0, self.env);
        set.reserve(reader.expectable(count));
        let mut member = Vec::new();
        for _ in 0..count {
            reader.string(&mut member)?;
            let score = score(reader)?;
            match set.add(&member, score, AddOptions::default(), self.env) {
                Added::New(_) => {}
                Added::NotANumber => return Err(reader.corrupt("a score that is no number")),
                _ => return Err(reader.corrupt("a sorted set has a member twice")),
            }
        }
        set.pack_if_fits(self.env);
        Ok(Loaded::SortedSet(set))
    }
}
