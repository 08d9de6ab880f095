//! HTTP to providers.
//!
//! Owns connections, TLS, pools and the egress policy. A reply is handed on as it is: redirects
//! are not followed, no cookie is kept, no proxy is taken from the environment, and a request is
//! sent again only where nothing of it was processed: a pooled connection that closed before
//! the request was written, or an HTTP/2 stream that the server refused (RFC 9113 section 8.7).
//! Dropping the future or the body closes an HTTP/1.1 connection and resets an HTTP/2 stream.

use std::sync::Arc;

use async_trait::async_trait;
use exchange::{
    Failure, HttpExchange, HttpTarget, HttpTransport, ResponseHead, SentSecrets, Timeouts,
    UpstreamReply,
};
use reqwest::Response;
use thiserror::Error;
use tokio::time::Instant;

use crate::deadline::{Deadline, DeadlineKind};
use clients::Clients;
use credential::Credentials;
use reply::{ReplyBody, ReplyLimits};

mod clients;
mod credential;
mod look;
mod problem;
pub(crate) mod reach;
mod reply;
mod tls;

/// Why the HTTP transport could not be set up.
#[derive(Debug, Error)]
pub enum HttpSetupProblem {
    /// The TLS library refused its own defaults.
    #[error("TLS cannot be configured")]
    Tls(#[from] rustls::Error),
}

/// Sends requests to providers over pooled connections. One serves the whole program.
pub struct HttpUpstream {
    clients: Clients,
    credentials: Credentials,
}

impl HttpUpstream {
    /// Reads the system's certificate roots. Without any, plain HTTP works and TLS refuses every
    /// certificate.
    ///
    /// # Errors
    /// The TLS library's.
    pub fn try_new() -> Result<Self, HttpSetupProblem> {
        Ok(Self::with_tls(tls::system_trust()?))
    }

    fn with_tls(tls: rustls::ClientConfig) -> Self {
        Self { clients: Clients::new(tls), credentials: Credentials::default() }
    }
}

#[async_trait]
impl HttpTransport for HttpUpstream {
    async fn send(&self, exchange: HttpExchange) -> Result<UpstreamReply, Failure> {
        let started = Instant::now();
        let target = Arc::clone(&exchange.target);
        reach::check_literal(&exchange.url, target.reach)?;
        let client = self.clients.get(&target)?;
        let sent = async {
            let (request, applied) = self.credentials.apply(exchange, &client).await?;
            let response = client.execute(request).await;
            let response =
                response.map_err(|error| problem::before_head(error, &target.timeouts))?;
            Ok((response, applied))
        };
        let deadline = head_deadline(started, &target.timeouts);
        let (response, applied) =
            tokio::time::timeout_at(deadline.at, sent).await.map_err(|_| deadline.failure())??;
        let sent_secrets = applied.after(response.status());
        Ok(UpstreamReply { sent_secrets, ..reply_of(response, started, &target) })
    }
}

fn head_deadline(started: Instant, timeouts: &Timeouts) -> Deadline {
    let total = Deadline::after(started, DeadlineKind::Total, timeouts.total);
    Deadline::after(started, DeadlineKind::FirstByte, timeouts.first_byte).earlier(total)
}

fn reply_of(mut response: Response, started: Instant, target: &HttpTarget) -> UpstreamReply {
    let head =
        ResponseHead { status: response.status(), headers: std::mem::take(response.headers_mut()) };
    let limits = ReplyLimits {
        total: Deadline::after(started, DeadlineKind::Total, target.timeouts.total),
        idle: target.timeouts.idle,
        max_bytes: target.max_response_bytes,
    };
    let body = Box::pin(ReplyBody::new(response.bytes_stream(), limits));
    UpstreamReply { head, body, sent_secrets: SentSecrets::default() }
}

#[cfg(test)]
mod tests;
