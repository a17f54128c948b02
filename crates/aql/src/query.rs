//! From query text to running query: parse, plan, cache, start.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use database::{Collection, Transaction};
use error_codes::codes;
use value::{Object, Value};

use crate::cache::{Asked, CachedPlan, Key};
use crate::error::{Error, Result};
use crate::exec::{Cursor, Environment, Limits, Profile, Start};
use crate::plan::{self, Catalog, Expr, Lowered, Node, Plan};
use crate::queries::Queries;
use crate::syntax::{self, Parsed};
use crate::tracking::{Begin, Phase, Tracked};

/// A query as it is asked.
#[derive(Clone, Debug)]
pub struct Query<'q> {
    /// The text.
    pub text: &'q str,
    /// Bind values by name; names of data sources begin with `@`.
    pub bind: Object,
    /// How to run it.
    pub options: Options,
}

impl<'q> Query<'q> {
    /// A query without bind values, with every option at its default.
    pub fn new(text: &'q str) -> Self {
        Self {
            text,
            bind: Object::new(),
            options: Options::default(),
        }
    }
}

/// How to run a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Count the rows that there would be without the last `LIMIT`.
    pub full_count: bool,
    /// The first warning ends the query.
    pub fail_on_warning: bool,
    /// How many warnings are kept.
    pub warnings_max: usize,
    /// How long the query may run.
    pub runtime_max: Option<Duration>,
    /// How many bytes it may keep in memory.
    pub memory_bytes_max: Option<usize>,
    /// Optimizer rules to switch off and on: `-name`, `+name`, `-all`.
    pub rules: Vec<String>,
    /// Whether the rows are to be made when they are asked for. The caller decides how it pulls
    /// them; this is for those who look at what runs.
    pub stream: bool,
    /// How much the query tells about its own work.
    pub profile: Profile,
    /// The plan is to be taken from the plan cache or kept there; fails if that is not possible.
    pub use_plan_cache: bool,
    /// Whether the result may be one that was kept, and is to be kept; `None` leaves that to the
    /// mode of the cache.
    pub cache: Option<bool>,
    /// Who asks what the query would do is to be told of other plans too.
    pub all_plans: bool,
    /// How many plans at most; `None` for as many as the settings allow.
    pub plans_max: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            full_count: false,
            fail_on_warning: false,
            warnings_max: 10,
            runtime_max: None,
            memory_bytes_max: None,
            rules: Vec::new(),
            stream: false,
            profile: Profile::Off,
            use_plan_cache: false,
            cache: None,
            all_plans: false,
            plans_max: None,
        }
    }
}

impl Options {
    /// Reads the public form: `fullCount`, `failOnWarning`, `maxWarningCount`, `maxRuntime`,
    /// `memoryLimit`, `optimizer.rules`, `stream`, `profile`,
    /// `usePlanCache`, `cache`, `allPlans`, `maxNumberOfPlans` or `maxPlans`. What is unknown or
    /// of a wrong type is ignored.
    pub fn parse(options: &Value) -> Self {
        let mut read = Self {
            full_count: options.get("fullCount").to_bool(),
            fail_on_warning: options.get("failOnWarning").to_bool(),
            stream: options.get("stream").to_bool(),
            use_plan_cache: options.get("usePlanCache").to_bool(),
            cache: options.get("cache").as_bool(),
            all_plans: options.get("allPlans").to_bool(),
            profile: match options.get("profile") {
                Value::Bool(true) => Profile::Phases,
                level => match level.as_i64() {
                    Some(1) => Profile::Phases,
                    Some(2..) => Profile::Nodes,
                    _ => Profile::Off,
                },
            },
            ..Self::default()
        };
        if let Some(count) = options.get("maxWarningCount").as_i64() {
            read.warnings_max = usize::try_from(count).unwrap_or(0);
        }
        let plans = ["maxNumberOfPlans", "maxPlans"].map(|name| options.get(name).as_i64());
        let plans = plans.into_iter().flatten().find(|plans| *plans > 0);
        read.plans_max = plans.and_then(|plans| usize::try_from(plans).ok());
        let seconds = options
            .get("maxRuntime")
            .as_f64()
            .filter(|seconds| *seconds > 0.0);
        read.runtime_max = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let bytes = options
            .get("memoryLimit")
            .as_i64()
            .filter(|bytes| *bytes > 0);
        read.memory_bytes_max = bytes.and_then(|bytes| usize::try_from(bytes).ok());
        if let Some(rules) = options.get("optimizer").get("rules").as_array() {
            let texts = rules.iter().filter_map(Value::as_str);
            read.rules = texts.map(str::to_owned).collect();
        }
        read
    }
}

/// What queries run with.
pub struct Context<'c> {
    /// Who asks, clock and randomness.
    pub environment: Environment,
    /// What a query may use.
    pub limits: Arc<Limits>,
    /// What the queries of the server share.
    pub queries: &'c Arc<Queries>,
}

