//! `optimize-subqueries`: of a subquery whose first row or number of rows alone is wanted no
//! array is made, and of one that is only asked whether it has rows no more than one is made.

use value::Value;

use crate::error::Result;
use crate::plan::{BinaryOp, Block, Catalog, Expr, Node, Plan, SubqueryId, SubqueryUse, UnaryOp};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    let mut asked = Vec::new();
    super::for_each_block(plan, |plan, block| {
        for node in &mut block.nodes {
            node.for_each_expr_mut(&mut |expr| changed |= replace(plan, expr));
        }
        let value = block.value.iter_mut();
        value.for_each(|expr| changed |= replace(plan, expr));
        add_asked(block, &mut asked);
    });
    for id in asked {
        changed |= limit_to_one(plan, id);
    }
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

/// The subqueries of a block that are counted only to tell whether there are rows.
fn add_asked(block: &Block, asked: &mut Vec<SubqueryId>) {
    for node in &block.nodes {
        if let Node::Filter(condition) = node {
            add_conditions(condition, asked);
        }
        node.for_each_expr(&mut |expr| add_comparisons(expr, asked));
    }
    block
        .value
        .iter()
        .for_each(|expr| add_comparisons(expr, asked));
}

/// Counts that stand where only their truth matters.
fn add_conditions(condition: &Expr, asked: &mut Vec<SubqueryId>) {
    match condition {
        Expr::Subquery(id, SubqueryUse::Count) => asked.push(*id),
        Expr::And(items) | Expr::Or(items) => {
            items.iter().for_each(|item| add_conditions(item, asked));
        }
        Expr::Unary(UnaryOp::Not, operand) => add_conditions(operand, asked),
        _ => {}
    }
}

/// Counts that are compared with a number so that more than one row makes no difference.
fn add_comparisons(expr: &Expr, asked: &mut Vec<SubqueryId>) {
    if let Expr::Binary(op, pair) = expr {
        let (count, op, number) = match &**pair {
            (count, Expr::Const(Value::Int(number))) => (count, *op, *number),
            (Expr::Const(Value::Int(number)), count) => (count, mirrored(*op), *number),
            (left, _) => (left, BinaryOp::Add, 0),
        };
        let tells_rows = matches!(
            (op, number),
            (
                BinaryOp::Greater | BinaryOp::NotEqual | BinaryOp::Equal | BinaryOp::LessEqual,
                0
            ) | (BinaryOp::GreaterEqual | BinaryOp::Less, 1)
        );
        if let (true, Expr::Subquery(id, SubqueryUse::Count)) = (tells_rows, count) {
            asked.push(*id);
        }
    }
    expr.for_each_child(&mut |child| add_comparisons(child, asked));
}

fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        other => other,
    }
}

/// Ends a subquery after its first row. Only one that has a single user, who asked for that.
fn limit_to_one(plan: &mut Plan, id: SubqueryId) -> bool {
    let mut users = 0;
    let mut count = |expr: &Expr| users += uses(expr, id);
    for block in plan.subqueries.iter().chain([&plan.root]) {
        for node in &block.nodes {
            node.for_each_expr(&mut count);
        }
        block.value.iter().for_each(&mut count);
    }
    let Some(block) = plan.subqueries.get_mut(id.0).filter(|_| users == 1) else {
        return false;
    };
    block.nodes.push(Node::Limit {
        offset: None,
        count: Some(Expr::Const(Value::Int(1))),
        full_count: false,
    });
    true
}

fn uses(expr: &Expr, id: SubqueryId) -> usize {
    let mut found = usize::from(matches!(expr, Expr::Subquery(other, _) if *other == id));
    expr.for_each_child(&mut |child| found += uses(child, id));
    found
}
