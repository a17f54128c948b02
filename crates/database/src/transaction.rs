//! A transaction: one snapshot of documents and catalog, and the writes made on top of it.

mod document_write;
mod estimates;
mod index_scan;
mod read;
mod selector;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use error_codes::codes;
use store::{Batch, KeyRange, Page, Scan, Txn};

pub use document_write::{OverwriteMode, WriteOptions, WriteResult};
pub use index_scan::{IndexEntry, IndexPage, IndexRange, IndexScan};
pub use read::{Checksum, DocumentPage, Figures, IndexEntries};
pub use selector::Selector;

use crate::accesses::Declared;
use crate::catalog::Catalog;
use crate::changes::Changes;
use crate::claims::HeldClaims;
use crate::collection::Collection;
use crate::database::{Begun, Database};
use crate::error::{Error, ErrorKind, Result};
use crate::exclusive::Access;
use crate::ids::CollectionId;
use crate::index::{Estimator, Index, Note};
use crate::layout;
use crate::locks::{HeldLocks, Mode};
use crate::shared::Shared;
use crate::unsynced::Unsynced;

/// How to begin a transaction. Every commit is durable before it is acknowledged, so there is no
/// `waitForSync`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    /// It will not write; writes fail.
    pub read_only: bool,
    /// The only collections it may use; `None` allows all. Who begins many transactions alike
    /// shares one value: what it says is looked up once.
    pub access: Option<Arc<CollectionAccess>>,
    /// Collections that are locked from the beginning.
    pub locks: CollectionLocks,
    /// How long it may wait for locks; `None` takes the setting `lock_timeout`. Clients write 0
    /// for "as long as it takes", which is [`Duration::MAX`] here.
    pub lock_timeout: Option<Duration>,
    /// How many bytes it may write, its index entries included; `None` takes the setting
    /// `transaction_bytes_max`.
    pub bytes_max: Option<usize>,
    /// Others who write to a document that it has written to are told of the conflict at once,
    /// not only who commits later. For transactions that stay open for long.
    pub claims_documents: bool,
    /// Sees what is not durable yet and does not wait for it; the record takes down what.
    pub unsynced: Option<Unsynced>,
    /// Documents that will probably be asked for. Where that saves a round trip they are read
    /// when the transaction begins; it does not change what is found.
    pub expected: Vec<ExpectedDocument>,
}

/// See [`TransactionOptions::expected`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedDocument {
    /// Name or id of the collection.
    pub collection: String,
    /// The key; whether a document can have it is not asked.
    pub key: String,
}

impl TransactionOptions {
    /// A transaction that only reads.
    pub fn read_only() -> Self {
        Self {
            read_only: true,
            ..Self::default()
        }
    }
}

/// Collections that nobody else writes to, or nobody else has locked, from the moment the
/// transaction's snapshot is taken until it ends. By name or id; names that do not exist are
/// passed over.
///
/// A collection that is written to without being listed is locked for writing at that moment. A
/// transaction that holds other locks by then does not wait for an exclusive one but conflicts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionLocks {
    /// To be written to, by others as well.
    pub write: Vec<String>,
    /// To be written to by nobody else.
    pub exclusive: Vec<String>,
}

/// The collections that a transaction declared, by name or id. Names that do not exist when it
/// begins are passed over; see [`CollectionAccess::check`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionAccess {
    /// To be read.
    pub read: Vec<String>,
    /// To be written and read.
    pub write: Vec<String>,
    /// Whether collections that are not declared may be read.
    pub allow_implicit_reads: bool,
    /// What is not declared is beyond the caller's rights: it is refused with 11 instead of 1652.
    pub is_by_rights: bool,
}

impl CollectionAccess {
    /// Errors: 1203 for a name that does not exist.
    pub fn check(&self, database: &Database) -> Result<()> {
        let mut names = self.read.iter().chain(&self.write);
        names.try_for_each(|name| database.collection(name).map(drop))
    }

