//! XREADGROUP: a consumer is given what its group was not given yet, or sees again what it has.

use std::ops::Range;

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Outbox, Result, Wait};
use keyspace::Type;
use keyspace::stream::{self, ConsumerIndex, Log, Stream, StreamId};

use super::read::{self, Kind, Options};
use super::told::Told;
use super::{id, reply, text};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XREADGROUP",
    summary: "Gives a consumer entries of streams that its group was not given yet, and waits for some if asked to.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(7),
    flags: Flags::WRITE.and(Flags::BLOCKING).and(Flags::MOVABLEKEYS),
    keys: &[KeySpec::after("STREAMS", 4).range(-1, 1, 2).ro().access()],
    args: &[
        Arg::block("group-block", &[Arg::string("group"), Arg::string("consumer")]).token("GROUP"),
        Arg::integer("count").token("COUNT").optional(),
        Arg::integer("milliseconds").token("BLOCK").optional(),
        Arg::integer("min-idle-time").token("CLAIM").optional().since("8.4.0"),
        Arg::word("noack", "NOACK").optional(),
        read::STREAMS,
    ],
    reply: "for each stream that has some: its key and its entries; or null",
    complexity: "O(N), N = entries answered; with CLAIM, O(pending entries of the group)",
    history: &[("8.4.0", "The option `CLAIM` of Redis.")],
    run: read_group,
    ..Command::BLANK
}];

const NO_GROUP_GIVEN: CommandError = CommandError::Line("ERR Missing GROUP option for XREADGROUP");
const DOLLAR: CommandError = CommandError::Line(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
     specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
);
const PLUS: CommandError = CommandError::Line(
    "ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
     specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.",
);

/// What is wanted of one stream.
#[derive(Clone, Copy)]
enum Want {
    New,
    /// What the consumer has after an id.
    History(StreamId),
}

fn read_group(ctx: &mut Ctx<'_>) -> Result {
    let options = read::options(ctx, Kind::Group)?;
    let at = options.group.ok_or(NO_GROUP_GIVEN)?;
    let (group, consumer) = (ctx.argv.at(at), ctx.argv.at(at + 1));
    let mut wants = Vec::new();
    for n in 0..options.streams {
        wants.push(want(ctx, options.keys + n, options.keys + options.streams + n, group)?);
    }
    // The request itself is never told, but what comes of it.
    ctx.propagate_nothing();
    let mut served = Vec::new();
    for (n, want) in wants.into_iter().enumerate() {
        if attend(ctx, &options, n, group, consumer, want)? {
            served.push((n, want));
        }
    }
    if served.is_empty() {
        let Some(timeout) = options.block.filter(|_| ctx.may_block()) else { return ctx.null_array() };
        let keys = options.keys..options.keys + options.streams;
        let retry_ms = options.claim_ms.and_then(|min_ms| idle_in(ctx, keys.clone(), group, min_ms));
        return ctx.block(Wait::for_keys(keys, Type::Stream, timeout).or_gone().or_after(retry_ms));
    }
    read::streams(&mut ctx.client.out, served.len());
    for (n, want) in served {
        serve(ctx, &options, n, group, consumer, want)?;
    }
    Ok(())
}

fn want(ctx: &mut Ctx<'_>, key: usize, word: usize, group: &[u8]) -> Result<Want> {
    let (key, word) = (ctx.key(key), ctx.argv.at(word));
    let stream = ctx.keyspace.db(ctx.client.db).stream(key)?;
    if stream.and_then(|stream| stream.groups.get(group)).is_none() {
        return Err(CommandError::Told(format!(
            "NOGROUP No such key '{}' or consumer group '{}' in XREADGROUP with GROUP option",
            text(key.bytes),
            text(group)
        )));
    }
    match word {
        b">" => Ok(Want::New),
        b"$" => Err(DOLLAR),
        b"+" => Err(PLUS),
        // The greatest id stands for new entries with the peers, too.
        _ => id::exact(word, 0).map(|id| if id == StreamId::MAX { Want::New } else { Want::History(id) }),
    }
}

/// Notes that the consumer was here; says whether it can be given something of this stream.
fn attend(
    ctx: &mut Ctx<'_>,
    options: &Options,
    n: usize,
    name: &[u8],
    consumer: &[u8],
    want: Want,
) -> Result<bool> {
    let (key, now) = (ctx.key(options.keys + n), ctx.clock_ms());
    let mut told = Told::new(ctx, key.bytes);
    let Some(Stream { log, groups }) = ctx.keyspace.db(ctx.client.db).stream_mut(key)? else {
        return Ok(false);
    };
    let Some(group) = groups.get_mut(name) else { return Ok(false) };
    let (_, made) = super::seen(group, consumer, now);
    let serves = match want {
        Want::History(_) => true,
        Want::New => {
            log.last_live_id() > Some(group.last_id)
                || options.claim_ms.is_some_and(|ms| idle_after(log, group, now, ms) == Some(0))
        }
    };
    if made {
        if options.no_ack {
            told.consumer(group, consumer);
        }
        super::consumer_made(ctx, key.bytes);
        told.send(ctx);
    }
    Ok(serves)
}

