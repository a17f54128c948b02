//! Services as their owners and visitors see them: installed from zips, answered by real VMs, kept
//! in the in-memory store.

#![expect(clippy::unwrap_used, reason = "a test fails where it is surprised")]

mod callers;
mod cluster;
mod corpus;
mod databases;
mod durability;
mod functions;
mod guestbook;
mod harness;
mod healing;
mod lifecycle;
mod limits;
mod machine;
mod rights;
mod transactions;
