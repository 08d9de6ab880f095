//! Connections: accepted, bounded, tracked, and ended in an orderly way.

use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use futures_util::future::join_all;
use http::{Extensions, Request};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::edge::{Edge, EdgeLimits};
use crate::router::{Door, router};

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

/// Where the gateway listens.
#[derive(Debug)]
pub enum Listeners {
    /// For everybody at one address.
    Together(TcpListener),
    /// For operators at an address of their own: `/admin` is there and only there.
    Apart {
        /// Everything but `/admin`.
        callers: TcpListener,
        /// `/admin` and health.
        admin: TcpListener,
    },
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Self {
        Self::Together(listener)
    }
}

/// Serves HTTP/1.1 and HTTP/2 without TLS until `shutdown` is cancelled; then accepts nothing
/// more, lets requests in flight end for [`EdgeLimits::drain`], and cuts what is left. Each
/// listener takes [`EdgeLimits::max_connections`], so that callers cannot keep operators out.
///
/// Dropping the future instead cuts nothing by itself: connections go on without a limit of time.
pub async fn serve(
    listeners: impl Into<Listeners>,
    edge: Edge,
    shutdown: CancellationToken,
) -> Ending {
    let edge = Arc::new(edge);
    let tasks = TaskTracker::new();
    let connections = Connections {
        builder: builder(&edge.limits, &tasks),
        tasks,
        closing: shutdown.clone(),
        cut: CancellationToken::new(),
    };
    let doors = match listeners.into() {
        Listeners::Together(listener) => vec![(listener, Door::Everything)],
        Listeners::Apart { callers, admin } => {
            vec![(callers, Door::CallersOnly), (admin, Door::AdminOnly)]
        }
    };
    let accepting = doors.into_iter().map(|(listener, door)| {
        let router = router(Arc::clone(&edge), door);
        connections.accept(listener, router, edge.limits.max_connections)
    });
    tokio::select! {
        _ = join_all(accepting) => {}
        () = shutdown.cancelled() => {}
    }
    connections.close(&edge).await
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

/// What all connections share.
struct Connections {
    builder: Builder<TrackedExecutor>,
    tasks: TaskTracker,
    closing: CancellationToken,
    cut: CancellationToken,
}

impl Connections {
    /// Accepts for ever, never more than `max_connections` at a time.
    async fn accept(&self, listener: TcpListener, router: Router, max_connections: usize) {
        let places = Arc::new(Semaphore::new(max_connections));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, address)) => {
                    let inner = TowerToHyperService::new(router.clone());
                    let service = WithPeer { inner, peer: Peer(address.ip()) };
                    let connection = self.connection(stream, service);
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
    fn connection(
        &self,
        stream: TcpStream,
        service: WithPeer,
    ) -> impl Future<Output = ()> + Send + use<> {
        let builder = self.builder.clone();
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

/// Who is at the other end of a connection; behind a proxy, the proxy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// The peer of a request; the unspecified address for one that came over no connection.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
    }
}

/// Tells each request of a connection whose it is.
#[derive(Clone)]
struct WithPeer {
    inner: TowerToHyperService<Router>,
    peer: Peer,
}

impl Service<Request<Incoming>> for WithPeer {
    type Response = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Response;
    type Error = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Error;
    type Future = <TowerToHyperService<Router> as Service<Request<Incoming>>>::Future;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.inner.call(request)
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
