//! XSETID: what a stream remembers of its past, for whoever copies it by hand.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{Log, StreamId};

use super::id;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XSETID",
    summary: "Sets the last id of a stream, and its counters.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(3),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[
        Arg::key("key"),
        Arg::string("last-id"),
        Arg::integer("entries-added").token("ENTRIESADDED").optional().since("7.0.0"),
        Arg::string("max-deleted-id").token("MAXDELETEDID").optional().since("7.0.0"),
    ],
    reply: "OK",
    history: &[("7.0.0", "The options `ENTRIESADDED` and `MAXDELETEDID`.")],
    run: setid,
    ..Command::BLANK
}];

const NEGATIVE: CommandError = CommandError::Line("ERR entries_added must be positive");
const BELOW_GIVEN: CommandError =
    CommandError::Line("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
const BELOW_DELETED: CommandError =
    CommandError::Line("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id");
const BELOW_TOP: CommandError =
    CommandError::Line("ERR The ID specified in XSETID is smaller than the target stream top item");
const BELOW_LENGTH: CommandError =
    CommandError::Line("ERR The entries_added specified in XSETID is smaller than the target stream length");

struct Wanted {
    last: StreamId,
    added: Option<u64>,
    deleted: StreamId,
}

fn setid(ctx: &mut Ctx<'_>) -> Result {
    let wanted = wanted(ctx)?;
    let key = ctx.key(1);
    let stream = ctx.db().stream_mut(key)?.ok_or(CommandError::NoSuchKey)?;
    let log = &mut stream.log;
    check(log, &wanted)?;
    log.last_id = wanted.last;
    log.entries_added = wanted.added.unwrap_or(log.entries_added);
    if !wanted.deleted.is_zero() {
        log.max_deleted = wanted.deleted;
    }
    ctx.changed(key.bytes, Class::Stream, "xsetid");
    ctx.ok()
}

fn wanted(ctx: &Ctx<'_>) -> Result<Wanted> {
    let mut wanted = Wanted { last: id::exact(ctx.argv.at(2), 0)?, added: None, deleted: StreamId::MIN };
    let mut at = 3;
    while at < ctx.argv.len() {
        let Some(value) = ctx.argv.get(at + 1) else { return Err(CommandError::Syntax) };
        if ctx.is(at, "ENTRIESADDED") {
            wanted.added = Some(u64::try_from(ctx.integer(at + 1)?).map_err(|_| NEGATIVE)?);
        } else if ctx.is(at, "MAXDELETEDID") {
            wanted.deleted = id::exact(value, 0)?;
            if wanted.last < wanted.deleted {
                return Err(BELOW_GIVEN);
            }
        } else {
            return Err(CommandError::Syntax);
        }
        at += 2;
    }
    Ok(wanted)
}

fn check(log: &Log, wanted: &Wanted) -> Result {
    if wanted.last < log.max_deleted {
        return Err(BELOW_DELETED);
    }
    if Some(wanted.last) < log.last_live_id() {
        return Err(BELOW_TOP);
    }
    if wanted.added.is_some_and(|added| added < log.len()) {
        return Err(BELOW_LENGTH);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn ids_and_counters_are_set() {
        check(
            r#"
            > XADD s 1-0 f v
            "1-0"
            > XSETID s 200-0
            +OK
            > XADD s 5-0 f v
            -ERR The ID specified in XADD is equal or smaller than the target stream top item
            > XSETID s 200-0 ENTRIESADDED 100 MAXDELETEDID 150-1
            +OK
            > XINFO STREAM s
            ["length" :1 "radix-tree-keys" :1 "radix-tree-nodes" :2 "last-generated-id" "200-0"
             "max-deleted-entry-id" "150-1" "entries-added" :100 "recorded-first-entry-id" "1-0" "groups" :0
             "first-entry" ["1-0" ["f" "v"]] "last-entry" ["1-0" ["f" "v"]]]
            > XSETID s 1-0
            -ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
            > XSETID s 150-1 ENTRIESADDED 0
            -ERR The entries_added specified in XSETID is smaller than the target stream length
            > XADD t 5-0 f v
            "5-0"
            > XSETID t 4-0
            -ERR The ID specified in XSETID is smaller than the target stream top item
            > XTRIM t MAXLEN 0
            :1
            > XSETID t 4-0 ENTRIESADDED 0
            +OK
            > XADD t 4-1 f v
            "4-1"
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XSETID nope 1-1
            -ERR no such key
            > XSETID nope x
            -ERR Invalid stream ID specified as stream command argument
            > XSETID nope +
            -ERR Invalid stream ID specified as stream command argument
            > XSETID nope 1-1 0
            -ERR syntax error
            > XSETID nope 1-1 ENTRIESADDED
            -ERR syntax error
            > XSETID nope 1-1 ENTRIESADDED -1 MAXDELETEDID 0-0
            -ERR entries_added must be positive
            > XSETID nope 1-1 ENTRIESADDED x
            -ERR value is not an integer or out of range
            > XSETID nope 1-1 MAXDELETEDID 2-2
            -ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
            > XSETID nope 1-1 MAXDELETEDID x
            -ERR Invalid stream ID specified as stream command argument
            > SET str x
            +OK
            > XSETID str 1-1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
