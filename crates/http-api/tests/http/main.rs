//! The server as its clients meet it: real sockets, in-memory store.

#![expect(
    clippy::unwrap_used,
    reason = "a test that meets what cannot be is to fail there"
)]

mod exclusive;
mod garbage;
mod harness;
#[cfg(target_os = "linux")]
mod lanes;
mod operations;
mod scenario;
mod scenarios;
mod sockets;
