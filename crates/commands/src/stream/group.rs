//! XGROUP: consumer groups and their consumers.

use engine::outcome::Class;
use engine::{Arg, Arity, Command, CommandError, Ctx, Flags, Group, KeySpec, Result};
use keyspace::stream::{self, Stream, StreamId};

use super::{id, no_group_of, text};

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "XGROUP",
    summary: "Consumer groups of streams.",
    since: "5.0.0",
    group: Group::Stream,
    arity: Arity::AtLeast(2),
    complexity: "",
    subcommands: &[SUBCOMMANDS],
    ..Command::BLANK
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "CREATE",
        summary: "Makes a consumer group.",
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: &[KeySpec::at(2).rw().insert()],
        args: &[
            Arg::key("key"),
            Arg::string("group"),
            ID,
            Arg::word("mkstream", "MKSTREAM").optional(),
            ENTRIES_READ,
        ],
        reply: "OK",
        history: &[("7.0.0", "The option `ENTRIESREAD`.")],
        run: create,
        ..XGROUP
    },
    Command {
        name: "CREATECONSUMER",
        summary: "Makes a consumer in a group.",
        since: "6.2.0",
        arity: Arity::Exactly(5),
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: &[KeySpec::at(2).rw().insert()],
        args: &[Arg::key("key"), Arg::string("group"), Arg::string("consumer")],
        reply: "1, or 0 if it is there already",
        run: create_consumer,
        ..XGROUP
    },
    Command {
        name: "DELCONSUMER",
        summary: "Removes a consumer from a group, with all that it had to acknowledge.",
        arity: Arity::Exactly(5),
        flags: Flags::WRITE,
        keys: &[KeySpec::at(2).rw().delete()],
        args: &[Arg::key("key"), Arg::string("group"), Arg::string("consumer")],
        reply: "how many entries it had to acknowledge",
        run: delete_consumer,
        ..XGROUP
    },
    Command {
        name: "DESTROY",
        summary: "Removes a consumer group.",
        arity: Arity::Exactly(4),
        flags: Flags::WRITE,
        keys: &[KeySpec::at(2).rw().delete()],
        args: &[Arg::key("key"), Arg::string("group")],
        reply: "1, or 0 if there was none",
        complexity: "O(N), N = entries pending in the group",
        run: destroy,
        ..XGROUP
    },
    Command {
        name: "HELP",
        summary: "Lists the subcommands.",
        arity: Arity::Exactly(2),
        flags: Flags::LOADING.and(Flags::STALE),
        keys: &[],
        args: &[],
        reply: "lines",
        run: |ctx| {
            ctx.client.out.lines(HELP);
            Ok(())
        },
        ..XGROUP
    },
    Command {
        name: "SETID",
        summary: "Sets the last id that a group was given.",
        flags: Flags::WRITE,
        keys: &[KeySpec::at(2).rw().update()],
        args: &[Arg::key("key"), Arg::string("group"), ID, ENTRIES_READ],
        reply: "OK",
        history: &[("7.0.0", "The option `ENTRIESREAD`.")],
        run: set_id,
        ..XGROUP
    },
];

const XGROUP: Command =
    Command { since: "5.0.0", group: Group::Stream, arity: Arity::AtLeast(5), ..Command::BLANK };
const ID: Arg = Arg::one_of("id-selector", &[Arg::string("id"), Arg::word("new-id", "$")]);
const ENTRIES_READ: Arg =
    Arg::integer("entriesread").token("ENTRIESREAD").optional().shown_as("entries-read");

const HELP: &[&str] = &[
    "XGROUP <subcommand> [<argument> ...]. The subcommands:",
    "CREATE <key> <group> <id|$> [MKSTREAM] [ENTRIESREAD <count>]",
    "    Make a group that is given entries after an id; MKSTREAM: make a missing stream;",
    "    ENTRIESREAD: how many entries there ever were up to the id.",
    "CREATECONSUMER <key> <group> <consumer>",
    "    Make a consumer.",
    "DELCONSUMER <key> <group> <consumer>",
    "    Remove a consumer with all that it had to acknowledge.",
    "DESTROY <key> <group>",
    "    Remove a group.",
    "SETID <key> <group> <id|$> [ENTRIESREAD <count>]",
    "    Set the last id that the group was given.",
    "HELP",
    "    This list.",
];

