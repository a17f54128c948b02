//! Which document is meant, and in which revision.

use error_codes::codes;
use value::Value;

use crate::collection::Collection;
use crate::document::{DocumentKey, parse_document_id};
use crate::error::{Error, ErrorKind, Result};

/// A document of a known collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Its key.
    pub key: DocumentKey,
    /// The revision it must be in, if that matters.
    pub rev: Option<String>,
}

impl Selector {
    /// A document in whatever revision; errors: 1221.
    pub fn key(key: &str) -> Result<Self> {
        Ok(Self {
            key: DocumentKey::parse(key)?,
            rev: None,
        })
    }

    /// Reads a key, an id or an object with `_id` or `_key`; an object's `_rev` counts unless
    /// `ignore_revs`.
    ///
    /// Errors: 1205 (no such thing), 1221 (bad key), 1226 (object without key), 1213 (the id of
    /// another collection).
    pub fn parse(collection: &Collection, selector: &Value, ignore_revs: bool) -> Result<Self> {
        let rev = match selector.get("_rev") {
            Value::String(rev) if !ignore_revs => Some(rev.to_string()),
            _ => None,
        };
        let key = match selector {
            Value::String(text) => parse_text(collection, text)?,
            Value::Object(object) => match (object.get("_id"), object.get("_key")) {
                (Some(Value::String(id)), _) => parse_id(collection, id)?,
                (_, Some(Value::String(key))) => DocumentKey::parse(key)?,
                (_, Some(_)) => return Err(invalid(codes::ARANGO_DOCUMENT_KEY_BAD)),
                (Some(_), None) => return Err(invalid(codes::ARANGO_DOCUMENT_HANDLE_BAD)),
                (None, None) => return Err(invalid(codes::ARANGO_DOCUMENT_KEY_MISSING)),
            },
            _ => return Err(invalid(codes::ARANGO_DOCUMENT_HANDLE_BAD)),
        };
        Ok(Self { key, rev })
    }
}

fn parse_text(collection: &Collection, text: &str) -> Result<DocumentKey> {
    if text.is_empty() {
        return Err(invalid(codes::ARANGO_DOCUMENT_HANDLE_BAD));
    }
    if text.contains('/') {
        parse_id(collection, text)
    } else {
        DocumentKey::parse(text)
    }
}

fn parse_id(collection: &Collection, id: &str) -> Result<DocumentKey> {
    let (name, key) = parse_document_id(id)?;
    if name != collection.name() {
        return Err(invalid(codes::ARANGO_CROSS_COLLECTION_REQUEST));
    }
    Ok(key)
}

fn invalid(code: error_codes::Code) -> Error {
    Error::new(ErrorKind::Invalid, code)
}
