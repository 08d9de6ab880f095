//! Values of arguments, parsed once.

use std::str::FromStr;
use std::time::Duration;

use resources::{ModelName, ProviderId};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use url::Url;

/// Longest span of time that is taken.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);

/// A value that is not well-formed: what to write instead.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub(crate) struct ValueProblem(pub(super) &'static str);

/// A span of time: `90s`, `15m`, `1h`, `30d`, `2w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

impl FromStr for Period {
    type Err = ValueProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FIX: ValueProblem = ValueProblem(
            "write a whole number and its unit s, m, h, d or w, up to 100 years, like 90s or 30d",
        );
        let unit = text.chars().next_back().ok_or(FIX)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 24 * 3600,
            'w' => 7 * 24 * 3600,
            _ => return Err(FIX),
        };
        let number = text.strip_suffix(unit).filter(|it| is_number(it)).ok_or(FIX)?;
        let number: u64 = number.parse().map_err(|_| FIX)?;
        let seconds = number.checked_mul(seconds).ok_or(FIX)?;
        Some(Duration::from_secs(seconds)).filter(|it| *it <= LONGEST).map(Self).ok_or(FIX)
    }
}

/// A moment, or how far it is from now; the argument says in which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// `2027-01-01T00:00:00Z`, or `2027-01-01` for its start in UTC.
    At(OffsetDateTime),
    /// `30d`
    Away(Period),
}

impl When {
    /// The moment in RFC 3339, a span of time taken as lying ahead.
    ///
    /// # Errors
    /// If it is beyond the years that RFC 3339 knows.
    pub(crate) fn ahead(self, now: OffsetDateTime) -> anyhow::Result<String> {
        match self {
            Self::At(moment) => written(moment),
            Self::Away(Period(span)) => written(now + span),
        }
    }

    /// The moment in RFC 3339, a span of time taken as past.
    ///
    /// # Errors
    /// If it is beyond the years that RFC 3339 knows.
    pub(crate) fn ago(self, now: OffsetDateTime) -> anyhow::Result<String> {
        match self {
            Self::At(moment) => written(moment),
            Self::Away(Period(span)) => written(now - span),
        }
    }
}

fn written(moment: OffsetDateTime) -> anyhow::Result<String> {
    Ok(moment.replace_nanosecond(0)?.format(&Rfc3339)?)
}

impl FromStr for When {
    type Err = ValueProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FIX: ValueProblem =
            ValueProblem("write it like 2027-01-01T00:00:00Z, 2027-01-01, or 30d");
        if let Ok(period) = text.parse() {
            return Ok(Self::Away(period));
        }
        let midnight = format!("{text}T00:00:00Z");
        let moment =
            [text, &midnight].iter().find_map(|it| OffsetDateTime::parse(it, &Rfc3339).ok());
        moment.map(Self::At).ok_or(FIX)
    }
}

/// A candidate of a route: `main/gpt-4o:3`. Digits after the last colon are its weight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CandidateText {
    /// Before the first slash.
    pub(crate) provider: ProviderId,
    /// After it; may hold slashes and colons.
    pub(crate) model: ModelName,
    /// Its share of the traffic, if written: 1 to 1000.
    pub(crate) weight: Option<u32>,
}

impl FromStr for CandidateText {
    type Err = ValueProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FIX: ValueProblem = ValueProblem(
            "write PROVIDER/MODEL or PROVIDER/MODEL:WEIGHT with a weight from 1 to 1000",
        );
        let (target, weight) = match text.rsplit_once(':') {
            Some((target, weight)) if is_number(weight) => {
                let weight = weight.parse().ok().filter(|it| (1..=1000).contains(it));
                (target, Some(weight.ok_or(FIX)?))
            }
            _ => (text, None),
        };
        let (provider, model) = target.split_once('/').ok_or(FIX)?;
        let provider = provider.parse().map_err(|_| FIX)?;
        let model = model.parse().map_err(|_| FIX)?;
        Ok(Self { provider, model, weight })
    }
}

/// What an operator has seen of a resource, as `If-Match` says it (RFC 9110 section 13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntityTag(String);

