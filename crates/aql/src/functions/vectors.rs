//! Vectors of numbers: distances, similarity and decay scores.

use value::Value;

use super::args::{arg, as_double, number};
use super::numeric::finite;
use super::{Context, Function, Outcome};

fn vector(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// Applies `measure` to two vectors, or to each row of one argument and the other argument.
fn by_rows(ctx: &mut Context<'_>, args: &[Value], measure: fn(&[f64], &[f64]) -> f64) -> Outcome {
    let (a, b) = (arg(args, 0), arg(args, 1));
    let (rows, single) = match (vector(a), vector(b)) {
        (Some(a), Some(b)) if a.len() == b.len() => return finite(ctx, measure(&a, &b)),
        (None, Some(single)) => (a, single),
        (Some(single), None) => (b, single),
        _ => return ctx.wrong_type(),
    };
    let rows: Option<Vec<Vec<f64>>> = rows
        .as_array()
        .and_then(|rows| rows.iter().map(vector).collect());
    match rows {
        Some(rows) if rows.iter().all(|row| row.len() == single.len()) => {
            let mut measures = Vec::with_capacity(rows.len());
            for row in rows {
                measures.push(finite(ctx, measure(&row, &single))?);
            }
            Ok(measures.into())
        }
        _ => ctx.wrong_type(),
    }
}

fn sum_of(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    a.iter().zip(b).map(|(a, b)| term(*a, *b)).sum()
}

fn cosine_similarity(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    by_rows(ctx, args, |a, b| {
        let lengths = sum_of(a, a, |a, b| a * b).sqrt() * sum_of(b, b, |a, b| a * b).sqrt();
        sum_of(a, b, |a, b| a * b) / lengths
    })
}

fn l1_distance(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    by_rows(ctx, args, |a, b| sum_of(a, b, |a, b| (a - b).abs()))
}

fn l2_distance(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    by_rows(ctx, args, |a, b| {
        sum_of(a, b, |a, b| (a - b) * (a - b)).sqrt()
    })
}

/// Applies a decay curve, given distance, scale and decay, to a number or each of an array.
fn decayed(ctx: &mut Context<'_>, args: &[Value], curve: fn(f64, f64, f64) -> f64) -> Outcome {
    let numeric = args.iter().skip(1).all(Value::is_number);
    let (origin, scale) = (number(args, 1), number(args, 2));
    let (offset, decay) = (number(args, 3), number(args, 4));
    if !numeric || scale <= 0.0 || offset < 0.0 || decay <= 0.0 || decay >= 1.0 {
        return ctx.wrong_type();
    }
    let score = |value: &Value| {
        let distance = (as_double(value) - origin).abs() - offset;
        curve(distance.max(0.0), scale, decay)
    };
    match arg(args, 0) {
        Value::Array(items) if items.iter().all(Value::is_number) => {
            let mut scores = Vec::with_capacity(items.len());
            for item in items.iter() {
                scores.push(finite(ctx, score(item))?);
            }
            Ok(scores.into())
        }
        value if value.is_number() => finite(ctx, score(value)),
        _ => ctx.wrong_type(),
    }
}

fn decay_gauss(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    decayed(ctx, args, |distance, scale, decay| {
        let variance = -scale * scale / (2.0 * decay.ln());
        (-distance * distance / (2.0 * variance)).exp()
    })
}

fn decay_exp(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    decayed(ctx, args, |distance, scale, decay| {
        (decay.ln() / scale * distance).exp()
    })
}

fn decay_linear(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    decayed(ctx, args, |distance, scale, decay| {
        let end = scale / (1.0 - decay);
        ((end - distance) / end).max(0.0)
    })
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("COSINE_SIMILARITY", 2, 2, cosine_similarity),
    Function::new("DECAY_EXP", 5, 5, decay_exp),
    Function::new("DECAY_GAUSS", 5, 5, decay_gauss),
    Function::new("DECAY_LINEAR", 5, 5, decay_linear),
    Function::new("L1_DISTANCE", 2, 2, l1_distance),
    Function::new("L2_DISTANCE", 2, 2, l2_distance),
];
