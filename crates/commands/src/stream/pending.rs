//! XPENDING: what was given and not acknowledged.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Outbox, Result};
use keyspace::stream::{self, Pending, StreamId};

use super::{id, no_group, reply};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XPENDING",
    summary: "Tells which entries a group was given and has not acknowledged.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY,
    keys: &[KeySpec::at(1).ro().access()],
    args: &[
        Arg::key("key"),
        Arg::string("group"),
        Arg::block(
            "filters",
            &[
                Arg::integer("min-idle-time").token("IDLE").optional().since("6.2.0"),
                Arg::string("start"),
                Arg::string("end"),
                Arg::integer("count"),
                Arg::string("consumer").optional(),
            ],
        )
        .optional(),
    ],
    reply: "their number, the first, the last, and how many each consumer has; or the entries of an interval",
    complexity: "O(N), N = entries answered or passed over; O(consumers) without an interval",
    history: &[("6.2.0", "The option `IDLE`, and intervals without their ends.")],
    tips: &["nondeterministic_output"],
    run: pending,
    ..Command::BLANK
}];

/// Which entries are asked for.
struct Filter<'a> {
    min_idle: i64,
    first: StreamId,
    last: StreamId,
    count: usize,
    consumer: Option<&'a [u8]>,
}

fn pending(ctx: &mut Ctx<'_>) -> Result {
    let filter = filter(ctx)?;
    let (key, name, now) = (ctx.key(1), ctx.argv.at(2), ctx.clock_ms());
    let out = &mut ctx.client.out;
    let stream = ctx.keyspace.db(ctx.client.db).stream(key)?;
    let group = stream.and_then(|stream| stream.groups.get(name)).ok_or_else(|| no_group(key.bytes, name))?;
    match filter {
        None => summary(out, group),
        Some(filter) => listed(out, group, &filter, now),
    }
    Ok(())
}

fn filter<'a>(ctx: &Ctx<'a>) -> Result<Option<Filter<'a>>> {
    let words = ctx.argv.len();
    if words == 3 {
        return Ok(None);
    }
    if !(6..=9).contains(&words) {
        return Err(CommandError::Syntax);
    }
    let (mut at, mut min_idle) = (3, 0);
    if ctx.is(3, "IDLE") {
        min_idle = ctx.integer(4)?;
        if words < 8 {
            return Err(CommandError::Syntax);
        }
        at = 5;
    }
    let count = usize::try_from(ctx.integer(at + 2)?).unwrap_or(0);
    let (first, last) = (id::start(ctx.argv.at(at))?, id::end(ctx.argv.at(at + 1))?);
    Ok(Some(Filter { min_idle, first, last, count, consumer: ctx.argv.get(at + 3) }))
}

fn summary(out: &mut Outbox, group: &stream::Group) {
    let pending = group.pending();
    out.array(4);
    out.integer(pending.len() as i64);
    let (Some((first, _)), Some((last, _))) = (pending.first(), pending.last()) else {
        out.null();
        out.null();
        out.null_array();
        return;
    };
    reply::id(out, first);
    reply::id(out, last);
    let busy = || group.consumers().filter(|consumer| consumer.pending_len() > 0);
    out.array(busy().count());
    for consumer in busy() {
        out.array(2);
        out.bulk(consumer.name());
        out.string(keyspace::Str::Int(consumer.pending_len() as i64));
    }
}

fn listed(out: &mut Outbox, group: &stream::Group, filter: &Filter<'_>, now: i64) {
    let idle = |pending: &Pending| now.saturating_sub(pending.delivered_ms);
    let long = |pending: &Pending| filter.min_idle == 0 || idle(pending) >= filter.min_idle;
    let found: Vec<(StreamId, &Pending)> = match filter.consumer {
        None => {
            let all = group.pending_range(filter.first, filter.last);
            all.filter(|(_, pending)| long(pending)).take(filter.count).collect()
        }
        Some(name) => match group.find_consumer(name) {
            None => Vec::new(),
            Some(index) => {
                let ids = group.consumer(index).pending_from(filter.first);
                ids.take_while(|id| *id <= filter.last)
                    .filter_map(|id| group.find_pending(id).map(|pending| (id, pending)))
                    .filter(|(_, pending)| long(pending))
                    .take(filter.count)
                    .collect()
            }
        },
    };
    out.array(found.len());
    for (id, pending) in found {
        out.array(4);
        reply::id(out, id);
        out.bulk(group.consumer(pending.consumer()).name());
        out.integer(idle(pending).max(0));
        out.integer(pending.deliveries as i64);
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn in_sum() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XADD s 1-3 f v
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XPENDING s g
            [:0 nil nil nil*]
            > XREADGROUP GROUP g b COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "v"]]]]]
            > XREADGROUP GROUP g a STREAMS s >
            [["s" [["1-3" ["f" "v"]]]]]
            > XGROUP CREATECONSUMER s g idle
            :1
            > XPENDING s g
            [:3 "1-1" "1-3" [["a" "1"] ["b" "2"]]]
            "#,
        );
    }

    #[test]
    fn one_by_one() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XADD s 1-3 f v
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XPENDING s g
            [:0 nil nil nil*]
            > XREADGROUP GROUP g b COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "v"]]]]]
            > XREADGROUP GROUP g a STREAMS s >
            [["s" [["1-3" ["f" "v"]]]]]
            > XPENDING s g - + 10
            [["1-1" "b" * :1] ["1-2" "b" * :1] ["1-3" "a" * :1]]
            > XPENDING s g (1-1 (1-3 10
            [["1-2" "b" * :1]]
            > XPENDING s g - + 10 b
            [["1-1" "b" * :1] ["1-2" "b" * :1]]
            > XPENDING s g - 1-1 10 b
            [["1-1" "b" * :1]]
            > XPENDING s g - + 1 b
            [["1-1" "b" * :1]]
            > XPENDING s g - + 10 nobody
            []
            > XPENDING s g - + 0
            []
            > XPENDING s g - + -1
            []
            > XPENDING s g IDLE 99999 - + 10
            []
            > XPENDING s g IDLE 99999 - + 10 b
            []
            ! wait 60
            > XPENDING s g IDLE 50 - + 10 b
            [["1-1" "b" * :1] ["1-2" "b" * :1]]
            > XPENDING s g idle 50 - + 1
            [["1-1" "b" * :1]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XADD s 1-3 f v
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XPENDING s g
            [:0 nil nil nil*]
            > XREADGROUP GROUP g b COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "v"]]]]]
            > XREADGROUP GROUP g a STREAMS s >
            [["s" [["1-3" ["f" "v"]]]]]
            > XPENDING s nope
            -NOGROUP No such key 's' or consumer group 'nope'
            > XPENDING nope g - + 10
            -NOGROUP No such key 'nope' or consumer group 'g'
            > XPENDING s g -
            -ERR syntax error
            > XPENDING s g - +
            -ERR syntax error
            > XPENDING s g IDLE 1 - +
            -ERR syntax error
            > XPENDING s g IDLE x - +
            -ERR value is not an integer or out of range
            > XPENDING s g x + 10
            -ERR Invalid stream ID specified as stream command argument
            > XPENDING s g - + x
            -ERR value is not an integer or out of range
            > XPENDING s g - (0-0 1
            -ERR invalid end ID for the interval
            > XPENDING s g IDLE 1 - + 10 b more
            -ERR syntax error
            > SET str x
            +OK
            > XPENDING str g
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
