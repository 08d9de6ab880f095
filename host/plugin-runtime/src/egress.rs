//! Normalizers, provider side: the port [`EgressDialect`] on top of the contract's `egress`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    Call, EgressDialect, EgressExchange, EgressPlan, EncodedBody, Ending, Failure, FailureKind,
    GenerationId, ReplyIdentity, RequestId, ResponseHead,
};
use wasmtime::component::ResourceAny;

use crate::bindings::egress::EgressNormalizer;
use crate::bindings::egress::exports::patchbay::plugin::egress;
use crate::bindings::types;
use crate::breach::Breach;
use crate::convert;
use crate::grant::Isolation;
use crate::lazy::LazyGeneration;
use crate::session::Session;

/// A normalizer's generation.
pub(crate) struct Egress(Arc<LazyGeneration<EgressNormalizer>>);

/// One exchange with it.
struct Exchange {
    session: Session<EgressNormalizer>,
    call: Arc<types::Call>,
    decoder: Option<ResourceAny>,
}

impl Egress {
    pub(crate) fn new(generation: Arc<LazyGeneration<EgressNormalizer>>) -> Self {
        Self(generation)
    }
}

#[async_trait]
impl EgressDialect for Egress {
    fn generation(&self) -> GenerationId {
        self.0.id()
    }

    async fn plan(&self, call: &Call) -> Result<EgressPlan, Failure> {
        let mut session = Session::new(Arc::clone(&self.0), None);
        let call = convert::call(call);
        let answer = session
            .call("plan", 0, move |plugin, store| {
                plugin.patchbay_plugin_egress().call_plan(store, &call)
            })
            .await?;
        let plan = answer.map_err(convert::failure)?;
        session.accept("plan", accept_plan(plan))
    }

    fn open(&self, call: Call, request_id: RequestId) -> Box<dyn EgressExchange> {
        Box::new(Exchange {
            session: Session::new(Arc::clone(&self.0), Some(request_id)),
            call: Arc::new(convert::call(&call)),
            decoder: None,
        })
    }
}

#[async_trait]
impl EgressExchange for Exchange {
    async fn encode(&mut self, canonical: Bytes) -> Result<EncodedBody, Failure> {
        let call = Arc::clone(&self.call);
        let answer = self
            .session
            .call("encode", canonical.len(), move |plugin, store| {
                let egress = plugin.patchbay_plugin_egress();
                egress.call_encode(store, &call, &canonical)
            })
            .await?;
        let encoded = answer.map_err(convert::failure)?;
        self.session.accept("encode", accept_encoded(encoded))
    }

    async fn explain(&mut self, head: &ResponseHead, body: Bytes) -> Failure {
        let call = Arc::clone(&self.call);
        let guest_head = convert::response_head(head);
        let answer = self
            .session
            .call("explain", body.len(), move |plugin, store| {
                let egress = plugin.patchbay_plugin_egress();
                egress.call_explain(store, &call, &guest_head, &body)
            })
            .await;
        answer
            .map_or_else(|failure| failure, convert::failure)
            .with_upstream_status(head.status.as_u16())
    }

    async fn begin(&mut self, identity: ReplyIdentity, head: &ResponseHead) -> Result<(), Failure> {
        let call = Arc::clone(&self.call);
        let head = convert::response_head(head);
        let identity = egress::ReplyIdentity {
            id: identity.id,
            created: identity.created,
            extra: identity.extra,
        };
        // An open decoder is state of this exchange that the next one must not find.
        self.session.set_in_order(false);
        let decoder = self
            .session
            .call("decoder", 0, move |plugin, store| {
                let decoder = plugin.patchbay_plugin_egress().decoder();
                decoder.call_constructor(store, &call, &identity, &head)
            })
            .await?;
        self.decoder = Some(decoder);
        Ok(())
    }

    async fn push(&mut self, chunk: Bytes) -> Result<Vec<Bytes>, Failure> {
        let decoder = self.decoder()?;
        let answer = self
            .session
            .call("decoder.push", chunk.len(), move |plugin, store| {
                let exports = plugin.patchbay_plugin_egress().decoder();
                exports.call_push(store, decoder, &chunk)
            })
            .await?;
        let documents = answer.map_err(convert::failure)?;
        let documents = convert::accept_documents(documents);
        self.session.accept("decoder.push", documents)
    }

    async fn finish(&mut self, ending: Ending) -> Result<Vec<Bytes>, Failure> {
        let decoder = self.decoder()?;
        self.decoder = None;
        let reused = self.session.isolation() == Isolation::Reuse;
        let clean = ending == Ending::Clean;
        let answer = self
            .session
            .call("decoder.finish", 0, move |plugin, store| {
                let exports = plugin.patchbay_plugin_egress().decoder();
                let documents = exports.call_finish(&mut *store, decoder, clean)?;
                if reused {
                    decoder.resource_drop(store)?;
                }
                Ok(documents)
            })
            .await?;
        self.session.set_in_order(true);
        let documents = answer.map_err(convert::failure)?;
        let documents = convert::accept_documents(documents);
        self.session.accept("decoder.finish", documents)
    }
}

impl Exchange {
    fn decoder(&self) -> Result<ResourceAny, Failure> {
        self.decoder.ok_or_else(|| {
            Failure::new(FailureKind::Internal, "The reply is not being decoded.")
                .with_cause("decoder used before begin or after finish")
        })
    }
}

fn accept_plan(plan: egress::ExchangePlan) -> Result<EgressPlan, Breach> {
    Ok(EgressPlan {
        head: convert::accept_head(&plan.head)?,
        encode_body: plan.encode_body,
        verbatim: plan.verbatim,
        max_inputs: convert::number_in(&plan.extra, "max-inputs"),
    })
}

fn accept_encoded(encoded: egress::Encoded) -> Result<EncodedBody, Breach> {
    Ok(EncodedBody {
        head: encoded.head.as_ref().map(convert::accept_head).transpose()?,
        body: encoded.body.into(),
        dropped: convert::accept_dropped(encoded.dropped)?,
        extra: convert::accept_extra(encoded.extra)?,
    })
}
