//! The simulated store: snapshots, first committer wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use cluster::Rows;
use value::{Object, Value};

/// Table and key.
pub(crate) type Key = (String, String);
type Content = BTreeMap<Key, Object>;

#[derive(Default)]
pub(crate) struct Store {
    content: Arc<Content>,
    /// When each key was last written.
    written: BTreeMap<Key, u64>,
    sequence: u64,
    /// Lets everything commit: a rule broken on purpose.
    pub(crate) ignore_conflicts: bool,
}

/// A transaction: what it saw and what it wrote.
pub(crate) struct Txn {
    snapshot: Arc<Content>,
    sequence: u64,
    writes: BTreeMap<Key, Option<Object>>,
}

impl Store {
    pub(crate) fn begin(&self) -> Txn {
        Txn {
            snapshot: Arc::clone(&self.content),
            sequence: self.sequence,
            writes: BTreeMap::new(),
        }
    }

    /// Whether the transaction was committed; `false` for a conflict.
    pub(crate) fn commit(&mut self, txn: &Txn) -> bool {
        let newer = |key: &Key| self.written.get(key).is_some_and(|at| *at > txn.sequence);
        if !self.ignore_conflicts && txn.writes.keys().any(newer) {
            return false;
        }
        if txn.writes.is_empty() {
            return true;
        }
        self.sequence += 1;
        let content = Arc::make_mut(&mut self.content);
        for (key, row) in &txn.writes {
            self.written.insert(key.clone(), self.sequence);
            match row {
                Some(row) => content.insert(key.clone(), row.clone()),
                None => content.remove(key),
            };
        }
        true
    }

    pub(crate) fn get(&self, table: &str, key: &str) -> Option<&Object> {
        self.content.get(&(table.to_owned(), key.to_owned()))
    }
}

impl Txn {
    pub(crate) fn written(&self) -> impl Iterator<Item = &Key> {
        self.writes.keys()
    }
}

impl Rows for Txn {
    fn get(&mut self, table: &str, key: &str) -> cluster::Result<Option<Value>> {
        let key = (table.to_owned(), key.to_owned());
        let row = match self.writes.get(&key) {
            Some(written) => written.clone(),
            None => self.snapshot.get(&key).cloned(),
        };
        Ok(row.map(Value::from))
    }

    fn get_many(&mut self, table: &str, keys: &[String]) -> cluster::Result<Vec<Option<Value>>> {
        keys.iter().map(|key| self.get(table, key)).collect()
    }

    fn list(&mut self, table: &str) -> cluster::Result<Vec<Value>> {
        let mut rows: BTreeMap<&Key, &Object> = self.snapshot.iter().collect();
        for (key, row) in &self.writes {
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(key),
            };
        }
        let of_table = rows.into_iter().filter(|((of, _), _)| of == table);
        Ok(of_table.map(|(_, row)| row.clone().into()).collect())
    }

    fn put(&mut self, table: &str, key: &str, mut row: Object) -> cluster::Result<()> {
        row.insert("_key", key);
        let key = (table.to_owned(), key.to_owned());
        self.writes.insert(key, Some(row));
        Ok(())
    }

    fn remove(&mut self, table: &str, key: &str) -> cluster::Result<()> {
        let key = (table.to_owned(), key.to_owned());
        self.writes.insert(key, None);
        Ok(())
    }
}
