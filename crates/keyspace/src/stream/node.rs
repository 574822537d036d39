//! A node of a stream: up to some hundred entries in one listpack, with Redis's layout, since its files carry it.
//!
//! ```text
//!   header   | live | deleted | n | name 1 | ... | name n | 0 |
//!   entry    | flags | ms | seq | value 1 | ... | value n | pieces |                      names as in the header
//!            | flags | ms | seq | m | name 1 | value 1 | ... | name m | value m | pieces |
//!
//!   flags    1 deleted, 2 names as in the header
//!   ms, seq  what is to be added (wrapping) to the id of the node, which is that of its first entry
//!   pieces   how many elements of the listpack come before it in the entry; 0 after the header
//! ```
//!
//! **Invariants** (asserted by [`Node::verify`], and asked of what comes from outside by [`Node::check`])
//! 1. The layout is as drawn; `live` is at least 1.
//! 2. `live` and `deleted` are the numbers of entries without and with that flag.

use structures::listpack::{At, Element, Iter, Listpack, Pack};

use super::id::StreamId;

const DELETED: i64 = 1;
const SAME_NAMES: i64 = 2;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node(Listpack);

/// The beginning of a node.
struct Header<'n> {
    live: i64,
    deleted: i64,
    /// How many names there are.
    names: i64,
    /// At its first name, or the 0.
    rest: Iter<'n>,
}

/// Where the parts of an entry are.
#[derive(Clone, Copy)]
struct Parts {
    flags_at: At,
    flags: i64,
    id: StreamId,
    /// Number of names.
    fields: i64,
    /// First name, or first value; the piece count if there are none.
    body: At,
}

impl Parts {
    fn is_deleted(&self) -> bool {
        self.flags & DELETED != 0
    }

    fn has_own_names(&self) -> bool {
        self.flags & SAME_NAMES == 0
    }
}

fn int(pack: Pack<'_>, at: At) -> i64 {
    match pack.get(at) {
        Element::Int(int) => int,
        Element::Str(_) => 0,
    }
}

/// Names and values in turn.
#[inline]
fn pairs<'w>(mut words: impl Iterator<Item = &'w [u8]>, mut each: impl FnMut(&'w [u8], &'w [u8])) {
    while let (Some(name), Some(value)) = (words.next(), words.next()) {
        each(name, value);
    }
}

/// Bytes that an entry takes at most: each element up to ten more than its text, and five numbers.
fn room(fields: usize, size: usize) -> usize {
    size + 20 * fields + 50
}

/// The element after one that is known not to be the last.
fn after(pack: Pack<'_>, at: At) -> At {
    pack.next(at).expect("invariant 1: an entry is whole")
}

