//! `/_api/query-cache` and `/_api/query-plan-cache`: results and plans that are kept.

use database::Level;
use error_codes::codes;
use hyper::{Method, StatusCode};
use std::sync::Arc;
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(
        Method::GET,
        "/_api/query-cache/entries",
        Access::Read,
        results,
    ),
    Route::new(
        Method::DELETE,
        "/_api/query-cache",
        Access::Read,
        clear_results,
    ),
    Route::new(
        Method::GET,
        "/_api/query-cache/properties",
        Access::Read,
        properties,
    ),
    Route::new(
        Method::PUT,
        "/_api/query-cache/properties",
        Access::Write,
        set_properties,
    ),
    Route::new(Method::GET, "/_api/query-plan-cache", Access::Read, plans),
    Route::new(
        Method::DELETE,
        "/_api/query-plan-cache",
        Access::Write,
        clear_plans,
    ),
];

/// Kept results; those of collections that the caller may not read are left out.
fn results(call: &Call<'_>) -> Result<Reply> {
    let queries = call.api.queries.shared();
    let with_binds = queries.tracking().properties().track_binds;
    let mut list = Vec::new();
    for entry in queries.results().entries(&call.database()?) {
        if may_read(call, &entry.data_sources)? {
            list.push(Value::from(entry.to_object(with_binds)));
        }
    }
    Ok(Reply::json(StatusCode::OK, &list.into()))
}

fn clear_results(call: &Call<'_>) -> Result<Reply> {
    call.api.queries.shared().results().clear(&call.database()?);
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

fn properties(call: &Call<'_>) -> Result<Reply> {
    let properties = call.api.queries.shared().results().properties();
    Ok(Reply::json(StatusCode::OK, &properties.to_object().into()))
}

fn set_properties(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let given = body
        .as_object()
        .ok_or_else(|| Error::bad_parameter("the body must be an object"))?;
    let results = call.api.queries.shared().results();
    let mut properties = results.properties();
    properties.merge(given)?;
    let limits = &call.api.settings;
    for (name, value, setting, max) in [
        (
            "maxResults",
            properties.results_max,
            "kept_results_max",
            limits.kept_results_max,
        ),
        (
            "maxResultsSize",
            properties.results_bytes_max,
            "kept_results_bytes_max",
            limits.kept_results_bytes_max,
        ),
    ] {
        if value > max {
            let text = format!("{name} is {value}, at most {max} are allowed (setting {setting})");
            return Err(Error::new(codes::BAD_PARAMETER, text));
        }
    }
    results.set_properties(properties);
    self::properties(call)
}

fn may_read(call: &Call<'_>, names: &[Arc<str>]) -> Result<bool> {
    for name in names {
        if call.collection_level(name)? < Level::ReadOnly {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Plans that queries asked to be kept; those of collections that the caller may not read are
/// left out.
fn plans(call: &Call<'_>) -> Result<Reply> {
    let mut list = Vec::new();
    for entry in call.api.queries.shared().plans().entries(&call.database()?) {
        if may_read(call, &entry.data_sources)? {
            list.push(Value::from(entry.to_object()));
        }
    }
    Ok(Reply::json(StatusCode::OK, &list.into()))
}

fn clear_plans(call: &Call<'_>) -> Result<Reply> {
    call.api.queries.shared().plans().clear(&call.database()?);
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}
