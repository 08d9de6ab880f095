//! One connection of a program: one request, and what comes of it.

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::Shared;
use super::answer::{Body, Denial};
use super::dial::dial;
use super::forward::{check_host, destination, outgoing, strip};
use super::meter::{Activity, Metered};
use super::tunnel::Tunnel;

/// Longest head of a request, and what is buffered of a body.
const NEAR_BUFFER_BYTES: usize = 16 * 1024;

/// Longest head of a reply, and what is buffered of a body.
const FAR_BUFFER_BYTES: usize = 64 * 1024;

/// See the module.
pub(super) struct Connection {
    stream: TcpStream,
    shared: Arc<Shared>,
}

/// Work beside the service of the request, which ends with the connection.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a request leaves to be done, once.
struct Rest {
    tunnel: Mutex<Option<oneshot::Sender<Tunnel>>>,
    far: Mutex<Option<oneshot::Sender<Work>>>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, shared: &Arc<Shared>) -> Self {
        Self { stream, shared: Arc::clone(shared) }
    }

    /// Serves to the end, or until nothing happens any more.
    pub(super) async fn serve(self) {
        let Self { stream, shared } = self;
        if shared.meter.is_spent() {
            return;
        }
        let activity = Activity::new();
        let near = Metered::new(stream, Arc::clone(&shared.meter), Arc::clone(&activity));
        tokio::select! {
            () = exchange(near, &shared) => {}
            () = activity.ceased(shared.limits.idle) => {}
        }
    }
}

async fn exchange(near: Metered<TcpStream>, shared: &Arc<Shared>) {
    let (tunnels, mut tunnel) = oneshot::channel();
    let (works, work) = oneshot::channel();
    let rest = Rest { tunnel: Mutex::new(Some(tunnels)), far: Mutex::new(Some(works)) };
    let service = service_fn(|request| answer(request, shared, &rest));
    let served = server::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.head)
        .max_buf_size(NEAR_BUFFER_BYTES)
        .keep_alive(false)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(near), service)
        .with_upgrades();
    tokio::select! {
        // What went wrong is the program's, which sees it.
        _ = served => {}
        () = beside(work) => {}
    }
    if let Ok(tunnel) = tunnel.try_recv() {
        tunnel.carry().await;
    }
}

/// Does the work when it comes, and never ends.
async fn beside(work: oneshot::Receiver<Work>) {
    if let Ok(work) = work.await {
        work.await;
    }
    pending().await
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    rest: &Rest,
) -> Result<Response<Body>, hyper::Error> {
    let answered = match *request.method() {
        Method::CONNECT => open_tunnel(request, shared, rest).await,
        _ => forward(request, shared, rest).await,
    };
    answered.or_else(|denial| {
        shared.refusals.note(&denial);
        Ok(denial.into_response())
    })
}

async fn open_tunnel(
    mut request: Request<Incoming>,
    shared: &Shared,
    rest: &Rest,
) -> Result<Response<Body>, Denial> {
    let malformed = Denial::Malformed("the target is no host and port");
    let authority = match request.uri().authority() {
        Some(authority) if request.uri().scheme().is_none() => authority,
        _ => return Err(malformed),
    };
    let to = check_host(request.headers(), authority, None)?;
    let far = dial(shared, to).await?;
    hand(&rest.tunnel, Tunnel { near: hyper::upgrade::on(&mut request), far });
    Ok(Response::new(Either::Left(Full::default())))
}

async fn forward(
    request: Request<Incoming>,
    shared: &Shared,
    rest: &Rest,
) -> Result<Response<Body>, Denial> {
    let to = destination(&request)?;
    let request = outgoing(request)?;
    let far = dial(shared, to.clone()).await?;
    let shaken =
        client::Builder::new().max_buf_size(FAR_BUFFER_BYTES).handshake(TokioIo::new(far)).await;
    let (mut sender, connection) = shaken.map_err(|_| Denial::Unreachable(to.clone()))?;
    hand(
        &rest.far,
        Box::pin(async move {
            // What went wrong is in the reply.
            let _ = connection.await;
        }),
    );
    let sent = sender.send_request(request).await;
    let mut response = sent.map_err(|_| Denial::Unreachable(to))?;
    strip(response.headers_mut());
    Ok(response.map(Either::Right))
}

/// A connection carries one request, so each is handed once.
fn hand<T>(slot: &Mutex<Option<oneshot::Sender<T>>>, what: T) {
    let sender = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(sender) = sender {
        // Its receiver lives as long as the service.
        let _ = sender.send(what);
    }
}
