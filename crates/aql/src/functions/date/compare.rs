//! Comparing dates part by part.

use value::Value;

use super::arithmetic::Unit;
use super::civil::Civil;
use super::{Context, Function, Outcome, Problem, instant, time_zone, wall, warned};
use crate::functions::args::arg;

fn same(args: &[Value]) -> Result<Value, Problem> {
    let from = Unit::read(args, 2)?;
    let to = match arg(args, 3) {
        Value::Null => from,
        _ => Unit::read(args, 3)?,
    };
    if to < from || from == Unit::Week || to == Unit::Week {
        return Err(Problem::Type);
    }
    let first = Civil::from_ms(wall(args, 4)?);
    let second_zone = if args.len() > 5 { 5 } else { 4 };
    let second = Civil::from_ms(time_zone(args, second_zone)?.to_wall(instant(args, 1)?));
    let parts = [
        (Unit::Year, first.year == second.year),
        (Unit::Month, first.month == second.month),
        (Unit::Day, first.day == second.day),
        (Unit::Hour, first.hour == second.hour),
        (Unit::Minute, first.minute == second.minute),
        (Unit::Second, first.second == second.second),
        (Unit::Millisecond, first.ms == second.ms),
    ];
    Ok(parts
        .into_iter()
        .all(|(unit, equal)| equal || unit < from || unit > to)
        .into())
}

fn compare(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, same(args))
}

pub(in crate::functions) static FUNCTIONS: &[Function] =
    &[Function::new("DATE_COMPARE", 3, 6, compare)];
