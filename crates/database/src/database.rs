//! One database: its collections and indexes, and where transactions begin.

mod build;
mod fresh;

pub(crate) use build::unique_violation;
pub(crate) use fresh::Begun;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use error_codes::codes;
use parking_lot::{Mutex, RwLock};
use store::{Batch, BeginOptions};
use value::Value;

use crate::catalog::{self, Catalog, Change};
use crate::collection::{Collection, CollectionChanges, CollectionOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::exclusive::Patience;
use crate::ids::{CollectionId, DatabaseId, IndexId};
use crate::index::{Index, IndexKind};
use crate::layout;
use crate::locks::{HeldLocks, LockRequest};
use crate::names;
use crate::shared::Shared;
use crate::transaction::{CollectionLocks, ExpectedDocument, Transaction, TransactionOptions};
use crate::versions::LookedAt;

/// A database. Cloning is cheap; all clones are the same.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    id: DatabaseId,
    name: Arc<str>,
    /// The lock makes a snapshot of the documents and the catalog that belongs to it one step:
    /// a change commits while it holds the lock, a transaction begins while it holds it.
    catalog: RwLock<Arc<Catalog>>,
    /// Held while a catalog is read that another process changed.
    loading: Mutex<()>,
    /// When the revision of the catalog was last read; of a shared store only.
    looked_at: LookedAt,
    dropped: AtomicBool,
    /// Indexes that this process is building.
    building: Mutex<HashSet<IndexId>>,
    /// Indexes whose build failed and that could not even be removed: the disk was full.
    abandoned: Mutex<Vec<(CollectionId, IndexId)>>,
}

/// What [`Database::create_index`] found or made.
#[derive(Clone, Debug)]
pub struct CreatedIndex {
    /// The collection with the index.
    pub collection: Arc<Collection>,
    /// The index.
    pub index: Arc<Index>,
    /// Whether it was not there before.
    pub is_newly_created: bool,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({})", self.inner.name)
    }
}

