//! Filter and format of the log, chosen once at the start.

use std::str::FromStr;

use thiserror::Error;
use tracing::Subscriber;
use tracing::subscriber::{SetGlobalDefaultError, set_global_default};
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::access::AccessLog;
use crate::queue::{Flush, LineQueue};

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people: time, level, target, message, `field=value`.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = TelemetryProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(TelemetryProblem::Format(other.chars().take(80).collect())),
        }
    }
}

/// What the operator chooses.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// Format of all lines.
    pub format: Format,
    /// What is logged: `info`, or levels by target as in `info,access=warn,upstream=debug`.
    pub filter: String,
}

/// Why logs cannot start.
#[derive(Debug, Error)]
pub enum TelemetryProblem {
    /// The filter cannot be read.
    #[error("log filter {filter:?} is not levels by target, like \"info,access=warn\"")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: ParseError,
    },
    /// The format is not known.
    #[error("log format {0:?} is not known; use \"text\" or \"json\"")]
    Format(String),
    /// Something set up logs before.
    #[error("logs are set up already in this process")]
    AlreadyStarted(#[source] SetGlobalDefaultError),
}

/// Logs that run.
pub struct Logs {
    /// Takes the record of each request.
    pub access: AccessLog,
    /// To be kept to the very end of the process.
    pub flush: Flush,
}

/// Starts logs of this process, to standard error.
///
/// # Errors
/// A filter that cannot be read, or logs that run already.
pub fn start(settings: &LogSettings) -> Result<Logs, TelemetryProblem> {
    let (queue, flush) = LineQueue::to_standard_error();
    let subscriber = build(settings, queue.clone())?;
    set_global_default(subscriber).map_err(TelemetryProblem::AlreadyStarted)?;
    let access = AccessLog::new(settings.format, queue);
    Ok(Logs { access, flush })
}

/// What filters and formats events into a queue.
pub(crate) fn build(
    settings: &LogSettings,
    queue: LineQueue,
) -> Result<impl Subscriber + Send + Sync + use<>, TelemetryProblem> {
    let filter = EnvFilter::try_new(&settings.filter).map_err(|source| {
        TelemetryProblem::Filter { filter: settings.filter.chars().take(200).collect(), source }
    })?;
    let lines = fmt::layer().with_writer(queue).with_ansi(false);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match settings.format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    Ok(Registry::default().with(lines).with(filter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::capture::Captured;

    fn log_of(format: Format, filter: &str, events: impl FnOnce()) -> String {
        let captured = Captured::default();
        let (queue, flush) = LineQueue::new(captured.clone(), 100);
        let settings = LogSettings { format, filter: filter.to_owned() };
        let subscriber = build(&settings, queue).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        drop(flush);
        captured.text()
    }

    #[test]
    fn lines_are_filtered_by_target() {
        let text = log_of(Format::Text, "warn,upstream=debug", || {
            tracing::info!(target: "pipeline", "left out");
            tracing::debug!(target: "upstream", "kept");
        });
        assert!(text.contains("DEBUG upstream: kept"), "{text}");
        assert!(!text.contains("left out"), "{text}");
    }

    #[test]
    fn a_json_line_is_one_flat_object() {
        let text = log_of(Format::Json, "info", || {
            tracing::info!(target: "upstream", { provider.id = "a\u{1b}[31m\nb" }, "says");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["target"], "upstream");
        assert_eq!(line["message"], "says");
        assert_eq!(line["provider.id"], "a\u{1b}[31m\nb");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named() {
        let (queue, _flush) = LineQueue::new(Captured::default(), 1);
        let settings = LogSettings { format: Format::Text, filter: "info,=[".to_owned() };
        let problem = build(&settings, queue).err().unwrap();
        assert!(problem.to_string().contains("\"info,=[\""), "{problem}");
    }

    #[test]
    fn formats_are_a_closed_list() {
        assert_eq!("json".parse::<Format>().unwrap(), Format::Json);
        assert_eq!("text".parse::<Format>().unwrap(), Format::Text);
        let problem = "xml".parse::<Format>().unwrap_err().to_string();
        assert_eq!(problem, "log format \"xml\" is not known; use \"text\" or \"json\"");
    }
}
