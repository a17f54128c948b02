//! `hash-join`: an inner loop over a collection reads it once, however many outer rows there are.
//!
//! Conditions `inner.attribute == value of the outer row` become keys of a table; conditions on
//! the inner document alone are checked while the table is filled; the others stay behind the
//! loop. Keys compare as `==` does, and the documents for an outer row come in the order of the
//! collection, so the rows are those of a loop in a loop, in the same order. A table that takes
//! too much memory is given up when the query runs, and the collection is read for each row.
//!
//! The search of an `UPSERT` is left alone: it has to see what earlier rows wrote.

use std::sync::Arc;

use crate::error::Result;
use crate::plan::{BinaryOp, Block, Catalog, Expr, JoinKey, Node, Plan, SubqueryId, VarId};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut searches: Vec<SubqueryId> = Vec::new();
    for block in std::iter::once(&plan.root).chain(&plan.subqueries) {
        searches.extend(block.nodes.iter().filter_map(|node| match node {
            Node::Upsert(upsert) => Some(upsert.search),
            _ => None,
        }));
    }
    let mut changed = false;
    for at in 0..plan.subqueries.len() {
        if searches.contains(&SubqueryId(at)) {
            continue;
        }
        let Some(place) = plan.subqueries.get_mut(at) else {
            break;
        };
        let mut block = std::mem::take(place);
        // A subquery runs for each row of the query around it.
        changed |= improve(plan, &mut block, true);
        if let Some(place) = plan.subqueries.get_mut(at) {
            *place = block;
        }
    }
    let mut root = std::mem::take(&mut plan.root);
    changed |= improve(plan, &mut root, false);
    plan.root = root;
    Ok(changed)
}

fn improve(plan: &Plan, block: &mut Block, mut is_inner: bool) -> bool {
    let mut changed = false;
    for at in 0..block.nodes.len() {
        let is_list = matches!(block.nodes.get(at), Some(Node::EnumerateList { .. }));
        let document = block.nodes.get(at).and_then(Node::document);
        if let (true, Some(Node::EnumerateCollection { out, .. })) = (is_inner, block.nodes.get(at))
        {
            changed |= join(plan, block, at, *out);
        }
        is_inner |= is_list || document.is_some();
    }
    changed
}

/// Moves what the loop can use of the conditions behind it into the loop.
fn join(plan: &Plan, block: &mut Block, at: usize, out: VarId) -> bool {
    let mut keys = Vec::new();
    let mut own = Vec::new();
    let mut behind = at + 1;
    while let Some(Node::Filter(condition)) = block.nodes.get(behind) {
        let movable = plan.is_pure(condition) && !plan.has_subquery(condition);
        if let (true, Some(key)) = (movable, key_of(plan, condition, out)) {
            keys.push(key);
        } else if movable && reads_only(plan, condition, out) {
            own.push(condition.clone());
        } else {
            behind += 1;
            continue;
        }
        block.nodes.remove(behind);
    }
    if let Some(Node::EnumerateCollection { filters, join, .. }) = block.nodes.get_mut(at) {
        filters.append(&mut own);
        *join = Some(keys);
    }
    true
}

/// The key in `out.a.b == value`, with a value that other variables give.
fn key_of(plan: &Plan, condition: &Expr, out: VarId) -> Option<JoinKey> {
    let Expr::Binary(BinaryOp::Equal, pair) = condition else {
        return None;
    };
    let key = |path: &Expr, value: &Expr| match path.as_path() {
        Some((var, names)) if var == out && !names.is_empty() => {
            let reads = plan.reads(value);
            (!reads.contains(out) && !reads.is_empty()).then(|| JoinKey {
                names: Arc::from(names),
                value: value.clone(),
            })
        }
        _ => None,
    };
    key(&pair.0, &pair.1).or_else(|| key(&pair.1, &pair.0))
}

fn reads_only(plan: &Plan, condition: &Expr, out: VarId) -> bool {
    let mut reads = plan.reads(condition);
    let mut only = crate::plan::VarSet::default();
    only.insert(out);
    reads.remove_all(&only);
    reads.is_empty()
}
