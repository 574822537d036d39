//! Changing a listpack: every change opens or closes one gap and writes one run of bytes.

use super::code::{Element, back_size};
use super::{At, END, HEADER, Listpack, Pack, UNCOUNTED};

/// The longest listpack that is built, in bytes, as with Redis.
const MAX_BYTES: usize = 1 << 30;

/// Writes elements behind each other; see [`Listpack::push_all`].
pub struct Writer<'p> {
    bytes: &'p mut Vec<u8>,
    count: i64,
}

impl Writer<'_> {
    #[inline]
    pub fn push(&mut self, element: Element<'_>) {
        element.append_to(self.bytes);
        self.count += 1;
    }
}

impl Default for Listpack {
    fn default() -> Self {
        Listpack::new()
    }
}

impl Listpack {
    pub fn new() -> Self {
        Listpack::reuse(Vec::new())
    }

    /// An empty one in memory that is at hand.
    pub fn reuse(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        bytes.extend_from_slice(&[HEADER as u8 + 1, 0, 0, 0, 0, 0, END]);
        Listpack { bytes }
    }

    pub fn with_capacity(bytes: usize) -> Self {
        Listpack::reuse(Vec::with_capacity(bytes + HEADER + 1))
    }

    /// Bytes that a listpack wrote, or that were checked.
    #[inline]
    pub fn trusted(bytes: Vec<u8>) -> Self {
        debug_assert!(bytes.len() > HEADER && bytes[bytes.len() - 1] == END);
        Listpack { bytes }
    }

