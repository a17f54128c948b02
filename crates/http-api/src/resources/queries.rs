//! `/_api/explain` and `/_api/query`: plans, parsing, and the queries that run now.

use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use super::cursors::read_query;
use crate::error::{Error, Result};
use crate::message::Reply;
use crate::query::{self, Running};
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::POST, "/_api/explain", Access::Read, explain),
    Route::new(Method::POST, "/_api/query", Access::Read, parse),
    Route::new(Method::GET, "/_api/query/current", Access::Read, current),
    Route::new(Method::DELETE, "/_api/query/{}", Access::Read, kill),
];

fn explain(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let explanation = query::explain(call, &read_query(&body)?)?;
    let plan = explanation.to_plan_object();
    let warnings = explanation.warnings().iter();
    let warnings: Vec<Value> = warnings
        .map(|(code, message)| query::warning(*code, message))
        .collect();
    let mut stats = Object::new();
    stats.insert("rulesExecuted", explanation.rules().len());
    stats.insert("plansCreated", 1);
    let mut object = Object::new();
    if body
        .get("options")
        .get("allPlans")
        .as_bool()
        .unwrap_or(false)
    {
        object.insert("plans", vec![Value::from(plan)]);
    } else {
        object.insert("plan", plan);
        object.insert("cacheable", explanation.is_cacheable());
    }
    object.insert("warnings", warnings);
    object.insert("stats", stats);
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn parse(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let query = read_query(&body)?;
    let parsed = aql::syntax::parse(query.text);
    if let Some(first) = parsed.diagnostics.first() {
        return Err(aql::Error::from(first).into());
    }
    let binds = parsed
        .bind_parameters
        .iter()
        .map(|name| Value::from(&**name));
    let mut object = Object::new();
    object.insert("parsed", true);
    object.insert("bindVars", binds.collect::<Vec<_>>());
    object.insert("warnings", Vec::new());
    Ok(Reply::enveloped(StatusCode::OK, object))
}

/// Callers see their own queries in this database; administrators of the server see everybody's.
fn visible(call: &Call<'_>) -> Result<Vec<Running>> {
    let everybody = call.identity.is_almighty()
        || call.database_level("_system")? == database::Level::ReadWrite;
    let all = everybody && call.request.flag("all").unwrap_or(false);
    let mut running = call.api.queries.running();
    running.retain(|query| {
        let here = query.database == call.request.database;
        let own = query.user == call.identity.shared_user();
        (here || all) && (own || everybody)
    });
    Ok(running)
}

fn current(call: &Call<'_>) -> Result<Reply> {
    let now_ms = call.api.platform.clock.unix_ms();
    let queries = visible(call)?;
    let list: Vec<Value> = queries
        .iter()
        .map(|query| to_object(query, now_ms).into())
        .collect();
    Ok(Reply::json(StatusCode::OK, &list.into()))
}

fn to_object(query: &Running, now_ms: u64) -> Object {
    let run_ms = now_ms.saturating_sub(query.started_unix_ms);
    let mut object = Object::new();
    object.insert("id", query.id.to_string());
    object.insert("database", query.database.as_str());
    object.insert(
        "user",
        query.user.as_deref().map_or(Value::Null, Value::from),
    );
    object.insert("query", query.text.as_str());
    object.insert("bindVars", query.bind.clone());
    object.insert(
        "runTime",
        Value::from_f64(run_ms as f64 / 1000.0).unwrap_or_default(),
    );
    object.insert(
        "state",
        if query.cancel.is_killed() {
            "killed"
        } else {
            "executing"
        },
    );
    object
}

fn kill(call: &Call<'_>) -> Result<Reply> {
    let id = call.argument(0);
    let queries = visible(call)?;
    let query = queries.iter().find(|query| query.id.to_string() == id);
    query
        .ok_or_else(|| Error::plain(codes::QUERY_NOT_FOUND))?
        .cancel
        .kill();
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}
