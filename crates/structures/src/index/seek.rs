//! Questions of the form "does this element come before …", as types, so that a search compiles to what it needs.

use std::cmp::Ordering;

use super::{Scored, key_of};

/// A cut through the order: elements before it, then elements that are not.
pub(super) trait Seek<E: Scored> {
    /// The key (see [`key_of`]) at which the cut is: lower ones are before it, higher ones are not. `None` if
    /// scores do not matter.
    fn key(&self) -> Option<u64>;

    /// Whether an element is before the cut.
    fn before(&self, element: &E) -> bool;

    /// The same, given the key of the element; `element` is only asked for if that does not tell.
    fn before_keyed<'e>(&self, key: u64, element: impl FnOnce() -> &'e E) -> bool
    where
        E: 'e;

    /// False if all elements whose key has the same upper half as the cut's are not before it.
    #[inline(always)]
    fn upper_half_ties(&self) -> bool {
        true
    }
}

/// Before the first key that is not lower.
pub(super) struct ByKey(pub u64);

impl<E: Scored> Seek<E> for ByKey {
    #[inline(always)]
    fn key(&self) -> Option<u64> {
        Some(self.0)
    }
    #[inline(always)]
    fn before(&self, element: &E) -> bool {
        key_of(element.score()) < self.0
    }
    #[inline(always)]
    fn before_keyed<'e>(&self, key: u64, _: impl FnOnce() -> &'e E) -> bool
    where
        E: 'e,
    {
        key < self.0
    }
    #[inline(always)]
    fn upper_half_ties(&self) -> bool {
        self.0 as u32 != 0
    }
}

/// Before an element, or after it.
#[derive(Clone, Copy)]
pub(super) struct ByElement<'a> {
    pub key: u64,
    pub member: &'a [u8],
    pub after: bool,
}

impl<'a> ByElement<'a> {
    /// Before an element.
    #[inline]
    pub fn of<E: Scored>(element: &'a E) -> Self {
        ByElement { key: key_of(element.score()), member: element.member(), after: false }
    }
}

impl<E: Scored> Seek<E> for ByElement<'_> {
    #[inline(always)]
    fn key(&self) -> Option<u64> {
        Some(self.key)
    }
    #[inline(always)]
    fn before(&self, element: &E) -> bool {
        self.before_keyed(key_of(element.score()), || element)
    }
    #[inline(always)]
    fn before_keyed<'e>(&self, key: u64, element: impl FnOnce() -> &'e E) -> bool
    where
        E: 'e,
    {
        match key.cmp(&self.key) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => is_before(element().member(), self.member, self.after),
        }
    }
}

/// Before a member, or after it, whatever the scores.
pub(super) struct ByMember<'a> {
    pub member: &'a [u8],
    pub after: bool,
}

impl<E: Scored> Seek<E> for ByMember<'_> {
    fn key(&self) -> Option<u64> {
        None
    }
    fn before(&self, element: &E) -> bool {
        is_before(element.member(), self.member, self.after)
    }
    fn before_keyed<'e>(&self, _: u64, element: impl FnOnce() -> &'e E) -> bool
    where
        E: 'e,
    {
        self.before(element())
    }
}

#[inline]
fn is_before(member: &[u8], cut: &[u8], after: bool) -> bool {
    if after { member <= cut } else { member < cut }
}