/// After how many milliseconds the first pending entry will have been idle for so long; `None` without any.
fn idle_after(log: &Log, group: &stream::Group, now: i64, min_ms: i64) -> Option<u64> {
    let there = group.pending().iter().filter(|(id, _)| log.contains(*id));
    let missing = |delivered_ms: i64| min_ms.saturating_sub(now.saturating_sub(delivered_ms));
    there.map(|(_, pending)| u64::try_from(missing(pending.delivered_ms)).unwrap_or(0)).min()
}

/// The same of the groups of this name in several streams.
fn idle_in(ctx: &Ctx<'_>, keys: Range<usize>, name: &[u8], min_ms: i64) -> Option<u64> {
    let (db, now) = (ctx.keyspace.look(ctx.client.db), ctx.clock_ms());
    let entries = keys.filter_map(|at| {
        let key = ctx.key(at);
        db.table().get(key.bytes, key.hash)
    });
    let streams = entries.filter_map(|entry| Stream::of(entry).ok());
    streams.filter_map(|stream| idle_after(&stream.log, stream.groups.get(name)?, now, min_ms)).min()
}

fn serve(ctx: &mut Ctx<'_>, options: &Options, n: usize, name: &[u8], consumer: &[u8], want: Want) -> Result {
    let (key, now) = (ctx.key(options.keys + n), ctx.clock_ms());
    let mut told = Told::new(ctx, key.bytes);
    let out = &mut ctx.client.out;
    read::one_stream(out, key.bytes);
    let stream = ctx.keyspace.db(ctx.client.db).stream_mut(key)?;
    let found = stream.and_then(|Stream { log, groups }| Some((log, groups.get_mut(name)?)));
    // It was there a moment ago, and nothing else has run.
    let Some((log, group)) = found else {
        out.array(0);
        return Ok(());
    };
    let (consumer, _) = group.ensure_consumer(consumer, now);
    let mut serving = Serving { log, group, consumer, now, told: &mut told, out };
    match want {
        Want::History(after) => serving.history(after, options.count),
        Want::New => serving.new_entries(options),
    }
    ctx.outcome.dirty += 1;
    told.send(ctx);
    Ok(())
}

struct Serving<'s, 't, 'k> {
    log: &'s Log,
    group: &'s mut stream::Group,
    consumer: ConsumerIndex,
    now: i64,
    told: &'t mut Told<'k>,
    out: &'s mut Outbox,
}

