//! The rows that facts of the cluster are kept in.

use value::{Object, Value};

use crate::Result;

/// Rows as one transaction sees and changes them. A row is an object; a table holds rows by key.
///
/// The transaction has a snapshot, reads its own writes, and fails with a conflict if somebody
/// else wrote one of the rows that it writes. Rows that it only reads are not protected: whoever
/// depends on one must write it.
pub trait Rows {
    /// One row. Errors: the store's.
    fn get(&mut self, table: &str, key: &str) -> Result<Option<Value>>;

    /// Rows by key, in the order of the keys, in one round trip. Errors: the store's.
    fn get_many(&mut self, table: &str, keys: &[String]) -> Result<Vec<Option<Value>>>;

    /// All rows of a table, in the order of their keys. Errors: the store's.
    fn list(&mut self, table: &str) -> Result<Vec<Value>>;

    /// Inserts a row or replaces the one with this key. Errors: the store's.
    fn put(&mut self, table: &str, key: &str, row: Object) -> Result<()>;

    /// Removes a row if it is there. Errors: the store's.
    fn remove(&mut self, table: &str, key: &str) -> Result<()>;
}
