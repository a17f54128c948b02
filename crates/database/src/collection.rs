//! Definitions of collections: what is stored about them and what clients see.

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use crate::changes::Changes;
use crate::computed::ComputedValues;
use crate::document::CollectionName;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CollectionId, IndexId, Keyspace};
use crate::index::{Index, IndexKind};
use crate::key_generator::{KeyGenerator, KeyOptions};
use crate::names;
use crate::schema::Schema;

/// What a collection holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CollectionKind {
    /// Documents.
    Document,
    /// Documents with `_from` and `_to`.
    Edge,
}

impl CollectionKind {
    /// The public number: 2 or 3.
    pub fn number(self) -> i64 {
        match self {
            Self::Document => 2,
            Self::Edge => 3,
        }
    }

    /// The public name: `document` or `edge`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Edge => "edge",
        }
    }

    /// From the public number; errors: 1218.
    pub fn from_number(number: i64) -> Result<Self> {
        match number {
            2 => Ok(Self::Document),
            3 => Ok(Self::Edge),
            _ => Err(Error::new(
                ErrorKind::Invalid,
                codes::ARANGO_COLLECTION_TYPE_INVALID,
            )),
        }
    }
}

/// What to create; see [`Self::parse`] for the public form.
#[derive(Clone, Debug, PartialEq)]
pub struct CollectionOptions {
    /// The name. Names of system collections begin with `_`.
    pub name: String,
    /// What it holds.
    pub kind: CollectionKind,
    /// Allows a name that begins with `_`.
    pub is_system: bool,
    /// Stored and shown; every commit is durable anyway.
    pub wait_for_sync: bool,
    /// Stored and shown; there is no such cache.
    pub cache_enabled: bool,
    /// Keys of its documents.
    pub key_options: KeyOptions,
    /// What its documents must look like.
    pub schema: Option<Arc<Schema>>,
    /// Attributes that are derived when a document is written.
    pub computed_values: Option<Arc<ComputedValues>>,
}

impl CollectionOptions {
    /// A collection of documents with every option at its default.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            kind: CollectionKind::Document,
            is_system: false,
            wait_for_sync: false,
            cache_enabled: false,
            key_options: KeyOptions::default(),
            schema: None,
            computed_values: None,
        }
    }

    /// The same as an edge collection.
    pub fn edge(name: impl Into<String>) -> Self {
        Self {
            kind: CollectionKind::Edge,
            ..Self::new(name)
        }
    }

    /// Reads the public form: `name`, `type`, `isSystem`, `waitForSync`, `cacheEnabled`,
    /// `keyOptions`, `schema`, `computedValues`. Unknown and cluster-only attributes are
    /// ignored.
    ///
    /// Errors: 1208 (no name), 1218, 10, 1621.
    pub fn parse(options: &Value) -> Result<Self> {
        Ok(Self {
            schema: Schema::parse(options.get("schema"))?,
            ..Self::parse_plain(options)?
        })
    }

    /// The same but for what has to be compiled.
    fn parse_plain(options: &Value) -> Result<Self> {
        let name = options.get("name").as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, codes::ARANGO_ILLEGAL_NAME));
        }
        let kind = match options.get("type") {
            Value::Null => CollectionKind::Document,
            value => CollectionKind::from_number(value.as_i64().unwrap_or(0))?,
        };
        Ok(Self {
            kind,
            is_system: flag(options, "isSystem")?.unwrap_or(false),
            wait_for_sync: flag(options, "waitForSync")?.unwrap_or(false),
            cache_enabled: flag(options, "cacheEnabled")?.unwrap_or(false),
            key_options: KeyOptions::parse(options.get("keyOptions"))?,
            computed_values: ComputedValues::parse(options.get("computedValues"))?,
            ..Self::new(name)
        })
    }
}

/// Changes of a collection's properties; `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectionChanges {
    /// See [`CollectionOptions::wait_for_sync`].
    pub wait_for_sync: Option<bool>,
    /// See [`CollectionOptions::cache_enabled`].
    pub cache_enabled: Option<bool>,
    /// See [`CollectionOptions::schema`]; `Some(None)` takes it away.
    pub schema: Option<Option<Arc<Schema>>>,
    /// See [`CollectionOptions::computed_values`]; `Some(None)` takes them away.
    pub computed_values: Option<Option<Arc<ComputedValues>>>,
}

