//! Asks a running gateway.
//!
//! One request at a time, over the transport that reaches providers: the same TLS, the same
//! deadlines, and the token is in nothing but the request. Commands are plain functions, so the
//! runtime is in here.

mod refusal;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use bytes::Bytes;
use exchange::{
    CredentialUse, Failure, FailureKind, HttpExchange, HttpTarget, HttpTransport as _,
    NetworkReach, SigningScope, Timeouts, UpstreamBody, UpstreamReply,
};
use futures_util::StreamExt as _;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use secrecy::SecretString;
use serde_json::Value;
use tokio::runtime::Runtime;
use upstream::HttpUpstream;
use url::Url;

use crate::command_line::{EntityTag, GatewayChoice};
pub(super) use refusal::Refusal;

/// Where the token is. It is no argument, because other users of the machine see those.
const TOKEN_VARIABLE: &str = "PATCHBAY_ADMIN_TOKEN";

const CONNECT: Duration = Duration::from_secs(10);
/// Tests of providers take as long as the provider is allowed to.
const ANSWER: Duration = Duration::from_mins(10);
const IDLE: Duration = Duration::from_mins(1);
/// Backups and exports go on as long as they take.
const DOWNLOAD: Duration = Duration::from_hours(24);

/// Most bytes of an answer that is held in memory.
const MAX_ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// Most bytes of a backup or export.
const MAX_DOWNLOAD_BYTES: u64 = 1024 * 1024 * 1024 * 1024;

/// A gateway and the right to administer it.
pub(super) struct AdminClient {
    address: Url,
    token: Arc<SecretString>,
    transport: HttpUpstream,
    runtime: Runtime,
}

/// One request.
#[derive(Debug)]
pub(super) struct Ask {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<(&'static str, Bytes)>,
    headers: Vec<(HeaderName, HeaderValue)>,
    if_match: Option<EntityTag>,
}

/// What a gateway answered, if it did what was asked.
#[derive(Debug)]
pub(super) struct Answer {
    /// `ETag`, if it has one.
    pub(super) etag: Option<EntityTag>,
    /// The body; null if there is none.
    pub(super) body: Value,
}

impl Ask {
    /// For something under `/admin`; the path's segments are not encoded yet.
    pub(super) fn new(method: Method, path: &[&str]) -> Self {
        let path = path.iter().map(|it| (*it).to_owned()).collect();
        let (query, headers) = (Vec::new(), Vec::new());
        Self { method, path, query, body: None, headers, if_match: None }
    }

    /// Reads something.
    pub(super) fn get(path: &[&str]) -> Self {
        Self::new(Method::GET, path)
    }

    /// With a parameter in the query.
    pub(super) fn with_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With a body of JSON.
    pub(super) fn with_document(self, document: Value) -> Self {
        self.with_body("application/json", document.to_string())
    }

    /// With a body of any type.
    pub(super) fn with_body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.body = Some((media_type, body.into()));
        self
    }

    /// With a header of its own.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Only if the resource still is as it was.
    pub(super) fn if_match(mut self, etag: EntityTag) -> Self {
        self.if_match = Some(etag);
        self
    }

    fn url(&self, address: &Url) -> anyhow::Result<Url> {
        if let Some(bad) = self.path.iter().find(|it| matches!(it.as_str(), "." | "..")) {
            bail!("{bad:?} cannot stand in an address; choose another name");
        }
        let mut url = address.clone();
        url.path_segments_mut()
            .map_err(|()| anyhow!("{address} is no address of a gateway; set PATCHBAY_URL"))?
            .pop_if_empty()
            .push("admin")
            .extend(&self.path);
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }

    fn headers(&self) -> anyhow::Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if let Some((media_type, _)) = &self.body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        headers.extend(self.headers.iter().cloned());
        if let Some(etag) = &self.if_match {
            headers.insert(IF_MATCH, HeaderValue::from_str(etag.as_str())?);
        }
        Ok(headers)
    }
}

