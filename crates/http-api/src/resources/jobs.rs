//! `/_api/job`: answers to requests that were accepted with `x-arango-async: store`.

use hyper::header::HeaderName;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::jobs::{Owner, Progress};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/job/pending", Access::Read, pending),
    Route::new(Method::GET, "/_api/job/done", Access::Read, done),
    Route::new(Method::GET, "/_api/job/{}", Access::Read, progress),
    Route::new(Method::PUT, "/_api/job/{}", Access::Read, fetch),
    Route::new(Method::PUT, "/_api/job/{}/cancel", Access::Read, cancel),
    Route::new(Method::DELETE, "/_api/job/all", Access::Read, delete_all),
    Route::new(
        Method::DELETE,
        "/_api/job/expired",
        Access::Read,
        delete_old,
    ),
    Route::new(Method::DELETE, "/_api/job/{}", Access::Read, delete),
];

/// Carries a job's number.
pub(crate) const ID: HeaderName = HeaderName::from_static("x-arango-async-id");

/// How many numbers are listed when the request names no count.
const LISTED: usize = 100;

fn owner(call: &Call<'_>) -> Owner {
    Owner {
        database: call.request.database.to_string(),
        user: call.identity.shared_user(),
    }
}

fn id(call: &Call<'_>) -> Result<u64> {
    let id = call.argument(0).parse();
    id.map_err(|_| Error::unknown_path(call.request.path()))
}

fn list(call: &Call<'_>, progress: Progress) -> Result<Reply> {
    let count = call.request.parameter("count");
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(LISTED);
    let ids = call.api.jobs.list(&owner(call), progress, count);
    let ids: Vec<Value> = ids.iter().map(|id| id.to_string().into()).collect();
    Ok(Reply::json(StatusCode::OK, &ids.into()))
}

fn pending(call: &Call<'_>) -> Result<Reply> {
    list(call, Progress::Pending)
}

fn done(call: &Call<'_>) -> Result<Reply> {
    list(call, Progress::Done)
}

fn progress(call: &Call<'_>) -> Result<Reply> {
    match call.api.jobs.progress(id(call)?, &owner(call))? {
        Progress::Pending => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Progress::Done => Ok(Reply::enveloped(StatusCode::OK, Object::new())),
    }
}

fn fetch(call: &Call<'_>) -> Result<Reply> {
    let id = id(call)?;
    match call.api.jobs.take(id, &owner(call))? {
        None => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        Some(reply) => Ok(reply.with(ID, &id.to_string())),
    }
}

fn result() -> Result<Reply> {
    let object = [("result", true)].into_iter().collect();
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn cancel(call: &Call<'_>) -> Result<Reply> {
    call.api.jobs.cancel(id(call)?, &owner(call))?;
    result()
}

fn delete(call: &Call<'_>) -> Result<Reply> {
    call.api.jobs.delete(id(call)?, &owner(call))?;
    result()
}

fn delete_all(call: &Call<'_>) -> Result<Reply> {
    call.api.jobs.delete_done(&owner(call), None);
    result()
}

fn delete_old(call: &Call<'_>) -> Result<Reply> {
    let stamp = call.request.parameter("stamp");
    let stamp = stamp.and_then(|stamp| stamp.parse().ok());
    let stamp = stamp.ok_or_else(|| Error::bad_parameter("stamp must be a number of seconds"))?;
    call.api.jobs.delete_done(&owner(call), Some(stamp));
    result()
}
