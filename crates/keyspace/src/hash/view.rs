//! Reading a hash. Fields whose time is up are not seen, but for [`HashView::len`].

use structures::item::Item;
use structures::listpack::{Element, Pack};
use structures::table;

use super::fields::{Fields, expire_of, is_due};
use super::find_packed;

/// A hash, lent.
#[derive(Clone, Copy, Debug)]
pub enum HashView<'a> {
    Packed(Pack<'a>),
    Table(&'a Fields),
}

/// Tries of a random field before the living ones are collected.
const TRIES: usize = 100;
/// Buckets walked for each field asked for, at most: those of a table that is nearly empty.
const BUCKETS_PER_FIELD: usize = 10;

impl<'a> HashView<'a> {
    /// Number of fields, those included whose time is up.
    pub fn len(self) -> usize {
        match self {
            HashView::Packed(pack) => pack.len() / 2,
            HashView::Table(fields) => fields.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Number of fields that are seen. `O(1)` if no time is up.
    pub fn live_len(self, now_ms: i64) -> usize {
        match self {
            HashView::Packed(_) => self.len(),
            HashView::Table(fields) => fields.len() - fields.hidden(now_ms),
        }
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            HashView::Packed(_) => "listpack",
            HashView::Table(_) => "hashtable",
        }
    }

    /// The value of a field. `O(1)`, packed `O(n)`.
    #[inline]
    pub fn get(self, field: &[u8], now_ms: i64) -> Option<Element<'a>> {
        match self {
            HashView::Packed(pack) => find_packed(pack, field).map(|at| pack.get(at)),
            HashView::Table(fields) => fields.get(field, now_ms).map(|item| Element::Str(item.value())),
        }
    }

    /// The expire of a field: `None` without the field, `Some(None)` if it lives for ever.
    pub fn expire(self, field: &[u8], now_ms: i64) -> Option<Option<i64>> {
        match self {
            HashView::Packed(pack) => find_packed(pack, field).map(|_| None),
            HashView::Table(fields) => fields.get(field, now_ms).map(expire_of),
        }
    }

    /// Fields and values, in no order that means anything.
    #[inline]
    pub fn iter(self, now_ms: i64) -> HashIter<'a> {
        match self {
            HashView::Packed(pack) => HashIter::Packed(pack.iter()),
            HashView::Table(fields) => HashIter::Table(fields.table().iter(), now_ms),
        }
    }

    /// A field and its value, each with the same chance; `None` if none is seen.
    pub fn random(self, now_ms: i64, rng: &mut fastrand::Rng) -> Option<(Element<'a>, Element<'a>)> {
        match self {
            HashView::Packed(pack) => {
                let index = rng.usize(..self.len().max(1));
                let field = pack.seek(2 * index as i64)?;
                Some((pack.get(field), pack.get(pack.next(field)?)))
            }
            HashView::Table(fields) => {
                for _ in 0..TRIES {
                    let item = fields.table().random(&mut || rng.u64(..))?;
                    if !is_due(item, now_ms) {
                        return Some(pair(item));
                    }
                }
                let live: Vec<_> = self.iter(now_ms).collect();
                (!live.is_empty()).then(|| live[rng.usize(..live.len())])
            }
        }
    }

    /// Goes on at `cursor` (0 at first) until `count` fields were looked at, and returns where to go on, 0 at the
    /// end. A packed hash is emitted as a whole.
    pub fn scan(
        self,
        cursor: u64,
        count: usize,
        now_ms: i64,
        emit: &mut dyn FnMut(Element<'a>, Element<'a>),
    ) -> u64 {
        let HashView::Table(fields) = self else {
            self.iter(now_ms).for_each(|(field, value)| emit(field, value));
            return 0;
        };
        let (mut cursor, mut seen) = (cursor, 0);
        for _ in 0..count.max(1).saturating_mul(BUCKETS_PER_FIELD) {
            cursor = fields.table().scan(cursor, |item| {
                seen += 1;
                if !is_due(item, now_ms) {
                    let (field, value) = pair(item);
                    emit(field, value);
                }
            });
            if cursor == 0 || seen >= count {
                break;
            }
        }
        cursor
    }
}

#[inline]
fn pair(item: &Item) -> (Element<'_>, Element<'_>) {
    (Element::Str(item.key()), Element::Str(item.value()))
}

/// Fields and values.
pub enum HashIter<'a> {
    Packed(structures::listpack::Iter<'a>),
    Table(table::Iter<'a, structures::item::ItemBox>, i64),
}

impl<'a> Iterator for HashIter<'a> {
    type Item = (Element<'a>, Element<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            HashIter::Packed(elements) => Some((elements.next()?, elements.next()?)),
            HashIter::Table(items, now_ms) => items.find(|item| !is_due(item, *now_ms)).map(pair),
        }
    }
}
