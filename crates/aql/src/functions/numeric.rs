//! Numbers: rounding, powers, logarithms, trigonometry and ranges.

use error_codes::codes;
use value::Value;

use super::args::{arg, as_double, integer, number};
use super::{Context, Error, Function, Outcome, numbers};

/// A result, or `null` with a warning when it is not finite.
pub(super) fn finite(ctx: &mut Context<'_>, result: f64) -> Outcome {
    match numbers::from_f64(result) {
        Some(value) => Ok(value),
        None => ctx.warn_default(codes::QUERY_INVALID_ARITHMETIC_VALUE),
    }
}

/// Bodies of functions of one number.
macro_rules! of_one_number {
    ($($name:ident = $compute:expr;)*) => {
        $(fn $name(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
            let compute: fn(f64) -> f64 = $compute;
            finite(ctx, compute(number(args, 0)))
        })*
    };
}

of_one_number! {
    acos = f64::acos;
    asin = f64::asin;
    atan = f64::atan;
    cos = f64::cos;
    degrees = f64::to_degrees;
    exp = f64::exp;
    exp2 = f64::exp2;
    log = f64::ln;
    log10 = f64::log10;
    log2 = f64::log2;
    radians = f64::to_radians;
    sin = f64::sin;
    sqrt = f64::sqrt;
    tan = f64::tan;
}

/// Integers are whole already, also those that no double can hold.
fn whole(ctx: &mut Context<'_>, args: &[Value], round: fn(f64) -> f64) -> Outcome {
    match arg(args, 0).to_number() {
        Value::Int(number) => Ok(number.into()),
        other => finite(ctx, round(as_double(&other))),
    }
}

fn ceil(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    whole(ctx, args, f64::ceil)
}

fn floor(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    whole(ctx, args, f64::floor)
}

fn round(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    whole(ctx, args, |number| {
        // Adding a half to the double just below it would round up to 1.
        let floor = number.floor();
        if number - floor >= 0.5 {
            floor + 1.0
        } else {
            floor
        }
    })
}

fn abs(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match arg(args, 0).to_number() {
        Value::Int(number) => Ok(number.unsigned_abs().into()),
        other => finite(ctx, as_double(&other).abs()),
    }
}

fn atan2(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    finite(ctx, number(args, 0).atan2(number(args, 1)))
}

fn pow(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (base, exponent) = (arg(args, 0).to_number(), arg(args, 1).to_number());
    if let (Value::Int(base), Value::Int(exponent)) = (&base, &exponent)
        && let Ok(exponent) = u32::try_from(*exponent)
        && let Some(power) = base.checked_pow(exponent)
    {
        return Ok(power.into());
    }
    finite(ctx, as_double(&base).powf(as_double(&exponent)))
}

fn pi(_: &mut Context<'_>, _: &[Value]) -> Outcome {
    Ok(Value::Double(std::f64::consts::PI))
}

fn rand(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    // 52 random bits and a half: neither 0 nor 1 can come out.
    let bits = ctx.platform.random.next_u64() >> 12;
    let parts = (1u64 << 52) as f64;
    Ok(Value::Double((bits as f64 + 0.5) / parts))
}

fn range(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let Some(step) = args.get(2) else {
        return whole_range(ctx, integer(args, 0), integer(args, 1));
    };
    let (start, stop, step) = (number(args, 0), number(args, 1), as_double(step));
    if step == 0.0 || (start < stop && step < 0.0) || (start > stop && step > 0.0) {
        return ctx.wrong_type();
    }
    let steps = (stop - start) / step;
    check_range(ctx, steps)?;
    // Multiplied, not added up, so that rounding errors do not grow.
    let items: Vec<Value> = (0..=steps as u32)
        .map(|at| start + f64::from(at) * step)
        .take_while(|item| {
            if step > 0.0 {
                *item <= stop
            } else {
                *item >= stop
            }
        })
        .filter_map(numbers::from_f64)
        .collect();
    Ok(items.into())
}

fn whole_range(ctx: &mut Context<'_>, start: i64, stop: i64) -> Outcome {
    check_range(ctx, start.abs_diff(stop) as f64)?;
    let items: Vec<Value> = if start <= stop {
        (start..=stop).map(Value::Int).collect()
    } else {
        (stop..=start).rev().map(Value::Int).collect()
    };
    Ok(items.into())
}

fn check_range(ctx: &Context<'_>, steps: f64) -> Result<(), Error> {
    let limit = ctx.limits.array_items_max;
    // Written so that an overflow to infinity is over the limit too.
    if steps < limit as f64 {
        return Ok(());
    }
    Err(Error::new(
        codes::QUERY_NUMBER_OUT_OF_RANGE,
        format!("number out of range: the range is longer than array_items_max, {limit}"),
    ))
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("ABS", 1, 1, abs),
    Function::new("ACOS", 1, 1, acos),
    Function::new("ASIN", 1, 1, asin),
    Function::new("ATAN", 1, 1, atan),
    Function::new("ATAN2", 2, 2, atan2),
    Function::new("CEIL", 1, 1, ceil),
    Function::new("COS", 1, 1, cos),
    Function::new("DEGREES", 1, 1, degrees),
    Function::new("EXP", 1, 1, exp),
    Function::new("EXP2", 1, 1, exp2),
    Function::new("FLOOR", 1, 1, floor),
    Function::new("LOG", 1, 1, log),
    Function::new("LOG10", 1, 1, log10),
    Function::new("LOG2", 1, 1, log2),
    Function::new("PI", 0, 0, pi),
    Function::new("POW", 2, 2, pow),
    Function::new("RADIANS", 1, 1, radians),
    Function::new("RAND", 0, 0, rand).volatile(),
    Function::new("RANGE", 2, 3, range),
    Function::new("ROUND", 1, 1, round),
    Function::new("SIN", 1, 1, sin),
    Function::new("SQRT", 1, 1, sqrt),
    Function::new("TAN", 1, 1, tan),
];
