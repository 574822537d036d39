//! XCLAIM: a consumer takes over entries that are pending.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{self, ConsumerIndex, Log, StreamId};
use resp::Argv;

use super::told::Told;
use super::{id, no_group, reply, text};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XCLAIM",
    summary: "Makes entries of a group pending with another consumer.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(6),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[
        Arg::key("key"),
        Arg::string("group"),
        Arg::string("consumer"),
        Arg::string("min-idle-time"),
        Arg::string("id").many(),
        Arg::integer("ms").token("IDLE").optional(),
        Arg::unix_time("unix-time-milliseconds").token("TIME").optional(),
        Arg::integer("count").token("RETRYCOUNT").optional(),
        Arg::word("force", "FORCE").optional(),
        Arg::word("justid", "JUSTID").optional(),
        Arg::string("lastid").token("LASTID").optional(),
    ],
    reply: "the entries that changed hands, or their ids",
    complexity: "O(log N) for each, N = pending entries of the group",
    tips: &["nondeterministic_output"],
    run: claim,
    ..Command::BLANK
}];

struct Options {
    delivered_ms: i64,
    retries: Option<u64>,
    force: bool,
    just_id: bool,
    last_id: StreamId,
}

const BAD_MIN_IDLE: CommandError = CommandError::Line("ERR Invalid min-idle-time argument for XCLAIM");
const BAD_IDLE: CommandError = CommandError::Line("ERR Invalid IDLE option argument for XCLAIM");
const BAD_TIME: CommandError = CommandError::Line("ERR Invalid TIME option argument for XCLAIM");
const BAD_COUNT: CommandError = CommandError::Line("ERR Invalid RETRYCOUNT option argument for XCLAIM");

fn claim(ctx: &mut Ctx<'_>) -> Result {
    let (key, name, now) = (ctx.key(1), ctx.argv.at(2), ctx.clock_ms());
    let (argv, mut told) = (ctx.argv, Told::new(ctx, key.bytes));
    let stream = ctx.keyspace.db(ctx.client.db).stream_mut(key)?;
    let Some(stream) = stream else { return Err(no_group(key.bytes, name)) };
    let group = stream.groups.get_mut(name).ok_or_else(|| no_group(key.bytes, name))?;
    let min_idle = integer(argv, 4, BAD_MIN_IDLE)?.max(0);
    let ids: Vec<StreamId> = argv.from(5).iter().map_while(|word| id::exact(word, 0).ok()).collect();
    let options = options(argv, 5 + ids.len(), now)?;
    let advanced = options.last_id > group.last_id;
    group.last_id = group.last_id.max(options.last_id);
    let (consumer, made) = super::seen(group, argv.at(3), now);
    let mut claim = Claim { log: &stream.log, group, consumer, now, min_idle, options, told: &mut told };
    let (mut claimed, mut dirty) = (Vec::new(), 0);
    for id in ids {
        match claim.take(id) {
            Taken::Nothing => {}
            Taken::Dropped => dirty += 1,
            Taken::Claimed => {
                dirty += 1;
                claimed.push(id);
            }
        }
    }
    let just_id = claim.options.just_id;
    if advanced && dirty == 0 {
        told.progress(group);
        dirty = 1;
    }
    let out = &mut ctx.client.out;
    out.array(claimed.len());
    for id in claimed {
        answer(out, &stream.log, id, just_id);
    }
    finish(ctx, key.bytes, made, dirty, told);
    Ok(())
}

/// The id or the entry of an id that is there.
pub(super) fn answer(out: &mut engine::Outbox, log: &Log, id: StreamId, just_id: bool) {
    match log.get(id) {
        Some(entry) if !just_id => reply::entry(out, entry),
        _ => reply::id(out, id),
    }
}

/// Counts and tells what was done.
pub(super) fn finish(ctx: &mut Ctx<'_>, key: &[u8], made: bool, dirty: u64, told: Told<'_>) {
    ctx.outcome.dirty += dirty;
    if made {
        super::consumer_made(ctx, key);
    }
    ctx.propagate_nothing();
    told.send(ctx);
}

fn integer(argv: Argv<'_>, at: usize, error: CommandError) -> Result<i64> {
    argv.get(at).and_then(stdx::num::parse_i64).ok_or(error)
}

fn options(argv: Argv<'_>, mut at: usize, now: i64) -> Result<Options> {
    let mut options =
        Options { delivered_ms: now, retries: None, force: false, just_id: false, last_id: StreamId::MIN };
    while let Some(word) = argv.get(at) {
        let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
        let value = argv.get(at + 1);
        at += 2;
        if is("FORCE") || is("JUSTID") {
            options.force |= is("FORCE");
            options.just_id |= is("JUSTID");
            at -= 1;
        } else if is("IDLE") && value.is_some() {
            options.delivered_ms = now.wrapping_sub(integer(argv, at - 1, BAD_IDLE)?);
        } else if is("TIME") && value.is_some() {
            options.delivered_ms = integer(argv, at - 1, BAD_TIME)?;
        } else if is("RETRYCOUNT") && value.is_some() {
            options.retries = u64::try_from(integer(argv, at - 1, BAD_COUNT)?).ok();
        } else if let Some(value) = value.filter(|_| is("LASTID")) {
            options.last_id = id::exact(value, 0)?;
        } else {
            return Err(CommandError::Told(format!("ERR Unrecognized XCLAIM option '{}'", text(word))));
        }
    }
    // A time that cannot be, because clocks differ, is taken for now.
    if !(0..=now).contains(&options.delivered_ms) {
        options.delivered_ms = now;
    }
    Ok(options)
}

