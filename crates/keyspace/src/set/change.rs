//! Changing a set, and the points at which its encoding changes: those of the peers.

use stdx::num::Decimal;
use structures::intset::Intset;
use structures::item::ItemBox;
use structures::keytable::ItemTable;
use structures::listpack::{Element, Listpack};
use structures::table::Lookup;

use super::{Set, SetView};
use crate::collection::{Collection, Limits};
use crate::env::Env;

/// The most members of an intset, whatever the limit says: the format counts so many.
const MAX_INTS: usize = 1 << 30;

fn max_ints(limits: &Limits) -> usize {
    limits.set_max_intset_entries.min(MAX_INTS)
}

/// Adds a member that is known not to be there.
pub(super) fn insert_new(table: &mut ItemTable, member: &[u8]) {
    let hash = table.hash(member);
    table.insert_new(hash, ItemBox::new(member, None, None));
}

impl Set {
    /// An empty set in the encoding for `count` members of which this is the first.
    pub fn for_members(first: &[u8], count: usize, env: &Env) -> Set {
        let limits = &env.limits;
        if matches!(Element::of(first), Element::Int(_)) && count <= limits.set_max_intset_entries {
            Set::Ints(Intset::new())
        } else if count <= limits.set_max_listpack_entries {
            Set::Packed(Listpack::new())
        } else {
            Set::table(count, env)
        }
    }

    /// An empty table with room for so many members.
    fn table(members: usize, env: &Env) -> Set {
        let mut table = ItemTable::new(env.seed);
        table.reserve(members);
        Set::Table(table)
    }

    /// An empty set to put `members` and maybe more into, whatever they are: a table if it would become one anyway.
    pub fn at_least(members: usize, env: &Env) -> Set {
        let limits = &env.limits;
        if members > max_ints(limits).max(limits.set_max_listpack_entries) {
            Set::table(members, env)
        } else {
            Set::default()
        }
    }

    /// Becomes a table if so many members are about to be added at once that it would become one anyway, as a rule.
    #[inline]
    pub fn expect_members(&mut self, count: usize, env: &Env) {
        let most = match self {
            Set::Ints(_) => env.limits.set_max_intset_entries,
            Set::Packed(_) => env.limits.set_max_listpack_entries,
            Set::Table(_) => return,
        };
        if count > most {
            self.make_table(env);
        }
    }

    /// Adds a member; `false` if it is there.
    #[inline]
    pub fn add(&mut self, member: &[u8], env: &Env) -> bool {
        match self {
            Set::Table(table) => {
                let hash = table.hash(member);
                match table.lookup_key(member, hash) {
                    Lookup::Found(_) => false,
                    Lookup::Absent(vacant) => {
                        vacant.insert(ItemBox::new(member, None, None));
                        true
                    }
                }
            }
            Set::Packed(pack) => {
                let there = pack.view().first().is_some_and(|at| pack.view().find(at, member, 0).is_some());
                if !there {
                    self.add_to_pack(member, env);
                }
                !there
            }
            Set::Ints(_) => match Element::of(member) {
                Element::Int(int) => self.add_int(int, env),
                Element::Str(_) => {
                    self.add_first_string(member, env);
                    true
                }
            },
        }
    }

    /// The same of what another set has.
    pub fn add_element(&mut self, member: Element<'_>, env: &Env) -> bool {
        match (&*self, member) {
            (Set::Ints(_), Element::Int(int)) => self.add_int(int, env),
            (_, Element::Int(int)) => self.add(Decimal::new().of(int), env),
            (_, Element::Str(bytes)) => self.add(bytes, env),
        }
    }

    /// Adds to an intset, which becomes a table if it has too many members then.
    #[inline]
    fn add_int(&mut self, int: i64, env: &Env) -> bool {
        let Set::Ints(ints) = self else { return false };
        let added = ints.insert(int);
        if added && ints.len() > max_ints(&env.limits) {
            self.make_table(env);
        }
        added
    }

