//! Words that must not stay: unfinished business, and the paths of one machine.

use crate::tree::Tree;

/// In pieces, so that this file is not the first to be found.
const UNWANTED: &[(&str, &str, &str)] = &[
    ("todo", "!(", "finish it, or take it out"),
    ("unimplemented", "!(", "finish it, or take it out"),
    ("/ro", "ot/", "a path of somebody's machine"),
    ("/wo", "rk/", "a path of somebody's machine"),
    ("/ho", "me/", "a path of somebody's machine"),
];

pub fn check(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for file in &tree.files {
        for (head, tail, advice) in UNWANTED {
            let word = format!("{head}{tail}");
            let lines = file.text.lines().enumerate().filter(|(_, line)| line.contains(&word));
            faults.extend(lines.map(|(at, _)| format!("{}:{}: {word} — {advice}", file.path, at + 1)));
        }
    }
    faults
}
