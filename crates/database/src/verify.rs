//! Comparing documents, index entries and counts with one another.
//!
//! Every comparison goes both ways: each document has the entries that it must have, and each
//! entry, count and other stored key belongs to something that is there. Pages of documents and
//! of entries are looked at one by one, so memory does not grow with the data.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use store::{BeginOptions, KeyRange, Scan};

use crate::catalog;
use crate::collection::Collection;
use crate::database::Database;
use crate::databases::Databases;
use crate::discarded;
use crate::document::Document;
use crate::error::Result;
use crate::ids::Keyspace;
use crate::index::{EntryLimits, Index, decode_entry};
use crate::layout::{self, Discarded};
use crate::transaction::{Transaction, TransactionOptions};

/// One thing that does not agree with another. Shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The collection's name; empty if it belongs to none.
    pub collection: String,
    /// What differs, in words.
    pub text: String,
}

/// What was compared in a database, and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Collections that were read.
    pub collections: u64,
    /// Documents that were read.
    pub documents: u64,
    /// Index entries that were read; the primary index has none of its own.
    pub entries: u64,
    /// What does not agree, at most `verify_differences_max` of them.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub differences_left_out: u64,
}

/// Compares, in one snapshot, the documents of a database with the entries of every index and
/// with the counts.
///
/// Errors: the engine's.
pub fn verify(database: &Database) -> Result<Verification> {
    let mut transaction = database.begin(TransactionOptions::read_only())?;
    let mut verifier = Verifier {
        differences_max: database.shared().settings.verify_differences_max,
        report: Verification::default(),
        collection: String::new(),
    };
    let collections: Vec<_> = transaction.collections().cloned().collect();
    for collection in collections {
        verifier.collection = collection.name().to_owned();
        verifier.verify_collection(&mut transaction, &collection)?;
    }
    Ok(verifier.report)
}

/// Looks for stored keys that belong to no collection and no index of any database.
///
/// Errors: the engine's; a damaged catalog.
pub fn verify_nothing_is_left(databases: &Databases) -> Result<Verification> {
    let shared = databases.shared();
    let mut txn = shared.engine.begin(BeginOptions::read_only())?;
    let known = Known::load(txn.as_mut())?;
    let mut verifier = Verifier {
        differences_max: shared.settings.verify_differences_max,
        report: Verification::default(),
        collection: String::new(),
    };
    for (kinds, owner, known) in [
        (layout::OF_COLLECTIONS, "collection", &known.collections),
        (layout::OF_DOCUMENTS, "collection", &known.documents),
        (layout::OF_INDEXES, "index", &known.indexes),
        (layout::OF_ENTRIES, "index", &known.entries),
    ] {
        for (tag, what) in kinds {
            verifier.verify_owners(txn.as_mut(), *tag, what, owner, known)?;
        }
    }
    Ok(verifier.report)
}

/// The numbers of everything that may own stored keys.
#[derive(Default)]
struct Known {
    collections: BTreeSet<u64>,
    indexes: BTreeSet<u64>,
    /// Keyspaces, those that are to be removed included.
    documents: BTreeSet<u64>,
    entries: BTreeSet<u64>,
}

impl Known {
    fn load(txn: &mut dyn store::Txn) -> Result<Self> {
        let mut known = Self::default();
        for (key, _) in catalog::scan_definitions(txn, layout::databases())? {
            let database = crate::DatabaseId(catalog::id_at(&key, 1)?);
            for (key, stored) in catalog::scan_definitions(txn, layout::collections(database))? {
                let id = catalog::id_at(&key, 9)?;
                known.collections.insert(id);
                known.documents.insert(Keyspace::read(id, &stored).0);
            }
            for (key, stored) in catalog::scan_definitions(txn, layout::indexes(database))? {
                let id = catalog::id_at(&key, 17)?;
                known.indexes.insert(id);
                known.entries.insert(Keyspace::read(id, &stored).0);
            }
        }
        for discarded in discarded::load_all(txn)? {
            match discarded {
                Discarded::Documents(keyspace) => known.documents.insert(keyspace.0),
                Discarded::Entries(keyspace) => known.entries.insert(keyspace.0),
            };
        }
        Ok(known)
    }
}

struct Verifier {
    differences_max: usize,
    report: Verification,
    /// The one that is looked at.
    collection: String,
}

impl Verifier {
    fn differs(&mut self, text: String) {
        if self.report.differences.len() >= self.differences_max {
            self.report.differences_left_out += 1;
            return;
        }
        let collection = self.collection.clone();
        self.report
            .differences
            .push(Difference { collection, text });
    }

    fn verify_collection(
        &mut self,
        transaction: &mut Transaction,
        collection: &Collection,
    ) -> Result<()> {
        self.report.collections += 1;
        let indexes: Vec<_> = collection.indexes().cloned().collect();
        let count = self.verify_documents(transaction, collection, &indexes)?;
        let stored = transaction.stored_count(collection)?;
        if stored != count {
            self.differs(format!("{count} documents are counted as {stored}"));
        }
        for index in indexes
            .iter()
            .filter(|index| index.kind() != crate::IndexKind::Primary)
        {
            self.verify_entries(transaction, collection, index)?;
        }
        Ok(())
    }

