//! A list: elements in the order they were pushed.
//!
//! A short one is a listpack. Before elements are added that would take it past `list-max-listpack-size` (their bytes
//! and their number, whatever becomes of them) it turns into a quicklist, with that listpack as its first node; back
//! it turns when after a removal, or a replacement, one listpack is left that is at most half full. This is when
//! Valkey 9.1 does it, as OBJECT ENCODING tells.
//!
//! *Not here*: which elements are looked at, and in which order keys are changed (commands).

mod view;

use structures::Quicklist;
use structures::listpack::{Element, Listpack, Pack};
pub use structures::quicklist::{End, Side};
use structures::quicklist::{Fill, edit};

use crate::collection::{Collection, Limits};
use crate::env::Env;
use crate::value::{Type, Value};
pub use view::ListView;

/// A list: elements in the order they were pushed.
#[derive(Clone, Debug)]
pub enum List {
    Packed(Listpack),
    Quick(Box<Quicklist>),
}

impl Default for List {
    fn default() -> Self {
        List::Packed(Listpack::new())
    }
}

/// An element of more bytes is too much for a list that is a listpack, whatever the limit.
const ALWAYS_LONG: usize = 64 << 10;

impl List {
    /// An empty one, in memory that is at hand.
    pub fn fresh(env: &mut Env) -> Self {
        List::Packed(Listpack::reuse(std::mem::take(&mut env.scratch)))
    }

