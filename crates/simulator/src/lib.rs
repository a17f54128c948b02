//! Coordinators on one simulated store and clock, in one thread, driven by a seed.
//!
//! Charter: runs the rules of `cluster` and `registry` as several coordinators do, with kills,
//! pauses longer than a lease, a store that is slow, fails or loses answers, operations on one
//! mount from several sides, damaged folders and backups restored by hand; checks after each event
//! what must always hold, and at the end that all coordinators came to agree. [`Broken`] breaks a
//! rule on purpose, to show that the checks find it.
//!
//! Does not know: how services run; any rule of its own.
//!
//! Invariants: a seed replays. Nothing here is part of the server.
//!
//! Entry point: [`run`].

mod checks;
mod coordinator;
mod healing;
mod operation;
mod store;
mod world;

pub use world::{Broken, Config, Failure, Report, run};
