//! A sorted set: members with a score each, in the order of scores, equal scores in the order of members.
//!
//! Small ones are listpacks of member and score in turn, in order, with Redis's bytes: a score is an integer if it
//! is whole (up to 2^62), else the shortest text of the double. Large ones are [`Ranked`]: a table and an index.
//! A set becomes large when a member comes that is longer than `zset-max-listpack-value`, or one more than
//! `zset-max-listpack-entries`; it never becomes small again by itself.
//!
//! Positions are ranks: [`SortedSetView::position`] makes one of a [`Bound`], and [`SortedSetView::range`] and
//! [`SortedSet::cut`] take ranges of them. That is all there is to ranges by rank, score or member, in both
//! directions, with limits.
//!
//! *Not here*: what is done when several sets meet (commands), geo codes.

mod iter;
mod packed;
#[cfg(test)]
mod tests;

use std::ops::Range;

use structures::Ranked;
pub use structures::index::Bound;
use structures::listpack::{Element, Listpack, Pack};

use crate::collection::Collection;
use crate::env::Env;
use crate::value::{Type, Value};
pub use iter::Walk;

/// A sorted set: members with a score each, in the order of scores.
#[derive(Clone, Debug)]
pub enum SortedSet {
    Packed(Listpack),
    Full(Box<Ranked>),
}

/// The same, lent.
#[derive(Clone, Copy, Debug)]
pub enum SortedSetView<'a> {
    Packed(Pack<'a>),
    Full(&'a Ranked),
}

/// When [`SortedSet::add`] acts, and how. All false: it sets the score, whatever was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// Not if the member is there (NX).
    pub if_absent: bool,
    /// Only if the member is there (XX).
    pub if_present: bool,
    /// If the member is there: only if its score becomes greater (GT).
    pub if_greater: bool,
    /// If the member is there: only if its score becomes less (LT).
    pub if_less: bool,
    /// The score is added to the one that is there (INCR).
    pub increment: bool,
}

/// What [`SortedSet::add`] did, with the score that the member has now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Added {
    New(f64),
    Changed(f64),
    /// It had this score before.
    Same(f64),
    /// An option forbade it.
    Refused,
    /// The sum of two infinities is no number; nothing was done.
    NotANumber,
}

impl AddOptions {
    /// The score a member shall get, if any, and what to tell.
    #[inline]
    fn decide(self, old: Option<f64>, score: f64) -> (Option<f64>, Added) {
        let Some(old) = old else {
            return if self.if_present { (None, Added::Refused) } else { (Some(score), Added::New(score)) };
        };
        if self.if_absent {
            return (None, Added::Refused);
        }
        let new = if self.increment { old + score } else { score };
        if new.is_nan() {
            return (None, Added::NotANumber);
        }
        if (self.if_greater && new <= old) || (self.if_less && new >= old) {
            return (None, Added::Refused);
        }
        if new == old { (None, Added::Same(new)) } else { (Some(new), Added::Changed(new)) }
    }
}

impl Default for SortedSet {
    fn default() -> Self {
        SortedSet::Packed(Listpack::new())
    }
}

impl SortedSet {
    /// An empty one, in the encoding that suits so many members of so many bytes.
    pub fn for_size(members: usize, longest: usize, env: &Env) -> Self {
        if fits(members, longest, env) {
            SortedSet::default()
        } else {
            SortedSet::Full(Box::new(Ranked::new(env.seed)))
        }
    }

    /// Makes room for so many members, if it is large.
    pub fn reserve(&mut self, members: usize) {
        if let SortedSet::Full(ranked) = self {
            ranked.reserve(members);
        }
    }

    /// Adds a member, or changes its score, as far as the options allow. NaN is refused. `O(log n)`.
    #[inline]
    pub fn add(&mut self, member: &[u8], score: f64, options: AddOptions, env: &Env) -> Added {
        if score.is_nan() {
            return Added::NotANumber;
        }
        match self {
            SortedSet::Full(ranked) => {
                let mut added = Added::Refused;
                ranked.update(member, |old| {
                    let (new, told) = options.decide(old, score);
                    added = told;
                    new
                });
                added
            }
            SortedSet::Packed(_) => self.add_packed(member, score, options, env),
        }
    }

