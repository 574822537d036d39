//! A B+ tree that counts: an index of sorted sets.
//!
//! ```text
//!   inner   [ key, least, count, child | key, least, count, child | … up to FAN ]
//!                                 |                          |
//!   leaf    [ halves of keys ][ references ]      [ halves of keys ][ references ]
//! ```
//!
//! An edge has the least element of its child and that element's key, to find the way by, and the number of
//! elements below it, to count ranks by. Leaves are not linked: whoever walks comes down again from the root at the
//! end of a leaf, by rank, which costs two instructions per element and leaves nothing to keep in order.
//!
//! A full leaf first gives half of what a neighbour has room for to that neighbour, so leaves are filled to 83 %
//! on average where elements come in no order, and completely where they come in order: splits at an end of a leaf
//! move nothing. A leaf that is less than half full after a removal is joined with a neighbour if both fit
//! into three quarters of one. So few leaves are thin, however elements come and go.
//!
//! The road not taken: whole keys in the leaves (4 bytes per element more than the budget of 58 has); links between
//! leaves (`unsafe` for the whole tree; here it is only for looking at elements).
//!
//! **Invariants** (asserted by [`Tree::verify`])
//! 1. Elements are in order; all leaves have the same depth. Only the root may be an empty leaf; an inner root has
//!    two edges or more.
//! 2. `count` is the number of elements below an edge, never 0.
//! 3. `key` and `least` are those of the least element below an edge, but for the first edge of a node: there
//!    they may be of an element that is gone, and are never looked at.

use std::ops::Range;
use std::ptr::NonNull;

use super::leaf::Leaf;
use super::seek::{ByElement, ByKey, ByMember, Seek};
use super::{Bound, OrderedIndex, Ref, Scored, key_of};

/// References in a leaf: it has 1024 bytes then.
const LEAF: usize = 102;
/// Edges of an inner node: it has 3072 bytes then, one edge more while it is split.
const FAN: usize = 63;

/// See the [module](self). Smaller nodes are for tests.
pub struct Tree<E, const L: usize = LEAF, const F: usize = FAN> {
    root: Node<E, L, F>,
    len: usize,
}

enum Node<E, const L: usize, const F: usize> {
    Leaf(Box<Leaf<E, L>>),
    Inner(Inner<E, L, F>),
}

struct Edge<E, const L: usize, const F: usize> {
    key: u64,
    least: Ref<E>,
    count: usize,
    child: Node<E, L, F>,
}

struct Inner<E, const L: usize, const F: usize> {
    edges: Vec<Edge<E, L, F>>,
}

/// What left a node.
struct Loss<E> {
    count: usize,
    /// Key and reference of the least element now, if it is another one.
    least: Option<(u64, Ref<E>)>,
}

/// What became of an element.
enum Removed<E> {
    /// There is none.
    Nothing,
    /// It is where it was, prepared for its new key.
    Stays,
    One(Loss<E>),
}

/// An element on its way in or out, and the cut before it.
struct Known<'a, E> {
    cut: ByElement<'a>,
    element: Ref<E>,
}

impl<E: Scored, const L: usize, const F: usize> Node<E, L, F> {
    /// Adds an element; what comes back is a new neighbour to the right.
    fn insert(&mut self, arrival: &Known<'_, E>) -> Option<Edge<E, L, F>> {
        match self {
            Node::Leaf(leaf) => {
                let at = leaf.seek(&arrival.cut);
                if leaf.room() > 0 {
                    leaf.insert(at, arrival.cut.key, arrival.element);
                    return None;
                }
                Some(split_leaf(leaf, at, arrival))
            }
            Node::Inner(inner) => inner.insert(arrival),
        }
    }

    /// Forgets an element, unless it may stay in its place with another key.
    fn remove(&mut self, known: &Known<'_, E>, new: Option<u64>) -> Removed<E> {
        match self {
            Node::Leaf(leaf) => {
                let Some(at) = leaf.find(known.element, &known.cut) else { return Removed::Nothing };
                if let Some(key) = new
                    && leaf.stays(at, &ByElement { key, ..known.cut })
                {
                    leaf.set_key(at, key);
                    return Removed::Stays;
                }
                Removed::One(lose(leaf, at, 1))
            }
            Node::Inner(inner) => {
                let way = inner.way(&ByElement { after: true, ..known.cut });
                match inner.edges[way].child.remove(known, new) {
                    Removed::One(loss) => Removed::One(inner.settle(way, loss)),
                    other => other,
                }
            }
        }
    }

