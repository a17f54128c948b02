//! What can go wrong at the seam, sorted by what the caller should do about it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Result of every operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what the caller should do. A kind exists only if some caller acts differently on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Another transaction committed first to something that this one wrote or guarded. Nothing
    /// was written: run the whole transaction again, or report the conflict.
    Conflict,
    /// Somebody else holds what is needed (the file lock, the last free slot). Nothing was done:
    /// try later, or free something first.
    Busy,
    /// A named limit would be exceeded. Nothing was done: split the work or raise the limit.
    Limit,
    /// The arguments break the contract of the operation. Nothing was done: it is a defect of
    /// the caller, or of the data that the caller took over unchecked.
    InvalidArgument,
    /// What the engine needs cannot be reached, was restarted or gave up. The transaction is over
    /// and nothing was written: run the whole transaction again, later.
    Unavailable,
    /// The disk or quota is full. Nothing was written: tell the user, who must make room.
    Full,
    /// Stored data is damaged. Do not use what was read: tell the user, who must restore.
    Corrupt,
    /// Stored data has a format that this program does not know. Use a program that does.
    Incompatible,
    /// Reading or writing failed. From a commit: the outcome is not known until it is read back.
    Io,
    /// An earlier failure in the commit path made the engine refuse writes; the message has the
    /// first reason. Reads go on. Restart the engine to write again.
    Poisoned,
    /// The engine was closed. Nothing was done: stop.
    Closed,
}

/// An error of an engine: its [`ErrorKind`], what was being done, and the cause beneath.
#[derive(Clone)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    context: Cow<'static, str>,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `context` is a bare verb phrase or names the broken limit.
    pub fn new(kind: ErrorKind, context: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                context: context.into(),
                source: None,
            }),
        }
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.inner.source = Some(Arc::from(source.into()));
        self
    }

    /// A limit named `setting` was exceeded by `actual`.
    pub fn limit(setting: &'static str, max: usize, actual: usize) -> Self {
        Self::new(
            ErrorKind::Limit,
            format!("{setting} is {max}, this would be {actual}"),
        )
    }

    /// What the caller should do.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// What was being done, without the causes beneath (see [`std::error::Error::source`]).
    pub fn context(&self) -> &str {
        &self.inner.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.context)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.inner.kind, self.inner.context)?;
        match &self.inner.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source: &(dyn std::error::Error + Send + Sync) = self.inner.source.as_deref()?;
        Some(source)
    }
}
