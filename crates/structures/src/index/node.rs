//! The nodes of the [tree](super::tree): what is done on the way down, and set right on the way up.
//!
//! The invariants are those of the tree.

use super::leaf::Leaf;
use super::seek::{ByElement, Seek};
use super::{Ref, Scored};
use stdx::steps::step;

pub(super) enum Node<E, const L: usize, const F: usize> {
    Leaf(Box<Leaf<E, L>>),
    Inner(Inner<E, L, F>),
}

pub(super) struct Edge<E, const L: usize, const F: usize> {
    pub key: u64,
    pub least: Ref<E>,
    pub count: usize,
    pub child: Node<E, L, F>,
}

pub(super) struct Inner<E, const L: usize, const F: usize> {
    pub edges: Vec<Edge<E, L, F>>,
}

/// What left a node.
pub(super) struct Loss<E> {
    pub count: usize,
    /// Key and reference of the least element now, if it is another one.
    pub least: Option<(u64, Ref<E>)>,
}

/// What became of an element.
pub(super) enum Removed<E> {
    /// There is none.
    Nothing,
    /// It is where it was, prepared for its new key.
    Stays,
    One(Loss<E>),
}

/// An element on its way in or out, and the cut before it.
pub(super) struct Known<'a, E> {
    pub cut: ByElement<'a>,
    pub element: Ref<E>,
}

impl<E: Scored, const L: usize, const F: usize> Node<E, L, F> {
    /// Adds an element; what comes back is a new neighbour to the right.
    pub fn insert(&mut self, arrival: &Known<'_, E>) -> Option<Edge<E, L, F>> {
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
    pub fn remove(&mut self, known: &Known<'_, E>, new: Option<u64>) -> Removed<E> {
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
    pub fn cut(&mut self, rank: usize, count: usize, gone: &mut Vec<Ref<E>>) -> Loss<E> {
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

    pub fn memory(&self) -> usize {
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
    pub fn verify(&self, root: bool) -> (usize, usize) {
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
    pub fn way(&self, cut: &impl Seek<E>) -> usize {
        step();
        let edges = &self.edges[1..];
        let Some(key) = cut.key() else { return self.ties(0, edges.len(), cut) };
        let low = edges.partition_point(|edge| edge.key < key);
        if low == edges.len() || edges[low].key != key {
            return low;
        }
        let high = low + edges[low..].partition_point(|edge| edge.key == key);
        self.ties(low, high, cut)
    }

    /// As [`Inner::way`], among edges after the first whose keys do not tell.
    fn ties(&self, low: usize, high: usize, cut: &impl Seek<E>) -> usize {
        // SAFETY: an element of the tree (invariant 3 of the tree), whose node is borrowed.
        let is_before = |edge: &Edge<E, L, F>| cut.before_keyed(edge.key, || unsafe { edge.least.get() });
        low + self.edges[1..][low..high].partition_point(is_before)
    }

    /// How many elements are below the children before one.
    #[inline]
    pub fn before(&self, way: usize) -> usize {
        self.edges[..way].iter().map(|edge| edge.count).sum()
    }

    /// The child with the element of a rank, and the rank in there.
    #[inline]
    pub fn way_to_rank(&self, mut rank: usize) -> (usize, usize) {
        step();
        // Eight at a time as long as that is not too far: 110 instructions less for a range among ten thousand
        // elements.
        let (eights, _) = self.edges.as_chunks::<8>();
        let mut first = 0;
        for eight in eights {
            let count = eight.iter().map(|edge| edge.count).sum();
            if rank < count {
                break;
            }
            rank -= count;
            first += 8;
        }
        for (way, edge) in self.edges.iter().enumerate().skip(first) {
            if rank < edge.count {
                return (way, rank);
            }
            rank -= edge.count;
        }
        unreachable!("ranks are compared with the length first");
    }

    pub fn insert(&mut self, arrival: &Known<'_, E>) -> Option<Edge<E, L, F>> {
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

    pub fn verify(&self, root: bool) -> (usize, usize) {
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
