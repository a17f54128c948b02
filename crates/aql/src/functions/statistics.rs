//! Arrays of numbers reduced to one: sums, extremes, averages and spread.
//!
//! `null` elements are skipped; an element that is no number makes the result `null`.

use value::Value;

use super::args::{arg, array, number};
use super::numeric::finite;
use super::{Context, Function, Outcome, numbers};

/// The numbers of an array without its nulls; `None` when something else is among them.
fn addends(args: &[Value]) -> Option<Vec<&Value>> {
    array(args, 0)?
        .iter()
        .filter(|item| !item.is_null())
        .map(|item| item.is_number().then_some(item))
        .collect()
}

fn doubles(args: &[Value]) -> Option<Vec<f64>> {
    addends(args)?.into_iter().map(Value::as_f64).collect()
}

/// Reduces integers exactly as long as they fit.
fn fold(
    ctx: &mut Context<'_>,
    args: &[Value],
    start: i64,
    step: fn(&Value, &Value) -> Option<Value>,
) -> Outcome {
    let Some(items) = addends(args) else {
        return ctx.wrong_type();
    };
    let result = items
        .into_iter()
        .try_fold(Value::Int(start), |total, item| step(&total, item));
    match result {
        Some(total) => Ok(total),
        None => finite(ctx, f64::INFINITY),
    }
}

fn sum(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    fold(ctx, args, 0, numbers::add)
}

fn product(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    fold(ctx, args, 1, numbers::multiply)
}

fn average(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = doubles(args) else {
        return ctx.wrong_type();
    };
    if items.is_empty() {
        return Ok(Value::Null);
    }
    finite(ctx, items.iter().sum::<f64>() / items.len() as f64)
}

fn min(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    let least = items.iter().filter(|item| !item.is_null()).min();
    Ok(least.cloned().unwrap_or_default())
}

fn max(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = array(args, 0) else {
        return ctx.wrong_type();
    };
    Ok(items.iter().max().cloned().unwrap_or_default())
}

fn sorted(args: &[Value]) -> Option<Vec<f64>> {
    let mut items = doubles(args)?;
    items.sort_by(f64::total_cmp);
    Some(items)
}

/// The element of a place that may be fractional, linear between neighbours.
fn interpolate(sorted: &[f64], place: f64) -> Option<f64> {
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

fn median(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(items) = sorted(args) else {
        return ctx.wrong_type();
    };
    let middle = (items.len() as f64 - 1.0) / 2.0;
    if items.is_empty() {
        return Ok(Value::Null);
    }
    match interpolate(&items, middle) {
        Some(median) => finite(ctx, median),
        None => Ok(Value::Null),
    }
}

fn percentile(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (Some(items), true) = (sorted(args), arg(args, 1).is_number()) else {
        return ctx.wrong_type();
    };
    let share = number(args, 1) / 100.0;
    let by_rank = match arg(args, 2) {
        Value::Null => true,
        Value::String(method) if &**method == "rank" => true,
        Value::String(method) if &**method == "interpolation" => false,
        _ => return ctx.wrong_type(),
    };
    if !(0.0..=1.0).contains(&share) {
        return ctx.wrong_type();
    }
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let count = items.len() as f64;
    let place = if by_rank {
        (share * count).ceil() - 1.0
    } else {
        share * (count + 1.0) - 1.0
    };
    match interpolate(&items, place.clamp(0.0, count - 1.0)) {
        Some(result) => finite(ctx, result),
        None => Ok(Value::Null),
    }
}

/// The squared distances from the mean, added up in one pass (Welford).
fn squares(items: &[f64]) -> f64 {
    let (mut mean, mut squares, mut count) = (0.0, 0.0, 0.0);
    for item in items {
        count += 1.0;
        let distance = item - mean;
        mean += distance / count;
        squares += distance * (item - mean);
    }
    squares
}

/// Variance with `missing` degrees of freedom taken away, then `finish`.
fn spread(
    ctx: &mut Context<'_>,
    args: &[Value],
    missing: usize,
    finish: fn(f64) -> f64,
) -> Outcome {
    let Some(items) = doubles(args) else {
        return ctx.wrong_type();
    };
    if items.len() <= missing {
        return Ok(Value::Null);
    }
    let variance = squares(&items) / (items.len() - missing) as f64;
    finite(ctx, finish(variance))
}

fn stddev_population(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    spread(ctx, args, 0, f64::sqrt)
}

fn stddev_sample(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    spread(ctx, args, 1, f64::sqrt)
}

fn variance_population(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    spread(ctx, args, 0, |variance| variance)
}

fn variance_sample(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    spread(ctx, args, 1, |variance| variance)
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("AVERAGE", 1, 1, average),
    Function::new("MAX", 1, 1, max),
    Function::new("MEDIAN", 1, 1, median),
    Function::new("MIN", 1, 1, min),
    Function::new("PERCENTILE", 2, 3, percentile),
    Function::new("PRODUCT", 1, 1, product),
    Function::new("STDDEV_POPULATION", 1, 1, stddev_population),
    Function::new("STDDEV_SAMPLE", 1, 1, stddev_sample),
    Function::new("SUM", 1, 1, sum),
    Function::new("VARIANCE_POPULATION", 1, 1, variance_population),
    Function::new("VARIANCE_SAMPLE", 1, 1, variance_sample),
];