impl Node {
    /// A node with its first entry, which has the node's id. `words`: names and values in turn, `size` bytes in all;
    /// `capacity`: bytes that the node is likely to have in the end.
    pub fn new<'w>(
        words: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
        size: usize,
        capacity: usize,
    ) -> Node {
        let mut node = Node(Listpack::with_capacity(capacity));
        let fields = words.len() / 2;
        node.0.push_all(room(fields, size), |to| {
            to.push(Element::Int(1));
            to.push(Element::Int(0));
            to.push(Element::Int(fields as i64));
            pairs(words.clone(), |name, _| to.push(Element::of(name)));
            to.push(Element::Int(0));
        });
        node.write(StreamId::MIN, true, words, size);
        node
    }

    /// Adds an entry at the end, unless the node has `most` already (0 = no limit). `delta`: its id less the node's.
    pub fn push<'w>(
        &mut self,
        delta: StreamId,
        words: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
        size: usize,
        most: u64,
    ) -> bool {
        let pack = self.0.view();
        let header = header(pack);
        if most != 0 && (header.live + header.deleted) as u64 >= most {
            return false;
        }
        let (same, live) = (header.has_names(words.clone()), header.live);
        if let Some(at) = pack.first() {
            self.0.replace(at, Element::Int(live + 1));
        }
        self.write(delta, same, words, size);
        true
    }

    fn write<'w>(
        &mut self,
        delta: StreamId,
        same: bool,
        words: impl ExactSizeIterator<Item = &'w [u8]>,
        size: usize,
    ) {
        let fields = words.len() / 2;
        self.0.push_all(room(fields, size), |to| {
            to.push(Element::Int(if same { SAME_NAMES } else { 0 }));
            to.push(Element::Int(delta.ms as i64));
            to.push(Element::Int(delta.seq as i64));
            if same {
                pairs(words, |_, value| to.push(Element::of(value)));
                to.push(Element::Int(3 + fields as i64));
            } else {
                to.push(Element::Int(fields as i64));
                words.for_each(|word| to.push(Element::of(word)));
                to.push(Element::Int(4 + 2 * fields as i64));
            }
        });
    }

    /// Entries that are not deleted.
    pub fn live(&self) -> u64 {
        header(self.0.view()).live as u64
    }

    /// Entries, deleted ones too.
    pub fn total(&self) -> u64 {
        let header = header(self.0.view());
        (header.live + header.deleted) as u64
    }

    /// The listpack, as files hold it.
    pub fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    /// Bytes of the allocation.
    pub fn memory(&self) -> usize {
        self.0.memory()
    }

    pub fn has_room(&self, more: usize) -> bool {
        self.0.has_room(more)
    }

    /// Gives back room that is not used: nothing will be added.
    pub fn finish(&mut self) {
        self.0.shrink();
    }

    /// Its entries, deleted ones left out. `id`: that of the node.
    pub fn entries(&self, id: StreamId) -> Entries<'_> {
        Entries::new(self.0.view(), id)
    }

    /// The id of the first entry, or of the last, deleted or not.
    pub fn first_id(&self, id: StreamId) -> Option<StreamId> {
        self.entries(id).any_next().map(|parts| parts.id)
    }

    pub fn last_id(&self, id: StreamId) -> Option<StreamId> {
        self.entries(id).any_back().map(|parts| parts.id)
    }

    /// Marks an entry as deleted. `None` if there is none of this id, else how many are left.
    pub fn delete(&mut self, id: StreamId, wanted: StreamId) -> Option<u64> {
        let mut entries = self.entries(id);
        let found = loop {
            let parts = entries.any_next()?;
            if parts.id == wanted && !parts.is_deleted() {
                break parts;
            }
            if parts.id > wanted {
                return None;
            }
        };
        self.mark(found);
        Some(self.count_deleted(1))
    }

    /// Marks entries from the first on as deleted, until `stop` says so; returns how many.
    pub fn delete_first(&mut self, id: StreamId, mut stop: impl FnMut(StreamId) -> bool) -> u64 {
        let (mut doomed, mut entries) = (Vec::new(), self.entries(id));
        while let Some(parts) = entries.any_next() {
            if !parts.is_deleted() {
                if stop(parts.id) {
                    break;
                }
                doomed.push(parts);
            }
        }
        // Flags of one byte stay flags of one byte: positions stay good.
        doomed.iter().for_each(|parts| self.mark(*parts));
        self.count_deleted(doomed.len() as i64);
        doomed.len() as u64
    }

    fn mark(&mut self, parts: Parts) {
        self.0.replace(parts.flags_at, Element::Int(parts.flags | DELETED));
    }

    /// Says how many are left.
    fn count_deleted(&mut self, more: i64) -> u64 {
        let Header { live, deleted, .. } = header(self.0.view());
        let Some(at) = self.0.view().first() else { return 0 };
        self.0.replace(at, Element::Int(live - more));
        if let Some(at) = self.0.view().next(at) {
            self.0.replace(at, Element::Int(deleted + more));
        }
        (live - more).max(0) as u64
    }

    /// Takes a listpack from outside, if it is a node. Every byte is looked at; ids must ascend from the node's on.
    pub fn check(pack: Listpack, id: StreamId) -> Result<Node, &'static str> {
        check(pack.view(), id)?;
        Ok(Node(pack))
    }

    pub fn verify(&self, id: StreamId) {
        self.0.view().verify();
        assert_eq!(check(self.0.view(), id), Ok(()), "invariants 1 and 2");
    }
}

