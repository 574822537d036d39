//! Walking a sorted set by rank, from both ends.

use std::ops::Range;

use structures::Ranked;
use structures::index::Scored;
use structures::index::tree;
use structures::item::Item;
use structures::listpack::{At, Element, Pack};

use super::packed;

/// Elements of a range of ranks with their scores.
pub enum Walk<'a> {
    Packed(PackedWalk<'a>),
    Full(tree::Walk<'a, Item>),
}

/// See [`Walk`]. The ends are looked for when they are asked for first.
pub struct PackedWalk<'a> {
    pack: Pack<'a>,
    /// What is still to come.
    ranks: Range<usize>,
    /// The next member from the front, and the next score from the back.
    front: Option<At>,
    back: Option<At>,
}

impl<'a> Walk<'a> {
    #[inline]
    pub(super) fn packed(pack: Pack<'a>, ranks: Range<usize>) -> Self {
        let end = ranks.end.min(pack.len() / 2);
        Walk::Packed(PackedWalk { pack, ranks: ranks.start.min(end)..end, front: None, back: None })
    }

    #[inline]
    pub(super) fn full(ranked: &'a Ranked, ranks: Range<usize>) -> Self {
        Walk::Full(ranked.range(ranks))
    }
}

#[inline(always)]
pub(super) fn element(item: &Item) -> (Element<'_>, f64) {
    (Element::Str(item.key()), item.score())
}

impl<'a> Iterator for PackedWalk<'a> {
    type Item = (Element<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next()?;
        let at = self.front.or_else(|| packed::seek(self.pack, rank))?;
        let (member, value) = self.pack.step(at);
        let value = value?;
        self.front = self.pack.next(value);
        Some((member, packed::score(self.pack.get(value))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }
}

impl DoubleEndedIterator for PackedWalk<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let rank = self.ranks.next_back()?;
        let value = match self.back {
            Some(at) => at,
            None => packed::seek(self.pack, rank).and_then(|at| self.pack.next(at))?,
        };
        let at = self.pack.prev(value)?;
        self.back = self.pack.prev(at);
        Some((self.pack.get(at), packed::score(self.pack.get(value))))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Element<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Walk::Packed(walk) => walk.next(),
            Walk::Full(walk) => walk.next().map(element),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Walk::Packed(walk) => walk.size_hint(),
            Walk::Full(walk) => walk.size_hint(),
        }
    }

    /// Tells the encodings apart once, not for each element.
    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(self, init: B, mut with: F) -> B {
        match self {
            Walk::Packed(walk) => walk.fold(init, with),
            Walk::Full(walk) => walk.fold(init, |sum, item| with(sum, element(item))),
        }
    }
}

impl DoubleEndedIterator for Walk<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        match self {
            Walk::Packed(walk) => walk.next_back(),
            Walk::Full(walk) => walk.next_back().map(element),
        }
    }
}

impl ExactSizeIterator for Walk<'_> {}
