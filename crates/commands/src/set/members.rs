//! SCARD, SISMEMBER, SMISMEMBER, SMEMBERS: how many members, which, all.

use engine::{Arg, Arity, Command, Ctx, Flags, KeySpec, Result};
use keyspace::Set;

use super::{READS, put};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SCARD",
        summary: "Answers how many members the set under a key has.",
        arity: Arity::Exactly(2),
        flags: READS.flags.and(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        reply: "the number, 0 without such a key",
        run: scard,
        ..READS
    },
    Command {
        name: "SISMEMBER",
        summary: "Tells whether something is a member of the set under a key.",
        arity: Arity::Exactly(3),
        flags: READS.flags.and(Flags::FAST),
        keys: &[KeySpec::at(1).ro()],
        args: &[Arg::key("key"), Arg::string("member")],
        reply: "1 or 0",
        run: sismember,
        ..READS
    },
    Command {
        name: "SMEMBERS",
        summary: "Answers all members of the set under a key.",
        arity: Arity::Exactly(2),
        reply: "the members",
        complexity: "O(N), N = number of members",
        tips: &["nondeterministic_output_order"],
        run: smembers,
        ..READS
    },
    Command {
        name: "SMISMEMBER",
        summary: "Tells of several things whether they are members of the set under a key.",
        since: "6.2.0",
        arity: Arity::AtLeast(3),
        flags: READS.flags.and(Flags::FAST),
        args: &[Arg::key("key"), Arg::string("member").many()],
        reply: "1 or 0 for each",
        complexity: "O(N), N = number of members asked for",
        run: smismember,
        ..READS
    },
];

fn scard(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let len = ctx.db().view::<Set>(key)?.map_or(0, |set| set.len());
    ctx.int(len as i64)
}

fn sismember(ctx: &mut Ctx<'_>) -> Result {
    let (key, member) = (ctx.key(1), ctx.argv.at(2));
    let is = ctx.db().view::<Set>(key)?.is_some_and(|set| set.has(member));
    ctx.int(i64::from(is))
}

fn smismember(ctx: &mut Ctx<'_>) -> Result {
    let (key, argv) = (ctx.key(1), ctx.argv);
    let set = ctx.keyspace.db(ctx.client.db).view::<Set>(key)?;
    let out = &mut ctx.client.out;
    out.array(argv.len() - 2);
    for at in 2..argv.len() {
        out.integer(i64::from(set.is_some_and(|set| set.has(argv.at(at)))));
    }
    Ok(())
}

fn smembers(ctx: &mut Ctx<'_>) -> Result {
    let key = ctx.key(1);
    let set = ctx.keyspace.db(ctx.client.db).view::<Set>(key)?;
    let out = &mut ctx.client.out;
    let Some(set) = set else {
        out.set(0);
        return Ok(());
    };
    out.set(set.len());
    set.iter().for_each(|member| put(out, member));
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn small_sets_in_both_packed_forms() {
        check(
            r#"
            > SADD i 5 -3 70000
            :3
            > SADD l x 5 y
            :3
            > SCARD i
            :3
            > SCARD none
            :0
            > SISMEMBER i 5
            :1
            > SISMEMBER i 05
            :0
            > SISMEMBER l 5
            :1
            > SISMEMBER l z
            :0
            > SISMEMBER none z
            :0
            > SMISMEMBER l x z 5
            [:1 :0 :1]
            > SMISMEMBER i -3 a
            [:1 :0]
            > SMISMEMBER none x z
            [:0 :0]
            > SMEMBERS i
            ["-3" "5" "70000"]
            > SMEMBERS l
            ["x" "5" "y"]
            > SMEMBERS none
            []
            "#,
        );
    }

    #[test]
    fn a_table_too() {
        check(
            r#"
            ! config set-max-listpack-entries 2
            > SADD s a b 1
            :3
            > SCARD s
            :3
            > SISMEMBER s 1
            :1
            > SMISMEMBER s 1 b 2
            [:1 :1 :0]
            > HELLO 3
            *
            > SMEMBERS s
            ~["a" "b" "1"]
            > SMEMBERS none
            ~[]
            "#,
        );
    }

    /// The digest is that of the members, whatever the encoding.
    #[test]
    fn digests_are_the_peers() {
        testkit::check_both(
            "! config set-max-listpack-entries 0",
            r#"
            > SADD s a 1 b
            :3
            > DEBUG DIGEST-VALUE s
            [+e8f32bbb1ad9bf537c8867de4f19fec9e001296d]
            > DEBUG DIGEST
            +03128985877bc2c95aa9323b2fab8b2cb7edec2c
            "#,
        );
    }

    #[test]
    fn errors() {
        check(
            r#"
            > SET str x
            +OK
            > SCARD str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SISMEMBER str x
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SMISMEMBER str x
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SMEMBERS str
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > SMISMEMBER s
            -ERR wrong number of arguments for 'smismember' command
            > SISMEMBER s a b
            -ERR wrong number of arguments for 'sismember' command
            > SCARD
            -ERR wrong number of arguments for 'scard' command
            "#,
        );
    }
}
