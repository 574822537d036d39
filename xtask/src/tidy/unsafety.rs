//! `unsafe` is in three crates and one folder only; all others forbid it to themselves. (That each block argues why it is
//! sound is clippy's to say.) The folder is where C Lua is called: raw calls cost 30 ns where a binding's cost a
//! microsecond, and the holes of the published interpreter can only be closed from there.

use crate::tree::Tree;

const MAY: [&str; 3] = ["structures", "os", "alloc"];
/// A folder of a crate that denies it elsewhere.
const FOLDERS: [(&str, &str); 1] = [("script", "crates/script/src/lua/")];

pub fn check(tree: &Tree) -> Vec<String> {
    let mut faults = Vec::new();
    for name in tree.crates().into_iter().filter(|name| !MAY.contains(name)) {
        let heads = ["lib.rs", "main.rs"].map(|head| format!("crates/{name}/src/{head}"));
        let exempt = FOLDERS.iter().find(|(owner, _)| *owner == name).map(|(_, folder)| *folder);
        let line = if exempt.is_some() { "#![deny(unsafe_code)]" } else { "#![forbid(unsafe_code)]" };
        let forbids = |path: &String| tree.get(path).is_none_or(|text| text.contains(line));
        let missing = heads.iter().filter(|path| !forbids(path));
        faults.extend(missing.map(|path| format!("{path}: add `{line}`")));
        let folder = format!("crates/{name}/");
        for file in tree.sources().filter(|file| file.path.starts_with(&folder)) {
            if exempt.is_some_and(|exempt| file.path.starts_with(exempt)) {
                continue;
            }
            let used = file.text.lines().position(uses_unsafe);
            faults.extend(
                used.map(|at| format!("{}:{}: unsafe belongs to {} only", file.path, at + 1, MAY.join(", "))),
            );
        }
    }
    faults
}

fn uses_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait"]
        .iter()
        .any(|form| code.contains(form))
}