    /// Forgets up to `count` elements of one leaf from a rank on, and adds them to `gone`.
    fn cut(&mut self, rank: usize, count: usize, gone: &mut Vec<Ref<E>>) -> Loss<E> {
        match self {
            Node::Leaf(leaf) => {
                let count = count.min(leaf.len() - rank);
                gone.extend_from_slice(&leaf.refs()[rank..rank + count]);
                lose(leaf, rank, count)
            }
            Node::Inner(inner) => {
                let (way, rank) = inner.way_to_rank(rank);
                let loss = inner.edges[way].child.cut(rank, count, gone);
                inner.settle(way, loss)
            }
        }
    }

    /// Elements of a leaf, edges of an inner node.
    fn size(&self) -> usize {
        match self {
            Node::Leaf(leaf) => leaf.len(),
            Node::Inner(inner) => inner.edges.len(),
        }
    }

    fn memory(&self) -> usize {
        let leaf = alloc_count::class(size_of::<Leaf<E, L>>());
        match self {
            Node::Leaf(_) => leaf,
            Node::Inner(inner) => {
                let own = alloc_count::class(inner.edges.capacity() * size_of::<Edge<E, L, F>>());
                match &inner.edges[0].child {
                    Node::Leaf(_) => own + leaf * inner.edges.len(),
                    Node::Inner(_) => own + inner.edges.iter().map(|edge| edge.child.memory()).sum::<usize>(),
                }
            }
        }
    }

    /// Asserts the invariants and returns depth and number of elements.
    fn verify(&self, root: bool) -> (usize, usize) {
        match self {
            Node::Leaf(leaf) => {
                assert!(leaf.len() <= L && (root || leaf.len() > 0), "invariant 1: leaf");
                leaf.verify();
                (0, leaf.len())
            }
            Node::Inner(inner) => inner.verify(root),
        }
    }
}

/// Splits a full leaf where an element comes in. At the ends nothing is moved.
fn split_leaf<E: Scored, const L: usize, const F: usize>(
    leaf: &mut Box<Leaf<E, L>>,
    at: usize,
    arrival: &Known<'_, E>,
) -> Edge<E, L, F> {
    let mut right = Leaf::new();
    let key = arrival.cut.key;
    if at == L {
        right.insert(0, key, arrival.element);
    } else if at == 0 {
        right.insert(0, key, arrival.element);
        std::mem::swap(leaf, &mut right);
    } else {
        let keep = L.div_ceil(2);
        leaf.move_right(&mut right, L - keep);
        if at <= keep {
            leaf.insert(at, key, arrival.element);
        } else {
            right.insert(at - keep, key, arrival.element);
        }
    }
    Edge { key: right.key(0), least: right.refs()[0], count: right.len(), child: Node::Leaf(right) }
}

fn lose<E: Scored, const L: usize>(leaf: &mut Leaf<E, L>, at: usize, count: usize) -> Loss<E> {
    leaf.remove(at, count);
    let least = (at == 0 && leaf.len() > 0).then(|| (leaf.key(0), leaf.refs()[0]));
    Loss { count, least }
}

impl<E: Scored, const L: usize, const F: usize> Inner<E, L, F> {
    /// The last child whose least element is before a cut, or the first.
    #[inline(always)]
    fn way(&self, cut: &impl Seek<E>) -> usize {
        // SAFETY: an element of the tree (invariant 3), whose node is borrowed.
        self.edges[1..].partition_point(|edge| cut.before_keyed(edge.key, || unsafe { edge.least.get() }))
    }

    /// How many elements are below the children before one.
    #[inline]
    fn before(&self, way: usize) -> usize {
        self.edges[..way].iter().map(|edge| edge.count).sum()
    }

    /// The child with the element of a rank, and the rank in there.
    #[inline]
    fn way_to_rank(&self, mut rank: usize) -> (usize, usize) {
        for (way, edge) in self.edges.iter().enumerate() {
            if rank < edge.count {
                return (way, rank);
            }
            rank -= edge.count;
        }
        unreachable!("ranks are compared with the length first");
    }

    fn insert(&mut self, arrival: &Known<'_, E>) -> Option<Edge<E, L, F>> {
        let mut way = self.way(&arrival.cut);
        if let Node::Leaf(leaf) = &self.edges[way].child
            && leaf.room() == 0
            && self.level(way)
        {
            way = self.way(&arrival.cut);
        }
        let edge = &mut self.edges[way];
        edge.count += 1;
        let new = edge.child.insert(arrival)?;
        edge.count -= new.count;
        self.adopt(way + 1, new)
    }

