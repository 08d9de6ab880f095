//! A client that checks on every reply what holds for all of them.

mod conventions;
mod reply;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value;

use crate::patience::patiently;

pub use reply::{Event, OpenReply, WholeReply};

/// A client of one gateway with one key, or none.
#[derive(Clone, Debug)]
pub struct TestClient {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

/// A request that is being put together.
#[derive(Debug)]
pub struct Call(reqwest::RequestBuilder);

impl TestClient {
    pub(crate) fn new(address: &str, key: Option<&str>) -> Self {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .no_gzip()
            .redirect(reqwest::redirect::Policy::none())
            // Every request has a connection of its own, so that leaving closes just that one.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client without TLS roots and proxies can always be built");
        Self { http, base: format!("http://{address}"), key: key.map(str::to_owned) }
    }

    /// The same client of another address.
    #[must_use]
    pub fn at(&self, address: &str) -> Self {
        Self { base: format!("http://{address}"), ..self.clone() }
    }

    /// Begins a request with this client's key.
    #[must_use]
    pub fn call(&self, method: Method, path: &str) -> Call {
        let request = self.http.request(method, format!("{}{path}", self.base));
        Call(match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        })
    }

    /// Gets a path.
    ///
    /// # Errors
    /// No reply, or one that breaks a convention.
    pub async fn get(&self, path: &str) -> Result<WholeReply> {
        self.call(Method::GET, path).send().await?.whole().await
    }

    /// Posts JSON and reads the whole reply.
    ///
    /// # Errors
    /// No reply, or one that breaks a convention.
    pub async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Result<WholeReply> {
        self.open(path, body).await?.whole().await
    }

    /// Posts JSON and reads the head of the reply.
    ///
    /// # Errors
    /// No reply, or one that breaks a convention.
    pub async fn open(&self, path: &str, body: impl Into<Vec<u8>>) -> Result<OpenReply> {
        self.call(Method::POST, path).json(body).send().await
    }

    /// Posts a chat whose body is sent without telling its length.
    ///
    /// # Errors
    /// No reply, or one that breaks a convention.
    pub async fn chat_in_chunks(&self, body: &Value) -> Result<WholeReply> {
        let text = body.to_string().into_bytes();
        let pieces: Vec<_> =
            text.chunks(1000).map(<[u8]>::to_vec).map(std::io::Result::Ok).collect();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let call = self.call(Method::POST, "/v1/chat/completions");
        let call = call.header("content-type", "application/json");
        Call(call.0.body(body)).send().await?.whole().await
    }

    /// Posts a chat and reads the whole reply.
    ///
    /// # Errors
    /// No reply, or one that breaks a convention.
    pub async fn chat(&self, body: &Value) -> Result<WholeReply> {
        self.post("/v1/chat/completions", body.to_string()).await
    }
}

impl Call {
    /// Adds a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        Self(self.0.header(name, value))
    }

    /// Sets a body that says it is JSON.
    #[must_use]
    pub fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// Sets the body.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self(self.0.body(body.into()))
    }

    /// Sends the request and reads the head of the reply.
    ///
    /// # Errors
    /// No reply, or a head that breaks a convention.
    pub async fn send(self) -> Result<OpenReply> {
        let reply = patiently("the head of a reply", self.0.send()).await??;
        OpenReply::try_new(reply)
    }
}
