//! Sessions that may be resumed: a handshake without signatures. As many as are allowed, the oldest go first, and none
//! is resumed when its time is up.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rustls::server::StoresServerSessions;

/// Sessions by their ids, for one configuration: with new certificates all begin anew.
pub(super) struct Sessions {
    most: usize,
    life: Duration,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sessions: HashMap<Vec<u8>, (Vec<u8>, Instant)>,
    /// In the order in which they came; some are gone already.
    order: VecDeque<(Vec<u8>, Instant)>,
}

impl std::fmt::Debug for Sessions {
    /// They are secrets.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sessions").field("most", &self.most).field("life", &self.life).finish()
    }
}

impl Sessions {
    pub fn new(most: usize, life: Duration) -> Sessions {
        Sessions { most, life, kept: Mutex::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> T {
        // A thread that panicked in here left nothing half done.
        act(&mut self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Kept {
    /// Forgets the oldest until there is room for one more.
    fn make_room(&mut self, most: usize) {
        while self.order.len() >= most
            && let Some((id, came)) = self.order.pop_front()
        {
            if self.sessions.get(&id).is_some_and(|(_, other)| *other == came) {
                self.sessions.remove(&id);
            }
        }
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        let now = Instant::now();
        self.with(|kept| {
            kept.make_room(self.most);
            kept.order.push_back((id.clone(), now));
            kept.sessions.insert(id, (session, now));
        });
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let found = self.with(|kept| kept.sessions.get(id).cloned());
        found.filter(|(_, came)| came.elapsed() < self.life).map(|(session, _)| session)
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        let found = self.with(|kept| kept.sessions.remove(id));
        found.filter(|(_, came)| came.elapsed() < self.life).map(|(session, _)| session)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_and_the_old_are_not_resumed() {
        let sessions = Sessions::new(2, Duration::from_secs(60));
        for id in [1u8, 2, 3] {
            assert!(sessions.put(vec![id], vec![id, id]));
        }
        assert_eq!(sessions.get(&[1]), None);
        assert_eq!(sessions.get(&[2]), Some(vec![2, 2]));
        assert_eq!(sessions.take(&[3]), Some(vec![3, 3]));
        assert_eq!(sessions.take(&[3]), None);
        let short = Sessions::new(2, Duration::ZERO);
        short.put(vec![1], vec![1]);
        assert_eq!((short.get(&[1]), short.take(&[1])), (None, None));
        for id in 0..100 {
            sessions.put(vec![id], vec![id]);
        }
        assert_eq!(sessions.with(|kept| (kept.sessions.len(), kept.order.len())), (2, 2));
    }
}
