//! The gate: every check, one after the other, with a summary at the end.
//!
//! A failing check does not stop the others: one run shows all that is wrong.

use std::hash::{BuildHasher as _, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use cargo_metadata::MetadataCommand;

/// A check: a program with its arguments, started in a folder below the root.
struct Check {
    name: &'static str,
    folder: &'static str,
    command: &'static [&'static str],
}

/// Cheap ones first; `{deny}` is the licence checker, wherever it lies.
const CHECKS: &[Check] = &[
    Check {
        name: "format",
        folder: ".",
        command: &["cargo", "fmt", "--all", "--check"],
    },
    Check {
        name: "tidy",
        folder: ".",
        command: &["cargo", "xtask", "tidy"],
    },
    Check {
        name: "codegen",
        folder: ".",
        command: &["cargo", "xtask", "codegen", "--check"],
    },
    Check {
        name: "licences, bans, sources",
        folder: ".",
        command: &[
            "{deny}",
            "--log-level",
            "error",
            "check",
            "licenses",
            "bans",
            "sources",
        ],
    },
    Check {
        name: "modules: install",
        folder: "crates/foxx/modules",
        command: &["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
    },
    Check {
        name: "modules: committed bundles",
        folder: "crates/foxx/modules",
        command: &["npm", "run", "check"],
    },
    Check {
        name: "modules: tests",
        folder: "crates/foxx/modules",
        command: &["npm", "test"],
    },
    Check {
        name: "clippy",
        folder: ".",
        command: &[
            "cargo",
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    },
    Check {
        name: "tests",
        folder: ".",
        command: &[
            "cargo",
            "test",
            "--workspace",
            "--lib",
            "--bins",
            "--tests",
            "--no-fail-fast",
        ],
    },
    Check {
        name: "the same data on PostgreSQL",
        folder: ".",
        command: &[
            "env",
            "VULPES_TEST_STORE=postgres",
            "cargo",
            "test",
            "-p",
            "aql",
            "-p",
            "foxx",
            "-p",
            "http-api",
            "--tests",
            "--no-fail-fast",
        ],
    },
    Check {
        name: "doc tests",
        folder: ".",
        command: &["cargo", "test", "--workspace", "--doc"],
    },
    Check {
        name: "fuzz, a few seconds each",
        folder: ".",
        command: &["cargo", "xtask", "fuzz"],
    },
    Check {
        name: "server for the clients",
        folder: ".",
        command: &["cargo", "build", "-p", "vulpes"],
    },
    Check {
        name: "clients: install",
        folder: "e2e",
        command: &["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"],
    },
    Check {
        name: "clients",
        folder: "e2e",
        command: &["npm", "test"],
    },
    Check {
        name: "clients in Python",
        folder: "e2e/python",
        command: &["sh", "run.sh"],
    },
];

/// Runs every check, or those whose names start with one of `args`; an error when one failed.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let wanted = select(args)?;
    let tools = Tools::find(root)?;
    let mut failed = Vec::new();
    // Of a former run; mostly there is none.
    drop(std::fs::remove_file(&tools.skipped));
    for (at, check) in wanted.iter().enumerate() {
        crate::say(&format!("\n=== {}/{} {}", at + 1, wanted.len(), check.name));
        if !run_check(root, check, &tools) {
            crate::say(&format!("=== failed: {}", check.name));
            failed.push(check.name);
        }
    }
    let skipped = std::fs::read_to_string(&tools.skipped).unwrap_or_default();
    for what in skipped.lines() {
        crate::say(&format!("skipped: {what}"));
    }
    let passed = wanted.len() - failed.len();
    crate::say(&format!(
        "\nchecks: {passed} passed, {} failed",
        failed.len()
    ));
    if !failed.is_empty() {
        bail!("failed: {}", failed.join("; "));
    }
    Ok(())
}

fn select(args: &[String]) -> Result<Vec<&'static Check>> {
    for arg in args {
        if !CHECKS
            .iter()
            .any(|check| check.name.starts_with(arg.as_str()))
        {
            let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
            bail!("no check is called {arg}; there are: {}", names.join("; "));
        }
    }
    let wanted = |check: &&Check| {
        args.is_empty() || args.iter().any(|arg| check.name.starts_with(arg.as_str()))
    };
    Ok(CHECKS.iter().filter(wanted).collect())
}

/// Where the simulator begins: somewhere else in each run. A seed that fails is printed.
fn fresh_seed() -> u64 {
    RandomState::new().hash_one(()) >> 20
}

/// What the checks need from outside the repository.
struct Tools {
    server: PathBuf,
    deny: PathBuf,
    /// Where tests say what they could not try on this machine.
    skipped: PathBuf,
}

impl Tools {
    fn find(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(root.join("Cargo.toml"))
            .no_deps()
            .exec()
            .context("run cargo metadata")?;
        let target = metadata.target_directory.into_std_path_buf();
        // `make tools` puts the checker into the cache; elsewhere it is on the path.
        let cached = std::env::var_os("VULPES_CACHE")
            .map(|cache| Path::new(&cache).join("tools/bin/cargo-deny"))
            .filter(|path| path.exists());
        Ok(Self {
            server: target.join("debug/vulpes"),
            skipped: target.join("skipped-tests.txt"),
            deny: cached.unwrap_or_else(|| "cargo-deny".into()),
        })
    }
}

fn run_check(root: &Path, check: &Check, tools: &Tools) -> bool {
    let Some((program, args)) = check.command.split_first() else {
        return false;
    };
    let mut command = match *program {
        "{deny}" => Command::new(&tools.deny),
        program => Command::new(program),
    };
    command
        .args(args)
        .current_dir(root.join(check.folder))
        .env("VULPES_BIN", &tools.server)
        .env("VULPES_SKIPPED", &tools.skipped)
        .env("SIMULATOR_FIRST", fresh_seed().to_string());
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            crate::say(&format!("{program}: {error}"));
            false
        }
    }
}
