//! Which queries run and which were slow, for those who may look; the plans and results
//! that are kept.

use std::sync::Arc;

use aql::TrackedQuery;
use database::{Database, Level};
use value::Value;

use super::{Call, Context, OpResult, Registrar};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("queriesCurrent", |call| {
        show(call, call.context.tracking().current())
    });
    ops.op("queriesSlow", |call| {
        show(call, call.context.tracking().slow())
    });
    ops.op("queriesClearSlow", clear_slow);
    ops.op("queriesKill", kill);
    ops.op("queriesProperties", properties);
    ops.op("planCacheClear", clear_plans);
    ops.op("planCacheList", list_plans);
    ops.op("resultCacheClear", clear_results);
    ops.op("resultCacheList", list_results);
    ops.op("resultCacheProperties", result_properties);
}

impl Context {
    fn tracking(&self) -> &aql::Tracking {
        self.shared.queries.shared().tracking()
    }

    /// Whether code may see a query: one of the current database, or with `all` any; of others
    /// than its own user only with the right to administer the database.
    fn sees(&self, query: &TrackedQuery, all: bool) -> bool {
        let here = all || self.database().is_ok_and(|db| *db.name() == query.database);
        let Some(user) = self.limited_user() else {
            return here;
        };
        let administers = || {
            self.allow_database(&query.database, Level::ReadWrite)
                .is_ok()
        };
        here && (query.user.as_ref() == Some(&user) || administers())
    }
}

fn show(call: &Call<'_>, queries: Vec<TrackedQuery>) -> OpResult {
    let all = call.flag(0);
    let seen = queries
        .iter()
        .filter(|query| call.context.sees(query, all))
        .map(|query| Value::from(query.to_object()));
    call.value(&seen.collect::<Vec<_>>().into())
}

fn clear_slow(call: &Call<'_>) -> OpResult {
    let (context, all) = (call.context, call.flag(0));
    context
        .tracking()
        .clear_slow(|query| context.sees(query, all));
    call.nothing()
}

fn kill(call: &Call<'_>) -> OpResult {
    let (context, all) = (call.context, call.flag(1));
    let id = call.text(0)?.parse().unwrap_or(0);
    let current = context.tracking().current();
    let hidden = current
        .iter()
        .any(|query| query.id == id && !context.sees(query, all));
    // What may not be seen is not there.
    context.tracking().kill(if hidden { 0 } else { id })?;
    call.nothing()
}

/// The plans of the current database that name only collections which may be read.
fn list_plans(call: &Call<'_>) -> OpResult {
    let database = call.context.database()?;
    let entries = call
        .context
        .shared
        .queries
        .shared()
        .plans()
        .entries(&database);
    let seen = entries
        .iter()
        .filter(|entry| may_read(call.context, &database, &entry.data_sources));
    let shown = seen.map(|entry| Value::from(entry.to_object()));
    call.value(&shown.collect::<Vec<_>>().into())
}

fn may_read(context: &Context, database: &Database, names: &[Arc<str>]) -> bool {
    names.iter().all(|name| {
        let allowed = context.allow(database.name(), name, Level::ReadOnly);
        allowed.is_ok()
    })
}

/// The results of the current database that were read from collections which may be read.
fn list_results(call: &Call<'_>) -> OpResult {
    let database = call.context.database()?;
    let queries = call.context.shared.queries.shared();
    let with_binds = queries.tracking().properties().track_binds;
    let entries = queries.results().entries(&database);
    let seen = entries
        .iter()
        .filter(|entry| may_read(call.context, &database, &entry.data_sources));
    let shown = seen.map(|entry| Value::from(entry.to_object(with_binds)));
    call.value(&shown.collect::<Vec<_>>().into())
}

fn clear_results(call: &Call<'_>) -> OpResult {
    let database = call.context.database()?;
    let queries = call.context.shared.queries.shared();
    queries.results().clear(&database);
    call.nothing()
}

/// (changes or nothing)
fn result_properties(call: &Call<'_>) -> OpResult {
    let results = call.context.shared.queries.shared().results();
    let mut properties = results.properties();
    if let Some(changes) = call.json(0)?.as_object() {
        call.context.allow_database("_system", Level::ReadWrite)?;
        properties.merge(changes)?;
        results.set_properties(properties.clone());
    }
    call.value(&properties.to_object().into())
}

fn clear_plans(call: &Call<'_>) -> OpResult {
    let database = call.context.database()?;
    call.context
        .allow_database(database.name(), Level::ReadWrite)?;
    call.context
        .shared
        .queries
        .shared()
        .plans()
        .clear(&database);
    call.nothing()
}

/// (changes or nothing)
fn properties(call: &Call<'_>) -> OpResult {
    let (tracking, changes) = (call.context.tracking(), call.json(0)?);
    let mut properties = tracking.properties();
    if !changes.is_null() {
        call.context.allow_database("_system", Level::ReadWrite)?;
        properties.merge(&changes);
        tracking.set_properties(properties.clone());
    }
    call.value(&properties.to_object().into())
}
