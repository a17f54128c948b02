//! Evaluating expressions over a row.

use std::sync::Arc;

use error_codes::codes;
use value::{Object, Value};

use super::operators::{as_index, binary, compare_each, in_range, matches_quantifier};
use super::row::{Batch, Slot, value_size};
use super::state::Exec;
use super::stored;
use crate::error::{Error, Result};
use crate::plan::{
    ArrayCompare, BinaryOp, Expand, Expr, Key, Question, SubqueryId, SubqueryUse, UnaryOp,
};

/// The value of an expression.
pub(crate) fn eval(expr: &Expr, row: &[Slot], exec: &mut Exec<'_>) -> Result<Value> {
    match expr {
        Expr::Const(value) => Ok(value.clone()),
        Expr::Bind(at) => Ok(exec.state.binds.get(*at).cloned().unwrap_or_default()),
        Expr::Var(var) => row.get(var.index()).map_or(Ok(Value::Null), Slot::to_value),
        Expr::Path(var, names) => Ok(row
            .get(var.index())
            .map_or(Value::Null, |slot| slot.path(names))),
        Expr::Local(at) => Ok(exec.state.locals.get(*at).cloned().unwrap_or_default()),
        Expr::Attribute(base, name) => Ok(eval(base, row, exec)?.get(name).clone()),
        Expr::Index(pair) => {
            let base = eval(&pair.0, row, exec)?;
            Ok(index(&base, &eval(&pair.1, row, exec)?))
        }
        Expr::Array(items) => Ok(Value::array(eval_all(items, row, exec)?)),
        Expr::Object(properties) => eval_object(properties, row, exec),
        Expr::Unary(op, operand) => {
            let operand = eval(operand, row, exec)?;
            unary(*op, &operand, exec)
        }
        Expr::Binary(op, pair) => eval_binary(*op, &pair.0, &pair.1, row, exec),
        Expr::And(items) => eval_logical(items, true, row, exec),
        Expr::Or(items) => eval_logical(items, false, row, exec),
        Expr::Ternary(parts) => {
            let condition = eval(&parts.0, row, exec)?;
            match (condition.to_bool(), &parts.1) {
                (true, Some(yes)) => eval(yes, row, exec),
                (true, None) => Ok(condition),
                (false, _) => eval(&parts.2, row, exec),
            }
        }
        Expr::Range(pair) => {
            let low = eval(&pair.0, row, exec)?;
            let high = eval(&pair.1, row, exec)?;
            range_array(&low, &high, exec)
        }
        Expr::Call(function, arguments) => {
            let arguments = eval_all(arguments, row, exec)?;
            exec.call(function, &arguments)
        }
        Expr::UserCall(at, arguments) => {
            let arguments = eval_all(arguments, row, exec)?;
            exec.call_user(*at, &arguments)
        }
        Expr::ArrayCompare(compare) => array_compare(compare, row, exec),
        Expr::Expand(expand) => eval_expand(expand, row, exec),
        Expr::Question(question) => eval_question(question, row, exec),
        Expr::Subquery(id, wanted) => eval_subquery(*id, *wanted, row, exec),
        Expr::Once(at, inner) => {
            if let Some(Some(value)) = exec.state.once.get(*at) {
                return Ok(value.clone());
            }
            let value = eval(inner, row, exec)?;
            if let Some(place) = exec.state.once.get_mut(*at) {
                *place = Some(value.clone());
            }
            Ok(value)
        }
    }
}

/// Whether a condition holds.
pub(crate) fn eval_bool(expr: &Expr, row: &[Slot], exec: &mut Exec<'_>) -> Result<bool> {
    Ok(eval(expr, row, exec)?.to_bool())
}

/// The value of an expression as a slot, so that documents need not be read.
pub(crate) fn eval_slot(expr: &Expr, row: &[Slot], exec: &mut Exec<'_>) -> Result<Slot> {
    match expr {
        Expr::Var(var) => Ok(row.get(var.index()).cloned().unwrap_or_default()),
        Expr::Path(var, names) => {
            let slot = row.get(var.index());
            let text = slot.and_then(|slot| slot.stored_json(names));
            match text {
                Some(text) => Ok(Slot::of_json(text)),
                None => eval(expr, row, exec).map(Slot::Value),
            }
        }
        other => eval(other, row, exec).map(Slot::Value),
    }
}

fn eval_all(items: &[Expr], row: &[Slot], exec: &mut Exec<'_>) -> Result<Vec<Value>> {
    items.iter().map(|item| eval(item, row, exec)).collect()
}

fn eval_object(properties: &[(Key, Expr)], row: &[Slot], exec: &mut Exec<'_>) -> Result<Value> {
    let mut object = Object::with_capacity(properties.len());
    for (key, value) in properties {
        let name = eval_key(key, row, exec)?;
        object.insert(name, eval(value, row, exec)?);
    }
    Ok(Value::object(object))
}

