//! Documented interfaces that this version does not have. Each answers 501 and says so, so that
//! nobody looks for a mistyped path. See COMPAT.md.

use error_codes::codes;
use hyper::Method;

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};

/// Every method of a path and of all that is below it.
macro_rules! missing {
    ($($pattern:literal => $what:literal,)+) => {
        pub(super) const ROUTES: &[Route] = &[
            $(
                Route::new(Method::GET, $pattern, Access::Login, |_| refuse($what)),
                Route::new(Method::POST, $pattern, Access::Login, |_| refuse($what)),
                Route::new(Method::PUT, $pattern, Access::Login, |_| refuse($what)),
                Route::new(Method::PATCH, $pattern, Access::Login, |_| refuse($what)),
                Route::new(Method::DELETE, $pattern, Access::Login, |_| refuse($what)),
            )+
        ];
    };
}

missing! {
    "/_api/gharial/{..}" => "named graphs",
    "/_api/view/{..}" => "views",
    "/_api/analyzer/{..}" => "analyzers",
    "/_api/tasks/{..}" => "tasks",
    "/_api/replication/{..}" => "replication",
    "/_api/wal/{..}" => "replication",
    "/_api/dump/{..}" => "dumps",
    "/_api/control_pregel/{..}" => "Pregel",
    "/_admin/backup/{..}" => "hot backups",
    "/_admin/wal/properties" => "properties of a write-ahead log",
    "/_admin/server/encryption" => "encryption at rest",
    "/_admin/server/api-calls" => "a record of recent calls",
    "/_admin/server/aql-queries" => "a record of recent queries",
}

fn refuse(what: &str) -> Result<Reply> {
    let text = format!("{}: {what}", codes::NOT_IMPLEMENTED.text());
    Err(Error::new(codes::NOT_IMPLEMENTED, text))
}
