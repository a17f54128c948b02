//! What all queries of a server share.

use std::sync::Arc;

use database::Database;
use value::Value;

use crate::cache::PlanCache;
use crate::exec::Cancel;
use crate::functions::{Error, Warnings};
use crate::results::{ResultCache, ResultProperties};
use crate::tracking::{Properties, Tracking};

/// Sizes of what queries share.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Query texts whose plans are kept; 0 keeps none.
    pub plans_max: usize,
    /// What is tracked at first.
    pub tracking: Properties,
    /// Sizes of plans.
    pub plan: PlanLimits,
    /// Which results are kept at first.
    pub results: ResultProperties,
}

impl Settings {
    /// Values for a server.
    pub const fn recommended() -> Self {
        Self {
            plans_max: 4096,
            tracking: Properties::documented(),
            plan: PlanLimits::documented(),
            results: ResultProperties::documented(),
        }
    }
}

/// Sizes of plans. Source: public documentation, "AQL / Known limitations".
#[derive(Clone, Debug, PartialEq)]
pub struct PlanLimits {
    /// Steps of a plan, subqueries included; more fail with 1524.
    pub nodes_max: usize,
    /// Collections of a query; more fail with 1522.
    pub collections_max: usize,
    /// Variables of a plan, also those without a name; more fail with 1524.
    pub variables_max: usize,
    /// How deep expressions of a text may nest; more fail with 1524. Parser, planner and executor
    /// take a thread's stack in proportion to it.
    pub nesting_max: u16,
    /// Plans that are made for who asks for all of them, the one that is followed included.
    pub alternatives_max: usize,
}

impl PlanLimits {
    /// The documented limits.
    pub const fn documented() -> Self {
        Self {
            nodes_max: 4000,
            collections_max: 2048,
            variables_max: 1000,
            nesting_max: 500,
            alternatives_max: 128,
        }
    }
}

/// What all queries of a server share; one for each server.
pub struct Queries {
    plans: PlanCache,
    results: ResultCache,
    tracking: Tracking,
    plan_limits: PlanLimits,
    functions: Option<Arc<dyn UserFunctions>>,
}

impl Queries {
    /// Without `functions` every call of a user-defined function fails with 1582.
    pub fn new(settings: Settings, functions: Option<Arc<dyn UserFunctions>>) -> Arc<Self> {
        Arc::new(Self {
            plans: PlanCache::new(settings.plans_max),
            results: ResultCache::new(settings.results),
            tracking: Tracking::new(settings.tracking),
            plan_limits: settings.plan,
            functions,
        })
    }

    /// Results to use again.
    pub fn results(&self) -> &ResultCache {
        &self.results
    }

    /// Plans to use again.
    pub fn plans(&self) -> &PlanCache {
        &self.plans
    }

    pub(crate) fn plan_limits(&self) -> &PlanLimits {
        &self.plan_limits
    }

    /// Which queries run, and which were slow.
    pub fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// The user-defined function of a name in any case.
    pub(crate) fn find_function(
        &self,
        database: &Database,
        name: &str,
    ) -> Result<Option<Arc<dyn UserFunction>>, Error> {
        match &self.functions {
            Some(functions) => functions.find(database, &name.to_ascii_uppercase()),
            None => Ok(None),
        }
    }
}

/// The functions that users defined.
pub trait UserFunctions: Send + Sync {
    /// The function of an upper-case name such as `MY::TEMPERATURE::CELSIUS`, as it is registered
    /// now. Called for each such name when a query is planned and again when it starts, so it
    /// should not compile anything that it compiled before.
    ///
    /// # Errors
    /// Those of the engine. A name that is not registered is no error.
    fn find(&self, database: &Database, name: &str)
    -> Result<Option<Arc<dyn UserFunction>>, Error>;
}

/// A function that a user defined. It may be called from any thread, one call after the other
/// within a query.
pub trait UserFunction: Send + Sync {
    /// Calls the function.
    ///
    /// # Errors
    /// What the function throws, as 1583; 1500 when the query was killed or its time is over
    /// meanwhile; 1581 for code that is no function.
    fn call(&self, ctx: &mut UserCall<'_>, args: &[Value]) -> Result<Value, Error>;
}

/// What a user-defined function may know of the query that calls it.
pub struct UserCall<'q> {
    /// The function's name as the query has it, in upper case.
    pub name: &'q str,
    /// Takes the warnings that the function adds.
    pub warnings: &'q mut Warnings,
    /// Tells whether the query was killed.
    pub cancel: &'q Cancel,
    /// When the query's time is over, on the platform's monotonic clock.
    pub deadline: Option<std::time::Duration>,
}
