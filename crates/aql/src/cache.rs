//! Plans that are kept, so that a query asked again is neither parsed nor planned.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use value::{Object, Value};

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
}

impl CachedPlan {
    fn serves(&self, binds: &Object) -> bool {
        self.shape.iter().all(|(name, value)| {
            // Equality of queries is too lax here: 1 and 1.0 are different attribute names.
            binds.get(name).is_some_and(|given| {
                value::type_name(given) == value::type_name(value) && given == value
            })
        })
    }
}

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

    /// Forgets everything.
    pub fn clear(&self) {
        *self.generations.lock() = Generations::default();
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
