//! The total order: `null < bool < number < string < array < object`.
//!
//! Numbers compare by mathematical value, also across the two kinds. Texts compare by code
//! point. Arrays compare element by element and objects name by name in sorted order; what is
//! missing counts as `null`, so `[] == [null]` and `{} == {a: null}`.
//! Source: public documentation, "AQL / Type and value order".

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

use crate::{Object, Value, key};

/// Below 2^53 every integer is a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::String(a), Self::String(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Array(a), Self::Array(b)) => compare_arrays(a, b),
            (Self::Object(a), Self::Object(b)) => compare_objects(a, b),
            (a, b) if a.is_number() && b.is_number() => compare_numbers(a, b),
            (a, b) => type_rank(a).cmp(&type_rank(b)),
        }
    }
}

impl Hash for Value {
    /// Equal values hash alike because the key encoding gives equal values equal bytes.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Null => state.write_u8(0),
            Self::Bool(flag) => state.write_u8(1 + u8::from(*flag)),
            Self::String(text) => state.write(text.as_bytes()),
            Self::Int(number) if (*number as f64).abs() < EXACT => {
                state.write_u64((*number as f64).to_bits());
            }
            Self::Double(number) if number.abs() < EXACT => {
                // Adding 0.0 turns -0.0 into 0.0, its equal.
                state.write_u64((*number + 0.0).to_bits());
            }
            other => state.write(&key::encode(other)),
        }
    }
}

/// Compares two numbers by mathematical value; what is no number counts as 0.
pub fn compare_numbers(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Int(a), Value::Double(b)) => compare_mixed(*a, *b),
        (Value::Double(a), Value::Int(b)) => compare_mixed(*b, *a).reverse(),
        (a, b) => {
            let (a, b) = (a.as_f64().unwrap_or(0.0), b.as_f64().unwrap_or(0.0));
            a.partial_cmp(&b).unwrap_or(Ordering::Equal)
        }
    }
}

fn compare_mixed(int: i64, double: f64) -> Ordering {
    // 2^63 is exact as a double, so beyond it the answer does not depend on the integer.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if double >= LIMIT {
        return Ordering::Less;
    }
    if double < -LIMIT {
        return Ordering::Greater;
    }
    let whole = double.trunc();
    int.cmp(&(whole as i64)).then_with(|| {
        0.0f64
            .partial_cmp(&(double - whole))
            .unwrap_or(Ordering::Equal)
    })
}

/// The place of a value's type in the order of types.
pub fn type_rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) | Value::Double(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

fn compare_arrays(a: &[Value], b: &[Value]) -> Ordering {
    for at in 0..a.len().max(b.len()) {
        let order = a
            .get(at)
            .unwrap_or(&Value::Null)
            .cmp(b.get(at).unwrap_or(&Value::Null));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_objects(a: &Object, b: &Object) -> Ordering {
    let names: BTreeSet<&str> = a.keys().chain(b.keys()).map(|name| &**name).collect();
    for name in names {
        let order = a
            .get(name)
            .unwrap_or(&Value::Null)
            .cmp(b.get(name).unwrap_or(&Value::Null));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}
