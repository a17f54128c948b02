//! Requests to services: everything that is not the built-in API.

use std::sync::Arc;

use error_codes::codes;
use foxx::{Service, ServiceRequest, ServiceResponse};
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::oneshot;

use crate::edge;
use crate::error::{Error, Result};
use crate::lanes::Kind;
use crate::message::{Reply, Request};
use crate::settings::Settings;
use crate::state::Api;

/// The service's answer.
pub(crate) async fn answer(api: &Arc<Api>, request: Request) -> Result<Reply> {
    if let Some(minimum) = minimum_revision(&request)?
        && !is_recent_enough(api, &request, minimum).await?
    {
        return Ok(too_old(minimum));
    }
    let Some(found) = api.foxx.find(&request.database, request.path()) else {
        return Err(nobody(api, &request));
    };
    let identity = edge::identify(api, &request).await?;
    if needs_login(found.service.mount().as_str(), &api.settings) && !identity.is_known() {
        return Err(Error::unauthorized());
    }
    let (send, receive) = oneshot::channel();
    let service_request = Arc::new(ServiceRequest {
        method: request.method.as_str().to_owned(),
        path: found.rest.to_owned(),
        query: request.query().to_owned(),
        headers: header_block(&request.headers),
        service: found.service,
        body: request.body,
        user: identity.user().map(str::to_owned),
        authorized: identity.is_known(),
        secure: false,
        remote: request.peer,
        local: request.local,
    });
    let reply: foxx::Reply = Box::new(move |response, ran| {
        // The client may have hung up; the service has done its work all the same.
        let _ = send.send((response, ran));
    });
    let kind = api.lanes.are_open().then(|| kind(&service_request));
    let left = match kind {
        Some(kind) => answer_here(api, kind, service_request, reply),
        None => Some((service_request, reply)),
    };
    let Some((service_request, reply)) = left else {
        // What was measured here counts, the wait for the other threads does not.
        return receive
            .await
            .map_or_else(|_| Err(stopping()), |(response, _)| Ok(to_reply(response)));
    };
    api.foxx.dispatch(service_request, reply);
    let (response, ran) = receive.await.map_err(|_| stopping())?;
    if let Some(kind) = kind {
        api.lanes.record(kind, ran);
    }
    Ok(to_reply(response))
}

fn stopping() -> Error {
    Error::plain(codes::SHUTTING_DOWN)
}

/// Requests of one kind reach the same handler of a service, as far as can be seen from outside.
fn kind(request: &ServiceRequest) -> Kind {
    let depth = request.path.bytes().filter(|byte| *byte == b'/').count();
    Kind::of((request.service.revision_number(), &request.method, depth))
}

/// Answers a request on this network thread if its like was quick and the service is ready here.
/// Otherwise gives it back, and sees to it that the service will be ready if it should be.
fn answer_here(
    api: &Arc<Api>,
    kind: Kind,
    request: Arc<ServiceRequest>,
    reply: foxx::Reply,
) -> Option<(Arc<ServiceRequest>, foxx::Reply)> {
    if !api.lanes.is_quick(kind) {
        return Some((request, reply));
    }
    let Some(lane) = api.lanes.enter() else {
        return Some((request, reply));
    };
    let holds = match api.foxx.answer_here(request, reply) {
        Ok(holds) => holds,
        Err((request, reply)) => {
            prepare_here(api, &request.service);
            return Some((request, reply));
        }
    };
    api.lanes.record(kind, lane.taken_for());
    if holds {
        sync_soon(api);
    }
    None
}

/// Makes this thread ready for a service after the requests that it is about to answer, unless
/// another one is just being made ready: then there would be fewer to answer requests.
fn prepare_here(api: &Arc<Api>, service: &Arc<Service>) {
    if !api.lanes.begin_preparing() {
        return;
    }
    let (api, service) = (Arc::clone(api), Arc::clone(service));
    tokio::spawn(async move {
        if let Some(_lane) = api.lanes.enter() {
            api.foxx.prepare_here(&service);
        }
        api.lanes.end_preparing();
    });
}

/// Begins a sync once the requests that are here already have been answered: they may share it.
fn sync_soon(api: &Arc<Api>) {
    if !api.lanes.plan_sync() {
        return;
    }
    let api = Arc::clone(api);
    tokio::spawn(async move {
        tokio::task::yield_now().await;
        api.lanes.begin_sync();
        api.databases.unsynced().sync_now();
    });
}

/// Asks for a service in at least this revision, as the answer of an operation names it.
const MIN_REVISION: &str = "x-vulpes-min-revision";

fn minimum_revision(request: &Request) -> Result<Option<u64>> {
    let Some(value) = request.headers.get(MIN_REVISION) else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    let number = number.ok_or_else(|| {
        Error::bad_parameter(format!(
            "header {MIN_REVISION} is a number, as answers name it"
        ))
    })?;
    Ok(Some(number))
}

