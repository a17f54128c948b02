//! The storage seam: ordered bytes, transactions and batches.
//!
//! Charter: what every storage engine does and nothing more. An [`Engine`] keeps one ordered
//! keyspace of bytes; a [`Txn`] reads a snapshot of it, buffers writes and commits them as one.
//! Here are also the in-memory model ([`memory::MemoryEngine`]), the write buffer that engines
//! share ([`buffer`]), the wrapper that checks an engine against its contract
//! ([`contract::Contract`]) and the conformance suite that every engine runs ([`conformance`]).
//!
//! Does not know: documents, collections, indexes, value order, JSON, HTTP, files, SQL. It does
//! no input or output of its own and starts no threads.
//!
//! Invariants
//! - Keys are ordered as unsigned bytes, shorter first. The empty key and the empty value are
//!   ordinary.
//! - Results are owned ([`bytes::Bytes`]): no lifetime and no iterator crosses the seam.
//! - Snapshot isolation, first committer wins: two transactions that overlap in time and touch
//!   the same key do not both commit, unless both only [`Op::Add`] to it.
//! - A transaction reads its own writes, in `get` and in `scan`.
//! - `Ok` from [`Txn::commit`] means that the writes survive a crash (the model has no disk),
//!   unless the transaction asked not to wait for that: then [`Engine::when_durable`] says so.
//! - Dropping a transaction rolls it back and cannot fail.
//!
//! Entry point: [`Engine::begin`].

#![warn(missing_docs)]

mod batch;
pub mod buffer;
pub mod conformance;
pub mod contract;
mod engine;
mod error;
mod limits;
pub mod memory;
mod scan;

pub use batch::{Batch, KeyRange, Op, counter_sum, decode_counter, encode_counter};
pub use engine::{
    BeginOptions, Begun, Commit, Engine, Savepoint, Seen, Statistics, Txn, WhenDurable,
};
pub use error::{Error, ErrorKind, Result};
pub use limits::Limits;
pub use scan::{Direction, Entry, Page, PageBuilder, Scan};
