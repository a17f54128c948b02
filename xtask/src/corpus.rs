//! The data-file tests of `corpus/`, each run by the crate that it is about.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// A folder of cases, and the arguments of `cargo test` that run them.
const AREAS: &[(&str, &[&str])] = &[
    ("aql", &["-p", "aql", "--test", "queries"]),
    ("js", &["-p", "foxx", "--test", "services", "corpus"]),
    ("http", &["-p", "http-api", "--test", "http"]),
];

/// Runs all areas or those that are named. `--accept` rewrites the expectations of query cases
/// by what the implementation answers, to be reviewed as a difference.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let (flags, names): (Vec<_>, Vec<_>) = args.iter().partition(|arg| arg.starts_with("--"));
    let accept = match flags.as_slice() {
        [] => false,
        [flag] if *flag == "--accept" => true,
        _ => bail!("the only option is --accept"),
    };
    if let Some(unknown) = names
        .iter()
        .find(|name| !AREAS.iter().any(|area| area.0 == **name))
    {
        bail!("no area {unknown}; there are aql, js and http");
    }
    for (name, arguments) in AREAS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        let mut command = Command::new("cargo");
        command.current_dir(root).arg("test").args(*arguments);
        if accept {
            command.env("VULPES_ACCEPT", "1");
        }
        let status = command.status().context("start cargo")?;
        if !status.success() {
            bail!("corpus/{name} does not hold");
        }
    }
    Ok(())
}
