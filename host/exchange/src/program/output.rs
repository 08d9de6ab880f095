//! From a run to the reply that reads it.

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

use crate::credential::SentSecrets;
use crate::failure::Failure;
use crate::failure::kind::FailureKind;
use crate::head::ResponseHead;
use crate::http_port::UpstreamReply;
use crate::process_port::ProcessExchange;

/// Chunks of output that wait for the reader. When it is full, the program waits.
const OUTPUT_QUEUE: usize = 4;

/// What a run sends. One that ends without a last word was ended itself, so that output which was
/// cut is never taken for whole.
#[derive(Debug)]
pub enum ProgramOutput {
    /// Standard output.
    Chunk(Bytes),
    /// Last: the program did not end well.
    Failed(Failure),
    /// Last: it did.
    Done,
}

impl ProgramOutput {
    /// The way from a run to its reply, with room for a few chunks. A run that cannot send is
    /// read no more.
    #[must_use]
    pub fn channel() -> (mpsc::Sender<Self>, mpsc::Receiver<Self>) {
        mpsc::channel(OUTPUT_QUEUE)
    }
}

impl ProcessExchange {
    /// What must be redacted from what the program says.
    #[must_use]
    pub fn sent_secrets(&self) -> SentSecrets {
        SentSecrets::new(self.credential.iter().map(|(_, secret)| secret.clone()).collect())
    }
}

/// Answers with the program's first output or its end, so that a program that fails before it
/// said anything is an error here and another candidate can be tried.
///
/// # Errors
/// The run failed before it said anything.
pub async fn program_reply(
    output: mpsc::Receiver<ProgramOutput>,
    sent_secrets: SentSecrets,
) -> Result<UpstreamReply, Failure> {
    let mut rest = Box::pin(body_of(output));
    let first = rest.next().await.transpose()?;
    Ok(UpstreamReply {
        head: ResponseHead::of_process(),
        body: Box::pin(stream::iter(first.map(Ok)).chain(rest)),
        sent_secrets,
    })
}

fn body_of(output: mpsc::Receiver<ProgramOutput>) -> impl Stream<Item = Result<Bytes, Failure>> {
    let items = stream::unfold(Some(output), |output| async move {
        let mut output = output?;
        match output.recv().await {
            Some(ProgramOutput::Chunk(chunk)) => Some((Ok(chunk), Some(output))),
            Some(ProgramOutput::Failed(failure)) => Some((Err(failure), None)),
            Some(ProgramOutput::Done) => None,
            None => Some((Err(unattended()), None)),
        }
    });
    items.fuse()
}

fn unattended() -> Failure {
    Failure::new(
        FailureKind::SandboxFault,
        "the gateway stopped attending to the provider's program",
    )
}
