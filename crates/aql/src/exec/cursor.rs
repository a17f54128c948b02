//! The rows of a query, pulled as values or as JSON text.

use std::sync::Arc;

use database::Transaction;
use value::{Object, Value, json};

use super::eval::{eval, eval_key};
use super::extra::Profile;
use super::pipeline::Pipeline;
use super::row::{Batch, Slot, value_size};
use super::state::{Environment, Exec, LARGE_BYTES, Limits, State, Stats};
use super::work::Work;
use crate::error::Result;
use crate::functions::{Caches, Warning, Warnings};
use crate::plan::{CollectionUse, Expr, Plan, unknown_function};
use crate::queries::Queries;
use crate::results::{self, Recorder, Replay};
use crate::tracking::{Phase, Tracked};

/// What a query starts from.
pub(crate) struct Start {
    pub(crate) plan: Arc<Plan>,
    /// In the order of [`Plan::binds`].
    pub(crate) binds: Vec<Value>,
    pub(crate) environment: Environment,
    pub(crate) queries: Arc<Queries>,
    pub(crate) tracked: Tracked,
    pub(crate) limits: Arc<Limits>,
    pub(crate) count_full: bool,
    pub(crate) profile: Profile,
    pub(crate) plan_key: Option<String>,
    /// Set if the result may be one that was kept, and is to be kept.
    pub(crate) result_key: Option<results::Key>,
    pub(crate) warnings_max: usize,
    pub(crate) fail_on_warning: bool,
}

/// A running query. It borrows nothing: the transaction is handed in for each call, and it must
/// be the same one each time.
pub struct Cursor {
    state: State,
    pipeline: Pipeline,
    /// Rows that were produced and not yet handed out, and how many of them were.
    ready: Batch,
    taken: usize,
    /// Whether a row was asked for.
    begun: bool,
    ended: bool,
    profile: Profile,
    plan_key: Option<String>,
    /// The rows, if they are kept ones.
    replay: Option<Replay>,
    /// Takes the rows down, if they are to be kept.
    recorder: Option<Recorder>,
}

impl Cursor {
    pub(crate) fn new(start: Start, txn: &Transaction) -> Result<Self> {
        let Start {
            plan,
            environment,
            queries,
            mut tracked,
            ..
        } = start;
        tracked.enter(Phase::InstantiatingExecutors);
        let mut warnings = Warnings::new(start.warnings_max, start.fail_on_warning);
        for (code, message) in &plan.warnings {
            warnings.add(*code, message.clone())?;
        }
        let mut collections = Vec::with_capacity(plan.collections.len());
        for used in &plan.collections {
            collections.push(txn.collection(&used.name)?);
        }
        let mut user_functions = Vec::with_capacity(plan.user_functions.len());
        for name in &plan.user_functions {
            let found = queries.find_function(txn.database(), name)?;
            user_functions.push(found.ok_or_else(|| unknown_function(name))?);
        }
        let mut pipeline = Pipeline::new(&plan, None, start.profile >= Profile::Nodes);
        pipeline.start(&Batch::unit(plan.variables.len()));
        tracked.enter(Phase::Executing);
        let (mut replay, mut recorder) = (None, None);
        if let Some(key) = start.result_key {
            let cache = queries.results();
            match cache.find(&key, txn, &collections) {
                Some(kept) => replay = Some(Replay::new(kept)),
                None => recorder = Some(Recorder::new(key, cache.entry_bytes_max())),
            }
        }
        let state = State {
            collections,
            database: Arc::clone(txn.database().name()),
            binds: start.binds,
            once: vec![None; plan.once_count],
            locals: vec![Value::Null; plan.locals_count],
            subqueries: plan.subqueries.iter().map(|_| None).collect(),
            warnings,
            caches: Caches::default(),
            limits: start.limits,
            environment,
            stats: Stats::default(),
            work: (start.profile >= Profile::Nodes).then(Box::default),
            count_full: start.count_full,
            started: tracked.started(),
            queries,
            tracked,
            user_functions,
            memory: 0,
            checks: 0,
            plan,
        };
        Ok(Self {
            state,
            pipeline,
            ready: Batch::default(),
            taken: 0,
            begun: false,
            ended: false,
            profile: start.profile,
            plan_key: start.plan_key,
            replay,
            recorder,
        })
    }

    /// Whether the query writes.
    pub fn is_modification(&self) -> bool {
        self.state.plan.is_modification()
    }

    /// The key of the plan in the plan cache, if the query asked for a plan from there and got one.
    pub fn plan_cache_key(&self) -> Option<&str> {
        self.plan_key.as_deref()
    }

    /// Whether the rows were kept from an earlier run of the query.
    pub fn is_cached(&self) -> bool {
        self.replay.is_some()
    }

