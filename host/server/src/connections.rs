//! Connections: accepted, bounded, tracked, and ended in an orderly way.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::edge::{Edge, EdgeLimits};
use crate::router::router;

/// Pause after the system refused to accept, as it does when it has no file descriptor left.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// How often a silent HTTP/2 caller is asked whether it is still there, and how long it may take
/// to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every request in flight was answered to its end.
    Drained,
    /// The time to drain ran out; this many connections, and requests of HTTP/2, were cut.
    Cut(usize),
}

/// Serves HTTP/1.1 and HTTP/2 without TLS until `shutdown` is cancelled; then accepts nothing
/// more, lets requests in flight end for [`EdgeLimits::drain`], and cuts what is left.
///
/// Dropping the future instead cuts nothing by itself: connections go on without a limit of time.
pub async fn serve(listener: TcpListener, edge: Edge, shutdown: CancellationToken) -> Ending {
    let edge = Arc::new(edge);
    let tasks = TaskTracker::new();
    let doors = Doors {
        builder: builder(&edge.limits, &tasks),
        service: TowerToHyperService::new(router(Arc::clone(&edge))),
        tasks,
        closing: shutdown.clone(),
        cut: CancellationToken::new(),
    };
    tokio::select! {
        () = doors.accept(listener, edge.limits.max_connections) => {}
        () = shutdown.cancelled() => {}
    }
    doors.close(&edge).await
}

fn builder(limits: &EdgeLimits, tasks: &TaskTracker) -> Builder<TrackedExecutor> {
    let mut builder = Builder::new(TrackedExecutor(tasks.clone()));
    let max_head_bytes = usize::try_from(limits.max_head_bytes).unwrap_or(usize::MAX);
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_read)
        .max_buf_size(max_head_bytes.max(SMALLEST_BUFFER_BYTES));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.max_head_bytes)
        .max_concurrent_streams(limits.max_requests_per_connection)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    builder
}

/// hyper takes no smaller buffer for a connection.
const SMALLEST_BUFFER_BYTES: usize = 8192;

/// What each connection gets.
struct Doors {
    builder: Builder<TrackedExecutor>,
    service: TowerToHyperService<Router>,
    tasks: TaskTracker,
    closing: CancellationToken,
    cut: CancellationToken,
}

impl Doors {
    /// Accepts for ever, never more than `max_connections` at a time.
    async fn accept(&self, listener: TcpListener, max_connections: usize) {
        let places = Arc::new(Semaphore::new(max_connections));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let connection = self.connection(stream);
                    self.tasks.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) if is_callers_affair(&error) => {}
                Err(error) => {
                    tracing::warn!(cause = %error, "cannot accept connections, trying again");
                    tokio::time::sleep(PAUSE_AFTER_REFUSAL).await;
                }
            }
        }
    }

    /// One connection to its end. Once the gateway closes, it takes no further request.
    fn connection(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + use<> {
        let builder = self.builder.clone();
        let service = self.service.clone();
        let (closing, cut) = (self.closing.clone(), self.cut.clone());
        async move {
            // Chunks of a stream are small, and each is wanted at once.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(cause = %error, "cannot set TCP_NODELAY");
            }
            let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = cut.cancelled() => return,
                () = closing.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = connection.as_mut() => ended,
                        () = cut.cancelled() => return,
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(cause = error, "connection ended");
            }
        }
    }

    async fn close(self, edge: &Edge) -> Ending {
        self.tasks.close();
        if tokio::time::timeout(edge.limits.drain, self.tasks.wait()).await.is_ok() {
            return Ending::Drained;
        }
        let left = self.tasks.len();
        edge.note_abort();
        self.cut.cancel();
        // Each task ends at its next step, which is to drop its connection.
        self.tasks.wait().await;
        if left == 0 { Ending::Drained } else { Ending::Cut(left) }
    }
}

/// Spawns what hyper wants to run beside a connection, the requests of HTTP/2 above all, so that
/// shutdown waits for it, too.
#[derive(Clone)]
struct TrackedExecutor(TaskTracker);

impl<F> Executor<F> for TrackedExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}

/// Whether a connection broke before it was accepted.
fn is_callers_affair(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(error.kind(), K::ConnectionReset | K::ConnectionAborted | K::ConnectionRefused)
}
