//! From the HTTP library's request to ours and back: prefixes, limits, authentication, and the
//! choice between the built-in API and services.

use std::borrow::Cow;
use std::cell::Cell;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aql::Cancel;
use error_codes::codes;
use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::jobs::{Later, Owner};
use crate::lanes::Kind;
use crate::message::{Reply, Request, segments};
use crate::route::{self, Found, Handler, Waiting};
use crate::state::{Api, Call};
use crate::stream::Line;
use crate::{body, cors, resources, services};

/// Where a path leads: the database, and where in the path its own part begins.
type Target = (Cow<'static, str>, usize);

const OMIT_CHALLENGE: HeaderName = HeaderName::from_static("x-omit-www-authenticate");
const ASYNC: &str = "x-arango-async";
const QUEUE_TIME: HeaderName = HeaderName::from_static("x-arango-queue-time-seconds");

/// What stands before the text of a query in a body.
const QUERY: &[u8] = b"\"query\":\"";
/// Larger bodies take too long to be read on a network thread.
const KIND_BYTES_MAX: usize = 64 << 10;

/// Where services are managed.
const FOXX: &str = "/_api/foxx";

/// Who made an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Author {
    Server,
    Service,
}

/// The two ends of a connection.
#[derive(Clone)]
pub(crate) struct Ends {
    /// The client's address.
    pub(crate) peer: SocketAddr,
    /// Our own.
    pub(crate) local: SocketAddr,
    /// What is between them.
    pub(crate) line: Line,
}

/// Answers one request, whatever happens.
pub(crate) async fn answer(
    api: &Arc<Api>,
    request: hyper::Request<Incoming>,
    ends: Ends,
) -> Response<Full<Bytes>> {
    let began = api.platform.clock.monotonic();
    let method = request.method().clone();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_head = request.method() == Method::HEAD;
    let hide_challenge = request.headers().contains_key(OMIT_CHALLENGE);
    let (mut reply, author) = if cors::is_preflight(request.method()) {
        (
            cors::preflight(request.headers(), &api.settings.trusted_origins),
            Author::Server,
        )
    } else {
        match respond(api, request, ends).await {
            Ok(answer) => answer,
            Err(error) => (error.into_reply(), Author::Server),
        }
    };
    let unauthorized = reply.status == StatusCode::UNAUTHORIZED && author == Author::Server;
    if unauthorized {
        api.meters.unauthorized.inc();
    }
    if unauthorized && !hide_challenge {
        challenge(&mut reply);
    }
    if let Some(origin) = &origin {
        let by_service = author == Author::Service;
        cors::decorate(
            &mut reply.headers,
            origin,
            by_service,
            &api.settings.trusted_origins,
        );
    }
    let took = api.platform.clock.monotonic().saturating_sub(began);
    api.meters.answered(&method, took, reply.body.len());
    finish(reply, is_head)
}

fn challenge(reply: &mut Reply) {
    for scheme in [
        "Basic realm=\"ArangoDB\"",
        "Bearer token_type=\"JWT\", realm=\"ArangoDB\"",
    ] {
        reply
            .headers
            .append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
    }
}

