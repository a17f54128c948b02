//! Settings of the engine.

use store::Limits;

/// Settings of a [`crate::RedbEngine`]: plain values.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Memory for pages of the file, in bytes.
    pub cache_bytes: usize,
    /// Memory for values that were asked for by key, in bytes; 0 keeps none. What is asked for
    /// again is found at a third of the cost, but lies in memory twice.
    pub values_bytes: usize,
    /// Read the whole file when opening it and verify every checksum. Without it the file is
    /// verified after a crash only, and damage done to a file that was closed in order is found
    /// late or not at all.
    pub verify_on_open: bool,
    /// Writes that were accepted and are not in the file yet, in bytes; a single transaction may
    /// exceed it. One sync takes them together, so it bounds how long the first waits for the
    /// others.
    pub group_bytes_max: usize,
    /// Keys that a transaction may write without being waited for: to lay more than that over a
    /// snapshot costs more than to wait for the file.
    pub overlay_keys_max: usize,
    /// Keys of recent commits to remember for the sake of long transactions. Beyond it the
    /// oldest are forgotten, and a transaction that began before them can no longer commit.
    pub recent_keys_max: usize,
    /// Writes are refused while the file system has less room than this, in bytes, beside what
    /// they need. Keeps the disk from filling up in the middle of a commit.
    pub free_bytes_min: u64,
    /// Limits at the seam.
    pub limits: Limits,
}

/// Of so many bytes of memory for the file, one is for single values.
const VALUES_SHARE: usize = 4;

impl Settings {
    /// Settings for a server, given the memory it may use for what is in the file.
    pub fn new(memory_bytes: usize) -> Self {
        let values_bytes = memory_bytes / VALUES_SHARE;
        Self {
            cache_bytes: memory_bytes - values_bytes,
            values_bytes,
            verify_on_open: true,
            group_bytes_max: 16 << 20,
            overlay_keys_max: 1000,
            recent_keys_max: 4_000_000,
            free_bytes_min: 32 << 20,
            limits: Limits::default(),
        }
    }
}
