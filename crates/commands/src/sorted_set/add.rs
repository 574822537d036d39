//! ZADD, ZINCRBY: members get scores.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::{AddOptions, Added, SortedSet};

use super::score;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZADD",
        summary: "Adds members with scores to a sorted set, or gives them other scores; a missing key is made.",
        arity: Arity::AtLeast(4),
        keys: &[KeySpec::at(1).rw().update()],
        args: &[
            Arg::key("key"),
            Arg::one_of("condition", &[Arg::word("nx", "NX"), Arg::word("xx", "XX")])
                .optional()
                .since("3.0.2"),
            Arg::one_of("comparison", &[Arg::word("gt", "GT"), Arg::word("lt", "LT")])
                .optional()
                .since("6.2.0"),
            Arg::word("change", "CH").optional().since("3.0.2"),
            Arg::word("increment", "INCR").optional().since("3.0.2"),
            Arg::block("data", &[Arg::double("score"), Arg::string("member")]).many(),
        ],
        reply: "how many were added (CH: or changed); with INCR the score, or nil if a condition was not met",
        complexity: "O(log(N)) for each member, N = members of the sorted set",
        history: &[
            ("2.4.0", "Several members at once."),
            ("3.0.2", "The options `XX`, `NX`, `CH` and `INCR`."),
            ("6.2.0", "The options `GT` and `LT`."),
        ],
        run: add,
        ..ADDS
    },
    Command {
        name: "ZINCRBY",
        summary: "Adds to the score of a member; a missing member or key is made.",
        arity: Arity::Exactly(4),
        keys: &[KeySpec::at(1).rw().access().update()],
        args: &[Arg::key("key"), Arg::integer("increment"), Arg::string("member")],
        reply: "the new score",
        complexity: "O(log(N)), N = members of the sorted set",
        run: increment,
        ..ADDS
    },
];

const ADDS: Command = Command {
    since: "1.2.0",
    group: Group::SortedSet,
    flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
    ..Command::BLANK
};

const NX_XX: CommandError = CommandError::Line("ERR XX and NX options at the same time are not compatible");
const GT_LT_NX: CommandError =
    CommandError::Line("ERR GT, LT, and/or NX options at the same time are not compatible");
const ONE_INCREMENT: CommandError =
    CommandError::Line("ERR INCR option supports a single increment-element pair");
const NOT_A_NUMBER: CommandError = CommandError::Line("ERR resulting score is not a number (NaN)");

/// What a request asks for beside its pairs, and where those begin.
#[derive(Default)]
struct Wish {
    options: AddOptions,
    count_changes: bool,
    pairs_at: usize,
}

fn add(ctx: &mut Ctx<'_>) -> Result {
    let wish = wish(ctx)?;
    let words = ctx.argv.len() - wish.pairs_at;
    if words == 0 || !words.is_multiple_of(2) {
        return Err(CommandError::Syntax);
    }
    let AddOptions { if_absent, if_present, if_greater, if_less, increment } = wish.options;
    if if_absent && if_present {
        return Err(NX_XX);
    }
    if (if_absent && (if_greater || if_less)) || (if_greater && if_less) {
        return Err(GT_LT_NX);
    }
    if increment && words > 2 {
        return Err(ONE_INCREMENT);
    }
    if words == 2 { add_one(ctx, &wish) } else { add_many(ctx, &wish) }
}

fn increment(ctx: &mut Ctx<'_>) -> Result {
    let options = AddOptions { increment: true, ..AddOptions::default() };
    add_one(ctx, &Wish { options, count_changes: false, pairs_at: 2 })
}

fn wish(ctx: &Ctx<'_>) -> Result<Wish> {
    let mut wish = Wish { pairs_at: 2, ..Wish::default() };
    while let Some(word) = ctx.argv.get(wish.pairs_at) {
        // The usual case: no option, but a number.
        let is = |option: &str| word.eq_ignore_ascii_case(option.as_bytes());
        match word.first().map(u8::to_ascii_uppercase) {
            Some(b'N') if is("NX") => wish.options.if_absent = true,
            Some(b'X') if is("XX") => wish.options.if_present = true,
            Some(b'G') if is("GT") => wish.options.if_greater = true,
            Some(b'L') if is("LT") => wish.options.if_less = true,
            Some(b'C') if is("CH") => wish.count_changes = true,
            Some(b'I') if is("INCR") => wish.options.increment = true,
            _ => break,
        }
        wish.pairs_at += 1;
    }
    Ok(wish)
}

