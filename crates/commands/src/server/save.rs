//! SAVE, BGSAVE, LASTSAVE: snapshots on request.

use engine::host::Level;
use engine::snapshot::Purpose;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result, snapshot};

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "SAVE",
        summary: "Writes a snapshot of the dataset; everybody waits.",
        complexity: "O(N) for N keys",
        flags: ADMIN.and(Flags::NO_MULTI),
        reply: "OK",
        run: save,
        ..TEMPLATE
    },
    Command {
        name: "BGSAVE",
        summary: "Has a child process write a snapshot of the dataset.",
        arity: Arity::AtLeast(1),
        flags: ADMIN,
        args: &[Arg::one_of(
            "operation",
            &[Arg::word("schedule", "SCHEDULE").since("3.2.2"), Arg::word("cancel", "CANCEL").since("8.1.0")],
        )
        .optional()],
        reply: "what was begun, scheduled or cancelled",
        history: &[("3.2.2", "`SCHEDULE`."), ("8.1.0", "`CANCEL`.")],
        run: bgsave,
        ..TEMPLATE
    },
    Command {
        name: "LASTSAVE",
        summary: "Tells when the last snapshot was complete.",
        flags: Flags::LOADING.and(Flags::STALE).and(Flags::FAST),
        acl: &["admin", "dangerous"],
        reply: "seconds since 1970; of the start if there was none",
        tips: &["nondeterministic_output"],
        run: lastsave,
        ..TEMPLATE
    },
];

const TEMPLATE: Command = Command { group: Group::Server, arity: Arity::Exactly(1), ..Command::BLANK };

const ADMIN: Flags = Flags::ADMIN.and(Flags::NOSCRIPT).and(Flags::NO_ASYNC_LOADING);

const OTHER: &str = concat!(
    "ERR Another child process is active (AOF?): can't BGSAVE right now. ",
    "Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."
);

const IN_PROGRESS: CommandError = CommandError::Line("ERR Background save already in progress");

fn save(ctx: &mut Ctx<'_>) -> Result {
    if ctx.server.snapshot.saving_for(Purpose::Snapshot) {
        return Err(IN_PROGRESS);
    }
    // The reason is in the log; the peers tell no more either.
    snapshot::save(ctx.keyspace, ctx.server, ctx.host).map_err(|_| CommandError::Line("ERR"))?;
    ctx.ok()
}

fn bgsave(ctx: &mut Ctx<'_>) -> Result {
    let schedule = match ctx.argv.len() {
        1 => false,
        2 if ctx.is(1, "SCHEDULE") => true,
        2 if ctx.is(1, "CANCEL") => return cancel(ctx),
        _ => return Err(CommandError::Syntax),
    };
    if ctx.server.snapshot.saving_for(Purpose::Snapshot) {
        return Err(IN_PROGRESS);
    }
    let rewrite = ctx.server.snapshot.saving.is_some();
    if rewrite && !schedule {
        return Err(CommandError::Line(OTHER));
    }
    // A fork within EXEC would save half of a transaction.
    if ctx.server.depth > 0 || rewrite {
        ctx.server.snapshot.scheduled = true;
        let why = if schedule { "due to user request" } else { "to run after transaction execution" };
        ctx.host.log(Level::Notice, &format!("Background saving scheduled {why}"));
        ctx.client.out.simple("Background saving scheduled");
        return Ok(());
    }
    snapshot::start(ctx.keyspace, ctx.server, ctx.host).map_err(|_| CommandError::Line("ERR"))?;
    ctx.client.out.simple("Background saving started");
    Ok(())
}

fn cancel(ctx: &mut Ctx<'_>) -> Result {
    if ctx.server.snapshot.saving_for(Purpose::Snapshot) {
        ctx.host.log(Level::Notice, "Background saving will be aborted due to user request");
        snapshot::cancel(ctx.keyspace, ctx.server, ctx.host);
        ctx.client.out.simple("Background saving cancelled");
    } else if ctx.server.snapshot.scheduled {
        ctx.host.log(Level::Notice, "Scheduled background saving will be cancelled due to user request");
        ctx.server.snapshot.scheduled = false;
        ctx.client.out.simple("Scheduled background saving cancelled");
    } else {
        let line = "ERR Background saving is currently not in progress or scheduled";
        return Err(CommandError::Line(line));
    }
    Ok(())
}

