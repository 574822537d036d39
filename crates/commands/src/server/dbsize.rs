//! DBSIZE: how many keys there are.

use engine::{Command, Ctx, Flags, Group, Result};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "DBSIZE",
    summary: "Counts the keys of a database, those that have expired but are still there included.",
    group: Group::Server,
    flags: Flags::READONLY.and(Flags::FAST),
    acl: &["keyspace"],
    reply: "the number of keys",
    tips: &["request_policy:all_shards", "response_policy:agg_sum"],
    run: db_size,
    ..Command::BLANK
}];

fn db_size(ctx: &mut Ctx<'_>) -> Result {
    let keys = ctx.keyspace.look(ctx.client.db).len();
    ctx.int(keys as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn counts_the_keys_of_this_database() {
        check(
            r#"
            > DBSIZE
            :0
            > SET a 1
            +OK
            > SET b 2
            +OK
            > DBSIZE
            :2
            > SWAPDB 0 1
            +OK
            > DBSIZE
            :0
            > DBSIZE x
            -ERR wrong number of arguments for 'dbsize' command
            "#,
        );
    }
}
