//! Trimming: the oldest entries go.

use super::id::StreamId;
use super::log::Log;
use super::node::Node;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimTo {
    /// So many entries may stay.
    MaxLen(u64),
    /// Entries with smaller ids go.
    MinId(StreamId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    pub to: TrimTo,
    /// Only whole nodes go.
    pub approximate: bool,
    /// Not more entries than this go; 0 = no limit.
    pub limit: u64,
}

impl Log {
    /// Removes entries at the front and says how many. What is trimmed does not count as deleted: it leaves no gap.
    pub fn trim(&mut self, trim: Trim) -> u64 {
        let mut removed = 0;
        while let Some((id, node)) = self.nodes.first() {
            let live = node.live();
            if self.is_short(trim.to) || (trim.limit > 0 && removed + live > trim.limit) {
                break;
            }
            if self.may_drop(trim.to, id, node) {
                self.nodes.pop_first();
                self.length -= live;
                removed += live;
            } else {
                if !trim.approximate {
                    removed += self.trim_within(trim.to, id);
                }
                break;
            }
        }
        if removed > 0 {
            self.find_first();
        }
        removed
    }

    fn is_short(&self, to: TrimTo) -> bool {
        match to {
            TrimTo::MaxLen(max) => self.length <= max,
            TrimTo::MinId(_) => false,
        }
    }

    /// Whether nothing of the first node is to stay.
    fn may_drop(&self, to: TrimTo, id: StreamId, node: &Node) -> bool {
        match to {
            TrimTo::MaxLen(max) => self.length - node.live() >= max,
            TrimTo::MinId(min) => node.last_id(id).is_none_or(|last| last < min),
        }
    }

    fn trim_within(&mut self, to: TrimTo, key: StreamId) -> u64 {
        let mut room = match to {
            TrimTo::MaxLen(max) => self.length.saturating_sub(max),
            TrimTo::MinId(_) => u64::MAX,
        };
        let stop = |id: StreamId| {
            let stop = room == 0 || matches!(to, TrimTo::MinId(min) if id >= min);
            room -= u64::from(!stop);
            stop
        };
        let Some(node) = self.nodes.get_mut(key) else { return 0 };
        let removed = node.delete_first(key, stop);
        if node.live() == 0 {
            // Only a deleted entry at its end kept it from being dropped whole.
            self.nodes.remove(key);
        }
        self.length -= removed;
        removed
    }
}
