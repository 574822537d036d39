//! ZDIFF, ZDIFFSTORE: the members of a sorted set that none of others has.
//!
//! Either each member of the first input is looked for in the others (from large to small, as it is likely to be found in
//! a large one), or the others' members are struck off a list of the first one's. The sizes decide.

use engine::{Arg, Command, Ctx, Result};
use keyspace::Keyspace;

use super::algebra::{
    DESTINATION, Found, Input, KEYS, NUMKEYS, READS_MANY, Request, STORES, Takes, WITHSCORES, answer, store,
};
use crate::set::Met;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZDIFF",
        summary: "Answers the members of the first sorted set that none of the others has.",
        args: &[NUMKEYS, KEYS, WITHSCORES],
        complexity: "O(L), L = size of all inputs together",
        run: zdiff,
        ..READS_MANY
    },
    Command {
        name: "ZDIFFSTORE",
        summary: "Stores the members of the first sorted set that none of the others has as one of its own.",
        since: "6.2.0",
        args: &[DESTINATION, NUMKEYS, Arg::key("key").spec(1).many()],
        complexity: "O(L), L = size of all inputs together",
        run: zdiffstore,
        ..STORES
    },
];

fn zdiff(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 1, Takes { scores: true, ..Takes::default() })?;
    answer(ctx, &request, difference)
}

fn zdiffstore(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 2, Takes::default())?;
    store(ctx, &request, difference, "zdiffstore")
}

fn difference<'k>(request: &Request<'_>, keyspace: &'k Keyspace) -> Found<'k> {
    let inputs = request.inputs(keyspace);
    let Some((first, others)) = inputs.split_first().filter(|_| !request.first_again()) else {
        return Vec::new();
    };
    let mut others: Vec<Input<'k>> = others.to_vec();
    others.sort_by_key(|input| std::cmp::Reverse(input.len()));
    let lookups = first.len().saturating_mul(inputs.len()) / 2;
    if lookups <= inputs.iter().map(|input| input.len()).sum::<usize>() {
        let is_left = |(member, _): &_| !others.iter().any(|input| input.score(*member).is_some());
        return first.iter().filter(is_left).collect();
    }
    let mut left = Met::new(keyspace.env.seed, first.len());
    for (member, _) in first.iter() {
        left.insert(member, ());
    }
    for (member, _) in others.iter().flat_map(|input| input.iter()) {
        left.remove(member);
        if left.len() == 0 {
            break;
        }
    }
    first.iter().filter(|(member, _)| left.has(*member)).collect()
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    const LARGE: &str = "! config zset-max-listpack-entries 0";

    #[test]
    fn what_the_others_have_not() {
        check_both(
            LARGE,
            r#"
            > ZADD a 4 w 1 x 2 y 3 7
            :4
            > ZADD b 10 y 20 z
            :2
            > SADD s 7 v
            :2
            > SADD i 10 9 7
            :3
            > ZDIFF 2 a b
            ["x" "7" "w"]
            > ZDIFF 3 a b s WITHSCORES
            ["x" "1" "w" "4"]
            > ZDIFF 1 a WITHSCORES
            ["x" "1" "y" "2" "7" "3" "w" "4"]
            > ZDIFF 2 i a WITHSCORES
            ["10" "1" "9" "1"]
            > ZDIFF 2 a a
            []
            > ZDIFF 3 a b a
            []
            > ZDIFF 2 none a
            []
            > ZDIFF 2 a none
            ["x" "y" "7" "w"]
            > HELLO 3
            *
            > ZDIFF 3 a b s WITHSCORES
            [["x" ,1] ["w" ,4]]
            "#,
        );
    }

    /// Small others beside a large first: looking up would cost more than striking off.
    #[test]
    fn the_other_way_finds_the_same() {
        check_both(
            LARGE,
            r#"
            > ZADD a 1 a 2 b 3 c 4 d 5 5 6 f
            :6
            > ZADD b 0 a
            :1
            > SADD c 5
            :1
            > ZADD d 9 q
            :1
            > ZDIFF 5 a b c d d WITHSCORES
            ["b" "2" "c" "3" "d" "4" "f" "6"]
            > ZADD all 1 a 2 b 3 c 4 d 5 5 6 f
            :6
            > ZDIFF 8 b c c c c c c c
            ["a"]
            > ZDIFF 6 b b c c c c
            []
            > ZDIFF 8 a b b b b b c all
            []
            "#,
        );
    }

    #[test]
    fn results_are_stored() {
        check_both(
            LARGE,
            r#"
            > ZADD a 1 x 2 y 3 z
            :3
            > ZADD b 5 y
            :1
            > ZDIFFSTORE d 2 a b
            :2
            > ZRANGE d 0 -1 WITHSCORES
            ["x" "1" "z" "3"]
            > ZDIFFSTORE a 2 a b
            :2
            > ZDIFFSTORE d 2 a a
            :0
            > EXISTS d
            :0
            > ZDIFFSTORE d 2 none a
            :0
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > SET str x
            +OK
            > ZADD a 1 x
            :1
            > ZDIFF 0 a
            -ERR at least 1 input key is needed for 'zdiff' command
            > ZDIFFSTORE d 0 a
            -ERR at least 1 input key is needed for 'zdiffstore' command
            > ZDIFF 1 a WEIGHTS 1
            -ERR syntax error
            > ZDIFF 1 a AGGREGATE SUM
            -ERR syntax error
            > ZDIFFSTORE d 1 a WITHSCORES
            -ERR syntax error
            > ZDIFF 2 a str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZDIFF 1
            -ERR wrong number of arguments for 'zdiff' command
            > ZDIFFSTORE d 1
            -ERR wrong number of arguments for 'zdiffstore' command
            "#,
        );
    }
}
