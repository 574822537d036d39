//! CLIENT TRACKING, CACHING, GETREDIR, TRACKINGINFO: a client is told when what it has read is no longer valid. What
//! does it: `engine::tracking`.

use engine::tracking::{Choice, Options};
use engine::{Arg, Arity, Command, CommandError, Ctx, Result};

use super::{CLIENT, WHILE_BUSY};

pub(super) static COMMANDS: &[Command] = &[
    Command {
        name: "TRACKING",
        summary: "Says whether the connection is told when keys that it has read change.",
        arity: Arity::AtLeast(3),
        args: TRACKING_ARGS,
        reply: "OK",
        run: tracking,
        ..CACHE
    },
    Command {
        name: "CACHING",
        summary: "Says whether the keys of the next command are remembered.",
        arity: Arity::Exactly(3),
        flags: WHILE_BUSY,
        args: &[Arg::one_of("mode", &[Arg::word("yes", "YES"), Arg::word("no", "NO")])],
        reply: "OK",
        run: caching,
        ..CACHE
    },
    Command {
        name: "GETREDIR",
        summary: "Answers which connection is told in place of this one.",
        arity: Arity::Exactly(2),
        flags: WHILE_BUSY,
        reply: "its number; 0 if this one is told itself, -1 if it does not track",
        run: redirection,
        ..CACHE
    },
    Command {
        name: "TRACKINGINFO",
        summary: "Tells how the connection tracks.",
        since: "6.2.0",
        arity: Arity::Exactly(2),
        reply: "a map: flags, redirect, prefixes",
        run: info,
        ..CACHE
    },
];

const CACHE: Command = Command { since: "6.0.0", ..CLIENT };

const TRACKING_ARGS: &[Arg] = &[
    Arg::one_of("status", &[Arg::word("on", "ON"), Arg::word("off", "OFF")]),
    Arg::integer("client-id").token("REDIRECT").optional(),
    Arg::string("prefix").token("PREFIX").optional().many_tokens(),
    Arg::word("bcast", "BCAST").optional(),
    Arg::word("optin", "OPTIN").optional(),
    Arg::word("optout", "OPTOUT").optional(),
    Arg::word("noloop", "NOLOOP").optional(),
];

/// What was asked for.
#[derive(Default)]
struct Wish<'a> {
    redirect: Option<u64>,
    options: Options,
    opt_in: bool,
    opt_out: bool,
    prefixes: Vec<&'a [u8]>,
}

fn tracking(ctx: &mut Ctx<'_>) -> Result {
    let mut wish = wish(ctx)?;
    if ctx.is(2, "OFF") {
        ctx.end_tracking();
        return ctx.ok();
    }
    if !ctx.is(2, "ON") {
        return Err(CommandError::Syntax);
    }
    check(ctx, &wish)?;
    wish.options.choice = match (wish.opt_in, wish.opt_out) {
        (true, _) => Choice::OptIn,
        (_, true) => Choice::OptOut,
        _ => Choice::All,
    };
    ctx.track(wish.redirect, wish.options, &wish.prefixes)?;
    ctx.ok()
}

fn wish<'a>(ctx: &Ctx<'a>) -> Result<Wish<'a>> {
    let mut wish = Wish::default();
    let mut at = 3;
    while at < ctx.argv.len() {
        match ctx.argv.get(at + 1) {
            Some(_) if ctx.is(at, "REDIRECT") => {
                wish.redirect = Some(redirect(ctx, at + 1, wish.redirect)?);
                at += 1;
            }
            Some(prefix) if ctx.is(at, "PREFIX") => {
                wish.prefixes.push(prefix);
                at += 1;
            }
            _ if ctx.is(at, "BCAST") => wish.options.broadcast = true,
            _ if ctx.is(at, "OPTIN") => wish.opt_in = true,
            _ if ctx.is(at, "OPTOUT") => wish.opt_out = true,
            _ if ctx.is(at, "NOLOOP") => wish.options.no_loop = true,
            _ => return Err(CommandError::Syntax),
        }
        at += 1;
    }
    Ok(wish)
}

fn redirect(ctx: &Ctx<'_>, at: usize, before: Option<u64>) -> Result<u64> {
    if before.is_some() {
        return Err(CommandError::Line("ERR A client can only redirect to a single other client"));
    }
    let id = ctx.integer(at)?;
    if !ctx.has_client(id) {
        return Err(CommandError::Line("ERR The client ID you want redirect to does not exist"));
    }
    Ok(id.unsigned_abs())
}

const OTHER_BCAST: &str = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and \
    then re-enabling it with a different mode.";
