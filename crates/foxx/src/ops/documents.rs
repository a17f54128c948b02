//! Documents: JSON text in, parsed values out.

use database::{
    Document, ErrorDocument, OverwriteMode, Selector, Transaction, WriteOptions, WriteResult,
};
use error_codes::codes;
use value::{Object, Value, json};

use super::{Call, Context, OpError, OpResult, Registrar, bad};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("documentRead", read);
    ops.op("documentMeta", meta);
    ops.op("documentReadMany", read_many);
    ops.op("documentInsert", insert);
    ops.op("documentUpdate", |call| change(call, Kind::Update));
    ops.op("documentReplace", |call| change(call, Kind::Replace));
    ops.op("documentRemove", remove);
    ops.op("documentWriteMany", write_many);
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Insert,
    Update,
    Replace,
    Remove,
}

/// One document to be written; the selector is unused by inserts.
#[derive(Clone)]
struct Item {
    selector: Option<Selector>,
    document: Value,
}

fn find(call: &Call<'_>) -> Result<Option<Document>, OpError> {
    let (name, key) = (call.text(0)?, call.text(1)?);
    let selector = Selector::key(&key)?;
    let keys = [selector.key.as_str()];
    call.context.read_documents(&name, &keys, |txn| {
        let collection = call.context.readable(txn, &name)?;
        txn.get(&collection, selector.key.as_str())
    })
}

fn read(call: &Call<'_>) -> OpResult {
    let Some(document) = find(call)? else {
        return call.nothing();
    };
    let mut text = Vec::with_capacity(document.body().len() + 64);
    document.write_json(&mut text);
    call.parsed(text)
}

/// `_id`, `_key` and `_rev` only: the body is not looked at.
fn meta(call: &Call<'_>) -> OpResult {
    let Some(document) = find(call)? else {
        return call.nothing();
    };
    let mut text = Vec::with_capacity(96);
    text.extend_from_slice(b"{\"_id\":");
    json::write_text(&document.id(), &mut text);
    text.extend_from_slice(b",\"_key\":");
    json::write_text(document.key().as_str(), &mut text);
    text.extend_from_slice(b",\"_rev\":");
    json::write_text(document.rev(), &mut text);
    text.push(b'}');
    call.parsed(text)
}

fn read_many(call: &Call<'_>) -> OpResult {
    let (name, keys) = (call.text(0)?, call.json(1)?);
    let keys: Vec<&str> = keys
        .as_array()
        .unwrap_or_default()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let documents = call.context.read_documents(&name, &keys, |txn| {
        let collection = call.context.readable(txn, &name)?;
        txn.get_many(&collection, &keys)
    })?;
    let mut text = vec![b'['];
    for (at, document) in documents.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        match document {
            Some(document) => document.write_json(&mut text),
            None => text.extend_from_slice(b"null"),
        }
    }
    text.push(b']');
    call.parsed(text)
}

fn insert(call: &Call<'_>) -> OpResult {
    let (name, document, options) = (call.text(0)?, call.json(1)?, call.json(2)?);
    write_one(
        call,
        Kind::Insert,
        &name,
        Item {
            selector: None,
            document,
        },
        &options,
    )
}

fn change(call: &Call<'_>, kind: Kind) -> OpResult {
    let (name, key, document, options) =
        (call.text(0)?, call.text(1)?, call.json(2)?, call.json(3)?);
    let selector = Some(selector(&key, options.get("ifRev"))?);
    write_one(call, kind, &name, Item { selector, document }, &options)
}

fn remove(call: &Call<'_>) -> OpResult {
    let (name, key, options) = (call.text(0)?, call.text(1)?, call.json(2)?);
    let selector = Some(selector(&key, options.get("ifRev"))?);
    write_one(
        call,
        Kind::Remove,
        &name,
        Item {
            selector,
            document: Value::Null,
        },
        &options,
    )
}

fn selector(key: &str, rev: &Value) -> Result<Selector, OpError> {
    let mut selector = Selector::key(key)?;
    selector.rev = rev.as_str().map(str::to_owned);
    Ok(selector)
}

fn write_one(call: &Call<'_>, kind: Kind, name: &str, item: Item, options: &Value) -> OpResult {
    let options = write_options(options)?;
    let key = item.selector.as_ref().map(|selector| selector.key.as_str());
    let result = call.context.write(name, key, |txn| {
        let results = write(call.context, txn, kind, name, vec![item.clone()], &options)?;
        results.into_iter().next().unwrap_or_else(|| {
            Err(database::Error::new(
                database::ErrorKind::Corrupt,
                codes::INTERNAL,
            ))
        })
    })?;
    let mut text = Vec::new();
    result.write_json(&mut text);
    call.parsed(text)
}

