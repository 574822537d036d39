//! ZINTER, ZINTERSTORE, ZINTERCARD: the members that all of several sorted sets have.

use std::ops::ControlFlow::{self, Break, Continue};

use engine::{Arg, Command, Ctx, Result};
use keyspace::Keyspace;
use keyspace::set::Element;

use super::algebra::{
    AGGREGATE, DESTINATION, Found, KEYS, NUMKEYS, READS_MANY, Request, STORES, Takes, WEIGHTS, WITHSCORES,
    answer, or_zero, store,
};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZINTER",
        summary: "Answers the members that all of the sorted sets have.",
        args: &[NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITHSCORES],
        complexity: COMPLEXITY,
        run: zinter,
        ..READS_MANY
    },
    Command {
        name: "ZINTERCARD",
        summary: "Answers how many members all of the sorted sets have.",
        since: "7.0.0",
        args: &[NUMKEYS, KEYS, Arg::integer("limit").token("LIMIT").optional()],
        reply: "the number, or the limit if it is larger",
        complexity: "O(N*K), N = size of the smallest input, K = number of inputs",
        run: zintercard,
        ..READS_MANY
    },
    Command {
        name: "ZINTERSTORE",
        summary: "Stores the members that all of the sorted sets have as a sorted set of its own.",
        args: &[DESTINATION, NUMKEYS, Arg::key("key").spec(1).many(), WEIGHTS, AGGREGATE],
        complexity: COMPLEXITY,
        run: zinterstore,
        ..STORES
    },
];

const COMPLEXITY: &str =
    "O(N*K)+O(M*log(M)), N = size of the smallest input, K = number of inputs, M = size of the result";

fn zinter(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 1, Takes { weights: true, scores: true, limit: false })?;
    answer(ctx, &request, intersection)
}

fn zinterstore(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 2, Takes { weights: true, ..Takes::default() })?;
    store(ctx, &request, intersection, "zinterstore")
}

fn zintercard(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 1, Takes { limit: true, ..Takes::default() })?;
    let mut count = 0;
    intersect(&request, ctx.keyspace, |_, _| {
        count += 1;
        if count < request.limit { Continue(()) } else { Break(()) }
    });
    ctx.int(count as i64)
}

fn intersection<'k>(request: &Request<'_>, keyspace: &'k Keyspace) -> Found<'k> {
    let mut found = Vec::new();
    intersect(request, keyspace, |member, score| {
        found.push((member, score));
        Continue(())
    });
    found
}

/// Looks for the members of the smallest input in the others, from small to large, until told to stop.
fn intersect<'k>(
    request: &Request<'_>,
    keyspace: &'k Keyspace,
    mut emit: impl FnMut(Element<'k>, f64) -> ControlFlow<()>,
) {
    let mut inputs = request.inputs(keyspace);
    inputs.sort_by_key(|input| input.len());
    let Some((smallest, others)) = inputs.split_first() else { return };
    for (member, score) in smallest.iter() {
        let first = or_zero(score * smallest.weight);
        let all = others.iter().try_fold(first, |sum, input| {
            let score = input.score(member)?;
            Some(request.aggregate.of(sum, score * input.weight))
        });
        if all.is_some_and(|score| emit(member, score) == Break(())) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    const LARGE: &str = "! config zset-max-listpack-entries 0";

    #[test]
    fn what_all_have() {
        check_both(
            LARGE,
            r#"
            > ZADD a 1 x 2 y 3 7
            :3
            > ZADD b 10 y 20 7 30 w 40 v
            :4
            > SADD s y 7 new u t
            :5
            > SADD i 5 6 7
            :3
            > ZINTER 2 a b
            ["y" "7"]
            > ZINTER 2 a b WITHSCORES
            ["y" "12" "7" "23"]
            > ZINTER 3 b a s WITHSCORES
            ["y" "13" "7" "24"]
            > ZINTER 2 i a WITHSCORES
            ["7" "4"]
            > ZINTER 2 s i WITHSCORES
            ["7" "2"]
            > ZINTER 2 a b WEIGHTS -2 0.5 WITHSCORES
            ["y" "1" "7" "4"]
            > ZINTER 2 a b AGGREGATE MAX WITHSCORES
            ["y" "10" "7" "20"]
            > ZINTER 2 a b AGGREGATE MIN WITHSCORES
            ["y" "2" "7" "3"]
            > ZINTER 2 a a WITHSCORES WEIGHTS 1 2
            ["x" "3" "y" "6" "7" "9"]
            > ZINTER 2 a none
            []
            > HELLO 3
            *
            > ZINTER 2 a b WITHSCORES
            [["y" ,12] ["7" ,23]]
            > ZINTER 2 none b WITHSCORES
            []
            "#,
        );
    }

    #[test]
    fn infinities_make_no_nan() {
        check_both(
            LARGE,
            r#"
            > ZADD a inf x
            :1
            > ZADD b -inf x 1 y
            :2
            > ZINTER 2 a b WITHSCORES
            ["x" "0"]
            > ZINTER 1 a WEIGHTS 0 WITHSCORES
            ["x" "0"]
            > ZINTER 2 a b WEIGHTS 1 0 AGGREGATE MIN WITHSCORES
            ["x" "inf"]
            > ZINTER 2 a b WEIGHTS 0 0 WITHSCORES
            ["x" "0"]
            "#,
        );
    }

    #[test]
    fn results_are_stored_and_counted() {
        check_both(
            LARGE,
            r#"
            > ZADD a 1 x 2 y 3 z
            :3
            > ZADD b 1 y 1 z
            :2
            > ZINTERSTORE d 2 a b WEIGHTS 2 3
            :2
            > ZRANGE d 0 -1 WITHSCORES
            ["y" "7" "z" "9"]
            > ZINTERSTORE a 2 a b AGGREGATE MIN
            :2
            > ZRANGE a 0 -1 WITHSCORES
            ["y" "1" "z" "1"]
            > ZINTERSTORE a 2 a none
            :0
            > EXISTS a
            :0
            > ZINTERCARD 2 b d
            :2
            > ZINTERCARD 2 b d LIMIT 1
            :1
            > ZINTERCARD 2 b d LIMIT 0
            :2
            > ZINTERCARD 2 b none
            :0
            > ZINTERCARD 1 b limit 9
            :2
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told_in_order() {
        check(
            r#"
            > SET str x
            +OK
            > ZADD a 1 x
            :1
            > ZINTERCARD 0 a
            -ERR at least 1 input key is needed for 'zintercard' command
            > ZINTERCARD x a
            -ERR value is not an integer or out of range
            > ZINTERCARD 2 a
            -ERR syntax error
            > ZINTERCARD 1 str LIMIT
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZINTERCARD 1 a LIMIT
            -ERR syntax error
            > ZINTERCARD 1 a LIMIT -1
            -ERR LIMIT can't be negative
            > ZINTERCARD 1 a LIMIT x
            -ERR LIMIT can't be negative
            > ZINTERCARD 1 a WITHSCORES
            -ERR syntax error
            > ZINTERSTORE d 1 a WITHSCORES
            -ERR syntax error
            > ZINTER 1 a LIMIT 1
            -ERR syntax error
            > ZINTERSTORE d 2 a str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZINTER 1
            -ERR wrong number of arguments for 'zinter' command
            "#,
        );
    }
}
