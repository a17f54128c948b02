//! How much each step does, measured for queries that ask for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::pipeline::{Place, Step, Upstream};
use super::row::{Batch, Slot};
use super::state::Exec;
use crate::error::Result;

/// What one step did, without the steps before it and without subqueries.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NodeWork {
    /// How often it was asked for rows.
    pub(crate) calls: u64,
    /// Rows that it gave.
    pub(crate) items: u64,
    /// Rows that its conditions removed.
    pub(crate) filtered: u64,
    /// The time that it took.
    pub(crate) runtime: Duration,
}

/// What all steps did.
#[derive(Debug, Default)]
pub(crate) struct Work {
    by_place: BTreeMap<Place, NodeWork>,
    /// What was done by steps that the current one asked.
    below: NodeWork,
}

impl Work {
    /// What the step at a place did; nothing if it never ran.
    pub(crate) fn at(&self, place: Place) -> NodeWork {
        self.by_place.get(&place).copied().unwrap_or_default()
    }
}

/// A step that is measured.
pub(crate) struct Measured {
    pub(crate) step: Box<dyn Step>,
    pub(crate) place: Place,
}

impl Step for Measured {
    fn start(&mut self, row: &[Slot], freed: &mut usize) {
        self.step.start(row, freed);
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let clock = Arc::clone(&exec.state.environment.platform.clock);
        let beside = exec
            .state
            .work
            .as_mut()
            .map(|work| std::mem::take(&mut work.below));
        let filtered = exec.state.stats.filtered;
        let began = clock.monotonic();
        let outcome = self.step.next(upstream, exec, want);
        let runtime = clock.monotonic().saturating_sub(began);
        let filtered = exec.state.stats.filtered - filtered;
        let items = match &outcome {
            Ok(Some(batch)) => batch.len() as u64,
            _ => 0,
        };
        if let (Some(work), Some(beside)) = (&mut exec.state.work, beside) {
            let below = std::mem::replace(&mut work.below, beside);
            work.below.runtime += runtime;
            work.below.filtered += filtered;
            let own = work.by_place.entry(self.place).or_default();
            own.calls += 1;
            own.items += items;
            own.filtered += filtered.saturating_sub(below.filtered);
            own.runtime += runtime.saturating_sub(below.runtime);
        }
        outcome
    }
}
