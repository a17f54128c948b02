//! Plans that are kept, so that a query asked again is neither parsed nor planned.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use database::Database;
use parking_lot::Mutex;
use value::{Object, Value, json};

use crate::plan::Plan;

/// Plans by query text. Shared by all databases of a server; of bounded size.
pub struct PlanCache {
    entries_max: usize,
    generations: Mutex<Generations>,
}

/// Plans used lately, and those used before that. When the first is full it becomes the second,
/// which drops what nobody has asked for since.
#[derive(Default)]
struct Generations {
    young: HashMap<Key, Vec<Arc<CachedPlan>>>,
    old: HashMap<Key, Vec<Arc<CachedPlan>>>,
}

/// What a plan was made from, besides binds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) text: Arc<str>,
    pub(crate) database: u64,
    pub(crate) catalog: u64,
    pub(crate) rules: Vec<String>,
}

/// A plan with the binds it serves for.
pub(crate) struct CachedPlan {
    pub(crate) plan: Arc<Plan>,
    /// All binds of the text.
    pub(crate) declared: BTreeSet<Arc<str>>,
    /// Those that decided the plan's shape, with their values.
    pub(crate) shape: Vec<(Arc<str>, Value)>,
    /// Set by the first query that asked for the plan cache.
    pub(crate) asked: OnceLock<Asked>,
    /// How often the plan was used again by queries that asked for the plan cache.
    pub(crate) hits: AtomicU64,
}

/// What is known of the first query that asked for the plan cache.
pub(crate) struct Asked {
    pub(crate) created_unix_ms: u64,
    pub(crate) full_count: bool,
}

/// A plan that a query asked to be kept: an element of `GET /_api/query-plan-cache`.
#[derive(Clone, Debug)]
pub struct PlanEntry {
    /// Tells the plan from all others.
    pub key: u64,
    /// The query text.
    pub text: Arc<str>,
    /// Tells the text from others.
    pub text_hash: u64,
    /// The collections that stand for bind parameters.
    pub bind: Object,
    /// Whether the query asked for a full count.
    pub full_count: bool,
    /// The collections it names.
    pub data_sources: Vec<Arc<str>>,
    /// When it was kept, in milliseconds since 1970.
    pub created_unix_ms: u64,
    /// How often it was used again.
    pub hits: u64,
    /// About how many bytes it takes.
    pub memory_bytes: usize,
}

impl PlanEntry {
    /// The public form.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("hash", self.key.to_string());
        object.insert("query", &*self.text);
        object.insert("queryHash", self.text_hash);
        object.insert("bindVars", self.bind.clone());
        object.insert("fullCount", self.full_count);
        let sources = self.data_sources.iter().map(|name| Value::from(&**name));
        object.insert("dataSources", sources.collect::<Vec<_>>());
        let created = i64::try_from(self.created_unix_ms).unwrap_or(i64::MAX);
        let created = crate::functions::iso_text(created);
        object.insert("created", created.unwrap_or_default());
        object.insert("hits", self.hits);
        object.insert("memoryUsage", self.memory_bytes);
        object
    }
}

/// A number that equal things have in common, as long as the program is the same.
fn hash_of(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

impl CachedPlan {
    /// Tells the plan from all others of the cache.
    pub(crate) fn hash(&self, key: &Key) -> u64 {
        let shape = self.shape.iter();
        let shape: Vec<(&str, String)> = shape
            .map(|(name, value)| (&**name, json::to_string(value)))
            .collect();
        hash_of((key, shape))
    }

    fn entry(&self, key: &Key) -> Option<PlanEntry> {
        let asked = self.asked.get()?;
        let nodes = self.plan.subqueries.iter().chain([&self.plan.root]);
        let nodes: usize = nodes.map(|block| block.nodes.len()).sum();
        let bind = self.shape.iter().cloned();
        Some(PlanEntry {
            key: self.hash(key),
            text: Arc::clone(&key.text),
            text_hash: hash_of(&key.text),
            bind: bind.collect(),
            full_count: asked.full_count,
            data_sources: self
                .plan
                .collections
                .iter()
                .map(|used| Arc::clone(&used.name))
                .collect(),
            created_unix_ms: asked.created_unix_ms,
            hits: self.hits.load(Ordering::Relaxed),
            memory_bytes: size_of::<Plan>() + key.text.len() + nodes * NODE_BYTES_GUESSED,
        })
    }

    fn serves(&self, binds: &Object) -> bool {
        self.shape.iter().all(|(name, value)| {
            // Equality of queries is too lax here: 1 and 1.0 are different attribute names.
            binds.get(name).is_some_and(|given| {
                value::type_name(given) == value::type_name(value) && given == value
            })
        })
    }
}

/// What a step with its expressions is assumed to take.
const NODE_BYTES_GUESSED: usize = 512;

/// How many plans of the same text are kept for different collections or attributes.
const SHAPES_MAX: usize = 32;

impl PlanCache {
    /// A cache of about this many query texts; 0 keeps nothing.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries_max,
            generations: Mutex::default(),
        }
    }

    /// Forgets the plans of a database.
    pub fn clear(&self, database: &Database) {
        let database = database.id().0;
        let mut generations = self.generations.lock();
        generations.young.retain(|key, _| key.database != database);
        generations.old.retain(|key, _| key.database != database);
    }

    /// The plans of a database that queries asked to be kept and that its catalog has not
    /// outdated, the oldest first.
    pub fn entries(&self, database: &Database) -> Vec<PlanEntry> {
        let (id, catalog) = (database.id().0, database.catalog_revision());
        let generations = self.generations.lock();
        let all = generations.young.iter().chain(&generations.old);
        let mut entries: Vec<PlanEntry> = all
            .filter(|(key, _)| key.database == id && key.catalog == catalog)
            .flat_map(|(key, plans)| plans.iter().filter_map(|plan| plan.entry(key)))
            .collect();
        entries.sort_by_key(|entry| (entry.created_unix_ms, entry.key));
        entries
    }

    pub(crate) fn find(&self, key: &Key, binds: &Object) -> Option<Arc<CachedPlan>> {
        let mut generations = self.generations.lock();
        if let Some(found) = generations.young.get(key) {
            return found.iter().find(|plan| plan.serves(binds)).cloned();
        }
        let (key, plans) = generations.old.remove_entry(key)?;
        let found = plans.iter().find(|plan| plan.serves(binds)).cloned();
        generations.young.insert(key, plans);
        found
    }

    pub(crate) fn insert(&self, key: Key, plan: Arc<CachedPlan>) {
        if self.entries_max == 0 {
            return;
        }
        let mut generations = self.generations.lock();
        if generations.young.len() >= self.entries_max.div_ceil(2) {
            generations.old = std::mem::take(&mut generations.young);
        }
        let plans = generations.young.entry(key).or_default();
        if plans.len() >= SHAPES_MAX {
            plans.clear();
        }
        plans.push(plan);
    }
}