fn header(pack: Pack<'_>) -> Header<'_> {
    let mut rest = pack.iter();
    let mut int = || match rest.next() {
        Some(Element::Int(int)) => int,
        _ => 0,
    };
    Header { live: int(), deleted: int(), names: int(), rest }
}

impl Header<'_> {
    /// Whether an entry has the names of the header.
    fn has_names<'w>(&self, words: impl ExactSizeIterator<Item = &'w [u8]>) -> bool {
        let (mut rest, mut same) = (self.rest.clone(), words.len() as i64 == 2 * self.names);
        if same {
            pairs(words, |name, _| {
                same &= match rest.next() {
                    Some(Element::Str(bytes)) => bytes == name,
                    Some(int) => int == Element::of(name),
                    None => false,
                };
            });
        }
        same
    }
}

/// A walk over the entries of a node, from both ends; the two ends do not know of each other.
#[derive(Clone)]
pub struct Entries<'n> {
    pack: Pack<'n>,
    id: StreamId,
    header_names: i64,
    names: Iter<'n>,
    /// The flags of the next entry forwards.
    front: Option<At>,
    /// The piece count of the next entry backwards.
    back: Option<At>,
}

impl<'n> Entries<'n> {
    fn new(pack: Pack<'n>, id: StreamId) -> Self {
        let header = header(pack);
        // Three counts, the names, and the 0 come before the first entry.
        let mut front = pack.first();
        for _ in 0..header.names + 4 {
            front = front.and_then(|at| pack.next(at));
        }
        Entries { pack, id, header_names: header.names, names: header.rest, front, back: pack.last() }
    }

    fn parts(&self, flags_at: At) -> Parts {
        let pack = self.pack;
        let flags = int(pack, flags_at);
        let ms = after(pack, flags_at);
        let seq = after(pack, ms);
        let mut body = after(pack, seq);
        let id = StreamId {
            ms: self.id.ms.wrapping_add(int(pack, ms) as u64),
            seq: self.id.seq.wrapping_add(int(pack, seq) as u64),
        };
        let mut fields = self.header_names;
        if flags & SAME_NAMES == 0 {
            fields = int(pack, body);
            body = after(pack, body);
        }
        Parts { flags_at, flags, id, fields, body }
    }

    /// The next entry forwards, deleted or not.
    fn any_next(&mut self) -> Option<Parts> {
        let parts = self.parts(self.front?);
        let pieces = if parts.has_own_names() { 2 * parts.fields } else { parts.fields };
        let mut at = Some(parts.body);
        for _ in 0..=pieces {
            at = at.and_then(|at| self.pack.next(at));
        }
        self.front = at;
        Some(parts)
    }

    /// The next entry backwards, deleted or not.
    fn any_back(&mut self) -> Option<Parts> {
        let mut at = self.back?;
        let pieces = int(self.pack, at);
        if pieces <= 0 {
            self.back = None;
            return None;
        }
        for _ in 0..pieces {
            at = self.pack.prev(at)?;
        }
        self.back = self.pack.prev(at);
        Some(self.parts(at))
    }

    fn entry(&self, parts: Parts) -> Entry<'n> {
        let names = if parts.has_own_names() { None } else { Some(self.names.clone()) };
        let rest = self.pack.iter_from(parts.body);
        Entry { id: parts.id, fields: Fields { left: parts.fields.max(0) as usize, names, rest } }
    }

    pub fn next_live(&mut self) -> Option<Entry<'n>> {
        loop {
            let parts = self.any_next()?;
            if !parts.is_deleted() {
                return Some(self.entry(parts));
            }
        }
    }

    pub fn next_live_back(&mut self) -> Option<Entry<'n>> {
        loop {
            let parts = self.any_back()?;
            if !parts.is_deleted() {
                return Some(self.entry(parts));
            }
        }
    }
}

