//! Choosing among values, calling by name, and ending or delaying a query.

use std::time::Duration;

use error_codes::codes;
use value::Value;

use super::args::{arg, array, as_double, flag, number, text};
use super::{Context, Error, Function, Outcome, find};

/// Built-in functions that only the compiler can turn into something that runs.
const NOT_DYNAMIC: &[&str] = &["FULLTEXT", "NEAR", "WITHIN", "WITHIN_RECTANGLE"];

fn identity(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    Ok(arg(args, 0).clone())
}

fn not_null(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let found = args.iter().find(|value| !value.is_null());
    Ok(found.cloned().unwrap_or_default())
}

fn first_list(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let found = args.iter().find(|value| value.as_array().is_some());
    Ok(found.cloned().unwrap_or_default())
}

fn first_document(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let found = args.iter().find(|value| value.as_object().is_some());
    Ok(found.cloned().unwrap_or_default())
}

fn min_match(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match args.split_last() {
        Some((wanted, conditions)) if wanted.is_number() => {
            let met = conditions.iter().filter(|value| value.to_bool()).count();
            Ok((met as f64 >= as_double(wanted)).into())
        }
        _ => ctx.wrong_type(),
    }
}

fn in_range(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (value, low, high) = (arg(args, 0), arg(args, 1), arg(args, 2));
    let above = value > low || flag(args, 3) && value == low;
    let below = value < high || flag(args, 4) && value == high;
    Ok((above && below).into())
}

fn call_by_name(ctx: &mut Context<'_>, name: &Value, args: &[Value]) -> Outcome {
    let Some(name) = name.as_str() else {
        return ctx.wrong_type();
    };
    let upper = name.to_ascii_uppercase();
    if NOT_DYNAMIC.contains(&upper.as_str()) {
        return Err(Error::new(
            codes::QUERY_DISALLOWED_DYNAMIC_CALL,
            format!("disallowed dynamic call to '{upper}'"),
        ));
    }
    if upper.contains("::") {
        return ctx.documents.call_user(&upper, args, ctx.warnings);
    }
    let Some(function) = find(&upper) else {
        let message = format!("usage of unknown function '{upper}()'");
        return Err(Error::new(codes::QUERY_FUNCTION_NAME_UNKNOWN, message));
    };
    function.check_count(args.len())?;
    function.call(ctx, args)
}

fn call(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    call_by_name(ctx, arg(args, 0), args.get(1..).unwrap_or_default())
}

fn apply(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    match (args.get(1), array(args, 1)) {
        (None, _) => call_by_name(ctx, arg(args, 0), &[]),
        (_, Some(arguments)) => call_by_name(ctx, arg(args, 0), arguments),
        _ => ctx.wrong_type(),
    }
}

fn assert(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    if flag(args, 0) {
        return Ok(true.into());
    }
    Err(Error::new(codes::QUERY_USER_ASSERT, &*text(args, 1)))
}

fn warn(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(1..).unwrap_or_default())?;
    if flag(args, 0) {
        return Ok(true.into());
    }
    ctx.warn(codes::QUERY_USER_WARN, text(args, 1).to_string())?;
    Ok(false.into())
}

fn fail(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    ctx.check_texts(args.get(..).unwrap_or_default())?;
    ctx.check_texts(args.get(..).unwrap_or_default())?;
    Err(Error::new(
        codes::QUERY_FAIL_CALLED,
        format!("FAIL({}) called", text(args, 0)),
    ))
}

fn sleep(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let seconds = number(args, 0);
    if !arg(args, 0).is_number() || seconds < 0.0 {
        return ctx.wrong_type();
    }
    let ms = (seconds * 1_000.0) as u64;
    if ms > ctx.limits.sleep_ms_max {
        return Err(ctx.over_limit("sleep_ms_max", ms, ctx.limits.sleep_ms_max));
    }
    ctx.documents.wait(Duration::from_millis(ms))?;
    Ok(Value::Null)
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("APPLY", 1, 2, apply).volatile(),
    Function::new("ASSERT", 2, 2, assert).volatile(),
    Function::new("CALL", 1, 1, call).variadic().volatile(),
    Function::new("FAIL", 0, 1, fail).volatile(),
    Function::new("FIRST_DOCUMENT", 1, 1, first_document).variadic(),
    Function::new("FIRST_LIST", 1, 1, first_list).variadic(),
    Function::new("IN_RANGE", 5, 5, in_range),
    Function::new("MIN_MATCH", 2, 2, min_match).variadic(),
    Function::new("NOEVAL", 1, 1, identity),
    Function::new("NOOPT", 1, 1, identity).volatile(),
    Function::new("NOT_NULL", 1, 1, not_null).variadic(),
    Function::new("PASSTHRU", 1, 1, identity),
    Function::new("SLEEP", 1, 1, sleep).volatile(),
    Function::new("V8", 1, 1, identity).volatile(),
    Function::new("WARN", 2, 2, warn).volatile(),
];
