//! Loops over the documents that an index finds.

use std::ops::Bound;
use std::sync::Arc;

use database::{Collection, Document, IndexKind, IndexRange, Position};
use value::Value;

use super::scan::Outer;
use crate::error::Result;
use crate::exec::eval::{eval, eval_bool};
use crate::exec::pipeline::{Place, Step, Upstream};
use crate::exec::row::{Batch, Slot};
use crate::exec::state::Exec;
use crate::plan::{IndexScan, Node};

/// How many outer rows are looked up at once.
const LOOKUP_ROWS_MAX: usize = 200;

/// `FOR document IN collection`, by an index.
pub(super) struct IndexStep {
    place: Place,
    outer: Outer,
    scan: Option<Running>,
}

/// The scan for an outer row.
enum Running {
    /// By the index.
    Index(database::IndexScan, Option<Position>),
    /// Over everything, because the index leaves out what is asked for.
    Full(Option<Position>),
}

/// What is to be read for an outer row.
pub(super) enum Wanted {
    /// The documents with these values.
    Exact(Vec<Vec<Value>>),
    /// The documents in these ranges.
    Ranges(Vec<IndexRange>),
    /// All documents, to be filtered.
    All,
}

impl IndexStep {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            outer: Outer::default(),
            scan: None,
        }
    }

    /// The next page of the scan that is running.
    fn page(
        &mut self,
        node: &IndexScan,
        collection: &Collection,
        batch: &mut Batch,
        exec: &mut Exec<'_>,
        room: usize,
    ) -> Result<()> {
        match self.scan.take() {
            Some(Running::Index(scan, position)) => {
                let at = position.as_ref();
                let page = exec
                    .txn
                    .index_scan(collection, &node.index, &scan, at, room)?;
                let keys: Vec<&[u8]> = page
                    .entries
                    .iter()
                    .map(|entry| entry.key.as_bytes())
                    .collect();
                let found = exec.txn.get_many(collection, &keys)?;
                self.scan = page.next.map(|next| Running::Index(scan, Some(next)));
                for document in found.into_iter().flatten() {
                    exec.state.stats.scanned_index += 1;
                    batch.push_with(self.outer.row(), node.out.index(), Slot::Document(document));
                }
            }
            Some(Running::Full(position)) => {
                let page = exec.txn.scan(collection, position.as_ref(), room)?;
                exec.state.stats.scanned_full += page.documents.len() as u64;
                self.scan = page.next.map(|next| Running::Full(Some(next)));
                for document in page.documents {
                    push_matching(node, self.outer.row(), document, batch, exec)?;
                }
            }
            None => {}
        }
        Ok(())
    }
}

/// Appends a document that was not found by the index if it is what the index would find.
fn push_matching(
    node: &IndexScan,
    row: &[Slot],
    document: Document,
    batch: &mut Batch,
    exec: &mut Exec<'_>,
) -> Result<()> {
    let mut candidate = Batch::single(row);
    candidate.set(0, node.out.index(), Slot::Document(document));
    for condition in &node.residual {
        if !eval_bool(condition, candidate.row(0), exec)? {
            return Ok(());
        }
    }
    batch.append(candidate);
    Ok(())
}

impl Step for IndexStep {
    fn start(&mut self, _: &[Slot], _: &mut usize) {
        self.outer.reset();
        self.scan = None;
    }

    fn next(
        &mut self,
        upstream: &mut Upstream<'_>,
        exec: &mut Exec<'_>,
        want: usize,
    ) -> Result<Option<Batch>> {
        let plan = Arc::clone(&exec.state.plan);
        let Node::Index(node) = self.place.node(&plan) else {
            return Ok(None);
        };
        let collection = exec.collection(node.collection)?;
        let written = plan
            .collections
            .get(node.collection.0)
            .is_some_and(|used| used.is_written);
        let mut batch = Batch::new(plan.variables.len());
        while batch.len() < want || (written && self.scan.is_some()) {
            exec.check_now()?;
            if self.scan.is_some() {
                let room = want.saturating_sub(batch.len()).max(1);
                self.page(node, &collection, &mut batch, exec, room)?;
                continue;
            }
            if !self.outer.advance(upstream, exec, want)? {
                break;
            }
            let mut exact: Vec<(Vec<Slot>, Vec<Vec<Value>>)> = Vec::new();
            match wanted(node, &collection, self.outer.row(), exec)? {
                Wanted::All => self.scan = Some(Running::Full(None)),
                Wanted::Ranges(ranges) => self.scan = Some(begin(node, ranges, exec)),
                Wanted::Exact(values) => exact.push((self.outer.row().to_vec(), values)),
            }
            if exact.is_empty() {
                continue;
            }
            // Exact lookups of several outer rows share their round trips.
            while exact.len() < LOOKUP_ROWS_MAX.min(want) && self.outer.has_more() {
                self.outer.advance(upstream, exec, want)?;
                match wanted(node, &collection, self.outer.row(), exec)? {
                    Wanted::Exact(values) => exact.push((self.outer.row().to_vec(), values)),
                    Wanted::All => {
                        self.scan = Some(Running::Full(None));
                        break;
                    }
                    Wanted::Ranges(ranges) => {
                        self.scan = Some(begin(node, ranges, exec));
                        break;
                    }
                }
            }
            look_up(node, &collection, exact, &mut batch, exec)?;
        }
        Ok((!batch.is_empty()).then_some(batch))
    }
}

