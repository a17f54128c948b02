//! Running queries for clients: permissions, transactions, and who runs what at the moment.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use aql::plan::CollectionUse;
use aql::{Cancel, Context, Environment, Limits, Query};
use bytes::Bytes;
use database::{CollectionAccess, Database, Level, Transaction, TransactionOptions};
use parking_lot::Mutex;
use value::{Object, Value, json};

use crate::budget::{Budget, Share};
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::state::Call;

/// What all queries of clients share.
pub(crate) struct Queries {
    shared: Arc<aql::Queries>,
    limits: Arc<Limits>,
    version: Arc<str>,
    results: Arc<Budget>,
    running: Mutex<BTreeMap<u64, Running>>,
}

/// A query at work.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) id: u64,
    pub(crate) database: String,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) text: String,
    pub(crate) bind: Object,
    pub(crate) started_unix_ms: u64,
    pub(crate) cancel: Cancel,
}

impl Queries {
    /// `shared` is what they have in common with the queries of services.
    pub(crate) fn new(shared: Arc<aql::Queries>, settings: &Settings) -> Self {
        Self {
            shared,
            results: Budget::new(
                "results to be fetched (results_bytes_max)",
                settings.results_bytes_max,
            ),
            limits: Arc::new(Limits::recommended()),
            version: settings.version.as_str().into(),
            running: Mutex::default(),
        }
    }

    /// A share of the memory for results that wait to be fetched.
    pub(crate) fn share(&self) -> Share {
        self.results.share()
    }

    /// What runs now, oldest first.
    pub(crate) fn running(&self) -> Vec<Running> {
        self.running.lock().values().cloned().collect()
    }

    fn context(&self, call: &Call<'_>, cancel: Cancel) -> Context<'_> {
        Context {
            environment: Environment {
                platform: call.api.platform.clone(),
                user: call.identity.shared_user(),
                version: Arc::clone(&self.version),
                cancel,
            },
            limits: Arc::clone(&self.limits),
            queries: &self.shared,
        }
    }
}

/// Lists a query among the running ones until it is dropped.
struct Listed<'a> {
    queries: &'a Queries,
    id: u64,
    cancel: Cancel,
}

impl<'a> Listed<'a> {
    fn new(call: &Call<'a>, query: &Query<'_>) -> Result<Self> {
        let queries = &call.api.queries;
        let id = call.api.databases.next_tick()?;
        let cancel = call.request.cancel.clone();
        let running = Running {
            id,
            database: call.request.database.to_string(),
            user: call.identity.shared_user(),
            text: query.text.to_owned(),
            bind: query.bind.clone(),
            started_unix_ms: call.api.platform.clock.unix_ms(),
            cancel: cancel.clone(),
        };
        queries.running.lock().insert(id, running);
        Ok(Self {
            queries,
            id,
            cancel,
        })
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.queries.running.lock().remove(&self.id);
    }
}

/// How rows are handed out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batching {
    /// Rows in a batch, at least one.
    pub(crate) rows: usize,
    /// Rows are made when they are asked for.
    pub(crate) stream: bool,
}

/// The rows of a query that are not handed out yet.
pub(crate) enum Rows {
    /// All of them, in batches of JSON text.
    Made(Made),
    /// A query that goes on when its rows are asked for.
    Stream(Box<Stream>),
}

/// The rows of a query that has ended.
pub(crate) struct Made {
    /// Batches; each is a list's text without its brackets.
    batches: VecDeque<Bytes>,
    /// All rows, also those handed out.
    pub(crate) count: u64,
    extra: Bytes,
    /// What the batches take.
    share: Share,
}

/// A query between two batches.
pub(crate) struct Stream {
    txn: Transaction,
    cursor: aql::Cursor,
    batch_rows: usize,
}

/// Some rows of a query.
pub(crate) struct Batch {
    /// A list's text without its brackets.
    pub(crate) rows: Bytes,
    /// Whether there are more.
    pub(crate) has_more: bool,
    /// The text of the answer's `extra`.
    pub(crate) extra: Bytes,
}

impl Rows {
    /// The rows of a query that has ended, one batch for each text.
    #[cfg(test)]
    pub(crate) fn made(batches: &[&'static str]) -> Self {
        let batches: VecDeque<Bytes> = batches
            .iter()
            .map(|text| Bytes::from_static(text.as_bytes()))
            .collect();
        Self::Made(Made {
            count: batches.len() as u64,
            batches,
            extra: Bytes::new(),
            share: Budget::new("texts", 0).share(),
        })
    }

    /// The next batch; an empty one at the end. May run long.
    ///
    /// # Errors
    /// Whatever ends a query that goes on; its cursor is of no use then.
    pub(crate) fn next(&mut self) -> Result<Batch> {
        match self {
            Self::Made(made) => {
                let rows = made.batches.pop_front().unwrap_or_default();
                made.share.shrink(rows.len());
                Ok(Batch {
                    rows,
                    has_more: !made.batches.is_empty(),
                    extra: made.extra.clone(),
                })
            }
            Self::Stream(stream) => {
                let Stream {
                    txn,
                    cursor,
                    batch_rows,
                } = &mut **stream;
                let mut rows = Vec::new();
                cursor.write_json_rows(txn, *batch_rows, &mut rows)?;
                let has_more = cursor.has_more(txn)?;
                let extra = if has_more {
                    Bytes::from_static(b"{\"warnings\":[],\"stats\":{}}")
                } else {
                    extra_text(cursor)
                };
                Ok(Batch {
                    rows: rows.into(),
                    has_more,
                    extra,
                })
            }
        }
    }

    /// The number of all rows, where it is known.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Made(made) => Some(made.count),
            Self::Stream(_) => None,
        }
    }
}

