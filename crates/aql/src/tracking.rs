//! Which queries run, which were slow, and the door through which they are killed.
//!
//! Source of names, defaults and shapes: public documentation, "HTTP interface / Queries".

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use error_codes::{Code, codes};
use parking_lot::Mutex;
use platform::Clock;
use value::{Object, Value};

use crate::error::{Error, Result};
use crate::exec::Cancel;

/// What is tracked, and how much of it. The public names are those of
/// `GET /_api/query/properties`.
#[derive(Clone, Debug, PartialEq)]
pub struct Properties {
    /// `enabled`: whether queries are tracked at all.
    pub enabled: bool,
    /// `trackSlowQueries`: whether slow queries are kept after their end.
    pub track_slow: bool,
    /// `trackBindVars`: whether bind values are shown.
    pub track_binds: bool,
    /// `maxSlowQueries`: how many slow queries are kept.
    pub slow_queries_max: usize,
    /// `slowQueryThreshold`: the run time from which a query is slow.
    pub slow_threshold: Duration,
    /// `slowStreamingQueryThreshold`: the same for queries whose rows are streamed.
    pub slow_stream_threshold: Duration,
    /// `maxQueryStringLength`: bytes of a query's text that are kept.
    pub text_bytes_max: usize,
}

impl Properties {
    /// The documented defaults.
    pub const fn documented() -> Self {
        Self {
            enabled: true,
            track_slow: true,
            track_binds: true,
            slow_queries_max: 64,
            slow_threshold: Duration::from_secs(10),
            slow_stream_threshold: Duration::from_secs(10),
            text_bytes_max: 4096,
        }
    }

    /// The public form.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("enabled", self.enabled);
        object.insert("trackSlowQueries", self.track_slow);
        object.insert("trackBindVars", self.track_binds);
        object.insert("maxSlowQueries", self.slow_queries_max);
        object.insert("slowQueryThreshold", seconds(self.slow_threshold));
        object.insert(
            "slowStreamingQueryThreshold",
            seconds(self.slow_stream_threshold),
        );
        object.insert("maxQueryStringLength", self.text_bytes_max);
        object
    }

    /// Takes over what `change` names in the public form; what is unknown or of a wrong type is
    /// ignored.
    pub fn merge(&mut self, change: &Value) {
        let flag = |name: &str, place: &mut bool| {
            *place = change.get(name).as_bool().unwrap_or(*place);
        };
        flag("enabled", &mut self.enabled);
        flag("trackSlowQueries", &mut self.track_slow);
        flag("trackBindVars", &mut self.track_binds);
        let size = |name: &str, place: &mut usize| {
            let given = change.get(name).as_i64();
            *place = given
                .and_then(|given| usize::try_from(given).ok())
                .unwrap_or(*place);
        };
        size("maxSlowQueries", &mut self.slow_queries_max);
        size("maxQueryStringLength", &mut self.text_bytes_max);
        let time = |name: &str, place: &mut Duration| {
            let given = change.get(name).as_f64();
            *place = given
                .and_then(|given| Duration::try_from_secs_f64(given).ok())
                .unwrap_or(*place);
        };
        time("slowQueryThreshold", &mut self.slow_threshold);
        time(
            "slowStreamingQueryThreshold",
            &mut self.slow_stream_threshold,
        );
    }
}