    /// The declared collections of a catalog, and whether each may be written.
    fn resolve(&self, catalog: &Catalog) -> Declared {
        let declared = |names: &[String], write: bool| -> Vec<(CollectionId, bool)> {
            let found = names
                .iter()
                .filter_map(|name| catalog.find_by_name_or_id(name));
            found.map(|collection| (collection.id, write)).collect()
        };
        let mut all: HashMap<_, _> = declared(&self.read, false).into_iter().collect();
        all.extend(declared(&self.write, true));
        all
    }
}

impl CollectionLocks {
    pub(crate) fn resolve(&self, catalog: &Catalog) -> Vec<(CollectionId, Mode)> {
        let wanted = |names: &[String], mode: Mode| -> Vec<(CollectionId, Mode)> {
            let found = names
                .iter()
                .filter_map(|name| catalog.find_by_name_or_id(name));
            found.map(|collection| (collection.id, mode)).collect()
        };
        let mut all = wanted(&self.write, Mode::Shared);
        all.extend(wanted(&self.exclusive, Mode::Exclusive));
        all
    }
}

/// Where a scan stopped; hand it to the next call with the same other arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which of the ranges.
    range: usize,
    /// What is left of it.
    rest: KeyRange,
}

/// A mark in a transaction, to return to with [`Transaction::rollback_to`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Savepoint {
    mark: store::Savepoint,
    bytes: usize,
    notes: usize,
}

/// A transaction. Owned by one caller at a time, on whatever thread; dropping it rolls it back.
///
/// A call that fails changes nothing and the transaction can go on, except after an error of
/// kind [`ErrorKind::Unavailable`] or [`ErrorKind::Corrupt`].
pub struct Transaction {
    txn: Box<dyn Txn>,
    database: Database,
    catalog: Arc<Catalog>,
    options: TransactionOptions,
    /// What [`TransactionOptions::access`] declares: whether a collection may be written.
    declared: Option<Arc<Declared>>,
    /// Collections whose shape is guarded already.
    guarded: Vec<CollectionId>,
    /// Of a shared store: the shapes of the snapshot that were read.
    shapes: HashMap<CollectionId, Option<Bytes>>,
    /// Of a shared store: documents that were expected, by stored key. Until something is
    /// written.
    read_ahead: HashMap<Bytes, Option<Bytes>>,
    /// Another process had a collection exclusively that this one wanted to write to.
    met_lock: bool,
    /// Collections that were written to, also if that was undone.
    written: Vec<(CollectionId, Arc<Changes>)>,
    users_written: bool,
    /// The version of the users in the snapshot, of a shared store.
    users: u64,
    /// Bytes written, as limits count them.
    bytes: usize,
    /// What a commit changes in the estimates: a place in `estimators` each.
    notes: Vec<(usize, Note)>,
    estimators: Vec<Arc<Estimator>>,
    /// After `txn`: locks are given back when the writes are done for.
    locks: HeldLocks,
    claims: Option<HeldClaims>,
}

impl Transaction {
    pub(crate) fn new(
        database: Database,
        begun: Begun,
        options: TransactionOptions,
        locks: HeldLocks,
    ) -> Self {
        let Begun {
            txn,
            catalog,
            shapes,
            read_ahead,
            users,
        } = begun;
        let access = options.access.as_ref();
        Self {
            txn,
            claims: options
                .claims_documents
                .then(|| database.shared().claims.hold()),
            declared: access.map(|access| {
                let resolve = || access.resolve(&catalog);
                catalog.accesses.resolve(access, resolve)
            }),
            database,
            catalog,
            options,
            guarded: Vec::new(),
            shapes,
            read_ahead,
            met_lock: false,
            written: Vec::new(),
            users_written: false,
            users,
            bytes: 0,
            notes: Vec::new(),
            estimators: Vec::new(),
            locks,
        }
    }

    /// The database it belongs to.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Revision of the catalog of the transaction's snapshot; see [`Database::catalog_revision`].
    pub fn catalog_revision(&self) -> u64 {
        self.catalog.revision
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        self.database.shared()
    }

    /// Whether it only reads.
    pub fn is_read_only(&self) -> bool {
        self.options.read_only
    }

    /// Bytes written so far, index entries included: what `bytes_max` limits.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// A collection by name or id as of the transaction's snapshot; errors: 1203.
    pub fn collection(&self, name_or_id: &str) -> Result<Arc<Collection>> {
        self.catalog.get(name_or_id).cloned()
    }

