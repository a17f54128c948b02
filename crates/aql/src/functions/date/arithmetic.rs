//! Moving, cutting and subtracting dates.

use value::Value;

use super::civil::{self, Civil, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use super::text::{Span, parse_duration};
use super::{Context, Function, Outcome, Problem, instant, time_zone, wall, wall_to_iso, warned};
use crate::functions::args::{arg, as_double, flag};
use crate::functions::numbers;

/// A unit of time, longest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
}

impl Unit {
    /// The unit an argument names.
    pub(super) fn read(args: &[Value], at: usize) -> Result<Self, Problem> {
        let name = arg(args, at).as_str().ok_or(Problem::Type)?;
        Ok(match name.to_ascii_lowercase().as_str() {
            "y" | "year" | "years" => Self::Year,
            "m" | "month" | "months" => Self::Month,
            "w" | "week" | "weeks" => Self::Week,
            "d" | "day" | "days" => Self::Day,
            "h" | "hour" | "hours" => Self::Hour,
            "i" | "minute" | "minutes" => Self::Minute,
            "s" | "second" | "seconds" => Self::Second,
            "f" | "millisecond" | "milliseconds" => Self::Millisecond,
            _ => return Err(Problem::Type),
        })
    }

    /// Its length; that of years and months is the average over 400 years.
    fn average_ms(self) -> i64 {
        match self {
            Self::Year => 31_556_952_000,
            Self::Month => 2_629_746_000,
            Self::Week => 7 * DAY_MS,
            Self::Day => DAY_MS,
            Self::Hour => HOUR_MS,
            Self::Minute => MINUTE_MS,
            Self::Second => SECOND_MS,
            Self::Millisecond => 1,
        }
    }

    fn times(self, amount: i64) -> Option<Span> {
        let months = match self {
            Self::Year => 12,
            Self::Month => 1,
            _ => {
                let ms = self.average_ms().checked_mul(amount)?;
                return Some(Span { months: 0, ms });
            }
        };
        Some(Span {
            months: amount.checked_mul(months)?,
            ms: 0,
        })
    }
}

/// The span to add, and the place of the time zone among the arguments.
fn span(args: &[Value]) -> Result<(Span, usize), Problem> {
    match arg(args, 1) {
        Value::String(text) => Ok((parse_duration(text).ok_or(Problem::Type)?, 2)),
        amount if amount.is_number() => {
            let amount = as_double(amount) as i64;
            let span = Unit::read(args, 2)?.times(amount).ok_or(Problem::Date)?;
            Ok((span, 3))
        }
        _ => Err(Problem::Type),
    }
}

fn moved(args: &[Value], sign: i64) -> Result<Value, Problem> {
    let (span, zone_at) = span(args)?;
    let zone = time_zone(args, zone_at)?;
    let wall = zone.to_wall(instant(args, 0)?);
    wall_to_iso(&zone, shift(wall, span, sign))
}

/// A wall clock moved by a span; `None` outside the years 0 to 9999.
pub(crate) fn shift(wall: i64, span: Span, sign: i64) -> Option<i64> {
    let mut date = Civil::from_ms(wall);
    date.month = date.month.checked_add(span.months.checked_mul(sign)?)?;
    let moved = date.to_ms()?.checked_add(span.ms.checked_mul(sign)?)?;
    civil::check(moved)
}

fn add(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, moved(args, 1))
}

fn subtract(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, moved(args, -1))
}

fn difference(args: &[Value]) -> Result<Value, Problem> {
    let unit = Unit::read(args, 2)?;
    let first = wall(args, 4)?;
    let second_zone = if args.len() > 5 { 5 } else { 4 };
    let second = time_zone(args, second_zone)?.to_wall(instant(args, 1)?);
    let (ms, length) = (second - first, unit.average_ms());
    if flag(args, 3) {
        numbers::from_f64(ms as f64 / length as f64).ok_or(Problem::Date)
    } else {
        Ok((ms / length).into())
    }
}

fn diff(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, difference(args))
}

fn truncated(args: &[Value]) -> Result<Value, Problem> {
    let unit = Unit::read(args, 1)?;
    let zone = time_zone(args, 2)?;
    let wall = zone.to_wall(instant(args, 0)?);
    let mut date = Civil::from_ms(wall);
    let cut = match unit {
        Unit::Week => return Err(Problem::Type),
        Unit::Year | Unit::Month => {
            if unit == Unit::Year {
                date.month = 1;
            }
            date.day = 1;
            date.to_ms().map(|ms| ms - ms.rem_euclid(DAY_MS))
        }
        shorter => Some(wall - wall.rem_euclid(shorter.average_ms())),
    };
    wall_to_iso(&zone, cut)
}

fn trunc(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, truncated(args))
}

fn rounded(args: &[Value]) -> Result<Value, Problem> {
    let unit = Unit::read(args, 2)?;
    if unit < Unit::Day || !arg(args, 1).is_number() {
        return Err(Problem::Type);
    }
    let amount = as_double(arg(args, 1)) as i64;
    let zone = time_zone(args, 3)?;
    let wall = zone.to_wall(instant(args, 0)?);
    let step = unit
        .average_ms()
        .checked_mul(amount)
        .filter(|step| *step > 0)
        .ok_or(Problem::Type)?;
    wall_to_iso(&zone, wall.checked_sub(wall.rem_euclid(step)))
}

fn round(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, rounded(args))
}

pub(in crate::functions) static FUNCTIONS: &[Function] = &[
    Function::new("DATE_ADD", 2, 4, add),
    Function::new("DATE_DIFF", 3, 6, diff),
    Function::new("DATE_ROUND", 3, 4, round),
    Function::new("DATE_SUBTRACT", 2, 4, subtract),
    Function::new("DATE_TRUNC", 2, 3, trunc),
];
