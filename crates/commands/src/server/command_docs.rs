//! COMMAND DOCS: the documentation in the records, as a map per command.

use engine::registry::Entry;
use engine::{Arg, ArgKind, Ctx, Flags, Outbox, Registry, Result};

use super::command::{find, statuses};

/// The body of COMMAND DOCS; names that nobody knows are passed over.
pub(super) fn docs(ctx: &mut Ctx<'_>) -> Result {
    let entries: Vec<&Entry> = match ctx.argv.len() {
        2 => ctx.registry.commands().map(|(_, entry)| entry).collect(),
        _ => ctx.argv.from(2).iter().filter_map(|name| find(ctx.registry, name)).collect(),
    };
    ctx.client.out.map(entries.len());
    for entry in entries {
        document(&mut ctx.client.out, ctx.registry, entry);
    }
    Ok(())
}

/// One name and its document. What a record does not say is left out, so the fields are counted first.
fn document(out: &mut Outbox, registry: &Registry, entry: &Entry) {
    let record = entry.record;
    let flags = doc_flags(entry);
    let said = [
        !record.complexity.is_empty(),
        !flags.is_empty(),
        !record.history.is_empty(),
        !record.args.is_empty(),
    ];
    let replaced = record.deprecated.is_some_and(|(_, by)| !by.is_empty());
    let more = [record.deprecated.is_some(), replaced, !entry.subcommands.is_empty()];
    out.text(&entry.full_name);
    out.map(3 + said.iter().chain(&more).filter(|is| **is).count());
    pair(out, "summary", record.summary);
    pair(out, "since", record.since);
    pair(out, "group", record.group.name());
    pair(out, "complexity", record.complexity);
    if !flags.is_empty() {
        out.text("doc_flags");
        statuses(out, &flags);
    }
    let (since, by) = record.deprecated.unwrap_or_default();
    pair(out, "deprecated_since", since);
    pair(out, "replaced_by", by);
    history(out, record.history);
    if !record.args.is_empty() {
        out.text("arguments");
        arguments(out, record.args);
    }
    if !entry.subcommands.is_empty() {
        out.text("subcommands");
        out.map(entry.subcommands.len());
        entry.subcommands.iter().for_each(|sub| document(out, registry, registry.entry(*sub)));
    }
}

fn doc_flags(entry: &Entry) -> Vec<&'static str> {
    let deprecated = entry.record.deprecated.map(|_| "deprecated");
    let system = entry.record.flags.has(Flags::SYSTEM).then_some("syscmd");
    deprecated.into_iter().chain(system).collect()
}

/// Nothing, if there is nothing to say.
fn pair(out: &mut Outbox, name: &str, text: &str) {
    if !text.is_empty() {
        out.text(name);
        out.text(text);
    }
}

fn history(out: &mut Outbox, history: &[(&str, &str)]) {
    if history.is_empty() {
        return;
    }
    out.text("history");
    out.set(history.len());
    for (version, change) in history {
        out.array(2);
        out.text(version);
        out.text(change);
    }
}

fn arguments(out: &mut Outbox, args: &[Arg]) {
    out.array(args.len());
    args.iter().for_each(|arg| argument(out, arg));
}

fn argument(out: &mut Outbox, arg: &Arg) {
    let (kind, parts) = kind(arg);
    let flags = flags(arg);
    // Only what has a value, or is a word, is shown by itself.
    let display = match (parts, arg.display) {
        (Some(_), _) => "",
        (None, "") => arg.name,
        (None, display) => display,
    };
    let texts = [
        ("display_text", display),
        ("token", arg.token),
        ("since", arg.since),
        ("deprecated_since", arg.deprecated_since),
    ];
    let said = texts.iter().filter(|(_, text)| !text.is_empty()).count();
    let more = [arg.key_spec.is_some(), !flags.is_empty(), parts.is_some()];
    out.map(2 + said + more.iter().filter(|is| **is).count());
    pair(out, "name", arg.name);
    pair(out, "type", kind);
    for (name, text) in texts {
        pair(out, name, text);
        if let ("display_text", Some(index)) = (name, arg.key_spec) {
            out.text("key_spec_index");
            out.integer(i64::from(index));
        }
    }
    if !flags.is_empty() {
        out.text("flags");
        statuses(out, &flags);
    }
    if let Some(parts) = parts {
        out.text("arguments");
        arguments(out, parts);
    }
}

/// The type's name, and the arguments it is made of.
fn kind(arg: &Arg) -> (&'static str, Option<&'static [Arg]>) {
    match arg.kind {
        ArgKind::String => ("string", None),
        ArgKind::Integer => ("integer", None),
        ArgKind::Double => ("double", None),
        ArgKind::Key => ("key", None),
        ArgKind::Pattern => ("pattern", None),
        ArgKind::UnixTime => ("unix-time", None),
        ArgKind::PureToken => ("pure-token", None),
        ArgKind::OneOf(parts) => ("oneof", Some(parts)),
        ArgKind::Block(parts) => ("block", Some(parts)),
    }
}

fn flags(arg: &Arg) -> Vec<&'static str> {
    let all =
        [(arg.optional, "optional"), (arg.multiple, "multiple"), (arg.multiple_token, "multiple_token")];
    all.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect()
}

#[cfg(test)]
mod tests {
    use testkit::check;

    #[test]
    fn a_document_is_made_of_the_record() {
        check(
            r#"
            > COMMAND DOCS nosuch
            []
            > COMMAND DOCS config|get
            ["config|get" ["summary" * "since" "2.0.0" "group" "server" "complexity" * "history" [["7.0.0" *]] "arguments" [["name" "parameter" "type" "string" "display_text" "parameter" "flags" [+multiple]]]]]
            "#,
        );
    }
}
