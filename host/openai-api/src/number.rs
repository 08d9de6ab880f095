//! Numbers that keep their digits.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::raw::{JsonKind, RawJson};

/// A JSON number as it was written: `1.0` stays `1.0`, `1e400` survives. The default is 0.
///
/// Two are equal if they are written alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(Digits);

#[derive(Clone, Debug, PartialEq)]
enum Digits {
    /// The ordinary case, without an allocation; its text is the shortest one.
    Unsigned(u64),
    Text(RawJson),
}

impl Number {
    /// A number, or `None` for what JSON cannot write: infinities and not-a-number.
    #[must_use]
    pub fn from_f64(value: f64) -> Option<Self> {
        value.is_finite().then(|| RawJson::of(&value).ok().map(Self::from_raw)).flatten()
    }

    /// The value as unsigned integer, if it is one, however it is written.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match &self.0 {
            Digits::Unsigned(value) => Some(*value),
            Digits::Text(text) => unsigned_of(text.as_str()),
        }
    }

    /// The value as signed integer, if it is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Digits::Unsigned(value) => i64::try_from(*value).ok(),
            Digits::Text(text) => text.as_str().parse().ok(),
        }
    }

    /// The nearest double, or `None` if it is out of range.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match &self.0 {
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is promised")]
            Digits::Unsigned(value) => Some(*value as f64),
            Digits::Text(text) => {
                text.as_str().parse().ok().filter(|value: &f64| value.is_finite())
            }
        }
    }

    fn from_raw(raw: RawJson) -> Self {
        match raw.as_str().parse() {
            // "-0" parses as well, but its text is not the shortest one.
            Ok(value) if raw.as_str() != "-0" => Self(Digits::Unsigned(value)),
            _ => Self(Digits::Text(raw)),
        }
    }
}

/// The value of a JSON number's text if it is a non-negative integer: `12`, and `12.0` too.
pub(crate) fn unsigned_of(text: &str) -> Option<u64> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    // Doubles up to here are exact.
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    let value = text.parse::<f64>().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a small non-negative integer"
    )]
    ((0.0..=LIMIT).contains(&value) && value.fract() == 0.0).then_some(value as u64)
}

impl Default for Number {
    fn default() -> Self {
        Self::from(0_u64)
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Digits::Unsigned(value))
    }
}

impl From<u32> for Number {
    fn from(value: u32) -> Self {
        Self::from(u64::from(value))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = RawJson::deserialize(deserializer)?;
        match raw.kind() {
            JsonKind::Number => Ok(Self::from_raw(raw)),
            other => Err(de::Error::custom(format_args!("must be a number, not {other}"))),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Digits::Unsigned(value) => serializer.serialize_u64(*value),
            Digits::Text(text) => text.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive() {
        let texts =
            ["0", "-0", "1.0", "1e400", "18446744073709551616", "9007199254740993", "-1.50"];
        for text in texts {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&number).unwrap(), text);
        }
    }

    #[test]
    fn values_are_read_however_they_are_written() {
        let number = |text: &str| serde_json::from_str::<Number>(text).unwrap();
        assert_eq!(number("12").as_u64(), Some(12));
        assert_eq!(number("12.0").as_u64(), Some(12));
        assert_eq!(number("1.2e1").as_u64(), Some(12));
        assert_eq!(number("1.5").as_u64(), None);
        assert_eq!(number("-1").as_u64(), None);
        assert_eq!(number("-1").as_i64(), Some(-1));
        assert_eq!(number("0.7").as_f64(), Some(0.7));
        assert_eq!(number("1e400").as_f64(), None);
    }

    #[test]
    fn what_json_cannot_write_is_no_number() {
        assert_eq!(Number::from_f64(f64::NAN), None);
        assert_eq!(Number::from_f64(0.5).unwrap().as_f64(), Some(0.5));
        assert!(serde_json::from_str::<Number>("\"1\"").is_err());
    }
}
