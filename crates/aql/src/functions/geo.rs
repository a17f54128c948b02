//! Places on a sphere: distances between points, making points, and planar containment.

use value::{Object, Value};

use super::args::{arg, array, flag};
use super::numeric::finite;
use super::{Context, Function, Outcome};

/// The earth's radius in metres. It reproduces the documented distances to the last digit.
const EARTH_RADIUS: f64 = 6_371_000.0;

/// A number within `-limit..=limit`.
fn degrees(value: &Value, limit: f64) -> Option<f64> {
    value.as_f64().filter(|degrees| degrees.abs() <= limit)
}

fn latitude(value: &Value) -> Option<f64> {
    degrees(value, 90.0)
}

fn longitude(value: &Value) -> Option<f64> {
    degrees(value, 180.0)
}

/// Metres along the sphere, by the haversine formula.
fn haversine(from: (f64, f64), to: (f64, f64)) -> f64 {
    let (from_latitude, from_longitude) = (from.0.to_radians(), from.1.to_radians());
    let (to_latitude, to_longitude) = (to.0.to_radians(), to.1.to_radians());
    let half_latitude = ((to_latitude - from_latitude) / 2.0).sin();
    let half_longitude = ((to_longitude - from_longitude) / 2.0).sin();
    let chord = half_latitude * half_latitude
        + from_latitude.cos() * to_latitude.cos() * half_longitude * half_longitude;
    // Rounding may lift it just above 1 for opposite points.
    2.0 * EARTH_RADIUS * chord.min(1.0).sqrt().asin()
}

fn distance(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let from = latitude(arg(args, 0)).zip(longitude(arg(args, 1)));
    let to = latitude(arg(args, 2)).zip(longitude(arg(args, 3)));
    match from.zip(to) {
        Some((from, to)) => finite(ctx, haversine(from, to)),
        None => ctx.wrong_type(),
    }
}

fn point(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    if args.iter().any(|coordinate| !coordinate.is_number()) {
        return ctx.wrong_type();
    }
    let parts = [
        ("type", Value::from("Point")),
        ("coordinates", args.to_vec().into()),
    ];
    Ok(Value::object(Object::from_iter(parts)))
}

/// A pair of numbers, swapped if they come as longitude and latitude.
fn pair(value: &Value, swapped: bool) -> Option<(f64, f64)> {
    match value.as_array()? {
        [first, second] if swapped => second.as_f64().zip(first.as_f64()),
        [first, second] => first.as_f64().zip(second.as_f64()),
        _ => None,
    }
}

/// Whether a ray from the place crosses the polygon's edges an odd number of times.
fn is_in_polygon(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let (place, swapped) = match arg(args, 1) {
        Value::Array(_) => (pair(arg(args, 1), flag(args, 2)), flag(args, 2)),
        latitude => (latitude.as_f64().zip(arg(args, 2).as_f64()), false),
    };
    let corners: Option<Vec<(f64, f64)>> = array(args, 0)
        .and_then(|corners| corners.iter().map(|corner| pair(corner, swapped)).collect());
    let (Some((latitude, longitude)), Some(corners)) = (place, corners) else {
        return ctx.wrong_type();
    };
    let before = corners.iter().skip(corners.len().saturating_sub(1));
    let crossings = before
        .chain(&corners)
        .zip(&corners)
        .filter(|((from_lat, from_lon), (to_lat, to_lon))| {
            let spans = (*from_lon > longitude) != (*to_lon > longitude);
            let along = (longitude - from_lon) / (to_lon - from_lon);
            spans && latitude < from_lat + (to_lat - from_lat) * along
        })
        .count();
    Ok((crossings % 2 == 1).into())
}

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("DISTANCE", 4, 4, distance),
    Function::new("GEO_POINT", 2, 3, point),
    Function::new("IS_IN_POLYGON", 2, 3, is_in_polygon),
];
