//! What a provider is asked outside of callers' requests: an adapter's own exchanges.

use bytes::Bytes;
use exchange::{
    Adapter, CredentialSource, Failure, FailureKind, HttpAdapter, HttpExchange, HttpPlan,
    HttpTransport, PluginCatalog, SentSecrets, UpstreamBody, UpstreamReply,
};
use futures_util::StreamExt as _;

use crate::plan;
use crate::snapshot::{Provider, Reach};

/// Most bytes of a model list.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// Who is asked, and with whose secrets.
#[derive(Clone, Copy)]
pub(crate) struct Inquiry<'a> {
    pub(crate) http: &'a dyn HttpTransport,
    pub(crate) provider: &'a Provider,
    pub(crate) credentials: &'a dyn CredentialSource,
}

/// The adapter of a provider, as it serves now.
///
/// # Errors
/// `ProviderMisconfigured` if it is not loaded.
pub(crate) fn adapter(
    catalog: &dyn PluginCatalog,
    provider: &Provider,
) -> Result<Adapter, Failure> {
    catalog.adapter(&provider.adapter).ok_or_else(|| {
        let message = format!("adapter \"{}\" is not loaded", provider.adapter);
        Failure::new(FailureKind::ProviderMisconfigured, message)
    })
}

impl Inquiry<'_> {
    /// Sends what the adapter planned and waits for the head of the reply, which is not judged.
    ///
    /// # Errors
    /// The transport's; `PluginFault` if the plan leaves the base URL. Free of our secrets.
    pub(crate) async fn send(&self, plan: HttpPlan) -> Result<UpstreamReply, Failure> {
        let Reach::Http { base_url, target } = &self.provider.reach else {
            return Err(Failure::new(FailureKind::Internal, "a program is not asked over HTTP"));
        };
        let delivery = plan::http_delivery(base_url, plan)?;
        let credential = delivery.credential.and_then(|(slot, used)| {
            Some((used, self.credentials.secret(&self.provider.id, &slot)?))
        });
        let sent: Vec<_> = credential.iter().map(|(_, secret)| secret.clone()).collect();
        let exchange = HttpExchange {
            target: target.clone(),
            method: delivery.method,
            url: delivery.url,
            headers: delivery.headers,
            credential,
            signing: delivery.signing,
            body: Bytes::new(),
        };
        let reply = self.http.send(exchange).await;
        reply.map_err(|failure| SentSecrets::new(sent).redact(failure))
    }

    /// The provider's models. `None`: its adapter knows no way to ask.
    ///
    /// # Errors
    /// The plugin's, the transport's, or what the provider said instead of a list. Free of our
    /// secrets.
    pub(crate) async fn models(
        &self,
        adapter: &dyn HttpAdapter,
    ) -> Result<Option<Vec<String>>, Failure> {
        let Some(plan) = adapter.list_models(&self.provider.settings).await? else {
            return Ok(None);
        };
        let UpstreamReply { head, body, sent_secrets } = self.send(plan).await?;
        let models = async {
            let body = collect(body).await?;
            adapter.read_models(&head, body).await
        };
        models.await.map(Some).map_err(|failure| sent_secrets.redact(failure))
    }
}

async fn collect(mut chunks: UpstreamBody) -> Result<Bytes, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await.transpose()? {
        if body.len() + chunk.len() > MAX_LIST_BYTES {
            let message = "the provider's list of models is over 4 MiB";
            return Err(Failure::new(FailureKind::UpstreamError, message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}