enum Taken {
    Nothing,
    /// The entry is no more, and is pending no more.
    Dropped,
    Claimed,
}

struct Claim<'s, 't, 'k> {
    log: &'s Log,
    group: &'s mut stream::Group,
    consumer: ConsumerIndex,
    now: i64,
    min_idle: i64,
    options: Options,
    told: &'t mut Told<'k>,
}

impl Claim<'_, '_, '_> {
    fn take(&mut self, id: StreamId) -> Taken {
        let pending = self.group.find_pending(id).copied();
        if !self.log.contains(id) {
            let Some(pending) = pending else { return Taken::Nothing };
            self.told.claim(self.group, id, &pending);
            self.group.acknowledge(id);
            return Taken::Dropped;
        }
        let deliveries = match pending {
            Some(pending) => {
                let idle = self.now.saturating_sub(pending.delivered_ms);
                if self.min_idle > 0 && idle < self.min_idle {
                    return Taken::Nothing;
                }
                pending.deliveries
            }
            None if self.options.force => 1,
            None => return Taken::Nothing,
        };
        let more = u64::from(!self.options.just_id);
        let deliveries = self.options.retries.unwrap_or(deliveries.saturating_add(more));
        self.group.assign(id, self.consumer, self.options.delivered_ms, deliveries);
        self.group.consumer_mut(self.consumer).active_ms = Some(self.now);
        if let Some(pending) = self.group.find_pending(id) {
            self.told.claim(self.group, id, pending);
        }
        Taken::Claimed
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn entries_change_hands() {
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
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]]]]]
            > XCLAIM s g b 0 1-1 1-3 9-9
            [["1-1" ["f" "v"]]]
            > XCLAIM s g b 0 1-1 JUSTID
            ["1-1"]
            > XPENDING s g - + 10
            [["1-1" "b" * :2] ["1-2" "a" * :1]]
            > XCLAIM s g b 99999 1-2
            []
            > XCLAIM s g b -5 1-2 retrycount 7
            [["1-2" ["f" "w"]]]
            > XCLAIM s g b 0 1-3 FORCE
            [["1-3" ["f" "x"]]]
            > XPENDING s g - + 10
            [["1-1" "b" * :2] ["1-2" "b" * :7] ["1-3" "b" * :2]]
            > XCLAIM s g c 0 1-1 RETRYCOUNT -1 JUSTID FORCE
            ["1-1"]
            > XINFO GROUPS s
            [["name" "g" "consumers" :3 "pending" :3 "last-delivered-id" "1-2" "entries-read" :2 "lag" :1]]
            > XCLAIM s g c 0 1-1 LASTID 1-3 JUSTID
            ["1-1"]
            > XINFO GROUPS s
            [["name" "g" "consumers" :3 "pending" :3 "last-delivered-id" "1-3" "entries-read" :2 "lag" :1]]
            "#,
        );
    }

    #[test]
    fn times_may_be_given() {
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
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]]]]]
            > XCLAIM s g b 0 1-1 IDLE 5000 JUSTID
            ["1-1"]
            > XPENDING s g IDLE 5000 - + 10
            [["1-1" "b" * :1]]
            > XCLAIM s g b 0 1-2 TIME 1000 JUSTID
            ["1-2"]
            > XPENDING s g IDLE 6000 - + 10
            [["1-2" "b" * :1]]
            > XCLAIM s g b 0 1-1 1-2 TIME 99999999999999 JUSTID
            ["1-1" "1-2"]
            > XPENDING s g IDLE 5000 - + 10
            []
            "#,
        );
    }

    #[test]
    fn what_is_no_more_is_not_pending() {
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
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]]]]]
            > XDEL s 1-1
            :1
            > XCLAIM s g b 0 1-1 1-2
            [["1-2" ["f" "w"]]]
            > XPENDING s g
            [:1 "1-2" "1-2" [["b" "1"]]]
            > XCLAIM s g b 0 1-1 FORCE
            []
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
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
            > XREADGROUP GROUP g a COUNT 2 STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]]]]]
            > XCLAIM s nope b x 1-1
            -NOGROUP No such key 's' or consumer group 'nope'
            > XCLAIM nope g b 0 1-1
            -NOGROUP No such key 'nope' or consumer group 'g'
            > XCLAIM s g b x 1-1
            -ERR Invalid min-idle-time argument for XCLAIM
            > XCLAIM s g b 0 1-1 IDLE x
            -ERR Invalid IDLE option argument for XCLAIM
            > XCLAIM s g b 0 1-1 TIME x
            -ERR Invalid TIME option argument for XCLAIM
            > XCLAIM s g b 0 1-1 RETRYCOUNT x
            -ERR Invalid RETRYCOUNT option argument for XCLAIM
            > XCLAIM s g b 0 1-1 LASTID x
            -ERR Invalid stream ID specified as stream command argument
            > XCLAIM s g b 0 1-1 FOO
            -ERR Unrecognized XCLAIM option 'FOO'
            > XCLAIM s g b 0 1-1 IDLE
            -ERR Unrecognized XCLAIM option 'IDLE'
            > XCLAIM s g b 0 - JUSTID
            -ERR Unrecognized XCLAIM option '-'
            > XCLAIM s g b 0 JUSTID
            []
            > SET str x
            +OK
            > XCLAIM str g b 0 1-1
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XCLAIM s g b 0
            -ERR wrong number of arguments for 'xclaim' command
            "#,
        );
    }
}
