//! Running queries for clients: permissions, transactions, and results that wait to be fetched.

use std::collections::VecDeque;
use std::sync::Arc;

use aql::plan::CollectionUse;
use aql::{Cancel, Context, Environment, Limits, Query};
use bytes::Bytes;
use database::{
    CollectionAccess, Database, LeasedTransaction, Level, Transaction, TransactionId,
    TransactionOptions,
};
use error_codes::codes;
use value::{Value, json};

use crate::budget::{Budget, Share};
use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::state::Call;
use crate::work;

/// What a query usually has to say of itself.
const EXTRA_BYTES: usize = 512;

/// What all queries of clients share.
pub(crate) struct Queries {
    shared: Arc<aql::Queries>,
    limits: Arc<Limits>,
    version: Arc<str>,
    results: Arc<Budget>,
}

impl Queries {
    /// `shared` is what they have in common with the queries of services.
    pub(crate) fn new(shared: Arc<aql::Queries>, settings: &Settings) -> Self {
        Self {
            shared,
            results: Budget::new(
                "results to be fetched (http.results-bytes-max)",
                settings.results_bytes_max,
            ),
            limits: Arc::new(Limits::recommended()),
            version: settings.version.as_str().into(),
        }
    }

    /// A share of the memory for results that wait to be fetched.
    pub(crate) fn share(&self) -> Share {
        self.results.share()
    }

    /// Memory of results that wait to be fetched.
    pub(crate) fn result_bytes(&self) -> usize {
        self.results.used()
    }

    /// What queries have in common with those of services.
    pub(crate) fn shared(&self) -> &Arc<aql::Queries> {
        &self.shared
    }

    fn context(&self, call: &Call<'_>) -> Context<'_> {
        Context {
            environment: Environment {
                platform: call.api.platform.clone(),
                user: call.identity.shared_user(),
                version: Arc::clone(&self.version),
                cancel: call.request.cancel.clone(),
            },
            limits: Arc::clone(&self.limits),
            queries: &self.shared,
        }
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
    plan_key: Option<String>,
    is_cached: bool,
    /// What the batches take.
    share: Share,
}

/// A query between two batches.
pub(crate) struct Stream {
    source: Source,
    cursor: aql::Cursor,
    cancel: Cancel,
    batch_rows: usize,
}

/// Where a query that goes on reads.
enum Source {
    /// A snapshot of its own.
    Own(Box<Transaction>),
    /// A transaction that the client holds open.
    Open(TransactionId),
}

/// Some rows of a query.
pub(crate) struct Batch {
    /// A list's text without its brackets.
    pub(crate) rows: Bytes,
    /// Whether there are more.
    pub(crate) has_more: bool,
    /// The text of the answer's `extra`.
    pub(crate) extra: Bytes,
    /// The key of the cached plan, if the query asked for one and got it.
    pub(crate) plan_key: Option<String>,
    /// Whether the rows were kept from an earlier run of the query.
    pub(crate) is_cached: bool,
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
            plan_key: None,
            is_cached: false,
            share: Budget::new("texts", 0).share(),
        })
    }

    /// The next batch; an empty one at the end. May run long.
    ///
    /// # Errors
    /// Whatever ends a query that goes on; its cursor is of no use then.
    pub(crate) fn next(&mut self, call: &Call<'_>) -> Result<Batch> {
        match self {
            Self::Made(made) => {
                let rows = made.batches.pop_front().unwrap_or_default();
                made.share.shrink(rows.len());
                Ok(Batch {
                    rows,
                    has_more: !made.batches.is_empty(),
                    extra: made.extra.clone(),
                    plan_key: made.plan_key.clone(),
                    is_cached: made.is_cached,
                })
            }
            Self::Stream(stream) => {
                let Stream {
                    source,
                    cursor,
                    cancel,
                    batch_rows,
                } = &mut **stream;
                // Rows may be there that were made before it was killed.
                if cancel.is_killed() {
                    return Err(Error::plain(codes::QUERY_KILLED));
                }
                match source {
                    Source::Own(txn) => next_rows(cursor, txn, *batch_rows),
                    Source::Open(id) => {
                        next_rows(cursor, &mut *call.lease_by_id(*id)?, *batch_rows)
                    }
                }
            }
        }
    }

    /// Whether there will be no more rows, because somebody killed the query.
    pub(crate) fn is_killed(&self) -> bool {
        match self {
            Self::Made(_) => false,
            Self::Stream(stream) => stream.cancel.is_killed(),
        }
    }

    /// The client's open transaction, if the rows are read bit by bit in one.
    pub(crate) fn transaction(&self) -> Option<TransactionId> {
        match self {
            Self::Made(_) => None,
            Self::Stream(stream) => match stream.source {
                Source::Open(id) => Some(id),
                Source::Own(_) => None,
            },
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

fn next_rows(cursor: &mut aql::Cursor, txn: &mut Transaction, batch_rows: usize) -> Result<Batch> {
    let mut rows = Vec::new();
    cursor.write_json_rows(txn, batch_rows, &mut rows)?;
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
        plan_key: cursor.plan_cache_key().map(str::to_owned),
        is_cached: cursor.is_cached(),
    })
}

