//! XAUTOCLAIM: a consumer takes over what has been pending for long, a piece at a time.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{self, ConsumerIndex, Log, StreamId};

use super::claim::{answer, finish};
use super::told::Told;
use super::{id, no_group, reply};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XAUTOCLAIM",
    summary: "Makes entries of a group that have been pending for long pending with another consumer.",
    since: "6.2.0",
    group: Group::Stream,
    arity: Arity::AtLeast(6),
    flags: Flags::WRITE.and(Flags::FAST),
    keys: &[KeySpec::at(1).rw().delete()],
    args: &[
        Arg::key("key"),
        Arg::string("group"),
        Arg::string("consumer"),
        Arg::string("min-idle-time"),
        Arg::string("start"),
        Arg::integer("count").token("COUNT").optional(),
        Arg::word("justid", "JUSTID").optional(),
    ],
    reply: "where to go on, the entries that changed hands or their ids, and the ids that are no more",
    complexity: "O(1) if COUNT is small",
    history: &[("7.0.0", "The ids of entries that are no more, which are pending no more either.")],
    tips: &["nondeterministic_output"],
    run: autoclaim,
    ..Command::BLANK
}];

const BAD_MIN_IDLE: CommandError = CommandError::Line("ERR Invalid min-idle-time argument for XAUTOCLAIM");
const BAD_COUNT: CommandError = CommandError::Line("ERR COUNT must be > 0");

/// Entries that change hands without COUNT.
const COUNT: u64 = 100;
/// So many entries are looked at for one that may change hands.
const ATTEMPTS: u64 = 10;
/// What the peers can count.
const MAX_COUNT: u64 = i64::MAX as u64 / 16;

fn autoclaim(ctx: &mut Ctx<'_>) -> Result {
    let min_idle = stdx::num::parse_i64(ctx.argv.at(4)).ok_or(BAD_MIN_IDLE)?.max(0);
    let start = id::start(ctx.argv.at(5))?;
    let (count, just_id) = options(ctx)?;
    let (key, name, now) = (ctx.key(1), ctx.argv.at(2), ctx.clock_ms());
    let (argv, mut told) = (ctx.argv, Told::new(ctx, key.bytes));
    let Some(stream) = ctx.keyspace.db(ctx.client.db).stream_mut(key)? else {
        return Err(no_group(key.bytes, name));
    };
    let group = stream.groups.get_mut(name).ok_or_else(|| no_group(key.bytes, name))?;
    let (consumer, made) = super::seen(group, argv.at(3), now);
    let mut walk = Walk { log: &stream.log, group, consumer, now, min_idle, just_id, told: &mut told };
    let done = walk.run(start, count);
    let out = &mut ctx.client.out;
    out.array(3);
    reply::id(out, done.next);
    out.array(done.claimed.len());
    done.claimed.iter().for_each(|id| answer(out, &stream.log, *id, just_id));
    out.array(done.gone.len());
    done.gone.iter().for_each(|id| reply::id(out, *id));
    let dirty = done.claimed.len() + done.gone.len();
    finish(ctx, key.bytes, made, dirty as u64, told);
    Ok(())
}

fn options(ctx: &Ctx<'_>) -> Result<(u64, bool)> {
    let (mut count, mut just_id, mut at) = (COUNT, false, 6);
    while at < ctx.argv.len() {
        if ctx.is(at, "COUNT") && at + 1 < ctx.argv.len() {
            let given = ctx.integer(at + 1).ok().and_then(|given| u64::try_from(given).ok());
            count = given.filter(|count| (1..=MAX_COUNT).contains(count)).ok_or(BAD_COUNT)?;
            at += 1;
        } else if ctx.is(at, "JUSTID") {
            just_id = true;
        } else {
            return Err(CommandError::Syntax);
        }
        at += 1;
    }
    Ok((count, just_id))
}

/// What a walk over pending entries came to.
struct Done {
    /// Where to go on; 0-0 at the end.
    next: StreamId,
    claimed: Vec<StreamId>,
    gone: Vec<StreamId>,
}

struct Walk<'s, 't, 'k> {
    log: &'s Log,
    group: &'s mut stream::Group,
    consumer: ConsumerIndex,
    now: i64,
    min_idle: i64,
    just_id: bool,
    told: &'t mut Told<'k>,
}

