//! Comparing documents, index entries and counts with one another.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::Scan;

use crate::collection::Collection;
use crate::database::Database;
use crate::error::Result;
use crate::index::decode_entry;
use crate::transaction::{Transaction, TransactionOptions};

/// One thing that does not agree with another. Shown to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The collection's name.
    pub collection: String,
    /// What differs, in words.
    pub text: String,
}

/// Compares, in one snapshot, the documents of a database with the entries of every index and
/// with the counts. Nothing found means that all agree. Holds the entries of one index in
/// memory at a time.
///
/// Errors: the engine's.
pub fn verify(database: &Database) -> Result<Vec<Difference>> {
    let mut transaction = database.begin(TransactionOptions::read_only())?;
    let mut differences = Vec::new();
    let collections: Vec<_> = transaction.collections().cloned().collect();
    for collection in collections {
        for text in verify_collection(&mut transaction, &collection)? {
            let collection = collection.name().to_owned();
            differences.push(Difference { collection, text });
        }
    }
    Ok(differences)
}

fn verify_collection(
    transaction: &mut Transaction,
    collection: &Collection,
) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    let mut count = 0;
    walk(transaction, collection, |document| {
        count += 1;
        if document.to_value().is_err() || document.revision().is_err() {
            differences.push(format!("document {} is damaged", document.key()));
        }
        Ok(())
    })?;
    let stored = transaction.stored_count(collection)?;
    if stored != count {
        differences.push(format!("{count} documents are counted as {stored}"));
    }
    for index in collection
        .indexes()
        .filter(|index| index.kind() != crate::IndexKind::Primary)
    {
        let mut expected: BTreeMap<Bytes, Bytes> = BTreeMap::new();
        walk(transaction, collection, |document| {
            let key = document.key();
            for entry in index.entries(document.body(), key.as_bytes(), usize::MAX)? {
                if let Some(_other) = expected.insert(entry.key, entry.value) {
                    differences.push(format!("index {}: {key} is not unique", index.name()));
                }
            }
            Ok(())
        })?;
        for (key, value) in transaction.stored_entries(index)? {
            if expected.remove(&key).as_ref() != Some(&value) {
                let document = decode_entry(index, &key, &value, false);
                let document = document
                    .map(|entry| entry.key.to_string())
                    .unwrap_or_default();
                differences.push(format!(
                    "index {}: stray entry of '{document}'",
                    index.name()
                ));
            }
        }
        for (key, value) in expected {
            let document = decode_entry(index, &key, &value, false)?.key;
            differences.push(format!("index {}: '{document}' has no entry", index.name()));
        }
    }
    Ok(differences)
}

fn walk(
    transaction: &mut Transaction,
    collection: &Collection,
    mut visit: impl FnMut(&crate::document::Document) -> Result<()>,
) -> Result<()> {
    let mut position = None;
    loop {
        let page = transaction.scan(collection, position.as_ref(), Scan::ENTRIES_DEFAULT)?;
        page.documents.iter().try_for_each(&mut visit)?;
        position = page.next;
        if position.is_none() {
            return Ok(());
        }
    }
}
