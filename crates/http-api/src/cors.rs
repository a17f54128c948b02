//! Cross-origin requests.
//!
//! Source: public documentation, "HTTP interface / Cross-Origin Resource Sharing".

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode};

use crate::message::Reply;

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
const PREFLIGHT_EXPOSED: &str = "etag, content-encoding, content-length, location, server, \
     x-arango-errors, x-arango-async-id";

/// The answer to any `OPTIONS` request; services never see these.
pub(crate) fn preflight(headers: &HeaderMap, trusted: &[String]) -> Reply {
    let mut reply = Reply::empty(StatusCode::OK).with(header::ALLOW, METHODS);
    if let Some(origin) = headers.get(header::ORIGIN) {
        let answer = &mut reply.headers;
        allow(answer, origin, trusted);
        answer.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static(METHODS),
        );
        answer.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("1800"),
        );
        answer.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(PREFLIGHT_EXPOSED),
        );
        if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
        }
    }
    reply
}

/// Adds what a cross-origin answer needs. `by_service`: the headers so far are what a service
/// set, and they are what its clients may see.
pub(crate) fn decorate(
    headers: &mut HeaderMap,
    origin: &HeaderValue,
    by_service: bool,
    trusted: &[String],
) {
    if !headers.contains_key(header::ACCESS_CONTROL_EXPOSE_HEADERS) {
        let exposed = if by_service {
            let mut names: Vec<&str> = headers.keys().map(header::HeaderName::as_str).collect();
            names.extend(["server", "content-length"]);
            names.sort_unstable();
            names.dedup();
            names.join(", ")
        } else {
            PREFLIGHT_EXPOSED.to_owned()
        };
        if let Ok(value) = HeaderValue::from_str(&exposed) {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, value);
        }
    }
    allow(headers, origin, trusted);
}

/// Whether this method is the one that needs no login.
pub(crate) fn is_preflight(method: &Method) -> bool {
    method == Method::OPTIONS
}

fn allow(headers: &mut HeaderMap, origin: &HeaderValue, trusted: &[String]) {
    let text = origin.to_str().unwrap_or_default();
    let is_trusted = trusted
        .iter()
        .any(|one| one == "*" || one == "all" || one.trim_end_matches('/') == text);
    headers
        .entry(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        .or_insert_with(|| origin.clone());
    headers
        .entry(header::ACCESS_CONTROL_ALLOW_CREDENTIALS)
        .or_insert(HeaderValue::from_static(if is_trusted {
            "true"
        } else {
            "false"
        }));
}