/// Starts a query in the client's open transaction or in one of its own; unless it is to be
/// streamed, runs it to its end and commits.
///
/// # Errors
/// 403/11 for collections that the caller may not read or write, and whatever ends the query.
pub(crate) fn start(call: &Call<'_>, query: &Query<'_>, batching: Batching) -> Result<Rows> {
    let queries = &call.api.queries;
    let context = queries.context(call);
    if let Some(lease) = call.lease()? {
        return start_in(call, lease, &context, query, batching);
    }
    let database = call.database()?;
    let mut options = TransactionOptions {
        read_only: true,
        access: access(call, &database)?,
        ..TransactionOptions::default()
    };
    let mut txn = database.begin(options.clone())?;
    let mut cursor = aql::execute(&context, &txn, query)?;
    check_access(call, cursor.collections())?;
    if cursor.is_modification() {
        let plan_key = cursor.plan_cache_key().map(str::to_owned);
        options.locks.exclusive = cursor.exclusive_names();
        drop((cursor, txn));
        options.read_only = false;
        // What follows is still the same query of the client.
        let mut again = query.clone();
        again.options.use_plan_cache = false;
        let mut made = write(call, &options, &context, &again, batching.rows)?;
        made.plan_key = plan_key;
        return Ok(Rows::Made(made));
    }
    if batching.stream {
        return Ok(Rows::Stream(Box::new(Stream {
            source: Source::Own(Box::new(txn)),
            cursor,
            cancel: call.request.cancel.clone(),
            batch_rows: batching.rows,
        })));
    }
    let made = make(&mut cursor, &mut txn, batching.rows, queries.share())?;
    Ok(Rows::Made(made))
}

fn start_in(
    call: &Call<'_>,
    mut lease: LeasedTransaction<'_>,
    context: &Context<'_>,
    query: &Query<'_>,
    batching: Batching,
) -> Result<Rows> {
    let mut cursor = aql::execute(context, &lease, query)?;
    check_access(call, cursor.collections())?;
    if batching.stream && !cursor.is_modification() {
        call.api.cursors.check_streams(lease.id())?;
        return Ok(Rows::Stream(Box::new(Stream {
            source: Source::Open(lease.id()),
            cursor,
            cancel: call.request.cancel.clone(),
            batch_rows: batching.rows,
        })));
    }
    let share = call.api.queries.share();
    let made = work::all_or_nothing(&mut lease, |txn| {
        make(&mut cursor, txn, batching.rows, share)
    })?;
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
    .next(call)?
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
    let context = call.api.queries.context(call);
    let explanation = match call.lease()? {
        Some(mut lease) => aql::explain(&context, &mut lease, query)?,
        None => {
            let mut txn = call.database()?.begin(TransactionOptions::read_only())?;
            aql::explain(&context, &mut txn, query)?
        }
    };
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
    call.has_synced.set(true);
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
    /// They take too much memory, or the transaction has failed beneath.
    Results(Error),
}

impl From<aql::Error> for Failure {
    fn from(error: aql::Error) -> Self {
        Self::Query(error)
    }
}

impl From<database::Error> for Failure {
    fn from(error: database::Error) -> Self {
        Self::Results(error.into())
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
                plan_key: cursor.plan_cache_key().map(str::to_owned),
                is_cached: cursor.is_cached(),
                share,
            });
        }
    }
}

/// What a caller with limited rights may touch; `None` for everything. Functions of a query can
/// reach documents whose collections its text does not name.
fn access(call: &Call<'_>, database: &Database) -> Result<Option<Arc<CollectionAccess>>> {
    if call.identity.is_almighty() {
        return Ok(None);
    }
    let mut access = CollectionAccess {
        is_by_rights: true,
        ..CollectionAccess::default()
    };
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
    Ok(is_limited.then(|| Arc::new(access)))
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

fn extra_text(cursor: &aql::Cursor) -> Bytes {
    let mut text = Vec::with_capacity(EXTRA_BYTES);
    cursor.write_extra(&mut text);
    text.into()
}
