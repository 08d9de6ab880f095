//! Points in time, as records and views write them: RFC 3339, in UTC, to the millisecond.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};

/// Now, to the millisecond: what is written is what was meant.
pub(crate) fn now() -> OffsetDateTime {
    to_the_millisecond(OffsetDateTime::now_utc())
}

/// As text.
pub(crate) fn text(at: OffsetDateTime) -> String {
    let at = to_the_millisecond(at.to_offset(UtcOffset::UTC));
    at.format(&Rfc3339).expect("years of clocks have four digits")
}

/// Some days earlier; `None` if that is before 1970, when nothing was written down.
pub(crate) fn days_before(at: OffsetDateTime, days: u32) -> Option<OffsetDateTime> {
    let earlier = at.checked_sub(Duration::days(i64::from(days)))?;
    (earlier >= OffsetDateTime::UNIX_EPOCH).then_some(earlier)
}

fn to_the_millisecond(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_millisecond(at.millisecond()).unwrap_or(at)
}

/// For members of records.
pub(crate) mod rfc3339 {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use time::OffsetDateTime;
    use time::format_description::well_known::Rfc3339;

    /// Writes it.
    pub(crate) fn serialize<S: Serializer>(
        at: &OffsetDateTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::text(*at))
    }

    /// Reads it.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OffsetDateTime, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map_err(D::Error::custom)
    }
}
