//! Arrays: adding, removing and replacing elements.

use std::collections::HashSet;

use error_codes::codes;
use value::Value;

use super::args::{arg, array, clamped, flag, from_end, integer};
use super::array_sets::distinct;
use super::{Context, Error, Function, Outcome};

fn append(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (target, values) = (arg(args, 0), arg(args, 1));
    if target.is_null() {
        return Ok(values.clone());
    }
    let Some(items) = target.as_array() else {
        return ctx.wrong_type();
    };
    if values.is_null() || values.as_array().is_some_and(<[Value]>::is_empty) {
        return Ok(target.clone());
    }
    let added = values
        .as_array()
        .unwrap_or_else(|| std::slice::from_ref(values));
    ctx.check_items(items.len() + added.len())?;
    let mut all = Vec::with_capacity(items.len() + added.len());
    all.extend_from_slice(items);
    all.extend_from_slice(added);
    Ok(if flag(args, 2) {
        distinct(&all).into()
    } else {
        all.into()
    })
}

/// The array to add to: `null` counts as empty.
fn growing(args: &[Value]) -> Option<&[Value]> {
    match arg(args, 0) {
        Value::Null => Some(&[]),
        other => other.as_array(),
    }
}

fn push(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = growing(args) else {
        return ctx.wrong_type();
    };
    let mut items = items.to_vec();
    if !flag(args, 2) || !items.contains(arg(args, 1)) {
        items.push(arg(args, 1).clone());
    }
    Ok(items.into())
}

fn unshift(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = growing(args) else {
        return ctx.wrong_type();
    };
    if flag(args, 2) && items.contains(arg(args, 1)) {
        return Ok(arg(args, 0).clone());
    }
    let mut grown = Vec::with_capacity(items.len() + 1);
    grown.push(arg(args, 1).clone());
    grown.extend_from_slice(items);
    Ok(grown.into())
}

fn pop(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0) {
        Value::Null => Ok(Value::Null),
        Value::Array(items) => Ok(match items.split_last() {
            Some((_, rest)) => rest.to_vec().into(),
            None => arg(args, 0).clone(),
        }),
        _ => ctx.wrong_type(),
    }
}

fn shift(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0) {
        Value::Null => Ok(Value::Null),
        Value::Array(items) => Ok(match items.split_first() {
            Some((_, rest)) => rest.to_vec().into(),
            None => arg(args, 0).clone(),
        }),
        _ => ctx.wrong_type(),
    }
}

fn remove_nth(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let mut items = items.to_vec();
    if let Ok(position) = usize::try_from(from_end(integer(args, 1), items.len()))
        && position < items.len()
    {
        items.remove(position);
    }
    Ok(items.into())
}

fn remove_value(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let mut left = match arg(args, 2) {
        Value::Null => i64::MAX,
        _ => integer(args, 2),
    };
    let kept: Vec<Value> = items
        .iter()
        .filter(|item| {
            let remove = left > 0 && *item == arg(args, 1);
            left -= i64::from(remove);
            !remove
        })
        .cloned()
        .collect();
    Ok(kept.into())
}

fn remove_values(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (target, values) = (arg(args, 0), arg(args, 1));
    if values.is_null() {
        return Ok(target.clone());
    }
    let (Some(items), Some(values)) = (target.as_array(), values.as_array()) else {
        return ctx.wrong_type();
    };
    let values: HashSet<&Value> = values.iter().collect();
    let kept: Vec<Value> = items
        .iter()
        .filter(|item| !values.contains(item))
        .cloned()
        .collect();
    Ok(kept.into())
}

/// Beyond the end the gap is filled with the padding; without one that ends the query.
fn replace_nth(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let position = integer(args, 1);
    let at = if position < 0 {
        clamped(position, items.len())
    } else {
        usize::try_from(position).unwrap_or(usize::MAX)
    };
    ctx.check_items(at)?;
    let mut items = items.to_vec();
    if at > items.len() {
        let Some(padding) = args.get(3) else {
            return Err(Error::new(
                codes::QUERY_FUNCTION_ARGUMENT_TYPE_MISMATCH,
                format!(
                    "invalid argument type in call to function '{}()'",
                    ctx.function
                ),
            ));
        };
        items.resize(at, padding.clone());
    }
    match items.get_mut(at) {
        Some(item) => *item = arg(args, 2).clone(),
        None => items.push(arg(args, 2).clone()),
    }
    Ok(items.into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("APPEND", 2, 3, append),
    Function::new("POP", 1, 1, pop),
    Function::new("PUSH", 2, 3, push),
    Function::new("REMOVE_NTH", 2, 2, remove_nth),
    Function::new("REMOVE_VALUE", 2, 3, remove_value),
    Function::new("REMOVE_VALUES", 2, 2, remove_values),
    Function::new("REPLACE_NTH", 3, 4, replace_nth),
    Function::new("SHIFT", 1, 1, shift),
    Function::new("UNSHIFT", 2, 3, unshift),
];
