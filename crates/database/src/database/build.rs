//! Building an index while writers go on.
//!
//! 1. The index is registered as *building*. Writers that began before fail at commit (the
//!    collection's shape changed) and begin again; from then on every writer maintains it.
//! 2. The documents are read page by page; each page's entries are one transaction. A writer
//!    that changes such a document meanwhile writes the same entry keys, so that one of the two
//!    conflicts; the page is tried again.
//! 3. The index becomes visible to readers. Writers do not notice: they maintain it already.
//!
//! A crash leaves an index that is building; the next start removes it with its entries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use error_codes::codes;
use value::Value;

use super::{CreatedIndex, Database};
use crate::catalog::Change;
use crate::collection::Collection;
use crate::error::{Error, ErrorKind, Result};
use crate::ids::{CollectionId, IndexId};
use crate::index::{EntryLimits, Index, IndexKind, Note};
use crate::transaction::{Position, TransactionOptions};

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
        let collection = self.put_index(collection, index);
        let index = find_by_id(&collection, id)?;
        Ok((collection, index, true))
    }
}

impl Database {
    /// Steps 2 and 3.
    pub(super) fn build_index(
        &self,
        collection: &Collection,
        index: &Index,
    ) -> Result<CreatedIndex> {
        let added = self.add_entries(collection, index);
        let finished = added.and_then(|()| self.finish_index(collection, index));
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
            let collection = change.replace_index(&collection, finished);
            Ok(CreatedIndex {
                index: find_by_id(&collection, index.id)?,
                collection,
                is_newly_created: true,
            })
        })
    }

    /// Adds the entries of all documents. Pages shrink when writers are in the way and grow
    /// again: a page of one document gets through sooner or later.
    fn add_entries(&self, collection: &Collection, index: &Index) -> Result<()> {
        let settings = &self.shared().settings;
        let mut documents = settings.index_build_documents.max(1);
        let (mut position, mut retries) = (None, 0);
        let mut done: u64 = 0;
        loop {
            let mut transaction = self.begin(TransactionOptions::default())?;
            let total = transaction.stored_count(collection)?;
            let page = transaction.build_page(collection, index.id, position.as_ref(), documents);
            let committed = page.and_then(|page| transaction.commit().map(|()| page));
            match committed {
                Ok((_, None)) => return Ok(()),
                Ok((read, next)) => {
                    done += read;
                    index.set_progress(done, total);
                    position = next;
                    retries = 0;
                    documents = (documents * 2).min(settings.index_build_documents.max(1));
                }
                Err(error) if error.is_conflict() && retries < settings.conflict_retries_max => {
                    retries += usize::from(documents == 1);
                    documents = (documents / 2).max(1);
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

    fn abandon(&self, collection: CollectionId, index: IndexId) -> Result<()> {
        self.change(|change| {
            let Some(collection) = change.catalog.find_by_id(collection).cloned() else {
                return Ok(());
            };
            if let Ok(index) = find_by_id(&collection, index) {
                change.drop_index(&collection, &index);
            }
            Ok(())
        })
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

impl crate::transaction::Transaction {
    /// Adds the entries of one page of documents; how many documents, and the position of the
    /// next page.
    pub(crate) fn build_page(
        &mut self,
        collection: &Collection,
        index: IndexId,
        position: Option<&Position>,
        documents_max: usize,
    ) -> Result<(u64, Option<Position>)> {
        let limits = EntryLimits::new(&self.shared().settings);
        let collection = self.resolve(collection)?;
        let index = find_by_id(&collection, index)?;
        let page = self.scan(&collection, position, documents_max)?;
        let mut entries = Vec::with_capacity(page.documents.len());
        for document in &page.documents {
            let key = document.key();
            for entry in index.entries(document.body(), key.as_bytes(), limits)? {
                entries.push((entry, key.clone()));
            }
        }
        let mut owners: HashMap<Bytes, _> = HashMap::new();
        if index.is_unique() {
            let keys: Vec<Bytes> = entries.iter().map(|(entry, _)| entry.key.clone()).collect();
            owners = self.load_owners(&index, &keys)?;
        }
        let (mut batch, mut notes) = (store::Batch::new(), Vec::new());
        let mut own: HashSet<Bytes> = HashSet::new();
        for (entry, key) in entries {
            if index.is_unique() {
                let owner = owners.insert(entry.key.clone(), key.clone());
                // Without deduplication one array may hold a value twice.
                let is_first = own.insert(entry.key.clone());
                if let Some(owner) = owner
                    && (owner != key || !is_first)
                {
                    return Err(unique_violation(&index, owner.as_str()).with_status(400));
                }
            }
            notes.push(Note::Touch(entry.touch(true)));
            batch.put(entry.key, entry.value);
        }
        self.write_to(&collection, batch)?;
        notes.into_iter().for_each(|note| self.note(&index, note));
        Ok((page.documents.len() as u64, page.next))
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
