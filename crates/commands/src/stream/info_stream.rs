//! XINFO STREAM, short and in full.

use engine::{CommandError, Ctx, Outbox, Result};
use keyspace::stream::{Consumer, Group, Stream, StreamId};

use super::{info, reply, text};

/// How many of each are shown without COUNT.
const SHOWN: usize = 10;

pub(super) fn stream(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(2);
    // What is wrong with the options is only told of a key that is there.
    let shown = shown(ctx);
    let out = &mut ctx.client.out;
    let stream = ctx.keyspace.db(ctx.client.db).stream(key)?.ok_or(CommandError::NoSuchKey)?;
    match shown? {
        None => {
            out.map(10);
            general(out, stream);
            short(out, stream);
        }
        Some(shown) => {
            out.map(9);
            general(out, stream);
            full(out, stream, shown);
        }
    }
    Ok(())
}

/// How many of each are to be shown in full; `None`: not in full.
fn shown(ctx: &Ctx<'_>) -> Result<Option<usize>> {
    let wrong = || {
        let word = ctx.argv.at(1);
        let word = text(&word[..word.len().min(128)]);
        CommandError::Told(format!(
            "ERR unknown subcommand or wrong number of arguments for '{word}'. Try XINFO HELP."
        ))
    };
    match ctx.argv.len() {
        3 => Ok(None),
        4 if ctx.is(3, "FULL") => Ok(Some(SHOWN)),
        6 if ctx.is(3, "FULL") && ctx.is(4, "COUNT") => Ok(Some(match ctx.integer(5)? {
            0 => usize::MAX,
            count => usize::try_from(count).unwrap_or(SHOWN),
        })),
        _ => Err(wrong()),
    }
}

fn general(out: &mut Outbox, stream: &Stream) {
    let log = &stream.log;
    out.text("length");
    out.integer(log.len() as i64);
    out.text("radix-tree-keys");
    out.integer(log.node_count() as i64);
    out.text("radix-tree-nodes");
    out.integer(log.radix_nodes() as i64);
    out.text("last-generated-id");
    reply::id(out, log.last_id);
    out.text("max-deleted-entry-id");
    reply::id(out, log.max_deleted);
    out.text("entries-added");
    out.integer(log.entries_added as i64);
    out.text("recorded-first-entry-id");
    reply::id(out, log.first_id());
}

fn short(out: &mut Outbox, stream: &Stream) {
    let log = &stream.log;
    out.text("groups");
    out.integer(stream.groups.len() as i64);
    let first = log.range(StreamId::MIN, StreamId::MAX).next();
    let last = log.range_back(StreamId::MIN, StreamId::MAX).next();
    for (name, entry) in [("first-entry", first), ("last-entry", last)] {
        out.text(name);
        match entry {
            Some(entry) => reply::entry(out, entry),
            None => out.null(),
        }
    }
}

fn full(out: &mut Outbox, stream: &Stream, shown: usize) {
    out.text("entries");
    reply::entries(out, stream.log.range(StreamId::MIN, StreamId::MAX).take(shown));
    out.text("groups");
    out.array(stream.groups.len());
    for group in stream.groups.iter() {
        out.map(7);
        out.text("name");
        out.bulk(group.name());
        info::progress(out, &stream.log, group);
        pending(out, group, shown);
        out.text("consumers");
        out.array(group.consumers().len());
        group.consumers().for_each(|consumer| of_consumer(out, group, consumer, shown));
    }
}

fn pending(out: &mut Outbox, group: &Group, shown: usize) {
    out.text("pel-count");
    out.integer(group.pending().len() as i64);
    out.text("pending");
    out.array(group.pending().len().min(shown));
    for (id, pending) in group.pending().iter().take(shown) {
        out.array(4);
        reply::id(out, id);
        out.bulk(group.consumer(pending.consumer()).name());
        out.integer(pending.delivered_ms);
        out.integer(pending.deliveries as i64);
    }
}

