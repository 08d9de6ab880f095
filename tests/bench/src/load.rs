//! The load generator: keep-alive connections that check every reply.
//!
//! Two loads. At saturation every connection asks again as soon as it is answered. At a fixed
//! rate every request has an intended start, and its latency counts from there, so that a slow
//! reply does not hide the ones that had to wait behind it (coordinated omission).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::expected::Expected;
use crate::gateway::CALLER_KEY;

/// The last stretch before an intended start is spun through, because timers are no finer than
/// a millisecond.
const SPIN: Duration = Duration::from_millis(2);

/// One kind of request to one server.
pub(crate) struct Job {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    expected: Expected,
}

/// An open connection.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
}

/// When a reply came, counted from the intended start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Latency {
    /// First bytes of the body.
    pub(crate) first: Duration,
    /// End of the body.
    pub(crate) whole: Duration,
}

/// What a load at saturation did.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Saturated {
    /// Replies, all of them right.
    pub(crate) replies: u64,
    /// From the first request to the last reply.
    pub(crate) elapsed: Duration,
}

impl Job {
    /// Requests with this body, and the reply that each has to get.
    ///
    /// # Errors
    /// The path is not an address.
    pub(crate) fn new(
        path: &str,
        body: Bytes,
        expected: Expected,
        server: SocketAddr,
    ) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, server.to_string().parse()?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, format!("Bearer {CALLER_KEY}").parse()?);
        Ok(Self { uri: path.parse()?, headers, body, expected })
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Connection {
    async fn open(server: SocketAddr) -> Result<Self> {
        let socket = TcpStream::connect(server).await.context("cannot connect")?;
        socket.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        // Ends when the sender is dropped; a failure reaches the sender too.
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// Sends one request and checks the reply. `start` is when it should have been sent.
    async fn exchange(&mut self, job: &Job, start: Instant) -> Result<Latency> {
        self.sender.ready().await?;
        let reply = self.sender.send_request(job.request()).await?;
        let status = reply.status();
        if status != StatusCode::OK {
            let body = reply.into_body().collect().await?.to_bytes();
            bail!("status {status}: {}", String::from_utf8_lossy(&body));
        }
        let first = match &job.expected {
            Expected::Bytes(bytes) => read_bytes(reply.into_body(), bytes).await?,
            Expected::Text(pieces) => {
                let (first, body) = read_whole(reply.into_body()).await?;
                pieces.check(&body)?;
                first
            }
        };
        Ok(Latency { first: first.duration_since(start), whole: start.elapsed() })
    }
}

/// Reads a body that has to be `expected`, and says when its first bytes came.
async fn read_bytes(mut body: Incoming, expected: &[u8]) -> Result<Instant> {
    let mut first = None;
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        first.get_or_insert_with(Instant::now);
        let end = read + data.len();
        ensure!(
            expected.get(read..end) == Some(&data[..]),
            "the reply differs from the expected one at byte {read} or after: {:?}",
            String::from_utf8_lossy(&data)
        );
        read = end;
    }
    ensure!(read == expected.len(), "the reply has {read} bytes of {}", expected.len());
    first.context("the reply is empty")
}

/// Reads any body, and says when its first bytes came.
async fn read_whole(mut body: Incoming) -> Result<(Instant, BytesMut)> {
    let mut first = None;
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            first.get_or_insert_with(Instant::now);
            whole.extend_from_slice(&data);
        }
    }
    Ok((first.context("the reply is empty")?, whole))
}

/// Opens connections.
///
/// # Errors
/// The server does not accept one.
pub(crate) async fn connect(server: SocketAddr, number: usize) -> Result<Vec<Connection>> {
    try_join_all((0..number).map(|_| Connection::open(server))).await
}

/// Asks on all connections without a pause, for at least `length`.
///
/// # Errors
/// A reply is wrong.
pub(crate) async fn saturate(
    connections: &mut [Connection],
    job: &Job,
    length: Duration,
) -> Result<Saturated> {
    let start = Instant::now();
    let each = connections.iter_mut().map(|connection| async move {
        let mut replies = 0_u64;
        while start.elapsed() < length {
            connection.exchange(job, Instant::now()).await?;
            replies += 1;
        }
        anyhow::Ok(replies)
    });
    let replies = try_join_all(each).await?.into_iter().sum();
    Ok(Saturated { replies, elapsed: start.elapsed() })
}

/// Asks `rate` times a second, for `length`.
///
/// # Errors
/// A reply is wrong.
pub(crate) async fn at_rate(
    connections: &mut [Connection],
    job: &Job,
    rate: u32,
    length: Duration,
) -> Result<Vec<Latency>> {
    let requests = (length.as_secs_f64() * f64::from(rate)).ceil() as u32;
    let next = Arc::new(AtomicU32::new(0));
    let start = Instant::now() + SPIN;
    let each = connections.iter_mut().map(|connection| {
        let next = Arc::clone(&next);
        async move {
            let mut latencies = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= requests {
                    return anyhow::Ok(latencies);
                }
                let intended = start + Duration::from_secs(1) * number / rate;
                wait_until(intended).await;
                latencies.push(connection.exchange(job, intended).await?);
            }
        }
    });
    Ok(try_join_all(each).await?.concat())
}

async fn wait_until(instant: Instant) {
    if let Some(early) = instant.checked_sub(SPIN) {
        tokio::time::sleep_until(early.into()).await;
    }
    while Instant::now() < instant {
        tokio::task::yield_now().await;
    }
}

/// Whether a server answers `GET path` with 200.
pub(crate) async fn answers_ok(server: SocketAddr, path: &str) -> bool {
    let ask = async {
        let mut connection = Connection::open(server).await?;
        let request =
            Request::get(path).header(HOST, server.to_string()).body(Full::new(Bytes::new()))?;
        let reply = connection.sender.send_request(request).await?;
        anyhow::Ok(reply.status() == StatusCode::OK)
    };
    ask.await.unwrap_or(false)
}
