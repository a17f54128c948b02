//! The identity of a bundle.

use sha2::{Digest, Sha256};

/// SHA-256 in lower-case hex.
pub(crate) fn checksum(bytes: &[u8]) -> String {
    crate::text::hex(&Sha256::digest(bytes))
}
