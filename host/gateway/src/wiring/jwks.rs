//! Fetches the published keys that operators' tokens are signed with.

use std::sync::Arc;
use std::time::Duration;

use administration::JwksSource;
use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    HttpExchange, HttpTarget, HttpTransport as _, NetworkReach, SigningScope, Timeouts,
};
use futures_util::StreamExt as _;
use http::{HeaderMap, Method};
use upstream::HttpUpstream;
use url::Url;

/// More is no set of keys.
const MAX_BYTES: u64 = 1024 * 1024;

/// The operator's key server, over HTTP.
pub(crate) struct PublishedKeys {
    http: Arc<HttpUpstream>,
    target: Arc<HttpTarget>,
}

impl PublishedKeys {
    pub(crate) fn new(http: Arc<HttpUpstream>) -> Self {
        let target = HttpTarget {
            provider: "admin.jwks_url".into(),
            timeouts: Timeouts {
                connect: Duration::from_secs(5),
                first_byte: Duration::from_secs(10),
                idle: Duration::from_secs(5),
                total: Duration::from_secs(15),
            },
            reach: NetworkReach::NoLinkLocal,
            max_response_bytes: MAX_BYTES,
        };
        Self { http, target: Arc::new(target) }
    }
}

#[async_trait]
impl JwksSource for PublishedKeys {
    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, String> {
        let exchange = HttpExchange {
            target: Arc::clone(&self.target),
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            credential: None,
            signing: SigningScope::default(),
            body: Bytes::new(),
        };
        let mut reply = self.http.send(exchange).await.map_err(|failure| failure.to_string())?;
        if !reply.head.status.is_success() {
            return Err(format!("the key server answered {}", reply.head.status));
        }
        let mut body = Vec::new();
        while let Some(chunk) = reply.body.next().await {
            body.extend_from_slice(&chunk.map_err(|failure| failure.to_string())?);
        }
        Ok(body)
    }
}
