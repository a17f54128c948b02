//! Dates: the proleptic Gregorian calendar without time zones, and texts of dates.
//!
//! Days beyond a month's end spill into the next month instead of being cut back, which is why
//! a calendar library's checked dates do not fit here.

pub mod text;

/// Milliseconds of 0000-01-01T00:00:00.000Z.
const MS_MIN: i64 = -62_167_219_200_000;
/// Milliseconds of 9999-12-31T23:59:59.999Z.
const MS_MAX: i64 = 253_402_300_799_999;

/// Milliseconds of a second.
pub const SECOND_MS: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// The instant, if it lies in the years 0 to 9999.
pub fn check(ms: i64) -> Option<i64> {
    (MS_MIN..=MS_MAX).contains(&ms).then_some(ms)
}

/// A date and time by its parts. Months and days count from 1.
#[derive(Debug, Clone, Copy)]
pub struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub ms: i64,
}

impl Civil {
    /// The parts of milliseconds since 1970, which lie within about a year of 0 to 9999.
    pub fn from_ms(ms: i64) -> Self {
        let (days, time) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
        let (year, month, day) = civil_of(days);
        Self {
            year,
            month,
            day,
            hour: time / HOUR_MS,
            minute: time % HOUR_MS / MINUTE_MS,
            second: time % MINUTE_MS / SECOND_MS,
            ms: time % SECOND_MS,
        }
    }

    /// Milliseconds since 1970; parts out of their range carry over. `None` on overflow.
    pub fn to_ms(self) -> Option<i64> {
        let months = self
            .year
            .checked_mul(12)?
            .checked_add(self.month.checked_sub(1)?)?;
        let (year, month) = (months.div_euclid(12), months.rem_euclid(12) + 1);
        // Far beyond any valid result, and small enough for the day count not to overflow.
        if year.abs() > 1_000_000 {
            return None;
        }
        let days = days_of(year, month).checked_add(self.day.checked_sub(1)?)?;
        days.checked_mul(DAY_MS)?
            .checked_add(self.hour.checked_mul(HOUR_MS)?)?
            .checked_add(self.minute.checked_mul(MINUTE_MS)?)?
            .checked_add(self.second.checked_mul(SECOND_MS)?)?
            .checked_add(self.ms)
    }

    fn days(self) -> i64 {
        days_of(self.year, self.month) + self.day - 1
    }

    /// 0 is Sunday.
    pub fn day_of_week(self) -> i64 {
        // 1970-01-01 was a Thursday.
        (self.days() + 4).rem_euclid(7)
    }

    /// 1 is the first of January.
    pub fn day_of_year(self) -> i64 {
        self.days() - days_of(self.year, 1) + 1
    }

    /// 1 to 4.
    pub fn quarter(self) -> i64 {
        (self.month - 1) / 3 + 1
    }

    /// 28 to 31.
    pub fn days_in_month(self) -> i64 {
        let months = self.year * 12 + self.month;
        days_of(months.div_euclid(12), months.rem_euclid(12) + 1) - days_of(self.year, self.month)
    }

    /// Whether the year has a 29th of February.
    pub fn is_leap_year(self) -> bool {
        self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0)
    }

    /// The year and the number of the week that ISO 8601 counts the day to.
    pub fn iso_week(self) -> (i64, i64) {
        // A week belongs to the year of its Thursday.
        let from_monday = (self.day_of_week() + 6) % 7;
        let thursday = self.days() - from_monday + 3;
        let (year, _, _) = civil_of(thursday);
        (year, (thursday - days_of(year, 1)) / 7 + 1)
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmm` without a zone.
    pub fn to_local_iso(self) -> String {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}",
            self.year, self.month, self.day, self.hour, self.minute, self.second, self.ms
        )
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    pub fn to_iso(self) -> String {
        self.to_local_iso() + "Z"
    }
}

/// Days from 1970-01-01 to the first of a month. Years are shifted to start in March so that
/// the leap day comes last (the well-known algorithm by Howard Hinnant).
fn days_of(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a count of days since 1970-01-01.
fn civil_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}
