//! No source file grows to 500 lines: the largest files are where a code base rots first.

use std::path::{Path, PathBuf};

use crate::failure::{Failure, none_of};
use crate::run::root;

const LINES_MAX: usize = 499;
const FOLDERS: &[&str] = &["crates", "proto", "services", "tests", "xtask"];

/// Counts the lines of every `.rs` and `.proto` file.
pub fn check() -> Result<(), Failure> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&root().join(folder), &mut files)
            .map_err(|error| Failure::new(format!("reading {folder}: {error}")))?;
    }
    if files.is_empty() {
        return Err(Failure::new(format!("no source file below {}: was the work tree moved?", root().display())));
    }
    let problems: Vec<String> = files.iter().filter_map(|path| too_long(path)).collect();
    none_of("files to split, each with its lines:", &problems)?;
    println!("{} files, none above {LINES_MAX} lines", files.len());
    Ok(())
}

fn too_long(path: &Path) -> Option<String> {
    let lines = std::fs::read_to_string(path).ok()?.lines().count();
    let shown = path.strip_prefix(root()).unwrap_or(path).display();
    (lines > LINES_MAX).then(|| format!("{shown}: {lines}"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs" || extension == "proto");
        if path.is_dir() {
            collect(&path, files)?;
        } else if is_source {
            files.push(path);
        }
    }
    Ok(())
}
