//! `optimize-subqueries`: of a subquery whose first row or number of rows alone is wanted no
//! array is made.

use value::Value;

use crate::error::Result;
use crate::plan::{Catalog, Expr, Plan, SubqueryUse};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        for node in &mut block.nodes {
            node.for_each_expr_mut(&mut |expr| changed |= replace(plan, expr));
        }
        block
            .value
            .iter_mut()
            .for_each(|expr| changed |= replace(plan, expr));
    });
    Ok(changed)
}

fn replace(plan: &Plan, expr: &mut Expr) -> bool {
    let replaced = match expr {
        Expr::Call(function, arguments) => match (function.name, arguments.as_slice()) {
            ("FIRST", [Expr::Subquery(id, SubqueryUse::Rows)]) => Some((*id, SubqueryUse::First)),
            ("LENGTH", [Expr::Subquery(id, SubqueryUse::Rows)]) => Some((*id, SubqueryUse::Count)),
            _ => None,
        },
        Expr::Index(pair) => match &**pair {
            (Expr::Subquery(id, SubqueryUse::Rows), Expr::Const(Value::Int(0))) => {
                Some((*id, SubqueryUse::First))
            }
            _ => None,
        },
        _ => None,
    };
    // What a subquery changes must not depend on how many of its rows are wanted, and what it
    // returns is not looked at for a count only if looking has no effect.
    let pure = |(id, _): &(_, _)| plan.is_pure(&Expr::Subquery(*id, SubqueryUse::Rows));
    if let Some((id, wanted)) = replaced.filter(pure) {
        *expr = Expr::Subquery(id, wanted);
        return true;
    }
    let mut changed = false;
    expr.for_each_child_mut(&mut |child| changed |= replace(plan, child));
    changed
}
