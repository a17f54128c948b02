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
    let life = Task::start("life", LIFE_PERIOD, move |_| {
        if let Err(error) = alive.show_life() {
            tracing::error!(?error, "the sign of life could not be written");
        }
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
