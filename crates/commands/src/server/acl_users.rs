//! ACL SETUSER, DELUSER, GETUSER, LIST, USERS, LOAD, SAVE: users, by name and in files.

use acl::{Selector, is_good_name};
use engine::{Arg, Arity, Command, CommandError, Ctx, Result, acl as access};

use super::acl::{ACL, ADMIN, EVERYWHERE};

pub(super) static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "SETUSER",
        summary: "Makes a user, or changes what one may do: all of the rules, or none.",
        arity: Arity::AtLeast(3),
        args: &[Arg::string("username"), Arg::string("rule").optional().many()],
        complexity: "O(N) for N rules",
        history: &[
            ("6.2.0", "Patterns of channels."),
            ("7.0.0", "Selectors, and keys that may only be read or only be written."),
            ("9.1.0", "Rules on databases."),
        ],
        tips: EVERYWHERE,
        run: setuser,
        ..USERS
    },
    Command {
        name: "DELUSER",
        summary: "Removes users, and closes the connections of those who were them.",
        arity: Arity::AtLeast(3),
        args: &[Arg::string("username").many()],
        complexity: "O(1) for a user",
        tips: EVERYWHERE,
        reply: "how many there were",
        run: deluser,
        ..USERS
    },
    Command {
        name: "GETUSER",
        summary: "Answers what a user may do, part by part.",
        arity: Arity::Exactly(3),
        args: &[Arg::string("username")],
        complexity: "O(N) for N rules",
        history: &[
            ("6.2.0", "Patterns of channels."),
            ("7.0.0", "Selectors; patterns as rules."),
            ("9.1.0", "Rules on databases."),
        ],
        reply: "a map, or null if there is no such user",
        run: getuser,
        ..USERS
    },
    Command {
        name: "LIST",
        summary: "Answers all users as lines of an ACL file.",
        complexity: "O(N) for N users",
        reply: "lines",
        run: list,
        ..USERS
    },
    Command {
        name: "USERS",
        summary: "Answers the names of all users.",
        complexity: "O(N) for N users",
        reply: "names",
        run: users,
        ..USERS
    },
    Command {
        name: "LOAD",
        summary: "Reads the ACL file again.",
        complexity: "O(N) for N users",
        run: load,
        ..USERS
    },
    Command {
        name: "SAVE",
        summary: "Writes the users in force to the ACL file.",
        complexity: "O(N) for N users",
        tips: EVERYWHERE,
        run: save,
        ..USERS
    },
];

const USERS: Command = Command { arity: Arity::Exactly(2), flags: ADMIN, reply: "OK", ..ACL };

fn setuser(ctx: &mut Ctx<'_>) -> Result {
    let name = ctx.argv.at(2);
    if !is_good_name(name) {
        return Err(CommandError::Line("ERR Usernames can't contain spaces or null characters"));
    }
    let rules: Vec<&[u8]> = ctx.argv.from(3).iter().collect();
    let access = &ctx.server.access;
    let user = access.users.with_rules(&access.catalog, access::defaults(ctx.server), name, &rules);
    let user = user.map_err(|why| told(&why))?;
    access::put_user(ctx.server, Some(ctx.client), name, user);
    ctx.ok()
}

fn told(why: &[u8]) -> CommandError {
    CommandError::Told(format!("ERR {}", String::from_utf8_lossy(why)))
}

fn deluser(ctx: &mut Ctx<'_>) -> Result {
    let names: Vec<&[u8]> = ctx.argv.from(2).iter().collect();
    if names.contains(&acl::DEFAULT) {
        return Err(CommandError::Line("ERR The 'default' user cannot be removed"));
    }
    let gone = access::delete_users(ctx.server, Some(ctx.client), &names);
    ctx.int(gone as i64)
}

fn getuser(ctx: &mut Ctx<'_>) -> Result {
    let Some(user) = ctx.server.access.users.named(ctx.argv.at(2)) else { return ctx.null() };
    let out = &mut ctx.client.out;
    out.map(7);
    out.text("flags");
    let flags: Vec<&str> = user.flags().collect();
    out.set(flags.len());
    flags.iter().for_each(|flag| out.text(flag));
    out.text("passwords");
    out.array(user.passwords.len());
    user.passwords.iter().for_each(|digest| out.text(&digest.hex()));
    tell(out, &user.root);
    out.text("selectors");
    out.array(user.selectors.len());
    for selector in &user.selectors {
        out.map(4);
        tell(out, selector);
    }
    Ok(())
}

/// Four fields of a map.
fn tell(out: &mut engine::Outbox, selector: &Selector) {
    out.text("commands");
    out.bulk(&selector.command_rules());
    out.text("keys");
    out.bulk(&selector.key_rules());
    out.text("channels");
    out.bulk(&selector.channel_rules());
    out.text("databases");
    out.text(&selector.database_rule());
}

fn list(ctx: &mut Ctx<'_>) -> Result {
    let users = &ctx.server.access.users;
    ctx.client.out.array(users.len());
    users.iter().for_each(|(name, user)| ctx.client.out.bulk(&acl::file::line(name, user)));
    Ok(())
}

fn users(ctx: &mut Ctx<'_>) -> Result {
    let users = &ctx.server.access.users;
    ctx.client.out.array(users.len());
    users.iter().for_each(|(name, _)| ctx.client.out.bulk(name));
    Ok(())
}

const NO_FILE: CommandError = CommandError::Line(
    "ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER \
     command and then issue a CONFIG REWRITE (assuming you have a configuration file set) in order to store users in \
     the configuration.",
);

fn load(ctx: &mut Ctx<'_>) -> Result {
    if ctx.server.config.aclfile.is_empty() {
        return Err(NO_FILE);
    }
    access::load_file(ctx.server, ctx.host, Some(ctx.client)).map_err(|why| told(&why))?;
    ctx.ok()
}

fn save(ctx: &mut Ctx<'_>) -> Result {
    if ctx.server.config.aclfile.is_empty() {
        return Err(NO_FILE);
    }
    if !access::save_file(ctx.server, ctx.host) {
        return Err(CommandError::Line(
            "ERR There was an error trying to save the ACLs. Please check the server logs for more information",
        ));
    }
    ctx.ok()
}

#[cfg(test)]
#[path = "acl_tests.rs"]
mod tests;
