//! The catalog of a database: an immutable snapshot of its collections and indexes, and how a
//! change replaces it.
//!
//! The store holds the truth and a revision of it. A change reads the revision in its own
//! transaction, loads the catalog again if another coordinator was there first, and writes the
//! next revision: two changes of one database conflict, and the later one starts over.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use store::{Batch, Entry, KeyRange, Scan, Txn};
use value::{Value, json};

use crate::accesses::Accesses;
use crate::collection::{Collection, CollectionOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CollectionId, DatabaseId, IndexId, Keyspace};
use crate::index::{Estimator, Index, IndexKind};
use crate::key_generator::{KeyGenerator, KeyGeneratorKind};
use crate::layout::{self, Discarded};
use crate::settings::Settings;
use crate::shared::Shared;

/// One version of a database's catalog.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub revision: u64,
    by_name: BTreeMap<Arc<str>, Arc<Collection>>,
    by_id: HashMap<CollectionId, Arc<Collection>, RandomState>,
    pub accesses: Accesses,
}

impl Catalog {
    /// Reads the catalog of a database. What this run knows of collections and indexes that
    /// `former` has is kept.
    pub fn load(
        txn: &mut dyn Txn,
        database: DatabaseId,
        former: &Self,
        settings: &Settings,
    ) -> Result<Self> {
        let mut catalog = Self {
            revision: read_revision(txn, database)?,
            ..Self::default()
        };
        let mut indexes = load_indexes(txn, database, former, settings)?;
        let mut collections = Vec::new();
        let mut unseen = Vec::new();
        for (key, text) in scan_all(txn, layout::collections(database))? {
            let id = CollectionId(id_at(&key, 9)?);
            let collection = match former.by_id.get(&id) {
                // What is compiled of a definition is not compiled again.
                Some(former) if to_bytes(&former.to_definition()) == text => (**former).clone(),
                Some(former) => {
                    let mut changed = Collection::from_definition(id, &parse(&text)?)?;
                    changed.generator = Arc::clone(&former.generator);
                    changed.changes = Arc::clone(&former.changes);
                    changed
                }
                None => {
                    let collection = Collection::from_definition(id, &parse(&text)?)?;
                    if is_series(&collection) {
                        unseen.push((collections.len(), layout::generated(id)));
                    }
                    collection
                }
            };
            collections.push(collection);
        }
        let keys: Vec<&[u8]> = unseen.iter().map(|(_, key)| key.as_ref()).collect();
        let persisted = txn.get_many(&keys)?;
        for ((at, _), persisted) in unseen.iter().zip(persisted) {
            if let Some(collection) = collections.get_mut(*at) {
                collection.generator = decode_generator(persisted.as_ref())?;
            }
        }
        for mut collection in collections {
            collection.set_indexes(indexes.remove(&collection.id).unwrap_or_default());
            catalog.put(collection);
        }
        Ok(catalog)
    }

    fn find_estimator(&self, collection: CollectionId, index: &Index) -> Option<Arc<Estimator>> {
        let indexes = &self.by_id.get(&collection)?.indexes;
        let is_same =
            |known: &&Arc<Index>| (known.id, known.keyspace) == (index.id, index.keyspace);
        let known = indexes.iter().find(is_same)?;
        Some(Arc::clone(&known.estimator))
    }

    pub fn find(&self, name: &str) -> Option<&Arc<Collection>> {
        self.by_name.get(name)
    }

    pub fn find_by_id(&self, id: CollectionId) -> Option<&Arc<Collection>> {
        self.by_id.get(&id)
    }

    /// By name or, if no collection has that name, by the decimal number of its id.
    pub fn find_by_name_or_id(&self, name: &str) -> Option<&Arc<Collection>> {
        self.find(name)
            .or_else(|| self.find_by_id(CollectionId(name.parse().ok()?)))
    }

    /// By name or id; errors: 1203.
    pub fn get(&self, name: &str) -> Result<&Arc<Collection>> {
        self.find_by_name_or_id(name)
            .ok_or_else(|| Error::collection_not_found(name))
    }

    /// In order of names.
    pub fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.by_name.values()
    }

    fn put(&mut self, collection: Collection) -> Arc<Collection> {
        let collection = Arc::new(collection);
        self.remove(collection.id);
        self.by_name
            .insert(Arc::clone(collection.name.text()), Arc::clone(&collection));
        self.by_id.insert(collection.id, Arc::clone(&collection));
        collection
    }

    fn remove(&mut self, id: CollectionId) {
        if let Some(former) = self.by_id.remove(&id) {
            self.by_name.remove(former.name());
        }
    }
}

