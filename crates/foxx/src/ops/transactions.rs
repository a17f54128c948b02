//! The transaction of a VM, begun, committed and rolled back by JavaScript; and those that a
//! request keeps open beside it, of which one at a time can take its place.

use std::time::Duration;

use database::{
    CollectionAccess, CollectionLocks, Database, Level, Transaction, TransactionOptions,
};
use error_codes::codes;
use value::Value;

use super::{Call, Context, OpError, OpResult, Registrar};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("txBegin", begin);
    ops.op("txCommit", commit);
    ops.op("txAbort", abort);
    ops.op("streamBegin", stream_begin);
    ops.op("streamEnter", stream_enter);
    ops.op("streamLeave", stream_leave);
    ops.op("streamCommit", |call| {
        take_stream(call)?.commit()?;
        call.nothing()
    });
    ops.op("streamAbort", |call| {
        // Dropping it rolls it back.
        drop(take_stream(call)?);
        call.nothing()
    });
}

fn begin(call: &Call<'_>) -> OpResult {
    if !call.context.shared.settings.javascript_transactions {
        let message = "JavaScript transactions are switched off";
        return Err(OpError::Public(codes::FORBIDDEN, message.to_owned()));
    }
    let transaction = open(call)?;
    call.context.transaction.replace(Some(transaction));
    call.nothing()
}

/// Begins what the public options of a transaction describe.
fn open(call: &Call<'_>) -> Result<Transaction, OpError> {
    let (context, given) = (call.context, call.json(0)?);
    if context.transaction.borrow().is_some() {
        return Err(codes::TRANSACTION_NESTED.into());
    }
    let database = context.database()?;
    let options = read_options(context, &database, &given)?;
    let locks = database.request_locks(&options);
    if locks.is_granted() {
        return Ok(database.begin_with(options, locks)?);
    }
    let pool = &context.shared.pool;
    Ok(pool.while_blocked(context.worker, || database.begin_with(options, locks))?)
}

fn read_options(
    context: &Context,
    database: &Database,
    given: &Value,
) -> Result<TransactionOptions, OpError> {
    let names = |list: &str| -> Vec<String> {
        let items = given.get(list).as_array().unwrap_or_default().iter();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let locks = CollectionLocks {
        write: names("write"),
        exclusive: names("exclusive"),
    };
    let write = [locks.write.as_slice(), &locks.exclusive].concat();
    let implicit = given.get("allowImplicit").as_bool().unwrap_or(true);
    let access = declared(context, database, names("read"), write, implicit)?;
    let seconds = given.get("lockTimeout").as_f64();
    let lock_timeout = seconds.map(|seconds| match seconds == 0.0 {
        // Clients write 0 for "as long as it takes".
        true => Duration::MAX,
        false => Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX),
    });
    let bytes = given.get("maxTransactionSize").as_i64();
    Ok(TransactionOptions {
        access: Some(access.into()),
        locks,
        lock_timeout,
        bytes_max: bytes.and_then(|bytes| usize::try_from(bytes).ok()),
        ..context.transaction_options()
    })
}

fn stream_begin(call: &Call<'_>) -> OpResult {
    let max = call.context.shared.settings.native.stream_transactions_max;
    if call.context.streams.borrow().len() >= max {
        let message =
            format!("{max} transactions are open already (setting stream_transactions_max)");
        return Err(OpError::Public(codes::RESOURCE_LIMIT, message));
    }
    let transaction = open(call)?;
    let id = call.context.shared.databases.next_tick()?.to_string();
    let mut streams = call.context.streams.borrow_mut();
    streams.insert(id.clone(), transaction);
    call.string(&id)
}

fn take_stream(call: &Call<'_>) -> Result<Transaction, OpError> {
    let taken = call.context.streams.borrow_mut().remove(&call.text(0)?);
    Ok(taken.ok_or(codes::TRANSACTION_NOT_FOUND)?)
}

/// From now on ops take part in the transaction.
fn stream_enter(call: &Call<'_>) -> OpResult {
    if call.context.transaction.borrow().is_some() {
        return Err(codes::TRANSACTION_NESTED.into());
    }
    let transaction = take_stream(call)?;
    call.context.transaction.replace(Some(transaction));
    call.nothing()
}

fn stream_leave(call: &Call<'_>) -> OpResult {
    if let Some(transaction) = call.context.transaction.take() {
        let mut streams = call.context.streams.borrow_mut();
        streams.insert(call.text(0)?, transaction);
    }
    call.nothing()
}

/// What the transaction may touch: what it declared and, unless it says otherwise, whatever else
/// the caller may read.
///
/// Errors: 1203; 11 for collections beyond the caller's rights.
fn declared(
    context: &Context,
    database: &Database,
    mut read: Vec<String>,
    write: Vec<String>,
    implicit: bool,
) -> Result<CollectionAccess, OpError> {
    let wanted = [(&read, Level::ReadOnly), (&write, Level::ReadWrite)];
    for (names, level) in wanted {
        for name in names {
            let collection = database.collection(name)?;
            context.allow(database.name(), collection.name(), level)?;
        }
    }
    let (mut allow_implicit_reads, mut is_by_rights) = (implicit, false);
    if implicit && let Some(access) = context.access(database)? {
        (allow_implicit_reads, is_by_rights) = (false, true);
        read.extend_from_slice(&access.read);
        read.extend_from_slice(&access.write);
    }
    Ok(CollectionAccess {
        read,
        write,
        allow_implicit_reads,
        is_by_rights,
    })
}

fn commit(call: &Call<'_>) -> OpResult {
    let transaction = call.context.transaction.take();
    let transaction = transaction.ok_or(codes::TRANSACTION_INTERNAL)?;
    transaction.commit()?;
    call.nothing()
}

fn abort(call: &Call<'_>) -> OpResult {
    // Dropping it rolls it back.
    drop(call.context.transaction.take());
    call.nothing()
}