/// What a query is busy with, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing yet.
    Initializing,
    /// Reading the text.
    Parsing,
    /// Folding constants.
    OptimizingAst,
    /// Resolving collections.
    LoadingCollections,
    /// Making the plan.
    InstantiatingPlan,
    /// Improving the plan.
    OptimizingPlan,
    /// Making the steps.
    InstantiatingExecutors,
    /// Producing rows.
    Executing,
    /// Putting the answer together.
    Finalizing,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Phase; 9] = [
        Phase::Initializing,
        Phase::Parsing,
        Phase::OptimizingAst,
        Phase::LoadingCollections,
        Phase::InstantiatingPlan,
        Phase::OptimizingPlan,
        Phase::InstantiatingExecutors,
        Phase::Executing,
        Phase::Finalizing,
    ];

    /// The public name.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Initializing => "initializing",
            Phase::Parsing => "parsing",
            Phase::OptimizingAst => "optimizing ast",
            Phase::LoadingCollections => "loading collections",
            Phase::InstantiatingPlan => "instantiating plan",
            Phase::OptimizingPlan => "optimizing plan",
            Phase::InstantiatingExecutors => "instantiating executors",
            Phase::Executing => "executing",
            Phase::Finalizing => "finalizing",
        }
    }
}

/// How a query looked at one moment.
#[derive(Clone, Debug)]
pub struct TrackedQuery {
    /// Unique since the server started.
    pub id: u64,
    /// The database it runs in.
    pub database: Arc<str>,
    /// Who asked; `None` without authentication.
    pub user: Option<Arc<str>>,
    /// The text, cut.
    pub text: String,
    /// The bind values, if they are tracked.
    pub bind: Object,
    /// The collections it names.
    pub data_sources: Vec<Arc<str>>,
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: u64,
    /// How long it has run, or ran.
    pub run_time: Duration,
    /// The most bytes it held at once, estimated.
    pub peak_memory_bytes: usize,
    /// The phase it is in, `finished` or `killed`.
    pub state: &'static str,
    /// Whether its rows are made when they are asked for.
    pub stream: bool,
    /// Whether it writes.
    pub is_modification: bool,
    /// How many warnings it raised.
    pub warnings: usize,
    /// Of a query that has ended: the number of its error, 0 without one.
    pub exit_code: Option<u32>,
}

impl TrackedQuery {
    /// The public form, an element of `GET /_api/query/current` and `/_api/query/slow`.
    pub fn to_object(&self) -> Object {
        let mut object = Object::new();
        object.insert("id", self.id.to_string());
        object.insert("database", &*self.database);
        let user = self.user.as_deref();
        object.insert("user", user.map_or(Value::Null, Value::from));
        object.insert("query", self.text.as_str());
        object.insert("bindVars", self.bind.clone());
        let sources = self.data_sources.iter().map(|name| Value::from(&**name));
        object.insert("dataSources", sources.collect::<Vec<_>>());
        let started = i64::try_from(self.started_unix_ms).unwrap_or(i64::MAX);
        let started = crate::functions::iso_text(started);
        object.insert("started", started.unwrap_or_default());
        object.insert("runTime", seconds(self.run_time));
        object.insert("peakMemoryUsage", self.peak_memory_bytes);
        object.insert("state", self.state);
        object.insert("stream", self.stream);
        object.insert("modificationQuery", self.is_modification);
        object.insert("warnings", self.warnings);
        if let Some(exit_code) = self.exit_code {
            object.insert("exitCode", i64::from(exit_code));
        }
        object
    }
}

/// The queries of a server: those that run, and slow ones that ran.
pub struct Tracking {
    next_id: AtomicU64,
    properties: Mutex<Properties>,
    running: Mutex<BTreeMap<u64, Arc<Entry>>>,
    slow: Mutex<VecDeque<TrackedQuery>>,
}

impl Tracking {
    pub(crate) fn new(properties: Properties) -> Self {
        Self {
            next_id: AtomicU64::new(1),
            properties: Mutex::new(properties),
            running: Mutex::default(),
            slow: Mutex::default(),
        }
    }

    /// What is tracked.
    pub fn properties(&self) -> Properties {
        self.properties.lock().clone()
    }

    /// Changes what is tracked from the next query on; surplus slow queries are dropped at once.
    pub fn set_properties(&self, properties: Properties) {
        let mut slow = self.slow.lock();
        while slow.len() > properties.slow_queries_max {
            slow.pop_front();
        }
        *self.properties.lock() = properties;
    }