/// Starts a query in the caller's transaction; pull the rows from the cursor. A query that writes
/// has written everything only when the cursor has no more rows.
///
/// # Errors
/// A wrong text or bind value, an unknown collection. The transaction is as it was.
pub fn execute(ctx: &Context<'_>, txn: &Transaction, query: &Query<'_>) -> Result<Cursor> {
    let begin = Begin {
        database: txn.database().name(),
        user: ctx.environment.user.as_ref(),
        text: query.text,
        bind: &query.bind,
        stream: query.options.stream,
        cancel: &ctx.environment.cancel,
        clock: &ctx.environment.platform.clock,
    };
    let mut tracked = Tracked::new(ctx.queries, &begin);
    let found = match find_plan(ctx, txn, query, Some(&mut tracked)) {
        Ok(found) => found,
        Err(error) => {
            tracked.failed(error.code());
            return Err(error);
        }
    };
    let plan = Arc::clone(&found.cached.plan);
    tracked.planned(&plan);
    let bind = |name: &Arc<str>| query.bind.get(name).cloned().unwrap_or_default();
    let mut limits = Arc::clone(&ctx.limits);
    let options = &query.options;
    if options.runtime_max.is_some() || options.memory_bytes_max.is_some() {
        let own = Arc::make_mut(&mut limits);
        let both = options.runtime_max.into_iter().chain(own.runtime_max);
        own.runtime_max = both.min();
        own.memory_bytes_max = options.memory_bytes_max.unwrap_or(own.memory_bytes_max);
    }
    let start = Start {
        result_key: ctx.queries.results().key(txn, query, &plan),
        binds: plan.binds.iter().map(bind).collect(),
        plan,
        environment: ctx.environment.clone(),
        queries: Arc::clone(ctx.queries),
        tracked,
        limits,
        count_full: options.full_count,
        profile: options.profile,
        plan_key: found.plan_key,
        warnings_max: options.warnings_max,
        fail_on_warning: options.fail_on_warning,
    };
    Cursor::new(start, txn)
}

/// A plan, and the key under which the plan cache had it if the query asked for one from there.
struct Found {
    cached: Arc<CachedPlan>,
    plan_key: Option<String>,
}

fn find_plan(
    ctx: &Context<'_>,
    txn: &Transaction,
    query: &Query<'_>,
    tracked: Option<&mut Tracked>,
) -> Result<Found> {
    let plans = ctx.queries.plans();
    let key = Key {
        text: query.text.into(),
        database: txn.database().id().0,
        catalog: txn.catalog_revision(),
        rules: query.options.rules.clone(),
    };
    let cached = match plans.find(&key, &query.bind) {
        Some(cached) => cached,
        None => {
            let cached = Arc::new(make_plan(ctx, txn, query, tracked)?);
            plans.insert(key.clone(), Arc::clone(&cached));
            cached
        }
    };
    check_binds(&cached.declared, &query.bind)?;
    let mut plan_key = None;
    if query.options.use_plan_cache {
        check_cacheable(query, &cached)?;
        let is_first = cached.asked.get().is_none();
        cached.asked.get_or_init(|| Asked {
            created_unix_ms: ctx.environment.platform.clock.unix_ms(),
            full_count: query.options.full_count,
        });
        if !is_first {
            cached.hits.fetch_add(1, Ordering::Relaxed);
            plan_key = Some(cached.hash(&key).to_string());
        }
    }
    Ok(Found { cached, plan_key })
}

/// Refuses what the documentation says is not kept in the plan cache.
fn check_cacheable(query: &Query<'_>, cached: &CachedPlan) -> Result<()> {
    let refuse = |why: &str| {
        let code = codes::QUERY_NOT_ELIGIBLE_FOR_PLAN_CACHING;
        Err(Error::invalid(code, format!("{}: {why}", code.text())))
    };
    if !query.options.rules.is_empty() {
        return refuse("optimizer rules are chosen");
    }
    let plan = &cached.plan;
    if !plan.warnings.is_empty() {
        return refuse("it raises warnings when it is planned");
    }
    if cached.shape.iter().any(|(name, _)| !name.starts_with('@')) {
        return refuse("bind parameters name attributes or options");
    }
    let blocks = plan.subqueries.iter().chain([&plan.root]);
    for node in blocks.flat_map(|block| &block.nodes) {
        if matches!(node, Node::Upsert(_)) {
            return refuse("it has UPSERT");
        }
        let mut has_bind = false;
        if let Node::Limit { .. } = node {
            node.for_each_expr(&mut |expr| has_bind |= reads_bind(expr));
        }
        if has_bind {
            return refuse("bind parameters stand in LIMIT");
        }
    }
    Ok(())
}

