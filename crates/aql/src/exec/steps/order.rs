//! `SORT` and `LIMIT`.

use std::cmp::Ordering;
use std::sync::Arc;

use error_codes::codes;
use value::Value;

use super::kept::Charged;
use crate::error::{Error, Result};
use crate::exec::eval::eval;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot, value_size};
use crate::exec::state::Exec;
use crate::plan::{Expr, Node};

/// Rows sorted, handed out batch by batch.
#[derive(Default)]
pub(super) struct Sorted {
    rows: Batch,
    order: Vec<usize>,
    at: usize,
}

impl Sorted {
    pub(super) fn take(&mut self, want: usize) -> Option<Batch> {
        let end = (self.at + want).min(self.order.len());
        let order = self.order.get(self.at..end).unwrap_or_default();
        self.at = end;
        (!order.is_empty()).then(|| self.rows.pick(order))
    }
}

/// `SORT`
pub(super) struct Sort {
    place: Place,
    sorted: Option<Sorted>,
    charged: Charged,
}

impl Sort {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            sorted: None,
            charged: Charged::default(),
        }
    }

    fn fill(
        &mut self,
        keys: &[(Expr, bool)],
        limit: Option<usize>,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
    ) -> Result<Sorted> {
        let want = exec.state.limits.batch_rows;
        let mut rows = Batch::default();
        let mut values: Vec<Value> = Vec::new();
        // The keys of the last row that is still wanted, once there are enough.
        let mut last: Option<Vec<Value>> = None;
        while let Some(mut batch) = upstream.next(exec, want)? {
            exec.check_now()?;
            let mut bytes = 0;
            let mut keep = Vec::with_capacity(batch.len());
            for at in 0..batch.len() {
                exec.check()?;
                let start = values.len();
                for (key, _) in keys {
                    values.push(eval(key, batch.row(at), exec)?);
                }
                let own = values.get(start..).unwrap_or_default();
                // Of equal rows the first ones are wanted.
                let wanted = last
                    .as_ref()
                    .is_none_or(|last| compare_rows(own, last, keys).is_lt());
                keep.push(wanted);
                if wanted {
                    bytes += own.iter().map(value_size).sum::<usize>();
                } else {
                    values.truncate(start);
                }
            }
            batch.retain(&keep);
            if limit.is_some() {
                batch.detach(keep.len());
            }
            self.charged.add(bytes + batch.size(), exec)?;
            rows.append(batch);
            if let Some(limit) = limit
                && rows.len() > 2 * limit + want
            {
                let mut order = sort_order(&values, keys, rows.len());
                order.truncate(limit);
                rows = rows.pick(&order);
                let row_keys = |at: &usize| values.iter().skip(at * keys.len()).take(keys.len());
                values = order.iter().flat_map(row_keys).cloned().collect();
                let end = values.len().checked_sub(keys.len());
                last = end.and_then(|end| values.get(end..)).map(<[Value]>::to_vec);
                self.charged.release(exec);
                let bytes = rows.size() + values.iter().map(value_size).sum::<usize>();
                self.charged.add(bytes, exec)?;
            }
        }
        let mut order = sort_order(&values, keys, rows.len());
        if let Some(limit) = limit {
            order.truncate(limit);
        }
        Ok(Sorted { rows, order, at: 0 })
    }
}

impl Step for Sort {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.charged.free(freed);
        self.sorted = None;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Sort { keys, limit } = self.place.node(&plan) else {
            return Ok(None);
        };
        if self.sorted.is_none() {
            // A full count needs all rows to pass.
            let limit = limit.as_ref().filter(|_| !exec.state.count_full);
            let limit = limit.map(|limit| limit_number(limit, exec)).transpose()?;
            self.sorted = Some(self.fill(keys, limit, upstream, exec)?);
        }
        let batch = self.sorted.as_mut().and_then(|sorted| sorted.take(want));
        if batch.is_none() {
            self.sorted = Some(Sorted::default());
            self.charged.release(exec);
        }
        Ok(batch)
    }
}

/// The rows in order; equal rows keep theirs.
fn sort_order(values: &[Value], keys: &[(Expr, bool)], rows: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    let row = |at: usize| {
        values
            .get(at * keys.len()..(at + 1) * keys.len())
            .unwrap_or_default()
    };
    order.sort_by(|a, b| compare_rows(row(*a), row(*b), keys));
    order
}

/// The order of two rows by their keys.
fn compare_rows(a: &[Value], b: &[Value], keys: &[(Expr, bool)]) -> Ordering {
    for ((a, b), (_, descending)) in a.iter().zip(b).zip(keys) {
        let order = if *descending { b.cmp(a) } else { a.cmp(b) };
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

/// The number in a `LIMIT`.
pub(crate) fn limit_number(expr: &Expr, exec: &mut Exec<'_>) -> Result<usize> {
    let value = eval(expr, &[], exec)?;
    match value {
        Value::Int(number) if number >= 0 => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
        Value::Double(number) if number >= 0.0 => Ok(number as usize),
        Value::Int(_) | Value::Double(_) => Err(Error::invalid(
            codes::QUERY_NUMBER_OUT_OF_RANGE,
            "number out of range: LIMIT must not be negative",
        )),
        _ => Err(Error::invalid(
            codes::QUERY_NUMBER_OUT_OF_RANGE,
            "number out of range: LIMIT must be a number",
        )),
    }
}

/// `LIMIT`
pub(super) struct Limit {
    place: Place,
    /// Rows to skip and to pass; known once the first row is asked for.
    left: Option<(usize, usize)>,
    ended: bool,
}

impl Limit {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            left: None,
            ended: false,
        }
    }
}

impl Step for Limit {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        self.left = None;
        self.ended = false;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Limit {
            offset,
            count,
            full_count,
        } = self.place.node(&plan)
        else {
            return Ok(None);
        };
        let counting = *full_count && exec.state.count_full;
        let (skip, pass) = match self.left {
            Some(left) => left,
            None => {
                let mut number = |expr: &Option<Expr>, default: usize| match expr {
                    Some(expr) => limit_number(expr, exec),
                    None => Ok(default),
                };
                (number(offset, 0)?, number(count, usize::MAX)?)
            }
        };
        self.left = Some((skip, pass));
        if self.ended || (pass == 0 && !counting) {
            return Ok(None);
        }
        let max = exec.state.limits.batch_rows;
        let ask = if counting {
            max
        } else {
            skip.saturating_add(want.min(pass)).min(max)
        };
        let Some(mut batch) = upstream.next(exec, ask)? else {
            self.ended = true;
            return Ok(None);
        };
        if counting {
            let total = exec.state.stats.full_count.get_or_insert(0);
            *total += batch.len() as u64;
        }
        let skipped = skip.min(batch.len());
        batch.slice(skipped, pass);
        self.left = Some((skip - skipped, pass - batch.len()));
        Ok(Some(batch))
    }
}
