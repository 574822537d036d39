//! `cargo x gen`: files that are made from others.

use std::fmt::Write;

use crate::tree::Tree;
use crate::{commands, tidy};

/// The path of a generated file, and what makes it.
pub type Generated = (&'static str, fn(&Tree) -> String);

pub const GENERATED: &[Generated] = &[("docs/COMMANDS.md", command_table)];

pub fn run(_args: &[String]) -> Result<(), String> {
    let tree = Tree::read()?;
    for (path, make) in GENERATED {
        write(&tree, path, &make(&tree))?;
    }
    write(&tree, tidy::lengths::RATCHET, &tidy::lengths::tightened(&tree))
}

fn write(tree: &Tree, path: &str, text: &str) -> Result<(), String> {
    if tree.get(path) == Some(text) {
        return Ok(());
    }
    let full = tree.root.join(path);
    if let Some(folder) = full.parent() {
        std::fs::create_dir_all(folder).map_err(|error| format!("{path}: {error}"))?;
    }
    println!("{path} written");
    std::fs::write(full, text).map_err(|error| format!("{path}: {error}"))
}

fn command_table(tree: &Tree) -> String {
    let (records, _) = commands::records(tree);
    let mut out = String::from(
        "# Commands\n\nMade from the records in `crates/commands` by `cargo x gen`.\n\n\
         | command | group | file | what it does |\n|---|---|---|---|\n",
    );
    for record in records {
        let file = record.path.rsplit('/').next().unwrap_or_default();
        let summary = record.summary.replace('|', "\\|");
        let _ = writeln!(
            out,
            "| {} | {} | [{file}](../{}) | {summary} |",
            record.name, record.group, record.path
        );
    }
    out
}
