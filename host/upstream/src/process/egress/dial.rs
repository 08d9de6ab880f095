//! Connects to a granted host.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Shared;
use super::answer::Denial;
use super::grant::Destination;
use super::names::{Lookup, NoAddress};

/// Looks the name up and connects to the first of its allowed addresses that takes it.
///
/// # Errors
/// Why there is no connection.
pub(super) async fn dial(shared: &Shared, to: Destination) -> Result<TcpStream, Denial> {
    let Some(lookup) = shared.grant.lookup(&to) else {
        return Err(Denial::NotGranted(to));
    };
    match timeout(shared.limits.connect, reach(lookup, &to)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(NoAddress::Refused)) => Err(Denial::RefusedAddress(to)),
        Ok(Err(NoAddress::Unknown)) => Err(Denial::Unreachable(to)),
        Err(_) => Err(Denial::TooSlow(to)),
    }
}

async fn reach(lookup: &Lookup, to: &Destination) -> Result<TcpStream, NoAddress> {
    for address in lookup.addresses(to.host()).await? {
        let address = SocketAddr::new(address.ip(), to.port());
        if let Ok(stream) = TcpStream::connect(address).await {
            // Without it small messages wait; a connection works without it.
            let _ = stream.set_nodelay(true);
            return Ok(stream);
        }
    }
    Err(NoAddress::Unknown)
}