fn add_one(ctx: &mut Ctx<'_>, wish: &Wish) -> Result {
    let (key, options) = (ctx.key(1), wish.options);
    let (score, member) = (score(ctx, wish.pairs_at)?, ctx.argv.at(wish.pairs_at + 1));
    let added = ctx
        .db()
        .edit_or_new(
            key,
            |_| SortedSet::default(),
            |set, env| {
                set.expect(1, member.len(), env);
                set.add(member, score, options, env)
            },
        )?
        .result;
    if let Added::New(_) | Added::Changed(_) = added {
        ctx.changed(key.bytes, Class::SortedSet, event(options));
    }
    if added == Added::NotANumber {
        return Err(NOT_A_NUMBER);
    }
    if !options.increment {
        let counted =
            matches!(added, Added::New(_)) || (wish.count_changes && matches!(added, Added::Changed(_)));
        return ctx.int(i64::from(counted));
    }
    match added {
        Added::New(score) | Added::Changed(score) | Added::Same(score) => ctx.client.out.double(score),
        Added::Refused | Added::NotANumber => ctx.client.out.null(),
    }
    Ok(())
}

fn add_many(ctx: &mut Ctx<'_>, wish: &Wish) -> Result {
    let (key, argv, options) = (ctx.key(1), ctx.argv, wish.options);
    let places = (wish.pairs_at..argv.len()).step_by(2);
    // All are read before the first is stored: a request is done as a whole or not at all.
    let scores = places.clone().map(|at| score(ctx, at)).collect::<Result<Vec<f64>>>()?;
    let longest = places.clone().map(|at| argv.at(at + 1).len()).max().unwrap_or(0);
    let (mut new, mut changed) = (0, 0);
    ctx.db().edit_or_new(
        key,
        |_| SortedSet::default(),
        |set, env| {
            set.expect(scores.len(), longest, env);
            for (at, score) in places.zip(&scores) {
                match set.add(argv.at(at + 1), *score, options, env) {
                    Added::New(_) => new += 1,
                    Added::Changed(_) => changed += 1,
                    Added::Same(_) | Added::Refused | Added::NotANumber => {}
                }
            }
        },
    )?;
    if new + changed > 0 {
        ctx.changed(key.bytes, Class::SortedSet, event(options));
        ctx.outcome.dirty += new + changed - 1;
    }
    ctx.int((if wish.count_changes { new + changed } else { new }) as i64)
}

