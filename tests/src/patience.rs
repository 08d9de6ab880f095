//! The limit of all waiting.

use std::time::Duration;

use anyhow::{Context, Result};

/// Far beyond anything a working gateway takes, on the slowest machine too.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits for an event, but not for ever.
///
/// # Errors
/// The event did not happen; `what` is in the message.
pub async fn patiently<T>(what: &str, event: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(LIMIT, event)
        .await
        .with_context(|| format!("waited a minute in vain for {what}"))
}
