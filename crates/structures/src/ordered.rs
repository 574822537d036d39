//! An ordered map for keys that mostly come in order: the nodes of a stream, the entries that are pending in a group.
//!
//! ```text
//!   runs:   | first key | items |  | first key | items |  | first key | items |  ...      a ring
//!                           |                      |
//!                  | k v | k v | ... |     | k v | k v | ...         up to RUN items each, sorted
//! ```
//!
//! Two levels are enough: a million keys make sixteen thousand runs, and a search is two binary searches. A key
//! behind the last one is appended without a search, and full runs stay full, where a B-tree would leave its nodes
//! half empty. Runs that become empty at the front, which is where streams are trimmed and entries acknowledged,
//! leave the ring without moving anything.
//!
//! The road not taken: a radix tree. See `docs/decisions/013-order-of-streams.md`.
//!
//! **Invariants** (asserted by [`OrderedMap::verify`])
//! 1. Keys ascend, within runs and from run to run.
//! 2. No run is empty or longer than `RUN`; `first` is the key of its first item.
//! 3. Two neighbours hold more than `RUN / 2` items together.
//! 4. `len` is the number of items of all runs.

use std::collections::VecDeque;
use stdx::steps::step;

/// Items of a run at most.
const RUN: usize = 64;

#[derive(Clone, Debug)]
struct Run<K, V> {
    first: K,
    items: Vec<(K, V)>,
}

/// See the head of the file.
#[derive(Clone, Debug)]
pub struct OrderedMap<K, V> {
    runs: VecDeque<Run<K, V>>,
    len: usize,
}

/// A place between two items, or before the first, or behind the last: the item behind it is at `(run, item)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    run: usize,
    item: usize,
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        OrderedMap { runs: VecDeque::new(), len: 0 }
    }
}

impl<K: Copy + Ord, V> OrderedMap<K, V> {
    pub fn new() -> Self {
        OrderedMap::default()
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn first(&self) -> Option<(K, &V)> {
        self.runs.front()?.items.first().map(|(key, value)| (*key, value))
    }

    #[inline]
    pub fn last(&self) -> Option<(K, &V)> {
        self.runs.back()?.items.last().map(|(key, value)| (*key, value))
    }

    #[inline]
    pub fn last_mut(&mut self) -> Option<(K, &mut V)> {
        self.runs.back_mut()?.items.last_mut().map(|(key, value)| (*key, value))
    }

    /// The run that holds a key if any does; the first one for keys before all others.
    #[inline]
    fn run_of(&self, key: K) -> usize {
        match self.runs.back() {
            Some(last) if last.first <= key => self.runs.len() - 1,
            _ => {
                let before = |run: &Run<K, V>| {
                    step();
                    run.first <= key
                };
                self.runs.partition_point(before).saturating_sub(1)
            }
        }
    }

    /// Where a key is, or where it would be.
    fn find(&self, key: K) -> Result<Place, Place> {
        let run = self.run_of(key);
        let Some(there) = self.runs.get(run) else { return Err(Place { run: 0, item: 0 }) };
        let compare = |item: &(K, V)| {
            step();
            item.0.cmp(&key)
        };
        match there.items.binary_search_by(compare) {
            Ok(item) => Ok(Place { run, item }),
            Err(item) => Err(Place { run, item }),
        }
    }

    /// `O(log n)`, as all searches.
    pub fn get(&self, key: K) -> Option<&V> {
        let at = self.find(key).ok()?;
        Some(&self.runs[at.run].items[at.item].1)
    }

    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let at = self.find(key).ok()?;
        Some(&mut self.runs[at.run].items[at.item].1)
    }

    pub fn contains(&self, key: K) -> bool {
        self.find(key).is_ok()
    }

