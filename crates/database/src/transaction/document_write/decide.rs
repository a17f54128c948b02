//! What a write makes of a stored document. Pure.

use std::borrow::Cow;

use bytes::Bytes;
use error_codes::codes;
use value::{Object, Value};

use super::{Item, OverwriteMode, Write, WriteOptions};
use crate::collection::Collection;
use crate::document::{self, Document, parse_document_id};
use crate::error::{Error, ErrorKind, Result};
use crate::merge::{MergeOptions, merge};
use crate::revision::Revision;
use crate::settings::Settings;
use crate::transaction::read::{check_revision, not_found};

/// What to do.
pub(super) enum Decision {
    /// Write this body.
    Put(Bytes),
    /// Remove the document.
    Delete,
    /// Leave it, because it is there.
    Ignore,
    /// Leave it, because its version is not older.
    Keep,
}

/// What a decision depends on beside the item.
pub(super) struct Context<'a> {
    pub collection: &'a Collection,
    pub options: &'a WriteOptions,
    pub settings: &'a Settings,
    /// The revision that a written document gets.
    pub revision: Revision,
}

impl Context<'_> {
    /// Decides on one item, given what is stored.
    pub fn decide(&self, item: &Item, stored: Option<&Document>) -> Result<Decision> {
        if let Write::Insert(document) = &item.write {
            return self.decide_insert(item, attributes(document), stored);
        }
        let stored = stored.ok_or_else(not_found)?;
        check_revision(stored, item.rev.as_deref())?;
        match &item.write {
            Write::Remove => Ok(Decision::Delete),
            Write::Update(patch) => self.decide_update(item, attributes(patch), stored),
            Write::Replace(document) | Write::Insert(document) => {
                self.decide_replace(item, attributes(document), stored)
            }
        }
    }

    fn decide_insert(
        &self,
        item: &Item,
        attributes: &Object,
        stored: Option<&Document>,
    ) -> Result<Decision> {
        let Some(stored) = stored else {
            return self.put(item, attributes, None);
        };
        match self.options.overwrite_mode {
            OverwriteMode::Conflict => {
                let index = self.collection.primary_index();
                Err(crate::database::unique_violation(index, item.key.as_str()))
            }
            OverwriteMode::Ignore => Ok(Decision::Ignore),
            OverwriteMode::Replace => self.decide_replace(item, attributes, stored),
            OverwriteMode::Update => self.decide_update(item, attributes, stored),
        }
    }

    fn decide_update(&self, item: &Item, patch: &Object, stored: &Document) -> Result<Decision> {
        if !self.is_newer(patch, stored) {
            return Ok(Decision::Keep);
        }
        let old = document::parse_body(stored.body())?;
        let merge_options = MergeOptions {
            keep_null: self.options.keep_null,
            merge_objects: self.options.merge_objects,
        };
        self.put(item, &merge(&old, patch, merge_options), Some(stored))
    }

    fn decide_replace(
        &self,
        item: &Item,
        attributes: &Object,
        stored: &Document,
    ) -> Result<Decision> {
        if !self.is_newer(attributes, stored) {
            return Ok(Decision::Keep);
        }
        self.put(item, attributes, Some(stored))
    }

    fn put(&self, item: &Item, attributes: &Object, stored: Option<&Document>) -> Result<Decision> {
        let edge = if self.collection.is_edge() {
            Some((vertex(attributes, "_from")?, vertex(attributes, "_to")?))
        } else {
            None
        };
        if let Some(schema) = &self.collection.schema {
            schema.check(attributes, stored)?;
        }
        let depth_max = self.settings.document_depth_max;
        if attributes
            .values()
            .any(|value| !is_within(value, depth_max.saturating_sub(1)))
        {
            let message = format!("document_depth_max is {depth_max}, the document is deeper");
            return Err(Error::bad_parameter(message));
        }
        let body = document::write_body(&item.key, edge, self.revision, attributes);
        let bytes_max = self.settings.document_bytes_max;
        if body.len() > bytes_max {
            return Err(Error::limit("document_bytes_max", bytes_max, body.len()));
        }
        Ok(Decision::Put(body))
    }

    /// Whether the version attribute, if one is watched, grows or cannot be compared.
    fn is_newer(&self, attributes: &Object, stored: &Document) -> bool {
        let Some(name) = &self.options.version_attribute else {
            return true;
        };
        let number = |value: Option<Cow<'_, Value>>| {
            let number = value?.as_f64()?.floor();
            (number >= 0.0).then_some(number)
        };
        let old = number(stored.get(name).map(Cow::Owned));
        let new = number(attributes.get(name).map(Cow::Borrowed));
        match (old, new) {
            (Some(old), Some(new)) => new > old,
            _ => true,
        }
    }
}

/// The attributes of an object that was checked to be one when the item was made.
fn attributes(document: &Value) -> &Object {
    document
        .as_object()
        .expect("items are made of objects only")
}

/// The id of a vertex; errors: 1233.
fn vertex<'o>(attributes: &'o Object, name: &str) -> Result<&'o str> {
    let code = codes::ARANGO_INVALID_EDGE_ATTRIBUTE;
    attributes
        .get(name)
        .and_then(Value::as_str)
        .filter(|id| parse_document_id(id).is_ok())
        .ok_or_else(|| Error::new(ErrorKind::Invalid, code))
}

/// Whether a value nests at most `depth` levels.
fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(items) => depth > 0 && items.iter().all(|item| is_within(item, depth - 1)),
        Value::Object(object) => {
            depth > 0 && object.values().all(|item| is_within(item, depth - 1))
        }
        _ => true,
    }
}
