//! The edges between crates are those of ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::Tree;

const MAP: &str = "ARCHITECTURE.md";

pub fn check(tree: &Tree) -> Vec<String> {
    let Some(map) = tree.get(MAP) else { return vec![format!("{MAP} is missing")] };
    let allowed = edges(map);
    let crates = tree.crates();
    let names = package_names(tree, &crates);
    let mut faults = Vec::new();
    for name in &crates {
        let Some(allowed) = allowed.get(*name) else {
            faults.push(format!("{MAP}: the edges of crate {name} are missing: add a line `{name} -> …`"));
            continue;
        };
        if !map.contains(&format!("| `{name}` |")) {
            faults.push(format!("{MAP}: the table of crates has no row for {name}"));
        }
        let manifest = format!("crates/{name}/Cargo.toml");
        let used = dependencies(tree.get(&manifest).unwrap_or_default());
        for other in
            used.iter().filter_map(|used| names.get(used.as_str())).filter(|other| !allowed.contains(**other))
        {
            faults.push(format!("{manifest}: {name} -> {other} is not among the edges of {MAP}: go another way, or argue for it there"));
        }
    }
    let gone = allowed.keys().filter(|name| !crates.contains(&name.as_str()));
    faults.extend(gone.map(|name| format!("{MAP}: there is no crate {name}")));
    faults
}

/// The block called `edges`.
fn edges(map: &str) -> BTreeMap<String, BTreeSet<String>> {
    let block = map.split("```edges").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or_default();
    let line = |line: &str| {
        let (from, to) = line.split_once("->")?;
        Some((from.trim().to_owned(), to.split_whitespace().map(str::to_owned).collect()))
    };
    block.lines().filter_map(line).collect()
}

/// From the name of a package to its folder.
fn package_names<'a>(tree: &'a Tree, crates: &[&'a str]) -> BTreeMap<&'a str, &'a str> {
    let name = |folder: &&'a str| {
        let manifest = tree.get(&format!("crates/{folder}/Cargo.toml"))?;
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = \""))?;
        Some((name.trim_end_matches('"'), *folder))
    };
    crates.iter().filter_map(name).collect()
}

/// The names under `[dependencies]` (development and build dependencies may be anything).
pub fn dependencies(manifest: &str) -> Vec<String> {
    let mut inside = false;
    let mut names = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.ends_with("dependencies]") && !line.contains("dev-") && !line.contains("build-");
        } else if inside && !line.starts_with('#') {
            let name: String =
                line.chars().take_while(|c| c.is_alphanumeric() || *c == '-' || *c == '_').collect();
            names.extend(Some(name).filter(|name| !name.is_empty()));
        }
    }
    names
}
