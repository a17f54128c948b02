//! Inserting, updating, replacing and removing.

use std::sync::Arc;

use database::{Collection, OverwriteMode, Selector, Transaction, WriteOptions, WriteResult};
use error_codes::codes;
use hyper::{StatusCode, header};
use value::Value;

use super::{Many, condition, etag, items, location};
use crate::error::{Error, Result};
use crate::message::Reply;
use crate::state::Call;

type Results = Vec<database::Result<WriteResult>>;

pub(super) fn insert_by_parameter(call: &Call<'_>) -> Result<Reply> {
    let name = call.request.parameter("collection").unwrap_or_default();
    if name.is_empty() {
        return Err(Error::plain(codes::ARANGO_COLLECTION_PARAMETER_MISSING));
    }
    insert_into(call, &name)
}

pub(super) fn insert(call: &Call<'_>) -> Result<Reply> {
    insert_into(call, call.argument(0))
}

fn insert_into(call: &Call<'_>, name: &str) -> Result<Reply> {
    let collection = call.writable_collection(name)?;
    let body = call.request.json()?;
    let options = options(call)?;
    let (documents, is_many) = match &body {
        Value::Array(documents) => (documents.to_vec(), true),
        one => (vec![one.clone()], false),
    };
    let keys = documents.iter();
    let keys = keys.filter_map(|document| document.get("_key").as_str());
    let results = run(call, &collection, keys, |txn| {
        txn.insert(&collection, documents.clone(), &options)
    })?;
    let done = done(call, &collection, StatusCode::CREATED, StatusCode::ACCEPTED);
    if is_many {
        many(call, results, done)
    } else {
        one(call, &collection, results, done)
    }
}

pub(super) fn update_one(call: &Call<'_>) -> Result<Reply> {
    change_one(call, |txn, collection, changes, options| {
        txn.update(collection, changes, options)
    })
}

pub(super) fn replace_one(call: &Call<'_>) -> Result<Reply> {
    change_one(call, |txn, collection, changes, options| {
        txn.replace(collection, changes, options)
    })
}

pub(super) fn update_many(call: &Call<'_>) -> Result<Reply> {
    change_many(call, |txn, collection, changes, options| {
        txn.update(collection, changes, options)
    })
}

pub(super) fn replace_many(call: &Call<'_>) -> Result<Reply> {
    change_many(call, |txn, collection, changes, options| {
        txn.replace(collection, changes, options)
    })
}

/// [`Transaction::update`] or [`Transaction::replace`].
type Change = fn(
    &mut Transaction,
    &Collection,
    Vec<(Selector, Value)>,
    &WriteOptions,
) -> database::Result<Results>;

fn change_one(call: &Call<'_>, change: Change) -> Result<Reply> {
    let collection = call.writable_collection(call.argument(0))?;
    let document = call.request.json()?;
    let mut selector = Selector::key(call.argument(1))?;
    selector.rev = condition(call, "if-match");
    if selector.rev.is_none() && !call.request.flag("ignoreRevs").unwrap_or(true) {
        selector.rev = document.get("_rev").as_str().map(str::to_owned);
    }
    let options = options(call)?;
    let keys = [selector.key.as_str()];
    let results = run(call, &collection, keys, |txn| {
        change(
            txn,
            &collection,
            vec![(selector.clone(), document.clone())],
            &options,
        )
    })?;
    let done = done(call, &collection, StatusCode::CREATED, StatusCode::ACCEPTED);
    one(call, &collection, results, done)
}

fn change_many(call: &Call<'_>, change: Change) -> Result<Reply> {
    let collection = call.writable_collection(call.argument(0))?;
    let body = call.request.json()?;
    let ignore_revs = call.request.flag("ignoreRevs").unwrap_or(true);
    let (good, places) = select(&collection, items(&body)?, ignore_revs);
    let options = options(call)?;
    let keys = good.iter().map(|(selector, _)| selector.key.as_str());
    let results = run(call, &collection, keys, |txn| {
        change(txn, &collection, good.clone(), &options)
    })?;
    let done = done(call, &collection, StatusCode::CREATED, StatusCode::ACCEPTED);
    many(call, merge(places, results), done)
}

pub(super) fn remove_one(call: &Call<'_>) -> Result<Reply> {
    let collection = call.writable_collection(call.argument(0))?;
    let mut selector = Selector::key(call.argument(1))?;
    selector.rev = condition(call, "if-match");
    let options = options(call)?;
    let keys = [selector.key.as_str()];
    let results = run(call, &collection, keys, |txn| {
        txn.remove(&collection, vec![selector.clone()], &options)
    })?;
    let done = done(call, &collection, StatusCode::OK, StatusCode::ACCEPTED);
    one(call, &collection, results, done)
}