    /// All collections as of the transaction's snapshot, in order of names.
    pub fn collections(&self) -> impl Iterator<Item = &Arc<Collection>> {
        self.catalog.collections()
    }

    /// Marks the current state. Errors: the engine's.
    pub fn savepoint(&mut self) -> Result<Savepoint> {
        Ok(Savepoint {
            mark: self.txn.savepoint()?,
            bytes: self.bytes,
            notes: self.notes.len(),
        })
    }

    /// Undoes every write since the savepoint, which stays. Errors: the engine's.
    pub fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        // Guards made since then are gone too.
        self.guarded.clear();
        self.txn.rollback_to(savepoint.mark)?;
        self.bytes = savepoint.bytes;
        self.notes.truncate(savepoint.notes);
        Ok(())
    }

    /// Forgets the savepoint and keeps the writes. Errors: the engine's.
    pub fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        Ok(self.txn.release(savepoint.mark)?)
    }

    /// Whether the transaction declared the collection when it began, to be read or written.
    pub fn declares(&self, collection: &Collection) -> bool {
        let declared = self.declared.as_ref();
        declared.is_some_and(|declared| declared.contains_key(&collection.id))
    }

    fn has_written(&self, collection: &Collection) -> bool {
        self.written.iter().any(|(id, _)| *id == collection.id)
    }

    /// The sequence of the snapshot: of the last commit in it.
    pub fn sequence(&self) -> u64 {
        self.txn.sequence()
    }

    /// Whether this transaction reads in `collections`, which belong to its snapshot, just what
    /// one read that began on the snapshot `sequence` with the same revision of the catalog and
    /// has written nothing to them: so that something kept from there serves here.
    /// `false` does not mean that anything has changed. Collections that may not be read, and
    /// those this transaction has written to, answer `false`.
    ///
    /// Everything that is kept across transactions must be checked here, for what this rests on
    /// is true only while one process has the store: it knows the commits of this process, and
    /// takes snapshots of all transactions from one sequence. For a store that others commit to
    /// as well the answer is `false`, until the store itself is asked.
    pub fn reads_as_of(&self, sequence: u64, collections: &[Arc<Collection>]) -> bool {
        if self.database.shared().engine.is_shared() {
            return false;
        }
        let earlier = sequence.min(self.txn.sequence());
        collections.iter().all(|collection| {
            !self.has_written(collection)
                && self.check_read(collection).is_ok()
                && collection.changes.is_none_after(earlier)
        })
    }

    /// Calls `then` when what the transaction's snapshot has is known to be durable; never, if
    /// that was lost. Perhaps at once, perhaps on the engine's thread: it must neither block nor
    /// panic.
    pub fn when_snapshot_is_durable(&self, then: impl FnOnce() + Send + 'static) {
        match &self.options.unsynced {
            None => then(),
            Some(unsynced) => unsynced.when_durable(|durable| {
                if durable.is_ok() {
                    then();
                }
            }),
        }
    }

    /// Makes the writes visible and durable, all or none.
    ///
    /// Errors: 1200 of kind [`ErrorKind::Conflict`] (nothing was written); the engine's.
    pub fn commit(self) -> Result<()> {
        self.commit_and_keep_locks().1
    }

    /// Commits; the locks, to begin again with.
    pub(crate) fn commit_and_keep_locks(mut self) -> (HeldLocks, Result<()>) {
        if let Some(stored) = self.locks.stored.as_ref().filter(|_| self.bytes > 0) {
            let mut batch = Batch::new();
            stored.give_back_in(&mut batch);
            if let Err(error) = self.txn.write(batch) {
                return (self.locks, Err(error.into()));
            }
        }
        for (_, changes) in &self.written {
            changes.begin();
        }
        let mut committed = self.txn.commit();
        if !self.written.is_empty() {
            let last = self.database.shared().last_of(&committed);
            for (_, changes) in &self.written {
                changes.end(last);
            }
        }
        if let Some(stored) = self.locks.stored.as_mut()
            && self.bytes > 0
            && committed.is_ok()
        {
            stored.forget();
        }
        if let (Ok(commit), Some(unsynced)) = (&committed, &self.options.unsynced) {
            unsynced.add(commit.sequence);
        }
        if self.users_written
            && let (Ok(commit), Some(_)) = (&committed, &self.options.unsynced)
        {
            // What others keep of users is read from what is durable.
            let durable = self.database.shared().wait_until_durable(commit.sequence);
            committed = durable.and(committed);
        }
        if committed.is_ok() {
            if self.users_written {
                let shared = self.database.shared();
                shared.users_generation.fetch_add(1, Ordering::AcqRel);
                shared.versions.forget();
            }
            for (at, estimator) in self.estimators.iter().enumerate() {
                let of_this = self.notes.iter().filter(|(noted, _)| *noted == at);
                estimator.apply(of_this.map(|(_, note)| *note));
            }
        }
        (self.locks, committed.map(drop).map_err(Error::from))
    }

    /// Whether it was told of a conflict because another process has a collection exclusively.
    pub(crate) fn met_lock(&self) -> bool {
        self.met_lock
    }

    /// The version of the users in the snapshot, of a shared store.
    pub(crate) fn users_version(&self) -> u64 {
        self.users
    }

    /// Rolls back; the locks, to begin again with.
    pub(crate) fn into_locks(self) -> HeldLocks {
        self.locks
    }

    /// Stored entries as they are, for [`crate::verify`].
    pub(crate) fn stored_page(&mut self, scan: &Scan) -> Result<Page> {
        Ok(self.txn.scan(scan)?)
    }

    /// Stored values as they are, for [`crate::verify`].
    pub(crate) fn stored_many(&mut self, keys: &[&[u8]]) -> Result<Vec<Option<Bytes>>> {
        let keys_max = self.shared().engine.limits().get_keys_max.max(1);
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(keys_max) {
            values.extend(self.txn.get_many(keys)?);
        }
        Ok(values)
    }

    /// The version of a collection that belongs to the snapshot; errors: 1203 if there is none.
    pub(crate) fn resolve(&self, collection: &Collection) -> Result<Arc<Collection>> {
        self.catalog
            .find_by_id(collection.id)
            .cloned()
            .ok_or_else(|| Error::collection_not_found(collection.name()))
    }

    /// Errors: 1652 or 11 if the collection must not be read.
    fn check_read(&self, collection: &Collection) -> Result<()> {
        match (&self.declared, &self.options.access) {
            (Some(declared), Some(access)) if !access.allow_implicit_reads => {
                let is_declared = declared.contains_key(&collection.id);
                if !is_declared && access.is_by_rights {
                    return Err(Error::new(ErrorKind::Forbidden, codes::FORBIDDEN));
                }
                check_declared(is_declared, collection)
            }
            _ => Ok(()),
        }
    }

    /// Errors: 1652 if the collection must not be written; 1004 in a read-only transaction or
    /// server.
    fn check_write(&self, collection: &Collection) -> Result<()> {
        if self.options.read_only || self.database.shared().is_read_only() {
            return Err(Error::new(ErrorKind::Forbidden, codes::ARANGO_READ_ONLY));
        }
        match &self.declared {
            Some(declared) => {
                let writable = declared.get(&collection.id).copied();
                check_declared(writable.unwrap_or(false), collection)
            }
            None => Ok(()),
        }
    }

    /// Writes what belongs to no document, without locks and limits.
    pub(crate) fn write_internal(&mut self, batch: Batch) -> Result<()> {
        self.read_ahead.clear();
        Ok(self.txn.write(batch)?)
    }

    /// Remembers for the commit what becomes of an index's estimates.
    pub(crate) fn note(&mut self, index: &Index, note: Note) {
        if !index.is_estimated() {
            return;
        }
        let known = &mut self.estimators;
        let at = known
            .iter()
            .position(|other| Arc::ptr_eq(other, &index.estimator));
        let at = at.unwrap_or_else(|| {
            known.push(Arc::clone(&index.estimator));
            known.len() - 1
        });
        self.notes.push((at, note));
    }

    /// Makes sure that nobody else writes to a collection until this transaction ends. Who did so
    /// since its snapshot was taken is in conflict with it none the less: to have the lock before
    /// the snapshot is what [`TransactionOptions::locks`] are for; of several processes on one
    /// store only those locks keep the others out, with this one they meet at the commit.
    ///
    /// Errors: 1652, 1004; 18, 1200, 30 (see [`CollectionLocks`]).
    pub fn lock_exclusive(&mut self, collection: &Collection) -> Result<()> {
        self.check_write(collection)?;
        let timeout = self.options.lock_timeout;
        let timeout = timeout.unwrap_or(self.database.shared().settings.lock_timeout);
        self.locks.exclude(collection.id, timeout)
    }

    /// Buffers writes to a collection, and makes the commit depend on its shape and count as one
    /// more of its revisions.
    ///
    /// Errors: 18, 1200, 30 (see [`CollectionLocks`]), 32 (`transaction_bytes_max`), the engine's.
    pub(crate) fn write_to(&mut self, collection: &Collection, mut batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let guarded = self.guarded.contains(&collection.id);
        if !guarded {
            let timeout = self.options.lock_timeout;
            let timeout = timeout.unwrap_or(self.shared().settings.lock_timeout);
            self.locks.share(collection.id, timeout)?;
            self.depend_on_shape(collection, &mut batch)?;
            batch.add(layout::revision(collection.keyspace), 1);
        }
        let is_users = self.database.is_system() && collection.name() == "_users";
        if is_users && self.shared().engine.is_shared() {
            batch.add(layout::server_value(layout::USERS_VERSION), 1);
        }
        let written: usize = batch.ops().iter().map(store::Op::bytes).sum();
        let bytes = self.bytes.saturating_add(written);
        let bytes_max = self.options.bytes_max;
        let bytes_max = bytes_max.unwrap_or(self.shared().settings.transaction_bytes_max);
        if bytes > bytes_max {
            return Err(Error::resource_limit(
                "transaction_bytes_max",
                bytes_max,
                bytes,
            ));
        }
        match &mut self.claims {
            Some(claims) => claims.claim(&batch)?,
            None => self.database.shared().claims.check(&batch)?,
        }
        self.txn.write(batch)?;
        self.read_ahead.clear();
        self.bytes = bytes;
        if !guarded {
            self.guarded.push(collection.id);
            if !self.has_written(collection) {
                let changes = Arc::clone(&collection.changes);
                self.written.push((collection.id, changes));
            }
        }
        self.users_written |= is_users;
        Ok(())
    }

    /// Makes the commit fail when the collection has changed since, or another process has it.
    ///
    /// Errors: 1200 if another process has it exclusively.
    fn depend_on_shape(&mut self, collection: &Collection, batch: &mut Batch) -> Result<()> {
        let key = layout::shape(collection.id);
        let shared = Arc::clone(self.database.shared());
        if !shared.engine.is_shared() {
            batch.guard(key);
            return Ok(());
        }
        let shape = match self.shapes.get(&collection.id) {
            Some(shape) => shape.clone(),
            None => self.txn.get(&key)?,
        };
        let own = self.locks.stored.as_ref();
        match shared.access(self.txn.as_mut(), shape.as_deref(), own)? {
            Access::Free => batch.guard(key),
            // Whoever that was guards the shape too, and cannot commit any more.
            Access::Left => batch.put(key, Bytes::new()),
            Access::Taken => {
                self.met_lock = true;
                let code = codes::ARANGO_CONFLICT;
                let message = "conflict, another process holds the collection exclusively";
                return Err(Error::with_message(ErrorKind::Conflict, code, message));
            }
        };
        Ok(())
    }

    /// The key of a collection's shape, to be read together with others, if it will be needed.
    pub(crate) fn unread_shape(&self, collection: &Collection) -> Option<Bytes> {
        let is_needed = self.shared().engine.is_shared()
            && !self.guarded.contains(&collection.id)
            && !self.shapes.contains_key(&collection.id);
        is_needed.then(|| layout::shape(collection.id))
    }
}

fn check_declared(declared: bool, collection: &Collection) -> Result<()> {
    if declared {
        return Ok(());
    }
    let code = codes::TRANSACTION_UNREGISTERED_COLLECTION;
    let message = format!("{}: {}", code.text(), collection.name());
    Err(Error::with_message(ErrorKind::Forbidden, code, message))
}
