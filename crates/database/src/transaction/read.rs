//! Reading documents by key and in order of keys; counts and figures.

use std::sync::Arc;

use bytes::Bytes;
use error_codes::codes;
use store::{Batch, Direction, KeyRange, Scan};

use super::{Position, Selector, Transaction};
use crate::collection::Collection;
use crate::document::{CollectionName, Document, DocumentKey};
use crate::error::{Error, ErrorDocument, ErrorKind, Result};
use crate::ids::Keyspace;
use crate::index::{Index, IndexKind, Note};
use crate::layout;

/// Some documents of a scan, in its order.
#[derive(Clone, Debug)]
pub struct DocumentPage {
    /// The documents. Empty only if `next` is `None`.
    pub documents: Vec<Document>,
    /// Where to go on; `None` at the end.
    pub next: Option<Position>,
}

/// Sizes of a collection, estimated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Documents, exact.
    pub documents: u64,
    /// Bytes of all documents, extrapolated from a sample.
    pub documents_bytes: u64,
    /// Indexes, primary and edge index included.
    pub indexes: u64,
    /// Bytes of their entries, extrapolated from samples.
    pub indexes_bytes: u64,
}

/// How many entries an index has, exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexEntries {
    /// The public type.
    pub type_name: String,
    /// The public number.
    pub number: String,
    /// Entries. An index over the elements of arrays has more of them than there are documents,
    /// a sparse one fewer.
    pub entries: u64,
}

/// A digest over all documents of a collection that does not depend on their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    /// Sum of hashes over keys and whatever else was asked for.
    pub checksum: u64,
    /// The collection's revision; see [`Transaction::collection_revision`].
    pub revision: String,
}

impl Transaction {
    /// A document by key. Errors: 1203, 1652, the engine's.
    pub fn get(&mut self, collection: &Collection, key: &str) -> Result<Option<Document>> {
        let (name, keyspace) = self.readable(collection)?;
        let stored = layout::document(keyspace, key.as_bytes());
        let body = match self.read_ahead.get(stored.as_slice()) {
            Some(body) => body.clone(),
            None => self.txn.get(&stored)?,
        };
        Ok(body.map(|body| Document::new(name, body)))
    }

    /// Documents by key, in the order of the keys, in one round trip. Errors: as [`Self::get`].
    pub fn get_many<K: AsRef<[u8]>>(
        &mut self,
        collection: &Collection,
        keys: &[K],
    ) -> Result<Vec<Option<Document>>> {
        let (name, keyspace) = self.readable(collection)?;
        let bodies = self.get_bodies(keyspace, keys)?;
        let document = |body: Option<Bytes>| Some(Document::new(Arc::clone(&name), body?));
        Ok(bodies.into_iter().map(document).collect())
    }

