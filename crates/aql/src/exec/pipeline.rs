//! Steps put together: each pulls batches of rows from the ones before it.

use std::sync::Arc;

use super::row::{Batch, Slot};
use super::state::Exec;
use super::steps;
use super::work::Measured;
use crate::error::Result;
use crate::plan::{Block, Node, Plan, SubqueryId};

/// One step at work.
pub(crate) trait Step: Send {
    /// Forgets everything and begins anew with an outer row. Adds to `freed` what was charged
    /// for what it forgot.
    fn start(&mut self, row: &[Slot], freed: &mut usize);

    /// The next rows, about `want` of them; an empty batch means that there may be more, `None`
    /// that there are none.
    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>>;

    /// How many rows there are from here on; none are left afterwards. A step that can tell
    /// without making rows does so.
    fn count_rest(&mut self, upstream: &mut Upstream<'_>, exec: &mut Exec<'_>) -> Result<u64> {
        let mut count = 0;
        let want = exec.state.limits.batch_rows;
        while let Some(batch) = self.next(upstream, exec, want)? {
            exec.check_now()?;
            count += batch.len() as u64;
        }
        Ok(count)
    }
}

/// The steps before a step.
pub(crate) struct Upstream<'s> {
    steps: &'s mut [Box<dyn Step>],
}

impl Upstream<'_> {
    /// The next rows of the step before.
    pub(crate) fn next(&mut self, exec: &mut Exec<'_>, want: usize) -> Result<Option<Batch>> {
        pull(self.steps, exec, want)
    }

    /// How many rows are left of the step before; none are left afterwards.
    pub(crate) fn count_rest(&mut self, exec: &mut Exec<'_>) -> Result<u64> {
        count_rest(self.steps, exec)
    }
}

fn pull(steps: &mut [Box<dyn Step>], exec: &mut Exec<'_>, want: usize) -> Result<Option<Batch>> {
    match steps.split_last_mut() {
        Some((last, before)) => last.next(&mut Upstream { steps: before }, exec, want),
        None => Ok(None),
    }
}

fn count_rest(steps: &mut [Box<dyn Step>], exec: &mut Exec<'_>) -> Result<u64> {
    match steps.split_last_mut() {
        Some((last, before)) => last.count_rest(&mut Upstream { steps: before }, exec),
        None => Ok(0),
    }
}

/// The steps of a block at work.
pub(crate) struct Pipeline {
    steps: Vec<Box<dyn Step>>,
}

impl Pipeline {
    /// The steps of the query or of a subquery, not started.
    pub(crate) fn new(plan: &Arc<Plan>, subquery: Option<SubqueryId>, measured: bool) -> Self {
        let block = block_of(plan, subquery);
        let mut pipeline: Vec<Box<dyn Step>> = Vec::with_capacity(block.nodes.len() + 1);
        pipeline.push(Box::new(Start(None)));
        for (at, node) in block.nodes.iter().enumerate() {
            let place = Place { subquery, at };
            let step = steps::step_of(node, place);
            pipeline.push(if measured {
                Box::new(Measured { step, place })
            } else {
                step
            });
        }
        Self { steps: pipeline }
    }

    /// Begins anew with an outer row; how much memory is no longer kept.
    pub(crate) fn start(&mut self, row: &Batch) -> usize {
        let outer = row.row(0);
        let mut freed = 0;
        for step in &mut self.steps {
            step.start(outer, &mut freed);
        }
        freed
    }

    /// The next rows.
    pub(crate) fn next(&mut self, exec: &mut Exec<'_>, want: usize) -> Result<Option<Batch>> {
        pull(&mut self.steps, exec, want.max(1))
    }

    /// How many rows are left; none are left afterwards.
    pub(crate) fn count_rest(&mut self, exec: &mut Exec<'_>) -> Result<u64> {
        count_rest(&mut self.steps, exec)
    }
}

fn block_of(plan: &Plan, subquery: Option<SubqueryId>) -> &Block {
    match subquery {
        Some(id) => plan.subquery(id),
        None => &plan.root,
    }
}

/// Where a step finds its description in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) subquery: Option<SubqueryId>,
    pub(crate) at: usize,
}

impl Place {
    /// The description.
    pub(crate) fn node(self, plan: &Plan) -> &Node {
        static NONE: Node = Node::NoResults;
        block_of(plan, self.subquery)
            .nodes
            .get(self.at)
            .unwrap_or(&NONE)
    }
}

/// Gives the outer row, once.
struct Start(Option<Batch>);

impl Step for Start {
    fn start(&mut self, row: &[Slot], _: &mut usize) {
        self.0 = Some(Batch::single(row));
    }

    fn next(&mut self, _: &mut Upstream<'_>, _: &mut Exec<'_>, _: usize) -> Result<Option<Batch>> {
        Ok(self.0.take())
    }
}
