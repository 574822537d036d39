//! DEL and UNLINK: removing keys.
//!
//! They differ in who frees the values: with UNLINK, and with DEL while `lazyfree-lazy-user-del` is on (as it is by
//! default), a big one goes to another thread. A key that has expired but is still there is not counted: it was gone.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, Ctx, Flags, Group, KeySpec, Result};
use keyspace::Key;

use super::batch::for_each_key;

pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "DEL",
        summary: "Removes keys and what they hold.",
        complexity: "O(N)",
        run: |ctx| {
            let lazy = ctx.server.config.lazyfree_lazy_user_del;
            remove_all(ctx, if lazy { Free::Later } else { Free::Now })
        },
        ..REMOVAL
    },
    Command {
        name: "UNLINK",
        summary: "Removes keys; what they hold is freed in the background.",
        since: "4.0.0",
        flags: Flags::WRITE.and(Flags::FAST),
        run: |ctx| remove_all(ctx, Free::Later),
        ..REMOVAL
    },
];

const REMOVAL: Command = Command {
    group: Group::Generic,
    arity: Arity::AtLeast(2),
    flags: Flags::WRITE,
    keys: &[KeySpec::from(1).rm().delete()],
    args: &[Arg::key("key").many()],
    reply: "how many keys were removed",
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    ..Command::BLANK
};

/// When the memory of a big value is given back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Free {
    Now,
    Later,
}

fn remove_all(ctx: &mut Ctx<'_>, free: Free) -> Result {
    let mut removed = 0;
    for_each_key(ctx, 1, |ctx, key| removed += i64::from(remove(ctx, key, free)));
    ctx.int(removed)
}

fn remove(ctx: &mut Ctx<'_>, key: Key<'_>, free: Free) -> bool {
    let mut db = ctx.db();
    if db.expire_if_due(key) {
        return false;
    }
    let Some(entry) = db.remove(key) else { return false };
    ctx.free(entry, free == Free::Later);
    ctx.changed(key.bytes, Class::Generic, "del");
    true
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn keys_are_counted_once() {
        check(
            r#"
            > SET a 1
            +OK
            > SET b 2
            +OK
            > SET c 3
            +OK
            > DEL a a nope b
            :2
            > UNLINK c c
            :1
            > DEL a
            :0
            > DBSIZE
            :0
            > DEL
            -ERR wrong number of arguments for 'del' command
            > UNLINK
            -ERR wrong number of arguments for 'unlink' command
            "#,
        );
    }

    #[test]
    fn an_expired_key_was_gone_already() {
        check(
            r#"
            > SET a 1
            +OK
            > PEXPIRE a 20
            :1
            > SET b 1
            +OK
            > PEXPIRE b 20
            :1
            ! wait 50
            > DEL a
            :0
            > UNLINK b
            :0
            "#,
        );
    }

    #[test]
    fn what_takes_long_to_free_is_freed_elsewhere() {
        let mut h = testkit::Harness::new();
        let members: Vec<String> = (0..1000).map(|n| format!("member:{n}")).collect();
        let mut freed = |requests: &[&str]| {
            h.send("CONFIG RESETSTAT");
            h.send(&format!("SADD big {}", members.join(" ")));
            h.send("SADD small a");
            requests.iter().for_each(|request| drop(h.send(request)));
            let info = h.send("INFO memory").to_string();
            let (_, rest) = info.split_once("lazyfreed_objects:").expect("a field of INFO");
            rest.split('\\').next().and_then(|digits| digits.parse::<u32>().ok()).expect("a number")
        };
        assert_eq!(freed(&["UNLINK big small"]), 1);
        assert_eq!(freed(&["DEL big", "UNLINK small"]), 1);
        assert_eq!(freed(&["SET big x", "SET small x", "DEL big small"]), 1);
        assert_eq!(freed(&["RENAME small big", "DEL big"]), 1);
        assert_eq!(freed(&["SUNIONSTORE big small", "DEL big"]), 1);
        assert_eq!(freed(&["EXPIRE big 0"]), 1);
        let no = "CONFIG SET lazyfree-lazy-user-del no lazyfree-lazy-server-del no";
        assert_eq!(freed(&[no, "DEL big small"]), 0);
        assert_eq!(freed(&["SET big x", "DEL big"]), 0);
        assert_eq!(freed(&["UNLINK big"]), 1);
    }
}
