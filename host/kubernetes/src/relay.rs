//! Moves bytes between a running program and whoever reads the reply, within the limits.

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use exchange::{Diagnostics, ProcessEnd, ProcessExchange, ProgramOutput};
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::problem::CallProblem;
use crate::streams::{Piece, Streams};

/// Longest wait that is computed with; more is as good as for ever.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Limits of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunLimits {
    /// End of the whole run, waiting for a place and for the cluster included.
    pub(crate) end: Instant,
    total: Duration,
    idle: Duration,
    max_bytes: u64,
}

impl RunLimits {
    /// The operator's limits; the adapter can only shorten the whole run.
    pub(crate) fn new(exchange: &ProcessExchange, started: Instant) -> Self {
        let target = &exchange.target;
        let total = exchange.plan.timeout.unwrap_or(target.total).min(target.total);
        Self {
            end: started + total.min(LONGEST),
            total,
            idle: target.idle,
            max_bytes: target.max_output_bytes,
        }
    }

    /// What it means that the end has come.
    pub(crate) fn too_slow(&self) -> ProcessEnd {
        ProcessEnd::TooSlow { timeout: "total", length: self.total }
    }
}

/// Why a relay is over.
pub(crate) enum RelayEnd {
    /// The program's streams have ended.
    Streams,
    /// Nobody wants the output any more.
    Cancelled,
    /// A limit was reached.
    Limit(ProcessEnd),
    /// The streams broke.
    Broken(CallProblem),
}

/// What was relayed so far.
pub(crate) struct Relay<'a> {
    limits: RunLimits,
    output: &'a mpsc::Sender<ProgramOutput>,
    output_bytes: u64,
    quiet_since: Instant,
}

impl<'a> Relay<'a> {
    pub(crate) fn new(limits: RunLimits, output: &'a mpsc::Sender<ProgramOutput>) -> Self {
        Self { limits, output, output_bytes: 0, quiet_since: Instant::now() }
    }

    /// Bytes of standard output so far.
    pub(crate) fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    /// Relays until one of the two sides ends or a limit is reached.
    pub(crate) async fn run(
        &mut self,
        streams: Streams,
        diagnostics: &mut Diagnostics,
    ) -> RelayEnd {
        self.quiet_since = Instant::now();
        let Streams { mut pieces, feeding, .. } = streams;
        let mut feeding = pin!(feeding);
        let mut is_fed = false;
        loop {
            let (deadline, passed) = self.deadline();
            let piece = tokio::select! {
                () = self.output.closed() => return RelayEnd::Cancelled,
                piece = pieces.next() => piece,
                () = &mut feeding, if !is_fed => {
                    is_fed = true;
                    continue;
                }
                () = sleep_until(deadline) => return RelayEnd::Limit(passed),
            };
            match piece {
                None => return RelayEnd::Streams,
                Some(Ok(Piece::Complaint(bytes))) => diagnostics.take(&bytes),
                Some(Ok(Piece::Output(bytes))) => {
                    if let Err(end) = self.pass(bytes).await {
                        return end;
                    }
                }
                Some(Err(problem)) => return RelayEnd::Broken(problem),
            }
        }
    }

    /// Hands a chunk on. Time in which the reader does not take it counts for the whole run, not
    /// as silence of the program.
    async fn pass(&mut self, chunk: Bytes) -> Result<(), RelayEnd> {
        let RunLimits { max_bytes, end, .. } = self.limits;
        self.output_bytes = self.output_bytes.saturating_add(chunk.len() as u64);
        if self.output_bytes > max_bytes {
            return Err(RelayEnd::Limit(ProcessEnd::TooMuchOutput { max_bytes }));
        }
        let sent = timeout_at(end, self.output.send(ProgramOutput::Chunk(chunk))).await;
        self.quiet_since = Instant::now();
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(RelayEnd::Cancelled),
            Err(_) => Err(RelayEnd::Limit(self.limits.too_slow())),
        }
    }

    fn deadline(&self) -> (Instant, ProcessEnd) {
        let RunLimits { end, idle, .. } = self.limits;
        let silence = self.quiet_since + idle.min(LONGEST);
        if silence < end {
            (silence, ProcessEnd::TooSlow { timeout: "idle", length: idle })
        } else {
            (end, self.limits.too_slow())
        }
    }
}
