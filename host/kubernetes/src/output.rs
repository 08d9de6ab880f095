//! From a run to the reply that reads it.

use bytes::Bytes;
use exchange::{Failure, FailureKind, ResponseHead, SentSecrets, UpstreamReply};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::mpsc;

/// Chunks of output that wait for the reader. When it is full, the program waits.
pub(crate) const OUTPUT_QUEUE: usize = 4;

/// What a run sends. One that ends without a last word was ended itself, so that output which was
/// cut is never taken for whole.
pub(crate) enum Output {
    /// Standard output.
    Chunk(Bytes),
    /// Last: the program did not end well.
    Failed(Failure),
    /// Last: it did.
    Done,
}

/// Waits for the first output, or the end.
///
/// # Errors
/// The run failed before it said anything.
pub(crate) async fn reply(
    output: mpsc::Receiver<Output>,
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

fn body_of(output: mpsc::Receiver<Output>) -> impl Stream<Item = Result<Bytes, Failure>> {
    let items = stream::unfold(Some(output), |output| async move {
        let mut output = output?;
        match output.recv().await {
            Some(Output::Chunk(chunk)) => Some((Ok(chunk), Some(output))),
            Some(Output::Failed(failure)) => Some((Err(failure), None)),
            Some(Output::Done) => None,
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