/// Starts a query; unless it is to be streamed, runs it to its end and commits.
///
/// # Errors
/// 403/11 for collections that the caller may not read or write, and whatever ends the query.
pub(crate) fn start(call: &Call<'_>, query: &Query<'_>, batching: Batching) -> Result<Rows> {
    let queries = &call.api.queries;
    let database = call.database()?;
    let listed = Listed::new(call, query)?;
    let context = queries.context(call, listed.cancel.clone());
    let mut options = TransactionOptions {
        read_only: true,
        access: access(call, &database)?,
        ..TransactionOptions::default()
    };
    let mut txn = database.begin(options.clone())?;
    let mut cursor = aql::execute(&context, &txn, query)?;
    check_access(call, cursor.collections())?;
    if cursor.is_modification() {
        drop(txn);
        options.read_only = false;
        let made = write(call, &options, &context, query, batching.rows)?;
        return Ok(Rows::Made(made));
    }
    if batching.stream {
        return Ok(Rows::Stream(Box::new(Stream {
            txn,
            cursor,
            batch_rows: batching.rows,
        })));
    }
    let share = queries.results.share();
    let made = make(&mut cursor, &mut txn, batching.rows, share)?;
    Ok(Rows::Made(made))
}

/// All rows of a query as values.
///
/// # Errors
/// As [`start`].
pub(crate) fn all(call: &Call<'_>, query: &Query<'_>) -> Result<Value> {
    let rows = start(
        call,
        query,
        Batching {
            rows: usize::MAX,
            stream: false,
        },
    )?
    .next()?
    .rows;
    let mut text = Vec::with_capacity(rows.len() + 2);
    text.push(b'[');
    text.extend_from_slice(&rows);
    text.push(b']');
    json::parse(&text).map_err(Error::malformed_json)
}

/// Plans a query without running it.
///
/// # Errors
/// As [`start`].
pub(crate) fn explain(call: &Call<'_>, query: &Query<'_>) -> Result<aql::Explanation> {
    let txn = call.database()?.begin(TransactionOptions::read_only())?;
    let context = call.api.queries.context(call, Cancel::new());
    let explanation = aql::explain(&context, &txn, query)?;
    check_access(call, explanation.collections())?;
    Ok(explanation)
}

/// Runs a query that writes, again as often as the settings say if another transaction got there
/// first.
fn write(
    call: &Call<'_>,
    options: &TransactionOptions,
    context: &Context<'_>,
    query: &Query<'_>,
    batch_rows: usize,
) -> Result<Made> {
    let mut failure = None;
    let outcome = call.database()?.run_query(options, |txn| {
        failure = None;
        let share = call.api.queries.results.share();
        let made = aql::execute(context, txn, query)
            .map_err(Failure::Query)
            .and_then(|mut cursor| make(&mut cursor, txn, batch_rows, share));
        made.map_err(|error| {
            let (beneath, code) = match &error {
                Failure::Query(error) => (error.database().cloned(), error.code()),
                Failure::Results(error) => (None, error.code),
            };
            failure = Some(error);
            // Only tells the transaction to roll back; the client gets what was kept above.
            beneath.unwrap_or_else(|| database::Error::new(database::ErrorKind::Invalid, code))
        })
    });
    outcome.map_err(|error| failure.map_or_else(|| error.into(), Error::from))
}

/// Why a query's rows are not there.
enum Failure {
    Query(aql::Error),
    /// They take too much memory.
    Results(Error),
}

impl From<aql::Error> for Failure {
    fn from(error: aql::Error) -> Self {
        Self::Query(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Query(error) => error.into(),
            Failure::Results(error) => error,
        }
    }
}

fn make(
    cursor: &mut aql::Cursor,
    txn: &mut Transaction,
    batch_rows: usize,
    mut share: Share,
) -> Result<Made, Failure> {
    let mut batches = VecDeque::new();
    let mut count = 0;
    loop {
        let mut text = Vec::new();
        let rows = cursor.write_json_rows(txn, batch_rows, &mut text)?;
        count += rows as u64;
        share.grow(text.len()).map_err(Failure::Results)?;
        if rows > 0 {
            batches.push_back(Bytes::from(text));
        }
        if rows < batch_rows {
            return Ok(Made {
                batches,
                count,
                extra: extra_text(cursor),
                share,
            });
        }
    }
}

/// What a caller with limited rights may touch; `None` for everything. Functions of a query can
/// reach documents whose collections its text does not name.
fn access(call: &Call<'_>, database: &Database) -> Result<Option<CollectionAccess>> {
    if call.identity.is_almighty() {
        return Ok(None);
    }
    let mut access = CollectionAccess::default();
    let mut is_limited = false;
    for collection in database.collections() {
        let name = collection.name();
        match call.collection_level(name)? {
            Level::ReadWrite => access.write.push(name.to_owned()),
            Level::ReadOnly => {
                is_limited = true;
                access.read.push(name.to_owned());
            }
            Level::None => is_limited = true,
        }
    }
    Ok(is_limited.then_some(access))
}

fn check_access(call: &Call<'_>, collections: &[CollectionUse]) -> Result<()> {
    for used in collections {
        let wanted = if used.is_written {
            Level::ReadWrite
        } else {
            Level::ReadOnly
        };
        if call.collection_level(&used.name)? < wanted {
            return Err(Error::forbidden());
        }
    }
    Ok(())
}

/// `{"code":..,"message":..}` for each warning.
pub(crate) fn warning(code: error_codes::Code, message: &str) -> Value {
    let mut object = Object::new();
    object.insert("code", code.number());
    object.insert("message", message);
    object.into()
}

fn extra_text(cursor: &aql::Cursor) -> Bytes {
    json::to_string(&cursor.extra().into()).into()
}
