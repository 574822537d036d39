//! ZUNION, ZUNIONSTORE: the members that one of several sorted sets has at least.

use engine::{Arg, Command, Ctx, Result};
use keyspace::Keyspace;

use super::algebra::{
    AGGREGATE, DESTINATION, Found, KEYS, NUMKEYS, READS_MANY, Request, STORES, Takes, WEIGHTS, WITHSCORES,
    answer, or_zero, store,
};
use crate::set::Met;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZUNION",
        summary: "Answers the members that at least one of the sorted sets has.",
        args: &[NUMKEYS, KEYS, WEIGHTS, AGGREGATE, WITHSCORES],
        complexity: "O(N)+O(M*log(M)), N = size of all inputs together, M = size of the result",
        run: zunion,
        ..READS_MANY
    },
    Command {
        name: "ZUNIONSTORE",
        summary: "Stores the members that at least one of the sorted sets has as a sorted set of its own.",
        args: &[DESTINATION, NUMKEYS, Arg::key("key").spec(1).many(), WEIGHTS, AGGREGATE],
        complexity: "O(N)+O(M*log(M)), N = size of all inputs together, M = size of the result",
        run: zunionstore,
        ..STORES
    },
];

fn zunion(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 1, Takes { weights: true, scores: true, limit: false })?;
    answer(ctx, &request, union)
}

fn zunionstore(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 2, Takes { weights: true, ..Takes::default() })?;
    store(ctx, &request, union, "zunionstore")
}