    pub(super) fn get_bodies<K: AsRef<[u8]>>(
        &mut self,
        documents: Keyspace,
        keys: &[K],
    ) -> Result<Vec<Option<Bytes>>> {
        let stored: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| layout::document(documents, key.as_ref()))
            .collect();
        if !self.read_ahead.is_empty() {
            let ahead = stored.iter().map(|key| self.read_ahead.get(key.as_slice()));
            if let Some(bodies) = ahead.map(|body| body.cloned()).collect() {
                return Ok(bodies);
            }
        }
        let slices: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
        Ok(self.txn.get_many(&slices)?)
    }

    /// The same for documents that are about to be written: reads what that takes as well.
    pub(super) fn get_bodies_to_write(
        &mut self,
        collection: &Collection,
        keys: &[&[u8]],
    ) -> Result<Vec<Option<Bytes>>> {
        let Some(shape) = self.unread_shape(collection) else {
            return self.get_bodies(collection.keyspace, keys);
        };
        let stored: Vec<Vec<u8>> = keys
            .iter()
            .map(|key| layout::document(collection.keyspace, key))
            .collect();
        let documents = stored.iter().map(Vec::as_slice);
        let slices: Vec<&[u8]> = documents.chain([shape.as_ref()]).collect();
        let mut values = self.txn.get_many(&slices)?;
        let shape = values.pop().flatten();
        self.shapes.insert(collection.id, shape);
        Ok(values)
    }

    /// A document that must exist, and in the revision that the selector names if it names one.
    ///
    /// Errors: 1202, 1200 of kind [`ErrorKind::Precondition`], and as [`Self::get`].
    pub fn load(&mut self, collection: &Collection, selector: &Selector) -> Result<Document> {
        let document = self
            .get(collection, selector.key.as_str())?
            .ok_or_else(not_found)?;
        check_revision(&document, selector.rev.as_deref())?;
        Ok(document)
    }

    /// A page of documents in order of keys, from the first one or from `position`.
    ///
    /// Errors: as [`Self::get`].
    pub fn scan(
        &mut self,
        collection: &Collection,
        position: Option<&Position>,
        limit: usize,
    ) -> Result<DocumentPage> {
        let (name, keyspace) = self.readable(collection)?;
        let range = match position {
            Some(position) => position.rest.clone(),
            None => layout::documents(keyspace),
        };
        let scan = self.page_request(range, Direction::Forward, limit);
        let page = self.txn.scan(&scan)?;
        let documents = page.entries.into_iter();
        Ok(DocumentPage {
            documents: documents
                .map(|(_, body)| Document::new(Arc::clone(&name), body))
                .collect(),
            next: page.next.map(|rest| Position { range: 0, rest }),
        })
    }

    /// A scan within the limits of the engine.
    pub(super) fn page_request(&self, range: KeyRange, direction: Direction, limit: usize) -> Scan {
        let limits = self.shared().engine.limits();
        Scan {
            range,
            direction,
            entries_max: limit.clamp(1, limits.page_entries_max),
            bytes_max: limits.page_bytes_max.min(4 * Scan::BYTES_DEFAULT),
            keys_only: false,
        }
    }

    /// The number of documents. Costs one lookup. Errors: as [`Self::get`].
    pub fn count(&mut self, collection: &Collection) -> Result<u64> {
        let (_, keyspace) = self.readable(collection)?;
        self.count_in(keyspace)
    }

    /// The same of a collection that need not be declared. Errors: 1203, the engine's.
    pub(crate) fn stored_count(&mut self, collection: &Collection) -> Result<u64> {
        let keyspace = self.resolve(collection)?.keyspace;
        self.count_in(keyspace)
    }

    fn count_in(&mut self, documents: Keyspace) -> Result<u64> {
        match self.txn.get(&layout::count(documents))? {
            Some(counter) => {
                let count = store::decode_counter(&counter)?;
                u64::try_from(count).map_err(|_| Error::corrupt("number of documents"))
            }
            None => Ok(0),
        }
    }

    /// Removes all documents; how many there were. Conflicts with every concurrent writer, and
    /// makes later commits wait as long as it takes to remove them: for transactions that do
    /// something else too, or else [`crate::Database::truncate_collection`].
    ///
    /// Errors: 1203, 1652, 1004, the engine's.
    pub fn truncate(&mut self, collection: &Collection) -> Result<u64> {
        let collection = self.resolve(collection)?;
        self.check_write(&collection)?;
        let count = self.stored_count(&collection)?;
        let mut batch = Batch::new();
        batch.delete_range(layout::documents(collection.keyspace));
        for index in collection.maintained() {
            batch.delete_range(layout::entries(index.keyspace));
        }
        // Adding, not setting: what else adds at the same time also writes a document.
        let removed = i64::try_from(count).map_err(|_| Error::corrupt("number of documents"))?;
        batch.add(layout::count(collection.keyspace), -removed);
        self.write_to(&collection, batch)?;
        for index in collection.maintained() {
            self.note(index, Note::Clear);
        }
        Ok(count)
    }

    /// Count and estimated sizes. Reads a sample of each index. Errors: as [`Self::get`].
    pub fn figures(&mut self, collection: &Collection) -> Result<Figures> {
        let documents = self.count(collection)?;
        let collection = self.resolve(collection)?;
        let mut figures = Figures {
            documents,
            documents_bytes: self
                .sample_bytes(layout::documents(collection.keyspace), documents)?,
            ..Figures::default()
        };
        for index in collection.indexes() {
            if index.kind() != IndexKind::Primary {
                let range = layout::entries(index.keyspace);
                figures.indexes_bytes += self.sample_bytes(range, documents)?;
            }
        }
        let edge_halves = u64::from(collection.is_edge());
        figures.indexes = collection.indexes().count() as u64 - edge_halves;
        Ok(figures)
    }

    /// How many entries each index has. Reads the keys of every entry. Errors: as
    /// [`Self::get`].
    pub fn index_entries(&mut self, collection: &Collection) -> Result<Vec<IndexEntries>> {
        self.readable(collection)?;
        let collection = self.resolve(collection)?;
        let mut all: Vec<IndexEntries> = Vec::new();
        for index in collection.indexes() {
            let entries = self.count_keys(index.range())?;
            let number = index.public_number();
            // Both halves of an edge index are shown as one.
            match all.last_mut() {
                Some(last) if last.number == number => last.entries += entries,
                _ => all.push(IndexEntries {
                    type_name: index.type_name().to_owned(),
                    number,
                    entries,
                }),
            }
        }
        Ok(all)
    }

    fn count_keys(&mut self, range: KeyRange) -> Result<u64> {
        let mut count = 0;
        let mut next = Some(Scan {
            keys_only: true,
            ..self.page_request(range, Direction::Forward, usize::MAX)
        });
        while let Some(scan) = next {
            let page = self.txn.scan(&scan)?;
            count += page.entries.len() as u64;
            next = scan.after(&page);
        }
        Ok(count)
    }

    /// Counts the documents and corrects the stored number; what it is then. Conflicts with
    /// every concurrent writer only if the number was wrong.
    ///
    /// Errors: 1203, 1652, 1004, the engine's.
    pub fn recount_documents(&mut self, collection: &Collection) -> Result<u64> {
        let collection = self.resolve(collection)?;
        self.check_write(&collection)?;
        let counted = self.count_keys(layout::documents(collection.keyspace))?;
        let stored = self.stored_count(&collection)?;
        if counted != stored {
            let wrong = |_| Error::corrupt("number of documents");
            let difference =
                i64::try_from(counted).map_err(wrong)? - i64::try_from(stored).map_err(wrong)?;
            let mut batch = Batch::new();
            batch.add(layout::count(collection.keyspace), difference);
            self.write_to(&collection, batch)?;
        }
        Ok(counted)
    }

    /// Bytes of an index's entries, extrapolated from a sample; of the primary index 0. Errors: as
    /// [`Self::get`].
    pub fn index_bytes(&mut self, collection: &Collection, index: &Index) -> Result<u64> {
        let (_, index) = self.usable(collection, index)?;
        let documents = self.stored_count(collection)?;
        match index.has_entries() {
            true => self.sample_bytes(index.range(), documents),
            false => Ok(0),
        }
    }

    fn sample_bytes(&mut self, range: KeyRange, entries: u64) -> Result<u64> {
        let sample = self.shared().settings.estimate_sample_entries;
        let scan = self.page_request(range, Direction::Forward, sample);
        let page = self.txn.scan(&scan)?;
        let bytes: usize = page
            .entries
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum();
        let seen = page.entries.len().max(1) as u64;
        Ok(match page.next {
            None => bytes as u64,
            Some(_) => bytes as u64 * entries.max(seen) / seen,
        })
    }

    /// A text that every commit changes that writes documents of the collection, and that never
    /// comes back: where they lie, and how many commits wrote there. Costs one lookup. Within a
    /// transaction that has written it is the one to come if nobody else commits before.
    ///
    /// Errors: as [`Self::get`].
    pub fn collection_revision(&mut self, collection: &Collection) -> Result<String> {
        let collection = self.resolve(collection)?;
        self.check_read(&collection)?;
        let keyspace = collection.keyspace;
        let commits = match self.txn.get(&layout::revision(keyspace))? {
            Some(counter) => store::decode_counter(&counter)?,
            None => 0,
        };
        Ok(format!("{}_{commits}", keyspace.0))
    }

    /// Digest of all documents: over keys, and over revisions and contents if asked. Reads the
    /// whole collection in pages; `go_on` is asked between them. Errors: its own, and as
    /// [`Self::get`].
    pub fn checksum(
        &mut self,
        collection: &Collection,
        with_revisions: bool,
        with_data: bool,
        mut go_on: impl FnMut() -> Result<()>,
    ) -> Result<Checksum> {
        let mut sum = Checksum {
            checksum: 0,
            revision: self.collection_revision(collection)?,
        };
        let mut position = None;
        loop {
            go_on()?;
            let page = self.scan(collection, position.as_ref(), Scan::ENTRIES_DEFAULT)?;
            for document in &page.documents {
                let mut hash = hash_bytes(0, document.key().as_bytes());
                if with_revisions {
                    hash = hash_bytes(hash, &document.revision()?.0.to_be_bytes());
                }
                if with_data {
                    hash = data_hash(hash, document.body());
                }
                sum.checksum = sum.checksum.wrapping_add(hash);
            }
            position = page.next;
            if position.is_none() {
                return Ok(sum);
            }
        }
    }

    /// The name to show documents with, and where they lie; errors: 1203, 1652.
    pub(super) fn readable(
        &self,
        collection: &Collection,
    ) -> Result<(Arc<CollectionName>, Keyspace)> {
        let collection = self
            .catalog
            .find_by_id(collection.id)
            .ok_or_else(|| Error::collection_not_found(collection.name()))?;
        self.check_read(collection)?;
        Ok((Arc::clone(collection.shared_name()), collection.keyspace))
    }
}

/// A hash that stays the same from version to version (FNV-1a).
fn hash_bytes(seed: u64, bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let start = OFFSET ^ seed;
    bytes.iter().fold(start, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(PRIME)
    })
}

/// The hash of all attributes but the revision.
fn data_hash(seed: u64, body: &[u8]) -> u64 {
    value::json::attributes(body)
        .filter(|(name, _)| name != "_rev")
        .fold(seed, |hash, (name, text)| {
            hash_bytes(hash_bytes(hash, name.as_bytes()), text)
        })
}

pub(super) fn not_found() -> Error {
    Error::new(ErrorKind::NotFound, codes::ARANGO_DOCUMENT_NOT_FOUND)
}

/// Errors: 1200 if `rev` is given and not the document's.
pub(super) fn check_revision(document: &Document, rev: Option<&str>) -> Result<()> {
    match rev {
        Some(rev) if rev != document.rev() => {
            let key: DocumentKey = document.key();
            Err(Error::precondition(ErrorDocument {
                id: document.id(),
                key: key.to_string(),
                rev: document.rev().to_owned(),
            }))
        }
        _ => Ok(()),
    }
}
