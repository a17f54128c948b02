//! The time-to-live index: documents by the instant that one attribute names.
//!
//! Its entries hold that instant in milliseconds since 1970, not the attribute's value, so that
//! numbers and date texts are in one order and expired documents are one range from the start.
//! Conditions and sorts of queries are not answered from it.
//! Source: public documentation, "Time-to-Live Indexes".

use value::{Object, Value, date};

use super::{Entry, Index, IndexKind, definition, entries, path_names, public_id};
use crate::collection::{Collection, flag};
use crate::error::{Error, Result};
use crate::ids::IndexId;
use crate::settings::Settings;

const SECOND_MS: i64 = 1_000;

pub(super) fn parse(id: IndexId, definition: &Value, settings: &Settings) -> Result<Index> {
    let fields = definition::parse_paths(definition, "fields", settings)?;
    let [field] = fields.as_slice() else {
        return Err(Error::bad_parameter("a ttl index has exactly one field"));
    };
    if field.expands() {
        let message = "the field of a ttl index must be without [*]";
        return Err(Error::bad_parameter(message));
    }
    let seconds = definition.get("expireAfter").as_f64();
    let seconds = seconds.filter(|seconds| *seconds >= 0.0).ok_or_else(|| {
        Error::bad_parameter("a ttl index needs expireAfter, a number of seconds, 0 or more")
    })?;
    if flag(definition, "unique")? == Some(true) {
        return Err(Error::bad_parameter("a ttl index cannot be unique"));
    }
    if !definition::parse_paths(definition, "storedValues", settings)?.is_empty() {
        return Err(Error::bad_parameter("a ttl index has no storedValues"));
    }
    // Always sparse, whatever is asked for; only the type is checked.
    flag(definition, "sparse")?;
    let name = definition::parse_name(id, definition)?;
    Ok(Index {
        type_name: "ttl".into(),
        sparse: true,
        estimates: false,
        expire_after_seconds: Some(seconds),
        ..Index::bare(id, IndexKind::Ttl, &name, fields)
    })
}

/// The entry of a document, unless its value is no instant.
pub(super) fn entry(index: &Index, body: &[u8], key: &[u8]) -> Option<Entry> {
    let value = entries::find(index.fields.first()?, body);
    let row = [Value::Int(instant_ms(&value)?)];
    Some(entries::encode(index, &row, &[], key))
}

/// Numbers are seconds since 1970, texts are dates, in UTC unless they name an offset.
fn instant_ms(value: &Value) -> Option<i64> {
    match value {
        Value::Int(seconds) => Some(seconds.saturating_mul(SECOND_MS)),
        // The conversion saturates.
        Value::Double(seconds) => Some((seconds * SECOND_MS as f64).floor() as i64),
        Value::String(text) => date::text::parse(text),
        _ => None,
    }
}

/// Documents whose instant is before this one have expired: `now > instant + expireAfter`.
pub(super) fn expired_before_ms(expire_after_seconds: f64, now_ms: u64) -> i64 {
    let after_ms = (expire_after_seconds * SECOND_MS as f64).ceil() as i64;
    i64::try_from(now_ms)
        .unwrap_or(i64::MAX)
        .saturating_sub(after_ms)
}

pub(super) fn to_object(index: &Index, collection: &Collection) -> Object {
    let mut object = Object::new();
    object.insert("estimates", index.estimates);
    object.insert("expireAfter", expire_after(index));
    object.insert("fields", path_names(&index.fields));
    object.insert("id", public_id(index, collection));
    object.insert("name", index.name());
    object.insert("sparse", index.sparse);
    object.insert("type", index.type_name());
    object.insert("unique", index.unique);
    object
}

/// The member `expireAfter`: null for other kinds.
pub(super) fn expire_after(index: &Index) -> Value {
    index
        .expire_after_seconds
        .and_then(Value::from_f64)
        .unwrap_or_default()
}
