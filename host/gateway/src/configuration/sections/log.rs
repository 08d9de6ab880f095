//! `[log]`

use std::str::FromStr;

use resources::Fields;
use thiserror::Error;

/// Levels, most severe first.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogSettings {
    /// `format`; text.
    pub(crate) format: LogFormat,
    /// `level`: a level, or levels by target as in `info,access=warn`; info.
    pub(crate) level: LogLevel,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLevel(String);

/// A text that is no such thing.
#[derive(Debug, Error)]
#[error(
    "is no level; use off, error, warn, info, debug or trace, also by target: \"info,access=warn\""
)]
pub(crate) struct LogLevelProblem;

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel("info".to_owned()) }
    }
}

impl LogSettings {
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let format =
            fields.member("format").choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
        let level = fields.member("level").parsed();
        Some(Self {
            format: format.unwrap_or(default.format),
            level: level.unwrap_or(default.level),
        })
    }
}

impl LogLevel {
    /// As the log's filter reads it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogLevel {
    type Err = LogLevelProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_target_byte = |b: u8| b.is_ascii_alphanumeric() || b"_:-".contains(&b);
        let is_directive = |directive: &str| match directive.split_once('=') {
            None => LEVELS.contains(&directive),
            Some((target, level)) => {
                !target.is_empty() && target.bytes().all(is_target_byte) && LEVELS.contains(&level)
            }
        };
        if text.split(',').all(is_directive) {
            Ok(Self(text.to_owned()))
        } else {
            Err(LogLevelProblem)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_may_be_given_by_target() {
        for text in ["info", "off", "info,access=warn", "plugin=debug,upstream::http=trace"] {
            assert_eq!(text.parse::<LogLevel>().unwrap().as_str(), text);
        }
        for text in ["", "loud", "INFO,", "=info", "a b=info", "access=", "access[x]=info"] {
            assert!(text.parse::<LogLevel>().is_err(), "{text:?}");
        }
    }
}
