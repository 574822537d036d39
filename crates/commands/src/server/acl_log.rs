//! ACL LOG: what was refused.

use engine::{Arg, Arity, Command, Ctx, Result};

use super::acl::{ACL, ADMIN, too_many_words};

pub(super) static SUBCOMMANDS: &[Command] = &[Command {
    name: "LOG",
    summary: "Answers what was refused to whom, newest first, or forgets it.",
    arity: Arity::AtLeast(2),
    flags: ADMIN,
    args: &[Arg::one_of("operation", &[Arg::integer("count"), Arg::word("reset", "RESET")]).optional()],
    complexity: "O(N) for N entries told",
    history: &[("7.2.0", "Numbers and times of entries.")],
    reply: "a list of maps; OK to RESET",
    run: log,
    ..ACL
}];

/// How many entries are told if nobody says how many.
const COUNT: usize = 10;

fn log(ctx: &mut Ctx<'_>) -> Result {
    let count = match ctx.argv.len() {
        2 => COUNT,
        3 if ctx.is(2, "RESET") => {
            ctx.server.access.log.clear();
            return ctx.ok();
        }
        3 => usize::try_from(ctx.integer(2)?).unwrap_or(0),
        _ => return Err(too_many_words(ctx)),
    };
    let now_ms = ctx.now_ms();
    let (entries, out) = (ctx.server.access.log.iter(), &mut ctx.client.out);
    let count = count.min(entries.len());
    out.array(count);
    for entry in entries.take(count) {
        out.map(10);
        out.text("count");
        out.integer(entry.count as i64);
        out.text("reason");
        out.text(entry.what.reason.name());
        out.text("context");
        out.text(entry.what.context.name());
        out.text("object");
        out.bulk(&entry.what.object);
        out.text("username");
        out.bulk(&entry.what.user);
        out.text("age-seconds");
        out.double(now_ms.saturating_sub(entry.updated_ms) as f64 / 1000.0);
        out.text("client-info");
        out.text(&entry.what.client);
        out.text("entry-id");
        out.integer(entry.id as i64);
        out.text("timestamp-created");
        out.integer(entry.created_ms);
        out.text("timestamp-last-updated");
        out.integer(entry.updated_ms);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn what_is_refused_is_noted() {
        check(
            r#"
            > ACL SETUSER bob on >p +get +multi +exec +select ~a db=0
            +OK
            2> AUTH bob wrong
            -WRONGPASS invalid username-password pair or user is disabled.
            2> HELLO 3 AUTH nobody p
            -WRONGPASS invalid username-password pair or user is disabled.
            2> AUTH bob p
            +OK
            2> GET b
            -NOPERM No permissions to access a key
            2> GET b
            -NOPERM No permissions to access a key
            2> SET b c
            -NOPERM User bob has no permissions to run the 'set' command
            2> SELECT 1
            -NOPERM No permissions to access database
            2> MULTI
            +OK
            2> GET b
            -NOPERM No permissions to access a key
            > ACL LOG
            [["count" :1 "reason" "key" "context" "multi" "object" "b" "username" "bob" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]
              ["count" :1 "reason" "database" "context" "toplevel" "object" "1" "username" "bob" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]
              ["count" :1 "reason" "command" "context" "toplevel" "object" "set" "username" "bob" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]
              ["count" :2 "reason" "key" "context" "toplevel" "object" "b" "username" "bob" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]
              ["count" :1 "reason" "auth" "context" "toplevel" "object" "HELLO" "username" "nobody" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]
              ["count" :1 "reason" "auth" "context" "toplevel" "object" "AUTH" "username" "bob" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]]
            > ACL LOG 1
            [*]
            > ACL LOG -1
            []
            > ACL LOG x
            -ERR value is not an integer or out of range
            > ACL LOG 1 2
            -ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.
            > ACL LOG reset
            +OK
            > ACL LOG
            []
            ! config acllog-max-len 1
            2> GET x
            -NOPERM No permissions to access a key
            2> GET y
            -NOPERM No permissions to access a key
            > ACL LOG
            [["count" :1 "reason" "key" "context" "multi" "object" "y" "username" "bob" "age-seconds" * "client-info" * "entry-id" * "timestamp-created" * "timestamp-last-updated" *]]
            ! config acllog-max-len 0
            2> GET x
            -NOPERM No permissions to access a key
            > ACL LOG
            []
            "#,
        );
    }
}
