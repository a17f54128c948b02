//! Keeping the estimates of indexes from start to start: saving them, and counting anew where a
//! crash lost too much.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use store::{Batch, Scan};

use crate::collection::Collection;
use crate::database::Database;
use crate::databases::Databases;
use crate::error::{ErrorKind, Result};
use crate::index::{Estimator, Index, Note, stored_touch};
use crate::layout;
use crate::transaction::{Transaction, TransactionOptions};

/// Which task it is of those that one process does for all.
const TASK: &str = "estimates";

impl Databases {
    /// Writes estimates that changed a lot to the store, and counts those anew that a crash made
    /// wrong; to be called now and then. Ends early when `stop` is set.
    ///
    ///
    /// Of several processes that share a store one counts and saves, the others take over what it
    /// saved.
    ///
    /// Errors: the engine's.
    pub fn maintain_estimates(&self, stop: &AtomicBool) -> Result<()> {
        if !self.shared().leads(TASK)? {
            return self.for_each_collection(load);
        }
        let unsaved_min = self.shared().settings.estimate_unsaved_entries;
        self.for_each_collection(|database, collection| {
            for index in collection.indexes().filter(|index| index.is_estimated()) {
                if stop.load(Ordering::Acquire) {
                    return Ok(());
                }
                recount_if_stale(database, collection, index, stop)?;
            }
            save(database, collection, unsaved_min)
        })
    }

    /// Writes all estimates that changed.
    pub(crate) fn save_all_estimates(&self) -> Result<()> {
        if !self.shared().leads(TASK)? {
            return Ok(());
        }
        self.for_each_collection(|database, collection| save(database, collection, 0))
    }

    pub(crate) fn for_each_collection(
        &self,
        mut body: impl FnMut(&Database, &Collection) -> Result<()>,
    ) -> Result<()> {
        for name in self.names() {
            let Some(database) = self.find(&name) else {
                continue;
            };
            for collection in database.collections() {
                match body(&database, &collection) {
                    // Changed or dropped meanwhile: the next call finds what there is then.
                    Err(error) if error.is_conflict() => {}
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
        Ok(())
    }
}

/// Takes over what the process saved that does so for all.
fn load(database: &Database, collection: &Collection) -> Result<()> {
    let indexes = collection.indexes().filter(|index| index.is_estimated());
    let indexes: Vec<_> = indexes.collect();
    if indexes.is_empty() {
        return Ok(());
    }
    let keys: Vec<Bytes> = indexes
        .iter()
        .map(|index| layout::estimate(index.id))
        .collect();
    let keys: Vec<&[u8]> = keys.iter().map(Bytes::as_ref).collect();
    let mut transaction = database.begin(TransactionOptions::read_only())?;
    for (index, stored) in indexes.iter().zip(transaction.stored_many(&keys)?) {
        if let Some(stored) = stored {
            index.estimator.load(&stored);
        }
    }
    Ok(())
}

fn save(database: &Database, collection: &Collection, unsaved_min: u64) -> Result<()> {
    let mut saved: Vec<(Arc<Estimator>, u64)> = Vec::new();
    let mut batch = Batch::new();
    // The guard of the collection's shape makes sure that no index is dropped meanwhile.
    batch.guard(layout::shape(collection.id));
    let mut transaction = database.begin(TransactionOptions::default())?;
    for index in transaction.resolve(collection)?.indexes() {
        if !index.is_estimated() {
            continue;
        }
        if let Some((stored, unsaved)) = index.estimator.to_save(unsaved_min) {
            batch.put(layout::estimate(index.id), stored);
            saved.push((Arc::clone(&index.estimator), unsaved));
        }
    }
    if saved.is_empty() {
        return Ok(());
    }
    let result = transaction
        .write_internal(batch)
        .and_then(|()| transaction.commit());
    if result.is_err() {
        for (estimator, unsaved) in saved {
            estimator.note_unsaved(unsaved);
        }
    }
    result
}

/// Counts the entries of an index if its estimates cannot be right. What others commit meanwhile
/// is missing in the result.
fn recount_if_stale(
    database: &Database,
    collection: &Collection,
    index: &Index,
    stop: &AtomicBool,
) -> Result<()> {
    let mut transaction = database.begin(TransactionOptions::read_only())?;
    let documents = transaction.stored_count(collection)?;
    let is_one_each = index.has_entry_per_document();
    if index.estimator.is_stale(documents, is_one_each) {
        transaction.recount(index, stop)?;
    }
    Ok(())
}

impl Transaction {
    fn recount(&mut self, index: &Index, stop: &AtomicBool) -> Result<()> {
        let counted = Estimator::new(index.measured().count());
        let mut next = Some(Scan::forward(layout::entries(index.keyspace)).with_keys_only());
        while let Some(scan) = next {
            if stop.load(Ordering::Acquire) {
                return Ok(());
            }
            let page = self.stored_page(&scan)?;
            let mut notes = Vec::with_capacity(page.entries.len());
            for (key, _) in &page.entries {
                notes.push(Note::Touch(stored_touch(index, key)?));
            }
            counted.apply(notes.into_iter());
            next = scan.after(&page);
        }
        index.estimator.replace(&counted);
        Ok(())
    }
}
