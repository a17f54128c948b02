//! `replace-or-with-in`: `d.a == 1 || d.a == 2` is `d.a IN [1, 2]`, which an index can serve.

use crate::error::Result;
use crate::plan::{BinaryOp, Catalog, Expr, Node, Plan};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |plan, block| {
        for node in &mut block.nodes {
            if let Node::Filter(condition) = node
                && let Some(replaced) = replace(plan, condition)
            {
                *condition = replaced;
                changed = true;
            }
        }
    });
    Ok(changed)
}

fn replace(plan: &Plan, condition: &Expr) -> Option<Expr> {
    let Expr::Or(items) = condition else {
        return None;
    };
    let mut path: Option<Expr> = None;
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let Expr::Binary(BinaryOp::Equal, pair) = item else {
            return None;
        };
        let (left, right) = match (&pair.0, &pair.1) {
            (left @ Expr::Path(..), right) if !matches!(right, Expr::Path(..)) => (left, right),
            (left, right @ Expr::Path(..)) if !matches!(left, Expr::Path(..)) => (right, left),
            _ => return None,
        };
        let same = path
            .as_ref()
            .is_none_or(|path| path.as_path() == left.as_path());
        if !same || !plan.is_pure(right) || plan.has_subquery(right) {
            return None;
        }
        path.get_or_insert_with(|| left.clone());
        values.push(right.clone());
    }
    let pair = (path?, Expr::Array(values));
    Some(Expr::Binary(BinaryOp::In, Box::new(pair)))
}
