//! What can go wrong with databases, sorted by what the caller should do about it.

use std::borrow::Cow;
use std::fmt;

use error_codes::{Code, codes};

/// Result of every operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what the caller should do. A kind exists only if some caller acts differently on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was named does not exist: create it or name something else.
    NotFound,
    /// The name, key or indexed value is taken: choose another.
    Exists,
    /// The request is wrong whatever the state: correct it.
    Invalid,
    /// The request is understood and refused: do not repeat it.
    Forbidden,
    /// Another transaction got there first; nothing was written: run the whole transaction
    /// again.
    Conflict,
    /// The document is not in the revision that was asked for; [`Error::document`] has the one
    /// that is stored: read it and decide again.
    Precondition,
    /// A named limit would be exceeded: split the work or raise the limit.
    Limit,
    /// A documented feature that this version does not have.
    Unsupported,
    /// The engine cannot serve (closed, busy, full, poisoned, failing): try later, tell the
    /// operator.
    Unavailable,
    /// Stored data is damaged: tell the operator, who must restore it.
    Corrupt,
}

/// The stored document that a precondition failed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorDocument {
    /// `collection/key`.
    pub id: String,
    /// Its key.
    pub key: String,
    /// Its current revision.
    pub rev: String,
}

/// An error with a public number, a text for the client and, apart from it, one for the log.
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    code: Code,
    status: Option<u16>,
    message: Cow<'static, str>,
    document: Option<ErrorDocument>,
    source: Option<store::Error>,
}

impl Error {
    /// An error whose client text is the table's text for `code`.
    pub fn new(kind: ErrorKind, code: Code) -> Self {
        Self::with_message(kind, code, code.text())
    }

    /// An error with a client text of its own.
    pub fn with_message(
        kind: ErrorKind,
        code: Code,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                code,
                status: None,
                message: message.into(),
                document: None,
                source: None,
            }),
        }
    }

    /// A limit named `setting` would be exceeded by `actual`.
    pub(crate) fn limit(setting: &'static str, max: usize, actual: usize) -> Self {
        let message = format!("{setting} is {max}, this would be {actual}");
        Self::with_message(ErrorKind::Limit, codes::BAD_PARAMETER, message)
    }

    /// As [`Self::limit`], of something that grows while the server runs.
    pub(crate) fn resource_limit(setting: &'static str, max: usize, actual: usize) -> Self {
        let code = codes::RESOURCE_LIMIT;
        let message = format!(
            "{}: {setting} is {max}, this would be {actual}",
            code.text()
        );
        Self::with_message(ErrorKind::Limit, code, message)
    }

    /// A wrong parameter.
    pub(crate) fn bad_parameter(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_message(ErrorKind::Invalid, codes::BAD_PARAMETER, message)
    }

    /// A documented feature that is not there.
    pub(crate) fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self::with_message(ErrorKind::Unsupported, codes::NOT_IMPLEMENTED, message)
    }

    /// Stored bytes that this crate cannot have written.
    pub(crate) fn corrupt(what: impl fmt::Display) -> Self {
        let message = format!("damaged data: {what}");
        Self::with_message(ErrorKind::Corrupt, codes::INTERNAL, message)
    }

    /// The collection `name` is not there.
    pub(crate) fn collection_not_found(name: &str) -> Self {
        let message = format!("{}: {name}", codes::ARANGO_DATA_SOURCE_NOT_FOUND.text());
        let code = codes::ARANGO_DATA_SOURCE_NOT_FOUND;
        Self::with_message(ErrorKind::NotFound, code, message)
    }

    /// The stored document has another revision.
    pub(crate) fn precondition(document: ErrorDocument) -> Self {
        let message = "conflict, _rev values do not match";
        let mut error =
            Self::with_message(ErrorKind::Precondition, codes::ARANGO_CONFLICT, message);
        error.inner.document = Some(document);
        error.with_status(412)
    }

    /// The same error with another HTTP status than the table's.
    #[must_use]
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.inner.status = Some(status);
        self
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The public number.
    pub fn code(&self) -> Code {
        self.inner.code
    }

    /// The HTTP status: the table's, unless the case has another one.
    pub fn status(&self) -> u16 {
        self.inner
            .status
            .unwrap_or_else(|| self.inner.code.status())
    }

    /// The text for the client. Says nothing about the machine.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The stored document, if a revision precondition failed.
    pub fn document(&self) -> Option<&ErrorDocument> {
        self.inner.document.as_ref()
    }

    /// Whether running the whole transaction again can help.
    pub fn is_conflict(&self) -> bool {
        self.inner.kind == ErrorKind::Conflict
    }
}

impl From<store::Error> for Error {
    fn from(source: store::Error) -> Self {
        use store::ErrorKind as Beneath;
        let (kind, code, message) = match source.kind() {
            Beneath::Conflict => (
                ErrorKind::Conflict,
                codes::ARANGO_CONFLICT,
                Cow::Borrowed("conflict, write-write conflict"),
            ),
            Beneath::Limit => (
                ErrorKind::Limit,
                codes::BAD_PARAMETER,
                Cow::Owned(source.context().to_owned()),
            ),
            Beneath::Unavailable | Beneath::Busy => (
                ErrorKind::Unavailable,
                codes::HTTP_SERVICE_UNAVAILABLE,
                Cow::Owned(source.context().to_owned()),
            ),
            Beneath::Full => (
                ErrorKind::Unavailable,
                codes::ARANGO_FILESYSTEM_FULL,
                Cow::Borrowed(codes::ARANGO_FILESYSTEM_FULL.text()),
            ),
            Beneath::Closed => (
                ErrorKind::Unavailable,
                codes::SHUTTING_DOWN,
                Cow::Borrowed(codes::SHUTTING_DOWN.text()),
            ),
            Beneath::Corrupt | Beneath::Incompatible => (
                ErrorKind::Corrupt,
                codes::ARANGO_CORRUPTED_DATAFILE,
                Cow::Borrowed("the data file is damaged; the server's log names it"),
            ),
            Beneath::Poisoned => (
                ErrorKind::Unavailable,
                codes::ARANGO_READ_ONLY,
                Cow::Borrowed("the store refuses writes after an earlier failure"),
            ),
            _ => (
                ErrorKind::Unavailable,
                codes::INTERNAL,
                Cow::Borrowed("the store failed"),
            ),
        };
        let mut error = Self::with_message(kind, code, message);
        error.inner.source = Some(source);
        error
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, code, .. } = &*self.inner;
        write!(f, "{kind:?} {code}: {}", self.inner.message)?;
        match &self.inner.source {
            Some(source) => write!(f, ": {source:?}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source: &(dyn std::error::Error + 'static) = self.inner.source.as_ref()?;
        Some(source)
    }
}