    fn add_packed(&mut self, member: &[u8], score: f64, options: AddOptions, env: &Env) -> Added {
        let SortedSet::Packed(pack) = self else { return self.add(member, score, options, env) };
        let at = packed::find(pack.view(), member);
        let (new, added) = options.decide(at.map(|at| packed::score_after(pack.view(), at)), score);
        let Some(new) = new else { return added };
        match at {
            Some(at) => {
                pack.remove_many(at, 2);
                packed::insert(pack, member, new);
            }
            None if fits(pack.len() / 2 + 1, member.len(), env) && pack.has_room(member.len() + 64) => {
                packed::insert(pack, member, new);
            }
            None => {
                self.unpack_now(env);
                return self.add(member, score, options, env);
            }
        }
        added
    }

    /// Makes it large if so many members of so many bytes could not be small: before they are added.
    pub fn expect(&mut self, members: usize, longest: usize, env: &Env) {
        if matches!(self, SortedSet::Packed(_)) && !fits(members, longest, env) {
            self.unpack_now(env);
        }
    }

    /// Makes it large. `O(n log n)`.
    pub fn unpack_now(&mut self, env: &Env) {
        let SortedSet::Packed(pack) = self else { return };
        let (mut ranked, mut digits) = (Ranked::new(env.seed), Vec::new());
        for (member, score) in Walk::packed(pack.view(), 0..pack.len() / 2) {
            ranked.update(member.bytes(&mut digits), |_| Some(score));
        }
        *self = SortedSet::Full(Box::new(ranked));
    }

    /// Makes it small if the limits allow: for results that were built large. `O(n)`.
    pub fn pack_if_fits(&mut self, env: &Env) {
        let SortedSet::Full(ranked) = self else { return };
        if !fits(ranked.len(), 0, env) {
            return;
        }
        let longest = ranked.iter().map(|item| item.key().len()).max().unwrap_or(0);
        if !fits(ranked.len(), longest, env) {
            return;
        }
        let mut pack = Listpack::new();
        for item in ranked.range(0..ranked.len()) {
            packed::push(&mut pack, item.key(), structures::index::Scored::score(item));
        }
        *self = SortedSet::Packed(pack);
    }

    /// Removes a member and tells its score. `O(log n)`.
    pub fn remove(&mut self, member: &[u8]) -> Option<f64> {
        match self {
            SortedSet::Packed(pack) => {
                let at = packed::find(pack.view(), member)?;
                let score = packed::score_after(pack.view(), at);
                pack.remove_many(at, 2);
                Some(score)
            }
            SortedSet::Full(ranked) => ranked.remove(member),
        }
    }

    /// Removes the elements of these ranks, as far as there are any, and tells each, lowest first.
    /// `O(log n + ranks)`.
    pub fn cut(&mut self, ranks: Range<usize>, mut tell: impl FnMut(Element<'_>, f64)) {
        match self {
            SortedSet::Packed(pack) => {
                let ranks = ranks.start..ranks.end.min(pack.len() / 2);
                Walk::packed(pack.view(), ranks.clone()).for_each(|(member, score)| tell(member, score));
                if let Some(at) = packed::seek(pack.view(), ranks.start) {
                    pack.remove_many(at, 2 * ranks.len());
                }
            }
            SortedSet::Full(ranked) => ranked.cut(ranks, |member, score| tell(Element::Str(member), score)),
        }
    }

    /// Bytes that it holds beside the entry and the box of its value.
    pub fn memory(&self) -> usize {
        match self {
            SortedSet::Packed(pack) => pack.memory(),
            SortedSet::Full(ranked) => size_of::<Ranked>() + ranked.memory(),
        }
    }

    /// Roughly how many allocations freeing it frees.
    pub fn free_effort(&self) -> usize {
        match self {
            SortedSet::Packed(_) => 1,
            SortedSet::Full(ranked) => ranked.len(),
        }
    }

    /// Asserts the invariants. `O(n log n)`.
    pub fn verify(&self) {
        match self {
            SortedSet::Packed(pack) => {
                pack.view().verify();
                packed::verify(pack.view());
            }
            SortedSet::Full(ranked) => ranked.verify(),
        }
    }
}

/// Whether so many members of so many bytes may be a listpack.
fn fits(members: usize, longest: usize, env: &Env) -> bool {
    members <= env.limits.zset_max_listpack_entries && longest <= env.limits.zset_max_listpack_value
}

impl<'a> SortedSetView<'a> {
    /// Number of elements.
    #[inline]
    pub fn len(self) -> usize {
        match self {
            SortedSetView::Packed(pack) => pack.len() / 2,
            SortedSetView::Full(ranked) => ranked.len(),
        }
    }

    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// What OBJECT ENCODING says.
    pub fn encoding(self) -> &'static str {
        match self {
            SortedSetView::Packed(_) => "listpack",
            SortedSetView::Full(_) => "skiplist",
        }
    }

