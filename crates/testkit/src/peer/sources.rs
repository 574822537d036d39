//! The transcripts in our sources: what is given to `check` as a raw string.

use std::io;
use std::path::Path;

/// A transcript, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    /// The line that its first line is.
    pub line: usize,
    pub transcript: String,
}

/// All transcripts for peers below `crates`, in the order of their places.
pub fn find(root: &Path) -> io::Result<Vec<Source>> {
    let mut files = Vec::new();
    collect(&root.join("crates"), &mut files)?;
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        // Other crates have functions of this name.
        if text.contains("testkit::") {
            let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            all.extend(in_text(&name, &text));
        }
    }
    Ok(all)
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "testkit" && name != "target") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The transcripts for peers in one source file.
pub fn in_text(path: &str, text: &str) -> Vec<Source> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("check") {
        at += found + "check".len();
        let Some((first, open)) = call(&text[at..]) else { continue };
        at += open;
        let Some((start, len)) = raw_string(&text[at..]) else { continue };
        let transcript = &text[at + start..at + start + len];
        let line = text[..at + start].matches('\n').count() + 1;
        at += start + len;
        if transcript.lines().any(|line| line.trim_start().starts_with("# only here")) {
            continue;
        }
        all.push(Source { path: path.to_owned(), line, transcript: transcript.to_owned() });
        if let Some(first) = first {
            let transcript = format!("{first}\n{transcript}");
            all.push(Source { path: path.to_owned(), line: line.saturating_sub(1), transcript });
        }
    }
    all
}

/// What `check(` or `check_both("line", ` is followed by: the line, and where the transcript begins.
fn call(text: &str) -> Option<(Option<&str>, usize)> {
    if text.starts_with('(') {
        return Some((None, 1));
    }
    let rest = text.strip_prefix("_both(")?;
    let line = rest.trim_start().strip_prefix('"')?;
    let len = line.find('"')?;
    let after = line[len..].strip_prefix("\",")?;
    Some((Some(&line[..len]), text.len() - after.len()))
}

/// Start and length of the inside of the raw string that a text begins with.
fn raw_string(text: &str) -> Option<(usize, usize)> {
    let blank = text.len() - text.trim_start().len();
    let rest = text[blank..].strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let inside = rest[hashes..].strip_prefix('"')?;
    let closing = format!("\"{}", "#".repeat(hashes));
    let len = inside.find(&closing)?;
    Some((blank + 1 + hashes + 1, len))
}