impl Database {
    pub(crate) fn new(
        shared: Arc<Shared>,
        id: DatabaseId,
        name: Arc<str>,
        catalog: Catalog,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                shared,
                id,
                name,
                catalog: RwLock::new(Arc::new(catalog)),
                loading: Mutex::new(()),
                looked_at: LookedAt::default(),
                dropped: AtomicBool::new(false),
                building: Mutex::default(),
                abandoned: Mutex::default(),
            }),
        }
    }

    /// Its identifier.
    pub fn id(&self) -> DatabaseId {
        self.inner.id
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.inner.name
    }

    /// Whether it is `_system`.
    pub fn is_system(&self) -> bool {
        self.inner.id == DatabaseId::SYSTEM
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.inner.shared
    }

    /// Begins a transaction on what is committed when it has its locks, which it waits for.
    /// Dropping it rolls it back.
    ///
    /// Errors: 1228 after the database was dropped; 18, 30 (locks); the engine's.
    pub fn begin(&self, options: TransactionOptions) -> Result<Transaction> {
        let locks = self.request_locks(&options);
        self.begin_with(options, locks)
    }

    /// [`TransactionOptions::expected`] for documents of one collection: nothing where that saves
    /// nothing, or where they are too many for one question.
    pub fn expect<'k>(
        &self,
        collection: &str,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> Vec<ExpectedDocument> {
        const EXPECTED_MAX: usize = 1_000;
        let mut expected = Vec::new();
        if self.inner.shared.engine.is_shared() {
            let document = |key: &str| ExpectedDocument {
                collection: collection.to_owned(),
                key: key.to_owned(),
            };
            expected.extend(keys.into_iter().map(document).take(EXPECTED_MAX + 1));
            if expected.len() > EXPECTED_MAX {
                expected.clear();
            }
        }
        expected
    }

    /// Asks for the locks of a transaction that is to begin later: for callers who must not
    /// block a thread, and wait for [`LockRequest::on_granted`]. Waiting for transactions of
    /// other processes is left to [`Self::begin_with`].
    pub fn request_locks(&self, options: &TransactionOptions) -> LockRequest {
        let wants = if options.locks == CollectionLocks::default() {
            Vec::new()
        } else {
            options.locks.resolve(&self.catalog())
        };
        self.inner.shared.locks.request(wants)
    }

    /// Begins a transaction with the locks that were asked for with the same options. Waits for
    /// them.
    ///
    /// Errors: as [`Self::begin`].
    pub fn begin_with(
        &self,
        options: TransactionOptions,
        locks: LockRequest,
    ) -> Result<Transaction> {
        self.check_not_dropped()?;
        let timeout = options.lock_timeout;
        let timeout = timeout.unwrap_or(self.inner.shared.settings.lock_timeout);
        self.begin_locked(options, locks.wait(timeout)?)
    }

    fn begin_locked(
        &self,
        options: TransactionOptions,
        mut locks: HeldLocks,
    ) -> Result<Transaction> {
        self.check_not_dropped()?;
        let mut begin = if options.read_only {
            BeginOptions::read_only()
        } else {
            BeginOptions::read_write()
        };
        if options.unsynced.is_some() {
            begin = begin.unsynced();
        }
        let shared = &self.inner.shared;
        let timeout = options.lock_timeout.unwrap_or(shared.settings.lock_timeout);
        let mut patience = Patience::new(shared, timeout);
        let begun = loop {
            if options.unsynced.is_none() && !locks.is_empty() {
                // Who had the locks before may have given them back before its commit was durable.
                shared.wait_until_all_is_durable()?;
            }
            let begun = if shared.engine.is_shared() {
                self.begin_shared(begin, &options.expected, &mut locks, &mut patience)?
            } else {
                let slot = self.inner.catalog.read();
                Begun::alone(shared.engine.begin(begin)?, Arc::clone(&slot))
            };
            let mut wants = options.locks.resolve(&begun.catalog);
            if locks.cover(&wants) {
                break begun;
            }
            // When they were asked for, a name meant another collection, or none.
            wants.extend(locks.wants());
            drop((begun, locks));
            locks = shared.locks.request(wants).wait(timeout)?;
        };
        if let Some(unsynced) = &options.unsynced {
            unsynced.add(begun.txn.sequence());
        }
        Ok(Transaction::new(self.clone(), begun, options, locks))
    }

    /// Runs `body` in a transaction and commits it; begins again after a conflict, at most
    /// `conflict_retries_max` times, then reports the conflict. `body` must have no effect
    /// outside of the transaction.
    ///
    /// Errors: those of `body`; 1200; the engine's.
    pub fn run<T>(
        &self,
        options: &TransactionOptions,
        body: impl FnMut(&mut Transaction) -> Result<T>,
    ) -> Result<T> {
        let retries_max = self.inner.shared.settings.conflict_retries_max;
        self.run_up_to(retries_max, options, body)
    }

    /// The same for a client's query: begins again at most `query_conflict_retries_max` times.
    ///
    /// Errors: as [`Self::run`].
    pub fn run_query<T>(
        &self,
        options: &TransactionOptions,
        body: impl FnMut(&mut Transaction) -> Result<T>,
    ) -> Result<T> {
        let retries_max = self.inner.shared.settings.query_conflict_retries_max;
        self.run_up_to(retries_max, options, body)
    }

    fn run_up_to<T>(
        &self,
        retries_max: usize,
        options: &TransactionOptions,
        mut body: impl FnMut(&mut Transaction) -> Result<T>,
    ) -> Result<T> {
        // Locks are kept from attempt to attempt: what was waited for is not lost to a conflict
        // with what happened meanwhile.
        let mut kept: Option<HeldLocks> = None;
        let shared = &self.inner.shared;
        shared.retry_up_to(retries_max, || {
            let mut changes = 0;
            loop {
                let locks = kept.take();
                let mut transaction = match locks.filter(|locks| !locks.is_empty()) {
                    Some(locks) => self.begin_locked(options.clone(), locks)?,
                    None => self.begin(options.clone())?,
                };
                let catalog = transaction.catalog_revision();
                let mut met_lock = false;
                let (locks, result) = match body(&mut transaction) {
                    Ok(result) => {
                        let (locks, committed) = transaction.commit_and_keep_locks();
                        (locks, committed.map(|()| result))
                    }
                    Err(error) => {
                        met_lock = transaction.met_lock();
                        (transaction.into_locks(), Err(error))
                    }
                };
                kept = Some(locks);
                let is_conflict = result.as_ref().is_err_and(Error::is_conflict);
                if !is_conflict || changes >= shared.settings.conflict_retries_max {
                    return result;
                }
                // No other writer was in the way, but an index that came or went or is built, or a
                // lock that is waited for at the next beginning: nothing that anybody should be
                // told of.
                self.refresh(true)?;
                if !met_lock && !self.is_index_work(catalog) {
                    return result;
                }
                changes += 1;
            }
        })
    }

    /// Whether a conflict of a transaction of the catalog `revision` may be no other writer's doing
    /// but that of an index that came or went, or is being built: nothing that anybody should be
    /// told of.
    fn is_index_work(&self, revision: u64) -> bool {
        let catalog = self.catalog();
        let mut indexes = catalog.collections().flat_map(|it| it.maintained());
        catalog.revision != revision || indexes.any(|index| index.building)
    }

    /// A collection by name or id, in its latest version. In a shared store one that was changed
    /// or dropped elsewhere may be found as it was until `shared_age_max` ago.
    pub fn find_collection(&self, name_or_id: &str) -> Option<Arc<Collection>> {
        self.collection(name_or_id).ok()
    }

    /// A collection by name or id, as [`Self::find_collection`]; errors: 1203, the engine's.
    pub fn collection(&self, name_or_id: &str) -> Result<Arc<Collection>> {
        self.refresh(false)?;
        let found = self.catalog().get(name_or_id).cloned();
        if found.is_err() && self.inner.shared.engine.is_shared() {
            self.refresh(true)?;
            return self.catalog().get(name_or_id).cloned();
        }
        found
    }

    /// All collections, in order of names.
    pub fn collections(&self) -> Vec<Arc<Collection>> {
        // Whoever begins a transaction is told what is wrong with the store.
        drop(self.refresh(false));
        self.catalog().collections().cloned().collect()
    }

    /// Revision of the catalog: grows with each change of a collection or index. For caches.
    pub fn catalog_revision(&self) -> u64 {
        self.inner.catalog.read().revision
    }

    /// Creates a collection; errors: 1207, 1208, 10 (computed values).
    pub fn create_collection(&self, options: &CollectionOptions) -> Result<Arc<Collection>> {
        self.inner.shared.check_definable()?;
        self.change(|change| change.create_collection(options))
    }

    /// Removes a collection with documents and indexes, in one small transaction; see
    /// [`crate::Databases::remove_discarded`]. `allow_system` for names that begin with
    /// `_`. Returns its id. Errors: 1203, 11.
    pub fn drop_collection(&self, name_or_id: &str, allow_system: bool) -> Result<CollectionId> {
        self.inner.shared.check_definable()?;
        self.change(|change| {
            let collection = Arc::clone(change.catalog.get(name_or_id)?);
            if collection.is_system() && !allow_system {
                return Err(Error::new(ErrorKind::Forbidden, codes::FORBIDDEN));
            }
            change.drop_collection(&collection);
            Ok(collection.id)
        })
    }

    /// Removes all documents of a collection, however many they are, in one small transaction of
    /// its own; see [`Transaction::truncate`] for one that is part of another. It waits for locks
    /// as a writer does, but for no writer without one: those that are not done lose, with a
    /// conflict.
    ///
    /// Errors: 1203, 18 (locks), 1200 (an open transaction has written to a document), the
    /// engine's.
    pub fn truncate_collection(&self, name_or_id: &str) -> Result<Arc<Collection>> {
        let locks = CollectionLocks {
            write: vec![name_or_id.to_owned()],
            ..CollectionLocks::default()
        };
        let shared = &self.inner.shared;
        let locks = shared.locks.request(locks.resolve(&self.catalog()));
        let timeout = shared.settings.lock_timeout;
        let mut held = locks.wait(timeout)?;
        if shared.engine.is_shared() {
            // Other processes may have it exclusively.
            let mut patience = Patience::new(shared, timeout);
            drop(self.begin_shared(BeginOptions::read_only(), &[], &mut held, &mut patience)?);
        }
        let emptied = self.change(|change| {
            let collection = Arc::clone(change.catalog.get(name_or_id)?);
            let mut all = Batch::new();
            all.delete_range(layout::documents(collection.keyspace));
            shared.claims.check(&all)?;
            if shared.engine.is_shared() && self.is_system() && collection.name() == "_users" {
                let key = layout::server_value(layout::USERS_VERSION);
                change.batch.add(key, 1);
            }
            change.empty_collection(&collection)
        })?;
        if self.is_system() && emptied.name() == "_users" {
            shared.users_generation.fetch_add(1, Ordering::AcqRel);
            shared.versions.forget();
        }
        Ok(emptied)
    }

    /// Gives a collection another name; its id, documents and indexes stay.
    ///
    /// Errors: 1203, 1207, 1208, 11 (a system collection).
    pub fn rename_collection(&self, name_or_id: &str, name: &str) -> Result<Arc<Collection>> {
        self.change(|change| {
            let mut collection = (**change.catalog.get(name_or_id)?).clone();
            if collection.is_system() {
                return Err(Error::new(ErrorKind::Forbidden, codes::FORBIDDEN));
            }
            names::check_collection(name, false)?;
            change.check_free(name)?;
            collection.name = crate::document::CollectionName::new(name);
            Ok(change.put_collection(collection))
        })
    }

    /// Changes properties; errors: 1203, 10 (computed values).
    pub fn change_collection(
        &self,
        name_or_id: &str,
        changes: &CollectionChanges,
    ) -> Result<Arc<Collection>> {
        self.change(|change| {
            let mut collection = (**change.catalog.get(name_or_id)?).clone();
            if let Some(wait_for_sync) = changes.wait_for_sync {
                collection.wait_for_sync = wait_for_sync;
            }
            if let Some(cache_enabled) = changes.cache_enabled {
                collection.cache_enabled = cache_enabled;
            }
            if let Some(computed) = &changes.computed_values {
                if let Some(computed) = computed {
                    computed.check(change.shared)?;
                }
                collection.computed_values.clone_from(computed);
            }
            if let Some(schema) = &changes.schema {
                collection.schema.clone_from(schema);
            }
            Ok(change.put_collection(collection))
        })
    }

    /// Counts a collection's documents and corrects the stored number. Returns it.
    ///
    /// Errors: 1203, the engine's.
    pub fn recalculate_count(&self, collection: &Collection) -> Result<u64> {
        let options = TransactionOptions::default();
        self.run(&options, |transaction| {
            transaction.recount_documents(collection)
        })
    }

    /// Makes sure that an index exists. With documents there, registers it first, so that
    /// every writer maintains it, then adds the entries of the documents page by page while
    /// others go on reading and writing. Returns when queries can use it.
    ///
    /// Errors: 1203, 10, 1208 (name), 1005 (name taken), 1210 with status 400 (documents that
    /// violate it), 9 (a documented type that is not there).
    pub fn create_index(&self, collection: &str, definition: &Value) -> Result<CreatedIndex> {
        self.remove_abandoned()?;
        let (collection, index, is_new) = self.change(|change| {
            let collection = Arc::clone(change.catalog.get(collection)?);
            let count = change.txn.get(&layout::count(collection.keyspace))?;
            let empty = count.is_none_or(|count| count.iter().all(|byte| *byte == 0));
            if empty {
                // No writer may add the first document meanwhile.
                change.batch.guard(layout::count(collection.keyspace));
            }
            change.add_index(&collection, definition, !empty)
        })?;
        if is_new && index.building {
            return self.build_index(&collection, &index);
        }
        Ok(CreatedIndex {
            collection,
            index,
            is_newly_created: is_new,
        })
    }

    /// Removes an index by name, number or `collection/number`. Returns its public number.
    ///
    /// Errors: 1203, 1212, 11 (primary and edge index).
    pub fn drop_index(&self, collection: &str, name_or_id: &str) -> Result<String> {
        self.change(|change| {
            let collection = Arc::clone(change.catalog.get(collection)?);
            let index = collection
                .find_index(name_or_id)
                .ok_or_else(|| Error::new(ErrorKind::NotFound, codes::ARANGO_INDEX_NOT_FOUND))?;
            if matches!(index.kind(), IndexKind::Primary | IndexKind::Edge) {
                return Err(Error::new(ErrorKind::Forbidden, codes::FORBIDDEN));
            }
            change.drop_index(&collection, index);
            Ok(index.public_number())
        })
    }

    fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.inner.catalog.read())
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.inner.dropped.load(Ordering::Acquire)
    }

    fn check_not_dropped(&self) -> Result<()> {
        if self.is_dropped() {
            let code = codes::ARANGO_DATABASE_NOT_FOUND;
            return Err(Error::new(ErrorKind::NotFound, code));
        }
        Ok(())
    }

    /// Changes the catalog in a transaction of its own. A change that writes nothing but guards
    /// is not committed.
    pub(crate) fn change<T>(
        &self,
        mut body: impl FnMut(&mut Change<'_>) -> Result<T>,
    ) -> Result<T> {
        let Inner { shared, id, .. } = &*self.inner;
        if shared.is_read_only() {
            return Err(Error::new(ErrorKind::Forbidden, codes::ARANGO_READ_ONLY));
        }
        shared.retry(|| {
            self.check_not_dropped()?;
            let key = layout::catalog_revision(*id);
            let options = BeginOptions::read_write();
            let (mut txn, mut values) = shared.engine.begin_reading(options, &[&key])?;
            let revision = catalog::decode_revision(values.pop().flatten().as_ref())?;
            let catalog = self.catalog_of(txn.as_mut(), revision)?;
            let mut change = Change {
                txn: txn.as_mut(),
                shared,
                database: *id,
                catalog: (*catalog).clone(),
                batch: Batch::new(),
            };
            let result = body(&mut change)?;
            let Change {
                mut catalog,
                mut batch,
                ..
            } = change;
            let guards_only = |op: &store::Op| matches!(op, store::Op::Guard { .. });
            if batch.ops().iter().all(guards_only) {
                return Ok(result);
            }
            catalog.revision = shared.revision_after(catalog.revision)?;
            let revision = layout::encode_number(catalog.revision);
            let revision_key = layout::catalog_revision(*id);
            batch.put(revision_key.clone(), revision.clone());
            txn.write(batch)?;
            let mut slot = self.inner.catalog.write();
            let committed = txn.commit();
            let is_there = match &committed {
                Ok(_) => true,
                Err(error) => shared.has_happened(error, &revision_key, Some(&revision)),
            };
            // Of a shared store a later one may have been read meanwhile.
            if is_there && slot.revision < catalog.revision {
                *slot = Arc::new(catalog);
            }
            committed?;
            Ok(result)
        })
    }

    /// Removes everything in the database, and changes the revision of the list of databases from
    /// `list` to `next`.
    ///
    /// Errors: 1228 if somebody else did; of kind `Conflict` when the list has another revision.
    pub(crate) fn drop_everything(&self, list: u64, next: u64) -> Result<()> {
        let Inner { shared, id, .. } = &*self.inner;
        let mut txn = shared.engine.begin(BeginOptions::read_write())?;
        catalog::check_list(txn.as_mut(), list)?;
        let revision = catalog::read_revision(txn.as_mut(), *id)?;
        let catalog = self.catalog_of(txn.as_mut(), revision)?;
        let mut change = Change {
            txn: txn.as_mut(),
            shared,
            database: *id,
            catalog: (*catalog).clone(),
            batch: Batch::new(),
        };
        for collection in catalog.collections() {
            change.drop_collection(collection);
        }
        let mut batch = change.batch;
        batch.delete(layout::catalog_revision(*id));
        batch.delete(layout::database(*id));
        batch.put(layout::server_revision(), layout::encode_number(next));
        txn.write(batch)?;
        let mut slot = self.inner.catalog.write();
        let outcome = txn.commit();
        if let Err(error) = &outcome
            && !shared.has_happened(error, &layout::database(*id), None)
        {
            return Err(error.clone().into());
        }
        self.inner.dropped.store(true, Ordering::Release);
        *slot = Arc::default();
        outcome.map(drop).map_err(Error::from)
    }

    /// Another process dropped it.
    pub(crate) fn set_dropped(&self) {
        self.inner.dropped.store(true, Ordering::Release);
        *self.inner.catalog.write() = Arc::default();
    }

    /// Gives back generated keys that were reserved and not used, where nobody reserved others
    /// since.
    pub(crate) fn release_keys(&self) -> Result<()> {
        let catalog = self.catalog();
        let released = catalog.collections().filter_map(|collection| {
            let (last, reserved) = collection.generator.release()?;
            Some((layout::generated(collection.id), last, reserved))
        });
        let released: Vec<(Bytes, u64, u64)> = released.collect();
        if released.is_empty() {
            return Ok(());
        }
        let engine = &self.inner.shared.engine;
        let keys: Vec<&[u8]> = released.iter().map(|(key, ..)| key.as_ref()).collect();
        let (mut txn, stored) = engine.begin_reading(BeginOptions::read_write(), &keys)?;
        let mut batch = Batch::new();
        for ((key, last, reserved), stored) in released.iter().zip(stored) {
            if stored == Some(layout::encode_number(*reserved)) {
                batch.put(key.clone(), layout::encode_number(*last));
            }
        }
        txn.write(batch)?;
        txn.commit()?;
        Ok(())
    }
}
