//! `remove-unnecessary-filters`: a constant condition keeps all rows or none.

use value::Value;

use crate::error::Result;
use crate::plan::{Catalog, Expr, Node, Plan};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |_, block| {
        let mut writes = false;
        block.nodes.retain_mut(|node| {
            writes |= matches!(node, Node::Modify(_) | Node::Upsert(_));
            let Node::Filter(Expr::Const(value)) = node else {
                return true;
            };
            let keeps = Value::to_bool(value);
            if keeps {
                changed = true;
            } else if !writes {
                // What stands before is not even asked for rows.
                *node = Node::NoResults;
                changed = true;
            }
            !keeps
        });
    });
    Ok(changed)
}
