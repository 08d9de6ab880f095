//! Network of a program: a forward proxy for one run, which leads to the hosts of its grant.
//!
//! The sandbox gives a run one listening socket in its own network namespace; this module serves
//! it. It takes `CONNECT host:port`, which is a tunnel with TLS end to end, and plain HTTP in
//! absolute form (RFC 9110 section 9.3.6, RFC 9112 section 3.2.2). A host is reached if the grant
//! has exactly its name and port; the gateway resolves the name, under the egress policy of HTTP
//! providers, which refuses link-local and metadata addresses here always. Everything else is
//! answered with 403 and logged: host and port, no path.
//!
//! A connection carries one request. Connections at once, bytes of the run, heads and silence are
//! bounded. All of it is one future, which holds every socket: dropping it closes them at once,
//! and nothing of the run's network is left.
//!
//! Not here: SOCKS, UDP, and looking into tunnels. What a granted host serves under other names
//! is reached too.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener as OutletSocket;
use std::sync::Arc;
use std::time::Duration;

use exchange::ProcessExchange;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use connection::Connection;
use grant::Grant;
use meter::Meter;
use refusals::Refusals;

mod answer;
mod connection;
mod dial;
mod forward;
pub(super) mod grant;
mod meter;
mod names;
mod refusals;
mod tunnel;

/// Connections of a run at once; others wait in the kernel's queue of 128, and then for a place
/// in it.
const MAX_CONNECTIONS: usize = 32;

/// Bytes of a run, both ways together.
const MAX_BYTES: u64 = 256 << 20;

/// Time for a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Time until the connection to a host stands, its name looked up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it waits when the gateway itself is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a run's network is limited to.
#[derive(Clone, Copy, Debug)]
pub(super) struct EgressLimits {
    /// Connections at once.
    connections: usize,
    /// Bytes from and to the program.
    bytes: u64,
    /// For a request's head.
    head: Duration,
    /// Until the far end's connection stands.
    connect: Duration,
    /// In which no byte comes from or goes to the program on a connection.
    idle: Duration,
}

impl EgressLimits {
    /// A connection may be silent for as long as the program may.
    const fn new(idle: Duration) -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            bytes: MAX_BYTES,
            head: HEAD_TIMEOUT,
            connect: CONNECT_TIMEOUT,
            idle,
        }
    }
}

/// The proxy of one run.
pub(super) struct Egress {
    outlet: TcpListener,
    shared: Arc<Shared>,
}

/// What all connections of a run have in common.
struct Shared {
    grant: Grant,
    limits: EgressLimits,
    meter: Arc<Meter>,
    refusals: Refusals,
}

impl Egress {
    /// Hands the socket to the runtime.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open(outlet: OutletSocket, exchange: &ProcessExchange) -> io::Result<Self> {
        Self::with_limits(outlet, exchange, EgressLimits::new(exchange.target.idle))
    }

    fn with_limits(
        outlet: OutletSocket,
        exchange: &ProcessExchange,
        limits: EgressLimits,
    ) -> io::Result<Self> {
        outlet.set_nonblocking(true)?;
        let shared = Shared {
            grant: Grant::new(&exchange.target.sandbox.network),
            limits,
            meter: Arc::new(Meter::new(limits.bytes)),
            refusals: Refusals::new(exchange),
        };
        Ok(Self { outlet: TcpListener::from_std(outlet)?, shared: Arc::new(shared) })
    }

    /// Serves until it is dropped, which closes every connection.
    pub(super) async fn serve(self) -> Infallible {
        let mut open = FuturesUnordered::new();
        loop {
            let has_room = open.len() < self.shared.limits.connections;
            tokio::select! {
                stream = self.accept(), if has_room => {
                    open.push(Box::pin(Connection::new(stream, &self.shared).serve()));
                }
                Some(()) = open.next() => {}
            }
        }
    }

    async fn accept(&self) -> TcpStream {
        loop {
            match self.outlet.accept().await {
                Ok((stream, _)) => return stream,
                // The program gave up, or a descriptor has to become free.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            }
        }
    }
}

#[cfg(test)]
mod tests;