fn lastsave(ctx: &mut Ctx<'_>) -> Result {
    ctx.int(ctx.server.snapshot.last_save_s)
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, check};

    #[test]
    fn words_and_answers() {
        check(
            r#"
            > SET a 1
            +OK
            > SAVE
            +OK
            > BGSAVE NONSENSE
            -ERR syntax error
            > BGSAVE SCHEDULE CANCEL
            -ERR syntax error
            > BGSAVE CANCEL
            -ERR Background saving is currently not in progress or scheduled
            > BGSAVE
            +"Background saving started"
            ! wait 500
            > LASTSAVE now
            -ERR wrong number of arguments for 'lastsave' command
            > MULTI
            +OK
            > SAVE
            -ERR Command 'save' not allowed inside a transaction
            > EXEC
            -EXECABORT Transaction discarded because of previous errors.
            > MULTI
            +OK
            > BGSAVE
            +QUEUED
            > BGSAVE CANCEL
            +QUEUED
            > EXEC
            [+"Background saving scheduled" +"Scheduled background saving cancelled"]
            "#,
        );
    }

    fn field(harness: &mut Harness, name: &str) -> String {
        let info = harness.send("INFO persistence").to_string();
        let line = info.split("\\r\\n").find_map(|line| line.strip_prefix(&format!("{name}:")));
        line.unwrap_or_default().to_owned()
    }

    #[test]
    fn a_snapshot_has_everything_and_is_loaded_again() {
        let mut harness = Harness::new();
        harness.send("SET a 1");
        harness.send("HSET h f v");
        assert_eq!(field(&mut harness, "rdb_changes_since_last_save"), "2");
        harness.advance(2000);
        assert_eq!(harness.send("SAVE").to_string(), "+OK");
        assert_eq!(field(&mut harness, "rdb_changes_since_last_save"), "0");
        assert_eq!(field(&mut harness, "rdb_saves"), "1");
        assert_eq!(harness.send("LASTSAVE").to_string(), ":1750000002");
        assert!(harness.host.files["/data/dump.rdb"].starts_with(b"REDIS0011"));
        harness.send("FLUSHDB");
        assert_eq!(harness.send("DEBUG RELOAD NOSAVE").to_string(), "+OK");
        assert_eq!(harness.send("HGET h f").to_string(), r#""v""#);
        assert_eq!(field(&mut harness, "rdb_last_load_keys_loaded"), "2");
    }

    #[test]
    fn functions_come_along() {
        let mut harness = Harness::new();
        let code = "#!lua name=lib\nserver.register_function('f', function() return 7 end)";
        assert_eq!(harness.exchange(1, &["FUNCTION", "LOAD", code])[0].to_string(), r#""lib""#);
        assert_eq!(harness.send("SAVE").to_string(), "+OK");
        harness.send("FUNCTION FLUSH");
        assert_eq!(harness.send("DEBUG RELOAD NOSAVE").to_string(), "+OK");
        assert_eq!(harness.send("FCALL f 0").to_string(), ":7");
        assert_eq!(harness.send("DEBUG RELOAD").to_string(), "+OK");
        assert_eq!(harness.send("FCALL f 0").to_string(), ":7");
    }

    #[test]
    fn a_child_saves_and_its_end_is_heard_of() {
        let mut harness = Harness::new();
        harness.host.child_busy = true;
        harness.send("SET a 1");
        assert_eq!(harness.send("BGSAVE").to_string(), "+Background saving started");
        harness.send("SET b 1");
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "1");
        assert_eq!(field(&mut harness, "current_save_keys_total"), "1");
        assert_eq!(harness.send("SAVE").to_string(), "-ERR Background save already in progress");
        assert_eq!(harness.send("BGSAVE SCHEDULE").to_string(), "-ERR Background save already in progress");
        harness.host.child_busy = false;
        harness.advance(200);
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "0");
        assert_eq!(field(&mut harness, "rdb_last_bgsave_status"), "ok");
        assert_eq!(field(&mut harness, "rdb_last_cow_size"), "4096");
        assert_eq!(field(&mut harness, "rdb_changes_since_last_save"), "1", "what came after the fork");
    }

    #[test]
    fn a_cancelled_child_leaves_no_file_and_is_no_failure() {
        let mut harness = Harness::new();
        harness.host.child_busy = true;
        harness.send("BGSAVE");
        assert_eq!(harness.send("BGSAVE CANCEL").to_string(), "+Background saving cancelled");
        harness.advance(200);
        assert_eq!(field(&mut harness, "rdb_last_bgsave_status"), "ok");
        assert!(harness.host.files.is_empty());
    }

    #[test]
    fn rules_save_when_enough_has_changed_for_long_enough() {
        let mut harness = Harness::new();
        harness.send("CONFIG SET save \"10 2\"");
        harness.send("SET a 1");
        harness.advance(20_000);
        assert!(harness.host.files.is_empty(), "one change is not enough");
        harness.send("SET b 1");
        harness.advance(300);
        assert_eq!(harness.host.files.len(), 1);
        assert!(harness.host.log.contains(&"2 changes in 10 seconds. Saving...".to_owned()));
    }

    #[test]
    fn while_snapshots_fail_writes_are_refused() {
        let mut harness = Harness::new();
        harness.host.disk_full = true;
        harness.send("BGSAVE");
        harness.advance(200);
        assert_eq!(field(&mut harness, "rdb_last_bgsave_status"), "err");
        for refused in ["SET a 1", "PING"] {
            assert!(harness.send(refused).to_string().starts_with("-MISCONF "), "{refused}");
        }
        assert_eq!(harness.send("GET a").to_string(), "nil");
        harness.send("CONFIG SET stop-writes-on-bgsave-error no");
        assert_eq!(harness.send("SET a 1").to_string(), "+OK");
        harness.send("CONFIG SET stop-writes-on-bgsave-error yes");
        harness.send("CONFIG SET save \"\"");
        assert_eq!(harness.send("SET a 1").to_string(), "+OK");
        harness.send("CONFIG SET save \"1 1\"");
        assert!(harness.send("SET a 1").to_string().starts_with("-MISCONF "));
        harness.host.disk_full = false;
        harness.advance(6000);
        assert_eq!(harness.send("SET a 1").to_string(), "+OK");
    }

    /// A server that saves without a child, a bucket of the table in each call of the cron.
    fn versioned() -> Harness {
        let mut harness = Harness::new();
        harness.send("CONFIG SET snapshot-method versioned rdb-key-save-delay 1");
        harness
    }

    #[test]
    fn without_a_child_the_file_has_what_was_there_at_the_beginning() {
        let mut harness = versioned();
        for n in 0..200 {
            harness.send(&format!("SET key:{n} before"));
        }
        harness.send("RPUSH list a b c");
        harness.send("SELECT 1");
        harness.send("SET other 1");
        harness.send("SELECT 0");
        assert_eq!(harness.send("BGSAVE").to_string(), "+Background saving started");
        assert_eq!(harness.send("SAVE").to_string(), "-ERR Background save already in progress");
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "1");
        assert_eq!(field(&mut harness, "current_save_keys_total"), "202");
        for n in (0..200).step_by(20) {
            let change = ["SET key:N after", "DEL key:N", "APPEND key:N more"][n % 3];
            harness.send(&change.replace('N', &n.to_string()));
            harness.send(&format!("SET new:{n} after"));
            harness.advance(if n == 100 { 300 } else { 0 });
        }
        harness.send("LPOP list");
        harness.send("RENAME list lost");
        harness.send("SWAPDB 0 1");
        harness.send("FLUSHDB");
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "1");
        harness.advance(20_000);
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "0");
        assert_eq!(field(&mut harness, "rdb_last_bgsave_status"), "ok");
        assert_eq!(harness.send("DEBUG RELOAD NOSAVE").to_string(), "+OK");
        assert_eq!(harness.send("DBSIZE").to_string(), ":201");
        for n in 0..200 {
            assert_eq!(harness.send(&format!("GET key:{n}")).to_string(), r#""before""#, "{n}");
        }
        assert_eq!(harness.send("LRANGE list 0 -1").to_string(), r#"["a" "b" "c"]"#);
        harness.send("SELECT 1");
        assert_eq!(harness.send("GET other").to_string(), r#""1""#);
    }

    #[test]
    fn without_a_child_a_snapshot_may_be_given_up() {
        let mut harness = versioned();
        for giving_up in ["BGSAVE CANCEL", "FLUSHALL", "DEBUG RELOAD NOSAVE"] {
            harness.send("CONFIG SET save \"\"");
            for n in 0..200 {
                harness.send(&format!("SET key:{n} before"));
            }
            harness.send("BGSAVE");
            harness.advance(200);
            harness.send("SET key:1 after");
            harness.send(giving_up);
            harness.advance(200);
            assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "0", "{giving_up}");
            assert_eq!(field(&mut harness, "rdb_last_bgsave_status"), "ok", "{giving_up}");
            assert!(harness.host.files.is_empty(), "{giving_up}");
        }
        assert_eq!(harness.send("GET key:1").to_string(), r#""after""#);
        assert_eq!(harness.send("SAVE").to_string(), "+OK");
    }

    #[test]
    fn without_a_child_a_full_disk_is_a_failure() {
        let mut harness = versioned();
        harness.send("SET a 1");
        harness.host.disk_full = true;
        harness.send("BGSAVE");
        harness.advance(500);
        assert_eq!(field(&mut harness, "rdb_last_bgsave_status"), "err");
        assert!(harness.send("SET a 1").to_string().starts_with("-MISCONF "));
        harness.host.disk_full = false;
        harness.send("CONFIG SET save \"1 1\"");
        harness.advance(6000);
        assert_eq!(harness.send("SET a 1").to_string(), "+OK");
    }

    #[test]
    fn the_walk_waits_while_much_is_queued() {
        let mut harness = versioned();
        harness.send("SET a 1");
        harness.host.stream_queued.store(33 << 20, std::sync::atomic::Ordering::Relaxed);
        harness.send("BGSAVE");
        harness.advance(5000);
        assert_eq!(field(&mut harness, "current_save_keys_processed"), "0");
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "1");
        harness.host.stream_queued.store(0, std::sync::atomic::Ordering::Relaxed);
        harness.advance(500);
        assert_eq!(field(&mut harness, "rdb_bgsave_in_progress"), "0");
    }
}
