//! Looking at a set: how many, whether, all.

use stdx::num::Decimal;
use structures::intset::{self, Ascending};
use structures::item::ItemBox;
use structures::listpack::{self, Element};
use structures::table;

use super::SetView;

/// Buckets walked for each member asked for, at most: those of a table that is nearly empty.
const BUCKETS_PER_MEMBER: usize = 10;

impl<'a> SetView<'a> {
    /// Number of members.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            SetView::Ints(ints) => ints.len(),
            SetView::Packed(pack) => pack.len(),
            SetView::Table(table) => table.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            SetView::Ints(_) => "intset",
            SetView::Packed(_) => "listpack",
            SetView::Table(_) => "hashtable",
        }
    }

    /// Whether these bytes are a member. `O(1)`; `O(log n)` of an intset, `O(n)` of a listpack, which are short.
    #[inline]
    pub fn has(self, member: &[u8]) -> bool {
        match self {
            SetView::Ints(ints) => match Element::of(member) {
                Element::Int(int) => ints.contains(int),
                Element::Str(_) => false,
            },
            SetView::Packed(pack) => pack.first().is_some_and(|first| pack.find(first, member, 0).is_some()),
            SetView::Table(table) => table.get(member, table.hash(member)).is_some(),
        }
    }

    /// The same of what another set has.
    #[inline]
    pub fn has_element(self, member: Element<'_>) -> bool {
        match (self, member) {
            (_, Element::Str(bytes)) => self.has(bytes),
            (SetView::Ints(ints), Element::Int(int)) => ints.contains(int),
            (_, Element::Int(int)) => self.has(Decimal::new().of(int)),
        }
    }

    /// All members: ascending, in the order of the listpack, or in no order.
    #[inline]
    pub fn iter(self) -> Members<'a> {
        match self {
            SetView::Ints(ints) => Members::Ints(ints.iter()),
            SetView::Packed(pack) => Members::Packed(pack.iter()),
            SetView::Table(table) => Members::Table(table.iter()),
        }
    }

    /// Goes on at `cursor` (0 at first) until `count` members were emitted, and returns where to go on, 0 at the end.
    /// What is there from the first call to the last is emitted once at least. Packed sets are emitted as a whole.
    pub fn scan(self, cursor: u64, count: usize, mut emit: impl FnMut(Element<'_>)) -> u64 {
        let SetView::Table(table) = self else {
            self.iter().for_each(emit);
            return 0;
        };
        let (mut cursor, mut seen) = (cursor, 0);
        for _ in 0..count.max(1).saturating_mul(BUCKETS_PER_MEMBER) {
            cursor = table.scan(cursor, |item| {
                seen += 1;
                emit(Element::Str(item.key()));
            });
            if cursor == 0 || seen >= count {
                break;
            }
        }
        cursor
    }
}

/// All members of a set.
pub enum Members<'a> {
    Ints(intset::Iter<'a>),
    Packed(listpack::Iter<'a>),
    Table(table::Iter<'a, ItemBox>),
}

impl<'a> Iterator for Members<'a> {
    type Item = Element<'a>;

    #[inline]
    fn next(&mut self) -> Option<Element<'a>> {
        match self {
            Members::Ints(ints) => ints.next().map(Element::Int),
            Members::Packed(pack) => pack.next(),
            Members::Table(table) => table.next().map(|item| Element::Str(item.key())),
        }
    }
}

/// A set that is asked for the members of another one, in the order in which that gives them.
pub enum Prober<'a> {
    /// Both have integers in ascending order.
    Ascending(Ascending<'a>),
    Any(SetView<'a>),
}

impl<'a> Prober<'a> {
    pub fn new(asked: SetView<'a>, asking: SetView<'_>) -> Self {
        match (asked, asking) {
            (SetView::Ints(ints), SetView::Ints(_)) => Prober::Ascending(ints.ascending()),
            _ => Prober::Any(asked),
        }
    }

    #[inline]
    pub fn has(&mut self, member: Element<'_>) -> bool {
        match (self, member) {
            (Prober::Ascending(ints), Element::Int(int)) => ints.has(int),
            (Prober::Ascending(_), Element::Str(_)) => false,
            (Prober::Any(set), member) => set.has_element(member),
        }
    }
}