/// A change in progress: the catalog as it will be, and what to write for it.
pub(crate) struct Change<'a> {
    pub txn: &'a mut dyn Txn,
    pub shared: &'a Shared,
    pub database: DatabaseId,
    pub catalog: Catalog,
    pub batch: Batch,
}

impl Change<'_> {
    /// Creates a collection; errors: 1207, 1208, 10 (computed values).
    pub fn create_collection(&mut self, options: &CollectionOptions) -> Result<Arc<Collection>> {
        if let Some(computed) = &options.computed_values {
            computed.check(self.shared)?;
        }
        let id = CollectionId(self.shared.next_tick()?);
        let collection = Collection::create(id, options, || self.shared.next_tick())?;
        self.check_free(collection.name())?;
        for index in collection.maintained() {
            let key = layout::index(self.database, id, index.id);
            self.batch.put(key, to_bytes(&index.to_definition()));
        }
        Ok(self.put_collection(collection))
    }

    /// Errors: 1207 when the name is taken.
    pub fn check_free(&self, name: &str) -> Result<()> {
        if self.catalog.find(name).is_some() {
            let code = error_codes::codes::ARANGO_DUPLICATE_NAME;
            let message = format!("{}: {name}", code.text());
            return Err(Error::with_message(ErrorKind::Exists, code, message));
        }
        Ok(())
    }

    /// Writes a collection's definition and announces the change to writers.
    pub fn put_collection(&mut self, collection: Collection) -> Arc<Collection> {
        let key = layout::collection(self.database, collection.id);
        self.batch.put(key, to_bytes(&collection.to_definition()));
        self.touch(collection.id);
        self.catalog.put(collection)
    }

    /// Removes a collection with all that belongs to it.
    pub fn drop_collection(&mut self, collection: &Collection) {
        self.batch
            .delete(layout::collection(self.database, collection.id));
        self.discard(Discarded::Documents(collection.keyspace));
        for index in collection.maintained() {
            self.drop_entries(collection, index);
        }
        self.batch.delete(layout::generated(collection.id));
        // Conflicts with writers like a change does, and leaves nothing behind.
        self.batch.delete(layout::shape(collection.id));
        self.catalog.remove(collection.id);
    }

    /// Takes all documents from a collection by giving it another place for them. Writers that
    /// began before conflict; what they have committed is gone with the rest.
    pub fn empty_collection(&mut self, collection: &Collection) -> Result<Arc<Collection>> {
        let mut emptied = collection.clone();
        self.discard(Discarded::Documents(collection.keyspace));
        emptied.keyspace = Keyspace(self.shared.next_tick()?);
        let mut indexes = Vec::new();
        for index in collection.maintained() {
            self.discard(Discarded::Entries(index.keyspace));
            self.batch.delete(layout::estimate(index.id));
            let index = index.emptied(Keyspace(self.shared.next_tick()?));
            let key = layout::index(self.database, collection.id, index.id);
            self.batch.put(key, to_bytes(&index.to_definition()));
            indexes.push(index);
        }
        emptied.set_indexes(indexes);
        Ok(self.put_collection(emptied))
    }

    /// Leaves something behind that [`crate::Databases::remove_discarded`] removes.
    fn discard(&mut self, discarded: Discarded) {
        self.batch.put(discarded.mark(), Bytes::new());
    }

    /// Adds an index.
    pub fn put_index(&mut self, collection: &Collection, index: Index) -> Arc<Collection> {
        let collection = self.replace_index(collection, index);
        self.touch(collection.id);
        collection
    }

    /// Adds an index, or replaces the one with the same id. Writers who know the former one are
    /// not disturbed: for changes after which they maintain the same entries.
    pub fn replace_index(&mut self, collection: &Collection, index: Index) -> Arc<Collection> {
        let key = layout::index(self.database, collection.id, index.id);
        self.batch.put(key, to_bytes(&index.to_definition()));
        let mut others: Vec<Index> = collection
            .maintained()
            .map(|index| (**index).clone())
            .collect();
        match others.iter_mut().find(|other| other.id == index.id) {
            Some(other) => *other = index,
            None => others.push(index),
        }
        self.set_indexes(collection, others)
    }

    /// Removes an index with its entries.
    pub fn drop_index(&mut self, collection: &Collection, index: &Index) {
        self.drop_entries(collection, index);
        let others = collection.maintained().filter(|other| other.id != index.id);
        let others = others.map(|index| (**index).clone()).collect();
        self.set_indexes(collection, others);
        self.touch(collection.id);
    }

    fn set_indexes(&mut self, collection: &Collection, others: Vec<Index>) -> Arc<Collection> {
        let mut collection = collection.clone();
        collection.set_indexes(others);
        self.catalog.put(collection)
    }

    fn drop_entries(&mut self, collection: &Collection, index: &Index) {
        if index.kind() != IndexKind::Primary {
            let key = layout::index(self.database, collection.id, index.id);
            self.batch.delete(key);
            self.batch.delete(layout::estimate(index.id));
            self.discard(Discarded::Entries(index.keyspace));
            self.batch.delete(layout::builder(index.id));
        }
    }

    /// Makes every transaction fail that writes to the collection by the former catalog.
    fn touch(&mut self, collection: CollectionId) {
        self.batch.put(layout::shape(collection), Bytes::new());
    }
}

