//! Rows as documents of system collections.

use database::{
    CollectionOptions, Database, OverwriteMode, Selector, Transaction, TransactionOptions,
    WriteOptions, WriteResult,
};
use error_codes::codes;
use value::{Object, Value};

use crate::{Error, Result, Rows};

/// Rows read at once when a table is listed.
const PAGE: usize = 1000;

/// The rows that a transaction of a database sees. Tables are collections; they must exist
/// ([`ensure_collection`]).
pub struct DocumentRows<'t>(pub &'t mut Transaction);

impl Rows for DocumentRows<'_> {
    fn get(&mut self, table: &str, key: &str) -> Result<Option<Value>> {
        let collection = self.0.collection(table)?;
        let document = self.0.get(&collection, key)?;
        Ok(document.map(|document| document.to_value()).transpose()?)
    }

    fn get_many(&mut self, table: &str, keys: &[String]) -> Result<Vec<Option<Value>>> {
        let collection = self.0.collection(table)?;
        let documents = self.0.get_many(&collection, keys)?;
        let values = documents
            .into_iter()
            .map(|document| document.map(|document| document.to_value()).transpose());
        Ok(values.collect::<database::Result<_>>()?)
    }

    fn list(&mut self, table: &str) -> Result<Vec<Value>> {
        let collection = self.0.collection(table)?;
        let (mut rows, mut position) = (Vec::new(), None);
        loop {
            let page = self.0.scan(&collection, position.as_ref(), PAGE)?;
            for document in page.documents {
                rows.push(document.to_value()?);
            }
            position = page.next;
            if position.is_none() {
                return Ok(rows);
            }
        }
    }

    fn put(&mut self, table: &str, key: &str, mut row: Object) -> Result<()> {
        for name in ["_id", "_rev"] {
            row.remove(name);
        }
        row.insert("_key", key);
        let collection = self.0.collection(table)?;
        let options = WriteOptions {
            overwrite_mode: OverwriteMode::Replace,
            ..WriteOptions::default()
        };
        only(self.0.insert(&collection, vec![row.into()], &options)?)
    }

    fn remove(&mut self, table: &str, key: &str) -> Result<()> {
        let collection = self.0.collection(table)?;
        let selector = Selector::key(key)?;
        match only(
            self.0
                .remove(&collection, vec![selector], &WriteOptions::default())?,
        ) {
            Err(error) if is_absent(&error) => Ok(()),
            other => other,
        }
    }
}

fn is_absent(error: &Error) -> bool {
    let code = error.store().map(database::Error::code);
    code == Some(codes::ARANGO_DOCUMENT_NOT_FOUND)
}

/// The only answer of a write to one document.
fn only(results: Vec<database::Result<WriteResult>>) -> Result<()> {
    for result in results {
        result?;
    }
    Ok(())
}

/// Runs `body` in a transaction and commits it; again after a conflict. What `body` refuses is
/// rolled back.
///
/// Errors: those of `body`; the store's.
pub fn transact<T>(
    database: &Database,
    mut body: impl FnMut(&mut Transaction) -> Result<T>,
) -> Result<T> {
    let mut refused = None;
    let done = database.run(&TransactionOptions::default(), |transaction| {
        refused = None;
        body(transaction).map_err(|error| {
            let passed = error.store().cloned().unwrap_or_else(|| {
                database::Error::new(database::ErrorKind::Forbidden, codes::INTERNAL)
            });
            if error.store().is_none() {
                refused = Some(error);
            }
            passed
        })
    });
    match (done, refused) {
        (Ok(value), _) => Ok(value),
        (Err(_), Some(refused)) => Err(refused),
        (Err(error), None) => Err(error.into()),
    }
}

/// Makes a system collection unless it is there.
///
/// Errors: the store's.
pub fn ensure_collection(database: &Database, name: &str) -> Result<()> {
    if database.find_collection(name).is_some() {
        return Ok(());
    }
    let options = CollectionOptions {
        is_system: true,
        ..CollectionOptions::new(name)
    };
    match database.create_collection(&options) {
        // Another coordinator was faster.
        Err(error) if error.kind() == database::ErrorKind::Exists => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