    /// What runs now, oldest first.
    pub fn current(&self) -> Vec<TrackedQuery> {
        let running: Vec<Arc<Entry>> = self.running.lock().values().cloned().collect();
        running.iter().map(|entry| entry.snapshot()).collect()
    }

    /// Slow queries that have ended, oldest first.
    pub fn slow(&self) -> Vec<TrackedQuery> {
        self.slow.lock().iter().cloned().collect()
    }

    /// Forgets the slow queries for which `is_meant` holds.
    pub fn clear_slow(&self, is_meant: impl Fn(&TrackedQuery) -> bool) {
        self.slow.lock().retain(|query| !is_meant(query));
    }

    /// Makes a query fail with 1500 at its next step.
    ///
    /// # Errors
    /// 1591 when no such query runs.
    pub fn kill(&self, id: u64) -> Result<()> {
        match self.running.lock().get(&id) {
            Some(entry) => {
                entry.cancel.kill();
                Ok(())
            }
            None => Err(Error::new_invalid(codes::QUERY_NOT_FOUND)),
        }
    }
}

/// A query that begins.
pub(crate) struct Begin<'q> {
    pub(crate) database: &'q Arc<str>,
    pub(crate) user: Option<&'q Arc<str>>,
    pub(crate) text: &'q str,
    pub(crate) bind: &'q Object,
    pub(crate) stream: bool,
    pub(crate) cancel: &'q Cancel,
    pub(crate) clock: &'q Arc<dyn Clock>,
}

/// A query that runs, as other threads see it.
struct Entry {
    id: u64,
    database: Arc<str>,
    user: Option<Arc<str>>,
    text: String,
    bind: Object,
    started_unix_ms: u64,
    started: Duration,
    clock: Arc<dyn Clock>,
    cancel: Cancel,
    stream: bool,
    phase: AtomicU8,
    peak_memory_bytes: AtomicUsize,
    is_modification: AtomicBool,
    warnings: AtomicUsize,
    data_sources: Mutex<Vec<Arc<str>>>,
}

impl Entry {
    fn snapshot(&self) -> TrackedQuery {
        let phase = usize::from(self.phase.load(Ordering::Relaxed));
        let phase = Phase::ALL.get(phase).copied().unwrap_or(Phase::Finalizing);
        let killed = self.cancel.is_killed();
        TrackedQuery {
            id: self.id,
            database: Arc::clone(&self.database),
            user: self.user.clone(),
            text: self.text.clone(),
            bind: self.bind.clone(),
            data_sources: self.data_sources.lock().clone(),
            started_unix_ms: self.started_unix_ms,
            run_time: self.clock.monotonic().saturating_sub(self.started),
            peak_memory_bytes: self.peak_memory_bytes.load(Ordering::Relaxed),
            state: if killed { "killed" } else { phase.name() },
            stream: self.stream,
            is_modification: self.is_modification.load(Ordering::Relaxed),
            warnings: self.warnings.load(Ordering::Relaxed),
            exit_code: None,
        }
    }
}

/// Keeps a query among the running ones until it is dropped, and measures its phases.
pub(crate) struct Tracked {
    queries: Arc<crate::Queries>,
    entry: Arc<Entry>,
    listed: bool,
    since: Duration,
    times: [Duration; Phase::ALL.len()],
    failure: Option<Code>,
}

