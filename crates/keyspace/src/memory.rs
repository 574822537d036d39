//! What keys and databases cost, for MEMORY USAGE, MEMORY STATS and the choice between freeing now and later.

use structures::entry::{Entry, ValueRef};
use structures::quicklist::NodeView;

use crate::db::Db;
use crate::list::List;
use crate::value::Value;

impl Db {
    /// Bytes that are not of any entry: the table's arrays and the database itself.
    pub fn overhead(&self) -> usize {
        size_of::<Db>() + self.table().memory()
    }

    /// Bytes of one entry: its allocation, its boxed value, and its share of the table.
    pub fn entry_memory(&self, entry: &Entry<Value>) -> usize {
        entry_memory(entry) + self.table().memory() / self.len().max(1)
    }
}

/// Bytes of one entry without its share of the table.
pub fn entry_memory(entry: &Entry<Value>) -> usize {
    let boxed = match entry.value() {
        ValueRef::Boxed(value) => value.memory(),
        ValueRef::Int(_) | ValueRef::Bytes { .. } | ValueRef::Packed { .. } => 0,
    };
    entry.memory() + boxed
}

/// The bytes of this length and more that a value is made of, each in one piece: long strings, long elements of lists.
pub fn long_parts(entry: &Entry<Value>, least: usize, mut emit: impl FnMut(&[u8])) {
    match entry.value() {
        ValueRef::Boxed(Value::Bytes(bytes)) if bytes.len() >= least => emit(bytes),
        ValueRef::Boxed(Value::List(List::Quick(list))) => {
            for node in list.nodes() {
                if let NodeView::Plain(bytes) | NodeView::Lzf { bytes, .. } = node
                    && bytes.len() >= least
                {
                    emit(bytes);
                }
            }
        }
        _ => {}
    }
}

/// Roughly how many allocations freeing an entry frees.
pub fn free_effort(entry: &Entry<Value>) -> usize {
    match entry.value() {
        ValueRef::Boxed(value) => value.free_effort(),
        ValueRef::Int(_) | ValueRef::Bytes { .. } | ValueRef::Packed { .. } => 1,
    }
}

#[cfg(test)]
mod tests {
    use crate::{Expire, Keyspace, Seed};

    #[test]
    fn a_key_costs_its_entry_its_box_and_a_share_of_the_table() {
        let mut ks = Keyspace::new(1, Seed { k0: 1, k1: 2 }, 3);
        for n in 0..100 {
            let name = format!("key:{n:04}");
            let key = ks.key(name.as_bytes());
            ks.db(0).set_str(key, b"0123456789abcdef", Expire::Clear);
        }
        let key = ks.key(b"big");
        ks.db(0).set_str(key, &[b'x'; 5000], Expire::Clear);
        let db = ks.look(0);
        let small = ks.key(b"key:0001");
        let small = db.entry_memory(db.table().get(small.bytes, small.hash).expect("set above"));
        let big = db.entry_memory(db.table().get(key.bytes, key.hash).expect("set above"));
        assert!((40..80).contains(&small), "{small}");
        assert!((5000..5200).contains(&big), "{big}");
        assert!(db.overhead() > 101 * 7);
    }
}
