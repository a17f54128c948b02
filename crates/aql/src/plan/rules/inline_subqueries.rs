//! `inline-subqueries`: `FOR x IN (FOR y IN c FILTER .. RETURN y.a)` is one block of loops.

use crate::error::Result;
use crate::plan::{Block, Catalog, Expr, Node, Plan, SubqueryUse};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        while let Some(at) = (0..block.nodes.len()).find(|at| is_inlinable(plan, block, *at)) {
            inline(plan, block, at);
            changed = true;
        }
    });
    Ok(changed)
}

/// Loops and filters give the same rows within the outer block. Whatever looks at all rows of the
/// subquery does so only if there is one row before it.
fn is_inlinable(plan: &Plan, block: &Block, at: usize) -> bool {
    let Some(Node::EnumerateList {
        list: Expr::Subquery(id, SubqueryUse::Rows),
        ..
    }) = block.nodes.get(at)
    else {
        return false;
    };
    let inner = plan.subquery(*id);
    let before = block.nodes.iter().take(at);
    let is_one_row = before
        .clone()
        .all(|node| matches!(node, Node::Calculate { .. }));
    let mut behind = block.nodes.iter().skip(at + 1);
    // `fullCount` counts at the last limit of the query, not at one of a subquery.
    let has_limit = behind.any(|node| matches!(node, Node::Limit { .. }));
    let fits = |(place, node): (usize, &Node)| match node {
        Node::EnumerateCollection { .. }
        | Node::EnumerateList { .. }
        | Node::Filter(_)
        | Node::Calculate { .. } => true,
        Node::Limit { .. } => is_one_row && has_limit,
        Node::Distinct(_) => is_one_row,
        // One that nothing limits would give way to a later one, which it orders equal rows for.
        Node::Sort { .. } => {
            let next = inner.nodes.get(place + 1);
            is_one_row && has_limit && matches!(next, Some(Node::Limit { .. }))
        }
        // Only what it makes itself is there afterwards.
        Node::Collect(_) => at == 0,
        _ => false,
    };
    inner.value.is_some() && inner.nodes.iter().enumerate().all(fits)
}

fn inline(plan: &mut Plan, block: &mut Block, at: usize) {
    let Node::EnumerateList {
        list: Expr::Subquery(id, _),
        out,
    } = block.nodes.remove(at)
    else {
        return;
    };
    let inner = plan
        .subqueries
        .get_mut(id.0)
        .map(std::mem::take)
        .unwrap_or_default();
    let value = inner.value.unwrap_or(Expr::Const(value::Value::Null));
    let spliced = inner
        .nodes
        .into_iter()
        .chain([Node::Calculate { out, value }]);
    block.nodes.splice(at..at, spliced);
}
