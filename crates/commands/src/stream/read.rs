//! XREAD: what came after an id, of one stream or several.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Outbox, Result, Timeout, Wait};
use keyspace::Type;
use keyspace::stream::StreamId;
use resp::Protocol;

use super::{id, reply};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XREAD",
    summary: "Answers the entries of streams that came after ids, and waits for some if asked to.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(4),
    flags: Flags::READONLY.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
    keys: &[KeySpec::after("STREAMS", 1).range(-1, 1, 2).ro().access()],
    args: &[
        Arg::integer("count").token("COUNT").optional(),
        Arg::integer("milliseconds").token("BLOCK").optional(),
        STREAMS,
    ],
    reply: "for each stream that has some: its key and its entries; or null",
    complexity: "O(N), N = entries answered",
    run: read,
    ..Command::BLANK
}];

pub(super) const STREAMS: Arg =
    Arg::block("streams", &[Arg::key("key").many(), Arg::string("id").many()]).token("STREAMS");

const ONLY_GROUP: CommandError =
    CommandError::Line("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
const ONLY_NOACK: CommandError =
    CommandError::Line("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
const ONLY_NEW: CommandError = CommandError::Line(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.",
);

/// Which of the two commands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Group,
}

/// What stands before the keys.
pub(super) struct Options {
    pub count: usize,
    /// How long to wait if there is nothing.
    pub block: Option<Timeout>,
    /// The index of the name of the group; that of the consumer follows.
    pub group: Option<usize>,
    pub no_ack: bool,
    /// Entries that have been pending for so many milliseconds are wanted as well.
    pub claim_ms: Option<i64>,
    /// The index of the first key.
    pub keys: usize,
    /// How many keys there are.
    pub streams: usize,
}

pub(super) fn options(ctx: &Ctx<'_>, kind: Kind) -> Result<Options> {
    let mut options = Options {
        count: usize::MAX,
        block: None,
        group: None,
        no_ack: false,
        claim_ms: None,
        keys: 0,
        streams: 0,
    };
    let (mut at, words) = (1, ctx.argv.len());
    while at < words && options.keys == 0 {
        at = option(ctx, kind, &mut options, at)?;
    }
    if options.keys == 0 {
        return Err(CommandError::Syntax);
    }
    Ok(options)
}

/// Takes the option at an index; returns the index after it.
fn option(ctx: &Ctx<'_>, kind: Kind, options: &mut Options, at: usize) -> Result<usize> {
    let more = ctx.argv.len() - at - 1;
    if ctx.is(at, "BLOCK") && more > 0 {
        options.block = Some(ctx.timeout_ms(at + 1)?);
    } else if ctx.is(at, "COUNT") && more > 0 {
        let count = ctx.integer(at + 1)?;
        options.count = usize::try_from(count).ok().filter(|count| *count > 0).unwrap_or(usize::MAX);
    } else if ctx.is(at, "STREAMS") && more > 0 {
        if !more.is_multiple_of(2) {
            return Err(unbalanced(kind));
        }
        (options.keys, options.streams) = (at + 1, more / 2);
    } else if ctx.is(at, "GROUP") && more > 1 {
        if kind == Kind::Plain {
            return Err(ONLY_GROUP);
        }
        options.group = Some(at + 1);
        return Ok(at + 3);
    } else if ctx.is(at, "NOACK") {
        if kind == Kind::Plain {
            return Err(ONLY_NOACK);
        }
        options.no_ack = true;
        return Ok(at + 1);
    } else if ctx.is(at, "CLAIM") && more > 0 && kind == Kind::Group {
        options.claim_ms = Some(ctx.integer(at + 1).map_err(|_| BAD_CLAIM)?.max(0));
    } else {
        return Err(CommandError::Syntax);
    }
    Ok(at + 2)
}

const BAD_CLAIM: CommandError = CommandError::Line("ERR min-idle-time is not an integer or out of range");

fn unbalanced(kind: Kind) -> CommandError {
    CommandError::Line(match kind {
        Kind::Plain => {
            "ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified."
        }
        Kind::Group => {
            "ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified."
        }
    })
}

/// The frame around what is answered of several streams.
pub(super) fn streams(out: &mut Outbox, count: usize) {
    match out.protocol {
        Protocol::Resp2 => out.array(count),
        Protocol::Resp3 => out.map(count),
    }
}

/// The beginning of what is answered of one.
pub(super) fn one_stream(out: &mut Outbox, key: &[u8]) {
    if out.protocol == Protocol::Resp2 {
        out.array(2);
    }
    out.bulk(key);
}

fn read(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx, Kind::Plain)?;
    let mut wanted = Vec::new();
    for n in 0..options.streams {
        let after = after(ctx, options.keys + n, options.keys + options.streams + n)?;
        wanted.push(after);
    }
    let served = wanted.iter().filter(|(_, has_more)| *has_more).count();
    if served == 0 {
        return match options.block {
            Some(timeout) => wait(ctx, &options, timeout, &wanted),
            None => ctx.null_array(),
        };
    }
    streams(&mut ctx.client.out, served);
    for (n, (after, has_more)) in wanted.into_iter().enumerate() {
        let Some(first) = after.next().filter(|_| has_more) else { continue };
        let key = ctx.key(options.keys + n);
        let out = &mut ctx.client.out;
        if let Some(stream) = ctx.keyspace.db(ctx.client.db).stream(key)? {
            one_stream(out, key.bytes);
            reply::entries(out, stream.log.range(first, StreamId::MAX).take(options.count));
        }
    }
    Ok(())
}

