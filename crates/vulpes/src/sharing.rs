//! The background tasks of a process that shares its store with others.

use std::time::Duration;

use database::Databases;

use crate::task::Task;

/// How often the process shows that it is alive; several times within the setting `seat_lease`.
const LIFE_PERIOD: Duration = Duration::from_secs(1);
/// How often it looks for index builds that others left unfinished.
const BUILDS_PERIOD: Duration = Duration::from_secs(5);

/// Starts the tasks, if others share the store; they end when dropped.
pub(crate) fn start(databases: &Databases) -> anyhow::Result<Vec<Task>> {
    if !databases.engine().is_shared() {
        return Ok(Vec::new());
    }
    let alive = databases.clone();
    let mut failing = false;
    let life = Task::start("life", LIFE_PERIOD, move |_| {
        let shown = alive.show_life();
        match (&shown, failing) {
            (Err(error), false) => {
                tracing::error!(
                    ?error,
                    "the sign of life cannot be written; others will take what this process holds"
                );
            }
            (Ok(()), true) => tracing::info!("the sign of life is written again"),
            _ => {}
        }
        failing = shown.is_err();
    })?;
    let databases = databases.clone();
    let builds = Task::start("builds", BUILDS_PERIOD, move |stop| {
        if let Err(error) = databases.adopt_index_builds(stop) {
            tracing::error!(
                ?error,
                "an index that was left unfinished could not be built"
            );
        }
    })?;
    Ok(vec![life, builds])
}