    /// From each document to its entries; how many documents there are.
    fn verify_documents(
        &mut self,
        transaction: &mut Transaction,
        collection: &Collection,
        indexes: &[std::sync::Arc<Index>],
    ) -> Result<u64> {
        let mut count = 0;
        let mut next = Some(Scan::forward(layout::documents(collection.keyspace)));
        while let Some(scan) = next {
            let page = transaction.stored_page(&scan)?;
            next = scan.after(&page);
            let mut expected = Vec::new();
            for (stored, body) in &page.entries {
                count += 1;
                let key = layout::document_key(stored);
                let document = Document::new(collection.shared_name().clone(), body.clone());
                if let Some(damage) = find_damage(&document, &key) {
                    let key = String::from_utf8_lossy(&key);
                    self.differs(format!("document '{key}' {damage}"));
                    continue;
                }
                for index in indexes {
                    let entries = index.entries(body, &key, EntryLimits::NONE)?;
                    expected.extend(entries.into_iter().map(|entry| (index, key.clone(), entry)));
                }
            }
            let keys: Vec<&[u8]> = expected.iter().map(|(.., e)| e.key.as_ref()).collect();
            let stored = transaction.stored_many(&keys)?;
            for ((index, key, entry), stored) in expected.iter().zip(stored) {
                let (key, index) = (String::from_utf8_lossy(key), index.name());
                match stored {
                    Some(stored) if stored == entry.value => {}
                    Some(_) => self.differs(format!(
                        "index {index}: the entry of '{key}' has another value or document"
                    )),
                    None => self.differs(format!("index {index}: '{key}' has no entry")),
                }
            }
        }
        self.report.documents += count;
        Ok(count)
    }

    /// From each entry of an index to its document.
    fn verify_entries(
        &mut self,
        transaction: &mut Transaction,
        collection: &Collection,
        index: &Index,
    ) -> Result<()> {
        let mut next = Some(Scan::forward(layout::entries(index.keyspace)));
        while let Some(scan) = next {
            let page = transaction.stored_page(&scan)?;
            next = scan.after(&page);
            self.report.entries += page.entries.len() as u64;
            let mut of_document: HashMap<Bytes, Vec<store::Entry>> = HashMap::new();
            for (key, value) in page.entries {
                let Ok(decoded) = decode_entry(index, &key, &value, false) else {
                    self.differs(format!("index {}: an entry is damaged", index.name()));
                    continue;
                };
                let document = Bytes::copy_from_slice(decoded.key.as_bytes());
                let entries = of_document.entry(document).or_default();
                entries.push((key, value));
            }
            let keys: Vec<&Bytes> = of_document.keys().collect();
            let bodies = transaction.get_many(collection, &keys)?;
            for (key, body) in keys.into_iter().zip(bodies) {
                let expected = match body {
                    Some(body) => index
                        .entries(body.body(), key, EntryLimits::NONE)
                        .unwrap_or_default(),
                    None => Vec::new(),
                };
                let entries = of_document.get(key).into_iter().flatten();
                let is_expected = |(key, value): &&store::Entry| {
                    expected
                        .iter()
                        .any(|entry| entry.key == key && entry.value == value)
                };
                for _ in entries.filter(|entry| !is_expected(entry)) {
                    let key = String::from_utf8_lossy(key);
                    self.differs(format!("index {}: stray entry of '{key}'", index.name()));
                }
            }
        }
        Ok(())
    }

    /// From each key that begins with `tag` and a number to what has that number: one read for
    /// each number.
    fn verify_owners(
        &mut self,
        txn: &mut dyn store::Txn,
        tag: u8,
        what: &str,
        owner: &str,
        known: &BTreeSet<u64>,
    ) -> Result<()> {
        let mut rest = KeyRange::prefix(vec![tag]);
        loop {
            let scan = Scan::forward(rest.clone())
                .with_entries_max(1)
                .with_keys_only();
            let Some((key, _)) = txn.scan(&scan)?.entries.pop() else {
                return Ok(());
            };
            let Ok(id) = catalog::id_at(&key, 1) else {
                self.differs(format!("{what} with a damaged key"));
                rest = scan.rest_after(&key);
                continue;
            };
            if !known.contains(&id) {
                self.differs(format!("{what} that belongs to no {owner}: {id}"));
            }
            let Some(end) = KeyRange::prefix(key.slice(..layout::PREFIX_BYTES)).end else {
                return Ok(());
            };
            rest.start = end;
        }
    }
}

/// What is wrong with a document that is stored under `key`.
fn find_damage(document: &Document, key: &[u8]) -> Option<&'static str> {
    if document.to_value().is_err() {
        Some("is damaged")
    } else if document.key().as_bytes() != key {
        Some("names another key")
    } else if document.revision().is_err() {
        Some("has a damaged revision")
    } else {
        None
    }
}