    /// One of these elements, in the encoding that suits them.
    pub fn of_elements<'e>(elements: impl Iterator<Item = &'e [u8]>, limits: &Limits) -> Self {
        let mut list = List::default();
        for element in elements {
            match &mut list {
                List::Quick(quick) => quick.push(End::Tail, element, limits.list_packed_threshold),
                List::Packed(_) if element.len() > ALWAYS_LONG => {
                    list.unfold(limits);
                    list.push(End::Tail, std::iter::once(element), limits);
                }
                List::Packed(pack) => {
                    pack.push_back(Element::of(element));
                    if Fill::new(limits.list_max_listpack_size).is_exceeded(pack.bytes().len(), pack.len()) {
                        list.unfold(limits);
                    }
                }
            }
        }
        list
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        match self {
            List::Packed(pack) => pack.is_empty(),
            List::Quick(quick) => quick.is_empty(),
        }
    }

    /// Adds elements one by one at an end. `O(1)` for each.
    #[inline]
    pub fn push<'e, I>(&mut self, end: End, elements: I, limits: &Limits)
    where
        I: Iterator<Item = &'e [u8]> + Clone,
    {
        if let List::Packed(pack) = self {
            let (mut bytes, mut count) = (pack.bytes().len(), pack.len());
            for element in elements.clone() {
                bytes = bytes.saturating_add(element.len());
                count += 1;
            }
            if !Fill::new(limits.list_max_listpack_size).is_exceeded(bytes, count) {
                return push_packed(pack, end, elements);
            }
            self.unfold(limits);
        }
        if let List::Quick(quick) = self {
            elements.for_each(|element| quick.push(end, element, limits.list_packed_threshold));
        }
    }

    /// Makes it a quicklist if so much more may be too much for a listpack.
    fn make_room(&mut self, more: usize, limits: &Limits) {
        if let List::Packed(pack) = self {
            let (bytes, count) = (pack.bytes().len().saturating_add(more), pack.len() + 1);
            if Fill::new(limits.list_max_listpack_size).is_exceeded(bytes, count) {
                self.unfold(limits);
            }
        }
    }

    /// Makes it a quicklist.
    #[cold]
    fn unfold(&mut self, limits: &Limits) {
        let fill = Fill::new(limits.list_max_listpack_size);
        if let List::Packed(pack) = self {
            let mut pack = std::mem::take(pack);
            pack.shrink();
            *self = List::Quick(Box::new(Quicklist::of_pack(pack, fill, limits.list_compress_depth)));
        }
    }

    /// Makes it a listpack if little enough is left.
    #[inline]
    pub fn fold(&mut self, limits: &Limits) {
        if let List::Quick(quick) = self
            && let Some(pack) = quick.single_pack()
            && Fill::new(limits.list_max_listpack_size).is_half_empty(pack.bytes().len(), pack.len())
            && let Some(pack) = quick.take_single_pack()
        {
            *self = List::Packed(pack);
        }
    }

    /// Removes the element at an end, after something was done with it. `O(1)`.
    #[inline]
    pub fn pop<R>(&mut self, end: End, limits: &Limits, look: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        let result = self.pop_of_more(end, look);
        self.fold(limits);
        result
    }

    /// The same as a part of a change that ends with [`List::fold`].
    #[inline]
    pub fn pop_of_more<R>(&mut self, end: End, look: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        match self {
            List::Packed(pack) => edit::pop_from(pack, end, look),
            List::Quick(quick) => quick.pop(end, look),
        }
    }

    /// Removes up to `count` elements from an index on. `O(n)` of nodes and of what is removed.
    pub fn remove(&mut self, index: usize, count: usize, limits: &Limits) {
        self.remove_of_more(index, count);
        self.fold(limits);
    }

    /// The same as a part of a change that ends with [`List::fold`].
    pub fn remove_of_more(&mut self, index: usize, count: usize) {
        match self {
            List::Packed(pack) => {
                if let (Some(at), true) = (seek(pack.view(), index), count > 0) {
                    pack.remove_many(at, count);
                    edit::shrink_if_roomy(pack);
                }
            }
            List::Quick(quick) => quick.remove(index, count),
        }
    }

    /// Keeps only `count` elements from an index on.
    pub fn keep(&mut self, index: usize, count: usize, limits: &Limits) {
        let end = index.saturating_add(count).min(self.len());
        self.remove_of_more(end, usize::MAX);
        self.remove(0, index, limits);
    }

    /// Removes elements equal to `wanted`, at most `most`, those nearest to an end first. Returns how many. `O(n)`.
    pub fn remove_equal(&mut self, wanted: &[u8], from: End, most: usize, limits: &Limits) -> usize {
        let removed = match self {
            List::Packed(pack) => {
                let int = edit::int_of(wanted);
                let found = pack.view().iter().filter(|element| element.is(wanted, int)).count();
                if found > 0 {
                    edit::remove_equal_in(pack, wanted, from, most.min(found), found);
                }
                most.min(found)
            }
            List::Quick(quick) => quick.remove_equal(wanted, from, most),
        };
        if removed > 0 {
            self.fold(limits);
        }
        removed
    }

    /// Puts another element in the place of one. False if there is none at the index.
    pub fn replace(&mut self, index: usize, element: &[u8], limits: &Limits) -> bool {
        // As with the peers, before it is known whether anything is replaced.
        self.make_room(element.len(), limits);
        let done = match self {
            List::Packed(pack) => match seek(pack.view(), index) {
                Some(at) => {
                    pack.replace(at, Element::of(element));
                    true
                }
                None => false,
            },
            List::Quick(quick) => quick.replace(index, element, limits.list_packed_threshold),
        };
        if done {
            self.fold(limits);
        }
        done
    }

    /// Puts an element beside the first one equal to `pivot`. False if there is none.
    pub fn insert(&mut self, side: Side, pivot: &[u8], element: &[u8], limits: &Limits) -> bool {
        // As with the peers, before it is known whether anything is inserted.
        self.make_room(element.len(), limits);
        let Some(index) = self.view().position(pivot) else { return false };
        match self {
            List::Packed(pack) => {
                let Some(at) = seek(pack.view(), index) else { return false };
                match side {
                    Side::Before => pack.insert_before(at, Element::of(element)),
                    Side::After => _ = pack.insert_after(at, Element::of(element)),
                }
            }
            List::Quick(quick) => {
                let Some(place) = quick.locate(index) else { return false };
                quick.insert(place, side, element, limits.list_packed_threshold);
            }
        }
        true
    }

    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            List::Packed(pack) => pack.memory(),
            List::Quick(quick) => size_of::<Quicklist>() + quick.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        match self {
            List::Packed(_) => 1,
            List::Quick(quick) => quick.nodes().len(),
        }
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        match self {
            List::Packed(pack) => pack.view().verify(),
            List::Quick(quick) => quick.verify(),
        }
    }
}

fn push_packed<'e>(pack: &mut Listpack, end: End, elements: impl Iterator<Item = &'e [u8]>) {
    for element in elements {
        match end {
            End::Head => pack.push_front(Element::of(element)),
            End::Tail => pack.push_back(Element::of(element)),
        }
    }
}

fn seek(pack: Pack<'_>, index: usize) -> Option<structures::listpack::At> {
    pack.seek(i64::try_from(index).ok()?)
}

impl Collection for List {
    const TYPE: Type = Type::List;
    type View<'a> = ListView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], _raw: bool) -> ListView<'_> {
        ListView::Packed(Pack::trusted(bytes))
    }

    #[inline]
    fn view(&self) -> ListView<'_> {
        match self {
            List::Packed(pack) => ListView::Packed(pack.view()),
            List::Quick(quick) => ListView::Quick(quick),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, _raw: bool) -> Self {
        List::Packed(Listpack::trusted(bytes))
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            List::Packed(pack) => Some((pack.bytes(), false)),
            List::Quick(_) => None,
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            List::Packed(pack) => pack.into_bytes(),
            List::Quick(_) => Vec::new(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        List::is_empty(self)
    }

    fn into_value(self) -> Value {
        Value::List(self)
    }

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::List(it) => Some(it),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::List(it) => Some(it),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
