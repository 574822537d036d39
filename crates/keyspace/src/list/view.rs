//! Looking at a list, whatever its encoding.

use std::ops::ControlFlow;

use structures::Quicklist;
use structures::listpack::{Element, Pack};
use structures::quicklist::{End, Run, edit};

use super::seek;

/// A list, lent.
#[derive(Clone, Copy, Debug)]
pub enum ListView<'a> {
    Packed(Pack<'a>),
    Quick(&'a Quicklist),
}

impl<'a> ListView<'a> {
    /// Number of elements.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            ListView::Packed(pack) => pack.len(),
            ListView::Quick(quick) => quick.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            ListView::Packed(_) => "listpack",
            ListView::Quick(_) => "quicklist",
        }
    }

    /// Calls `look` with the elements from an index on, towards the tail (`from` the head) or towards the head, until
    /// it breaks. `O(nodes)` to find the first, `O(1)` for each.
    #[inline]
    pub fn each<B>(
        self,
        from: End,
        index: usize,
        look: impl FnMut(Element<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        match self {
            ListView::Quick(quick) => quick.each(from, index, look),
            ListView::Packed(pack) => match (seek(pack, index), from) {
                (None, _) => ControlFlow::Continue(()),
                (Some(at), End::Head) => pack.iter_from(at).try_for_each(look),
                (Some(_), End::Tail) => pack.iter().rev().skip(pack.len() - 1 - index).try_for_each(look),
            },
        }
    }

    /// Calls `look` with the elements from an index on, as they lie together, until it breaks: for who wants a tight loop.
    pub fn runs<B>(self, index: usize, mut look: impl FnMut(Run<'_>) -> ControlFlow<B>) -> ControlFlow<B> {
        match self {
            ListView::Quick(quick) => quick.runs(index, look),
            ListView::Packed(pack) => match seek(pack, index) {
                Some(at) => look(Run::Pack(pack.iter_from(at))),
                None => ControlFlow::Continue(()),
            },
        }
    }

    /// Calls `look` with so many elements from an index on.
    #[inline]
    pub fn range(self, from: End, index: usize, count: usize, mut look: impl FnMut(Element<'_>)) {
        let mut left = count;
        if left == 0 {
            return;
        }
        let _ = self.each(from, index, |element| {
            look(element);
            left -= 1;
            if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// Does something with the element at an index. `O(nodes)`.
    pub fn with<R>(self, index: usize, look: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        match self {
            ListView::Packed(pack) => seek(pack, index).map(|at| look(pack.get(at))),
            ListView::Quick(quick) => quick.with(index, look),
        }
    }

    /// The index of the first element equal to `wanted`. `O(n)`.
    pub fn position(self, wanted: &[u8]) -> Option<usize> {
        let int = edit::int_of(wanted);
        let mut index = 0;
        let found = self.each(End::Head, 0, |element| {
            if element.is(wanted, int) {
                return ControlFlow::Break(());
            }
            index += 1;
            ControlFlow::Continue(())
        });
        found.is_break().then_some(index)
    }
}
