//! GEOADD: places into a sorted set.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, KeySpec, Result};
use keyspace::{AddOptions, Added, SortedSet};

use super::{GEO, place};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "GEOADD",
    summary: "Adds places to a sorted set, or moves them; a missing key is made.",
    arity: Arity::AtLeast(5),
    flags: Flags::WRITE.and(Flags::DENYOOM),
    keys: &[KeySpec::at(1).rw().update()],
    args: &[
        Arg::key("key"),
        Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")]).optional().since("6.2.0"),
        Arg::word("change", "CH").optional().since("6.2.0"),
        Arg::block("data", &[Arg::double("longitude"), Arg::double("latitude"), Arg::string("member")])
            .many(),
    ],
    reply: "how many members were added; with `CH`, added or moved",
    complexity: "O(log N) for each member, N = members of the set",
    history: &[("6.2.0", "The options `CH`, `NX` and `XX`.")],
    run: geoadd,
    ..GEO
}];

fn geoadd(ctx: &mut Ctx<'_>) -> Result {
    let (options, tell_changes, first) = options(ctx);
    let words = ctx.argv.len() - first;
    if words == 0 || !words.is_multiple_of(3) || (options.if_absent && options.if_present) {
        return Err(CommandError::Syntax);
    }
    let (argv, count) = (ctx.argv, words / 3);
    let mut scores = Vec::with_capacity(count);
    let mut longest = 0;
    for at in (first..argv.len()).step_by(3) {
        scores.push(place(argv.at(at), argv.at(at + 1))?.score());
        longest = longest.max(argv.at(at + 2).len());
    }
    let key = ctx.key(1);
    let edited = ctx.db().edit_or_new(
        key,
        |env| SortedSet::for_size(count, longest, env),
        |set: &mut SortedSet, env| {
            if count > env.limits.zset_max_listpack_entries || longest > env.limits.zset_max_listpack_value {
                set.unpack_now(env);
            }
            let (mut new, mut changed) = (0, 0);
            for (n, score) in scores.iter().enumerate() {
                match set.add(argv.at(first + 3 * n + 2), *score, options, env) {
                    Added::New(_) => new += 1,
                    Added::Changed(_) => changed += 1,
                    Added::Same(_) | Added::Refused | Added::NotANumber => {}
                }
            }
            (new, changed)
        },
    )?;
    let (new, changed) = edited.result;
    if new + changed > 0 {
        ctx.changed(key.bytes, Class::SortedSet, "zadd");
        ctx.outcome.dirty += new + changed - 1;
    }
    ctx.int(if tell_changes { new + changed } else { new } as i64)
}

/// The options, whether changes count, and the index of the first word that is none of them.
fn options(ctx: &Ctx<'_>) -> (AddOptions, bool, usize) {
    let (mut options, mut tell_changes, mut at) = (AddOptions::default(), false, 2);
    while at < ctx.argv.len() {
        if ctx.is(at, "NX") {
            options.if_absent = true;
        } else if ctx.is(at, "XX") {
            options.if_present = true;
        } else if ctx.is(at, "CH") {
            tell_changes = true;
        } else {
            break;
        }
        at += 1;
    }
    (options, tell_changes, at)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn places_are_added_and_moved() {
        check(
            r#"
            > GEOADD s 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
            :2
            > TYPE s
            +zset
            > GEOADD s 13.361389 38.115556 Palermo
            :0
            > GEOADD s NX 0 0 Palermo 1 1 new
            :1
            > GEOADD s XX 2 2 other
            :0
            > GEOADD s ch xx 3 3 new 3 3 new
            :1
            > GEOHASH s Palermo new other
            ["sqc8b49rny0" "s0d1h60s300" nil]
            > GEOADD none XX 1 1 a
            :0
            > EXISTS none
            :0
            "#,
        );
    }

    #[test]
    fn nothing_is_added_if_something_is_wrong() {
        check(
            r#"
            > GEOADD s 10 10 a 200 10 b
            -ERR invalid longitude,latitude pair 200.000000,10.000000
            > GEOADD s 10 86 a
            -ERR invalid longitude,latitude pair 10.000000,86.000000
            > GEOADD s inf 1 a
            -ERR invalid longitude,latitude pair inf,1.000000
            > GEOADD s x 1 a
            -ERR value is not a valid float
            > GEOADD s 1 nan a
            -ERR value is not a valid float
            > GEOADD s NX XX 1 1 a
            -ERR syntax error
            > GEOADD s CH CH CH
            -ERR syntax error
            > GEOADD s NX 1 1
            -ERR syntax error
            > GEOADD s 1 1
            -ERR wrong number of arguments for 'geoadd' command
            > EXISTS s
            :0
            > SET k v
            +OK
            > GEOADD k 1 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
