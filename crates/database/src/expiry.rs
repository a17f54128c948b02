//! Removing expired documents.
//!
//! Everything is read from the store: which documents have expired is a range of a ttl index, so
//! a run that is cut short anywhere, also by a crash, is finished by the next one. Documents are
//! removed in batches, each an ordinary transaction: one that somebody else changes meanwhile
//! makes the batch conflict, and the batch is taken anew from what is stored then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use error_codes::codes;
use parking_lot::Mutex;

use crate::collection::Collection;
use crate::database::Database;
use crate::databases::Databases;
use crate::error::{Error, ErrorKind, Result};
use crate::index::IndexKind;
use crate::transaction::{IndexScan, Selector, Transaction, TransactionOptions, WriteOptions};

/// How often expired documents are looked for, and with what limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryProperties {
    /// Whether they are removed at all.
    pub active: bool,
    /// Time between the end of one run and the next one.
    pub period: Duration,
    /// What one run may remove.
    pub limits: ExpiryLimits,
}

impl Default for ExpiryProperties {
    /// Source: public documentation, startup options `--ttl.*`.
    fn default() -> Self {
        Self {
            active: true,
            period: Duration::from_secs(30),
            limits: ExpiryLimits {
                total_removes_max: 1_000_000,
                collection_removes_max: 100_000,
            },
        }
    }
}

/// What runs have done since the server began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpiryStatistics {
    /// Runs that ended.
    pub runs: u64,
    /// Runs that left expired documents because of a limit, or of others who wrote there.
    pub unfinished_runs: u64,
    /// Documents removed.
    pub removed: u64,
}

/// How expired documents are removed: for the task that does it and for clients that ask or
/// change it.
#[derive(Default)]
pub struct Expiry {
    properties: Mutex<ExpiryProperties>,
    statistics: Mutex<ExpiryStatistics>,
}

impl Expiry {
    /// What holds for the next run.
    pub fn properties(&self) -> ExpiryProperties {
        *self.properties.lock()
    }

    /// Changes what holds from the next run on; returns it.
    pub fn change(&self, change: impl FnOnce(&mut ExpiryProperties)) -> ExpiryProperties {
        let mut properties = self.properties.lock();
        change(&mut properties);
        *properties
    }

    /// What was done so far.
    pub fn statistics(&self) -> ExpiryStatistics {
        *self.statistics.lock()
    }

    fn count(&self, report: &ExpiryReport) {
        let mut statistics = self.statistics.lock();
        statistics.runs += 1;
        statistics.unfinished_runs += u64::from(report.unfinished > 0);
        statistics.removed += report.removed;
    }
}

/// How much one run of [`Databases::remove_expired`] may remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiryLimits {
    /// Documents in all collections together.
    pub total_removes_max: u64,
    /// Documents of one collection.
    pub collection_removes_max: u64,
}

/// What one run of [`Databases::remove_expired`] did.
#[derive(Debug, Default)]
pub struct ExpiryReport {
    /// Documents removed.
    pub removed: u64,
    /// Batches that somebody else's write made begin again.
    pub conflicts: u64,
    /// Collections left with expired documents, because of a limit, of `stop`, or of a document
    /// that others wrote to again and again.
    pub unfinished: u64,
    /// Collections left with expired documents because of an error: database, collection, error.
    pub failures: Vec<(Arc<str>, String, Error)>,
}

/// Which task it is of those that one process does for all.
const TASK: &str = "expiry";

/// A run in progress.
struct Run<'a> {
    now_ms: u64,
    limits: ExpiryLimits,
    stop: &'a AtomicBool,
    report: ExpiryReport,
}

impl Databases {
    /// One run as [`Self::expiry`] says, counted there. Does nothing while removing is switched
    /// off or the server is read-only.
    pub fn run_expiry(&self, now_ms: u64, stop: &AtomicBool) -> ExpiryReport {
        let ExpiryProperties { active, limits, .. } = self.expiry().properties();
        if !active || self.is_read_only() {
            return ExpiryReport::default();
        }
        let report = self.remove_expired(now_ms, limits, stop);
        self.expiry().count(&report);
        report
    }

