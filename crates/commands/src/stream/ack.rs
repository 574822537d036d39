//! XACK: entries are pending no more.

use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::StreamId;

use super::id;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XACK",
    summary: "Acknowledges entries that a consumer of a group was given.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(4),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[Arg::key("key"), Arg::string("group"), Arg::string("id").many()],
    reply: "how many entries were pending",
    complexity: "O(1) for each entry",
    run: ack,
    ..Command::BLANK
}];

fn ack(ctx: &mut Ctx<'_>) -> Result {
    let (key, name, ids) = (ctx.key(1), ctx.argv.at(2), ctx.argv.from(3));
    let stream = ctx.keyspace.db(ctx.client.db).stream_mut(key)?;
    let Some(group) = stream.and_then(|stream| stream.groups.get_mut(name)) else { return ctx.int(0) };
    // All or nothing: every id is looked at before one is acknowledged.
    let ids = ids.iter().map(|word| id::exact(word, 0)).collect::<Result<Vec<StreamId>>>()?;
    let acknowledged = ids.into_iter().filter(|id| group.acknowledge(*id).is_some()).count();
    ctx.outcome.dirty += acknowledged as u64;
    ctx.int(acknowledged as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn acknowledged_once() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g c STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "v"]]]]]
            > XACK s g 1-1 x
            -ERR Invalid stream ID specified as stream command argument
            > XACK s g 1-1 1-1 5-5
            :1
            > XPENDING s g
            [:1 "1-2" "1-2" [["c" "1"]]]
            > XACK s nope x
            :0
            > XACK nope g x
            :0
            > SET str x
            +OK
            > XACK str g 1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XACK s g
            -ERR wrong number of arguments for 'xack' command
            "#,
        );
    }
}
