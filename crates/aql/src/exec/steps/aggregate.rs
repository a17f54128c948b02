//! What `AGGREGATE` computes over the rows of a group.
//!
//! Source: public documentation, "AQL / COLLECT", list of aggregation functions.

use std::collections::HashSet;

use error_codes::codes;
use foldhash::fast::RandomState;
use value::Value;

use crate::error::Result;
use crate::exec::row::value_size;
use crate::exec::state::Exec;
use crate::functions::numbers;
use crate::plan::Aggregate;

/// A computation in progress.
#[derive(Clone)]
pub(super) enum Accumulator {
    Length(u64),
    Min(Option<Value>),
    Max(Option<Value>),
    /// The sum so far; `None` after something that is no number.
    Sum {
        total: Option<Value>,
        count: u64,
        average: bool,
    },
    /// Welford's method: count, mean, sum of squared distances.
    Variance {
        sample: bool,
        root: bool,
        state: Option<(u64, f64, f64)>,
    },
    Unique {
        seen: HashSet<Value, RandomState>,
        items: Vec<Value>,
        sorted: bool,
    },
    CountDistinct(HashSet<Value, RandomState>),
    Push(Vec<Value>),
    /// The bits so far; the outer `None` after something that is no such number.
    Bits {
        op: Aggregate,
        bits: Option<Option<u32>>,
    },
}

impl Accumulator {
    pub(super) fn new(aggregate: Aggregate) -> Self {
        let sum = |average| Accumulator::Sum {
            total: Some(Value::Int(0)),
            count: 0,
            average,
        };
        let unique = |sorted| Accumulator::Unique {
            seen: HashSet::default(),
            items: Vec::new(),
            sorted,
        };
        match aggregate {
            Aggregate::Length => Accumulator::Length(0),
            Aggregate::Min => Accumulator::Min(None),
            Aggregate::Max => Accumulator::Max(None),
            Aggregate::Sum => sum(false),
            Aggregate::Average => sum(true),
            Aggregate::Variance { sample, root } => Accumulator::Variance {
                sample,
                root,
                state: Some((0, 0.0, 0.0)),
            },
            Aggregate::Unique => unique(false),
            Aggregate::SortedUnique => unique(true),
            Aggregate::CountDistinct => Accumulator::CountDistinct(HashSet::default()),
            Aggregate::Push => Accumulator::Push(Vec::new()),
            Aggregate::BitAnd | Aggregate::BitOr | Aggregate::BitXor => Accumulator::Bits {
                op: aggregate,
                bits: Some(None),
            },
        }
    }

    /// Adds the value of a row; about how many bytes more are kept.
    pub(super) fn add(&mut self, value: Value) -> usize {
        match self {
            Accumulator::Length(count) => *count += 1,
            Accumulator::Push(items) => {
                let size = value_size(&value);
                items.push(value);
                return size;
            }
            Accumulator::Unique { seen, items, .. } => {
                if !seen.contains(&value) {
                    let size = value_size(&value);
                    seen.insert(value.clone());
                    items.push(value);
                    return 2 * size;
                }
            }
            Accumulator::CountDistinct(seen) => {
                if !seen.contains(&value) {
                    let size = value_size(&value);
                    seen.insert(value);
                    return size;
                }
            }
            _ if value.is_null() => {}
            Accumulator::Min(least) => {
                if least.as_ref().is_none_or(|least| value < *least) {
                    *least = Some(value);
                }
            }
            Accumulator::Max(most) => {
                if most.as_ref().is_none_or(|most| value > *most) {
                    *most = Some(value);
                }
            }
            Accumulator::Sum { total, count, .. } => {
                *count += 1;
                *total = total
                    .take()
                    .filter(|_| value.is_number())
                    .and_then(|total| numbers::add(&total, &value));
            }
            Accumulator::Variance { state, .. } => {
                *state = state.take().and_then(|state| welford(state, &value));
            }
            Accumulator::Bits { op, bits } => {
                *bits = bits.take().and_then(|bits| combine(*op, bits, &value));
            }
        }
        0
    }

    /// Whether something that it was given is of no use to it, so that the result is `null`.
    fn is_failed(&self) -> bool {
        match self {
            Accumulator::Sum { count, total, .. } => *count > 0 && total.is_none(),
            Accumulator::Variance { state, .. } => state.is_none(),
            Accumulator::Bits { bits, .. } => bits.is_none(),
            _ => false,
        }
    }

    /// The result; with a warning where there is none for what was given.
    ///
    /// # Errors
    /// The warning, if warnings fail the query.
    pub(super) fn finish(self, kind: Aggregate, exec: &mut Exec<'_>) -> Result<Value> {
        self.warn(kind, exec)?;
        Ok(self.into_result())
    }

    /// The result so far; as [`Accumulator::finish`].
    pub(super) fn result(&self, kind: Aggregate, exec: &mut Exec<'_>) -> Result<Value> {
        self.warn(kind, exec)?;
        Ok(match self {
            // To count them they need not be copied.
            Accumulator::CountDistinct(seen) => seen.len().into(),
            other => other.clone().into_result(),
        })
    }

    fn warn(&self, kind: Aggregate, exec: &mut Exec<'_>) -> Result<()> {
        if !self.is_failed() {
            return Ok(());
        }
        let code = codes::QUERY_FUNCTION_ARGUMENT_TYPE_MISMATCH;
        let name = kind.name();
        let message = format!("invalid argument type in call to function '{name}()'");
        exec.warn(code, message)
    }

    fn into_result(self) -> Value {
        match self {
            Accumulator::Length(count) => count.into(),
            Accumulator::Min(value) | Accumulator::Max(value) => value.unwrap_or_default(),
            Accumulator::Sum { count: 0, .. } => Value::Null,
            Accumulator::Sum {
                total,
                average: false,
                ..
            } => total.unwrap_or_default(),
            Accumulator::Sum { total, count, .. } => total
                .and_then(|total| numbers::divide(&total, &count.into()))
                .unwrap_or_default(),
            Accumulator::Variance {
                sample,
                root,
                state,
            } => {
                let result = state.and_then(|(count, _, squares)| {
                    let divisor = if sample { count.checked_sub(1)? } else { count };
                    let variance = (divisor > 0).then(|| squares / divisor as f64)?;
                    numbers::from_f64(if root { variance.sqrt() } else { variance })
                });
                result.unwrap_or_default()
            }
            Accumulator::Unique {
                mut items, sorted, ..
            } => {
                if sorted {
                    items.sort();
                }
                Value::array(items)
            }
            Accumulator::CountDistinct(seen) => seen.len().into(),
            Accumulator::Push(items) => Value::array(items),
            Accumulator::Bits { bits, .. } => bits.flatten().map_or(Value::Null, Value::from),
        }
    }
}

fn welford((count, mean, squares): (u64, f64, f64), value: &Value) -> Option<(u64, f64, f64)> {
    let value = value.as_f64()?;
    let count = count + 1;
    let distance = value - mean;
    let mean = mean + distance / count as f64;
    Some((count, mean, squares + distance * (value - mean)))
}

fn combine(op: Aggregate, bits: Option<u32>, value: &Value) -> Option<Option<u32>> {
    let number = match value {
        Value::Int(_) | Value::Double(_) => u32::try_from(value.as_i64()?).ok()?,
        _ => return None,
    };
    Some(Some(match (bits, op) {
        (None, _) => number,
        (Some(bits), Aggregate::BitAnd) => bits & number,
        (Some(bits), Aggregate::BitOr) => bits | number,
        (Some(bits), _) => bits ^ number,
    }))
}
