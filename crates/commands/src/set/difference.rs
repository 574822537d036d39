//! SDIFF, SDIFFSTORE: the members of a set that none of others has.
//!
//! Either each member of the first set is looked for in the others (from large to small, as it is likely to be found in
//! a large one), or all the others' members are taken out of a copy of the first. The sizes decide, as with the peers.

use engine::{Arity, Command, Ctx, Result};
use keyspace::set::Element;
use keyspace::{Collection, Env, Keyspace, Seed, Set, SetView};

use super::algebra::{READS_MANY, STORES, Sources, store};
use super::met::Met;
use super::put;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SDIFF",
        summary: "Answers the members of the first set that none of the others has.",
        arity: Arity::AtLeast(2),
        reply: "the members",
        complexity: "O(N), N = size of all sets together",
        run: sdiff,
        ..READS_MANY
    },
    Command {
        name: "SDIFFSTORE",
        summary: "Stores the members of the first set that none of the others has as a set of its own.",
        arity: Arity::AtLeast(3),
        complexity: "O(N), N = size of all sets together",
        run: sdiffstore,
        ..STORES
    },
];

/// The sets, and how to go about it.
pub(super) struct Difference<'k> {
    first: SetView<'k>,
    others: Vec<SetView<'k>>,
    by_lookup: bool,
}

impl<'k> Difference<'k> {
    /// `None` if nothing can be left over.
    pub fn of(sources: &Sources<'_>, keyspace: &'k Keyspace) -> Option<Self> {
        let sets = sources.sets(keyspace);
        let first = sets.first().copied().flatten().filter(|_| !sources.first_again())?;
        let mut others: Vec<SetView<'k>> = sets.into_iter().skip(1).flatten().collect();
        let lookups = first.len().saturating_mul(1 + others.len()) / 2;
        let all: usize = first.len() + others.iter().map(|set| set.len()).sum::<usize>();
        others.sort_by_key(|set| std::cmp::Reverse(set.len()));
        Some(Difference { first, others, by_lookup: lookups <= all })
    }

    /// What is left over, in the order of the first set.
    fn members(&self, seed: Seed) -> Vec<Element<'k>> {
        if self.by_lookup {
            return self.first.iter().filter(|member| self.is_left(*member)).collect();
        }
        let left = self.taken_out(seed);
        self.first.iter().filter(|member| left.has(*member)).collect()
    }

    /// How many are left over, `most` at most.
    pub fn count(&self, seed: Seed, most: usize) -> usize {
        if self.by_lookup {
            return self.first.iter().filter(|member| self.is_left(*member)).take(most).count();
        }
        self.taken_out(seed).len().min(most)
    }

    /// The first set without what the others have.
    fn taken_out(&self, seed: Seed) -> Met<'k, ()> {
        let mut met = Met::new(seed, self.first.len());
        for member in self.first.iter() {
            met.insert(member, ());
        }
        for member in self.others.iter().flat_map(|set| set.iter()) {
            met.remove(member);
            if met.len() == 0 {
                break;
            }
        }
        met
    }

    fn is_left(&self, member: Element<'_>) -> bool {
        !self.others.iter().any(|set| set.has_element(member))
    }

    /// What is left over as a set of its own, which has the encoding of the largest that it was on the way.
    fn stored(&self, env: &Env) -> Set {
        let mut result = Set::default();
        for member in self.first.iter() {
            if !self.by_lookup || self.is_left(member) {
                result.add_element(member, env);
            }
        }
        if !self.by_lookup {
            for member in self.others.iter().flat_map(|set| set.iter()) {
                result.remove_element(member);
                if result.is_empty() {
                    break;
                }
            }
        }
        result
    }
}

fn sdiff(ctx: &mut Ctx<'_>) -> Result {
    let sources = Sources::look_up(ctx, 1, ctx.argv.len())?;
    let seed = ctx.keyspace.env.seed;
    let members = Difference::of(&sources, ctx.keyspace).map_or_else(Vec::new, |sets| sets.members(seed));
    let out = &mut ctx.client.out;
    out.set(members.len());
    members.into_iter().for_each(|member| put(out, member));
    Ok(())
}

fn sdiffstore(ctx: &mut Ctx<'_>) -> Result {
    let sources = Sources::look_up(ctx, 2, ctx.argv.len())?;
    let keyspace: &Keyspace = ctx.keyspace;
    let sets = Difference::of(&sources, keyspace);
    let result = sets.map_or_else(Set::default, |sets| sets.stored(&keyspace.env));
    store(ctx, result, "sdiffstore")
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_the_others_have_not() {
        check(
            r#"
            > SADD i 5 1 3 7 9
            :5
            > SADD j 9 3
            :2
            > SADD l x 5 y
            :3
            > SDIFF i
            ["1" "3" "5" "7" "9"]
            > SDIFF i j
            ["1" "5" "7"]
            > SDIFF i j none l
            ["1" "7"]
            > SDIFF l i
            ["x" "y"]
            > SDIFF i i
            []
            > SDIFF i j i
            []
            > SDIFF none i
            []
            > HELLO 3
            *
            > SDIFF l i
            ~["x" "y"]
            > SDIFF none
            ~[]
            "#,
        );
    }

    /// Three small others beside a large first: looking up would cost more than taking out.
    #[test]
    fn the_other_way_finds_the_same() {
        check(
            r#"
            ! config set-max-intset-entries 5
            > SADD a 1 2 3 4 5 6 7 8
            :8
            > SADD b 1
            :1
            > SADD c 3 x
            :2
            > SADD d 8
            :1
            > HELLO 3
            *
            > SDIFF a b c d
            ~["2" "4" "5" "6" "7"]
            > SDIFFSTORE e a b c d
            :5
            > OBJECT ENCODING e
            "hashtable"
            > SDIFFSTORE e a b
            :7
            > SADD all 1 2 3 4 5 6 7 8
            :8
            > SDIFF a b c d all
            ~[]
            > SADD p 1 2 3
            :3
            > SDIFF p b b b b b
            ~["2" "3"]
            > SDIFFSTORE e p b b b b b
            :2
            > OBJECT ENCODING e
            "intset"
            "#,
        );
    }

    #[test]
    fn results_are_stored() {
        check(
            r#"
            > SADD i 1 2 3
            :3
            > SADD l x 3 4
            :3
            > SDIFFSTORE d i l
            :2
            > OBJECT ENCODING d
            "intset"
            > SDIFFSTORE d l i
            :2
            > SMEMBERS d
            ["x" "4"]
            > OBJECT ENCODING d
            "listpack"
            > SDIFFSTORE i i l
            :2
            > SMEMBERS i
            ["1" "2"]
            > SDIFFSTORE i i i
            :0
            > EXISTS i
            :0
            > SDIFFSTORE i none l
            :0
            > SET d str
            +OK
            > SDIFFSTORE d none
            :0
            > EXISTS d
            :0
            "#,
        );
    }

    #[test]
    fn errors() {
        check(
            r#"
            > SET str x
            +OK
            > SADD s a
            :1
            > SDIFF none str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SDIFF s s str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SDIFFSTORE d str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SDIFF
            -ERR wrong number of arguments for 'sdiff' command
            > SDIFFSTORE d
            -ERR wrong number of arguments for 'sdiffstore' command
            "#,
        );
    }
}
