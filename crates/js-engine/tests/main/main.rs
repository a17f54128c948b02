//! The engine as its callers see it.

mod conversion;
mod limits;
mod support;
