//! What a write makes of a stored document. Pure.

use std::borrow::Cow;

use value::{Object, Value};

use super::{Item, OverwriteMode, Write, WriteOptions};
use crate::collection::Collection;
use crate::computed::WriteEvent;
use crate::document::{self, Document};
use crate::error::Result;
use crate::merge::{MergeOptions, merge};
use crate::transaction::read::{check_revision, not_found};

/// What to do.
pub(super) enum Decision<'i> {
    /// Write these attributes, after what the collection adds and checks.
    Put(WriteEvent, Cow<'i, Object>),
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
}

impl Context<'_> {
    /// Decides on one item, given what is stored.
    pub fn decide<'i>(&self, item: &'i Item, stored: Option<&Document>) -> Result<Decision<'i>> {
        if let Write::Insert(document) = &item.write {
            return self.decide_insert(item, attributes(document), stored);
        }
        let stored = stored.ok_or_else(not_found)?;
        check_revision(stored, item.rev.as_deref())?;
        match &item.write {
            Write::Remove => Ok(Decision::Delete),
            Write::Update(patch) => self.decide_update(attributes(patch), stored),
            Write::Replace(document) | Write::Insert(document) => {
                Ok(self.decide_replace(attributes(document), stored))
            }
        }
    }

    fn decide_insert<'i>(
        &self,
        item: &Item,
        attributes: &'i Object,
        stored: Option<&Document>,
    ) -> Result<Decision<'i>> {
        let Some(stored) = stored else {
            return Ok(Decision::Put(WriteEvent::Insert, Cow::Borrowed(attributes)));
        };
        match self.options.overwrite_mode {
            OverwriteMode::Conflict => {
                let index = self.collection.primary_index();
                Err(crate::database::unique_violation(index, item.key.as_str()))
            }
            OverwriteMode::Ignore => Ok(Decision::Ignore),
            OverwriteMode::Replace => Ok(self.decide_replace(attributes, stored)),
            OverwriteMode::Update => self.decide_update(attributes, stored),
        }
    }

    fn decide_update<'i>(&self, patch: &'i Object, stored: &Document) -> Result<Decision<'i>> {
        if !self.is_newer(patch, stored) {
            return Ok(Decision::Keep);
        }
        let old = document::parse_body(stored.body())?;
        let merge_options = MergeOptions {
            keep_null: self.options.keep_null,
            merge_objects: self.options.merge_objects,
        };
        let merged = merge(&old, patch, merge_options);
        Ok(Decision::Put(WriteEvent::Update, Cow::Owned(merged)))
    }

    fn decide_replace<'i>(&self, attributes: &'i Object, stored: &Document) -> Decision<'i> {
        if !self.is_newer(attributes, stored) {
            return Decision::Keep;
        }
        Decision::Put(WriteEvent::Replace, Cow::Borrowed(attributes))
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
