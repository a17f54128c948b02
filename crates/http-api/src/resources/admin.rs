//! Version, engine and state of the server.

use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::Result;
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/version", Access::Login, version),
    Route::new(Method::GET, "/_admin/version", Access::Login, version),
    Route::new(Method::GET, "/_api/engine", Access::Login, engine),
    Route::new(Method::GET, "/_admin/status", Access::Login, status),
    Route::new(
        Method::GET,
        "/_admin/server/availability",
        Access::Open,
        availability,
    ),
    Route::new(Method::GET, "/_admin/server/role", Access::Login, role),
    Route::new(Method::GET, "/_admin/server/mode", Access::Login, mode),
    Route::new(Method::GET, "/_admin/time", Access::Login, time),
    Route::new(Method::GET, "/_api/endpoint", Access::Login, endpoint),
    Route::new(
        Method::POST,
        "/_admin/routing/reload",
        Access::Write,
        reload,
    ),
    Route::new(Method::GET, "/_admin/routing/reload", Access::Write, reload),
];

/// The product name that drivers look for; see COMPAT.md.
const SERVER: &str = "arango";

fn base(call: &Call<'_>) -> Object {
    let mut object = Object::new();
    object.insert("server", SERVER);
    object.insert("license", "community");
    object.insert("version", call.api.settings.version.as_str());
    object
}

fn version(call: &Call<'_>) -> Result<Reply> {
    let mut object = base(call);
    if call.request.flag("details").unwrap_or(false) {
        let mut details = Object::new();
        details.insert("architecture", "64bit");
        details.insert("mode", "server");
        details.insert("role", "SINGLE");
        details.insert("vulpes-version", env!("CARGO_PKG_VERSION"));
        details.insert("storage-engine", call.api.databases.engine().name());
        object.insert("details", details);
    }
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn engine(_call: &Call<'_>) -> Result<Reply> {
    let texts = |names: &[&str]| {
        names
            .iter()
            .map(|name| Value::from(*name))
            .collect::<Vec<_>>()
    };
    let aliases: Object = [("hash", "persistent"), ("skiplist", "persistent")]
        .into_iter()
        .collect();
    let mut supports = Object::new();
    supports.insert(
        "indexes",
        texts(&["primary", "edge", "hash", "skiplist", "ttl", "persistent"]),
    );
    supports.insert(
        "aliases",
        [("indexes", aliases)].into_iter().collect::<Object>(),
    );
    let mut object = Object::new();
    // Clients decide by it what they may use; the engine in use is in the version's details.
    object.insert("name", "rocksdb");
    object.insert("supports", supports);
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn status(call: &Call<'_>) -> Result<Reply> {
    let mut progress = Object::new();
    progress.insert("phase", "in wait");
    progress.insert("feature", "");
    progress.insert("recoveryTick", 0);
    let mut info = Object::new();
    info.insert("progress", progress);
    info.insert("maintenance", false);
    info.insert("role", "SINGLE");
    info.insert("writeOpsEnabled", true);
    info.insert("readOnly", false);
    let mut object = base(call);
    object.insert("mode", "server");
    object.insert("operationMode", "server");
    object.insert("foxxApi", call.api.settings.foxx_api);
    object.insert("pid", std::process::id());
    object.insert("serverInfo", info);
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn availability(_: &Call<'_>) -> Result<Reply> {
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("mode", "default")].into_iter().collect(),
    ))
}

fn role(_: &Call<'_>) -> Result<Reply> {
    let mut object = Object::new();
    object.insert("errorNum", 0);
    object.insert("role", "SINGLE");
    object.insert("mode", "default");
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn mode(_: &Call<'_>) -> Result<Reply> {
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("mode", "default")].into_iter().collect(),
    ))
}

fn time(call: &Call<'_>) -> Result<Reply> {
    let seconds = call.api.platform.clock.unix_ms() as f64 / 1000.0;
    let time = Value::from_f64(seconds).unwrap_or_default();
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("time", time)].into_iter().collect(),
    ))
}

fn endpoint(call: &Call<'_>) -> Result<Reply> {
    let endpoint: Object = [("endpoint", format!("http://{}", call.request.local))]
        .into_iter()
        .collect();
    Ok(Reply::json(
        StatusCode::OK,
        &Value::array(vec![endpoint.into()]),
    ))
}

fn reload(call: &Call<'_>) -> Result<Reply> {
    call.api.foxx.heal()?;
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}