pub(super) fn remove_many(call: &Call<'_>) -> Result<Reply> {
    let collection = call.writable_collection(call.argument(0))?;
    let body = call.request.json()?;
    let ignore_revs = call.request.flag("ignoreRevs").unwrap_or(true);
    let (good, places) = select(&collection, items(&body)?, ignore_revs);
    let selectors: Vec<Selector> = good.into_iter().map(|(selector, _)| selector).collect();
    let options = options(call)?;
    let keys = selectors.iter().map(|selector| selector.key.as_str());
    let results = run(call, &collection, keys, |txn| {
        txn.remove(&collection, selectors.clone(), &options)
    })?;
    let done = done(call, &collection, StatusCode::OK, StatusCode::ACCEPTED);
    many(call, merge(places, results), done)
}

/// Selectors of the items that have one, and per item the error of those that have none.
fn select(
    collection: &Collection,
    items: &[Value],
    ignore_revs: bool,
) -> (Vec<(Selector, Value)>, Vec<Option<database::Error>>) {
    let mut good = Vec::with_capacity(items.len());
    let mut places = Vec::with_capacity(items.len());
    for item in items {
        match Selector::parse(collection, item, ignore_revs) {
            Ok(selector) => {
                good.push((selector, item.clone()));
                places.push(None);
            }
            Err(error) => places.push(Some(error)),
        }
    }
    (good, places)
}

fn merge(places: Vec<Option<database::Error>>, results: Results) -> Results {
    let mut results = results.into_iter();
    places
        .into_iter()
        .filter_map(|place| place.map_or_else(|| results.next(), |error| Some(Err(error))))
        .collect()
}

/// Writes documents with these keys.
fn run<'k>(
    call: &Call<'_>,
    collection: &Collection,
    keys: impl IntoIterator<Item = &'k str>,
    body: impl FnMut(&mut Transaction) -> database::Result<Results>,
) -> Result<Results> {
    let expected = call.database()?.expect(collection.name(), keys);
    call.write_expecting(expected, body)
}

fn options(call: &Call<'_>) -> Result<WriteOptions> {
    let flag = |name: &str| call.request.flag(name);
    let mut options = WriteOptions {
        return_old: flag("returnOld").unwrap_or(false),
        return_new: flag("returnNew").unwrap_or(false),
        keep_null: flag("keepNull").unwrap_or(true),
        merge_objects: flag("mergeObjects").unwrap_or(true),
        version_attribute: call
            .request
            .parameter("versionAttribute")
            .map(|name| name.into_owned()),
        is_restore: flag("isRestore").unwrap_or(false),
        ..WriteOptions::default()
    };
    if flag("overwrite").unwrap_or(false) {
        options.overwrite_mode = OverwriteMode::Replace;
    }
    if let Some(mode) = call.request.parameter("overwriteMode") {
        options.overwrite_mode = OverwriteMode::parse(&mode)?;
    }
    Ok(options)
}

/// Every write is on disk when it is answered; the status only echoes what was asked for.
fn done(
    call: &Call<'_>,
    collection: &Arc<Collection>,
    synced: StatusCode,
    accepted: StatusCode,
) -> StatusCode {
    let asked = call.request.flag("waitForSync").unwrap_or(false);
    if asked || collection.wait_for_sync() {
        synced
    } else {
        accepted
    }
}

fn one(
    call: &Call<'_>,
    collection: &Arc<Collection>,
    results: Results,
    status: StatusCode,
) -> Result<Reply> {
    let result = results
        .into_iter()
        .next()
        .ok_or_else(|| Error::plain(codes::INTERNAL))??;
    let rev = result.rev.to_string();
    let reply = if call.request.flag("silent").unwrap_or(false) {
        Reply::json_text(status, "{}")
    } else {
        let mut text = Vec::with_capacity(128);
        result.write_json(&mut text);
        Reply::json_text(status, text)
    };
    let location = location(call, collection, result.key.as_str());
    Ok(reply
        .with(header::ETAG, &etag(&rev))
        .with(header::LOCATION, &location))
}

fn many(call: &Call<'_>, results: Results, status: StatusCode) -> Result<Reply> {
    let mut many = Many::new();
    for result in results {
        many.push(result.map(|written| move |out: &mut Vec<u8>| written.write_json(out)));
    }
    Ok(many.into_reply(status, call.request.flag("silent").unwrap_or(false)))
}