fn event(options: AddOptions) -> &'static str {
    if options.increment { "zincr" } else { "zadd" }
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn members_are_added_and_get_other_scores() {
        check(
            r#"
            > ZADD z 10 x 20 y 30 z
            :3
            > ZADD z 10 x 21 y 40 new
            :1
            > ZADD z CH 11 x 21 y 50 newer
            :2
            > ZRANGE z 0 -1 WITHSCORES
            ["x" "11" "y" "21" "z" "30" "new" "40" "newer" "50"]
            > ZADD z 1 a 2 a 3 a
            :1
            > ZSCORE z a
            "3"
            > SET s 1
            +OK
            > ZADD s 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZADD s x a
            -ERR value is not a valid float
            > ZADD z inf top -inf low +inf top2 1e3 k 3.5 h
            :5
            > ZRANGE z 0 -1 WITHSCORES
            ["low" "-inf" "a" "3" "h" "3.5" "x" "11" "y" "21" "z" "30" "new" "40" "newer" "50" "k" "1000"
             "top" "inf" "top2" "inf"]
            > TYPE z
            +zset
            > OBJECT ENCODING z
            "listpack"
            "#,
        );
    }

    #[test]
    fn conditions_are_kept_to() {
        check(
            r#"
            > ZADD z XX 1 a
            :0
            > EXISTS z
            :0
            > ZADD z NX 1 a
            :1
            > ZADD z nx 2 a 3 b
            :1
            > ZADD z XX CH 5 a 6 c
            :1
            > ZADD z GT CH 4 a 4 b 9 d
            :2
            > ZADD z LT CH 3 a 5 b 8 e
            :2
            > ZADD z XX GT CH 10 a 1 b 1 zz
            :1
            > ZRANGE z 0 -1 WITHSCORES
            ["b" "4" "e" "8" "d" "9" "a" "10"]
            > ZADD z XX LT INCR -1 a
            "9"
            > ZADD z GT INCR -1 a
            nil
            > ZADD z NX INCR 1 a
            nil
            > ZADD z XX INCR 1 nobody
            nil
            > ZADD z INCR 0 a
            "9"
            > ZADD missing XX INCR 1 a
            nil
            > ZADD z INCR 1.5 fresh
            "1.5"
            "#,
        );
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        check(
            r#"
            > ZADD z 1
            -ERR wrong number of arguments for 'zadd' command
            > ZADD z NX 1
            -ERR syntax error
            > ZADD z 1 a 2
            -ERR syntax error
            > ZADD z CH XX NX
            -ERR syntax error
            > ZADD z XX NX 1 a
            -ERR XX and NX options at the same time are not compatible
            > ZADD z NX GT 1 a
            -ERR GT, LT, and/or NX options at the same time are not compatible
            > ZADD z NX LT 1 a
            -ERR GT, LT, and/or NX options at the same time are not compatible
            > ZADD z LT GT 1 a
            -ERR GT, LT, and/or NX options at the same time are not compatible
            > ZADD z INCR 1 a 2 b
            -ERR INCR option supports a single increment-element pair
            > ZADD z nan a
            -ERR value is not a valid float
            > ZADD z 1 a 2 b x c
            -ERR value is not a valid float
            > EXISTS z
            :0
            > ZADD z INCR nan a
            -ERR value is not a valid float
            > ZADD z INCR inf a
            "inf"
            > ZADD z INCR -inf a
            -ERR resulting score is not a number (NaN)
            > ZINCRBY z -inf a
            -ERR resulting score is not a number (NaN)
            > ZSCORE z a
            "inf"
            > ZINCRBY z x a
            -ERR value is not a valid float
            > ZINCRBY z 1
            -ERR wrong number of arguments for 'zincrby' command
            "#,
        );
    }

    #[test]
    fn increments_are_told() {
        check(
            r#"
            > ZINCRBY z 2.5 a
            "2.5"
            > ZINCRBY z 1e-3 a
            "2.501"
            > ZINCRBY z 0 a
            "2.501"
            > ZINCRBY z 1e20 a
            "1e+20"
            > HELLO 3
            *
            > ZINCRBY z -1e20 a
            ,0
            > ZADD z INCR 0.25 b
            ,0.25
            > ZADD z NX INCR 1 b
            nil
            > ZINCRBY z inf b
            ,inf
            > SET s 1
            +OK
            > ZINCRBY s 1 a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }

    #[test]
    fn digests_are_the_peers() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2.5 b -inf c 1e-7 12
            :4
            > DEBUG DIGEST-VALUE z
            [+c176924e2faf3609b1164680963ce0f243dc19f2]
            > ZADD z 100000000 a -123456789012 big 1e17 bigger -0.5 h inf i 12300 k
            :5
            > DEBUG DIGEST-VALUE z
            [+eb8e8db99df43d4def8eb8f43cd1ddc6af5611cc]
            "#,
        );
    }

    #[test]
    fn small_ones_grow_up() {
        check(
            r#"
            ! config zset-max-listpack-entries 2
            ! config zset-max-listpack-value 10
            > ZADD z 1 a 2 b
            :2
            > OBJECT ENCODING z
            "listpack"
            > ZADD z 3 b
            :0
            > OBJECT ENCODING z
            "listpack"
            > ZADD z 1 a 2 b 3 b
            :0
            > OBJECT ENCODING z
            "skiplist"
            > ZRANGE z 0 -1 WITHSCORES
            ["a" "1" "b" "3"]
            > ZADD y 1 "12345678901"
            :1
            > OBJECT ENCODING y
            "skiplist"
            > ZADD y -0 zero 0 zero
            :1
            > ZSCORE y zero
            "-0"
            > ZADD x 1 a
            :1
            > ZADD x XX 1 "12345678901"
            :0
            > OBJECT ENCODING x
            "skiplist"
            "#,
        );
    }
}
