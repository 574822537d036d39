//! The files of the repository.

use std::path::{Path, PathBuf};

pub struct File {
    /// From the root, with `/`.
    pub path: String,
    pub text: String,
}

pub struct Tree {
    pub root: PathBuf,
    pub files: Vec<File>,
}

/// Files that are text.
const KINDS: [&str; 9] = ["rs", "toml", "md", "txt", "tsv", "py", "sh", "yml", "lock"];

impl Tree {
    /// Reads the repository that this program was built from.
    pub fn read() -> Result<Tree, String> {
        let root = root();
        let mut files = Vec::new();
        collect(&root, &root, &mut files).map_err(|error| format!("{}: {error}", root.display()))?;
        files.sort_by(|a: &File, b| a.path.cmp(&b.path));
        Ok(Tree { root, files })
    }

    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }

    /// Our Rust sources, in the order of their paths.
    pub fn sources(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The folders below `crates`.
    pub fn crates(&self) -> Vec<&str> {
        let name = |file: &'_ File| -> Option<(usize, usize)> {
            let rest = file.path.strip_prefix("crates/")?;
            let name = rest.strip_suffix("/Cargo.toml").filter(|name| !name.contains('/'))?;
            Some(("crates/".len(), name.len()))
        };
        self.files.iter().filter_map(|file| name(file).map(|(at, len)| &file.path[at..at + len])).collect()
    }
}

pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            // .cargo and .ci are ours, .git and build outputs are not text.
            let ours = !["target", ".git", "shared", "corpus", "artifacts"].contains(&name.as_str());
            if ours && !path.is_symlink() {
                collect(root, &path, files)?;
            }
            continue;
        }
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        let is_script = folder.file_name().is_some_and(|name| name == ".ci");
        if (KINDS.contains(&kind.as_str()) || is_script)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            files.push(File { path, text });
        }
    }
    Ok(())
}
