//! Operators over values.
//!
//! Source: public documentation, "AQL / Operators".

use error_codes::codes;
use value::Value;

use super::state::Exec;
use crate::error::Result;
use crate::functions::{self, numbers};
use crate::plan::{BinaryOp, Quantifier};

/// The result of an operator that evaluates both sides.
pub(crate) fn binary(
    op: BinaryOp,
    left: &Value,
    right: &Value,
    exec: &mut Exec<'_>,
) -> Result<Value> {
    match op {
        BinaryOp::Add => number(numbers::add(left, right), exec),
        BinaryOp::Subtract => number(numbers::subtract(left, right), exec),
        BinaryOp::Multiply => number(numbers::multiply(left, right), exec),
        BinaryOp::Divide | BinaryOp::Modulo => {
            if numbers::is_zero(&right.to_number()) {
                let code = codes::QUERY_DIVISION_BY_ZERO;
                exec.warn(code, code.text())?;
                return Ok(Value::Null);
            }
            let result = if op == BinaryOp::Divide {
                numbers::divide(left, right)
            } else {
                numbers::remainder(left, right)
            };
            number(result, exec)
        }
        BinaryOp::Match | BinaryOp::NotMatch => regex(op, left, right, exec),
        _ => Ok(Value::Bool(compare(op, left, right))),
    }
}

fn number(result: Option<Value>, exec: &mut Exec<'_>) -> Result<Value> {
    match result {
        Some(number) => Ok(number),
        None => {
            let code = codes::QUERY_INVALID_ARITHMETIC_VALUE;
            exec.warn(code, code.text())?;
            Ok(Value::Null)
        }
    }
}

/// A comparison that needs nothing but the values.
fn compare(op: BinaryOp, left: &Value, right: &Value) -> bool {
    match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Less => left < right,
        BinaryOp::LessEqual => left <= right,
        BinaryOp::Greater => left > right,
        BinaryOp::GreaterEqual => left >= right,
        BinaryOp::In => is_in(left, right),
        BinaryOp::NotIn => !is_in(left, right),
        BinaryOp::Like => is_like(left, right),
        BinaryOp::NotLike => !is_like(left, right),
        _ => false,
    }
}

fn is_in(left: &Value, right: &Value) -> bool {
    right.as_array().is_some_and(|items| items.contains(left))
}

fn is_like(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(text), Value::String(pattern)) => functions::like(text, pattern, false),
        _ => false,
    }
}

fn regex(op: BinaryOp, left: &Value, right: &Value, exec: &mut Exec<'_>) -> Result<Value> {
    let Some(function) = functions::find("REGEX_TEST") else {
        return Ok(Value::Null);
    };
    let result = exec.call(function, &[left.clone(), right.clone()])?;
    Ok(match (op, result) {
        (BinaryOp::NotMatch, Value::Bool(matches)) => Value::Bool(!matches),
        (_, result) => result,
    })
}

/// `value IN low..high` without the array.
pub(crate) fn in_range(value: &Value, low: &Value, high: &Value) -> bool {
    let (low, high) = super::eval::range_bounds(low, high);
    let whole = match value {
        Value::Int(_) | Value::Double(_) => value.as_i64(),
        _ => None,
    };
    whole.is_some_and(|number| (low.min(high)..=low.max(high)).contains(&number))
}

/// The place that an index means in an array: fractions are cut, negative ones count from the
/// end, and what is no number means no place.
pub(crate) fn as_index(index: &Value, length: usize) -> Option<usize> {
    let index = match index {
        Value::Int(index) => *index,
        Value::Double(index) => index.floor() as i64,
        _ => return None,
    };
    if index >= 0 {
        usize::try_from(index).ok()
    } else {
        usize::try_from(index.unsigned_abs())
            .ok()
            .and_then(|back| length.checked_sub(back))
    }
}

/// How many elements compare as wanted.
pub(crate) fn compare_each(
    op: BinaryOp,
    items: &[Value],
    right: &Value,
    exec: &mut Exec<'_>,
) -> Result<usize> {
    let mut matching = 0;
    for item in items {
        exec.check()?;
        matching += usize::from(binary(op, item, right, exec)?.to_bool());
    }
    Ok(matching)
}

/// Whether as many elements match as a quantifier wants.
pub(crate) fn matches_quantifier(
    quantifier: &Quantifier,
    operand: Option<&Value>,
    matching: usize,
    length: usize,
) -> bool {
    let count = |value: &Value| value.to_number().as_f64().unwrap_or(0.0);
    match (quantifier, operand) {
        (Quantifier::Any, _) => matching > 0,
        (Quantifier::All, _) => matching == length,
        (Quantifier::None, _) => matching == 0,
        (Quantifier::AtLeast(_), operand) => matching as f64 >= operand.map_or(0.0, count),
        (Quantifier::Exactly(_), Some(Value::Array(range))) => {
            let bound = |value: Option<&Value>| value.map_or(0.0, count);
            (bound(range.first())..=bound(range.last())).contains(&(matching as f64))
        }
        (Quantifier::Exactly(_), operand) => matching as f64 == operand.map_or(0.0, count),
    }
}
