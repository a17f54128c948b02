//! Queries: rows as JSON text, parsed natively, in batches where nobody needs them all at once.

use std::sync::Arc;

use aql::plan::CollectionUse;
use database::{Level, Transaction, TransactionOptions};
use error_codes::codes;
use value::{Object, Value};

use super::{Call, Context, OpError, OpResult, Registrar};
use crate::functions::Functions;
use crate::settings::Settings;

/// Rows of a batch if the service names no number.
const BATCH_ROWS: usize = 1000;
/// What a query usually has to say of itself.
const EXTRA_BYTES: usize = 512;

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("queryRun", run);
    ops.op("cursorNext", next);
    ops.op("cursorClose", close);
    ops.op("queryExplain", explain);
    ops.op("queryParse", parse);
}

/// What all queries of all services share.
pub(crate) struct Queries {
    shared: Arc<aql::Queries>,
    limits: Arc<aql::Limits>,
    version: Arc<str>,
}

impl Queries {
    pub(crate) fn new(settings: &Settings, functions: &Functions) -> Self {
        let mut limits = aql::Limits::recommended();
        // Nobody waits longer for a query than for the request that asks it.
        let longest = settings
            .workers
            .request_time_max
            .max(settings.workers.script_time_max);
        limits.runtime_max = Some(longest);
        let version = settings.server_version.as_str().into();
        Self {
            shared: aql::Queries::new(
                aql::Settings {
                    plans_max: settings.native.query_plans_max,
                    ..aql::Settings::recommended()
                },
                Some(Arc::new(functions.clone())),
            ),
            limits: Arc::new(limits),
            version,
        }
    }

    /// What services share with all other queries of the server.
    pub(crate) fn shared(&self) -> &Arc<aql::Queries> {
        &self.shared
    }
}

/// A query whose rows are still being read, with the snapshot that it reads.
pub(super) struct OpenCursor {
    cursor: aql::Cursor,
    transaction: Transaction,
    batch_rows: usize,
}

/// Rows as a JSON array, and what there is to say about the query.
struct Rows {
    text: Vec<u8>,
    count: usize,
    is_cached: bool,
    extra: String,
}

fn environment(context: &Context) -> aql::Environment {
    aql::Environment {
        platform: context.shared.platform.clone(),
        user: context.user(),
        version: Arc::clone(&context.shared.queries.version),
        cancel: aql::Cancel::new(),
    }
}

fn query<'q>(call: &Call<'_>, text: &'q str) -> Result<(aql::Query<'q>, Value), OpError> {
    let (bind, options) = (call.json(1)?, call.json(2)?);
    let bind = match bind {
        Value::Null => Object::new(),
        Value::Object(bind) => (*bind).clone(),
        _ => return Err(codes::QUERY_BIND_PARAMETERS_INVALID.into()),
    };
    let query = aql::Query {
        text,
        bind,
        options: aql::Options::parse(&options),
    };
    Ok((query, options))
}

fn run(call: &Call<'_>) -> OpResult {
    let text = call.text(0)?;
    let (query, options) = query(call, &text)?;
    let context = call.context;
    let whole = options.get("count").to_bool() || query.options.full_count;
    let rows = if let Some(transaction) = &mut *context.transaction.borrow_mut() {
        run_inside(context, transaction, &query)?
    } else {
        let database = context.database()?;
        let mut transaction_options = TransactionOptions {
            access: context.access(&database)?,
            ..context.transaction_options()
        };
        let mut transaction = database.begin(transaction_options.clone())?;
        let mut cursor = start(context, &transaction, &query)?;
        check_access(context, database.name(), cursor.collections())?;
        if cursor.is_modification() {
            transaction_options.locks.exclusive = cursor.exclusive_names();
            drop((cursor, transaction));
            run_modification(context, &transaction_options, &query)?
        } else if whole {
            finish(&mut cursor, &mut transaction)?
        } else {
            let batch = options
                .get("batchSize")
                .as_i64()
                .and_then(|n| usize::try_from(n).ok());
            let batch_rows = batch.filter(|n| *n > 0).unwrap_or(BATCH_ROWS);
            let open = OpenCursor {
                cursor,
                transaction,
                batch_rows,
            };
            return answer_batch(call, None, open);
        }
    };
    let result = call.scope.object();
    result.set("result", &call.parsed(rows.text)?)?;
    if rows.is_cached {
        result.set("cached", &call.scope.bool(true))?;
    }
    if options.get("count").to_bool() {
        result.set("count", &call.scope.number(rows.count as f64))?;
    }
    result.set("extra", &call.scope.text(&rows.extra))?;
    Ok(result)
}

fn start(
    context: &Context,
    transaction: &Transaction,
    query: &aql::Query<'_>,
) -> aql::Result<aql::Cursor> {
    aql::execute(&query_context(context), transaction, query)
}

fn query_context(context: &Context) -> aql::Context<'_> {
    let queries = &context.shared.queries;
    aql::Context {
        environment: environment(context),
        limits: Arc::clone(&queries.limits),
        queries: &queries.shared,
    }
}

/// Errors: 11 for collections beyond the caller's rights.
fn check_access(
    context: &Context,
    database: &str,
    collections: &[CollectionUse],
) -> database::Result<()> {
    for used in collections {
        let wanted = match used.is_written {
            true => Level::ReadWrite,
            false => Level::ReadOnly,
        };
        context.allow(database, &used.name, wanted)?;
    }
    Ok(())
}

