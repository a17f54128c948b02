//! Beginning on a store that other processes change.
//!
//! A transaction reads the revision of its database's catalog together with its snapshot. When it
//! is not the one in memory, the catalog is read from that snapshot, and replaces the one in memory
//! if it is newer. So a transaction never acts on another catalog than its snapshot's, and what it
//! writes cannot commit when the catalog of its collections changed since (they guard the shapes).

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use store::{BeginOptions, Txn};

use super::Database;
use crate::catalog::{self, Catalog};
use crate::document::KEY_BYTES_MAX;
use crate::error::Result;
use crate::exclusive::{Access, Patience};
use crate::ids::CollectionId;
use crate::layout;
use crate::locks::{HeldLocks, Mode};
use crate::shared::Shared;
use crate::transaction::ExpectedDocument;

/// A transaction of the engine, and what belongs to its snapshot.
pub(crate) struct Begun {
    pub txn: Box<dyn Txn>,
    pub catalog: Arc<Catalog>,
    /// Shapes that were read already.
    pub shapes: HashMap<CollectionId, Option<Bytes>>,
    /// Documents that were read already, by stored key.
    pub read_ahead: HashMap<Bytes, Option<Bytes>>,
    /// The version of the users; 0 where nobody shares the store.
    pub users: u64,
}

/// What is read when a transaction begins, beside the versions.
#[derive(Default)]
struct Ahead {
    shapes: Vec<CollectionId>,
    /// Stored keys.
    documents: Vec<Bytes>,
}

impl Begun {
    /// On a store that nobody shares.
    pub fn alone(txn: Box<dyn Txn>, catalog: Arc<Catalog>) -> Self {
        Self {
            txn,
            catalog,
            shapes: HashMap::new(),
            read_ahead: HashMap::new(),
            users: 0,
        }
    }
}

impl Database {
    /// Begins when the collections that are locked are not another process's.
    ///
    /// Errors: 18 when that takes longer than `patience`; 1228; the engine's.
    pub(super) fn begin_shared(
        &self,
        options: BeginOptions,
        expected: &[ExpectedDocument],
        locks: &mut HeldLocks,
        patience: &mut Patience,
    ) -> Result<Begun> {
        let shared = &self.inner.shared;
        loop {
            let wants = locks.wants().to_vec();
            let is_exclusive = |(_, mode): &(CollectionId, Mode)| *mode == Mode::Exclusive;
            if locks.stored.is_none() && wants.iter().any(is_exclusive) {
                locks.stored = Some(shared.acquire(&wants, patience)?);
            }
            let mut ahead = self.find_expected(expected, !options.read_only);
            let collections = wants.iter().map(|(collection, _)| *collection);
            ahead.shapes.extend(collections);
            let mut begun = self.begin_reading(options, ahead)?;
            if self.has_all(&mut begun, locks)? {
                return Ok(begun);
            }
            // Who waits holds nothing among processes, so nobody waits in a circle.
            locks.stored = None;
            patience.wait(shared)?;
        }
    }

