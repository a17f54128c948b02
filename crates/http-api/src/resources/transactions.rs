//! `/_api/transaction`: transactions that clients hold open, and those they send as JavaScript.

use std::sync::Arc;
use std::time::Duration;

use database::{
    CollectionAccess, CollectionLocks, Level, TransactionId, TransactionOptions, TransactionStatus,
};
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route, Waiting};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::after_locks(Method::POST, "/_api/transaction/begin", Access::Read, begin),
    Route::new(Method::POST, "/_api/transaction", Access::Read, run),
    Route::new(Method::GET, "/_api/transaction", Access::Read, list),
    Route::new(
        Method::DELETE,
        "/_api/transaction/write",
        Access::Write,
        abort_all,
    ),
    Route::new(Method::GET, "/_api/transaction/{}", Access::Read, status),
    Route::new(Method::PUT, "/_api/transaction/{}", Access::Read, commit),
    Route::new(Method::DELETE, "/_api/transaction/{}", Access::Read, abort),
];

fn wrong(message: impl Into<String>) -> Error {
    Error::new(codes::BAD_PARAMETER, message)
}

/// The collections of one kind: one name or a list of them.
fn names(collections: &Value, kind: &str) -> Result<Vec<String>> {
    let wrong = || {
        wrong(format!(
            "collections.{kind} must be a name or a list of names"
        ))
    };
    match collections.get(kind) {
        Value::Null => Ok(Vec::new()),
        Value::String(name) => Ok(vec![name.to_string()]),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        _ => Err(wrong()),
    }
}

/// A time in seconds; 0 means without end.
fn lock_timeout(call: &Call<'_>, body: &Value) -> Result<Duration> {
    match body.get("lockTimeout") {
        Value::Null => Ok(call.api.settings.lock_timeout),
        given => match given.as_f64() {
            Some(0.0) => Ok(Duration::MAX),
            Some(seconds) if seconds > 0.0 => {
                Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
            }
            _ => Err(wrong("lockTimeout must be a number of seconds")),
        },
    }
}

fn bytes_max(body: &Value) -> Result<Option<usize>> {
    match body.get("maxTransactionSize") {
        Value::Null => Ok(None),
        given => {
            let bytes = given.as_i64().filter(|bytes| *bytes > 0);
            let bytes = bytes.and_then(|bytes| usize::try_from(bytes).ok());
            let text = "maxTransactionSize must be a positive number of bytes";
            bytes.map(Some).ok_or_else(|| wrong(text))
        }
    }
}

/// What a transaction declares, within what the caller may do.
fn options(call: &Call<'_>, body: &Value) -> Result<TransactionOptions> {
    let collections = body.get("collections");
    if collections.as_object().is_none() {
        return Err(wrong(
            "missing/invalid collections definition for transaction",
        ));
    }
    let mut read = names(collections, "read")?;
    let write = names(collections, "write")?;
    let exclusive = names(collections, "exclusive")?;
    for name in &read {
        call.readable_collection(name)?;
    }
    for name in write.iter().chain(&exclusive) {
        call.writable_collection(name)?;
    }
    let allow_implicit = match body.get("allowImplicit") {
        Value::Null => collections.get("allowImplicit"),
        given => given,
    };
    let mut allow_implicit_reads = allow_implicit.as_bool().unwrap_or(true);
    let is_by_rights = allow_implicit_reads && !call.identity.is_almighty();
    if is_by_rights {
        // Those that the caller may read are declared for it, the others stay closed.
        allow_implicit_reads = false;
        for collection in call.database()?.collections() {
            if call.collection_level(collection.name())? >= Level::ReadOnly {
                read.push(collection.name().to_owned());
            }
        }
    }
    Ok(TransactionOptions {
        read_only: false,
        access: Some(Arc::new(CollectionAccess {
            read,
            write: write.iter().chain(&exclusive).cloned().collect(),
            allow_implicit_reads,
            is_by_rights,
        })),
        locks: CollectionLocks { write, exclusive },
        // What is written without having been declared is refused, so nothing else is locked.
        lock_timeout: None,
        bytes_max: bytes_max(body)?,
        claims_documents: true,
        unsynced: None,
        expected: Vec::new(),
    })
}

fn begin(call: &Call<'_>) -> Result<Waiting> {
    let body = call.request.json()?;
    let options = options(call, &body)?;
    let database = call.database()?;
    let user = call.identity.shared_user();
    Ok(Waiting {
        locks: database.request_locks(&options),
        timeout: lock_timeout(call, &body)?,
        then: Box::new(move |api, locks| {
            let open = api.databases.open_transactions();
            let id = open.begin_with(&database, user.as_deref(), options, locks)?;
            Ok(answer(StatusCode::CREATED, id, TransactionStatus::Running))
        }),
    })
}

fn answer(status: StatusCode, id: TransactionId, state: TransactionStatus) -> Reply {
    let mut result = Object::new();
    result.insert("id", id.to_string());
    result.insert("status", state.name());
    Reply::enveloped(status, [("result", result)].into_iter().collect())
}

fn list(call: &Call<'_>) -> Result<Reply> {
    let open = call.api.databases.open_transactions();
    let own = open.list(&call.database()?, call.identity.user());
    let listed = own.iter().map(|transaction| {
        let mut object = Object::new();
        object.insert("id", transaction.id.to_string());
        object.insert("state", TransactionStatus::Running.name());
        Value::from(object)
    });
    let object: Object = [("transactions", listed.collect::<Vec<_>>())]
        .into_iter()
        .collect();
    Ok(Reply::json(StatusCode::OK, &object.into()))
}

fn status(call: &Call<'_>) -> Result<Reply> {
    let id = TransactionId::parse(call.argument(0))?;
    let open = call.api.databases.open_transactions();
    let state = open.status(id, &call.database()?, call.identity.user())?;
    Ok(answer(StatusCode::OK, id, state))
}

fn commit(call: &Call<'_>) -> Result<Reply> {
    let id = TransactionId::parse(call.argument(0))?;
    let open = call.api.databases.open_transactions();
    let state = open.commit(id, &call.database()?, call.identity.user())?;
    Ok(answer(StatusCode::OK, id, state))
}

fn abort(call: &Call<'_>) -> Result<Reply> {
    let id = TransactionId::parse(call.argument(0))?;
    let open = call.api.databases.open_transactions();
    let state = open.abort(id, &call.database()?, call.identity.user())?;
    Ok(answer(StatusCode::OK, id, state))
}

fn abort_all(call: &Call<'_>) -> Result<Reply> {
    let open = call.api.databases.open_transactions();
    open.abort_all(&call.database()?, None);
    Ok(Reply::enveloped(StatusCode::OK, Object::new()))
}

/// Runs JavaScript as one transaction.
fn run(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    if body.get("collections").as_object().is_none() {
        return Err(wrong(
            "missing/invalid collections definition for transaction",
        ));
    }
    if body.get("action").as_str().is_none_or(str::is_empty) {
        return Err(wrong("missing/invalid action definition for transaction"));
    }
    let user = call.identity.user();
    let result = call
        .api
        .foxx
        .run_transaction(&call.request.database, user, &body)?;
    let text = format!("{{\"error\":false,\"code\":200,\"result\":{result}}}");
    Ok(Reply::json_text(StatusCode::OK, text))
}