impl CollectionChanges {
    /// Reads the public form; other attributes are ignored. Errors: 10, 1621.
    pub fn parse(changes: &Value) -> Result<Self> {
        let given = |name: &str| changes.as_object().and_then(|given| given.get(name));
        Ok(Self {
            schema: given("schema").map(Schema::parse).transpose()?,
            computed_values: given("computedValues")
                .map(ComputedValues::parse)
                .transpose()?,
            wait_for_sync: flag(changes, "waitForSync")?,
            cache_enabled: flag(changes, "cacheEnabled")?,
        })
    }
}

pub(crate) fn flag(options: &Value, name: &str) -> Result<Option<bool>> {
    match options.get(name) {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        _ => Err(Error::bad_parameter(format!("{name} must be a boolean"))),
    }
}

/// One version of a collection's definition. Immutable; a change makes another version.
#[derive(Clone, Debug)]
pub struct Collection {
    pub(crate) id: CollectionId,
    /// Where its documents lie.
    pub(crate) keyspace: Keyspace,
    pub(crate) name: Arc<CollectionName>,
    pub(crate) kind: CollectionKind,
    pub(crate) wait_for_sync: bool,
    pub(crate) cache_enabled: bool,
    pub(crate) key_options: KeyOptions,
    pub(crate) generator: Arc<KeyGenerator>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) schema: Option<Arc<Schema>>,
    pub(crate) computed_values: Option<Arc<ComputedValues>>,
    /// Every index, primary first; also those that are being built.
    pub(crate) indexes: Vec<Arc<Index>>,
}

impl Collection {
    /// A new collection of checked options; errors: 1208.
    pub(crate) fn create(
        id: CollectionId,
        options: &CollectionOptions,
        mut next_index: impl FnMut() -> Result<u64>,
    ) -> Result<Self> {
        names::check_collection(&options.name, options.is_system)?;
        let mut indexes = Vec::new();
        if options.kind == CollectionKind::Edge {
            for field in ["_from", "_to"] {
                indexes.push(Index::edge(IndexId(next_index()?), field));
            }
        }
        Ok(Self::build(id, options, indexes))
    }

    /// Whether something was written to it after the commit of that sequence, as far as this
    /// process knows. To be shown; what is kept must ask [`crate::Transaction::reads_as_of`].
    pub fn may_have_changed_since(&self, sequence: u64) -> bool {
        !self.changes.is_none_after(sequence)
    }

    fn build(id: CollectionId, options: &CollectionOptions, others: Vec<Index>) -> Self {
        let mut collection = Self {
            id,
            keyspace: Keyspace(id.0),
            name: CollectionName::new(&options.name),
            kind: options.kind,
            wait_for_sync: options.wait_for_sync,
            cache_enabled: options.cache_enabled,
            key_options: options.key_options,
            generator: Arc::default(),
            changes: Arc::default(),
            schema: options.schema.clone(),
            computed_values: options.computed_values.clone(),
            indexes: Vec::new(),
        };
        collection.set_indexes(others);
        collection
    }

    /// Its identifier, which a new name does not change.
    pub fn id(&self) -> CollectionId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Its name, shared.
    pub fn shared_name(&self) -> &Arc<CollectionName> {
        &self.name
    }

    /// What it holds.
    pub fn kind(&self) -> CollectionKind {
        self.kind
    }

    /// Whether it holds edges.
    pub fn is_edge(&self) -> bool {
        self.kind == CollectionKind::Edge
    }

    /// Whether its name begins with `_`.
    pub fn is_system(&self) -> bool {
        self.name().starts_with('_')
    }

    /// The `waitForSync` property.
    pub fn wait_for_sync(&self) -> bool {
        self.wait_for_sync
    }

    /// Key options.
    pub fn key_options(&self) -> KeyOptions {
        self.key_options
    }

    /// What its documents must look like.
    pub fn schema(&self) -> Option<&Arc<Schema>> {
        self.schema.as_ref()
    }

    /// The `schema` property: its public form or `null`.
    pub fn schema_value(&self) -> Value {
        self.schema
            .as_ref()
            .map_or(Value::Null, |schema| schema.to_value())
    }

    /// The `computedValues` property: its public form or `null`.
    pub fn computed_values_value(&self) -> Value {
        self.computed_values
            .as_ref()
            .map_or(Value::Null, |values| values.to_value())
    }

