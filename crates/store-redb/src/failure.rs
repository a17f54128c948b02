//! redb's errors by what the caller should do.

use std::io;

use redb::StorageError;
use store::{Error, ErrorKind};

/// The errors of single redb operations, as one.
#[derive(Debug)]
pub enum Failure {
    Storage(StorageError),
    /// A table that should be there is not, or has other types.
    Table(redb::TableError),
    /// redb gave up on its transaction.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Failure {
    /// The error for the caller; `context` says what was being done.
    pub fn into_error(self, context: &'static str) -> Error {
        let kind = self.kind();
        match self {
            Self::Storage(error) => Error::new(kind, context).with_source(error),
            Self::Table(error) => Error::new(kind, context).with_source(error),
            Self::Other(error) => Error::new(kind, context).with_source(error),
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::Storage(StorageError::Io(error)) => kind_of_io(error),
            Self::Storage(StorageError::Corrupted(_)) | Self::Table(_) => ErrorKind::Corrupt,
            Self::Storage(StorageError::DatabaseClosed) => ErrorKind::Closed,
            Self::Storage(StorageError::ValueTooLarge(_)) => ErrorKind::Limit,
            Self::Storage(_) | Self::Other(_) => ErrorKind::Io,
        }
    }
}

/// The kind of an input or output error.
pub fn kind_of_io(error: &io::Error) -> ErrorKind {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorKind::Full
        }
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => ErrorKind::Corrupt,
        _ => ErrorKind::Io,
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<redb::TableError> for Failure {
    fn from(error: redb::TableError) -> Self {
        match error {
            redb::TableError::Storage(error) => Self::Storage(error),
            error => Self::Table(error),
        }
    }
}

impl From<redb::TransactionError> for Failure {
    fn from(error: redb::TransactionError) -> Self {
        match error {
            redb::TransactionError::Storage(error) => Self::Storage(error),
            error => Self::Other(Box::new(error)),
        }
    }
}

impl From<redb::CommitError> for Failure {
    fn from(error: redb::CommitError) -> Self {
        match error {
            redb::CommitError::Storage(error) => Self::Storage(error),
            error => Self::Other(Box::new(error)),
        }
    }
}

impl From<redb::SetDurabilityError> for Failure {
    fn from(error: redb::SetDurabilityError) -> Self {
        Self::Other(Box::new(error))
    }
}
