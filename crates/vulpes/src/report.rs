//! What goes to the terminal instead of the log.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is the terminal's door"
)]

/// A line that scripts may wait for.
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Why the program ends: the chain of causes, once.
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("vulpes: {error:#}");
}