/// The indexes of all collections, with the estimates that are known or stored.
fn load_indexes(
    txn: &mut dyn Txn,
    database: DatabaseId,
    former: &Catalog,
    settings: &Settings,
) -> Result<HashMap<CollectionId, Vec<Index>>> {
    let mut all = Vec::new();
    let mut unseen = Vec::new();
    for (key, definition) in scan_definitions(txn, layout::indexes(database))? {
        let (collection, index) = (CollectionId(id_at(&key, 9)?), IndexId(id_at(&key, 17)?));
        let mut index = Index::from_definition(index, &definition, settings)?;
        match former.find_estimator(collection, &index) {
            Some(estimator) => index.estimator = estimator,
            None => unseen.push((Arc::clone(&index.estimator), layout::estimate(index.id))),
        }
        all.push((collection, index));
    }
    let keys: Vec<&[u8]> = unseen.iter().map(|(_, key)| key.as_ref()).collect();
    for ((estimator, _), stored) in unseen.iter().zip(txn.get_many(&keys)?) {
        match stored {
            Some(stored) => estimator.load(&stored),
            None => estimator.distrust(),
        }
    }
    let mut indexes: HashMap<CollectionId, Vec<Index>> = HashMap::new();
    for (collection, index) in all {
        indexes.entry(collection).or_default().push(index);
    }
    Ok(indexes)
}

/// Whether the store says how far the generator of a collection came.
fn is_series(collection: &Collection) -> bool {
    let kind = collection.key_options.kind;
    matches!(kind, KeyGeneratorKind::Autoincrement { .. })
}

/// The generator of a collection that this run has not seen yet.
fn decode_generator(persisted: Option<&Bytes>) -> Result<Arc<KeyGenerator>> {
    let persisted = match persisted {
        Some(bytes) => {
            layout::decode_number(bytes).ok_or_else(|| Error::corrupt("reserved keys"))?
        }
        None => 0,
    };
    Ok(Arc::new(KeyGenerator::behind(persisted)))
}

/// The stored revision of a database's catalog; 0 before the first change.
pub(crate) fn read_revision(txn: &mut dyn Txn, database: DatabaseId) -> Result<u64> {
    let stored = txn.get(&layout::catalog_revision(database))?;
    decode_revision(stored.as_ref())
}

/// The revision of a catalog as it is stored; 0 if it is not.
pub(crate) fn decode_revision(stored: Option<&Bytes>) -> Result<u64> {
    match stored {
        Some(bytes) => {
            layout::decode_number(bytes).ok_or_else(|| Error::corrupt("revision of a catalog"))
        }
        None => Ok(0),
    }
}

/// Errors: of kind `Conflict` when the list of databases has another revision in the store.
pub(crate) fn check_list(txn: &mut dyn Txn, known: u64) -> Result<()> {
    if read_revision(txn, DatabaseId(0))? == known {
        return Ok(());
    }
    let code = error_codes::codes::ARANGO_CONFLICT;
    let message = "conflict, another process changed the list of databases";
    Err(Error::with_message(ErrorKind::Conflict, code, message))
}

/// Every definition of a range, parsed.
pub(crate) fn scan_definitions(txn: &mut dyn Txn, range: KeyRange) -> Result<Vec<(Bytes, Value)>> {
    let entries = scan_all(txn, range)?.into_iter();
    entries
        .map(|(key, text)| Ok((key, parse(&text)?)))
        .collect()
}

fn parse(definition: &[u8]) -> Result<Value> {
    json::parse(definition).map_err(|error| Error::corrupt(format_args!("definition: {error}")))
}

fn scan_all(txn: &mut dyn Txn, range: KeyRange) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut next = Some(Scan::forward(range));
    while let Some(scan) = next {
        let page = txn.scan(&scan)?;
        next = scan.after(&page);
        entries.extend(page.entries);
    }
    Ok(entries)
}

/// The number at a place in a key.
pub(crate) fn id_at(key: &[u8], at: usize) -> Result<u64> {
    key.get(at..at + 8)
        .and_then(layout::decode_number)
        .ok_or_else(|| Error::corrupt("key of a definition"))
}

pub(crate) fn to_bytes(value: &Value) -> Bytes {
    Bytes::from(json::to_string(value).into_bytes())
}
