//! The transaction of a VM: begun, committed and rolled back by JavaScript.

use database::{CollectionAccess, CollectionLocks, Database, Level, TransactionOptions};
use error_codes::codes;
use value::Value;

use super::{Call, Context, OpError, OpResult, Registrar};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("txBegin", begin);
    ops.op("txCommit", commit);
    ops.op("txAbort", abort);
}

fn begin(call: &Call<'_>) -> OpResult {
    let given = call.json(0)?;
    if call.context.transaction.borrow().is_some() {
        return Err(codes::TRANSACTION_NESTED.into());
    }
    let names = |list: &str| -> Vec<String> {
        let items = given.get(list).as_array().unwrap_or_default().iter();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let locks = CollectionLocks {
        write: names("write"),
        exclusive: names("exclusive"),
    };
    let write = [locks.write.as_slice(), &locks.exclusive].concat();
    let read = names("read");
    let implicit = given.get("allowImplicit").as_bool().unwrap_or(true);
    let database = call.context.database()?;
    let access = declared(call.context, &database, read, write, implicit)?;
    let options = TransactionOptions {
        access: Some(access),
        locks,
        ..TransactionOptions::default()
    };
    let transaction = database.begin(options)?;
    call.context.transaction.replace(Some(transaction));
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
    let mut allow_implicit_reads = implicit;
    if implicit && let Some(access) = context.access(database)? {
        allow_implicit_reads = false;
        read.extend(access.read);
        read.extend(access.write);
    }
    Ok(CollectionAccess {
        read,
        write,
        allow_implicit_reads,
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
