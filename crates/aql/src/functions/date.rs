//! Dates: milliseconds since 1970 or ISO 8601 texts in, the same out.
//!
//! With a time zone, an instant is turned into that zone's wall clock, the work is done there,
//! and results that are dates are turned back. A wall clock is kept as milliseconds too, those
//! of the UTC date that shows the same digits.

pub(super) mod arithmetic;
pub(super) mod compare;
pub(super) mod format;
pub(super) mod local;
mod zone;

pub(crate) use arithmetic::shift;

use error_codes::codes;
use value::date::{self as civil, text};
use value::{Object, Value};

use super::args::{arg, as_double};
use super::{Context, Function, Outcome};
use civil::Civil;
use zone::Zone;

/// What is wrong with an argument of a date function.
enum Problem {
    /// No date, amount or unit can be this.
    Type,
    /// Not a date, or one outside the years 0 to 9999.
    Date,
}

/// Turns a problem into `null` with its warning.
fn warned(ctx: &mut Context<'_>, outcome: Result<Value, Problem>) -> Outcome {
    match outcome {
        Ok(value) => Ok(value),
        Err(Problem::Type) => ctx.wrong_type(),
        Err(Problem::Date) => ctx.warn_default(codes::QUERY_INVALID_DATE_VALUE),
    }
}

/// An argument that is a date, as milliseconds since 1970.
fn instant(args: &[Value], at: usize) -> Result<i64, Problem> {
    match arg(args, at) {
        Value::Int(ms) => civil::check(*ms).ok_or(Problem::Date),
        Value::Double(ms) => civil::check(*ms as i64).ok_or(Problem::Date),
        Value::String(text) => text::parse(text).ok_or(Problem::Date),
        _ => Err(Problem::Type),
    }
}

/// The instant that a value is; `None` for what is no date.
pub(crate) fn instant_of(value: &Value) -> Option<i64> {
    instant(std::slice::from_ref(value), 0).ok()
}

/// An argument that names a time zone; UTC when it is absent or `null`.
fn time_zone(args: &[Value], at: usize) -> Result<Zone, Problem> {
    match arg(args, at) {
        Value::Null => Ok(Zone::Utc),
        Value::String(name) => Zone::find(name).ok_or(Problem::Date),
        _ => Err(Problem::Type),
    }
}

/// The date of the first argument on the wall clock of the zone that an argument names.
fn wall(args: &[Value], zone_at: usize) -> Result<i64, Problem> {
    Ok(time_zone(args, zone_at)?.to_wall(instant(args, 0)?))
}

/// The ISO text of an instant.
fn iso(ms: i64) -> Value {
    Civil::from_ms(ms).to_iso().into()
}

/// The ISO text of an instant from elsewhere; `None` outside the years 0 to 9999.
pub(crate) fn iso_text(ms: i64) -> Option<Value> {
    civil::check(ms).map(iso)
}

/// The ISO text of a wall clock in a zone.
fn wall_to_iso(zone: &Zone, wall: Option<i64>) -> Result<Value, Problem> {
    wall.and_then(|wall| zone.to_utc(wall))
        .and_then(civil::check)
        .map(iso)
        .ok_or(Problem::Date)
}

/// Bodies of functions that read something off a date on a wall clock.
macro_rules! parts {
    ($($name:ident = $read:expr;)*) => {
        $(fn $name(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
            let read: fn(Civil) -> Value = $read;
            let outcome = wall(args, 1).map(|wall| read(Civil::from_ms(wall)));
            warned(ctx, outcome)
        })*
    };
}

parts! {
    year = |date| date.year.into();
    month = |date| date.month.into();
    day = |date| date.day.into();
    hour = |date| date.hour.into();
    minute = |date| date.minute.into();
    second = |date| date.second.into();
    millisecond = |date| date.ms.into();
    day_of_week = |date| date.day_of_week().into();
    day_of_year = |date| date.day_of_year().into();
    quarter = |date| date.quarter().into();
    days_in_month = |date| date.days_in_month().into();
    leap_year = |date| date.is_leap_year().into();
    iso_week = |date| date.iso_week().1.into();
    iso_week_year = |date| {
        let (year, week) = date.iso_week();
        Value::object(Object::from_iter([("week", week), ("year", year)]))
    };
}

fn now(ctx: &mut Context<'_>, _: &[Value]) -> Outcome {
    Ok(ctx.platform.clock.unix_ms().into())
}

/// A date given as such, or as year, month, day and so on; these may overflow upwards.
fn from_parts(args: &[Value]) -> Result<i64, Problem> {
    if args.len() < 2 {
        return instant(args, 0);
    }
    if args.len() < 3 {
        return Err(Problem::Type);
    }
    let mut parts = [0i64; 7];
    for (part, given) in parts.iter_mut().zip(args) {
        if !given.is_number() && given.as_str().is_none() {
            return Err(Problem::Type);
        }
        *part = as_double(given) as i64;
        if *part < 0 {
            return Err(Problem::Date);
        }
    }
    let [year, month, day, hour, minute, second, ms] = parts;
    let date = Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ms,
    };
    date.to_ms().and_then(civil::check).ok_or(Problem::Date)
}

fn timestamp(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, from_parts(args).map(Value::Int))
}

fn iso8601(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, from_parts(args).map(iso))
}

fn is_date_string(_: &mut Context<'_>, args: &[Value]) -> Outcome {
    let date = arg(args, 0).as_str().and_then(text::parse);
    Ok(date.is_some().into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("DATE_DAY", 1, 2, day),
    Function::new("DATE_DAYOFWEEK", 1, 2, day_of_week),
    Function::new("DATE_DAYOFYEAR", 1, 2, day_of_year),
    Function::new("DATE_DAYS_IN_MONTH", 1, 2, days_in_month),
    Function::new("DATE_HOUR", 1, 2, hour),
    Function::new("DATE_ISO8601", 1, 7, iso8601),
    Function::new("DATE_ISOWEEK", 1, 2, iso_week),
    Function::new("DATE_ISOWEEKYEAR", 1, 2, iso_week_year),
    Function::new("DATE_LEAPYEAR", 1, 2, leap_year),
    Function::new("DATE_MILLISECOND", 1, 1, millisecond),
    Function::new("DATE_MINUTE", 1, 2, minute),
    Function::new("DATE_MONTH", 1, 2, month),
    Function::new("DATE_NOW", 0, 0, now).volatile(),
    Function::new("DATE_QUARTER", 1, 2, quarter),
    Function::new("DATE_SECOND", 1, 1, second),
    Function::new("DATE_TIMESTAMP", 1, 7, timestamp),
    Function::new("DATE_YEAR", 1, 2, year),
    Function::new("IS_DATESTRING", 1, 1, is_date_string),
];