fn finish(reply: Reply, is_head: bool) -> Response<Full<Bytes>> {
    let Reply {
        status,
        mut headers,
        body,
    } = reply;
    let has_body = !matches!(status.as_u16(), 100..=199 | 204 | 304);
    let sent = if is_head || !has_body {
        Bytes::new()
    } else {
        body.clone()
    };
    if is_head && has_body {
        // Without a body the HTTP library cannot know it.
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    headers
        .entry(header::SERVER)
        .or_insert(HeaderValue::from_static("ArangoDB"));
    headers
        .entry(QUEUE_TIME)
        .or_insert(HeaderValue::from_static("0.000000"));
    headers
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    let mut response = Response::new(Full::new(sent));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

async fn respond(
    api: &Arc<Api>,
    request: hyper::Request<Incoming>,
    ends: Ends,
) -> Result<(Reply, Author)> {
    let settings = &api.settings;
    let target_bytes = request
        .uri()
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if target_bytes > settings.url_bytes_max {
        return Err(url_too_long(settings.url_bytes_max));
    }
    let (head, incoming) = request.into_parts();
    let (database, path_at) = split(head.uri.path())?;
    let (body, share) = if incoming.is_end_stream() {
        (Bytes::new(), None)
    } else {
        let mut share = api.bodies.share();
        let (bytes_max, stall) = (settings.body_bytes_max, settings.stall_timeout);
        let body = body::read(incoming, bytes_max, stall, &mut share).await?;
        (body, Some(share))
    };
    api.meters.received_bytes.observe(body.len() as f64);
    let request = Request {
        method: head.method,
        uri: head.uri,
        database,
        path_at,
        headers: head.headers,
        body,
        _share: share,
        peer: ends.peer,
        local: ends.local,
        line: Some(ends.line),
        cancel: Cancel::new(),
    };
    match Later::parse(request.header(ASYNC)) {
        None => dispatch(api, request).await,
        Some(later) => Ok((accept(api, request, later).await?, Author::Server)),
    }
}

async fn dispatch(api: &Arc<Api>, request: Request) -> Result<(Reply, Author)> {
    if is_builtin(request.path()) {
        return Ok((builtin(api, request).await?, Author::Server));
    }
    Ok((services::answer(api, request).await?, Author::Service))
}

/// Answers a request that is to be done later, and does it. Whoever needs a login for it must
/// have one now.
async fn accept(api: &Arc<Api>, mut request: Request, later: Later) -> Result<Reply> {
    // Its client is expected to go away.
    request.line = None;
    api.meters.later.inc();
    let identity = identify(api, &request).await?;
    if is_builtin(request.path()) && !identity.is_known() {
        return Err(Error::unauthorized());
    }
    let (task_api, reply) = (api.clone(), Reply::empty(StatusCode::ACCEPTED));
    if later == Later::Forget {
        api.jobs.begin_forgotten()?;
        tokio::spawn(async move {
            // Nobody is told; what failed inside was logged there.
            let _ = dispatch(&task_api, request).await;
            task_api.jobs.forget();
        });
        return Ok(reply);
    }
    let id = api.databases.next_tick()?;
    let owner = Owner {
        database: request.database.to_string(),
        user: identity.shared_user(),
    };
    api.jobs.begin(id, owner, request.cancel.clone())?;
    tokio::spawn(async move {
        let answer = match dispatch(&task_api, request).await {
            Ok((reply, _)) => reply,
            Err(error) => error.into_reply(),
        };
        task_api.jobs.finish(id, answer);
    });
    Ok(reply.with(resources::jobs::ID, &id.to_string()))
}

/// Takes API version and database off a path. The database is `_system` if none is named.
///
/// # Errors
/// 400 for a name that is not UTF-8.
fn split(whole: &str) -> Result<Target> {
    let path = match whole.strip_prefix("/_arango/v0") {
        Some(rest) if rest.starts_with('/') => rest,
        _ => whole,
    };
    let Some(rest) = path.strip_prefix("/_db/") else {
        return Ok((Cow::Borrowed("_system"), whole.len() - path.len()));
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (name, path) = rest.split_at(end);
    let database = percent_decode_str(name)
        .decode_utf8()
        .map_err(|_| not_utf8("the name of the database"))?;
    Ok((Cow::Owned(database.into_owned()), whole.len() - path.len()))
}

fn not_utf8(what: &str) -> Error {
    Error::bad_parameter(format!("{what} is not UTF-8"))
}

fn is_builtin(path: &str) -> bool {
    let first = path
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    matches!(first, "_api" | "_admin") || (first == "_open" && path.starts_with("/_open/auth"))
}

fn url_too_long(bytes_max: usize) -> Error {
    let text = format!("URL is longer than {bytes_max} bytes (http.url-bytes-max)");
    Error::bad_parameter(text).with_status(StatusCode::URI_TOO_LONG)
}

/// What a handler came to.
enum Handled {
    Reply(Reply),
    /// Locks are needed that others hold.
    Waiting(Waiting),
}

/// Runs a handler on a thread that may block. The handler finishes what it began even when the
/// client hangs up: nobody aborts a blocking thread.
async fn builtin(api: &Arc<Api>, mut request: Request) -> Result<Reply> {
    if request.cancel.is_killed() {
        return Err(Error::plain(codes::REQUEST_CANCELED));
    }
    let line = request.line.take();
    let found = route::find(&request.method, &segments(request.path()));
    let kind = if api.lanes.are_open() {
        kind(&found, &request)
    } else {
        None
    };
    let (found, request) = match kind.filter(|kind| api.lanes.is_quick(*kind)) {
        None => (found, request),
        Some(kind) => match here(api, kind, found, request)? {
            Ok(Handled::Reply(reply)) => return Ok(reply),
            Ok(Handled::Waiting(waiting)) => return wait(api, waiting, line).await,
            Err(Elsewhere { found, request }) => (found, request),
        },
    };
    let handled = on_thread(api, move |api| handle(api, &request, found, None, kind));
    match handled.await? {
        Handled::Reply(reply) => Ok(reply),
        Handled::Waiting(waiting) => wait(api, waiting, line).await,
    }
}

/// What requests that read are told apart by; `None` for others.
fn kind(found: &Found, request: &Request) -> Option<Kind> {
    let Found::Route(route, arguments) = found else {
        return None;
    };
    if !route.reads || request.body.len() > KIND_BYTES_MAX {
        return None;
    }
    // The text of a query tells most of what it costs. Finding it need not be exact.
    let from = memchr::memmem::find(&request.body, QUERY).map_or(0, |at| at + QUERY.len());
    let text = request.body.get(from..).unwrap_or_default();
    let text = text.split(|byte| *byte == b'"').next();
    let (database, first) = (&request.database, arguments.first());
    Some(Kind::of((route.pattern, database, first, text)))
}

/// A request that this thread does not answer.
struct Elsewhere {
    found: Found,
    request: Request,
}

/// Runs a handler on this network thread, if a lane is free and who asks is known.
fn here(
    api: &Arc<Api>,
    kind: Kind,
    found: Found,
    request: Request,
) -> Result<Result<Handled, Elsewhere>> {
    let identity = api.identify_at_once(request.header("authorization"), request.path())?;
    let (Some(identity), Some(_lane)) = (identity, api.lanes.enter()) else {
        return Ok(Err(Elsewhere { found, request }));
    };
    let _permit = admit(api)?;
    let handle = || handle(api, &request, found, Some(identity), Some(kind));
    let handled = catch_unwind(AssertUnwindSafe(handle)).unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Err(Error::plain(codes::INTERNAL))
    });
    handled.map(Ok)
}

fn admit(api: &Arc<Api>) -> Result<OwnedSemaphorePermit> {
    api.admission.clone().try_acquire_owned().map_err(|_| {
        let limit = api.settings.requests_max;
        let text = format!("more than {limit} requests are waiting (http.requests-max)");
        Error::new(codes::QUEUE_FULL, text)
    })
}

async fn on_thread<T: Send + 'static>(
    api: &Arc<Api>,
    body: impl FnOnce(&Arc<Api>) -> Result<T> + Send + 'static,
) -> Result<T> {
    let permit = admit(api)?;
    let api = api.clone();
    let handled = tokio::task::spawn_blocking(move || {
        let result = body(&api);
        drop(permit);
        result
    });
    handled.await.unwrap_or_else(|panic| {
        tracing::error!(%panic, "a handler panicked");
        Err(Error::plain(codes::INTERNAL))
    })
}

