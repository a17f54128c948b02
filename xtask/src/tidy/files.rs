//! The text files that belong to the repository: what git tracks or would track.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A text file: path from the root with forward slashes, and its contents.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}

/// Loads all files that are UTF-8; others (archives, pictures) are not for these rules.
pub(super) fn load_all(root: &Path) -> Result<Vec<File>> {
    let output = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("run git ls-files")?;
    if !output.status.success() {
        bail!(
            "git ls-files: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let listed = String::from_utf8(output.stdout).context("file names are UTF-8")?;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        // A listed file may be deleted but not yet committed.
        let Ok(bytes) = std::fs::read(root.join(path)) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File {
                path: path.to_owned(),
                text,
            });
        }
    }
    Ok(files)
}
