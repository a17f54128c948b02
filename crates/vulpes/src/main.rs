//! The server and its command line: wiring, no logic.
//!
//! Charter: reads flags, opens the store, connects the parts, starts and stops them in order.
//! It knows no HTTP, no JavaScript and no query language.
//!
//! Invariants: settings are checked before anything is touched, and all that is wrong with them
//! is said at once; what was started is stopped in the opposite order.
//!
//! Entry point: `vulpes serve`.

mod cli;
mod expiry;
mod report;
mod serve;
mod settings;
mod task;

use std::process::ExitCode;

use clap::Parser as _;

/// Requests make many short-lived allocations on one thread and free them on another, which the
/// system's allocator pays for with locks (docs/adr/0010-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Serve(typed) => match serve::run(&typed) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                report::failure(&error);
                ExitCode::FAILURE
            }
        },
    }
}
