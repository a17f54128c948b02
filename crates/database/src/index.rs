//! Indexes: definitions, the entries they make of documents, and what the optimizer is told.
//!
//! A kind of index is a file below this one. A kind says which definitions it accepts and which
//! values it indexes of a document; keeping and scanning entries is the same for all.

mod definition;
mod edge;
mod entries;
mod estimate;
mod persistent;
mod primary;
mod ttl;

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use store::KeyRange;
use value::{AttributePath, Object, Value};

pub(crate) use entries::{Entry, EntryLimits, decode_entry, stored_touch};
pub(crate) use estimate::{Estimator, Note};

use crate::collection::Collection;
use crate::error::{Error, Result};
use crate::ids::{IndexId, Keyspace};
use crate::layout;
use crate::settings::Settings;
use crate::transaction::IndexRange;

/// The kinds of indexes that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexKind {
    /// Documents by `_key`: the documents themselves.
    Primary,
    /// Edges by `_from` or by `_to`.
    Edge,
    /// Documents by the values of attributes, in value order.
    Persistent,
    /// Documents by the instant at which they begin to expire.
    Ttl,
}

/// One index of a collection. Immutable; owned by the [`Collection`] it belongs to.
#[derive(Clone, Debug)]
pub struct Index {
    pub(crate) id: IndexId,
    /// Where its entries lie; of a primary index: the documents.
    pub(crate) keyspace: Keyspace,
    kind: IndexKind,
    /// The type that was asked for, such as `skiplist`.
    type_name: Arc<str>,
    name: Arc<str>,
    fields: Vec<AttributePath>,
    stored_values: Vec<AttributePath>,
    unique: bool,
    sparse: bool,
    deduplicate: bool,
    estimates: bool,
    cache_enabled: bool,
    /// Of a [`IndexKind::Ttl`].
    expire_after_seconds: Option<f64>,
    /// Written by every change of a document, but not yet complete.
    pub(crate) building: bool,
    /// How much of its build is done, in percent.
    progress: Arc<AtomicU8>,
    /// Shared by all versions of the index.
    pub(crate) estimator: Arc<Estimator>,
}

impl Index {
    /// The primary index, which has no entries of its own but the documents.
    pub(crate) fn primary(documents: Keyspace) -> Self {
        Self {
            keyspace: documents,
            ..primary::index()
        }
    }

    /// The same index without entries, for another keyspace.
    pub(crate) fn emptied(&self, keyspace: Keyspace) -> Self {
        Self {
            keyspace,
            estimator: Arc::new(Estimator::new(measured_of(self.fields.len()))),
            ..self.clone()
        }
    }

    /// One half of an edge index: `field` is `_from` or `_to`.
    pub(crate) fn edge(id: IndexId, field: &str) -> Self {
        edge::index(id, field)
    }

    fn bare(id: IndexId, kind: IndexKind, name: &str, fields: Vec<AttributePath>) -> Self {
        let estimator = Arc::new(Estimator::new(measured_of(fields.len())));
        Self {
            id,
            keyspace: Keyspace(id.0),
            kind,
            type_name: name.into(),
            name: name.into(),
            fields,
            stored_values: Vec::new(),
            unique: false,
            sparse: false,
            deduplicate: true,
            estimates: true,
            cache_enabled: false,
            expire_after_seconds: None,
            building: false,
            progress: Arc::default(),
            estimator,
        }
    }

    /// Reads a definition as clients write it; the name is `idx_<id>` unless given.
    ///
    /// Errors: 10, 1208 (name), 9 (a documented type that is not there).
    pub(crate) fn parse(id: IndexId, definition: &Value, settings: &Settings) -> Result<Self> {
        let type_name = definition
            .get("type")
            .as_str()
            .ok_or_else(|| Error::bad_parameter("index definition without type"))?;
        match type_name {
            "persistent" | "hash" | "skiplist" => {
                persistent::parse(id, type_name, definition, settings)
            }
            "ttl" => ttl::parse(id, definition, settings),
            "geo" | "geo1" | "geo2" | "fulltext" | "mdi" | "mdi-prefixed" | "zkd" | "inverted"
            | "vector" => Err(Error::unsupported(format!(
                "indexes of type '{type_name}' are not implemented"
            ))),
            _ => Err(Error::bad_parameter(format!(
                "invalid index type '{type_name}'"
            ))),
        }
    }

    /// The kind.
    pub fn kind(&self) -> IndexKind {
        self.kind
    }