/// Runs a query in the VM's transaction. One that fails leaves nothing of its own writes there.
fn run_inside(
    context: &Context,
    transaction: &mut Transaction,
    query: &aql::Query<'_>,
) -> Result<Rows, OpError> {
    let mut cursor = start(context, transaction, query)?;
    check_access(context, transaction.database().name(), cursor.collections())?;
    if !cursor.is_modification() {
        return Ok(finish(&mut cursor, transaction)?);
    }
    let savepoint = transaction.savepoint()?;
    let finished = finish(&mut cursor, transaction);
    if finished.is_err() {
        transaction.rollback_to(savepoint)?;
    }
    transaction.release(savepoint)?;
    Ok(finished?)
}

fn run_whole(
    context: &Context,
    transaction: &mut Transaction,
    query: &aql::Query<'_>,
) -> aql::Result<Rows> {
    let mut cursor = start(context, transaction, query)?;
    finish(&mut cursor, transaction)
}

fn finish(cursor: &mut aql::Cursor, transaction: &mut Transaction) -> aql::Result<Rows> {
    let mut text = vec![b'['];
    let count = cursor.write_json_rows(transaction, usize::MAX, &mut text)?;
    text.push(b']');
    Ok(Rows {
        text,
        count,
        is_cached: cursor.is_cached(),
        extra: extra_text(cursor),
    })
}

/// What the query says of itself, as JSON.
fn extra_text(cursor: &aql::Cursor) -> String {
    let mut text = Vec::with_capacity(EXTRA_BYTES);
    cursor.write_extra(&mut text);
    String::from_utf8(text).expect("JSON is written from valid texts")
}

/// Runs a query that writes in a transaction of its own, again after a conflict as often as the
/// settings say.
fn run_modification(
    context: &Context,
    options: &TransactionOptions,
    query: &aql::Query<'_>,
) -> Result<Rows, OpError> {
    let mut failed = None;
    let ran = context.database()?.run_query(options, |transaction| {
        run_whole(context, transaction, query).map_err(|error| {
            let beneath = error.database().cloned().unwrap_or_else(|| {
                database::Error::new(database::ErrorKind::Invalid, error.code())
            });
            failed = Some(error);
            beneath
        })
    });
    match (ran, failed) {
        (Ok(rows), _) => Ok(rows),
        (Err(error), Some(failed)) if failed.code() == error.code() => Err(failed.into()),
        (Err(error), _) => Err(error.into()),
    }
}

/// The next batch; if there is more the cursor is kept, under the id it has or a new one.
fn answer_batch(call: &Call<'_>, id: Option<String>, mut open: OpenCursor) -> OpResult {
    let mut text = vec![b'['];
    open.cursor
        .write_json_rows(&mut open.transaction, open.batch_rows, &mut text)?;
    text.push(b']');
    let more = open.cursor.has_more(&mut open.transaction)?;
    let result = call.scope.object();
    result.set("result", &call.parsed(text)?)?;
    if open.cursor.is_cached() {
        result.set("cached", &call.scope.bool(true))?;
    }
    if more {
        result.set("hasMore", &call.scope.bool(true))?;
        let mut cursors = call.context.cursors.borrow_mut();
        let max = call.context.shared.settings.native.cursors_max;
        if cursors.len() >= max {
            let message = format!("{max} cursors are open already (setting cursors_max)");
            return Err(OpError::Public(codes::RESOURCE_LIMIT, message));
        }
        let id = match id {
            Some(id) => id,
            None => call.context.shared.databases.next_tick()?.to_string(),
        };
        result.set("id", &call.scope.text(&id))?;
        cursors.insert(id, open);
    } else {
        result.set("extra", &call.scope.text(&extra_text(&open.cursor)))?;
    }
    Ok(result)
}

fn next(call: &Call<'_>) -> OpResult {
    let id = call.text(0)?;
    let open = call.context.cursors.borrow_mut().remove(&id);
    let code = codes::CURSOR_NOT_FOUND;
    let open = open.ok_or_else(|| OpError::Public(code, code.text().to_owned()))?;
    answer_batch(call, Some(id), open)
}

fn close(call: &Call<'_>) -> OpResult {
    drop(call.context.cursors.borrow_mut().remove(&call.text(0)?));
    call.nothing()
}

fn explain(call: &Call<'_>) -> OpResult {
    let text = call.text(0)?;
    let (query, _) = query(call, &text)?;
    let database = call.context.database()?;
    let ctx = query_context(call.context);
    let explained = match &mut *call.context.transaction.borrow_mut() {
        Some(transaction) => aql::explain(&ctx, transaction, &query)?,
        None => {
            let mut transaction = database.begin(TransactionOptions::read_only())?;
            aql::explain(&ctx, &mut transaction, &query)?
        }
    };
    check_access(call.context, database.name(), explained.collections())?;
    call.value(&explained.to_object().into())
}

fn parse(call: &Call<'_>) -> OpResult {
    let text = call.text(0)?;
    let mut shown = aql::parse(call.context.shared.queries.shared(), &text)?;
    let names = shown.get("bindVars").cloned().unwrap_or_default();
    shown.insert("parameters", names);
    call.value(&shown.into())
}

impl From<aql::Error> for OpError {
    fn from(error: aql::Error) -> Self {
        Self::Public(error.code(), error.message())
    }
}
