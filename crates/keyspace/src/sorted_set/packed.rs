//! Sorted sets as listpacks: member and score in turn.
//!
//! **Invariants** ([`verify`])
//! 1. The number of elements is even; those at odd places are numbers, not NaN.
//! 2. Pairs are in the order of scores, then of members; no member is there twice.

use std::cmp::Ordering;

use structures::index::Bound;
use structures::listpack::{At, Element, Listpack, Pack};

/// Largest magnitude at which a whole score is stored as an integer, as the peers have it.
const WHOLE_MAX: f64 = (1u64 << 62) as f64;

/// The position of a member.
#[inline]
pub(super) fn find(pack: Pack<'_>, member: &[u8]) -> Option<At> {
    pack.find(pack.first()?, member, 1)
}

/// The position of the member of a rank.
#[inline]
pub(super) fn seek(pack: Pack<'_>, rank: usize) -> Option<At> {
    pack.seek(i64::try_from(rank).ok()?.checked_mul(2)?)
}

#[inline]
pub(super) fn score(element: Element<'_>) -> f64 {
    match element {
        Element::Int(int) => int as f64,
        // Foreign bytes are checked when they are loaded; text that is no number would be a bug.
        Element::Str(text) => stdx::num::parse_f64(text).unwrap_or(0.0),
    }
}

/// The score of the member at a position.
#[inline]
pub(super) fn score_after(pack: Pack<'_>, at: At) -> f64 {
    pack.next(at).map_or(0.0, |at| score(pack.get(at)))
}

/// How an element compares with bytes.
#[inline]
fn compare(element: Element<'_>, bytes: &[u8]) -> Ordering {
    match element {
        Element::Str(text) => text.cmp(bytes),
        Element::Int(_) => {
            let mut digits = Vec::with_capacity(20);
            element.bytes(&mut digits).cmp(bytes)
        }
    }
}

/// Whether an element comes before a bound.
fn is_before(member: Element<'_>, own: impl FnOnce() -> f64, bound: Bound<'_>) -> bool {
    match bound {
        Bound::Score(score) => own() < score,
        Bound::AfterScore(score) => own() <= score,
        Bound::Element(score, name) => {
            let own = own();
            own < score || (own == score && compare(member, name).is_lt())
        }
        Bound::Member(name) => compare(member, name).is_lt(),
        Bound::AfterMember(name) => compare(member, name).is_le(),
    }
}

/// How many pairs come before a bound, and the position after them.
fn place(pack: Pack<'_>, bound: Bound<'_>) -> (usize, Option<At>) {
    let (mut rank, mut at) = (0, pack.first());
    while let Some(here) = at {
        let (member, value) = pack.step(here);
        if !is_before(member, || value.map_or(0.0, |at| score(pack.get(at))), bound) {
            break;
        }
        rank += 1;
        at = value.and_then(|at| pack.next(at));
    }
    (rank, at)
}

pub(super) fn position(pack: Pack<'_>, bound: Bound<'_>) -> usize {
    place(pack, bound).0
}

pub(super) fn rank(pack: Pack<'_>, member: &[u8]) -> Option<(usize, f64)> {
    let wanted = find(pack, member)?;
    let (mut rank, mut at) = (0, pack.first());
    while let Some(here) = at.filter(|at| *at < wanted) {
        rank += 1;
        at = pack.next(here).and_then(|value| pack.next(value));
    }
    Some((rank, score_after(pack, wanted)))
}

/// Inserts a member that is not there at its place.
pub(super) fn insert(pack: &mut Listpack, member: &[u8], score: f64) {
    match place(pack.view(), Bound::Element(score, member)).1 {
        None => push(pack, member, score),
        Some(at) => {
            pack.insert_before(at, Element::of(member));
            with_score(score, |score| {
                pack.insert_after(at, score);
            });
        }
    }
}

/// Adds a pair at the end.
pub(super) fn push(pack: &mut Listpack, member: &[u8], score: f64) {
    pack.push_back(Element::of(member));
    with_score(score, |score| pack.push_back(score));
}

/// A score as it is stored: an integer, or the text of one that is not whole.
#[inline]
fn with_score(score: f64, store: impl FnOnce(Element<'_>)) {
    if score.abs() <= WHOLE_MAX && score == (score as i64) as f64 {
        return store(Element::Int(score as i64));
    }
    let mut text = Vec::with_capacity(32);
    stdx::num::write_f64(&mut text, score);
    store(Element::Str(&text));
}

/// Asserts the invariants. `O(n^2)`.
pub(super) fn verify(pack: Pack<'_>) {
    let elements: Vec<Element<'_>> = pack.iter().collect();
    assert_eq!(elements.len() % 2, 0, "invariant 1");
    let pairs = elements.chunks_exact(2).map(|pair| {
        let text = pair[1].to_vec();
        (stdx::num::parse_f64(&text).expect("invariant 1"), pair[0].to_vec())
    });
    let pairs: Vec<(f64, Vec<u8>)> = pairs.collect();
    assert!(pairs.windows(2).all(|pair| pair[0] < pair[1]), "invariant 2: order");
    let members: std::collections::HashSet<&[u8]> = pairs.iter().map(|pair| pair.1.as_slice()).collect();
    assert_eq!(members.len(), pairs.len(), "invariant 2: members");
}
