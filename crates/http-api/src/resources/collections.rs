//! `/_api/collection`.

use std::sync::Arc;

use database::{
    Collection, CollectionChanges, CollectionOptions, ErrorKind, Figures, IndexEntries, Level,
};
use error_codes::codes;
use hyper::{Method, StatusCode, header};
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::message::{Reply, encode_segment};
use crate::route::{Access, Route};
use crate::state::Call;

pub(super) const ROUTES: &[Route] = &[
    Route::new(Method::GET, "/_api/collection", Access::Read, list),
    Route::new(Method::POST, "/_api/collection", Access::Write, create),
    Route::new(Method::GET, "/_api/collection/{}", Access::Read, basic),
    Route::new(Method::DELETE, "/_api/collection/{}", Access::Write, remove),
    Route::new(
        Method::GET,
        "/_api/collection/{}/properties",
        Access::Read,
        properties,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/properties",
        Access::Write,
        change,
    ),
    Route::new(
        Method::GET,
        "/_api/collection/{}/count",
        Access::Read,
        count,
    ),
    Route::new(
        Method::GET,
        "/_api/collection/{}/figures",
        Access::Read,
        figures,
    ),
    Route::new(
        Method::GET,
        "/_api/collection/{}/revision",
        Access::Read,
        revision,
    ),
    Route::new(
        Method::GET,
        "/_api/collection/{}/checksum",
        Access::Read,
        checksum,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/truncate",
        Access::Read,
        truncate,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/rename",
        Access::Write,
        rename,
    ),
    Route::new(Method::PUT, "/_api/collection/{}/load", Access::Read, load),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/unload",
        Access::Read,
        basic,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/compact",
        Access::Write,
        basic,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/loadIndexesIntoMemory",
        Access::Read,
        load_indexes,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/recalculateCount",
        Access::Read,
        recalculate_count,
    ),
    Route::new(
        Method::GET,
        "/_api/collection/{}/shards",
        Access::Read,
        cluster_only,
    ),
    Route::new(
        Method::PUT,
        "/_api/collection/{}/responsibleShard",
        Access::Read,
        cluster_only,
    ),
    Route::new(
        Method::GET,
        "/_api/key-generators",
        Access::Read,
        key_generators,
    ),
];

fn list(call: &Call<'_>) -> Result<Reply> {
    let hide_system = call.request.flag("excludeSystem").unwrap_or(false);
    let mut infos = Vec::new();
    for collection in call.database()?.collections() {
        let shown = !(hide_system && collection.is_system());
        if shown && call.collection_level(collection.name())? >= Level::ReadOnly {
            infos.push(Value::from(collection.to_basic_object()));
        }
    }
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("result", infos)].into_iter().collect(),
    ))
}

fn create(call: &Call<'_>) -> Result<Reply> {
    let options = CollectionOptions::parse(&call.request.json()?)?;
    call.check_change(&options.name)?;
    let collection = call.database()?.create_collection(&options)?;
    Ok(Reply::enveloped(
        StatusCode::OK,
        collection.to_properties_object(),
    ))
}

fn find(call: &Call<'_>) -> Result<Arc<Collection>> {
    call.readable_collection(call.argument(0))
}

fn reply(call: &Call<'_>, part: &str, collection: &Collection, object: Object) -> Reply {
    let location = format!(
        "/_db/{}/_api/collection/{}{part}",
        encode_segment(&call.request.database),
        encode_segment(collection.name())
    );
    Reply::enveloped(StatusCode::OK, object).with(header::LOCATION, &location)
}

fn basic(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    Ok(reply(call, "", &collection, collection.to_basic_object()))
}

fn load(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    let mut object = collection.to_basic_object();
    if call.request.json()?.get("count").as_bool() != Some(false) {
        object.insert("count", count_documents(call, &collection)?);
    }
    Ok(reply(call, "", &collection, object))
}

fn remove(call: &Call<'_>) -> Result<Reply> {
    call.check_change(call.argument(0))?;
    let allow_system = call.request.flag("isSystem").unwrap_or(false);
    let id = call
        .database()?
        .drop_collection(call.argument(0), allow_system)?;
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("id", id.to_string())].into_iter().collect(),
    ))
}

fn properties(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    Ok(reply(
        call,
        "/properties",
        &collection,
        collection.to_properties_object(),
    ))
}

fn change(call: &Call<'_>) -> Result<Reply> {
    let changes = CollectionChanges::parse(&call.request.json()?)?;
    call.check_change(call.argument(0))?;
    let collection = call
        .database()?
        .change_collection(call.argument(0), &changes)?;
    Ok(reply(
        call,
        "/properties",
        &collection,
        collection.to_properties_object(),
    ))
}

fn count_documents(call: &Call<'_>, collection: &Arc<Collection>) -> Result<u64> {
    call.read(|txn| txn.count(collection))
}

fn count(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    let mut object = collection.to_properties_object();
    object.insert("count", count_documents(call, &collection)?);
    Ok(reply(call, "/count", &collection, object))
}

