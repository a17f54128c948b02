//! The server and its command line: wiring, no logic.
//!
//! Charter: reads flags, opens the store, connects the parts, starts and stops them in order.
//! It knows no HTTP, no JavaScript and no query language.
//!
//! Invariants: settings are checked before anything is touched, and all that is wrong with them
//! is said at once; what was started is stopped in the opposite order.
//!
//! Entry points: `vulpes serve`, `vulpes verify`, `vulpes move`.

mod cli;
mod expiry;
mod membership;
mod report;
mod serve;
mod settings;
mod sharing;
mod task;
mod transfer;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

/// Requests make many short-lived allocations on one thread and free them on another, which the
/// system's allocator pays for with locks (docs/adr/0010-allocator.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What `vulpes verify` exits with when it found something.
const EXIT_DIFFERS: u8 = 3;

fn main() -> ExitCode {
    let matches = cli::Cli::command().get_matches();
    let typed = cli::Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let outcome = match typed.command {
        cli::Command::Serve(typed) => {
            let options = matches.subcommand_matches("serve").map(cli::options);
            serve::run(&typed, options.unwrap_or_default()).map(|()| ExitCode::SUCCESS)
        }
        cli::Command::Move(typed) => transfer::run(&typed).map(|()| ExitCode::SUCCESS),
        cli::Command::Verify(typed) => verify::run(&typed).map(|outcome| match outcome {
            verify::Outcome::Agrees => ExitCode::SUCCESS,
            verify::Outcome::Differs => ExitCode::from(EXIT_DIFFERS),
        }),
    };
    outcome.unwrap_or_else(|error| {
        report::failure(&error);
        ExitCode::FAILURE
    })
}
