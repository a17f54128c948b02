//! Bundles: the zip files services come in.
//!
//! An [`Archive`] is a zip whose central directory has been checked against every limit and every
//! way out of its folder before one byte is unpacked. The original bytes stay the bundle; their
//! SHA-256 is its identity.

mod archive;
mod checksum;
mod limits;
mod pack;
mod stage;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use error_codes::codes;

pub(crate) use archive::Archive;
pub(crate) use checksum::checksum;
pub use limits::Limits;
pub(crate) use pack::{pack_folder, pack_script};
pub(crate) use stage::{Folder, Staging};

use crate::{Error, Result};

/// A service as it is stored and handed around: a zip and its identity.
#[derive(Debug, Clone)]
pub struct Bundle {
    bytes: Bytes,
    checksum: String,
}

impl Bundle {
    /// Names the bundle by its content.
    pub fn new(bytes: Bytes) -> Self {
        let checksum = checksum(&bytes);
        Self { bytes, checksum }
    }

    /// Takes uploaded bytes: a zip stays as it is, anything else is one JavaScript file and is
    /// packed with a manifest of its own.
    ///
    /// # Errors
    /// 3014 for nothing at all, 3101 for what is neither zip nor text.
    pub fn from_upload(bytes: Bytes) -> Result<Self> {
        if bytes.is_empty() {
            let error = Error::refused(codes::SERVICE_SOURCE_NOT_FOUND);
            return Err(error.with_detail("Reason", "the body is empty"));
        }
        if is_zip(&bytes) {
            return Ok(Self::new(bytes));
        }
        let script = std::str::from_utf8(&bytes).map_err(|_| {
            let reason = "the source is neither a zip nor a JavaScript file in UTF-8";
            Error::refused(codes::MODULE_SYNTAX_ERROR).with_detail("Reason", reason)
        })?;
        pack_script(script)
    }

    /// The zip.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// SHA-256 of the zip in lower-case hex.
    pub fn checksum(&self) -> &str {
        &self.checksum
    }
}

/// Whether the bytes start as a zip does, be it an empty one.
pub(crate) fn is_zip(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06")
}