    /// The indexes that queries may use, in order of creation: primary, then for edges one by
    /// `_from` and one by `_to` (both are the public index `edge`), then the others.
    pub fn indexes(&self) -> impl Iterator<Item = &Arc<Index>> {
        self.indexes.iter().filter(|index| !index.building)
    }

    /// The same with those that are being built; see [`Index::is_building`].
    pub fn indexes_with_building(&self) -> impl Iterator<Item = &Arc<Index>> {
        self.indexes.iter()
    }

    /// The primary index.
    pub fn primary_index(&self) -> &Arc<Index> {
        self.indexes
            .first()
            .expect("every collection is made with a primary index in the first place")
    }

    /// An index by name, number or `collection/number`.
    pub fn find_index(&self, name_or_id: &str) -> Option<&Arc<Index>> {
        let number = match name_or_id.split_once('/') {
            Some((collection, number)) if collection == self.name() => number,
            Some(_) => return None,
            None => name_or_id,
        };
        self.indexes()
            .find(|index| index.name() == name_or_id || index.public_number() == number)
    }

    /// `id`, `name`, `type`, `isSystem`, `status`, `globallyUniqueId`.
    pub fn to_basic_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("id", self.id.to_string());
        object.insert("name", self.name());
        object.insert("status", 3);
        object.insert("type", self.kind.number());
        object.insert("isSystem", self.is_system());
        let global = if self.is_system() {
            self.name().to_owned()
        } else {
            format!("h1/{}", self.id)
        };
        object.insert("globallyUniqueId", global);
        object
    }

    /// Everything `GET .../properties` shows, without the envelope.
    pub fn to_properties_object(&self) -> Object {
        let mut object = self.to_basic_object();
        object.insert("statusString", "loaded");
        object.insert("waitForSync", self.wait_for_sync);
        let mut keys = self.key_options.to_object();
        if self.key_options.kind != crate::KeyGeneratorKind::Uuid {
            keys.insert("lastValue", self.generator.last());
        }
        object.insert("keyOptions", keys);
        object.insert("schema", self.schema_value());
        object.insert("computedValues", self.computed_values_value());
        object.insert("cacheEnabled", self.cache_enabled);
        object.insert("writeConcern", 1);
        object.insert("objectId", self.id.to_string());
        object.insert("usesRevisionsAsDocumentIds", true);
        object.insert("syncByRevision", true);
        object.insert("isSmartChild", false);
        object.insert("internalValidatorType", 0);
        object.insert("supportsRBAC", true);
        object
    }

    /// Sets the indexes other than the primary one.
    pub(crate) fn set_indexes(&mut self, others: Vec<Index>) {
        let primary = std::iter::once(Index::primary(self.keyspace));
        self.indexes = primary.chain(others).map(Arc::new).collect();
    }

    /// The indexes with entries of their own, those that are being built included.
    pub(crate) fn maintained(&self) -> impl Iterator<Item = &Arc<Index>> + Clone {
        self.indexes
            .iter()
            .filter(|index| index.kind() != IndexKind::Primary)
    }

    /// The stored definition.
    pub(crate) fn to_definition(&self) -> Value {
        let mut object = Object::new();
        object.insert("name", self.name());
        object.insert("type", self.kind.number());
        object.insert("waitForSync", self.wait_for_sync);
        object.insert("cacheEnabled", self.cache_enabled);
        object.insert("keyOptions", self.key_options.to_object());
        self.keyspace.write(self.id.0, &mut object);
        if let Some(schema) = &self.schema {
            object.insert("schema", schema.to_value());
        }
        if let Some(computed) = &self.computed_values {
            object.insert("computedValues", computed.to_value());
        }
        Value::object(object)
    }

    /// From a stored definition, without indexes other than the primary one.
    pub(crate) fn from_definition(id: CollectionId, definition: &Value) -> Result<Self> {
        let damaged = |_| Error::corrupt(format_args!("definition of collection {id}"));
        let options = CollectionOptions {
            is_system: true,
            schema: Schema::from_stored(definition.get("schema")).map_err(damaged)?,
            ..CollectionOptions::parse_plain(definition).map_err(damaged)?
        };
        let mut collection = Self::build(id, &options, Vec::new());
        collection.keyspace = Keyspace::read(id.0, definition);
        Ok(collection)
    }
}
