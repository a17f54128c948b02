//! Reading dates and durations.

use super::{Civil, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, check};

/// What is left to read.
struct Reader<'t>(&'t str);

impl Reader<'_> {
    /// Skips this text if it comes next.
    fn take(&mut self, wanted: &str) -> bool {
        match self.0.strip_prefix(wanted) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// A number of at least `min` and at most `max` digits.
    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let digits = self
            .0
            .bytes()
            .take(max)
            .take_while(u8::is_ascii_digit)
            .count();
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        (digits >= min).then(|| number.parse().ok())?
    }

    /// The digits after a decimal point as thousandths; further digits do not count.
    fn thousandths(&mut self) -> Option<i64> {
        let digits = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (fraction, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        let kept: String = fraction.chars().chain("000".chars()).take(3).collect();
        (digits > 0).then(|| kept.parse().ok())?
    }
}

fn within(number: i64, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    range.contains(&number).then_some(number)
}

/// Milliseconds since 1970 of a date text: `YYYY[-M[M][-D[D]]]`, then perhaps `T` or a space
/// and `HH:MM[:SS[.fff]]`, then perhaps `Z` or `±HH:MM`. Days beyond the month's end, up to
/// 31, are accepted and spill over.
pub fn parse(text: &str) -> Option<i64> {
    let mut reader = Reader(text);
    let mut date = Civil {
        year: reader.number(4, 4)?,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        ms: 0,
    };
    if reader.take("-") {
        date.month = within(reader.number(1, 2)?, 1..=12)?;
        if reader.take("-") {
            date.day = within(reader.number(1, 2)?, 1..=31)?;
        }
    }
    if reader.take("T") || reader.take(" ") {
        date.hour = within(reader.number(2, 2)?, 0..=23)?;
        if !reader.take(":") {
            return None;
        }
        date.minute = within(reader.number(2, 2)?, 0..=59)?;
        if reader.take(":") {
            date.second = within(reader.number(2, 2)?, 0..=59)?;
            if reader.take(".") {
                date.ms = reader.thousandths()?;
            }
        }
    }
    let offset = parse_offset(&mut reader)?;
    if !reader.0.is_empty() {
        return None;
    }
    check(date.to_ms()? - offset)
}

/// How far the text's clock is ahead of UTC, in milliseconds.
fn parse_offset(reader: &mut Reader<'_>) -> Option<i64> {
    if reader.take("Z") {
        return Some(0);
    }
    let sign = if reader.take("+") {
        1
    } else if reader.take("-") {
        -1
    } else {
        return Some(0);
    };
    let hours = within(reader.number(2, 2)?, 0..=23)?;
    if !reader.take(":") {
        return None;
    }
    let minutes = within(reader.number(2, 2)?, 0..=59)?;
    Some(sign * (hours * HOUR_MS + minutes * MINUTE_MS))
}

/// A span of time: months do not have a fixed length, everything else is milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// Months, years included.
    pub months: i64,
    /// Everything else, in milliseconds.
    pub ms: i64,
}

/// Reads `P[nY][nM][nW][nD][T[nH][nM][n[.fff]S]]` with at least one part.
pub fn parse_duration(text: &str) -> Option<Span> {
    const DIGITS_MAX: usize = 12;
    let mut reader = Reader(text.strip_prefix('P')?);
    let mut span = Span::default();
    // Each unit may come once and only after the longer ones.
    let mut units = ["Y", "M", "W", "D"].as_slice();
    let mut in_time = false;
    let mut parts = 0;
    while !reader.0.is_empty() {
        if !in_time && reader.take("T") {
            in_time = true;
            units = &["H", "M", "S"];
            continue;
        }
        let number = reader.number(1, DIGITS_MAX)?;
        let fraction = match in_time && reader.take(".") {
            true => Some(reader.thousandths()?),
            false => None,
        };
        let at = units.iter().position(|unit| reader.0.starts_with(unit))?;
        let unit = units.get(at).copied()?;
        reader.take(unit);
        units = units.get(at + 1..)?;
        if fraction.is_some() && unit != "S" {
            return None;
        }
        add_part(&mut span, in_time, unit, number)?;
        span.ms = span.ms.checked_add(fraction.unwrap_or(0))?;
        parts += 1;
    }
    let dangling_time = text.ends_with('T');
    (parts > 0 && !dangling_time).then_some(span)
}

fn add_part(span: &mut Span, in_time: bool, unit: &str, number: i64) -> Option<()> {
    let length = match (in_time, unit) {
        (false, "Y") | (false, "M") => {
            let months = if unit == "Y" { 12 } else { 1 };
            span.months = number.checked_mul(months)?.checked_add(span.months)?;
            return Some(());
        }
        (false, "W") => 7 * DAY_MS,
        (false, _) => DAY_MS,
        (true, "H") => HOUR_MS,
        (true, "M") => MINUTE_MS,
        (true, _) => SECOND_MS,
    };
    span.ms = number.checked_mul(length)?.checked_add(span.ms)?;
    Some(())
}
