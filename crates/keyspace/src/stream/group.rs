//! Consumer groups: who was given which entries and has not acknowledged them.
//!
//! ```text
//!   Group   last_id, entries_read
//!           pending:   id -> (consumer, delivered when, how often)      every entry not acknowledged
//!           consumers: a slab; a consumer keeps its place as long as it is there
//!           by_name:   their places in the order of their names
//!   Consumer  name, seen, active, pending: the ids it has to acknowledge
//! ```
//!
//! **Invariants** (asserted by [`Group::verify`])
//! 1. An id is in a consumer's `pending` exactly if the group's `pending` says it is that consumer's.
//! 2. `by_name` names every occupied place of the slab once, sorted by name without duplicates; `free` every other.

use structures::ordered::{Iter, OrderedMap};

use super::id::StreamId;

/// The place of a consumer in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumerIndex(u32);

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Milliseconds since 1970.
    pub delivered_ms: i64,
    pub deliveries: u64,
    consumer: ConsumerIndex,
}

impl Pending {
    pub fn consumer(&self) -> ConsumerIndex {
        self.consumer
    }
}

#[derive(Clone, Debug)]
pub struct Consumer {
    name: Box<[u8]>,
    /// When it last tried to get something, ms since 1970.
    pub seen_ms: i64,
    /// When it last got something; `None` if it never did.
    pub active_ms: Option<i64>,
    pending: OrderedMap<StreamId, ()>,
}

impl Consumer {
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// How many entries it has to acknowledge.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Their ids, from `first` on.
    pub fn pending_from(&self, first: StreamId) -> impl DoubleEndedIterator<Item = StreamId> + '_ {
        self.pending.range(first, StreamId::MAX).map(|(id, ())| id)
    }

    fn memory(&self) -> usize {
        size_of::<Consumer>() + self.name.len() + self.pending.memory()
    }
}

#[derive(Clone, Debug)]
pub struct Group {
    name: Box<[u8]>,
    /// The last entry that was delivered to anyone.
    pub last_id: StreamId,
    /// How many entries there ever were up to `last_id`; `None` if that is not known.
    pub entries_read: Option<u64>,
    pending: OrderedMap<StreamId, Pending>,
    consumers: Vec<Option<Box<Consumer>>>,
    by_name: Vec<ConsumerIndex>,
    free: Vec<ConsumerIndex>,
}

impl Group {
    pub fn new(name: &[u8], last_id: StreamId, entries_read: Option<u64>) -> Group {
        Group {
            name: name.into(),
            last_id,
            entries_read,
            pending: OrderedMap::new(),
            consumers: Vec::new(),
            by_name: Vec::new(),
            free: Vec::new(),
        }
    }

    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// All pending entries in the order of their ids.
    pub fn pending(&self) -> &OrderedMap<StreamId, Pending> {
        &self.pending
    }

