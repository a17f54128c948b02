//! `UPSERT`

use std::sync::Arc;

use database::Selector;

use super::kept::{Buffered, drain};
use super::modify::{settle, write_options};
use crate::error::Result;
use crate::exec::eval::eval;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::plan::{Node, Upsert};

/// `UPSERT`
pub(super) struct UpsertStep {
    place: Place,
    buffered: Buffered,
}

impl UpsertStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            buffered: Buffered::default(),
        }
    }
}

impl Step for UpsertStep {
    fn start(&mut self, _: &[Slot], freed: &mut usize) {
        self.buffered.reset(freed);
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Upsert(node) = self.place.node(&plan) else {
            return Ok(None);
        };
        if !node.buffer {
            let max = exec.state.limits.batch_rows;
            let Some(mut batch) = upstream.next(exec, max)? else {
                return Ok(None);
            };
            write_rows(node, &mut batch, exec)?;
            return Ok(Some(batch));
        }
        if !self.buffered.is_filled() {
            let (mut rows, charged) = drain(upstream, exec)?;
            write_rows(node, &mut rows, exec)?;
            self.buffered.fill(rows, charged);
        }
        Ok(self.buffered.hand_out(want, exec))
    }
}

fn write_rows(node: &Upsert, batch: &mut Batch, exec: &mut Exec<'_>) -> Result<()> {
    let mut keep = Vec::with_capacity(batch.len());
    if node.options.read_own_writes {
        for at in 0..batch.len() {
            find(node, batch, at, exec)?;
            keep.push(write_row(node, batch, at, exec)?);
        }
    } else {
        for at in 0..batch.len() {
            find(node, batch, at, exec)?;
        }
        for at in 0..batch.len() {
            keep.push(write_row(node, batch, at, exec)?);
        }
    }
    batch.retain(&keep);
    Ok(())
}

/// Puts the document that is there already, or null, into `OLD`.
fn find(node: &Upsert, batch: &mut Batch, at: usize, exec: &mut Exec<'_>) -> Result<()> {
    exec.check_now()?;
    let row = Batch::single(batch.row(at));
    let found = exec.with_subquery(node.search, row, |pipeline, exec| {
        while let Some(batch) = pipeline.next(exec, 1)? {
            if let Some(slot) = batch.row(0).get(node.old.index()) {
                return Ok(slot.clone());
            }
        }
        Ok(Slot::default())
    })?;
    batch.set(at, node.old.index(), found);
    Ok(())
}

fn write_row(node: &Upsert, batch: &mut Batch, at: usize, exec: &mut Exec<'_>) -> Result<bool> {
    let collection = exec.collection(node.collection)?;
    let options = write_options(&node.options, true, node.new.is_some());
    let row = batch.row(at);
    let old = row.get(node.old.index()).cloned().unwrap_or_default();
    let results = match old {
        Slot::Document(old) => {
            let change = eval(&node.update, row, exec)?;
            let rev = change
                .get("_rev")
                .as_str()
                .filter(|_| !node.options.ignore_revs);
            let selector = Selector {
                key: old.key(),
                rev: rev.map(str::to_owned),
            };
            let changes = vec![(selector, change)];
            if node.replace {
                exec.txn.replace(&collection, changes, &options)?
            } else {
                exec.txn.update(&collection, changes, &options)?
            }
        }
        Slot::Value(_) | Slot::Json(_) => {
            let document = eval(&node.insert, row, exec)?;
            exec.txn.insert(&collection, vec![document], &options)?
        }
    };
    match results.into_iter().next() {
        Some(outcome) => {
            let row = batch.row_mut(at);
            settle(
                outcome,
                &collection,
                &node.options,
                Some(node.old),
                node.new,
                row,
                exec,
            )
        }
        None => Ok(true),
    }
}