/// An entry, looked at.
#[derive(Clone)]
pub struct Entry<'n> {
    pub id: StreamId,
    pub fields: Fields<'n>,
}

/// Names and values.
#[derive(Clone)]
pub struct Fields<'n> {
    left: usize,
    /// The names, if they are in the header.
    names: Option<Iter<'n>>,
    rest: Iter<'n>,
}

impl<'n> Iterator for Fields<'n> {
    type Item = (Element<'n>, Element<'n>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let name = match &mut self.names {
            Some(names) => names.next()?,
            None => self.rest.next()?,
        };
        Some((name, self.rest.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Fields<'_> {}

/// A walk over elements that may be anything.
struct Checked<'n>(structures::listpack::Iter<'n>);

impl Checked<'_> {
    /// `None` at the end.
    #[inline]
    fn int_or_end(&mut self) -> Result<Option<i64>, &'static str> {
        if let Some(int) = self.0.next_short_int() {
            return Ok(Some(int));
        }
        match self.0.next() {
            Some(Element::Int(int)) => Ok(Some(int)),
            Some(Element::Str(_)) => Err("a string where a number must be"),
            None => Ok(None),
        }
    }

    #[inline]
    fn int(&mut self) -> Result<i64, &'static str> {
        self.int_or_end()?.ok_or("an entry is cut")
    }

    fn count(&mut self) -> Result<u64, &'static str> {
        u64::try_from(self.int()?).map_err(|_| "a negative count")
    }

    fn skip(&mut self, elements: u64) -> Result<(), &'static str> {
        for _ in 0..elements {
            if !self.0.pass() {
                return Err("an entry is cut");
            }
        }
        Ok(())
    }
}