    #[inline]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    #[inline]
    pub fn view(&self) -> Pack<'_> {
        Pack { bytes: &self.bytes }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.view().len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.view().is_empty()
    }

    /// Bytes of the allocation.
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// Whether `more` bytes of elements can be added without passing the limit of the format.
    pub fn has_room(&self, more: usize) -> bool {
        self.bytes.len().saturating_add(more) <= MAX_BYTES
    }

    #[inline]
    pub fn push_back(&mut self, element: Element<'_>) {
        let end = self.bytes.len() - 1;
        self.put(end, 0, element);
        self.recount(1);
    }

    /// Adds several at the end, with one change of the header. `room`: their length in bytes at most; more is fine, too,
    /// but grows the memory in larger steps.
    #[inline]
    pub fn push_all(&mut self, room: usize, write: impl FnOnce(&mut Writer<'_>)) {
        self.reserve(room);
        self.bytes.pop();
        let mut writer = Writer { bytes: &mut self.bytes, count: 0 };
        write(&mut writer);
        let count = writer.count;
        self.bytes.push(END);
        self.write_total();
        self.recount(count);
    }

    pub fn push_front(&mut self, element: Element<'_>) {
        self.put(HEADER, 0, element);
        self.recount(1);
    }

    /// Inserts before the entry at a position, which is that of the new one afterwards.
    pub fn insert_before(&mut self, at: At, element: Element<'_>) {
        self.put(at.0, 0, element);
        self.recount(1);
    }

    /// Inserts after the entry at a position; returns the position of the new one.
    pub fn insert_after(&mut self, at: At, element: Element<'_>) -> At {
        let after = self.view().end_of(at);
        self.put(after, 0, element);
        self.recount(1);
        At(after)
    }

    /// Puts another element in the place of one; the position stays good.
    pub fn replace(&mut self, at: At, element: Element<'_>) {
        // A counter that stays small, as those of streams: one byte.
        if let (Element::Int(small @ 0..=127), 0..=127) = (element, self.bytes[at.0]) {
            self.bytes[at.0] = small as u8;
            return;
        }
        let old = self.view().end_of(at) - at.0;
        self.put(at.0, old, element);
    }

    /// Removes one; returns the position of what followed.
    pub fn remove(&mut self, at: At) -> Option<At> {
        self.remove_many(at, 1)
    }

    /// Removes up to `count` from a position on; returns the position of what followed them.
    pub fn remove_many(&mut self, at: At, count: usize) -> Option<At> {
        let (mut end, mut removed) = (at.0, 0);
        while removed < count && self.bytes[end] != END {
            end = self.view().end_of(At(end));
            removed += 1;
        }
        self.bytes.drain(at.0..end);
        self.write_total();
        self.recount(-(removed as i64));
        self.view().at(at.0)
    }

    /// Keeps those that `keep` says, asked from the first to the last; returns how many are gone. `O(n)`, one pass.
    pub fn retain(&mut self, mut keep: impl FnMut(Element<'_>) -> bool) -> usize {
        // What is kept between two that go moves as one run; nothing from `read` on has been touched yet.
        let (mut read, mut run, mut write, mut removed) = (HEADER, HEADER, HEADER, 0);
        while self.bytes[read] != END {
            let next = self.view().end_of(At(read));
            if !keep(self.view().get(At(read))) {
                self.bytes.copy_within(run..read, write);
                write += read - run;
                run = next;
                removed += 1;
            }
            read = next;
        }
        if removed > 0 {
            self.bytes.copy_within(run..=read, write);
            self.bytes.truncate(write + read + 1 - run);
            self.write_total();
            self.recount(-(removed as i64));
        }
        removed
    }

    /// Adds all of another one at the end.
    pub fn append(&mut self, other: Pack<'_>) {
        let inner = &other.bytes[HEADER..other.bytes.len() - 1];
        self.reserve(inner.len());
        let counts = (self.raw_count(), other.len());
        self.bytes.pop();
        self.bytes.extend_from_slice(inner);
        self.bytes.push(END);
        self.write_total();
        if counts.0 != UNCOUNTED {
            self.set_count(usize::from(counts.0) + counts.1);
        }
    }

    /// Cuts off the entry at a position and all that follow, and returns them.
    pub fn split_off(&mut self, at: At) -> Listpack {
        let end = self.bytes.len() - 1;
        let mut rest = Listpack::with_capacity(end - at.0);
        rest.bytes.pop();
        rest.bytes.extend_from_slice(&self.bytes[at.0..=end]);
        self.bytes.truncate(at.0);
        self.bytes.push(END);
        for half in [&mut *self, &mut rest] {
            half.write_total();
            half.set_count(half.view().iter().count());
        }
        rest
    }

    pub fn clear(&mut self) {
        *self = Listpack::reuse(std::mem::take(&mut self.bytes));
    }

    /// Gives back the room that is not used.
    pub fn shrink(&mut self) {
        let wanted = alloc_count::class(self.bytes.len());
        if wanted < self.bytes.capacity() {
            self.bytes.shrink_to(wanted);
        }
    }

    /// Writes an element over `old` bytes at `at`; the count is the caller's.
    #[inline]
    fn put(&mut self, at: usize, old: usize, element: Element<'_>) {
        let size = element.size();
        let new = size + back_size(size);
        self.open(at, old, new);
        element.write(&mut self.bytes[at..at + new], size);
        self.write_total();
    }

    /// Makes the `old` bytes at `at` `new` ones, whatever they hold.
    #[inline]
    fn open(&mut self, at: usize, old: usize, new: usize) {
        if new == old {
            return;
        }
        let before = self.bytes.len();
        if new > old {
            self.reserve(new - old);
            self.bytes.resize(before + new - old, END);
            if at + old + 1 == before {
                // At the end only the terminator moves, and `resize` wrote it.
                return;
            }
        }
        self.bytes.copy_within(at + old..before, at + new);
        self.bytes.truncate(before + new - old);
    }

    /// Room for `more` bytes: an eighth in reserve, rounded up to what the allocator hands out anyway.
    #[inline]
    fn reserve(&mut self, more: usize) {
        let wanted = self.bytes.len() + more;
        if wanted > self.bytes.capacity() {
            self.grow(wanted);
        }
    }

    #[cold]
    fn grow(&mut self, wanted: usize) {
        assert!(u32::try_from(wanted).is_ok(), "the caller asks has_room");
        let size = alloc_count::class(wanted + wanted / 8);
        self.bytes.reserve_exact(size - self.bytes.len());
    }

    #[inline]
    fn write_total(&mut self) {
        let total = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
    }

    #[inline]
    fn raw_count(&self) -> u16 {
        u16::from_le_bytes([self.bytes[4], self.bytes[5]])
    }

    #[inline]
    fn recount(&mut self, change: i64) {
        match self.raw_count() {
            UNCOUNTED => {
                // Rare: it may have become countable.
                if change < 0 {
                    self.set_count(self.view().iter().count());
                }
            }
            count => self.set_count((i64::from(count) + change) as usize),
        }
    }

    #[inline]
    fn set_count(&mut self, count: usize) {
        let count = u16::try_from(count).unwrap_or(UNCOUNTED);
        self.bytes[4..6].copy_from_slice(&count.to_le_bytes());
    }
}

impl<'e> Extend<Element<'e>> for Listpack {
    fn extend<I: IntoIterator<Item = Element<'e>>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push_back(element));
    }
}

impl<'e> FromIterator<Element<'e>> for Listpack {
    fn from_iter<I: IntoIterator<Item = Element<'e>>>(elements: I) -> Self {
        let mut pack = Listpack::new();
        pack.extend(elements);
        pack
    }
}
