//! Documents, collections, identifiers and the query's surroundings.

use std::sync::Arc;

use database::{Revision, Schema, SchemaLevel};
use error_codes::codes;
use value::{Object, Value};

use super::args::{arg, text};
use super::date::iso_text;
use super::{Context, Function, Outcome};

/// One document by its id; `None` when there is none or the id is not well-formed.
fn fetch(ctx: &mut Context<'_>, id: &str) -> Result<Option<Value>, super::Error> {
    if split_id(id).is_none() {
        return Ok(None);
    }
    match ctx.documents.fetch(id) {
        Err(error) if error.code == codes::ARANGO_DATA_SOURCE_NOT_FOUND => {
            ctx.warn(error.code, error.message)?;
            Ok(None)
        }
        outcome => outcome,
    }
}

/// The id of a key or id within a collection; `None` when it names another collection.
fn id_within(collection: &str, key_or_id: &str) -> Option<String> {
    match key_or_id.split_once('/') {
        Some((other, _)) => (other == collection).then(|| key_or_id.to_owned()),
        None => Some(format!("{collection}/{key_or_id}")),
    }
}

fn document(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (collection, wanted) = match args {
        [ids] => (None, ids),
        _ => match arg(args, 0).as_str() {
            Some(name) => (Some(name), arg(args, 1)),
            None => return ctx.wrong_type(),
        },
    };
    let to_id = |wanted: &Value| {
        let given = wanted.as_str().or_else(|| wanted.get("_id").as_str())?;
        match collection {
            Some(collection) => id_within(collection, given),
            None => Some(given.to_owned()),
        }
    };
    match wanted {
        Value::Array(items) => {
            let mut found = Vec::with_capacity(items.len());
            for id in items.iter().filter_map(to_id) {
                found.extend(fetch(ctx, &id)?);
            }
            Ok(found.into())
        }
        Value::String(_) | Value::Object(_) => match to_id(wanted) {
            Some(id) => Ok(fetch(ctx, &id)?.unwrap_or_default()),
            None => Ok(Value::Null),
        },
        _ => ctx.wrong_type(),
    }
}

fn collection_count(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0).as_str() {
        Some(name) => Ok(ctx.documents.count(name)?.into()),
        None => ctx.wrong_type(),
    }
}

fn collections(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    let collections: Vec<Value> = ctx
        .documents
        .collections()?
        .into_iter()
        .map(|(id, name)| Value::object(Object::from_iter([("_id", id), ("name", name)])))
        .collect();
    Ok(collections.into())
}

fn current_database(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    Ok(ctx.database.into())
}

fn current_user(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    Ok(ctx.user.map(Value::from).unwrap_or_default())
}

fn version(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    Ok(ctx.version.into())
}

/// Collection and key of an id with exactly one slash.
fn split_id(id: &str) -> Option<(&str, &str)> {
    let (collection, key) = id.split_once('/')?;
    let complete = !collection.is_empty() && !key.is_empty() && !key.contains('/');
    complete.then_some((collection, key))
}

/// The id that a text is or an object has.
fn id_of(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("_id").as_str())
}

fn parse_identifier(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match id_of(arg(args, 0)).and_then(split_id) {
        Some((collection, key)) => {
            let parts = [("collection", collection), ("key", key)];
            Ok(Value::object(Object::from_iter(parts)))
        }
        None => ctx.wrong_type(),
    }
}

fn parse_collection(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match id_of(arg(args, 0)).and_then(split_id) {
        Some((collection, _)) => Ok(collection.into()),
        None => ctx.wrong_type(),
    }
}

fn parse_key(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match id_of(arg(args, 0)).and_then(split_id) {
        Some((_, key)) => Ok(key.into()),
        None => ctx.wrong_type(),
    }
}

fn is_same_collection(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match (id_of(arg(args, 0)), id_of(arg(args, 1))) {
        (Some(name), Some(id)) => {
            let name = name.split_once('/').map_or(name, |(name, _)| name);
            let other = id.split_once('/').map(|(collection, _)| collection);
            Ok((other == Some(name)).into())
        }
        _ => ctx.wrong_type(),
    }
}

/// The shard is the collection itself, for there is no other.
fn shard_id(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(Value::String(text(args, 0)))
}

/// When a revision was made, and its number within that millisecond.
fn decode_rev(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let revision = arg(args, 0).as_str().and_then(Revision::parse);
    let decoded = revision.and_then(|revision| {
        let date = iso_text(i64::try_from(revision.unix_ms()).ok()?)?;
        Some((date, revision.counter()))
    });
    match decoded {
        Some((date, count)) => {
            let parts = [("date", date), ("count", Value::from(count))];
            Ok(Value::object(Object::from_iter(parts)))
        }
        None => ctx.wrong_type(),
    }
}

fn schema_get(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0).as_str() {
        Some(name) => ctx.documents.schema(name),
        None => ctx.wrong_type(),
    }
}

/// Takes a schema as collections have them, or a bare rule.
fn schema_validate(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(document) = arg(args, 0).as_object() else {
        return ctx.wrong_type();
    };
    let schema = match arg(args, 1) {
        Value::Null => None,
        Value::Object(definition) => find_schema(ctx, definition)?,
        _ => return ctx.wrong_type(),
    };
    let mut result = Object::new();
    let violated = match &schema {
        Some(schema) if schema.level() != SchemaLevel::None => {
            !schema.is_valid(document).map_err(to_error)?
        }
        _ => false,
    };
    result.insert("valid", !violated);
    if let (true, Some(schema)) = (violated, &schema) {
        result.insert("errorMessage", schema.violation().message());
    }
    Ok(result.into())
}

/// The compiled schema, kept until another one is asked for.
fn find_schema(
    ctx: &mut Context<'_>,
    definition: &Arc<Object>,
) -> Result<Option<Arc<Schema>>, super::Error> {
    match &ctx.caches.schema {
        Some((known, schema)) if Arc::ptr_eq(known, definition) => return Ok(schema.clone()),
        _ => {}
    }
    let value = Value::Object(Arc::clone(definition));
    let schema = match definition.get("rule") {
        Some(Value::Object(_)) => Schema::parse(&value),
        _ => Schema::from_rule(&value),
    };
    let schema = schema.map_err(to_error)?;
    ctx.caches.schema = Some((Arc::clone(definition), schema.clone()));
    Ok(schema)
}

fn to_error(error: database::Error) -> super::Error {
    super::Error::new(error.code(), error.message())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("COLLECTIONS", 0, 0, collections).volatile(),
    Function::new("COLLECTION_COUNT", 1, 1, collection_count).volatile(),
    Function::new("CURRENT_DATABASE", 0, 0, current_database).volatile(),
    Function::new("CURRENT_USER", 0, 0, current_user).volatile(),
    Function::new("DECODE_REV", 1, 1, decode_rev),
    Function::new("DOCUMENT", 1, 2, document).volatile(),
    Function::new("IS_SAME_COLLECTION", 2, 2, is_same_collection),
    Function::new("PARSE_COLLECTION", 1, 1, parse_collection),
    Function::new("PARSE_IDENTIFIER", 1, 1, parse_identifier),
    Function::new("PARSE_KEY", 1, 1, parse_key),
    Function::new("SCHEMA_GET", 1, 1, schema_get).volatile(),
    Function::new("SCHEMA_VALIDATE", 2, 2, schema_validate),
    Function::of_texts("SHARD_ID", 2, 2, shard_id),
    Function::new("VERSION", 0, 0, version).volatile(),
];