    /// Adds an edge; what comes back is a new neighbour to the right, with half of the edges (or two of them, where
    /// edges are added at the end).
    fn adopt(&mut self, at: usize, edge: Edge<E, L, F>) -> Option<Edge<E, L, F>> {
        let len = self.edges.len();
        if len == self.edges.capacity() {
            self.edges.reserve_exact(len.clamp(1, F + 1 - len));
        }
        self.edges.insert(at, edge);
        if len < F {
            return None;
        }
        let keep = if at == len { len - 1 } else { len / 2 };
        let edges: Vec<_> = self.edges.drain(keep..).collect();
        let (key, least) = (edges[0].key, edges[0].least);
        let count = edges.iter().map(|edge| edge.count).sum();
        Some(Edge { key, least, count, child: Node::Inner(Inner { edges }) })
    }

    /// Gives elements of a full leaf to a neighbour with much room. False if there is none.
    fn level(&mut self, way: usize) -> bool {
        let much = (L / 8).max(1);
        if let Some((left, full)) = self.leaves(way.wrapping_sub(1), way)
            && left.room() >= much
        {
            let count = left.room().div_ceil(2);
            full.move_left(left, count);
            self.moved(way - 1, way);
            return true;
        }
        if let Some((full, right)) = self.leaves(way, way + 1)
            && right.room() >= much
        {
            let count = right.room().div_ceil(2);
            full.move_right(right, count);
            self.moved(way, way + 1);
            return true;
        }
        false
    }

    /// Two neighbours that are leaves.
    fn leaves(&mut self, left: usize, right: usize) -> Option<(&mut Leaf<E, L>, &mut Leaf<E, L>)> {
        match self.edges.get_disjoint_mut([left, right]).ok()? {
            [Edge { child: Node::Leaf(left), .. }, Edge { child: Node::Leaf(right), .. }] => {
                Some((left, right))
            }
            _ => None,
        }
    }

    /// Sets right what edges say of two leaves that have exchanged elements.
    fn moved(&mut self, left: usize, right: usize) {
        for way in [left, right] {
            let edge = &mut self.edges[way];
            if let Node::Leaf(leaf) = &edge.child {
                edge.count = leaf.len();
                (edge.key, edge.least) = (leaf.key(0), leaf.refs()[0]);
            }
        }
    }

    /// Sets right what the edges say after a child has lost something.
    fn settle(&mut self, way: usize, loss: Loss<E>) -> Loss<E> {
        let edge = &mut self.edges[way];
        edge.count -= loss.count;
        let mut least = loss.least;
        if edge.count == 0 {
            self.edges.remove(way);
            least = self.edges.first().map(|first| (first.key, first.least));
        } else {
            if let Some((key, element)) = least {
                (edge.key, edge.least) = (key, element);
            }
            // Of a leaf the edge knows the size.
            let thin = match &edge.child {
                Node::Leaf(_) => edge.count < L / 2,
                Node::Inner(inner) => inner.edges.len() < F / 2,
            };
            if thin {
                self.merge(way);
                if way > 0 {
                    self.merge(way - 1);
                }
            }
        }
        Loss { count: loss.count, least: least.filter(|_| way == 0) }
    }

    /// Makes a child and the next one into one, if that leaves a quarter of room.
    fn merge(&mut self, way: usize) {
        let [left, right] = match self.edges.get(way..way + 2) {
            Some([left, right]) => [left.child.size(), right.child.size()],
            _ => return,
        };
        let capacity = if matches!(self.edges[way].child, Node::Leaf(_)) { L } else { F };
        if left + right > capacity * 3 / 4 {
            return;
        }
        let right = self.edges.remove(way + 1);
        let left = &mut self.edges[way];
        left.count += right.count;
        match (&mut left.child, right.child) {
            (Node::Leaf(left), Node::Leaf(mut leaf)) => {
                let count = leaf.len();
                leaf.move_left(left, count);
            }
            (Node::Inner(left), Node::Inner(mut inner)) => {
                // The first edge may speak of an element that is gone (invariant 3); the parent's does not.
                (inner.edges[0].key, inner.edges[0].least) = (right.key, right.least);
                left.edges.reserve_exact(inner.edges.len());
                left.edges.append(&mut inner.edges);
            }
            _ => unreachable!("invariant 1: all leaves have the same depth"),
        }
    }

