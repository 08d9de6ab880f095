//! Normalizers, caller side: the port [`IngressDialect`] on top of the contract's `ingress`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    DecodedRequest, DialectReply, Extra, Failure, FailureKind, GenerationId, IngressDialect,
    IngressExchange, Operation, RequestHead, RequestId, ResponseHead,
};
use http::StatusCode;
use wasmtime::component::ResourceAny;

use crate::bindings::ingress::IngressNormalizer;
use crate::bindings::ingress::exports::patchbay::plugin::ingress as guest;
use crate::breach::{Breach, shorten};
use crate::convert;
use crate::grant::Isolation;
use crate::lazy::LazyGeneration;
use crate::session::Session;

/// A client API's generation.
pub(crate) struct Ingress(Arc<LazyGeneration<IngressNormalizer>>);

/// The writing of one reply.
struct Exchange {
    session: Session<IngressNormalizer>,
    encoder: Option<ResourceAny>,
}

impl Ingress {
    pub(crate) fn new(generation: Arc<LazyGeneration<IngressNormalizer>>) -> Self {
        Self(generation)
    }
}

#[async_trait]
impl IngressDialect for Ingress {
    fn generation(&self) -> GenerationId {
        self.0.id()
    }

    async fn decode(
        &self,
        head: &RequestHead,
        body: Bytes,
        request_id: RequestId,
    ) -> Result<DecodedRequest, Failure> {
        let mut session = Session::new(Arc::clone(&self.0), Some(request_id));
        let head = convert::request_head(head);
        let answer = session
            .call("decode", body.len(), move |plugin, store| {
                plugin.patchbay_plugin_ingress().call_decode(store, &head, &body)
            })
            .await?;
        let decoded = answer.map_err(convert::failure)?;
        session.accept("decode", accept_decoded(decoded))
    }

    fn open(&self, request_id: RequestId) -> Box<dyn IngressExchange> {
        let session = Session::new(Arc::clone(&self.0), Some(request_id));
        Box::new(Exchange { session, encoder: None })
    }

    async fn fail(&self, failure: &Failure) -> Result<DialectReply, Failure> {
        let mut session = Session::new(Arc::clone(&self.0), None);
        let status = failure.kind().rule().status;
        let told = convert::caller_failure(failure);
        let reply = session
            .call("fail", 0, move |plugin, store| {
                plugin.patchbay_plugin_ingress().call_fail(store, status, &told)
            })
            .await?;
        let status = StatusCode::from_u16(status).ok();
        let accepted = convert::accept_answer_head(&reply.head, status)
            .map(|head| DialectReply { head, body: reply.body.into() });
        session.accept("fail", accepted)
    }
}

#[async_trait]
impl IngressExchange for Exchange {
    async fn begin(&mut self, extra: Extra, streaming: bool) -> Result<ResponseHead, Failure> {
        // An open encoder is state of this exchange that the next one must not find.
        self.session.set_in_order(false);
        let (encoder, head) = self
            .session
            .call("encoder", 0, move |plugin, store| {
                let exports = plugin.patchbay_plugin_ingress().encoder();
                let encoder = exports.call_constructor(&mut *store, &extra, streaming)?;
                Ok((encoder, exports.call_head(store, encoder)?))
            })
            .await?;
        self.encoder = Some(encoder);
        let head = convert::accept_answer_head(&head, Some(StatusCode::OK));
        self.session.accept("encoder.head", head)
    }

    async fn push(&mut self, documents: Vec<Bytes>) -> Result<Bytes, Failure> {
        let encoder = self.encoder()?;
        let size = documents.iter().map(Bytes::len).sum();
        let answer = self
            .session
            .call("encoder.push", size, move |plugin, store| {
                let exports = plugin.patchbay_plugin_ingress().encoder();
                let documents: Vec<Vec<u8>> = documents.into_iter().map(Into::into).collect();
                exports.call_push(store, encoder, &documents)
            })
            .await?;
        answer.map(Into::into).map_err(convert::failure)
    }

    async fn finish(&mut self, failure: Option<&Failure>) -> Result<Bytes, Failure> {
        let encoder = self.encoder()?;
        self.encoder = None;
        let reused = self.session.isolation() == Isolation::Reuse;
        let told = failure.map(convert::caller_failure);
        let answer = self
            .session
            .call("encoder.finish", 0, move |plugin, store| {
                let exports = plugin.patchbay_plugin_ingress().encoder();
                let bytes = exports.call_finish(&mut *store, encoder, told.as_ref())?;
                if reused {
                    encoder.resource_drop(store)?;
                }
                Ok(bytes)
            })
            .await?;
        self.session.set_in_order(true);
        answer.map(Into::into).map_err(convert::failure)
    }
}

impl Exchange {
    fn encoder(&self) -> Result<ResourceAny, Failure> {
        self.encoder.ok_or_else(|| {
            Failure::new(FailureKind::Internal, "the reply is not being written")
                .with_cause("encoder used before begin or after finish")
        })
    }
}

fn accept_decoded(decoded: guest::Decoded) -> Result<DecodedRequest, Breach> {
    let operation = Operation::ALL
        .into_iter()
        .find(|known| known.as_str() == decoded.operation)
        .ok_or_else(|| Breach::Operation(shorten(&decoded.operation)))?;
    Ok(DecodedRequest {
        operation,
        streaming: decoded.streaming,
        canonical: decoded.canonical.into(),
        extra: convert::accept_extra(decoded.extra)?,
    })
}
