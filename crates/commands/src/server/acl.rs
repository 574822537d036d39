//! ACL: users and their rights. What rules mean is the business of the crate `acl`, what they do to clients that of
//! `engine::acl`; here and in `acl_users.rs` and `acl_log.rs` is what clients see.

use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, Result, acl};

use super::{acl_log, acl_users};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "ACL",
    summary: "Shows and changes users and what they may do.",
    complexity: "that of the subcommand",
    arity: Arity::AtLeast(2),
    flags: Flags::NONE,
    subcommands: &[SUBCOMMANDS, acl_users::SUBCOMMANDS, acl_log::SUBCOMMANDS],
    ..ACL
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CAT",
        summary: "Answers the categories of commands, or the commands of one of them.",
        arity: Arity::AtLeast(2),
        args: &[Arg::string("category").optional()],
        reply: "names, in any order",
        run: cat,
        ..ACL
    },
    Command {
        name: "DRYRUN",
        since: "7.0.0",
        summary: "Tells whether a user may run a command, without running it.",
        arity: Arity::AtLeast(4),
        flags: ADMIN,
        args: &[Arg::string("username"), Arg::string("command"), Arg::string("arg").optional().many()],
        reply: "OK, or a text that says what the user may not do",
        run: dryrun,
        ..ACL
    },
    Command {
        name: "GENPASS",
        summary: "Answers a password that nobody can guess.",
        arity: Arity::AtLeast(2),
        args: &[Arg::integer("bits").optional()],
        reply: "hexadecimal digits, a quarter as many as bits",
        run: genpass,
        ..ACL
    },
    Command {
        name: "WHOAMI",
        summary: "Answers the name of the user that the client is.",
        arity: Arity::Exactly(2),
        reply: "the name",
        run: |ctx| {
            let name = ctx.server.access.users.name(ctx.client.user);
            ctx.client.out.bulk(name);
            Ok(())
        },
        ..ACL
    },
    Command {
        name: "HELP",
        summary: "Answers a text about the subcommands.",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        reply: "lines of text",
        run: help,
        ..ACL
    },
];

pub(super) const ACL: Command = Command {
    group: Group::Server,
    since: "6.0.0",
    flags: Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE),
    ..Command::BLANK
};

pub(super) const ADMIN: Flags = ACL.flags.and(Flags::ADMIN);
pub(super) const EVERYWHERE: &[&str] = &["request_policy:all_nodes", "response_policy:all_succeeded"];

/// What the peers tell of a subcommand with a word too many: its arity does not know.
pub(super) fn too_many_words(ctx: &Ctx<'_>) -> CommandError {
    let word = ctx.argv.at(1);
    let word = String::from_utf8_lossy(&word[..word.len().min(128)]);
    CommandError::Told(format!(
        "ERR unknown subcommand or wrong number of arguments for '{word}'. Try ACL HELP."
    ))
}

fn cat(ctx: &mut Ctx<'_>) -> Result {
    let catalog = &ctx.server.access.catalog;
    let names: Vec<&str> = match ctx.argv.len() {
        2 => catalog.categories().to_vec(),
        3 => {
            let name = ctx.argv.at(2);
            let Some(category) = catalog.category(name) else {
                let name = String::from_utf8_lossy(&name[..name.len().min(128)]);
                return Err(CommandError::Told(format!("ERR Unknown category '{name}'")));
            };
            catalog.members(category).filter_map(|id| Some(catalog.get(id)?.name.as_str())).collect()
        }
        _ => return Err(too_many_words(ctx)),
    };
    ctx.client.out.array(names.len());
    names.iter().for_each(|name| ctx.client.out.text(name));
    Ok(())
}

