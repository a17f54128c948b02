//! Building an index while writers go on.
//!
//! 1. The index is registered as *building*. Writers that began before fail at commit (the
//!    collection's shape changed) and begin again; from then on every writer maintains it.
//! 2. The documents are read, `index_build_bytes` of entries at a time, and these entries are
//!    written in order of their keys, so that neighbours are written together: piece by piece,
//!    each a transaction that looks whether its documents still have them. A writer that changes
//!    such a document meanwhile writes the same entry keys, so that one of the two conflicts;
//!    the piece is tried again. Both look whether an entry is stored before they count it, so
//!    that each is counted once.
//! 3. The index becomes visible to readers. Writers do not notice: they maintain it already.
//!
//! A crash leaves an index that is building; the next start removes it with its entries. In a
//! shared store the index says who builds it ([`crate::seats::Holder`]), and when that process
//! shows no life any more another one builds the index from the beginning
//! ([`Databases::adopt_index_builds`]). Two who build one index do no harm: both write the entries
//! that the documents have, and only who is named removes it when its build fails.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use error_codes::codes;
use store::{Batch, BeginOptions, Txn};
use value::Value;

use super::{CreatedIndex, Database};
use crate::catalog::Change;
use crate::collection::Collection;
use crate::databases::Databases;
use crate::document::DocumentKey;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CollectionId, IndexId};
use crate::index::{Entry, EntryLimits, Index, IndexKind, Note};
use crate::layout;
use crate::seats::Holder;
use crate::transaction::{Position, Transaction, TransactionOptions};

impl Change<'_> {
    /// The index that a definition asks for: an equal one that exists, or a new one. Returns
    /// the collection with it and whether it is new.
    pub(crate) fn add_index(
        &mut self,
        collection: &Collection,
        definition: &Value,
        building: bool,
    ) -> Result<(Arc<Collection>, Arc<Index>, bool)> {
        let id = IndexId(self.shared.next_tick()?);
        let mut index = Index::parse(id, definition, &self.shared.settings)?;
        index.building = building;
        let all = collection.maintained();
        if let Some(same) = all.clone().find(|other| other.is_same_definition(&index)) {
            if same.building {
                let message = "the index is being built";
                let code = codes::ARANGO_CONFLICT;
                return Err(Error::with_message(ErrorKind::Conflict, code, message));
            }
            return Ok((Arc::new(collection.clone()), Arc::clone(same), false));
        }
        let is_ttl = |index: &Index| index.kind() == IndexKind::Ttl;
        if is_ttl(&index) && all.clone().any(|other| is_ttl(other)) {
            let message = "a collection can have one ttl index only";
            return Err(Error::bad_parameter(message));
        }
        if all.clone().any(|other| other.name() == index.name()) {
            let code = codes::ARANGO_DUPLICATE_IDENTIFIER;
            let message = format!("{}: index '{}'", code.text(), index.name());
            return Err(Error::with_message(ErrorKind::Exists, code, message));
        }
        let indexes_max = self.shared.settings.indexes_max;
        let wanted = collection.indexes.len() + 1;
        if wanted > indexes_max {
            return Err(Error::limit("indexes_max", indexes_max, wanted));
        }
        if let Some(holder) = self.shared.holder().filter(|_| building) {
            self.batch.put(layout::builder(id), holder.encode());
        }
        let collection = self.put_index(collection, index);
        let index = find_by_id(&collection, id)?;
        Ok((collection, index, true))
    }
}

impl Database {
    /// Steps 2 and 3.
    pub(crate) fn build_index(
        &self,
        collection: &Collection,
        index: &Index,
    ) -> Result<CreatedIndex> {
        self.inner.building.lock().insert(index.id);
        let added = self.add_entries(collection, index);
        let finished = added.and_then(|()| self.finish_index(collection, index));
        self.inner.building.lock().remove(&index.id);
        if finished.is_err() {
            let id = (collection.id, index.id);
            self.inner.abandoned.lock().push(id);
            // If this fails too, the next creation of an index tries again.
            drop(self.remove_abandoned());
        }
        finished
    }

