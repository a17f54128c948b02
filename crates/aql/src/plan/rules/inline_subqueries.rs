//! `inline-subqueries`: `FOR x IN (FOR y IN c FILTER .. RETURN y.a)` is one block of loops.

use crate::error::Result;
use crate::plan::{Block, Catalog, Expr, Node, Plan, SubqueryUse};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        while let Some(at) = block.nodes.iter().position(|node| is_inlinable(plan, node)) {
            inline(plan, block, at);
            changed = true;
        }
    });
    Ok(changed)
}

/// Loops and filters give the same rows within the outer block; whatever looks at all rows of
/// the subquery does not.
fn is_inlinable(plan: &Plan, node: &Node) -> bool {
    let Node::EnumerateList {
        list: Expr::Subquery(id, SubqueryUse::Rows),
        ..
    } = node
    else {
        return false;
    };
    let inner = plan.subquery(*id);
    let is_simple = |node: &Node| {
        matches!(
            node,
            Node::EnumerateCollection { .. }
                | Node::EnumerateList { .. }
                | Node::Filter(_)
                | Node::Calculate { .. }
        )
    };
    inner.value.is_some() && inner.nodes.iter().all(is_simple)
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