const OTHER_CHOICE: &str = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and \
    then re-enabling it with a different mode.";

/// Whether options go together, and with those that the client has.
fn check(ctx: &Ctx<'_>, wish: &Wish<'_>) -> Result {
    let own = ctx.client.tracking.as_deref();
    let broadcast = wish.options.broadcast;
    let had = |choice| own.is_some_and(|track| track.options.choice == choice);
    let line = if !broadcast && !wish.prefixes.is_empty() {
        "ERR PREFIX option requires BCAST mode to be enabled"
    } else if own.is_some_and(|track| track.options.broadcast != broadcast) {
        OTHER_BCAST
    } else if broadcast && (wish.opt_in || wish.opt_out) {
        "ERR OPTIN and OPTOUT are not compatible with BCAST"
    } else if wish.opt_in && wish.opt_out {
        "ERR You can't specify both OPTIN mode and OPTOUT mode"
    } else if (wish.opt_in && had(Choice::OptOut)) || (wish.opt_out && had(Choice::OptIn)) {
        OTHER_CHOICE
    } else {
        return check_prefixes(ctx, &wish.prefixes);
    };
    Err(CommandError::Line(line))
}

/// Prefixes of a client must not overlap: it would be told twice.
fn check_prefixes(ctx: &Ctx<'_>, prefixes: &[&[u8]]) -> Result {
    let overlap = |a: &[u8], b: &[u8]| a.starts_with(b) || b.starts_with(a);
    for (at, prefix) in prefixes.iter().enumerate() {
        let own = ctx.client.tracking.iter().flat_map(|track| &track.prefixes);
        if let Some(known) = own.map(|known| &**known).find(|known| overlap(known, prefix)) {
            return Err(overlaps(prefix, "an existing", known));
        }
        if let Some(other) = prefixes[at + 1..].iter().find(|other| overlap(other, prefix)) {
            return Err(overlaps(prefix, "another provided", other));
        }
    }
    Ok(())
}

fn overlaps(prefix: &[u8], what: &str, other: &[u8]) -> CommandError {
    let [prefix, other] = [prefix, other].map(String::from_utf8_lossy);
    CommandError::told(format!(
        "ERR Prefix '{prefix}' overlaps with {what} prefix '{other}'. Prefixes for a single client must not overlap."
    ))
}

fn caching(ctx: &mut Ctx<'_>) -> Result {
    let (yes, no) = (ctx.is(2, "YES"), ctx.is(2, "NO"));
    let Some(track) = &mut ctx.client.tracking else {
        return Err(CommandError::Line(
            "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode \
             enabled",
        ));
    };
    match (yes, no, track.options.choice) {
        (true, _, Choice::OptIn) | (_, true, Choice::OptOut) => track.caching = true,
        (true, ..) => {
            return Err(CommandError::Line(
                "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.",
            ));
        }
        (_, true, _) => {
            return Err(CommandError::Line(
                "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.",
            ));
        }
        _ => return Err(CommandError::Syntax),
    }
    ctx.ok()
}

fn redirection(ctx: &mut Ctx<'_>) -> Result {
    let id = ctx.client.tracking.as_ref().map_or(-1, |track| track.redirect_id() as i64);
    ctx.int(id)
}

fn info(ctx: &mut Ctx<'_>) -> Result {
    let client = &mut *ctx.client;
    let (out, track) = (&mut client.out, client.tracking.as_deref());
    let flags: Vec<&str> = track.map_or(vec!["off"], flags);
    out.map(3);
    out.text("flags");
    out.set(flags.len());
    flags.iter().for_each(|flag| out.text(flag));
    out.text("redirect");
    out.integer(track.map_or(-1, |track| track.redirect_id() as i64));
    out.text("prefixes");
    out.array(track.map_or(0, |track| track.prefixes.len()));
    track.iter().flat_map(|track| &track.prefixes).for_each(|prefix| out.bulk(prefix));
    Ok(())
}

fn flags(track: &engine::tracking::Track) -> Vec<&'static str> {
    let (options, choice) = (track.options, track.options.choice);
    let all = [
        (true, "on"),
        (options.broadcast, "bcast"),
        (choice == Choice::OptIn, "optin"),
        (choice == Choice::OptIn && track.caching, "caching-yes"),
        (choice == Choice::OptOut, "optout"),
        (choice == Choice::OptOut && track.caching, "caching-no"),
        (options.no_loop, "noloop"),
        (track.broken, "broken_redirect"),
    ];
    all.iter().filter(|(on, _)| *on).map(|(_, flag)| *flag).collect()
}

#[cfg(test)]
mod choosing;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod redirecting;
