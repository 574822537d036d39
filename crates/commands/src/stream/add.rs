//! XADD: a new entry at the end.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{AppendError, Stream, StreamId};

use super::id::{self, Wanted};
use super::reply;
use super::trim::{self, Trimming};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XADD",
    summary: "Adds an entry to the end of a stream; a missing stream is made.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(5),
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update().noted("not INSERT, since entries may be trimmed")],
    args: &[
        Arg::key("key"),
        Arg::word("nomkstream", "NOMKSTREAM").optional().since("6.2.0"),
        Arg::block("trim", trim::ARGS).optional(),
        Arg::one_of("id-selector", &[Arg::word("auto-id", "*"), Arg::string("id")]),
        Arg::block("data", &[Arg::string("field"), Arg::string("value")]).many(),
    ],
    reply: "the id of the entry, or null if the stream is missing and was not to be made",
    complexity: "O(1) to add, O(N) to trim, N = entries that go",
    history: &[
        ("6.2.0", "The options `NOMKSTREAM`, `MINID` and `LIMIT`."),
        ("7.0.0", "Ids of the form `<ms>-*`."),
        ("8.2.0", "The options `KEEPREF`, `DELREF` and `ACKED` of Redis."),
    ],
    tips: &["nondeterministic_output"],
    run: add,
    ..Command::BLANK
}];

const ZERO_ID: CommandError = CommandError::Line("ERR The ID specified in XADD must be greater than 0-0");
const EXHAUSTED: CommandError =
    CommandError::Line("ERR The stream has exhausted the last possible ID, unable to add more items");
const NOT_ABOVE: CommandError =
    CommandError::Line("ERR The ID specified in XADD is equal or smaller than the target stream top item");
const TOO_LARGE: CommandError = CommandError::Line("ERR Elements are too large to be stored");

/// What stands between the key and the first field.
struct Options {
    trimming: Option<Trimming>,
    make: bool,
    /// `None`: of our choice.
    wanted: Option<Wanted>,
    /// The index of the id.
    at: usize,
}

fn add(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx)?;
    let words = ctx.argv.len().saturating_sub(options.at + 1);
    if words == 0 || words % 2 == 1 {
        return Err(ctx.wrong_arity());
    }
    if options.wanted == Some(Wanted::Whole(StreamId::MIN)) {
        return Err(ZERO_ID);
    }
    let key = ctx.key(1);
    let (now, limits) = (ctx.clock_ms(), ctx.keyspace.env.limits);
    let fields = ctx.argv.from(options.at + 1).iter();
    let append = |stream: &mut Stream| -> Result<StreamId> {
        let id = next_id(stream, options.wanted, now)?;
        stream.log.append(id, fields.clone(), &limits).map_err(|error| match error {
            AppendError::NotAbove => NOT_ABOVE,
            AppendError::TooLarge => TOO_LARGE,
        })?;
        Ok(id)
    };
    let mut db = ctx.keyspace.db(ctx.client.db);
    let added = match db.again().stream_mut(key)? {
        Some(stream) => {
            let id = append(stream)?;
            ctx.ready(key.bytes);
            id
        }
        None if !options.make => return ctx.null(),
        None => {
            let mut stream = Stream::new();
            let id = append(&mut stream)?;
            db.add_stream(key, stream);
            id
        }
    };
    reply::id(&mut ctx.client.out, added);
    ctx.changed(key.bytes, Class::Stream, "xadd");
    if let Some(trimming) = options.trimming {
        trim_added(ctx, trimming)?;
    }
    if ctx.server.listeners.feed {
        tell(ctx, &options, added);
    }
    Ok(())
}

fn trim_added(ctx: &mut Ctx<'_>, trimming: Trimming) -> Result {
    let key = ctx.key(1);
    if let Some(stream) = ctx.db().stream_mut(key)?
        && trimming.apply(stream) > 0
    {
        ctx.event(ctx.client.db, key.bytes, Class::Stream, "xtrim");
    }
    Ok(())
}

/// The id of the entry to be added. Whether it is above the last one is checked later.
fn next_id(stream: &Stream, wanted: Option<Wanted>, now_ms: i64) -> Result<StreamId> {
    let last = stream.log.last_id;
    if last == StreamId::MAX {
        return Err(EXHAUSTED);
    }
    match wanted {
        Some(Wanted::Whole(id)) => Ok(id),
        Some(Wanted::Within(ms)) if ms == last.ms => {
            last.seq.checked_add(1).map(|seq| StreamId { ms, seq }).ok_or(NOT_ABOVE)
        }
        Some(Wanted::Within(ms)) => Ok(StreamId { ms, seq: 0 }),
        None => {
            let ms = now_ms.max(0) as u64;
            if ms > last.ms { Ok(StreamId { ms, seq: 0 }) } else { last.next().ok_or(EXHAUSTED) }
        }
    }
}

fn options(ctx: &Ctx<'_>) -> Result<Options> {
    let mut options = Options { trimming: None, make: true, wanted: None, at: 2 };
    if ctx.argv.at(2) == b"*" {
        return Ok(options);
    }
    let mut trim = trim::Parser::default();
    while let Some(word) = ctx.argv.get(options.at) {
        if word == b"*" {
            break;
        }
        if let Some(next) = trim.take(ctx, options.at)? {
            options.at = next;
        } else if ctx.is(options.at, "NOMKSTREAM") {
            options.make = false;
            options.at += 1;
        } else {
            options.wanted = Some(id::wanted(word)?);
            break;
        }
    }
    options.trimming = trim.finish(ctx)?;
    Ok(options)
}

