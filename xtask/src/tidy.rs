//! The rules of the repository that a script can check.
//!
//! Each rule is a function from the files to problems; a problem names its file and what to do.
//! The same rules run as a test, so `cargo test` alone finds a breach.

mod allow;
mod files;
mod manifests;
mod map;
mod rust;
mod text;

use std::path::Path;

use anyhow::{Result, bail};

use files::File;

/// Reports every breach of the rules; an error when there is one.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    if !args.is_empty() {
        bail!("tidy takes no arguments");
    }
    let problems = check(root)?;
    for problem in &problems {
        crate::say(problem);
    }
    if !problems.is_empty() {
        bail!("tidy found {} problem(s)", problems.len());
    }
    Ok(())
}

fn check(root: &Path) -> Result<Vec<String>> {
    let files = files::load_all(root)?;
    let mut problems = Vec::new();
    let mut sizes = Vec::new();
    for file in &files {
        problems.extend(text::check(file));
        if file.path.ends_with(".rs") {
            let report = rust::check(&file.path, &file.text);
            problems.extend(report.problems);
            sizes.extend(report.sizes);
        }
    }
    problems.extend(allow::check(root, sizes)?);
    problems.extend(text::check_decision_list(&files));
    problems.extend(manifests::check(&files));
    problems.extend(map::check(root, &files)?);
    for stale in crate::codegen::find_stale(root) {
        problems.push(format!(
            "{stale}: not what `cargo xtask codegen` writes; run it"
        ));
    }
    Ok(problems)
}

/// The file at `path`, if it is part of the repository.
fn find_file<'a>(files: &'a [File], path: &str) -> Option<&'a File> {
    files.iter().find(|file| file.path == path)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_keeps_its_rules() {
        let problems = super::check(&crate::root()).unwrap();
        assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
    }
}
