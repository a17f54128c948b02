//! The server as its clients meet it: real sockets, in-memory store.

mod harness;
mod scenario;
mod scenarios;
mod sockets;
