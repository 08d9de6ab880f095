//! Connects to a granted host.

use std::io;
use std::net::SocketAddr;

use exchange::NetworkReach;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Shared;
use super::answer::Denial;
use super::grant::Destination;
use crate::http::reach::{RefusedAddress, resolve};

/// Looks the name up and connects to the first of its allowed addresses that takes it.
///
/// # Errors
/// Why there is no connection.
pub(super) async fn dial(shared: &Shared, to: Destination) -> Result<TcpStream, Denial> {
    if !shared.grant.allows(&to) {
        return Err(Denial::NotGranted(to));
    }
    match timeout(shared.limits.connect, reach(&to)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(problem)) if problem.is::<RefusedAddress>() => Err(Denial::RefusedAddress(to)),
        Ok(Err(_)) => Err(Denial::Unreachable(to)),
        Err(_) => Err(Denial::TooSlow(to)),
    }
}

async fn reach(to: &Destination) -> Result<TcpStream, Box<dyn std::error::Error + Send + Sync>> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in resolve(to.host(), NetworkReach::NoLinkLocal).await? {
        match TcpStream::connect(SocketAddr::new(address.ip(), to.port())).await {
            Ok(stream) => {
                // Without it small messages wait; a connection works without it.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last.into())
}