const NO_KEY: CommandError = CommandError::Line(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
     option to create an empty stream automatically.",
);
const BUSY: CommandError = CommandError::Line("BUSYGROUP Consumer Group name already exists");
const NEGATIVE: CommandError = CommandError::Line("ERR value for ENTRIESREAD must be positive or -1");

/// What may follow the id.
#[derive(Default)]
struct Options {
    make: bool,
    entries_read: Option<u64>,
}

fn options(ctx: &Ctx<'_>, may_make: bool) -> Result<Options> {
    let (mut options, mut at) = (Options::default(), 5);
    while at < ctx.argv.len() {
        if may_make && ctx.is(at, "MKSTREAM") {
            options.make = true;
            at += 1;
        } else if ctx.is(at, "ENTRIESREAD") && at + 1 < ctx.argv.len() {
            options.entries_read = match ctx.integer(at + 1)? {
                -1 => None,
                count => Some(u64::try_from(count).map_err(|_| NEGATIVE)?),
            };
            at += 2;
        } else {
            return Err(wrong_words(ctx));
        }
    }
    Ok(options)
}

fn wrong_words(ctx: &Ctx<'_>) -> CommandError {
    let word = ctx.argv.at(1);
    let word = text(&word[..word.len().min(128)]);
    CommandError::Told(format!(
        "ERR unknown subcommand or wrong number of arguments for '{word}'. Try XGROUP HELP."
    ))
}

fn the_stream<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut Stream> {
    let key = ctx.key(2);
    ctx.db().stream_mut(key)?.ok_or(NO_KEY)
}

fn the_group<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut stream::Group> {
    let (key, name) = (ctx.argv.at(2), ctx.argv.at(3));
    the_stream(ctx)?.groups.get_mut(name).ok_or_else(|| no_group_of(key, name))
}

fn create(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx, true)?;
    let (key, name, word) = (ctx.key(2), ctx.argv.at(3), ctx.argv.at(4));
    let mut db = ctx.keyspace.db(ctx.client.db);
    let there = db.again().stream_mut(key)?;
    if there.is_none() && !options.make {
        return Err(NO_KEY);
    }
    if ctx.argv.len() > 8 {
        return Err(wrong_words(ctx));
    }
    let id = match (word, &there) {
        (b"$", Some(stream)) => stream.log.last_id,
        (b"$", None) => StreamId::MIN,
        _ => id::exact(word, 0)?,
    };
    let group = stream::Group::new(name, id, options.entries_read);
    match there {
        Some(stream) => {
            if !stream.groups.add(group) {
                return Err(BUSY);
            }
        }
        None => {
            let mut stream = Stream::new();
            stream.groups.add(group);
            db.add_stream(key, stream);
        }
    }
    ctx.changed(key.bytes, Class::Stream, "xgroup-create");
    ctx.ok()
}

fn set_id(ctx: &mut Ctx<'_>) -> Result {
    let options = options(ctx, false)?;
    let (key, name, word) = (ctx.argv.at(2), ctx.argv.at(3), ctx.argv.at(4));
    let words = ctx.argv.len();
    let wrong = wrong_words(ctx);
    let stream = the_stream(ctx)?;
    let last = stream.log.last_id;
    let group = stream.groups.get_mut(name).ok_or_else(|| no_group_of(key, name))?;
    if words > 7 {
        return Err(wrong);
    }
    group.last_id = if word == b"$" { last } else { id::any(word, 0)? };
    group.entries_read = options.entries_read;
    ctx.changed(key, Class::Stream, "xgroup-setid");
    ctx.ok()
}

fn destroy(ctx: &mut Ctx<'_>) -> Result {
    let (key, name) = (ctx.argv.at(2), ctx.argv.at(3));
    if !the_stream(ctx)?.groups.remove(name) {
        return ctx.int(0);
    }
    ctx.changed(key, Class::Stream, "xgroup-destroy");
    ctx.ready(key);
    ctx.int(1)
}

fn create_consumer(ctx: &mut Ctx<'_>) -> Result {
    let (key, name, now) = (ctx.argv.at(2), ctx.argv.at(4), ctx.clock_ms());
    let (_, made) = the_group(ctx)?.ensure_consumer(name, now);
    if made {
        super::consumer_made(ctx, key);
    }
    ctx.int(i64::from(made))
}

