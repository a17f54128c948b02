//! Checks and chores of the workspace, run as `cargo xtask <task>`.
//!
//! Charter: everything that a maintainer or the gate runs over the repository itself. It knows
//! nothing of how a crate works inside; of the crates it uses only `error-codes`, to print the
//! error pages.
//!
//! Invariants: a check never changes a file; only `codegen` without `--check` and
//! `corpus --accept` write. What `fuzz` finds goes into the target folder.
//!
//! Entry point: [`TASKS`], one row for each task.

mod ci;
mod codegen;
mod corpus;
mod fuzz;
mod tidy;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};

/// A task: its name, what it does, and the function that gets the remaining arguments.
struct Task {
    name: &'static str,
    help: &'static str,
    run: fn(&Path, &[String]) -> Result<()>,
}

const TASKS: &[Task] = &[
    Task {
        name: "ci",
        help: "run every check there is",
        run: ci::run,
    },
    Task {
        name: "tidy",
        help: "check crate map, directions, sizes and style",
        run: tidy::run,
    },
    Task {
        name: "corpus",
        help: "run the data-file tests; names of areas, --accept",
        run: corpus::run,
    },
    Task {
        name: "fuzz",
        help: "throw mutated inputs at the server; names of targets, --seconds N",
        run: fuzz::run,
    },
    Task {
        name: "codegen",
        help: "write the generated files; with --check only compare them",
        run: codegen::run,
    },
];

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    match run(&name, &rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, args: &[String]) -> Result<()> {
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        let rows: Vec<_> = TASKS
            .iter()
            .map(|t| format!("  {:8} {}", t.name, t.help))
            .collect();
        bail!(
            "name one of these tasks: cargo xtask <task>\n{}",
            rows.join("\n")
        );
    };
    (task.run)(&root(), args)
}

/// The folder of the workspace. Cargo says at run time which one it is: checkouts that share a
/// target folder may share this program.
fn root() -> PathBuf {
    let built_in = || env!("CARGO_MANIFEST_DIR").into();
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(built_in))
        .parent()
        .expect("xtask lies in the workspace")
        .into()
}

/// Writes one line for the person who runs the task. A closed pipe is theirs to close.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
