//! The engine as its callers see it.

mod conversion;
mod lifetime;
mod limits;
mod support;
