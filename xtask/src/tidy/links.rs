//! Links in what people read lead somewhere.

use std::path::Path;

use crate::tree::{File, Tree};

pub fn check(tree: &Tree) -> Vec<String> {
    tree.files.iter().filter(|file| file.path.ends_with(".md")).flat_map(|file| broken(tree, file)).collect()
}

fn broken(tree: &Tree, file: &File) -> Vec<String> {
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new(""));
    let targets = file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let elsewhere =
        |target: &&str| !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:");
    targets
        .filter(elsewhere)
        .map(|target| target.split('#').next().unwrap_or_default())
        .filter(|target| !tree.root.join(folder).join(target).exists())
        .map(|target| format!("{}: the link to {target} leads nowhere", file.path))
        .collect()
}