impl Tracked {
    pub(crate) fn new(queries: &Arc<crate::Queries>, begin: &Begin<'_>) -> Self {
        let tracking = queries.tracking();
        let properties = tracking.properties.lock().clone();
        let started = begin.clock.monotonic();
        let id = tracking.next_id.fetch_add(1, Ordering::Relaxed);
        let entry = Arc::new(Entry {
            id,
            database: Arc::clone(begin.database),
            user: begin.user.cloned(),
            text: cut(begin.text, properties.text_bytes_max),
            bind: if properties.track_binds {
                begin.bind.clone()
            } else {
                Object::new()
            },
            started_unix_ms: begin.clock.unix_ms(),
            started,
            clock: Arc::clone(begin.clock),
            cancel: begin.cancel.clone(),
            stream: begin.stream,
            phase: AtomicU8::new(0),
            peak_memory_bytes: AtomicUsize::new(0),
            is_modification: AtomicBool::new(false),
            warnings: AtomicUsize::new(0),
            data_sources: Mutex::default(),
        });
        if properties.enabled {
            tracking.running.lock().insert(id, Arc::clone(&entry));
        }
        Self {
            queries: Arc::clone(queries),
            entry,
            listed: properties.enabled,
            since: started,
            times: [Duration::ZERO; Phase::ALL.len()],
            failure: None,
        }
    }

    /// Ends the phase before and begins one.
    pub(crate) fn enter(&mut self, phase: Phase) {
        let now = self.entry.clock.monotonic();
        let before = usize::from(self.entry.phase.load(Ordering::Relaxed));
        if let Some(time) = self.times.get_mut(before) {
            *time += now.saturating_sub(self.since);
        }
        self.since = now;
        self.entry.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Notes what the plan says.
    pub(crate) fn planned(&self, plan: &crate::plan::Plan) {
        let modifies = plan.is_modification();
        self.entry
            .is_modification
            .store(modifies, Ordering::Relaxed);
        let names = plan.collections.iter().map(|used| Arc::clone(&used.name));
        *self.entry.data_sources.lock() = names.collect();
    }

    /// Notes how far the query has come.
    pub(crate) fn note(&self, peak_memory_bytes: usize, warnings: usize) {
        let peak = &self.entry.peak_memory_bytes;
        peak.store(peak_memory_bytes, Ordering::Relaxed);
        self.entry.warnings.store(warnings, Ordering::Relaxed);
    }

    /// Notes that the query failed.
    pub(crate) fn failed(&mut self, code: Code) {
        self.failure = Some(code);
    }

    /// When the query began, on the monotonic clock.
    pub(crate) fn started(&self) -> Duration {
        self.entry.started
    }

    /// Seconds by phase, the public `profile`.
    pub(crate) fn profile(&self) -> Object {
        let current = usize::from(self.entry.phase.load(Ordering::Relaxed));
        let running = self.entry.clock.monotonic().saturating_sub(self.since);
        let mut object = Object::new();
        for (at, (phase, time)) in Phase::ALL.iter().zip(&self.times).enumerate() {
            let more = if at == current {
                running
            } else {
                Duration::ZERO
            };
            object.insert(phase.name(), seconds(*time + more));
        }
        object
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if !self.listed {
            return;
        }
        let tracking = self.queries.tracking();
        tracking.running.lock().remove(&self.entry.id);
        let properties = tracking.properties.lock().clone();
        let threshold = if self.entry.stream {
            properties.slow_stream_threshold
        } else {
            properties.slow_threshold
        };
        let is_kept = properties.track_slow && properties.slow_queries_max > 0;
        let run_time = self
            .entry
            .clock
            .monotonic()
            .saturating_sub(self.entry.started);
        if !is_kept || run_time < threshold {
            return;
        }
        let mut ended = self.entry.snapshot();
        if ended.state != "killed" {
            ended.state = "finished";
        }
        ended.exit_code = Some(self.failure.map_or(0, Code::number));
        let mut slow = tracking.slow.lock();
        while slow.len() >= properties.slow_queries_max {
            slow.pop_front();
        }
        slow.push_back(ended);
    }
}

/// The first bytes of a text, up to the end of a character.
fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max);
    format!("{}...", text.get(..end).unwrap_or_default())
}

fn seconds(time: Duration) -> Value {
    Value::from_f64(time.as_secs_f64()).unwrap_or_default()
}