    /// Sets the value of a key and returns the one it had. `O(1)` for a key behind all others.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.last() {
            Some((last, _)) if key <= last => {}
            _ => {
                self.append(key, value);
                return None;
            }
        }
        match self.find(key) {
            Ok(at) => Some(std::mem::replace(&mut self.runs[at.run].items[at.item].1, value)),
            Err(at) => {
                self.insert_at(at, key, value);
                None
            }
        }
    }

    /// The caller knows that the key is behind all others.
    fn append(&mut self, key: K, value: V) {
        self.len += 1;
        if let Some(run) = self.runs.back_mut()
            && run.items.len() < RUN
        {
            run.items.push((key, value));
            return;
        }
        // Small maps, of which there may be many, take what they need; large ones do not grow by steps.
        let mut items = Vec::with_capacity(if self.runs.is_empty() { 1 } else { RUN });
        items.push((key, value));
        if self.runs.is_empty() {
            self.runs.reserve_exact(1);
        }
        self.runs.push_back(Run { first: key, items });
    }

    fn insert_at(&mut self, mut at: Place, key: K, value: V) {
        if self.runs[at.run].items.len() == RUN {
            let behind = self.runs[at.run].items.split_off(RUN / 2);
            self.runs.insert(at.run + 1, Run { first: behind[0].0, items: behind });
            if at.item > RUN / 2 {
                at = Place { run: at.run + 1, item: at.item - RUN / 2 };
            }
        }
        let run = &mut self.runs[at.run];
        run.items.insert(at.item, (key, value));
        run.first = run.items[0].0;
        self.len += 1;
    }

    pub fn remove(&mut self, key: K) -> Option<V> {
        let at = self.find(key).ok()?;
        Some(self.remove_at(at).1)
    }

    pub fn pop_first(&mut self) -> Option<(K, V)> {
        if self.is_empty() { None } else { Some(self.remove_at(Place { run: 0, item: 0 })) }
    }

    fn remove_at(&mut self, at: Place) -> (K, V) {
        let run = &mut self.runs[at.run];
        let removed = run.items.remove(at.item);
        self.len -= 1;
        match run.items.first() {
            Some((first, _)) => {
                run.first = *first;
                self.merge(at.run);
            }
            None => {
                self.runs.remove(at.run);
            }
        }
        // What was between two others is gone: they may have to be merged now.
        if at.run > 0 {
            self.merge(at.run - 1);
        }
        removed
    }

    /// Joins a run with the next one, if both are small (invariant 3).
    fn merge(&mut self, run: usize) {
        let Some(next) = self.runs.get(run + 1) else { return };
        if self.runs[run].items.len() + next.items.len() > RUN / 2 {
            return;
        }
        if let Some(next) = self.runs.remove(run + 1) {
            self.runs[run].items.extend(next.items);
        }
    }

    /// All items in order; from the back as well.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { map: self, from: Place { run: 0, item: 0 }, to: self.end() }
    }

    /// The items with keys from `first` to `last`, both included.
    pub fn range(&self, first: K, last: K) -> Iter<'_, K, V> {
        let (Ok(from) | Err(from)) = self.find(first);
        let to = match self.find(last) {
            Ok(at) => Place { item: at.item + 1, ..at },
            Err(at) => at,
        };
        Iter { map: self, from, to: to.max(from) }
    }

    fn end(&self) -> Place {
        match self.runs.back() {
            Some(last) => Place { run: self.runs.len() - 1, item: last.items.len() },
            None => Place { run: 0, item: 0 },
        }
    }

    /// The first item at or behind a key.
    pub fn at_or_after(&self, key: K) -> Option<(K, &V)> {
        let (Ok(from) | Err(from)) = self.find(key);
        Iter { map: self, from, to: self.end() }.next()
    }

    /// The last item at or before a key.
    pub fn at_or_before(&self, key: K) -> Option<(K, &V)> {
        let run = self.runs.get(self.run_of(key))?;
        let behind = run.items.partition_point(|(k, _)| *k <= key);
        behind.checked_sub(1).map(|at| (run.items[at].0, &run.items[at].1))
    }

    /// Bytes held beside what values hold themselves.
    pub fn memory(&self) -> usize {
        let items: usize = self.runs.iter().map(|run| run.items.capacity()).sum();
        items * size_of::<(K, V)>() + self.runs.capacity() * size_of::<Run<K, V>>()
    }

    /// Roughly how many allocations it has.
    pub fn allocations(&self) -> usize {
        self.runs.len() + usize::from(!self.is_empty())
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        assert!(self.iter().zip(self.iter().skip(1)).all(|(a, b)| a.0 < b.0), "invariant 1");
        for run in &self.runs {
            assert!((1..=RUN).contains(&run.items.len()), "invariant 2: {} items", run.items.len());
            assert!(run.first == run.items[0].0, "invariant 2: first key");
        }
        let pairs = self.runs.iter().zip(self.runs.iter().skip(1));
        assert!(pairs.into_iter().all(|(a, b)| a.items.len() + b.items.len() > RUN / 2), "invariant 3");
        assert_eq!(self.len, self.runs.iter().map(|run| run.items.len()).sum::<usize>(), "invariant 4");
    }
}

/// Items between two places.
#[derive(Clone, Debug)]
pub struct Iter<'m, K, V> {
    map: &'m OrderedMap<K, V>,
    from: Place,
    to: Place,
}

impl<'m, K: Copy + Ord, V> Iterator for Iter<'m, K, V> {
    type Item = (K, &'m V);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.from >= self.to {
                return None;
            }
            let run = &self.map.runs.get(self.from.run)?.items;
            if let Some((key, value)) = run.get(self.from.item) {
                self.from.item += 1;
                return Some((*key, value));
            }
            self.from = Place { run: self.from.run + 1, item: 0 };
        }
    }
}

