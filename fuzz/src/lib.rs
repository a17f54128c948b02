//! What may come from outside, thrown at the server by a fuzzer.
//!
//! Charter: one function for each place where bytes of strangers enter, which panics when a
//! property does not hold. It knows the public interfaces of the crates, not their insides, and
//! nothing of the fuzzer: the same functions replay seeds and known failures as ordinary tests.
//!
//! Invariants: a target never fails because of what an earlier input left behind; the canary does
//! fail, so that a fuzzer that finds nothing is noticed.
//!
//! Entry point: [`TARGETS`].

mod input;
mod seeds;
mod targets;

use std::path::PathBuf;

/// A place where bytes enter.
pub struct Target {
    /// Its name on the command line and its folder below `seeds`.
    pub name: &'static str,
    /// Runs one input; panics when something does not hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets. The last one must fail.
pub const TARGETS: &[Target] = &[
    Target {
        name: "aql",
        run: targets::aql::run,
        seeds: seeds::queries,
    },
    Target {
        name: "json",
        run: targets::json::run,
        seeds: seeds::texts,
    },
    Target {
        name: "document-key",
        run: targets::document_key::run,
        seeds: seeds::keys,
    },
    Target {
        name: "index-key",
        run: targets::index_key::run,
        seeds: seeds::values,
    },
    Target {
        name: "http-head",
        run: targets::http::run_head,
        seeds: seeds::heads,
    },
    Target {
        name: "http-body",
        run: targets::http::run_body,
        seeds: seeds::bodies,
    },
    Target {
        name: "canary",
        run: targets::canary::run,
        seeds: Vec::new,
    },
];

/// The target of that name.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Inputs that once failed; they lie in `fuzz/regressions/<target>` and never leave.
///
/// # Errors
/// The operating system's.
pub fn regressions(target: &Target) -> std::io::Result<Vec<Vec<u8>>> {
    let folder = root().join("fuzz/regressions").join(target.name);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    paths.into_iter().map(std::fs::read).collect()
}

/// The folder of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate lies in the workspace")
        .into()
}
