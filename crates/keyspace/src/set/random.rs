//! Members at random, each with the same chance.

use std::collections::HashSet;

use fastrand::Rng;
use structures::item::ItemBox;
use structures::listpack::{Element, Listpack};

use super::{Set, SetView};
use crate::env::Env;

/// Taking so much of a table that what is left is a fifth of what is taken at most begins a new set of what is left,
/// as with the peers: it costs less, and small sets are packed again.
const NEW_SET_SHARE: usize = 5;

/// Of a set of up to so many times what is wanted, a sample is taken by walking all of it; of larger ones by asking for
/// members until enough have been met.
const WALK_SHARE: usize = 3;

/// Decides for each of `left` things in turn whether it is one of `want` drawn ones: all selections are equally likely.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    left: usize,
    want: usize,
}

impl Draw {
    pub fn new(want: usize, of: usize) -> Self {
        Draw { left: of, want: want.min(of) }
    }

    #[inline]
    pub fn next(&mut self, rng: &mut Rng) -> bool {
        let hit = self.want > 0 && rng.usize(..self.left.max(1)) < self.want;
        self.left = self.left.saturating_sub(1);
        self.want -= usize::from(hit);
        hit
    }
}

impl<'a> SetView<'a> {
    /// Any member. `O(1)`; `O(n)` of a listpack.
    pub fn random(self, rng: &mut Rng) -> Option<Element<'a>> {
        match self {
            SetView::Table(table) => table.random(&mut || rng.u64(..)).map(|item| Element::Str(item.key())),
            _ if self.is_empty() => None,
            SetView::Ints(ints) => ints.get(rng.usize(..ints.len())).map(Element::Int),
            SetView::Packed(pack) => {
                let index = rng.usize(..pack.len());
                pack.seek(index as i64).map(|at| pack.get(at))
            }
        }
    }

    /// `want` members (fewer than there are), none twice. `O(want)`, or `O(n)` where that is not much more.
    pub fn sample(self, want: usize, rng: &mut Rng, mut emit: impl FnMut(Element<'a>)) {
        let len = self.len();
        match self {
            SetView::Table(table) if len / WALK_SHARE > want => {
                let mut met = HashSet::with_capacity(want);
                while met.len() < want {
                    let Some(item) = table.random(&mut || rng.u64(..)) else { return };
                    // An item is met again at the same address.
                    if met.insert(std::ptr::from_ref(item).addr()) {
                        emit(Element::Str(item.key()));
                    }
                }
            }
            _ => {
                let mut draw = Draw::new(want, len);
                self.iter().filter(|_| draw.next(rng)).for_each(emit);
            }
        }
    }
}

impl Set {
    /// Removes any member; `None` of an empty set.
    pub fn pop<R>(&mut self, rng: &mut Rng, then: impl FnOnce(Element<'_>) -> R) -> Option<R> {
        match self {
            Set::Table(table) => {
                let item = table.random_slot(&mut || rng.u64(..))?.remove();
                Some(then(Element::Str(item.key())))
            }
            Set::Ints(ints) => {
                let int = ints.view().get(rng.usize(..ints.len().max(1)))?;
                ints.remove(int);
                Some(then(Element::Int(int)))
            }
            Set::Packed(pack) => {
                let at = pack.view().seek(rng.usize(..pack.len().max(1)) as i64)?;
                let result = then(pack.view().get(at));
                pack.remove(at);
                Some(result)
            }
        }
    }

    /// Removes `want` members, fewer than there are. `O(want)`; of packed sets `O(n)`.
    pub fn pop_many(&mut self, want: usize, env: &mut Env, mut emit: impl FnMut(Element<'_>)) {
        let mut draw = Draw::new(want, self.len());
        let rng = &mut env.rng;
        match self {
            Set::Packed(pack) => {
                let mut rest = Listpack::with_capacity(pack.bytes().len());
                for member in pack.view() {
                    if draw.next(rng) { emit(member) } else { rest.push_back(member) }
                }
                *pack = rest;
            }
            Set::Ints(ints) => {
                let (taken, rest): (Vec<i64>, Vec<i64>) = ints.view().iter().partition(|_| draw.next(rng));
                taken.into_iter().for_each(|int| emit(Element::Int(int)));
                *ints = rest.into_iter().collect();
            }
            Set::Table(table) => {
                let leave = table.len() - want.min(table.len());
                if leave.saturating_mul(NEW_SET_SHARE) <= want {
                    return self.leave(leave, env, emit);
                }
                for _ in 0..want {
                    let Some(slot) = table.random_slot(&mut || rng.u64(..)) else { return };
                    emit(Element::Str(slot.remove().key()));
                }
            }
        }
    }

    /// Takes all but `leave` members out of a table; those are a new set.
    fn leave(&mut self, leave: usize, env: &mut Env, mut emit: impl FnMut(Element<'_>)) {
        let Set::Table(table) = self else { return };
        let mut rest = Set::Packed(Listpack::new());
        for _ in 0..leave {
            let Some(slot) = table.random_slot(&mut || env.rng.u64(..)) else { break };
            rest.add(slot.remove().key(), env);
        }
        table.drain(|item: ItemBox| emit(Element::Str(item.key())));
        *self = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_has_as_many_as_wanted_and_no_favourites() {
        let mut rng = Rng::with_seed(7);
        let mut hits = [0u32; 10];
        for _ in 0..10_000 {
            let mut draw = Draw::new(3, 10);
            let drawn: Vec<usize> = (0..10).filter(|_| draw.next(&mut rng)).collect();
            assert_eq!(drawn.len(), 3);
            drawn.into_iter().for_each(|at| hits[at] += 1);
        }
        // Each is drawn 3000 times, with a standard deviation of 46.
        assert!(hits.iter().all(|hits| (2800..3200).contains(hits)), "{hits:?}");
    }
}