fn begin(node: &IndexScan, ranges: Vec<IndexRange>, exec: &mut Exec<'_>) -> Running {
    exec.state.stats.seeks += ranges.len() as u64;
    let scan = database::IndexScan {
        ranges,
        reverse: node.descending,
        covering: false,
    };
    Running::Index(scan, None)
}

fn look_up(
    node: &IndexScan,
    collection: &Collection,
    rows: Vec<(Vec<Slot>, Vec<Vec<Value>>)>,
    batch: &mut Batch,
    exec: &mut Exec<'_>,
) -> Result<()> {
    if let [(row, values)] = rows.as_slice()
        && node.index.kind() == IndexKind::Primary
        && let [values] = values.as_slice()
    {
        exec.state.stats.seeks += 1;
        if let Some(Value::String(key)) = values.first()
            && let Some(document) = exec.txn.get(collection, key)?
        {
            exec.state.stats.scanned_index += 1;
            batch.push_with(row, node.out.index(), Slot::Document(document));
        }
        return Ok(());
    }
    let values: Vec<Vec<Value>> = rows
        .iter()
        .flat_map(|(_, values)| values.iter().cloned())
        .collect();
    exec.state.stats.seeks += values.len() as u64;
    let mut found = exec
        .txn
        .index_documents_many(collection, &node.index, &values)?
        .into_iter();
    for (row, values) in rows {
        let mut documents: Vec<Document> = found.by_ref().take(values.len()).flatten().collect();
        if values.len() > 1 && !node.index.is_covering() {
            // An array in a document can have several of the values.
            let mut seen = std::collections::HashSet::new();
            documents.retain(|document| seen.insert(document.key()));
        }
        for document in documents {
            exec.state.stats.scanned_index += 1;
            batch.push_with(&row, node.out.index(), Slot::Document(document));
        }
    }
    Ok(())
}

/// What to read for an outer row.
pub(super) fn wanted(
    node: &IndexScan,
    collection: &Collection,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Wanted> {
    let mut prefix = Vec::with_capacity(node.equal.len() + 1);
    for value in &node.equal {
        prefix.push(eval(value, row, exec)?);
    }
    let mut prefixes = match &node.any {
        Some(list) => {
            let Value::Array(items) = eval(list, row, exec)? else {
                return Ok(Wanted::Exact(Vec::new()));
            };
            let mut items = items.to_vec();
            items.sort();
            items.dedup();
            if node.descending {
                items.reverse();
            }
            let with = |item| prefix.iter().cloned().chain([item]).collect();
            items.into_iter().map(with).collect()
        }
        None => vec![prefix],
    };
    if node.by_id {
        prefixes = prefixes
            .into_iter()
            .filter_map(|values: Vec<Value>| key_of_id(collection, values.first()?))
            .collect();
    }
    let null_wanted = prefixes.iter().flatten().any(Value::is_null);
    if node.index.is_sparse() && null_wanted {
        return Ok(Wanted::All);
    }
    let has_range = node.lower.is_some() || node.upper.is_some();
    let unique = node.index.is_unique()
        && prefixes
            .iter()
            .all(|values| values.len() == node.index.fields().len());
    if !has_range && unique {
        return Ok(Wanted::Exact(prefixes));
    }
    let lower = match &node.lower {
        Some((bound, included)) => Some((eval(bound, row, exec)?, *included)),
        None => None,
    };
    let upper = match &node.upper {
        Some((bound, included)) => Some((eval(bound, row, exec)?, *included)),
        None => None,
    };
    let from_null = matches!(&lower, Some((Value::Null, true)));
    if node.index.is_sparse() && has_range && (lower.is_none() || from_null) {
        return Ok(Wanted::All);
    }
    if !node.index.is_covering() && !has_range {
        // A document may have several such entries; exact lookups give it once.
        return Ok(Wanted::Exact(prefixes));
    }
    if node.descending {
        prefixes.reverse();
    }
    let range = |values: Vec<Value>| IndexRange {
        lower: bound(&values, lower.as_ref()),
        upper: bound(&values, upper.as_ref()),
    };
    Ok(Wanted::Ranges(prefixes.into_iter().map(range).collect()))
}

/// A bound of the entries that begin with `values`.
fn bound(values: &[Value], next: Option<&(Value, bool)>) -> Bound<Vec<Value>> {
    match next {
        Some((value, included)) => {
            let values = values.iter().cloned().chain([value.clone()]).collect();
            if *included {
                Bound::Included(values)
            } else {
                Bound::Excluded(values)
            }
        }
        None if values.is_empty() => Bound::Unbounded,
        None => Bound::Included(values.to_vec()),
    }
}

/// The key in an id of this collection.
fn key_of_id(collection: &Collection, id: &Value) -> Option<Vec<Value>> {
    let (name, key) = id.as_str()?.split_once('/')?;
    (name == collection.name()).then(|| vec![Value::from(key)])
}
