//! ZRANK, ZREVRANK: the place of a member.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Result};

use super::{READS, view};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "ZRANK",
        summary: "Tells how many members have lower scores than a member.",
        run: |ctx| rank(ctx, From::Lowest),
        ..RANKS
    },
    Command {
        name: "ZREVRANK",
        summary: "Tells how many members have higher scores than a member.",
        run: |ctx| rank(ctx, From::Highest),
        ..RANKS
    },
];

const RANKS: Command = Command {
    since: "2.0.0",
    arity: Arity::AtLeast(3),
    flags: Flags::READONLY.and(Flags::FAST),
    args: &[Arg::key("key"), Arg::string("member"), Arg::word("withscore", "WITHSCORE").optional()],
    reply: "the rank (WITHSCORE: and the score), or nil if the member is not there",
    complexity: "O(log(N)), N = members of the sorted set",
    history: &[("7.2.0", "The option `WITHSCORE`.")],
    ..READS
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Lowest,
    Highest,
}

fn rank(ctx: &mut Ctx<'_>, from: From) -> Result {
    let with_score = match ctx.argv.len() {
        3 => false,
        4 if ctx.is(3, "WITHSCORE") => true,
        4 => return Err(CommandError::Syntax),
        _ => return Err(ctx.wrong_arity()),
    };
    let (key, member) = (ctx.key(1), ctx.argv.at(2));
    let (set, out) = view(ctx, key)?;
    let found = set.and_then(|set| {
        let (rank, score) = set.rank(member)?;
        Some((if from == From::Lowest { rank } else { set.len() - 1 - rank }, score))
    });
    match found {
        None if with_score => out.null_array(),
        None => out.null(),
        Some((rank, score)) => {
            if with_score {
                out.array(2);
            }
            out.integer(rank as i64);
            if with_score {
                out.double(score);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{check, check_both};

    #[test]
    fn members_have_ranks_from_both_ends() {
        check_both(
            "! config zset-max-listpack-entries 0",
            r#"
            > ZADD z 10 x 20 y 30 z 20 yy
            :4
            > ZRANK z x
            :0
            > ZRANK z yy
            :2
            > ZREVRANK z x
            :3
            > ZREVRANK z z
            :0
            > ZRANK z y WITHSCORE
            [:1 "20"]
            > ZREVRANK z y withscore
            [:2 "20"]
            > ZRANK z nobody
            nil
            > ZREVRANK z nobody WITHSCORE
            nil*
            > ZRANK nope x
            nil
            > ZRANK nope x WITHSCORE
            nil*
            > HELLO 3
            *
            > ZRANK z y WITHSCORE
            [:1 ,20]
            > ZRANK z nobody WITHSCORE
            nil
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > ZRANK z a FOO
            -ERR syntax error
            > ZRANK z a WITHSCORE x
            -ERR wrong number of arguments for 'zrank' command
            > ZREVRANK z a b c
            -ERR wrong number of arguments for 'zrevrank' command
            > ZRANK z
            -ERR wrong number of arguments for 'zrank' command
            > SET s 1
            +OK
            > ZRANK s a
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > ZREVRANK s a WITHSCORE
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
