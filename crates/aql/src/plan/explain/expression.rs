//! Expressions as clients see them: type, number of the type, operands.

use value::{Object, Value};

use crate::plan::{BinaryOp, Expr, Key, Plan, UnaryOp};

/// The public form of an expression.
pub(super) fn expression(plan: &Plan, expr: &Expr) -> Value {
    let mut object = Object::new();
    let (kind, number) = kind(expr);
    object.insert("type", kind);
    object.insert("typeID", number);
    match expr {
        Expr::Const(value) => {
            object.insert("value", value.clone());
            object.insert("vTypeID", value_type(value));
        }
        Expr::Bind(at) => {
            object.insert("name", plan.binds.get(*at).map_or("", |name| name));
        }
        Expr::Var(var) => {
            object.insert(
                "name",
                plan.variables.get(var.index()).map_or("", |name| name),
            );
            object.insert("id", u64::from(var.0));
        }
        Expr::Path(var, names) => {
            let Some((last, before)) = names.split_last() else {
                return expression(plan, &Expr::Var(*var));
            };
            let base = if before.is_empty() {
                Expr::Var(*var)
            } else {
                Expr::Path(*var, before.into())
            };
            object.insert("name", &**last);
            object.insert("subNodes", vec![expression(plan, &base)]);
            return Value::object(object);
        }
        Expr::Attribute(_, name) => {
            object.insert("name", &**name);
        }
        Expr::Call(function, _) => {
            object.insert("name", function.name);
        }
        Expr::UserCall(at, _) => {
            let name = plan.user_functions.get(*at).map_or("", |name| name);
            object.insert("name", name);
        }
        Expr::Once(_, inner) => return expression(plan, inner),
        Expr::Object(properties) => {
            let element = |(key, value): &(Key, Expr)| {
                let mut element = Object::new();
                element.insert("type", "object element");
                element.insert("typeID", 43);
                if let Key::Name(name) = key {
                    element.insert("name", &**name);
                }
                element.insert("subNodes", vec![expression(plan, value)]);
                Value::object(element)
            };
            object.insert(
                "subNodes",
                properties.iter().map(element).collect::<Vec<_>>(),
            );
            return Value::object(object);
        }
        _ => {}
    }
    let mut operands = Vec::new();
    expr.for_each_child(&mut |child| operands.push(expression(plan, child)));
    if !operands.is_empty() {
        object.insert("subNodes", operands);
    }
    Value::object(object)
}

fn value_type(value: &Value) -> i64 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Int(_) => 2,
        Value::Double(_) => 3,
        _ => 4,
    }
}

fn kind(expr: &Expr) -> (&'static str, i64) {
    match expr {
        Expr::Const(_) => ("value", 40),
        Expr::Bind(_) => ("parameter", 50),
        Expr::Var(_) | Expr::Local(_) | Expr::Subquery(..) => ("reference", 45),
        Expr::Path(..) | Expr::Attribute(..) => ("attribute access", 35),
        Expr::Index(_) => ("indexed access", 37),
        Expr::Array(_) => ("array", 41),
        Expr::Object(_) => ("object", 42),
        Expr::Unary(UnaryOp::Not, _) => ("unary not", 19),
        Expr::Unary(UnaryOp::Minus, _) => ("unary minus", 18),
        Expr::Unary(UnaryOp::Plus, _) => ("unary plus", 17),
        Expr::Binary(op, _) => binary(*op),
        Expr::And(_) => ("n-ary and", 62),
        Expr::Or(_) => ("n-ary or", 63),
        Expr::Ternary(_) => ("ternary", 34),
        Expr::Range(_) => ("range", 49),
        Expr::Call(..) => ("function call", 47),
        Expr::UserCall(..) => ("user function call", 48),
        Expr::ArrayCompare(_) => ("array compare", 81),
        Expr::Expand(_) => ("expansion", 38),
        Expr::Question(_) => ("array filter", 82),
        Expr::Once(..) => ("value", 40),
    }
}

fn binary(op: BinaryOp) -> (&'static str, i64) {
    match op {
        BinaryOp::Add => ("plus", 20),
        BinaryOp::Subtract => ("minus", 21),
        BinaryOp::Multiply => ("times", 22),
        BinaryOp::Divide => ("division", 23),
        BinaryOp::Modulo => ("modulus", 24),
        BinaryOp::Equal => ("compare ==", 25),
        BinaryOp::NotEqual => ("compare !=", 26),
        BinaryOp::Less => ("compare <", 27),
        BinaryOp::LessEqual => ("compare <=", 28),
        BinaryOp::Greater => ("compare >", 29),
        BinaryOp::GreaterEqual => ("compare >=", 30),
        BinaryOp::In => ("compare in", 31),
        BinaryOp::NotIn => ("compare not in", 32),
        BinaryOp::Like | BinaryOp::NotLike | BinaryOp::Match | BinaryOp::NotMatch => {
            ("function call", 47)
        }
    }
}
