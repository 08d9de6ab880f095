//! Exchanges with small servers on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use exchange::{
    Failure, FailureKind, HttpExchange, HttpTarget, HttpTransport, NetworkReach, SigningScope,
    Timeouts, UpstreamReply,
};
use futures_util::StreamExt;
use http::{HeaderMap, Method};
use secrecy::SecretString;
use url::Url;

use super::HttpUpstream;
use crate::drain::drain;
use server::{Connection, Server};

mod bodies;
mod connections;
mod deadlines;
mod look;
mod minting;
mod requests;
mod server;
mod tls;

/// Long enough that only a fault reaches it.
const NEVER: Duration = Duration::from_secs(300);
/// Short enough to wait for.
const SOON: Duration = Duration::from_millis(150);

fn target() -> HttpTarget {
    HttpTarget {
        provider: "mock".into(),
        timeouts: Timeouts { connect: NEVER, first_byte: NEVER, idle: NEVER, total: NEVER },
        reach: NetworkReach::NoLinkLocal,
        max_response_bytes: 1 << 20,
    }
}

fn exchange(url: &str) -> HttpExchange {
    HttpExchange {
        target: Arc::new(target()),
        method: Method::POST,
        url: Url::parse(url).unwrap(),
        headers: HeaderMap::new(),
        credential: None,
        signing: SigningScope::default(),
        body: Bytes::from_static(b"{}"),
    }
}

fn to(address: SocketAddr) -> HttpExchange {
    exchange(&format!("http://{address}/v1/chat"))
}

fn with_target(mut exchange: HttpExchange, change: impl FnOnce(&mut HttpTarget)) -> HttpExchange {
    change(Arc::make_mut(&mut exchange.target));
    exchange
}

fn with_credential(mut exchange: HttpExchange, usage: &str, secret: &str) -> HttpExchange {
    exchange.credential = Some((usage.parse().unwrap(), Arc::new(SecretString::from(secret))));
    exchange
}

/// Sends to a server that answers every request with these bytes and then closes.
async fn answered(bytes: impl Into<Bytes>) -> Result<UpstreamReply, Failure> {
    let bytes = bytes.into();
    let server = Server::start(move |mut connection: Connection| {
        let bytes = bytes.clone();
        async move {
            connection.request().await;
            connection.send(&bytes).await;
        }
    })
    .await;
    HttpUpstream::try_new().unwrap().send(to(server.address)).await
}

async fn failure_of(upstream: &HttpUpstream, exchange: HttpExchange) -> Failure {
    match upstream.send(exchange).await {
        Ok(_) => panic!("the exchange did not fail"),
        Err(failure) => failure,
    }
}
