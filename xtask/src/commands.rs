//! The command records, as far as their text tells: names, summaries, and who lists whom.
//!
//! A list is a `static NAME: &[Command]`. Lists are reached from the `LISTS` of a group's `mod.rs` (commands), or from
//! the `subcommands` of a record.

use crate::tree::Tree;

/// A command or subcommand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// `CLIENT LIST`.
    pub name: String,
    pub summary: String,
    pub group: String,
    pub path: String,
}

/// One `static …: &[Command]`.
struct List {
    path: String,
    /// Name of the module it is in.
    module: String,
    name: String,
    records: Vec<Found>,
}

struct Found {
    name: String,
    summary: String,
    /// `module::NAME` of the lists of its subcommands.
    subcommands: Vec<(String, String)>,
}

/// All records, sorted by name, and what is wrong with the lists.
pub fn records(tree: &Tree) -> (Vec<Record>, Vec<String>) {
    let mut lists = Vec::new();
    let mut roots = Vec::new();
    for file in tree.sources().filter(|file| file.path.starts_with("crates/commands/src/")) {
        let module = module_of(&file.path);
        // A long list begins on the line after the `=`.
        let code = before_tests(&file.text).replace("=\n    &[", "= &[");
        if file.path.ends_with("/mod.rs") {
            let listed = after(&code, "static LISTS").map(between_brackets).unwrap_or_default();
            roots.extend(references(&listed, &module));
        }
        lists.extend(lists_of(&file.path, &module, &code));
    }
    let mut walk =
        Walk { lists: &lists, reached: vec![false; lists.len()], records: Vec::new(), faults: Vec::new() };
    for root in &roots {
        walk.list(root, "");
    }
    let Walk { reached, mut records, mut faults, .. } = walk;
    for (list, _) in lists.iter().zip(&reached).filter(|(_, reached)| !**reached) {
        faults.push(format!(
            "{}: {} is in no list: add it to the LISTS of the group's mod.rs",
            list.path, list.name
        ));
    }
    records.sort_by(|a: &Record, b| a.name.cmp(&b.name));
    for pair in records.windows(2).filter(|pair| pair[0].name == pair[1].name) {
        faults.push(format!("{} is defined in {} and again in {}", pair[0].name, pair[0].path, pair[1].path));
    }
    (records, faults)
}

struct Walk<'a> {
    lists: &'a [List],
    reached: Vec<bool>,
    records: Vec<Record>,
    faults: Vec<String>,
}

impl Walk<'_> {
    fn list(&mut self, (module, name): &(String, String), parent: &str) {
        let found = self.lists.iter().position(|list| list.module == *module && list.name == *name);
        let Some(at) = found else {
            self.faults
                .push(format!("a list refers to {module}::{name}, which is no `static {name}: &[Command]`"));
            return;
        };
        self.reached[at] = true;
        let list = &self.lists[at];
        for record in &list.records {
            let full =
                if parent.is_empty() { record.name.clone() } else { format!("{parent} {}", record.name) };
            self.records.push(Record {
                name: full.clone(),
                summary: record.summary.clone(),
                group: group_of(&list.path),
                path: list.path.clone(),
            });
            for sub in &record.subcommands {
                self.list(sub, &full);
            }
        }
    }
}

/// Group and name of a file's module, `list/push`: two groups may have files of the same name.
fn module_of(path: &str) -> String {
    let file = path.strip_suffix("/mod.rs").or(path.strip_suffix(".rs")).unwrap_or(path);
    format!("{}/{}", group_of(path), file.rsplit('/').next().unwrap_or_default())
}

fn group_of(path: &str) -> String {
    path.strip_prefix("crates/commands/src/")
        .and_then(|rest| rest.split('/').next())
        .unwrap_or_default()
        .to_owned()
}

fn before_tests(text: &str) -> &str {
    &text[..text.find("#[cfg(test)]\nmod ").unwrap_or(text.len())]
}

fn after<'a>(text: &'a str, what: &str) -> Option<&'a str> {
    text.find(what).map(|at| &text[at + what.len()..])
}

