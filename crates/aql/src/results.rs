//! Results that are kept, so that a query asked again is not run again.
//!
//! Source of names, defaults and shapes: public documentation, "AQL / Execution and performance /
//! Caching query results" and "HTTP interface / Queries / AQL query results cache".
//!
//! What is kept is true of one snapshot. Whether it is true of another one is asked of
//! [`Transaction::reads_as_of`] each time, and of nothing else.

mod kept;
mod properties;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use database::{Collection, Database, Transaction};
use parking_lot::Mutex;

pub use kept::ResultEntry;
pub(crate) use kept::{Kept, Recorder, Replay};
pub use properties::{CacheMode, ResultProperties};

use crate::exec::Profile;
use crate::plan::Plan;
use crate::query::Query;

/// Results by query. Shared by all databases of a server; the limits of its properties hold for
/// each database.
pub struct ResultCache {
    /// [`ResultProperties::mode`], to be read without waiting.
    mode: AtomicU8,
    state: Mutex<State>,
}

struct State {
    properties: ResultProperties,
    databases: HashMap<u64, Entries>,
    /// Grows with each use of an entry.
    uses: u64,
}

/// The results of one database.
#[derive(Default)]
struct Entries {
    by_key: HashMap<Arc<Key>, Entry>,
    /// The one used longest ago first.
    by_use: BTreeMap<u64, Arc<Key>>,
    bytes: usize,
}

struct Entry {
    kept: Arc<Kept>,
    used: u64,
}

/// What a result depends on besides documents.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) database: u64,
    pub(crate) catalog: u64,
    pub(crate) text: Arc<str>,
    /// The bind values as JSON, which writes different values differently.
    pub(crate) bind: String,
    pub(crate) full_count: bool,
    pub(crate) rules: Vec<String>,
}

impl ResultCache {
    pub(crate) fn new(properties: ResultProperties) -> Self {
        Self {
            mode: AtomicU8::new(properties.mode as u8),
            state: Mutex::new(State {
                properties,
                databases: HashMap::new(),
                uses: 0,
            }),
        }
    }

    /// What is kept, and how much of it.
    pub fn properties(&self) -> ResultProperties {
        self.state.lock().properties.clone()
    }

    /// Changes that; forgets all results, some of which might not be kept any more.
    pub fn set_properties(&self, properties: ResultProperties) {
        let mut state = self.state.lock();
        self.mode.store(properties.mode as u8, Ordering::Release);
        state.properties = properties;
        state.databases.clear();
    }

    /// Forgets the results of a database.
    pub fn clear(&self, database: &Database) {
        self.state.lock().databases.remove(&database.id().0);
    }

    /// The results of a database that no write and no change of its catalog has outdated, the
    /// oldest first.
    pub fn entries(&self, database: &Database) -> Vec<ResultEntry> {
        let catalog = database.catalog_revision();
        let mut state = self.state.lock();
        let Some(entries) = state.databases.get_mut(&database.id().0) else {
            return Vec::new();
        };
        entries.retain(|key, kept| key.catalog == catalog && !kept.may_be_outdated());
        let entries = entries.by_key.iter();
        let mut shown: Vec<ResultEntry> = entries
            .map(|(key, entry)| entry.kept.describe(key))
            .collect();
        shown.sort_by_key(|entry| (entry.stored_unix_ms, entry.hash));
        shown
    }

    /// The key of a query whose result may be kept or found; `None` if it must be run and
    /// forgotten.
    pub(crate) fn key(&self, txn: &Transaction, query: &Query<'_>, plan: &Plan) -> Option<Key> {
        let options = &query.options;
        let is_wanted = match self.mode.load(Ordering::Acquire) {
            mode if mode == CacheMode::On as u8 => options.cache != Some(false),
            mode if mode == CacheMode::Demand as u8 => options.cache == Some(true),
            _ => false,
        };
        if !is_wanted || options.stream || options.profile != Profile::Off || !plan.is_cacheable() {
            return None;
        }
        let is_system = |name: &str| name.starts_with('_');
        let has_system = plan.collections.iter().any(|used| is_system(&used.name));
        if has_system && !self.state.lock().properties.include_system {
            return None;
        }
        Some(Key {
            database: txn.database().id().0,
            catalog: txn.catalog_revision(),
            text: query.text.into(),
            bind: value::json::to_string(&query.bind.clone().into()),
            full_count: options.full_count,
            rules: options.rules.clone(),
        })
    }

    /// The result of a query, if it is what the query would read in this transaction.
    pub(crate) fn find(
        &self,
        key: &Key,
        txn: &Transaction,
        collections: &[Arc<Collection>],
    ) -> Option<Arc<Kept>> {
        let mut state = self.state.lock();
        state.uses += 1;
        let now = state.uses;
        let entries = state.databases.get_mut(&key.database)?;
        let (key, _) = entries.by_key.get_key_value(key)?;
        let key = Arc::clone(key);
        let entry = entries.by_key.get_mut(&key)?;
        if !txn.reads_as_of(entry.kept.sequence, collections) {
            return None;
        }
        entries.by_use.remove(&entry.used);
        entry.used = now;
        let kept = Arc::clone(&entry.kept);
        entries.by_use.insert(now, key);
        Some(kept)
    }

    /// How many bytes a result may take.
    pub(crate) fn entry_bytes_max(&self) -> usize {
        self.state.lock().properties.entry_bytes_max
    }

    /// Keeps a result, unless the properties have come to forbid it.
    pub(crate) fn insert(&self, key: Arc<Key>, kept: Arc<Kept>) {
        let mut state = self.state.lock();
        let properties = state.properties.clone();
        if properties.mode == CacheMode::Off
            || kept.bytes > properties.entry_bytes_max.min(properties.results_bytes_max)
            || properties.results_max == 0
        {
            return;
        }
        state.uses += 1;
        let used = state.uses;
        let entries = state.databases.entry(key.database).or_default();
        entries.remove(&key);
        while entries.by_key.len() >= properties.results_max
            || entries.bytes + kept.bytes > properties.results_bytes_max
        {
            let Some((_, oldest)) = entries.by_use.first_key_value() else {
                break;
            };
            let oldest = Arc::clone(oldest);
            entries.remove(&oldest);
        }
        entries.bytes += kept.bytes;
        entries.by_use.insert(used, Arc::clone(&key));
        entries.by_key.insert(key, Entry { kept, used });
    }
}

impl Entries {
    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.kept.bytes;
        }
    }

    fn retain(&mut self, is_good: impl Fn(&Key, &Kept) -> bool) {
        let all = self.by_key.iter();
        let bad = all.filter(|(key, entry)| !is_good(key, &entry.kept));
        let bad: Vec<Arc<Key>> = bad.map(|(key, _)| Arc::clone(key)).collect();
        for key in bad {
            self.remove(&key);
        }
    }
}
