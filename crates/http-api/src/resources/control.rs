//! What operators tell the server: its mode, to stop, to reload what it trusts.
//! Source: public documentation, "HTTP API / Administration", "Security" and "Authentication".

use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::{Api, Call};

pub(super) const ROUTES: &[Route] = &[
    Route::new(
        Method::GET,
        "/_admin/server/availability",
        Access::Open,
        availability,
    ),
    Route::new(Method::GET, "/_admin/server/mode", Access::Login, mode),
    Route::new(Method::PUT, "/_admin/server/mode", Access::Server, set_mode),
    Route::new(
        Method::DELETE,
        "/_admin/shutdown",
        Access::Server,
        shut_down,
    ),
    Route::new(Method::GET, "/_admin/shutdown", Access::Server, progress),
    Route::new(Method::PUT, "/_admin/compact", Access::Superuser, compact),
    Route::new(
        Method::GET,
        "/_admin/server/jwt",
        Access::Superuser,
        secrets,
    ),
    Route::new(
        Method::POST,
        "/_admin/server/jwt",
        Access::Superuser,
        reload_secret,
    ),
    Route::new(Method::GET, "/_admin/server/tls", Access::Login, tls),
    Route::new(Method::POST, "/_admin/server/tls", Access::Superuser, tls),
    Route::new(Method::GET, "/_admin/license", Access::Login, license),
    Route::new(Method::PUT, "/_admin/license", Access::Server, set_license),
    Route::new(Method::PUT, "/_admin/wal/flush", Access::Server, flush),
    Route::new(
        Method::GET,
        "/_admin/wal/transactions",
        Access::Server,
        transactions,
    ),
];

/// `default` or `readonly`.
pub(super) fn mode_name(api: &Api) -> &'static str {
    match api.databases.is_read_only() {
        true => "readonly",
        false => "default",
    }
}

fn availability(call: &Call<'_>) -> Result<Reply> {
    let api = call.api;
    if api.stop.is_asked() {
        return Err(Error::plain(codes::SHUTTING_DOWN));
    }
    let settings = &api.settings;
    let busy = settings.requests_max - api.admission.available_permits();
    let filled = busy as f64 / settings.requests_max as f64;
    if filled > settings.queue_fill_grade {
        let text = format!(
            "{busy} of {} requests are at work (server.unavailability-queue-fill-grade)",
            settings.requests_max
        );
        return Err(Error::new(codes::HTTP_SERVICE_UNAVAILABLE, text));
    }
    mode(call)
}

fn mode(call: &Call<'_>) -> Result<Reply> {
    let object = [("mode", mode_name(call.api))].into_iter().collect();
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn set_mode(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let read_only = match body.get("mode").as_str() {
        Some("readonly") => true,
        Some("default") => false,
        _ => return Err(Error::bad_parameter("mode must be readonly or default")),
    };
    if read_only != call.api.databases.is_read_only() {
        call.api.databases.set_read_only(read_only);
        tracing::info!(read_only, "the mode of the server was changed");
    }
    mode(call)
}

fn shut_down(call: &Call<'_>) -> Result<Reply> {
    let soft = call.request.flag("soft").unwrap_or(false);
    tracing::info!(soft, user = call.identity.user(), "asked to stop");
    if soft {
        call.api.stop.ask_softly();
    } else {
        call.api.stop.ask();
    }
    Ok(Reply::json(StatusCode::OK, &"OK".into()))
}

/// What a soft stop waits for.
fn progress(call: &Call<'_>) -> Result<Reply> {
    let going_on = call.api.going_on();
    let queued = call.api.settings.lock_waits_max - call.api.lock_waits.available_permits();
    let mut object = Object::new();
    object.insert("softShutdownOngoing", call.api.stop.is_soft());
    object.insert("AQLcursors", going_on.cursors);
    object.insert("transactions", going_on.transactions);
    object.insert("pendingJobs", going_on.pending_jobs);
    object.insert("doneJobs", going_on.done_jobs);
    // Without the one that asks.
    let requests = going_on.requests.saturating_sub(1);
    object.insert("lowPrioOngoingRequests", requests);
    object.insert("lowPrioQueuedRequests", queued);
    object.insert("allClear", going_on.is_clear(1));
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

/// Room in the file is used again by itself; see COMPAT.md.
fn compact(_: &Call<'_>) -> Result<Reply> {
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

fn secrets(call: &Call<'_>) -> Result<Reply> {
    let active: Object = [("sha256", call.api.secret().fingerprint())]
        .into_iter()
        .collect();
    let mut result = Object::new();
    result.insert("active", active);
    result.insert("passive", Vec::<Value>::new());
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("result", result)].into_iter().collect(),
    ))
}

fn reload_secret(call: &Call<'_>) -> Result<Reply> {
    call.api.reload_secret()?;
    secrets(call)
}

/// There are no certificates: connections are not encrypted by the server itself.
fn tls(_: &Call<'_>) -> Result<Reply> {
    let mut result = Object::new();
    result.insert("keyfile", Object::new());
    result.insert("clientCA", Object::new());
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("result", result)].into_iter().collect(),
    ))
}

fn license(_: &Call<'_>) -> Result<Reply> {
    let mut object = Object::new();
    object.insert("upgrading", false);
    object.insert("license", "none");
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn set_license(_: &Call<'_>) -> Result<Reply> {
    Err(Error::plain(codes::NOT_IMPLEMENTED))
}

/// Every acknowledged write is on disk already.
fn flush(_: &Call<'_>) -> Result<Reply> {
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

fn transactions(call: &Call<'_>) -> Result<Reply> {
    let mut object = Object::new();
    object.insert("runningTransactions", call.api.going_on().transactions);
    Ok(Reply::enveloped(StatusCode::OK, object))
}
