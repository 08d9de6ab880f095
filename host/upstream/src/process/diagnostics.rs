//! Reads what a program writes to standard error.

use exchange::Diagnostics;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Reads to the end, so that the program never waits for a reader. Dropping the future loses
/// nothing that was read.
pub(super) async fn collect(diagnostics: &mut Diagnostics, mut stderr: impl AsyncRead + Unpin) {
    let mut buffer = [0; 1024];
    // An error of the pipe is as good as its end.
    while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
        diagnostics.take(buffer.get(..count).unwrap_or_default());
    }
}
