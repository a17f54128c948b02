//! Version, engine and state of the server.

use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::Result;
use crate::members::Membership;
use crate::message::Reply;
use crate::resources::control;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/version", Access::Login, version),
    Route::new(Method::GET, "/_admin/version", Access::Login, version),
    Route::new(Method::GET, "/_api/engine", Access::Login, engine),
    Route::new(Method::GET, "/_admin/status", Access::Login, status),
    Route::new(Method::GET, "/_admin/server/role", Access::Login, role),
    Route::new(
        Method::GET,
        "/_admin/database/target-version",
        Access::Login,
        target_version,
    ),
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

/// Where the server stands in a cluster.
pub(super) fn role_name(call: &Call<'_>) -> &'static str {
    match call.api.membership {
        Some(_) => "COORDINATOR",
        None => "SINGLE",
    }
}

pub(super) fn version(call: &Call<'_>) -> Result<Reply> {
    let mut object = base(call);
    if call.request.flag("details").unwrap_or(false) {
        let mut details = Object::new();
        details.insert("architecture", "64bit");
        details.insert("mode", "server");
        details.insert("role", role_name(call));
        details.insert("vulpes-version", env!("CARGO_PKG_VERSION"));
        details.insert("storage-engine", call.api.databases.engine().name());
        object.insert("details", details);
    }
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

pub(super) fn engine(_call: &Call<'_>) -> Result<Reply> {
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
    // Of keys in the store: they are compared byte by byte.
    object.insert("endianness", "big");
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
    info.insert("role", role_name(call));
    let read_only = call.api.databases.is_read_only();
    info.insert("writeOpsEnabled", !read_only);
    info.insert("readOnly", read_only);
    info.insert("version", call.api.settings.version.as_str());
    let mut object = base(call);
    let name = |variable: &str| std::env::var(variable).ok();
    if let Some(membership) = &call.api.membership {
        add_membership(&**membership, &mut info, &mut object);
    }
    let host = name("HOST").or_else(|| name("NODE_NAME"));
    object.insert("host", host.unwrap_or_default());
    if let Some(hostname) = name("HOSTNAME") {
        object.insert("hostname", hostname);
    }
    object.insert("mode", "server");
    object.insert("operationMode", "server");
    object.insert("foxxApi", call.api.settings.foxx_api);
    object.insert("pid", std::process::id());
    object.insert("serverInfo", info);
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

/// What only a coordinator says of itself.
fn add_membership(membership: &dyn Membership, info: &mut Object, object: &mut Object) {
    let own_id = membership.own_id();
    let leader_id = membership.leader_id();
    let members = membership.members();
    info.insert("state", "SERVING");
    info.insert("persistedId", own_id.as_str());
    info.insert("serverId", own_id.as_str());
    if let Some(own) = members.into_iter().find(|member| member.id == own_id) {
        info.insert("address", own.endpoint);
        info.insert("rebootId", own.starts);
    }
    let is_leader = leader_id.as_ref() == Some(&own_id);
    let leaders: Vec<Value> = leader_id.into_iter().map(Value::from).collect();
    let mut coordinator = Object::new();
    coordinator.insert("foxxmaster", leaders);
    coordinator.insert("isFoxxmaster", vec![Value::from(is_leader)]);
    object.insert("coordinator", coordinator);
}

fn role(call: &Call<'_>) -> Result<Reply> {
    let mut object = Object::new();
    object.insert("errorNum", 0);
    object.insert("role", role_name(call));
    object.insert("mode", control::mode_name(call.api));
    Ok(Reply::enveloped(StatusCode::OK, object))
}

/// The version as a number: two digits for each part but the first.
fn target_version(call: &Call<'_>) -> Result<Reply> {
    let parts = call.api.settings.version.split('.');
    let number = parts
        .filter_map(|part| part.parse::<u64>().ok())
        .fold(0, |number, part| number * 100 + part);
    let object = [("version", number.to_string())].into_iter().collect();
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn time(call: &Call<'_>) -> Result<Reply> {
    let seconds = call.api.platform.clock.unix().as_secs_f64();
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
