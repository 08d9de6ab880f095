//! An edge that really listens, and callers that speak HTTP by hand.

use std::net::SocketAddr;
use std::time::Duration;

use exchange::AccessRecord;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::fake::{self, Fake, KEY};
use crate::{Edge, EdgeLimits, Ending, Listeners, serve};

/// How long a test waits for what must happen, before it fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for what must happen.
pub(super) async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.expect("did not happen")
}

/// A served edge.
pub(super) struct Served {
    pub(super) address: SocketAddr,
    pub(super) shutdown: CancellationToken,
    records: UnboundedReceiver<AccessRecord>,
    task: JoinHandle<Ending>,
}

impl Served {
    pub(super) async fn start(fake: Fake) -> Self {
        Self::with_limits(fake, fake::limits()).await
    }

    pub(super) async fn with_limits(fake: Fake, limits: EdgeLimits) -> Self {
        let (edge, records) = fake::edge(fake, limits);
        Self::with_edge(edge, records).await
    }

    /// An edge that a test has made.
    pub(super) async fn with_edge(edge: Edge, records: UnboundedReceiver<AccessRecord>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self::behind(listener.into(), address, (edge, records))
    }

    /// An edge behind listeners that a test has bound; `address` is where tests connect to.
    pub(super) fn behind(
        listeners: Listeners,
        address: SocketAddr,
        (edge, records): (Edge, UnboundedReceiver<AccessRecord>),
    ) -> Self {
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(serve(listeners, edge, shutdown.clone()));
        Self { address, shutdown, records, task }
    }

    pub(super) async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// The next request's record.
    pub(super) async fn record(&mut self) -> AccessRecord {
        soon(self.records.recv()).await.unwrap()
    }

    /// Shuts down and checks that nothing was recorded that the test did not ask for.
    pub(super) async fn stop(self) -> Ending {
        self.shutdown.cancel();
        self.ended().await
    }

    /// Waits for the end, as [`Served::stop`].
    pub(super) async fn ended(mut self) -> Ending {
        let ending = soon(self.task).await.unwrap();
        assert!(self.records.try_recv().is_err(), "a record too many");
        ending
    }
}

/// A connection on which a test speaks HTTP/1.1 by hand.
pub(super) struct Wire(TcpStream);

impl Wire {
    pub(super) async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Writes a chat request.
    pub(super) async fn write_chat(&mut self, body: &str) {
        let head = head_of_chat(&format!("content-length: {}\r\n", body.len()));
        self.write(&head).await;
        self.write(body).await;
    }

    /// Reads until the text has come.
    pub(super) async fn read_until(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(text) {
            let count = soon(self.0.read_buf(&mut seen)).await.unwrap();
            assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&seen));
        }
        String::from_utf8(seen).unwrap()
    }

    /// Reads until the other side closes.
    pub(super) async fn read_to_end(&mut self) -> String {
        let mut seen = Vec::new();
        soon(self.0.read_to_end(&mut seen)).await.unwrap();
        String::from_utf8(seen).unwrap()
    }
}

/// Head of a chat request with further header lines.
pub(super) fn head_of_chat(lines: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{lines}\r\n"
    )
}
