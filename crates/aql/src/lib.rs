//! The query language: syntax, plan, executor and functions.
//!
//! Charter: a query text and bind values become rows. [`syntax`] parses, [`plan`] resolves names
//! and optimises, `exec` runs, [`functions`] is the library. Plans are kept and used again
//! ([`PlanCache`]), results if that is wanted ([`ResultCache`]).
//!
//! Does not know: HTTP, JavaScript, where documents are stored, who may read what. It starts and
//! ends no transaction: it works in the caller's.
//!
//! Invariants
//! - Parsing never fails; it yields diagnostics.
//! - An optimised plan gives the rows that the plain one gives.
//! - A plan depends on the text, the catalog and the binds that decide its shape, on no other
//!   bind value.
//! - A query that fails may have written: the caller rolls the transaction back.
//!
//! Entry points: [`execute`], [`explain`], [`parse`].

mod cache;
mod computed;
mod error;
mod exec;
mod explain;
pub mod functions;
pub mod plan;
mod queries;
mod query;
mod results;
pub mod syntax;
#[cfg(test)]
mod tests;
mod tracking;

pub use cache::{PlanCache, PlanEntry};
pub use computed::ComputedExpressions;
pub use error::{Error, ErrorKind, Result};
pub use exec::{Cancel, Cursor, Environment, Limits, Profile, Stats};
pub use explain::{Explanation, explain};
pub use queries::{PlanLimits, Queries, Settings, UserCall, UserFunction, UserFunctions};
pub use query::{Context, Options, Query, execute, parse};
pub use results::{CacheMode, ResultCache, ResultEntry, ResultProperties};
pub use tracking::{Phase, Properties, TrackedQuery, Tracking};
