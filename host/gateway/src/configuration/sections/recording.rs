//! `[recording]`

use std::path::PathBuf;
use std::time::Duration;

use resources::Fields;

use super::text::FilledText;

const MIB: u64 = 1 << 20;
const HOUR: u64 = 3600;

/// `[recording]`: nothing is recorded where it is absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecordingSettings {
    /// `directory`: where recordings are kept, for nobody but the gateway; data/recordings.
    pub(crate) directory: PathBuf,
    /// `max_bytes`: all files together, up to 64 GiB; 64 MiB.
    pub(crate) max_bytes: u64,
    /// `max_exchanges`: all that are kept, up to a million; 1000.
    pub(crate) max_exchanges: u64,
    /// `max_age_hours`: how long an exchange is kept, up to a year; a week.
    pub(crate) max_age: Duration,
    /// `max_exchange_bytes`: bodies of one exchange, up to 64 MiB; 1 MiB.
    pub(crate) max_exchange_bytes: u64,
    /// `texts`
    pub(crate) texts: RecordedTexts,
}

/// What becomes of the words of callers and providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RecordedTexts {
    /// `"masked"`: letters and digits are replaced.
    #[default]
    Masked,
    /// `"kept"`: they are kept as they are.
    Kept,
}

impl Default for RecordingSettings {
    fn default() -> Self {
        Self {
            directory: PathBuf::from("data/recordings"),
            max_bytes: 64 * MIB,
            max_exchanges: 1000,
            max_age: Duration::from_secs(7 * 24 * HOUR),
            max_exchange_bytes: MIB,
            texts: RecordedTexts::Masked,
        }
    }
}

impl RecordingSettings {
    #[expect(clippy::unnecessary_wraps, reason = "the shape of every table's reader")]
    pub(crate) fn read(fields: &mut Fields<'_, '_>) -> Option<Self> {
        let default = Self::default();
        let directory = fields.member("directory").parsed();
        let max_bytes = fields.member("max_bytes").integer(1 << 16..=1 << 36);
        let max_exchanges = fields.member("max_exchanges").integer(1..=1_000_000);
        let hours = fields.member("max_age_hours").integer(1..=366 * 24);
        let exchange = fields.member("max_exchange_bytes").integer(1024..=64 * MIB);
        let texts = fields
            .member("texts")
            .choice(&[("masked", RecordedTexts::Masked), ("kept", RecordedTexts::Kept)]);
        let max_bytes = max_bytes.unwrap_or(default.max_bytes);
        if let Some(exchange) = exchange.filter(|exchange| *exchange > max_bytes) {
            fields.report(
                Some("max_exchange_bytes"),
                format!("{exchange} is more than max_bytes ({max_bytes})"),
                "make max_exchange_bytes smaller or max_bytes larger",
            );
        }
        Some(Self {
            directory: directory.map_or(default.directory, |FilledText(path)| path.into()),
            max_bytes,
            max_exchanges: max_exchanges.unwrap_or(default.max_exchanges),
            max_age: hours.map_or(default.max_age, |hours| Duration::from_secs(hours * HOUR)),
            max_exchange_bytes: exchange.unwrap_or(default.max_exchange_bytes.min(max_bytes)),
            texts: texts.unwrap_or_default(),
        })
    }
}
