//! `simplify-conditions`: parts of expressions whose value is known without any row are replaced
//! by it: comparisons and sums of constants, `false && x`, `true ? a : b`, `{a: x}.a`, `[x][0]`.
//!
//! Nothing is left out that would have been evaluated and could have warned.

use std::sync::Arc;

use value::Value;

use crate::error::Result;
use crate::functions::numbers;
use crate::plan::{BinaryOp, Catalog, Expr, Key, Plan, UnaryOp};

pub(super) fn apply(plan: &mut Plan, _: &dyn Catalog) -> Result<bool> {
    let mut changed = false;
    super::for_each_block(plan, |_, block| {
        for node in &mut block.nodes {
            node.for_each_expr_mut(&mut |expr| changed |= simplify(expr));
        }
        let value = block.value.iter_mut();
        value.for_each(|expr| changed |= simplify(expr));
    });
    Ok(changed)
}

fn simplify(expr: &mut Expr) -> bool {
    let mut changed = false;
    expr.for_each_child_mut(&mut |child| changed |= simplify(child));
    while let Some(simpler) = simpler(expr) {
        *expr = simpler;
        changed = true;
    }
    changed
}

/// A simpler expression with the same value; `None` if there is none.
fn simpler(expr: &mut Expr) -> Option<Expr> {
    match expr {
        Expr::Unary(UnaryOp::Not, operand) => match &**operand {
            Expr::Const(value) => Some(Expr::Const(Value::Bool(!value.to_bool()))),
            _ => None,
        },
        Expr::Binary(op, pair) => match &**pair {
            (Expr::Const(left), Expr::Const(right)) => computed(*op, left, right).map(Expr::Const),
            _ => None,
        },
        Expr::And(items) => shorter(items, false),
        Expr::Or(items) => shorter(items, true),
        Expr::Ternary(parts) => {
            let Expr::Const(condition) = &parts.0 else {
                return None;
            };
            let holds = condition.to_bool();
            let (condition, then, otherwise) = (parts.0.clone(), parts.1.clone(), &parts.2);
            Some(match holds {
                true => then.unwrap_or(condition),
                false => otherwise.clone(),
            })
        }
        Expr::Attribute(base, name) => attribute(base, name),
        Expr::Index(pair) => match &**pair {
            (Expr::Array(items), Expr::Const(Value::Int(at))) => {
                let at = usize::try_from(*at).ok()?;
                let others = items.iter().enumerate().filter(|(other, _)| *other != at);
                let mut others = others.map(|(_, other)| other);
                others.all(is_plain).then(|| items.get(at).cloned())?
            }
            _ => None,
        },
        _ => None,
    }
}

/// What an operator gives for constants, unless it warns.
fn computed(op: BinaryOp, left: &Value, right: &Value) -> Option<Value> {
    let outcome = match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Less => left < right,
        BinaryOp::LessEqual => left <= right,
        BinaryOp::Greater => left > right,
        BinaryOp::GreaterEqual => left >= right,
        BinaryOp::Add => return numbers::add(left, right),
        BinaryOp::Subtract => return numbers::subtract(left, right),
        BinaryOp::Multiply => return numbers::multiply(left, right),
        _ => return None,
    };
    Some(Value::Bool(outcome))
}

/// `a && b && c` or, with `ends` true, `a || b || c`: what follows a constant that decides is
/// never looked at, and one that does not decide matters only in the last place.
fn shorter(items: &mut Vec<Expr>, ends: bool) -> Option<Expr> {
    let before = items.len();
    let decides = |item: &Expr| matches!(item, Expr::Const(value) if value.to_bool() == ends);
    if let Some(at) = items.iter().position(decides) {
        items.truncate(at + 1);
    }
    let last = items.len().saturating_sub(1);
    let mut at = 0;
    items.retain(|item| {
        at += 1;
        let passes = matches!(item, Expr::Const(value) if value.to_bool() != ends);
        !passes || at > last
    });
    if items.len() == before {
        return None;
    }
    match items.as_mut_slice() {
        [only] => Some(only.clone()),
        _ => Some(match ends {
            true => Expr::Or(std::mem::take(items)),
            false => Expr::And(std::mem::take(items)),
        }),
    }
}

/// The value of an attribute of an object that is written down.
fn attribute(base: &Expr, name: &Arc<str>) -> Option<Expr> {
    let Expr::Object(properties) = base else {
        return None;
    };
    let mut found = None;
    for (key, value) in properties {
        match key {
            Key::Name(key) if key == name && found.is_none() => found = Some(value),
            Key::Name(key) if key != name && is_plain(value) => {}
            // Computed names, names that occur twice, and values that must be evaluated.
            _ => return None,
        }
    }
    Some(found.cloned().unwrap_or(Expr::Const(Value::Null)))
}

/// Whether evaluating it can have no effect, not even a warning.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Const(_) | Expr::Bind(_) | Expr::Var(_) | Expr::Path(..) | Expr::Local(_) => true,
        Expr::Array(items) => items.iter().all(is_plain),
        _ => false,
    }
}
