//! ZSCORE, ZMSCORE: the scores of members.

use engine::outbox::Outbox;
use engine::{Arg, Arity, Command, Ctx, Flags, Result};

use super::{READS, view};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZSCORE",
        summary: "Tells the score of a member.",
        since: "1.2.0",
        arity: Arity::Exactly(3),
        args: &[Arg::key("key"), Arg::string("member")],
        reply: "the score, or nil if the member is not there",
        run: one,
        ..SCORES
    },
    Command {
        name: "ZMSCORE",
        summary: "Tells the scores of several members.",
        since: "6.2.0",
        arity: Arity::AtLeast(3),
        args: &[Arg::key("key"), Arg::string("member").many()],
        reply: "for each member its score, or nil if it is not there",
        complexity: "O(N), N = members asked for",
        run: many,
        ..SCORES
    },
];

const SCORES: Command = Command { flags: Flags::READONLY.and(Flags::FAST), ..READS };

fn one(ctx: &mut Ctx<'_>) -> Result {
    let (key, member) = (ctx.key(1), ctx.argv.at(2));
    let (set, out) = view(ctx, key)?;
    answer(out, set.and_then(|set| set.score(member)));
    Ok(())
}

fn many(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let (set, out) = view(ctx, key)?;
    out.array(argv.len() - 2);
    for member in argv.iter().skip(2) {
        answer(out, set.and_then(|set| set.score(member)));
    }
    Ok(())
}

fn answer(out: &mut Outbox, score: Option<f64>) {
    match score {
        Some(score) => out.double(score),
        None => out.null(),
    }
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn scores_are_told() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 1 a 2.5 b 1e100 c -inf d 0.1 17
            :5
            > ZSCORE z a
            "1"
            > ZSCORE z c
            "1e+100"
            > ZSCORE z 17
            "0.1"
            > ZSCORE z nobody
            nil
            > ZSCORE nope a
            nil
            > ZMSCORE z a nobody b d
            ["1" nil "2.5" "-inf"]
            > ZMSCORE nope a b
            [nil nil]
            > HELLO 3
            *
            > ZSCORE z b
            ,2.5
            > ZSCORE z d
            ,-inf
            > ZMSCORE z a nobody
            [,1 nil]
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > SET s 1
            +OK
            > ZSCORE s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZMSCORE s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZSCORE z
            -ERR wrong number of arguments for 'zscore' command
            > ZMSCORE z
            -ERR wrong number of arguments for 'zmscore' command
            "#,
        );
    }
}
