//! Steps that look at one row at a time.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;
use value::Value;

use super::kept::Charged;
use crate::error::Result;
use crate::exec::eval::{eval_bool, eval_slot};
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot, value_size};
use crate::exec::state::{Exec, LARGE_BYTES};
use crate::plan::Node;

/// `FILTER`
pub(super) struct Filter {
    place: Place,
    /// How many rows to ask for: more and more while few pass.
    ask: usize,
}

impl Filter {
    pub(super) fn new(place: Place) -> Self {
        Self { place, ask: 0 }
    }
}

impl Step for Filter {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        self.ask = 0;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Filter(condition) = self.place.node(&plan) else {
            return Ok(None);
        };
        self.ask = self.ask.max(want);
        let Some(mut batch) = upstream.next(exec, self.ask)? else {
            return Ok(None);
        };
        let mut keep = Vec::with_capacity(batch.len());
        for at in 0..batch.len() {
            exec.check()?;
            keep.push(eval_bool(condition, batch.row(at), exec)?);
        }
        let before = batch.len();
        batch.retain(&keep);
        exec.state.stats.filtered += (before - batch.len()) as u64;
        if batch.len() < want {
            self.ask = (self.ask * 2).min(exec.state.limits.batch_rows);
        }
        Ok(Some(batch))
    }
}

/// `LET`
pub(super) struct Calculate {
    place: Place,
    /// Large values of the batch handed out last. Whoever keeps that batch has counted it by
    /// the time the next one is asked for.
    charged: Charged,
}

impl Calculate {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            charged: Charged::default(),
        }
    }
}

impl Step for Calculate {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.charged.free(freed);
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Calculate { out, value } = self.place.node(&plan) else {
            return Ok(None);
        };
        self.charged.release(exec);
        let makes_values = !value.is_const() && value.as_path().is_none();
        let Some(mut batch) = upstream.next(exec, want)? else {
            return Ok(None);
        };
        for at in 0..batch.len() {
            exec.check()?;
            let slot = eval_slot(value, batch.row(at), exec)?;
            if makes_values && let Slot::Value(Value::String(_) | Value::Array(_)) = &slot {
                let bytes = slot.size();
                if bytes > LARGE_BYTES {
                    self.charged.add(bytes, exec)?;
                }
            }
            batch.set(at, out.index(), slot);
        }
        Ok(Some(batch))
    }
}

/// `RETURN DISTINCT`
pub(super) struct Distinct {
    place: Place,
    seen: HashSet<Value, RandomState>,
    charged: Charged,
}

impl Distinct {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            seen: HashSet::default(),
            charged: Charged::default(),
        }
    }
}

impl Step for Distinct {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.charged.free(freed);
        self.seen.clear();
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Distinct(var) = self.place.node(&plan) else {
            return Ok(None);
        };
        let Some(mut batch) = upstream.next(exec, want)? else {
            self.charged.release(exec);
            return Ok(None);
        };
        let mut keep = Vec::with_capacity(batch.len());
        for at in 0..batch.len() {
            let value = match batch.row(at).get(var.index()) {
                Some(slot) => slot.to_value()?,
                None => Value::Null,
            };
            exec.check()?;
            let new = !self.seen.contains(&value);
            if new {
                let size = value_size(&value);
                self.charged.add(size, exec)?;
                self.seen.insert(value);
            }
            keep.push(new);
        }
        batch.retain(&keep);
        Ok(Some(batch))
    }
}

/// No rows, and nothing before is asked.
pub(super) struct NoResults;

impl Step for NoResults {
    fn start(&mut self, _: &[Slot], _: &mut usize) {}

    fn next(&mut self, _: &mut Upstream<'_>, _: &mut Exec<'_>, _: usize) -> Result<Option<Batch>> {
        Ok(None)
    }
}
