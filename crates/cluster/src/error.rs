//! What can go wrong between coordinators, sorted by what the caller should do about it.

use std::fmt;

/// Result of the operations of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what the caller should do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Somebody who lives has the lease: wait, or tell the client to come again.
    Held,
    /// The lease was given to somebody else meanwhile: stop, nothing was written.
    Lost,
    /// The store failed; [`Error::store`] says how.
    Store,
}

/// An error with a text for the log and, if it is the store's, what the store said.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    context: String,
    store: Option<database::Error>,
}

impl Error {
    /// An error of this kind; `context` is a phrase without a full stop.
    pub fn new(kind: ErrorKind, context: impl Into<String>) -> Self {
        Self {
            kind,
            context: context.into(),
            store: None,
        }
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the store said, if it is the store that failed.
    pub fn store(&self) -> Option<&database::Error> {
        self.store.as_ref()
    }
}

impl From<database::Error> for Error {
    fn from(error: database::Error) -> Self {
        Self {
            kind: ErrorKind::Store,
            context: error.message().to_owned(),
            store: Some(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.context)
    }
}

impl std::error::Error for Error {}
