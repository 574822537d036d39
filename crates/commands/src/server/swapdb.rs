//! SWAPDB: two databases change places, for every client at once.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "SWAPDB",
    summary: "Exchanges two databases.",
    since: "4.0.0",
    group: Group::Server,
    arity: Arity::Exactly(3),
    flags: Flags::WRITE.and(Flags::FAST),
    acl: &["keyspace", "dangerous"],
    args: &[Arg::integer("index1"), Arg::integer("index2")],
    reply: "OK",
    // Of the clients that wait for keys or watch them; the exchange itself does not depend on anything.
    complexity: "O(N)",
    run: swap_db,
    ..Command::BLANK
}];

/// Both words are read before either is compared with what there is. A database swapped with itself counts as a
/// change, too.
fn swap_db(ctx: &mut Ctx<'_>) -> Result {
    let first = number(ctx.argv.at(1)).ok_or(CommandError::Line("ERR invalid first DB index"))?;
    let second = number(ctx.argv.at(2)).ok_or(CommandError::Line("ERR invalid second DB index"))?;
    let there = |number: i32| u32::try_from(number).ok().filter(|index| *index < ctx.keyspace.databases());
    let (Some(first), Some(second)) = (there(first), there(second)) else {
        return Err(CommandError::DbIndexOutOfRange);
    };
    ctx.swapping(first, second);
    ctx.keyspace.swap(first, second);
    ctx.outcome.dirty += 1;
    ctx.ok()
}

fn number(word: &[u8]) -> Option<i32> {
    i32::try_from(stdx::num::parse_i64(word)?).ok()
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn databases_change_places() {
        check(
            r#"
            > SET a zero
            +OK
            > EXPIRE a 100
            :1
            > SWAPDB 0 1
            +OK
            > DBSIZE
            :0
            > COPY a b DB 1
            :0
            > SWAPDB 1 1
            +OK
            > SWAPDB 1 0
            +OK
            > GET a
            "zero"
            > TTL a
            :100
            "#,
        );
    }

    #[test]
    fn both_must_be_databases() {
        check(
            r#"
            > SWAPDB x y
            -ERR invalid first DB index
            > SWAPDB 99 y
            -ERR invalid second DB index
            > SWAPDB 0 99
            -ERR DB index is out of range
            > SWAPDB -1 0
            -ERR DB index is out of range
            > SWAPDB 4294967297 0
            -ERR invalid first DB index
            > SWAPDB 0
            -ERR wrong number of arguments for 'swapdb' command
            "#,
        );
    }
}
