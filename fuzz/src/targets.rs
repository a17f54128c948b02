//! The targets, a file each.

pub(crate) mod aql;
pub(crate) mod canary;
pub(crate) mod document_key;
pub(crate) mod http;
pub(crate) mod index_key;
pub(crate) mod json;
mod world;
