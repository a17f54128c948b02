//! The background tasks that remove expired documents and what was dropped, and keep the estimates
//! of indexes.

use std::time::Duration;

use database::{Databases, ExpiryLimits, ExpiryProperties, ExpiryReport};
use platform::Platform;

use crate::task::Task;

/// What a crash can lose of the estimates; they decide what a query costs, not its result.
const ESTIMATES_PERIOD: Duration = Duration::from_secs(60);

/// How long what was dropped takes room for nothing. Looking for it costs a scan of nothing.
const DISCARDED_PERIOD: Duration = Duration::from_secs(1);

/// Starts the task; it ends when dropped.
pub(crate) fn start(
    databases: &Databases,
    platform: &Platform,
    properties: ExpiryProperties,
) -> anyhow::Result<Task> {
    let (databases, clock) = (databases.clone(), platform.clock.clone());
    databases.expiry().change(|settings| *settings = properties);
    let own = databases.clone();
    let period = move || own.expiry().properties().period;
    Task::start_with("ttl", period, move |stop| {
        let report = databases.run_expiry(clock.unix_ms(), stop);
        log(&report, databases.expiry().properties().limits);
    })
}

/// Starts the task that saves the estimates of indexes, and counts those anew that a crash made
/// wrong; it ends when dropped.
pub(crate) fn start_estimates(databases: &Databases) -> anyhow::Result<Task> {
    let databases = databases.clone();
    Task::start("estimates", ESTIMATES_PERIOD, move |stop| {
        if let Err(error) = databases.maintain_estimates(stop) {
            tracing::error!(?error, "estimates of indexes could not be saved");
        }
    })
}

/// Starts the task that removes what was dropped and truncated; it ends when dropped.
pub(crate) fn start_discarded(databases: &Databases) -> anyhow::Result<Task> {
    let databases = databases.clone();
    Task::start("discarded", DISCARDED_PERIOD, move |stop| {
        match databases.remove_discarded(stop) {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "removed keys of what was dropped"),
            Err(error) => tracing::error!(?error, "what was dropped could not be removed"),
        }
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