/// Whether the service is served in this revision, or becomes so in time.
async fn is_recent_enough(api: &Arc<Api>, request: &Request, minimum: u64) -> Result<bool> {
    let found = api.foxx.find(&request.database, request.path());
    if found.is_some_and(|found| found.service.revision() >= minimum) {
        return Ok(true);
    }
    if api.databases.find(&request.database).is_none() {
        return Err(Error::plain(codes::ARANGO_DATABASE_NOT_FOUND));
    }
    let (api, database) = (Arc::clone(api), request.database.clone().into_owned());
    let path = request.path().to_owned();
    let waited = tokio::task::spawn_blocking(move || {
        let time = api.settings.revision_wait;
        api.foxx.wait_for_revision(&database, &path, minimum, time)
    });
    match waited.await {
        Ok(recent) => Ok(recent?),
        Err(_) => Err(Error::plain(codes::SHUTTING_DOWN)),
    }
}

fn too_old(minimum: u64) -> Reply {
    let message = format!("this coordinator does not serve revision {minimum} yet");
    let error = Error::new(codes::HTTP_SERVICE_UNAVAILABLE, message);
    error.into_reply().with(header::RETRY_AFTER, "1")
}

/// Mounts below `/_` need a login, those below `/_open/` never do.
fn needs_login(mount: &str, settings: &Settings) -> bool {
    let is_reserved = mount.starts_with("/_") || !settings.authentication_system_only;
    is_reserved && !mount.starts_with("/_open/")
}

fn nobody(api: &Arc<Api>, request: &Request) -> Error {
    if api.databases.find(&request.database).is_none() {
        return Error::plain(codes::ARANGO_DATABASE_NOT_FOUND);
    }
    if !api.foxx.is_ready() {
        let message = "waiting for initialization of Foxx services in this database";
        return Error::new(codes::HTTP_SERVICE_UNAVAILABLE, message);
    }
    if request.query().is_empty() {
        return Error::unknown_path(request.path());
    }
    Error::unknown_path(&format!("{}?{}", request.path(), request.query()))
}

/// Lines `name: value`; repeated headers are joined, cookies with `; ` (RFC 9113, 8.2.3).
fn header_block(headers: &HeaderMap) -> String {
    let mut block = String::with_capacity(headers.len() * 48);
    let mut former: Option<&HeaderName> = None;
    // Values of one name follow each other.
    for (name, value) in headers {
        if former == Some(name) {
            block.push_str(if name == header::COOKIE { "; " } else { ", " });
        } else {
            if former.is_some() {
                block.push('\n');
            }
            block.push_str(name.as_str());
            block.push_str(": ");
            former = Some(name);
        }
        push_value(value, &mut block);
    }
    if former.is_some() {
        block.push('\n');
    }
    block
}

/// Bytes above ASCII are UTF-8 or, by the oldest custom, Latin-1.
fn push_value(value: &HeaderValue, block: &mut String) {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => block.push_str(text),
        Err(_) => block.extend(value.as_bytes().iter().map(|byte| *byte as char)),
    }
}

const JSON: &str = "application/json; charset=utf-8";

fn to_reply(response: ServiceResponse) -> Reply {
    let mut headers = HeaderMap::with_capacity(8);
    for (name, value) in response.header_pairs() {
        let found = HeaderName::from_bytes(name.as_bytes());
        let value = match value {
            // The most frequent one is not copied.
            JSON => Ok(HeaderValue::from_static(JSON)),
            other => HeaderValue::from_bytes(other.as_bytes()),
        };
        match (found, value) {
            // The true length is known at the edge; hop-by-hop headers are ours to choose.
            (Ok(header::CONTENT_LENGTH | header::TRANSFER_ENCODING | header::CONNECTION), _) => {}
            (Ok(name), Ok(value)) => {
                headers.append(name, value);
            }
            _ => tracing::warn!(name, "a service set a header that HTTP cannot carry"),
        }
    }
    let status = StatusCode::from_u16(response.status);
    let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply {
        status,
        headers,
        body: response.body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_blocks_join_repeated_names() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("cookie", "a=1"),
            ("x-a", "1"),
            ("cookie", "b=2"),
            ("x-a", "2"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers.insert("x-latin", HeaderValue::from_bytes(b"\xe4").unwrap());
        let block = header_block(&headers);
        let mut lines: Vec<&str> = block.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["cookie: a=1; b=2", "x-a: 1, 2", "x-latin: ä"]);
        assert!(block.ends_with('\n'));
        assert_eq!(header_block(&HeaderMap::new()), "");
    }

    #[test]
    fn reserved_mounts_need_a_login() {
        let mut settings = Settings::documented();
        assert!(!needs_login("/a", &settings) && !needs_login("/_open/a", &settings));
        assert!(needs_login("/_admin/x", &settings));
        settings.authentication_system_only = false;
        assert!(needs_login("/a", &settings) && !needs_login("/_open/a", &settings));
    }
}
