//! What drivers and operators ask of a cluster. A server that stands alone says so.
//! Source: public documentation, "HTTP API / Cluster".

use std::sync::Arc;

use error_codes::codes;
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::members::{Health, Member, Membership};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(
        Method::GET,
        "/_api/cluster/endpoints",
        Access::Login,
        endpoints,
    ),
    Route::new(Method::GET, "/_admin/server/id", Access::Login, own_id),
    Route::new(Method::GET, "/_admin/cluster/health", Access::Login, health),
    Route::new(
        Method::GET,
        "/_admin/cluster/numberOfServers",
        Access::Server,
        count,
    ),
    Route::new(
        Method::PUT,
        "/_admin/cluster/maintenance",
        Access::Server,
        maintenance,
    ),
    Route::new(
        Method::GET,
        "/_admin/cluster/nodeVersion",
        Access::Server,
        version,
    ),
    Route::new(
        Method::GET,
        "/_admin/cluster/nodeEngine",
        Access::Server,
        engine,
    ),
    Route::new(
        Method::GET,
        "/_admin/cluster/rebalance",
        Access::Server,
        no_shards,
    ),
    Route::new(
        Method::POST,
        "/_admin/cluster/rebalance",
        Access::Server,
        no_shards,
    ),
    Route::new(
        Method::PUT,
        "/_admin/cluster/rebalance",
        Access::Server,
        no_shards,
    ),
    Route::new(
        Method::POST,
        "/_admin/cluster/rebalance/execute",
        Access::Server,
        no_shards,
    ),
];

/// The cluster; 403 on a server that stands alone.
fn membership<'c>(call: &'c Call<'_>) -> Result<&'c Arc<dyn Membership>> {
    let text = "only allowed on coordinators of a cluster";
    let alone = || Error::new(codes::HTTP_FORBIDDEN, text);
    call.api.membership.as_ref().ok_or_else(alone)
}

fn endpoints(call: &Call<'_>) -> Result<Reply> {
    let Some(membership) = &call.api.membership else {
        return Err(Error::plain(codes::CLUSTER_UNSUPPORTED));
    };
    let mut members = membership.members();
    members.retain(|member| member.health != Health::Failed);
    let endpoint = |member: Member| {
        let object: Object = [("endpoint", member.endpoint)].into_iter().collect();
        Value::object(object)
    };
    let endpoints: Vec<Value> = members.into_iter().map(endpoint).collect();
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("endpoints", endpoints)].into_iter().collect(),
    ))
}

fn own_id(call: &Call<'_>) -> Result<Reply> {
    let Some(membership) = &call.api.membership else {
        let alone = Error::plain(codes::CLUSTER_UNSUPPORTED);
        return Err(alone.with_status(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let id = membership.own_id();
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("id", id)].into_iter().collect(),
    ))
}

fn date(unix_ms: u64) -> String {
    let stamp = i64::try_from(unix_ms).ok();
    let stamp = stamp.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let stamp = stamp.unwrap_or_default();
    stamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn health(call: &Call<'_>) -> Result<Reply> {
    let membership = membership(call)?;
    let engine = call.api.databases.engine().name();
    let one = |member: Member| {
        let status = match member.health {
            Health::Good => "GOOD",
            Health::Bad => "BAD",
            Health::Failed => "FAILED",
        };
        let date = date(member.last_heartbeat_unix_ms);
        let mut object = Object::new();
        object.insert("Endpoint", member.endpoint);
        object.insert("Role", "Coordinator");
        object.insert("CanBeDeleted", member.health == Health::Failed);
        object.insert("Version", call.api.settings.version.as_str());
        object.insert("Engine", engine);
        object.insert("Status", status);
        object.insert("SyncStatus", "SERVING");
        object.insert("ShortName", member.short_name);
        object.insert("Host", member.host);
        object.insert("LastAckedTime", date.as_str());
        object.insert("Timestamp", date);
        (member.id, Value::object(object))
    };
    let health: Object = membership.members().into_iter().map(one).collect();
    let mut object = Object::new();
    object.insert("ClusterId", membership.cluster_id());
    object.insert("Health", health);
    Ok(Reply::enveloped(StatusCode::OK, object))
}

fn count(call: &Call<'_>) -> Result<Reply> {
    let members = membership(call)?.members();
    let alive = |member: &&Member| member.health != Health::Failed;
    let coordinators = members.iter().filter(alive).count();
    let mut object = Object::new();
    object.insert("numberOfCoordinators", coordinators as u64);
    object.insert("numberOfDBServers", 0);
    object.insert("cleanedServers", Vec::<Value>::new());
    Ok(Reply::enveloped(StatusCode::OK, object))
}

/// There is no supervision that moves anything from one server to another.
fn maintenance(call: &Call<'_>) -> Result<Reply> {
    membership(call)?;
    let text = "there is no supervision that could be switched off";
    Err(Error::new(codes::NOT_IMPLEMENTED, text))
}

fn no_shards(call: &Call<'_>) -> Result<Reply> {
    membership(call)?;
    let text = "collections have no shards that could be moved";
    Err(Error::new(codes::NOT_IMPLEMENTED, text))
}

/// The member that the query names. What servers tell clients of version and engine is the same
/// on all of them.
fn check_member(call: &Call<'_>) -> Result<()> {
    let membership = membership(call)?;
    let wanted = call.request.parameter("ServerID").unwrap_or_default();
    if membership
        .members()
        .iter()
        .any(|member| member.id == wanted)
    {
        return Ok(());
    }
    Err(Error::bad_parameter(format!(
        "no server has the id '{wanted}'"
    )))
}

fn version(call: &Call<'_>) -> Result<Reply> {
    check_member(call)?;
    super::admin::version(call)
}

fn engine(call: &Call<'_>) -> Result<Reply> {
    check_member(call)?;
    super::admin::engine(call)
}