/// What replicas must be told: the id that was given, and how far was trimmed.
fn tell(ctx: &mut Ctx<'_>, options: &Options, added: StreamId) {
    let mut words: Vec<Vec<u8>> = ctx.argv.iter().map(<[u8]>::to_vec).collect();
    words[options.at] = added.print().bytes().to_vec();
    trim::tell(ctx, options.trimming, words);
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn ids_are_given_or_made() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-* f v g w
            "1-2"
            > XADD s 5 1 2
            "5-0"
            > XADD s 5-* f v
            "5-1"
            > XADD s 7-* f v
            "7-0"
            > XADD s * f v
            *
            > XLEN s
            :6
            > TYPE s
            +stream
            > OBJECT ENCODING s
            "stream"
            > XRANGE s - 5
            [["1-1" ["f" "v"]] ["1-2" ["f" "v" "g" "w"]] ["5-0" ["1" "2"]] ["5-1" ["f" "v"]]]
            > XADD t 0-* f v
            "0-1"
            "#,
        );
    }

    #[test]
    fn time_never_goes_back() {
        check(
            r#"
            > XADD s 99999999999999-5 f v
            "99999999999999-5"
            > XADD s * f v
            "99999999999999-6"
            > XADD s 99999999999999-18446744073709551615 f v
            "99999999999999-18446744073709551615"
            > XADD s * f v
            "100000000000000-0"
            "#,
        );
    }

    #[test]
    fn ids_must_ascend() {
        check(
            r#"
            > XADD s 5-5 f v
            "5-5"
            > XADD s 5-5 f v
            -ERR The ID specified in XADD is equal or smaller than the target stream top item
            > XADD s 4-* f v
            -ERR The ID specified in XADD is equal or smaller than the target stream top item
            > XADD s 5-18446744073709551615 f v
            "5-18446744073709551615"
            > XADD s 5-* f v
            -ERR The ID specified in XADD is equal or smaller than the target stream top item
            > XADD s 18446744073709551615-18446744073709551615 f v
            "18446744073709551615-18446744073709551615"
            > XADD s * f v
            -ERR The stream has exhausted the last possible ID, unable to add more items
            > XADD s 1-1 f v
            -ERR The stream has exhausted the last possible ID, unable to add more items
            > XADD t 0-0 f v
            -ERR The ID specified in XADD must be greater than 0-0
            > XADD t 0 f v
            -ERR The ID specified in XADD must be greater than 0-0
            > EXISTS t
            :0
            "#,
        );
    }

    #[test]
    fn a_stream_is_only_made_if_it_may_be() {
        check(
            r#"
            > XADD s NOMKSTREAM * f v
            nil
            > EXISTS s
            :0
            > XADD s nomkstream MAXLEN 5 * f v
            nil
            > XADD s 1-1 f v
            "1-1"
            > XADD s NOMKSTREAM 1-2 f v
            "1-2"
            > SET str x
            +OK
            > XADD str NOMKSTREAM * f v
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn an_entry_may_trim() {
        check(
            r#"
            ! config stream-node-max-entries 2
            > XADD s 1-1 f v
            "1-1"
            > XADD s 2-1 f v
            "2-1"
            > XADD s MAXLEN 2 3-1 f v
            "3-1"
            > XADD s MINID = 3-1 4-1 f v
            "4-1"
            > XRANGE s - +
            [["3-1" ["f" "v"]] ["4-1" ["f" "v"]]]
            > XADD s MAXLEN ~ 1 LIMIT 1 5-1 f v
            "5-1"
            > XADD s MAXLEN ~ 1 LIMIT 2 6-1 f v
            "6-1"
            > XLEN s
            :2
            > XADD s MAXLEN 0 7-1 f v
            "7-1"
            > XLEN s
            :0
            > EXISTS s
            :1
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XADD s
            -ERR wrong number of arguments for 'xadd' command
            > XADD s * f
            -ERR wrong number of arguments for 'xadd' command
            > XADD s * f v g
            -ERR wrong number of arguments for 'xadd' command
            > XADD s MAXLEN 5 f v
            -ERR Invalid stream ID specified as stream command argument
            > XADD s MAXLEN 5 NOMKSTREAM MAXLEN
            -ERR Invalid stream ID specified as stream command argument
            > XADD s NOMKSTREAM MAXLEN 5 LIMIT
            -ERR Invalid stream ID specified as stream command argument
            > XADD s MAXLEN 5 MINID 5 * f v
            -ERR syntax error, MAXLEN and MINID options at the same time are not compatible
            > XADD s MAXLEN -1 * f v
            -ERR The MAXLEN argument must be >= 0.
            > XADD s MAXLEN x * f v
            -ERR value is not an integer or out of range
            > XADD s MAXLEN ~ 5 LIMIT -1 * f v
            -ERR The LIMIT argument must be >= 0.
            > XADD s MAXLEN 5 LIMIT 1 * f v
            -ERR syntax error, LIMIT cannot be used without the special ~ option
            > XADD s LIMIT 1 * f v
            -ERR syntax error, LIMIT cannot be used without specifying a trimming strategy
            > XADD s MINID - * f v
            -ERR Invalid stream ID specified as stream command argument
            > XADD s - f v
            -ERR Invalid stream ID specified as stream command argument
            > XADD s 1-2-3 f v
            -ERR Invalid stream ID specified as stream command argument
            > XADD s FOO f v
            -ERR Invalid stream ID specified as stream command argument
            > EXISTS s
            :0
            "#,
        );
    }
}
