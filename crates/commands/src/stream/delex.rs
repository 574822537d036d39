//! XDELEX and XACKDEL of Redis 8.2: delete entries with regard to the groups that were given them.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{Deletion, References, StreamId};

use super::id;
use super::trim::{CONDITION, condition};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "XACKDEL",
        summary: "Acknowledges entries of a group and deletes them.",
        arity: Arity::AtLeast(6),
        keys: &[KeySpec::at(1).rw().update().delete()],
        args: &[Arg::key("key"), Arg::string("group"), CONDITION, IDS],
        reply: "for each id: 1 deleted, 2 acknowledged only, -1 not pending",
        run: ack_delete,
        ..DELETES
    },
    Command {
        name: "XDELEX",
        summary: "Deletes entries of a stream, and what groups remember of them if asked to.",
        arity: Arity::AtLeast(5),
        keys: &[KeySpec::at(1).rw().delete()],
        args: &[Arg::key("key"), CONDITION, IDS],
        reply: "for each id: 1 deleted, 2 still needed by a group, -1 missing",
        run: delete,
        ..DELETES
    },
];

const DELETES: Command = Command {
    since: "8.2.0",
    group: Group::Stream,
    flags: Flags::WRITE.and(Flags::FAST),
    complexity: "O(1) for each entry; O(groups) but for KEEPREF",
    ..Command::BLANK
};

const IDS: Arg = Arg::block("ids", &[Arg::integer("numids"), Arg::string("id").many()]).token("IDS");

const NOT_POSITIVE: CommandError = CommandError::Line("ERR Number of IDs must be a positive integer");
const MISCOUNTED: CommandError =
    CommandError::Line("ERR The `numids` parameter must match the number of arguments");

/// The condition at an index, the last one counts, and the ids after it.
fn options(ctx: &Ctx<'_>, mut at: usize) -> Result<(References, Vec<StreamId>)> {
    let mut references = References::Keep;
    while at < ctx.argv.len() {
        if let Some(condition) = condition(ctx, at) {
            references = condition;
        } else if ctx.is(at, "IDS") && at + 1 < ctx.argv.len() {
            let count = ctx.integer(at + 1).ok().and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| *count > 0).ok_or(NOT_POSITIVE)?;
            let ids = ctx.argv.from(at + 2);
            if ids.len() != count {
                return Err(MISCOUNTED);
            }
            let ids = ids.iter().map(|word| id::exact(word, 0)).collect::<Result<Vec<_>>>()?;
            return Ok((references, ids));
        } else {
            return Err(CommandError::Syntax);
        }
        at += 1;
    }
    Err(CommandError::Syntax)
}

fn delete(ctx: &mut Ctx<'_>) -> Result {
    let (references, ids) = options(ctx, 2)?;
    let key = ctx.key(1);
    let stream = ctx.keyspace.db(ctx.client.db).stream_mut(key)?;
    let out = &mut ctx.client.out;
    out.array(ids.len());
    let Some(stream) = stream else {
        ids.iter().for_each(|_| out.integer(-1));
        return Ok(());
    };
    let mut deleted = 0;
    for id in ids {
        let deletion = stream.delete(id, references);
        deleted += u64::from(deletion == Deletion::Deleted);
        out.integer(match deletion {
            Deletion::Missing => -1,
            Deletion::Deleted => 1,
            Deletion::StillReferenced => 2,
        });
    }
    told(ctx, key.bytes, deleted, deleted);
    Ok(())
}

fn ack_delete(ctx: &mut Ctx<'_>) -> Result {
    let (references, ids) = options(ctx, 3)?;
    let (key, name) = (ctx.key(1), ctx.argv.at(2));
    let stream = ctx.keyspace.db(ctx.client.db).stream_mut(key)?;
    let out = &mut ctx.client.out;
    out.array(ids.len());
    let Some(stream) = stream else {
        ids.iter().for_each(|_| out.integer(-1));
        return Ok(());
    };
    let (mut deleted, mut dirty) = (0, 0);
    for id in ids {
        let acknowledged = stream.groups.get_mut(name).and_then(|group| group.acknowledge(id));
        if acknowledged.is_none() {
            out.integer(-1);
            continue;
        }
        let deletion = stream.delete(id, references);
        deleted += u64::from(deletion == Deletion::Deleted);
        dirty += 1;
        // Of an entry that is no more, nothing is left now.
        out.integer(if deletion == Deletion::StillReferenced { 2 } else { 1 });
    }
    told(ctx, key.bytes, deleted, dirty);
    Ok(())
}

fn told(ctx: &mut Ctx<'_>, key: &[u8], deleted: u64, dirty: u64) {
    ctx.outcome.dirty += dirty;
    if deleted > 0 {
        ctx.event(ctx.client.db, key, Class::Stream, "xdel");
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_groups_remember_stays_or_goes() {
        check(
            r#"
            # only here: these came with Redis 8.2
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XADD s 1-3 f v
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XGROUP CREATE s h 0
            +OK
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            *
            > XREADGROUP GROUP h a COUNT 2 STREAMS s >
            *
            > XDELEX s IDS 2 1-1 9-9
            [:1 :-1]
            > XPENDING s g
            [:2 "1-1" "1-2" [["a" "2"]]]
            > XDELEX s DELREF IDS 1 1-2
            [:1]
            > XPENDING s g
            [:1 "1-1" "1-1" [["a" "1"]]]
            > XLEN s
            :1
            "#,
        );
    }

    #[test]
    fn only_what_nobody_needs_may_go() {
        check(
            r#"
            # only here: these came with Redis 8.2
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XADD s 1-3 f v
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XGROUP CREATE s h 0
            +OK
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            *
            > XREADGROUP GROUP h a COUNT 2 STREAMS s >
            *
            > XDELEX s ACKED IDS 2 1-1 1-3
            [:2 :2]
            > XACKDEL s g ACKED IDS 2 1-1 1-3
            [:2 :-1]
            > XACKDEL s h ACKED IDS 1 1-1
            [:1]
            > XACKDEL s h KEEPREF IDS 1 1-2
            [:1]
            > XRANGE s - +
            [["1-3" ["f" "v"]]]
            > XPENDING s g
            [:1 "1-2" "1-2" [["a" "1"]]]
            > XACKDEL s nope IDS 1 1-2
            [:-1]
            > XACKDEL nope g IDS 1 1-2
            [:-1]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            # only here: these came with Redis 8.2
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XADD s 1-3 f v
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XGROUP CREATE s h 0
            +OK
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            *
            > XREADGROUP GROUP h a COUNT 2 STREAMS s >
            *
            > XDELEX s FOO IDS 1
            -ERR syntax error
            > XDELEX s KEEPREF KEEPREF KEEPREF
            -ERR syntax error
            > XDELEX s IDS 0 1-1
            -ERR Number of IDs must be a positive integer
            > XDELEX s IDS x 1-1
            -ERR Number of IDs must be a positive integer
            > XDELEX s IDS 2 1-1
            -ERR The `numids` parameter must match the number of arguments
            > XDELEX s IDS 1 x
            -ERR Invalid stream ID specified as stream command argument
            > XDELEX nope IDS 1 1-1
            [:-1]
            > XDELEX s IDS
            -ERR wrong number of arguments for 'xdelex' command
            > SET str x
            +OK
            > XDELEX str IDS 1 1-1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XACKDEL str g IDS 1 1-1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
