//! Members met, and what is known of each: for unions and differences of sets and sorted sets.
//!
//! Members come from sets in different encodings, and nothing of them is copied: a string that reads as an integer counts
//! as that integer. The hash has the keyspace's secret, so nobody can choose members that collide.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use keyspace::Seed;
use keyspace::set::Element;

pub(crate) struct Met<'k, T> {
    members: HashMap<Known<'k>, T, BuildHasherDefault<Identity>>,
    seed: Seed,
}

impl<'k, T> Met<'k, T> {
    /// With room for so many.
    pub fn new(seed: Seed, members: usize) -> Self {
        Met { members: HashMap::with_capacity_and_hasher(members, BuildHasherDefault::default()), seed }
    }

    /// Notes a member that was not met before; else answers what is known of it.
    pub fn insert(&mut self, member: Element<'k>, what: T) -> Option<&mut T> {
        use std::collections::hash_map::Entry::{Occupied, Vacant};
        match self.members.entry(self.known(member)) {
            Occupied(there) => Some(there.into_mut()),
            Vacant(vacant) => {
                vacant.insert(what);
                None
            }
        }
    }

    pub fn remove(&mut self, member: Element<'k>) {
        let member = self.known(member);
        self.members.remove(&member);
    }

    pub fn has(&self, member: Element<'k>) -> bool {
        self.members.contains_key(&self.known(member))
    }

    pub fn len(&self) -> usize {
        self.members.len()
    }

    fn known(&self, member: Element<'k>) -> Known<'k> {
        let member = match member {
            Element::Str(bytes) => Element::of(bytes),
            int => int,
        };
        let hash = match member {
            Element::Str(bytes) => structures::hash_key(self.seed, bytes),
            Element::Int(int) => structures::hash_key(self.seed, &int.to_le_bytes()),
        };
        Known { hash, member }
    }
}

/// A member and its hash.
#[derive(PartialEq, Eq)]
struct Known<'k> {
    hash: u64,
    member: Element<'k>,
}

impl Hash for Known<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Takes a hash as it is.
#[derive(Default)]
struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_integers_are_the_same_members() {
        let mut met = Met::new(Seed { k0: 1, k1: 2 }, 0);
        assert_eq!(met.insert(Element::Int(12), 'a'), None);
        assert_eq!(met.insert(Element::Str(b"12"), 'b'), Some(&mut 'a'));
        assert_eq!(met.insert(Element::Str(b"012"), 'c'), None);
        met.remove(Element::Str(b"12"));
        assert!(!met.has(Element::Int(12)) && met.has(Element::Str(b"012")) && met.len() == 1);
    }
}
