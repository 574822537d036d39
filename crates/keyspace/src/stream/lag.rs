//! How far behind a group is: counted where that is exact, else not told.
//!
//! Entries are never renumbered, so the distance of an entry from the first there ever was is only known at the edges
//! of the stream, or as long as nothing was deleted in the middle: a deletion leaves a gap (*tombstone*) that the
//! counters do not tell from an entry. Only the greatest deleted id is remembered.

use super::group::Group;
use super::id::StreamId;
use super::log::Log;

impl Log {
    /// Whether an entry with an id from `from` on may have been deleted, in a stream that has some left.
    pub fn has_gap_from(&self, from: StreamId) -> bool {
        self.length > 0 && !self.max_deleted.is_zero() && from <= self.max_deleted
    }

    /// How many entries there ever were up to an id, it included; `None` if that cannot be told.
    pub fn entries_up_to(&self, id: StreamId) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if id == self.last_id || (self.length == 0 && id < self.last_id) {
            return Some(self.entries_added);
        }
        // What was deleted before the first entry does not matter to who has read nothing.
        let gap = self.max_deleted >= self.first_id || (!id.is_zero() && id < self.max_deleted);
        if id > self.last_id || id > self.first_id || (gap && !self.max_deleted.is_zero()) {
            return None;
        }
        let before_first = self.entries_added.saturating_sub(self.length);
        Some(before_first + u64::from(id == self.first_id))
    }

    /// How many entries a group has not been given; `None` if that cannot be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let counted = group.entries_read.filter(|_| !self.has_gap_from(group.last_id));
        let read = counted.or_else(|| self.entries_up_to(group.last_id))?;
        // A client may have set the count beyond what there is: the lag is negative then, as with the peers.
        Some(self.entries_added.wrapping_sub(read) as i64)
    }

    /// What is known of a group's count after it was given the entry of this id, its last one so far.
    pub fn entries_read_after(&self, group: &Group, id: StreamId) -> Option<u64> {
        match group.entries_read {
            // A group that is behind the first entry was overtaken by trimming: its count is not good any more.
            Some(read) if group.last_id >= self.first_id && !self.has_gap_from(group.last_id) => {
                Some(read.wrapping_add(1))
            }
            before if self.entries_added == 0 => before,
            _ => self.entries_up_to(id),
        }
    }
}