    /// Every collection the query names, with whether it is written; for those who must ask
    /// for permission before the first row is pulled.
    pub fn collections(&self) -> &[CollectionUse] {
        &self.state.plan.collections
    }

    /// The collections that nobody else is to write to meanwhile: to be locked by a transaction
    /// that begins for this query.
    pub fn exclusive_names(&self) -> Vec<String> {
        let used = self.collections().iter();
        let exclusive = used.filter(|used| used.is_exclusive);
        exclusive.map(|used| used.name.to_string()).collect()
    }

    /// What it did so far; for a kept result, what was done to make it.
    pub fn stats(&self) -> Stats {
        if let Some(replay) = &self.replay {
            return replay.stats().clone();
        }
        let clock = &self.state.environment.platform.clock;
        let mut stats = self.state.stats.clone();
        stats.execution_time = clock.monotonic().saturating_sub(self.state.started);
        stats
    }

    /// How much it tells about its own work.
    pub(crate) fn profile(&self) -> Profile {
        self.profile
    }

    /// The plan it follows.
    pub(crate) fn plan(&self) -> &Plan {
        &self.state.plan
    }

    /// What each step did, if that was measured.
    pub(crate) fn work(&self) -> Option<&Work> {
        self.state.work.as_deref()
    }

    /// Seconds by phase.
    pub(crate) fn phase_times(&self) -> Object {
        self.state.tracked.profile()
    }

    /// What was odd so far.
    pub fn warnings(&self) -> &[Warning] {
        self.state.warnings.entries()
    }

    /// Whether there are more rows; runs the query up to the next one.
    ///
    /// # Errors
    /// Whatever ends the query.
    pub fn has_more(&mut self, txn: &mut Transaction) -> Result<bool> {
        let want = self.state.limits.batch_rows;
        let filled = self.fill(txn, want);
        self.note(filled)
    }

    /// Lets those who look at running queries know how far this one is.
    fn note<T>(&mut self, outcome: Result<T>) -> Result<T> {
        self.state.note();
        if let Err(error) = &outcome {
            self.state.tracked.failed(error.code());
        } else if self.ended {
            self.state.tracked.enter(Phase::Finalizing);
        }
        outcome.map_err(|error| error.during("executing"))
    }

    /// Up to `want` rows as values; fewer only at the end.
    ///
    /// # Errors
    /// Whatever ends the query.
    pub fn next_values(&mut self, txn: &mut Transaction, want: usize) -> Result<Vec<Value>> {
        let made = self.make_values(txn, want);
        self.note(made)
    }

    fn make_values(&mut self, txn: &mut Transaction, want: usize) -> Result<Vec<Value>> {
        let plan = Arc::clone(&self.state.plan);
        let mut rows = Vec::new();
        if let Some(replay) = &mut self.replay {
            while rows.len() < want
                && let Some(row) = replay.next_row()
            {
                // It was written by this program.
                rows.push(json::parse(row).unwrap_or_default());
            }
            return Ok(rows);
        }
        while rows.len() < want && self.fill(txn, want - rows.len())? {
            let exec = &mut Exec {
                txn,
                state: &mut self.state,
            };
            while self.taken < self.ready.len() && rows.len() < want {
                exec.check()?;
                if let Some(value) = &plan.root.value {
                    let row = eval(value, self.ready.row(self.taken), exec)?;
                    exec.charge(value_size(&row))?;
                    if self.recorder.is_some() {
                        let text = json::to_string(&row);
                        record(&mut self.recorder, text.as_bytes());
                    }
                    rows.push(row);
                }
                self.taken += 1;
            }
        }
        // From here on the caller keeps the rows.
        let size = rows.iter().map(value_size).sum();
        let exec = &mut Exec {
            txn,
            state: &mut self.state,
        };
        exec.release(size);
        Ok(rows)
    }

    /// Appends up to `want` rows as JSON, separated by commas; how many there were.
    ///
    /// # Errors
    /// Whatever ends the query.
    pub fn write_json_rows(
        &mut self,
        txn: &mut Transaction,
        want: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        let made = self.make_json_rows(txn, want, out);
        self.note(made)
    }

