//! Inserting, updating, replacing and removing documents, with their index entries.
//!
//! A call takes many items and answers each: one that fails leaves no trace and does not keep
//! the others from being written. Items are taken in runs of different documents; a run reads
//! its documents in one round trip, the owners of its unique values in another, and writes one
//! batch.

mod apply;
mod complete;
mod decide;

use std::collections::HashSet;

use error_codes::codes;
use value::{Object, Value, json};

use super::{Selector, Transaction};
use crate::collection::Collection;
use crate::document::{Document, DocumentKey};
use crate::error::{Error, ErrorKind, Result};
use crate::revision::Revision;
use crate::shared::CollectionKeys;

/// What an insert does with a document whose key exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverwriteMode {
    /// Fails with 1210.
    #[default]
    Conflict,
    /// Leaves the existing one and answers with its key and revision.
    Ignore,
    /// Replaces it.
    Replace,
    /// Updates it.
    Update,
}

impl OverwriteMode {
    /// Reads the public name; errors: 10.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "conflict" => Ok(Self::Conflict),
            "ignore" => Ok(Self::Ignore),
            "replace" => Ok(Self::Replace),
            "update" => Ok(Self::Update),
            _ => Err(Error::bad_parameter(format!(
                "invalid overwriteMode '{name}'"
            ))),
        }
    }
}

/// Options of writes. Every commit is durable, so there is no `waitForSync`; revisions to be
/// checked are in the [`Selector`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOptions {
    /// Give back the document as it was.
    pub return_old: bool,
    /// Give back the document as it became.
    pub return_new: bool,
    /// For inserts.
    pub overwrite_mode: OverwriteMode,
    /// For updates: nulls are stored; otherwise they remove attributes.
    pub keep_null: bool,
    /// For updates: objects are merged; otherwise they are replaced.
    pub merge_objects: bool,
    /// For updates and replaces: do nothing, silently, unless the number in this attribute
    /// grows.
    pub version_attribute: Option<String>,
    /// For inserts: what was saved elsewhere is put back. A given revision is kept, and keys
    /// may be given whatever the collection says.
    pub is_restore: bool,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            return_old: false,
            return_new: false,
            overwrite_mode: OverwriteMode::Conflict,
            keep_null: true,
            merge_objects: true,
            version_attribute: None,
            is_restore: false,
        }
    }
}

/// What a write did to one document.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteResult {
    /// The document's key.
    pub key: DocumentKey,
    /// `collection/key`.
    pub id: String,
    /// The revision it has now; of a removed document the one it had.
    pub rev: Revision,
    /// The revision it had, if it was there and was not removed or ignored.
    pub old_rev: Option<Revision>,
    /// The document as it was, if asked for.
    pub old: Option<Document>,
    /// The document as it became, if asked for.
    pub new: Option<Document>,
    /// Whether nothing was written: `ignore`, or a version that was not newer.
    pub is_unchanged: bool,
}

impl WriteResult {
    /// Appends `{"_id":..,"_key":..,"_rev":..}` with `_oldRev`, `old` and `new` as there are.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"_id\":");
        json::write_text(&self.id, out);
        out.extend_from_slice(b",\"_key\":");
        json::write_text(self.key.as_str(), out);
        out.extend_from_slice(b",\"_rev\":\"");
        self.rev.write(out);
        out.push(b'"');
        if let Some(old_rev) = self.old_rev {
            out.extend_from_slice(b",\"_oldRev\":\"");
            old_rev.write(out);
            out.push(b'"');
        }
        if let Some(old) = &self.old {
            out.extend_from_slice(b",\"old\":");
            old.write_json(out);
        }
        if let Some(new) = &self.new {
            out.extend_from_slice(b",\"new\":");
            new.write_json(out);
        }
        out.push(b'}');
    }
}

/// One document to be written.
struct Item {
    key: DocumentKey,
    /// Whether the key came from the generator, and so may be exchanged for another.
    generated: bool,
    rev: Option<String>,
    write: Write,
}

enum Write {
    Insert(Value),
    Update(Value),
    Replace(Value),
    Remove,
}

impl Transaction {
    /// Inserts documents (objects); one answer each.
    ///
    /// Errors of an item: 1227 (no object), 1221, 1222, 1225 (keys), 1233 (edges), 1210, 10
    /// (limits). Errors of the whole: 1203, 1652, 1004, the engine's.
    pub fn insert(
        &mut self,
        collection: &Collection,
        documents: Vec<Value>,
        options: &WriteOptions,
    ) -> Result<Vec<Result<WriteResult>>> {
        let current = self.writable(collection)?;
        let item = |document: Value| self.insert_item(&current, document, options);
        let items = documents.into_iter().map(item).collect();
        self.write_items(&current, items, options)
    }