    /// Whether nobody else has what is locked, and what is exclusive is still held.
    fn has_all(&self, begun: &mut Begun, locks: &HeldLocks) -> Result<bool> {
        for (collection, mode) in locks.wants() {
            let Some(Some(shape)) = begun.shapes.get(collection).cloned() else {
                // Dropped.
                continue;
            };
            let own = locks.stored.as_ref();
            let is_free = match (mode, own) {
                (Mode::Exclusive, Some(own)) => own.has(Some(&shape))?,
                _ => {
                    let txn = begun.txn.as_mut();
                    self.inner.shared.access(txn, Some(&shape), own)? != Access::Taken
                }
            };
            if !is_free {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where expected documents lie as far as is known without asking. If the catalog turns out to
    /// be another one, they are read again.
    fn find_expected(&self, expected: &[ExpectedDocument], to_write: bool) -> Ahead {
        let mut ahead = Ahead::default();
        if expected.is_empty() {
            return ahead;
        }
        let catalog = Arc::clone(&self.inner.catalog.read());
        for ExpectedDocument { collection, key } in expected {
            let Some(collection) = catalog.find_by_name_or_id(collection) else {
                continue;
            };
            let key = layout::document(collection.keyspace, key.as_bytes());
            // What is too long for a key is no key of a document.
            if key.len() <= layout::PREFIX_BYTES + KEY_BYTES_MAX {
                ahead.documents.push(key.into());
            }
            if to_write && !ahead.shapes.contains(&collection.id) {
                ahead.shapes.push(collection.id);
            }
        }
        ahead
    }

    /// One round trip where the engine has any: the snapshot, the versions, and what else is
    /// going to be asked for.
    fn begin_reading(&self, options: BeginOptions, ahead: Ahead) -> Result<Begun> {
        let shared = &self.inner.shared;
        let asked = shared.platform.clock.monotonic();
        let mut keys = vec![layout::catalog_revision(self.id())];
        keys.extend(Shared::version_keys());
        let versions_end = keys.len();
        keys.extend(ahead.shapes.iter().map(|id| layout::shape(*id)));
        let shapes_end = keys.len();
        keys.extend(ahead.documents.iter().cloned());
        let slices: Vec<&[u8]> = keys.iter().map(Bytes::as_ref).collect();
        let (mut txn, values) = shared.engine.begin_reading(options, &slices)?;
        let (values, documents) = values.split_at(shapes_end.min(values.len()));
        let (versions, shapes) = values.split_at(versions_end.min(values.len()));
        let (revision, versions) = versions.split_at(1.min(versions.len()));
        let users = shared.note_versions(asked, versions)?;
        let revision = catalog::decode_revision(revision.first().and_then(Option::as_ref))?;
        let catalog = self.catalog_of(txn.as_mut(), revision)?;
        self.inner.looked_at.set(asked);
        Ok(Begun {
            txn,
            catalog,
            shapes: zip(ahead.shapes, shapes),
            read_ahead: zip(ahead.documents, documents),
            users,
        })
    }

    /// The catalog of a snapshot with this revision. Errors: 1228 if there is none.
    pub(super) fn catalog_of(&self, txn: &mut dyn Txn, revision: u64) -> Result<Arc<Catalog>> {
        if revision == 0 {
            // Every database has one from its creation on.
            self.inner.dropped.store(true, Ordering::Release);
            self.inner.shared.versions.forget();
        }
        self.check_not_dropped()?;
        let in_memory = || Arc::clone(&self.inner.catalog.read());
        let cached = in_memory();
        if cached.revision == revision {
            return Ok(cached);
        }
        // One reads it, the others wait and find it there.
        let _one_at_a_time = self.inner.loading.lock();
        let cached = in_memory();
        if cached.revision == revision {
            return Ok(cached);
        }
        let settings = &self.inner.shared.settings;
        let catalog = Arc::new(Catalog::load(txn, self.id(), &cached, settings)?);
        let mut slot = self.inner.catalog.write();
        if slot.revision < catalog.revision {
            *slot = Arc::clone(&catalog);
        }
        Ok(catalog)
    }

    /// Looks whether the catalog in memory is the latest one, unless that was done at most
    /// `shared_age_max` ago and it need not be known `now`. Does nothing where nobody shares the
    /// store.
    pub(super) fn refresh(&self, now: bool) -> Result<()> {
        let shared = &self.inner.shared;
        if !shared.engine.is_shared() {
            return Ok(());
        }
        let time = shared.platform.clock.monotonic();
        let age_max = shared.settings.shared_age_max;
        if !now && self.inner.looked_at.is_recent(time, age_max) {
            return Ok(());
        }
        self.begin_reading(BeginOptions::read_only(), Ahead::default())
            .map(drop)
    }
}

fn zip<K: Hash + Eq>(keys: Vec<K>, values: &[Option<Bytes>]) -> HashMap<K, Option<Bytes>> {
    keys.into_iter().zip(values.iter().cloned()).collect()
}