impl<K: Copy + Ord, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        loop {
            if self.from >= self.to {
                return None;
            }
            if self.to.item > 0 {
                self.to.item -= 1;
                let (key, value) = self.map.runs.get(self.to.run)?.items.get(self.to.item)?;
                // An empty range may have its end inside of a run before its beginning: `from` at a run's end.
                return if self.to < self.from { None } else { Some((*key, value)) };
            }
            let run = self.to.run.checked_sub(1)?;
            self.to = Place { run, item: self.map.runs.get(run)?.items.len() };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u16),
        Append(u8),
        Remove(u16),
        RemoveNth(u16),
        PopFirst,
        Look(u16, u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => (0u16..1500).prop_map(Step::Insert),
            8 => any::<u8>().prop_map(Step::Append),
            2 => (0u16..1500).prop_map(Step::Remove),
            3 => any::<u16>().prop_map(Step::RemoveNth),
            2 => Just(Step::PopFirst),
            1 => (0u16..1500, 0u16..1500).prop_map(|(a, b)| Step::Look(a, b)),
        ]
    }

    fn same_looks(map: &OrderedMap<u64, u32>, model: &BTreeMap<u64, u32>, a: u64, b: u64) {
        let pair = |(k, v): (u64, &u32)| (k, *v);
        let of_model = |(k, v): (&u64, &u32)| (*k, *v);
        assert_eq!(map.get(a), model.get(&a));
        assert_eq!(map.contains(a), model.contains_key(&a));
        assert_eq!(map.at_or_after(a).map(pair), model.range(a..).next().map(of_model));
        assert_eq!(map.at_or_before(a).map(pair), model.range(..=a).next_back().map(of_model));
        let wanted: Vec<_> = if a <= b { model.range(a..=b).map(of_model).collect() } else { Vec::new() };
        assert_eq!(map.range(a, b).map(pair).collect::<Vec<_>>(), wanted);
        let backwards: Vec<_> = map.range(a, b).rev().map(pair).collect();
        assert_eq!(backwards, wanted.into_iter().rev().collect::<Vec<_>>());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn it_is_a_btree_map(steps in prop::collection::vec(step(), 1..1200)) {
            let (mut map, mut model, mut value) = (OrderedMap::new(), BTreeMap::new(), 0u32);
            for step in steps {
                value += 1;
                match step {
                    Step::Insert(k) => {
                        assert_eq!(map.insert(u64::from(k), value), model.insert(u64::from(k), value));
                    }
                    Step::Append(by) => {
                        let k = model.last_key_value().map_or(0, |(k, _)| *k) + u64::from(by);
                        assert_eq!(map.insert(k, value), model.insert(k, value));
                    }
                    Step::Remove(k) => assert_eq!(map.remove(u64::from(k)), model.remove(&u64::from(k))),
                    Step::RemoveNth(n) => {
                        let k = model.keys().nth(usize::from(n) % model.len().max(1)).copied();
                        if let Some(k) = k {
                            assert_eq!(map.remove(k), model.remove(&k));
                        }
                    }
                    Step::PopFirst => assert_eq!(map.pop_first(), model.pop_first()),
                    Step::Look(a, b) => same_looks(&map, &model, u64::from(a), u64::from(b)),
                }
            }
            map.verify();
            let all: Vec<_> = map.iter().map(|(k, v)| (k, *v)).collect();
            assert_eq!(all, model.iter().map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
            assert_eq!(map.iter().rev().count(), model.len());
            assert_eq!(map.first().map(|(k, _)| k), model.keys().next().copied());
            assert_eq!(map.last().map(|(k, _)| k), model.keys().next_back().copied());
            assert_eq!(map.last_mut().map(|(k, _)| k), model.keys().next_back().copied());
        }
    }

    #[test]
    fn ranges_that_fall_between_runs_are_empty_from_both_ends() {
        let map: OrderedMap<u64, ()> = (0..300).fold(OrderedMap::new(), |mut map, k| {
            map.insert(k * 10, ());
            map
        });
        for k in 0..3000 {
            let there = usize::from(k % 10 == 0);
            assert_eq!(map.range(k, k).count(), there, "{k}");
            assert_eq!(map.range(k, k).rev().count(), there, "{k}");
            assert_eq!(map.range(k + 1, k).rev().count(), 0);
        }
        assert_eq!(map.allocations(), 6);
    }

    #[test]
    fn what_comes_in_order_is_packed_and_what_goes_is_given_back() {
        let mut map = OrderedMap::new();
        for k in 0..64_000u64 {
            map.insert(k, k);
        }
        assert_eq!(map.runs.len(), 1000);
        assert!(map.memory() < 64_000 * 16 + 1024 * 64);
        for k in 0..63_990 {
            assert_eq!(map.remove(k), Some(k));
        }
        map.verify();
        assert_eq!(map.runs.len(), 1);
        *map.get_mut(63_995).expect("it is there") = 7;
        assert_eq!(map.get(63_995), Some(&7));
        let small: OrderedMap<u64, u64> = [(1, 1)].into_iter().fold(OrderedMap::new(), |mut map, (k, v)| {
            map.insert(k, v);
            map
        });
        assert!(small.memory() <= 16 + size_of::<Run<u64, u64>>());
    }
}
