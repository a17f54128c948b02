//! What a running query knows besides its rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use database::{Collection, Transaction};
use error_codes::{Code, codes};
use platform::Platform;
use value::Value;

use super::documents::Documents;
use super::pipeline::Pipeline;
use super::row::Batch;
use super::work::Work;
use crate::error::{Error, ErrorKind, Result};
use crate::functions::{self, Caches, Function, Warnings};
use crate::plan::{self, CollectionId, Plan, SubqueryId};
use crate::queries::{Queries, UserCall, UserFunction};
use crate::tracking::Tracked;

/// Ends a running query from another thread. Cloning is cheap; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A handle that has not been used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the query fail with 1500 at its next step.
    pub fn kill(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether [`Self::kill`] was called.
    pub fn is_killed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Who asks, and what the query may see of the world.
#[derive(Clone)]
pub struct Environment {
    /// Clock and randomness.
    pub platform: Platform,
    /// The user's name; `None` without authentication.
    pub user: Option<Arc<str>>,
    /// The public version of the server.
    pub version: Arc<str>,
    /// To be killed by.
    pub cancel: Cancel,
}

/// What a query may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes that a query keeps in memory at once, estimated; 0 for no limit.
    pub memory_bytes_max: usize,
    /// How long a query may run; `None` for no limit.
    pub runtime_max: Option<Duration>,
    /// Bytes of a collection that an inner loop keeps instead of reading it for each outer row,
    /// estimated; a larger one is read again and again.
    pub join_table_bytes_max: usize,
    /// Rows that flow between steps at once.
    pub batch_rows: usize,
    /// Elements of a range that becomes an array.
    pub range_items_max: u64,
    /// Bounds on single functions.
    pub functions: functions::Limits,
}

impl Limits {
    /// Values for a server.
    pub const fn recommended() -> Self {
        Self {
            memory_bytes_max: 2 << 30,
            join_table_bytes_max: 256 << 20,
            runtime_max: None,
            batch_rows: 1000,
            range_items_max: 10_000_000,
            functions: functions::Limits::STANDARD,
        }
    }
}

/// What a query did, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Documents written.
    pub writes_executed: u64,
    /// Writes that failed and were ignored.
    pub writes_ignored: u64,
    /// Documents fetched by key.
    pub document_lookups: u64,
    /// Searches in an index.
    pub seeks: u64,
    /// Searches that were made anew.
    pub cursors_created: u64,
    /// Searches that went on from another place.
    pub cursors_rearmed: u64,
    /// Documents read without an index.
    pub scanned_full: u64,
    /// Documents read by an index.
    pub scanned_index: u64,
    /// Rows that a `FILTER` removed.
    pub filtered: u64,
    /// Rows that there would be without the last `LIMIT`, if asked for.
    pub full_count: Option<u64>,
    /// The most bytes held at once, estimated.
    pub peak_memory_bytes: usize,
    /// How long it took.
    pub execution_time: Duration,
}

/// From how many bytes a value is looked at by itself.
pub(crate) const LARGE_BYTES: usize = 16 << 10;

/// How many rows are evaluated between two looks at the clock.
const CHECK_INTERVAL: u32 = 256;

/// The state of a running query; outlives the calls that pull its rows.
pub(crate) struct State {
    pub(crate) plan: Arc<Plan>,
    pub(crate) collections: Vec<Arc<Collection>>,
    pub(crate) database: Arc<str>,
    pub(crate) binds: Vec<Value>,
    pub(crate) once: Vec<Option<Value>>,
    pub(crate) locals: Vec<Value>,
    pub(crate) subqueries: Vec<Option<Box<Pipeline>>>,
    pub(crate) warnings: Warnings,
    pub(crate) caches: Caches,
    pub(crate) limits: Arc<Limits>,
    pub(crate) environment: Environment,
    pub(crate) queries: Arc<Queries>,
    pub(crate) tracked: Tracked,
    pub(crate) user_functions: Vec<Arc<dyn UserFunction>>,
    pub(crate) stats: Stats,
    /// What each step did, if that is asked for.
    pub(crate) work: Option<Box<Work>>,
    pub(crate) count_full: bool,
    pub(crate) started: Duration,
    pub(crate) memory: usize,
    pub(crate) checks: u32,
}

impl State {
    /// Shows other threads how far the query has come.
    pub(crate) fn note(&self) {
        let warnings = self.warnings.entries().len();
        self.tracked.note(self.stats.peak_memory_bytes, warnings);
    }
}

/// The state together with the transaction, for one call.
pub(crate) struct Exec<'a> {
    pub(crate) txn: &'a mut Transaction,
    pub(crate) state: &'a mut State,
}

