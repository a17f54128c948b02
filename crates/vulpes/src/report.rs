//! What goes to the terminal instead of the log.
#![expect(clippy::print_stderr, reason = "this is the terminal's door")]

use std::io::Write as _;

/// A line that scripts may wait for. A server does not end because nobody reads on.
pub(crate) fn line(text: &str) {
    let mut terminal = std::io::stdout().lock();
    drop(writeln!(terminal, "{text}").and_then(|()| terminal.flush()));
}

/// Why the program ends: the chain of causes, once.
pub(crate) fn failure(error: &anyhow::Error) {
    eprintln!("vulpes: {error:#}");
}
