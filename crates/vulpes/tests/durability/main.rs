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

/// A number from the environment, for longer runs and to repeat one.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}
