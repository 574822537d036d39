//! HGETALL, HKEYS, HVALS: all that is in a hash.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Hash;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "HGETALL",
        summary: "Answers all fields of a hash with their values.",
        reply: "a map, empty without such a key",
        run: |ctx| all(ctx, true, true),
        ..READS
    },
    Command {
        name: "HKEYS",
        summary: "Answers all fields of a hash.",
        reply: "the fields",
        run: |ctx| all(ctx, true, false),
        ..READS
    },
    Command {
        name: "HVALS",
        summary: "Answers all values of a hash.",
        reply: "the values",
        run: |ctx| all(ctx, false, true),
        ..READS
    },
];

const READS: Command = Command {
    since: "2.0.0",
    group: Group::Hash,
    arity: Arity::Exactly(2),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[Arg::key("key")],
    complexity: "O(N), N = number of fields",
    tips: &["nondeterministic_output_order"],
    ..Command::BLANK
};

fn all(ctx: &mut Ctx<'_>, fields: bool, values: bool) -> Result {
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    let (out, len) = (&mut ctx.client.out, hash.map_or(0, |hash| hash.live_len(now_ms)));
    if fields && values {
        out.map(len);
    } else {
        out.array(len);
    }
    for (field, value) in hash.into_iter().flat_map(|hash| hash.iter(now_ms)) {
        if fields {
            super::answer(out, field);
        }
        if values {
            super::answer(out, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn all_of_a_hash_is_answered() {
        check(
            r#"
            > HSET h a 1
            :1
            > HGETALL h
            ["a" "1"]
            > HKEYS h
            ["a"]
            > HVALS h
            ["1"]
            > HGETALL nope
            []
            > HKEYS nope
            []
            > HVALS nope
            []
            > HSET h b text
            :1
            > HGETALL h
            ["a" "1" "b" "text"]
            > HKEYS h
            ["a" "b"]
            > HVALS h
            ["1" "text"]
            > SET s text
            +OK
            > HGETALL s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HKEYS s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HVALS s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HELLO 3
            *
            > HGETALL h
            {"a" "1" "b" "text"}
            > HGETALL nope
            {}
            > HKEYS h
            ["a" "b"]
            > HVALS nope
            []
            "#,
        );
    }
}
