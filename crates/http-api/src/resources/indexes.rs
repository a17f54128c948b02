//! `/_api/index`.

use database::{Collection, Index, Transaction, TransactionOptions};
use error_codes::codes;
use hyper::{Method, StatusCode};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::Reply;
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/index", Access::Read, list),
    Route::new(Method::POST, "/_api/index", Access::Write, create),
    Route::new(Method::GET, "/_api/index/{}/{}", Access::Read, read),
    Route::new(Method::DELETE, "/_api/index/{}/{}", Access::Write, remove),
];

fn collection_name(call: &Call<'_>) -> Result<String> {
    let name = call
        .request
        .parameter("collection")
        .unwrap_or_default()
        .into_owned();
    if name.is_empty() {
        return Err(Error::plain(codes::ARANGO_COLLECTION_PARAMETER_MISSING));
    }
    Ok(name)
}

fn list(call: &Call<'_>) -> Result<Reply> {
    let collection = call.readable_collection(&collection_name(call)?)?;
    let with_hidden = call.request.flag("withHidden").unwrap_or(false);
    let mut txn = match call.request.flag("withStats") {
        Some(true) => Some(call.database()?.begin(TransactionOptions::read_only())?),
        _ => None,
    };
    // Both indexes of an edge collection are one to clients: they share its identifier.
    let mut identifiers = Object::new();
    for index in collection.indexes_with_building() {
        if index.is_building() && !with_hidden {
            continue;
        }
        let mut shown = index.to_object(&collection);
        if index.is_building() {
            shown.insert("isBuilding", true);
            shown.insert("progress", i64::from(index.progress()));
        }
        if let Some(txn) = &mut txn {
            shown.insert("figures", figures(txn, &collection, index)?);
        }
        let id = format!("{}/{}", collection.name(), index.public_number());
        identifiers.insert(id, shown);
    }
    let indexes: Vec<Value> = identifiers.values().cloned().collect();
    let mut object = Object::new();
    object.insert("indexes", indexes);
    object.insert("identifiers", identifiers);
    Ok(Reply::enveloped(StatusCode::OK, object))
}

/// What an index takes; there is no cache of entries.
fn figures(txn: &mut Transaction, collection: &Collection, index: &Index) -> Result<Object> {
    let mut figures = Object::new();
    figures.insert("memory", txn.index_bytes(collection, index)?);
    figures.insert("cacheInUse", false);
    figures.insert("cacheSize", 0);
    figures.insert("cacheUsage", 0);
    Ok(figures)
}

fn create(call: &Call<'_>) -> Result<Reply> {
    let definition = call.request.json()?;
    let name = collection_name(call)?;
    call.check_change(&name)?;
    let created = call.database()?.create_index(&name, &definition)?;
    let mut object = created.index.to_object(&created.collection);
    object.insert("isNewlyCreated", created.is_newly_created);
    let status = if created.is_newly_created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(Reply::enveloped(status, object))
}

fn read(call: &Call<'_>) -> Result<Reply> {
    let collection = call.readable_collection(call.argument(0))?;
    let index = collection
        .find_index(call.argument(1))
        .ok_or_else(|| Error::plain(codes::ARANGO_INDEX_NOT_FOUND))?;
    Ok(Reply::enveloped(
        StatusCode::OK,
        index.to_object(&collection),
    ))
}

fn remove(call: &Call<'_>) -> Result<Reply> {
    let collection = call.readable_collection(call.argument(0))?;
    call.check_change(collection.name())?;
    let number = call
        .database()?
        .drop_index(collection.name(), call.argument(1))?;
    let id = format!("{}/{number}", collection.name());
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("id", id)].into_iter().collect(),
    ))
}
