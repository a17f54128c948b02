//! Which services exist: the stored registry and the mount table that requests are routed by.

mod models;
mod service;
mod table;

pub(crate) use models::{Entry, Registry};
pub use service::{Health, Service, StoredOptions};
pub use table::Found;
pub(crate) use table::Table;
