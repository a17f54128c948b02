//! Time zones by their names in the IANA database.
//!
//! The database is the bundled one, so that every server answers alike whatever its machine has.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Dst, Offset, TimeZone, TimeZoneDatabase};

use super::civil::Civil;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone.
pub(super) enum Zone {
    /// Coordinated universal time.
    Utc,
    /// Any other.
    Named(TimeZone),
}

/// What holds in a zone at an instant.
pub(super) struct ZoneInfo {
    /// The abbreviation, such as `CEST`.
    pub(super) name: String,
    /// Whether it is daylight saving time.
    pub(super) dst: bool,
    /// How far the clock is ahead of UTC.
    pub(super) offset_seconds: i64,
    /// Since when, in milliseconds since 1970.
    pub(super) begin: Option<i64>,
    /// Until when.
    pub(super) end: Option<i64>,
}

impl Zone {
    /// The zone of an IANA name.
    pub(super) fn find(name: &str) -> Option<Self> {
        match name {
            "UTC" | "Etc/UTC" => Some(Self::Utc),
            _ => DATABASE.get(name).ok().map(Self::Named),
        }
    }

    /// All names in order.
    pub(super) fn names() -> Vec<String> {
        let mut names: Vec<String> = DATABASE
            .available()
            .map(|name| name.as_str().to_owned())
            .collect();
        names.sort();
        names
    }

    /// What the zone's clocks show at an instant.
    pub(super) fn to_wall(&self, ms: i64) -> i64 {
        match self {
            Self::Utc => ms,
            Self::Named(zone) => ms + offset_ms(zone.to_offset(timestamp(ms))),
        }
    }

    /// The instant at which the zone's clocks show this. A time that is skipped counts on
    /// from before the gap; one that comes twice is its first occurrence.
    pub(super) fn to_utc(&self, wall: i64) -> Option<i64> {
        let zone = match self {
            Self::Utc => return Some(wall),
            Self::Named(zone) => zone,
        };
        let offset = match zone.to_ambiguous_timestamp(date_time(wall)?).offset() {
            AmbiguousOffset::Unambiguous { offset } => offset,
            AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
        };
        wall.checked_sub(offset_ms(offset))
    }

    /// What holds at an instant.
    pub(super) fn info(&self, ms: i64) -> ZoneInfo {
        let zone = match self {
            Self::Utc => &TimeZone::UTC,
            Self::Named(zone) => zone,
        };
        let at = timestamp(ms);
        let now = zone.to_offset_info(at);
        let next_ms = timestamp(ms.saturating_add(1));
        ZoneInfo {
            name: now.abbreviation().to_owned(),
            dst: now.dst() == Dst::Yes,
            offset_seconds: now.offset().seconds().into(),
            begin: zone
                .preceding(next_ms)
                .next()
                .map(|change| change.timestamp().as_millisecond()),
            end: zone
                .following(at)
                .next()
                .map(|change| change.timestamp().as_millisecond()),
        }
    }
}

fn offset_ms(offset: Offset) -> i64 {
    i64::from(offset.seconds()) * 1_000
}

/// The last day of the year 9999 is beyond the library's range; zones do not change there.
fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

fn date_time(wall: i64) -> Option<DateTime> {
    let date = Civil::from_ms(wall);
    DateTime::new(
        i16::try_from(date.year).ok()?,
        i8::try_from(date.month).ok()?,
        i8::try_from(date.day).ok()?,
        i8::try_from(date.hour).ok()?,
        i8::try_from(date.minute).ok()?,
        i8::try_from(date.second).ok()?,
        i32::try_from(date.ms).ok()? * 1_000_000,
    )
    .ok()
}
