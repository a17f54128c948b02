//! Loops over the documents that any of several searches finds.

use std::collections::HashSet;
use std::sync::Arc;

use database::{Collection, Document};

use super::index::{Wanted, wanted};
use super::produce::Producer;
use super::scan::Outer;
use crate::error::Result;
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::plan::{IndexScan, Node};

/// `FOR document IN collection`, by several indexes.
pub(super) struct UnionStep {
    place: Place,
    outer: Outer,
    /// What was found for the outer row and not yet handed out.
    found: std::vec::IntoIter<Document>,
}

impl UnionStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Outer::default(),
            found: Vec::new().into_iter(),
        }
    }

    /// Everything that the searches find for the outer row, each document once.
    fn search(
        &self,
        scans: &[IndexScan],
        collection: &Collection,
        exec: &mut Exec<'_>,
    ) -> Result<Vec<Document>> {
        let mut seen = HashSet::new();
        let mut all = Vec::new();
        for scan in scans {
            let mut found = run(scan, collection, self.outer.row(), exec)?;
            found.retain(|document| seen.insert(document.key()));
            all.append(&mut found);
        }
        // The order in which the whole collection would be read.
        all.sort_by_cached_key(Document::key);
        Ok(all)
    }
}

/// What one search finds. Where its index leaves out what is wanted, that is everything: the
/// condition is checked behind this step.
fn run(
    scan: &IndexScan,
    collection: &Collection,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Vec<Document>> {
    let page_rows = exec.state.limits.batch_rows;
    let mut documents = Vec::new();
    match wanted(scan, collection, row, exec)? {
        Wanted::Exact(values) => {
            exec.state.stats.seeks += values.len() as u64;
            let found = exec
                .txn
                .index_documents_many(collection, &scan.index, &values)?;
            documents.extend(found.into_iter().flatten());
            exec.state.stats.scanned_index += documents.len() as u64;
        }
        Wanted::Ranges(ranges) => {
            exec.state.stats.seeks += ranges.len() as u64;
            let request = database::IndexScan::forward(ranges);
            let mut position = None;
            loop {
                exec.check_now()?;
                let at = position.as_ref();
                let page = exec
                    .txn
                    .index_scan(collection, &scan.index, &request, at, page_rows)?;
                let keys: Vec<&[u8]> = page
                    .entries
                    .iter()
                    .map(|entry| entry.key.as_bytes())
                    .collect();
                let found = exec.txn.get_many(collection, &keys)?;
                exec.state.stats.scanned_index += keys.len() as u64;
                documents.extend(found.into_iter().flatten());
                position = page.next;
                if position.is_none() {
                    break;
                }
            }
        }
        Wanted::All => {
            let mut position = None;
            loop {
                exec.check_now()?;
                let page = exec.txn.scan(collection, position.as_ref(), page_rows)?;
                exec.state.stats.scanned_full += page.documents.len() as u64;
                documents.extend(page.documents);
                position = page.next;
                if position.is_none() {
                    break;
                }
            }
        }
    }
    Ok(documents)
}

impl Step for UnionStep {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        self.outer.reset();
        self.found = Vec::new().into_iter();
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::IndexUnion(node) = self.place.node(&plan) else {
            return Ok(None);
        };
        let collection = exec.collection(node.collection)?;
        let projections = node.projections.as_deref();
        let mut producer = Producer::new(node.out, &node.filters, projections, false);
        producer.set_outer(self.outer.row());
        let mut batch = Batch::new(plan.variables.len());
        while batch.len() < want {
            match self.found.next() {
                Some(document) => producer.push(document, &[], &mut batch, exec)?,
                None if self.outer.advance(upstream, exec, want)? => {
                    producer.set_outer(self.outer.row());
                    self.found = self.search(&node.scans, &collection, exec)?.into_iter();
                }
                None => break,
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}