impl Serving<'_, '_, '_> {
    /// What the consumer has to acknowledge; of what is no more, the id alone.
    fn history(&mut self, after: StreamId, count: usize) {
        let first = after.next().unwrap_or(StreamId::MAX);
        let ids: Vec<_> = self.group.consumer(self.consumer).pending_from(first).take(count).collect();
        self.out.array(ids.len());
        for id in ids {
            let Some(entry) = self.log.get(id) else {
                self.out.array(2);
                reply::id(self.out, id);
                self.out.null_array();
                continue;
            };
            reply::entry(self.out, entry);
            let before = self.group.find_pending(id).map_or(0, |pending| pending.deliveries);
            self.group.update_pending(id, self.now, before.saturating_add(1));
        }
    }

    fn new_entries(&mut self, options: &Options) {
        let claimed = match options.claim_ms {
            Some(min_ms) => self.idle(min_ms, options.count),
            None => Vec::new(),
        };
        let room = options.count - claimed.len();
        let first = self.group.last_id.next();
        let log = self.log;
        let new = first.map(|first| log.range(first, StreamId::MAX).take(room));
        let count = new.clone().map_or(0, Iterator::count);
        self.out.array(claimed.len() + count);
        claimed.into_iter().for_each(|(id, idle, deliveries)| self.claim(id, idle, deliveries));
        for entry in new.into_iter().flatten() {
            let id = entry.id;
            self.group.entries_read = log.entries_read_after(self.group, id);
            self.group.last_id = id;
            self.entry(entry, options.claim_ms.map(|_| (0, 0)));
            if !options.no_ack {
                self.pending(id, 1);
            }
        }
        if count > 0 {
            self.told.progress(self.group);
        }
    }

    /// An entry; with CLAIM, also for how long it was idle and how often it had been delivered.
    fn entry(&mut self, entry: stream::Entry<'_>, history: Option<(i64, u64)>) {
        let Some((idle, deliveries)) = history else { return reply::entry(self.out, entry) };
        reply::entry_and(self.out, entry, 2);
        self.out.integer(idle);
        self.out.integer(deliveries as i64);
    }

    fn pending(&mut self, id: StreamId, deliveries: u64) {
        self.group.assign(id, self.consumer, self.now, deliveries);
        self.group.consumer_mut(self.consumer).active_ms = Some(self.now);
        if let Some(pending) = self.group.find_pending(id) {
            self.told.claim(self.group, id, pending);
        }
    }

    /// Entries that have been pending for long, the longest first, with the time and how often they were delivered.
    fn idle(&mut self, min_ms: i64, count: usize) -> Vec<(StreamId, i64, u64)> {
        let idle = self.group.pending().iter().filter_map(|(id, pending)| {
            let idle = self.now.saturating_sub(pending.delivered_ms);
            (idle >= min_ms && self.log.contains(id)).then_some((id, idle, pending.deliveries))
        });
        let mut idle: Vec<_> = idle.collect();
        idle.sort_by_key(|(id, idle, _)| (std::cmp::Reverse(*idle), *id));
        idle.truncate(count);
        idle
    }

    fn claim(&mut self, id: StreamId, idle: i64, deliveries: u64) {
        let log = self.log;
        if let Some(entry) = log.get(id) {
            self.entry(entry, Some((idle, deliveries)));
            self.pending(id, deliveries.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn each_entry_is_given_once() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f w
            "1-2"
            > XADD s 1-3 f x
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g a COUNT 1 STREAMS s >
            [["s" [["1-1" ["f" "v"]]]]]
            > XREADGROUP GROUP g b COUNT 0 STREAMS s >
            [["s" [["1-2" ["f" "w"]] ["1-3" ["f" "x"]]]]]
            > XREADGROUP GROUP g b STREAMS s >
            nil*
            > XPENDING s g
            [:3 "1-1" "1-3" [["a" "1"] ["b" "2"]]]
            > XREADGROUP GROUP g b STREAMS s 0
            [["s" [["1-2" ["f" "w"]] ["1-3" ["f" "x"]]]]]
            > XREADGROUP GROUP g b COUNT 1 STREAMS s 1-2
            [["s" [["1-3" ["f" "x"]]]]]
            > XREADGROUP GROUP g c STREAMS s 0
            [["s" []]]
            > XPENDING s g - + 10
            [["1-1" "a" * :1] ["1-2" "b" * :2] ["1-3" "b" * :3]]
            > XINFO GROUPS s
            [["name" "g" "consumers" :3 "pending" :3 "last-delivered-id" "1-3" "entries-read" :3 "lag" :0]]
            "#,
        );
    }

    #[test]
    fn history_shows_what_is_no_more() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f w
            "1-2"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g a STREAMS s >
            *
            > XDEL s 1-1
            :1
            > XREADGROUP GROUP g a STREAMS s 0
            [["s" [["1-1" nil*] ["1-2" ["f" "w"]]]]]
            > HELLO 3
            *
            > XREADGROUP GROUP g a STREAMS s 0
            {"s" [["1-1" nil] ["1-2" ["f" "w"]]]}
            "#,
        );
    }

    #[test]
    fn nothing_is_pending_without_ack() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP NOACK GROUP g a STREAMS s >
            [["s" [["1-1" ["f" "v"]]]]]
            > XPENDING s g
            [:0 nil nil nil*]
            > XINFO CONSUMERS s g
            [["name" "a" "pending" :0 "idle" * "inactive" :-1]]
            > XREADGROUP GROUP g a STREAMS s >
            nil*
            "#,
        );
    }

    #[test]
    fn a_group_that_was_set_back_gives_again() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f w
            "1-2"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g a STREAMS s >
            *
            > XREADGROUP GROUP g a STREAMS s 0
            *
            > XGROUP SETID s g -
            +OK
            > XREADGROUP GROUP g b COUNT 1 STREAMS s >
            [["s" [["1-1" ["f" "v"]]]]]
            > XPENDING s g - + 10
            [["1-1" "b" * :1] ["1-2" "a" * :2]]
            "#,
        );
    }

    #[test]
    fn several_streams() {
        check(
            r#"
            > XADD a 1-1 f v
            "1-1"
            > XADD b 2-1 f v
            "2-1"
            > XGROUP CREATE a g 0
            +OK
            > XGROUP CREATE b g 0
            +OK
            > XREADGROUP GROUP g c STREAMS a b > 0
            [["a" [["1-1" ["f" "v"]]]] ["b" []]]
            > XREADGROUP GROUP g c STREAMS a b > >
            [["b" [["2-1" ["f" "v"]]]]]
            > XREADGROUP GROUP g c STREAMS a b > >
            nil*
            "#,
        );
    }

    #[test]
    fn who_waits_is_given_what_comes() {
        check(
            r#"
            > XGROUP CREATE s g $ MKSTREAM
            +OK
            2> XREADGROUP GROUP g a BLOCK 0 STREAMS s >
            3> XREADGROUP GROUP g b BLOCK 0 STREAMS s >
            > XADD s 1-1 f v
            "1-1"
            2>
            [["s" [["1-1" ["f" "v"]]]]]
            > XADD s 1-2 f w
            "1-2"
            3>
            [["s" [["1-2" ["f" "w"]]]]]
            > XPENDING s g
            [:2 "1-1" "1-2" [["a" "1"] ["b" "1"]]]
            2> XREADGROUP GROUP g a BLOCK 20 STREAMS s >
            ! wait 50
            2>
            nil*
            2> XREADGROUP GROUP g c BLOCK 0 STREAMS s 0
            [["s" []]]
            "#,
        );
    }

    #[test]
    fn who_waits_hears_that_the_group_is_gone() {
        check(
            r#"
            > XGROUP CREATE s g $ MKSTREAM
            +OK
            2> XREADGROUP GROUP g a BLOCK 0 STREAMS s >
            > XGROUP DESTROY s g
            :1
            2>
            -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option
            > XGROUP CREATE s g $
            +OK
            2> XREADGROUP GROUP g a BLOCK 0 STREAMS s >
            > DEL s
            :1
            2>
            -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option
            > XGROUP CREATE s g $ MKSTREAM
            +OK
            2> XREADGROUP GROUP g a BLOCK 0 STREAMS s >
            > SET s x
            +OK
            2>
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn what_was_idle_for_long_is_claimed_first() {
        check(
            r#"
            # only here: CLAIM came with Redis 8.4
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f w
            "1-2"
            > XADD s 1-3 f x
            "1-3"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            *
            > XREADGROUP GROUP g b CLAIM 100000 STREAMS s 0
            [["s" []]]
            ! wait 1000
            > XREADGROUP GROUP g b CLAIM 1000 COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"] :1000 :1] ["1-2" ["f" "w"] :1000 :1]]]]
            > XREADGROUP GROUP g b CLAIM 1000 STREAMS s >
            [["s" [["1-3" ["f" "x"] :0 :0]]]]
            > XPENDING s g - + 10
            [["1-1" "b" :0 :2] ["1-2" "b" :0 :2] ["1-3" "b" :0 :1]]
            > XREADGROUP GROUP g b CLAIM 1000 STREAMS s >
            nil*
            > XREADGROUP GROUP g b CLAIM x STREAMS s >
            -ERR min-idle-time is not an integer or out of range
            "#,
        );
    }

    #[test]
    fn who_waits_is_given_what_becomes_idle() {
        check(
            r#"
            # only here: CLAIM came with Redis 8.4
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f w
            "1-2"
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g a COUNT 1 STREAMS s >
            *
            ! wait 500
            > XREADGROUP GROUP g a STREAMS s >
            *
            2> XREADGROUP GROUP g b CLAIM 1000 BLOCK 0 STREAMS s >
            3> XREADGROUP GROUP g c CLAIM 2000 BLOCK 0 STREAMS s >
            4> XREADGROUP GROUP g d CLAIM 9000 BLOCK 1500 STREAMS s >
            > XDEL s 1-1
            :1
            ! wait 990
            2>
            ! wait 20
            2>
            [["s" [["1-2" ["f" "w"] * :1]]]]
            ! wait 1000
            3>
            4>
            nil*
            ! wait 1000
            3>
            [["s" [["1-2" ["f" "w"] * :2]]]]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XREADGROUP GROUP g a STREAMS s >
            -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option
            > XREADGROUP GROUP g a STREAMS nope >
            -NOGROUP No such key 'nope' or consumer group 'g' in XREADGROUP with GROUP option
            > XGROUP CREATE s g 0
            +OK
            > XREADGROUP GROUP g a STREAMS s $
            -ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.
            > XREADGROUP GROUP g a STREAMS s +
            -ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.
            > XREADGROUP GROUP g a STREAMS s x
            -ERR Invalid stream ID specified as stream command argument
            > XREADGROUP GROUP g a COUNT 1 STREAMS s
            -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
            > XREADGROUP COUNT 1 BLOCK 1 STREAMS s >
            -ERR Missing GROUP option for XREADGROUP
            > XREADGROUP GROUP g a FOO STREAMS s >
            -ERR syntax error
            > XREADGROUP GROUP g a NOACK COUNT 1
            -ERR syntax error
            > SET str x
            +OK
            > XREADGROUP GROUP g a STREAMS str >
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XREADGROUP GROUP g a STREAMS s
            -ERR wrong number of arguments for 'xreadgroup' command
            "#,
        );
    }
}