impl Walk<'_, '_, '_> {
    fn run(&mut self, start: StreamId, mut count: u64) -> Done {
        let mut done = Done { next: StreamId::MIN, claimed: Vec::new(), gone: Vec::new() };
        let (mut from, mut attempts) = (Some(start), count * ATTEMPTS);
        while let Some((id, _)) = from.and_then(|from| self.group.pending().at_or_after(from)) {
            if attempts == 0 || count == 0 {
                done.next = id;
                break;
            }
            attempts -= 1;
            from = id.next();
            if !self.log.contains(id) {
                if let Some(pending) = self.group.find_pending(id) {
                    self.told.claim(self.group, id, pending);
                }
                self.group.acknowledge(id);
                done.gone.push(id);
                count -= 1;
            } else if self.claim(id) {
                done.claimed.push(id);
                count -= 1;
            }
        }
        done
    }

    fn claim(&mut self, id: StreamId) -> bool {
        let Some(pending) = self.group.find_pending(id).copied() else { return false };
        if self.min_idle > 0 && self.now.saturating_sub(pending.delivered_ms) < self.min_idle {
            return false;
        }
        let deliveries = pending.deliveries.saturating_add(u64::from(!self.just_id));
        self.group.assign(id, self.consumer, self.now, deliveries);
        self.group.consumer_mut(self.consumer).active_ms = Some(self.now);
        if let Some(pending) = self.group.find_pending(id) {
            self.told.claim(self.group, id, pending);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_piece_at_a_time() {
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
            > XREADGROUP GROUP g a STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]] ["1-3" ["f" "x"]]]]]
            > XAUTOCLAIM s g b 99999 - COUNT 10
            ["0-0" [] []]
            > XAUTOCLAIM s g b 0 - COUNT 1
            ["1-2" [["1-1" ["f" "v"]]] []]
            > XAUTOCLAIM s g b 0 (1-1 COUNT 1 JUSTID
            ["1-3" ["1-2"] []]
            > XAUTOCLAIM s g b 0 1-3
            ["0-0" [["1-3" ["f" "x"]]] []]
            > XPENDING s g - + 10
            [["1-1" "b" * :2] ["1-2" "b" * :1] ["1-3" "b" * :2]]
            "#,
        );
    }

    #[test]
    fn what_is_no_more_is_told_once() {
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
            > XREADGROUP GROUP g a STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]] ["1-3" ["f" "x"]]]]]
            > XDEL s 1-2
            :1
            > XAUTOCLAIM s g b 0 0-0 COUNT 2
            ["1-3" [["1-1" ["f" "v"]]] ["1-2"]]
            > XAUTOCLAIM s g b 0 0-0 JUSTID
            ["0-0" ["1-1" "1-3"] []]
            > XPENDING s g
            [:2 "1-1" "1-3" [["b" "2"]]]
            "#,
        );
    }

    #[test]
    fn not_all_are_looked_at() {
        check(
            r#"
            > XGROUP CREATE s g 0 MKSTREAM
            +OK
            > XADD s 1 f v
            *
            > XADD s 2 f v
            *
            > XADD s 3 f v
            *
            > XADD s 4 f v
            *
            > XADD s 5 f v
            *
            > XADD s 6 f v
            *
            > XADD s 7 f v
            *
            > XADD s 8 f v
            *
            > XADD s 9 f v
            *
            > XADD s 10 f v
            *
            > XADD s 11 f v
            *
            > XREADGROUP GROUP g a STREAMS s >
            *
            > XAUTOCLAIM s g b 99999 0 COUNT 1
            ["11-0" [] []]
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
            > XREADGROUP GROUP g a STREAMS s >
            [["s" [["1-1" ["f" "v"]] ["1-2" ["f" "w"]] ["1-3" ["f" "x"]]]]]
            > XAUTOCLAIM s nope b 0 0
            -NOGROUP No such key 's' or consumer group 'nope'
            > XAUTOCLAIM nope g b 0 0
            -NOGROUP No such key 'nope' or consumer group 'g'
            > XAUTOCLAIM s g b x 0
            -ERR Invalid min-idle-time argument for XAUTOCLAIM
            > XAUTOCLAIM s g b 0 x
            -ERR Invalid stream ID specified as stream command argument
            > XAUTOCLAIM s g b 0 0 COUNT 0
            -ERR COUNT must be > 0
            > XAUTOCLAIM s g b 0 0 COUNT x
            -ERR COUNT must be > 0
            > XAUTOCLAIM s g b 0 0 COUNT 9223372036854775807
            -ERR COUNT must be > 0
            > XAUTOCLAIM s g b 0 0 COUNT
            -ERR syntax error
            > XAUTOCLAIM s g b 0 0 FOO
            -ERR syntax error
            > SET str x
            +OK
            > XAUTOCLAIM str g b 0 0
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XAUTOCLAIM s g b 0
            -ERR wrong number of arguments for 'xautoclaim' command
            "#,
        );
    }
}
