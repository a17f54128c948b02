//! `move-filters-up`: a condition is checked as soon as what it reads is known.

use crate::error::Result;
use crate::plan::{Catalog, Node, Plan};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        for at in 0..block.nodes.len() {
            let Some(Node::Filter(condition)) = block.nodes.get(at) else {
                continue;
            };
            if !plan.is_pure(condition) {
                continue;
            }
            let reads = plan.reads(condition);
            let before = block.nodes.iter().take(at).rev();
            let passable =
                before.take_while(|node| can_pass(node) && !node.sets().intersects(&reads));
            // Filters keep their order: one may guard the next.
            let mut steps = 0;
            let mut useful = 0;
            for node in passable {
                steps += 1;
                if !matches!(node, Node::Filter(_)) {
                    useful = steps;
                }
            }
            if useful > 0
                && let Some(slice) = block.nodes.get_mut(at - useful..=at)
            {
                slice.rotate_right(1);
                changed = true;
            }
        }
    });
    Ok(changed)
}

/// Whether a filter behind the step may as well stand before it.
fn can_pass(node: &Node) -> bool {
    matches!(
        node,
        Node::EnumerateCollection { .. }
            | Node::EnumerateList { .. }
            | Node::Index(_)
            | Node::IndexUnion(_)
            | Node::Filter(_)
            | Node::Calculate { .. }
            | Node::Sort { limit: None, .. }
    )
}