impl AdminClient {
    /// Takes the token from the environment; nothing is sent yet.
    ///
    /// # Errors
    /// If there is no token, or TLS cannot be set up.
    pub(super) fn try_new(choice: &GatewayChoice) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            address: choice.url.clone(),
            token: Arc::new(token()?),
            transport: HttpUpstream::try_new()?,
            runtime: runtime.context("the runtime cannot be started")?,
        })
    }

    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// A [`Refusal`] if the gateway did not do it; otherwise why it could not be asked.
    pub(super) fn ask(&self, ask: Ask) -> anyhow::Result<Answer> {
        self.runtime.block_on(async {
            let reply = self.send(ask, ANSWER, MAX_ANSWER_BYTES).await?;
            let etag = reply.head.headers.get(ETAG).and_then(|it| it.to_str().ok()?.parse().ok());
            let body = self.whole(reply.body).await?;
            let body =
                if body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&body) };
            let body = body.map_err(|_| refusal::no_gateway(&self.shown_address()))?;
            Ok(Answer { etag, body })
        })
    }

    /// Sends one request and hands the answer on as it comes, until `sink` has enough. The
    /// answer's headers come back.
    ///
    /// # Errors
    /// As [`AdminClient::ask`], and those of `sink`.
    pub(super) fn download(
        &self,
        ask: Ask,
        mut sink: impl FnMut(&[u8]) -> anyhow::Result<ControlFlow<()>>,
    ) -> anyhow::Result<HeaderMap> {
        self.runtime.block_on(async {
            let mut reply = self.send(ask, DOWNLOAD, MAX_DOWNLOAD_BYTES).await?;
            while let Some(chunk) = reply.body.next().await {
                let chunk = chunk.map_err(|failure| self.broken(&failure))?;
                if sink(&chunk)?.is_break() {
                    break;
                }
            }
            Ok(reply.head.headers)
        })
    }

    async fn send(
        &self,
        ask: Ask,
        total: Duration,
        max_response_bytes: u64,
    ) -> anyhow::Result<UpstreamReply> {
        let timeouts = Timeouts { connect: CONNECT, first_byte: ANSWER, idle: IDLE, total };
        let target = HttpTarget {
            provider: "gateway".into(),
            timeouts,
            reach: NetworkReach::Anywhere,
            max_response_bytes,
        };
        let exchange = HttpExchange {
            target: Arc::new(target),
            url: ask.url(&self.address)?,
            headers: ask.headers()?,
            credential: Some((CredentialUse::Bearer, Arc::clone(&self.token))),
            signing: SigningScope::default(),
            body: ask.body.map(|(_, body)| body).unwrap_or_default(),
            method: ask.method,
        };
        let reply = self.transport.send(exchange).await;
        let reply = reply.map_err(|failure| self.broken(&failure))?;
        if reply.head.status.is_success() {
            return Ok(reply);
        }
        let body = self.whole(reply.body).await?;
        Err(refusal::read(reply.head.status, &body, &self.shown_address()).into())
    }

    async fn whole(&self, mut body: UpstreamBody) -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|failure| self.broken(&failure))?);
        }
        Ok(bytes)
    }

    /// What the transport says of providers, said of the gateway.
    fn broken(&self, failure: &Failure) -> anyhow::Error {
        let address = self.shown_address();
        let cause = innermost(failure);
        if failure.kind() == FailureKind::UpstreamUnreachable {
            anyhow!(
                "no gateway can be reached at {address} ({cause}); start it with `patchbay serve`, \
                 or set PATCHBAY_URL to where it is"
            )
        } else if failure.kind() == FailureKind::UpstreamTimeout {
            anyhow!(
                "the gateway at {address} did not answer in time; see whether it did what you \
                 asked before you ask again"
            )
        } else {
            anyhow!(
                "the exchange with the gateway at {address} broke ({cause}); see whether it did \
                 what you asked before you ask again"
            )
        }
    }

    fn shown_address(&self) -> String {
        self.address.as_str().trim_end_matches('/').to_owned()
    }
}

/// The error that the system gave, at the end of the chain.
fn innermost(failure: &Failure) -> String {
    let mut error: &dyn std::error::Error = failure;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

fn token() -> anyhow::Result<SecretString> {
    let token = std::env::var(TOKEN_VARIABLE).unwrap_or_default();
    if token.is_empty() {
        bail!("{TOKEN_VARIABLE} is not set; set it to what `patchbay token --role admin` prints");
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        bail!("{TOKEN_VARIABLE} holds no token; set it to what `patchbay token` prints");
    }
    Ok(token.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_encoded_into_the_path_below_the_gateways_own() {
        for (address, path, expected) in [
            ("http://gw:1", vec!["routes", "org/smart"], "http://gw:1/admin/routes/org%2Fsmart"),
            ("http://gw/pb/", vec!["routes", "a%2F?#b"], "http://gw/pb/admin/routes/a%252F%3F%23b"),
            ("http://gw/pb", vec!["status"], "http://gw/pb/admin/status"),
        ] {
            let url = Ask::get(&path).url(&Url::parse(address).unwrap()).unwrap();
            assert_eq!(url.as_str(), expected);
        }
        let address = Url::parse("http://gw").unwrap();
        let ask = Ask::get(&["audit"]).with_query("actor", "a&b=c").with_query("limit", "5");
        let expected = "http://gw/admin/audit?actor=a%26b%3Dc&limit=5";
        assert_eq!(ask.url(&address).unwrap().as_str(), expected);
        assert!(Ask::get(&["routes", ".."]).url(&address).is_err());
    }
}
