//! One measurement at saturation: what a request costs the server's processor.

use std::time::Duration;

use anyhow::Result;

use crate::figures::Saturation;
use crate::load::{self, Connection, Job};
use crate::process::ServerProcess;

/// Share of the measured length that is spent before, unmeasured.
pub(crate) const WARM_UP: f64 = 0.25;

/// Asks without a pause on all connections and reads the server's processor time.
///
/// # Errors
/// A reply is wrong, or the server has ended.
pub(crate) async fn measure(
    connections: &mut [Connection],
    job: &Job,
    server: Option<&ServerProcess>,
    length: Duration,
) -> Result<Saturation> {
    load::saturate(connections, job, length.mul_f64(WARM_UP)).await?;
    let before = processor_time(server)?;
    let saturated = load::saturate(connections, job, length).await?;
    let used = processor_time(server)?.zip(before).map(|(now, then)| now.saturating_sub(then));
    let seconds = saturated.elapsed.as_secs_f64();
    let replies = saturated.replies as f64;
    Ok(Saturation {
        processor: used.map(|used| used.div_f64(replies)),
        busy: used.map(|used| used.as_secs_f64() / seconds),
        requests_per_second: replies / seconds,
    })
}

fn processor_time(server: Option<&ServerProcess>) -> Result<Option<Duration>> {
    server.map(ServerProcess::processor_time).transpose()
}
