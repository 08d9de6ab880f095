//! Moves bytes between a running program and whoever reads the reply, within the limits.

use std::io;
use std::pin::pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use exchange::{Diagnostics, ProcessExchange, ProgramOutput};
use sandbox::{Running, Streams};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::child::ended;
use super::ending::Ending;
use crate::deadline::{Deadline, DeadlineKind};

/// Bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// Limits of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunLimits {
    /// The whole run, waiting for a place included.
    pub(super) total: Deadline,
    idle: Duration,
    max_bytes: u64,
}

impl RunLimits {
    /// The operator's limits; the adapter can only shorten the whole run.
    pub(super) fn new(exchange: &ProcessExchange, started: Instant) -> Self {
        let target = &exchange.target;
        let asked = exchange.plan.timeout.unwrap_or(target.total);
        Self {
            total: Deadline::after(started, DeadlineKind::Total, asked.min(target.total)),
            idle: target.idle,
            max_bytes: target.max_output_bytes,
        }
    }
}

/// The gateway's ends of the program's streams.
pub(super) struct Pipes {
    stdin: Option<ChildStdin>,
    body: Bytes,
    stdout: ChildStdout,
    /// Read on after the relay has ended.
    pub(super) stderr: ChildStderr,
}

impl Pipes {
    /// Hands the streams to the runtime. The body goes to standard input, if there is one.
    pub(super) fn open(streams: Streams, body: Bytes) -> io::Result<Self> {
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        Ok(Self {
            stdin: streams.stdin.map(ChildStdin::from_std).transpose()?,
            body,
            stdout: ChildStdout::from_std(streams.stdout.ok_or_else(missing)?)?,
            stderr: ChildStderr::from_std(streams.stderr.ok_or_else(missing)?)?,
        })
    }
}

/// What was relayed so far.
pub(super) struct Relay<'a> {
    limits: RunLimits,
    output: &'a mpsc::Sender<ProgramOutput>,
    output_bytes: u64,
    quiet_since: Instant,
}

impl<'a> Relay<'a> {
    pub(super) fn new(limits: RunLimits, output: &'a mpsc::Sender<ProgramOutput>) -> Self {
        Self { limits, output, output_bytes: 0, quiet_since: Instant::now() }
    }

    /// Bytes of standard output so far.
    pub(super) fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    /// Relays until the program has ended and its output was taken, or a limit is reached. What
    /// the program leaves behind in its group when it ends is killed, so that the output ends too.
    pub(super) async fn run(
        &mut self,
        program: &Running,
        pipes: &mut Pipes,
        diagnostics: &mut Diagnostics,
    ) -> Ending {
        let stdin = pipes.stdin.take();
        let mut sides = pin!(async {
            tokio::join!(feed(stdin, &pipes.body), collect(&mut pipes.stderr, diagnostics));
        });
        let mut exited = pin!(ended(program.leader()));
        let mut timer = pin!(sleep_until(self.deadline().at));
        let mut buffer = BytesMut::new();
        let (mut is_open, mut is_alive, mut has_sides) = (true, true, true);
        while is_open || is_alive {
            buffer.reserve(CHUNK_BYTES);
            tokio::select! {
                read = pipes.stdout.read_buf(&mut buffer), if is_open => match read {
                    Ok(0) => is_open = false,
                    Ok(_) => if let Err(ending) = self.pass(buffer.split().freeze()).await {
                        return ending;
                    },
                    Err(error) => return Ending::Broken(error),
                },
                end = &mut exited, if is_alive => {
                    if let Err(error) = end {
                        return Ending::Broken(error);
                    }
                    is_alive = false;
                    program.kill();
                },
                () = &mut sides, if has_sides => has_sides = false,
                () = &mut timer => {
                    let deadline = self.deadline();
                    if Instant::now() >= deadline.at {
                        return Ending::TooSlow(deadline);
                    }
                    timer.as_mut().reset(deadline.at);
                }
            }
        }
        Ending::Exited
    }

    /// Hands a chunk on. Time in which the reader does not take it counts for the whole run, not
    /// as silence of the program.
    async fn pass(&mut self, chunk: Bytes) -> Result<(), Ending> {
        let max_bytes = self.limits.max_bytes;
        self.output_bytes = self.output_bytes.saturating_add(chunk.len() as u64);
        if self.output_bytes > max_bytes {
            return Err(Ending::TooMuchOutput { max_bytes });
        }
        let total = self.limits.total;
        let sent = timeout_at(total.at, self.output.send(ProgramOutput::Chunk(chunk))).await;
        self.quiet_since = Instant::now();
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ending::Cancelled),
            Err(_) => Err(Ending::TooSlow(total)),
        }
    }

    fn deadline(&self) -> Deadline {
        Deadline::after(self.quiet_since, DeadlineKind::Idle, self.limits.idle)
            .earlier(self.limits.total)
    }
}

/// Writes the body and closes standard input. A program that does not read it is free to.
async fn feed(stdin: Option<ChildStdin>, body: &Bytes) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(body).await;
    }
}

/// Reads standard error to its end, so that the program never waits for a reader. Dropping the
/// future loses nothing that was read.
pub(super) async fn collect(mut stderr: impl AsyncRead + Unpin, diagnostics: &mut Diagnostics) {
    let mut buffer = [0; 1024];
    // An error of the pipe is as good as its end.
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        diagnostics.take(buffer.get(..count).unwrap_or_default());
    }
}