    /// The type as it was asked for: `primary`, `edge`, `persistent`, `hash`,
    /// `skiplist` or `ttl`.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The name, unique within the collection except that both halves of an edge index are
    /// called `edge`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The indexed attributes, most significant first.
    pub fn fields(&self) -> &[AttributePath] {
        &self.fields
    }

    /// Further attributes that entries hold.
    pub fn stored_values(&self) -> &[AttributePath] {
        &self.stored_values
    }

    /// Whether no two documents may have the same values.
    pub fn is_unique(&self) -> bool {
        self.unique
    }

    /// Whether documents with a missing or null indexed attribute have no entry.
    pub fn is_sparse(&self) -> bool {
        self.sparse
    }

    /// Whether entries are by the values of the fields, so that conditions and sorts can be
    /// answered from them. Those of a [`IndexKind::Ttl`] are by instants.
    pub fn is_by_value(&self) -> bool {
        self.kind != IndexKind::Ttl
    }

    /// Whether entries hold the exact value of each field and stored value. A field with `[*]`
    /// is indexed by its members, so its value cannot be told.
    pub fn is_covering(&self) -> bool {
        self.is_by_value() && !self.fields.iter().any(AttributePath::expands)
    }

    /// Seconds after the instant in the field at which documents of a [`IndexKind::Ttl`] expire.
    pub fn expire_after_seconds(&self) -> Option<f64> {
        self.expire_after_seconds
    }

    /// The entries of documents that have expired at `now_ms`, milliseconds since 1970; `None`
    /// if documents do not expire by this index.
    pub(crate) fn expired_range(&self, now_ms: u64) -> Option<IndexRange> {
        let before = ttl::expired_before_ms(self.expire_after_seconds?, now_ms);
        Some(IndexRange {
            lower: Bound::Unbounded,
            upper: Bound::Excluded(vec![before.into()]),
        })
    }

    /// Whether it is being built: writers maintain it, queries do not use it yet.
    pub fn is_building(&self) -> bool {
        self.building
    }

    /// How much of its build is done, in percent.
    pub fn progress(&self) -> u8 {
        match self.building {
            true => self.progress.load(Ordering::Relaxed),
            false => 100,
        }
    }

    pub(crate) fn set_progress(&self, documents: u64, of: u64) {
        let percent = documents.saturating_mul(100) / of.max(1);
        self.progress
            .store(percent.min(99) as u8, Ordering::Relaxed);
    }

    /// The number in the public id `collection/number`.
    pub fn public_number(&self) -> String {
        match self.kind {
            IndexKind::Primary => "0".to_owned(),
            IndexKind::Edge => "1".to_owned(),
            IndexKind::Persistent | IndexKind::Ttl => self.id.to_string(),
        }
    }

    /// The names of the fields, for messages: `a, b.c`.
    pub(crate) fn field_names(&self) -> String {
        let names: Vec<String> = self.fields.iter().map(ToString::to_string).collect();
        names.join(", ")
    }

    /// Whether both define the same index, whatever their names.
    pub(crate) fn is_same_definition(&self, other: &Self) -> bool {
        self.type_name == other.type_name
            && self.fields == other.fields
            && self.unique == other.unique
            && self.sparse == other.sparse
            && self.deduplicate == other.deduplicate
            && self.expire_after_seconds == other.expire_after_seconds
    }

    /// The entries of a document, in order of keys. Errors: an entry is longer than
    /// `index_entry_bytes_max`; there are more than `index_document_entries_max`.
    pub(crate) fn entries(
        &self,
        body: &[u8],
        key: &[u8],
        limits: EntryLimits,
    ) -> Result<Vec<Entry>> {
        match self.kind {
            IndexKind::Primary => Ok(Vec::new()),
            IndexKind::Edge | IndexKind::Persistent => {
                entries::of_document(self, body, key, limits)
            }
            // A number and a document key: never too long.
            IndexKind::Ttl => Ok(ttl::entry(self, body, key).into_iter().collect()),
        }
    }

    /// The index as clients see it, with the estimate last measured.
    pub fn to_object(&self, collection: &Collection) -> Object {
        match self.kind {
            IndexKind::Primary => primary::to_object(self, collection),
            IndexKind::Edge => edge::to_object(self, collection),
            IndexKind::Persistent => persistent::to_object(self, collection),
            IndexKind::Ttl => ttl::to_object(self, collection),
        }
    }

