//! Where the output of a program goes.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use exchange::Diagnostics;
use tokio::io::AsyncWrite;
use tokio::sync::mpsc;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

/// Most bytes that a program may write at once.
const WRITE_BYTES: usize = 16 * 1024;

/// Standard output: a bounded channel, so that a reader who is slow stalls the program.
#[derive(Clone)]
pub(super) struct Stdout {
    chunks: mpsc::Sender<Bytes>,
}

impl Stdout {
    pub(super) fn new(chunks: mpsc::Sender<Bytes>) -> Self {
        Self { chunks }
    }
}

impl IsTerminal for Stdout {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdout {
    /// Of a version of WASI that programs do not have.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(StdoutWriter { chunks: self.chunks.clone(), permit: None })
    }
}

struct StdoutWriter {
    chunks: mpsc::Sender<Bytes>,
    /// A place in the channel, taken before the program writes.
    permit: Option<mpsc::OwnedPermit<Bytes>>,
}

#[async_trait]
impl Pollable for StdoutWriter {
    async fn ready(&mut self) {
        if self.permit.is_none() {
            // Closed: the next look says so.
            self.permit = self.chunks.clone().reserve_owned().await.ok();
        }
    }
}

#[async_trait]
impl OutputStream for StdoutWriter {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self.permit.take() {
            Some(permit) => drop(permit.send(bytes)),
            None => return Err(StreamError::trap("written without a look whether there is room")),
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        if self.permit.is_none() {
            match self.chunks.clone().try_reserve_owned() {
                Ok(permit) => self.permit = Some(permit),
                Err(mpsc::error::TrySendError::Full(_)) => return Ok(0),
                Err(mpsc::error::TrySendError::Closed(_)) => return Err(StreamError::Closed),
            }
        }
        Ok(WRITE_BYTES)
    }

    /// As the default, but for the wait until there is room for more.
    async fn blocking_write_and_flush(&mut self, mut bytes: Bytes) -> StreamResult<()> {
        while !bytes.is_empty() {
            self.ready().await;
            let room = self.check_write()?;
            self.write(bytes.split_to(room.min(bytes.len())))?;
        }
        Ok(())
    }
}

/// Standard error: the beginning is kept for the log, the rest is taken and forgotten.
#[derive(Clone)]
pub(super) struct Stderr(Arc<Mutex<Diagnostics>>);

impl Stderr {
    pub(super) fn new(secrets: &[&str]) -> Self {
        Self(Arc::new(Mutex::new(Diagnostics::new(secrets))))
    }

    /// The text for the log.
    pub(super) fn text(&self, secrets: &[&str]) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).text(secrets)
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    /// Of a version of WASI that programs do not have.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Stderr {
    async fn ready(&mut self) {}
}

#[async_trait]
impl OutputStream for Stderr {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}
