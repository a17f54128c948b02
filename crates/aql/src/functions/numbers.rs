//! Number semantics shared by operators and functions.

use value::Value;

/// 2^53: below it every whole double is an exact integer.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A finite number, as an integer where it is a whole one; `None` otherwise.
pub(crate) fn from_f64(number: f64) -> Option<Value> {
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Some(Value::Int(number as i64));
    }
    Value::from_f64(number)
}

/// The sum of two numbers; `None` when it is not finite.
pub(crate) fn add(a: &Value, b: &Value) -> Option<Value> {
    combine(a, b, i64::checked_add, |a, b| a + b)
}

/// The difference of two numbers; `None` when it is not finite.
pub(crate) fn subtract(a: &Value, b: &Value) -> Option<Value> {
    combine(a, b, i64::checked_sub, |a, b| a - b)
}

/// The product of two numbers; `None` when it is not finite.
pub(crate) fn multiply(a: &Value, b: &Value) -> Option<Value> {
    combine(a, b, i64::checked_mul, |a, b| a * b)
}

/// The quotient of two numbers; an integer when it is exact. `None` for a zero divisor, which
/// the caller has to tell apart, and when it is not finite.
pub(crate) fn divide(a: &Value, b: &Value) -> Option<Value> {
    let exact = |a: i64, b: i64| match a.checked_rem(b) {
        Some(0) => a.checked_div(b),
        _ => None,
    };
    combine(a, b, exact, |a, b| a / b)
}

/// The remainder with the sign of the dividend; `None` as for [`divide`].
pub(crate) fn remainder(a: &Value, b: &Value) -> Option<Value> {
    combine(a, b, i64::checked_rem, |a, b| a % b)
}

/// Whether a number is zero of either kind and sign.
pub(crate) fn is_zero(number: &Value) -> bool {
    number.as_f64() == Some(0.0)
}

fn combine(
    a: &Value,
    b: &Value,
    exact: impl Fn(i64, i64) -> Option<i64>,
    inexact: impl Fn(f64, f64) -> f64,
) -> Option<Value> {
    let (a, b) = (a.to_number(), b.to_number());
    if let (Value::Int(a), Value::Int(b)) = (&a, &b)
        && let Some(result) = exact(*a, *b)
    {
        return Some(Value::Int(result));
    }
    Value::from_f64(inexact(a.as_f64()?, b.as_f64()?))
}
