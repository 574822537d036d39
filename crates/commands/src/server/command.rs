//! COMMAND: what commands there are. Everything is told from their records; DOCS is in `command_docs`.
//!
//! Clients written for clusters read the whole table when they connect, and find keys with it.

use engine::keys::{self, Found};
use engine::registry::{Entry, NONE};
use engine::{
    Arg, Arity, Begin, Command, CommandError, Ctx, Find, Flags, Group, KeyFlags, KeySpec, Outbox, Registry,
    Result, categories,
};
use resp::Argv;

use super::command_docs;

pub(crate) static COMMANDS: &[Command] = &[Command {
    name: "COMMAND",
    summary: "Answers the facts about all commands.",
    arity: Arity::AtLeast(1),
    complexity: "O(N) for N commands",
    reply: "for each command its name, arity, flags, keys, categories, tips, key specs and subcommands",
    tips: ANY_ORDER,
    subcommands: &[SUBCOMMANDS],
    run: everything,
    ..COMMAND
}];

static SUBCOMMANDS: &[Command] = &[
    Command {
        name: "COUNT",
        summary: "Answers how many commands there are.",
        arity: Arity::Exactly(2),
        reply: "the number",
        run: count,
        ..COMMAND
    },
    Command {
        name: "LIST",
        since: "7.0.0",
        summary: "Answers the names of the commands, or of some of them.",
        arity: Arity::AtLeast(2),
        complexity: "O(N) for N commands",
        args: &[Arg::one_of(
            "filterby",
            &[
                Arg::string("module-name").token("MODULE"),
                Arg::string("category").token("ACLCAT"),
                Arg::pattern("pattern").token("PATTERN"),
            ],
        )
        .token("FILTERBY")
        .optional()],
        reply: "names",
        tips: ANY_ORDER,
        run: list,
        ..COMMAND
    },
    Command {
        name: "INFO",
        summary: "Answers the facts about some commands, or about all.",
        arity: Arity::AtLeast(2),
        complexity: "O(N) for N commands asked for",
        history: &[("7.0.0", "Without names: all commands.")],
        args: &[Arg::string("command-name").optional().many()],
        reply: "as COMMAND; null for names that nobody knows",
        tips: ANY_ORDER,
        run: info,
        ..COMMAND
    },
    Command {
        name: "DOCS",
        since: "7.0.0",
        summary: "Answers the documentation of some commands, or of all.",
        arity: Arity::AtLeast(2),
        complexity: "O(N) for N commands asked for",
        args: &[Arg::string("command-name").optional().many()],
        reply: "a map of names and documents",
        tips: ANY_ORDER,
        run: command_docs::docs,
        ..COMMAND
    },
    Command {
        name: "GETKEYS",
        summary: "Answers which words of a request are keys.",
        reply: "the keys",
        run: |ctx| get_keys(ctx, Telling::Keys),
        ..GETKEYS
    },
    Command {
        name: "GETKEYSANDFLAGS",
        since: "7.0.0",
        summary: "Answers which words of a request are keys, and what would be done with each.",
        reply: "pairs of a key and its flags",
        run: |ctx| get_keys(ctx, Telling::KeysAndFlags),
        ..GETKEYS
    },
    Command {
        name: "HELP",
        since: "5.0.0",
        summary: "Answers a text about the subcommands.",
        arity: Arity::Exactly(2),
        reply: "lines of text",
        run: help,
        ..COMMAND
    },
];

const ANY_ORDER: &[&str] = &["nondeterministic_output_order"];

const COMMAND: Command = Command {
    group: Group::Server,
    since: "2.8.13",
    flags: Flags::LOADING.and(Flags::STALE),
    acl: &["connection"],
    ..Command::BLANK
};

const GETKEYS: Command = Command {
    arity: Arity::AtLeast(3),
    complexity: "O(N) for N words",
    args: &[Arg::string("command"), Arg::string("arg").optional().many()],
    ..COMMAND
};

/// Bare COMMAND. (With a subcommand that nobody knows the request ends here, too.)
fn everything(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() > 1 {
        return Err(CommandError::unknown_subcommand(ctx.argv));
    }
    tell_all(ctx)
}

fn tell_all(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.array(ctx.registry.commands().count());
    for (_, entry) in ctx.registry.commands() {
        tell(&mut ctx.client.out, ctx.registry, entry);
    }
    Ok(())
}

fn count(ctx: &mut Ctx<'_>) -> Result {
    ctx.int(ctx.registry.commands().count() as i64)
}

fn info(ctx: &mut Ctx<'_>) -> Result {
    if ctx.argv.len() == 2 {
        return tell_all(ctx);
    }
    ctx.client.out.array(ctx.argv.len() - 2);
    for name in ctx.argv.from(2).iter() {
        match find(ctx.registry, name) {
            Some(entry) => tell(&mut ctx.client.out, ctx.registry, entry),
            None => ctx.client.out.null(),
        }
    }
    Ok(())
}

