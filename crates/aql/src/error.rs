//! What can go wrong with a query, sorted by what the caller should do about it.

use std::fmt;

use error_codes::{Code, codes};

use crate::syntax::Diagnostic;

/// Result of every operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The query text or its bind values are wrong: correct them.
    Invalid,
    /// The query ran and what it asked for cannot be: the transaction should be rolled back.
    Failed,
    /// The query was killed or ran too long: do not wait for its rows.
    Killed,
    /// A named limit was exceeded: ask for less or raise the limit.
    Limit,
    /// The database below refused; [`Error::database`] says how.
    Database,
    /// A documented feature that this version does not have.
    Unsupported,
}

/// An error with a public number and a text for the client.
#[derive(Clone, Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    code: Code,
    message: String,
    phase: Option<&'static str>,
    position: Option<(u32, u32)>,
    database: Option<database::Error>,
}

impl Error {
    /// An error with the table's text.
    pub fn new(kind: ErrorKind, code: Code) -> Self {
        Self::with_message(kind, code, code.text())
    }

    /// An error with a text of its own.
    pub fn with_message(kind: ErrorKind, code: Code, message: impl Into<String>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                code,
                message: message.into(),
                phase: None,
                position: None,
                database: None,
            }),
        }
    }

    /// A wrong query.
    pub(crate) fn invalid(code: Code, message: impl Into<String>) -> Self {
        Self::with_message(ErrorKind::Invalid, code, message)
    }

    /// A wrong query, with the table's text.
    pub(crate) fn new_invalid(code: Code) -> Self {
        Self::new(ErrorKind::Invalid, code)
    }

    /// The limit named `setting` was exceeded.
    pub(crate) fn limit(setting: &str, max: impl fmt::Display) -> Self {
        let message = format!("resource limit exceeded: {setting} is {max}");
        Self::with_message(ErrorKind::Limit, codes::RESOURCE_LIMIT, message)
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The public number.
    pub fn code(&self) -> Code {
        self.inner.code
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match &self.inner.database {
            Some(error) => error.status(),
            None => self.inner.code.status(),
        }
    }

    /// Line and column of the query text, both counted from 1, where the error is in the text.
    pub fn position(&self) -> Option<(u32, u32)> {
        self.inner.position
    }

    /// The error of the database below.
    pub fn database(&self) -> Option<&database::Error> {
        self.inner.database.as_ref()
    }

    /// The text for the client: `AQL: <text> (while <phase>)`.
    pub fn message(&self) -> String {
        match self.inner.phase {
            Some(phase) => format!("AQL: {} (while {phase})", self.inner.message),
            None => format!("AQL: {}", self.inner.message),
        }
    }

    /// The same error, saying where it lies in the text unless that is known.
    pub(crate) fn at(mut self, position: (u32, u32)) -> Self {
        self.inner.position.get_or_insert(position);
        self
    }

    /// The same error, saying when it arose unless that is known.
    pub(crate) fn during(mut self, phase: &'static str) -> Self {
        self.inner.phase.get_or_insert(phase);
        self
    }
}

impl From<&Diagnostic> for Error {
    fn from(diagnostic: &Diagnostic) -> Self {
        let kind = match diagnostic.code {
            codes::NOT_IMPLEMENTED => ErrorKind::Unsupported,
            codes::QUERY_TOO_MUCH_NESTING => ErrorKind::Limit,
            _ => ErrorKind::Invalid,
        };
        let mut error = Self::with_message(kind, diagnostic.code, diagnostic.message.clone());
        error.inner.position = Some((diagnostic.line, diagnostic.column));
        error.during("parsing")
    }
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        let mut own = Self::with_message(ErrorKind::Database, error.code(), error.message());
        own.inner.database = Some(error);
        own
    }
}

impl From<crate::functions::Error> for Error {
    fn from(error: crate::functions::Error) -> Self {
        let kind = match error.code {
            codes::QUERY_KILLED => ErrorKind::Killed,
            codes::RESOURCE_LIMIT => ErrorKind::Limit,
            _ => ErrorKind::Failed,
        };
        Self::with_message(kind, error.code, error.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Error {}