    fn make_json_rows(
        &mut self,
        txn: &mut Transaction,
        want: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        let plan = Arc::clone(&self.state.plan);
        let mut rows = 0;
        let start = out.len();
        if let Some(replay) = &mut self.replay {
            while rows < want
                && let Some(row) = replay.next_row()
            {
                if rows > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(row);
                rows += 1;
            }
            return Ok(rows);
        }
        while rows < want && self.fill(txn, want - rows)? {
            let exec = &mut Exec {
                txn,
                state: &mut self.state,
            };
            let mut before = out.len();
            while self.taken < self.ready.len() && rows < want {
                exec.check()?;
                if let Some(value) = &plan.root.value {
                    if rows > 0 {
                        out.push(b',');
                    }
                    let from = out.len();
                    write_json(value, self.ready.row(self.taken), exec, out)?;
                    record(&mut self.recorder, out.get(from..).unwrap_or_default());
                    if out.len() - before > LARGE_BYTES {
                        exec.charge(out.len() - before)?;
                        before = out.len();
                    }
                    rows += 1;
                }
                self.taken += 1;
            }
            exec.charge(out.len() - before)?;
        }
        let exec = &mut Exec {
            txn,
            state: &mut self.state,
        };
        exec.release(out.len() - start);
        Ok(rows)
    }

    /// All rows that are left, as values.
    ///
    /// # Errors
    /// Whatever ends the query.
    pub fn all_values(&mut self, txn: &mut Transaction) -> Result<Vec<Value>> {
        self.next_values(txn, usize::MAX)
    }

    /// Makes sure that there is a row to hand out.
    fn fill(&mut self, txn: &mut Transaction, want: usize) -> Result<bool> {
        if let Some(replay) = &self.replay {
            return Ok(replay.has_more());
        }
        if !std::mem::replace(&mut self.begun, true) {
            self.lock_collections(txn)?;
        }
        let want = want.min(self.state.limits.batch_rows);
        while self.taken >= self.ready.len() {
            if self.ended {
                return Ok(false);
            }
            let exec = &mut Exec {
                txn,
                state: &mut self.state,
            };
            exec.check_now()?;
            match self.pipeline.next(exec, want)? {
                // Without RETURN rows only have effects.
                Some(batch) if exec.state.plan.root.value.is_some() => {
                    self.ready = batch;
                    self.taken = 0;
                }
                Some(_) => {}
                None => {
                    self.ended = true;
                    self.keep_result(txn);
                }
            }
        }
        Ok(true)
    }

    /// Locks what the query wants to have for itself. Whoever begins a transaction for the query
    /// alone has locked it before ([`Cursor::exclusive_names`]).
    fn lock_collections(&mut self, txn: &mut Transaction) -> Result<()> {
        let used = self.state.plan.collections.iter();
        for (used, collection) in used.zip(&self.state.collections) {
            if used.is_exclusive {
                txn.lock_exclusive(collection)?;
            }
        }
        Ok(())
    }

    /// Keeps the result if that is wanted and nothing was odd about it. All rows were handed out.
    fn keep_result(&mut self, txn: &Transaction) {
        let Some(recorder) = self.recorder.take() else {
            return;
        };
        if self.warnings().is_empty() {
            let (state, stats) = (&self.state, self.stats());
            let now = state.environment.platform.clock.unix_ms();
            recorder.keep(&state.queries, txn, &state.collections, stats, now);
        }
    }
}

/// Takes a row down; stops that when the rows are too many.
fn record(recorder: &mut Option<Recorder>, row: &[u8]) {
    if recorder.as_mut().is_some_and(|recorder| !recorder.add(row)) {
        *recorder = None;
    }
}

/// Appends the JSON of an expression; what is stored as JSON is copied, not parsed.
fn write_json(expr: &Expr, row: &[Slot], exec: &mut Exec<'_>, out: &mut Vec<u8>) -> Result<()> {
    match expr {
        Expr::Var(var) => match row.get(var.index()) {
            Some(slot) => slot.write_json(out),
            None => out.extend_from_slice(b"null"),
        },
        Expr::Path(var, names) => match row.get(var.index()) {
            Some(slot) => match slot.stored_json(names) {
                Some(text) => out.extend_from_slice(text),
                None => json::write(&slot.path(names), out),
            },
            None => out.extend_from_slice(b"null"),
        },
        Expr::Object(properties) if is_plain(properties) => {
            out.push(b'{');
            for (at, (key, value)) in properties.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json::write_text(&eval_key(key, row, exec)?, out);
                out.push(b':');
                write_json(value, row, exec, out)?;
            }
            out.push(b'}');
        }
        Expr::Array(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_json(item, row, exec, out)?;
            }
            out.push(b']');
        }
        other => json::write(&eval(other, row, exec)?, out),
    }
    Ok(())
}

/// Whether the names are written down and each occurs once.
fn is_plain(properties: &[(crate::plan::Key, Expr)]) -> bool {
    use crate::plan::Key;
    properties
        .iter()
        .enumerate()
        .all(|(at, (key, _))| match key {
            Key::Name(name) => !properties
                .iter()
                .skip(at + 1)
                .any(|(other, _)| matches!(other, Key::Name(other) if other == name)),
            Key::Computed(_) => false,
        })
}