impl Exec<'_> {
    /// Fails when the query was killed or has run too long. Cheap enough for every row.
    pub(crate) fn check(&mut self) -> Result<()> {
        self.state.checks += 1;
        if self.state.checks < CHECK_INTERVAL {
            return Ok(());
        }
        self.check_now()
    }

    /// The same, with a look at the clock.
    pub(crate) fn check_now(&mut self) -> Result<()> {
        let state = &mut *self.state;
        state.checks = 0;
        state.note();
        if state.environment.cancel.is_killed() {
            return Err(Error::new(ErrorKind::Killed, codes::QUERY_KILLED));
        }
        if let Some(max) = state.limits.runtime_max {
            let elapsed = state.environment.platform.clock.monotonic() - state.started;
            if elapsed > max {
                let message = format!("query killed: maxRuntime is {} s", max.as_secs_f64());
                return Err(Error::with_message(
                    ErrorKind::Killed,
                    codes::QUERY_KILLED,
                    message,
                ));
            }
        }
        Ok(())
    }

    /// Counts memory that is kept; fails beyond the limit.
    pub(crate) fn charge(&mut self, bytes: usize) -> Result<()> {
        let state = &mut *self.state;
        let held = state.memory.saturating_add(bytes);
        let max = state.limits.memory_bytes_max;
        if max > 0 && held > max {
            // What was refused was not held: it does not count for the peak.
            return Err(Error::limit("memoryLimit", format_args!("{max} bytes")));
        }
        state.memory = held;
        let peak = &mut state.stats.peak_memory_bytes;
        *peak = held.max(*peak);
        Ok(())
    }

    /// Whether that much more memory may be kept.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        let max = self.state.limits.memory_bytes_max;
        max == 0 || self.state.memory + bytes <= max
    }

    /// Fails if a value that was just made would exceed the limit together with what is kept.
    pub(crate) fn probe(&mut self, bytes: usize) -> Result<()> {
        self.charge(bytes)?;
        self.release(bytes);
        Ok(())
    }

    /// Counts memory that is no longer kept.
    pub(crate) fn release(&mut self, bytes: usize) {
        self.state.memory = self.state.memory.saturating_sub(bytes);
    }

    /// Adds a warning; fails if warnings fail the query.
    pub(crate) fn warn(&mut self, code: Code, message: impl Into<String>) -> Result<()> {
        Ok(self.state.warnings.add(code, message.into())?)
    }

    /// The collection of the plan.
    pub(crate) fn collection(&self, id: CollectionId) -> Result<Arc<Collection>> {
        let found = self.state.collections.get(id.0).cloned();
        found.ok_or_else(|| Error::new(ErrorKind::Failed, codes::ARANGO_DATA_SOURCE_NOT_FOUND))
    }

    pub(crate) fn call(&mut self, function: &'static Function, args: &[Value]) -> Result<Value> {
        let state = &mut *self.state;
        let mut documents = Documents {
            txn: self.txn,
            environment: &state.environment,
            queries: &state.queries,
            deadline: state.limits.runtime_max.map(|max| state.started + max),
            lookups: &mut state.stats.document_lookups,
        };
        let mut context = functions::Context {
            platform: &state.environment.platform,
            warnings: &mut state.warnings,
            caches: &mut state.caches,
            limits: &state.limits.functions,
            documents: &mut documents,
            database: &state.database,
            user: state.environment.user.as_deref(),
            version: &state.environment.version,
            function: "",
        };
        let result = function.call(&mut context, args)?;
        let bytes = match &result {
            Value::String(text) => text.len(),
            Value::Array(items) => items.len() * size_of::<Value>(),
            _ => 0,
        };
        if bytes > LARGE_BYTES {
            self.probe(bytes)?;
        }
        Ok(result)
    }

    /// Calls a user-defined function of the plan.
    pub(crate) fn call_user(&mut self, at: usize, args: &[Value]) -> Result<Value> {
        let state = &mut *self.state;
        let name = state.plan.user_functions.get(at).map_or("", |name| name);
        let Some(function) = state.user_functions.get(at) else {
            return Err(plan::unknown_function(name));
        };
        let mut call = UserCall {
            name,
            warnings: &mut state.warnings,
            cancel: &state.environment.cancel,
            deadline: state.limits.runtime_max.map(|max| state.started + max),
        };
        Ok(function.call(&mut call, args)?)
    }

    /// Runs `body` with the steps of a subquery that have been started with a row.
    pub(crate) fn with_subquery<T>(
        &mut self,
        id: SubqueryId,
        row: Batch,
        body: impl FnOnce(&mut Pipeline, &mut Self) -> Result<T>,
    ) -> Result<T> {
        let taken = self.state.subqueries.get_mut(id.0).and_then(Option::take);
        let mut pipeline = taken.unwrap_or_else(|| {
            Box::new(Pipeline::new(
                &self.state.plan,
                Some(id),
                self.state.work.is_some(),
            ))
        });
        let freed = pipeline.start(&row);
        self.release(freed);
        let result = body(&mut pipeline, self);
        if let Some(place) = self.state.subqueries.get_mut(id.0) {
            *place = Some(pipeline);
        }
        result
    }
}
