//! The yardstick: what anyone would write in an hour, axum in front and reqwest behind.
//!
//! The request's body is read whole, as a gateway has to that routes by it; the reply streams.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

#[derive(Clone)]
struct Relay {
    client: reqwest::Client,
    upstream: SocketAddr,
}

/// Serves for ever.
///
/// # Errors
/// The client cannot be built, or the listener fails.
pub(crate) async fn serve(listener: TcpListener, upstream: SocketAddr) -> Result<()> {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        .tcp_nodelay(true)
        .build()
        .context("cannot build the client")?;
    let router = Router::new().fallback(relay).with_state(Relay { client, upstream });
    let listener = listener.tap_io(|socket| {
        // Without it the figures are worse, not wrong.
        let _ = socket.set_nodelay(true);
    });
    axum::serve(listener, router).await.context("cannot serve")
}

async fn relay(
    State(relay): State<Relay>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, StatusCode> {
    let mut request =
        relay.client.post(format!("http://{}{}", relay.upstream, uri.path())).body(body);
    for name in [CONTENT_TYPE, AUTHORIZATION] {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let reply = request.send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let mut kept = HeaderMap::with_capacity(2);
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        if let Some(value) = reply.headers().get(&name) {
            kept.insert(name, value.clone());
        }
    }
    let status = reply.status();
    Ok((status, kept, Body::from_stream(reply.bytes_stream())).into_response())
}