    fn verify(&self, root: bool) -> (usize, usize) {
        assert!(self.edges.len() <= F && self.edges.len() > usize::from(root), "invariant 1: edges");
        let (mut depth, mut total) = (None, 0);
        for (way, edge) in self.edges.iter().enumerate() {
            let (below, count) = edge.child.verify(false);
            assert_eq!(*depth.get_or_insert(below), below, "invariant 1: depth");
            assert_eq!((edge.count, count > 0), (count, true), "invariant 2");
            total += count;
            if way == 0 {
                continue;
            }
            let least = edge.child.least();
            assert_eq!((edge.least.address(), edge.key), (least.0.address(), least.1), "invariant 3");
        }
        (depth.map_or(0, |depth| depth + 1), total)
    }
}

impl<E: Scored, const L: usize, const F: usize> Node<E, L, F> {
    /// Reference and key of the least element.
    fn least(&self) -> (Ref<E>, u64) {
        match self {
            Node::Leaf(leaf) => (leaf.refs()[0], leaf.key(0)),
            Node::Inner(inner) => inner.edges[0].child.least(),
        }
    }
}

impl<E: Scored, const L: usize, const F: usize> Default for Tree<E, L, F> {
    fn default() -> Self {
        Tree { root: Node::Leaf(Leaf::new()), len: 0 }
    }
}

impl<E: Scored, const L: usize, const F: usize> Tree<E, L, F> {
    /// The leaf with the element of a rank below `len`, and the place in there.
    #[inline]
    fn leaf_of(&self, mut rank: usize) -> (&Leaf<E, L>, usize) {
        let mut node = &self.root;
        loop {
            match node {
                Node::Leaf(leaf) => return (leaf, rank),
                Node::Inner(inner) => {
                    let (way, below) = inner.way_to_rank(rank);
                    (node, rank) = (&inner.edges[way].child, below);
                }
            }
        }
    }

    #[inline]
    fn seek(&self, cut: &impl Seek<E>) -> usize {
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(leaf) => return before + leaf.seek(cut),
                Node::Inner(inner) => {
                    let way = inner.way(cut);
                    before += inner.before(way);
                    node = &inner.edges[way].child;
                }
            }
        }
    }

    /// Whether an element was forgotten, rather than left where it is for another key; `None` if there is none.
    #[inline]
    fn forget(&mut self, element: &E, new: Option<u64>) -> Option<bool> {
        let known = Known { cut: ByElement::of(element), element: Ref::new(element) };
        match self.root.remove(&known, new) {
            Removed::Nothing => None,
            Removed::Stays => Some(false),
            Removed::One(_) => {
                self.len -= 1;
                self.lower();
                Some(true)
            }
        }
    }

    /// A root that has one child only gives way to it.
    fn lower(&mut self) {
        while let Node::Inner(inner) = &mut self.root
            && inner.edges.len() < 2
        {
            self.root = inner.edges.pop().map_or_else(|| Node::Leaf(Leaf::new()), |edge| edge.child);
        }
    }
}

impl<E: Scored, const L: usize, const F: usize> OrderedIndex<E> for Tree<E, L, F> {
    type Walk<'i> = Walk<'i, E, L, F>;

    fn len(&self) -> usize {
        self.len
    }

    unsafe fn insert(&mut self, element: &E) {
        let arrival = Known { cut: ByElement::of(element), element: Ref::new(element) };
        self.len += 1;
        let Some(right) = self.root.insert(&arrival) else { return };
        let (least, key) = (right.least, right.key);
        let old = std::mem::replace(&mut self.root, Node::Inner(Inner { edges: Vec::with_capacity(4) }));
        if let Node::Inner(root) = &mut self.root {
            // What the first edge says is never looked at (invariant 3).
            root.edges.push(Edge { key, least, count: self.len - right.count, child: old });
            root.edges.push(right);
        }
    }

    fn remove(&mut self, element: &E) -> bool {
        self.forget(element, None) == Some(true)
    }

    fn rescore(&mut self, element: &E, new: f64) -> bool {
        self.forget(element, Some(key_of(new))) == Some(false)
    }

    fn rank(&self, element: &E) -> Option<usize> {
        let (cut, wanted) = (ByElement::of(element), Ref::new(element));
        let (mut node, mut before) = (&self.root, 0);
        loop {
            match node {
                Node::Leaf(leaf) => return leaf.find(wanted, &cut).map(|at| before + at),
                Node::Inner(inner) => {
                    let way = inner.way(&ByElement { after: true, ..cut });
                    before += inner.before(way);
                    node = &inner.edges[way].child;
                }
            }
        }
    }

