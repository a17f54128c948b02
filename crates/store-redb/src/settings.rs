//! Settings of the engine.

use store::Limits;

/// Settings of a [`crate::RedbEngine`]: plain values.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory for pages of the file, in bytes.
    pub cache_bytes: usize,
    /// Read the whole file when opening it and verify every checksum. Without it the file is
    /// verified after a crash only, and damage done to a file that was closed in order is found
    /// late or not at all.
    pub verify_on_open: bool,
    /// Buffered writes that one sync takes together, in bytes; a single transaction may exceed
    /// it. Bounds how long the first in a group waits for the others.
    pub group_bytes_max: usize,
    /// Keys of recent commits to remember for the sake of long transactions. Beyond it the
    /// oldest are forgotten, and a transaction that began before them can no longer commit.
    pub recent_keys_max: usize,
    /// Writes are refused while the file system has less room than this, in bytes, beside what
    /// they need. Keeps the disk from filling up in the middle of a commit.
    pub free_bytes_min: u64,
    /// Limits at the seam.
    pub limits: Limits,
}

impl Settings {
    /// Settings for a server, given the memory it may use for pages.
    pub fn new(cache_bytes: usize) -> Self {
        Self {
            cache_bytes,
            verify_on_open: true,
            group_bytes_max: 64 << 20,
            recent_keys_max: 4_000_000,
            free_bytes_min: 32 << 20,
            limits: Limits::default(),
        }
    }
}