fn figures(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    let mut object = collection.to_properties_object();
    let details = call.request.flag("details").unwrap_or(false);
    let (figures, entries) = call.read(|txn| {
        let figures = txn.figures(&collection)?;
        let entries = match details {
            true => Some(txn.index_entries(&collection)?),
            false => None,
        };
        Ok((figures, entries))
    })?;
    object.insert("count", figures.documents);
    let mut shown = figures_object(figures);
    if let Some(entries) = entries {
        shown.insert("engine", engine_object(&figures, &entries));
    }
    object.insert("figures", shown);
    Ok(reply(call, "/figures", &collection, object))
}

fn revision(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    let mut object = collection.to_properties_object();
    let revision = call.read(|txn| txn.collection_revision(&collection))?;
    object.insert("revision", revision);
    Ok(reply(call, "/revision", &collection, object))
}

/// Reads the whole collection, so only few may at once, and for a limited time.
fn checksum(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    let flag = |name: &str| call.request.flag(name).unwrap_or(false);
    let (revisions, data) = (flag("withRevisions"), flag("withData"));
    let settings = &call.api.settings;
    let Ok(_place) = call.api.scans.try_acquire() else {
        let limit = settings.scans_max;
        let text = format!("{limit} collections are being read for checksums (http.scans-max)");
        return Err(Error::new(codes::QUEUE_FULL, text));
    };
    let (clock, limit) = (&call.api.platform.clock, settings.scan_timeout);
    let end = clock.monotonic().saturating_add(limit);
    let go_on = || {
        if call.request.cancel.is_killed() {
            let code = codes::REQUEST_CANCELED;
            return Err(database::Error::new(ErrorKind::Limit, code));
        }
        if clock.monotonic() >= end {
            let seconds = limit.as_secs_f64();
            let text = format!("reading took more than {seconds} s (http.scan-time)");
            let code = codes::RESOURCE_LIMIT;
            return Err(database::Error::with_message(ErrorKind::Limit, code, text));
        }
        Ok(())
    };
    let digest = call.read(|txn| txn.checksum(&collection, revisions, data, go_on))?;
    let mut object = collection.to_basic_object();
    object.insert("checksum", digest.checksum.to_string());
    object.insert("revision", digest.revision);
    Ok(reply(call, "/checksum", &collection, object))
}

fn figures_object(figures: Figures) -> Object {
    let mut indexes = Object::new();
    indexes.insert("count", figures.indexes);
    indexes.insert("size", figures.indexes_bytes);
    let mut object = Object::new();
    object.insert("indexes", indexes);
    object.insert("documentsSize", figures.documents_bytes);
    object.insert("cacheInUse", false);
    object.insert("cacheSize", 0);
    object.insert("cacheUsage", 0);
    object
}

fn engine_object(figures: &Figures, entries: &[IndexEntries]) -> Object {
    let one = |index: &IndexEntries| {
        let mut object = Object::new();
        object.insert("type", index.type_name.as_str());
        object.insert("id", index.number.as_str());
        object.insert("count", index.entries);
        Value::object(object)
    };
    let mut object = Object::new();
    object.insert("documents", figures.documents);
    object.insert("indexes", entries.iter().map(one).collect::<Vec<_>>());
    object
}

/// There is nothing to be loaded: what is read often is in memory anyway.
fn load_indexes(call: &Call<'_>) -> Result<Reply> {
    let collection = find(call)?;
    let object = [("result", true)].into_iter().collect();
    Ok(reply(call, "/loadIndexesIntoMemory", &collection, object))
}

fn recalculate_count(call: &Call<'_>) -> Result<Reply> {
    let collection = call.writable_collection(call.argument(0))?;
    let count = call.database()?.recalculate_count(&collection)?;
    let mut object = Object::new();
    object.insert("result", true);
    object.insert("count", count);
    Ok(reply(call, "/recalculateCount", &collection, object))
}

fn cluster_only(call: &Call<'_>) -> Result<Reply> {
    find(call)?;
    Err(Error::plain(codes::CLUSTER_UNSUPPORTED))
}

fn truncate(call: &Call<'_>) -> Result<Reply> {
    let collection = call.writable_collection(call.argument(0))?;
    call.truncate(&collection)?;
    Ok(reply(call, "", &collection, collection.to_basic_object()))
}

fn rename(call: &Call<'_>) -> Result<Reply> {
    let body = call.request.json()?;
    let name = body.get("name").as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(Error::plain(codes::ARANGO_ILLEGAL_NAME));
    }
    call.check_change(call.argument(0))?;
    let collection = call.database()?.rename_collection(call.argument(0), name)?;
    Ok(reply(call, "", &collection, collection.to_basic_object()))
}

fn key_generators(_: &Call<'_>) -> Result<Reply> {
    let names = ["padded", "uuid", "autoincrement", "traditional"]
        .map(Value::from)
        .to_vec();
    Ok(Reply::enveloped(
        StatusCode::OK,
        [("keyGenerators", names)].into_iter().collect(),
    ))
}
