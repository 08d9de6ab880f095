//! How much of its limits a key has left.

use std::fmt;
use std::time::Duration;

/// What is left of the limits that a key has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Of its requests per minute.
    pub requests: Option<Level>,
    /// Of its tokens per minute; what is reserved for requests in flight is not left.
    pub tokens: Option<Level>,
}

/// What is left of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The limit.
    pub limit: u64,
    /// Whole units that are left.
    pub remaining: u64,
    /// How long until all of it is left again, if nothing more is used.
    pub reset: Duration,
}

/// A time to wait, rounded up, as OpenAI writes it in `x-ratelimit-reset-requests`: `120ms`,
/// `1s`, `6m0s` (OpenAI's documentation, "Rate limits").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_nanos().div_ceil(1_000_000);
        let seconds = milliseconds.div_ceil(1000);
        match (milliseconds, seconds) {
            (0, _) => f.write_str("0s"),
            (1..1000, _) => write!(f, "{milliseconds}ms"),
            (_, 0..60) => write!(f, "{seconds}s"),
            _ => write!(f, "{}m{}s", seconds / 60, seconds % 60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_written_as_openai_does() {
        for (wait, expected) in [
            (Duration::ZERO, "0s"),
            (Duration::from_nanos(1), "1ms"),
            (Duration::from_millis(120), "120ms"),
            (Duration::from_micros(999_001), "1s"),
            (Duration::from_secs(1), "1s"),
            (Duration::from_millis(1001), "2s"),
            (Duration::from_millis(59_001), "1m0s"),
            (Duration::from_secs(360), "6m0s"),
            (Duration::from_secs(3601), "60m1s"),
        ] {
            assert_eq!(Wait(wait).to_string(), expected);
        }
    }
}