    /// Those with ids from `first` to `last`.
    pub fn pending_range(&self, first: StreamId, last: StreamId) -> Iter<'_, StreamId, Pending> {
        self.pending.range(first, last)
    }

    /// Consumers in the order of their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.by_name.iter().map(|index| self.consumer(*index))
    }

    /// The consumer at a place. Panics if it was removed: a place is only good until then.
    pub fn consumer(&self, index: ConsumerIndex) -> &Consumer {
        self.consumers[index.0 as usize].as_deref().expect("invariants 1 and 2: the place is taken")
    }

    pub fn consumer_mut(&mut self, index: ConsumerIndex) -> &mut Consumer {
        self.consumers[index.0 as usize].as_deref_mut().expect("invariants 1 and 2: the place is taken")
    }

    fn search(&self, name: &[u8]) -> Result<usize, usize> {
        self.by_name.binary_search_by(|index| self.consumer(*index).name().cmp(name))
    }

    pub fn find_consumer(&self, name: &[u8]) -> Option<ConsumerIndex> {
        self.search(name).ok().map(|at| self.by_name[at])
    }

    /// The consumer of a name, and whether it was made for this.
    pub fn ensure_consumer(&mut self, name: &[u8], now_ms: i64) -> (ConsumerIndex, bool) {
        let at = match self.search(name) {
            Ok(at) => return (self.by_name[at], false),
            Err(at) => at,
        };
        let made = Box::new(Consumer {
            name: name.into(),
            seen_ms: now_ms,
            active_ms: None,
            pending: OrderedMap::new(),
        });
        let index = match self.free.pop() {
            Some(index) => {
                self.consumers[index.0 as usize] = Some(made);
                index
            }
            None => {
                self.consumers.push(Some(made));
                ConsumerIndex((self.consumers.len() - 1) as u32)
            }
        };
        self.by_name.insert(at, index);
        (index, true)
    }

    /// Removes a consumer with all that it had to acknowledge; says how much that was.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<usize> {
        let at = self.search(name).ok()?;
        let index = self.by_name.remove(at);
        let removed = self.consumers[index.0 as usize].take()?;
        self.free.push(index);
        for (id, ()) in removed.pending.iter() {
            self.pending.remove(id);
        }
        Some(removed.pending_len())
    }

    pub fn find_pending(&self, id: StreamId) -> Option<&Pending> {
        self.pending.get(id)
    }

    /// Changes when and how often an entry was delivered, if it is pending.
    pub fn update_pending(&mut self, id: StreamId, delivered_ms: i64, deliveries: u64) {
        if let Some(pending) = self.pending.get_mut(id) {
            pending.delivered_ms = delivered_ms;
            pending.deliveries = deliveries;
        }
    }

    /// Makes an entry pending with a consumer, whoever had it before.
    pub fn assign(&mut self, id: StreamId, consumer: ConsumerIndex, delivered_ms: i64, deliveries: u64) {
        let before = self.pending.insert(id, Pending { delivered_ms, deliveries, consumer });
        if let Some(Pending { consumer: owner, .. }) = before {
            if owner == consumer {
                return;
            }
            self.consumer_mut(owner).pending.remove(id);
        }
        self.consumer_mut(consumer).pending.insert(id, ());
    }

    /// An entry is pending no more.
    pub fn acknowledge(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(id)?;
        self.consumer_mut(pending.consumer).pending.remove(id);
        Some(pending)
    }

    /// Whether an entry is pending here, or still to be delivered.
    pub fn needs(&self, id: StreamId) -> bool {
        id > self.last_id || self.pending.contains(id)
    }

    /// Bytes it holds beside itself.
    pub fn memory(&self) -> usize {
        let slab = self.consumers.capacity() * size_of::<Option<Box<Consumer>>>();
        let indices = (self.by_name.capacity() + self.free.capacity()) * size_of::<ConsumerIndex>();
        let consumers: usize = self.consumers().map(Consumer::memory).sum();
        self.name.len() + self.pending.memory() + slab + indices + consumers
    }

    /// Roughly how many allocations it has.
    pub fn allocations(&self) -> usize {
        let of_consumers: usize = self.consumers().map(|consumer| 2 + consumer.pending.allocations()).sum();
        4 + self.pending.allocations() + of_consumers
    }

    /// Asserts the invariants. `O(n)`.
    pub fn verify(&self) {
        self.pending.verify();
        for (id, pending) in self.pending.iter() {
            assert!(self.consumer(pending.consumer).pending.contains(id), "invariant 1: {id} has no owner");
        }
        let owned: usize = self.consumers().map(Consumer::pending_len).sum();
        assert_eq!(owned, self.pending.len(), "invariant 1");
        let names: Vec<_> = self.consumers().map(Consumer::name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "invariant 2");
        let taken = self.consumers.iter().flatten().count();
        assert_eq!((taken, self.free.len()), (names.len(), self.consumers.len() - taken), "invariant 2");
        self.consumers().for_each(|consumer| consumer.pending.verify());
    }
}