    /// Updates documents: a selector and the attributes to change; one answer each.
    ///
    /// Errors of an item: 1202, 1200 of kind [`ErrorKind::Precondition`], and those of
    /// [`Self::insert`]. Errors of the whole: as there.
    pub fn update(
        &mut self,
        collection: &Collection,
        changes: Vec<(Selector, Value)>,
        options: &WriteOptions,
    ) -> Result<Vec<Result<WriteResult>>> {
        self.write_selected(collection, changes, Write::Update, options)
    }

    /// Replaces documents: a selector and all attributes; one answer each. Errors: as
    /// [`Self::update`].
    pub fn replace(
        &mut self,
        collection: &Collection,
        documents: Vec<(Selector, Value)>,
        options: &WriteOptions,
    ) -> Result<Vec<Result<WriteResult>>> {
        self.write_selected(collection, documents, Write::Replace, options)
    }

    /// Removes documents; one answer each. Errors: as [`Self::update`].
    pub fn remove(
        &mut self,
        collection: &Collection,
        selectors: Vec<Selector>,
        options: &WriteOptions,
    ) -> Result<Vec<Result<WriteResult>>> {
        let current = self.writable(collection)?;
        let item = |selector: Selector| {
            Ok(Item {
                key: selector.key,
                generated: false,
                rev: selector.rev,
                write: Write::Remove,
            })
        };
        let items = selectors.into_iter().map(item).collect();
        self.write_items(&current, items, options)
    }

    fn write_selected(
        &mut self,
        collection: &Collection,
        documents: Vec<(Selector, Value)>,
        write: fn(Value) -> Write,
        options: &WriteOptions,
    ) -> Result<Vec<Result<WriteResult>>> {
        let current = self.writable(collection)?;
        let item = |(selector, document): (Selector, Value)| {
            check_object(&document)?;
            Ok(Item {
                key: selector.key,
                generated: false,
                rev: selector.rev,
                write: write(document),
            })
        };
        let items = documents.into_iter().map(item).collect();
        self.write_items(&current, items, options)
    }

    fn writable(&self, collection: &Collection) -> Result<std::sync::Arc<Collection>> {
        let collection = self.resolve(collection)?;
        self.check_write(&collection)?;
        Ok(collection)
    }

    fn insert_item(
        &self,
        collection: &Collection,
        document: Value,
        write: &WriteOptions,
    ) -> Result<Item> {
        let object = check_object(&document)?;
        let options = collection.key_options;
        let (key, generated) = match object.get("_key") {
            Some(_) if !options.allow_user_keys && !write.is_restore => {
                let code = codes::ARANGO_DOCUMENT_KEY_UNEXPECTED;
                return Err(Error::new(ErrorKind::Invalid, code));
            }
            Some(Value::String(key)) => {
                let parsed = DocumentKey::parse(key)?;
                let source = self.key_source(collection);
                collection.generator.note(options.kind, key, &source)?;
                (parsed, false)
            }
            Some(_) => {
                let code = codes::ARANGO_DOCUMENT_KEY_BAD;
                return Err(Error::new(ErrorKind::Invalid, code));
            }
            None => (self.generate_key(collection)?, true),
        };
        Ok(Item {
            key,
            generated,
            rev: None,
            write: Write::Insert(document),
        })
    }

    fn generate_key(&self, collection: &Collection) -> Result<DocumentKey> {
        let source = self.key_source(collection);
        let key = collection
            .generator
            .next(collection.key_options.kind, &source)?;
        DocumentKey::parse(&key)
    }

    fn key_source(&self, collection: &Collection) -> CollectionKeys<'_> {
        CollectionKeys {
            shared: self.shared(),
            collection: collection.id,
        }
    }

    /// Writes items in runs of different keys, so that a run need not read its own writes.
    fn write_items(
        &mut self,
        collection: &Collection,
        items: Vec<Result<Item>>,
        options: &WriteOptions,
    ) -> Result<Vec<Result<WriteResult>>> {
        let mut results: Vec<Option<Result<WriteResult>>> = Vec::new();
        results.resize_with(items.len(), || None);
        let mut run: Vec<(usize, Item)> = Vec::new();
        let mut keys = HashSet::new();
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Err(error) => set(&mut results, at, Err(error)),
                Ok(item) => {
                    if !keys.insert(item.key.clone()) {
                        let full = std::mem::take(&mut run);
                        self.write_run(collection, full, options, &mut results)?;
                        keys.clear();
                        keys.insert(item.key.clone());
                    }
                    run.push((at, item));
                }
            }
        }
        self.write_run(collection, run, options, &mut results)?;
        let all: Vec<_> = results.into_iter().flatten().collect();
        Ok(all)
    }
}

fn set<T>(results: &mut [Option<Result<T>>], at: usize, result: Result<T>) {
    if let Some(slot) = results.get_mut(at) {
        *slot = Some(result);
    }
}

/// Errors: 1227.
fn check_object(document: &Value) -> Result<&Object> {
    document
        .as_object()
        .ok_or_else(|| Error::new(ErrorKind::Invalid, codes::ARANGO_DOCUMENT_TYPE_INVALID))
}
