//! A kept result: how it is taken down and handed out again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use database::{Collection, Transaction};
use value::{Object, Value, json};

use super::Key;
use crate::exec::Stats;
use crate::queries::Queries;

/// The rows of a query as JSON.
pub(crate) struct Kept {
    /// The snapshot that they were read from.
    pub(crate) sequence: u64,
    /// What the result counts as: its text, where rows end, and the bind values.
    pub(crate) bytes: usize,
    pub(crate) stats: Stats,
    /// What they were read from.
    collections: Vec<Arc<Collection>>,
    text: Vec<u8>,
    /// Where each row ends in `text`.
    ends: Vec<usize>,
    stored_unix_ms: u64,
    hits: AtomicU64,
}

/// A kept result: an element of `GET /_api/query-cache/entries`.
#[derive(Clone, Debug)]
pub struct ResultEntry {
    /// Tells the result from all others.
    pub hash: u64,
    /// The query text.
    pub text: Arc<str>,
    /// The bind values.
    pub bind: Value,
    /// How many bytes the result takes.
    pub bytes: usize,
    /// How many rows there are.
    pub rows: usize,
    /// When it was kept, in milliseconds since 1970.
    pub stored_unix_ms: u64,
    /// How often it was used.
    pub hits: u64,
    /// How long the query took.
    pub run_time: std::time::Duration,
    /// The collections it names.
    pub data_sources: Vec<Arc<str>>,
}

impl ResultEntry {
    /// The public form; with the bind values only if they may be shown.
    pub fn to_object(&self, with_binds: bool) -> Object {
        let mut object = Object::new();
        object.insert("hash", self.hash.to_string());
        object.insert("query", &*self.text);
        if with_binds {
            object.insert("bindVars", self.bind.clone());
        }
        object.insert("size", self.bytes);
        object.insert("results", self.rows);
        let stored = i64::try_from(self.stored_unix_ms).unwrap_or(i64::MAX);
        let stored = crate::functions::iso_text(stored);
        object.insert("started", stored.unwrap_or_default());
        object.insert("hits", self.hits);
        let seconds = Value::from_f64(self.run_time.as_secs_f64());
        object.insert("runTime", seconds.unwrap_or_default());
        let sources = self.data_sources.iter().map(|name| Value::from(&**name));
        object.insert("dataSources", sources.collect::<Vec<_>>());
        object
    }
}

impl Kept {
    /// Whether it may be of no use to transactions that begin now.
    pub(super) fn may_be_outdated(&self) -> bool {
        let mut collections = self.collections.iter();
        collections.any(|collection| collection.may_have_changed_since(self.sequence))
    }

    pub(super) fn describe(&self, key: &Key) -> ResultEntry {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let names = self.collections.iter().map(|known| known.name().into());
        ResultEntry {
            hash: hasher.finish(),
            text: Arc::clone(&key.text),
            // It was written by this program.
            bind: json::parse(key.bind.as_bytes()).unwrap_or_default(),
            bytes: self.bytes,
            rows: self.ends.len(),
            stored_unix_ms: self.stored_unix_ms,
            hits: self.hits.load(Ordering::Relaxed),
            run_time: self.stats.execution_time,
            data_sources: names.collect(),
        }
    }
}

/// Takes down the rows of a running query.
pub(crate) struct Recorder {
    key: Key,
    text: Vec<u8>,
    ends: Vec<usize>,
    bytes_max: usize,
}

impl Recorder {
    pub(crate) fn new(key: Key, bytes_max: usize) -> Self {
        Self {
            key,
            text: Vec::new(),
            ends: Vec::new(),
            bytes_max,
        }
    }

    /// Takes down a row's JSON; `false` if the rows have become too many to be kept.
    pub(crate) fn add(&mut self, row: &[u8]) -> bool {
        if self.bytes() + row.len() > self.bytes_max {
            return false;
        }
        self.text.extend_from_slice(row);
        self.ends.push(self.text.len());
        true
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * size_of::<usize>() + self.key.bind.len()
    }

    /// Keeps the rows of a query that has ended, if its transaction read what is committed and
    /// nobody has changed it meanwhile.
    pub(crate) fn keep(
        self,
        queries: &Arc<Queries>,
        txn: &Transaction,
        collections: &[Arc<Collection>],
        stats: Stats,
        now_unix_ms: u64,
    ) {
        let sequence = txn.sequence();
        if !txn.reads_as_of(sequence, collections) {
            return;
        }
        let kept = Kept {
            sequence,
            bytes: self.bytes(),
            stats,
            collections: collections.to_vec(),
            text: self.text,
            ends: self.ends,
            stored_unix_ms: now_unix_ms,
            hits: AtomicU64::new(0),
        };
        let (key, kept, queries) = (Arc::new(self.key), Arc::new(kept), Arc::clone(queries));
        // What is lost must not be found by those who come after.
        txn.when_snapshot_is_durable(move || queries.results().insert(key, kept));
    }
}

/// Hands out a kept result.
pub(crate) struct Replay {
    kept: Arc<Kept>,
    next: usize,
}

impl Replay {
    pub(crate) fn new(kept: Arc<Kept>) -> Self {
        kept.hits.fetch_add(1, Ordering::Relaxed);
        Self { kept, next: 0 }
    }

    pub(crate) fn stats(&self) -> &Stats {
        &self.kept.stats
    }

    pub(crate) fn has_more(&self) -> bool {
        self.next < self.kept.ends.len()
    }

    /// The JSON of the next row.
    pub(crate) fn next_row(&mut self) -> Option<&[u8]> {
        let end = *self.kept.ends.get(self.next)?;
        let before = self.next.checked_sub(1);
        let start = before.and_then(|before| self.kept.ends.get(before));
        self.next += 1;
        self.kept.text.get(start.copied().unwrap_or(0)..end)
    }
}