/// By the name that COMMAND tells: `get`, `config|get`.
pub(super) fn find<'r>(registry: &'r Registry, name: &[u8]) -> Option<&'r Entry> {
    let mut parts = name.splitn(2, |c| *c == b'|');
    let id = registry.lookup(parts.next()?);
    let Some(sub) = parts.next() else { return registry.get(id) };
    let sub_id = if id == NONE { NONE } else { registry.subcommand(id, sub) };
    registry.get(sub_id).filter(|_| sub_id != id)
}

/// The ten facts about a command.
fn tell(out: &mut Outbox, registry: &Registry, entry: &Entry) {
    let (first, last, step) = entry.key_range();
    out.array(10);
    out.text(&entry.full_name);
    out.integer(entry.record.arity.number());
    statuses(out, &flag_names(entry));
    out.integer(first);
    out.integer(last);
    out.integer(step);
    let categories: Vec<String> = categories::of(entry).iter().map(|name| format!("@{name}")).collect();
    statuses(out, &categories);
    out.set(entry.record.tips.len());
    entry.record.tips.iter().for_each(|tip| out.text(tip));
    out.set(entry.record.keys.len());
    entry.record.keys.iter().for_each(|spec| tell_key_spec(out, spec));
    out.array(entry.subcommands.len());
    for sub in &entry.subcommands {
        tell(out, registry, registry.entry(*sub));
    }
}

/// A set of status lines.
pub(super) fn statuses(out: &mut Outbox, words: &[impl AsRef<str>]) {
    out.set(words.len());
    words.iter().for_each(|word| out.simple(word.as_ref()));
}

/// `movablekeys` follows from the key specs: keys that are not at plain places.
fn flag_names(entry: &Entry) -> Vec<&'static str> {
    let movable = entry.record.keys.iter().any(|spec| {
        !matches!((spec.begin, spec.find), (Begin::Index(_), Find::Range { .. }))
            || spec.flags.has(KeyFlags::INCOMPLETE)
    });
    let has = |flag: Flags| entry.record.flags.has(flag) || (movable && flag == Flags::MOVABLEKEYS);
    Flags::NAMES.iter().filter(|(flag, _)| has(*flag)).map(|(_, name)| *name).collect()
}

fn key_flag_names(flags: KeyFlags) -> Vec<&'static str> {
    KeyFlags::NAMES.iter().filter(|(flag, _)| flags.has(*flag)).map(|(_, name)| *name).collect()
}

fn tell_key_spec(out: &mut Outbox, spec: &KeySpec) {
    out.map(3 + usize::from(!spec.notes.is_empty()));
    if !spec.notes.is_empty() {
        out.text("notes");
        out.text(spec.notes);
    }
    out.text("flags");
    statuses(out, &key_flag_names(spec.flags));
    out.text("begin_search");
    match spec.begin {
        Begin::Index(index) => tell_search(out, "index", &[("index", i64::from(index))]),
        Begin::Keyword(word, from) => {
            tell_type(out, "keyword", 2);
            out.text("keyword");
            out.text(word);
            out.text("startfrom");
            out.integer(i64::from(from));
        }
        Begin::Unknown => tell_search(out, "unknown", &[]),
    }
    out.text("find_keys");
    match spec.find {
        Find::Range { last, step, limit } => {
            let facts =
                [("lastkey", i64::from(last)), ("keystep", i64::from(step)), ("limit", i64::from(limit))];
            tell_search(out, "range", &facts);
        }
        Find::KeyNum { at, first, step } => {
            let facts =
                [("keynumidx", i64::from(at)), ("firstkey", i64::from(first)), ("keystep", i64::from(step))];
            tell_search(out, "keynum", &facts);
        }
        Find::Unknown => tell_search(out, "unknown", &[]),
    }
}

fn tell_search(out: &mut Outbox, kind: &str, facts: &[(&str, i64)]) {
    tell_type(out, kind, facts.len());
    for (name, value) in facts {
        out.text(name);
        out.integer(*value);
    }
}

fn tell_type(out: &mut Outbox, kind: &str, facts: usize) {
    out.map(2);
    out.text("type");
    out.text(kind);
    out.text("spec");
    out.map(facts);
}

