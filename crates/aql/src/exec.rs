//! Running plans.
//!
//! Rows flow in batches from step to step; a step pulls from the one before it, so that a
//! `LIMIT` stops everything above it. Documents stay unread until an attribute is asked for.

mod cursor;
mod documents;
mod eval;
mod extra;
mod operators;
mod pipeline;
mod row;
mod state;
mod steps;
mod stored;
mod work;

pub use cursor::Cursor;
pub(crate) use cursor::Start;
pub use extra::Profile;
pub use state::{Cancel, Environment, Limits, Stats};
