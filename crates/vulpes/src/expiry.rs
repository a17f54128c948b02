//! The background task that removes expired documents.

use database::{Databases, ExpiryLimits, ExpiryReport};
use platform::Platform;

use crate::settings::Expiry;
use crate::task::Task;

/// Starts the task; it ends when dropped.
pub(crate) fn start(
    databases: &Databases,
    platform: &Platform,
    settings: Expiry,
) -> anyhow::Result<Task> {
    let (databases, clock) = (databases.clone(), platform.clock.clone());
    let Expiry { period, limits } = settings;
    Task::start("ttl", period, move |stop| {
        let report = databases.remove_expired(clock.unix_ms(), limits, stop);
        log(&report, limits);
    })
}

/// One line for each outcome of a run, however many collections it concerns.
fn log(report: &ExpiryReport, limits: ExpiryLimits) {
    let ExpiryReport {
        removed,
        conflicts,
        unfinished,
        failures,
    } = report;
    if let Some((database, collection, error)) = failures.first() {
        let failed = failures.len();
        tracing::error!(
            failed, %database, collection, error = ?error,
            "expired documents of some collections could not be removed; this is the first"
        );
    }
    if *unfinished > 0 {
        tracing::info!(
            removed,
            unfinished,
            ?limits,
            "the next run goes on removing"
        );
    } else if *removed > 0 {
        tracing::debug!(removed, conflicts, "removed expired documents");
    }
}
