//! Services.
mod bundle;
mod error;
mod manifest;
mod mount;
mod text;
mod titles;
pub use error::{Error, ErrorKind, ExceptionText, Result};
