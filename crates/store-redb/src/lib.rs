//! The embedded storage engine, on redb.
//!
//! Charter: one file that keeps the promises of [`store::Engine`]. Reads go straight to a redb
//! snapshot. Writes are buffered above it ([`store::buffer::WriteBuffer`]), so any number of
//! transactions write at once although redb has one writer. A commit is accepted on its caller's
//! thread, after comparing it with what was committed since its snapshot (`sequencer`). A committer
//! thread takes all that were accepted, writes them in one redb transaction with one sync, and
//! wakes their callers. Callers that asked for it go on before that, and see what was accepted laid
//! over the last snapshot of the file (`overlay`).
//!
//! Does not know: what the bytes mean. Documents, indexes and counts live above the seam.
//!
//! Invariants
//! - Only the committer thread owns the redb database; everybody else holds snapshots.
//! - A snapshot and its sequence are published together, before the commits in it are
//!   acknowledged: whoever begins after an acknowledgement sees the commit.
//! - Whoever did not ask for it sees nothing that is not in the file.
//! - What was accepted is settled or lost, in order; all that depends on it is told which.
//! - What is remembered of recent commits reaches back at least to the oldest snapshot that may
//!   still write, or that snapshot can no longer commit.
//! - A value that is kept in memory (`values`) is used for a snapshot only if no commit between the
//!   two touched its key.
//! - After a failure in the commit path nothing more is written (see [`RedbEngine`]).
//!
//! The file holds two redb tables:
//!
//! ```text
//! "vulpes"   &str → u64           "format" → FORMAT (1), written when the file is made
//! "entries"  &[u8] → &[u8]        the keyspace, in byte order; counters as in store::Op::Add
//! ```
//!
//! Entry point: [`RedbEngine::open`].

#![warn(missing_docs)]

mod committer;
pub mod disk;
mod engine;
mod failure;
mod file;
mod fullness;
mod overlay;
mod recent;
mod retained;
mod sequencer;
mod settings;
mod snapshot;
#[cfg(test)]
mod tests;
mod txn;
mod values;
mod watched;

pub use engine::RedbEngine;
pub use settings::Settings;
