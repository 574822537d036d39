//! A function fits a screen, a file can be read in one go. What was longer when this rule came may shrink only: it
//! is in `ratchet.txt` with its length, and `cargo x gen` lowers the numbers.
//!
//! Tests are not counted: a transcript may be as long as it likes. Sources are formatted, so that a function ends
//! with the brace under its beginning.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::tree::{File, Tree};

pub const RATCHET: &str = "xtask/ratchet.txt";
const FUNCTION: usize = 60;
const FILE: usize = 600;

pub fn check(tree: &Tree) -> Vec<String> {
    let ratchet = ratchet(tree);
    let too_long = |(what, lines): (String, usize)| {
        let limit = ratchet.get(&what).copied().unwrap_or_else(|| limit(&what));
        let advice = if what.contains("::") { "let it have children" } else { "it is about two things" };
        (lines > limit).then(|| format!("{what} has {lines} lines, more than {limit}: {advice}"))
    };
    measured(tree).into_iter().filter_map(too_long).collect()
}

/// The ratchet with the lengths of today where they are smaller, without what is short enough by now.
pub fn tightened(tree: &Tree) -> String {
    let now = measured(tree);
    let mut out = String::from(
        "# What is longer than the limits of tidy (functions 60 lines, files 600). `cargo x gen` lowers the numbers.\n",
    );
    for (what, before) in ratchet(tree) {
        let lines = now.get(&what).copied().unwrap_or(0).min(before);
        if lines > limit(&what) {
            let _ = writeln!(out, "{what} {lines}");
        }
    }
    out
}

fn limit(what: &str) -> usize {
    if what.contains("::") { FUNCTION } else { FILE }
}

fn ratchet(tree: &Tree) -> BTreeMap<String, usize> {
    let line = |line: &str| {
        let (what, lines) = line.rsplit_once(' ')?;
        Some((what.to_owned(), lines.parse().ok()?))
    };
    tree.get(RATCHET)
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(line)
        .collect()
}

/// Files under their path, functions under `path::name`; of two with one name the longer.
fn measured(tree: &Tree) -> BTreeMap<String, usize> {
    let mut all: BTreeMap<String, usize> = BTreeMap::new();
    for file in tree.sources().filter(|file| !is_test(file)) {
        let lines: Vec<&str> = file.text.lines().take_while(|line| *line != "#[cfg(test)]").collect();
        all.insert(file.path.clone(), lines.len());
        for (name, length) in functions(&lines) {
            let longest = all.entry(format!("{}::{name}", file.path)).or_default();
            *longest = length.max(*longest);
        }
    }
    all
}

fn is_test(file: &File) -> bool {
    file.path.contains("/tests/") || file.path.ends_with("/tests.rs") || file.path.contains("/examples/")
}

fn functions<'a>(lines: &[&'a str]) -> Vec<(&'a str, usize)> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some(name) = function_name(line) else { continue };
        if line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        let closes = |other: &&str| other.len() == indent + 1 && other.trim_start() == "}";
        if let Some(length) = lines[at..].iter().position(closes) {
            found.push((name, length + 1));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let words = line.trim_start();
    if words.starts_with("//") {
        return None;
    }
    let (before, rest) =
        if let Some(rest) = words.strip_prefix("fn ") { ("", rest) } else { words.split_once(" fn ")? };
    let modifier = |word: &str| {
        ["pub", "const", "unsafe", "async", "extern", "\"C\""].contains(&word) || word.starts_with("pub(")
    };
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    before.split_whitespace().all(modifier).then_some(name)
}

#[test]
fn functions_are_measured_from_brace_to_brace() {
    let text = "fn a() {}\nimpl X {\n    pub(crate) const fn b(\n        x: u8,\n    ) -> u8 {\n        x\n    }\n}\n// a fn in prose\nlet x: fn (u8) = y;";
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(functions(&lines), [("b", 5)]);
}