    fn finish_index(&self, collection: &Collection, index: &Index) -> Result<CreatedIndex> {
        self.change(|change| {
            let collection = change.catalog.find_by_id(collection.id);
            let collection = Arc::clone(collection.ok_or_else(dropped)?);
            let mut finished = (*find_by_id(&collection, index.id)?).clone();
            finished.building = false;
            change.batch.delete(layout::builder(index.id));
            let collection = change.replace_index(&collection, finished);
            Ok(CreatedIndex {
                index: find_by_id(&collection, index.id)?,
                collection,
                is_newly_created: true,
            })
        })
    }

    /// Adds the entries of all documents, run by run.
    fn add_entries(&self, collection: &Collection, index: &Index) -> Result<()> {
        let mut position = None;
        let mut progress = Progress::default();
        loop {
            let (run, next) = self.collect_run(collection, index.id, position)?;
            let mut rest = run.entries.as_slice();
            while !rest.is_empty() {
                let written = self.in_pieces(&mut progress, |transaction, entries| {
                    let piece = rest.get(..entries).unwrap_or(rest);
                    transaction.build_sorted(collection, index.id, piece)?;
                    Ok(piece.len())
                })?;
                rest = rest.get(written..).unwrap_or_default();
                let left = run.documents * rest.len() as u64 / run.entries.len() as u64;
                index.set_progress(progress.documents + run.documents - left, run.total);
            }
            progress.documents += run.documents;
            position = next;
            if position.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads documents until their entries take `index_build_bytes`; sorts those, and says where
    /// to go on. Each page of documents is read in a snapshot of its own: the engine cannot use
    /// the room of what is replaced while somebody keeps a snapshot. What changes between two of
    /// them has its entries from the writer.
    pub(crate) fn collect_run(
        &self,
        collection: &Collection,
        index: IndexId,
        mut position: Option<Position>,
    ) -> Result<(Run, Option<Position>)> {
        let bytes_max = self.shared().settings.index_build_bytes;
        let mut run = Run::default();
        loop {
            let mut reader = self.begin(TransactionOptions::read_only())?;
            position = reader.collect_page(collection, index, position.as_ref(), &mut run)?;
            if position.is_none() || run.bytes >= bytes_max {
                run.entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
                return Ok((run, position));
            }
        }
    }

    /// Commits one piece of the work, which is told how many entries it may have. Pieces shrink
    /// when writers are in the way and grow again: a piece of one entry gets through sooner or
    /// later.
    fn in_pieces<T>(
        &self,
        progress: &mut Progress,
        mut piece: impl FnMut(&mut Transaction, usize) -> Result<T>,
    ) -> Result<T> {
        let settings = &self.shared().settings;
        let entries_max = settings.index_build_piece_entries.max(1);
        let mut retries = 0;
        loop {
            let entries = progress.piece.clamp(1, entries_max);
            let mut transaction = self.begin(TransactionOptions::default())?;
            let done = piece(&mut transaction, entries);
            match done.and_then(|done| transaction.commit().map(|()| done)) {
                Ok(done) => {
                    progress.piece = entries * 2;
                    return Ok(done);
                }
                Err(error) if error.is_conflict() && retries < settings.conflict_retries_max => {
                    retries += usize::from(entries == 1);
                    progress.piece = entries / 2;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes the indexes whose build failed. Errors: the engine's; then they stay listed.
    pub(super) fn remove_abandoned(&self) -> Result<()> {
        loop {
            let Some((collection, index)) = self.inner.abandoned.lock().last().copied() else {
                return Ok(());
            };
            self.abandon(collection, index)?;
            let mut abandoned = self.inner.abandoned.lock();
            abandoned.retain(|other| *other != (collection, index));
        }
    }

    pub(crate) fn abandon(&self, collection: CollectionId, index: IndexId) -> Result<()> {
        self.change(|change| {
            let Some(collection) = change.catalog.find_by_id(collection).cloned() else {
                return Ok(());
            };
            let Ok(index) = find_by_id(&collection, index) else {
                return Ok(());
            };
            let builder = find_builder(change.txn, index.id)?;
            if index.building && (builder.is_none() || builder == change.shared.holder()) {
                // Nobody else takes it over meanwhile.
                change.batch.guard(layout::builder(index.id));
                change.drop_index(&collection, &index);
            }
            Ok(())
        })
    }

    /// Builds what processes that died have left unfinished.
    fn adopt(&self, collection: &Collection, index: &Index) -> Result<bool> {
        let shared = self.shared();
        let Some(holder) = shared.holder() else {
            return Ok(false);
        };
        let is_adopted = shared.retry(|| {
            let key = layout::builder(index.id);
            let options = BeginOptions::read_write();
            let (mut txn, mut values) = shared.engine.begin_reading(options, &[&key])?;
            // Without one it has been finished or removed.
            let Some(builder) = values.pop().flatten() else {
                return Ok(false);
            };
            let builder = Holder::decode(&builder)?;
            // An own one that nobody works at: its announcement failed, as it seemed.
            let is_built = match builder == holder {
                true => self.inner.building.lock().contains(&index.id),
                false => builder.is_alive(txn.as_mut())?,
            };
            if is_built {
                return Ok(false);
            }
            let mut batch = Batch::new();
            batch.put(key, holder.encode());
            txn.write(batch)?;
            txn.commit()?;
            Ok(true)
        })?;
        if is_adopted {
            tracing::info!(
                database = %self.name(), collection = collection.name(), index = index.name(),
                "builds an index that another process left unfinished"
            );
            self.build_index(collection, index)?;
        }
        Ok(is_adopted)
    }

    /// Removes indexes whose build was interrupted.
    pub(crate) fn drop_unfinished_indexes(&self) -> Result<()> {
        for collection in self.collections() {
            for index in collection.maintained().filter(|index| index.building) {
                self.abandon(collection.id, index.id)?;
            }
        }
        Ok(())
    }
}

impl Databases {
    /// Builds the indexes of a shared store that processes left unfinished which died; how many.
    /// To be called now and then, on a thread that may take long. Ends early when `stop` is set.
    /// Does nothing where nobody shares the store.
    ///
    /// Errors: the engine's. What violates an index removes the index, as in its creation.
    pub fn adopt_index_builds(&self, stop: &AtomicBool) -> Result<usize> {
        let mut adopted = 0;
        if self.shared().holder().is_none() {
            return Ok(adopted);
        }
        self.for_each_collection(|database, collection| {
            database.remove_abandoned()?;
            for index in collection.maintained().filter(|index| index.building) {
                if stop.load(Ordering::Acquire) {
                    return Ok(());
                }
                match database.adopt(collection, index) {
                    Ok(is_adopted) => adopted += usize::from(is_adopted),
                    Err(error) if error.kind() == ErrorKind::Exists => {
                        tracing::warn!(
                            index = index.name(), %error,
                            "an index that another process left unfinished was removed"
                        );
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })?;
        Ok(adopted)
    }
}

fn find_builder(txn: &mut dyn Txn, index: IndexId) -> Result<Option<Holder>> {
    let builder = txn.get(&layout::builder(index))?;
    builder.as_deref().map(Holder::decode).transpose()
}

/// How far a build has come.
struct Progress {
    /// Documents in the runs that are written.
    documents: u64,
    /// Entries that the next piece may have.
    piece: usize,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            documents: 0,
            piece: usize::MAX,
        }
    }
}

/// Entries that documents had when they were read, in order.
#[derive(Default)]
pub(crate) struct Run {
    /// How many documents those were.
    documents: u64,
    /// How many the collection has.
    total: u64,
    /// What the entries take, in bytes.
    bytes: usize,
    pub entries: Vec<PlannedEntry>,
}

/// The stored key of an entry, and whose it is.
type PlannedEntry = (Bytes, DocumentKey);

impl Transaction {
    /// Adds a page of documents to a run; where to go on.
    fn collect_page(
        &mut self,
        collection: &Collection,
        index: IndexId,
        position: Option<&Position>,
        run: &mut Run,
    ) -> Result<Option<Position>> {
        let settings = &self.shared().settings;
        let documents = settings.index_build_documents;
        let limits = EntryLimits::new(settings);
        let collection = self.resolve(collection)?;
        let index = find_by_id(&collection, index)?;
        run.total = self.stored_count(&collection)?;
        let page = self.scan(&collection, position, documents)?;
        for document in &page.documents {
            let key = document.key();
            for entry in index.entries(document.body(), key.as_bytes(), limits)? {
                let key = Bytes::copy_from_slice(key.as_bytes());
                run.bytes += entry.key.len() + key.len() + size_of::<PlannedEntry>();
                run.entries.push((entry.key, DocumentKey::from_stored(key)));
            }
        }
        run.documents += page.documents.len() as u64;
        Ok(page.next)
    }

    /// Adds entries that documents had a while ago and still have. What changed since then has
    /// its entry from the writer.
    pub(crate) fn build_sorted(
        &mut self,
        collection: &Collection,
        index: IndexId,
        piece: &[PlannedEntry],
    ) -> Result<()> {
        let limits = EntryLimits::new(&self.shared().settings);
        let collection = self.resolve(collection)?;
        let index = find_by_id(&collection, index)?;
        // Arrays give a document several entries, of which many may be in the piece.
        let mut of_document: BTreeMap<&DocumentKey, Vec<&Bytes>> = BTreeMap::new();
        for (planned, key) in piece {
            of_document.entry(key).or_default().push(planned);
        }
        let keys: Vec<&[u8]> = of_document.keys().map(|key| key.as_bytes()).collect();
        let documents = self.get_many(&collection, &keys)?;
        let mut entries = Vec::with_capacity(piece.len());
        for ((key, mut planned), document) in of_document.into_iter().zip(documents) {
            let Some(document) = document else {
                continue;
            };
            planned.dedup();
            let now = index.entries(document.body(), key.as_bytes(), limits)?;
            for planned in planned {
                // In a unique index one document may have an entry twice, which is refused.
                let from = now.partition_point(|entry| entry.key < *planned);
                let same = now.iter().skip(from);
                let same = same.take_while(|entry| entry.key == *planned);
                entries.extend(same.map(|entry| (entry.clone(), key.clone())));
            }
        }
        self.put_entries(&collection, &index, entries)
    }

    /// Writes entries of documents. Errors: 1210 with status 400.
    fn put_entries(
        &mut self,
        collection: &Collection,
        index: &Index,
        entries: Vec<(Entry, DocumentKey)>,
    ) -> Result<()> {
        let keys: Vec<Bytes> = entries.iter().map(|(entry, _)| entry.key.clone()).collect();
        let stored = self.load_owners(index, &keys)?;
        let mut owners = HashMap::new();
        if index.is_unique() {
            owners.clone_from(&stored);
        }
        let (mut batch, mut notes) = (Batch::new(), Vec::new());
        let mut own: HashSet<Bytes> = HashSet::new();
        for (entry, key) in entries {
            if index.is_unique() {
                let owner = owners.insert(entry.key.clone(), key.clone());
                // Without deduplication one array may hold a value twice.
                let is_first = own.insert(entry.key.clone());
                if let Some(owner) = owner
                    && (owner != key || !is_first)
                {
                    return Err(unique_violation(index, owner.as_str()).with_status(400));
                }
            }
            // What a writer has added, it has counted.
            if !stored.contains_key(&entry.key) {
                notes.push(Note::Touch(entry.touch(true)));
            }
            batch.put(entry.key, entry.value);
        }
        self.write_to(collection, batch)?;
        notes.into_iter().for_each(|note| self.note(index, note));
        Ok(())
    }
}

pub(crate) fn unique_violation(index: &Index, key: &str) -> Error {
    let message = format!(
        "{} - in index {} of type {} over '{}'; conflicting key: {key}",
        codes::ARANGO_UNIQUE_CONSTRAINT_VIOLATED.text(),
        index.name(),
        index.type_name(),
        index.field_names(),
    );
    let code = codes::ARANGO_UNIQUE_CONSTRAINT_VIOLATED;
    Error::with_message(ErrorKind::Exists, code, message)
}

fn find_by_id(collection: &Collection, id: IndexId) -> Result<Arc<Index>> {
    let index = collection.indexes.iter().find(|index| index.id == id);
    index.cloned().ok_or_else(dropped)
}

/// The collection or the index was dropped during the build.
fn dropped() -> Error {
    Error::new(ErrorKind::NotFound, codes::ARANGO_INDEX_NOT_FOUND)
}
