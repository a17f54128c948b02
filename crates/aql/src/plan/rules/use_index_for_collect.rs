//! `use-index-for-collect`: which different values there are is told by an index without reading
//! the documents, or even all entries.
//!
//! It is for a loop of which only the first fields of an index are read, with nothing behind it
//! but conditions and values computed of them, up to a `RETURN DISTINCT` or a `COLLECT` that does
//! not care how often a row comes. The index has an entry for every document, so each list of
//! values of those fields comes at least once, and what comes more than once changes nothing:
//! the rows behind are the same, in an order that the language leaves open.

use std::sync::Arc;

use database::IndexKind;

use crate::error::Result;
use crate::plan::{
    Aggregate, Block, Catalog, Collect, Covered, IndexScan, Node, Plan, Projection, covered_by,
};

pub(super) fn apply(plan: &mut Plan, catalog: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        for at in 0..block.nodes.len() {
            if let Some(scan) = improve(plan, block, at, catalog)
                && let Some(node) = block.nodes.get_mut(at)
            {
                *node = Node::Index(Box::new(scan));
                changed = true;
            }
        }
    });
    Ok(changed)
}

/// The scan in place of a loop.
fn improve(plan: &Plan, block: &Block, at: usize, catalog: &dyn Catalog) -> Option<IndexScan> {
    match block.nodes.get(at)? {
        Node::EnumerateCollection {
            collection,
            out,
            hint,
            filters,
            join: None,
            projections: Some(projections),
        } if !hint.disable && filters.is_empty() && !projections.is_empty() => {
            if !ends_in_set(plan, block, at) {
                return None;
            }
            let info = catalog.find_collection(plan.collection_name(*collection))?;
            let mut candidates = info.indexes().filter(|index| {
                matches!(index.kind(), IndexKind::Persistent | IndexKind::Edge)
                    && index.is_covering()
                    && !index.is_sparse()
            });
            let index = candidates.find(|index| {
                fields_read(index, projections).is_some_and(|fields| fields == projections.len())
            })?;
            Some(IndexScan {
                projections: Some(projections.clone()),
                covering: true,
                distinct: projections.len(),
                ..IndexScan::whole(*collection, *out, Arc::clone(index))
            })
        }
        Node::Index(scan)
            if scan.covering
                && scan.any.is_none()
                && scan.filters.is_empty()
                && scan.distinct == 0 =>
        {
            let fields = fields_read(&scan.index, scan.projections.as_deref()?)?;
            let fields = fields.max(scan.equal.len() + 1);
            let useful = fields <= scan.index.fields().len() && !scan.index.is_unique();
            (useful && ends_in_set(plan, block, at)).then(|| IndexScan {
                distinct: fields,
                ..(**scan).clone()
            })
        }
        _ => None,
    }
}

/// How many of the first fields of an index hold all projections; `None` if others are needed.
fn fields_read(index: &database::Index, projections: &[Projection]) -> Option<usize> {
    let mut fields = 0;
    for projection in projections {
        match covered_by(index, &projection.names)? {
            Covered::Value(at, _) if at < index.fields().len() => fields = fields.max(at + 1),
            _ => return None,
        }
    }
    Some(fields)
}

/// Whether the rows of a loop are only looked at for which there are.
fn ends_in_set(plan: &Plan, block: &Block, at: usize) -> bool {
    let is_pure = |expr| plan.is_pure(expr) && !plan.has_subquery(expr);
    for node in block.nodes.iter().skip(at + 1) {
        match node {
            Node::Filter(condition) if is_pure(condition) => {}
            Node::Calculate { value, .. } if is_pure(value) => {}
            Node::Distinct(_) => return true,
            Node::Collect(collect) => return ignores_repetitions(plan, collect),
            _ => return false,
        }
    }
    false
}

fn ignores_repetitions(plan: &Plan, collect: &Collect) -> bool {
    let groups = collect.groups.iter().all(|(_, value)| plan.is_pure(value));
    let aggregates = collect.aggregates.iter().all(|(_, kind, argument)| {
        let once = matches!(
            kind,
            Aggregate::Min
                | Aggregate::Max
                | Aggregate::SortedUnique
                | Aggregate::CountDistinct
                | Aggregate::BitAnd
                | Aggregate::BitOr
        );
        once && argument
            .as_ref()
            .is_none_or(|argument| plan.is_pure(argument))
    });
    collect.into.is_none() && groups && aggregates
}
