//! Coordinators that share one store: who lives, who may do what, and that something changed.
//!
//! Charter: [`Members`] with heartbeats and how each coordinator judges the others by them
//! ([`Observations`]); leases with fencing tokens ([`lease`]); hints that something changed
//! ([`Hints`]); the task that keeps all this up ([`Cluster`]). Facts are rows ([`Rows`]): documents
//! of system collections, which the simulator replaces by rows of its own.
//!
//! Does not know: services, queues, HTTP; which engine lies beneath; any other coordinator's
//! address as something to connect to.
//!
//! Invariants
//! - No two clocks are ever compared. A coordinator is taken for dead when its heartbeat, a
//!   counter, did not change for [`Settings::member_time_max`] on the observer's own monotonic
//!   clock, between two reads that the observer made.
//! - Whoever was taken for dead wrongly can do no harm: what it does under a lease is committed in
//!   a transaction that writes the lease's row, and fails when somebody else has written it.
//! - A token of a lease is never given out twice, and grows.
//! - Hints may be lost, doubled or late; polling finds what they would have told.
//!
//! Entry points: [`Cluster::join`], [`Cluster::alone`], [`lease::acquire`].

#![warn(missing_docs)]

mod documents;
mod error;
mod hints;
pub mod lease;
mod members;
mod observations;
mod rows;
mod settings;
mod signal;
mod task;

pub use documents::{DocumentRows, ensure_collection, transact};
pub use error::{Error, ErrorKind, Result};
pub use hints::{Hints, NoHints};
pub use members::{MEMBERS, Member, Members};
pub use observations::Observations;
pub use rows::Rows;
pub use settings::Settings;
pub use signal::Signal;
pub use task::Cluster;