fn of_consumer(out: &mut Outbox, group: &Group, consumer: &Consumer, shown: usize) {
    out.map(5);
    out.text("name");
    out.bulk(consumer.name());
    out.text("seen-time");
    out.integer(consumer.seen_ms);
    out.text("active-time");
    out.integer(consumer.active_ms.unwrap_or(-1));
    out.text("pel-count");
    out.integer(consumer.pending_len() as i64);
    out.text("pending");
    out.array(consumer.pending_len().min(shown));
    for id in consumer.pending_from(StreamId::MIN).take(shown) {
        let (delivered, count) = match group.find_pending(id) {
            Some(pending) => (pending.delivered_ms, pending.deliveries),
            None => (0, 0),
        };
        out.array(3);
        reply::id(out, id);
        out.integer(delivered);
        out.integer(count as i64);
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn in_short() {
        check(
            r#"
            > HELLO 3
            *
            > XADD s 1-1 f v
            "1-1"
            > XADD s 2-1 f w
            "2-1"
            > XADD s 3-1 f x
            "3-1"
            > XDEL s 1-1
            :1
            > XINFO STREAM s
            {"length" :2 "radix-tree-keys" :1 "radix-tree-nodes" :2 "last-generated-id" "3-1"
             "max-deleted-entry-id" "1-1" "entries-added" :3 "recorded-first-entry-id" "2-1" "groups" :0
             "first-entry" ["2-1" ["f" "w"]] "last-entry" ["3-1" ["f" "x"]]}
            > XTRIM s MAXLEN 0
            :2
            > XINFO STREAM s
            {"length" :0 "radix-tree-keys" :0 "radix-tree-nodes" :1 "last-generated-id" "3-1"
             "max-deleted-entry-id" "1-1" "entries-added" :3 "recorded-first-entry-id" "0-0" "groups" :0
             "first-entry" nil "last-entry" nil}
            "#,
        );
    }

    #[test]
    fn in_full() {
        check(
            r#"
            > HELLO 3
            *
            > XADD s 1-1 f v
            "1-1"
            > XADD s 2-1 f w
            "2-1"
            > XGROUP CREATE s g 0
            +OK
            > XGROUP CREATE s h $
            +OK
            > XREADGROUP GROUP g c STREAMS s >
            {"s" [["1-1" ["f" "v"]] ["2-1" ["f" "w"]]]}
            > XINFO STREAM s FULL COUNT 1
            {"length" :2 "radix-tree-keys" :1 "radix-tree-nodes" :2 "last-generated-id" "2-1"
             "max-deleted-entry-id" "0-0" "entries-added" :2 "recorded-first-entry-id" "1-1"
             "entries" [["1-1" ["f" "v"]]]
             "groups" [
               {"name" "g" "last-delivered-id" "2-1" "entries-read" :2 "lag" :0 "pel-count" :2
                "pending" [["1-1" "c" * :1]]
                "consumers" [{"name" "c" "seen-time" * "active-time" * "pel-count" :2 "pending" [["1-1" * :1]]}]}
               {"name" "h" "last-delivered-id" "2-1" "entries-read" nil "lag" :0 "pel-count" :0
                "pending" [] "consumers" []}]}
            > XTRIM s MAXLEN 0
            :2
            > XINFO STREAM s FULL
            {"length" :0 "radix-tree-keys" :0 "radix-tree-nodes" :1 "last-generated-id" "2-1"
             "max-deleted-entry-id" "0-0" "entries-added" :2 "recorded-first-entry-id" "0-0"
             "entries" [] "groups" [* *]}
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XINFO STREAM nope FOO
            -ERR no such key
            > XADD s 1-1 f v
            "1-1"
            > XINFO STREAM s FOO
            -ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
            > XINFO STREAM s FULL COUNT
            -ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
            > XINFO STREAM s FULL FOO 1
            -ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
            > XINFO STREAM s FULL COUNT x
            -ERR value is not an integer or out of range
            > XINFO STREAM s FULL COUNT -1
            *
            "#,
        );
    }
}
