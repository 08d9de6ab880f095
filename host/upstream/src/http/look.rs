//! A look at the way to a provider: name, address, connection, TLS.
//!
//! Goes the way of a request with the same policy, addresses and certificates, on a connection of
//! its own, and stops before a request would be sent. What is found is said in an operator's
//! words; nothing of it is logged or kept.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use exchange::{HttpTarget, NetworkReach, ProbeStep, ReachPort, ReachReport};
use futures_util::future::select_ok;
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use super::HttpUpstream;
use super::reach::{self, RefusedAddress};
use crate::deadline::{Deadline, DeadlineKind};

mod tls_problem;

/// Most addresses of one name that are tried. Names of large services have fewer.
const MAX_ADDRESSES: usize = 8;

#[async_trait]
impl ReachPort for HttpUpstream {
    async fn look(&self, url: &Url, target: &HttpTarget) -> ReachReport {
        let wants_tls = url.scheme() == "https";
        let started = Instant::now();
        let deadline = Deadline::after(started, DeadlineKind::Connect, target.timeouts.connect);
        let connected = within(deadline, "the connection", connect(url, target.reach)).await;
        let took = started.elapsed();
        let stream = match connected {
            Ok(stream) => stream,
            Err(message) => {
                let tls =
                    if wants_tls { ProbeStep::skipped() } else { ProbeStep::not_applicable() };
                return ReachReport { connect: ProbeStep::failed(took, message), tls };
            }
        };
        let connect = ProbeStep::good(took);
        if !wants_tls {
            return ReachReport { connect, tls: ProbeStep::not_applicable() };
        }
        let started = Instant::now();
        let shaken = within(deadline, "the TLS handshake", shake(self.clients.tls(), url, stream));
        let tls = match shaken.await {
            Ok(()) => ProbeStep::good(started.elapsed()),
            Err(message) => ProbeStep::failed(started.elapsed(), message),
        };
        ReachReport { connect, tls }
    }
}

/// Does `work` up to the deadline.
async fn within<T>(
    deadline: Deadline,
    what: &str,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    timeout_at(deadline.at, work).await.unwrap_or_else(|_| {
        let length = deadline.length();
        Err(format!(
            "{what} did not stand within the connect timeout of {length:?}; check the address, a \
             firewall may drop what is sent there, or raise timeouts.connect_ms"
        ))
    })
}

/// Connects to the first address that answers.
async fn connect(url: &Url, policy: NetworkReach) -> Result<TcpStream, String> {
    let Some(port) = url.port_or_known_default() else {
        return Err("the address has no port; write http:// or https:// in base_url".to_owned());
    };
    reach::check_literal(url, policy).map_err(|failure| failure.message().to_owned())?;
    let addresses = match url.host() {
        Some(Host::Ipv4(address)) => vec![SocketAddr::from((address, port))],
        Some(Host::Ipv6(address)) => vec![SocketAddr::from((address, port))],
        Some(Host::Domain(name)) => addresses_of(name, port, policy).await?,
        None => return Err("the address names no host; correct base_url".to_owned()),
    };
    // All at once, so that one which does not answer does not use the others' time up.
    let tried = addresses.iter().take(MAX_ADDRESSES).map(|address| {
        Box::pin(async move { TcpStream::connect(address).await.map_err(|it| (it, *address)) })
    });
    let (stream, _) = select_ok(tried).await.map_err(|(error, address)| {
        let why = error.kind();
        format!(
            "{address} could not be connected to: {why}; check host and port in base_url, and \
             that the server runs"
        )
    })?;
    Ok(stream)
}

/// The allowed addresses of a name. Never empty.
async fn addresses_of(
    name: &str,
    port: u16,
    policy: NetworkReach,
) -> Result<Vec<SocketAddr>, String> {
    let found = reach::resolve(name, policy).await.map_err(|error| {
        if error.is::<RefusedAddress>() {
            return reach::refusal().message().to_owned();
        }
        format!(
            "the name {name} does not resolve: {error}; check the host in base_url, and this \
             machine's name servers"
        )
    })?;
    let with_port = |mut address: SocketAddr| {
        address.set_port(port);
        address
    };
    Ok(found.into_iter().map(with_port).collect())
}

/// Shakes hands and takes leave.
async fn shake(config: &ClientConfig, url: &Url, stream: TcpStream) -> Result<(), String> {
    let name = server_name(url)
        .ok_or_else(|| "the host cannot stand in a certificate; correct base_url".to_owned())?;
    let mut config = config.clone();
    // A session that is resumed would not show the certificate.
    config.resumption = Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    let shaken = connector.connect(name, stream).await;
    let mut stream = shaken.map_err(|error| tls_problem::explain(&error, url))?;
    // The handshake is what was asked for; a server that is gone already has done its part.
    drop(stream.shutdown().await);
    Ok(())
}

fn server_name(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::from(IpAddr::V4(address))),
        Host::Ipv6(address) => Some(ServerName::from(IpAddr::V6(address))),
    }
}