fn reads_bind(expr: &Expr) -> bool {
    let mut found = matches!(expr, Expr::Bind(_));
    expr.for_each_child(&mut |child| found |= reads_bind(child));
    found
}

fn make_plan(
    ctx: &Context<'_>,
    txn: &Transaction,
    query: &Query<'_>,
    mut tracked: Option<&mut Tracked>,
) -> Result<CachedPlan> {
    let mut enter = |phase| {
        if let Some(tracked) = &mut tracked {
            tracked.enter(phase);
        }
    };
    enter(Phase::Parsing);
    let parsed = parse_query(ctx, query)?;
    enter(Phase::InstantiatingPlan);
    let catalog = Snapshot {
        txn,
        queries: ctx.queries,
    };
    let lowered = lower_parsed(ctx, &catalog, query, &parsed)?;
    let mut plan = lowered.plan;
    enter(Phase::OptimizingPlan);
    plan::rules::optimize(&mut plan, &catalog, &query.options.rules)
        .map_err(|error| error.during("optimizing plan"))?;
    plan.finish();
    let shape = lowered.shape_binds.into_iter().map(|name| {
        let value = query.bind.get(&name).cloned().unwrap_or_default();
        (name, value)
    });
    Ok(CachedPlan {
        plan: Arc::new(plan),
        declared: parsed.bind_parameters,
        shape: shape.collect(),
        asked: OnceLock::new(),
        hits: AtomicU64::new(0),
    })
}

fn parse_query(ctx: &Context<'_>, query: &Query<'_>) -> Result<Parsed> {
    let parsed = syntax::parse(query.text, ctx.queries.plan_limits().nesting_max);
    if let Some(first) = parsed.diagnostics.first() {
        return Err(first.into());
    }
    check_binds(&parsed.bind_parameters, &query.bind).map_err(|error| error.during("parsing"))?;
    Ok(parsed)
}

fn lower_parsed(
    ctx: &Context<'_>,
    catalog: &Snapshot<'_>,
    query: &Query<'_>,
    parsed: &Parsed,
) -> Result<Lowered> {
    let limits = ctx.queries.plan_limits();
    plan::lower(parsed, &query.bind, catalog, limits)
        .map_err(|error| error.during("instantiating plan"))
}

/// A query's plan before it is optimised.
pub(crate) fn lower(ctx: &Context<'_>, catalog: &Snapshot<'_>, query: &Query<'_>) -> Result<Plan> {
    let parsed = parse_query(ctx, query)?;
    Ok(lower_parsed(ctx, catalog, query, &parsed)?.plan)
}

/// The plan that a query follows.
pub(crate) fn plan_of(
    ctx: &Context<'_>,
    txn: &Transaction,
    query: &Query<'_>,
) -> Result<Arc<Plan>> {
    Ok(Arc::clone(&find_plan(ctx, txn, query, None)?.cached.plan))
}

/// What a query text says, without looking at collections or bind values: the body of
/// `POST /_api/query`.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(queries: &Queries, text: &str) -> Result<Object> {
    let parsed = syntax::parse(text, queries.plan_limits().nesting_max);
    if let Some(first) = parsed.diagnostics.first() {
        return Err(first.into());
    }
    let texts = |names: BTreeSet<Arc<str>>| -> Vec<Value> {
        names.iter().map(|name| Value::from(&**name)).collect()
    };
    let mut object = Object::new();
    object.insert("parsed", true);
    object.insert("collections", texts(parsed.collections()));
    object.insert("ast", vec![syntax::tree(&parsed)]);
    object.insert("bindVars", texts(parsed.bind_parameters));
    object.insert("warnings", Vec::new());
    Ok(object)
}

/// Every bind of the text has a value, and every value a bind.
fn check_binds(declared: &BTreeSet<Arc<str>>, given: &Object) -> Result<()> {
    for name in declared {
        if !given.contains(name) {
            return Err(plan::missing_bind(name));
        }
    }
    if given.len() == declared.len() {
        return Ok(());
    }
    let undeclared = given.keys().find(|name| !declared.contains(*name));
    match undeclared {
        Some(name) => Err(Error::invalid(
            codes::QUERY_BIND_PARAMETER_UNDECLARED,
            format!("bind parameter '{name}' was not declared in the query"),
        )),
        None => Ok(()),
    }
}

/// The catalog that belongs to a transaction.
pub(crate) struct Snapshot<'t> {
    pub(crate) txn: &'t Transaction,
    pub(crate) queries: &'t Queries,
}

impl Catalog for Snapshot<'_> {
    fn find_collection(&self, name: &str) -> Option<Arc<Collection>> {
        // Queries name collections; a number is no name, though the database would take it.
        let found = self.txn.collection(name).ok()?;
        (found.name() == name).then_some(found)
    }

    fn has_user_function(&self, name: &str) -> Result<bool> {
        let found = self.queries.find_function(self.txn.database(), name)?;
        Ok(found.is_some())
    }
}