/// Names of commands, subcommands among them, in the order of the table.
fn list(ctx: &mut Ctx<'_>) -> Result {
    let filter = filter(ctx)?;
    let names: Vec<&str> = match filter {
        Filter::Nothing => ctx.registry.iter().map(|(_, entry)| entry.full_name.as_str()).collect(),
        Filter::Module => Vec::new(),
        Filter::Category(category) => names_where(ctx.registry, |entry| {
            categories::ALL.contains(&category.as_str()) && categories::is_in(entry, &category)
        }),
        Filter::Pattern(pattern) => {
            names_where(ctx.registry, |entry| stdx::glob::matches(pattern, entry.full_name.as_bytes(), true))
        }
    };
    ctx.client.out.array(names.len());
    names.iter().for_each(|name| ctx.client.out.text(name));
    Ok(())
}

fn names_where(registry: &Registry, keep: impl Fn(&Entry) -> bool) -> Vec<&str> {
    registry.iter().filter(|(_, entry)| keep(entry)).map(|(_, entry)| entry.full_name.as_str()).collect()
}

enum Filter<'a> {
    Nothing,
    /// No module is ever loaded.
    Module,
    Category(String),
    Pattern(&'a [u8]),
}

fn filter<'a>(ctx: &Ctx<'a>) -> Result<Filter<'a>> {
    let argv = ctx.argv;
    if argv.len() == 2 {
        return Ok(Filter::Nothing);
    }
    if argv.len() != 5 || !ctx.is(2, "FILTERBY") {
        return Err(CommandError::Syntax);
    }
    let word = argv.at(4);
    Ok(match argv.at(3).to_ascii_uppercase().as_slice() {
        b"MODULE" => Filter::Module,
        b"ACLCAT" => Filter::Category(String::from_utf8_lossy(word).to_ascii_lowercase()),
        b"PATTERN" => Filter::Pattern(word),
        _ => return Err(CommandError::Syntax),
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Telling {
    Keys,
    KeysAndFlags,
}

fn get_keys(ctx: &mut Ctx<'_>, telling: Telling) -> Result {
    let request = ctx.argv.from(2);
    let found = keys_of(ctx.registry, request)?;
    let out = &mut ctx.client.out;
    out.array(found.len());
    for (at, flags) in found {
        if telling == Telling::KeysAndFlags {
            out.array(2);
        }
        out.bulk(request.at(at));
        if telling == Telling::KeysAndFlags {
            statuses(out, &key_flag_names(flags));
        }
    }
    Ok(())
}

fn keys_of(registry: &Registry, request: Argv<'_>) -> Result<Vec<Found>> {
    let (id, _) = registry.find(request);
    let unknown = CommandError::Line("ERR Invalid command specified");
    let entry = registry.get(id).ok_or_else(|| unknown.clone())?;
    if !entry.subcommands.is_empty() && request.len() > 1 {
        return Err(unknown);
    }
    Ok(keys::keys_of(entry, request)?)
}

fn help(ctx: &mut Ctx<'_>) -> Result {
    ctx.client.out.lines(&[
        "COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "(no subcommand)",
        "    Shows the facts about all commands.",
        "COUNT",
        "    Shows how many commands there are.",
        "LIST [FILTERBY MODULE <name>|ACLCAT <category>|PATTERN <pattern>]",
        "    Shows the names of commands.",
        "INFO [<command-name> ...]",
        "    Shows the facts about some commands, or about all.",
        "DOCS [<command-name> ...]",
        "    Shows the documentation of some commands, or of all.",
        "GETKEYS <full-command>",
        "    Shows which words of a request are keys.",
        "GETKEYSANDFLAGS <full-command>",
        "    Shows which words of a request are keys, and what would be done with them.",
        "HELP",
        "    Shows these lines.",
    ]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use testkit::check;

    use super::*;

    #[test]
    fn info_has_ten_parts() {
        check(
            r#"
            > COMMAND INFO config|get nosuch
            [["config|get" :-3 [+admin +noscript +loading +stale] :0 :0 :0 [+@admin +@slow +@dangerous] [] [] []] nil]
            > COMMAND INFO GET
            [["get" :2 [+readonly +fast] :1 :1 :1 [+@read +@string +@fast] [] [["flags" [+RO +access] "begin_search" ["type" "index" "spec" ["index" :1]] "find_keys" ["type" "range" "spec" ["lastkey" :0 "keystep" :1 "limit" :0]]]] []]]
            > COMMAND NOSUCH
            -ERR unknown subcommand 'NOSUCH'. Try COMMAND HELP.
            "#,
        );
    }

    #[test]
    fn resp3_has_sets_and_maps() {
        check(
            r#"
            > HELLO 3
            *
            > COMMAND INFO get
            [["get" :2 ~[+readonly +fast] :1 :1 :1 ~[+@read +@string +@fast] ~[] ~[{"flags" ~[+RO +access] "begin_search" {"type" "index" "spec" {"index" :1}} "find_keys" {"type" "range" "spec" {"lastkey" :0 "keystep" :1 "limit" :0}}}] []]]
            > COMMAND INFO nosuch
            [nil]
            > COMMAND DOCS time
            {"time" {"summary" * "since" "2.6.0" "group" "server" "complexity" "O(1)"}}
            > COMMAND DOCS debug
            {"debug" {"summary" * "since" "1.0.0" "group" "server" "complexity" * "doc_flags" ~[+syscmd]}}
            > COMMAND DOCS config|set
            {"config|set" {"summary" * "since" "2.0.0" "group" "server" "complexity" * "history" ~[["7.0.0" *]] "arguments" [{"name" "data" "type" "block" "flags" ~[+multiple] "arguments" [{"name" "parameter" "type" "string" "display_text" "parameter"} {"name" "value" "type" "string" "display_text" "value"}]}]}}
            > COMMAND DOCS shutdown
            {"shutdown" *}
            > COMMAND GETKEYSANDFLAGS MSET a 1 b 2
            [["a" ~[+OW +update]] ["b" ~[+OW +update]]]
            > CONFIG GET hz
            {"hz" "10"}
            "#,
        );
    }

    #[test]
    fn list_takes_one_filter() {
        check(
            r#"
            > COMMAND LIST FILTERBY MODULE json
            []
            > COMMAND LIST FILTERBY ACLCAT nosuch
            []
            > COMMAND LIST FILTERBY PATTERN CONFIG|RE*
            ["config|resetstat" "config|rewrite"]
            > COMMAND LIST FILTERBY MODULE
            -ERR syntax error
            > COMMAND LIST nosuch
            -ERR syntax error
            "#,
        );
    }

    #[test]
    fn getkeys_finds_keys_or_says_why_not() {
        check(
            r#"
            > COMMAND GETKEYS GET k
            ["k"]
            > COMMAND GETKEYS GET
            -ERR Invalid number of arguments specified for command
            > COMMAND GETKEYS NOSUCH k
            -ERR Invalid command specified
            > COMMAND GETKEYS PING
            -ERR The command has no key arguments
            > COMMAND GETKEYS CONFIG nosuch
            -ERR Invalid command specified
            > COMMAND GETKEYS CONFIG
            -ERR The command has no key arguments
            > COMMAND GETKEYSANDFLAGS SET a b
            [["a" [+OW +update]]]
            > COMMAND GETKEYSANDFLAGS SET a b GET
            [["a" [+RW +access +update]]]
            "#,
        );
    }

    /// What Valkey 9.1.2 tells about each command, one line each.
    const FACTS: &str = include_str!("../../tests/data/command-info.tsv");

    /// Commands that only newer Redis has, and we.
    const NOT_VALKEYS: &[&str] = &["sdiffcard", "sunioncard", "xackdel", "xdelex", "lmovem", "blmovem"];

    #[test]
    fn every_command_tells_what_valkey_tells() {
        let facts: HashMap<&str, &str> = FACTS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once('\t'))
            .collect();
        let registry = crate::registry();
        let mut wrong = Vec::new();
        for (_, entry) in registry.iter() {
            let ours = fact_line(entry);
            match facts.get(entry.full_name.as_str()) {
                Some(theirs) if *theirs == ours => {}
                Some(theirs) => {
                    wrong.push(format!("{}\n  is     {ours}\n  should {theirs}", entry.full_name))
                }
                None if NOT_VALKEYS.contains(&entry.full_name.as_str()) => {}
                None => wrong.push(format!("{}: Valkey has no such command", entry.full_name)),
            }
        }
        assert!(wrong.is_empty(), "COMMAND INFO differs for\n{}", wrong.join("\n"));
    }

    fn fact_line(entry: &Entry) -> String {
        let (first, last, step) = entry.key_range();
        let specs: Vec<String> = entry.record.keys.iter().map(spec_text).collect();
        let (arity, flags) = (entry.record.arity.number(), flag_names(entry).join(" "));
        let (acl, tips) = (categories::of(entry).join(" "), entry.record.tips.join(" "));
        format!("{arity}\t{flags}\t{first}\t{last}\t{step}\t{acl}\t{tips}\t{}", specs.join("; "))
    }

    fn spec_text(spec: &KeySpec) -> String {
        let begin = match spec.begin {
            Begin::Index(index) => format!("index:{index}"),
            Begin::Keyword(word, from) => format!("keyword:{word}:{from}"),
            Begin::Unknown => "unknown".to_owned(),
        };
        let find = match spec.find {
            Find::Range { last, step, limit } => format!("range:{last}:{step}:{limit}"),
            Find::KeyNum { at, first, step } => format!("keynum:{at}:{first}:{step}"),
            Find::Unknown => "unknown".to_owned(),
        };
        format!("{} {begin} {find}", key_flag_names(spec.flags).join("+"))
    }
}
