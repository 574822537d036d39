//! `cargo x tidy`: rules of the house that the compiler does not know. Each message says what to do.

mod dependencies;
mod edges;
pub mod lengths;
mod links;
mod unsafety;
mod words;

use crate::tree::Tree;
use crate::{commands, generate};

type Check = fn(&Tree) -> Vec<String>;

const CHECKS: &[Check] = &[
    edges::check,
    dependencies::check,
    |tree| commands::records(tree).1,
    fresh,
    lengths::check,
    unsafety::check,
    links::check,
    words::check,
];

pub fn run(_args: &[String]) -> Result<(), String> {
    let tree = Tree::read()?;
    let faults: Vec<String> = CHECKS.iter().flat_map(|check| check(&tree)).collect();
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("{}\n{} things to tidy", faults.join("\n"), faults.len()))
}

/// Generated files are what would be generated now.
fn fresh(tree: &Tree) -> Vec<String> {
    let stale = |(path, make): &generate::Generated| {
        (tree.get(path) != Some(make(tree).as_str()))
            .then(|| format!("{path} is out of date: run `cargo x gen`"))
    };
    generate::GENERATED.iter().filter_map(stale).collect()
}

#[test]
fn the_house_is_tidy() {
    if let Err(faults) = run(&[]) {
        panic!("{faults}");
    }
}