    /// Removes documents that have expired at `now_ms`, milliseconds since 1970, by the ttl
    /// indexes of all databases, until none are left, a limit is reached or `stop` is set.
    /// Asks no permission. Of several processes that share a store one does it. What one
    /// collection fails with does not keep others from being done.
    pub fn remove_expired(
        &self,
        now_ms: u64,
        limits: ExpiryLimits,
        stop: &AtomicBool,
    ) -> ExpiryReport {
        let mut run = Run {
            now_ms,
            limits,
            stop,
            report: ExpiryReport::default(),
        };
        // All could do it at once, and would be in each other's way. Who cannot ask goes on: the
        // store says what is wrong with it below.
        if !self.shared().leads(TASK).unwrap_or(true) {
            return run.report;
        }
        for name in self.names() {
            let Some(database) = self.find(&name) else {
                continue;
            };
            for collection in database.collections() {
                if !collection
                    .indexes()
                    .any(|index| index.kind() == IndexKind::Ttl)
                {
                    continue;
                }
                match run.remove_of(&database, &collection) {
                    Ok(true) => {}
                    Ok(false) => run.report.unfinished += 1,
                    // Somebody goes on writing there: the next run is soon enough.
                    Err(error) if error.is_conflict() || is_locked(&error) => {
                        run.report.unfinished += 1;
                    }
                    // Dropped meanwhile.
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => {
                        let collection = collection.name().to_owned();
                        let failure = (Arc::clone(&name), collection, error);
                        run.report.failures.push(failure);
                    }
                }
            }
        }
        run.report
    }
}

fn is_locked(error: &Error) -> bool {
    error.code() == codes::LOCK_TIMEOUT
}

impl Run<'_> {
    /// Whether no expired documents are left. Errors: the engine's; 1200 when even single
    /// documents conflict again and again; 1203, 1228 when dropped.
    fn remove_of(&mut self, database: &Database, collection: &Collection) -> Result<bool> {
        let settings = &database.shared().settings;
        let batch_max = settings.expiry_batch_documents.max(1);
        let (mut batch, mut retries) = (batch_max, 0);
        let mut of_collection = 0;
        loop {
            let total = self.limits.total_removes_max - self.report.removed;
            let left = total.min(self.limits.collection_removes_max - of_collection);
            let limit = usize::try_from(left).unwrap_or(usize::MAX).min(batch);
            if limit == 0 || self.stop.load(Ordering::Acquire) {
                return self.is_clean(database, collection);
            }
            // Nobody waits for this; the next run finds what is locked now.
            let mut transaction = database.begin(TransactionOptions {
                lock_timeout: Some(Duration::ZERO),
                ..TransactionOptions::default()
            })?;
            let removed = transaction.remove_expired_page(collection, self.now_ms, limit);
            match removed.and_then(|removed| transaction.commit().map(|()| removed)) {
                Ok(0) => return Ok(true),
                Ok(removed) => {
                    of_collection += removed;
                    self.report.removed += removed;
                    retries = 0;
                    batch = (batch * 2).min(batch_max);
                }
                // As when an index is built: what others write to shrinks the batch.
                Err(error) if error.is_conflict() && retries < settings.conflict_retries_max => {
                    self.report.conflicts += 1;
                    retries += usize::from(limit == 1);
                    batch = (limit / 2).max(1);
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn is_clean(&self, database: &Database, collection: &Collection) -> Result<bool> {
        let mut transaction = database.begin(TransactionOptions::read_only())?;
        let expired = transaction.find_expired(collection, self.now_ms, 1)?;
        Ok(expired.is_empty())
    }
}

impl Transaction {
    /// Removes some expired documents; how many.
    fn remove_expired_page(
        &mut self,
        collection: &Collection,
        now_ms: u64,
        limit: usize,
    ) -> Result<u64> {
        let expired = self.find_expired(collection, now_ms, limit)?;
        let count = expired.len() as u64;
        if count > 0 {
            let results = self.remove(collection, expired, &WriteOptions::default())?;
            results
                .into_iter()
                .try_for_each(|result| result.map(drop))?;
        }
        Ok(count)
    }

    /// Some expired documents; none when the collection has no ttl index in the snapshot.
    fn find_expired(
        &mut self,
        collection: &Collection,
        now_ms: u64,
        limit: usize,
    ) -> Result<Vec<Selector>> {
        let collection = self.resolve(collection)?;
        let Some(index) = collection
            .indexes()
            .find(|index| index.kind() == IndexKind::Ttl)
        else {
            return Ok(Vec::new());
        };
        let ranges = index.expired_range(now_ms).into_iter().collect();
        let page = self.index_scan(&collection, index, &IndexScan::forward(ranges), None, limit)?;
        let selector = |entry: crate::IndexEntry| Selector {
            key: entry.key,
            rev: None,
        };
        Ok(page.entries.into_iter().map(selector).collect())
    }
}
