//! Removing what was dropped or truncated.
//!
//! A transaction that drops or empties something only marks its keys as discarded: one small
//! write, however many they are, that meets no writer. From then on nobody reads or writes them.
//! They are removed later, batch by batch, each an ordinary transaction, so that writers never
//! wait for more than a batch. What is left to do is read from the store, so a run that is cut
//! short anywhere, also by a crash, is finished by the next one.

use std::sync::atomic::{AtomicBool, Ordering};

use store::{Batch, BeginOptions, Scan, Txn};

use crate::databases::Databases;
use crate::error::{Error, Result};
use crate::layout::{self, Discarded};

/// Everything that is marked.
pub(crate) fn load_all(txn: &mut dyn Txn) -> Result<Vec<Discarded>> {
    let mut all = Vec::new();
    let mut next = Some(Scan::forward(layout::discarded()).with_keys_only());
    while let Some(scan) = next {
        let page = txn.scan(&scan)?;
        next = scan.after(&page);
        for (mark, _) in &page.entries {
            let damaged = || Error::corrupt("mark of discarded keys");
            all.push(Discarded::parse(mark).ok_or_else(damaged)?);
        }
    }
    Ok(all)
}

/// Which task it is of those that one process does for all.
const TASK: &str = "discarded";

impl Databases {
    /// Removes the documents and index entries that dropping and truncating left behind, until
    /// none are left or `stop` is set; how many. Costs one scan of nothing if there are none. To
    /// be called now and then. Of several processes that share a store one does it.
    ///
    /// Errors: the engine's; the next call goes on where this one failed.
    pub fn remove_discarded(&self, stop: &AtomicBool) -> Result<u64> {
        if !self.shared().leads(TASK)? {
            return Ok(0);
        }
        let mut reader = self.engine().begin(BeginOptions::read_only())?;
        let all = load_all(reader.as_mut())?;
        drop(reader);
        let mut removed = 0;
        for discarded in all {
            while !stop.load(Ordering::Acquire) {
                match self.remove_batch(discarded) {
                    Ok(0) => break,
                    Ok(keys) => removed += keys,
                    // Another coordinator removes the same.
                    Err(error) if error.is_conflict() => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(removed)
    }

    /// Removes some keys, or the mark when there are none left; how many keys.
    fn remove_batch(&self, discarded: Discarded) -> Result<u64> {
        let keys_max = self.shared().settings.discard_batch_keys;
        let keys_max = keys_max.clamp(1, self.engine().limits().page_entries_max);
        let mut txn = self.engine().begin(BeginOptions::read_write())?;
        let scan = Scan::forward(discarded.range())
            .with_entries_max(keys_max)
            .with_keys_only();
        let page = txn.scan(&scan)?;
        let mut batch = Batch::new();
        for (key, _) in &page.entries {
            batch.delete(key.clone());
        }
        if page.entries.is_empty() {
            batch.delete(discarded.mark());
            if let Discarded::Documents(keyspace) = discarded {
                batch.delete(layout::count(keyspace));
                batch.delete(layout::revision(keyspace));
            }
        }
        txn.write(batch)?;
        txn.commit()?;
        Ok(page.entries.len() as u64)
    }
}
