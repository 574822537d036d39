//! HGET, HMGET, HEXISTS, HSTRLEN, HLEN: ask about fields.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Hash;
use structures::listpack::Element;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "HGET",
        summary: "Answers the value of a field.",
        keys: &[KeySpec::at(1).ro().access()],
        reply: "the value, or null",
        run: hget,
        ..ASKS
    },
    Command {
        name: "HMGET",
        summary: "Answers the values of some fields.",
        arity: Arity::AtLeast(3),
        keys: &[KeySpec::at(1).ro().access()],
        args: &[Arg::key("key"), Arg::string("field").many()],
        reply: "the values, null where there is none",
        complexity: "O(N), N = number of fields asked for",
        run: hmget,
        ..ASKS
    },
    Command {
        name: "HEXISTS",
        summary: "Tells whether a hash has a field.",
        reply: "1 or 0",
        run: |ctx| {
            let found = find(ctx)?.is_some();
            ctx.int(i64::from(found))
        },
        ..ASKS
    },
    Command {
        name: "HSTRLEN",
        summary: "Answers how long the value of a field is.",
        since: "3.2.0",
        reply: "the length in bytes, 0 without the field",
        run: |ctx| {
            let len = find(ctx)?.map_or(0, Element::len);
            ctx.int(len as i64)
        },
        ..ASKS
    },
    Command {
        name: "HLEN",
        summary: "Answers how many fields a hash has.",
        arity: Arity::Exactly(2),
        args: &[Arg::key("key")],
        reply: "the number; fields whose time is up count until they are cleared away",
        run: hlen,
        ..ASKS
    },
];

const ASKS: Command = Command {
    since: "2.0.0",
    group: Group::Hash,
    arity: Arity::Exactly(3),
    flags: Flags::READONLY.and(Flags::FAST),
    keys: &[KeySpec::at(1).ro()],
    args: &[Arg::key("key"), Arg::string("field")],
    ..Command::BLANK
};

/// The value of the field that the request names.
#[inline]
fn find<'c>(ctx: &'c mut Ctx<'_>) -> Result<Option<Element<'c>>> {
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    Ok(hash.and_then(|hash| hash.get(ctx.argv.at(2), now_ms)))
}

fn hget(ctx: &mut Ctx<'_>) -> Result {
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    match hash.and_then(|hash| hash.get(ctx.argv.at(2), now_ms)) {
        Some(value) => super::answer(&mut ctx.client.out, value),
        None => ctx.client.out.null(),
    }
    Ok(())
}

fn hmget(ctx: &mut Ctx<'_>) -> Result {
    let (key, now_ms) = (ctx.key(1), ctx.now_ms());
    let hash = ctx.keyspace.db(ctx.client.db).view::<Hash>(key)?;
    ctx.client.out.array(ctx.argv.len() - 2);
    for field in ctx.argv.iter().skip(2) {
        match hash.and_then(|hash| hash.get(field, now_ms)) {
            Some(value) => super::answer(&mut ctx.client.out, value),
            None => ctx.client.out.null(),
        }
    }
    Ok(())
}

fn hlen(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let len = ctx.db().view::<Hash>(key)?.map_or(0, |hash| hash.len());
    ctx.int(len as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn fields_are_looked_up() {
        check(
            r#"
            > HSET h a 1 b text empty ""
            :3
            > HGET h a
            "1"
            > HGET h nope
            nil
            > HGET nope a
            nil
            > HMGET h a nope b a
            ["1" nil "text" "1"]
            > HMGET nope a b
            [nil nil]
            > HEXISTS h a
            :1
            > HEXISTS h nope
            :0
            > HEXISTS nope a
            :0
            > HSTRLEN h b
            :4
            > HSTRLEN h a
            :1
            > HSTRLEN h empty
            :0
            > HSTRLEN h nope
            :0
            > HSTRLEN nope a
            :0
            > HLEN h
            :3
            > HLEN nope
            :0
            > HSET h n -100
            :1
            > HSTRLEN h n
            :4
            > SET s text
            +OK
            > HGET s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HMGET s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HEXISTS s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HSTRLEN s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HLEN s
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > HGET h
            -ERR wrong number of arguments for 'hget' command
            > HMGET h
            -ERR wrong number of arguments for 'hmget' command
            > HELLO 3
            *
            > HMGET h a nope
            ["1" nil]
            > HGET nope a
            nil
            "#,
        );
    }
}
