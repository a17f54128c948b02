//! `COLLECT`

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use value::Value;

use super::aggregate::Accumulator;
use super::kept::Charged;
use crate::error::Result;
use crate::exec::eval::eval;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot, value_size};
use crate::exec::state::Exec;
use crate::plan::{Aggregate, Collect, Expr, Node};

/// `COLLECT`
pub(super) struct CollectStep {
    place: Place,
    /// What each group's row starts from: the variables of outer queries.
    outer: Vec<Slot>,
    groups: Option<std::vec::IntoIter<Group>>,
    charged: Charged,
}

struct Group {
    key: Vec<Value>,
    accumulators: Vec<Accumulator>,
    into: Vec<Value>,
}

impl Group {
    fn new(key: Vec<Value>, collect: &Collect) -> Self {
        let aggregates = collect.aggregates.iter();
        Self {
            key,
            accumulators: aggregates
                .map(|(_, kind, _)| Accumulator::new(*kind))
                .collect(),
            into: Vec::new(),
        }
    }
}

impl CollectStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Vec::new(),
            groups: None,
            charged: Charged::default(),
        }
    }

    fn fill(
        &mut self,
        collect: &Collect,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
    ) -> Result<Vec<Group>> {
        let want = exec.state.limits.batch_rows;
        let mut by_key: HashMap<Vec<Value>, usize, RandomState> = HashMap::default();
        let mut groups: Vec<Group> = Vec::new();
        if collect.groups.is_empty() {
            // Without groups there is one row, whatever comes in.
            let mut group = Group::new(Vec::new(), collect);
            if only_counts(collect) {
                let count = upstream.count_rest(exec)?;
                let counters = group.accumulators.iter_mut();
                counters.for_each(|counter| *counter = Accumulator::Length(count));
                return Ok(vec![group]);
            }
            groups.push(group);
            by_key.insert(Vec::new(), 0);
        }
        // The key of the row at hand; copied only when it is the first of its group.
        let mut key = Vec::with_capacity(collect.groups.len());
        while let Some(batch) = upstream.next(exec, want)? {
            for at in 0..batch.len() {
                exec.check()?;
                let row = batch.row(at);
                key.clear();
                for (_, value) in &collect.groups {
                    key.push(eval(value, row, exec)?);
                }
                let known = by_key.get(key.as_slice()).copied();
                let place = match known {
                    Some(place) => place,
                    None => {
                        let key = key.clone();
                        let bytes: usize = key.iter().map(value_size).sum();
                        let own = size_of::<Group>() + collect.aggregates.len() * ACCUMULATOR;
                        self.charged.add(bytes + own, exec)?;
                        by_key.insert(key.clone(), groups.len());
                        groups.push(Group::new(key, collect));
                        groups.len() - 1
                    }
                };
                if let Some(group) = groups.get_mut(place) {
                    let bytes = add_row(group, collect, row, exec)?;
                    self.charged.add(bytes, exec)?;
                }
            }
        }
        if collect.sorted {
            groups.sort_by(|a, b| a.key.cmp(&b.key));
        }
        Ok(groups)
    }
}

/// Bytes that an accumulator takes beside what it keeps of rows, and its share of the table.
const ACCUMULATOR: usize = size_of::<Accumulator>();

/// Whether nothing is asked of rows but how many there are.
fn only_counts(collect: &Collect) -> bool {
    let counts = |(_, kind, argument): &(_, Aggregate, Option<Expr>)| {
        *kind == Aggregate::Length
            && matches!(argument, None | Some(Expr::Const(_) | Expr::Bind(_)))
    };
    collect.into.is_none() && collect.aggregates.iter().all(counts)
}

fn add_row(
    group: &mut Group,
    collect: &Collect,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<usize> {
    let mut bytes = 0;
    for ((_, _, argument), accumulator) in collect.aggregates.iter().zip(&mut group.accumulators) {
        let value = match argument {
            Some(argument) => eval(argument, row, exec)?,
            None => Value::Null,
        };
        bytes += accumulator.add(value);
    }
    if let Some((_, value)) = &collect.into {
        let value = eval(value, row, exec)?;
        bytes += value_size(&value);
        group.into.push(value);
    }
    Ok(bytes)
}

impl Step for CollectStep {
    fn start(&mut self, row: &[Slot], freed: &mut usize) {
        self.charged.free(freed);
        self.outer = row.to_vec();
        self.groups = None;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Collect(collect) = self.place.node(&plan) else {
            return Ok(None);
        };
        if self.groups.is_none() {
            self.groups = Some(self.fill(collect, upstream, exec)?.into_iter());
        }
        let mut batch = Batch::new(plan.variables.len());
        let groups = self.groups.iter_mut().flatten().take(want);
        for group in groups {
            batch.push(&self.outer);
            let at = batch.len() - 1;
            for ((var, _), value) in collect.groups.iter().zip(group.key) {
                batch.set(at, var.index(), Slot::Value(value));
            }
            for ((var, kind, _), result) in collect.aggregates.iter().zip(group.accumulators) {
                let result = result.finish(*kind, exec)?;
                batch.set(at, var.index(), Slot::Value(result));
            }
            if let Some((var, _)) = &collect.into {
                batch.set(at, var.index(), Slot::Value(Value::array(group.into)));
            }
        }
        if batch.is_empty() {
            self.charged.release(exec);
            return Ok(None);
        }
        Ok(Some(batch))
    }
}
