//! `/_admin/echo`: what the server understood of a request.
//! Source: public documentation, "HTTP API / Administration / Echo a request".

use hyper::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::{Reply, parameters, segments};
use crate::route::{Access, Route};
use crate::state::Call;

const PATTERN: &str = "/_admin/echo/{..}";

/// Segments of the path before those that are echoed.
const OWN_SEGMENTS: usize = 2;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, PATTERN, Access::Login, echo),
    Route::new(Method::POST, PATTERN, Access::Login, echo),
    Route::new(Method::PUT, PATTERN, Access::Login, echo),
    Route::new(Method::PATCH, PATTERN, Access::Login, echo),
    Route::new(Method::DELETE, PATTERN, Access::Login, echo),
];

fn texts<T: Into<String>>(texts: impl Iterator<Item = T>) -> Vec<Value> {
    texts.map(|text| Value::from(text.into())).collect()
}

fn headers(call: &Call<'_>) -> Object {
    let shown = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    // Credentials are echoed to whoever sent them.
    let all = call.request.headers.iter();
    all.map(|(name, value)| (name.as_str(), shown(value.as_bytes())))
        .collect()
}

fn cookies(call: &Call<'_>) -> Object {
    let header = call.request.header("cookie").unwrap_or_default();
    let pairs = header
        .split(';')
        .filter_map(|part| part.trim().split_once('='));
    pairs.collect()
}

fn ends(call: &Call<'_>) -> (Object, Object) {
    let (local, peer) = (call.request.local, call.request.peer);
    let mut server = Object::new();
    server.insert("address", local.ip().to_string());
    server.insert("port", i64::from(local.port()));
    server.insert("endpoint", format!("http://{local}"));
    let mut client = Object::new();
    client.insert("address", peer.ip().to_string());
    client.insert("port", i64::from(peer.port()));
    client.insert("id", peer.to_string());
    (server, client)
}

fn body(call: &Call<'_>) -> Object {
    let bytes = call.request.body.iter().map(|byte| i64::from(*byte).into());
    let mut object = Object::new();
    object.insert("type", "Buffer");
    object.insert("data", bytes.collect::<Vec<Value>>());
    object
}

fn echo(call: &Call<'_>) -> Result<Reply> {
    let request = call.request;
    let bytes_max = call.api.settings.echo_bytes_max;
    if request.body.len() > bytes_max {
        let text = format!("only {bytes_max} bytes of a body are echoed (http.echo-bytes-max)");
        let error = Error::bad_parameter(text);
        return Err(error.with_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let suffix = segments(request.path());
    let suffix = suffix.into_iter().skip(OWN_SEGMENTS);
    let suffix: Vec<String> = suffix.map(|segment| segment.into_owned()).collect();
    let raw = request.path().split('/').filter(|part| !part.is_empty());
    let query = parameters(request.query());
    let target = request.uri.path_and_query();
    let (server, client) = ends(call);
    let mut object = Object::new();
    object.insert("authorized", call.identity.is_known());
    object.insert(
        "user",
        call.identity.user().map_or(Value::Null, Value::from),
    );
    object.insert("isAdminUser", call.is_server_administrator()?);
    object.insert("database", &*request.database);
    let url = target.map_or("", |target| target.as_str());
    object.insert("url", url.get(request.path_at..).unwrap_or_default());
    object.insert("protocol", "http");
    object.insert("portType", "tcp/ip");
    object.insert("server", server);
    object.insert("client", client);
    object.insert("internals", Object::new());
    object.insert("prefix", "/");
    object.insert("headers", headers(call));
    object.insert("requestType", request.method.as_str());
    object.insert(
        "requestBody",
        String::from_utf8_lossy(&request.body).into_owned(),
    );
    object.insert("rawRequestBody", body(call));
    let pairs: Object = query
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    object.insert("parameters", pairs);
    object.insert("cookies", cookies(call));
    let path = percent_decode_str(request.path()).decode_utf8_lossy();
    let path = path.strip_prefix("/_admin/echo").unwrap_or(&path);
    object.insert("path", if path.is_empty() { "/" } else { path });
    object.insert("suffix", texts(suffix.into_iter()));
    object.insert("rawSuffix", texts(raw.skip(OWN_SEGMENTS)));
    Ok(Reply::json(StatusCode::OK, &object.into()))
}
