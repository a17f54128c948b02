//! The server's and the driver's errors by what the caller should do.

use store::{Error, ErrorKind};
use tokio_postgres::error::SqlState;

/// What became of a request that failed.
pub fn error(context: &'static str, source: tokio_postgres::Error) -> Error {
    let kind = kind_of(&source);
    // The driver's own text does not have the server's.
    let text = match source.as_db_error() {
        Some(answer) => format!("{context}: the database says: {}", answer.message()),
        None => format!("{context}: {source}"),
    };
    Error::new(kind, text).with_source(source)
}

fn kind_of(error: &tokio_postgres::Error) -> ErrorKind {
    let Some(code) = error.code() else {
        // No answer: the connection is gone, or the driver and the server misunderstand each other.
        return ErrorKind::Unavailable;
    };
    if *code == SqlState::DISK_FULL {
        return ErrorKind::Full;
    }
    if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
        return ErrorKind::Corrupt;
    }
    const AGAIN: [SqlState; 4] = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ];
    // Connection failures, lack of resources, and somebody at the server who intervened.
    let classes = ["08", "53", "57"];
    if AGAIN.contains(code) || classes.iter().any(|class| code.code().starts_with(class)) {
        return ErrorKind::Unavailable;
    }
    ErrorKind::Io
}

/// Whether the server answered that it cannot know whether a commit happened, or did not answer.
pub fn is_unknown(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|code| {
        *code == SqlState::TRANSACTION_RESOLUTION_UNKNOWN
            || *code == SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN
    })
}

/// Whether the same may succeed when it is sent again, on the same connection.
pub fn is_transient(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
    })
}

pub fn closed() -> Error {
    Error::new(ErrorKind::Closed, "use an engine that was closed")
}