impl EntityTag {
    /// Whatever is there.
    pub(crate) fn any() -> Self {
        Self("*".to_owned())
    }

    /// The value of the header.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntityTag {
    type Err = ValueProblem;

    /// With or without its quotes, which shells eat.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FIX: ValueProblem =
            ValueProblem("write the number that `show` prints as etag, or * for any");
        if text == "*" {
            return Ok(Self::any());
        }
        let bare = text.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(text);
        if is_number(bare) { Ok(Self(format!("\"{bare}\""))) } else { Err(FIX) }
    }
}

/// An address under which an admin API can be.
pub(crate) fn gateway_url(text: &str) -> Result<Url, ValueProblem> {
    const FIX: ValueProblem =
        ValueProblem("write the gateway's address, like http://127.0.0.1:8080");
    let url = Url::parse(text).map_err(|_| FIX)?;
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = url.query().is_none() && url.fragment().is_none();
    let http = matches!(url.scheme(), "http" | "https");
    if plain && bare && http { Ok(url) } else { Err(FIX) }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_number_and_a_unit() {
        let rows = [("0s", 0), ("90s", 90), ("15m", 900), ("1h", 3600), ("30d", 2_592_000)];
        for (text, seconds) in rows {
            assert_eq!(text.parse(), Ok(Period(Duration::from_secs(seconds))), "{text}");
        }
        let bad =
            ["", "1", "h", "1.5h", "-1h", "1 h", "1H", "1é", "99999999999999999999w", "6000w"];
        for text in bad {
            assert!(text.parse::<Period>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_written_whole_by_its_day_or_by_its_distance() {
        let now = OffsetDateTime::parse("2026-03-01T12:00:00.5Z", &Rfc3339).unwrap();
        for (text, ahead, ago) in [
            ("2027-01-01T01:02:03+01:00", "2027-01-01T01:02:03+01:00", "2027-01-01T01:02:03+01:00"),
            ("2027-01-01", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("1d", "2026-03-02T12:00:00Z", "2026-02-28T12:00:00Z"),
        ] {
            let when: When = text.parse().unwrap();
            assert_eq!(when.ahead(now).unwrap(), ahead, "{text}");
            assert_eq!(when.ago(now).unwrap(), ago, "{text}");
        }
        for text in ["", "tomorrow", "2027-13-01", "2027-01-01 00:00", "2027"] {
            assert!(text.parse::<When>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn digits_after_the_last_colon_are_a_candidates_weight() {
        for (text, provider, model, weight) in [
            ("main/gpt-4o", "main", "gpt-4o", None),
            ("main/gpt-4o:3", "main", "gpt-4o", Some(3)),
            ("main/org/model:1000", "main", "org/model", Some(1000)),
            ("local/llama3:8b", "local", "llama3:8b", None),
            ("local/llama3:8:1", "local", "llama3:8", Some(1)),
        ] {
            let found: CandidateText = text.parse().unwrap();
            assert_eq!((found.provider.as_str(), found.model.as_str()), (provider, model));
            assert_eq!(found.weight, weight, "{text}");
        }
        for text in ["", "main", "main/", "/m", "Main/m", "main/m:0", "main/m:1001", "main/a b"] {
            assert!(text.parse::<CandidateText>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_entity_tag_is_taken_with_and_without_quotes() {
        for (text, header) in [("7", "\"7\""), ("\"7\"", "\"7\""), ("*", "*")] {
            assert_eq!(text.parse::<EntityTag>().unwrap().as_str(), header);
        }
        for text in ["", "\"", "\"\"", "W/\"7\"", "7\r\nx: y", "latest"] {
            assert!(text.parse::<EntityTag>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_gateways_address_is_plain_http_or_https() {
        for text in ["http://127.0.0.1:8080", "https://gw.example.com/patchbay/"] {
            assert!(gateway_url(text).is_ok(), "{text}");
        }
        for text in
            ["", "127.0.0.1:8080", "ftp://a", "http://u:p@a", "http://a/?x=1", "http://a/#x"]
        {
            assert!(gateway_url(text).is_err(), "{text:?}");
        }
    }
}
