//! `remove-redundant-sorts`: of several sorts in a row the last one decides.

use crate::error::Result;
use crate::plan::{Catalog, Node, Plan};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        let mut sorted_later = false;
        for at in (0..block.nodes.len()).rev() {
            match block.nodes.get(at) {
                Some(Node::Sort { .. }) if sorted_later => {
                    block.nodes.remove(at);
                    changed = true;
                }
                Some(Node::Sort { .. }) => sorted_later = true,
                Some(Node::Filter(expr)) if plan.is_pure(expr) => {}
                Some(Node::Calculate { value, .. }) if plan.is_pure(value) => {}
                _ => sorted_later = false,
            }
        }
    });
    Ok(changed)
}
