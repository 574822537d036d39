//! Deleting entries with regard to the groups that still have them pending (XDELEX, XACKDEL, and trimming).

use super::Stream;
use super::id::StreamId;

/// What becomes of pending entries when the entry itself goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum References {
    /// They stay.
    Keep,
    /// They go, in all groups.
    Delete,
    /// The entry only goes if no group has it pending, nor is still to be given it.
    Acknowledged,
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    Missing,
    Deleted,
    /// Somebody still has it to acknowledge.
    StillReferenced,
}

impl Stream {
    /// Deletes an entry. `O(groups)` but for [`References::Keep`].
    pub fn delete(&mut self, id: StreamId, references: References) -> Deletion {
        if !self.log.contains(id) {
            // A pending entry may outlive the entry itself.
            if references == References::Delete {
                self.groups.acknowledge_everywhere(id);
            }
            return Deletion::Missing;
        }
        match references {
            References::Keep => {}
            References::Delete => self.groups.acknowledge_everywhere(id),
            References::Acknowledged if self.groups.iter().any(|group| group.needs(id)) => {
                return Deletion::StillReferenced;
            }
            References::Acknowledged => {}
        }
        self.log.delete(id);
        Deletion::Deleted
    }
}