fn delete_consumer(ctx: &mut Ctx<'_>) -> Result {
    let (key, name) = (ctx.argv.at(2), ctx.argv.at(4));
    let Some(pending) = the_group(ctx)?.remove_consumer(name) else { return ctx.int(0) };
    ctx.changed(key, Class::Stream, "xgroup-delconsumer");
    ctx.int(pending as i64)
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn groups_are_made_and_removed() {
        check(
            r#"
            > XGROUP CREATE s g $
            -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
            > XGROUP CREATE s g $ MKSTREAM
            +OK
            > XGROUP CREATE s g $ mkstream
            -BUSYGROUP Consumer Group name already exists
            > XADD s 1-1 f v
            "1-1"
            > XADD s 1-2 f v
            "1-2"
            > XGROUP CREATE s h 1 ENTRIESREAD 0 MKSTREAM
            +OK
            > XGROUP CREATE s i $ ENTRIESREAD -1
            +OK
            > XINFO GROUPS s
            [["name" "g" "consumers" :0 "pending" :0 "last-delivered-id" "0-0" "entries-read" nil "lag" :2]
             ["name" "h" "consumers" :0 "pending" :0 "last-delivered-id" "1-0" "entries-read" :0 "lag" :2]
             ["name" "i" "consumers" :0 "pending" :0 "last-delivered-id" "1-2" "entries-read" nil "lag" :0]]
            > XGROUP SETID s g $ ENTRIESREAD 2
            +OK
            > XGROUP SETID s h -
            +OK
            > XGROUP DESTROY s i
            :1
            > XGROUP DESTROY s i
            :0
            > XINFO GROUPS s
            [["name" "g" "consumers" :0 "pending" :0 "last-delivered-id" "1-2" "entries-read" :2 "lag" :0]
             ["name" "h" "consumers" :0 "pending" :0 "last-delivered-id" "0-0" "entries-read" nil "lag" :2]]
            "#,
        );
    }

    #[test]
    fn consumers_are_made_and_removed() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XGROUP CREATE s g 0
            +OK
            > XGROUP CREATECONSUMER s g c
            :1
            > XGROUP CREATECONSUMER s g c
            :0
            > XREADGROUP GROUP g c STREAMS s >
            [["s" [["1-1" ["f" "v"]]]]]
            > XGROUP DELCONSUMER s g c
            :1
            > XGROUP DELCONSUMER s g c
            :0
            > XPENDING s g
            [:0 nil nil nil*]
            > XINFO CONSUMERS s g
            []
            "#,
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        check(
            r#"
            > XADD s 1-1 f v
            "1-1"
            > XGROUP CREATE s g $ ENTRIESREAD -3
            -ERR value for ENTRIESREAD must be positive or -1
            > XGROUP CREATE s g $ ENTRIESREAD x
            -ERR value is not an integer or out of range
            > XGROUP CREATE s g $ FOO
            -ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
            > XGROUP create s g $ MKSTREAM MKSTREAM MKSTREAM MKSTREAM
            -ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP.
            > XGROUP CREATE s g x
            -ERR Invalid stream ID specified as stream command argument
            > XGROUP CREATE s g -
            -ERR Invalid stream ID specified as stream command argument
            > XGROUP SETID s g $
            -NOGROUP No such consumer group 'g' for key name 's'
            > XGROUP CREATECONSUMER s g c
            -NOGROUP No such consumer group 'g' for key name 's'
            > XGROUP DELCONSUMER s g c
            -NOGROUP No such consumer group 'g' for key name 's'
            > XGROUP DESTROY nope g
            -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
            > XGROUP CREATE s g $
            +OK
            > XGROUP SETID s g $ MKSTREAM
            -ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP.
            > XGROUP SETID s g x
            -ERR Invalid stream ID specified as stream command argument
            > XGROUP HELP x
            -ERR wrong number of arguments for 'xgroup|help' command
            > XGROUP NOSUCH s g
            -ERR unknown subcommand 'NOSUCH'. Try XGROUP HELP.
            > XGROUP
            -ERR wrong number of arguments for 'xgroup' command
            > SET str x
            +OK
            > XGROUP CREATE str g $
            -WRONGTYPE Operation against a key holding the wrong kind of value
            > XGROUP DESTROY str g
            -WRONGTYPE Operation against a key holding the wrong kind of value
            "#,
        );
    }
}