    /// Adds to a listpack a member that is not there; it becomes a table where the limits say so.
    #[inline]
    fn add_to_pack(&mut self, member: &[u8], env: &Env) {
        let Set::Packed(pack) = self else { return };
        let limits = &env.limits;
        let fits = pack.len() < limits.set_max_listpack_entries
            && member.len() <= limits.set_max_listpack_value
            && pack.has_room(member.len());
        if fits {
            pack.push_back(Element::of(member));
        } else {
            self.add_as_table(member, env);
        }
    }

    /// Adds to an intset what is no integer: it becomes a listpack if all fits, else a table.
    #[cold]
    fn add_first_string(&mut self, member: &[u8], env: &Env) {
        let Set::Ints(ints) = self else { return };
        let (ints, limits) = (ints.view(), &env.limits);
        let ends = [ints.min(), ints.max()].into_iter().flatten();
        let longest = ends.clone().map(|int| stdx::num::digits10(int.unsigned_abs())).max();
        let bytes = ends.map(|int| Listpack::from_iter([Element::Int(int)]).bytes().len()).max();
        let fits = ints.len() < limits.set_max_listpack_entries
            && member.len().max(longest.unwrap_or(0)) <= limits.set_max_listpack_value
            && Listpack::new().has_room(ints.len().saturating_mul(bytes.unwrap_or(0)) + member.len());
        if fits {
            let mut pack: Listpack = ints.iter().map(Element::Int).collect();
            pack.push_back(Element::Str(member));
            *self = Set::Packed(pack);
        } else {
            self.add_as_table(member, env);
        }
    }

    #[cold]
    fn add_as_table(&mut self, member: &[u8], env: &Env) {
        if let Set::Table(table) = self.make_table(env) {
            insert_new(table, member);
        }
    }

    /// Becomes a table.
    pub fn make_table(&mut self, env: &Env) -> &mut Set {
        if !matches!(self, Set::Table(_)) {
            let mut table = ItemTable::new(env.seed);
            table.reserve(self.len() + 1);
            let mut digits = Vec::new();
            for member in self.view().iter() {
                insert_new(&mut table, member.bytes(&mut digits));
            }
            *self = Set::Table(table);
        }
        self
    }

    /// Becomes an intset if it is small enough; all members are known to be integers.
    pub fn settle(&mut self, env: &Env) {
        if matches!(self, Set::Ints(_)) || self.len() > max_ints(&env.limits) {
            return;
        }
        let int = |member: Element<'_>| match member {
            Element::Int(int) => Some(int),
            Element::Str(bytes) => stdx::num::parse_i64(bytes),
        };
        let mut ints: Vec<i64> = self.view().iter().filter_map(int).collect();
        if ints.len() == self.len() {
            ints.sort_unstable();
            *self = Set::Ints(ints.into_iter().collect());
        }
    }

    /// Removes a member; `false` if it is not there.
    #[inline]
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Set::Table(table) => {
                let hash = table.hash(member);
                table.remove(member, hash).is_some()
            }
            Set::Packed(pack) => {
                let found = pack.view().first().and_then(|first| pack.view().find(first, member, 0));
                if let Some(at) = found {
                    pack.remove(at);
                }
                found.is_some()
            }
            Set::Ints(ints) => match Element::of(member) {
                Element::Int(int) => ints.remove(int),
                Element::Str(_) => false,
            },
        }
    }

    /// The same of what another set has.
    pub fn remove_element(&mut self, member: Element<'_>) -> bool {
        match (&mut *self, member) {
            (Set::Ints(ints), Element::Int(int)) => ints.remove(int),
            (_, Element::Int(int)) => self.remove(Decimal::new().of(int)),
            (_, Element::Str(bytes)) => self.remove(bytes),
        }
    }

    /// An empty set to put members of another one into, in its encoding as far as that is packed.
    pub fn like(set: SetView<'_>) -> Set {
        match set {
            SetView::Ints(_) => Set::Ints(Intset::new()),
            SetView::Packed(_) | SetView::Table(_) => Set::Packed(Listpack::new()),
        }
    }
}
