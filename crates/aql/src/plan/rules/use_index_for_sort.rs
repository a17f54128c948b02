//! `use-index-for-sort`: rows that an index gives in the wanted order are not sorted.

use std::sync::Arc;

use database::{Index, IndexKind};
use value::AttributePath;

use super::use_indexes::field_names;
use crate::error::Result;
use crate::plan::{Block, Catalog, CollectionId, Expr, IndexScan, Node, Plan, VarId};

pub(super) fn apply(plan: &mut Plan, catalog: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| changed |= improve(plan, block, catalog));
    Ok(changed)
}

fn improve(plan: &Plan, block: &mut Block, catalog: &dyn Catalog) -> bool {
    let is_loop = |node: &Node| {
        matches!(
            node,
            Node::EnumerateCollection { .. }
                | Node::EnumerateList { .. }
                | Node::Index(_)
                | Node::IndexUnion(_)
        )
    };
    // With a loop around it, an index gives the order once for each outer row.
    let Some(first) = block.nodes.iter().position(is_loop) else {
        return false;
    };
    let mut behind = block.nodes.iter().enumerate().skip(first + 1);
    let sort = behind.find(|(_, node)| !matches!(node, Node::Filter(_) | Node::Calculate { .. }));
    let Some((sort, Node::Sort { keys, .. })) = sort else {
        return false;
    };
    let limited = matches!(block.nodes.get(sort + 1), Some(Node::Limit { .. }));
    let replacement = match block.nodes.get(first) {
        Some(Node::Index(scan)) => serves_scan(scan, keys),
        Some(Node::EnumerateCollection {
            collection,
            out,
            hint,
            ..
        }) if !hint.disable => serves_collection(plan, *collection, *out, keys, limited, catalog),
        _ => None,
    };
    let Some(replacement) = replacement else {
        return false;
    };
    block.nodes.remove(sort);
    if let (Some(node), Some(scan)) = (block.nodes.get_mut(first), replacement) {
        *node = Node::Index(Box::new(scan));
    }
    true
}

/// The names and the common direction of keys that are attributes of `out`.
fn key_paths(keys: &[(Expr, bool)], out: VarId) -> Option<(Vec<Vec<Arc<str>>>, bool)> {
    let descending = keys.first()?.1;
    let mut paths = Vec::with_capacity(keys.len());
    for (key, direction) in keys {
        match key.as_path()? {
            (var, names) if var == out && !names.is_empty() && *direction == descending => {
                paths.push(names.to_vec());
            }
            _ => return None,
        }
    }
    Some((paths, descending))
}

fn names_of(field: &AttributePath) -> Option<Vec<Arc<str>>> {
    field_names(field.steps())
        .filter(|(_, expands)| !expands)
        .map(|(names, _)| names)
}

/// Whether the fields, after the first ones that have one value each, give the order.
fn fields_serve(index: &Index, fixed: usize, paths: &[Vec<Arc<str>>]) -> bool {
    let fields: Option<Vec<_>> = index.fields().iter().map(names_of).collect();
    let Some(fields) = fields else {
        return false;
    };
    let mut rest = fields.iter().skip(fixed);
    paths.iter().all(|path| {
        fields.iter().take(fixed).any(|field| field == path)
            || rest.next().is_some_and(|field| field == path)
    })
}

fn serves_scan(scan: &IndexScan, keys: &[(Expr, bool)]) -> Option<Option<IndexScan>> {
    let (paths, descending) = key_paths(keys, scan.out)?;
    if scan.any.is_some() || scan.index.is_sparse() || scan.by_id {
        return None;
    }
    fields_serve(&scan.index, scan.equal.len(), &paths).then(|| {
        Some(IndexScan {
            descending,
            ..scan.clone()
        })
    })
}

fn serves_collection(
    plan: &Plan,
    collection: CollectionId,
    out: VarId,
    keys: &[(Expr, bool)],
    limited: bool,
    catalog: &dyn Catalog,
) -> Option<Option<IndexScan>> {
    let (paths, descending) = key_paths(keys, out)?;
    let info = catalog.find_collection(plan.collection_name(collection))?;
    if fields_serve(info.primary_index(), 0, &paths) && !descending {
        // A collection is read in the order of its keys anyway.
        return Some(None);
    }
    // Fetching every document by an index costs more than sorting them.
    if !limited {
        return None;
    }
    let mut indexes = info.indexes();
    let index = indexes.find(|index| {
        let sorted = matches!(index.kind(), IndexKind::Primary | IndexKind::Persistent);
        sorted && !index.is_sparse() && fields_serve(index, 0, &paths)
    })?;
    Some(Some(IndexScan {
        descending,
        ..IndexScan::whole(collection, out, Arc::clone(index))
    }))
}
