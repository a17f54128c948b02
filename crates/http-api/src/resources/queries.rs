//! `/_api/explain` and `/_api/query`: plans, parsing, and the queries that run now.

use std::sync::Arc;

use aql::{TrackedQuery, Tracking};
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use super::cursors::read_query;
use crate::error::{Error, Result};
use crate::message::Reply;
use crate::query;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::POST, "/_api/explain", Access::Read, explain),
    Route::new(Method::POST, "/_api/query", Access::Read, parse),
    Route::new(
        Method::GET,
        "/_api/query/properties",
        Access::Read,
        properties,
    ),
    Route::new(
        Method::PUT,
        "/_api/query/properties",
        Access::Write,
        set_properties,
    ),
    Route::new(Method::GET, "/_api/query/current", Access::Read, current),
    Route::new(Method::GET, "/_api/query/slow", Access::Read, slow),
    Route::new(Method::DELETE, "/_api/query/slow", Access::Read, clear_slow),
    Route::new(Method::GET, "/_api/query/rules", Access::Read, rules),
    Route::new(Method::DELETE, "/_api/query/{}", Access::Read, kill),
];

fn explain(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let explanation = query::explain(call, &read_query(&body)?)?;
    Ok(Reply::enveloped(StatusCode::OK, explanation.to_object()))
}

fn parse(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let query = read_query(&body)?;
    let object = aql::parse(call.api.queries.shared(), query.text)?;
    Ok(Reply::enveloped(StatusCode::OK, object))
}

/// Who may look at which queries: callers see their own in this database, administrators of the
/// server everybody's, and with `all` those of every database.
struct View<'c> {
    database: &'c str,
    user: Option<Arc<str>>,
    everybody: bool,
    all: bool,
}

impl<'c> View<'c> {
    fn of(call: &'c Call<'_>) -> Result<Self> {
        let everybody = call.is_server_administrator()?;
        let all = call.request.flag("all").unwrap_or(false);
        if all {
            call.only_in_system()?;
            if !everybody {
                return Err(Error::forbidden());
            }
        }
        Ok(Self {
            database: &call.request.database,
            user: call.identity.shared_user(),
            everybody,
            all,
        })
    }

    fn shows(&self, query: &TrackedQuery) -> bool {
        let here = *query.database == *self.database;
        (here || self.all) && (self.everybody || query.user == self.user)
    }

    fn list(&self, queries: Vec<TrackedQuery>) -> Reply {
        let shown = queries.iter().filter(|query| self.shows(query));
        let objects: Vec<Value> = shown.map(|query| query.to_object().into()).collect();
        Reply::json(StatusCode::OK, &objects.into())
    }
}

fn tracking<'c>(call: &'c Call<'_>) -> &'c Tracking {
    call.api.queries.shared().tracking()
}

fn current(call: &Call<'_>) -> Result<Reply> {
    Ok(View::of(call)?.list(tracking(call).current()))
}

fn slow(call: &Call<'_>) -> Result<Reply> {
    Ok(View::of(call)?.list(tracking(call).slow()))
}

fn clear_slow(call: &Call<'_>) -> Result<Reply> {
    let view = View::of(call)?;
    tracking(call).clear_slow(|query| view.shows(query));
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

fn kill(call: &Call<'_>) -> Result<Reply> {
    let view = View::of(call)?;
    let id = call.argument(0);
    let running = tracking(call).current();
    let query = running
        .iter()
        .find(|query| query.id.to_string() == id && view.shows(query));
    let query = query.ok_or_else(|| Error::plain(codes::QUERY_NOT_FOUND))?;
    tracking(call).kill(query.id)?;
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

fn properties(call: &Call<'_>) -> Result<Reply> {
    let object = tracking(call).properties().to_object();
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn set_properties(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let given = body
        .as_object()
        .ok_or_else(|| Error::bad_parameter("the body must be an object"))?;
    let mut properties = tracking(call).properties();
    properties.merge(&given.clone().into());
    let limits = &call.api.settings;
    for (name, value, max) in [
        (
            "maxSlowQueries",
            properties.slow_queries_max,
            limits.slow_queries_max,
        ),
        (
            "maxQueryStringLength",
            properties.text_bytes_max,
            limits.tracked_query_bytes_max,
        ),
    ] {
        if value > max {
            let text = format!("{name} is {value}, at most {max} are allowed");
            return Err(Error::new(codes::BAD_PARAMETER, text));
        }
    }
    tracking(call).set_properties(properties);
    self::properties(call)
}

fn rules(_: &Call<'_>) -> Result<Reply> {
    let rules = aql::plan::rules::ALL.iter().map(|rule| {
        let mut flags = Object::new();
        flags.insert("canBeDisabled", true);
        for flag in [
            "hidden",
            "clusterOnly",
            "canCreateAdditionalPlans",
            "disabledByDefault",
            "enterpriseOnly",
        ] {
            flags.insert(flag, false);
        }
        let mut object = Object::new();
        object.insert("name", rule.name);
        object.insert("description", rule.description);
        object.insert("flags", flags);
        Value::from(object)
    });
    let rules: Vec<Value> = rules.collect();
    Ok(Reply::json(StatusCode::OK, &rules.into()))
}
