//! Reading arguments: what is missing reads as `null`.

use std::sync::Arc;

use value::Value;

static NULL: Value = Value::Null;

/// The argument at a place.
pub(super) fn arg(args: &[Value], at: usize) -> &Value {
    args.get(at).unwrap_or(&NULL)
}

/// An argument converted to a text.
pub(super) fn text(args: &[Value], at: usize) -> Arc<str> {
    arg(args, at).to_text()
}

/// An argument converted to a number.
pub(super) fn number(args: &[Value], at: usize) -> f64 {
    as_double(arg(args, at))
}

/// An argument converted to a number without its fraction; saturates.
pub(super) fn integer(args: &[Value], at: usize) -> i64 {
    match arg(args, at).to_number() {
        Value::Int(number) => number,
        other => other.as_f64().unwrap_or(0.0) as i64,
    }
}

/// An argument as a count or position that is not negative.
pub(super) fn size(args: &[Value], at: usize) -> Option<usize> {
    usize::try_from(integer(args, at)).ok()
}

/// Whether an argument is given and truthy.
pub(super) fn flag(args: &[Value], at: usize) -> bool {
    arg(args, at).to_bool()
}

/// An argument that is an array.
pub(super) fn array(args: &[Value], at: usize) -> Option<&[Value]> {
    arg(args, at).as_array()
}

/// All arguments, if each is an array.
pub(super) fn arrays(args: &[Value]) -> Option<Vec<&[Value]>> {
    args.iter().map(Value::as_array).collect()
}

/// A value converted to a number.
pub(super) fn as_double(value: &Value) -> f64 {
    value.to_number().as_f64().unwrap_or(0.0)
}

/// A position counted from the end when it is negative; may lie outside.
pub(super) fn from_end(position: i64, len: usize) -> i64 {
    if position < 0 {
        position.saturating_add(i64::try_from(len).unwrap_or(i64::MAX))
    } else {
        position
    }
}

/// A position clamped to `0..=len`, counted from the end when it is negative.
pub(super) fn clamped(position: i64, len: usize) -> usize {
    usize::try_from(from_end(position, len)).map_or(0, |position| position.min(len))
}
