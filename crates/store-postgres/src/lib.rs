//! The storage engine of a cluster, on a database that speaks PostgreSQL's protocol.
//!
//! Charter: one table of bytes in an SQL database that keeps the promises of [`store::Engine`],
//! for several processes at once. A transaction reads in a server transaction of its own
//! (`snapshot`), which is read-only and sees one state; its writes are buffered here
//! ([`store::buffer::WriteBuffer`]). One task for each engine takes the commits that wait, all at
//! once (`committer`), and sends them in a second, short server transaction. That one holds a lock
//! which all processes share, so commits have an order; it compares what was written with what was
//! committed since each snapshot, and writes all or nothing (`group`, `sql`).
//!
//! Does not know: what the bytes mean. Documents, indexes and counts live above the seam.
//!
//! Invariants
//! - Async code and the event loop stay in here, on one named thread; every call from outside
//!   blocks its own thread.
//! - Never a round trip for each row: what an operation sends is sent at once.
//! - A commit whose outcome was lost with its connection is looked up, not repeated: each has a
//!   number in the database, and one that is found missing is barred before it is sent again.
//! - Whatever waits for the database waits for a limited time and then says what for.
//! - SQL is plain; what other databases may not know is named in the guide.
//!
//! Entry point: [`PostgresEngine::open`].

#![warn(missing_docs)]

mod committer;
mod engine;
mod failure;
mod group;
mod hints;
mod network;
mod pool;
mod schema;
mod server;
mod settings;
mod snapshot;
mod sql;
mod sweep;
pub mod testing;
#[cfg(test)]
mod tests;
mod tls;
mod txn;
mod wait;

pub use engine::PostgresEngine;
pub use hints::Listener;
pub use settings::Settings;