/// Waits for locks without a thread, and without a place among the requests at work: those are
/// needed by whoever is to give the locks back. Who hangs up leaves the queue.
async fn wait(api: &Arc<Api>, waiting: Waiting, line: Option<Line>) -> Result<Reply> {
    if !waiting.locks.is_granted() {
        let Ok(place) = api.lock_waits.clone().try_acquire_owned() else {
            let limit = api.settings.lock_waits_max;
            let text = format!("more than {limit} requests wait for locks (http.lock-waits-max)");
            return Err(Error::new(codes::QUEUE_FULL, text));
        };
        let (send, granted) = oneshot::channel();
        waiting.locks.on_granted(move || {
            // Nobody listens any more if the client has hung up.
            let _ = send.send(());
        });
        let limit = waiting.timeout;
        let hung_up = async {
            match &line {
                Some(line) => line.hung_up().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // A client that is gone must not be given anything, also if both came at once.
            biased;
            () = hung_up => return Err(Error::plain(codes::REQUEST_CANCELED)),
            granted = tokio::time::timeout(limit, granted) => if granted.is_err() {
                let text = format!("timeout: locks were not free for {} s", limit.as_secs_f64());
                return Err(Error::new(codes::LOCK_TIMEOUT, text));
            },
        }
        drop(place);
    }
    let Waiting { locks, then, .. } = waiting;
    on_thread(api, move |api| then(api, locks)).await
}

/// Answers a request, and takes note of how long that took if it is of some kind.
fn handle(
    api: &Arc<Api>,
    request: &Request,
    found: Found,
    identity: Option<Identity>,
    kind: Option<Kind>,
) -> Result<Handled> {
    for (what, text) in [("the path", request.path()), ("the query", request.query())] {
        if percent_decode_str(text).decode_utf8().is_err() {
            return Err(not_utf8(what));
        }
    }
    let identity = match identity {
        Some(identity) => identity,
        None => api.identify(request.header("authorization"), request.path())?,
    };
    let mut call = Call {
        api,
        request,
        identity,
        arguments: Vec::new(),
        has_synced: Cell::new(false),
    };
    let begun = api.platform.clock.monotonic();
    let handled = run(&mut call, found);
    match kind {
        Some(kind) if call.has_synced.get() => api.lanes.bar(kind),
        Some(kind) => {
            let ran = api.platform.clock.monotonic().saturating_sub(begun);
            api.lanes.record(kind, ran);
        }
        None => {}
    }
    handled
}

/// Runs the handler that was found, if the caller may.
fn run(call: &mut Call<'_>, found: Found) -> Result<Handled> {
    let (api, request) = (call.api, call.request);
    let route = match found {
        Found::Route(route, arguments) => {
            call.arguments = arguments;
            route
        }
        Found::OtherMethods(methods) => {
            call.check(route::Access::Login)?;
            let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
            names.sort_unstable();
            names.dedup();
            let reply = Error::plain(codes::HTTP_METHOD_NOT_ALLOWED).into_reply();
            let reply = reply.with(header::ALLOW, &names.join(", "));
            return Ok(Handled::Reply(reply));
        }
        Found::Nothing => {
            call.check(route::Access::Login)?;
            return Err(Error::unknown_path(request.path()));
        }
    };
    call.check(route.access)?;
    if route.access != route::Access::Open {
        call.database()?;
    }
    if !api.settings.foxx_api && route.pattern.starts_with(FOXX) {
        return Err(Error::plain(codes::SERVICE_API_DISABLED));
    }
    match route.handler {
        Handler::Now(handler) => handler(call).map(Handled::Reply),
        Handler::AfterLocks(handler) => handler(call).map(Handled::Waiting),
    }
}

/// Who asks; wrong credentials are no failure yet.
pub(crate) async fn identify(api: &Arc<Api>, request: &Request) -> Result<Identity> {
    let Some(authorization) = request.header("authorization") else {
        let off = !api.settings.authentication;
        return Ok(if off { Identity::Off } else { Identity::Nobody });
    };
    if let Some(identity) = api.identify_at_once(Some(authorization), request.path())? {
        return Ok(identity);
    }
    let (api, authorization) = (api.clone(), authorization.to_owned());
    let path = request.path().to_owned();
    let checked =
        tokio::task::spawn_blocking(move || api.identify(Some(&authorization), &path)).await;
    checked.unwrap_or_else(|_| Err(Error::plain(codes::INTERNAL)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_split_off_paths() {
        for (path, database, rest) in [
            ("/x", "_system", "/x"),
            ("/_db/a%20b/x/y", "a b", "/x/y"),
            ("/_db/a//x", "a", "//x"),
            ("/_db/a", "a", ""),
            ("/_arango/v0/_api/version", "_system", "/_api/version"),
            ("/_arango/v0x/_api", "_system", "/_arango/v0x/_api"),
        ] {
            let (found, at) = split(path).unwrap();
            assert_eq!((&*found, &path[at..]), (database, rest), "{path}");
        }
        assert_eq!(split("/_db/%ff/x").unwrap_err().status, 400);
    }

    #[test]
    fn services_may_live_below_open_but_not_below_api() {
        assert!(is_builtin("/_api/x") && is_builtin("//_admin") && is_builtin("/_open/auth"));
        assert!(!is_builtin("/_open/my") && !is_builtin("/_apix") && !is_builtin("/"));
    }
}
