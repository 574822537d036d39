//! Each library is answered for in deny.toml, and each of our crates takes the workspace's lints.

use crate::tree::Tree;

pub fn check(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    let answered = tree.get("deny.toml").unwrap_or_default();
    for name in locked(tree.get("Cargo.lock").unwrap_or_default()) {
        if !answered.contains(&format!("crate = \"{name}\"")) {
            faults.push(format!("deny.toml: {name} is not answered for: add it to `allow`, with a reason"));
        }
    }
    for name in tree.crates() {
        let path = format!("crates/{name}/Cargo.toml");
        if !tree.get(&path).is_some_and(|manifest| manifest.contains("[lints]\nworkspace = true")) {
            faults.push(format!("{path}: add `[lints] workspace = true`"));
        }
    }
    faults
}

/// Names of the packages that come from elsewhere.
fn locked(lock: &str) -> Vec<&str> {
    let foreign = lock.split("[[package]]").filter(|block| block.contains("\nsource = "));
    foreign.filter_map(name).collect()
}

fn name(package: &str) -> Option<&str> {
    package.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}
