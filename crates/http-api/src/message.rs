//! Requests and replies as the resources see them: whole, and free of the HTTP library.

use std::borrow::Cow;
use std::net::SocketAddr;

use aql::Cancel;
use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Uri, header};
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode,
};
use value::{Value, json};

use crate::budget::Share;
use crate::error::Error;
use crate::stream::Line;

/// One request with its whole body.
pub(crate) struct Request {
    /// The method.
    pub(crate) method: Method,
    /// What was asked for, as it came.
    pub(crate) uri: Uri,
    /// The database's name, decoded; `_system` when the path names none.
    pub(crate) database: Cow<'static, str>,
    /// Where in the URI's path the part after the database begins.
    pub(crate) path_at: usize,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body; empty when there was none.
    pub(crate) body: Bytes,
    /// The memory that the body takes, if there is one.
    pub(crate) _share: Option<Share>,
    /// The client's address.
    pub(crate) peer: SocketAddr,
    /// Our own address on this connection.
    pub(crate) local: SocketAddr,
    /// Tells when the client hangs up, if that matters.
    pub(crate) line: Option<Line>,
    /// Ends what the request does.
    pub(crate) cancel: Cancel,
}

impl Request {
    /// The path after the database, still percent-encoded, with its leading slash.
    pub(crate) fn path(&self) -> &str {
        let path = self.uri.path().get(self.path_at..).unwrap_or_default();
        if path.is_empty() { "/" } else { path }
    }

    /// The query string without `?`, still encoded; empty when there is none.
    pub(crate) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// A header's text; `None` when it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The first value of a query parameter, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        parameters(self.query())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value)
    }

    /// A boolean query parameter; a bare key and unknown words count as true.
    /// Source: public documentation, `true`, `1`, `yes`, `on` and their opposites.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.parameter(name).map(|text| {
            !matches!(
                text.to_ascii_lowercase().as_str(),
                "false" | "0" | "no" | "off"
            )
        })
    }

    /// The body as JSON; `null` when it is empty.
    ///
    /// # Errors
    /// 600 for what is not JSON.
    pub(crate) fn json(&self) -> Result<Value, Error> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        json::parse(&self.body).map_err(Error::malformed_json)
    }
}

/// Splits a query string; `+` is a blank.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode_form(name), decode_form(value))
        })
}

fn decode_form(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status.
    pub(crate) status: StatusCode,
    /// Headers of this answer; common ones are added at the edge.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    /// An answer of some other type, with status 200.
    pub(crate) fn bytes(content_type: &str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::empty(StatusCode::OK);
        reply.body = body.into();
        reply.with(header::CONTENT_TYPE, content_type)
    }

    /// A JSON answer from finished text.
    pub(crate) fn json_text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        let mut reply = Self {
            status,
            headers: HeaderMap::new(),
            body: text.into(),
        };
        reply.set(header::CONTENT_TYPE, "application/json; charset=utf-8");
        reply
    }

    /// A bare JSON answer.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        let mut text = Vec::with_capacity(128);
        json::write(value, &mut text);
        Self::json_text(status, text)
    }

    /// A JSON object with `error: false` and `code` added.
    pub(crate) fn enveloped(status: StatusCode, mut object: value::Object) -> Self {
        object.insert("error", false);
        object.insert("code", i64::from(status.as_u16()));
        Self::json(status, &Value::object(object))
    }

    /// Sets a header; a value that HTTP cannot carry is left out.
    pub(crate) fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// The same answer with one more header.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.set(name, value);
        self
    }
}

/// A name as one segment of a path, for `Location`.
pub(crate) fn encode_segment(name: &str) -> PercentEncode<'_> {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(name, KEPT)
}

/// The decoded segments of a path; empty ones are dropped.
pub(crate) fn segments(path: &str) -> Vec<Cow<'_, str>> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
        .collect()
}
