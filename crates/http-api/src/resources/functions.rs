//! `/_api/aqlfunction`: functions for queries that users define in JavaScript.

use error_codes::codes;
use hyper::{Method, StatusCode};
use value::Object;

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/aqlfunction", Access::Read, list),
    Route::new(Method::POST, "/_api/aqlfunction", Access::Write, register),
    Route::new(
        Method::DELETE,
        "/_api/aqlfunction/{}",
        Access::Write,
        unregister,
    ),
    // Clients of the older form name the namespace in the path.
    Route::new(
        Method::GET,
        "/_api/aqlfunction/{}",
        Access::Read,
        list_group,
    ),
];

fn listed(call: &Call<'_>, namespace: Option<&str>) -> Result<Reply> {
    let database = &call.request.database;
    let functions = call.api.foxx.query_functions(database, namespace)?;
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("result", functions)].into_iter().collect(),
    ))
}

fn list(call: &Call<'_>) -> Result<Reply> {
    let namespace = call.request.parameter("namespace");
    let namespace = namespace.or_else(|| call.request.parameter("prefix"));
    listed(call, namespace.as_deref().filter(|name| !name.is_empty()))
}

fn list_group(call: &Call<'_>) -> Result<Reply> {
    listed(call, Some(call.argument(0)))
}

fn register(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let Some(name) = body.get("name").as_str() else {
        return Err(Error::plain(codes::QUERY_FUNCTION_INVALID_NAME));
    };
    let Some(code) = body.get("code").as_str() else {
        return Err(Error::plain(codes::QUERY_FUNCTION_INVALID_CODE));
    };
    let is_deterministic = body.get("isDeterministic").to_bool();
    let database = &call.request.database;
    let foxx = &call.api.foxx;
    let replaced = foxx.register_function(database, name, code, is_deterministic)?;
    let status = if replaced {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let object = [("isNewlyCreated", !replaced)].into_iter().collect();
    Ok(Reply::enveloped(status, object))
}

fn unregister(call: &Call<'_>) -> Result<Reply> {
    let (database, name) = (&call.request.database, call.argument(0));
    let foxx = &call.api.foxx;
    let deleted = if call.request.flag("group").unwrap_or(false) {
        foxx.unregister_function_group(database, name)?
    } else {
        foxx.unregister_function(database, name)?;
        1
    };
    let mut object = Object::new();
    object.insert("deletedCount", deleted);
    Ok(Reply::enveloped(StatusCode::OK, object))
}
