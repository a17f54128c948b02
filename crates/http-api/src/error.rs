//! Failures on their way to the client.

use std::fmt;

use database::ErrorKind;
use error_codes::{Code, codes};
use hyper::{StatusCode, header};
use value::{Object, Value};

use crate::message::Reply;

/// A failure with all that its answer shows.
#[derive(Debug)]
pub(crate) struct Error {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The public number.
    pub(crate) code: Code,
    /// The text for the client.
    pub(crate) message: String,
    /// Further members of the answer's object.
    pub(crate) extra: Object,
}

/// What resources return.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure with the status that its number usually has.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: status(code.status()),
            code,
            message: message.into(),
            extra: Object::new(),
        }
    }

    /// A failure with its number's own text.
    pub(crate) fn plain(code: Code) -> Self {
        Self::new(code, code.text())
    }

    /// The same failure under another status.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// 400 with the reason.
    pub(crate) fn bad_parameter(message: impl Into<String>) -> Self {
        Self::new(codes::HTTP_BAD_PARAMETER, message)
    }

    /// 600 for a body that is not JSON. Clients look for the message's first word.
    pub(crate) fn malformed_json(error: value::json::Error) -> Self {
        Self::new(
            codes::HTTP_CORRUPTED_JSON,
            format!("VPackError error: {error}"),
        )
    }

    /// 404 for a path that nobody serves.
    pub(crate) fn unknown_path(path: &str) -> Self {
        Self::new(codes::HTTP_NOT_FOUND, format!("unknown path '{path}'"))
    }

    /// 401 for missing or wrong credentials.
    pub(crate) fn unauthorized() -> Self {
        Self::new(codes::FORBIDDEN, "not authorized to execute this request")
            .with_status(StatusCode::UNAUTHORIZED)
    }

    /// 403 for what the user may not do.
    pub(crate) fn forbidden() -> Self {
        Self::plain(codes::FORBIDDEN)
    }

    /// The answer: an object with all four members that clients look for.
    pub(crate) fn into_reply(self) -> Reply {
        let mut object = Object::with_capacity(4 + self.extra.len());
        object.insert("code", i64::from(self.status.as_u16()));
        object.insert("error", true);
        object.insert("errorMessage", self.message);
        object.insert("errorNum", self.code.number());
        // Of a failed condition the answer tells which revision there is, as a read would.
        let rev = match self.status {
            StatusCode::PRECONDITION_FAILED => self.extra.get("_rev").and_then(Value::as_str),
            _ => None,
        };
        let etag = rev.map(|rev| format!("\"{rev}\""));
        for (name, value) in self.extra {
            object.insert(name, value);
        }
        let reply = Reply::json(self.status, &Value::object(object));
        match etag {
            Some(etag) => reply.with(header::ETAG, &etag),
            None => reply,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (errorNum {})", self.message, self.code)
    }
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        let mut own = Self::new(error.code(), error.message());
        own.status = status(error.status());
        if let Some(document) = error.document() {
            own.extra.insert("_id", document.id.as_str());
            own.extra.insert("_key", document.key.as_str());
            own.extra.insert("_rev", document.rev.as_str());
        }
        let is_logged = is_logged_by_engine(error.code());
        let is_grave = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Corrupt);
        if is_grave && !is_logged {
            // The only place where it is handled, so the only one that logs it.
            tracing::error!(?error, "the database failed");
        }
        own
    }
}

impl From<aql::Error> for Error {
    fn from(error: aql::Error) -> Self {
        let mut own = match error.database() {
            Some(beneath) => Self::from(beneath.clone()),
            None => Self::plain(error.code()),
        };
        own.code = error.code();
        own.status = status(error.status());
        own.message = error.message();
        own
    }
}

impl From<foxx::Error> for Error {
    fn from(error: foxx::Error) -> Self {
        if error.kind() == foxx::ErrorKind::Internal && !is_logged_by_engine(error.code()) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "an operation failed"
            );
        }
        let own = Self::new(error.code(), error.message());
        own.with_status(status(error.status()))
    }
}

/// A full disk is logged once, not for each request that it refuses.
fn is_logged_by_engine(code: Code) -> bool {
    code == codes::ARANGO_FILESYSTEM_FULL
}

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