/// What is inside of the first `= &[ … ]`; rustfmt may have put the bracket on a line of its own.
fn between_brackets(text: &str) -> String {
    let Some(rest) = after(text, " =").and_then(|text| text.trim_start().strip_prefix("&[")) else {
        return String::new();
    };
    rest[..rest.find("];").unwrap_or(rest.len())].to_owned()
}

/// `a::COMMANDS, SUBCOMMANDS` as module and name; without a module it is the one we are in.
fn references(text: &str, here: &str) -> Vec<(String, String)> {
    let text: String = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let one = |word: &str| {
        let mut parts = word.trim().rsplit("::");
        let name = parts.next().unwrap_or_default().to_owned();
        let group = here.split('/').next().unwrap_or_default();
        (parts.next().map_or(here.to_owned(), |module| format!("{group}/{module}")), name)
    };
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(one).collect()
}

fn lists_of(path: &str, module: &str, code: &str) -> Vec<List> {
    const MARK: &str = ": &[Command] = &[";
    let mut lists = Vec::new();
    for (at, _) in code.match_indices(MARK) {
        let head = code[..at].rsplit('\n').next().unwrap_or_default();
        let Some(name) =
            head.rsplit(' ').next().filter(|_| head.contains("static ") || head.contains("const "))
        else {
            continue;
        };
        let body = &code[at + MARK.len()..];
        let body = &body[..body.find("];\n\n").or(body.find("\n];")).unwrap_or(body.len())];
        lists.push(List {
            path: path.to_owned(),
            module: module.to_owned(),
            name: name.to_owned(),
            records: found_in(body, module),
        });
    }
    lists
}

/// Records begin with their name.
fn found_in(body: &str, module: &str) -> Vec<Found> {
    let starts: Vec<usize> = body.match_indices("name: \"").map(|(at, _)| at).collect();
    let end = |at: usize| starts.get(at + 1).copied().unwrap_or(body.len());
    let one = |(at, start): (usize, &usize)| {
        let text = &body[*start..end(at)];
        let subcommands =
            after(text, "subcommands: &[").map(|rest| rest[..rest.find(']').unwrap_or(0)].to_owned());
        Found {
            name: literal(text, "name:"),
            summary: literal(text, "summary:"),
            subcommands: references(&subcommands.unwrap_or_default(), module),
        }
    };
    starts.iter().enumerate().map(one).collect()
}

/// The string that follows a field's name, line continuations folded.
fn literal(text: &str, field: &str) -> String {
    let Some(rest) = after(text, field).map(str::trim_start).and_then(|rest| rest.strip_prefix('"')) else {
        return String::new();
    };
    let mut out = String::new();
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => match chars.next() {
                Some('\n') => chars = chars.as_str().trim_start().chars(),
                Some(other) => out.push(other),
                None => break,
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    fn tree(files: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File {
            path: format!("crates/commands/src/{path}"),
            text: (*text).to_owned(),
        };
        Tree { root: Default::default(), files: files.iter().map(file).collect() }
    }

    #[test]
    fn subcommands_are_found_through_their_container() {
        let tree = tree(&[
            ("server/mod.rs", "pub(crate) static LISTS: &[&[Command]] =\n    &[a::COMMANDS];\n"),
            (
                "server/a.rs",
                "pub(crate) static COMMANDS: &[Command] = &[Command {\n    name: \"B\",\n    summary: \"Does \\\n        b.\",\n    subcommands: &[SUB, c::COMMANDS],\n}];\n\nstatic SUB: &[Command] = &[\n    Command { name: \"X\", summary: \"x\" },\n];\n",
            ),
            (
                "server/c.rs",
                "pub(super) static COMMANDS: &[Command] = &[\n Command { name: \"A\", ..Y }\n];\n",
            ),
            ("set/mod.rs", "pub(crate) static LISTS: &[&[Command]] =\n    &[f::COMMANDS];\n"),
            ("set/f.rs", "pub(crate) static COMMANDS: &[Command] = &[\n Command { name: \"F\", ..Y }\n];\n"),
            ("server/d.rs", "pub(super) static LOST: &[Command] = &[\n Command { name: \"A\", ..Y }\n];\n"),
        ]);
        let (records, faults) = records(&tree);
        let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
        assert_eq!(names, ["B", "B A", "B X", "F"]);
        assert_eq!(records[0].summary, "Does b.");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("LOST is in no list"));
    }
}
