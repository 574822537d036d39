//! SINTER, SINTERSTORE: the members that all of several sets have.
//!
//! The members of the smallest set are looked for in the others, from small to large. Intsets are read side by side
//! ([`Prober`]).

use std::ops::ControlFlow::{self, Break, Continue};

use engine::{Arity, Command, Ctx, Result};
use keyspace::set::{Element, Prober};
use keyspace::{Keyspace, Set, SetView};

use super::algebra::{READS_MANY, STORES, Sources, store};
use super::put;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SINTER",
        summary: "Answers the members that all of the sets have.",
        arity: Arity::AtLeast(2),
        reply: "the members",
        complexity: "O(N*M), N = size of the smallest set, M = number of sets",
        run: sinter,
        ..READS_MANY
    },
    Command {
        name: "SINTERSTORE",
        summary: "Stores the members that all of the sets have as a set of its own.",
        arity: Arity::AtLeast(3),
        complexity: "O(N*M), N = size of the smallest set, M = number of sets",
        run: sinterstore,
        ..STORES
    },
];

fn sinter(ctx: &mut Ctx<'_>) -> Result {
    let sources = Sources::look_up(ctx, 1, ctx.argv.len())?;
    let mut found = Vec::new();
    intersect(sources.sets(ctx.keyspace), |member| {
        found.push(member);
        Continue(())
    });
    let out = &mut ctx.client.out;
    out.set(found.len());
    found.into_iter().for_each(|member| put(out, member));
    Ok(())
}

fn sinterstore(ctx: &mut Ctx<'_>) -> Result {
    let sources = Sources::look_up(ctx, 2, ctx.argv.len())?;
    let result = intersection(ctx.keyspace, &sources);
    store(ctx, result, "sinterstore")
}

/// The result as a set of its own: an intset if it has nothing but integers and is not too large for one.
fn intersection(keyspace: &Keyspace, sources: &Sources<'_>) -> Set {
    let sets = sources.sets(keyspace);
    let smallest = sets.iter().flatten().min_by_key(|set| set.len());
    let mut result = smallest.map_or_else(Set::default, |set| Set::like(*set));
    let mut only_ints = true;
    intersect(sets, |member| {
        only_ints = only_ints && is_int(member);
        result.add_element(member, &keyspace.env);
        Continue(())
    });
    if only_ints {
        result.settle(&keyspace.env);
    }
    result
}

fn is_int(member: Element<'_>) -> bool {
    match member {
        Element::Int(_) => true,
        Element::Str(bytes) => matches!(Element::of(bytes), Element::Int(_)),
    }
}

/// Emits what all sets have, in the order of the smallest (of equal ones the first), until told to stop.
pub(super) fn intersect<'k>(
    sets: Vec<Option<SetView<'k>>>,
    mut emit: impl FnMut(Element<'k>) -> ControlFlow<()>,
) {
    let Some(mut sets) = sets.into_iter().collect::<Option<Vec<_>>>() else { return };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return };
    let mut others: Vec<Prober<'_>> = others.iter().map(|set| Prober::new(*set, *smallest)).collect();
    for member in smallest.iter() {
        if others.iter_mut().all(|set| set.has(member)) && emit(member) == Break(()) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_all_have() {
        check(
            r#"
            > SADD i 5 1 3 7 9
            :5
            > SADD j 9 3 4 70000
            :4
            > SADD l x 3 9 y
            :4
            > SADD m y z x
            :3
            > SINTER i
            ["1" "3" "5" "7" "9"]
            > SINTER i j
            ["3" "9"]
            > SINTER j i j i
            ["3" "9"]
            > SINTER i l j
            ["3" "9"]
            > SINTER l m
            ["y" "x"]
            > SINTER m m
            ["y" "z" "x"]
            > SINTER i m
            []
            > SINTER i none
            []
            > SINTER none
            []
            > HELLO 3
            *
            > SINTER l m
            ~["y" "x"]
            > SINTER none l
            ~[]
            "#,
        );
    }

    #[test]
    fn strings_that_are_integers_meet_integers() {
        check(
            r#"
            ! config set-max-listpack-entries 3
            > SADD t a b 3 02 9
            :5
            > OBJECT ENCODING t
            "hashtable"
            > SADD i 1 2 3 9
            :4
            > SINTER t i
            ["3" "9"]
            > SADD l 9 b
            :2
            > SINTER l t
            ["9" "b"]
            > SINTERSTORE d i t
            :2
            > OBJECT ENCODING d
            "intset"
            > SMEMBERS d
            ["3" "9"]
            "#,
        );
    }

    #[test]
    fn results_are_stored_in_their_own_encoding() {
        check(
            r#"
            > SADD l 1 2 3 x
            :4
            > SADD m 3 2 y
            :3
            > SINTERSTORE d l m
            :2
            > OBJECT ENCODING d
            "intset"
            > SADD m x
            :1
            > SINTERSTORE d l m
            :3
            > OBJECT ENCODING d
            "listpack"
            > SMEMBERS d
            ["2" "3" "x"]
            > SINTERSTORE l l m
            :3
            > SMEMBERS l
            ["2" "3" "x"]
            > EXPIRE d 100
            :1
            > SINTERSTORE d l none
            :0
            > EXISTS d
            :0
            > SINTERSTORE d none
            :0
            > SET d str
            +OK
            > SINTERSTORE d m
            :4
            > TTL d
            :-1
            > SINTERSTORE d d d
            :4
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
            > SINTER s str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SINTER none str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SINTERSTORE s none str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > EXISTS s
            :1
            > SINTER
            -ERR wrong number of arguments for 'sinter' command
            > SINTERSTORE s
            -ERR wrong number of arguments for 'sinterstore' command
            "#,
        );
    }
}
