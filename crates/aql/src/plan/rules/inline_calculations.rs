//! `inline-calculations`: a variable that only names an attribute, another variable or a
//! constant is replaced by it, so that other rules see through it.

use std::collections::HashMap;

use crate::error::Result;
use crate::plan::{Catalog, Expr, Node, Plan, VarId};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut meanings: HashMap<VarId, Expr> = HashMap::new();
    let blocks = std::iter::once(&plan.root).chain(&plan.subqueries);
    for node in blocks.flat_map(|block| &block.nodes) {
        if let Node::Calculate { out, value } = node
            && matches!(
                value,
                Expr::Var(_) | Expr::Path(..) | Expr::Const(_) | Expr::Bind(_)
            )
        {
            meanings.insert(*out, value.clone());
        }
    }
    let blocks = std::iter::once(&plan.root).chain(&plan.subqueries);
    for node in blocks.flat_map(|block| &block.nodes) {
        // A distinct row is told by its variable.
        if let Node::Distinct(var) = node {
            meanings.remove(var);
        }
    }
    if meanings.is_empty() {
        return Ok(false);
    }
    let mut changed = false;
    super::for_each_block(plan, |_, block| {
        for node in &mut block.nodes {
            node.for_each_expr_mut(&mut |expr| changed |= substitute(expr, &meanings));
        }
        let value = block.value.iter_mut();
        value.for_each(|expr| changed |= substitute(expr, &meanings));
    });
    Ok(changed)
}

fn substitute(expr: &mut Expr, meanings: &HashMap<VarId, Expr>) -> bool {
    let mut changed = false;
    while let Some((var, names)) = expr.as_path()
        && let Some(meaning) = meanings.get(&var)
    {
        let names = names.to_vec();
        *expr = names.into_iter().fold(meaning.clone(), Expr::attribute);
        changed = true;
    }
    expr.for_each_child_mut(&mut |child| changed |= substitute(child, meanings));
    changed
}
