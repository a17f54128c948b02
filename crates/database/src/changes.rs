//! When a collection was last written to, for those who keep what they have read from it.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// What is known of the commits to one collection. All versions of a collection share it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Commits that have been asked for and whose place is not known yet.
    committing: AtomicUsize,
    /// The sequence of the last commit that wrote to the collection; 0 for none in this run.
    last: AtomicU64,
}

impl Changes {
    /// To be called before a commit that writes to the collection.
    pub fn begin(&self) {
        self.committing.fetch_add(1, SeqCst);
    }

    /// To be called after it, with its sequence, or one that is not before it; `None` if nothing
    /// was written.
    pub fn end(&self, sequence: Option<u64>) {
        self.last.fetch_max(sequence.unwrap_or(0), SeqCst);
        self.committing.fetch_sub(1, SeqCst);
    }

    /// Whether no commit that is in a snapshot taken before this call came after `sequence`.
    ///
    /// A commit has its sequence after [`Self::begin`]. So one that this does not see yet is in
    /// no snapshot that was taken before, and `last` is read after every other one has ended.
    pub fn is_none_after(&self, sequence: u64) -> bool {
        self.committing.load(SeqCst) == 0 && self.last.load(SeqCst) <= sequence
    }
}
