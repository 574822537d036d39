//! Lists: elements, or nodes that are kept as they are.

use std::io::Read;

use keyspace::{End, List};
use structures::Quicklist;
use structures::listpack::{Element, Listpack};
use structures::quicklist::Fill;

use super::{Decode, Loaded, packed, ziplist};
use crate::code::{LIST_QUICKLIST_2, NODE_PACKED, NODE_PLAIN};
use crate::error::Result;
use crate::reader::Reader;

impl Decode<'_> {
    fn quicklist(&self) -> Quicklist {
        let limits = &self.env.limits;
        Quicklist::new(Fill::new(limits.list_max_listpack_size), limits.list_compress_depth)
    }

    /// A single listpack within the limit is all there is to a list.
    fn settled(&self, mut quick: Quicklist) -> Loaded {
        if quick.is_empty() {
            return Loaded::Empty;
        }
        let fits = |pack: &Listpack| !quick.fill().is_exceeded(pack.bytes().len(), pack.len());
        if quick.single_pack().is_some_and(fits)
            && let Some(pack) = quick.take_single_pack()
        {
            return Loaded::List(List::Packed(pack));
        }
        Loaded::List(List::Quick(Box::new(quick)))
    }

    pub(super) fn list<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let count = reader.count(1)?;
        let (mut quick, mut element) = (self.quicklist(), Vec::new());
        for _ in 0..count {
            reader.string(&mut element)?;
            quick.push(End::Tail, &element, self.env.limits.list_packed_threshold);
        }
        Ok(self.settled(quick))
    }

    pub(super) fn nodes<R: Read>(&self, reader: &mut Reader<R>, code: u8) -> Result<Loaded> {
        let count = reader.count(1)?;
        let mut quick = self.quicklist();
        for _ in 0..count {
            if code != LIST_QUICKLIST_2 {
                quick.append_pack(ziplist::listpack(reader, "List")?);
                continue;
            }
            match reader.length()? {
                NODE_PACKED => quick.append_pack(packed::listpack(reader)?),
                NODE_PLAIN => {
                    let element = reader.blob()?;
                    if element.is_empty() {
                        return Err(reader.corrupt("a node without an element"));
                    }
                    quick.append_plain(element);
                }
                other => return Err(reader.corrupt(format!("a node of the unknown kind {other}"))),
            }
        }
        Ok(self.settled(quick))
    }

    pub(super) fn list_of_ziplist<R: Read>(&self, reader: &mut Reader<R>) -> Result<Loaded> {
        let pack = ziplist::listpack(reader, "List")?;
        let (mut quick, mut digits) = (self.quicklist(), Vec::new());
        for element in pack.view().iter() {
            let element = match element {
                Element::Str(bytes) => bytes,
                int => int.bytes(&mut digits),
            };
            quick.push(End::Tail, element, self.env.limits.list_packed_threshold);
        }
        Ok(self.settled(quick))
    }
}
