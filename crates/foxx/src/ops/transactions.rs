//! The transaction of a VM: begun, committed and rolled back by JavaScript.

use database::{CollectionAccess, TransactionOptions};
use error_codes::codes;
use value::Value;

use super::{Call, OpError, OpResult, Registrar};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("txBegin", begin);
    ops.op("txCommit", commit);
    ops.op("txAbort", abort);
}

fn begin(call: &Call<'_>) -> OpResult {
    let given = call.json(0)?;
    if call.context.transaction.borrow().is_some() {
        let code = codes::TRANSACTION_NESTED;
        return Err(OpError::Public(code, code.text().to_owned()));
    }
    let names = |list: &str| -> Vec<String> {
        let items = given.get(list).as_array().unwrap_or_default().iter();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut write = names("write");
    write.extend(names("exclusive"));
    let read = names("read");
    let database = call.context.database()?;
    for name in read.iter().chain(&write) {
        database.collection(name)?;
    }
    let allow_implicit_reads = given.get("allowImplicit").as_bool().unwrap_or(true);
    let access = CollectionAccess {
        read,
        write,
        allow_implicit_reads,
    };
    let options = TransactionOptions {
        read_only: false,
        access: Some(access),
    };
    let transaction = database.begin(options)?;
    call.context.transaction.replace(Some(transaction));
    call.nothing()
}

fn commit(call: &Call<'_>) -> OpResult {
    let transaction = call.context.transaction.take();
    let Some(transaction) = transaction else {
        let code = codes::TRANSACTION_INTERNAL;
        return Err(OpError::Public(code, code.text().to_owned()));
    };
    transaction.commit()?;
    call.nothing()
}

fn abort(call: &Call<'_>) -> OpResult {
    // Dropping it rolls it back.
    drop(call.context.transaction.take());
    call.nothing()
}