/// Waits for entries after the ids that were found now, where the end of the stream was asked for.
fn wait(ctx: &mut Ctx<'_>, options: &Options, timeout: Timeout, wanted: &[(StreamId, bool)]) -> Result {
    if !ctx.may_block() {
        return ctx.null_array();
    }
    let (keys, ids) = (options.keys..options.keys + options.streams, options.keys + options.streams);
    let ends = wanted.iter().enumerate().filter(|(n, _)| ctx.argv.at(ids + n) == b"$");
    let ends: Vec<_> = ends.map(|(n, (after, _))| (ids + n, after.print())).collect();
    let instead: Vec<(usize, &[u8])> = ends.iter().map(|(at, id)| (*at, id.bytes())).collect();
    ctx.block(Wait::for_keys(keys, Type::Stream, timeout).with_words(&instead))
}

/// The id after which entries are wanted, and whether there are any.
fn after(ctx: &mut Ctx<'_>, key: usize, word: usize) -> Result<(StreamId, bool)> {
    let (key, word) = (ctx.key(key), ctx.argv.at(word));
    let stream = ctx.keyspace.db(ctx.client.db).stream(key)?;
    let last = stream.map_or(StreamId::MIN, |stream| stream.log.last_id);
    let after = match word {
        b"$" => last,
        b"+" => last.previous().unwrap_or_default(),
        b">" => return Err(ONLY_NEW),
        _ => id::exact(word, 0)?,
    };
    let top = stream.and_then(|stream| stream.log.last_live_id());
    Ok((after, top > Some(after)))
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_came_after() {
        check(
            r#"
            > XADD a 1-1 f v
            "1-1"
            > XADD a 1-2 f w
            "1-2"
            > XADD b 5-0 g x
            "5-0"
            > XREAD STREAMS a 0
            [["a" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]]]]]
            > XREAD COUNT 1 STREAMS a b 0 0
            [["a" [["1-1" ["f" "v"]]]] ["b" [["5-0" ["g" "x"]]]]]
            > XREAD COUNT -1 STREAMS a nope b 1-1 0 5
            [["a" [["1-2" ["f" "w"]]]]]
            > XREAD STREAMS a 1-2
            nil*
            > XREAD STREAMS a $
            nil*
            > XREAD STREAMS a nope + +
            [["a" [["1-2" ["f" "w"]]]]]
            > XREAD STREAMS a 18446744073709551615-18446744073709551615
            nil*
            > HELLO 3
            *
            > XREAD STREAMS a b 1-1 0
            {"a" [["1-2" ["f" "w"]]] "b" [["5-0" ["g" "x"]]]}
            > XREAD STREAMS nope 0
            nil
            "#,
        );
    }

    #[test]
    fn a_stream_that_ran_dry_has_nothing() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 2-1 f v
            "2-1"
            > XDEL s 2-1
            :1
            > XREAD STREAMS s 1-1
            nil*
            > XREAD STREAMS s +
            nil*
            > XDEL s 1-1
            :1
            > XREAD STREAMS s 0
            nil*
            "#,
        );
    }

    #[test]
    fn who_waits_is_given_what_comes() {
        check(
            r#"
            > XADD a 1-1 f v
            "1-1"
            2> XREAD BLOCK 0 STREAMS a b $ $
            3> XREAD COUNT 1 BLOCK 5000 STREAMS a 1-1
            > XADD b 5-1 g x
            "5-1"
            2>
            [["b" [["5-1" ["g" "x"]]]]]
            2> XREAD BLOCK 0 STREAMS a +
            [["a" [["1-1" ["f" "v"]]]]]
            > XADD a 1-2 f w
            "1-2"
            3>
            [["a" [["1-2" ["f" "w"]]]]]
            2> XREAD BLOCK 20 STREAMS a $
            ! wait 50
            2>
            nil*
            2> XREAD BLOCK 0 STREAMS nope +
            > XADD nope 1-1 f v
            "1-1"
            2>
            [["nope" [["1-1" ["f" "v"]]]]]
            "#,
        );
    }

    #[test]
    fn who_waits_does_not_mind_what_happens_to_the_key() {
        check(
            r#"
            > XADD a 5-1 f v
            "5-1"
            2> XREAD BLOCK 0 STREAMS a $
            > DEL a
            :1
            > SET a x
            +OK
            > DEL a
            :1
            > XADD a 1-1 f v
            "1-1"
            > XADD a 6-1 f v
            "6-1"
            2>
            [["a" [["6-1" ["f" "v"]]]]]
            2> MULTI
            +OK
            2> XREAD BLOCK 0 STREAMS a $
            +QUEUED
            2> EXEC
            [nil*]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XREAD STREAMS a b 0
            -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
            > XREAD COUNT 1 STREAMS
            -ERR syntax error
            > XREAD COUNT x STREAMS a 0
            -ERR value is not an integer or out of range
            > XREAD BLOCK x STREAMS a 0
            -ERR timeout is not an integer or out of range
            > XREAD BLOCK -1 STREAMS a 0
            -ERR timeout is negative
            > XREAD BLOCK 9223372036854775807 STREAMS a 0
            -ERR timeout is out of range
            > XREAD GROUP g c STREAMS a 0
            -ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
            > XREAD NOACK STREAMS a 0
            -ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
            > XREAD CLAIM 5 STREAMS a 0
            -ERR syntax error
            > XREAD STREAMS a >
            -ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
            > XREAD STREAMS a x
            -ERR Invalid stream ID specified as stream command argument
            > XREAD STREAMS a -
            -ERR Invalid stream ID specified as stream command argument
            > SET str x
            +OK
            > XREAD STREAMS nope str 0 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XREAD STREAMS a
            -ERR wrong number of arguments for 'xread' command
            "#,
        );
    }
}
