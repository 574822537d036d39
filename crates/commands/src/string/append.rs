//! APPEND, SETRANGE: change a part of a string.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{Expire, Str};

use super::check_length;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "APPEND",
        summary: "Adds to the end of the string under a key; a missing key is made.",
        since: "2.0.0",
        arity: Arity::Exactly(3),
        flags: CHANGES.flags.and(Flags::FAST),
        keys: &[KeySpec::at(1).rw().insert()],
        args: &[Arg::key("key"), Arg::string("value")],
        run: append,
        ..CHANGES
    },
    Command {
        name: "SETRANGE",
        summary: "Writes over a part of the string under a key; zeros fill what was not there.",
        since: "2.2.0",
        arity: Arity::Exactly(4),
        keys: &[KeySpec::at(1).rw().update()],
        args: &[Arg::key("key"), Arg::integer("offset"), Arg::string("value")],
        complexity: "O(N), N = length of the value, if no copy is made",
        run: setrange,
        ..CHANGES
    },
];

const CHANGES: Command = Command {
    group: Group::String,
    flags: Flags::WRITE.and(Flags::DENYOOM),
    reply: "the length after the change",
    ..Command::BLANK
};

/// Length of the string under the first key; `None` if there is no key.
fn length(ctx: &mut Ctx<'_>) -> Result<Option<usize>> {
    let key = ctx.key(1);
    Ok(match ctx.db().write(key) {
        Some(entry) => Some(Str::of(entry)?.len()),
        None => None,
    })
}

fn append(ctx: &mut Ctx<'_>) -> Result {
    let (key, value) = (ctx.key(1), ctx.argv.at(2));
    let len = match length(ctx)? {
        None => {
            ctx.db().set_str(key, value, Expire::Clear);
            value.len()
        }
        Some(old) => {
            let len = old + value.len();
            check_length(ctx, len as u64)?;
            ctx.db().grow_str(key, len)[old..len].copy_from_slice(value);
            len
        }
    };
    ctx.changed(key.bytes, Class::String, "append");
    ctx.int(len as i64)
}

fn setrange(ctx: &mut Ctx<'_>) -> Result {
    let offset = ctx.integer(2)?;
    let offset = u64::try_from(offset).map_err(|_| CommandError::Line("ERR offset is out of range"))?;
    let (key, value) = (ctx.key(1), ctx.argv.at(3));
    let old = length(ctx)?.unwrap_or(0);
    if value.is_empty() {
        return ctx.int(old as i64);
    }
    let end = offset.saturating_add(value.len() as u64);
    check_length(ctx, end)?;
    let (offset, end) = (offset as usize, end as usize);
    let bytes = ctx.db().grow_str(key, end);
    bytes[offset..end].copy_from_slice(value);
    let len = bytes.len();
    ctx.changed(key.bytes, Class::String, "setrange");
    ctx.int(len as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn strings_grow() {
        check(
            r#"
            > APPEND k 12
            :2
            > APPEND k 3
            :3
            > GET k
            "123"
            > INCR k
            :124
            > SETRANGE k 1 abc
            :4
            > GET k
            "1abc"
            > SETRANGE k 6 x
            :7
            > GET k
            "1abc\x00\x00x"
            "#,
        );
    }

    #[test]
    fn what_was_changed_in_place_is_raw() {
        check(
            r#"
            > APPEND k 12
            :2
            > OBJECT ENCODING k
            "int"
            > APPEND k ""
            :2
            > OBJECT ENCODING k
            "raw"
            > APPEND empty ""
            :0
            > EXISTS empty
            :1
            > SET n 12345 EX 100
            +OK
            > SETRANGE n 1 x
            :5
            > GET n
            "1x345"
            > TTL n
            :100
            "#,
        );
    }

    #[test]
    fn where_nothing_can_be_is_refused() {
        check(
            r#"
            > SETRANGE k -1 x
            -ERR offset is out of range
            > SETRANGE k a x
            -ERR value is not an integer or out of range
            > SETRANGE k 536870912 x
            -ERR string exceeds maximum allowed size (proto-max-bulk-len)
            > SETRANGE k 9223372036854775807 x
            -ERR string exceeds maximum allowed size (proto-max-bulk-len)
            > SETRANGE k 5 ""
            :0
            > GET k
            nil
            ! config proto-max-bulk-len 1mb
            > SETRANGE k 1048575 x
            :1048576
            > SETRANGE k 1048576 x
            -ERR string exceeds maximum allowed size (proto-max-bulk-len)
            > APPEND k x
            -ERR string exceeds maximum allowed size (proto-max-bulk-len)
            "#,
        );
    }
}
