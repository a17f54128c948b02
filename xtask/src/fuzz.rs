//! Fuzzing with libFuzzer: builds the targets of `fuzz/` with coverage counters, runs them for a
//! while, and keeps what they found.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::MetadataCommand;

/// The target that must fail: a fuzzer that does not find it finds nothing.
const CANARY: &str = "canary";

/// How long each target runs when nothing else is said.
const SECONDS: u32 = 10;

/// How long the canary may take at most: it is found after about 500,000 inputs.
const CANARY_SECONDS: u32 = 60;

/// The longest input in bytes.
const INPUT_BYTES_MAX: u32 = 4096;

/// Seconds that one input may take, and megabytes that a target may hold.
const INPUT_SECONDS_MAX: u32 = 25;
const RESIDENT_MIB_MAX: u32 = 4096;

/// Runs the named targets, or all of them, each for `--seconds`.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<()> {
    let program = build(root)?;
    let targets = list(&program)?;
    let (seconds, wanted) = parse(args, &targets)?;
    let home = program.parent().unwrap_or(root).join("fuzzing");
    let mut failed = Vec::new();
    for target in wanted {
        let seconds = match target.as_str() {
            CANARY => seconds.max(CANARY_SECONDS),
            _ => seconds,
        };
        let status = run_target(&program, &home, &target, seconds)?;
        if status.success() == (target == CANARY) {
            failed.push(target);
        }
    }
    match failed.as_slice() {
        [] => Ok(()),
        [canary] if canary == CANARY => bail!("the canary was not found: the fuzzer does not work"),
        _ => bail!(
            "failed: {}; the inputs lie in {}",
            failed.join(", "),
            home.display()
        ),
    }
}

/// The targets' names as the program itself says them, the canary first.
fn list(program: &Path) -> Result<Vec<String>> {
    let output = Command::new(program)
        .env("VULPES_FUZZ_LIST", "1")
        .output()
        .context("start the targets")?;
    let names = String::from_utf8(output.stdout).context("names of targets")?;
    let mut names: Vec<String> = names.lines().map(str::to_owned).collect();
    if !output.status.success() || !names.iter().any(|name| name == CANARY) {
        bail!("the program does not name its targets, {CANARY} among them");
    }
    names.sort_by_key(|name| name != CANARY);
    Ok(names)
}

fn parse(args: &[String], targets: &[String]) -> Result<(u32, Vec<String>)> {
    let mut seconds = SECONDS;
    let mut wanted = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--seconds" {
            let given = args.next().context("--seconds takes a number")?;
            seconds = given.parse().context("--seconds takes a number")?;
        } else if targets.contains(arg) {
            wanted.push(arg.clone());
        } else {
            bail!("no target {arg}; there are {}", targets.join(", "));
        }
    }
    if wanted.is_empty() {
        wanted = targets.to_vec();
    }
    Ok((seconds, wanted))
}

/// Builds the program of all targets. Only the workspace's crates count coverage.
fn build(root: &Path) -> Result<PathBuf> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("run cargo metadata")?;
    let status = Command::new("cargo")
        .current_dir(root)
        .args(["build", "--profile", "fuzz", "-p", "fuzz"])
        .args(["--features", "libfuzzer"])
        .env("RUSTC_WORKSPACE_WRAPPER", root.join("fuzz/instrument.sh"))
        .status()
        .context("start cargo")?;
    if !status.success() {
        bail!("the targets do not build; a C++ compiler is needed");
    }
    let program = metadata.target_directory.join("fuzz/fuzz");
    Ok(program.into_std_path_buf())
}

fn run_target(program: &Path, home: &Path, target: &str, seconds: u32) -> Result<ExitStatus> {
    crate::say(&format!("--- {target}, {seconds} s"));
    let folder = |kind: &str| -> Result<PathBuf> {
        let path = home.join(kind).join(target);
        std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(path)
    };
    let (inputs, findings) = (folder("inputs")?, folder("findings")?);
    if target == CANARY {
        // It is to be found anew.
        std::fs::remove_dir_all(&inputs).context("empty the canary's inputs")?;
        std::fs::create_dir_all(&inputs).context("empty the canary's inputs")?;
    }
    Command::new(program)
        .arg(&inputs)
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={RESIDENT_MIB_MAX}"))
        .args([
            "-print_final_stats=1",
            "-verbosity=0",
            "-use_value_profile=1",
        ])
        .env("VULPES_FUZZ_TARGET", target)
        .env("VULPES_FUZZ_SEEDS", &inputs)
        .status()
        .context("start the targets")
}
