//! SUNION, SUNIONSTORE: the members that one of several sets has at least.

use engine::{Arity, Command, Ctx, Result};
use keyspace::set::Element;
use keyspace::{Keyspace, Set, SetView};

use super::algebra::{READS_MANY, STORES, Sources, store};
use super::met::Met;
use super::put;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SUNION",
        summary: "Answers the members that at least one of the sets has.",
        arity: Arity::AtLeast(2),
        reply: "the members",
        complexity: "O(N), N = size of all sets together",
        run: sunion,
        ..READS_MANY
    },
    Command {
        name: "SUNIONSTORE",
        summary: "Stores the members that at least one of the sets has as a set of its own.",
        arity: Arity::AtLeast(3),
        complexity: "O(N), N = size of all sets together",
        run: sunionstore,
        ..STORES
    },
];

fn sunion(ctx: &mut Ctx<'_>) -> Result {
    let sources = Sources::look_up(ctx, 1, ctx.argv.len())?;
    let sets: Vec<SetView<'_>> = sources.sets(ctx.keyspace).into_iter().flatten().collect();
    let members = match sets[..] {
        [only] => only.iter().collect(),
        _ if sets.iter().all(|set| matches!(set, SetView::Ints(_))) => sorted(&sets),
        _ => {
            let mut met = Met::new(ctx.keyspace.env.seed, largest(&sets));
            sets.iter()
                .flat_map(|set| set.iter())
                .filter(|member| met.insert(*member, ()).is_none())
                .collect::<Vec<_>>()
        }
    };
    let out = &mut ctx.client.out;
    out.set(members.len());
    members.into_iter().for_each(|member| put(out, member));
    Ok(())
}

/// The union has no fewer members.
fn largest(sets: &[SetView<'_>]) -> usize {
    sets.iter().map(|set| set.len()).max().unwrap_or(0)
}

/// Integers only, ascending.
fn sorted<'k>(sets: &[SetView<'k>]) -> Vec<Element<'k>> {
    let int = |member: Element<'_>| match member {
        Element::Int(int) => Some(int),
        Element::Str(_) => None,
    };
    let mut ints: Vec<i64> = sets.iter().flat_map(|set| set.iter()).filter_map(int).collect();
    // Runs that ascend already are merged.
    ints.sort();
    ints.dedup();
    ints.into_iter().map(Element::Int).collect()
}

fn sunionstore(ctx: &mut Ctx<'_>) -> Result {
    let sources = Sources::look_up(ctx, 2, ctx.argv.len())?;
    let keyspace: &Keyspace = ctx.keyspace;
    let sets: Vec<SetView<'_>> = sources.sets(keyspace).into_iter().flatten().collect();
    let mut result = Set::at_least(largest(&sets), &keyspace.env);
    for set in sets {
        for member in set.iter() {
            result.add_element(member, &keyspace.env);
        }
    }
    store(ctx, result, "sunionstore")
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_any_has() {
        check(
            r#"
            > SADD i 5 1 3
            :3
            > SADD j 4 3 70000
            :3
            > SADD l x 3 y
            :3
            > SUNION i j
            ["1" "3" "4" "5" "70000"]
            > SUNION i none i
            ["1" "3" "5"]
            > SUNION l none
            ["x" "3" "y"]
            > SUNION none
            []
            > SUNION none none2
            []
            > HELLO 3
            *
            > SUNION i l j
            ~["1" "3" "5" "x" "y" "4" "70000"]
            > SUNION l l
            ~["x" "3" "y"]
            > SUNION none
            ~[]
            "#,
        );
    }

    #[test]
    fn results_are_stored_in_their_own_encoding() {
        check(
            r#"
            ! config set-max-intset-entries 4
            ! config set-max-listpack-entries 5
            > SADD i 1 2 3
            :3
            > SADD j 3 4
            :2
            > SADD l x 3
            :2
            > SUNIONSTORE d i j
            :4
            > OBJECT ENCODING d
            "intset"
            > SUNIONSTORE d j i l
            :5
            > SMEMBERS d
            ["1" "2" "3" "4" "x"]
            > OBJECT ENCODING d
            "listpack"
            > SADD j 9
            :1
            > SUNIONSTORE i i j
            :5
            > OBJECT ENCODING i
            "hashtable"
            > SUNIONSTORE d none none2
            :0
            > EXISTS d
            :0
            > SET d str
            +OK
            > SUNIONSTORE d l
            :2
            > TYPE d
            +set
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
            > SUNION none s str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SUNIONSTORE d s str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > EXISTS d
            :0
            > SUNION
            -ERR wrong number of arguments for 'sunion' command
            > SUNIONSTORE d
            -ERR wrong number of arguments for 'sunionstore' command
            "#,
        );
    }
}
