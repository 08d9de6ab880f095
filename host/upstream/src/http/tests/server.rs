//! A server that does exactly what a test says, byte by byte.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A listening server; ends with the test's runtime.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// One connection to it.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Server {
    pub(super) async fn start<F, R>(handle: F) -> Self
    where
        F: Fn(Connection) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let received = Vec::new();
                tokio::spawn(handle(Connection { stream, received }));
            }
        });
        Self { address, connections }
    }

    /// Connections accepted so far.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Connection {
    /// Reads one request with its body, or `None` if the other side closed.
    pub(super) async fn request(&mut self) -> Option<String> {
        loop {
            if let Some(length) = request_length(&self.received) {
                let request = self.received.drain(..length).collect();
                return Some(String::from_utf8(request).unwrap());
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
            }
        }
    }

    pub(super) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Waits until the other side is gone.
    pub(super) async fn closed(&mut self) {
        while self.request().await.is_some() {}
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }
}

/// Length of the first whole request in the bytes.
fn request_length(bytes: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let declared = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = declared.map_or(0, |length| length.parse().unwrap());
    (body.len() >= length).then_some(head.len() + 4 + length)
}