fn dryrun(ctx: &mut Ctx<'_>) -> Result {
    let text = |at: usize| String::from_utf8_lossy(ctx.argv.at(at)).into_owned();
    let (name, argv) = (ctx.argv.at(2), ctx.argv.from(3));
    let Some(user) = ctx.server.access.users.named(name) else {
        return Err(CommandError::Told(format!("ERR User '{}' not found", text(2))));
    };
    let (id, _) = ctx.registry.find(argv);
    let entry = ctx.registry.get(id).filter(|entry| entry.subcommands.is_empty() || argv.len() == 1);
    let Some(entry) = entry else {
        return Err(CommandError::Told(format!("ERR Command '{}' not found", text(3))));
    };
    if !entry.record.arity.admits(argv.len()) {
        return Err(CommandError::WrongArity(entry.full_name.clone()));
    }
    match acl::allowed_to(ctx.server, ctx.registry, user, ctx.client.db, id, argv) {
        Ok(()) => ctx.ok(),
        Err(denied) => {
            let message = acl::full_message(ctx.server, name, id, argv, denied);
            ctx.bulk(&message)
        }
    }
}

/// Bits of the longest password.
const BITS_MAX: i64 = 4096;

fn genpass(ctx: &mut Ctx<'_>) -> Result {
    let bits = match ctx.argv.len() {
        2 => 256,
        3 => ctx.integer(2)?,
        _ => return Err(too_many_words(ctx)),
    };
    if !(1..=BITS_MAX).contains(&bits) {
        return Err(CommandError::Told(format!(
            "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to \
             {BITS_MAX}"
        )));
    }
    let mut random = [0; BITS_MAX as usize / 8];
    let digits = (bits as usize).div_ceil(4);
    ctx.host.fill_random(&mut random[..digits.div_ceil(2)]);
    let hex = random.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let hex: Vec<u8> = hex.take(digits).map(|digit| b"0123456789abcdef"[usize::from(digit)]).collect();
    ctx.bulk(&hex)
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "ACL <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "CAT [<category>]",
        "    Shows the categories of commands, or the commands of one category.",
        "DELUSER <username> [<username> ...]",
        "    Removes users and closes their connections.",
        "DRYRUN <username> <command> [<arg> ...]",
        "    Tells whether a user may run a command, without running it.",
        "GETUSER <username>",
        "    Shows what a user may do.",
        "GENPASS [<bits>]",
        "    Makes a password of 256 bits, or of as many as asked for.",
        "LIST",
        "    Shows all users as lines of an ACL file.",
        "LOAD",
        "    Reads the ACL file again; all of it, or nothing if there is an error.",
        "LOG [<count> | RESET]",
        "    Shows what was refused, newest first, or forgets it.",
        "SAVE",
        "    Writes the users in force to the ACL file.",
        "SETUSER <username> <rule> [<rule> ...]",
        "    Makes a user, or changes what one may do.",
        "USERS",
        "    Shows the names of all users.",
        "WHOAMI",
        "    Shows the user of this connection.",
        "HELP",
        "    Shows these lines.",
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use testkit::{Harness, Value, check};

    #[test]
    fn categories_hold_commands() {
        check(
            r#"
            > ACL CAT
            ["keyspace" "read" "write" "set" "sortedset" "list" "hash" "string" "bitmap" "hyperloglog" "geo" "stream"
              "pubsub" "admin" "fast" "slow" "blocking" "dangerous" "connection" "transaction" "scripting"]
            > ACL CAT nosuch
            -ERR Unknown category 'nosuch'
            > ACL CAT read x
            -ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.
            > ACL NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try ACL HELP.
            > ACL
            -ERR wrong number of arguments for 'acl' command
            > ACL WHOAMI
            "default"
            > ACL WHOAMI x
            -ERR wrong number of arguments for 'acl|whoami' command
            "#,
        );
    }

    #[test]
    fn a_category_names_subcommands_too() {
        let names = Harness::new().send("ACL CAT Dangerous");
        let has = |name: &[u8]| names.elements().iter().any(|value| value.bytes() == Some(name));
        assert!(has(b"config|get") && has(b"keys") && !has(b"get") && !has(b"config"));
    }

    #[test]
    fn passwords_have_as_many_bits_as_asked_for() {
        let mut harness = Harness::new();
        for (request, digits) in
            [("ACL GENPASS", 64), ("ACL GENPASS 1", 1), ("ACL GENPASS 5", 2), ("ACL GENPASS 4096", 1024)]
        {
            let Value::Bulk(text) = harness.send(request) else { panic!("a text") };
            assert_eq!(text.len(), digits);
            assert!(text.iter().all(u8::is_ascii_hexdigit));
            assert_ne!(harness.send(request), Value::Bulk(vec![b'0'; digits]));
        }
        check(
            r#"
            > ACL GENPASS 0
            -ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096
            > ACL GENPASS 4097
            -ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096
            > ACL GENPASS x
            -ERR value is not an integer or out of range
            > ACL GENPASS 1 2
            -ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.
            "#,
        );
    }

    #[test]
    fn dryrun_tells_everything() {
        check(
            r#"
            > ACL SETUSER bob on nopass +@all -config +select|0 -select ~a* %R~r* %W~w* &c*
            +OK
            > ACL DRYRUN nosuch GET a
            -ERR User 'nosuch' not found
            > ACL DRYRUN bob nosuch
            -ERR Command 'nosuch' not found
            > ACL DRYRUN bob config nosuch
            -ERR Command 'config' not found
            > ACL DRYRUN bob config
            -ERR wrong number of arguments for 'config' command
            > ACL DRYRUN bob get
            -ERR wrong number of arguments for 'get' command
            > ACL DRYRUN bob config get maxmemory
            "User bob has no permissions to run the 'config|get' command"
            > ACL DRYRUN bob get a1
            +OK
            > ACL DRYRUN bob get r1
            +OK
            > ACL DRYRUN bob get w1
            "User bob has no permissions to access the 'w1' key"
            > ACL DRYRUN bob set w1 x
            +OK
            > ACL DRYRUN bob set w1 x GET
            "User bob has no permissions to access the 'w1' key"
            > ACL DRYRUN bob mget a r x y
            "User bob has no permissions to access the 'x' key"
            > ACL DRYRUN bob copy r1 w1
            +OK
            > ACL DRYRUN bob copy w1 r1
            "User bob has no permissions to access the 'w1' key"
            > ACL DRYRUN bob sort a STORE r1
            "User bob has no permissions to access the 'r1' key"
            > ACL DRYRUN bob publish c1 x
            +OK
            > ACL DRYRUN bob subscribe c1 d
            "User bob has no permissions to access the 'd' channel"
            > ACL DRYRUN bob psubscribe c*
            +OK
            > ACL DRYRUN bob psubscribe c1
            "User bob has no permissions to access the 'c1' channel"
            > ACL DRYRUN bob auth x
            +OK
            "#,
        );
    }

    #[test]
    fn dryrun_knows_databases() {
        check(
            r#"
            > ACL SETUSER bob on nopass +@all ~* &* db=0,3
            +OK
            > ACL DRYRUN bob get k
            +OK
            > ACL DRYRUN bob select 3
            +OK
            > ACL DRYRUN bob select 1
            "User bob has no permissions to access database 1"
            > ACL DRYRUN bob select 99
            +OK
            > ACL DRYRUN bob select x
            +OK
            > ACL DRYRUN bob swapdb 0 1
            "User bob has no permissions to access database 1"
            > ACL DRYRUN bob copy a b DB 3 DB 1
            "User bob has no permissions to access database 1"
            > ACL DRYRUN bob copy a b replace db 3
            +OK
            > ACL DRYRUN bob copy a b nonsense db 1
            +OK
            > ACL DRYRUN bob flushall
            "User bob has no permissions to access database flushall"
            > ACL DRYRUN bob flushdb
            +OK
            > ACL SETUSER bob resetdbs
            +OK
            > ACL DRYRUN bob get k
            "User bob has no permissions to access database get"
            > ACL DRYRUN bob dbsize
            "User bob has no permissions to access database dbsize"
            > ACL DRYRUN bob ping
            +OK
            > ACL SETUSER bob db=3 (db=2)
            +OK
            > ACL DRYRUN bob copy a b db 3
            "User bob has no permissions to access database 3"
            > ACL SETUSER bob clearselectors -@all (+get db=1)
            +OK
            > ACL SETUSER bob alldbs
            +OK
            > ACL DRYRUN bob get k
            "User bob has no permissions to run the 'get' command"
            "#,
        );
    }
}
