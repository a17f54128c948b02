//! A transaction: one snapshot of documents and catalog, and the writes made on top of it.

mod document_write;
mod index_scan;
mod read;
mod selector;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use error_codes::codes;
use store::{Batch, KeyRange, Page, Scan, Txn};

pub use document_write::{OverwriteMode, WriteOptions, WriteResult};
pub use index_scan::{IndexEntry, IndexPage, IndexRange, IndexScan};
pub use read::{Checksum, DocumentPage, Figures};
pub use selector::Selector;

use crate::catalog::Catalog;
use crate::collection::Collection;
use crate::database::Database;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::CollectionId;
use crate::layout;
use crate::shared::Shared;

/// How to begin a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionOptions {
    /// It will not write; writes fail.
    pub read_only: bool,
    /// The only collections it may use; `None` allows all.
    pub access: Option<CollectionAccess>,
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

/// The collections that a transaction declared, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CollectionAccess {
    /// To be read.
    pub read: Vec<String>,
    /// To be written and read.
    pub write: Vec<String>,
    /// Whether collections that are not declared may be read.
    pub allow_implicit_reads: bool,
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
pub struct Savepoint(store::Savepoint);

/// A transaction. Owned by one caller at a time; dropping it rolls it back.
///
/// A call that fails changes nothing and the transaction can go on, except after an error of
/// kind [`ErrorKind::Unavailable`] or [`ErrorKind::Corrupt`].
pub struct Transaction {
    txn: Box<dyn Txn>,
    database: Database,
    catalog: Arc<Catalog>,
    options: TransactionOptions,
    /// Collections whose shape is guarded already.
    guarded: Vec<CollectionId>,
    users_written: bool,
}

impl Transaction {
    pub(crate) fn new(
        database: Database,
        txn: Box<dyn Txn>,
        catalog: Arc<Catalog>,
        options: TransactionOptions,
    ) -> Self {
        Self {
            txn,
            database,
            catalog,
            options,
            guarded: Vec::new(),
            users_written: false,
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
        Ok(Savepoint(self.txn.savepoint()?))
    }

    /// Undoes every write since the savepoint, which stays. Errors: the engine's.
    pub fn rollback_to(&mut self, savepoint: Savepoint) -> Result<()> {
        // Guards made since then are gone too.
        self.guarded.clear();
        Ok(self.txn.rollback_to(savepoint.0)?)
    }

    /// Forgets the savepoint and keeps the writes. Errors: the engine's.
    pub fn release(&mut self, savepoint: Savepoint) -> Result<()> {
        Ok(self.txn.release(savepoint.0)?)
    }

    /// Makes the writes visible and durable, all or none.
    ///
    /// Errors: 1200 of kind [`ErrorKind::Conflict`] (nothing was written); the engine's.
    pub fn commit(self) -> Result<()> {
        let users_written = self.users_written;
        self.txn.commit()?;
        if users_written {
            let generation = &self.database.shared().users_generation;
            generation.fetch_add(1, Ordering::AcqRel);
        }
        Ok(())
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

    /// Errors: 1652 if the collection must not be read.
    fn check_read(&self, collection: &Collection) -> Result<()> {
        match &self.options.access {
            None => Ok(()),
            Some(access) if access.allow_implicit_reads => Ok(()),
            Some(access) => {
                let mut declared = access.read.iter().chain(&access.write);
                check_declared(declared.any(|name| name == collection.name()), collection)
            }
        }
    }

    /// Errors: 1652 if the collection must not be written; 1004 in a read-only transaction.
    fn check_write(&self, collection: &Collection) -> Result<()> {
        if self.options.read_only {
            return Err(Error::new(ErrorKind::Forbidden, codes::ARANGO_READ_ONLY));
        }
        match &self.options.access {
            None => Ok(()),
            Some(access) => {
                let mut declared = access.write.iter();
                check_declared(declared.any(|name| name == collection.name()), collection)
            }
        }
    }

    /// Buffers writes to a collection, and makes the commit depend on its shape.
    pub(crate) fn write_to(&mut self, collection: &Collection, mut batch: Batch) -> Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let guarded = self.guarded.contains(&collection.id);
        if !guarded {
            batch.guard(layout::shape(collection.id));
        }
        self.txn.write(batch)?;
        if !guarded {
            self.guarded.push(collection.id);
        }
        self.users_written |= self.database.is_system() && collection.name() == "_users";
        Ok(())
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