pub(crate) fn eval_key(key: &Key, row: &[Slot], exec: &mut Exec<'_>) -> Result<Arc<str>> {
    match key {
        Key::Name(name) => Ok(name.clone()),
        Key::Computed(expr) => Ok(eval(expr, row, exec)?.to_text()),
    }
}

fn eval_logical(items: &[Expr], and: bool, row: &[Slot], exec: &mut Exec<'_>) -> Result<Value> {
    let mut last = Value::Null;
    for item in items {
        last = eval(item, row, exec)?;
        if last.to_bool() != and {
            break;
        }
    }
    Ok(last)
}

fn eval_binary(
    op: BinaryOp,
    left: &Expr,
    right: &Expr,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Value> {
    if let Some(holds) = compare_stored(op, left, right, row, exec)? {
        return Ok(Value::Bool(holds));
    }
    let left = eval(left, row, exec)?;
    if let (BinaryOp::In | BinaryOp::NotIn, Expr::Range(pair)) = (op, right) {
        let low = eval(&pair.0, row, exec)?;
        let high = eval(&pair.1, row, exec)?;
        return Ok(Value::Bool(
            in_range(&left, &low, &high) == (op == BinaryOp::In),
        ));
    }
    let right = eval(right, row, exec)?;
    binary(op, &left, &right, exec)
}

/// Compares a stored attribute with a value that is at hand, without reading it into one.
fn compare_stored(
    op: BinaryOp,
    left: &Expr,
    right: &Expr,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Option<bool>> {
    let is_comparison = matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    );
    if !is_comparison {
        return Ok(None);
    }
    let (path, other, swapped) = match (left, right) {
        (Expr::Path(..), other) => (left, other, false),
        (other, Expr::Path(..)) => (right, other, true),
        _ => return Ok(None),
    };
    let Expr::Path(var, names) = path else {
        return Ok(None);
    };
    let Some(text) = row
        .get(var.index())
        .and_then(|slot| slot.stored_json(names))
    else {
        return Ok(None);
    };
    let order = match other {
        Expr::Const(value) => stored::compare(text, value),
        Expr::Bind(at) => {
            let bind = exec.state.binds.get(*at);
            bind.and_then(|value| stored::compare(text, value))
        }
        Expr::Once(..) => stored::compare(text, &eval(other, row, exec)?),
        Expr::Var(var) => match row.get(var.index()) {
            Some(Slot::Value(value)) => stored::compare(text, value),
            _ => None,
        },
        _ => None,
    };
    let order = order.map(|order| if swapped { order.reverse() } else { order });
    Ok(order.map(|order| match op {
        BinaryOp::Equal => order.is_eq(),
        BinaryOp::NotEqual => order.is_ne(),
        BinaryOp::Less => order.is_lt(),
        BinaryOp::LessEqual => order.is_le(),
        BinaryOp::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn unary(op: UnaryOp, operand: &Value, exec: &mut Exec<'_>) -> Result<Value> {
    match op {
        UnaryOp::Not => Ok(Value::Bool(!operand.to_bool())),
        UnaryOp::Plus => Ok(operand.to_number()),
        UnaryOp::Minus => binary(BinaryOp::Subtract, &Value::Int(0), operand, exec),
    }
}

/// `base[index]`: an element counted from the front or the back, or an attribute.
fn index(base: &Value, index: &Value) -> Value {
    match base {
        Value::Array(items) => as_index(index, items.len())
            .and_then(|at| items.get(at))
            .cloned()
            .unwrap_or_default(),
        Value::Object(object) => object.get(&index.to_text()).cloned().unwrap_or_default(),
        _ => Value::Null,
    }
}

fn range_array(low: &Value, high: &Value, exec: &mut Exec<'_>) -> Result<Value> {
    let (low, high) = range_bounds(low, high);
    let max = exec.state.limits.range_items_max;
    if low.abs_diff(high) >= max {
        let message = format!("number out of range: range_items_max is {max}");
        return Err(Error::invalid(codes::QUERY_NUMBER_OUT_OF_RANGE, message));
    }
    let count = usize::try_from(low.abs_diff(high)).unwrap_or(usize::MAX);
    exec.probe(count.saturating_mul(size_of::<Value>()))?;
    let items = if low <= high {
        (low..=high).map(Value::Int).collect()
    } else {
        (high..=low).rev().map(Value::Int).collect()
    };
    Ok(Value::array(items))
}

/// The bounds of a range, cut to whole numbers.
pub(crate) fn range_bounds(low: &Value, high: &Value) -> (i64, i64) {
    let whole = |bound: &Value| match bound.to_number() {
        Value::Int(number) => number,
        number => number.as_f64().unwrap_or(0.0) as i64,
    };
    (whole(low), whole(high))
}

fn array_compare(compare: &ArrayCompare, row: &[Slot], exec: &mut Exec<'_>) -> Result<Value> {
    let left = eval(&compare.left, row, exec)?;
    let right = eval(&compare.right, row, exec)?;
    let operand = match compare.quantifier.operand() {
        Some(operand) => Some(eval(operand, row, exec)?),
        None => None,
    };
    let Value::Array(items) = &left else {
        return Ok(Value::Bool(false));
    };
    let matching = compare_each(compare.op, items, &right, exec)?;
    let holds = matches_quantifier(&compare.quantifier, operand.as_ref(), matching, items.len());
    Ok(Value::Bool(holds))
}

/// The elements of an array, with the arrays in it laid flat `levels - 1` times.
fn flattened(base: &Value, levels: u16) -> Vec<Value> {
    let Value::Array(items) = base else {
        return Vec::new();
    };
    let mut items = items.to_vec();
    for _ in 1..levels {
        if !items.iter().any(|item| matches!(item, Value::Array(_))) {
            break;
        }
        items = items
            .into_iter()
            .flat_map(|item| match item {
                Value::Array(inner) => inner.to_vec(),
                other => vec![other],
            })
            .collect();
    }
    items
}

fn set_local(exec: &mut Exec<'_>, at: usize, value: Value) {
    if let Some(place) = exec.state.locals.get_mut(at) {
        *place = value;
    }
}

fn eval_expand(expand: &Expand, row: &[Slot], exec: &mut Exec<'_>) -> Result<Value> {
    let base = eval(&expand.base, row, exec)?;
    let (mut skip, mut count) = (0, usize::MAX);
    if let Some((offset, limit)) = &expand.limit {
        let mut number = |expr: &Expr| -> Result<usize> {
            let value = eval(expr, row, exec)?.to_number();
            Ok(value.as_f64().unwrap_or(0.0).max(0.0) as usize)
        };
        skip = offset.as_ref().map_or(Ok(0), &mut number)?;
        count = number(limit)?;
    }
    let plain = expand.filter.is_none() && expand.value.is_none() && expand.suffix.is_none();
    if plain && expand.levels == 1 && expand.limit.is_none() {
        return Ok(if let Value::Array(_) = base {
            base
        } else {
            Value::array(Vec::new())
        });
    }
    let mut results = Vec::new();
    for item in flattened(&base, expand.levels) {
        if results.len() >= count {
            break;
        }
        exec.check()?;
        set_local(exec, expand.local, item.clone());
        if let Some(filter) = &expand.filter
            && !eval_bool(filter, row, exec)?
        {
            continue;
        }
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let mut result = match &expand.value {
            Some(value) => eval(value, row, exec)?,
            None => item,
        };
        if let Some(suffix) = &expand.suffix {
            set_local(exec, expand.local, result);
            result = eval(suffix, row, exec)?;
        }
        results.push(result);
    }
    Ok(Value::array(results))
}

fn eval_question(question: &Question, row: &[Slot], exec: &mut Exec<'_>) -> Result<Value> {
    let base = eval(&question.base, row, exec)?;
    let operand = match question.quantifier.operand() {
        Some(operand) => Some(eval(operand, row, exec)?),
        None => None,
    };
    let Value::Array(items) = &base else {
        return Ok(Value::Bool(false));
    };
    let mut matching = 0;
    for item in items.iter() {
        exec.check()?;
        let holds = match &question.filter {
            Some(filter) => {
                set_local(exec, question.local, item.clone());
                eval_bool(filter, row, exec)?
            }
            None => true,
        };
        matching += usize::from(holds);
    }
    let holds = matches_quantifier(
        &question.quantifier,
        operand.as_ref(),
        matching,
        items.len(),
    );
    Ok(Value::Bool(holds))
}

fn eval_subquery(
    id: SubqueryId,
    wanted: SubqueryUse,
    row: &[Slot],
    exec: &mut Exec<'_>,
) -> Result<Value> {
    let plan = Arc::clone(&exec.state.plan);
    let result = plan.subquery(id).value.as_ref();
    exec.with_subquery(id, Batch::single(row), |pipeline, exec| {
        if wanted == SubqueryUse::Count {
            return Ok(pipeline.count_rest(exec)?.into());
        }
        let mut rows = Vec::new();
        let mut kept = 0;
        let want = match wanted {
            SubqueryUse::First => 1,
            _ => exec.state.limits.batch_rows,
        };
        while let Some(batch) = pipeline.next(exec, want)? {
            let before = rows.len();
            for at in 0..batch.len() {
                exec.check()?;
                let value =
                    result.map_or(Ok(Value::Null), |expr| eval(expr, batch.row(at), exec))?;
                rows.push(value);
                if wanted == SubqueryUse::First {
                    return Ok(rows.pop().unwrap_or_default());
                }
            }
            let added = rows.iter().skip(before).map(value_size).sum();
            exec.charge(added)?;
            kept += added;
        }
        // The rows live on in the value; only what is piled up here is counted.
        exec.release(kept);
        Ok(match wanted {
            SubqueryUse::First | SubqueryUse::Count => Value::Null,
            SubqueryUse::Rows if result.is_none() => Value::array(Vec::new()),
            SubqueryUse::Rows => Value::array(rows),
        })
    })
}
