//! ZRANGESTORE: what ZRANGE would tell, under another key.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{AddOptions, Collection, SortedSet};

use super::range::{LIMIT, Request};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "ZRANGESTORE",
    summary: "Stores a range of members of a sorted set under another key.",
    since: "6.2.0",
    group: Group::SortedSet,
    arity: Arity::AtLeast(5),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).ow().update(), KeySpec::at(2).ro().access()],
    args: &[
        Arg::key("dst"),
        Arg::key("src").spec(1),
        Arg::string("min"),
        Arg::string("max"),
        Arg::one_of("sortby", &[Arg::word("byscore", "BYSCORE"), Arg::word("bylex", "BYLEX")]).optional(),
        Arg::word("rev", "REV").optional(),
        LIMIT,
    ],
    reply: "how many members were stored",
    complexity: "O(log(N)+M), N = members of the source, M = members stored",
    run: store,
    ..Command::BLANK
}];

fn store(ctx: &mut Ctx<'_>) -> Result {
    let request = Request::read(ctx, 2, None, None, true)?;
    let (to, from) = (ctx.key(1), ctx.key(2));
    // Touched and counted first; looked at again beside the environment.
    let there = ctx.db().view::<SortedSet>(from)?.is_some();
    let db = ctx.keyspace.db(ctx.client.db);
    let mut result = SortedSet::default();
    if there && let Some(source) = db.db.peek::<SortedSet>(from)? {
        let (elements, mut digits) = (request.walk(source), Vec::new());
        result = SortedSet::for_size(elements.len(), 0, db.env);
        for (member, score) in elements {
            result.add(member.bytes(&mut digits), score, AddOptions::default(), db.env);
        }
    }
    let count = result.view().len();
    crate::stored::store(ctx, to, result, Class::SortedSet, "zrangestore");
    ctx.int(count as i64)
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn ranges_are_stored() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD src 1 a 2 b 3 c 4 4
            :4
            > ZRANGESTORE dst src 0 -1
            :4
            > ZRANGE dst 0 -1 WITHSCORES
            ["a" "1" "b" "2" "c" "3" "4" "4"]
            > ZRANGESTORE dst src 1 2 REV
            :2
            > ZRANGE dst 0 -1 WITHSCORES
            ["b" "2" "c" "3"]
            > ZRANGESTORE dst src (1 inf BYSCORE LIMIT 1 1
            :1
            > ZRANGE dst 0 -1
            ["c"]
            > ZRANGESTORE dst src - + BYLEX LIMIT 0 2
            :2
            > SET dst x EX 100
            +OK
            > ZRANGESTORE dst src 0 0
            :1
            > TTL dst
            :-1
            > TYPE dst
            +zset
            > ZRANGESTORE dst src 5 9
            :0
            > EXISTS dst
            :0
            > ZADD dst 1 x
            :1
            > ZRANGESTORE dst nope 0 -1
            :0
            > EXISTS dst
            :0
            > ZRANGESTORE src src 0 1
            :2
            > ZRANGE src 0 -1
            ["a" "b"]
            "#,
        );
    }

    #[test]
    fn what_is_stored_is_small_if_it_can_be() {
        check(
            r#"
            ! config zset-max-listpack-entries 0
            > ZADD z 1 a 2 b 3 c
            :3
            ! config zset-max-listpack-entries 2
            > ZRANGESTORE small z 0 1
            :2
            > OBJECT ENCODING small
            "listpack"
            > ZRANGESTORE large z 0 2
            :3
            > OBJECT ENCODING large
            "skiplist"
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > ZRANGESTORE d z 0 1 WITHSCORES
            -ERR syntax error
            > ZRANGESTORE d z 0 1 LIMIT 0 2
            -ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX
            > ZRANGESTORE d z 0 a
            -ERR value is not an integer or out of range
            > SET s 1
            +OK
            > ZRANGESTORE d s 0 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZRANGESTORE d z 0
            -ERR wrong number of arguments for 'zrangestore' command
            "#,
        );
    }
}