/// Inputs are added from small to large: with scores that are not whole the order is seen in the sum.
fn union<'k>(request: &Request<'_>, keyspace: &'k Keyspace) -> Found<'k> {
    let mut inputs = request.inputs(keyspace);
    inputs.sort_by_key(|input| input.len());
    let largest = inputs.last().map_or(0, |input| input.len());
    let mut found: Found<'k> = Vec::with_capacity(largest);
    let mut met = Met::new(keyspace.env.seed, largest);
    for input in inputs {
        for (member, score) in input.iter() {
            let score = or_zero(score * input.weight);
            match met.insert(member, found.len()) {
                None => found.push((member, score)),
                Some(at) => {
                    let sum = &mut found[*at].1;
                    *sum = request.aggregate.of(*sum, score);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    const LARGE: &str = "! config zset-max-listpack-entries 0";

    #[test]
    fn what_any_has() {
        check_both(
            LARGE,
            r#"
            > ZADD a 1 x 2 y 3 z
            :3
            > ZADD b 10 y 20 z 30 7
            :3
            > SADD s y 7 new
            :3
            > ZUNION 2 a b
            ["x" "y" "z" "7"]
            > ZUNION 2 a b WITHSCORES
            ["x" "1" "y" "12" "z" "23" "7" "30"]
            > ZUNION 3 a s none WITHSCORES
            ["7" "1" "new" "1" "x" "1" "y" "3" "z" "3"]
            > ZUNION 2 a b WEIGHTS 2 0.5 WITHSCORES
            ["x" "2" "y" "9" "7" "15" "z" "16"]
            > ZUNION 2 a b AGGREGATE MIN WITHSCORES
            ["x" "1" "y" "2" "z" "3" "7" "30"]
            > ZUNION 2 a b aggregate max weights 2 1 withscores
            ["x" "2" "y" "10" "z" "20" "7" "30"]
            > ZUNION 2 a a WITHSCORES
            ["x" "2" "y" "4" "z" "6"]
            > ZUNION 1 none
            []
            > ZUNION 1 none WITHSCORES
            []
            > HELLO 3
            *
            > ZUNION 2 a b WITHSCORES
            [["x" ,1] ["y" ,12] ["z" ,23] ["7" ,30]]
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
            > ZADD b -inf x
            :1
            > ZUNION 2 a b WITHSCORES
            ["x" "0"]
            > ZUNION 1 a WEIGHTS 0 WITHSCORES
            ["x" "0"]
            > ZUNION 2 a b WEIGHTS 0 1 AGGREGATE MAX WITHSCORES
            ["x" "0"]
            > ZUNION 2 a b WEIGHTS -inf inf WITHSCORES
            ["x" "-inf"]
            > ZUNION 2 a b WEIGHTS 1 nan
            -ERR weight value is not a float
            "#,
        );
    }

    #[test]
    fn results_are_stored() {
        check_both(
            LARGE,
            r#"
            > ZADD a 1 x 2 y
            :2
            > ZADD b 1 y 1 z
            :2
            > ZUNIONSTORE d 2 a b WEIGHTS 2 3
            :3
            > ZRANGE d 0 -1 WITHSCORES
            ["x" "2" "z" "3" "y" "7"]
            > ZUNIONSTORE a 2 a b
            :3
            > ZRANGE a 0 -1 WITHSCORES
            ["x" "1" "z" "1" "y" "3"]
            > EXPIRE d 100
            :1
            > ZUNIONSTORE d 1 none
            :0
            > EXISTS d
            :0
            > SET d str
            +OK
            > ZUNIONSTORE d 1 a
            :3
            > TYPE d
            +zset
            > ZUNIONSTORE d 1 a WITHSCORES
            -ERR syntax error
            "#,
        );
    }

    #[test]
    fn stored_results_are_packed_if_they_fit() {
        check(
            r#"
            ! config zset-max-listpack-entries 2
            ! config zset-max-listpack-value 3
            > ZADD a 1 x 2 y
            :2
            > ZADD b 1 z
            :1
            > ZUNIONSTORE d 1 a
            :2
            > OBJECT ENCODING d
            "listpack"
            > ZUNIONSTORE d 2 a b
            :3
            > OBJECT ENCODING d
            "skiplist"
            > ZADD c 1 long
            :1
            > ZUNIONSTORE d 1 c
            :1
            > OBJECT ENCODING d
            "skiplist"
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
            > ZUNION x a
            -ERR value is not an integer or out of range
            > ZUNION 0 a
            -ERR at least 1 input key is needed for 'zunion' command
            > ZUNIONSTORE d -1 a
            -ERR at least 1 input key is needed for 'zunionstore' command
            > ZUNION 2 a
            -ERR syntax error
            > ZUNION 9223372036854775807 a
            -ERR syntax error
            > ZUNION 2 none str FOO
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZUNION 1 a FOO
            -ERR syntax error
            > ZUNION 1 a WEIGHTS
            -ERR syntax error
            > ZUNION 1 a WEIGHTS x
            -ERR weight value is not a float
            > ZUNION 1 a WEIGHTS 1 2
            -ERR syntax error
            > ZUNION 1 a AGGREGATE
            -ERR syntax error
            > ZUNION 1 a AGGREGATE AVG
            -ERR syntax error
            > ZUNION 1 a LIMIT 1
            -ERR syntax error
            > ZUNION 1
            -ERR wrong number of arguments for 'zunion' command
            > ZUNIONSTORE d 1
            -ERR wrong number of arguments for 'zunionstore' command
            "#,
        );
    }

    /// 0.1 + 0.2 + 0.3 depends on who is added first.
    #[test]
    fn small_inputs_are_added_first() {
        check(
            r#"
            > ZADD a 0.3 x 1 p 2 q
            :3
            > ZADD b 0.2 x 1 p
            :2
            > ZADD c 0.1 x
            :1
            > ZUNION 3 a b c WITHSCORES
            ["x" "0.6000000000000001" "p" "2" "q" "2"]
            > ZADD c 1 p 2 q 3 r
            :3
            > ZUNION 3 a b c WITHSCORES
            ["x" "0.6" "p" "3" "r" "3" "q" "4"]
            > ZINTER 3 a b c WITHSCORES
            ["x" "0.6" "p" "3"]
            "#,
        );
    }
}
