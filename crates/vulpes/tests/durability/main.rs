//! The server as a process: killed, on a full disk, on a damaged file.
#![expect(
    clippy::unwrap_used,
    reason = "a failed step is a failed test, in helpers too"
)]

mod crash;
mod damaged_file;
mod engine_faults;
mod full_disk;
mod history;
mod power_loss;
mod process;

/// Says that something could not be tried here. The gate shows it in its summary.
#[expect(clippy::print_stderr, reason = "for whoever runs this test by hand")]
fn skip(what: &str) {
    use std::io::Write as _;
    eprintln!("skipped: {what}");
    if let Some(file) = std::env::var_os("VULPES_SKIPPED") {
        let file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(file);
        writeln!(file.unwrap(), "{what}").unwrap();
    }
}

/// A number from the environment, for longer runs and to repeat one.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
