//! `/_api/ttl`: how expired documents are removed, and how many were.
//!
//! The public documentation has the startup options `--ttl.*` only; names here are theirs.

use std::time::Duration;

use database::{ExpiryProperties, ExpiryStatistics};
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(
        Method::GET,
        "/_api/ttl/properties",
        Access::Server,
        properties,
    ),
    Route::new(Method::PUT, "/_api/ttl/properties", Access::Server, change),
    Route::new(
        Method::GET,
        "/_api/ttl/statistics",
        Access::Server,
        statistics,
    ),
];

fn answer(result: Object) -> Reply {
    Reply::enveloped(StatusCode::OK, [("result", result)].into_iter().collect())
}

fn shown(properties: ExpiryProperties) -> Reply {
    let ExpiryProperties {
        active,
        period,
        limits,
    } = properties;
    let period_ms = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    let mut object = Object::new();
    object.insert("active", active);
    object.insert("frequency", period_ms);
    object.insert("maxTotalRemoves", limits.total_removes_max);
    object.insert("maxCollectionRemoves", limits.collection_removes_max);
    // All collections are always loaded.
    object.insert("onlyLoadedCollections", false);
    answer(object)
}

fn properties(call: &Call<'_>) -> Result<Reply> {
    Ok(shown(call.api.databases.expiry().properties()))
}

fn number(body: &Value, name: &str, least: u64) -> Result<Option<u64>> {
    let given = body.get(name);
    if given.is_null() {
        return Ok(None);
    }
    let number = given.as_i64().and_then(|number| u64::try_from(number).ok());
    let wrong = || Error::bad_parameter(format!("{name} must be a whole number from {least} on"));
    number
        .filter(|number| *number >= least)
        .map(Some)
        .ok_or_else(wrong)
}

/// Holds until the server stops.
fn change(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    if body.as_object().is_none() {
        return Err(Error::bad_parameter("expecting an object"));
    }
    let active = match body.get("active") {
        Value::Null => None,
        Value::Bool(active) => Some(*active),
        _ => return Err(Error::bad_parameter("active must be a boolean")),
    };
    let period_ms = number(&body, "frequency", 1)?;
    let total = number(&body, "maxTotalRemoves", 0)?;
    let of_collection = number(&body, "maxCollectionRemoves", 0)?;
    let changed = call.api.databases.expiry().change(|properties| {
        let limits = &mut properties.limits;
        limits.total_removes_max = total.unwrap_or(limits.total_removes_max);
        limits.collection_removes_max = of_collection.unwrap_or(limits.collection_removes_max);
        properties.active = active.unwrap_or(properties.active);
        properties.period = period_ms.map_or(properties.period, Duration::from_millis);
    });
    Ok(shown(changed))
}

fn statistics(call: &Call<'_>) -> Result<Reply> {
    let ExpiryStatistics {
        runs,
        unfinished_runs,
        removed,
    } = call.api.databases.expiry().statistics();
    let mut object = Object::new();
    object.insert("runs", runs);
    object.insert("limitReached", unfinished_runs);
    object.insert("documentsRemoved", removed);
    Ok(answer(object))
}