    /// `selectivityEstimate`, different values per entry: above 0, at most 1; 1 when not known.
    /// Costs about a microsecond, as all estimates do.
    pub fn selectivity(&self) -> f64 {
        if self.unique {
            return 1.0;
        }
        self.entries_per_value(self.fields.len())
            .map_or(1.0, |entries| 1.0 / entries)
    }

    /// About how many entries have the same values in the first `fields` fields: what to expect
    /// of a lookup by equality. `None` when not known: no entries yet, an index without
    /// estimates, or the primary index.
    pub fn entries_per_value(&self, fields: usize) -> Option<f64> {
        if fields == 0 || !self.estimates || self.kind == IndexKind::Primary {
            return None;
        }
        if self.unique && fields >= self.fields.len() {
            return Some(1.0);
        }
        let at = self.measured().position(|measured| measured >= fields)?;
        let distinct = self.estimator.distinct(at)?;
        Some((self.estimator.entries() as f64 / distinct).max(1.0))
    }

    /// About how many entries there are; `None` as for [`Self::entries_per_value`].
    pub fn entries_estimate(&self) -> Option<u64> {
        self.estimator.distinct(0)?;
        self.is_estimated().then(|| self.estimator.entries())
    }

    /// Whether commits keep its estimates up to date.
    pub(crate) fn is_estimated(&self) -> bool {
        self.estimates && self.has_entries()
    }

    /// Whether it has entries of its own.
    pub(crate) fn has_entries(&self) -> bool {
        self.kind != IndexKind::Primary
    }

    /// All of its entries.
    pub(crate) fn range(&self) -> KeyRange {
        match self.kind {
            IndexKind::Primary => layout::documents(self.keyspace),
            _ => layout::entries(self.keyspace),
        }
    }

    /// Whether no document has more than one entry.
    pub(crate) fn has_at_most_one_entry(&self) -> bool {
        !self.fields.iter().any(AttributePath::expands)
    }

    /// Whether each document has exactly one entry.
    pub(crate) fn has_entry_per_document(&self) -> bool {
        !self.sparse && self.has_at_most_one_entry()
    }

    /// The numbers of leading fields that have a sketch: the first few, and all fields.
    pub(crate) fn measured(&self) -> impl Iterator<Item = usize> {
        let (fields, sketches) = (self.fields.len(), measured_of(self.fields.len()));
        (1..=sketches).map(move |at| if at == sketches { fields } else { at })
    }

    /// The stored definition.
    pub(crate) fn to_definition(&self) -> Value {
        let paths = |paths: &[AttributePath]| -> Value {
            let names = paths.iter().map(|path| path.to_string().into());
            Value::array(names.collect())
        };
        let mut object = Object::new();
        object.insert("type", &*self.type_name);
        object.insert("name", &*self.name);
        object.insert("fields", paths(&self.fields));
        object.insert("storedValues", paths(&self.stored_values));
        object.insert("unique", self.unique);
        object.insert("sparse", self.sparse);
        object.insert("deduplicate", self.deduplicate);
        object.insert("estimates", self.estimates);
        object.insert("cacheEnabled", self.cache_enabled);
        object.insert("expireAfter", ttl::expire_after(self));
        object.insert("building", self.building);
        self.keyspace.write(self.id.0, &mut object);
        Value::object(object)
    }

    /// From a stored definition. Errors: damaged data.
    pub(crate) fn from_definition(
        id: IndexId,
        definition: &Value,
        settings: &Settings,
    ) -> Result<Self> {
        if definition.get("type").as_str() == Some("edge") {
            let field = definition
                .get("fields")
                .as_array()
                .and_then(<[Value]>::first);
            let field = field.and_then(Value::as_str).unwrap_or("_from");
            return Ok(Self {
                keyspace: Keyspace::read(id.0, definition),
                ..Self::edge(id, field)
            });
        }
        let mut index = Self::parse(id, definition, settings)
            .map_err(|error| Error::corrupt(format_args!("definition of index {id}: {error}")))?;
        index.building = definition.get("building").to_bool();
        index.keyspace = Keyspace::read(id.0, definition);
        Ok(index)
    }
}

/// How many sketches an index of so many fields has.
fn measured_of(fields: usize) -> usize {
    fields.min(estimate::PREFIXES_MAX)
}

/// The public id `collection/number`.
fn public_id(index: &Index, collection: &Collection) -> String {
    format!("{}/{}", collection.name(), index.public_number())
}

fn path_names(paths: &[AttributePath]) -> Value {
    Value::array(paths.iter().map(|path| path.to_string().into()).collect())
}
