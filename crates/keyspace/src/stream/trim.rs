//! Trimming: the oldest entries go, with regard to the groups that were given them if that is asked for.

use super::Stream;
use super::id::StreamId;
use super::log::Log;
use super::node::Node;
use super::refs::References;

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

impl Stream {
    /// Removes the oldest entries and says how many. `O(entries that go)`, times groups unless references are kept.
    pub fn trim(&mut self, trim: Trim, references: References) -> u64 {
        let Stream { log, groups } = self;
        match references {
            References::Keep => log.trim(trim, None),
            References::Delete => log.trim(trim, Some(&mut |id| groups.acknowledge_everywhere(id))),
            References::Acknowledged => {
                let floor = groups.iter().map(|group| group.last_id).min().unwrap_or(StreamId::MAX);
                log.trim_but(trim, floor, |id| groups.iter().any(|group| group.needs(id)))
            }
        }
    }
}

impl Log {
    /// Removes entries at the front and says how many, and which if that is to be told. What is trimmed does not count
    /// as deleted: it leaves no gap.
    pub(super) fn trim(&mut self, trim: Trim, mut tell: Option<&mut dyn FnMut(StreamId)>) -> u64 {
        let mut removed = 0;
        while let Some((id, node)) = self.nodes.first() {
            let live = node.live();
            if self.is_short(trim.to) || (trim.limit > 0 && removed + live > trim.limit) {
                break;
            }
            if self.may_drop(trim.to, id, node) {
                if let Some(tell) = &mut tell {
                    live_ids(id, node).for_each(tell);
                }
                self.nodes.pop_first();
                self.length -= live;
                removed += live;
            } else {
                if !trim.approximate {
                    removed += self.trim_within(trim.to, id, tell);
                }
                break;
            }
        }
        if removed > 0 {
            self.find_first();
        }
        removed
    }

    /// Removes entries that are not `needed`, the oldest first, up to `floor`: all behind it are needed. Nodes do not
    /// matter here, so that the length it led to tells others all that was done. Entries behind one that stays count as
    /// deleted.
    fn trim_but(&mut self, trim: Trim, floor: StreamId, needed: impl Fn(StreamId) -> bool) -> u64 {
        let (mut removed, mut gap, mut at) = (0, false, StreamId::MIN);
        let end = match trim.to {
            TrimTo::MaxLen(_) => floor,
            TrimTo::MinId(min) => min.previous().map_or(StreamId::MIN, |last| last.min(floor)),
        };
        while let Some((id, node)) = self.nodes.range(at, end).next() {
            let room = self.room(trim, removed);
            if room == 0 {
                break;
            }
            let last = node.last_id(id).unwrap_or(id);
            let doomed = live_ids(id, node).take_while(|id| *id <= end).filter(|id| !needed(*id));
            let doomed: Vec<_> = doomed.take(room).collect();
            gap = self.remove_of_node(id, &doomed, gap);
            removed += doomed.len() as u64;
            match last.next() {
                Some(next) => at = next,
                None => break,
            }
        }
        if removed > 0 {
            self.find_first();
        }
        removed
    }

    /// How many entries may still go.
    fn room(&self, trim: Trim, removed: u64) -> usize {
        let room = match trim.to {
            TrimTo::MaxLen(max) => self.length.saturating_sub(max),
            TrimTo::MinId(_) => u64::MAX,
        };
        let room = if trim.limit > 0 { room.min(trim.limit.saturating_sub(removed)) } else { room };
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// Removes entries of a node. `gap`: there are older ones that stay. Says whether some stay now.
    fn remove_of_node(&mut self, key: StreamId, doomed: &[StreamId], gap: bool) -> bool {
        let Some(node) = self.nodes.get_mut(key) else { return gap };
        let (live, mut stays) = (node.live(), gap);
        let mut next = doomed.iter().copied().peekable();
        for id in live_ids(key, node).collect::<Vec<_>>() {
            if next.next_if_eq(&id).is_none() {
                stays = true;
                continue;
            }
            node.delete(key, id);
            if stays {
                self.max_deleted = self.max_deleted.max(id);
            }
        }
        self.length -= doomed.len() as u64;
        if live == doomed.len() as u64 {
            self.nodes.remove(key);
        }
        stays
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

    fn trim_within(&mut self, to: TrimTo, key: StreamId, mut tell: Option<&mut dyn FnMut(StreamId)>) -> u64 {
        let mut room = match to {
            TrimTo::MaxLen(max) => self.length.saturating_sub(max),
            TrimTo::MinId(_) => u64::MAX,
        };
        let stop = |id: StreamId| {
            let stop = room == 0 || matches!(to, TrimTo::MinId(min) if id >= min);
            room -= u64::from(!stop);
            if let (false, Some(tell)) = (stop, &mut tell) {
                tell(id);
            }
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

/// The live entries of a node.
fn live_ids(id: StreamId, node: &Node) -> impl Iterator<Item = StreamId> {
    let mut entries = node.entries(id);
    std::iter::from_fn(move || entries.next_live()).map(|entry| entry.id)
}