    fn position(&self, bound: Bound<'_>) -> usize {
        match bound {
            Bound::Score(score) => self.seek(&ByKey(key_of(score))),
            // Keys of scores end below the highest number.
            Bound::AfterScore(score) => self.seek(&ByKey(key_of(score) + 1)),
            Bound::Element(score, member) => {
                self.seek(&ByElement { key: key_of(score), member, after: false })
            }
            Bound::Member(member) => self.seek(&ByMember { member, after: false }),
            Bound::AfterMember(member) => self.seek(&ByMember { member, after: true }),
        }
    }

    fn nth(&self, rank: usize) -> Option<&E> {
        if rank >= self.len {
            return None;
        }
        let (leaf, at) = self.leaf_of(rank);
        Some(leaf.element(at))
    }

    fn range(&self, ranks: Range<usize>) -> Walk<'_, E, L, F> {
        let end = ranks.end.min(self.len);
        Walk { tree: self, ranks: ranks.start.min(end)..end, front: &[], back: &[] }
    }

    fn cut(&mut self, ranks: Range<usize>, mut tell: impl FnMut(NonNull<E>)) {
        let end = ranks.end.min(self.len);
        let mut left = end.saturating_sub(ranks.start);
        let mut gone = Vec::with_capacity(left.min(L));
        while left > 0 {
            left -= self.root.cut(ranks.start, left, &mut gone).count;
            self.len -= gone.len();
            self.lower();
            gone.drain(..).for_each(|element| tell(element.as_ptr()));
        }
    }

    fn memory(&self) -> usize {
        self.root.memory()
    }

    fn verify(&self) {
        assert_eq!(self.root.verify(true).1, self.len);
        let mut last: Option<&E> = None;
        for element in self.range(0..self.len) {
            let of = |element: &E| (key_of(element.score()), element.member().to_vec());
            assert!(last.is_none_or(|last| of(last) < of(element)), "invariant 1: order");
            last = Some(element);
        }
    }
}

/// See [`OrderedIndex::range`].
pub struct Walk<'t, E, const L: usize = LEAF, const F: usize = FAN> {
    tree: &'t Tree<E, L, F>,
    /// What is still to come.
    ranks: Range<usize>,
    /// References from `ranks.start` on, and up to `ranks.end`: the rest of a leaf each.
    front: &'t [Ref<E>],
    back: &'t [Ref<E>],
}

/// So far ahead an element is fetched.
const AHEAD: usize = 6;

impl<'t, E: Scored, const L: usize, const F: usize> Iterator for Walk<'t, E, L, F> {
    type Item = &'t E;

    #[inline]
    fn next(&mut self) -> Option<&'t E> {
        let rank = self.ranks.next()?;
        if self.front.is_empty() {
            let (leaf, at) = self.tree.leaf_of(rank);
            self.front = &leaf.refs()[at..];
            self.front.iter().take(AHEAD.min(self.ranks.len() + 1)).for_each(|element| element.prefetch());
        }
        let (first, rest) = self.front.split_first()?;
        self.front = rest;
        if let Some(later) = rest.get(AHEAD - 1)
            && self.ranks.len() >= AHEAD
        {
            later.prefetch();
        }
        // SAFETY: an element of the tree borrowed for `'t`.
        Some(unsafe { first.get() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ranks.size_hint()
    }
}

impl<'t, E: Scored, const L: usize, const F: usize> DoubleEndedIterator for Walk<'t, E, L, F> {
    #[inline]
    fn next_back(&mut self) -> Option<&'t E> {
        let rank = self.ranks.next_back()?;
        if self.back.is_empty() {
            let (leaf, at) = self.tree.leaf_of(rank);
            self.back = &leaf.refs()[..=at];
            self.back
                .iter()
                .rev()
                .take(AHEAD.min(self.ranks.len() + 1))
                .for_each(|element| element.prefetch());
        }
        let (last, rest) = self.back.split_last()?;
        self.back = rest;
        if let Some(at) = rest.len().checked_sub(AHEAD)
            && self.ranks.len() >= AHEAD
        {
            rest[at].prefetch();
        }
        // SAFETY: an element of the tree borrowed for `'t`.
        Some(unsafe { last.get() })
    }
}
