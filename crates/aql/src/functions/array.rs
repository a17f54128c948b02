//! Arrays: looking into them and ordering them.

use value::Value;

use super::args::{arg, array, flag, integer, size};
use super::array_sets::distinct;
use super::{Context, Error, Function, Outcome};

fn length(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(match arg(args, 0) {
        Value::Null | Value::Bool(false) => 0usize,
        Value::Bool(true) => 1,
        Value::Array(items) => items.len(),
        Value::Object(object) => object.len(),
        other => other.to_text().chars().count(),
    }
    .into())
}

fn count_distinct(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match array(args, 0) {
        Some(items) => Ok(distinct(items).len().into()),
        None => ctx.wrong_type(),
    }
}

fn position(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let found = items.iter().position(|item| item == arg(args, 1));
    Ok(if flag(args, 2) {
        found.map_or(Value::Int(-1), Value::from)
    } else {
        found.is_some().into()
    })
}

fn first(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match array(args, 0) {
        Some(items) => Ok(items.first().cloned().unwrap_or_default()),
        None => ctx.wrong_type(),
    }
}

fn last(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match array(args, 0) {
        Some(items) => Ok(items.last().cloned().unwrap_or_default()),
        None => ctx.wrong_type(),
    }
}

fn nth(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match array(args, 0) {
        Some(items) => Ok(size(args, 1)
            .and_then(|position| items.get(position))
            .cloned()
            .unwrap_or_default()),
        None => ctx.wrong_type(),
    }
}

fn flatten(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let depth = match arg(args, 1) {
        Value::Null => 1,
        _ => integer(args, 1),
    };
    let mut flat = Vec::with_capacity(items.len());
    flatten_into(ctx, items, depth, &mut flat)?;
    Ok(flat.into())
}

fn flatten_into(
    ctx: &Context<'_>,
    items: &[Value],
    depth: i64,
    flat: &mut Vec<Value>,
) -> Result<(), Error> {
    for item in items {
        match item {
            Value::Array(inner) if depth > 0 => flatten_into(ctx, inner, depth - 1, flat)?,
            other => flat.push(other.clone()),
        }
    }
    ctx.check_items(flat.len())
}

fn slice(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let start = super::args::clamped(integer(args, 1), items.len());
    let end = match arg(args, 2) {
        Value::Null => items.len(),
        _ => match integer(args, 2) {
            length if length < 0 => super::args::clamped(length, items.len()),
            length => start
                .saturating_add(usize::try_from(length).unwrap_or(usize::MAX))
                .min(items.len()),
        },
    };
    Ok(items.get(start..end).unwrap_or_default().to_vec().into())
}

fn reverse(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0) {
        Value::Array(items) => Ok(items.iter().rev().cloned().collect::<Vec<_>>().into()),
        Value::String(text) => Ok(text.chars().rev().collect::<String>().into()),
        _ => ctx.wrong_type(),
    }
}

fn sorted(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let mut items = items.to_vec();
    items.sort();
    Ok(items.into())
}

fn sorted_unique(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let mut items = items.to_vec();
    items.sort();
    items.dedup();
    Ok(items.into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("COUNT_DISTINCT", 1, 1, count_distinct),
    Function::new("FIRST", 1, 1, first),
    Function::new("FLATTEN", 1, 2, flatten),
    Function::new("LAST", 1, 1, last),
    Function::new("LENGTH", 1, 1, length),
    Function::new("NTH", 2, 2, nth),
    Function::new("POSITION", 2, 3, position),
    Function::new("REVERSE", 1, 1, reverse),
    Function::new("SLICE", 2, 3, slice),
    Function::new("SORTED", 1, 1, sorted),
    Function::new("SORTED_UNIQUE", 1, 1, sorted_unique),
];