fn write_many(call: &Call<'_>) -> OpResult {
    let (kind, name) = (call.text(0)?, call.text(1)?);
    let (given, options) = (call.json(2)?, call.json(3)?);
    let options = write_options(&options)?;
    let kind = match kind.as_str() {
        "insert" => Kind::Insert,
        "update" => Kind::Update,
        "replace" => Kind::Replace,
        "remove" => Kind::Remove,
        _ => return Err(bad(format!("unknown kind of write {kind:?}"))),
    };
    let given = given.as_array().unwrap_or_default();
    // A bad key spoils its own item only.
    let items: Vec<Result<Item, OpError>> =
        given.iter().map(|item| read_item(kind, item)).collect();
    let good: Vec<Item> = items
        .iter()
        .filter_map(|item| item.as_ref().ok().cloned())
        .collect();
    let written = call.context.write(&name, None, |txn| {
        write(call.context, txn, kind, &name, good.clone(), &options)
    })?;
    let mut written = written.into_iter();
    let mut text = vec![b'['];
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        match item {
            Err(error) => write_error(error, None, &mut text),
            Ok(_) => match written.next() {
                Some(Ok(result)) => result.write_json(&mut text),
                Some(Err(error)) => {
                    let stored = error.document().cloned();
                    write_error(error.into(), stored, &mut text);
                }
                None => text.extend_from_slice(b"null"),
            },
        }
    }
    text.push(b']');
    call.parsed(text)
}

fn read_item(kind: Kind, item: &Value) -> Result<Item, OpError> {
    if kind == Kind::Insert {
        return Ok(Item {
            selector: None,
            document: item.clone(),
        });
    }
    let key = item.get("key").as_str().unwrap_or_default();
    let selector = Some(selector(key, item.get("rev"))?);
    Ok(Item {
        selector,
        document: item.get("document").clone(),
    })
}

fn write(
    context: &Context,
    txn: &mut Transaction,
    kind: Kind,
    name: &str,
    items: Vec<Item>,
    options: &WriteOptions,
) -> database::Result<Vec<database::Result<WriteResult>>> {
    let collection = context.writable(txn, name)?;
    if kind == Kind::Insert {
        let documents = items.into_iter().map(|item| item.document).collect();
        return txn.insert(&collection, documents, options);
    }
    let selected = items
        .into_iter()
        .filter_map(|item| Some((item.selector?, item.document)));
    match kind {
        Kind::Update => txn.update(&collection, selected.collect(), options),
        Kind::Replace => txn.replace(&collection, selected.collect(), options),
        _ => txn.remove(
            &collection,
            selected.map(|(selector, _)| selector).collect(),
            options,
        ),
    }
}

fn write_options(given: &Value) -> Result<WriteOptions, OpError> {
    let flag = |name: &str, absent: bool| given.get(name).as_bool().unwrap_or(absent);
    let overwrite_mode = match given.get("overwriteMode").as_str() {
        Some(mode) => OverwriteMode::parse(mode)?,
        None if flag("overwrite", false) => OverwriteMode::Replace,
        None => OverwriteMode::Conflict,
    };
    Ok(WriteOptions {
        return_old: flag("returnOld", false),
        return_new: flag("returnNew", false),
        overwrite_mode,
        keep_null: flag("keepNull", true),
        merge_objects: flag("mergeObjects", true),
        version_attribute: given.get("versionAttribute").as_str().map(str::to_owned),
        ..WriteOptions::default()
    })
}

/// The error of one item; for a revision that differs with what is stored.
fn write_error(error: OpError, stored: Option<ErrorDocument>, text: &mut Vec<u8>) {
    let (code, message) = match error {
        OpError::Public(code, message) => (code, message),
        OpError::Thrown(exception) => (codes::INTERNAL, exception.to_string()),
    };
    let mut shown = Object::new();
    shown.insert("error", true);
    shown.insert("errorNum", code.number());
    shown.insert("errorMessage", message);
    if let Some(stored) = stored {
        shown.insert("_id", stored.id);
        shown.insert("_key", stored.key);
        shown.insert("_rev", stored.rev);
    }
    json::write(&shown.into(), text);
}
