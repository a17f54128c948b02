//! Writing dates by a pattern of placeholders.

use value::Value;

use super::civil::Civil;
use super::{Context, Function, Outcome, Problem, wall, warned};
use crate::functions::args::arg;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Writes a part of a date, given as milliseconds and by its parts.
type Write = fn(i64, Civil) -> String;

/// Placeholders without their `%`. Of one letter, longer ones come first so that they win.
static PLACEHOLDERS: &[(&str, Write)] = &[
    ("%", |_, _| "%".to_owned()),
    ("&", |_, _| String::new()),
    ("t", |ms, _| ms.to_string()),
    ("z", |_, date| date.to_iso()),
    ("wwww", |_, date| weekday(date).to_owned()),
    ("www", |_, date| abbreviation(weekday(date))),
    ("w", |_, date| date.day_of_week().to_string()),
    ("yyyyyy", |_, date| format!("{:+07}", date.year)),
    ("yyyy", |_, date| format!("{:04}", date.year)),
    ("yy", |_, date| format!("{:02}", date.year.rem_euclid(100))),
    ("y", |_, date| date.year.to_string()),
    ("mmmm", |_, date| month(date).to_owned()),
    ("mmm", |_, date| abbreviation(month(date))),
    ("mm", |_, date| format!("{:02}", date.month)),
    ("m", |_, date| date.month.to_string()),
    ("dd", |_, date| format!("{:02}", date.day)),
    ("d", |_, date| date.day.to_string()),
    ("hh", |_, date| format!("{:02}", date.hour)),
    ("h", |_, date| date.hour.to_string()),
    ("ii", |_, date| format!("{:02}", date.minute)),
    ("i", |_, date| date.minute.to_string()),
    ("ss", |_, date| format!("{:02}", date.second)),
    ("s", |_, date| date.second.to_string()),
    ("fff", |_, date| format!("{:03}", date.ms)),
    ("f", |_, date| date.ms.to_string()),
    ("xxx", |_, date| format!("{:03}", date.day_of_year())),
    ("x", |_, date| date.day_of_year().to_string()),
    ("kk", |_, date| format!("{:02}", date.iso_week().1)),
    ("k", |_, date| date.iso_week().1.to_string()),
    ("l", |_, date| u8::from(date.is_leap_year()).to_string()),
    ("q", |_, date| date.quarter().to_string()),
    ("a", |_, date| date.days_in_month().to_string()),
];

fn weekday(date: Civil) -> &'static str {
    let at = usize::try_from(date.day_of_week()).unwrap_or(0);
    WEEKDAYS.get(at).copied().unwrap_or_default()
}

fn month(date: Civil) -> &'static str {
    let at = usize::try_from(date.month - 1).unwrap_or(0);
    MONTHS.get(at).copied().unwrap_or_default()
}

fn abbreviation(name: &str) -> String {
    name.chars().take(3).collect()
}

fn formatted(wall: i64, pattern: &str) -> String {
    let date = Civil::from_ms(wall);
    let mut result = String::with_capacity(pattern.len() * 2);
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        let found = PLACEHOLDERS.iter().find(|(name, _)| {
            after
                .get(..name.len())
                .is_some_and(|next| next.eq_ignore_ascii_case(name))
        });
        // A percent sign before anything else is dropped.
        rest = match found {
            Some((name, write)) => {
                result.push_str(&write(wall, date));
                after.get(name.len()..).unwrap_or_default()
            }
            None => after,
        };
    }
    result.push_str(rest);
    result
}

fn format(ctx: &mut Context<'_>, args: &[Value]) -> Outcome {
    let outcome = match arg(args, 1).as_str() {
        Some(pattern) => wall(args, 2).map(|wall| formatted(wall, pattern).into()),
        None => Err(Problem::Type),
    };
    warned(ctx, outcome)
}

pub(in crate::functions) static FUNCTIONS: &[Function] =
    &[Function::new("DATE_FORMAT", 2, 3, format)];