/// The groups of a stream. **Invariant**: sorted by name, without duplicates.
#[derive(Clone, Debug, Default)]
pub struct Groups(Vec<Group>);

impl Groups {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Group> {
        self.0.iter()
    }

    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Group> {
        self.0.iter_mut()
    }

    fn search(&self, name: &[u8]) -> Result<usize, usize> {
        self.0.binary_search_by(|group| group.name().cmp(name))
    }

    pub fn get(&self, name: &[u8]) -> Option<&Group> {
        self.search(name).ok().map(|at| &self.0[at])
    }

    pub fn get_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.search(name).ok().map(|at| &mut self.0[at])
    }

    /// False if there is one of this name.
    pub fn add(&mut self, group: Group) -> bool {
        match self.search(group.name()) {
            Ok(_) => false,
            Err(at) => {
                self.0.insert(at, group);
                true
            }
        }
    }

    pub fn remove(&mut self, name: &[u8]) -> bool {
        self.search(name).map(|at| self.0.remove(at)).is_ok()
    }

    /// An entry is pending with nobody any more.
    pub fn acknowledge_everywhere(&mut self, id: StreamId) {
        for group in self.iter_mut() {
            group.acknowledge(id);
        }
    }

    /// Bytes held beside itself.
    pub fn memory(&self) -> usize {
        self.0.capacity() * size_of::<Group>() + self.iter().map(Group::memory).sum::<usize>()
    }

    pub fn allocations(&self) -> usize {
        self.iter().map(Group::allocations).sum()
    }

    pub fn verify(&self) {
        assert!(self.0.is_sorted_by(|a, b| a.name() < b.name()), "the invariant of groups");
        self.iter().for_each(Group::verify);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seq: u64) -> StreamId {
        StreamId::new(1, seq)
    }

    #[test]
    fn entries_go_from_one_consumer_to_another() {
        let mut group = Group::new(b"g", StreamId::MIN, None);
        let (bob, made) = group.ensure_consumer(b"bob", 5);
        assert!(made);
        let (alice, _) = group.ensure_consumer(b"alice", 6);
        assert_eq!(group.ensure_consumer(b"bob", 7), (bob, false));
        (1..=10).for_each(|n| group.assign(id(n), bob, 100, 1));
        group.assign(id(3), alice, 200, 2);
        group.assign(id(4), bob, 300, 9);
        group.verify();
        assert_eq!(group.consumer(bob).pending_len(), 9);
        assert_eq!(group.consumer(alice).pending_from(id(0)).collect::<Vec<_>>(), [id(3)]);
        assert_eq!(group.find_pending(id(4)).map(|p| (p.delivered_ms, p.deliveries)), Some((300, 9)));
        assert_eq!(group.acknowledge(id(3)).map(|p| p.consumer()), Some(alice));
        assert_eq!(group.acknowledge(id(3)), None);
        group.verify();
    }

    #[test]
    fn a_consumer_goes_with_what_it_has() {
        let mut group = Group::new(b"g", StreamId::MIN, Some(0));
        let (b, _) = group.ensure_consumer(b"b", 0);
        let (a, _) = group.ensure_consumer(b"a", 0);
        (0..100).for_each(|n| group.assign(id(n), if n % 2 == 0 { a } else { b }, 0, 1));
        assert_eq!(group.remove_consumer(b"b"), Some(50));
        assert_eq!(group.remove_consumer(b"b"), None);
        group.verify();
        assert_eq!(group.pending().len(), 50);
        let (c, _) = group.ensure_consumer(b"c", 0);
        assert_eq!(c, b, "the place is taken again");
        assert_eq!(group.consumer(c).pending_len(), 0);
        assert_eq!(group.consumers().map(|c| c.name().to_vec()).collect::<Vec<_>>(), [b"a", b"c"]);
        group.verify();
        assert!(group.memory() > 50 * 40 && group.allocations() > 5);
    }
}
