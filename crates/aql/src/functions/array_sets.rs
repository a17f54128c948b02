//! Arrays as sets. Results keep the order in which values were first seen.

use std::collections::{HashMap, HashSet};

use value::Value;

use super::args::{array, arrays};
use super::{Context, Function, Outcome};

/// The distinct values in order of first occurrence.
pub(super) fn distinct<'v>(items: impl IntoIterator<Item = &'v Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(*item))
        .cloned()
        .collect()
}

fn unique(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match array(args, 0) {
        Some(items) => Ok(distinct(items).into()),
        None => ctx.wrong_type(),
    }
}

fn union(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = arrays(args) else {
        return ctx.wrong_type();
    };
    ctx.check_items(inputs.iter().map(|items| items.len()).sum())?;
    Ok(inputs.concat().into())
}

fn union_distinct(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arrays(args) {
        Some(inputs) => Ok(distinct(inputs.into_iter().flatten()).into()),
        None => ctx.wrong_type(),
    }
}

fn intersection(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = arrays(args) else {
        return ctx.wrong_type();
    };
    let Some((first, others)) = inputs.split_first() else {
        return ctx.wrong_type();
    };
    let others: Vec<HashSet<&Value>> = others.iter().map(|items| items.iter().collect()).collect();
    let common = first
        .iter()
        .filter(|item| others.iter().all(|other| other.contains(item)));
    Ok(distinct(common).into())
}

fn minus(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = arrays(args) else {
        return ctx.wrong_type();
    };
    let Some((first, others)) = inputs.split_first() else {
        return ctx.wrong_type();
    };
    let others: HashSet<&Value> = others.iter().copied().flatten().collect();
    let left = first.iter().filter(|item| !others.contains(item));
    Ok(distinct(left).into())
}

fn outersection(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = arrays(args) else {
        return ctx.wrong_type();
    };
    let mut counts: HashMap<&Value, usize> = HashMap::new();
    for item in inputs.iter().copied().flatten() {
        *counts.entry(item).or_default() += 1;
    }
    let single: Vec<Value> = inputs
        .iter()
        .copied()
        .flatten()
        .filter(|item| counts.get(item) == Some(&1))
        .cloned()
        .collect();
    Ok(single.into())
}

fn interleave(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(inputs) = arrays(args) else {
        return ctx.wrong_type();
    };
    let longest = inputs.iter().map(|items| items.len()).max().unwrap_or(0);
    let total = inputs.iter().map(|items| items.len()).sum();
    ctx.check_items(total)?;
    let mut mixed = Vec::with_capacity(total);
    for at in 0..longest {
        mixed.extend(inputs.iter().filter_map(|items| items.get(at)).cloned());
    }
    Ok(mixed.into())
}

fn jaccard(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (Some(a), Some(b)) = (array(args, 0), array(args, 1)) else {
        return ctx.wrong_type();
    };
    let (a, b): (HashSet<&Value>, HashSet<&Value>) = (a.iter().collect(), b.iter().collect());
    let common = a.intersection(&b).count();
    let all = a.len() + b.len() - common;
    if all == 0 {
        return Ok(1.into());
    }
    Ok(Value::from_f64(common as f64 / all as f64).unwrap_or_default())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("INTERLEAVE", 2, 2, interleave).variadic(),
    Function::new("INTERSECTION", 2, 2, intersection).variadic(),
    Function::new("JACCARD", 2, 2, jaccard),
    Function::new("MINUS", 2, 2, minus).variadic(),
    Function::new("OUTERSECTION", 2, 2, outersection).variadic(),
    Function::new("UNION", 2, 2, union).variadic(),
    Function::new("UNION_DISTINCT", 2, 2, union_distinct).variadic(),
    Function::new("UNIQUE", 1, 1, unique),
];
