//! The functions that users define for queries of the current database.

use value::Value;

use super::{Call, OpResult, Registrar};
use crate::functions::{self, Definition};

pub(super) fn register(ops: &mut Registrar<'_>) {
    ops.op("functionRegister", add);
    ops.op("functionUnregister", remove);
    ops.op("functionUnregisterGroup", remove_group);
    ops.op("functionList", list);
}

fn add(call: &Call<'_>) -> OpResult {
    let (name, code) = (call.text(0)?, call.text(1)?);
    let database = call.context.administered()?;
    let definition = Definition {
        name: &name,
        code: &code,
        is_deterministic: call.flag(2),
    };
    let functions = &call.context.shared.functions;
    call.bool(functions::register(functions, &database, &definition)?)
}

fn remove(call: &Call<'_>) -> OpResult {
    functions::unregister(&call.context.administered()?, &call.text(0)?)?;
    call.nothing()
}

fn remove_group(call: &Call<'_>) -> OpResult {
    let removed = functions::unregister_group(&call.context.administered()?, &call.text(0)?)?;
    Ok(call.scope.number(removed as f64))
}

fn list(call: &Call<'_>) -> OpResult {
    let namespace = call.optional_text(0)?;
    let all = functions::list(&call.context.database()?, namespace.as_deref())?;
    call.value(&Value::from(all))
}
