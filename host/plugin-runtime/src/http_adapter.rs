//! Adapters that speak HTTP: the port [`HttpAdapter`] on top of the contract's `http-adapter`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    Call, CredentialUse, Failure, GenerationId, HttpAdapter, HttpPlan, RequestHead, ResponseHead,
    SigningScope,
};

use crate::bindings::http::HttpProvider;
use crate::bindings::http::exports::patchbay::plugin::http_adapter as guest;
use crate::breach::{Breach, shorten};
use crate::convert;
use crate::lazy::LazyGeneration;
use crate::manifest::Manifest;
use crate::session::Session;

/// An HTTP adapter's generation.
pub(crate) struct Http(Arc<LazyGeneration<HttpProvider>>);

impl Http {
    pub(crate) fn new(generation: Arc<LazyGeneration<HttpProvider>>) -> Self {
        Self(generation)
    }

    fn session(&self) -> Session<HttpProvider> {
        Session::new(Arc::clone(&self.0), None)
    }

    fn accept(&self, exchange: guest::Exchange) -> Result<HttpPlan, Breach> {
        Ok(HttpPlan {
            head: convert::accept_head(&exchange.head)?,
            credential: exchange
                .credential
                .map(|slot| declared_use(self.0.manifest(), slot))
                .transpose()?,
            signing: SigningScope {
                region: convert::text_in(&exchange.extra, "aws-region"),
                service: convert::text_in(&exchange.extra, "aws-service"),
            },
        })
    }
}

/// The slot with the use that the manifest declares first.
///
/// # Errors
/// If the manifest declares no such slot.
pub(crate) fn declared_use(
    manifest: &Manifest,
    slot: String,
) -> Result<(String, CredentialUse), Breach> {
    match manifest.credential_use(&slot) {
        Some(used) => Ok((slot, used.clone())),
        None => Err(Breach::UnknownSlot(shorten(&slot))),
    }
}

#[async_trait]
impl HttpAdapter for Http {
    fn generation(&self) -> GenerationId {
        self.0.id()
    }

    async fn prepare(&self, call: &Call, head: &RequestHead) -> Result<HttpPlan, Failure> {
        let mut session = self.session();
        let call = convert::call(call);
        let head = convert::request_head(head);
        let answer = session
            .call("prepare", 0, move |plugin, store| {
                let adapter = plugin.patchbay_plugin_http_adapter();
                adapter.call_prepare(store, &call, &head)
            })
            .await?;
        let exchange = answer.map_err(convert::failure)?;
        session.accept("prepare", self.accept(exchange))
    }

    async fn probe(&self, settings: &str) -> Result<HttpPlan, Failure> {
        let mut session = self.session();
        let settings = settings.to_owned();
        let answer = session
            .call("probe", settings.len(), move |plugin, store| {
                let adapter = plugin.patchbay_plugin_http_adapter();
                adapter.call_probe(store, &settings)
            })
            .await?;
        let exchange = answer.map_err(convert::failure)?;
        session.accept("probe", self.accept(exchange))
    }

    async fn list_models(&self, settings: &str) -> Result<Option<HttpPlan>, Failure> {
        let mut session = self.session();
        let settings = settings.to_owned();
        let answer = session
            .call("list-models", settings.len(), move |plugin, store| {
                let adapter = plugin.patchbay_plugin_http_adapter();
                adapter.call_list_models(store, &settings)
            })
            .await?;
        let exchange = answer.map_err(convert::failure)?;
        let plan = exchange.map(|exchange| self.accept(exchange)).transpose();
        session.accept("list-models", plan)
    }

    async fn read_models(&self, head: &ResponseHead, body: Bytes) -> Result<Vec<String>, Failure> {
        let mut session = self.session();
        let head = convert::response_head(head);
        let answer = session
            .call("read-models", body.len(), move |plugin, store| {
                let adapter = plugin.patchbay_plugin_http_adapter();
                adapter.call_read_models(store, &head, &body)
            })
            .await?;
        let ids = answer.map_err(convert::failure)?;
        session.accept("read-models", convert::accept_model_ids(ids))
    }
}
