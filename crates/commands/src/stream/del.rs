//! XDEL: entries go.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::StreamId;

use super::id;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XDEL",
    summary: "Deletes entries of a stream.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[Arg::key("key"), Arg::string("id").many()],
    reply: "how many entries were deleted",
    complexity: "O(1) for each entry",
    run: del,
    ..Command::BLANK
}];

fn del(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let ids = ctx.argv.from(2);
    let Some(stream) = ctx.keyspace.db(ctx.client.db).stream_mut(key)? else { return ctx.int(0) };
    // All or nothing: every id is looked at before one is deleted.
    let ids = ids.iter().map(|word| id::exact(word, 0)).collect::<Result<Vec<StreamId>>>()?;
    let deleted = ids.into_iter().filter(|id| stream.log.delete(*id)).count() as u64;
    if deleted > 0 {
        ctx.changed(key.bytes, Class::Stream, "xdel");
        ctx.outcome.dirty += deleted - 1;
    }
    ctx.int(deleted as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_is_deleted_is_gone_and_its_id_used() {
        check(
            r#"
            > XADD s 1-1 f 1
            "1-1"
            > XADD s 2-1 f 2
            "2-1"
            > XADD s 3-1 f 3
            "3-1"
            > XDEL s 2-1 2-1 9-9
            :1
            > XRANGE s - +
            [["1-1" ["f" "1"]] ["3-1" ["f" "3"]]]
            > XDEL s 3-1 1-1
            :2
            > XLEN s
            :0
            > EXISTS s
            :1
            > XADD s 3-1 f v
            -ERR The ID specified in XADD is equal or smaller than the target stream top item
            > XADD s 4 f v
            "4-0"
            > XDEL s 4
            :1
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XDEL nope a
            :0
            > XADD s 1-1 f 1
            "1-1"
            > XDEL s 1-1 a
            -ERR Invalid stream ID specified as stream command argument
            > XDEL s -
            -ERR Invalid stream ID specified as stream command argument
            > XLEN s
            :1
            > XDEL s
            -ERR wrong number of arguments for 'xdel' command
            > SET str x
            +OK
            > XDEL str 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
