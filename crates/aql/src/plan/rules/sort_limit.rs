//! `sort-limit`: a sort whose first rows alone are wanted keeps no others.

use value::Value;

use crate::error::Result;
use crate::plan::{BinaryOp, Catalog, Expr, Node, Plan};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |_, block| {
        for at in 1..block.nodes.len() {
            let Some(Node::Limit {
                offset,
                count: Some(count),
                ..
            }) = block.nodes.get(at)
            else {
                continue;
            };
            let wanted = match offset {
                Some(Expr::Const(Value::Int(0))) | None => count.clone(),
                Some(offset) => {
                    Expr::Binary(BinaryOp::Add, Box::new((offset.clone(), count.clone())))
                }
            };
            // Values for each row may be computed between the two.
            let sort = block.nodes.iter_mut().take(at).rev();
            let mut sort = sort.skip_while(|node| matches!(node, Node::Calculate { .. }));
            if let Some(Node::Sort { limit, .. }) = sort.next()
                && limit.is_none()
            {
                *limit = Some(wanted);
                changed = true;
            }
        }
    });
    Ok(changed)
}