    /// The score of a member. `O(1)`; `O(n)` if small.
    #[inline]
    pub fn score(self, member: &[u8]) -> Option<f64> {
        match self {
            SortedSetView::Packed(pack) => packed::find(pack, member).map(|at| packed::score_after(pack, at)),
            SortedSetView::Full(ranked) => ranked.score(member),
        }
    }

    /// Rank, 0 being the lowest, and score of a member. `O(log n)`.
    #[inline]
    pub fn rank(self, member: &[u8]) -> Option<(usize, f64)> {
        match self {
            SortedSetView::Packed(pack) => packed::rank(pack, member),
            SortedSetView::Full(ranked) => ranked.rank(member),
        }
    }

    /// How many elements come before a bound. `O(log n)`.
    #[inline]
    pub fn position(self, bound: Bound<'_>) -> usize {
        match self {
            SortedSetView::Packed(pack) => packed::position(pack, bound),
            SortedSetView::Full(ranked) => ranked.position(bound),
        }
    }

    /// The elements of these ranks with their scores, as far as there are any, from both ends (`.rev()`).
    /// `O(log n)` to begin; small ones `O(n)`.
    #[inline]
    pub fn range(self, ranks: Range<usize>) -> Walk<'a> {
        match self {
            SortedSetView::Packed(pack) => Walk::packed(pack, ranks),
            SortedSetView::Full(ranked) => Walk::full(ranked, ranks),
        }
    }

    /// All elements in order.
    #[inline]
    pub fn iter(self) -> Walk<'a> {
        self.range(0..usize::MAX)
    }

    /// An element, each with the same chance.
    pub fn random(self, dice: &mut fastrand::Rng) -> Option<(Element<'a>, f64)> {
        match self {
            SortedSetView::Packed(_) if self.is_empty() => None,
            SortedSetView::Packed(pack) => {
                let rank = dice.usize(..pack.len() / 2);
                Walk::packed(pack, rank..rank + 1).next()
            }
            SortedSetView::Full(ranked) => ranked.random(&mut || dice.u64(..)).map(iter::element),
        }
    }

    /// Emits some elements beginning at a cursor (0 at first) and returns where to go on, 0 at the end, as SCAN
    /// does; a small set is emitted as a whole.
    pub fn scan(self, cursor: u64, mut emit: impl FnMut(Element<'_>, f64)) -> u64 {
        match self {
            SortedSetView::Packed(_) => {
                self.iter().for_each(|(member, score)| emit(member, score));
                0
            }
            SortedSetView::Full(ranked) => ranked.scan(cursor, |item| {
                let (member, score) = iter::element(item);
                emit(member, score);
            }),
        }
    }
}

impl Collection for SortedSet {
    const TYPE: Type = Type::SortedSet;
    type View<'a> = SortedSetView<'a>;

    #[inline]
    fn view_packed(bytes: &[u8], _raw: bool) -> SortedSetView<'_> {
        SortedSetView::Packed(Pack::trusted(bytes))
    }

    #[inline]
    fn view(&self) -> SortedSetView<'_> {
        match self {
            SortedSet::Packed(pack) => SortedSetView::Packed(pack.view()),
            SortedSet::Full(ranked) => SortedSetView::Full(ranked),
        }
    }

    #[inline]
    fn unpack(bytes: Vec<u8>, _raw: bool) -> Self {
        SortedSet::Packed(Listpack::trusted(bytes))
    }

    #[inline]
    fn packed(&self) -> Option<(&[u8], bool)> {
        match self {
            SortedSet::Packed(pack) => Some((pack.bytes(), false)),
            SortedSet::Full(_) => None,
        }
    }

    #[inline]
    fn into_packed(self) -> Vec<u8> {
        match self {
            SortedSet::Packed(pack) => pack.into_bytes(),
            SortedSet::Full(_) => Vec::new(),
        }
    }

    #[inline]
    fn is_empty(&self) -> bool {
        match self {
            SortedSet::Packed(pack) => pack.is_empty(),
            SortedSet::Full(ranked) => ranked.is_empty(),
        }
    }

    fn into_value(self) -> Value {
        Value::SortedSet(self)
    }

    fn of(value: &Value) -> Option<&Self> {
        match value {
            Value::SortedSet(it) => Some(it),
            _ => None,
        }
    }

    fn of_mut(value: &mut Value) -> Option<&mut Self> {
        match value {
            Value::SortedSet(it) => Some(it),
            _ => None,
        }
    }
}