fn check(pack: Pack<'_>, id: StreamId) -> Result<(), &'static str> {
    let mut elements = Checked(pack.iter());
    let (live, deleted, names) = (elements.count()?, elements.count()?, elements.count()?);
    elements.skip(names)?;
    if elements.int()? != 0 {
        return Err("the header does not end with 0");
    }
    let (mut counts, mut last) = ([0u64; 2], None);
    while let Some(flags) = elements.int_or_end()? {
        if !(0..=3).contains(&flags) {
            return Err("unknown flags");
        }
        let (ms, seq) = (elements.int()? as u64, elements.int()? as u64);
        let this = StreamId { ms: id.ms.wrapping_add(ms), seq: id.seq.wrapping_add(seq) };
        if this < id || last.is_some_and(|last| this <= last) {
            return Err("ids do not ascend");
        }
        last = Some(this);
        let pieces = if flags & SAME_NAMES != 0 {
            elements.skip(names)?;
            names.checked_add(3)
        } else {
            let own = elements.count()?;
            elements.skip(own.checked_mul(2).ok_or("too many fields")?)?;
            own.checked_mul(2).and_then(|pieces| pieces.checked_add(4))
        };
        if Some(elements.count()?) != pieces {
            return Err("wrong number of pieces");
        }
        counts[(flags & DELETED) as usize] += 1;
    }
    if live == 0 || counts != [live, deleted] {
        return Err("wrong number of entries");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        text.split(' ').map(str::as_bytes).collect::<Vec<_>>().into_iter()
    }

    fn new(text: &str) -> Node {
        Node::new(words(text), text.len(), 0)
    }

    fn push(node: &mut Node, delta: StreamId, text: &str) {
        assert!(node.push(delta, words(text), text.len(), 0));
        let total = node.total();
        assert!(!node.push(delta, words(text), text.len(), total));
    }

    fn seen(node: &Node, id: StreamId) -> Vec<String> {
        let mut entries = node.entries(id);
        let print = |entry: Entry<'_>| {
            let fields = entry.fields.map(|(name, value)| {
                let text = |e: Element<'_>| String::from_utf8_lossy(&e.to_vec()).into_owned();
                format!("{}={}", text(name), text(value))
            });
            format!("{} {}", entry.id, fields.collect::<Vec<_>>().join(" "))
        };
        let forwards: Vec<_> = std::iter::from_fn(|| entries.next_live()).map(print).collect();
        let mut backwards: Vec<_> = std::iter::from_fn(|| entries.next_live_back()).map(print).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
        forwards
    }

    #[test]
    fn bytes_are_redis_s() {
        // From the RDB of a Redis 7 after `XADD x 1-1 f v`, as the peers' suite restores it.
        let node = new("f v");
        let wanted =
            b"\x1D\x00\x00\x00\x0A\x00\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\x02\x01\x00\x01\x00\x01\
                       \x81v\x02\x04\x01\xFF";
        assert_eq!(node.bytes(), wanted);
        node.verify(StreamId::new(1, 1));
    }

    #[test]
    fn names_are_kept_once_if_they_are_the_same() {
        let id = StreamId::new(5, 5);
        let mut node = new("temp 20 wind 7");
        push(&mut node, StreamId::new(0, 1), "temp 21 wind x");
        let before = node.bytes().len();
        push(&mut node, StreamId::new(1, u64::MAX - 4), "temp 21 rain no");
        assert!(node.bytes().len() > before + 15);
        push(&mut node, StreamId::new(7, 0), "temp 1");
        assert_eq!(
            seen(&node, id),
            ["5-5 temp=20 wind=7", "5-6 temp=21 wind=x", "6-0 temp=21 rain=no", "12-5 temp=1"]
        );
        node.verify(id);
        assert_eq!((node.first_id(id), node.last_id(id)), (Some(id), Some(StreamId::new(12, 5))));
        assert_eq!(node.delete(id, StreamId::new(6, 0)), Some(3));
        assert_eq!(node.delete(id, StreamId::new(6, 0)), None);
        assert_eq!(node.delete(id, StreamId::new(6, 1)), None);
        assert_eq!(node.delete_first(id, |id| id.ms > 5), 2);
        assert_eq!((node.live(), node.total()), (1, 4));
        assert_eq!(seen(&node, id), ["12-5 temp=1"]);
        node.verify(id);
    }

    #[test]
    fn counts_may_outgrow_a_byte() {
        let mut node = new("1 2");
        (1..300).for_each(|n| push(&mut node, StreamId::new(n, 0), "1 2"));
        node.verify(StreamId::MIN);
        assert_eq!(node.delete_first(StreamId::MIN, |id| id.ms >= 250), 250);
        node.verify(StreamId::MIN);
        assert_eq!((node.live(), node.total()), (50, 300));
        assert_eq!(seen(&node, StreamId::MIN).len(), 50);
    }

    #[test]
    fn what_is_no_node_is_refused() {
        let good = [1, 0, 1, 7, 0, 2, 0, 0, 9, 4];
        let pack = |ints: &[i64]| ints.iter().map(|int| Element::Int(*int)).collect::<Listpack>();
        assert!(Node::check(pack(&good), StreamId::MIN).is_ok());
        for at in [0, 1, 2, 4, 5, 9] {
            let mut bad = good;
            bad[at] += 5;
            assert!(Node::check(pack(&bad), StreamId::MIN).is_err(), "{at}");
        }
        for len in 0..good.len() {
            assert!(Node::check(pack(&good[..len]), StreamId::MIN).is_err(), "{len}");
        }
        assert!(Node::check(pack(&[1, 0, i64::MAX, 7, 0, 2, 0, 0, 9, 4]), StreamId::MIN).is_err());
        assert!(Node::check(pack(&[1, 0, 0, 0, 0, 0, 0, i64::MAX, 9, 4]), StreamId::MIN).is_err());
        assert!(
            Node::check(pack(&[1, 0, 0, 0, 2, -1, 0, 3]), StreamId::new(5, 0)).is_err(),
            "before the node"
        );
    }
}
