//! `move-filters-into-enumerate`: a condition right behind a loop over documents is checked by
//! the loop itself, before it makes a row.
//!
//! The loop checks the conditions in the order in which they stood, each on the same row that the
//! filter would have seen, so the same rows pass. Conditions with subqueries stay: running them
//! between two documents of a page gains nothing. What is not pure stays because the loop may
//! look at more documents than are asked of it.

use crate::error::Result;
use crate::plan::{Catalog, Node, Plan};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        let mut at = 0;
        while at + 1 < block.nodes.len() {
            let movable = match block.nodes.get(at + 1) {
                Some(Node::Filter(condition)) => {
                    plan.is_pure(condition) && !plan.has_subquery(condition)
                }
                _ => false,
            };
            let is_loop = match block.nodes.get(at) {
                // What a join left behind needs the outer row.
                Some(Node::EnumerateCollection { join, .. }) => join.is_none(),
                Some(node) => node.document().is_some(),
                None => false,
            };
            if !movable || !is_loop {
                at += 1;
                continue;
            }
            if let Node::Filter(condition) = block.nodes.remove(at + 1)
                && let Some(filters) = block.nodes.get_mut(at).and_then(Node::filters_mut)
            {
                filters.push(condition);
                changed = true;
            }
        }
    });
    Ok(changed)
}
