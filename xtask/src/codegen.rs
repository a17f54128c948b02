//! Files that are written from other files of the repository and committed.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// A generated file: where it lies and the function that makes its text.
struct Generated {
    path: &'static str,
    text: fn() -> String,
}

const GENERATED: &[Generated] = &[Generated {
    path: "docs/errors/README.md",
    text: error_pages_text,
}];

/// Writes the generated files; with `--check` reports those that differ.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let check = match args {
        [] => false,
        [flag] if flag == "--check" => true,
        _ => bail!("codegen takes nothing or --check"),
    };
    if check {
        let stale = find_stale(root);
        if !stale.is_empty() {
            bail!("stale: {}; run `cargo xtask codegen`", stale.join(", "));
        }
        return Ok(());
    }
    for file in GENERATED {
        let path = root.join(file.path);
        std::fs::write(&path, (file.text)()).with_context(|| format!("write {}", file.path))?;
        crate::say(&format!("wrote {}", file.path));
    }
    Ok(())
}

/// The generated files whose committed text is not what would be written now.
pub(crate) fn find_stale(root: &Path) -> Vec<&'static str> {
    GENERATED
        .iter()
        .filter(|file| std::fs::read_to_string(root.join(file.path)).ok() != Some((file.text)()))
        .map(|file| file.path)
        .collect()
}

fn error_pages_text() -> String {
    let mut text = String::from(
        "# Public errors\n\n\
         Written by `cargo xtask codegen` from the table in `crates/error-codes`.\n\n\
         An error answer is JSON: `{\"error\": true, \"code\": <HTTP status>, \
         \"errorNum\": <number>, \"errorMessage\": <text>}`.\n\
         A caught error in a service has `errorNum`, `code` and `message`.\n",
    );
    let mut groups: Vec<&str> = Vec::new();
    for entry in error_codes::ALL {
        if !groups.contains(&entry.group) {
            groups.push(entry.group);
        }
    }
    for group in groups {
        let _ = write!(
            text,
            "\n## {group}\n\n| number | name | HTTP | text |\n|---|---|---|---|\n"
        );
        for entry in error_codes::ALL.iter().filter(|entry| entry.group == group) {
            let words = entry.text.replace('|', "\\|").replace('\n', " ");
            let _ = writeln!(
                text,
                "| {} | `{}` | {} | {} |",
                entry.number,
                entry.name,
                entry.status,
                words.trim()
            );
        }
    }
    text
}
