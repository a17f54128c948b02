//! Documents, collections, identifiers and the query's surroundings.

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

/// The digit a character of a revision stands for.
fn revision_digit(character: u8) -> Option<u64> {
    Some(match character {
        b'-' => 0,
        b'_' => 1,
        b'A'..=b'Z' => u64::from(character - b'A') + 2,
        b'a'..=b'z' => u64::from(character - b'a') + 28,
        b'0'..=b'9' => u64::from(character - b'0') + 54,
        _ => return None,
    })
}

/// Milliseconds since 1970 in the upper 44 bits, a counter in the lower 20.
fn decode_rev(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    const COUNTER_BITS: u32 = 20;
    let revision = arg(args, 0).as_str().filter(|text| !text.is_empty());
    let number = revision.and_then(|text| {
        text.bytes().try_fold(0u64, |number, character| {
            number
                .checked_mul(64)?
                .checked_add(revision_digit(character)?)
        })
    });
    let decoded = number.and_then(|number| {
        let date = iso_text(i64::try_from(number >> COUNTER_BITS).ok()?)?;
        Some((date, number & ((1 << COUNTER_BITS) - 1)))
    });
    match decoded {
        Some((date, count)) => {
            let parts = [("date", date), ("count", Value::from(count))];
            Ok(Value::object(Object::from_iter(parts)))
        }
        None => ctx.wrong_type(),
    }
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
    Function::of_texts("SHARD_ID", 2, 2, shard_id),
    Function::new("VERSION", 0, 0, version).volatile(),
];
